"""Where dumps are kept: `dumps/<database>/<UTC time>/` with a file per table, the manifest, and the proof.

Their end is the affair of the bucket's lifecycle.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from services.aws import bounded
from services.backups.errors import BackupError
from services.backups.manifest import Manifest, Verdict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MANIFEST = "manifest.json"
PROOF = "proven.json"
_ROOT = "dumps"
_PART_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
# One part at a time, by the thread that reads the rows: a part in memory is all that a table takes.
_TRANSFER = TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, use_threads=False)


class DumpBucket:
    """Reads and writes dumps. Raises BackupError wherever S3 refuses or fails."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._client: S3Client = boto3.client("s3", config=bounded(timeout_seconds=30, attempts=4))

    def new_dump(self, database: str, taken_at: datetime) -> "StoredDump":
        """A place of its own for a dump."""
        time = taken_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return StoredDump(self._client, self.name, f"{_ROOT}/{quote(database, safe='')}/{time}")

    def dump(self, key: str) -> "StoredDump":
        """The dump under a key such as `dumps/shop/2026-01-31T03:00:00.000000Z`."""
        return StoredDump(self._client, self.name, key.removesuffix(MANIFEST).removesuffix(PROOF).rstrip("/"))


class StoredDump:
    """One dump."""

    def __init__(self, client: "S3Client", bucket: str, key: str) -> None:
        self.key = key
        self._client = client
        self._bucket = bucket

    def upload(self, name: str, content: IO[bytes]) -> None:
        """Streams a file below the dump's key."""
        with self._reporting(name):
            self._client.upload_fileobj(content, self._bucket, self._path(name), Config=_TRANSFER)

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file below the dump's key, piece by piece."""
        with self._reporting(name):
            body = self._client.get_object(Bucket=self._bucket, Key=self._path(name))["Body"]
            with closing(body):
                yield from body.iter_chunks(_CHUNK_BYTES)

    def write_manifest(self, manifest: Manifest) -> None:
        """Written last of what makes the dump: one without it is not whole."""
        self._put(MANIFEST, manifest.model_dump_json(indent=2))

    def write_proof(self, verdict: Verdict) -> None:
        """Marks the dump as proven."""
        self._put(PROOF, verdict.model_dump_json(indent=2))

    def manifest(self) -> Manifest:
        """What the dump says it holds."""
        text = b"".join(self.chunks(MANIFEST))
        try:
            return Manifest.model_validate_json(text)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in fault["loc"])
            raise BackupError(f"{self._path(MANIFEST)} is no manifest of a dump: {place}: {fault['msg']}") from None

    def _put(self, name: str, text: str) -> None:
        with self._reporting(name):
            self._client.put_object(
                Bucket=self._bucket, Key=self._path(name), Body=text.encode(), ContentType="application/json"
            )

    def _path(self, name: str) -> str:
        return f"{self.key}/{name}"

    @contextmanager
    def _reporting(self, name: str) -> Iterator[None]:
        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise BackupError(f"s3://{self._bucket}/{self._path(name)}: {error}") from None
