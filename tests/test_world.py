"""The whole program on recorded real feeds behind a proxy: an issue of one week, and forty polls of the same feeds.

The documents lie beside the repository (`shared`); the replaying proxy comes with them. feedparser is the judge of
what a document holds.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from program import digest

from digest.fetch import FetchSettings
from digest.fetch.client import Fetcher
from digest.model import Feed
from digest.poll import Outcome, PollSettings, poll
from digest.schedule import Rhythm
from digest.store import open_store
from digest.work import Inline

pytestmark = [pytest.mark.server, pytest.mark.shared]

WEEK = "2026-W07"
MONDAY = "2026-02-16T09:00:00Z"


@contextmanager
def replayed(world: Path, folder: Path, tools: Path | None = None) -> Iterator[tuple[str, Path]]:
    """The recorded world behind a proxy: its address, and the authority to trust."""
    replay = (tools or world.parent.parent / "tools") / "replay.py"
    if not replay.exists():
        pytest.skip(f"no {replay}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    authority = folder / "authority.pem"
    command = [sys.executable, str(replay), str(world), "--port", str(port), "--ca", str(authority)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "addresses" in process.stdout.readline()
            yield f"http://127.0.0.1:{port}", authority
        finally:
            process.terminate()


def documents(world: Path) -> dict[str, list[Path]]:
    """The documents that each address gives, one a poll."""
    found = {}
    for line in world.read_text("utf-8").splitlines():
        entry = json.loads(line)
        files = entry["file"] if isinstance(entry["file"], list) else [entry["file"]]
        found[entry["url"]] = [(world.parent / name).resolve() for name in files]
    return found


def judged(document: bytes) -> list[Any]:
    """feedparser's entries; without its sanitiser, which takes most of its time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False).entries)


# --- one week -------------------------------------------------------------------------------------


def test_a_week_of_285_real_feeds_becomes_an_issue(shared: Path, tmp_path: Path) -> None:
    world = shared / "world" / "feeds.jsonl"
    folder = tmp_path / "digest"
    assert digest(tmp_path, "init", str(folder), now=MONDAY).returncode == 0
    (folder / "feeds.opml").write_text('<opml version="2.0"><head/><body/></opml>', "utf-8")
    with replayed(world, tmp_path) as (proxy, authority):
        settings = (folder / "digest.toml").read_text("utf-8")
        for key, value in {"proxy": proxy, "ca_bundle": str(authority), "pause": "0s"}.items():
            settings = re.sub(rf'(?m)^{key} = ".*?"', f'{key} = "{value}"', settings)
        (folder / "digest.toml").write_text(settings, "utf-8")
        imported = digest(folder, "feeds", "import", str(shared / "world" / "feeds.opml"), now=MONDAY)
        assert "285 added" in imported.stdout, imported.stdout + imported.stderr
        first = digest(folder, "poll", "--json", now=MONDAY)
        again = digest(folder, "poll", "--force", "--json", now="2026-02-17T21:00:00Z")
    outcomes = {feed["url"]: feed for feed in json.loads(first.stdout)["feeds"]}
    check_every_feed(outcomes, documents(world))
    repeated = json.loads(again.stdout)
    assert (repeated["new"], repeated["updated"], repeated["asked"]) == (0, 0, 285)

    for words in (["draft", WEEK], ["build", WEEK]):
        done = digest(folder, *words, now=MONDAY)
        assert done.returncode == 0, done.stdout + done.stderr
    check_outputs(folder)


def check_every_feed(outcomes: dict[str, Any], served: dict[str, list[Path]]) -> None:
    """As many entries as feedparser finds, or a reason; no entries without an error."""
    assert outcomes.keys() == served.keys()
    for url, (path,) in served.items():
        outcome, body = outcomes[url], path.read_bytes()
        expected = len(judged(body))
        if body.lstrip().startswith(b"{") or "t.me/s/" in url:  # feedparser knows neither
            assert outcome["new"] >= 10, outcome
        elif expected:
            # An item that a document gives twice is one entry.
            assert expected - 1 <= outcome["new"] <= expected, (outcome, expected)
        assert outcome["new"] or outcome["error"], outcome


def check_outputs(folder: Path) -> None:
    """The items of the draft, all of them in each output."""
    draft = (folder / "issues" / f"{WEEK}.md").read_text("utf-8")
    addresses = re.findall(r"(?m)^### \[.*\]\(<?(.*?)>?\)$", draft)
    assert len(addresses) == 20
    for name in ("index.html", "email.html", "email.txt", "issue.md", "telegram.json"):
        output = (folder / "public" / WEEK / name).read_text("utf-8").replace("&amp;", "&")
        assert [address for address in addresses if address not in output] == [], name


# --- forty polls ----------------------------------------------------------------------------------


def test_forty_polls_of_documents_that_change_store_what_is_new_and_update_what_was_edited(
    shared: Path, tmp_path: Path
) -> None:
    world = shared / "world" / "snapshots.jsonl"
    served = documents(world)
    with replayed(world, tmp_path) as (proxy, authority):
        polls, stored = asyncio.run(polled(tuple(served), proxy, authority, tmp_path, 40))
    for url, files in served.items():
        found = [next((o.new, o.updated) for o in outcomes if o.url == url) for outcomes in polls]
        expected = list(changes(files))
        assert found == [*expected, *[(0, 0)] * (40 - len(expected))], url
        assert stored[url] == sum(new for new, _ in expected), url


def test_what_vanishes_and_comes_back_is_not_new(shared: Path, tmp_path: Path) -> None:
    world = shared / "world" / "snapshots.jsonl"
    served = documents(world)
    there_and_back = {url: [files[0], files[-1], files[0], files[-1]] for url, files in served.items()}
    lines = [json.dumps({"url": url, "file": list(map(str, files))}) for url, files in there_and_back.items()]
    mine = tmp_path / "world.jsonl"
    mine.write_text("\n".join(lines), "utf-8")
    with replayed(mine, tmp_path, tools=world.parent.parent / "tools") as (proxy, authority):
        polls, _ = asyncio.run(polled(tuple(served), proxy, authority, tmp_path, 4))
    assert any(outcome.new for outcome in polls[1])
    for outcome in polls[2] + polls[3]:
        assert (outcome.new, outcome.error) == (0, ""), outcome


def changes(files: list[Path]) -> Iterator[tuple[int, int]]:
    """How many items of each document are new, and how many edited, by feedparser and their id or address."""
    seen: dict[str, tuple[Any, ...]] = {}
    for path in files:
        items = {
            re.sub(r"v\d+$", "", item.get("id") or item["link"]): (item["title"], item.get("summary"))
            for item in judged(path.read_bytes())
        }
        new = items.keys() - seen.keys()
        yield len(new), sum(seen[key] != value for key, value in items.items() if key not in new)
        seen |= items


async def polled(
    urls: tuple[str, ...], proxy: str, authority: Path, folder: Path, times: int
) -> tuple[list[tuple[Outcome, ...]], dict[str, int]]:
    """So many polls twelve hours apart, and how many entries of each feed are stored at the end."""

    class Clock:
        at = datetime(2026, 8, 1, 12, tzinfo=UTC)

        def now(self) -> datetime:
            return self.at

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(0)

    clock, polls = Clock(), []
    settings = PollSettings(Rhythm(timedelta(hours=1), timedelta(days=1)), pages=False)
    net = Fetcher(FetchSettings(proxy=proxy, ca_bundle=str(authority), pause_s=0), clock, {})
    with open_store("sqlite:///digest.db", folder) as store:
        store.sync_feeds([Feed(url) for url in urls], clock.at)
        async with net, Inline() as processes:
            for _ in range(times):
                polls.append(await poll(store.feeds(), net, processes, store, settings, clock.now))
                clock.at += timedelta(hours=12)
        return polls, {record.feed.url: record.entries for record in store.feeds()}
