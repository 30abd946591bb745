"""arXiv's three documents as entries: the RSS and Atom forms of rss.arxiv.org, and the export API's Atom.

The same paper comes under many ids; `arxiv:2305.18290` is its only one here, and the version a field. What the
document says of itself (an error in a valid feed, how many results there are) comes along.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape
from typing import TYPE_CHECKING
from xml.parsers import expat

from digest.errors import NotAFeed, ParseError
from digest.model import Entry, Paper
from digest.urls import arxiv_id

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"

_HEAD = re.compile(
    r"\s*arXiv:\S+(?:\s+Announce Type:\s*(?P<type>[\w-]+))?\s*(?:Abstract:\s*)?", re.IGNORECASE
)
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?= {2,}\S)")
"""An empty or indented line begins a paragraph (info.arxiv.org/help/prep, "Abstract"); other breaks only wrap."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One document. `total` is how many results the API says there are, `error` what it answered instead of some."""

    entries: tuple[Entry, ...]
    title: str = ""
    site_url: str = "https://arxiv.org/"
    total: int | None = None
    error: str = ""
    flaw: str = ""
    """What was wrong with the document and could be read all the same."""


def parse_listing(body: bytes, url: str) -> Listing:
    """The papers that a document lists, one entry each; ParseError or NotAFeed when it cannot be read."""
    root, flaw = _root(body, url)
    channel = root.find("channel")
    if channel is not None:
        title = _text(channel, "title")
        entries = _unique(_item(item) for item in channel.findall("item"))
        return Listing(entries, title, error=_feed_error(title), flaw=flaw)
    if root.tag != f"{_ATOM}feed":
        raise NotAFeed(url, f"expected a feed of arXiv, got <{root.tag.rpartition('}')[2]}>")
    title = _text(root, f"{_ATOM}title")
    nodes = root.findall(f"{_ATOM}entry")
    total = _text(root, f"{_SEARCH}totalResults")
    error = _api_error(nodes) or _feed_error(title)
    return Listing(
        () if error else _unique(map(_entry, nodes)),
        title,
        total=int(total) if total.isdigit() else None,
        error=error,
        flaw=flaw,
    )


def _root(body: bytes, url: str) -> tuple[Element, str]:
    """The document's root, and what was wrong with it if it could be read all the same.

    A DOCTYPE is refused: arXiv's feeds have none, and entities are how XML attacks.
    """
    from xml.etree import ElementTree

    def refuse(*_: object) -> None:
        if re.match(rb"\s*(?:<\?xml[^>]*>\s*)?<!doctype html", body, re.IGNORECASE):
            raise NotAFeed(
                url, "a web page instead of a feed of arXiv; is something in between answering for it?"
            )
        raise ParseError(url, "a DOCTYPE, which no feed of arXiv has: not read")

    gate = expat.ParserCreate()
    gate.StartDoctypeDeclHandler = refuse
    try:
        gate.Parse(body, True)
        return ElementTree.fromstring(body), ""  # noqa: S314  no DOCTYPE, so no entities: see above
    except (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError) as error:
        if re.match(rb"\s*<html", body, re.IGNORECASE):
            raise NotAFeed(url, "a web page instead of a feed of arXiv") from error
        root = _recovered(body)
        if root is None:
            raise ParseError(url, f"malformed XML ({error}); asked again at the next poll") from error
        return root, f"malformed XML ({error}), read leniently"


def _recovered(body: bytes) -> Element | None:
    """What lxml can make of a broken or cut-off document; its elements answer as ElementTree's do."""
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root: Element | None = etree.fromstring(body, parser)
    except (etree.LxmlError, LookupError, ValueError):
        return None
    return root


def _feed_error(title: str) -> str:
    """rss.arxiv.org answers a wrong category with 400 and a valid, empty feed of this title."""
    return title if title.lower().startswith("feed error") else ""


def _api_error(nodes: list[Element]) -> str:
    """The API's errors come as one entry, mostly with 200 (user manual, 3.4)."""
    if len(nodes) == 1 and "/api/errors" in _text(nodes[0], f"{_ATOM}id"):
        return _text(nodes[0], f"{_ATOM}summary") or "Error"
    return ""


def _unique(entries: Iterator[Entry | None]) -> tuple[Entry, ...]:
    """One entry a paper; the first announcement of it counts."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry is not None:
            found.setdefault(entry.id, entry)
    return tuple(found.values())


# --- one paper ------------------------------------------------------------------------------------


def _item(item: Element) -> Entry | None:
    """An item of the RSS form."""
    return _announced(
        item,
        guid=_text(item, "guid") or _text(item, "link"),
        title=_text(item, "title"),
        description=_raw(item, "description"),
        categories=tuple(" ".join((node.text or "").split()) for node in item.findall("category")),
        date=_rfc822(_text(item, "pubDate")),
    )


def _entry(node: Element) -> Entry | None:
    """An entry of either Atom form; the API's names its authors one by one."""
    atom_id = _text(node, f"{_ATOM}id")
    if not atom_id.startswith("oai:"):
        return _found(node, atom_id)
    return _announced(
        node,
        guid=atom_id,
        title=_text(node, f"{_ATOM}title"),
        description=_raw(node, f"{_ATOM}summary"),
        categories=_terms(node),
        date=_iso(_text(node, f"{_ATOM}published")),
    )


def _announced(
    node: Element, guid: str, title: str, description: str, categories: tuple[str, ...], date: datetime | None
) -> Entry | None:
    """A paper as the nightly feed announces it. A replacement's date is that of its new version."""
    named = arxiv_id(guid)
    if named is None:
        return None
    identifier, version = named
    head = _HEAD.match(description)
    announce = _text(node, f"{_ARXIV}announce_type") or (head["type"] or "" if head else "")
    paper = Paper(
        arxiv_id=identifier,
        version=version or 1,
        authors=_authors(_text(node, f"{_DC}creator")),
        categories=categories,
        announce=announce.lower(),
        doi=_text(node, f"{_ARXIV}DOI"),
        journal=_text(node, f"{_ARXIV}journal_reference"),
    )
    replaced = paper.announce.startswith("replace")
    return _made(
        paper,
        title,
        description[head.end() :] if head else description,
        published=_first_announced(identifier) or date if replaced else date,
        updated=date,
    )


def _found(node: Element, atom_id: str) -> Entry | None:
    """A paper as the API gives it: `published` is version 1's date, `updated` the given version's."""
    named = arxiv_id(atom_id)
    if named is None:
        return None
    primary = node.find(f"{_ARXIV}primary_category")
    categories = [primary.get("term", "")] if primary is not None else []
    names = (_text(author, f"{_ATOM}name") for author in node.findall(f"{_ATOM}author"))
    paper = Paper(
        arxiv_id=named[0],
        version=named[1] or 1,
        authors=tuple(name for name in names if name),
        categories=tuple(dict.fromkeys([*categories, *_terms(node)])),
        doi=_text(node, f"{_ARXIV}doi"),
        journal=_text(node, f"{_ARXIV}journal_ref"),
        comment=_text(node, f"{_ARXIV}comment"),
    )
    return _made(
        paper,
        _text(node, f"{_ATOM}title"),
        _raw(node, f"{_ATOM}summary"),
        published=_iso(_text(node, f"{_ATOM}published")),
        updated=_iso(_text(node, f"{_ATOM}updated")),
    )


def _made(
    paper: Paper, title: str, abstract: str, *, published: datetime | None, updated: datetime | None
) -> Entry:
    paragraphs = [" ".join(part.split()) for part in _PARAGRAPH.split(abstract.strip())]
    content = "".join(f"<p>{escape(part, quote=False)}</p>" for part in paragraphs if part)
    seen = "\n".join((title, content, ", ".join(paper.authors), str(paper.version)))
    return Entry(
        id=f"arxiv:{paper.arxiv_id}",
        url=f"https://arxiv.org/abs/{paper.arxiv_id}",
        title=title,
        content_hash=hashlib.sha256(seen.encode()).hexdigest(),
        author=", ".join(paper.authors),
        published=published,
        updated=updated,
        content=content,
        language="en",
        categories=paper.categories,
        paper=paper,
    )


def _authors(creator: str) -> tuple[str, ...]:
    """The names in one comma-joined string; a comma in brackets (an affiliation) parts none."""
    names = re.split(r",\s*(?![^()]*\))", creator)
    return tuple(name for part in names if (name := part.strip()))


def _first_announced(identifier: str) -> datetime | None:
    """The month that an id names: that of the paper's first announcement (info.arxiv.org/help/availability)."""
    found = re.match(r"(?:[a-z-]+/)?(\d\d)(\d\d)", identifier)
    if not found or not 1 <= int(found[2]) <= 12:
        return None
    year = int(found[1]) + (1900 if int(found[1]) >= 91 else 2000)
    return datetime(year, int(found[2]), 1, tzinfo=UTC)


# --- fields ---------------------------------------------------------------------------------------


def _raw(node: Element, path: str) -> str:
    return node.findtext(path) or ""


def _text(node: Element, path: str) -> str:
    """A field on one line: titles come wrapped."""
    return " ".join(_raw(node, path).split())


def _terms(node: Element) -> tuple[str, ...]:
    return tuple(term for category in node.findall(f"{_ATOM}category") if (term := category.get("term", "")))


def _iso(text: str) -> datetime | None:
    try:
        return _utc(datetime.fromisoformat(text))
    except ValueError:
        return None


def _rfc822(text: str) -> datetime | None:
    try:
        return _utc(parsedate_to_datetime(text)) if text else None
    except ValueError:
        return None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
