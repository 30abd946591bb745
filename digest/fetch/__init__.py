"""Asking the network, politely: one GET a request, within limits, with manners towards hosts.

`Net` is the seam: `client.Fetcher` asks for real (and alone imports aiohttp), `recorded.Recorded` answers from a
table and takes the whole program offline. Both return a 2xx or 304 and raise a FetchError for anything else; what
an answer means for the next poll is schedule.py's matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from digest.fetch.room import Room
from digest.model import Request, Response

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """The `[fetch]` section as far as the network is concerned."""

    concurrency: int = 100
    """Requests under way at once, over all hosts."""
    per_host: int = 2
    pause_s: float = 1.0
    """Least time between the starts of two requests to one host."""
    timeout_s: float = 30.0
    """Total time of a request with its redirects, waiting for its turn not counted."""
    max_bytes: int = 8 * MIB
    """Of a feed or API answer, on the wire and decompressed alike."""
    page_max_bytes: int = 3 * MIB
    max_redirects: int = 10
    proxy: str = ""
    """"http://host:port"; asked for every address, so it must be trusted with them."""
    ca_bundle: str = ""
    """A file of certificates to trust besides the system's."""
    contact: str = ""
    """An address where a site's owner finds who runs this poller; goes into User-Agent."""
    allow_private: tuple[str, ...] = ()
    """Hosts (as in the URL) that may lie at private addresses."""
    shared_hosts: tuple[str, ...] = ()
    """Hosts that serve many feeds for others (RSSHub): a 429 there pauses one address, not the host."""


class Clock(Protocol):
    """The time and the wait for it; tests move theirs."""

    def now(self) -> datetime:
        """Aware UTC."""

    async def sleep(self, seconds: float) -> None: ...


class Net(Protocol):
    """Whoever answers requests."""

    async def fetch(self, request: Request, room: Room | None = None) -> Response:
        """The answer: 2xx or 304; a large one only once there is `room`. Raises FetchError for anything else."""
