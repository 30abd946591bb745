"""The demo's recordings hang together: every address has its file, every file its address, and it stays small."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

DATA = Path(__file__).resolve().parent.parent / "digest" / "demo_data"
INDEX = json.loads((DATA / "index.json").read_text("utf-8"))
SETTINGS = {"README.md", "digest.toml", "feeds.opml", "index.json"}


def test_every_recorded_address_has_a_file_and_every_file_an_address() -> None:
    recorded = {answer["file"] for answer in INDEX.values()}
    lying_there = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file()}
    assert recorded | SETTINGS == lying_there


def test_every_subscription_is_recorded() -> None:
    outlines = ElementTree.parse(DATA / "feeds.opml").iter("outline")
    feeds = [outline.attrib["xmlUrl"] for outline in outlines if "xmlUrl" in outline.attrib]
    assert len(feeds) >= 10
    assert [feed for feed in feeds if not any(address.startswith(feed) for address in INDEX)] == []


def test_the_recordings_stay_small() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 400_000
