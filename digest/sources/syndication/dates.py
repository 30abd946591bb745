"""When a feed says something happened: RFC 822 and ISO 8601 as they are really written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz

_ISO = re.compile(
    r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?"
    r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<zone>[A-Za-z]{1,5}|(?:GMT|UTC)?[+-]\d{1,2}:?(?:\d{2})?)?"
)
_RFC_822 = re.compile(
    r"[A-Z][a-z]{2}, (\d\d?) ([A-Z][a-z]{2}) (\d{4}) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d) (?:GMT|UTC|Z|([+-])(\d\d)(\d\d))"
)
"""What nine of ten RSS feeds write; read here because email.utils takes five times as long."""

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_NUMBERS_ONLY = re.compile(r"\d{10}|\d{13}")
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_ZONE_AT_END = re.compile(r"\s+\(?([A-Za-z]{2,5})\)?$")

_HOURS_OF_ZONE = {
    # RFC 822, 5.1
    "UT": 0.0, "UTC": 0.0, "GMT": 0.0, "Z": 0.0,
    "EST": -5.0, "EDT": -4.0, "CST": -6.0, "CDT": -5.0, "MST": -7.0, "MDT": -6.0, "PST": -8.0, "PDT": -7.0,
    # Seen in feeds besides, as far as they are not ambiguous.
    "AST": -4.0, "ADT": -3.0, "AKST": -9.0, "AKDT": -8.0, "HST": -10.0,
    "WET": 0.0, "WEST": 1.0, "BST": 1.0, "CET": 1.0, "CEST": 2.0, "MEZ": 1.0, "MESZ": 2.0, "EET": 2.0, "EEST": 3.0,
    "MSK": 3.0, "HKT": 8.0, "SGT": 8.0, "JST": 9.0, "KST": 9.0, "AEST": 10.0, "AEDT": 11.0, "NZST": 12.0, "NZDT": 13.0,
}  # fmt: skip


def moment(text: str) -> datetime | None:
    """The moment, aware UTC; None when the text names none. A date in 2087 is what the feed says: kept.

    A time without a zone is taken as UTC, a date without a time as its midnight.
    """
    text = text.strip()
    if not text:
        return None
    try:
        return _iso(text) if text[0].isdigit() and text[:4].isdigit() else _english(text)
    except (ValueError, OverflowError):  # 31 February, hour 25, year 0
        return None


def _iso(text: str) -> datetime | None:
    if _NUMBERS_ONLY.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _loose_iso(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _loose_iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    zone = _zone(match["zone"] or "")
    return _moment(year, month, day or 1, hour, minute, second, zone)


def _usual(text: str) -> datetime | None:
    match = _RFC_822.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, _, year, hour, minute, second, sign, hours, minutes = match.groups()
    found = datetime(int(year), _MONTHS[match[2]], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    if not sign:
        return found
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return found - ahead if sign == "+" else found + ahead


def _english(text: str) -> datetime | None:
    if found := _usual(text):
        return found
    parts = parsedate_tz(text)
    if parts is None:
        return None
    year, month, day, hour, minute, second, *_, offset = parts
    zone: timezone = UTC
    if offset:
        zone = timezone(timedelta(seconds=offset))
    elif match := _ZONE_AT_END.search(text):
        zone = _zone(match[1])
    return _moment(year, month, day, hour, minute, second, zone)


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int, zone: tzinfo) -> datetime:
    """Hour 24 is the next midnight (ISO 8601:2000); a leap second is the second before."""
    start = datetime(year, month, day, 0 if hour == 24 else hour, minute, min(second, 59), tzinfo=zone)
    return start.astimezone(UTC) + timedelta(days=hour == 24)


def _zone(text: str) -> timezone:
    if match := _OFFSET.fullmatch(text):
        hours = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return timezone(-hours if match[1] == "-" else hours)
    return timezone(timedelta(hours=_HOURS_OF_ZONE.get(text.upper(), 0.0)))
