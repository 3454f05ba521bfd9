"""The smallest pictures of their kinds that there are."""

import struct
import zlib


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\0\0"))
    + _chunk(b"IEND", b"")
)
# Of these, the beginnings: what tells one kind from another.
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
WEBP = b"RIFF" + struct.pack("<I", 26) + b"WEBPVP8L"
