"""Reading a body under a cap, on the wire and decompressed, so that neither a flood nor a bomb fills the memory."""

from __future__ import annotations

import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import brotli

from digest.fetch.room import LARGE

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPT_ENCODING = "gzip, br, zstd"

_MAX_MEMBERS = 100
"""Concatenated gzip members or zstd frames; real bodies have one, and thousands of tiny ones only burn CPU."""


class BrokenBody(Exception):
    """The bytes are not what Content-Encoding says, or they end too early."""


class CapPassed(Exception):
    """The body is longer than its cap."""


class Decoder(Protocol):
    """Undoes one content coding, bit by bit."""

    def feed(self, data: bytes, limit: int) -> bytes:
        """What `data` unfolds to; stops soon after `limit` bytes, which is then passed."""

    def finish(self) -> None:
        """Raises BrokenBody when the stream was cut off."""


async def read_body(
    chunks: AsyncIterator[bytes],
    encoding: str,
    cap: int,
    before_large: Callable[[], Awaitable[None]] | None = None,
) -> bytes:
    """The decompressed body. Raises CapPassed when it or its compressed form is longer than `cap`.

    Of one that turns out to be large no more is read until `before_large` returns.
    """
    decoder = _decoder(encoding)
    parts: list[bytes] = []
    wire = size = 0
    async for chunk in chunks:
        wire += len(chunk)
        if wire > cap:
            raise CapPassed
        part = decoder.feed(chunk, cap - size)
        size += len(part)
        if size > cap:
            raise CapPassed
        parts.append(part)
        if size > LARGE and before_large is not None:
            await before_large()
            before_large = None
    if wire:
        decoder.finish()
    return b"".join(parts)


def _decoder(encoding: str) -> Decoder:
    """Raises BrokenBody for two codings on top of each other, which nobody was offered."""
    codings = [c for c in (part.strip().lower() for part in encoding.split(",")) if c in _DECODERS]
    if len(codings) > 1:
        raise BrokenBody(f"compressed twice ({encoding})")
    return _DECODERS[codings[0]]() if codings else _Plain()


class _Plain:
    """No coding; also for words that servers put there in error ("utf-8", "none")."""

    def feed(self, data: bytes, limit: int) -> bytes:
        return data

    def finish(self) -> None:
        return None


class _Members:
    """gzip, deflate and zstd: a stream may be several complete ones, one after the other."""

    def __init__(self, new: Callable[[], Any], magic: bytes) -> None:
        self._new, self._magic = new, magic
        self._stream = new()
        self._members = 1
        self._over = False

    def feed(self, data: bytes, limit: int) -> bytes:
        if self._over:
            return b""
        parts: list[bytes] = []
        try:
            while data:
                if self._stream.eof and not self._next(data):
                    break
                parts.append(self._stream.decompress(data, limit + 1))
                limit -= len(parts[-1])
                if limit < 0:
                    break
                data = self._stream.unused_data if self._stream.eof else b""
        except (zlib.error, zstd.ZstdError, EOFError) as error:
            raise BrokenBody(f"its compression is broken ({error})") from error
        return b"".join(parts)

    def finish(self) -> None:
        if not self._stream.eof:
            raise BrokenBody("its compressed body ends too early")

    def _next(self, data: bytes) -> bool:
        """Begins another member, unless what follows is padding."""
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise BrokenBody(f"more than {_MAX_MEMBERS} compressed bodies in one")
        self._over = not (self._magic and data.startswith(self._magic[: len(data)]))
        if not self._over:
            self._stream = self._new()
        return not self._over


class _Deflate:
    """Not offered, but sent: with zlib's header as the standard says, or without, as some servers do."""

    def __init__(self) -> None:
        self._inner: _Members | None = None

    def feed(self, data: bytes, limit: int) -> bytes:
        if self._inner is None:
            wbits = zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS
            self._inner = _Members(lambda: zlib.decompressobj(wbits), b"")
        return self._inner.feed(data, limit)

    def finish(self) -> None:
        if self._inner is not None:
            self._inner.finish()


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def feed(self, data: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        try:
            while True:
                parts.append(self._stream.process(data, output_buffer_limit=limit + 1))
                limit -= len(parts[-1])
                data = b""
                if limit < 0 or self._stream.is_finished() or self._stream.can_accept_more_data():
                    return b"".join(parts)
        except brotli.error as error:
            raise BrokenBody("its compression is broken (brotli)") from error

    def finish(self) -> None:
        if not self._stream.is_finished():
            raise BrokenBody("its compressed body ends too early")


def _gzip() -> Decoder:
    return _Members(lambda: zlib.decompressobj(16 + zlib.MAX_WBITS), b"\x1f\x8b")


def _zstd() -> Decoder:
    # RFC 9659: no window beyond 8 MiB in a content coding; a larger one is an attack on our memory.
    options = {int(zstd.DecompressionParameter.window_log_max): 23}
    return _Members(lambda: zstd.ZstdDecompressor(options=options), b"\x28\xb5\x2f\xfd")


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _zstd,
}
