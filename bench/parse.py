"""What parsing costs against feedparser with its defaults, over a folder of feed documents, in the same run.

    python -m bench.parse [DIR] [--json]

Prints the CPU of both and the ratio, and for every document with another number of entries the reason.
Everything is cold: nothing is known, so every entry is sanitised, which a poll does only for new and changed ones.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, fromstring

import feedparser

from digest.errors import NotAFeed
from digest.sources.syndication import parse_document

TARGET = 1 / 8
SHARED = Path(os.environ.get("DIGEST_SHARED", Path(__file__).resolve().parents[2] / "shared"))
BASE = "https://feeds.example/feed.xml"


def main() -> int:
    parser = argparse.ArgumentParser(description="CPU of parsing against feedparser's defaults")
    parser.add_argument("dir", nargs="?", type=Path, default=SHARED / "corpora/feeds/files")
    parser.add_argument("--json", action="store_true", help="one object instead of words")
    options = parser.parse_args()
    documents = {path.name: path.read_bytes() for path in sorted(options.dir.iterdir()) if path.is_file()}
    if not documents:
        print(f"no documents in {options.dir}", file=sys.stderr)
        return 2
    parse_document(b"<rss><channel/></rss>", "", BASE, {})  # imports are no part of it, on either side
    feedparser.parse(b"<rss/>")
    ours, our_cpu = timed(documents, read_by_us)
    theirs, their_cpu = timed(documents, read_by_feedparser)
    result = {
        "documents": len(documents),
        "bytes": sum(map(len, documents.values())),
        "entries": sum(len(found.keys) for found in ours.values()),
        "feedparser_entries": sum(len(found.keys) for found in theirs.values()),
        "cpu_s": round(our_cpu, 3),
        "feedparser_cpu_s": round(their_cpu, 3),
        "ratio": round(our_cpu / their_cpu, 4),
        "target": TARGET,
        "differences": differences(documents, ours, theirs),
    }
    print(json.dumps(result, ensure_ascii=False) if options.json else as_words(result))
    return 0


@dataclass(frozen=True)
class Outcome:
    """Which entries one reader found, and what it said: no more, so that memory does not slow the next document."""

    keys: tuple[tuple[str, ...], ...]
    words: str = ""


def timed(documents: dict[str, bytes], read: Callable[[bytes], Outcome]) -> tuple[dict[str, Outcome], float]:
    """The best of three passes over all documents: the machine may be busy with something else."""
    passes = []
    for _ in range(3):
        gc.collect()
        start = time.process_time()
        found = {name: read(body) for name, body in documents.items()}
        passes.append(time.process_time() - start)
    return found, min(passes)


def read_by_us(body: bytes) -> Outcome:
    try:
        feed = parse_document(body, "", BASE, {})
    except NotAFeed as error:
        return Outcome((), error.message)
    return Outcome(tuple((entry.id,) for entry in feed.entries), "; ".join(feed.warnings))


def read_by_feedparser(body: bytes) -> Outcome:
    return Outcome(tuple(map(same_item, feedparser.parse(body).entries)))


def differences(
    documents: dict[str, bytes], ours: dict[str, Outcome], theirs: dict[str, Outcome]
) -> dict[str, str]:
    """Name of the document: both counts and why they differ."""
    return {
        name: f"{len(ours[name].keys)} instead of {len(theirs[name].keys)}: {reason(body, ours[name], theirs[name])}"
        for name, body in documents.items()
        if len(ours[name].keys) != len(theirs[name].keys)
    }


def reason(body: bytes, mine: Outcome, its: Outcome) -> str:
    if body.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{"):
        return "JSON Feed, which feedparser does not read"
    repeated = sum(count - 1 for count in Counter(its.keys).values())
    if repeated and repeated == len(its.keys) - len(mine.keys):
        return f"{repeated} given twice with the same id, link, title and text"
    inside = foreign_items(body)
    if inside and inside == len(its.keys) - len(mine.keys):
        return f"{inside} inside another item's own elements (the losing version of a conflict)"
    return mine.words or "unexplained"


def foreign_items(body: bytes) -> int:
    """Items deeper in an item than as its child, in a well-formed RSS document."""
    try:
        root = fromstring(body)
    except ParseError:
        return 0
    return sum(
        1
        for item in root.iter("item")
        for child in item
        for inside in child.iter("item")
        if inside is not child
    )


def same_item(entry: Any) -> tuple[str, ...]:
    """What makes two items of a document one: the id with link and title; without an id, link, title and text."""
    names = ("id", "link", "title") if dict.get(entry, "id") else ("link", "title", "summary")
    return tuple(" ".join(str(dict.get(entry, name, "")).casefold().split()) for name in names)


def as_words(result: dict[str, Any]) -> str:
    verdict = "within" if result["ratio"] <= TARGET else "over"
    return "\n".join(
        (
            f"{result['documents']} documents, {result['bytes'] / 1e6:.1f} MB",
            f"digest      {result['cpu_s']:7.2f} s CPU  {result['entries']} entries",
            f"feedparser  {result['feedparser_cpu_s']:7.2f} s CPU  {result['feedparser_entries']} entries",
            f"ratio       {result['ratio']:.3f}, {verdict} the target of {TARGET:.3f}",
            *(f"  {name}: {why}" for name, why in result["differences"].items()),
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
