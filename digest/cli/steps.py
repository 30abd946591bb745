"""The steps that several commands share, and the lines that tell of them.

Most runs of a cron job find nothing to do: each step imports what it works with when there is work.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from digest.cli.place import Place, now
from digest.errors import UsageError
from digest.model import Feed, FeedRecord, Outcome, PollReport, Target

if TYPE_CHECKING:
    from digest.poll import PollSettings
    from digest.publish import Desk, Drafted, MailSettings, Sent
    from digest.store import Store


# --- poll -----------------------------------------------------------------------------------------


def polled(
    here: Place, store: Store, *, only: str | None = None, force: bool = False, recorded: bool = False
) -> PollReport:
    """Bring the store's list up to feeds.opml, ask what is due, save what comes. `recorded` is the demo's net."""
    at = _recorded_now() if recorded else now()
    here.sync(store, at)
    records = store.feeds()
    if only:
        records = [record_named(records, only)]
    chosen = _due(records, at, force=force)
    if not chosen:
        return PollReport((), skipped=len(records))
    import asyncio

    with _progress(len(chosen)) as advance:
        outcomes = asyncio.run(_asked(here, store, chosen, advance, recorded=recorded))
    return PollReport(outcomes, skipped=len(records) - len(chosen))


def _recorded_now() -> datetime:
    from digest.demo import NOW

    return NOW


def _due(records: Sequence[FeedRecord], at: datetime, *, force: bool) -> list[FeedRecord]:
    """As `poll.due`, without the imports of a poll when there is none."""
    from digest.schedule import is_due

    if not force and not any(is_due(r.state, at) for r in records):
        return []
    from digest.poll import due

    return due(records, at, force=force)


async def _asked(
    here: Place,
    store: Store,
    records: Sequence[FeedRecord],
    advance: Callable[[Outcome], None],
    *,
    recorded: bool,
) -> tuple[Outcome, ...]:
    from digest.poll import poll

    settings = poll_settings(here)
    if recorded:
        from digest import demo
        from digest.work import Inline

        return await poll(records, demo.net(), Inline(), store, settings, lambda: demo.NOW, advance)
    from digest.cli.net import opened

    async with opened(here, store) as (net, workers):
        return await poll(records, net, workers, store, settings, now, advance)


def poll_settings(here: Place) -> PollSettings:
    from digest.poll import PollSettings
    from digest.schedule import Rhythm

    fetch = here.config.fetch
    return PollSettings(
        Rhythm(fetch.interval, fetch.max_interval),
        pages=fetch.pages,
        concurrency=fetch.concurrency,
        per_host=fetch.per_host,
        options={"telegram": {"hosts": fetch.telegram_hosts}},
    )


def record_named(records: Sequence[FeedRecord], text: str) -> FeedRecord:
    """The one record whose feed `text` names."""
    feed = feed_named([record.feed for record in records], text)
    return next(record for record in records if record.feed is feed)


def feed_named(feeds: Sequence[Feed], text: str) -> Feed:
    """The one feed that `text` names: its address, or part of address or title that no other feed shares."""
    exact = [f for f in feeds if f.url == text]
    part = text.casefold()
    close = exact or [f for f in feeds if part in f.url.casefold() or part in f.title.casefold()]
    if not close:
        raise UsageError(text, "no such feed; `digest feeds list` shows them")
    if len(close) > 1:
        names = ", ".join(f.url for f in close[:5])
        raise UsageError(text, f"{len(close)} feeds match ({names}); say more of the address")
    return close[0]


def told(report: PollReport) -> str:
    """One line for a poll."""
    asked = len(report.outcomes)
    if not asked:
        return f"polled: nothing due of {report.skipped} feeds"
    parts = [f"{report.new} new", f"{report.updated} updated"]
    if pages := sum(o.pages for o in report.outcomes):
        parts.append(f"{pages} pages read")
    if report.failed:
        parts.append(f"{len(report.failed)} feeds failed")
    if paused := sum(o.status == "paused" for o in report.outcomes):
        parts.append(f"{paused} put off by their hosts")
    return f"polled {asked} feeds: {', '.join(parts)}" + (
        f"; {report.skipped} not due" if report.skipped else ""
    )


def poll_lines(report: PollReport) -> list[str]:
    """The summary, then each feed that failed and why."""
    return [told(report), *(f"  {o.url}: {o.error}" for o in report.failed)]


def report_as_json(report: PollReport) -> dict[str, Any]:
    return {
        "asked": len(report.outcomes),
        "not_due": report.skipped,
        "new": report.new,
        "updated": report.updated,
        "feeds": [asdict(outcome) for outcome in report.outcomes],
    }


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Outcome], None]]:
    """Feeds done, entries new and errors."""
    new = errors = 0
    with _bar("polling", total) as moved:

        def advance(outcome: Outcome) -> None:
            nonlocal new, errors
            new += outcome.new
            errors += outcome.status in ("failed", "gone")
            moved(1, f"{new} new, {errors} errors")

        yield advance


@contextmanager
def _bar(name: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """A bar on a terminal, to be moved by so many steps with a word on them; silent elsewhere."""
    if not sys.stderr.isatty():
        yield lambda steps, word: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[word]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=total, word="")
        yield lambda steps, word: bar.update(task, advance=steps, word=word)


# --- search ---------------------------------------------------------------------------------------


def index(store: Store) -> None:
    """Make searchable what came or changed since the last time."""
    waiting = store.unindexed()
    if not waiting:
        return
    with _bar("indexing", waiting) as moved:
        while done := store.index():
            moved(done, "entries")


# --- draft and send -------------------------------------------------------------------------------


def drafted_line(drafted: Drafted) -> str:
    issue = drafted.draft.issue
    if not drafted.written:
        return f"{issue.week} is drafted already: {drafted.path} (--again chooses anew)"
    shelf = f", {len(drafted.draft.shelf)} more on its shelf" if drafted.draft.shelf else ""
    return (
        f"{issue.week} drafted: {len(issue.items)} items from {issue.coverage.entries} entries "
        f"of {issue.coverage.feeds} feeds{shelf}; edit {drafted.path}"
    )


def mail_settings(here: Place, store: Store) -> MailSettings:
    """Who writes and how to leave. Raises UsageError when [mail] says too little."""
    from digest.publish import MailSettings

    mail, path = here.config.mail, here.folder / "digest.toml"
    for key, value in (("from", mail.sender), ("smtp (or folder)", mail.smtp or mail.folder)):
        if not value:
            raise UsageError(f"{path}: mail.{key}", "is not set; sending needs it")
    return MailSettings(mail.sender, mail.reply_to, mail.list_id, mail.unsubscribe, store.secret())


def sent(here: Place, desk: Desk, week: str, clock: Callable[[], datetime] = now) -> Sent:
    """Deliver to every subscriber not yet served. The caller holds the send lock."""
    from digest import publish

    settings = mail_settings(here, desk.store)
    targets = here.config.mail.targets
    if not targets:
        raise UsageError(f"{here.folder / 'digest.toml'}: mail.subscribers", "is empty; nobody to send to")
    message = publish.message(desk, week, settings)
    return publish.send(desk, message, targets, here.deliverer(), settings.secret, clock)


def rehearsed(here: Place, desk: Desk, week: str, to: str | None) -> str:
    """`--to`: one test mail that is not recorded. `--dry-run`: who would get it."""
    from digest import publish

    settings = mail_settings(here, desk.store)
    message = publish.message(desk, week, settings)
    if to is None:
        waiting = publish.waiting(desk, week, here.config.mail.targets)
        names = "".join(f"\n  {target.address}" for target in waiting)
        return f"{week}: {message.subject!r} would go to {len(waiting)} of {len(here.config.mail.targets)}{names}"
    receipt = publish.sample(message, Target(to), here.deliverer(), settings.secret, now)
    return f"{week}: test mail to {to}: {receipt.status} {receipt.detail}".rstrip()


def sent_line(sent: Sent) -> str:
    parts = [f"{sent.sent} sent"]
    if sent.already:
        parts.append(f"{sent.already} had it")
    if sent.failed:
        parts.append(f"{len(sent.failed)} refused for good")
    if sent.waiting:
        parts.append(f"{len(sent.waiting)} to be tried again")
    if sent.uncertain:
        parts.append(f"{sent.uncertain} uncertain (see `digest status`; not sent again by itself)")
    return f"{sent.week} mailed: {', '.join(parts)}"
