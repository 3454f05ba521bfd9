"""Pictures of products: what counts as one, and the bucket they are kept in."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.aws import bounded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_BYTES = 1024 * 1024
TYPES = ("image/png", "image/jpeg", "image/webp")

_TIMEOUT_SECONDS = 3


class BucketUnavailableError(Exception):
    """The bucket does not answer, or not as it should."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its type, one of TYPES."""

    content: bytes
    type: str


def type_of(content: bytes) -> str | None:
    """The type by the first bytes of the content, whatever anybody calls it; None for anything but a picture."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    # A RIFF container says after its length what it holds.
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


class PictureBucket:
    """Keeps one picture for each product. Safe to share between threads."""

    def __init__(self, bucket: str, region: str, *, connections: int) -> None:
        self._bucket = bucket
        self._client: S3Client = boto3.client(
            "s3", region_name=region, config=bounded(timeout_seconds=_TIMEOUT_SECONDS, connections=connections)
        )

    def put(self, product_id: UUID, picture: Picture) -> None:
        """Puts a picture in the place of the former one. Raises BucketUnavailableError."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=_key(product_id), Body=picture.content, ContentType=picture.type
            )
        except (BotoCoreError, ClientError) as error:
            raise BucketUnavailableError(f"the picture cannot be stored: {error}") from error

    def get(self, product_id: UUID) -> Picture:
        """The picture, which must be there. Raises BucketUnavailableError."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=_key(product_id))
            return Picture(found["Body"].read(), found["ContentType"])
        except (BotoCoreError, ClientError) as error:
            raise BucketUnavailableError(f"the picture cannot be read: {error}") from error

    def check(self) -> None:
        """Raises BucketUnavailableError unless the bucket may be used."""
        try:
            self._client.list_objects_v2(Bucket=self._bucket, MaxKeys=1)
        except (BotoCoreError, ClientError) as error:
            raise BucketUnavailableError(f"the bucket does not answer: {error}") from error


def _key(product_id: UUID) -> str:
    return f"products/{product_id}/picture"
