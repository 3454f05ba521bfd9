"""product: what is offered, and pictures of it."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from psycopg.rows import class_row
from pydantic import BaseModel, Field

from services.pool import Pool
from services.read_cache import ReadCache
from services.serving import app as serving
from services.serving.content_type import ContentType
from services.serving.dependency import Dependency
from services.serving.json_route import JsonRoute, bounded_body
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp
from services.settings import ProductSettings
from services.shop import pictures
from services.shop.access import User
from services.shop.assembly import SignedInAssembly
from services.shop.events import PRODUCT_CREATED, ProductCreated
from services.shop.fields import MAX_PRICE_CENTS, Created, Document, Line, Whole
from services.shop.pictures import BucketUnavailableError, Picture, PictureBucket

router = APIRouter(route_class=JsonRoute)

_CACHE_SECONDS = 30
_PICTURE_MAX_AGE_SECONDS = 60


class Offer(Document):
    """Something to be sold, each at this price."""

    name: Line
    price_cents: Annotated[Whole, Field(ge=0, le=MAX_PRICE_CENTS)]


class Product(BaseModel):
    """Something that is offered. picture_type: None without a picture."""

    id: UUID
    offered_by: UUID
    name: str
    price_cents: int
    picture_type: str | None
    created_at: datetime


def create_app(settings: ProductSettings) -> FastAPI:
    """The application."""
    parts = SignedInAssembly(settings, "product")
    bucket = PictureBucket(settings.media_bucket, settings.aws_region, connections=serving.THREADS)
    return parts.app(
        description="What is offered.",
        router=router,
        tasks=[parts.telling()],
        dependencies=[Dependency(name="bucket", errors=(BucketUnavailableError,), check=bucket.check)],
        bucket=bucket,
        cache=ReadCache(parts.redis, "products", ttl_seconds=_CACHE_SECONDS),
    )


def _cache(request: Request) -> ReadCache:
    cache: ReadCache = request.app.state.cache
    return cache


def _bucket(request: Request) -> PictureBucket:
    bucket: PictureBucket = request.app.state.bucket
    return bucket


async def _picture(request: Request, _: User) -> Picture:
    """The picture of the request, once who sends it is known. Raises ProblemError."""
    parsed = ContentType.parsed(request.headers.get("content-type", ""))
    if parsed is None or parsed.media_type not in pictures.TYPES:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"a picture must be sent as {', '.join(pictures.TYPES)}",
            errors={"Content-Type": f"must be one of {', '.join(pictures.TYPES)}"},
        )
    declared = parsed.media_type
    content = await bounded_body(request, pictures.MAX_BYTES)
    found = pictures.type_of(content)
    if found != declared:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"the body is not what Content-Type says: {declared}",
            errors={"(request body)": f"is {found or 'no picture of a known type'} by its first bytes"},
        )
    return Picture(content, declared)


CacheOfApp = Annotated[ReadCache, Depends(_cache)]
BucketOfApp = Annotated[PictureBucket, Depends(_bucket)]
PictureOfRequest = Annotated[Picture, Depends(_picture)]
_READING = documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)


@router.post(
    "/products",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def create_product(offer: Offer, user: User, pool: PoolOfApp, response: Response) -> Created:
    """Offers something."""
    product_id = uuid4()
    with pool.connection() as connection, connection.transaction():
        connection.execute(
            "INSERT INTO products (id, offered_by, name, price_cents) VALUES (%s, %s, %s, %s)",
            (product_id, user, offer.name, offer.price_cents),
        )
        ProductCreated(product_id=product_id, user_id=user, name=offer.name, price_cents=offer.price_cents).tell(
            connection, PRODUCT_CREATED
        )
    response.headers["Location"] = f"/products/{product_id}"
    return Created(id=product_id)


@router.get("/products/{id}", response_model=Product, responses=_READING)
def get_product(id: UUID, pool: PoolOfApp, cache: CacheOfApp) -> Response:  # noqa: A002  # the parameter's public name
    """Tells what is offered under an id."""
    document = cache.get(str(id))
    if document is None:
        document = _find(pool, id).model_dump_json()
        cache.put(str(id), document)
    return Response(document, media_type="application/json")


@router.put(
    "/products/{id}/picture",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {type_: {"schema": {"type": "string", "format": "binary"}} for type_ in pictures.TYPES},
        }
    },
    responses=documented(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def put_picture(
    *,
    id: UUID,  # noqa: A002  # the parameter's public name
    user: User,
    picture: PictureOfRequest,
    pool: PoolOfApp,
    bucket: BucketOfApp,
    cache: CacheOfApp,
) -> None:
    """Gives a product a picture of at most 1 MiB, in the place of a former one; only who offers it may."""
    if _find(pool, id).offered_by != user:
        raise ProblemError(HTTPStatus.FORBIDDEN, "only who offers a product gives it a picture")
    # Before the row says that there is one: without the row nobody looks for it.
    bucket.put(id, picture)
    with pool.connection() as connection:
        connection.execute("UPDATE products SET picture_type = %s WHERE id = %s", (picture.type, id))
    cache.invalidate(str(id))


@router.get(
    "/products/{id}/picture",
    response_class=Response,
    responses=_READING | {HTTPStatus.OK.value: {"content": {type_: {} for type_ in pictures.TYPES}}},
)
def get_picture(id: UUID, pool: PoolOfApp, bucket: BucketOfApp) -> Response:  # noqa: A002  # the parameter's public name
    """The picture of a product."""
    if _find(pool, id).picture_type is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, f"product {id} has no picture", errors={"id": "names a product without a picture"}
        )
    picture = bucket.get(id)
    headers = {
        "Cache-Control": f"public, max-age={_PICTURE_MAX_AGE_SECONDS}",
        # It is what was checked; no browser should see something else in it.
        "X-Content-Type-Options": "nosniff",
    }
    return Response(picture.content, media_type=picture.type, headers=headers)


def _find(pool: Pool, product_id: UUID) -> Product:
    with pool.connection() as connection, connection.cursor(row_factory=class_row(Product)) as cursor:
        product = cursor.execute(
            "SELECT id, offered_by, name, price_cents, picture_type, created_at FROM products WHERE id = %s",
            (product_id,),
        ).fetchone()
    if product is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no product {product_id}", errors={"id": "names no product"})
    return product
