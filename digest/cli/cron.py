"""`digest run`: poll, draft, build, send, each when it is its time. What it did and what it waits for, in lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from digest.cli import steps
from digest.cli.place import Place, local, moment, now
from digest.errors import DeliveryError, DigestError

if TYPE_CHECKING:
    from digest.model import PollReport
    from digest.publish import Desk
    from digest.store import Store


_SHOWN = 20
"""News of feeds in a run's lines: who has subscribed to a long old list has a hundred at once. A mail tells all."""


@dataclass
class Done:
    """What one run came to."""

    lines: list[str] = field(default_factory=list)
    ok: bool = True
    poll: PollReport | None = None
    drafted: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def problem(self, error: DigestError) -> None:
        self.problems.append(str(error))
        self.lines.append(f"problem: {error}")
        self.ok = False

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "at": moment(now()),
            "poll": steps.report_as_json(self.poll) if self.poll else None,
            "drafted": self.drafted,
            "waiting": self.waiting,
            "built": self.built,
            "sent": self.sent,
            "problems": self.problems,
            "health": self.health,
        }


def run_once(here: Place, store: Store) -> Done:
    """One run, under the caller's lock. One step's failure is told and does not stop the others."""
    done, started = Done(), store.start_run("run", now())
    try:
        _poll(here, store, done)
        week = here.week(None)
        if not (here.draft(week).exists() and store.has_issue(week)):
            try:
                _draft(here, store, week, done)
            except DigestError as error:
                done.problem(error)
        for week in store.unsent():
            if _is_unapproved(here, week):
                _wait(here, week, done)
            else:
                _publish(here, here.desk(store), week, done)
        done.lines.append(_next_close(here))
        _index(store, done)
    finally:
        store.end_run(started, done.ok, "; ".join(done.lines), now())
    return done


def _index(store: Store, done: Done) -> None:
    """Last, when nobody waits: so a search finds at once what hourly runs brought."""
    try:
        steps.index(store)
    except DigestError as error:
        done.problem(error)


def _next_close(here: Place) -> str:
    """What comes next of itself."""
    from digest.schedule import period, week_of

    settings = here.config.digest
    week = week_of(now(), settings.week_ends, settings.timezone)
    closes = period(week, settings.week_ends, settings.timezone).end
    return f"{week} closes {local(closes, settings.timezone)} and is drafted then"


def _poll(here: Place, store: Store, done: Done) -> None:
    try:
        done.poll = steps.polled(here, store)
    except DigestError as error:
        done.problem(error)
        return
    done.lines.append(steps.told(done.poll))
    done.ok = done.ok and not done.poll.failed
    if done.poll.outcomes:
        _tell_health(here, store, done)


def _tell_health(here: Place, store: Store, done: Done) -> None:
    """What began to be wrong with a feed, and what ended, once each: in the run's lines and to `mail.report_to`.

    It counts as told afterwards, so that a run that dies before is made up for by the next.
    """
    from dataclasses import replace

    from digest import health

    times, at = store.entry_times(limit=20), now()
    found = [n for r in store.feeds() if (n := health.news(r, times.get(r.state.feed_id, ()), at))]
    if not found:
        return
    done.health = health.lines(found)
    done.lines.extend(f"  {line}" for line in done.health[:_SHOWN])
    if (more := len(done.health) - _SHOWN) > 0:
        done.lines.append(f"  and {more} more; `digest status` lists them all")
    if here.config.mail.report_to:
        try:
            _mail_report(here, done.health)
        except DigestError as error:
            done.problem(error)
            return
    store.save_states([replace(one.feed.state, told=one.now) for one in found])


def _mail_report(here: Place, lines: list[str]) -> None:
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import format_datetime, make_msgid

    from digest.mail import address_of, sender_domain

    mail = here.config.mail
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = mail.sender, mail.report_to
    message["Subject"] = f"{here.config.digest.title}: {len(lines)} news of your feeds"
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain=sender_domain(mail.sender))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines) + "\n\n`digest status` tells more.\n")
    with here.deliverer() as deliverer:
        receipt = deliverer.deliver(bytes(message), address_of(mail.sender), mail.report_to)
    if receipt.status == "failed":
        raise DeliveryError(mail.smtp or mail.folder, f"the report was refused: {receipt.detail}")


def _draft(here: Place, store: Store, week: str, done: Done) -> None:
    """Draft the week that closed last; a digest that has no issue and no entry of that week makes no empty one."""
    from digest.schedule import period

    settings = here.config.digest
    days = period(week, settings.week_ends, settings.timezone)
    if not store.has_issue() and not store.candidates(days, now(), None):
        done.lines.append(f"no entries from {week} yet: nothing to draft")
        return
    from digest import publish

    drafted = publish.draft(here.desk(store), week, now())
    done.drafted.append(week)
    done.lines.append(steps.drafted_line(drafted))


def _goes_by_itself(here: Place, week: str) -> bool:
    return here.config.digest.approve == "auto" and week == here.week(None)


def _is_unapproved(here: Place, week: str) -> bool:
    """Whether nobody touched that line of the draft: known without reading all of it, hour after hour."""
    try:
        text = here.draft(week).read_bytes()
    except OSError:
        return False
    return b"\napproved = false\n" in text and not _goes_by_itself(here, week)


def _wait(here: Place, week: str, done: Done) -> None:
    done.waiting.append(week)
    done.lines.append(f"{week} waits for you: edit {here.draft(week)} and set approved = true")


def _publish(here: Place, desk: Desk, week: str, done: Done) -> None:
    from digest import publish

    try:
        if not publish.read(desk, week).approved and not _goes_by_itself(here, week):
            _wait(here, week, done)
            return
        if publish.is_stale(desk, week):
            publish.build(desk, week, here.look(), now())
            done.built.append(week)
            done.lines.append(f"{week} built: {desk.public / week}")
        if not here.mails:
            done.lines.append(
                f"{week}: no mail is sent, [mail] in digest.toml names no way or no subscribers"
            )
            desk.store.mark_sent(week, now())
            return
        with desk.store.lock("send") as ours:
            if not ours:
                done.lines.append(f"{week}: another process is sending it")
                return
            sent = steps.sent(here, desk, week)
        done.sent[week] = sent.sent
        done.lines.append(steps.sent_line(sent))
        done.ok = done.ok and not (sent.failed or sent.waiting or sent.uncertain)
    except DigestError as error:
        done.problem(error)
