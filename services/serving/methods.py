"""Which methods a path takes. The framework looks no further than the first operation there, and tells its methods."""

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.routing import APIRoute


def allowed(routers: Sequence[APIRouter], path: str) -> str:
    """The value of Allow for a path: the methods of all its operations; empty for a path of none.

    A path that is written out belongs to its own operations alone, although a template may fit it, too: so it is in the
    OpenAPI document.
    """
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    fitting = [route for route in routes if route.path_regex.match(path)]
    own = [route for route in fitting if route.path == path]
    return ", ".join(sorted({method for route in own or fitting for method in route.methods or ()}))
