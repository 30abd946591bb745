"""Reading Telegram's markup: elements by selector, words as a person sees them, figures as shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Element = Any

_BACKGROUND = re.compile(r"background-image:\s*url\(\s*['\"]?(.*?)['\"]?\s*\)")
_SPACES = re.compile(r"[ \t\r\n]+")
_FIGURE = re.compile(r"([\d\s,.\u00a0]*\d)\s*([KMB]?)", re.IGNORECASE)
_SCALE = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}


def tree(body: bytes) -> Element:
    """The page's root; a page of nothing gives an empty one."""
    from lxml import etree, html

    parser = html.HTMLParser(encoding="utf-8", remove_comments=True)
    try:
        return html.document_fromstring(body, parser=parser)
    except etree.ParserError:  # nothing in it that could be an element
        return html.document_fromstring(b"<html></html>", parser=parser)


def all_of(element: Element, selector: str) -> list[Element]:
    """What a CSS selector finds inside the element, itself left out."""
    return list(_compiled(selector)(element))


def first(element: Element, selector: str) -> Element | None:
    return next(iter(_compiled(selector)(element)), None)


@cache
def _compiled(selector: str) -> Any:
    from cssselect import HTMLTranslator
    from lxml import etree

    return etree.XPath(HTMLTranslator().css_to_xpath(selector, prefix="descendant::"))


def plain_text(element: Element | None) -> str:
    """An element's words: <br> is a line break, other white space folds, NBSP stays."""
    if element is None:
        return ""
    return re.sub(r" *\n *", "\n", "".join(_words(element))).strip()


def _words(element: Element) -> Iterator[str]:
    yield _SPACES.sub(" ", element.text or "")
    for child in element:
        if child.tag == "br":
            yield "\n"
        elif isinstance(child.tag, str):
            yield from _words(child)
        yield _SPACES.sub(" ", child.tail or "")


def background(element: Element | None) -> str:
    """The picture in an element's style, if it comes over https."""
    found = _BACKGROUND.search(element.get("style", "")) if element is not None else None
    return https(found[1]) if found else ""


def https(url: str) -> str:
    """The address if it is https (a scheme-less one is), else "": signed CDN links are never anything else."""
    url = f"https:{url}" if url.startswith("//") else url
    return url if url.startswith("https://") else ""


def number(shown: str) -> int:
    """A figure as Telegram shows it: "1.71K" is 1710, "14 909" is 14909; 0 for none."""
    found = _FIGURE.search(shown)
    if not found:
        return 0
    digits, unit = re.sub(r"[\s\u00a0]", "", found[1]), found[2].upper()
    digits = digits if unit else digits.replace(",", "").replace(".", "")
    try:
        return round(float(digits.replace(",", ".")) * _SCALE[unit])
    except ValueError:
        return 0
