"""The recorded feeds that ship with the package: a digest's folder made from them, and the net that answers them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from digest.fetch.recorded import Recorded, RecordedAnswer

NOW = datetime(2026, 11, 15, 13, 30, tzinfo=UTC)
"""The evening of the recorded week's Sunday, Shanghai time; the demo's clock stands there."""

WEEK = "2026-W46"

MARK = ".digest-demo"
"""Tells a folder that an earlier demo made, which the next one may write into."""

_DATA = resources.files("digest") / "demo_data"


def write(folder: Path, topics: str) -> None:
    """Make the demo's folder afresh: settings, subscriptions, and nothing of an earlier demo's results."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in ("digest.db", "digest.db-wal", "digest.db-shm"):
        (folder / stale).unlink(missing_ok=True)
    (folder / MARK).write_text("Made by `digest demo`; safe to delete.\n", "utf-8")
    (folder / "digest.toml").write_text((_DATA / "digest.toml").read_text("utf-8") + "\n" + topics, "utf-8")
    (folder / "feeds.opml").write_bytes((_DATA / "feeds.opml").read_bytes())


def net() -> Recorded:
    """Answers the recorded addresses, and 404 for any other. index.json tells file, type and status of each."""
    index = json.loads((_DATA / "index.json").read_text("utf-8"))
    return Recorded({url: _answer(entry) for url, entry in index.items()}, NOW)


def _answer(entry: dict[str, Any]) -> RecordedAnswer:
    name = entry.get("file")
    headers = {"content-type": entry.get("type", "application/octet-stream"), **entry.get("headers", {})}
    body = (_DATA / name).read_bytes() if name else b""
    return RecordedAnswer(body, entry.get("status", 200), headers)
