"""Marked-up text as values: HTML and Markdown to Blocks, Blocks to Markdown and plain text.

Pure: no I/O, and no document, however broken, raises. Blocks come out tidy (see spans.py), and for tidy blocks
`blocks_from_markdown(markdown(blocks)) == blocks`. What HTML is safe to keep is decided where it enters
(sources); here only addresses that a reader could click are looked at.
"""

from __future__ import annotations

from dataclasses import replace

from digest.languages import language
from digest.markup.html import blocks_from_html
from digest.markup.reader import blocks_from_markdown, linked
from digest.markup.spans import tidy
from digest.markup.writer import markdown
from digest.model import Block

__all__ = [
    "blocks_from_html",
    "blocks_from_markdown",
    "linked",
    "markdown",
    "plain",
    "text_of",
    "tidy",
    "with_languages",
]


def plain(blocks: tuple[Block, ...]) -> str:
    """The words alone: paragraphs parted by a blank line, list markers kept, link targets and marks left out."""
    return "\n\n".join(text for block in blocks if (text := _plain(block)))


def text_of(html: str) -> str:
    """`plain` of a piece of HTML."""
    return plain(blocks_from_html(html))


def with_languages(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The same blocks, each that holds prose marked with its own language (a quote's may differ from the remark's)."""
    return tuple(_with_language(block) for block in blocks)


def _plain(block: Block) -> str:
    match block.kind:
        case "list" | "ordered":
            return "\n".join(_listed(block))
        case "quote" | "item":
            return plain(block.children)
        case _:
            return "".join(span.text for span in block.spans)


def _listed(block: Block) -> list[str]:
    lines = []
    for number, item in enumerate(block.children, start=block.level or 1):
        marker = f"{number}. " if block.kind == "ordered" else "- "
        indent = " " * len(marker)
        lines.append(marker + _plain(item).replace("\n\n", "\n").replace("\n", "\n" + indent))
    return lines


def _with_language(block: Block) -> Block:
    if block.children:
        return replace(block, children=with_languages(block.children))
    if block.kind in ("paragraph", "heading"):
        return replace(block, lang=language("".join(span.text for span in block.spans)))
    return block
