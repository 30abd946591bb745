"""A draft as one Markdown file that the curator edits in any editor.

Each part is written by a function of its own, which the reader calls too: a part that still reads as it was
written is taken from the frozen draft, so an item that nobody touched keeps what Markdown cannot say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from digest.markup import markdown
from digest.model import Block, Draft, Item, Section
from digest.text import tag_slug

SHELF = "Shelf"

_HELP = {
    "en": """\
This file is the issue. What is deleted here is left out; move, retitle and rewrite as you like.
Write your opening words below this comment. Under each "###":
  a plain paragraph is in your own words, a line that begins with "> " is quoted,
  a line of "#tags" gives the tags.
For a new item write "### [Title](address)" and your words. On the shelf at the end, tick [x] what shall go in.
Comments like this one never reach a reader; leave the "key:" lines, they hold each item to its facts.
Set approved = true above when the issue may go out.""",
    "zh": """\
这个文件就是本期内容：删掉的不会发出；顺序、标题、文字都可以改。
开场白写在这段注释下面。每个 "###" 之下：
  普通段落是你自己的话，以 "> " 开头的是引文，
  由 "#标签" 组成的一行是标签。
要加新条目，写 "### [标题](网址)" 和你的话。文末的 Shelf 是备选，打勾 [x] 即收入。
这样的注释不会给读者看到；请保留 "key:" 行，它把条目和已知事实连在一起。
可以发出时，把上面的 approved 改为 true。""",
}


def draft_markdown(draft: Draft) -> str:
    """The file: front matter, the opening, sections with their items, the shelf."""
    issue = draft.issue
    language = "zh" if issue.language.startswith("zh") else "en"
    parts = [
        _front_matter(draft),
        _comment(_HELP[language]),
        markdown(note_body(issue.note)).strip("\n"),
        *(_section(section) for section in issue.sections),
        "\n\n".join([f"## {SHELF}", "\n".join(map(shelf_line, draft.shelf))]).strip("\n"),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def heading(item: Item) -> str:
    """ "### [Title](address)" """
    return f"### [{_escaped(item.title)}]({_address(item.url)})"


def section_heading(name: str) -> str:
    return f"## {_escaped(name)}"


def tag_line(tags: Iterable[str]) -> str:
    """ "#llm #ai", the tags as they are where a line of tags can hold them."""
    return " ".join(f"#{tag if re.fullmatch(TAG, tag) else tag_slug(tag)}" for tag in tags if tag_slug(tag))


def body(item: Item) -> str:
    """The item's words. Headings in them stand below the file's own."""
    return markdown(note_body(item.body)).strip("\n")


def note_body(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    return tuple(replace(b, level=max(b.level, 4)) if b.kind == "heading" else b for b in blocks)


def shelf_line(item: Item) -> str:
    """ "- [ ] [Title](address) · source · #tags <!-- key: … -->" """
    link = f"[{_escaped(item.title)}]({_address(item.url)})"
    parts = (link, _escaped(item.source), tag_line(item.tags))
    return f"- [ ] {' · '.join(part for part in parts if part)} {_comment(f'key: {item.key}')}"


TAG = r"[^\s#,，、<>`]+"


def _section(section: Section) -> str:
    return "\n\n".join([section_heading(section.name), *map(_item, section.items)])


def _item(item: Item) -> str:
    facts = [f"key: {item.key}", *_facts(item)]
    head = f"{heading(item)}\n{_comment(chr(10).join(facts))}"
    return "\n\n".join(part for part in (head, tag_line(item.tags), body(item)) if part)


def _facts(item: Item) -> Iterable[str]:
    """What the curator wants to know and readers never see."""
    source = " · ".join(dict.fromkeys(filter(None, (item.source, item.author))))
    when = f"{item.at:%Y-%m-%d %H:%M} UTC" if item.at else ""
    yield " · ".join(filter(None, (source, when)))
    if item.forward:
        yield f"forwarded from {item.forward.name} {item.forward.url}".rstrip()
    if item.reactions:
        yield " ".join(f"{r.emoji.partition(':')[0]} {r.shown or r.count}" for r in item.reactions)
    if item.permalink and item.permalink != item.url:
        yield item.permalink
    if item.seen_in:
        yield f"seen in {item.seen_in}"
    yield from item.reasons


def _comment(text: str) -> str:
    lines = [line for line in text.replace("-->", "--&gt;").split("\n") if line.strip()]
    return f"<!-- {lines[0]} -->" if len(lines) == 1 else "<!-- " + "\n".join(lines) + "\n-->"


def _escaped(text: str) -> str:
    """One line that neither ends the link around it nor begins a comment or code."""
    return re.sub(r"([\\\[\]<`])", r"\\\1", " ".join(text.split()))


def _address(url: str) -> str:
    url = re.sub(r"[\s<>`\\]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), url)
    return f"<{url}>" if re.search(r"[()（）]", url) else url


def _front_matter(draft: Draft) -> str:
    issue = draft.issue
    values = {
        "week": _toml(issue.week),
        "title": _toml(issue.title),
        "headline": _toml(issue.headline),
        "approved": "true" if draft.approved else "false",
        "made": issue.made_at.isoformat(),
    }
    return "\n".join(["+++", *(f"{key} = {value}" for key, value in values.items()), "+++"])


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
