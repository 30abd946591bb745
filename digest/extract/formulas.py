"""Formulas as TeX between dollar signs, however a page has them: KaTeX, MathJax 2 to 4, MathML, pictures, or as typed.

The page's own TeX where it gives it (an annotation, an attribute, a script, the words of a picture), else what its
MathML draws. `$x$` stands in its line, `$$x$$` on one of its own.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from digest.extract.trees import replace
from digest.markup.mathml import tex_from_mathml

_MATH = "{http://www.w3.org/1998/Math/MathML}math"
_HOLDS = re.compile(r"(?i)\b(?:katex|mathjax|mjx|mwe-math|hurmet-tex)")
_TEX_PICTURE = re.compile(r"\b(?:latex|tex|mwe-math-fallback-image-\w+|ee_img|eeimg)\b")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORDS_OF_TEX = re.compile(r"\\(?:text|mbox|operatorname)\w*\*?\{[^{}]*\}|\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_FEW_WORDS = 3
"""Words besides commands up to which a picture's words may be a formula."""
_TYPED = re.compile(r"\\\((?P<inline>[^$]{1,1000}?)\\\)|\\\[(?P<display>[^$]{1,1000}?)\\\]", re.S)
_SIGN = re.compile(r"[\\^_=+<>]")
_DATA_MATH = "//@data-math/.."
_MAY_BE_TYPED = r"//text()[contains(., '\(') or contains(., '\[')]"
_CODE = frozenset(("pre", "code", "kbd", "samp", "script", "style", "textarea", "math"))


def formulas_of_scripts(root: Any) -> None:
    """Put the TeX that MathJax 2 keeps in scripts in their place; before scripts are thrown away."""
    for script in list(root.iter("script")):
        kind = (script.get("type") or "").lower()
        if kind.startswith("math/tex"):
            _drop_rendering(script)
            replace(script, _tex(script.text or "", display="mode=display" in kind))


def formulas(root: Any) -> None:
    """Put TeX in the place of every other formula; quicker without scripts."""
    for drawn in root.xpath(_DATA_MATH):
        if "math" in (drawn.get("class") or ""):
            _put(drawn.get("data-math"), drawn)
    for math in list(root.iter(_MATH, "math", "mjx-math")):
        if math.getparent() is not None and (tex := _source(math)):
            _put(tex, math)
    for image in list(root.iter("img")):
        if tex := _pictured(image):
            is_display = "display" in (image.get("class") or "") or _is_alone(image)
            replace(image, _tex(tex, display=is_display))
    _typed(root)


def is_formula(text: str) -> bool:
    """Whether a block is a formula on a line of its own."""
    return len(text) > 4 and text.startswith("$$") and text.find("$$", 2) == len(text) - 2


def _source(math: Any) -> str:
    """What was typed, where the page still says it; else what is drawn."""
    if math.tag == "mjx-math":
        return math.get("data-latex") or ""
    typed = _holder(math).get("data-entry")  # Temml's
    return typed or tex_from_mathml(math)


def _put(tex: str, formula: Any) -> None:
    """In the place of what draws it; among paragraphs as one of them, but not where words stand loose: choosers would
    take it for the only paragraph.
    """
    holder = _holder(formula)
    is_display = _is_display(formula, holder)
    before, after = holder.getprevious(), holder.getnext()
    words_beside = f"{(before.tail or '') if before is not None else ''}{holder.tail or ''}"
    if not is_display or "p" not in {e.tag for e in (before, after) if e is not None} or words_beside.strip():
        replace(holder, _tex(tex, display=is_display))
        return
    paragraph = holder.makeelement("p")
    paragraph.text, paragraph.tail = _tex(tex, display=True), holder.tail
    holder.getparent().replace(holder, paragraph)


def _is_display(formula: Any, holder: Any) -> bool:
    said = f"{holder.get('class') or ''} {holder.get('display') or ''}"
    return formula.get("display") == "block" or re.search(r"display|block|\btrue\b", said) is not None


def _holder(formula: Any) -> Any:
    """The outermost element that draws this formula and nothing else (KaTeX draws it twice)."""
    holder = formula
    while (parent := holder.getparent()) is not None and _HOLDS.search(parent.get("class") or parent.tag):
        holder = parent
    return holder


def _drop_rendering(script: Any) -> None:
    """MathJax 2 leaves what it drew in front of the script."""
    before = script.getprevious()
    while before is not None and not (script.getprevious().tail or "").strip():
        if not re.search(r"(?i)mathjax", before.get("class") or ""):
            break
        replace(before, "")
        before = script.getprevious()


# --- pictures of formulas ---------------------------------------------------------------------------


def _pictured(image: Any) -> str:
    """The TeX that a picture's words or its address say."""
    words = image.get("alt") or ""
    if words and (_TEX_PICTURE.search(image.get("class") or "") or _is_tex(words)):
        return words
    return _in_address(image.get("src") or "")


def _is_tex(words: str) -> bool:
    """Commands and signs; not a sentence, and not C:\\Users."""
    if not _COMMAND.search(words) or not (words.startswith("\\") or re.search(r"[{^_=]", words)):
        return False
    return len(_WORD.findall(_WORDS_OF_TEX.sub(" ", words))) <= _FEW_WORDS


def _in_address(src: str) -> str:
    """Of services that draw TeX: codecogs.com/png.latex?…, zhihu.com/equation?tex=…, …/formula/\\frac{m}{v}."""
    if "\\" not in src and "%5c" not in src.lower():
        return ""
    parts = urlsplit(src)
    for _, value in parse_qsl(parts.query.replace("+", "%2B")):
        if _COMMAND.search(value):
            return value
    for piece in (unquote(parts.query), *(unquote(name) for name in parts.path.split("/")[-1:])):
        if _COMMAND.search(piece) and "=\\" not in piece:
            return piece
    return ""


def _is_alone(image: Any) -> bool:
    parent = image.getparent()
    return parent.tag in ("p", "div", "figure", "center") and not "".join(parent.itertext()).strip()


# --- as typed ---------------------------------------------------------------------------------------


def _typed(root: Any) -> None:
    r"""`\(x\)` and `\[x\]`, which MathJax would draw in the reader's browser; not in code."""
    from lxml import etree

    words = etree.tostring(root, method="text", encoding="unicode")
    if "\\(" not in words and "\\[" not in words:
        return
    for text in root.xpath(_MAY_BE_TYPED):
        element = text.getparent()
        if text.is_text and not _is_code(element):
            element.text = _TYPED.sub(_delimited, element.text)
        elif text.is_tail and not _is_code(element.getparent()):
            element.tail = _TYPED.sub(_delimited, element.tail)


def _is_code(element: Any) -> bool:
    return element is not None and (
        element.tag in _CODE or any(holder.tag in _CODE for holder in element.iterancestors())
    )


def _delimited(found: re.Match[str]) -> str:
    """As a formula if it reads like one: "escape \\[ and \\]" is a sentence."""
    source, is_display = found["display"] or found["inline"], found["display"] is not None
    if len(source.strip()) > 1 and not _SIGN.search(source):
        return found[0]
    return _tex(source, display=is_display)


def _tex(source: str, *, display: bool) -> str:
    tex = re.sub(r"^\{\\(?:display|text)style\s*(.*)\}$", r"\1", " ".join(source.split()).strip("$"))
    tex = re.sub(r"^\s*<!\[CDATA\[|\]\]>\s*$|^%\s*", "", tex).strip()
    if not tex:
        return ""
    return f"$${tex}$$" if display else f"${tex}$"
