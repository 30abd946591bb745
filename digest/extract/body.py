"""The article in a page, as Markdown: trafilatura chooses the text, the page's own markup says how it is written.

trafilatura's own Markdown loses code languages, nesting, footnotes and formulas; so its choice is looked up in the
original tree, what it did not choose is taken out there, and the rest is converted. Where the two don't agree well
enough, its own Markdown is kept: the words matter more than their dress.
"""

from __future__ import annotations

import re
from typing import Any

from digest.extract.formulas import is_formula
from digest.extract.prepare import announces, leave_surroundings, place_images, prepare

SHORT = 200
"""Characters below which the slower, more thorough mode is tried as well."""

_ENOUGH = 0.9
_NEARLY_ALL = 0.97
"""Shares of the chosen text that must be found again in the page's markup, and in the part around the article."""

_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li",
    "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))  # fmt: skip
_PROSE = ("p", "pre", "h1", "h2", "h3", "h4", "li", "td", "dd", "blockquote")
_LOOSE, _LOOSE_LINKED = 80, 0.3
"""Letters from which loose words are prose, and the share of links up to which."""
_HEAD = re.compile(r"(?i)\bhead(?:ing|line)?\d?\b")
_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_NEARLY = 0.75
"""Share of it that the article's element holds, among all that repeats its words on the page."""

_FAR_MORE = 1200
"""Letters in the paragraphs of one element from which it may be the article that was passed over."""

_BOX_NAME = re.compile(
    r"(?i:(?:^|[\s_-])(?:share|sharing|sharebar|sharedaddy|social|addthis|related|relatedposts|recommended|recommendations"
    r"|newsletters?|signup|subscribe|subscription|comments|commentlist|disqus|respond|breadcrumbs?|byline|dateline"
    r"|timestamp|pubdate|kicker|eyebrow|credits?|captions?|promo|promos|advert|advertisement|advertising|adsbygoogle"
    r"|sponsor|sponsored|outbrain|taboola|recirc|trending|popular|printfriendly|pagination|post-?nav|authorbox"
    r"|author-(?:bio|box|info|card)|about-(?:the-)?author|entry-meta|post-meta|article-meta|postmeta|tag-?list|tags)(?:$|[\s_-]))"
    r"|(?:Share|Sharing|Social|Related|Newsletter|Comments|Byline|Advert|Promo|Caption|Credits?|Breadcrumbs?)(?![a-z])"
)
"""Names that sites give, as words of a class or id, to what stands between and around paragraphs."""
_BOX_SHARE = 0.2

_NO_ARTICLE = re.compile(
    r"(?i)foot(?!note)|disclaim|legal|cookie|consent|modal|popup|terms|privacy|sidebar|widget"
)

_MAX_DEPTH = 150
_WHOLE = 25
"""Letters from which a piece may be found inside a line of the chosen text; a shorter one must be a line."""

_PICTURE = re.compile(r"(?i)\.(?:jpe?g|png|gif|webp|svg|avif)(?:$|[?#])|/(?:image|photo|media|attachment)s?/")
_INLINE = ("hi", "ref", "del", "span", "a")
"""What trafilatura leaves inside a block."""
_NOT_A_LETTER = re.compile(r"[\W_]+")


def feed_markdown(html: str, base: str) -> str:
    """A feed's content, all of it, as Markdown."""
    from lxml import etree
    from lxml import html as lxml_html

    try:
        root = lxml_html.fragment_fromstring(html, create_parent="div")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return ""
    notes = prepare(root)
    return _with_notes(_markdown(root, base), notes, base)


def main_text(root: Any, url: str, title: str) -> str:
    """The article of a page as Markdown, without its title as a first heading; "" when there is none.

    Changes `root`.
    """
    notes = prepare(root)
    leave_surroundings(root)
    pieces = _chosen(root, url, fast=True)
    is_fast = True
    if sum(map(len, pieces)) < SHORT:
        slow = _chosen(root, url, fast=False)
        pieces, is_fast = (slow, False) if sum(map(len, slow)) > sum(map(len, pieces)) else (pieces, True)
    body = root.find("body")
    body = root if body is None else body
    kept = _Kept(pieces)
    area, passed_over = _area(body, kept)
    if passed_over is not None:
        kept, area = _Kept(passed_over), body
    if not kept.all:
        return ""
    for part, enough in ((area, _NEARLY_ALL), (body, _ENOUGH)):
        kept.start()
        _keep(part, kept, _holders(part), 0)
        if kept.share_found >= enough:
            kept.cut()
            return _with_notes(_without_title(_markdown(part, url), title), notes, url)
    return _without_title(_own_markdown(root, url, fast=is_fast), title)


def _with_notes(text: str, notes: dict[str, Any], url: str) -> str:
    """Notes stand where choosers look last; one whose reference was kept belongs to the article."""
    for number, note in notes.items():
        if f"[^{number}]" in text and f"[^{number}]:" not in text:
            text += "\n\n" + _markdown(note, url)
    return text


# --- choosing -------------------------------------------------------------------------------------


def _chosen(root: Any, url: str, *, fast: bool) -> list[str]:
    """The letters of each block that trafilatura chooses."""
    import trafilatura
    from lxml import etree

    found: Any = trafilatura.bare_extraction(root, options=_extractor(url, fast))
    if found is None:
        return []
    pieces, run = [], [found.body.text or ""]
    for event, element in etree.iterwalk(found.body, events=("start", "end")):
        is_block = element.tag not in _INLINE
        if is_block:
            pieces.append(_letters("".join(run)))
            run = []
        run.append((element.text if event == "start" else element.tail) or "")
    return [letters for letters in (*pieces, _letters("".join(run))) if letters]


def _extractor(url: str, fast: bool, output_format: str = "txt") -> Any:
    """`deduplicate` stays off: it consults a cache of the whole process, so the third sight of a page is empty."""
    from trafilatura.settings import Extractor

    is_markdown = output_format == "markdown"
    return Extractor(url=url, fast=fast, comments=False, output_format=output_format, links=is_markdown)


def _own_markdown(root: Any, url: str, *, fast: bool) -> str:
    import trafilatura

    return trafilatura.extract(root, options=_extractor(url, fast, "markdown")) or ""


def _letters(text: str) -> str:
    """What is compared: all but white space and invisible characters, which trafilatura lays out anew and drops."""
    letters = "".join(text.split())
    return letters if letters.isprintable() else "".join(filter(str.isprintable, letters))


class _Kept:
    """The chosen text, asked piece by piece whether a piece of the page belongs to it; each letter is given once."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.all = "".join(self.pieces)
        self._of: dict[Any, str] = {}
        self.start()

    def start(self) -> None:
        """Nothing is given yet."""
        self.lines: dict[str, list[int]] = {}
        end = 0
        for letters in self.pieces:
            self.lines.setdefault(letters, []).append(end)
            end += len(letters)
        self.given = bytearray(end)
        self.next = 0
        self.dropped: list[Any] = []
        self.figures: list[tuple[Any, str]] = []

    def letters_of(self, element: Any) -> str:
        """Looked at twice, so made once."""
        if (letters := self._of.get(element)) is None:
            letters = self._of[element] = _letters(_text(element))
        return letters

    def cut(self) -> None:
        """Take out of the tree what was dropped, and put captions into their pictures."""
        for element in self.dropped:
            if (parent := element.getparent()) is not None:
                parent.remove(element)
        for figure, caption in self.figures:
            _caption(figure, caption)

    @property
    def is_inside(self) -> bool:
        """Between the first and the last chosen words: pictures and code belong to the article here only."""
        return 0 < self.next < len(self.given) - _WHOLE

    @property
    def share_found(self) -> float:
        return sum(self.given) / max(1, len(self.given))

    def has(self, letters: str) -> bool:
        if letters and self.all.startswith(letters, self.next):  # goes on where the last piece ended
            self._give(self.next, len(letters))
            return True
        start = self._line(letters) if letters in self.lines else -1
        if start < 0 and len(letters) >= _WHOLE:
            start = self.all.find(letters)
            while start >= 0 and self.given[start + len(letters) // 2]:
                start = self.all.find(letters, start + 1)
            if start < 0:
                return self._mostly(letters)
        if start < 0:
            return False
        self._give(start, len(letters))
        return True

    def _line(self, letters: str) -> int:
        starts = self.lines[letters]
        while starts:
            if not self.given[start := starts.pop(0)]:
                return start
        return -1

    def _mostly(self, letters: str) -> bool:
        """trafilatura leaves out some inline parts: the greater part of the piece must be there."""
        step = max(12, len(letters) // 12)
        samples = [self.all.find(letters[i : i + 12]) for i in range(0, len(letters) - 11, step)]
        hits = [start for start in samples if start >= 0 and not self.given[start]]
        if len(hits) < 0.6 * len(samples):
            return False
        for start in hits:
            self._give(start, step)
        return True

    def _give(self, start: int, length: int) -> None:
        end = min(start + length, len(self.given))
        self.given[start:end] = b"\x01" * (end - start)
        self.next = end


def _area(body: Any, kept: _Kept) -> tuple[Any, list[str] | None]:
    """The smallest element around nearly all that was chosen: outside it stand teasers of the same words.

    Beside it the text of the one element whose own paragraphs are by far more than all that was chosen, if there is
    such a one: then the choice went wrong. (Comments are many, but each stands in an element of its own.)
    """
    chosen: dict[Any, int] = {}
    others: dict[Any, int] = {}
    for element in body.iter(*_PROSE):
        own = kept.letters_of(element)
        if len(own) >= _WHOLE:
            counts = chosen if own in kept.lines or own in kept.all else others
            parent = element.getparent()
            counts[parent] = counts.get(parent, 0) + (
                len(own) if counts is chosen or element.tag == "p" else 0
            )
    largest = max(others, key=others.__getitem__, default=None)
    if largest is not None and _is_passed_over(largest, others[largest], kept):
        passed_over = [_letters(_text(child)) for child in largest]
        begun = max(chosen, key=chosen.__getitem__, default=None)
        # What the article's own element holds besides is its beginning: the rest waits for "read more".
        return body, [*kept.pieces, *passed_over] if begun in largest.iterancestors() else passed_over
    held = dict(chosen)
    for parent, length in chosen.items():
        for holder in parent.iterancestors():
            held[holder] = held.get(holder, 0) + length
    area, enough = body, _NEARLY * held.get(body, 0)
    while (inner := next((c for c in area if held.get(c, 0) > enough), None)) is not None:
        area = inner
    return area, None


def _is_passed_over(element: Any, size: int, kept: _Kept) -> bool:
    """Far more prose than was chosen, not made of links, and not in what names itself legal or a box."""
    least = max(_FAR_MORE, 2 * len(kept.all))
    if size < least or size - sum(len(kept.letters_of(link)) for link in element.iter("a")) < least:
        return False
    return not any(
        _NO_ARTICLE.search(f"{holder.get('class')} {holder.get('id')}")
        for holder in (element, *element.iterancestors())
        if holder.tag != "body"
    )


def _holders(area: Any) -> set[Any]:
    """The elements that hold blocks; all others are text."""
    holders: set[Any] = set()
    for block in area.iter(*_BLOCKS):
        for element in block.iterancestors():
            if element in holders:
                break
            holders.add(element)
    return holders


def _keep(element: Any, kept: _Kept, holders: set[Any], depth: int) -> bool:
    """Take out of `element` what was not chosen; whether anything is left."""
    if element.tag == "pre":
        return kept.has(kept.letters_of(element)) or (kept.is_inside and _text(element).strip() != "")
    if element.tag == "table" and _is_data(element):
        return _keep_table(element, kept)
    if element.tag == "figure" and _is_picture(element):
        return _keep_figure(element, kept)
    if depth > _MAX_DEPTH or element not in holders:
        return _keep_text(element, kept)
    _wrap_runs(element, holders)
    dropped: list[Any] = []
    for child in element:
        if _is_announced(child, dropped):
            for item in child.iter("li"):
                kept.has(kept.letters_of(item))  # what was chosen of it counts as found
            continue
        if not _keep(child, kept, holders, depth + 1) or _is_box(child, kept, holders):
            dropped.append(child)
    dropped = [child for child in dropped if not _is_loose_prose(child, dropped, kept)]
    dropped = [child for child in dropped if not _heads_what_is_kept(child, dropped)]
    kept.dropped += dropped
    return len(dropped) < len(element)


def _heads_what_is_kept(element: Any, dropped: list[Any]) -> bool:
    """A heading between two parts that were kept: choosers pass over it where words stand loose beside it."""
    is_head = element.tag in _HEADINGS or (
        element.tag == "span"
        and len(element) == 1
        and _HEAD.search(element[0].get("class") or "") is not None
    )
    if not is_head or (after := element.getnext()) is None:
        return False
    before = element.getprevious()
    return (
        (before is None or before not in dropped)
        and after.tag in ("p", "span", "pre", "ul", "ol", "blockquote")
        and after not in dropped
        and next(element.iter("a"), None) is None
    )


def _is_loose_prose(element: Any, dropped: list[Any], kept: _Kept) -> bool:
    """Words between two kept parts, headings and space aside, that no element holds: choosers look for them in elements."""
    if element.tag != "span" or len(letters := kept.letters_of(element)) < _LOOSE:
        return False
    for is_before in (True, False):
        siblings = element.itersiblings(preceding=is_before)
        beside = (e for e in siblings if e.tag not in _HEADINGS and _text(e).strip())
        if next(beside, None) in (None, *dropped):
            return False
    return sum(len(kept.letters_of(link)) for link in element.iter("a")) < _LOOSE_LINKED * len(letters)


def _is_announced(element: Any, dropped: list[Any]) -> bool:
    """A list after words that were kept and announce it: choosers pass over lists of links."""
    if element.tag not in ("ul", "ol"):
        return False
    before = element.getprevious()
    while before is not None and not _text(before).strip() and before.getprevious() is not None:
        before = before.getprevious()  # an empty paragraph is space
    return (
        before is not None
        and before.tag in ("p", "span")
        and before not in dropped
        and announces(_text(before))
    )


def _is_box(element: Any, kept: _Kept, holders: set[Any]) -> bool:
    """What its class or id names as something beside the article, as far as it is small.

    trafilatura goes by such names too, but gives all of them up where one of them would take most of the page.
    """
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    if len(names) < 3 or element.tag in ("pre", "table", "figure") or not _BOX_NAME.search(names):
        return False
    size = len(_text(element)) if element in holders else len(kept.letters_of(element))
    return size < _BOX_SHARE * len(kept.all)


def _wrap_runs(element: Any, holders: set[Any]) -> None:
    """Text and inline elements between two blocks become one element, so that all children are kept or dropped alike."""
    run, element.text = _run_of(element, element.text), None
    for child in list(element):
        if child in holders or child.tag in _BLOCKS:
            if run is not None:
                child.addprevious(run)
            run, child.tail = _run_of(element, child.tail), None
        else:
            run = element.makeelement("span") if run is None else run
            run.append(child)
    if run is not None:
        element.append(run)


def _run_of(element: Any, text: str | None) -> Any:
    """A new element that begins with `text`; None when there are no words."""
    if not text or text.isspace():
        return None
    run = element.makeelement("span")
    run.text = text
    return run


def _keep_text(element: Any, kept: _Kept) -> bool:
    """Chosen words, a formula among them, or a picture alone that doesn't advertise another page."""
    if letters := kept.letters_of(element):
        return kept.has(letters) or (kept.is_inside and is_formula(letters))
    images = list(element.iter("img"))
    return kept.is_inside and bool(images) and not any(_is_signpost(image) for image in images)


def _is_signpost(image: Any) -> bool:
    """A picture that is a link to something other than a picture."""
    link = next((e for e in image.iterancestors() if e.tag == "a"), None)
    return link is not None and not _PICTURE.search(link.get("href") or "")


def _is_picture(figure: Any) -> bool:
    inside = {e.tag for e in figure.iterdescendants()}
    return "img" in inside and not inside & {"pre", "table", "blockquote"}


def _keep_figure(figure: Any, kept: _Kept) -> bool:
    """The picture with its caption, which is no part of the running text: the picture's words."""
    caption = " ".join(_text(figure).split())
    if not ((caption and kept.has(_letters(caption))) or kept.is_inside):
        return False
    kept.figures.append((figure, caption))
    return True


def _caption(figure: Any, caption: str) -> None:
    """Leave the picture alone, with the longer of its own words and the caption."""
    image = next(figure.iter("img"))
    words = image.get("alt") or ""
    for child in list(figure):
        figure.remove(child)
    figure.text = None
    image.tail = None
    image.set("alt", caption if len(words) < len(caption) else words)
    figure.append(image)


def _keep_table(table: Any, kept: _Kept) -> bool:
    """A table of which half was chosen, or one among what was chosen that does not lead elsewhere."""
    cells = [letters for cell in table.iter("td", "th") if (letters := kept.letters_of(cell))]
    whole = sum(map(len, cells))
    chosen = sum(len(cell) for cell in cells if kept.has(cell))
    if not cells or chosen >= 0.5 * whole:
        return bool(cells)
    return kept.is_inside and sum(len(kept.letters_of(link)) for link in table.iter("a")) < 0.5 * whole


def _is_data(table: Any) -> bool:
    """Rows and columns of short cells, not a layout."""
    if next(table.iterdescendants("table"), None) is not None:
        return False
    rows = [[c for c in row if c.tag in ("td", "th")] for row in table.iter("tr")]
    return len(rows) > 1 and max((len(row) for row in rows), default=0) > 1


def _text(element: Any) -> str:
    return "".join(element.itertext())


# --- writing --------------------------------------------------------------------------------------


def _options(base: str) -> Any:
    from html_to_markdown import ConversionOptions

    return ConversionOptions(
        extract_metadata=False,
        bullets="-",
        highlight_style="none",
        include_blockquote_citations=False,
        expand_abbreviations=False,
        compact_tables=True,
        hidden_content="reachable",
        base_url=base,
    )


def _markdown(root: Any, base: str) -> str:
    from html_to_markdown import convert
    from lxml import html

    place_images(root, base)
    for link in list(root.iter("a")):
        link.attrib.pop("title", None)
        if next(link.iter("img"), None) is not None and not _letters(_text(link)):
            link.drop_tag()
    written = convert(html.tostring(root, encoding="unicode", with_tail=False), _options(base)).content or ""
    return re.sub(r"\n{3,}", "\n\n", written).strip()


def _without_title(text: str, title: str) -> str:
    """Without a first heading that repeats the title, which is kept elsewhere."""
    first, _, rest = text.partition("\n")
    words, wanted = (_NOT_A_LETTER.sub("", line).casefold() for line in (first, title))
    if first.startswith("#") and words and words in wanted:
        return rest.strip()
    return text.strip()
