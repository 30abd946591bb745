"""Footnotes as `[^1]` and `[^1]: …`, wherever a page keeps them: linked, numbered only, or in the margin.

Nothing becomes a reference unless a note was found for it: a raised 2 may be a square.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from digest.extract.trees import replace

_HREF = re.compile(r"#(?:.*[-_:.])?(?:fn|footnote|note|ftn|cite_note|endnote)s?[-_:.]?[\w.:-]*$", re.I)
_ROLE = re.compile(r"(?i)doc-noteref|\bfoot-?note|\bfn-?ref|\bnote-?ref|\bendnote")
_MARK = re.compile(r"\[?\(?(\d{1,3}|[*†‡§]|[a-z])\)?\]?")
_BACK = re.compile(r"^[↩⏎↑^⤴\ufe0e\ufe0f\s]+$|^(?:back|jump up|返回)$", re.I)
_BLOCK_INSIDE = {"div", "ul", "ol", "blockquote", "pre", "table"}
_NUMBER = re.compile(r"\d{1,3}")
_LABELLED = re.compile(r"(?i)\s*(?:foot|end|side)?notes?\s*:?\s*|\s*(?:脚注|尾注|注释|註釋|注)\s*[:：]?\s*")
_NUMBERED_ID = re.compile(r"(?i)(?:foot|end)?note[-_:.]?(\d{1,3})|fn[-_:.]?(\d{1,3})")
_NOTE_CLASS = re.compile(r"(?i)\b(?:foot|end)note(?!s|-?ref)")
_MARGIN_NOTE = re.compile(r"(?i)(?:^|\s)(?:sidenote|side-note|footnoteContent)(?:\s|$)")
_MARGIN_MARK = re.compile(r"(?i)footref|sidenote-(?:number|ref)|note-?ref|inline-footnote|margin-toggle")


def footnotes(root: Any) -> dict[str, Any]:
    """Write references in place; the notes by their numbers, each as an element that begins with `[^1]:`.

    A note from the margin is no longer in the tree.
    """
    anchors = [a for a in root.iter("a") if "#" in (a.get("href") or "") and _is_mark(a)]
    places = _places(root) if anchors else {}
    numbers: dict[Any, str] = {}
    _in_the_margin(root, places, numbers)
    for anchor in anchors:
        if anchor.getparent() is None:
            continue
        target = _target(anchor, places)
        note = _note_around(target, anchor) if target is not None else None
        if note is None:
            continue
        words = _MARK.fullmatch(_words(anchor))
        own = words[1] if words and words[1].isdecimal() else ""
        number = numbers.setdefault(note, own or _next(numbers))
        parent = anchor.getparent()
        is_alone = parent.tag in ("sup", "span") and _words(parent) == _words(anchor)
        replace(parent if is_alone else anchor, f"[^{number}]")
    if not numbers:
        _numbered(root, numbers)
    for note, number in numbers.items():
        _write(note, number)
    return {number: note for note, number in numbers.items()}


def _places(root: Any) -> dict[str, Any]:
    return {name: e for e in root.iter() if (name := e.get("id") or (e.get("name") if e.tag == "a" else ""))}


def _next(numbers: dict[Any, str]) -> str:
    return str(len(numbers) + 1)


def _words(element: Any) -> str:
    return "".join(element.itertext()).strip()


# --- linked ---------------------------------------------------------------------------------------


def _is_mark(anchor: Any) -> bool:
    """A number or a star that is raised, or whose address or role says that it leads to a note."""
    if not _MARK.fullmatch(_words(anchor)):
        return False
    near = [anchor, *list(anchor.iterancestors())[:2]]
    said = " ".join(f"{e.get('class') or ''} {e.get('role') or ''} {e.get('id') or ''}" for e in near)
    is_raised = any(e.tag == "sup" for e in (*near, *anchor.iter()))
    return bool(
        is_raised or _HREF.search(anchor.get("href")) or _ROLE.search(said) or near[1].get("data-definition")
    )


def _target(anchor: Any, places: dict[str, Any]) -> Any:
    said = anchor.getparent().get("data-definition") or unquote(anchor.get("href").rpartition("#")[2])
    return places.get(said)


def _note_around(target: Any, anchor: Any) -> Any:
    """The block that holds the note; None when the address leads back up, or to no text of its own."""
    for element in (target, *list(target.iterancestors())[:3]):
        if element.tag in ("li", "p", "div", "aside", "dd", "section", "td"):
            is_note = len(_words(element)) > len(_words(anchor)) + 2
            return element if is_note and anchor not in element.iterdescendants("a") else None
    return None


# --- in the margin --------------------------------------------------------------------------------


def _in_the_margin(root: Any, places: dict[str, Any], numbers: dict[Any, str]) -> None:
    """Notes that stand after their mark, or in it; one whose mark leads to a list of notes stands there too."""
    for note in list(root.iter("span", "small", "aside")):
        if "ote" not in (name := note.get("class") or "") or not _MARGIN_NOTE.search(name):
            continue
        if note.getparent() is None or (mark := _mark_of(note)) is None:
            continue
        if any(_target(a, places) is not None for a in mark.iter("a")):
            replace(note, "")
            continue
        number = _next(numbers)
        paragraph = root.makeelement("p")
        paragraph.text, paragraph[:] = note.text, list(note)
        if mark is not note.getparent():
            replace(note, "")
        replace(mark, f"[^{number}]")
        numbers[paragraph] = number


def _mark_of(note: Any) -> Any:
    """The number, star or label that calls for the note: around it, or just before."""
    parent, before = note.getparent(), note.getprevious()
    if _MARGIN_MARK.search(parent.get("class") or ""):
        return parent
    if before is None or (before.tail or "").strip():
        return None
    is_mark = before.tag in ("sup", "label") or _MARGIN_MARK.search(before.get("class") or "")
    return before if is_mark and (not _words(before) or _MARK.fullmatch(_words(before))) else None


# --- numbered only --------------------------------------------------------------------------------


def _numbered(root: Any, numbers: dict[Any, str]) -> None:
    """Raised numbers that lead nowhere, and notes that bear the same numbers from 1 on."""
    raised = [sup for sup in root.iter("sup") if _NUMBER.fullmatch(_words(sup))]
    if not raised:
        return
    notes = _numbered_notes(root, raised)
    count = next(n for n in range(1, len(notes) + 2) if str(n) not in notes) - 1
    inside = {sup for note in notes.values() for sup in note.iter("sup")}
    at = 0
    marks: list[tuple[Any, str]] = []
    for number in map(str, range(1, count + 1)):
        found = next(
            (i for i in range(at, len(raised)) if _words(raised[i]) == number and raised[i] not in inside),
            None,
        )
        if found is None:
            return
        marks.append((raised[found], number))
        at = found + 1
    for mark, number in marks:
        replace(mark, f"[^{number}]")
        numbers[notes[number]] = number


def _numbered_notes(root: Any, raised: list[Any]) -> dict[str, Any]:
    """By number: notes whose id or class says so, items of an aside's list, and what stands under "Notes"."""
    notes: dict[str, Any] = {}
    for sup in raised:
        parent = sup.getparent()
        if parent is not None and parent.tag in ("p", "div", "li") and _begins(parent, sup):
            is_note = _NOTE_CLASS.search(parent.get("class") or "") or _is_under_notes(parent)
            if is_note:
                notes.setdefault(_words(sup), parent)
    for items in root.iter("ol"):
        if (items.getparent() is not None and items.getparent().tag == "aside") or _is_under_notes(items):
            for number, item in _items(items):
                notes.setdefault(number, item)
    return notes


def _items(items: Any) -> Iterator[tuple[str, Any]]:
    start = items.get("start") or "1"
    for place, item in enumerate(items.iterchildren("li")):
        said = _NUMBERED_ID.fullmatch(item.get("id") or "")
        yield (said[1] or said[2]) if said else str(place + (int(start) if start.isdecimal() else 1)), item


def _begins(block: Any, sup: Any) -> bool:
    return block[0] is sup and not (block.text or "").strip() and len(_words(block)) > len(_words(sup)) + 2


def _is_under_notes(block: Any) -> bool:
    """After a heading that says "Footnotes", among its siblings."""
    for before in block.itersiblings(preceding=True):
        if before.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            return _LABELLED.fullmatch(_words(before)) is not None
    return False


# --- as Markdown ----------------------------------------------------------------------------------


def _write(element: Any, number: str) -> None:
    for anchor in list(element.iter("a")):
        if _BACK.search(_words(anchor)):
            replace(anchor, "")
    first = next((e for e in element.iter("p")), element)
    # Some write the number at the note's head themselves.
    for outer in dict.fromkeys((element, first)):
        lead = next((e for e in outer.iterdescendants() if _words(e)), None)
        if lead is not None and not (outer.text or "").strip() and _words(lead).strip("[]().: ") == number:
            replace(lead, "")
    words = re.sub(rf"^\s*[\[(]?{number}[\]).:]\s*", "", first.text or "").lstrip(" .:")
    first.text = f"[^{number}]: {words}"
    for holder in element.iterancestors("aside", "footer"):
        holder.tag = "div"
    if element.get("style"):  # a hidden one is shown by its reference
        del element.attrib["style"]
    if element.tag == "li":
        element.tag = (
            "p" if first is element and not _BLOCK_INSIDE & {e.tag for e in element.iter()} else "div"
        )
        parent = element.getparent()
        if parent is not None and parent.tag in ("ol", "ul"):
            parent.tag = "div"
