"""The front page of public/ and its Atom feed, from the issues that are out."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC
from functools import partial

from digest.model import Issue, Rendered
from digest.render import Look
from digest.render.inline import inline
from digest.render.page import Page, page

_ATOM = "http://www.w3.org/2005/Atom"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_MAX_ENTRIES = 20
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold (section 2.2)."""


def render_site(issues: Sequence[Issue], look: Look) -> tuple[Rendered, ...]:
    """public/index.html and public/feed.xml, the newest issue first; nothing while there is no issue."""
    if not issues:
        return ()
    pages = [page(issue) for issue in sorted(issues, key=lambda issue: issue.week, reverse=True)]
    spans = partial(inline, handle=pages[0].handle)
    html = look.text("site.html", page=pages[0], pages=pages, inline=spans)
    return (
        Rendered("index.html", "text/html; charset=utf-8", html.encode()),
        Rendered("feed.xml", "application/atom+xml", _feed(pages[:_MAX_ENTRIES], look)),
    )


def _feed(pages: Sequence[Page], look: Look) -> bytes:
    """RFC 4287. Without a `base_url` the ids are URNs and the links relative."""
    newest = pages[0]
    base = newest.issue.base_url.rstrip("/")
    feed = ET.Element("feed", {"xmlns": _ATOM, f"{_XML}lang": newest.words.lang})
    _add(feed, "id", f"{base}/" if base else _urn(newest, "feed"))
    _add(feed, "title", newest.title)
    if newest.issue.tagline:
        _add(feed, "subtitle", newest.issue.tagline)
    _add(feed, "updated", _time(newest))
    ET.SubElement(
        feed,
        "link",
        {"rel": "self", "type": "application/atom+xml", "href": f"{base}/feed.xml" if base else "feed.xml"},
    )
    ET.SubElement(
        feed, "link", {"rel": "alternate", "type": "text/html", "href": f"{base}/" if base else "index.html"}
    )
    author = ET.SubElement(feed, "author")
    _add(author, "name", newest.issue.creator or newest.title)
    for shown in pages:
        feed.append(_entry(shown, look))
    ET.indent(feed)
    written: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _entry(shown: Page, look: Look) -> ET.Element:
    entry = ET.Element("entry", {f"{_XML}lang": shown.words.lang})
    _add(entry, "id", shown.web_url or _urn(shown, shown.issue.week))
    _add(entry, "title", shown.issue.headline or shown.issue.title)
    _add(entry, "published", _time(shown))
    _add(entry, "updated", _time(shown))
    href = shown.web_url or f"{shown.issue.week}/index.html"
    ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": href})
    for tag, _, _ in shown.tags:
        ET.SubElement(entry, "category", {"term": tag})
    _add(entry, "summary", shown.preheader)
    html = look.text("entry.html", page=shown, inline=partial(inline, handle=shown.handle))
    _add(entry, "content", html, type="html")
    return entry


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _NO_XML.sub("", text)


def _time(shown: Page) -> str:
    return shown.issue.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _urn(shown: Page, name: str) -> str:
    """A stable id for a digest that is served nowhere."""
    owner = re.sub(r"[^A-Za-z0-9]+", "-", shown.handle or shown.title).strip("-").lower() or "issues"
    return f"urn:digest:{owner}:{name}"
