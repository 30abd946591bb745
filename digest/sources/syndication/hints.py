"""What a feed asks of pollers: ttl, skipHours, skipDays (RSS 2.0) and sy:updatePeriod (RSS 1.0 syndication module)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from digest.model import ScheduleHints

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_HEAD = re.compile(r"<(?:item|entry)[\s>]", re.IGNORECASE)
_ELEMENT = re.compile(
    r"<(?:\w+:)?(ttl|hour|day|updatePeriod|updateFrequency)(?:\s[^<>]*)?>\s*([^<>]{1,20}?)\s*</",
    re.IGNORECASE,
)


def schedule_hints(
    ttl: str = "", hours: Iterable[str] = (), days: Iterable[str] = (), period: str = "", frequency: str = ""
) -> ScheduleHints:
    """The hints that make sense; what does not is left out. `ttl` is in minutes."""
    minutes = _number(ttl)
    every = _PERIODS.get(period.strip().lower())
    if every is None and frequency.strip():
        every = _PERIODS["daily"]  # the module's default
    return ScheduleHints(
        ttl=timedelta(minutes=minutes) if minutes and minutes <= 60 * 24 * 366 else None,
        skip_hours=frozenset(
            hour % 24 for text in hours if (hour := _number(text)) is not None and hour <= 24
        ),
        skip_days=frozenset(_DAYS.index(day) for text in days if (day := text.strip().lower()) in _DAYS),
        update_period=every / max(_number(frequency) or 1, 1) if every else None,
    )


def hints_of_head(text: str) -> ScheduleHints:
    """The same, found in the words before the first item of a document that is no XML tree."""
    first = _HEAD.search(text)
    found: dict[str, list[str]] = {}
    for match in _ELEMENT.finditer(text, 0, first.start() if first else min(len(text), 100_000)):
        found.setdefault(match[1].lower(), []).append(match[2])
    return schedule_hints(
        next(iter(found.get("ttl", ())), ""),
        found.get("hour", ()),
        found.get("day", ()),
        next(iter(found.get("updateperiod", ())), ""),
        next(iter(found.get("updatefrequency", ())), ""),
    )


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
