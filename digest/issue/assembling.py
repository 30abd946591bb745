"""Selected stories as items in sections: whose words, which passage, who else said it, and why it is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from digest.issue.passages import description, headline, is_cut_of, passage
from digest.languages import language
from digest.markup import blocks_from_html, blocks_from_markdown, linked, plain, text_of, with_languages
from digest.model import (
    Block,
    Candidate,
    Coverage,
    Draft,
    Issue,
    Item,
    Paper,
    Period,
    Preview,
    Profile,
    Scored,
    Section,
    Story,
    Voice,
)
from digest.text import cut, folded, reading_minutes, tag_key, tag_slug, width
from digest.urls import canonical_url, host_of

OWN = "own"
"""Slug of the section with the curator's own posts."""

_TITLE_WIDTH = 100
_WORDS_WIDTH = 900
"""Of what somebody said in a post of any length; a link-blog's whole copy of the article is no commentary."""
_MAX_AUTHORS = 6
_QUOTED = 40
"""Letters that a paragraph shares with an article, from which on it is no chance."""
_DISCUSSIONS = ("news.ycombinator.com", "lobste.rs", "reddit.com")


@dataclass(frozen=True, slots=True)
class Masthead:
    """What the digest says of itself. `channel` is the curator's own one as last seen: counters, description."""

    title: str
    handle: str = ""
    tagline: str = ""
    description: str = ""
    creator: str = ""
    language: str = "en"
    timezone: str = "UTC"
    base_url: str = ""
    channel: Profile | None = None
    sections: tuple[tuple[str, str], ...] = ()
    """Topic and its title, in the order of the settings; "" for a title means the topic's own name."""

    @property
    def profile(self) -> Profile:
        """The header card. The settings' words win over the channel's, the figures are the channel's."""
        channel = self.channel or Profile(title=self.title)
        return Profile(
            title=self.title or channel.title,
            handle=self.handle or channel.handle,
            url=f"https://t.me/{self.handle}" if self.handle else channel.url,
            avatar=channel.avatar,
            description=self.description or channel.description,
            counters=channel.counters,
            numeric_id=channel.numeric_id,
        )


def assembled(
    scored: Sequence[Scored],
    masthead: Masthead,
    *,
    period: Period,
    made_at: datetime,
    coverage: Coverage | None = None,
    shelf: int = 40,
    seen: Mapping[str, str] | None = None,
) -> Draft:
    """The draft of a week: what was selected, in sections, and up to `shelf` of the best that were not.

    The curator's own posts come first, by time; then the topics in the order of the settings, then what has none.
    `seen` names the earlier issue for a story's key that is here again.
    """
    earlier = seen or {}
    chosen = [one for one in scored if one.verdict == "selected"]
    left = [one for one in scored if one.verdict != "selected" and not one.verdict.startswith("carried")]
    selected = [(one.section, _item(one, masthead.handle, earlier.get(one.story.key, ""))) for one in chosen]
    waiting = [_item(one, masthead.handle, earlier.get(one.story.key, "")) for one in left[:shelf]]
    issue = Issue(
        week=period.week,
        title=f"{masthead.title} · {period.week}" if masthead.title else period.week,
        period=period,
        made_at=made_at,
        sections=_sections(selected, masthead),
        language=masthead.language,
        timezone=masthead.timezone,
        profile=masthead.profile,
        tagline=masthead.tagline,
        creator=masthead.creator,
        coverage=coverage or Coverage(stories=len(scored)),
        base_url=masthead.base_url,
    )
    return Draft(issue, shelf=tuple(waiting))


def rest_name(language: str) -> str:
    """The section of what bears no topic."""
    return "其他" if language.startswith("zh") else "More"


def _sections(selected: Sequence[tuple[str, Item]], masthead: Masthead) -> tuple[Section, ...]:
    own = sorted(
        (item for _, item in selected if item.own), key=lambda item: (item.at is None, item.at, item.key)
    )
    by_topic: dict[str, list[Item]] = {slug: [] for slug, _ in masthead.sections}
    for topic, item in selected:
        if not item.own:
            by_topic.setdefault(topic, []).append(item)
    rest = by_topic.pop("", [])
    names = dict(masthead.sections)
    groups = [
        Section(masthead.profile.title or masthead.handle, tuple(own), OWN),
        *(Section(names.get(slug) or slug, tuple(items), slug) for slug, items in by_topic.items()),
        Section(rest_name(masthead.language), tuple(rest), "rest"),
    ]
    return tuple(section for section in groups if section.items)


def _item(one: Scored, handle: str, seen_in: str) -> Item:
    story = one.story
    first = _speaker(story, handle)
    others = tuple(member for member in story.members if member is not first or _is_remark(first))
    item = _post(first, story.key) if first.entry.post else _article(first, story.key)
    voices = tuple(
        _voice(member) for member in sorted(others, key=lambda member: (member.at, member.entry_id))
    )
    own = _is_own(first, handle)
    tags = _distinct(match.tag for match in one.tags)
    return replace(
        item,
        tags=_written_tags(first) if own and first.entry.post and first.entry.post.hashtags else tags,
        voices=voices,
        seen_in=seen_in,
        own=own,
        reasons=_reasons(one, voices),
    )


def _written_tags(candidate: Candidate) -> tuple[str, ...]:
    """The curator's post bears what the curator wrote: a rule may file it, and adds nothing to their words."""
    post = candidate.entry.post
    return _distinct(slug for tag in (post.hashtags if post else ()) if (slug := tag_slug(tag)))


def _distinct(tags: Iterable[str]) -> tuple[str, ...]:
    """Each tag once, as it is spelt first."""
    spelt: dict[str, str] = {}
    for tag in tags:
        spelt.setdefault(tag_key(tag), tag)
    return tuple(spelt.values())


def _speaker(story: Story, handle: str) -> Candidate:
    """Whose words the item are: the curator's own post if the story has one, else the best source."""
    own = [member for member in story.members if _is_own(member, handle)]
    return min(own, key=lambda member: (member.at, member.entry_id)) if own else story.lead


def _is_remark(candidate: Candidate) -> bool:
    """A link-blog's entry: what it says is about the article, whose words it never speaks."""
    return bool(candidate.target) and candidate.entry.post is None


def _is_own(candidate: Candidate, handle: str) -> bool:
    post = candidate.entry.post
    return post is not None and handle != "" and post.channel.casefold() == handle.casefold()


def _post(candidate: Candidate, key: str) -> Item:
    """A channel post: its words as they are, and everything that Telegram shows around them."""
    entry, post, article = candidate.entry, candidate.entry.post, candidate.article
    assert post is not None
    body = with_languages(blocks_from_html(entry.content or entry.summary))
    if candidate.target and article:
        body = quoting(body, plain(blocks_from_markdown(article.text)))
    url = _target_url(candidate)
    preview = post.preview or (_preview(candidate, url, "", ()) if candidate.target and article else None)
    title = (preview.title if preview else "") or (article.title if article and candidate.target else "")
    return Item(
        key=key,
        url=url,
        title=_title(title or entry.title),
        body=body,
        source=post.channel_title or f"@{post.channel}",
        source_url=f"https://t.me/{post.channel}",
        author=post.signature,
        at=candidate.at,
        lang=language(plain(body)),
        forward=post.forward,
        reply=post.reply,
        preview=preview,
        media=post.media,
        reactions=post.reactions or (),
        views_shown=post.views_shown,
        edited=post.edited,
        partial=post.partial,
        permalink=entry.url,
    )


def _article(candidate: Candidate, key: str) -> Item:
    """An article or paper: nothing of the curator's yet, its own summary as a quoted passage, and its card."""
    entry, article = candidate.entry, candidate.article
    is_remark = _is_remark(candidate)
    url = ((article.url if article else "") or entry.via_url) if is_remark else entry.url
    text = _text(candidate)
    title = _title(
        (is_remark and article and article.title)
        or headline(entry.title or (article.title if article else ""), text)
        or url
    )
    quoted = _passage(candidate, title, text)
    body = (Block("quote", children=quoted),) if quoted else ()
    own_name = candidate.feed_title or candidate.feed.title or host_of(entry.url)
    return Item(
        key=key,
        url=url or (article.url if article else ""),
        title=title,
        body=with_languages(body),
        source=((article.site if article else "") or host_of(url)) if is_remark else own_name,
        source_url="" if is_remark else candidate.feed.site_url,
        author=_names(entry.paper.authors, 3)
        if entry.paper
        else ("" if is_remark else entry.author) or (article.author if article else ""),
        at=candidate.at,
        lang=language(f"{title}\n{text[:2000]}"),
        preview=_preview(candidate, url, title, quoted),
        reading_minutes=0 if entry.paper else reading_minutes(text),
    )


def quoting(body: tuple[Block, ...], source: str) -> tuple[Block, ...]:
    """`body` with its verbatim passages of `source` as quotes: channels paste them without any mark.

    Whole paragraphs only, compared by letters and digits alone (quote marks, dashes and width change on the way);
    a short one counts as quoted where it leads or follows a longer one that is.
    """
    text = _letters(source)
    shared = [
        len(words) if block.kind == "paragraph" and (words := _letters(plain((block,)))) in text else 0
        for block in body
    ]

    def is_quoted(i: int) -> bool:
        beside = max(shared[max(0, i - 1) : i + 2])
        return shared[i] >= _QUOTED or (shared[i] >= _QUOTED // 3 and beside >= _QUOTED)

    blocks: list[Block] = []
    for quoted, group in groupby(range(len(body)), key=is_quoted):
        members = tuple(body[i] for i in group)
        blocks += [Block("quote", children=members)] if quoted else members
    return tuple(blocks)


def _letters(text: str) -> str:
    return "".join(character for character in folded(text) if character.isalnum())


def _title(text: str) -> str:
    return cut(" ".join(text.split()), _TITLE_WIDTH)


def _text(candidate: Candidate) -> str:
    """The article's text as plain words, else what its own feed gave."""
    if candidate.article and candidate.article.text:
        return plain(blocks_from_markdown(candidate.article.text))
    if candidate.target:
        return ""
    return text_of(candidate.entry.content or candidate.entry.summary)


def _target_url(candidate: Candidate) -> str:
    """The address of what a post speaks of, as the post wrote it; its own address when it speaks of nothing else."""
    entry, post = candidate.entry, candidate.entry.post
    if not candidate.target or post is None:
        return entry.url
    written = (link.url for link in post.links if canonical_url(link.url) == candidate.target)
    found = next(written, "") or entry.via_url or (candidate.article.url if candidate.article else "")
    return found or entry.url


def _passage(candidate: Candidate, title: str, text: str) -> tuple[Block, ...]:
    """What the source says it is about, in its own words."""
    own = "" if candidate.target else text_of(candidate.entry.summary)
    own = own or (candidate.article.summary if candidate.article else "")
    paragraphs = passage(title, own, text, is_tex=candidate.entry.paper is not None)
    return tuple(Block("paragraph", linked(paragraph)) for paragraph in paragraphs)


def _preview(candidate: Candidate, url: str, title: str, quoted: tuple[Block, ...]) -> Preview:
    """The card of the article, without what the passage beside it says already."""
    entry, article = candidate.entry, candidate.article
    return Preview(
        url=url or entry.url,
        site="arXiv.org"
        if host_of(url) == "arxiv.org"
        else (article.site if article else "") or host_of(url),
        title=title or _title(article.title if article else ""),
        description=_paper_line(entry.paper)
        if entry.paper
        else description(article.summary if article else "", plain(quoted)),
        image=article.image if article else "",
    )


def _names(authors: Sequence[str], most: int) -> str:
    return ", ".join(authors[:most]) + (" et al." if len(authors) > most else "")


def _paper_line(paper: Paper) -> str:
    """ "Rafailov, Sharma, Mitchell et al. NeurIPS 2023. arXiv:2305.18290" """
    names = _names(paper.authors, _MAX_AUTHORS)
    parts = (names.removesuffix("."), paper.journal.strip().removesuffix("."), f"arXiv:{paper.arxiv_id}")
    return ". ".join(part for part in parts if part)


def _voice(candidate: Candidate) -> Voice:
    """Another source of the story, with its words when they are commentary and not the article once more."""
    entry = candidate.entry
    name = candidate.feed_title or candidate.feed.title or host_of(entry.url)
    if entry.post:
        words = with_languages(blocks_from_html(entry.content or entry.summary))
        return Voice(entry.post.channel_title or name, entry.url, candidate.at, words, "post")
    if entry.comments_url or host_of(entry.url) in _DISCUSSIONS:
        return Voice(name, entry.comments_url or entry.url, candidate.at, (), "discussion")
    if not candidate.target:
        return Voice(name, entry.url, candidate.at, (), "paper" if entry.paper else "article")
    words = _commentary(entry.content or entry.summary)
    if candidate.article and is_cut_of(plain(words), _text(candidate)):
        words = ()  # the article's own beginning once more
    has_page = canonical_url(entry.url) != candidate.target
    return Voice(name, entry.url if has_page else candidate.feed.site_url or entry.url, candidate.at, words)


def _commentary(html: str) -> tuple[Block, ...]:
    """The opening blocks of what a link-blog says, up to a length at which it is no remark any more."""
    kept: list[Block] = []
    room = _WORDS_WIDTH
    for block in with_languages(blocks_from_html(html)):
        room -= width(plain((block,)))
        if room < 0:
            break
        kept.append(block)
    return tuple(kept)


def _reasons(one: Scored, voices: Sequence[Voice]) -> tuple[str, ...]:
    """For the curator: the score with its parts, each tag with its rule, who else said it."""
    parts = " + ".join(f"{name} {value:.2f}" for name, value in one.parts).replace("+ -", "- ")
    lines = [f"score {one.score:.2f}" + (f" = {parts}" if parts else "")]
    if one.verdict not in ("", "selected"):
        lines.append(one.verdict)
    lines += [f"#{match.tag}: {match.reason}" for match in one.tags]
    if voices:
        lines.append("also: " + ", ".join(dict.fromkeys(voice.name for voice in voices)))
    return tuple(" ".join(line.split()) for line in lines)
