"""What is wrong with a feed for longer than a moment, and what of that is news to the curator.

Pure. Troubles are worked out anew from a feed's state each time; what the curator was told of them stays in the state
(`FeedState.told`), so that each is told once when it begins and once when it ends, and a blip never.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from digest.model import FeedRecord, FeedState, Trouble

FAILURES = 3
LASTING = timedelta(days=1)
"""A feed is in trouble after three failures and a day, whichever comes later: what heals by itself before is a blip.
One that never worked is told at once: its address is wrong."""

SILENCE = timedelta(days=30)
POSTINGS = 5
"""As many as make a rhythm."""


def troubles(state: FeedState, times: Iterable[datetime], now: datetime) -> tuple[Trouble, ...]:
    """What is wrong now; `times` are those of the feed's newest entries."""
    found = []
    if state.gone_at is not None:
        found.append(Trouble("gone", state.gone_at, state.error))
    elif state.failing_since is not None and _lasts(state, now):
        found.append(Trouble("changed" if state.became else "failing", state.failing_since, state.error))
    elif state.failing_since is None and (since := _silent_since(times, now)) is not None:
        found.append(Trouble("silent", since))
    if state.taken_at is not None:
        found.append(Trouble("taken", state.taken_at, f"“{state.former_title}” is “{state.title}” now"))
    if state.address != state.url:
        found.append(Trouble("moved", state.polled_at or now, state.address))
    return tuple(found)


def _lasts(state: FeedState, now: datetime) -> bool:
    assert state.failing_since is not None
    return state.ok_at is None or (state.failures >= FAILURES and now - state.failing_since >= LASTING)


def _silent_since(times: Iterable[datetime], now: datetime) -> datetime | None:
    """Its last posting, when that is a month ago, six of its usual gaps, and twice the longest it ever took."""
    hours = sorted({t.replace(minute=0, second=0, microsecond=0) for t in times})
    if len(hours) < POSTINGS:
        return None
    gaps = [(b - a).total_seconds() for a, b in pairwise(hours)]
    long = max(SILENCE, timedelta(seconds=max(6 * median(gaps), 2 * max(gaps))))
    return hours[-1] if now - hours[-1] > long else None


@dataclass(frozen=True, slots=True)
class News:
    """Of one feed: troubles that began and that ended since the curator was last told."""

    feed: FeedRecord
    begun: tuple[Trouble, ...]
    ended: tuple[Trouble, ...]
    now: tuple[Trouble, ...]
    """All of today's: what is kept as told."""


def news(record: FeedRecord, times: Iterable[datetime], now: datetime) -> News | None:
    """None when there is none. A trouble is the same one while its kind stays; that of a move, while its target does."""
    told, today = record.state.told, troubles(record.state, times, now)
    begun = tuple(t for t in today if _name(t) not in map(_name, told))
    ended = tuple(t for t in told if _name(t) not in map(_name, today))
    return News(record, begun, ended, today) if begun or ended else None


def _name(trouble: Trouble) -> tuple[str, str]:
    return trouble.kind, trouble.detail if trouble.kind == "moved" else ""


def lines(found: Sequence[News]) -> list[str]:
    """For a person, what began first."""
    begun = [f"{said(t)}: {_feed(n)}" for n in found for t in n.begun]
    ended = [f"{_OVER[t.kind]}: {_feed(n)}" for n in found for t in n.ended if not n.begun]
    return begun + ended


def said(trouble: Trouble) -> str:
    """ "fails since 2026-11-20: HTTP 500 …" """
    since = f"{trouble.since:%Y-%m-%d}"
    match trouble.kind:
        case "failing":
            return f"fails since {since} ({trouble.detail})"
        case "changed":
            return f"no feed any more since {since} ({trouble.detail})"
        case "taken":
            return (
                f"another feed since {since}, with no entry of the old one ({trouble.detail}; "
                "`digest feeds remove`, or accept it: `digest feeds check --revive`)"
            )
        case "gone":
            return f"gone for good since {since}, not asked again (`digest feeds check --revive` does)"
        case "silent":
            return f"silent since {since}, far longer than its rhythm"
        case _:
            return f"moved for good to {trouble.detail} (`digest feeds export` writes it)"


def _feed(one: News) -> str:
    title = one.feed.feed.title or one.feed.state.title
    return f"{title} <{one.feed.feed.url}>" if title else one.feed.feed.url


_OVER = {
    "failing": "works again",
    "changed": "is a feed again",
    "taken": "counts as itself again",
    "gone": "is back",
    "silent": "posts again",
    "moved": "is asked at its own address again",
}
