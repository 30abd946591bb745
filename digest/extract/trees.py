"""Changes to a page's tree."""

from __future__ import annotations

from typing import Any


def replace(element: Any, text: str) -> None:
    """`element` gives way to `text`; what follows it stays."""
    parent = element.getparent()
    if parent is None:
        return
    text += element.tail or ""
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.remove(element)
