"""The operations of the service."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp
from services.web import store
from services.web.schemas import Content, Listing, Pages, PageView, Slug

router = APIRouter(route_class=JsonRoute)


SlugOfPath = Annotated[Slug, Path(description="Small letters and digits, in words separated by hyphens.")]


@router.put(
    "/pages/{slug}",
    responses={
        HTTPStatus.CREATED.value: {"description": "The page is new.", "model": PageView},
        **documented(
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
    },
)
def put_page(slug: SlugOfPath, content: Content, pool: PoolOfApp, response: Response) -> PageView:
    """Stores a page, in place of the one with this slug if there is one."""
    with pool.connection() as connection:
        stored = store.put(connection, slug, title=content.title, body=content.body)
    if stored.version == 1:
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = f"/pages/{slug}"
    return PageView.model_validate(stored)


@router.get("/pages", responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE))
def list_pages(listing: Annotated[Listing, Query()], pool: PoolOfApp) -> Pages:
    """Lists pages by their slug."""
    with pool.connection() as connection:
        found = store.page(connection, limit=listing.limit + 1, after=listing.cursor)
    return Pages.of(found, listing.limit)


@router.get(
    "/pages/{slug}",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def get_page(slug: SlugOfPath, pool: PoolOfApp) -> PageView:
    """Shows a page."""
    with pool.connection() as connection:
        found = store.find(connection, slug)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no page {slug}", errors={"slug": "names no page"})
    return PageView.model_validate(found)
