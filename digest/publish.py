"""Publishing: draft a week, build its file into every output, send it. The shell of the second half.

    draft  store.candidates | dedup.stories | topics.tagged | rank.scored | rank.selected | issue.assembled
           | store.save_issue | issues/WEEK.md
    build  issues/WEEK.md | issue.read | render.* | public/WEEK/
    send   public/WEEK/ | store.claim | deliver | store.record

An issue is saved before its file is written, a delivery claimed before and recorded after: each step can be
repeated after a crash at any line.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from digest import dedup, issue, mail, rank, schedule, topics
from digest.errors import DeliveryError, DraftError, UsageError
from digest.files import write_whole
from digest.model import (
    Candidate,
    Coverage,
    Decision,
    Delivery,
    Draft,
    Issue,
    IssueRecord,
    Message,
    Period,
    Receipt,
    Rendered,
    Scored,
    Story,
    Target,
)

if TYPE_CHECKING:
    from digest.deliver import Deliverer
    from digest.render import Look
    from digest.store import Store

log = logging.getLogger(__name__)

OUTPUTS = {
    "web": "index.html",
    "email": "email.html",
    "text": "email.txt",
    "markdown": "issue.md",
    "telegram": "telegram.json",
}
"""Module under render/ and the file it makes."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What drafting and building work with: the store, the folders, and the curator's settings."""

    store: Store
    issues: Path
    public: Path
    masthead: issue.Masthead
    topics: tuple[topics.Topic, ...] = ()
    limits: rank.Limits = field(default_factory=rank.Limits)
    weights: rank.Weights = field(default_factory=rank.Weights)
    shelf: int = 40
    split: tuple[str, ...] = ()
    join: tuple[tuple[str, ...], ...] = ()
    week_ends: str = "Sunday 20:00"
    timezone: str = "UTC"

    def path(self, week: str) -> Path:
        """The draft that the curator edits."""
        return self.issues / f"{week}.md"


@dataclass(frozen=True, slots=True)
class Drafted:
    draft: Draft
    path: Path
    written: bool
    """False when the draft was there already and was left as it is."""


@dataclass(frozen=True, slots=True)
class Built:
    draft: Draft
    files: dict[str, Path]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one issue's deliveries in this run; `waiting` readers are tried again by the next."""

    week: str
    sent: int = 0
    already: int = 0
    failed: tuple[str, ...] = ()
    """The servers' words for readers that are refused for good."""
    waiting: tuple[str, ...] = ()
    uncertain: int = 0


# --- draft ----------------------------------------------------------------------------------------


def draft(desk: Desk, week: str, now: datetime, *, again: bool = False) -> Drafted:
    """Freeze the candidates of `week` and write issues/WEEK.md. What is there is kept unless `again`.

    With `again` the candidates are chosen anew, and the edited file is kept beside it as WEEK.md.bak.
    """
    path, record = desk.path(week), desk.store.issue(week)
    if record and record.sent_at and again:
        raise UsageError(week, "was sent; an issue that readers have is not drafted again")
    if record is None or again:
        record = _frozen(desk, week, now)
    elif path.exists():
        return Drafted(record.draft, path, written=False)
    text = issue.draft_markdown(record.draft)
    if path.exists() and path.read_text("utf-8") != text:
        path.replace(path.with_name(f"{path.name}.bak"))
    write_whole(path, text.encode())
    return Drafted(record.draft, path, written=True)


CARRIED_SPAN = timedelta(days=120)
"""How far back the texts of what issues carried are compared: reposts come within weeks, not years."""

NEWS_VOICES = 3
"""From so many independent sources that speak of it anew, a story that an earlier issue carried may come again."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The stories of a week as rank sees them, best first. `seen` names by key the earlier issue that carried one."""

    stories: tuple[Scored, ...]
    coverage: Coverage
    seen: Mapping[str, str]


def reading(desk: Desk, week: str, now: datetime) -> Reading:
    """The week's entries that were seen by `now`, folded, tagged, scored and selected. Stores nothing."""
    period = schedule.period(week, desk.week_ends, desk.timezone)
    candidates = _candidates(desk, week, now)
    folded = dedup.stories(candidates, split=desk.split, join=desk.join, language=desk.masthead.language)
    handle = desk.masthead.handle
    tags = {s.key: topics.tagged(s, desk.topics, own_handle=handle) for s in folded}
    sections = [t.tag for t in desk.topics]
    ranked = rank.scored(
        folded, tags, period=period, interests=sections, weights=desk.weights, own_handle=handle
    )
    seen = _seen(desk, week, period, folded)
    chosen = rank.selected(
        ranked,
        desk.limits,
        sections=sections,
        own_handle=handle,
        carried={story.key: seen[story.key] for story in folded if story.key in seen and not _is_news(story)},
        weights=desk.weights,
    )
    feeds = len({c.feed.url for c in candidates})
    return Reading(chosen, Coverage(feeds=feeds, entries=len(candidates), stories=len(folded)), seen)


def _candidates(desk: Desk, week: str, now: datetime) -> list[Candidate]:
    period = schedule.period(week, desk.week_ends, desk.timezone)
    previous_cut = max((r.cut_at for r in desk.store.issues() if r.week < week), default=None)
    return desk.store.candidates(period, now, previous_cut)


def _seen(desk: Desk, week: str, period: Period, folded: Sequence[Story]) -> dict[str, str]:
    """By story key the last earlier issue that carried it: under any address of its members, or in the same words."""
    carried = desk.store.carried(week)
    seen = {}
    for story in folded:
        weeks = [carried[key] for member in story.members for key in dedup.keys(member) if key in carried]
        if weeks:
            seen[story.key] = max(weeks)
    since = schedule.week_of(period.start - CARRIED_SPAN, desk.week_ends, desk.timezone)
    entries = desk.store.carried_entries(since, week)
    weeks_of = {candidate.entry_id: last for candidate, last in entries}
    again = dedup.repeated([s for s in folded if s.key not in seen], [candidate for candidate, _ in entries])
    return seen | {key: weeks_of[candidate.entry_id] for key, candidate in again.items()}


def _is_news(story: Story) -> bool:
    """Whether a story carried before is important again: independent sources that say something of their own.

    The curator's own posts need no leave: they are always in.
    """
    repeated = {e.entry_id for e in story.evidence if dedup.is_repetition(e)}
    others = tuple(other for other in story.others if other.entry_id not in repeated)
    return len(rank.voices(replace(story, others=others, evidence=()))) >= NEWS_VOICES


def _frozen(desk: Desk, week: str, now: datetime) -> IssueRecord:
    found = reading(desk, week, now)
    drafted = issue.assembled(
        found.stories,
        desk.masthead,
        period=schedule.period(week, desk.week_ends, desk.timezone),
        made_at=now,
        coverage=found.coverage,
        shelf=desk.shelf,
        seen=found.seen,
    )
    record = IssueRecord(drafted, cut_at=now)
    desk.store.save_issue(record, [_decision(week, one) for one in found.stories], replace=True)
    return record


def _decision(week: str, one: Scored) -> Decision:
    story = one.story
    return Decision(
        week=week,
        key=story.key,
        title=story.lead.entry.title or story.lead.entry.url,
        score=one.score,
        parts=one.parts,
        tags=one.tags,
        section=one.section,
        verdict=one.verdict,
        entry_ids=tuple(m.entry_id for m in story.members),
        evidence=story.evidence,
    )


# --- build ----------------------------------------------------------------------------------------


def read(desk: Desk, week: str) -> Draft:
    """issues/WEEK.md as it stands, with the frozen facts behind it."""
    path, record = desk.path(week), desk.store.issue(week)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError(str(path), f"not found; `digest draft {week}` writes it") from error
    except UnicodeDecodeError as error:
        raise DraftError(str(path), "is not UTF-8 text; save it as UTF-8 in your editor") from error
    return issue.read(text, record.draft if record else None, str(path))


def build(desk: Desk, week: str, look: Look, now: datetime) -> Built:
    """Render issues/WEEK.md into public/WEEK/, and the site's index and feed beside it.

    All files are rendered before the first is written: a template that fails leaves the old build as it was.
    """
    read_draft = read(desk, week)
    rendered = render(read_draft.issue, look)
    site = import_module("digest.render.site").render_site(_published(desk, read_draft.issue), look)
    folder = desk.public / week
    for one in rendered:
        write_whole(folder / one.name, one.body)
    for one in site:
        write_whole(desk.public / one.name, one.body)
    desk.store.mark_built(week, now, read_draft)
    return Built(read_draft, {one.name: folder / one.name for one in rendered})


def is_stale(desk: Desk, week: str) -> bool:
    """Not built yet, or the draft was edited since."""
    html, edited = desk.public / week / OUTPUTS["email"], desk.path(week)
    return not html.exists() or (edited.exists() and edited.stat().st_mtime_ns > html.stat().st_mtime_ns)


def render(one: Issue, look: Look) -> tuple[Rendered, ...]:
    """Every output of an issue."""
    return tuple(import_module(f"digest.render.{name}").render(one, look) for name in OUTPUTS)


def _published(desk: Desk, current: Issue) -> list[Issue]:
    """The issues of the site, newest first: those built before, as their files stand, and this one."""
    found = {current.week: current}
    for record in desk.store.issues():
        if record.week != current.week and record.built_at and desk.path(record.week).exists():
            found[record.week] = read(desk, record.week).issue
    return [found[week] for week in sorted(found, reverse=True)]


# --- send -----------------------------------------------------------------------------------------


def message(desk: Desk, week: str, settings: MailSettings) -> Message:
    """The mail of a built issue. Raises UsageError when it is not built, or its draft was edited since."""
    folder = desk.public / week
    if is_stale(desk, week):
        raise UsageError(
            week, f"is not built, or was edited since; run `digest build {week}` and look at public/{week}/"
        )
    one = read(desk, week).issue
    base = one.base_url
    return Message(
        week=week,
        subject=f"{one.title}: {one.headline}" if one.headline else one.title,
        html=(folder / OUTPUTS["email"]).read_text("utf-8"),
        text=(folder / OUTPUTS["text"]).read_text("utf-8"),
        sender=settings.sender,
        date=one.made_at,
        reply_to=settings.reply_to,
        list_id=settings.list_id,
        archive_url=f"{base}/" if base else "",
        issue_url=f"{base}/{week}/" if base else "",
        unsubscribe_url="" if settings.unsubscribe.startswith("mailto:") else settings.unsubscribe,
        unsubscribe_mail=settings.unsubscribe if settings.unsubscribe.startswith("mailto:") else "",
        language=one.language,
    )


@dataclass(frozen=True, slots=True)
class MailSettings:
    sender: str
    reply_to: str = ""
    list_id: str = ""
    unsubscribe: str = ""
    secret: str = ""
    """Keys the Message-ID and the unsubscribe token of each reader."""


def send(
    desk: Desk,
    one: Message,
    targets: Sequence[Target],
    deliverer: Deliverer,
    secret: str,
    clock: Callable[[], datetime],
    progress: Callable[[], None] = lambda: None,
) -> Sent:
    """Deliver to every target not yet served. The caller holds the send lock.

    Each copy is claimed before and recorded after; what a dead process left claimed becomes uncertain and is shown,
    never resent.
    """
    store = desk.store
    uncertain = store.settle_interrupted(clock())
    before = store.deliveries(one.week)
    receipts = []
    if pending := waiting(desk, one.week, targets):
        with deliverer:
            for target in pending:
                if receipt := _delivered(store, one, target, deliverer, secret, clock):
                    receipts.append(receipt)
                progress()
    put_off = [r.detail for r in receipts if r.status == "failed" and r.temporary]
    if not put_off:
        store.mark_sent(one.week, clock())
    return Sent(
        one.week,
        sent=sum(r.status == "sent" for r in receipts),
        already=sum(d.status == "sent" for d in before),
        failed=tuple(r.detail for r in receipts if r.status == "failed" and not r.temporary),
        waiting=tuple(put_off),
        uncertain=uncertain + sum(r.status == "uncertain" for r in receipts),
    )


def waiting(desk: Desk, week: str, targets: Sequence[Target]) -> tuple[Target, ...]:
    """Who has not got the issue and may: not sent, not uncertain, not refused for good."""
    closed = {d.address for d in desk.store.deliveries(week) if not (d.status == "failed" and d.temporary)}
    return tuple({t.address: t for t in targets if t.address not in closed}.values())


def sample(
    one: Message, target: Target, deliverer: Deliverer, secret: str, clock: Callable[[], datetime]
) -> Receipt:
    """One test mail, with a Message-ID of its own; nothing is recorded."""
    test = replace(one, subject=f"[test] {one.subject}")
    copy = mail.mime(test, target, token=mail.token(target, secret), secret=secret, copy=clock().isoformat())
    with deliverer:
        return deliverer.deliver(copy, mail.address_of(one.sender), target.address)


def _delivered(
    store: Store,
    one: Message,
    target: Target,
    deliverer: Deliverer,
    secret: str,
    clock: Callable[[], datetime],
) -> Receipt | None:
    """One reader's copy, claimed, handed over, recorded; None when another process has it.

    A DeliveryError concerns all readers (the server is down): it is recorded for this one, and ends the run.
    """
    identity = mail.message_id(one, target, secret=secret)
    copy = mail.mime(one, target, token=mail.token(target, secret), secret=secret)
    if not store.claim(one.week, deliverer.channel, target.address, identity, clock()):
        return None

    def record(receipt: Receipt) -> None:
        fate = (receipt.status, clock(), receipt.detail, receipt.temporary)
        store.record(Delivery(one.week, deliverer.channel, target.address, identity, *fate))

    try:
        receipt = deliverer.deliver(copy, mail.address_of(one.sender), target.address)
    except DeliveryError as error:
        status: Literal["uncertain", "failed"] = "uncertain" if error.uncertain else "failed"
        record(Receipt(status, error.message, temporary=not error.uncertain))
        raise
    record(receipt)
    return receipt
