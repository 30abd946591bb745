"""Manners towards hosts: how many connections, how long between two, and silence when they ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from digest.errors import HostPaused
from digest.fetch import Clock, FetchSettings


@dataclass(frozen=True, slots=True)
class House:
    """Hosts that are one service, and what it asks of visitors beyond our own manners."""

    connections: int | None = None
    pause: timedelta = timedelta(0)


# By registrable domain: all subdomains count as one host.
HOUSES: Mapping[str, House] = {
    # "no more than one request every three seconds, and a single connection", over the API, OAI and RSS together:
    # https://info.arxiv.org/help/api/tou.html
    "arxiv.org": House(connections=1, pause=timedelta(seconds=3)),
    # Counts requests over all blogs: https://github.com/FreshRSS/FreshRSS/issues/8925
    "tumblr.com": House(),
}


def host_key(url: str) -> str:
    """What counts as one host: the name without www., or the domain of a house."""
    host = (urlsplit(url).hostname or "").rstrip(".").removeprefix("www.")
    return next((domain for domain in HOUSES if host == domain or host.endswith(f".{domain}")), host)


@dataclass(slots=True)
class _Gate:
    slots: asyncio.Semaphore
    pause: timedelta
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    started_at: datetime | None = None


class Hosts:
    """Gives out turns. `pauses` (pause_key -> until) may come from an earlier run and go to the next."""

    def __init__(self, settings: FetchSettings, clock: Clock, pauses: Mapping[str, datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._gates: dict[str, _Gate] = {}
        self._pauses = dict(pauses)

    @property
    def pauses(self) -> dict[str, datetime]:
        """Those that are not over."""
        now = self._clock.now()
        return {key: until for key, until in self._pauses.items() if until > now}

    def pause(self, url: str, until: datetime) -> None:
        """No further request to this host before `until`."""
        key = self._pause_key(url)
        self._pauses[key] = max(until, self._pauses.get(key, until))

    @asynccontextmanager
    async def turn(self, url: str, pause: timedelta = timedelta(0)) -> AsyncIterator[None]:
        """Waits for a connection to be free and the pause to be over. Raises HostPaused instead of waiting long.

        A request that brings a pause of its own is also alone among its like at that host.
        """
        self._refuse_paused(url)
        gate = self._gate(url)
        async with gate.alone if pause else nullcontext(), gate.slots:
            if wait := self._wait(gate, max(pause, gate.pause)):
                await self._clock.sleep(wait)
            self._refuse_paused(url)
            yield

    def _gate(self, url: str) -> _Gate:
        key = host_key(url)
        if key not in self._gates:
            house = HOUSES.get(key, House())
            ours = timedelta(seconds=self._settings.pause_s)
            connections = house.connections or self._settings.per_host
            self._gates[key] = _Gate(asyncio.Semaphore(connections), max(ours, house.pause))
        return self._gates[key]

    def _wait(self, gate: _Gate, pause: timedelta) -> float:
        """Seconds until this request may start; its start is taken note of at once, for the next one in line."""
        now = self._clock.now()
        start = now if gate.started_at is None else max(now, gate.started_at + pause)
        gate.started_at = start
        return (start - now).total_seconds()

    def _refuse_paused(self, url: str) -> None:
        until = self._pauses.get(self._pause_key(url))
        if until is not None and until > self._clock.now():
            raise HostPaused(
                url,
                f"not asked: {host_key(url)} wants no requests before {until:%Y-%m-%d %H:%M} UTC; "
                "asked again when that is over",
                until=until,
            )

    def _pause_key(self, url: str) -> str:
        """The host, or the whole address at a shared one: RSSHub passes on the 429 of what is behind it
        (https://github.com/FreshRSS/FreshRSS/issues/7870)."""
        key = host_key(url)
        shared = {host.lower().removeprefix("www.") for host in self._settings.shared_hosts}
        return url if key in shared else key
