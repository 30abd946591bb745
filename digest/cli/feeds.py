"""`digest feeds`: list, add, remove, import, export, check. feeds.opml is the truth; the store knows the states."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import app
from digest.cli.place import HERE, Folder, Json, Place, emit, local, moment, note, now, place, say, table
from digest.errors import DigestError, UsageError

if TYPE_CHECKING:
    from digest.model import Feed, FeedRecord

feeds_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The subscriptions in feeds.opml.")
app.add_typer(feeds_app, name="feeds")


@feeds_app.command("list")
def list_feeds(folder: Folder = HERE, as_json: Json = False) -> None:
    """List the subscriptions with their state: when they are due and why, what fails, what moved.

    \b
    Example:  digest feeds list --json
    """
    here = place(folder)
    with here.store() as store:
        here.sync(store, now())
        records = store.feeds()
    if as_json:
        emit([_as_json(record) for record in records])
        return
    zone = here.config.digest.timezone
    table(
        (
            (
                _state(r),
                str(r.entries),
                local(r.state.due_at, zone) if r.state.due_at else "now",
                _name(r),
                r.feed.url,
            )
            for r in records
        ),
        ("STATE", "ENTRIES", "NEXT", "TITLE", "ADDRESS"),
    )


@feeds_app.command()
def add(
    address: Annotated[
        str, typer.Argument(help="A feed, a site, @channel, t.me/x, or an arXiv category (cs.CL).")
    ],
    folder: Folder = HERE,
    title: Annotated[str, typer.Option(help="Instead of the feed's own.")] = "",
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag for all its entries; may be given again.")
    ] = None,
    into: Annotated[str, typer.Option("--folder", help="The folder in feeds.opml.")] = "",
    unseen: Annotated[bool, typer.Option("--unseen", help="Do not fetch it first.")] = False,
) -> None:
    """Subscribe. A site's feed is found on its page; the feed is read once before it is added.

    \b
    Example:  digest feeds add simonwillison.net --tag ai
              digest feeds add @LinghaoCh
    """
    import asyncio

    from digest import opml, sources
    from digest.files import write_whole
    from digest.model import Feed

    here = place(folder)
    url = sources.subscription(address.strip())
    if url is None:
        raise UsageError(address, 'expected an address, "@channel" or an arXiv category such as "cs.CL"')
    found = ((url, title),) if unseen else asyncio.run(_found(here, url))
    for other, name in found[1:]:
        note(f"also there: {other}" + (f" ({name})" if name else ""))
    url, own_title = found[0]
    if any(sources.key_of(f.url) == sources.key_of(url) for f in here.feeds()):
        say(f"{url} is subscribed already")
        return
    feed = Feed(url, title=title or own_title or url, tags=tuple(t.removeprefix("#") for t in tag or ()))
    write_whole(here.opml, opml.added(here.opml.read_bytes(), feed, (into,) if into else ()))
    say(f"added {feed.title} <{url}>")


@feeds_app.command()
def remove(
    address: Annotated[str, typer.Argument(help="The feed's address or part of it.")], folder: Folder = HERE
) -> None:
    """Unsubscribe. What was stored of the feed is kept.

    \b
    Example:  digest feeds remove example.org
    """
    from digest import opml
    from digest.cli import steps
    from digest.files import write_whole

    here = place(folder)
    feed = steps.feed_named(here.feeds(), address)
    write_whole(here.opml, opml.removed(here.opml.read_bytes(), feed.url))
    say(f"removed {feed.title} <{feed.url}>; its entries are kept")


@feeds_app.command("import")
def import_feeds(
    files: Annotated[
        list[Path], typer.Argument(help="OPML files; malformed ones are read as far as possible.")
    ],
    folder: Folder = HERE,
) -> None:
    """Add the subscriptions of other OPML files; those that are there already stay as they are.

    \b
    Example:  digest feeds import subscriptions.opml
    """
    from digest import opml, sources
    from digest.files import write_whole

    here = place(folder)
    if not here.opml.exists():
        write_whole(here.opml, opml.written(()))
    known = {sources.key_of(feed.url) for feed in here.feeds()}
    added, failed = 0, False
    document = here.opml.read_bytes()
    for path in files:
        try:
            feeds, warnings = opml.subscriptions(_bytes_of(path), str(path))
        except DigestError as error:
            note(str(error))
            failed = True
            continue
        for warning in warnings:
            note(f"{path}: {warning}")
        fresh: dict[str, Feed] = {}
        for feed in feeds:
            if (key := sources.key_of(feed.url)) not in known:
                fresh.setdefault(key, feed)
        for into in dict.fromkeys(feed.folder for feed in fresh.values()):
            document = opml.all_added(document, (f for f in fresh.values() if f.folder == into), into)
        known |= fresh.keys()
        added += len(fresh)
        say(f"{path}: {len(feeds)} feeds, {len(feeds) - len(fresh)} subscribed already")
    write_whole(here.opml, document)
    say(f"{added} added to {here.opml}")
    raise typer.Exit(1 if failed else 0)


@feeds_app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write it.", show_default="stdout")] = None,
    folder: Folder = HERE,
) -> None:
    """Write the subscriptions as OPML, with the new address of each feed that moved for good.

    \b
    Example:  digest feeds export > feeds-2026-11.opml
    """
    from dataclasses import replace

    from digest import opml

    here = place(folder)
    with here.store() as store:
        here.sync(store, now())
        records = store.feeds()
    feeds = [replace(r.feed, url=r.state.address or r.feed.url) for r in records]
    body = opml.written(feeds, title=here.config.digest.title)
    if file is None:
        sys.stdout.buffer.write(body)
    else:
        file.write_bytes(body)
        say(f"{len(feeds)} feeds written to {file}")


@feeds_app.command()
def check(
    address: Annotated[
        str | None, typer.Argument(help="One feed: its address or part of it.", show_default="all")
    ] = None,
    folder: Folder = HERE,
    revive: Annotated[
        bool,
        typer.Option(
            "--revive",
            help="Ask a gone or failing feed again from now on; take one that became another for what it is.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read feeds once and say what they hold, storing nothing.

    \b
    Example:  digest feeds check --revive example.org
    """
    import asyncio

    from digest.cli import steps

    here = place(folder)
    with here.store() as store:
        here.sync(store, now())
        records = store.feeds()
        if address:
            records = [steps.record_named(records, address)]
        if revive:
            revived = [r for r in records if address or r.state.gone_at or r.state.error or r.state.taken_at]
            for record in revived:
                store.revive(record.feed.url)
            say(f"{len(revived)} feeds will be asked again by the next poll")
            return
    rows = asyncio.run(_checked(here, records))
    if as_json:
        emit(rows)
    else:
        table(
            (
                (
                    ("ok" if not row["error"] else "ERROR"),
                    str(row["entries"]),
                    row["url"],
                    row["error"] or row["note"],
                )
                for row in rows
            ),
            ("STATE", "ENTRIES", "ADDRESS", "NOTE"),
        )
    raise typer.Exit(1 if any(row["error"] for row in rows) else 0)


_CHECKED_AT_ONCE = 32
"""Whole documents in memory: a check is no poll, and asks for all of them."""


async def _checked(here: Place, records: list[FeedRecord]) -> list[dict[str, Any]]:
    import asyncio

    from digest.cli.net import opened
    from digest.cli.steps import poll_settings
    from digest.poll import read_once

    async def one(feed: Feed) -> dict[str, Any]:
        row = {"url": feed.url, "title": feed.title, "entries": 0, "error": "", "note": ""}
        try:
            async with places:
                parsed = await read_once(feed, net, workers, settings, now())
        except DigestError as error:
            return {**row, "error": error.message}
        seen = {"title": parsed.title or feed.title, "entries": len(parsed.entries)}
        return {**row, **seen, "note": "; ".join(parsed.warnings)}

    settings = poll_settings(here)
    places = asyncio.Semaphore(min(settings.concurrency, _CHECKED_AT_ONCE))
    with here.store() as store:
        async with opened(here, store) as (net, workers):
            return list(await asyncio.gather(*(one(record.feed) for record in records)))


async def _found(here: Place, url: str) -> tuple[tuple[str, str], ...]:
    """The feeds at an address, read once to be sure: (address, title), the best first."""
    from digest import sources
    from digest.cli.net import opened
    from digest.cli.steps import poll_settings
    from digest.model import Feed
    from digest.poll import drive, read_once

    with here.store() as store:
        async with opened(here, store) as (net, workers):
            if sources.name_of(url) == "syndication":
                from digest.sources.syndication import find

                return await drive(find(url), net, workers)
            parsed = await read_once(Feed(url), net, workers, poll_settings(here), now())
            return ((url, parsed.title),)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(str(path), f"cannot be read: {error.strerror}") from error


def _name(record: FeedRecord) -> str:
    return record.feed.title or record.state.title or record.feed.url


def _state(record: FeedRecord) -> str:
    state = record.state
    if state.gone_at:
        return "gone"
    if state.error:
        return f"failing x{state.failures}"
    if state.polled_at is None:
        return "new"
    return "moved" if state.address != state.url else "ok"


def _as_json(record: FeedRecord) -> dict[str, Any]:
    state = record.state
    return {
        "url": record.feed.url,
        "title": _name(record),
        "state": _state(record).split(" ")[0],
        "address": state.address,
        "moved_to": state.moved_to,
        "entries": record.entries,
        "tags": list(record.feed.tags),
        "polled": moment(state.polled_at),
        "ok": moment(state.ok_at),
        "last_entry": moment(state.entry_at),
        "due": moment(state.due_at),
        "due_reason": state.due_reason,
        "failures": state.failures,
        "failing_since": moment(state.failing_since),
        "error": state.error,
        "warning": state.warning,
        "gone": moment(state.gone_at),
    }
