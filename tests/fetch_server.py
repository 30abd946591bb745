"""A real HTTP server on loopback that says exactly what a test wants said, and a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from digest.fetch import FetchSettings
from digest.fetch.client import Fetcher

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


class MovedClock:
    """Stands still until it is moved; the sleeper that is due first moves it. `wakes` are when sleeps ended."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.wakes: list[datetime] = []
        self._sleeping: list[datetime] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        until = self.at + timedelta(seconds=seconds)
        self._sleeping.append(until)
        await asyncio.sleep(0)
        while self.at < until and min(self._sleeping) < until:
            await asyncio.sleep(0)
        self.at = max(self.at, until)
        self._sleeping.remove(until)
        self.wakes.append(self.at)


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: Mapping[str, str]
    """Lower-case names, values as they came."""
    at: datetime


@dataclass(frozen=True)
class Says:
    """`chunks` are written one by one with `delay_s` between them; `length` overrides Content-Length."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"<rss/>"
    delay_s: float = 0.0
    chunks: tuple[bytes, ...] | None = None
    raw: bytes | None = None


@dataclass
class Server:
    """Answers by `answer(asked)`; keeps what was asked and how many connections were open at once."""

    answer: Callable[[Asked], Says]
    clock: MovedClock
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    open: int = 0
    most_open: int = 0

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.split("\r\n")
            method, target, _ = line.split(" ", 2)
            pairs = (h.partition(":") for h in lines if h)
            asked = Asked(method, target, {k.lower(): v.strip(" ") for k, _, v in pairs}, self.clock.now())
            self.asked.append(asked)
            await self._say(writer, self.answer(asked))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, says: Says) -> None:
        if says.raw is not None:
            writer.write(says.raw)
            await writer.drain()
            return
        body = b"" if says.status == 304 else says.body
        chunks = (body,) if says.chunks is None else says.chunks
        head = f"HTTP/1.1 {says.status} Said\r\n" + "".join(f"{k}: {v}\r\n" for k, v in says.headers)
        writer.write(
            f"{head}Content-Length: {sum(map(len, chunks))}\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        for chunk in chunks:
            if says.delay_s:
                await asyncio.sleep(says.delay_s)
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def serving(answer: Callable[[Asked], Says], clock: MovedClock | None = None) -> AsyncIterator[Server]:
    server = Server(answer, clock or MovedClock())
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server


@asynccontextmanager
async def fetching(server: Server, **settings: object) -> AsyncIterator[Fetcher]:
    """A fetcher that may reach the server, on the server's clock."""
    wanted: dict[str, object] = {"allow_private": ("127.0.0.1",), "timeout_s": 5.0, **settings}
    async with Fetcher(FetchSettings(**wanted), server.clock) as fetcher:  # type: ignore[arg-type]
        yield fetcher


def headers(**values: str) -> tuple[tuple[str, str], ...]:
    """etag='"1"', last_modified='…' as header lines."""
    return tuple((name.replace("_", "-").title(), value) for name, value in values.items())
