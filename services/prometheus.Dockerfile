FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1
WORKDIR /app

# The version with long-term support. The program needs nothing else of its image.
COPY --from=prom/prometheus:v3.13.2 /bin/prometheus /usr/local/bin/prometheus
# Before the code, so that a change in the code does not install the dependencies anew.
COPY requirements.lock /app/requirements.lock
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement /app/requirements.lock \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin app
COPY . /app/services/

USER 10001
EXPOSE 9090
CMD ["python", "-m", "services.prometheus"]
