"""The rows of a table as COPY hands them out: counted, summed up, and compressed on their way."""

import io
import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256

from typing_extensions import Buffer

from services.backups.budget import Budget
from services.backups.errors import BackupError

_GZIP = 31  # zlib's largest window, with the header and the checksum of gzip
_MODULUS = 1 << 256
_MOST_TEXT_BYTES = 1024 * 1024


class RowsDigest:
    """Counts rows and adds up their SHA-256 modulo 2^256: equal for equal rows, in whichever order they come.

    Rows have no order of their own, and sorting a table that fits no memory would cost more than reading it.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: bytes | bytearray | memoryview) -> None:
        """Takes one row into account."""
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(sha256(row).digest(), "big")) % _MODULUS

    @property
    def checksum(self) -> str:
        """Of all rows so far, in hexadecimal digits."""
        return f"{self._sum:064x}"


class CompressedRows(io.RawIOBase):
    """Rows as a gzip'd file to read from; holds no more than one row and what was asked for."""

    def __init__(self, rows: Iterator[bytes | bytearray | memoryview], digest: RowsDigest, budget: Budget) -> None:
        self._rows = rows
        self._digest = digest
        self._budget = budget
        self._compressor = zlib.compressobj(wbits=_GZIP)
        self._pending = bytearray()
        self._ended = False
        self.bytes_read = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fills the buffer as far as rows are left."""
        target = memoryview(buffer).cast("B")
        while not self._ended and len(self._pending) < len(target):
            self._pull()
        count = min(len(target), len(self._pending))
        target[:count] = self._pending[:count]
        del self._pending[:count]
        self.bytes_read += count
        return count

    def _pull(self) -> None:
        self._budget.remaining_seconds()
        row = next(self._rows, None)
        if row is None:
            self._pending += self._compressor.flush()
            self._ended = True
        else:
            self._digest.add(row)
            self._pending += self._compressor.compress(row)


def decompressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The text in a gzip'd file. Raises BackupError where the file is damaged or ends too early."""
    decompressor = zlib.decompressobj(wbits=_GZIP)
    try:
        for chunk in chunks:
            # Bounded, so that a part that compressed well does not take all memory.
            pending = chunk
            while pending:
                yield decompressor.decompress(pending, _MOST_TEXT_BYTES)
                pending = decompressor.unconsumed_tail
    except zlib.error as error:
        raise BackupError(f"is damaged: {error}") from None
    if not decompressor.eof:
        raise BackupError("ends too early")
