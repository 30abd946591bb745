"""Web pages where a feed was expected: what they are, and which feeds they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from digest.urls import absolute_url, host_of

_FEED_TYPES = frozenset(
    (
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        # Wrong and common.
        "application/rss",
        "application/atom",
        "application/xml",
        "application/x.atom+xml",
        "application/x-atom+xml",
        "application/x-rss+xml",
        "text/xml",
        "text/rss",
        "text/rss+xml",
        "text/atom",
        "text/atom+xml",
        "text/rdf",
    )
)
_LIKELY = re.compile(
    r"/(?:feed|feeds|rss|atom|index|all|blog|posts?|rss2)(?:\.(?:xml|rss|atom|rdf|json))?/?$|\.(?:rss|atom|rdf)$"
    r"|[?&](?:feed=|format=(?:feed|rss|atom))|/feeds?/|//feeds?\.",
    re.IGNORECASE,
)
_NOT_LIKELY = re.compile(r"\.html?$|/(?:index|all|blog|posts?)/?$|/feeds?/(?:help|about)", re.IGNORECASE)
_ANCHOR_WORDS = re.compile(r"\b(?:rss|atom|feed|subscribe)\b|订阅|訂閱", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|评论|評論|kommentare|commentaires", re.IGNORECASE)

_PARKED = re.compile(
    r"domain (?:name )?(?:is |may be )?(?:for sale|parked|expired|not configured)|buy this domain|parked (?:free|domain)"
    r"|域名(?:出售|已过期|停放)|sedoparking|hugedomains|parkingcrew",
    re.IGNORECASE,
)
_WALLS = (
    ("a login page", re.compile(r"\b(?:log ?in|sign ?in|anmelden|se connecter)\b|登录|登入|ログイン", re.IGNORECASE)),
    ("a browser check", re.compile(r"just a moment|checking your browser|attention required|cf-challenge|captcha", re.IGNORECASE)),
    ("an error page", re.compile(r"\b(?:40[0-9]|50[0-9])\b|not found|找不到|页面不存在", re.IGNORECASE)),
)  # fmt: skip

Alternates = tuple[tuple[str, str], ...]
"""Addresses of feeds with their titles, the likeliest first."""


def named_feeds(html: bytes, url: str, charset: str = "") -> tuple[Alternates, Alternates]:
    """The feeds that a page declares by link rel=alternate, and the links that only look like a feed's address."""
    root = _root(html, charset)
    if root is None:
        return (), ()
    base = next((absolute_url(url, href) for href in root.xpath("//base/@href")), "") or url
    declared = _distinct(_declared(root, base), {"", url})
    return declared, _distinct(_linked(root, base), {"", url, *dict(declared)})


def discover(html: bytes, url: str, charset: str = "") -> Alternates:
    """Both, the declared ones first."""
    declared, likely = named_feeds(html, url, charset)
    return declared + likely


def _distinct(pairs: Iterable[tuple[str, str]], without: set[str]) -> Alternates:
    """Each address once, feeds of comments last."""
    found: dict[str, str] = {}
    for address, title in pairs:
        if address not in without:
            found.setdefault(address, title)
    return tuple(sorted(found.items(), key=lambda pair: _COMMENTS.search(" ".join(pair)) is not None))


def _root(html: bytes, charset: str) -> etree._Element | None:
    parser = etree.HTMLParser(encoding=_encoding(html, charset), no_network=True)
    try:
        root: etree._Element | None = etree.fromstring(html, parser)
    except (etree.LxmlError, ValueError):
        return None
    return root


def _declared(root: etree._Element, base: str) -> Iterator[tuple[str, str]]:
    for link in root.iter("link"):
        kind = link.get("type", "").partition(";")[0].strip().lower()
        rel = link.get("rel", "").lower().split()
        is_feed = kind in _FEED_TYPES and (kind != "application/json" or _LIKELY.search(link.get("href", "")))
        if ("alternate" in rel and is_feed) or "feed" in rel:
            yield absolute_url(base, _web(link.get("href", ""))), (link.get("title") or "").strip()


def _linked(root: etree._Element, base: str) -> Iterator[tuple[str, str]]:
    for anchor in root.iter("a"):
        address = absolute_url(base, _web(anchor.get("href", "")))
        if not address or _NOT_LIKELY.search(address):
            continue
        words = " ".join("".join(anchor.itertext()).split())
        own = host_of(address) == host_of(base) or "feed" in host_of(address)
        if own and (
            _LIKELY.search(address) or (_ANCHOR_WORDS.search(words) and address.endswith((".xml", ".json")))
        ):
            yield address, words


def _web(href: str) -> str:
    """feed:https://… and feed://… are what old browsers' buttons used."""
    return re.sub(r"^feed:(?://)?(?=https?:)|^feed:(?=//)", "", href.strip(), flags=re.IGNORECASE)


def description(html: bytes, charset: str = "") -> str:
    """What the page is, for a person: 'a login page titled "Sign in"'."""
    root = _root(html, charset)
    title = ""
    if root is not None:
        title = next((" ".join("".join(found.itertext()).split()) for found in root.iter("title")), "")[:120]
    text = html[:50_000].decode(_encoding(html, charset) or "utf-8", "replace")
    kind = "an HTML page"
    if _PARKED.search(text):
        kind = "a parked domain's page"
    elif root is not None and root.xpath("//input[@type='password']"):
        kind = "a login page"
    else:
        kind = next((name for name, words in _WALLS if words.search(title)), kind)
    return f'{kind} titled "{title}"' if title else f"{kind} without a title"


def _encoding(html: bytes, charset: str) -> str | None:
    """The header's charset, or UTF-8 if it is that; None leaves it to the page's own meta element."""
    try:
        html.decode(charset or "utf-8")
    except (UnicodeError, LookupError):
        return None
    return charset or "utf-8"
