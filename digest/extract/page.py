"""From a fetched answer to an Article: what kind of thing it is, what its head says, its text, and whether to believe it."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from html import unescape
from itertools import pairwise
from urllib.parse import urlsplit

from digest.dedup import fingerprint
from digest.extract.body import feed_markdown, main_text
from digest.extract.document import Head, decoded, head_of, tree_of
from digest.extract.furniture import without_furniture
from digest.extract.walls import before_wall, wall
from digest.languages import language, spoken
from digest.markup import blocks_from_markdown, plain
from digest.model import Article, Response
from digest.summaries import summary
from digest.text import folded, tokens
from digest.urls import canonical_url, host_of, is_web_url

log = logging.getLogger(__name__)

_LITTLE = 200
"""Characters of text under which a page's own description is the better part of it."""

_TEASER = 1000
"""Characters up to which the text of a page that is not free to read is taken for its teaser."""

_TELLING = 8
"""Words of a description from which its absence from the text tells something."""

_OPENING = 30
"""Letters of a description by which its place in the text is found."""

_WHOLE = 500
"""Characters of a description from which it is the text's own beginning, as of notes and posts, and no editor's words."""

_KINDS = (
    ("a PDF", "application/pdf", b"%PDF-"),
    ("an image", "image/", b"\x89PNG"),
    ("a video", "video/", b""),
    ("audio", "audio/", b""),
    ("JSON", "application/json", b""),
    ("an archive", "application/zip", b"PK\x03\x04"),
    ("a file", "application/octet-stream", b""),
)
"""What is linked and not read: media type, or how it begins."""

_BELIEVABLE_HEADS = ("a paywall", "an ad-blocker notice", "needs JavaScript")
"""Walls whose page still describes the article; the others describe themselves."""


def article(response: Response, key: str) -> Article:
    """See `digest.extract.page_article`."""
    content_type = response.headers.get("content-type", "").lower()
    blank = Article(key=key, url=response.url)
    if kind := _other_kind(response.body, content_type):
        return _with_aliases(blank, error=f"{kind}: linked, not fetched", response=response)
    text = decoded(response.body, content_type)
    if content_type.startswith(("text/plain", "text/markdown")) and "<html" not in text[:1000].lower():
        return _with_aliases(
            blank, text=text.strip(), origin="page", language=language(text), response=response
        )
    root = tree_of(text)
    if root is None:
        return Article(key=key, url=response.url, error="an empty page")
    head = head_of(root, response.final_url)
    return _read(blank, response, root, head)


def _read(blank: Article, response: Response, root: object, head: Head) -> Article:
    text, trouble = "", ""
    try:
        text = main_text(root, head.base or response.final_url, head.title)
        text = without_furniture(text, title=head.title, author=head.author, url=response.final_url)
        text = _stated(head) if _says_more(head, text) else _from_its_beginning(head, text)
    except Exception as error:  # trafilatura and lxml on a hostile page: its head may do
        log.warning("extraction failed url=%s error=%r", response.url, error)
        trouble = f"the text could not be read ({type(error).__name__})"
    reason = wall(head.title, text) or ("" if head.is_free or len(text) > _TEASER else "a paywall")
    if _led_home(response):
        reason = "an error page: the address leads to the site's home page"
    if reason == "a paywall" and len(shown := _shown(head, text)) > len(head.description):
        found = replace(head, description=shown)
        return replace(_described(blank, found, reason, believed=True, response=response), origin="teaser")
    if reason:
        return _described(blank, head, reason, believed=reason in _BELIEVABLE_HEADS, response=response)
    if trouble or (len(text) < _LITTLE and len(text) <= len(head.description)) or _is_beside(head, text):
        return _described(
            blank, head, trouble or "little text without a browser", believed=True, response=response
        )
    said_in = spoken(text[:4000], head.language)
    return _with_aliases(
        blank,
        **_metadata(head),
        language=said_in,
        text=text,
        summary=head.description or summary(head.title, text, said_in),
        origin="page",
        response=response,
        head=head,
    )


def _shown(head: Head, text: str) -> str:
    """What a page that is not free shows of its article, as plain text: from where its description begins, if it is
    the article's beginning, to the wall.
    """
    start = max(0, text.find(head.description[:_OPENING])) if head.description else 0
    return plain(blocks_from_markdown(before_wall(text[start:]))).strip()


def _from_its_beginning(head: Head, text: str) -> str:
    """Without what a site says of itself before a text that its page describes by its whole beginning."""
    if len(head.description) < _WHOLE:
        return text
    opening = _letters(head.description)[:_OPENING]
    blocks = text.split("\n\n")
    starts = (at for at, block in enumerate(blocks) if _letters(block).startswith(opening))
    return "\n\n".join(blocks[next(starts, 0) :])


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, folded(text)))


def _says_more(head: Head, text: str) -> bool:
    """Pages that a script builds may still state their text; of pages that are not free it is not taken."""
    return head.is_free and len(head.body) > max(_TEASER, 3 * len(text))


def _stated(head: Head) -> str:
    if re.search(r"</?(?:p|br|div)\b", head.body):
        return feed_markdown(head.body, head.base)
    lines = (" ".join(line.split()) for line in unescape(head.body).splitlines())
    return "\n\n".join(line for line in lines if line)


def _is_beside(head: Head, text: str) -> bool:
    """Little text that has no word of the page's own description: what stands around an article, not the article."""
    if len(text) > max(_TEASER, 2 * len(head.description)):
        return False
    found = tokens(head.description)
    # Words that carry meaning are long; of Chinese, pairs of characters.
    words = {word for word in found if len(word) > 4} | {
        a + b for a, b in pairwise(found) if not (a.isascii() or b.isascii())
    }
    said = folded(text)
    return len(words) >= _TELLING and sum(word in said for word in words) < 0.15 * len(words)


def _described(blank: Article, head: Head, reason: str, *, believed: bool, response: Response) -> Article:
    """Without the page's text: what its head says, as far as the head is about the article."""
    if not believed:
        return Article(key=blank.key, url=blank.url, error=reason)
    return _with_aliases(
        blank,
        **_metadata(head),
        language=spoken(f"{head.title} {head.description}", head.language),
        summary=head.description,
        origin="description" if head.description else "none",
        error=reason,
        response=response,
        head=head,
    )


def _metadata(head: Head) -> dict[str, object]:
    return {
        "title": head.title,
        "author": head.author,
        "site": head.site,
        "published": head.published,
        "image": head.image,
    }


def _other_kind(body: bytes, content_type: str) -> str:
    if not body.strip():
        return "an empty page"
    for kind, media_type, start in _KINDS:
        if content_type.startswith(media_type) or (start and body.startswith(start)):
            return kind
    return ""


def _with_aliases(
    blank: Article, *, response: Response, head: Head | None = None, **fields: object
) -> Article:
    """`blank` with `fields` and the other keys under which the same article was seen."""
    said = [response.final_url, *((head.canonical, head.og_url) if head else ())]
    keys = dict.fromkeys(canonical_url(url) for url in said if _is_believable(url, response))
    keys.pop(blank.key, None)
    found = Article(key=blank.key, url=blank.url, aliases=tuple(keys), **fields)  # type: ignore[arg-type]
    return replace(found, fingerprint=fingerprint(found.text).packed()) if found.text else found


def _is_believable(url: str, response: Response) -> bool:
    """Not a home page, unless one was asked for: many sites name theirs on every page, or lead there when lost."""
    if not is_web_url(url):
        return False
    return not _is_home(url) or (_is_home(response.url) and host_of(url) == host_of(response.url))


def _is_home(url: str) -> bool:
    parts = urlsplit(url)
    return (
        not parts.query
        and re.fullmatch(r"/?(?:index\.\w+|home|[a-z]{2}(?:-[a-z]{2})?)?/?", parts.path.lower()) is not None
    )


def _led_home(response: Response) -> bool:
    """A redirect from a page to the same site's home page says that the page is gone."""
    asked, got = response.url, response.final_url
    return _is_home(got) and not _is_home(asked) and host_of(asked) == host_of(got)
