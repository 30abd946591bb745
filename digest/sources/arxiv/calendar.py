"""When arXiv has news: the nightly batch, its free days, and how to tell a batch of yesterday served again.

Papers are announced at 20:00 Eastern from Sunday to Thursday and stand in the feeds of the day that begins four
hours later, Monday to Friday (info.arxiv.org/help/availability, info.arxiv.org/help/rss).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in (
        # info.arxiv.org/help/availability, "Holidays", 2026.
        "2026-01-01", "2026-01-19", "2026-06-19", "2026-07-03", "2026-09-07", "2026-11-26", "2026-12-25",
        "2026-12-29", "2026-12-31",
    )
)  # fmt: skip
READY = time(0, 30)
"""The feeds are built at midnight Eastern; half an hour for the build and the caches."""
RETRY_STALE = timedelta(hours=3)


def next_batch_at(now: datetime) -> datetime:
    """When the next batch can be there, aware UTC, after `now`: 00:30 Eastern of the next Monday to Friday.

    Holidays are not skipped: the page does not say whether a free day's or the next day's feed is the empty one,
    each feed holds one day only, and one request more costs less than a day that is lost.
    """
    day = now.astimezone(_eastern()).date()
    while True:
        at = datetime.combine(day, READY, _eastern())
        if day.weekday() < 5 and at > now:
            return at.astimezone(UTC)
        day += timedelta(days=1)


def is_batch_day(now: datetime) -> bool:
    """Whether a feed asked at `now` should hold something: a weekday that neither is nor follows a holiday."""
    day = now.astimezone(_eastern()).date()
    return day.weekday() < 5 and not {day, day - timedelta(days=1)} & HOLIDAYS


def is_stale(
    ids: Collection[str], known: Collection[str], last_change: datetime | None, now: datetime
) -> bool:
    """Whether this is the last batch again, under today's date: all its papers known, and known since before today.

    Seen live on 2026-08-12: cs.AI served the day before's 486 papers while cs.CL was current, and every step of
    the reader said "ok".
    """
    if not ids or last_change is None or not is_batch_day(now):
        return False
    today = batch_of_today(now)
    return today <= now and last_change < today and set(ids) <= set(known)


def batch_of_today(now: datetime) -> datetime:
    """From when on the feeds of `now`'s day, as arXiv counts days, are there."""
    return datetime.combine(now.astimezone(_eastern()).date(), READY, _eastern()).astimezone(UTC)


def retry_at(now: datetime) -> datetime:
    """When to ask again for a batch that was not there: in some hours, or with the next one if that comes sooner."""
    return min(now + RETRY_STALE, next_batch_at(now))


@cache
def _eastern() -> ZoneInfo:
    return ZoneInfo("America/New_York")
