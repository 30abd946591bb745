"""The words that stand for an article in an issue: its title, and the passage that says what it is about.

Both are the source's own, verbatim but for what feed software adds: cut marks, "Read more", "appeared first on".
"""

from __future__ import annotations

import html
import re

from digest.summaries import summary
from digest.text import folded, sentences, width

_SUMMARY_WIDTH = 700
"""A source's own summary that is longer (arXiv abstracts are) gives way to its best sentences."""
_CUT_LENGTH = 120
"""A text this long that ends in bare dots was cut there; a shorter one may just trail off..."""

_REACH = 700
"""How far from the end of a text the words of feed software are looked for."""

_ADDED = re.compile(
    "|".join(
        (
            # WordPress, wp-includes/feed.php and the translations of "The post %1$s appeared first on %2$s."
            r"The post .{1,400}? (?:first )?appeared (?:first )?on .{1,120}",
            r"Der Beitrag .{1,400}? erschien zuerst auf .{1,120}",
            r"(?:L[’'](?:article|articolo)|Cet article) .{1,400}? (?:est apparu en premier sur|proviene da|sembra essere il primo su) .{1,120}",
            r"La entrada .{1,400}? (?:se publicó primero en|aparece primero en) .{1,120}",
            r"O post .{1,400}? apareceu primeiro em .{1,120}",
            r"Artykuł .{1,400}? pochodzi z serwisu .{1,120}",
            r"文章.{1,200}?(?:最先出现在|最早出现于|首先出現於).{1,80}",
            # Medium
            r"[^.!?\n]{1,300} was originally published in .{1,120} on Medium, where people are continuing the conversation.{0,120}",
            r"Continue reading on [^.\n]{1,60}»",
            # Slashdot, Discourse, IDG, Lobsters, Reddit, hnrss.org
            r"Read more of this story at .{1,40}",
            r"\d+ posts? - \d+ participants?\s+Read full topic",
            r"To read this article in full, please click here",
            r"\AComments",
            r"submitted by\s+/?u/\S+.{0,40}\[link\].{0,20}\[\d*\s*comments?\]",
            r"Article URL: \S+\s+Comments URL: \S+(?:\s+Points: \d+)?(?:\s+# Comments: \d+)?",
            # Everybody
            r"\[?(?i:Read (?:more|the full (?:story|article|post))|Continue reading|Leia mais|Weiterlesen|Lire la suite|阅读全文|繼續閱讀|继续阅读)[^.!?\n]{0,120}\]?",
        )
    ).join((r"(?:\A|(?<=[\s\].…!?。])|(?<=\.\.\.))(?:", r")[\s.»→…]*\Z")),
    re.DOTALL,
)
_CUT = re.compile(r"\s*(?:\[\s*(?:…|\.{3})\s*\]|…|\.{3,})\s*\Z")
_ENTITY = re.compile(r"&(?:nbsp|amp|quot|lt|gt|[lr][sd]quo|[mn]dash|hellip|#\d{2,5});")
_TEX = re.compile(r"\\(?:text(?:it|bf|tt|sc|rm|sf)|emph|mathrm|underline|url)\{([^{}]*)\}")


def headline(title: str, text: str) -> str:
    """The title; the first sentence of `text` where there is none, or it is a mere cut ("The AI hater’s guide to...")."""
    stem = _CUT.sub("", title)
    is_cut = stem != title and len(_letters(stem)) >= 12 and _letters(text).startswith(_letters(stem))
    if title and not is_cut:
        return title
    first = re.sub(r"[.。]\Z", "", next(iter(sentences(text)), ""))
    return first if len(_letters(first)) >= len(_letters(stem)) // 2 else title


def passage(title: str, own: str, text: str, *, is_tex: bool = False) -> tuple[str, ...]:
    """Paragraphs: the source's `own` summary, unless that is a mere cut of `text`; else its best sentences."""
    own, text = _presentable(own, is_tex=is_tex), _presentable(text, is_tex=is_tex)
    if not own or width(own) > _SUMMARY_WIDTH or is_cut_of(own, text):
        own = summary(title, text or own) or ("" if width(own) > _SUMMARY_WIDTH else own)
    own = _whole(own)
    return tuple(words for part in own.split("\n\n") if (words := " ".join(part.split())))


def description(words: str, passage: str) -> str:
    """What the card says below the title: nothing that the passage says already."""
    words = _whole(_presentable(" ".join(words.split())))
    repeated = (
        words in passage or passage in words or any(s in passage for s in sentences(words) if len(s) > 30)
    )
    return "" if passage and repeated else words


def _presentable(text: str, *, is_tex: bool = False) -> str:
    """Without what feed software puts behind a text, entities that were escaped twice, and TeX's words for type."""
    for _ in range(2):
        if _ENTITY.search(text):
            text = html.unescape(text).replace("\xa0", " ")
    if is_tex:
        text = _TEX.sub(r"\1", text).replace(r"\%", "%").replace(r"\&", "&")
    for _ in range(4):  # "Read more" before "appeared first on" before "Comments"
        if found := _ADDED.search(text, max(0, len(text) - _REACH)):
            text = text[: found.start()].rstrip()
    return text


def _whole(text: str) -> str:
    """Without the sentence that was cut off at the end; a lone one keeps its mark."""
    stem = _CUT.sub("", text)
    if stem == text or (text.endswith((".", "…")) and len(text) < _CUT_LENGTH):
        return text
    parts = sentences(stem)
    if len(parts) < 2 or re.search(r"[.!?。！？]\W*\Z", parts[-1]):
        return stem if len(parts) > 1 else f"{stem}…"
    return stem[: stem.rindex(parts[-1])].rstrip()


def is_cut_of(own: str, text: str) -> bool:
    """A teaser: the beginning of the text, however it ends."""
    opening = "".join(_CUT.sub("", own).split())[:80]
    return len(text) > len(own) and "".join(text.split()).startswith(opening)


def _letters(text: str) -> str:
    return "".join(character for character in folded(text) if character.isalnum())
