"""Text that every encoder, parser and database takes."""

from __future__ import annotations

from typing import Any


def sound(text: str) -> str:
    """The same text without NUL (PostgreSQL refuses it), half surrogate pairs (a JSON feed's "\\ud800") as U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def all_sound(value: Any) -> Any:
    """The same JSON-like value with every string in it sound: an excerpt may end in the middle of an emoji."""
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, dict):
        return {key: all_sound(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(all_sound(part) for part in value)
    return value
