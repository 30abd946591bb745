"""The text behind an entry: the feed's own when it is full, else the page's, else what the page says of itself.

    feed_article | needs_page | page_request | (fetch) | page_article | merged

Everything here runs in a worker process, which a deadline can end; lxml, trafilatura and html_to_markdown are
imported only when a document is at hand. What could not be had is told in `Article.error`; the entry still counts.
"""

from __future__ import annotations

import re
from dataclasses import replace

from digest.dedup import fingerprint
from digest.extract.addresses import why_no_page
from digest.languages import language, spoken
from digest.model import Article, Entry, Feed, Preview, Request, Response
from digest.summaries import summary
from digest.text import folded
from digest.urls import canonical_url, is_web_url

MAX_BYTES = 3_000_000
"""Of a page. trafilatura takes 5.6 s for 40,000 paragraphs in 4.8 MB; articles are far below."""

FULL_LENGTH = 1500
"""Characters of text (a Chinese one counts twice) from which a feed's content is taken for the whole article."""

ACCEPT = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"

_ENDS_SHORT = re.compile(
    r"(?i)(?:\[?(?:…|\.\.\.|&hellip;)\]?|"
    r"(?:read (?:more|on|the (?:rest|full|whole|entire)\b.{0,40})|continue reading\b.{0,80}|keep reading|full (?:story|article|post)|"
    r"(?:view|see|read) (?:the )?(?:original|full) (?:post|article|story)|more(?=\s*[»→›>]))|"
    r"(?:阅读|查看|点击)?(?:全文|原文|更多|详情|余下全文)|继续阅读|閱讀(?:全文|更多)|繼續閱讀|查看完整内容)"
    r"[\s»→›>\]\)）」。.:：…]*$"
)
"""How a teaser ends, in both languages. Only the last words of a text are asked."""


def feed_article(entry: Entry, feed: Feed | None = None) -> Article | None:
    """The article that the feed itself gives: None when it gives a teaser, or a remark about somebody else's page.

    What no page is fetched for (a paper, a video, a post) is taken as it is, however short.
    """
    from digest.extract.body import feed_markdown
    from digest.extract.furniture import without_furniture

    if entry.via_url or not entry.url:  # without an address there is no key
        return None
    html = entry.content or entry.summary
    whole = bool(entry.post or entry.paper or why_no_page(entry.url))
    if feed is not None and feed.full_text is not None:
        whole = whole or feed.full_text
        if not whole:
            return None
    if not html or not (whole or _may_be_full(html)):
        return None
    text = feed_markdown(html, entry.url)
    if not text or not (whole or _is_full(text)):
        return None
    if not whole:
        text = without_furniture(text, title=entry.title, author=entry.author, url=entry.url, is_feed=True)
    said_in = spoken(text[:4000], entry.language)
    return Article(
        key=canonical_url(entry.url),
        url=entry.url,
        title=entry.title,
        author=entry.author,
        published=entry.published,
        language=said_in,
        text=text,
        summary=_feed_summary(entry) or summary(entry.title, text, said_in),
        image=_first_image(text),
        origin="metadata" if entry.paper or (why_no_page(entry.url) and not entry.post) else "feed",
        fingerprint=fingerprint(text).packed(),
    )


def needs_page(entry: Entry, feed: Feed, own: Article | None = None) -> bool:
    """Whether the article's page should be fetched: of what the entry mentions, else of itself when the feed is short.

    `own` is what `feed_article` gave. Never for what has a better source than its page (see `addresses`).
    """
    target = entry.via_url or entry.url
    if not is_web_url(target) or why_no_page(target):
        return False
    if entry.via_url:
        return True
    return own is None and entry.post is None and entry.paper is None and feed.full_text is not True


def page_request(url: str) -> Request:
    """The request for an article's page."""
    return Request(url, kind="page", accept=ACCEPT, max_bytes=MAX_BYTES)


def page_article(response: Response, key: str) -> Article:
    """The article of a fetched page; `key` is the identity under which it was asked for. Never raises for a page."""
    from digest.extract.page import article

    return article(response, key)


def merged(own: Article | None, page: Article, entry: Entry) -> Article:
    """The better text of the two with the feed's metadata before the page's; of a mention, the page's alone.

    Where neither has text, the best description that anybody gave: page, link preview, feed.
    """
    if entry.via_url:
        return _with_preview(page, entry.post.preview if entry.post else None)
    if own is not None and len(own.text) >= len(page.text):
        best = replace(own, aliases=page.aliases, site=page.site, image=own.image or page.image)
    else:
        best = page
    described = _feed_summary(entry) or best.summary or _teaser(entry)
    return replace(
        best,
        title=entry.title or best.title,
        author=entry.author or best.author,
        published=entry.published or best.published,
        language=best.language or entry.language,
        summary=described,
        origin="description" if best.origin == "none" and described else best.origin,
    )


def _with_preview(page: Article, card: Preview | None) -> Article:
    """Where the page gave no text, what Telegram saw there when the post was written."""
    if card is None or page.text or canonical_url(card.url) not in {page.key, *page.aliases}:
        return page
    described = page.summary or card.description
    return replace(
        page,
        title=page.title or card.title,
        site=page.site or card.site,
        image=page.image or card.image,
        summary=described,
        language=page.language or language(f"{card.title} {described}"),
        origin="description" if page.origin == "none" and described else page.origin,
    )


def _may_be_full(html: str) -> bool:
    """Cheap: markup only makes a text longer."""
    return len(html) + sum(not c.isascii() for c in html) >= FULL_LENGTH


def _is_full(text: str) -> bool:
    prose = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text).strip()
    size = len(prose) + sum(c > "\u2e7f" for c in prose)
    end = _ENDS_SHORT.search(prose[-120:])
    # Three dots are a cut in an excerpt, and a mood at the end of an essay.
    is_mood = end is not None and size >= 3 * FULL_LENGTH and not re.search(r"\w|\]", end[0])
    return size >= FULL_LENGTH and (end is None or is_mood)


def _feed_summary(entry: Entry) -> str:
    """The feed's own summary as plain text, when it is one: not the content again, nor a cut of it."""
    from digest.markup import text_of

    if not entry.summary or not entry.content or entry.summary == entry.content:
        return ""
    text = text_of(entry.summary).strip()
    is_cut = folded(text[:80]) in folded(text_of(entry.content)[:2000])
    return "" if is_cut or _ENDS_SHORT.search(text[-120:]) else text


def _teaser(entry: Entry) -> str:
    from digest.markup import text_of

    return text_of(entry.summary or entry.content).strip()


def _first_image(text: str) -> str:
    match = re.search(r"!\[[^\]]*\]\(<?(https?://[^\s)>]+)", text)
    return match[1] if match else ""
