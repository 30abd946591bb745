"""When a feed is asked again, what an answer changes in its state, and which week a moment belongs to.

Pure: every function takes `now`. Two kinds of limits meet here. What the feed asks for (max-age, ttl, Retry-After,
skipHours …) is never undercut; how long it may keep us away is the user's ceiling, or a week for a host in trouble.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from statistics import median
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from digest.errors import (
    ConfigError,
    DigestError,
    HostPaused,
    HttpError,
    NotAFeed,
    SourceRefused,
    UsageError,
)
from digest.model import Feed, FeedState, ParsedFeed, Period, Response, ScheduleHints

LONGEST_WAIT = timedelta(days=7)
"""No failure and no host keeps us away longer, so that whatever broke heals by itself."""

VALIDATORS_LAST = timedelta(days=8)
"""Some servers answer 304 for ever once they have begun; NetNewsWire draws the line at eight days too
(LocalAccountRefresher.swift)."""

SIGHTINGS = 2
"""Of the same permanent redirect, before it is believed."""

FORGIVEN = 3
"""Failures at the address a feed moved to, before its first address is tried again."""

_JITTER = 0.15
_EPOCH = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the web there were no posts; what claims to be older has a broken date."""

_LANDING = re.compile(
    r"(?:^|[/._-])(?:log-?in|sign-?in|sso|oauth2?|accounts?|consent|captcha|challenge|landing-?page|parked|"
    r"suspended|maintenance)(?:[/._-]|$)",
    re.IGNORECASE,
)
"""Where hotels, firewalls and expired domains send everybody; a feed never moves there."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The user's bounds: no feed is asked more often than `floor` or less often than `ceiling`."""

    floor: timedelta = timedelta(hours=1)
    ceiling: timedelta = timedelta(days=1)


# --- what an answer changes ---------------------------------------------------------------------------


def after_response(
    state: FeedState,
    response: Response | None,
    parsed: ParsedFeed,
    now: datetime,
    *,
    is_all_new: bool = False,
) -> FeedState:
    """The feed's state after a poll that worked: healed, with the answer's validators and what the document says.

    To be saved in one transaction with the entries, or the validators would hide what was not kept.
    `response` is that of the feed's own address; None when the source had no need to ask. `is_all_new`: entries were
    known of it, and the document holds none of them.
    """
    healed = replace(
        _titled(state, parsed.title, now, is_all_new),
        polled_at=now,
        ok_at=now,
        failures=0,
        failing_since=None,
        error="",
        became="",
        gone_at=None,
        profile=parsed.profile or state.profile,
    )
    if not parsed.not_modified:
        healed = replace(healed, hints=parsed.hints, cursor=parsed.cursor, warning="; ".join(parsed.warnings))
    elif parsed.warnings:
        healed = replace(healed, warning="; ".join(parsed.warnings))
    if response is None:
        return healed
    return _moved(_validated(healed, response, now), response)


def after_error(state: FeedState, feed: Feed, error: DigestError, rhythm: Rhythm, now: datetime) -> FeedState:
    """The feed's state after a poll that failed: what, since when, and when it is tried again.

    Nothing that was learnt before is lost. A feed that was not asked because its host wants no requests is not failing.
    """
    if isinstance(error, HostPaused):
        return replace(state, due_at=error.until, due_reason="its host asked for a pause")
    response = error.response if isinstance(error, HttpError) else None
    failed = replace(
        state,
        polled_at=now,
        failures=state.failures + 1,
        failing_since=state.failing_since or now,
        error=error.message,
        became=error.message if state.ok_at and isinstance(error, (NotAFeed, SourceRefused)) else "",
    )
    moved = state.address != state.url
    if moved and (failed.failures >= FORGIVEN or _status(response) == 410):
        failed = replace(failed, address=state.url, moved_to="", moved_sightings=0, etag="", last_modified="")
    elif _status(response) == 410:
        return replace(
            failed, gone_at=now, due_at=None, due_reason="gone (410): not asked again until revived"
        )
    at, reason = backed_off(failed, feed, response, rhythm, now)
    return replace(failed, due_at=at, due_reason=reason)


def rescheduled(
    state: FeedState,
    feed: Feed,
    response: Response | None,
    parsed: ParsedFeed,
    times: Iterable[datetime],
    rhythm: Rhythm,
    now: datetime,
) -> FeedState:
    """`state` with its next poll after one that worked; `times` are those of the feed's entries, in any order."""
    at, reason = next_due(state, feed, response, parsed.earliest_due, times, rhythm, now)
    return replace(state, due_at=at, due_reason=reason)


def revived(state: FeedState) -> FeedState:
    """A gone, failing or taken feed as if nothing were wrong, so that the next poll asks it without conditions."""
    return replace(
        state,
        gone_at=None,
        failures=0,
        failing_since=None,
        error="",
        etag="",
        last_modified="",
        due_at=None,
        due_reason="",
        taken_at=None,
        former_title="",
    )


def is_due(state: FeedState, now: datetime) -> bool:
    """Whether the feed may be asked: never once it is gone, nor in its closed hours and days (skipHours, skipDays).

    Those give way after a week, for a cron job that comes in closed hours only.
    """
    if state.gone_at is not None or state.due_at is None or state.due_at > now:
        return state.gone_at is None and state.due_at is None
    return opens_at(state.hints, now) == now or now - state.due_at >= LONGEST_WAIT


def _validated(state: FeedState, response: Response, now: datetime) -> FeedState:
    """A 200 says all there is to say, so what it leaves out is withdrawn; a 304 may repeat, renew or be silent."""
    etag, last_modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
    if response.status != 304:
        return replace(
            state,
            etag=etag,
            last_modified=last_modified,
            body_sha256=hashlib.sha256(response.body).hexdigest(),
            changed_at=now,
        )
    if state.changed_at is not None and now - state.changed_at >= VALIDATORS_LAST:
        return replace(state, etag="", last_modified="")
    return replace(state, etag=etag or state.etag, last_modified=last_modified or state.last_modified)


def _moved(state: FeedState, response: Response) -> FeedState:
    """A permanent move counts when it is seen again as it was, and the document there was a feed."""
    if response.url != state.address:  # a source that asks another address keeps its own counsel
        return state
    if not response.redirects:
        has_moved_or_never = state.address != state.url or not state.moved_to
        return state if has_moved_or_never else replace(state, moved_to="", moved_sightings=0)
    target = response.redirects[-1].url
    if any(r.status not in (301, 308) for r in response.redirects) or not _is_home(state.address, target):
        return replace(state, moved_to="", moved_sightings=0) if state.address == state.url else state
    sightings = state.moved_sightings + 1 if target == state.moved_to else 1
    address = target if sightings >= SIGHTINGS else state.address
    return replace(state, moved_to=target, moved_sightings=sightings, address=address)


def _is_home(address: str, target: str) -> bool:
    """Whether a feed may live there: not a login or parking page, not a site's front page it never was at."""
    old, new = urlsplit(address), urlsplit(target)
    if _LANDING.search(new.hostname or "") or _LANDING.search(new.path):
        return False
    front = new.path in ("", "/") and not new.query
    return not front or (old.path in ("", "/") and not old.query)


def _titled(state: FeedState, title: str, now: datetime, is_all_new: bool) -> FeedState:
    """Under the title that it has now, and whether that is still the feed that was subscribed.

    Blogs are renamed, and busy feeds show nothing of yesterday; who finds both at once stands before an address that
    somebody else got hold of. It counts as taken until its old title comes back or the curator revives it.
    """
    if not title or title == state.title:
        return state
    if state.taken_at is not None and _is_alike(title, state.former_title):
        return replace(state, title=title, taken_at=None, former_title="")
    if state.taken_at is None and is_all_new and state.title and not _is_alike(title, state.title):
        return replace(state, title=title, taken_at=now, former_title=state.title)
    return replace(state, title=title)


def _is_alike(a: str, b: str) -> bool:
    """Half of the words in common."""
    from digest.text import tokens  # few polls meet a new title

    ours, theirs = set(tokens(a)), set(tokens(b))
    return 2 * len(ours & theirs) >= max(len(ours), len(theirs))


def _status(response: Response | None) -> int:
    return response.status if response else 0


# --- when it is asked again ---------------------------------------------------------------------------


def next_due(
    state: FeedState,
    feed: Feed,
    response: Response | None,
    earliest: datetime | None,
    times: Iterable[datetime],
    rhythm: Rhythm,
    now: datetime,
) -> tuple[datetime, str]:
    """When to ask a working feed again, and why then, for `status`.

    Its own rhythm (or the interval set for it) less up to 15 % of jitter, so that an hourly cron finds an hourly
    feed due; but not before what the answer, the document and the source ask for. Those may keep us away up to
    the ceiling, and beyond it only through closed hours and days, and through what the source knows of itself.
    """
    ceiling = max(rhythm.ceiling, feed.interval or rhythm.ceiling)
    if feed.interval is not None:
        interval, reason = feed.interval, f"set to every {in_words(feed.interval)}"
    else:
        interval, reason = own_interval(times, rhythm, now)
    at = now + interval * (1 - _JITTER * _chance(state.url, now))
    if earliest is not None:
        news = max(min(earliest, now + LONGEST_WAIT), now + rhythm.floor)
        if news > at or feed.interval is None:  # the source knows better than the feed's past
            at, reason = news, "nothing new before"
    for wait, words in _asked_for(state.hints, response, now):
        wait = min(wait, ceiling)
        if now + wait > at:
            at = now + min(wait + timedelta(minutes=10) * _chance(state.url, now), ceiling)
            reason = f"{words} asks for {in_words(wait)}"
    opened = opens_at(state.hints, at)
    if opened != at:
        at = opened + timedelta(minutes=10) * _chance(state.url, now)
        reason += ", then closed (skipHours, skipDays)"
    return at, reason


def own_interval(times: Iterable[datetime], rhythm: Rhythm, now: datetime) -> tuple[timedelta, str]:
    """Half of the feed's usual gap between postings, or of its present silence if that is longer, with the words.

    Postings within an hour are one (a feed that is written once a day has one time for all its items).
    """
    hours = sorted({t.replace(minute=0, second=0, microsecond=0) for t in times if t <= now})[-20:]
    if not hours:
        return rhythm.ceiling, "no posting known yet"
    gaps = [(b - a).total_seconds() for a, b in pairwise(hours)]
    usual = timedelta(seconds=median(gaps)) if gaps else timedelta(0)
    silence = now - hours[-1]
    interval = min(max(max(usual, silence) / 2, rhythm.floor), rhythm.ceiling)
    if silence > usual:
        return interval, f"silent for {in_words(silence)}"
    return interval, f"posts about every {in_words(usual)}"


def backed_off(
    state: FeedState, feed: Feed, response: Response | None, rhythm: Rhythm, now: datetime
) -> tuple[datetime, str]:
    """When to try a failing feed again: 2**failures times its interval or Retry-After, whichever is later.

    Never more than a week ahead.
    """
    interval = feed.interval or rhythm.floor
    wait = min(interval * 2.0 ** min(state.failures, 12), LONGEST_WAIT)
    at = now + wait * (1 - _JITTER * _chance(state.url, now))
    reason = "failed once" if state.failures == 1 else f"failed {state.failures} times in a row"
    asked = retry_after(response.headers, now) if response else None
    if asked is not None and asked > at:
        return asked, "Retry-After asks for it"
    return at, reason


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the server wants to be asked again (RFC 9110, 10.2.3: seconds or a date), at most a week ahead."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        wait: timedelta | None = timedelta(seconds=min(int(value[:12]), 10**9))
    else:
        wait = _until(value, headers, now)
    return None if wait is None else now + min(max(wait, timedelta(0)), LONGEST_WAIT)


def freshness(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long the answer stays good by its own words: max-age less Age, else Expires less Date (RFC 9111, 4.2)."""
    directives = {
        name.strip().lower(): value.strip().strip('"')
        for name, _, value in (part.partition("=") for part in headers.get("cache-control", "").split(","))
    }
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    if (max_age := _seconds(directives.get("max-age", ""))) is not None:
        return max(timedelta(0), max_age - (_seconds(headers.get("age", "")) or timedelta(0)))
    return max(timedelta(0), _until(headers.get("expires", ""), headers, now) or timedelta(0))


def opens_at(hints: ScheduleHints, at: datetime) -> datetime:
    """The first moment from `at` on outside the feed's skipHours and skipDays; `at` if they leave none."""
    if len(hints.skip_hours) >= 24 or len(hints.skip_days) >= 7:
        return at
    moment = at
    while moment.hour in hints.skip_hours or moment.weekday() in hints.skip_days:
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment


def in_words(span: timedelta) -> str:
    """ "45 min", "6 h", "3 days": rounded, for a person."""
    minutes = span.total_seconds() / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"


def _asked_for(
    hints: ScheduleHints, response: Response | None, now: datetime
) -> Iterable[tuple[timedelta, str]]:
    if response is not None:
        name = (
            "Cache-Control" if "max-age" in response.headers.get("cache-control", "").lower() else "Expires"
        )
        yield freshness(response.headers, now), name
    if hints.ttl is not None:
        yield hints.ttl, "ttl"
    if hints.update_period is not None:
        yield hints.update_period, "sy:updatePeriod"


def _until(value: str, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """From the server's own clock (Date) to an HTTP date, so that a wrong clock does no harm; None if unreadable."""
    moment = _http_date(value)
    return None if moment is None else moment - (_http_date(headers.get("date", "")) or now)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _seconds(value: str) -> timedelta | None:
    return timedelta(seconds=min(int(value[:12]), 10**9)) if value.isascii() and value.isdigit() else None


def _chance(url: str, now: datetime) -> float:
    """0 <= x < 1, the same for a feed within an hour: jitter without randomness, so that a poll can be replayed."""
    slot = int(now.timestamp()) // 3600
    digest = hashlib.blake2b(f"{slot} {url}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


# --- moments and weeks --------------------------------------------------------------------------------


def effective_time(published: datetime | None, first_seen: datetime) -> datetime:
    """The moment that decides an entry's week: its publication, unless that is absurd or still to come.

    A time zone taken wrongly puts an entry hours ahead, an event's date months; in both cases it was published
    by the time it was seen. So the result is never after `first_seen`.
    """
    if published is None or not _EPOCH <= published <= first_seen:
        return first_seen
    return published


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def parse_week(text: str) -> str:
    """ "2026-W47", from what a user typed ("2026-w47", "2026W47"). Raises UsageError."""
    match = re.fullmatch(r"\s*(\d{4})-?[Ww](\d{1,2})\s*", text)
    if match is None:
        raise UsageError(text, "not a week; write year and ISO week, such as 2026-W47")
    year, number = int(match[1]), int(match[2])
    try:
        if not 1971 <= year <= 9998:
            raise ValueError
        date.fromisocalendar(year, number, 1)
    except ValueError as error:
        raise UsageError(text, f"the year {year} has no week {number}; see `date +%G-W%V`") from error
    return _named(year, number)


def period(week: str, week_ends: str, timezone: str) -> Period:
    """The ISO week as the curator counts it: up to its `week_ends` ("Sunday 20:00" local time), from the last one's.

    Weeks touch: one ends where the next begins, also when the clocks change in between.
    """
    monday = _monday(parse_week(week))
    return Period(
        _named(*monday.isocalendar()[:2]),
        _end(monday - timedelta(days=7), week_ends, timezone),
        _end(monday, week_ends, timezone),
    )


def week_of(moment: datetime, week_ends: str, timezone: str) -> str:
    """The week whose period holds `moment`."""
    local = moment.astimezone(ZoneInfo(timezone)).date()
    monday = local - timedelta(days=local.weekday())
    if moment >= _end(monday, week_ends, timezone):
        monday += timedelta(days=7)
    elif moment < _end(
        monday - timedelta(days=7), week_ends, timezone
    ):  # its last hour was skipped by the clocks
        monday -= timedelta(days=7)
    return _named(*monday.isocalendar()[:2])


def last_closed(now: datetime, week_ends: str, timezone: str) -> str:
    """The latest week that is over."""
    monday = _monday(week_of(now, week_ends, timezone)) - timedelta(days=7)
    return _named(*monday.isocalendar()[:2])


def _end(monday: date, week_ends: str, timezone: str) -> datetime:
    """When the week of this Monday closes. An hour that the clocks skip counts as the one after it."""
    weekday, at = _day_and_time(week_ends)
    local = datetime.combine(monday + timedelta(days=weekday), at, ZoneInfo(timezone))
    return local.astimezone(UTC)


def _day_and_time(week_ends: str) -> tuple[int, time]:
    match = re.fullmatch(r"\s*([A-Za-z]+)\s+(\d{1,2}):(\d{2})\s*", week_ends)
    day = match[1].lower() if match else ""
    try:
        if match is None or day not in _DAYS:
            raise ValueError
        return _DAYS.index(day), time(int(match[2]), int(match[3]))
    except ValueError as error:
        raise ConfigError(
            "digest.week_ends", f'"{week_ends}" is not a day and a time such as "Sunday 20:00"'
        ) from error


def _monday(week: str) -> date:
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def _named(year: int, number: int) -> str:
    return f"{year}-W{number:02d}"
