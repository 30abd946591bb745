"""From a document's own words to entries: identity, what changed, sanitised HTML with absolute addresses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

import nh3

from digest.identity import identities
from digest.model import Enclosure, Entry, Known, ParsedFeed
from digest.sources.syndication.raw import Body, RawEntry, RawFeed
from digest.urls import absolute_url, canonical_url, host_of

_MATH = (
    "math semantics annotation mrow mi mo mn ms mtext mspace msup msub msubsup mfrac msqrt mroot mover munder"
    " munderover mtable mtr mtd mstyle mpadded mfenced menclose mphantom"
)
_TAGS = (
    nh3.ALLOWED_TAGS
    | set(_MATH.split())
    | {"audio", "video", "source", "picture", "main", "section", "tfoot"}
)
_CLASSES = {tag: {"class"} for tag in ("code", "pre", "div", "span", "figure", "p")}
"""Classes tell the language of code and where a formula is."""
_ANCHORS = {tag: {"id"} for tag in ("li", "sup", "section")}
"""What footnotes point at."""
_OTHERS = {
    "a": {"id", "title"},
    "img": {"title"},
    "audio": {"src"},
    "video": {"src", "poster"},
    "source": {"src", "type"},
    "annotation": {"encoding"},
    "code": {"data-lang"},
    "pre": {"data-lang", "data-language"},
    "math": {"display", "alttext"},
}
_ATTRIBUTES = {
    tag: frozenset().union(
        *(table.get(tag, ()) for table in (nh3.ALLOWED_ATTRIBUTES, _CLASSES, _ANCHORS, _OTHERS))
    )
    for tag in {*nh3.ALLOWED_ATTRIBUTES, *_CLASSES, *_ANCHORS, *_OTHERS}
}
_SCHEMES = {"http", "https", "mailto", "tel", "magnet", "xmpp", "tg"}

_ABSOLUTE = re.compile(r"https?://[\w.-]+(?::\d{1,5})?(?:[/?#][^\s\x00-\x1f\x7f]*)?", re.ASCII)

_IMAGE = re.compile(r"<(?:img|IMG)\b(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*>")
_PIXEL = re.compile(r"[\s\"';](?:width|height)\s*(?:=\s*[\"']?|:)\s*[01](?:px)?\s*(?=[\"';\s/>])")
_COUNTER = re.compile(
    r"//(?:feeds\.feedburner\.com/~r/|pixel\.wp\.com/|stats\.wordpress\.com/|medium\.com/_/stat"
    r"|www\.google-analytics\.com/|[\w.]*feedsportal\.com/|[\w.]*doubleclick\.net/)"
)
"""Counters that do not state their size, by the services that serve them."""

_FOREIGN_HOSTS = 3
"""A feed whose items lead to so many other sites lists other people's pages."""

_REMARK = 4000
"""Characters of HTML up to which what a feed says under somebody else's address is a remark on it: a planet gives
whole articles, in their authors' words."""


def normalised(raw: RawFeed, url: str, known: Mapping[str, Known]) -> ParsedFeed:
    """The feed as the rest of digest sees it. `url` is where the document came from.

    Only entries that are new or changed are made and sanitised; the others are named in `unchanged`.
    """
    site = _Site(raw, url)
    items = [_Item(one, site) for one in raw.entries]
    site.lists_others = _lists_others(items, site)
    ids = identities(items, known)
    entries: list[Entry] = []
    unchanged: list[str] = []
    for id, item in zip(ids, items, strict=True):
        if id is None:
            continue
        if id in known and known[id].content_hash == item.content_hash:
            unchanged.append(id)
        else:
            entries.append(item.entry(id))
    left_out = (f"{raw.left_out} more entries than are read at once were left out",) if raw.left_out else ()
    return ParsedFeed(
        entries=tuple(entries),
        unchanged=tuple(unchanged),
        title=raw.title,
        site_url=site.home,
        language=raw.language,
        hints=raw.hints,
        warnings=raw.warnings + left_out,
    )


class _Site:
    """Where a feed's relative addresses start, and what its entries inherit."""

    def __init__(self, feed: RawFeed, url: str) -> None:
        self.url = url
        self.home = _absolute((feed.base and absolute_url(url, feed.base)) or url, feed.link)
        self.start = self.home or url
        self.host = host_of(self.start)
        self.author = feed.author
        self.language = feed.language
        self.lists_others = False
        """Its items lead to other people's pages."""

    def is_elsewhere(self, address: str) -> bool:
        host = host_of(address)
        return bool(host and self.home) and not (
            host == self.host or host.endswith(f".{self.host}") or self.host.endswith(f".{host}")
        )

    def holds(self, address: str) -> bool:
        host = address.partition("://")[2].partition("/")[0]
        return host in (self.host, f"www.{self.host}")


class _Item:
    """An item with what identity and change need; the Entry, which is expensive, is made on demand."""

    __slots__ = (
        "_raw",
        "_site",
        "_start",
        "_via",
        "content_hash",
        "id",
        "published",
        "title",
        "updated",
        "url",
    )

    def __init__(self, raw: RawEntry, site: _Site) -> None:
        self._raw = raw
        self._site = site
        self._start = absolute_url(site.url, raw.base) if raw.base else site.start
        self.url = _absolute(self._start, raw.link)
        self._via = _absolute(self._start, raw.related or raw.via)
        if raw.related and site.holds(self._via) and not site.holds(self.url):
            # A link-blog whose `link` is the article and `related` its own post (Daring Fireball).
            self.url, self._via = self._via, self.url
        elif raw.comments and site.is_elsewhere(self.url):
            # Hacker News, Lobsters: `link` is the article, and the discussion is the entry's own page.
            comments = _absolute(self._start, raw.comments)
            if site.holds(comments):
                self.url, self._via = comments, self.url
        self.id = raw.guid
        self.title = raw.title
        self.published = raw.published or raw.updated
        self.updated = raw.updated
        self.content_hash = _content_hash(raw)

    def entry(self, id: str) -> Entry:
        raw = self._raw
        content, summary = _chosen(raw)
        return Entry(
            id=id,
            url=self.url,
            title=self.title,
            content_hash=self.content_hash,
            author=raw.author or self._site.author,
            published=self.published,
            updated=self.updated,
            summary=self._clean(summary) if summary else "",
            content=self._clean(content) if content else "",
            language=raw.language or self._site.language,
            categories=raw.categories,
            enclosures=tuple(self._enclosures()),
            comments_url=_absolute(self._start, raw.comments),
            via_url=self._mentioned(content),
        )

    def _mentioned(self, content: Body | None) -> str:
        """The article that the entry points at; its own `url` once more when that is somebody else's page."""
        if self._via and self._via != self.url:
            return self._via
        if not self._site.is_elsewhere(self.url) or (content and len(content.html) > _REMARK):
            return ""
        is_paper = canonical_url(self.url).startswith("arxiv:")
        return self.url if is_paper or self._site.lists_others else ""

    def _enclosures(self) -> Iterator[Enclosure]:
        for enclosure in self._raw.enclosures:
            address = _absolute(self._start, enclosure.url)
            if address:
                yield enclosure if address == enclosure.url else replace(enclosure, url=address)

    def _clean(self, body: Body) -> str:
        """A relative address in a post of this site is relative to the post, unless xml:base says otherwise."""
        if body.base:
            start = absolute_url(self._site.url, body.base) or self._start
            return sanitised(body.html, start)
        return sanitised(body.html, self._start, self.url if self._site.holds(self.url) else "")


def _lists_others(items: Sequence[_Item], site: _Site) -> bool:
    elsewhere = [host_of(item.url) for item in items if site.is_elsewhere(item.url)]
    return len(set(elsewhere)) >= _FOREIGN_HOSTS and 2 * len(elsewhere) > len(items)


def _absolute(base: str, href: str) -> str:
    """absolute_url, without the work for what is already absolute."""
    if not href or _ABSOLUTE.fullmatch(href):
        return href
    return absolute_url(base, href)


def _chosen(raw: RawEntry) -> tuple[Body | None, Body | None]:
    """The longest body, and the summary if that is another one."""
    bodies = (*raw.contents, *raw.summaries)
    if not bodies:
        return None, None
    content = max(bodies, key=lambda body: len(body.html))
    return content, next((body for body in raw.summaries if body.html != content.html), None)


def _content_hash(raw: RawEntry) -> str:
    """Of title, link, author, texts and categories; dates move without an edit.

    The link counts without scheme and query: a counter in it that changes at each poll is no edit either.
    """
    link = raw.link.partition("://")[2].partition("?")[0] or raw.link
    texts = (body.html for body in (*raw.contents, *raw.summaries))
    parts = (raw.title, link, raw.author, *raw.categories, *texts)
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


# --- sanitising -----------------------------------------------------------------------------------


def sanitised(html: str, base: str, page: str = "") -> str:
    """HTML by an allow-list with addresses absolute on `base`, without tracking pixels.

    With `page`, an address of the same site, relative addresses start from that; "/path" is the same for both.
    """
    if "<" not in html:  # text, at most with entities: there is nothing that could do anything
        return html
    if "<img" in html or "<IMG" in html:
        html = _IMAGE.sub(_image_unless_tracker, html)
    start = {"http": "", "/": base, ".": page or base}[_relative_to(html)]
    try:
        cleaner = _cleaner(start)
    except ValueError:  # a base that is no address: relative ones lead nowhere
        cleaner = _cleaner("")
    return cleaner.clean(html).strip()


def _image_unless_tracker(image: re.Match[str]) -> str:
    return "" if _PIXEL.search(image[0]) or _COUNTER.search(image[0]) else image[0]


def _relative_to(html: str) -> Literal["http", "/", "."]:
    """What links need: "http", nothing, all are absolute; "/", the site; ".", the page, as far as counting can tell."""
    found: Literal["http", "/"] = "http"
    for name in ("href=", "src="):
        left = html.count(name)
        if left:
            left -= html.count(f'{name}"http')
        if left:
            left -= html.count(f"{name}'http") + html.count(f'{name}"mailto:')
        if left:
            left -= html.count(f'{name}"/') + html.count(f"{name}'/")
            found = "/"
        if left:
            return "."
    return "." if "HREF=" in html or "SRC=" in html else found


@lru_cache(maxsize=64)
def _cleaner(base: str) -> nh3.Cleaner:
    """Making one costs more than cleaning most texts, so it is kept. Without a base relative addresses are dropped."""
    return nh3.Cleaner(
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative=("rewrite_with_base", base) if base else "deny",
        link_rel=None,
    )
