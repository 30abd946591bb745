"""Memory for documents: many small ones may be there at once, of large ones only a few."""

from __future__ import annotations

import asyncio

LARGE = 256 * 1024
"""Bytes. Nine in ten feeds are smaller; a hundred of these are 25 MB."""


class Room:
    """The place in memory that one visit's large documents take: entered once, left when the visit is over."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._is_inside = False

    async def enter(self) -> None:
        """Waits for a place; at once for who has one."""
        if not self._is_inside:
            await self._places.acquire()
            self._is_inside = True

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_inside:
            self._places.release()
