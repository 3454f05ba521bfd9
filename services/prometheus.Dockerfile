# Python 3.13.15 for amd64 and arm64, of September 2026. To take a newer one:
# docker buildx imagetools inspect python:3.13-slim --format '{{.Manifest.Digest}}'
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

ENV PYTHONUNBUFFERED=1
WORKDIR /app

# The version with long-term support. The program needs nothing else of its image.
COPY --from=prom/prometheus:v3.13.2@sha256:508729e0e2d18e11fd742a5a5ca70e557b940a93948c3c95fd0123a6fd538b69 \
    /bin/prometheus /usr/local/bin/prometheus
# Before the code, so that a change in the code does not install the dependencies anew.
COPY requirements.lock /app/requirements.lock
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement /app/requirements.lock \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin app
COPY . /app/services/
# Where it runs, nothing can be written beside it.
RUN python -m compileall -q /app/services

# For the samples: the one place that may be written to.
VOLUME ["/tmp"]
USER 10001
EXPOSE 9090
CMD ["python", "-m", "services.prometheus"]
