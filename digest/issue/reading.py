"""An edited draft read back: what the curator wrote, joined to the facts of the frozen draft by each item's key.

Nothing written is lost. What isn't understood is kept as text and named with its line in `Draft.warnings`; only
front matter that cannot be read is an error, since approval stands there.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from digest.errors import DraftError
from digest.issue import writing
from digest.issue.assembling import rest_name
from digest.issue.scanning import Scanned, scanned
from digest.languages import language
from digest.markup import blocks_from_markdown, markdown, plain, with_languages
from digest.model import Block, Draft, Issue, Item, Period, Section, Span
from digest.text import hashtags, tag_key
from digest.urls import canonical_url, display_url, host_of

_SECTION = re.compile(r"##(?!#)[ \t\u3000]*(.*)")
_ITEM = re.compile(r"###(?!#)[ \t\u3000]*(.*)")
_LINK = re.compile(
    r"\[((?:\\.|[^\\\[\]]|\[[^\[\]]*\])*)\][(（]\s*(?:<([^<>]*)>|((?:[^\s()（）]|[(（][^\s()（）]*[)）])*))\s*[)）]"
)
_SHELF_LINE = re.compile(r"\s*[-*+][ \t\u3000]*\[([ \t\u3000xX✓√]?)\][ \t\u3000]*(\[.*)")
_TAGS = re.compile(rf"\s*[#＃]{writing.TAG}(?:[\s,，、]+[#＃]{writing.TAG})*[\s,，、]*")
_SHELVES = {"shelf", "备选"}
_KEYS = ("week", "title", "headline", "approved", "made")


def read(text: str, frozen: Draft | None, name: str) -> Draft:
    """The draft that the file `name` now says. `frozen` is the draft as it was written, if that is known.

    Raises DraftError, with `name` and line, for front matter that isn't TOML, is missing without a frozen draft,
    or says what it cannot mean (another week, an approval that is neither true nor false).
    """
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    values, first, warnings = _front_matter(lines, frozen, name)
    reader = _Reader(scanned("\n".join(lines[first:]), first + 1), frozen)
    reader.read()
    base = frozen.issue if frozen else _issue(values, name)
    issue = replace(
        base,
        title=values.get("title", base.title),
        headline=values.get("headline", base.headline),
        sections=reader.sections(base.language),
        note=_kept_or_read(reader.note, base.note),
    )
    approved = values.get("approved", False)
    return Draft(issue, reader.shelf(), approved, (*warnings, *reader.warnings()))


# --- front matter ---------------------------------------------------------------------------------


def _front_matter(lines: list[str], frozen: Draft | None, name: str) -> tuple[dict[str, Any], int, list[str]]:
    """Its values, the index of the first line after it, and warnings."""
    start = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    if start == len(lines) or lines[start].strip() != "+++":
        if frozen is None or (start < len(lines) and lines[start].strip() == "---"):
            message = "expected front matter between two lines of +++ (week, title, approved)"
            raise DraftError(
                f"{name}:{min(start, len(lines) - 1) + 1}", f"{message}; put it back, or draft the week again"
            )
        return (
            {},
            0,
            ["line 1: no front matter; week and title are those of the draft, and it is not approved"],
        )
    end = next((n for n in range(start + 1, len(lines)) if lines[n].strip() == "+++"), None)
    if end is None:
        raise DraftError(
            f"{name}:{start + 1}", "front matter begins with +++ and never ends; add a line +++ after it"
        )
    values = _toml("\n".join(lines[start + 1 : end]), start + 1, name)
    for key in values.keys() & set(_KEYS):
        _check(key, values[key], frozen, f"{name}:{_line_of(key, lines, start, end)}")
    unknown = [key for key in values if key not in _KEYS]
    warnings = [
        f"line {_line_of(key, lines, start, end)}: {key} is not a setting of an issue" for key in unknown
    ]
    return values, end + 1, warnings


def _toml(text: str, lines_before: int, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = lines_before + (int(found[1]) if found else 1)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        hint = 'write key = "words" with straight quotes, approved = true or false'
        raise DraftError(f"{name}:{line}", f"front matter isn't valid TOML: {reason}; {hint}") from error


def _check(key: str, value: object, frozen: Draft | None, place: str) -> None:
    if key == "approved" and not isinstance(value, bool):
        raise DraftError(
            place, f"approved is {value!r}; write approved = true or approved = false, without quotes"
        )
    if key in ("week", "title", "headline") and not isinstance(value, str):
        raise DraftError(place, f'{key} is {value!r}; write {key} = "…"')
    if key == "week" and frozen and value != frozen.issue.week:
        raise DraftError(
            place, f"says week {value}, but this is the draft of {frozen.issue.week}; set it back"
        )


def _line_of(key: str, lines: list[str], start: int, end: int) -> int:
    return next((n + 1 for n in range(start, end) if lines[n].lstrip(" \t\"'").startswith(key)), start + 1)


def _issue(values: dict[str, Any], name: str) -> Issue:
    """An issue with nothing but what its front matter says, when the draft that it came from is unknown."""
    week = values.get("week", "")
    try:
        monday = datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=UTC)
    except ValueError as error:
        raise DraftError(f"{name}:1", f'week is {week!r}; write week = "2026-W47"') from error
    made = values.get("made")
    made_at = (
        made.astimezone(UTC) if isinstance(made, datetime) and made.tzinfo else monday + timedelta(days=7)
    )
    return Issue(week, week, Period(week, monday, monday + timedelta(days=7)), made_at, ())


# --- the text -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Chunk:
    """The lines that belong to one heading, shelf line, or to neither. `head` is the line's own words."""

    line: int
    kind: str
    """item, shelf or stray."""
    head: str = ""
    ticked: bool = False
    on_shelf: bool = False
    section: str | None = None
    lines: list[tuple[int, str]] = field(default_factory=list)


class _Reader:
    def __init__(self, source: Scanned, frozen: Draft | None) -> None:
        self._source = source
        self._frozen = frozen
        known = (*frozen.issue.items, *frozen.shelf) if frozen else ()
        self._known = {item.key: item for item in known}
        self._by_url = {canonical_url(item.url): item for item in reversed(known) if item.url}
        self._warnings = [(0, words) for words in source.warnings]
        self._names: list[str] = []
        self._items: list[tuple[str | None, Item]] = []
        self._shelf: list[Item] = []
        self._ticked: list[Item] = []
        self._claimed: set[str] = set()
        self.note = ""

    def read(self) -> None:
        chunks = list(self._chunks())
        self._claimed = {key for chunk in chunks if (key := self._key(chunk)) in self._known}
        seen: set[str] = set()
        for chunk in chunks:
            item = self._item(chunk)
            if item is None:
                continue
            if item.key in seen:
                self._warn(chunk.line, "this item is here twice")
            seen.add(item.key)
            if chunk.on_shelf and not chunk.ticked:
                self._shelf.append(item)
            elif chunk.on_shelf:
                self._ticked.append(item)
            else:
                self._items.append((chunk.section, item))

    def sections(self, issue_language: str) -> tuple[Section, ...]:
        frozen = (
            {section.name: section.slug for section in self._frozen.issue.sections} if self._frozen else {}
        )
        found = {name: [item for section, item in self._items if section == name] for name in self._names}
        loose = [item for section, item in self._items if section is None]
        rest = rest_name(issue_language)
        if loose:
            found = {rest: [], **found}
            found[rest] = [*loose, *found[rest]]
        for item in self._ticked:
            found.setdefault(self._section_for(item, found, frozen) or rest, []).append(item)
        return tuple(
            Section(name, tuple(items), frozen.get(name) or ("rest" if name == rest else tag_key(name)))
            for name, items in found.items()
        )

    def shelf(self) -> tuple[Item, ...]:
        return tuple(self._shelf)

    def warnings(self) -> tuple[str, ...]:
        return tuple(words for _, words in sorted(self._warnings, key=lambda warning: warning[0]))

    def _warn(self, line: int, words: str) -> None:
        self._warnings.append((line, f"line {line}: {words}"))

    # --- lines to chunks

    def _chunks(self) -> Iterator[_Chunk]:
        """The file's parts in order; the opening's words go to `note`, section names to `_names`."""
        section: str | None = None
        on_shelf = in_note = False
        in_note = True
        note: list[str] = []
        chunk: _Chunk | None = None
        for number, line in enumerate(self._source.lines, start=self._source.first):
            structure = number not in self._source.code
            if structure and (found := _SECTION.fullmatch(line.rstrip())):
                name = _unescaped(found[1].strip())
                if chunk:
                    yield chunk
                chunk, in_note = None, False
                on_shelf = name.casefold() in _SHELVES
                if not on_shelf:
                    section = name
                    self._add_section(name, number)
            elif structure and (begun := self._begun(number, line, on_shelf)):
                if chunk:
                    yield chunk
                chunk, in_note = begun, False
                chunk.section, chunk.on_shelf = section, on_shelf
            elif in_note:
                note.append(line)
            elif chunk:
                chunk.lines.append((number, line))
            elif line.strip():
                chunk = _Chunk(number, "stray", section=section, on_shelf=on_shelf, lines=[(number, line)])
        if chunk:
            yield chunk
        self.note = "\n".join(note)

    def _add_section(self, name: str, number: int) -> None:
        if name in self._names:
            self._warn(number, f"a second section {name!r}; its items go into the first")
        else:
            self._names.append(name)

    def _begun(self, number: int, line: str, on_shelf: bool) -> _Chunk | None:
        """The item or shelf entry that `line` begins. Outside the shelf a task list is text, but for known keys."""
        if found := _ITEM.fullmatch(line.rstrip()):
            return _Chunk(number, "item", found[1])
        found = _SHELF_LINE.fullmatch(line.rstrip())
        if found and (on_shelf or self._key_at(number) in self._known):
            return _Chunk(number, "shelf", found[2], ticked=bool(found[1].strip()))
        return None

    def _key_at(self, number: int) -> str:
        return next(
            (key for line, words in self._source.comments if line == number and (key := _key(words))), ""
        )

    def _key(self, chunk: _Chunk) -> str:
        last = chunk.lines[-1][0] if chunk.lines else chunk.line
        within = (words for line, words in self._source.comments if chunk.line <= line <= last)
        return next((key for words in within if (key := _key(words))), "")

    # --- chunks to items

    def _item(self, chunk: _Chunk) -> Item | None:
        if chunk.kind == "stray":
            self._warn(
                chunk.line, 'text that belongs to no item is kept as one; put it under a "###" heading'
            )
            return self._written(chunk, "", "", chunk.lines, None)
        title, url, rest = self._link(chunk)
        key = self._key(chunk)
        base = self._known.get(key)
        if base is None and not key and url:
            by_url = self._by_url.get(canonical_url(url))
            base = by_url if by_url and by_url.key not in self._claimed else None
        if chunk.kind == "shelf":
            return self._from_shelf(chunk, title, url, rest, key, base)
        lines = [(chunk.line, rest), *chunk.lines] if rest else chunk.lines
        return self._written(chunk, title, url, lines, base, key)

    def _link(self, chunk: _Chunk) -> tuple[str, str, str]:
        """Title and address of a heading, and what stands after them."""
        head = chunk.head.strip()
        if found := _LINK.match(head):
            return _unescaped(found[1]), found[2] or found[3] or "", head[found.end() :].strip()
        if bare := re.match(r"<?(https?://[^\s<>]+)>?", head):
            return display_url(bare[1]), bare[1], head[bare.end() :].strip()
        if head:
            self._warn(chunk.line, "no link in this heading; write ### [Title](address)")
        return _unescaped(head), "", ""

    def _written(
        self,
        chunk: _Chunk,
        title: str,
        url: str,
        lines: list[tuple[int, str]],
        base: Item | None,
        key: str = "",
    ) -> Item | None:
        """The item that heading and lines say, its facts from `base`."""
        tags, words = self._parted(lines)
        if base is None:
            return _new_item(key, title, url, tags, words)
        if chunk.head.strip() == writing.heading(base).removeprefix("### "):
            title, url = base.title, base.url
        body = _kept_or_read(words, base.body)
        if body != base.body:
            tags = _distinct([*tags, *_hashtags(body)])
        if writing.tag_line(base.tags) == writing.tag_line(tags):
            tags = list(base.tags)
        return _edited(base, title, url, tuple(tags), body)

    def _parted(self, lines: Iterable[tuple[int, str]]) -> tuple[list[str], str]:
        """The tags of a chunk's lines of tags, and its other lines."""
        tags: list[str] = []
        words: list[str] = []
        for number, line in lines:
            if number not in self._source.code and _TAGS.fullmatch(line):
                tags += re.findall(rf"[#＃]({writing.TAG})", line)
            else:
                words.append(line)
        return _distinct(tags), "\n".join(words)

    def _from_shelf(
        self, chunk: _Chunk, title: str, url: str, rest: str, key: str, base: Item | None
    ) -> Item | None:
        """A shelf line; words written below it become the remark above the passage that the item has."""
        tags, remark = self._parted(chunk.lines)
        if base is None:
            tags = _distinct([*re.findall(rf"(?<!\S)[#＃]({writing.TAG})", rest), *tags])
            return _new_item(key, title, url, tags, remark)
        frozen_line = writing.shelf_line(base)
        unchanged = frozen_line.removeprefix("- [ ] ").partition(" <!--")[0].strip() == chunk.head.strip()
        if unchanged:
            title, url = base.title, base.url
            tags = _distinct([*base.tags, *tags])
        else:
            after = rest.removeprefix("·").strip().removeprefix(writing._escaped(base.source))
            tags = _distinct([*re.findall(rf"(?<!\S)[#＃]({writing.TAG})", after), *tags])
        said = with_languages(blocks_from_markdown(_dedented(remark)))
        return _edited(base, title, url, tuple(tags), (*said, *base.body) if said else base.body)

    def _section_for(self, item: Item, names: Iterable[str], slugs: dict[str, str]) -> str:
        """The section that bears one of the item's tags."""
        tags = {tag_key(tag) for tag in item.tags}
        return next((name for name in names if {tag_key(name), tag_key(slugs.get(name, ""))} & tags), "")


def _key(comment: str) -> str:
    found = re.match(r"\s*key[:：][ \t]*(.+)", comment)
    return found[1].strip() if found else ""


def _unescaped(text: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def _dedented(text: str) -> str:
    return "\n".join(line.lstrip() for line in text.split("\n"))


def _distinct(tags: Iterable[str]) -> list[str]:
    """Each tag once, as it is spelt first."""
    spelt: dict[str, str] = {}
    for tag in tags:
        spelt.setdefault(tag_key(tag), tag)
    return list(spelt.values())


def _hashtags(blocks: tuple[Block, ...]) -> tuple[str, ...]:
    return hashtags(plain(blocks))


def _kept_or_read(text: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """`blocks` when `text` is what was written for them, else what `text` says now."""
    if _bare_lines(text) == _bare_lines(markdown(writing.note_body(blocks))):
        return blocks
    return with_languages(blocks_from_markdown(text))


def _bare_lines(text: str) -> str:
    """Without what editors trim: space at line ends, empty lines around."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def _new_item(key: str, title: str, url: str, tags: list[str], words: str) -> Item | None:
    """An item of the curator's own making, with no facts but what they wrote; None when that is nothing."""
    body = with_languages(blocks_from_markdown(words))
    if not url:
        url = next((span.href for span in _spans(body) if span.href), "")
    if not (key or url or title or body):
        return None
    written = f"{title}\n{words}"
    return Item(
        key=key
        or (canonical_url(url) if url else "text:" + hashlib.sha256(written.encode()).hexdigest()[:12]),
        url=url,
        title=title,
        body=body,
        tags=tuple(_distinct([*tags, *_hashtags(body)])),
        source=host_of(url),
        lang=language(plain(body) or title),
    )


def _edited(base: Item, title: str, url: str, tags: tuple[str, ...], body: tuple[Block, ...]) -> Item:
    """`base` with the curator's words. A preview shows the new title; of another address it keeps no more than that."""
    preview = base.preview
    if preview and title != base.title and title:
        preview = replace(preview, title=title)
    if preview and url != base.url and canonical_url(preview.url) == canonical_url(base.url):
        preview = replace(preview, url=url, site=host_of(url)) if url else None
    if body != base.body:
        body = _their_words_quoted(base, body)
    lang = base.lang if body == base.body else language(plain(body)) or base.lang
    return replace(base, title=title, url=url, tags=tags, body=body, preview=preview, lang=lang)


def _their_words_quoted(base: Item, body: tuple[Block, ...]) -> tuple[Block, ...]:
    """Another channel's post with a remark of the curator's: the post becomes the quoted passage.

    Without that the remark would stand among words that are signed by somebody else.
    """
    theirs = [markdown((block,)) for block in base.body]
    now = [markdown((block,)) for block in body]
    if base.own or not base.permalink or not theirs or len(now) == len(theirs):
        return body
    at = next((n for n in range(len(now)) if now[n : n + len(theirs)] == theirs), None)
    if at is None:
        return body
    return (*body[:at], Block("quote", children=base.body), *body[at + len(theirs) :])


def _spans(blocks: Iterable[Block]) -> Iterator[Span]:
    for block in blocks:
        yield from block.spans
        yield from _spans(block.children)
