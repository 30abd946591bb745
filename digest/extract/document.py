"""A page as a tree, and what its head says of it: title, author, date, site, image, description, addresses."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from digest.urls import absolute_url

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "big5": "big5hkscs",
}
"""What browsers read a label as (encoding.spec.whatwg.org, "Names and labels"), by Python's names."""

_DECLARED = re.compile(
    rb"""(?i)<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]+)|<\?xml[^>]{0,100}?encoding=["']([\w.-]+)"""
)

_ARTICLE_TYPES = ("Article", "Posting", "Report", "WebPage", "Review", "TechArticle")
"""Ends of schema.org types that describe the page itself, best first."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says of itself; "" or None where it is silent."""

    title: str = ""
    author: str = ""
    site: str = ""
    published: datetime | None = None
    language: str = ""
    description: str = ""
    image: str = ""
    canonical: str = ""
    og_url: str = ""
    base: str = ""
    is_free: bool = True
    """schema.org isAccessibleForFree."""
    body: str = ""
    """schema.org articleBody: plain text, as a rule without headings, lists and links."""


def decoded(body: bytes, content_type: str) -> str:
    """The document's text. Valid UTF-8 is UTF-8 whatever the labels say; then header, then meta, then a guess."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    names = [_codec(label) for label in _labels(body, content_type)]
    is_stateful = any(name.startswith(("iso2022", "utf-16", "hz")) for name in names)  # ASCII bytes all
    candidates = [*names, "utf-8"] if is_stateful else ["utf-8", *names]
    for name in candidates:
        if name:
            try:
                return body.decode(name)
            except UnicodeDecodeError:
                continue
    named = next(filter(None, names), "")
    return body.decode(named, "replace") if named else _guessed(body)


def _labels(body: bytes, content_type: str) -> list[str]:
    header = re.search(r"(?i)charset\s*=\s*[\"']?\s*([\w:.-]+)", content_type)
    meta = _DECLARED.search(body[:4096])
    found = [header[1] if header else "", (meta[1] or meta[2]).decode("ascii", "replace") if meta else ""]
    return [label for label in found if label]


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ""
    return _SUPERSETS.get(name, name)


def _guessed(body: bytes) -> str:
    """No label and not UTF-8: Chinese if it reads as that without an error, else Western."""
    try:
        text = body.decode("gb18030")
    except UnicodeDecodeError:
        return (
            body.decode("utf-8", "replace")
            if body.count(b"\xef\xbf\xbd")
            else body.decode("cp1252", "replace")
        )
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return text if han * 2 > sum(c > "\x7f" for c in text) else body.decode("cp1252", "replace")


def tree_of(text: str) -> Any:
    """The root element, or None when there is no markup at all."""
    from lxml import etree, html

    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text).replace("\x00", "")
    try:
        root = html.document_fromstring(text, parser=_parser())
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return root


@cache
def _parser() -> Any:
    """lxml.html's, but all elements are of one class: the lookup by name is in Python, at each touch of an element."""
    from lxml import etree, html

    parser = html.HTMLParser(remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=html.HtmlElement))
    return parser


def head_of(root: Any, url: str) -> Head:
    """What the page's meta elements, links and JSON-LD say; Open Graph first, as it is written for readers."""
    meta = _meta(root)
    ld = _linked_data(root)
    links = {
        rel: e.get("href") for e in root.iter("link") for rel in (e.get("rel") or "").lower().split()[:2]
    }
    base = next((absolute_url(url, e.get("href") or "") for e in root.iter("base")), "") or url
    first = _first(meta)
    image = first("og:image:secure_url", "og:image", "twitter:image", "twitter:image:src") or _image(ld)
    return Head(
        title=first("og:title", "twitter:title") or _text(ld.get("headline")) or _title(root),
        author=_author(
            first("author", "article:author", "dc.creator", "parsely-author", "og:article:author"), ld
        ),
        site=first("og:site_name", "application-name") or _name(ld.get("publisher")),
        published=_date(
            first("article:published_time", "og:published_time", "datepublished", "dc.date.issued", "dc.date")
        )
        or _date(_text(ld.get("datePublished")))
        or _date(first("parsely-pub-date", "pubdate", "publishdate", "date"))
        or _date(next((e.get("datetime") or "" for e in root.iter("time") if e.get("datetime")), "")),
        language=_language(root.get("lang") or ""),
        description=first("og:description", "description", "twitter:description", "dc.description")
        or _text(ld.get("description")),
        image=absolute_url(base, image) if image else "",
        canonical=absolute_url(base, links.get("canonical") or "") if links.get("canonical") else "",
        og_url=absolute_url(base, first("og:url")) if first("og:url") else "",
        base=base,
        is_free=str(ld.get("isAccessibleForFree", True)).lower() != "false",
        body=body if isinstance(body := ld.get("articleBody"), str) else "",
    )


def _meta(root: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        content = " ".join((element.get("content") or "").split())
        if name and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _first(meta: dict[str, str]) -> Any:
    return lambda *names: next((meta[name] for name in names if name in meta), "")


def _title(root: Any) -> str:
    title = next((" ".join(e.text_content().split()) for e in root.iter("title")), "")
    headings = [" ".join(e.text_content().split()) for e in root.iter("h1")]
    # "Title | Site": the only h1 says where the title ends.
    return next(
        (h for h in headings if h and len(h) > 3 and title.startswith(h)), title or "".join(headings[:1])
    )


def _linked_data(root: Any) -> dict[str, Any]:
    """The JSON-LD object that describes the article, {} without one."""
    found: list[dict[str, Any]] = []
    for script in root.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json" and script.text:
            try:
                found.extend(_objects(json.loads(script.text, strict=False)))
            except (ValueError, RecursionError):
                continue
    for ending in _ARTICLE_TYPES:
        for data in found:
            kinds = data.get("@type")
            if any(str(k).endswith(ending) for k in (kinds if isinstance(kinds, list) else [kinds])):
                return data
    return {}


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        for one in data[:50]:
            yield from _objects(one)
    elif isinstance(data, dict):
        yield data
        yield from _objects(data.get("@graph") or [])


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _name(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_name, value[:5])))
    return _text(value.get("name") if isinstance(value, dict) else value)


def _author(said: str, ld: dict[str, Any]) -> str:
    names = [said, _name(ld.get("author"))]
    return next(
        (n.removeprefix("By ") for n in names if n and not re.match(r"https?://|/", n) and len(n) < 120), ""
    )


def _image(ld: dict[str, Any]) -> str:
    image = ld.get("image")
    if isinstance(image, list):
        image = image[0] if image else ""
    return _text(image.get("url") if isinstance(image, dict) else image)


def _date(text: str) -> datetime | None:
    """An ISO 8601 date, without a zone taken as UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


def _language(tag: str) -> str:
    tag = tag.strip().replace("_", "-")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", tag) else ""
