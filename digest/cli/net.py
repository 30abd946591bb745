"""The network and the workers of a command, opened from the settings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from digest.cli.place import Place, now
from digest.fetch.client import Fetcher
from digest.store import Store
from digest.work import Workers


class Clock:
    """The command's clock, for the fetcher: from `now` on by the time that passes.

    Pauses between requests are measured by it. Where DIGEST_NOW stood still for them, each request to a host would
    wait for all that went before it once more; and a clock that is set meanwhile moves no pause.
    """

    def __init__(self) -> None:
        self._began, self._at = time.monotonic(), now()

    def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._began)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@asynccontextmanager
async def opened(here: Place, store: Store) -> AsyncIterator[tuple[Fetcher, Workers]]:
    """The fetcher and the worker processes; both are ended with the block."""
    net = Fetcher(here.fetch_settings(), Clock(), store.host_pauses())
    try:
        async with net, Workers(here.config.fetch.workers, preload=_readers(here)) as workers:
            yield net, workers
    finally:
        store.save_host_pauses(net.pauses, now())


def _readers(here: Place) -> tuple[str, ...]:
    """What every worker needs, imported once for all of them."""
    always = ("digest.sources.syndication.document", "digest.extract.page", "digest.cli")
    return (*always, "trafilatura") if here.config.fetch.pages else always
