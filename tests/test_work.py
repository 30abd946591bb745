"""Worker processes: results and our errors come back; a deadline, a crash and a hunger for memory cost one task."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from digest.errors import DeadlineExceeded, NotAFeed, WorkerDied
from digest.model import Task
from digest.work import Inline, Workers


def square(x: int) -> int:
    return x * x


def spin() -> None:
    while True:
        pass


def crash() -> None:
    os.kill(os.getpid(), 9)


def devour() -> None:
    kept = []
    while True:
        kept.append(bytearray(32 << 20))


def descend(n: int = 0) -> int:
    return descend(n + 1)


def refuse() -> None:
    raise NotAFeed("https://a.example/", "an HTML page", alternates=("https://a.example/feed",))


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def entity_bomb() -> int:
    """Nine levels of ten, as an attack would have it (point 33 of the politeness list)."""
    from lxml import etree

    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "lol">{levels}]><x>&e9;</x>'
    parser = etree.XMLParser(resolve_entities=True, huge_tree=True)
    return len(etree.fromstring(bomb.encode(), parser).text)


def task(function: Callable[..., Any], *args: Any, seconds: float = 10) -> Task:
    return Task(function, args, timedelta(seconds=seconds), subject="https://a.example/feed")


def working(test: Callable[[Workers], Any], **settings: Any) -> None:
    async def go() -> None:
        async with Workers(2, **settings) as workers:
            await test(workers)

    asyncio.run(go())


def test_results_come_back_in_their_places() -> None:
    async def test(workers: Workers) -> None:
        assert await asyncio.gather(*(workers.run(task(square, i)) for i in range(20))) == [
            i * i for i in range(20)
        ]

    working(test)


def test_our_errors_come_back_whole_and_bugs_as_they_are() -> None:
    async def test(workers: Workers) -> None:
        with pytest.raises(NotAFeed) as caught:
            await workers.run(task(refuse))
        assert (caught.value.subject, caught.value.alternates) == (
            "https://a.example/",
            ("https://a.example/feed",),
        )
        with pytest.raises(TypeError):
            await workers.run(task(square, "x"))

    working(test)


def test_a_deadline_ends_the_process_and_costs_one_task() -> None:
    async def test(workers: Workers) -> None:
        began = time.monotonic()
        late, *others = await asyncio.gather(
            workers.run(task(spin, seconds=0.3)),
            *(workers.run(task(square, i)) for i in range(5)),
            return_exceptions=True,
        )
        assert isinstance(late, DeadlineExceeded)
        assert late.subject == "https://a.example/feed"
        assert others == [0, 1, 4, 9, 16]
        assert time.monotonic() - began < 8

    working(test)


@pytest.mark.parametrize(
    ("doomed", "words"), [(crash, "ended by itself"), (devour, "memory"), (descend, "deeply")]
)
def test_a_death_costs_one_task(doomed: Callable[[], Any], words: str) -> None:
    async def test(workers: Workers) -> None:
        dead, *others = await asyncio.gather(
            workers.run(task(doomed)),
            *(workers.run(task(square, i)) for i in range(5)),
            return_exceptions=True,
        )
        assert isinstance(dead, WorkerDied)
        assert words in dead.message
        assert others == [0, 1, 4, 9, 16]
        assert await workers.run(task(square, 7)) == 49

    working(test, memory_mb=400)


def test_33_an_entity_bomb_costs_one_task() -> None:
    async def test(workers: Workers) -> None:
        with pytest.raises(Exception) as caught:  # refused by libxml2, or ended by memory or deadline
            await workers.run(task(entity_bomb, seconds=3))
        assert "lol" not in str(caught.value)
        assert await workers.run(task(square, 7)) == 49

    working(test, memory_mb=400)


def test_an_idle_worker_killed_from_outside_costs_nothing() -> None:
    async def test(workers: Workers) -> None:
        idle = await workers.run(task(nap, 0))
        os.kill(idle, 9)
        await asyncio.sleep(0.3)
        assert await workers.run(task(square, 7)) == 49

    working(test)


def test_processes_are_replaced_in_time() -> None:
    async def test(workers: Workers) -> None:
        seen = [await workers.run(task(nap, 0.01)) for _ in range(8)]
        assert len(set(seen)) >= 4

    working(test, max_tasks=2)


def test_nothing_is_started_for_nothing() -> None:
    import multiprocessing

    async def test(workers: Workers) -> None:
        assert not [p for p in multiprocessing.active_children() if "pebble" in p.name]

    working(test)


def test_inline_is_the_same_without_processes() -> None:
    async def go() -> None:
        async with Inline() as inline:
            assert await inline.run(task(nap, 0)) == os.getpid()
            with pytest.raises(NotAFeed):
                await inline.run(task(refuse))

    asyncio.run(go())
