"""What stories cost at scale: 10,000 new entries against 1,000,000 kept ones, on a real SQLite file.

The recipe: the texts are real ones (DATA, else the demo's feeds) with each word drawn anew from all of their words, so
that lengths and frequencies stay and no two texts agree; one in twenty repeats another one with a few words changed.
Kept entries have random sketches and short texts. Poll and draft are measured in processes of their own, in CPU
seconds; the kept million is written once, and not measured.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from digest import dedup, issue, publish
from digest.dedup import Fingerprint, fingerprint
from digest.markup import text_of
from digest.model import Article, Entry, Feed
from digest.sources.syndication import parse_document
from digest.store import Store, open_store
from digest.store.rows import article, article_key, entry

Text = tuple[str, str]
"""Title and text."""

_WEEK = "2026-W46"
_START = datetime(2026, 11, 8, 20, tzinfo=UTC)
_NOW = _START + timedelta(days=7)
_FEEDS = 400
_COPIES = 0.05
_CHANGED = 0.05
"""Of a copy's words."""
_PIECE = re.compile(r"[\u3400-\u9fff]{1,4}|[^\s\u3400-\u9fff]+\s*|\s+")


def demo_texts() -> list[Text]:
    """The feeds that ship with the package."""
    from digest.demo import _DATA

    documents = [path for path in sorted((_DATA / "feeds").iterdir(), key=str) if path.name.endswith(".xml")]
    entries = [
        e for d in documents for e in parse_document(d.read_bytes(), "", "https://a.example/", {}).entries
    ]
    return [(one.title, text_of(one.content or one.summary)) for one in entries]


def drawn(texts: Sequence[Text], count: int, seed: int = 1) -> Iterator[Text]:
    """`count` texts by the recipe."""
    chooser = random.Random(seed)
    cut = [(_PIECE.findall(title), _PIECE.findall(text)) for title, text in texts]
    words = {length: [w for pieces in cut for w in pieces[length]] for length in (0, 1)}
    done: list[list[str]] = []
    for number in range(count):
        title, text = cut[number % len(cut)]
        if done and chooser.random() < _COPIES:
            pieces = [
                w if chooser.random() > _CHANGED else chooser.choice(words[1]) for w in chooser.choice(done)
            ]
        else:
            pieces = [chooser.choice(words[1]) for _ in text]
            done.append(pieces)
        yield "".join(chooser.choice(words[0]) for _ in title), "".join(pieces)


def measured(texts: Sequence[Text], kept: int, new: int) -> dict[str, Any]:
    """The figures, in ms an entry, seconds and MiB."""
    with tempfile.TemporaryDirectory(prefix="digest-scale-") as name:
        folder = Path(name)
        with open_store("sqlite:///digest.db", folder) as store:
            store.sync_feeds([Feed(f"https://blog{n}.example/feed") for n in range(_FEEDS)], _START)
            _write_kept(store, kept)
        polled = _apart(_poll, folder, list(drawn(texts, new)))
        drafted = _apart(_draft, folder)
        size = sum(path.stat().st_size for path in folder.glob("digest.db*")) >> 20
    return {"kept": kept, "new": new, "database_mib": size, **polled, **drafted}


def _apart(work: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, args)


def _write_kept(store: Store, count: int) -> None:
    chooser = random.Random(0)
    before = _START - timedelta(days=120)
    for start in range(0, count, 20_000):
        numbers = range(start + 1, min(count, start + 20_000) + 1)
        kept = [
            (n, f"https://kept{n % 5000}.example/{n}", before + timedelta(seconds=n % 10_000_000))
            for n in numbers
        ]
        moments = {"published": None, "data": "{}", "title": "A kept one", "author": "", "language": "en"}
        with store._engine.begin() as c:  # no public way in is this quick
            c.execute(insert(article), [
                moments | {"id": n, "key": key, "url": key, "site": "", "origin": "feed", "error": "", "attempts": 0,
                           "fetched_at": None, "tried_at": at, "summary": "", "text": "Kept words. " * 20,
                           "fingerprint": _random_print(chooser)}
                for n, key, at in kept
            ])  # fmt: skip
            c.execute(insert(article_key), [{"key": key, "article_id": n} for n, key, _ in kept])
            c.execute(insert(entry), [
                moments | {"id": n, "feed_id": 1 + n % _FEEDS, "guid": key, "full_guid": "", "url": key, "key": key,
                           "subject": key, "updated": None, "at": at, "first_seen": at, "backlog": False,
                           "purged": False, "content_hash": "", "summary": "", "content": ""}
                for n, key, at in kept
            ])  # fmt: skip


def _random_print(chooser: random.Random) -> bytes:
    return Fingerprint("", tuple(sorted(chooser.getrandbits(32) for _ in range(64))), 500).packed()


def _poll(folder: Path, texts: Sequence[Text]) -> dict[str, Any]:
    """Saves the new entries feed by feed, as polls do."""
    chooser = random.Random(2)
    started = time.process_time()
    prints = [fingerprint(text).packed() for _, text in texts]
    printed = time.process_time() - started
    by_feed: dict[int, list[tuple[Entry, Article]]] = {}
    for number, ((title, text), kept) in enumerate(zip(texts, prints, strict=True)):
        feed = number % _FEEDS
        url = f"https://blog{feed}.example/new/{number}"
        at = _START + timedelta(seconds=chooser.randrange(7 * 86_400))
        body = "".join(f"<p>{part}</p>" for part in text.split("\n"))
        made = Entry(url, url, title, content_hash=str(number), published=at, content=body)
        told = Article(url, url, title, published=at, text=text, origin="feed", fingerprint=kept)
        by_feed.setdefault(feed, []).append((made, told))
    with open_store("sqlite:///digest.db", folder) as store:
        states = {record.feed.url: record.state for record in store.feeds()}
        saved = 0.0
        for feed, rows in by_feed.items():
            state = replace(states[f"https://blog{feed}.example/feed"], ok_at=_START, polled_at=_NOW)
            store.save_states([state])
            started = time.process_time()
            store.save_poll(
                state, [e for e, _ in rows], [a for _, a in rows], _NOW, at=lambda e: e.published or _NOW
            )
            saved += time.process_time() - started
        started = time.process_time()
        with store._engine.begin() as c:  # the fingerprints' own part of saving, written alone
            for rows in by_feed.values():
                for _, told in rows:
                    c.execute(
                        update(article).where(article.c.key == told.key).values(fingerprint=told.fingerprint)
                    )
        stored = time.process_time() - started
    count = len(texts)
    return {
        "mean_characters": sum(len(text) for _, text in texts) // count,
        "fingerprint_ms": round(printed / count * 1000, 3),
        "fingerprint_storage_ms": round(stored / count * 1000, 3),
        "save_whole_ms": round(saved / count * 1000, 3),
        "poll_mib": _peak(),
    }


def _draft(folder: Path) -> dict[str, Any]:
    with open_store("sqlite:///digest.db", folder) as store:
        masthead = issue.Masthead("Scale")
        desk = publish.Desk(store, folder / "issues", folder / "public", masthead)
        clocks: dict[str, float] = {}
        fold = dedup.stories

        def timed(*args: Any, **options: Any) -> Any:
            started = time.process_time()
            found = fold(*args, **options)
            clocks["fold"] = time.process_time() - started
            return found

        dedup.stories = timed
        started = time.process_time()
        found = publish.reading(desk, _WEEK, _NOW)
        whole = time.process_time() - started
    return {
        "candidates": found.coverage.entries,
        "stories": found.coverage.stories,
        "fold_seconds": round(clocks["fold"], 2),
        "reading_seconds": round(whole, 2),
        "draft_mib": _peak(),
    }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def report(data: Path | None, kept: int, new: int, as_json: bool) -> None:
    """Prints the figures; the texts of DATA (rows with `title` and `text`), else the demo's."""
    if data:
        rows = (json.loads(line) for line in data.read_text("utf-8").splitlines() if line.strip())
        texts = [(row.get("title") or "", row.get("text") or "") for row in rows]
    else:
        texts = demo_texts()
    told = measured([text for text in texts if text[1].strip()], kept, new)
    if as_json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:24}{value:,}")
