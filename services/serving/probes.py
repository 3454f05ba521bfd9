"""What load balancer, orchestrator and Prometheus ask of every service."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel

from services.serving.dependency import Dependency
from services.serving.problems import ProblemError, documented, unavailable

# Every load balancer adds it; whoever asks a task directly is inside the VPC.
_FORWARDED = "x-forwarded-for"


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """What requests need answers."""

    status: str = "ready"


def router(dependencies: Sequence[Dependency]) -> APIRouter:
    """The routes; /ready only where there is something to be ready."""
    made = APIRouter()
    # Behind a load balancer that sends a service only the paths below its own, any of them will do.
    made.add_api_route("/{path:path}/health", health, include_in_schema=False)
    made.add_api_route("/health", health)
    made.add_api_route("/metrics", metrics, include_in_schema=False)
    if dependencies:

        def ready() -> Readiness:
            """Answers 200 while what requests need does, too; otherwise 503 naming what does not."""
            failing = [dependency.name for dependency in dependencies if not _answers(dependency)]
            if failing:
                raise unavailable(f"not ready: {' and '.join(failing)} not available", *failing)
            return Readiness()

        made.add_api_route("/ready", ready, responses=documented(HTTPStatus.SERVICE_UNAVAILABLE))
    return made


async def health() -> Health:
    """Answers while the process works, whatever becomes of all that it uses."""
    return Health()


def metrics(request: Request) -> Response:
    """Answers with the metrics of the process, unless the request comes from outside."""
    if _FORWARDED in request.headers:
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(REGISTRY), media_type=content_type)


def _answers(dependency: Dependency) -> bool:
    try:
        dependency.check()
    except dependency.errors:
        return False
    return True
