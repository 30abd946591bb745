"""One message of a preview page as an entry: its words as clean HTML, and all that stands around them.

The page's own parts are trusted where they say more than the words do: the anchors tell hashtags, and a hidden
link from a typed one. "Please open Telegram to view this post" stands beside posts whose text is all there
(RSSHub lost such posts for six weeks, #11059): it only marks them as partial.
"""

from __future__ import annotations

import hashlib
import re
from copy import deepcopy
from dataclasses import astuple, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from digest.markup import text_of
from digest.model import Entry, Forward, Link, Media, Post, Preview, Reaction, Reply
from digest.sources.telegram.dom import all_of, background, first, https, number, plain_text
from digest.text import cut, sentences
from digest.urls import host_of, is_web_url

if TYPE_CHECKING:
    Element = Any

TITLE_WIDTH = 100
"""Columns; a Chinese character takes two."""
TAGS = {"a", "b", "strong", "i", "em", "u", "s", "code", "pre", "blockquote", "tg-spoiler", "br"}
SCHEMES = {"http", "https", "mailto", "tel", "tg"}

_NAMED = re.compile(r"[A-Za-z0-9_]+/\d{1,12}")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_URL_OR_TAG = re.compile(r"(?:https?://|www\.)\S+|(?<![\w#])[#@]\w+", re.IGNORECASE)
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
"""A link on a zero-width character is how authors choose their post's preview picture."""
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|mp4)$", re.IGNORECASE)
_KIND_NAMES = {
    "photo": "Photo", "video": "Video", "gif": "GIF", "round": "Video message", "document": "File", "audio": "Audio",
    "voice": "Voice message", "sticker": "Sticker", "poll": "Poll", "location": "Location", "contact": "Contact",
}  # fmt: skip


def is_post(message: Element) -> bool:
    """Whether the message is the channel's own doing, not a notice that something was pinned or renamed."""
    return (
        bool(_NAMED.fullmatch(message.get("data-post", "")))
        and "service_message" not in message.get("class", "").split()
    )


def entry_of(message: Element, channel_title: str, channel_id: int | str) -> Entry:
    """The message as an entry whose id begins with the channel's number (or name) and its own first number."""
    channel, _, shown_id = message.get("data-post", "").partition("/")
    first_id = int(shown_id)
    base = f"https://t.me/s/{channel}"
    texts = _texts(message)
    anchors = [anchor for text in texts for anchor in text.iter("a")]
    post = Post(
        channel=channel,
        channel_title=plain_text(first(message, ".tgme_widget_message_owner_name")) or channel_title,
        message_ids=_message_ids(message, channel, first_id),
        hashtags=tuple(tag for anchor in anchors if (tag := _hashtag(anchor))),
        links=tuple(link for anchor in anchors if (link := _link(anchor, base))),
        forward=_forward(message),
        reply=_reply(message),
        preview=_preview(message),
        media=_media(message),
        reactions=_reactions(message),
        views=number(views) if (views := plain_text(first(message, ".tgme_widget_message_views"))) else None,
        views_shown=views,
        edited="edited" in _own_words(first(message, ".tgme_widget_message_meta")),
        partial=first(message, ".media_not_supported_cont, .not_supported, .text_not_supported") is not None,
        signature=plain_text(first(message, ".tgme_widget_message_footer .tgme_widget_message_from_author")),
        via_bot=plain_text(first(message, ".tgme_widget_message_via_bot")).removeprefix("via ").lstrip("@"),
    )
    content = "<br><br>".join(html for text in texts if (html := _html(text, base)))
    return entry_from(
        post,
        entry_id=f"telegram:{channel_id}/{first_id}",
        url=f"https://t.me/{channel}/{first_id}",
        content=content,
        published=_time(message),
    )


def entry_from(post: Post, *, entry_id: str, url: str, content: str, published: datetime | None) -> Entry:
    """An entry around a post, however it came: what it points at, a title, and the hash that tells an edit."""
    via_url = _lead_link(post)
    return Entry(
        id=entry_id,
        url=url,
        title=_title(post, text_of(content), via_url, published),
        content_hash=_content_hash(post, content),
        author=post.signature or post.channel_title,
        published=published,
        content=content,
        categories=post.hashtags,
        via_url=via_url,
        post=post,
    )


def _lead_link(post: Post) -> str:
    """The article that the post points at: its preview's address, else its first link out of the channel."""
    own = f"t.me/{post.channel}/".lower()
    links = [post.preview.url] if post.preview else []
    for url in (*links, *(link.url for link in post.links)):
        is_own = own in f"{url}/".lower().replace("/s/", "/")
        if is_web_url(url) and not is_own and not _PICTURE.search(urlsplit(url).path):
            return url
    return ""


def _title(post: Post, words: str, via_url: str, published: datetime | None) -> str:
    """The linked page's title, else the first sentence that isn't an address or tags, else what kind of post it is."""
    if post.preview and post.preview.title and post.preview.url == via_url:
        return cut(" ".join(post.preview.title.split()), TITLE_WIDTH)
    for sentence in sentences(words):
        bare = " ".join(_URL_OR_TAG.sub(" ", sentence).split()).strip(_INVISIBLE)
        if any(character.isalnum() for character in bare):
            return cut(bare, TITLE_WIDTH)
    if via_url:
        parts = urlsplit(via_url)
        return cut(host_of(via_url) + unquote(parts.path).rstrip("/"), TITLE_WIDTH)
    kinds = [_KIND_NAMES[item.kind] for item in post.media]
    named = next((item.title for item in post.media if item.title), "")
    label = kinds[0] if kinds else "Post"
    label = f"{label} × {len(kinds)}" if len(kinds) > 1 else label
    date = f"{published:%Y-%m-%d}" if published else ""
    return cut(": ".join(part for part in (label, named or date) if part), TITLE_WIDTH)


def _content_hash(post: Post, content: str) -> str:
    """Of what a reader would miss: not of views and reactions, of signed media addresses, which rotate, or of names,
    which a channel may change for all its posts at once."""
    steady = replace(
        post,
        channel="",
        channel_title="",
        reactions=None,
        views=None,
        views_shown="",
        partial=False,
        preview=replace(post.preview, image="") if post.preview else None,
        media=tuple(replace(item, url="", thumb="") for item in post.media),
        reply=replace(post.reply, url="", author="", excerpt="") if post.reply else None,
    )
    content = content.replace(f"https://t.me/s/{post.channel}?", "?")
    return hashlib.sha256(repr((content, astuple(steady))).encode()).hexdigest()


# --- the words ------------------------------------------------------------------------------------


def _texts(message: Element) -> list[Element]:
    """The text elements: innermost (an album's caption is nested twice), not the excerpt of what is replied to."""
    found = []
    for text in all_of(message, ".tgme_widget_message_text.js-message_text"):
        if first(text, ".tgme_widget_message_text.js-message_text") is not None:
            continue
        if any(
            "tgme_widget_message_reply" in parent.get("class", "").split() for parent in text.iterancestors()
        ):
            continue
        found.append(text)
    return found


def _html(text: Element, base: str) -> str:
    """The text's inner HTML with what a message can hold, nothing else: emoji as glyphs, absolute addresses."""
    import nh3
    from lxml import etree

    text = deepcopy(text)
    text.tail = None
    for emoji in [*text.iter("i"), *text.iter("tg-emoji")]:
        if emoji.tag == "tg-emoji" or "emoji" in emoji.get("class", "").split():
            for child in emoji:
                child.tag = "span"
            emoji.tag = "span"
    for anchor in text.iter("a"):
        anchor.set("href", _href(anchor, base))
    inner = etree.tostring(text, encoding="unicode", method="html")
    cleaned = nh3.clean(
        inner, tags=TAGS, attributes={"a": {"href"}, "code": {"class"}}, url_schemes=SCHEMES, link_rel=None
    )
    return re.sub(r"^(?:\s|<br>)+|(?:\s|<br>)+$", "", str(cleaned))


def _href(anchor: Element, base: str) -> str:
    """Where an anchor leads. Since 2024-04 those with a confirm dialog may be escaped twice (RSSHub's workaround)."""
    href = _UNSEEN.sub("", anchor.get("href", "")).strip()
    if anchor.get("onclick"):
        href = href.replace("&amp;", "&")
    try:
        return urljoin(base, href)
    except ValueError:
        return ""


def _hashtag(anchor: Element) -> str:
    href = anchor.get("href", "")
    if not href.startswith("?q=%23"):
        return ""
    return parse_qs(href[1:]).get("q", [""])[0].lstrip("#") or plain_text(anchor).lstrip("#")


def _link(anchor: Element, base: str) -> Link | None:
    """A link to somewhere; hashtags, cashtags and mentions of names are none."""
    href, words = anchor.get("href", ""), plain_text(anchor)
    if href.startswith("?") or not href or words.startswith("@"):
        return None
    return Link(_href(anchor, base), words, hidden=anchor.get("onclick") is not None)


# --- around the words -----------------------------------------------------------------------------


def _message_ids(message: Element, channel: str, first_id: int) -> tuple[int, ...]:
    """The post's own id and, of an album, those of its members, which its links name."""
    pattern = re.compile(rf"t\.me/{re.escape(channel)}/(\d+)\?single", re.IGNORECASE)
    members = [int(found[1]) for a in message.iter("a") if (found := pattern.search(a.get("href", "")))]
    return tuple(dict.fromkeys([first_id, *sorted(members)]))


def _time(message: Element) -> datetime | None:
    stamp = first(message, "a.tgme_widget_message_date time[datetime]")
    if stamp is None:
        stamp = first(message, "time.time[datetime]")
    try:
        at = datetime.fromisoformat(stamp.get("datetime")) if stamp is not None else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _own_words(element: Element | None) -> str:
    """The text that is the element's own, its children's left out: an author may be called "edited"."""
    if element is None:
        return ""
    return str(element.text or "") + "".join(child.tail or "" for child in element)


def _forward(message: Element) -> Forward | None:
    block = first(message, ".tgme_widget_message_forwarded_from")
    if block is None:
        return None
    name = first(block, ".tgme_widget_message_forwarded_from_name")
    return Forward(
        name=plain_text(name),
        url=https(name.get("href", "")) if name is not None else "",
        author=plain_text(first(block, ".tgme_widget_message_forwarded_from_author")),
    )


def _reply(message: Element) -> Reply | None:
    block = first(message, ".tgme_widget_message_reply")
    if block is None:
        return None
    excerpt = first(block, ".js-message_reply_text, .tgme_widget_message_metatext")
    author = first(block, ".tgme_widget_message_author_name")
    return Reply(https(block.get("href", "")), plain_text(author), plain_text(excerpt))


def _preview(message: Element) -> Preview | None:
    card = first(message, "a.tgme_widget_message_link_preview[href]")
    if card is None:
        return None
    wide = first(card, ".link_preview_image, .link_preview_video_thumb")
    right = first(card, ".link_preview_right_image")
    return Preview(
        url=card.get("href", "").replace("&amp;", "&").strip(),
        site=plain_text(first(card, ".link_preview_site_name")),
        title=plain_text(first(card, ".link_preview_title")),
        description=plain_text(first(card, ".link_preview_description")),
        image=background(wide if wide is not None else right),
        small=wide is None and right is not None,
    )


def _reactions(message: Element) -> tuple[Reaction, ...] | None:
    """The reactions in three shapes: a glyph, a custom emoji by its number, paid stars. No block: unknown."""
    block = first(message, ".tgme_widget_message_reactions")
    if block is None:
        return None
    return tuple(_reaction(element) for element in all_of(block, ".tgme_reaction"))


def _reaction(element: Element) -> Reaction:
    children = list(element)
    shown = (children[-1].tail if children else element.text) or ""
    custom = first(element, "tg-emoji[emoji-id]")
    if "tgme_reaction_paid" in element.get("class", "").split():
        emoji = "paid"
    elif custom is not None:
        emoji = f"custom:{custom.get('emoji-id')}"
    else:
        glyph = first(element, ".emoji")
        emoji = (
            plain_text(glyph if glyph is not None else element)
            .removesuffix(shown.strip())
            .replace("\ufe0f", "")
        )
    return Reaction(emoji.strip(), number(shown), shown.strip())


# --- media ----------------------------------------------------------------------------------------

_MEDIA = (
    ".tgme_widget_message_photo_wrap, .tgme_widget_message_video_player, .tgme_widget_message_roundvideo_player, "
    ".tgme_widget_message_document_wrap, .tgme_widget_message_voice_player, .tgme_widget_message_sticker, "
    ".tgme_widget_message_poll, .tgme_widget_message_location_wrap, .tgme_widget_message_contact_wrap"
)


def _media(message: Element) -> tuple[Media, ...]:
    """What the post shows besides words, in the page's order."""
    return tuple(_medium(element) for element in all_of(message, _MEDIA))


def _medium(element: Element) -> Media:
    classes = set(element.get("class", "").replace("tgme_widget_message_", "").split())
    if "photo_wrap" in classes:
        return Media("photo", url=background(element))
    if "video_player" in classes or "roundvideo_player" in classes:
        return _video(element, is_round="roundvideo_player" in classes)
    if "document_wrap" in classes:
        is_audio = first(element, ".tgme_widget_message_document_icon.audio") is not None
        return Media(
            "audio" if is_audio else "document",
            title=plain_text(first(element, ".tgme_widget_message_document_title")),
            extra=plain_text(first(element, ".tgme_widget_message_document_extra")),
        )
    if "voice_player" in classes:
        return Media("voice", url=_source(element), extra=plain_text(first(element, "time")))
    if "sticker" in classes:
        return Media("sticker", url=https(element.get("data-webp", "")), thumb=background(element))
    if "poll" in classes:
        return _poll(element)
    if "location_wrap" in classes:
        return Media(
            "location",
            url=https(element.get("href", "")),
            title=plain_text(first(element, "[class$=_title]")),
        )
    return Media(
        "contact",
        title=plain_text(first(element, ".tgme_widget_message_contact_name")),
        extra=plain_text(first(element, ".tgme_widget_message_contact_phone")),
    )


def _video(element: Element, *, is_round: bool) -> Media:
    """A video, or a GIF: the one that plays by itself. One that is too big for the page has no address."""
    kind: Literal["video", "gif", "round"] = "gif"
    if is_round:
        kind = "round"
    elif first(element, ".message_video_play") is not None:
        kind = "video"
    thumb = first(element, ".tgme_widget_message_video_thumb, .tgme_widget_message_roundvideo_thumb")
    duration = first(element, "time")
    return Media(kind, url=_source(element), thumb=background(thumb), extra=plain_text(duration))


def _source(element: Element) -> str:
    found = first(element, "video[src], audio[src]")
    return https(found.get("src", "")) if found is not None else ""


def _poll(element: Element) -> Media:
    options = [
        " ".join(
            plain_text(first(option, f".tgme_widget_message_poll_option_{part}"))
            for part in ("percent", "text")
        )
        for option in all_of(element, ".tgme_widget_message_poll_option")
    ]
    return Media(
        "poll",
        title=plain_text(first(element, ".tgme_widget_message_poll_question")),
        extra="\n".join([plain_text(first(element, ".tgme_widget_message_poll_type")), *options]).strip(),
    )
