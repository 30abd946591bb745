"""Durations as people write them in settings and subscriptions: "90s", "30m", "6h", "1d", "2w"."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


def duration(text: str) -> timedelta:
    """A number and its unit. Raises ValueError for anything else, a bare number too, and for what is absurdly long."""
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([wdhms])\s*", text, re.ASCII)
    if not match or float(match[1]) * _UNITS[match[2]] > 10 * 365 * 86_400:
        raise ValueError('expected a duration such as "30m", "6h" or "1d"')
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def written(span: timedelta) -> str:
    """The shortest form that `duration` reads as the same whole seconds."""
    seconds = round(span.total_seconds())
    unit = next(u for u, size in _UNITS.items() if seconds % size == 0)
    return f"{seconds // _UNITS[unit]}{unit}"
