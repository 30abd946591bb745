"""Run as a program: what several processes do to one database. Prints what was seen as JSON.

python store_processes.py crash URL FOLDER        a poll, killed before each of its statements in turn
python store_processes.py together URL FOLDER     four writers at once
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine, event
from store_values import BLOG, NOW, OTHER, an_article, an_entry, poll, state_of

from digest.store import Store, open_store

WRITERS = 4
ROUNDS = 15


def crash(opened: Callable[[], Store]) -> object:
    with opened() as store:
        poll(store, an_entry(1), articles=(an_article(1),))
        before = _seen(store)
    kills = 0
    while _ends(lambda number: _poll_killed_at(opened, number), kills + 1) == -signal.SIGKILL:
        kills += 1
        with opened() as store:
            assert _seen(store) == before, f"killed before statement {kills}: {_seen(store)}"
    with opened() as store:
        return {"kills": kills, "before": before, "after": _seen(store)}


def _poll_killed_at(opened: Callable[[], Store], number: int) -> None:
    with opened() as store:
        state = state_of(store)
        left = number

        def count(*_: object) -> None:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        entries = [an_entry(1, title="edited", content_hash="new"), an_entry(2)]
        articles = [an_article(1, text="edited"), an_article(2, aliases=("https://alias.example/2",))]
        store.save_poll(replace(state, etag='"new"'), entries, articles, NOW, at=lambda entry: NOW)


def _seen(store: Store) -> object:
    while store.index():
        pass
    return {
        "entries": [one.entry.title for one in reversed(store.entries())],
        "etag": state_of(store).etag,
        "articles": sorted(
            one.text for one in store.articles([an_article(1).key, an_article(2).key]).values()
        ),
        "found": len(store.search("edited")),
    }


def together(opened: Callable[[], Store]) -> object:
    with opened() as store:
        store.sync_feeds([BLOG, OTHER], NOW)
    children = [_fork(lambda number: _write(opened, number), number) for number in range(WRITERS)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    with opened() as store:
        return {
            "codes": codes,
            "entries": {one.feed.url: one.entries for one in store.feeds()},
            "runs": len(store.runs(limit=1000)),
            "claimed": sum(int(path.read_text()) for path in Path().glob("claims-*")),
            "articles": store.counts()["articles"],
        }


def _write(opened: Callable[[], Store], number: int) -> None:
    """Reads and writes what the other writers do: the same feeds, entries, articles and deliveries."""
    claims = 0
    with opened() as store:
        for turn in range(ROUNDS):
            feed = (BLOG, OTHER)[(number + turn) % 2]
            articles = [an_article(turn, aliases=(f"https://alias.example/{turn}",)), an_article(turn + 1)]
            entries = (an_entry(turn), an_entry(turn + 1, content_hash=f"{number}"))
            poll(store, *entries, feed=feed, articles=tuple(articles[:: (-1) ** number]))
            claims += store.claim("2026-W07", "smtp", f"{turn}@example.org", "<m@example.org>", NOW)
            store.end_run(store.start_run("poll", NOW), True, "", NOW)
    Path(f"claims-{number}").write_text(str(claims))


def _ends(work: Callable[[int], None], number: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(_fork(work, number), 0)[1])


def _fork(work: Callable[[int], None], number: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work(number)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    what, url, folder = sys.argv[1:]
    os.chdir(folder)
    print(json.dumps({"crash": crash, "together": together}[what](lambda: open_store(url, Path()))))
