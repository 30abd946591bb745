"""Work in processes that a deadline can end: parsing and extraction of documents from anywhere.

A document that keeps a parser busy for minutes, fills its memory or crashes it costs its own task and nothing else:
the process is ended and another takes its place. A thread could not be ended.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from digest.errors import DeadlineExceeded, WorkerDied
from digest.model import Task

if TYPE_CHECKING:
    from pebble import ProcessPool

_GRACE = timedelta(seconds=30)
"""Beyond a task's deadline, before the pool itself is taken for stuck: starting a process and its imports."""

_NICE = 10
"""Parsing gives way to whatever else the machine does."""


class Inline:
    """The same interface in this very process: for the demo and for tests. Deadlines are not enforced."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def run(self, task: Task) -> Any:
        """The function's result, or what it raises."""
        return task.function(*task.args)


class Workers:
    """A few processes, started when the first task comes, each replaced after `max_tasks`.

    `preload` names modules that all of them need: they are imported once and their memory is shared.
    """

    def __init__(
        self,
        size: int | None = None,
        *,
        memory_mb: int = 1024,
        max_tasks: int = 500,
        preload: tuple[str, ...] = (),
    ) -> None:
        self._size = size or min(2, os.cpu_count() or 1)
        self._memory = memory_mb << 20
        self._max_tasks = max_tasks
        self._preload = preload
        self._pool: ProcessPool | None = None
        # What waits here costs one reference; what waits in the pool's pipe is a pickled copy with its clock running.
        self._slots = asyncio.Semaphore(self._size)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._discard()

    async def run(self, task: Task) -> Any:
        """The function's result, or what it raises.

        Raises DeadlineExceeded when the task's time is up, WorkerDied when its process ended or ran out of memory.
        """
        async with self._slots:
            try:
                return await self._attempt(task)
            except BrokenProcessPool:
                pass
            # The pool broke, not this task: an idle worker was killed from outside.
            await self._discard()
            try:
                return await self._attempt(task)
            except BrokenProcessPool as error:
                await self._discard()
                raise WorkerDied(
                    _subject(task), "worker processes cannot be started or end at once"
                ) from error

    async def _attempt(self, task: Task) -> Any:
        from pebble import ProcessExpired  # here and below: a poll in which nothing changed starts no process

        seconds = task.deadline.total_seconds()
        try:
            future = self._started().schedule(_bounded, (seconds, task.function, *task.args), timeout=seconds)
        except RuntimeError as error:  # pebble's word for a pool that is broken or closing
            raise BrokenProcessPool(str(error)) from error
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds + _GRACE.total_seconds())
        except concurrent.futures.TimeoutError as error:
            raise DeadlineExceeded(
                _subject(task), f"not read within {seconds:g} s; the process that tried was ended"
            ) from error
        except ProcessExpired as error:
            raise WorkerDied(
                _subject(task), f"the process that read it ended by itself (exit code {error.exitcode})"
            ) from error
        except MemoryError as error:
            raise WorkerDied(_subject(task), "reading it takes more memory than is allowed") from error
        except RecursionError as error:
            raise WorkerDied(_subject(task), "nested too deeply to be read") from error

    def _started(self) -> ProcessPool:
        if self._pool is None:
            from pebble import ProcessPool

            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(list(self._preload))
            self._pool = ProcessPool(
                max_workers=self._size,
                max_tasks=self._max_tasks,
                initializer=_settle,
                initargs=(self._memory,),
                context=context,
            )
        return self._pool

    async def _discard(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.stop()  # type: ignore[no-untyped-call]
            await asyncio.get_running_loop().run_in_executor(None, pool.join)


def _settle(memory: int) -> None:
    """What a new worker does first: take little, and leave the terminal's Ctrl-C to its parent."""
    # Trees and entries are freed by their counts; to look through the imported modules for cycles again and again
    # was a fifth of the parsing.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))


def _bounded(seconds: float, function: Callable[..., Any], *args: Any) -> Any:
    """The task with an alarm of its own, a little later than the pool's: if the parent was killed, nobody else
    would end a process that is caught in a document."""
    signal.alarm(int(seconds) + 5)
    try:
        return function(*args)
    finally:
        signal.alarm(0)


def _subject(task: Task) -> str:
    return task.subject or task.function.__name__
