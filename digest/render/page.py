"""What each card of an issue holds, decided once for every output: names, dates, counts, link lines, cuts.

All outputs walk `Page.groups` and draw each card, so they carry the same items in the same order. `Limits` makes an
output shorter; what it cuts ends with an address where the rest can be read, and no card is ever left out.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from digest.markup import plain
from digest.model import Block, Issue, Item, Media, Preview, Section, Span, Voice
from digest.render.cutting import cut_blocks
from digest.render.inline import safe_image, safe_url, tag_url
from digest.render.wording import Wording, wording
from digest.text import cut, hashtags, tag_key, tag_slug
from digest.urls import canonical_url, host_of

_PALETTE = ("#e17076", "#faa774", "#a695e7", "#7bc862", "#6ec9cb", "#65aadd", "#ee7aae")
"""Telegram's colours for channels without a photo."""
_OWN_COLOUR = "#7480ff"
_LINKS = re.compile(
    r"(?P<url>https?://[^\s<>]+[^\s<>.,;:!?)，。；：！？）])|(?<![\w@/])@(?P<name>[A-Za-z]\w{3,31})"
)
_HEADER_TAGS = 12
_GLYPHS = {"photo": "🖼", "video": "🎬", "gif": "🎬", "round": "🎬", "document": "📄", "audio": "🎵", "voice": "🎤",
           "sticker": "🏷", "poll": "📊", "location": "📍", "contact": "👤"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Widths (a Chinese character counts 2) that an output allows; None is no limit."""

    voice: int | None = None
    quote: int | None = None
    body: int | None = None
    previews: bool = True
    names: bool = True
    """Whether sources that said nothing of their own are named."""
    compact: bool = False
    """Cards without the avatar beside them, as on phones."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo that can be shown, or a line that says what the post carries. `lines` are a poll's options."""

    label: str
    image: str = ""
    url: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One item, ready to be drawn from top to bottom."""

    item: Item
    anchor: str
    name: str
    name_url: str
    initials: str
    colour: str
    facts: str
    """Author, reading time, where it was seen: the grey line under the name."""
    title: str
    """Only when no preview shows it and the item is no post."""
    body: tuple[Block, ...]
    preview: Preview | None
    attachments: tuple[Attachment, ...]
    silent: tuple[Voice, ...]
    """Sources that said the same and nothing of their own."""
    speaking: tuple[Voice, ...]
    reactions: tuple[tuple[str, str], ...]
    meta: tuple[str, ...]
    """Views, "edited"."""
    time: str
    at: datetime | None
    """In the issue's time zone."""


@dataclass(frozen=True, slots=True)
class Day:
    """Cards under one date; `label` is "" where cards do not stand by date."""

    label: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A section that holds something. `name` is "" for the first one when it needs no head: the curator's posts."""

    name: str
    slug: str
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The issue around its cards."""

    issue: Issue
    words: Wording
    title: str
    handle: str
    channel_url: str
    initials: str
    counters: tuple[tuple[str, str], ...]
    description: tuple[tuple[Span, ...], ...]
    summary: str
    tags: tuple[tuple[str, str, int], ...]
    """Tag, address, how many items bear it."""
    coverage: str
    preheader: str
    groups: tuple[Group, ...]
    web_url: str
    markdown_url: str
    compact: bool

    @property
    def cards(self) -> tuple[Card, ...]:
        return tuple(card for group in self.groups for day in group.days for card in day.cards)


def page(issue: Issue, limits: Limits | None = None) -> Page:
    """The issue as every output shows it."""
    words = wording(issue.language)
    profile = issue.profile
    title = profile.title or issue.title
    web_url = f"{issue.base_url.rstrip('/')}/{issue.week}/" if issue.base_url else ""
    limits = limits or Limits()
    counters = tuple((counter.value, words.counter(counter.label)) for counter in profile.counters)
    return Page(
        issue=issue,
        words=words,
        title=title,
        handle=profile.handle,
        channel_url=f"https://t.me/s/{profile.handle}" if profile.handle else profile.url,
        initials=initials(title),
        counters=counters,
        description=tuple(linked(text) for text in _description(issue, words)),
        summary=_summary(issue, words),
        tags=_tag_counts(issue),
        coverage=_coverage(issue, words),
        preheader=_preheader(issue),
        groups=_groups(issue, words, limits, web_url),
        web_url=web_url,
        markdown_url=f"{web_url}issue.md" if web_url else "",
        compact=limits.compact,
    )


def initials(name: str) -> str:
    """Two letters for an avatar: of the first two words, or of a Chinese name its first character."""
    words = [word for word in re.split(r"[\s\-–—_·|:：]+", name) if word and word[0].isalnum()]
    if not words:
        return "·"
    if ord(words[0][0]) >= 0x2E80:
        return words[0][0]
    return "".join(word[0] for word in words[:2] if ord(word[0]) < 0x2E80).upper()


def linked(text: str) -> tuple[Span, ...]:
    """Plain text with its addresses and @names as links."""
    spans, end = [], 0
    for match in _LINKS.finditer(text):
        href = match["url"] or f"https://t.me/{match['name']}"
        spans += [Span(text[end : match.start()]), Span(match[0], href=href)]
        end = match.end()
    return tuple(span for span in (*spans, Span(text[end:])) if span.text)


def with_link_line(item: Item) -> tuple[Block, ...]:
    """The item's words, with "URL #tag #tag" after the remark where they name neither already.

    The curator's order (a remark, the address with its tags on the next line, then the passages) is kept.
    """
    hrefs = {canonical_url(span.href) for span in _spans(item.body) if span.href}
    url = item.url if safe_url(item.url) and item.url != item.permalink else ""
    if canonical_url(url) in hrefs:
        url = ""
    said = {tag_key(tag) for tag in hashtags(plain(item.body))}
    tags = [slug for tag in item.tags if (slug := tag_slug(tag)) and tag_key(slug) not in said]
    line = [Span(url, href=url)] if url else []
    if tags:
        line.append(Span((" " if url else "") + " ".join(f"#{tag}" for tag in tags)))
    if not line:
        return item.body
    remark = next((n for n, block in enumerate(item.body) if block.kind == "quote"), len(item.body))
    if not url:
        return (*item.body, Block("paragraph", tuple(line)))
    before, after = item.body[:remark], item.body[remark:]
    if before and before[-1].kind == "paragraph":
        ending = replace(before[-1], spans=(*before[-1].spans, Span("\n"), *line))
        return (*before[:-1], ending, *after)
    return (*before, Block("paragraph", tuple(line)), *after)


def _groups(issue: Issue, words: Wording, limits: Limits, web_url: str) -> tuple[Group, ...]:
    groups: list[Group] = []
    number = 0
    for section in issue.sections:
        if not section.items:
            continue
        own = all(item.own for item in section.items)
        cards = []
        for item in section.items:
            number += 1
            cards.append(_card(issue, item, f"p{number}", words, limits, web_url, dated=own))
        name = "" if own and not groups else section.name
        groups.append(Group(name, section.slug, _days(issue, section, cards, words)))
    return tuple(groups)


def _days(issue: Issue, section: Section, cards: list[Card], words: Wording) -> tuple[Day, ...]:
    """The curator's own posts stand under their dates, as in the channel; a topic's items by rank."""
    if not all(item.own for item in section.items):
        return (Day("", tuple(cards)),)
    year = issue.period.end.year
    by_day = groupby(cards, key=lambda card: card.at.date() if card.at else None)
    return tuple(Day(words.day(day, year) if day else "", tuple(group)) for day, group in by_day)


def _card(
    issue: Issue, item: Item, anchor: str, words: Wording, limits: Limits, web_url: str, *, dated: bool
) -> Card:
    at = item.at.astimezone(ZoneInfo(issue.timezone)) if item.at else None
    preview = item.preview if limits.previews and item.preview and safe_url(item.preview.url) else None
    rest = f"{web_url}#{anchor}" if web_url else item.permalink or item.url
    name, name_url = _name(issue, item)
    shows_title = bool(item.permalink) or bool(preview and preview.title) or not item.url
    kept, was_cut = cut_blocks(item.body, quote=limits.quote, body=limits.body)
    body = with_link_line(replace(item, body=kept))
    if was_cut:
        body = (*body, _read_on(words, rest))
    voices = tuple(_voice(voice, words, limits.voice) for voice in item.voices)
    time = "" if at is None else f"{at:%H:%M}" if dated else words.moment(at, issue.period.end.year)
    return Card(
        item=item,
        anchor=anchor,
        name=name,
        name_url=name_url,
        initials=initials(name),
        colour=_OWN_COLOUR if item.own else _PALETTE[zlib.crc32(name.encode()) % len(_PALETTE)],
        facts=_facts(item, words),
        title="" if shows_title else item.title,
        body=body,
        preview=_shown_preview(preview) if preview else None,
        attachments=_attachments(item, words),
        silent=tuple(voice for voice in voices if not voice.words) if limits.names else (),
        speaking=tuple(voice for voice in voices if voice.words),
        reactions=tuple(_reaction(r.emoji, r.shown or str(r.count)) for r in item.reactions if r.count),
        meta=_meta(item, words),
        time=time,
        at=at,
    )


def _name(issue: Issue, item: Item) -> tuple[str, str]:
    if item.own and issue.profile.handle:
        return item.source or issue.profile.title, f"https://t.me/{issue.profile.handle}"
    return item.source or host_of(item.url) or issue.profile.title, safe_url(item.source_url)


def _facts(item: Item, words: Wording) -> str:
    facts = [item.author if item.author != item.source and not item.permalink else ""]
    facts.append(words.minutes(item.reading_minutes) if item.reading_minutes else "")
    facts.append(words.seen_in.format(item.seen_in) if item.seen_in else "")
    return " · ".join(filter(None, facts))


def _meta(item: Item, words: Wording) -> tuple[str, ...]:
    views = words.views.format(item.views_shown) if item.views_shown else ""
    return tuple(filter(None, (views, words.edited if item.edited else "")))


def _reaction(emoji: str, shown: str) -> tuple[str, str]:
    """Custom emoji have no glyph outside Telegram; paid ones are stars there."""
    glyph = "⭐" if emoji == "paid" else "✨" if emoji.startswith("custom:") else emoji
    return glyph, shown


def _shown_preview(preview: Preview) -> Preview:
    return replace(
        preview,
        site=preview.site or host_of(preview.url),
        description=cut(preview.description, 280),
        image=safe_image(preview.image),
    )


def _attachments(item: Item, words: Wording) -> tuple[Attachment, ...]:
    """What the post carries: pictures shown as such, the rest (and what can't be shown) named, linked to the post."""
    shown = [_attachment(media, item, words) for media in item.media]
    if item.partial:
        shown.append(Attachment(words.partial, url=item.permalink))
    return tuple(shown)


def _attachment(media: Media, item: Item, words: Wording) -> Attachment:
    kind = words.media.get(media.kind, media.kind)
    image = safe_image(media.url if media.kind == "photo" else media.thumb)
    url = item.permalink or safe_url(media.url)
    if media.kind == "poll":
        return Attachment(
            f"{_GLYPHS['poll']} {media.title or kind}", url=url, lines=tuple(media.extra.splitlines())
        )
    details = " · ".join(filter(None, (media.title, media.extra)))
    label = f"{_GLYPHS[media.kind]} {details or kind}"
    return Attachment(label, image if media.kind != "sticker" else "", url)


def _voice(voice: Voice, words: Wording, limit: int | None) -> Voice:
    said, was_cut = cut_blocks(voice.words, quote=limit, body=limit)
    if was_cut:
        said = (*said, _read_on(words, voice.url)) if limit else ()
    return replace(voice, words=said, url=safe_url(voice.url))


def _read_on(words: Wording, url: str) -> Block:
    return Block("paragraph", (Span("… "), Span(words.read_on, href=safe_url(url))))


def _description(issue: Issue, words: Wording) -> Iterator[str]:
    """Tagline, description and creator, each once: a channel's description often holds all three."""
    described = [part.strip() for part in issue.profile.description.split("\n\n") if part.strip()]
    if issue.tagline and not any(issue.tagline in part for part in described):
        yield issue.tagline
    yield from described
    if issue.creator and not any(issue.creator in part for part in described):
        yield words.created_by(issue.creator)


def _summary(issue: Issue, words: Wording) -> str:
    links = {canonical_url(item.url) for item in issue.items if item.url and item.url != item.permalink}
    links |= {
        canonical_url(span.href)
        for item in issue.items
        for span in _spans(item.body)
        if span.href.startswith("http")
    }
    comma = ", " if words.lang == "en" else "，"
    posts = words.count(len(issue.items), "post", "posts")
    return f"{words.in_this_issue}{words.colon}{posts}{comma}{words.count(len(links), 'link', 'links')}"


def _coverage(issue: Issue, words: Wording) -> str:
    covered = issue.coverage
    return words.coverage(covered.entries, covered.feeds) if covered.entries and covered.feeds else ""


def _tag_counts(issue: Issue) -> tuple[tuple[str, str, int], ...]:
    shown: dict[str, str] = {}
    tally: Tally[str] = Tally()
    for item in issue.items:
        for key, tag in {tag_key(tag): tag_slug(tag) for tag in item.tags if tag_slug(tag)}.items():
            shown.setdefault(key, tag)
            tally[key] += 1
    handle = issue.profile.handle
    common = tally.most_common(_HEADER_TAGS)
    return tuple((shown[key], tag_url(handle, shown[key]), number) for key, number in common)


def _preheader(issue: Issue) -> str:
    titles = [item.title for item in issue.items if item.title]
    return cut(issue.headline or " · ".join(titles[:4]) or issue.title, 140)


def _spans(blocks: Iterable[Block]) -> Iterator[Span]:
    for block in blocks:
        yield from block.spans
        yield from _spans(block.children)
