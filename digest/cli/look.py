"""The commands that only look: entries, search, status."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import app
from digest.cli.place import HERE, Folder, Json, Place, emit, local, moment, now, place, say, table
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.model import Candidate
    from digest.store import Store

entries_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
app.add_typer(entries_app, name="entries")

SINCE_DEFAULT = "7d"


@entries_app.callback()
def entries(
    context: typer.Context,
    folder: Folder = HERE,
    everything: Annotated[bool, typer.Option("--all", help="Not only the last seven days.")] = False,
    since: Annotated[str | None, typer.Option(help='A date (2026-11-15) or an age ("3d").')] = None,
    tag: Annotated[str | None, typer.Option(help="Only entries with this tag.")] = None,
    feed: Annotated[str | None, typer.Option(help="Only this feed: its address or part of it.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    as_json: Json = False,
) -> None:
    """List what the feeds brought, newest first; `entries show ID` prints one whole.

    \b
    Example:  digest entries --since 3d --tag llm
    """
    if context.invoked_subcommand:
        return
    from digest.cli.steps import record_named

    here = place(folder)
    start = None if everything else _since(since or SINCE_DEFAULT, now())
    with here.store() as store:
        feed_url = record_named(store.feeds(subscribed_only=False), feed).feed.url if feed else None
        found = store.entries(since=start, feed=feed_url, limit=None if tag else limit)
        rows = [(c, _tags(c, here)) for c in found]
    if tag:
        rows = [
            (c, tags) for c, tags in rows if tag.removeprefix("#").casefold() in {t.casefold() for t in tags}
        ]
        rows = rows[:limit]
    if as_json:
        emit([entry_as_json(c, tags) for c, tags in rows])
        return
    zone = here.config.digest.timezone
    table(
        (
            (str(c.entry_id), local(c.at, zone), c.feed_title, title_of(c), " ".join(f"#{t}" for t in tags))
            for c, tags in rows
        ),
        ("ID", "TIME", "FEED", "TITLE", "TAGS"),
    )


@entries_app.command("show")
def show(
    entry_id: Annotated[int, typer.Argument(metavar="ID", help="As `digest entries` lists it.")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Print one entry whole: what was kept, and where its text came from.

    \b
    Example:  digest entries show 42
    """
    here = place(folder)
    with here.store() as store:
        found = store.entry(entry_id)
    if found is None:
        raise UsageError(str(entry_id), "no such entry; `digest entries --all` lists them")
    tags = _tags(found, here)
    if as_json:
        emit(entry_as_json(found, tags, whole=True))
        return
    zone, entry, article = here.config.digest.timezone, found.entry, found.article
    facts = (
        ("title", title_of(found)),
        ("address", entry.url),
        ("points at", entry.via_url),
        ("feed", f"{found.feed_title} <{found.feed.url}>"),
        ("author", entry.author),
        ("published", local(entry.published, zone) if entry.published else "not said"),
        ("first seen", local(found.first_seen, zone)),
        ("identity", found.key),
        ("tags", " ".join(f"#{t}" for t in tags)),
        ("text from", _text_origin(found)),
        ("language", article.language if article else entry.language),
        ("reading", f"{minutes} min" if (minutes := _minutes(found)) else ""),
        ("also at", " ".join(article.aliases) if article else ""),
        ("summary", article.summary if article else ""),
    )
    for name, value in facts:
        if value:
            say(f"{name + ':':12} {value}")
    say()
    say(_text(found))
    if article and article.text and entry.via_url:
        say()
        say(f"--- {article.title or article.url}")
        say(article.text)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="What to look for; Chinese works too.")],
    folder: Folder = HERE,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """Full-text search in titles, posts and article texts; all words must occur.

    \b
    Example:  digest search 强化学习
    """
    from digest.cli import steps

    here = place(folder)
    with here.store() as store:
        steps.index(store)
        hits = store.search(" ".join(words), limit=limit)
    if as_json:
        emit([{**entry_as_json(c, _tags(c, here)), "snippet": snippet} for c, snippet in hits])
        return
    zone = here.config.digest.timezone
    for candidate, snippet in hits:
        say(
            f"{candidate.entry_id}  {local(candidate.at, zone)}  {candidate.feed_title}: {title_of(candidate)}"
        )
        say(f"    {candidate.entry.url}")
        if snippet:
            say(f"    {snippet}")
    if not hits:
        say("nothing found")


def _since(text: str, at: datetime) -> datetime:
    from digest.durations import duration

    try:
        return at - duration(text)
    except ValueError:
        pass
    try:
        day = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "--since", f'expected a date such as 2026-11-15 or an age such as "3d", got {text!r}'
        ) from error
    return day if day.tzinfo else day.replace(tzinfo=at.tzinfo)


def _tags(candidate: Candidate, here: Place) -> tuple[str, ...]:
    from digest.model import Story
    from digest.topics import tagged

    matches = tagged(Story(candidate.key, candidate), here.topics(), own_handle=here.config.digest.handle)
    return tuple(match.tag for match in matches)


def title_of(candidate: Candidate) -> str:
    """The title, else the first words: micro-blogs and channels give none."""
    from digest.markup import text_of
    from digest.text import cut

    entry, article = candidate.entry, candidate.article
    title = entry.title or (article.title if article else "")
    return (
        title
        or cut(" ".join(text_of(entry.content or entry.summary).split()), 80)
        or entry.url
        or "(no words)"
    )


def _text(candidate: Candidate) -> str:
    from digest.markup import text_of

    entry, article = candidate.entry, candidate.article
    if entry.post or not (article and article.text):
        return text_of(entry.content or entry.summary)
    return article.text


def _text_origin(candidate: Candidate) -> str:
    from digest.extract.addresses import why_no_page

    article = candidate.article
    if article is None:
        return "the feed"
    where = {
        "feed": "the feed",
        "page": f"the page {article.url}",
        "teaser": "what the page shows before its paywall",
        "description": "the page's own description",
        "metadata": "metadata",
        "none": "nowhere",
    }
    words = where[article.origin]
    if reason := why_no_page(article.url):
        words += f" ({reason})"
    return f"{words} ({article.error})" if article.error else words


def _minutes(candidate: Candidate) -> int:
    from digest.text import reading_minutes

    return reading_minutes(candidate.article.text) if candidate.article else 0


def entry_as_json(candidate: Candidate, tags: tuple[str, ...], *, whole: bool = False) -> dict[str, Any]:
    entry, article = candidate.entry, candidate.article
    row: dict[str, Any] = {
        "id": candidate.entry_id,
        "url": entry.url,
        "title": title_of(candidate),
        "feed": candidate.feed.url,
        "feed_title": candidate.feed_title,
        "author": entry.author,
        "published": moment(entry.published),
        "first_seen": moment(candidate.first_seen),
        "at": moment(candidate.at),
        "key": candidate.key,
        "mentions": candidate.target,
        "tags": list(tags),
        "text_origin": article.origin if article else "feed",
        "text_error": article.error if article else "",
    }
    if whole:
        row["text"] = _text(candidate)
        row["article"] = article.text if article and entry.via_url else None
        row["summary"] = article.summary if article else ""
        row["language"] = article.language if article else entry.language
        row["minutes"] = _minutes(candidate)
        row["aliases"] = list(article.aliases) if article else []
    return row


@app.command()
def status(
    folder: Folder = HERE,
    every_feed: Annotated[
        bool, typer.Option("--feeds", help="When each feed is next due, not only the first ones.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What ran, what is failing since when, and what the next run will do.

    \b
    Example:  digest status --feeds
    """
    here = place(folder)
    with here.store() as store:
        document = _status(here, store)
    if as_json:
        emit(document)
        return
    for line in _status_lines(document, here.config.digest.timezone, shown=None if every_feed else 5):
        say(line)


def _status(here: Place, store: Store) -> dict[str, Any]:
    from digest import health, schedule

    at, settings = now(), here.config.digest
    records = store.feeds()
    states = [r.state for r in records]
    times = store.entry_times(limit=20)
    troubles = [(s, t) for s in states for t in health.troubles(s, times.get(s.feed_id, ()), at)]
    open_week = schedule.week_of(at, settings.week_ends, settings.timezone)
    issues = store.issues()
    next_due = [s.due_at for s in states if s.due_at and not s.gone_at]
    return {
        "at": moment(at),
        "runs": [
            {
                "command": r.command,
                "started": moment(r.started_at),
                "ended": moment(r.ended_at),
                "ok": r.ok,
                "summary": r.summary,
            }
            for r in store.runs(5)
        ],
        "feeds": {
            "subscribed": len(records),
            "never_polled": sum(s.polled_at is None for s in states),
            "due_now": sum(not s.gone_at and (s.due_at is None or s.due_at <= at) for s in states),
            "next_due": moment(min(next_due, default=None)),
            "failing": [
                {
                    "url": s.url,
                    "since": moment(s.failing_since),
                    "failures": s.failures,
                    "error": s.error,
                    "due": moment(s.due_at),
                }
                for s in states
                if s.error and not s.gone_at
            ],
            "gone": [{"url": s.url, "since": moment(s.gone_at)} for s in states if s.gone_at],
            "moved": [
                {"url": s.url, "to": s.moved_to} for s in states if s.moved_to and s.moved_sightings > 1
            ],
            "taken": [
                {"url": s.url, "since": moment(t.since), "detail": t.detail}
                for s, t in troubles
                if t.kind == "taken"
            ],
            "silent": [{"url": s.url, "since": moment(t.since)} for s, t in troubles if t.kind == "silent"],
            "read_leniently": [{"url": s.url, "warning": s.warning} for s in states if s.warning],
            "due": [
                {"url": s.url, "due": moment(s.due_at), "why": s.due_reason or "never asked yet"}
                for s in sorted(states, key=lambda s: (s.due_at is not None, s.due_at or at, s.url))
                if not s.gone_at
            ],
        },
        "entries": sum(r.entries for r in records),
        "open_week": {
            "week": open_week,
            "closes": moment(schedule.period(open_week, settings.week_ends, settings.timezone).end),
        },
        "issues": [
            {
                "week": r.week,
                "drafted": moment(r.cut_at),
                "built": moment(r.built_at),
                "sent": moment(r.sent_at),
                "waits_for": "" if r.sent_at else str(here.issues / f"{r.week}.md"),
            }
            for r in issues[:10]
        ],
        "uncertain": [
            {"week": d.week, "address": d.address, "at": moment(d.at), "detail": d.detail}
            for r in issues[:10]
            for d in store.deliveries(r.week)
            if d.status in ("uncertain", "sending")
        ],
    }


def _status_lines(document: dict[str, Any], timezone: str, *, shown: int | None) -> list[str]:
    """`shown`: of how many feeds it is told when they are due, None for all."""

    def when(text: str | None) -> str:
        return local(datetime.fromisoformat(text), timezone) if text else "never"

    feeds, week = document["feeds"], document["open_week"]
    lines = [
        f"{feeds['subscribed']} feeds, {document['entries']} entries; {feeds['due_now']} due now"
        + (f", the next at {when(feeds['next_due'])}" if feeds["next_due"] and not feeds["due_now"] else ""),
        f"week {week['week']} closes {when(week['closes'])}; then `digest run` drafts it",
    ]
    for issue in document["issues"]:
        if issue["sent"]:
            lines.append(f"issue {issue['week']}: sent {when(issue['sent'])}")
        else:
            lines.append(f"issue {issue['week']}: waits for approved = true in {issue['waits_for']}")
    for feed in feeds["failing"]:
        lines.append(
            f"failing since {when(feed['since'])} ({feed['failures']} times, next try {when(feed['due'])}): "
            f"{feed['url']}: {feed['error']}"
        )
    lines += [f"gone since {when(f['since'])}, not asked again: {f['url']}" for f in feeds["gone"]]
    lines += [
        f"moved for good: {f['url']} -> {f['to']} (`digest feeds export` writes it)" for f in feeds["moved"]
    ]
    lines += [
        f"another feed since {when(f['since'])}: {f['url']}: {f['detail']} "
        "(`digest feeds remove`, or accept it: `digest feeds check --revive`)"
        for f in feeds["taken"]
    ]
    lines += [
        f"silent since {when(f['since'])}, far longer than its rhythm: {f['url']}" for f in feeds["silent"]
    ]
    lines += [f"read leniently: {f['url']}: {f['warning']}" for f in feeds["read_leniently"]]
    lines += [
        f"due {when(f['due']) if f['due'] else 'now'}: {f['url']} ({f['why']})" for f in feeds["due"][:shown]
    ]
    if shown is not None and len(feeds["due"]) > shown:
        lines.append(f"… and {len(feeds['due']) - shown} feeds later: `digest status --feeds`")
    for delivery in document["uncertain"]:
        lines.append(
            f"uncertain since {when(delivery['at'])}: the copy of {delivery['week']} for {delivery['address']} may have "
            "arrived; it is not sent again by itself"
        )
    for run in document["runs"][:1]:
        lines.append(f"last run {when(run['started'])}: {run['summary'] or 'did not end'}")
    return lines
