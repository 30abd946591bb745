"""MathML as TeX, for formulas whose page does not say how they were written.

What MathML draws becomes TeX's commands: fractions, roots, scripts, accents, matrices. Letters and signs stay what they
are (α, ≤, ∑), which TeX engines take and people read. Elements and their arguments are those of MathML 3 (W3C
Recommendation, 2014), chapter 3.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Element = Any

_FUNCTIONS = frozenset(
    [
        "arccos",
        "arcsin",
        "arctan",
        "arg",
        "cos",
        "cosh",
        "cot",
        "coth",
        "csc",
        "deg",
        "det",
        "dim",
        "exp",
        "gcd",
        "hom",
        "inf",
        "ker",
        "lg",
        "lim",
        "liminf",
        "limsup",
        "ln",
        "log",
        "max",
        "min",
        "Pr",
        "sec",
        "sin",
        "sinh",
        "sup",
        "tan",
        "tanh",
    ]
)
_LARGE = frozenset("∑∏∐∫∬∭∮⋂⋃⋁⋀⨁⨂⨀⨄")
"""Signs whose limits stand under and over them; so do those of `lim` and its kin."""
_ABOVE = {
    "^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde", "¯": "bar", "‾": "overline", "―": "overline", "_": "overline",
    "→": "vec", "⃗": "vec", "˙": "dot", ".": "dot", "⋅": "dot", "¨": "ddot", "ˇ": "check", "˘": "breve",
    "´": "acute", "`": "grave", "⏞": "overbrace", "︷": "overbrace",
}  # fmt: skip
_BELOW = {"_": "underline", "‾": "underline", "⏟": "underbrace", "︸": "underbrace"}
_INVISIBLE = re.compile("[\u2061-\u2064\u200b\u200c\u200d\ufeff]")
"""What MathML writes where a formula only means a function, a product or a comma."""
_SPECIAL = re.compile(r"([#$%&_{}])")
_SPACED = re.compile(r"[=<>+\-±∓×÷·∘∙⋅*∣∈∉∋⊂⊃⊆⊇∪∩∧∨⊕⊗⊥∥\u2190-\u21ff\u2260-\u228b\u2a7d\u2a7e∼≃≅≈:≔]+")
_MAX_DEPTH = 60

Schema = Callable[[Sequence["Element"], "Element"], str]
"""Writes an element by its arguments."""


def tex_from_mathml(math: Element) -> str:
    """The TeX of a `<math>` element: what was typed, where it says so; else of what it draws, or its bare words where
    that is nested deeper than any formula.
    """
    if typed := next(_annotations(math), "") or math.get("alttext", "").strip():
        return typed
    if _depth(math) > _MAX_DEPTH:
        return " ".join("".join(math.itertext()).split())
    return re.sub(r" {2,}", " ", _tex(math)).strip()


def _annotations(math: Element) -> Iterator[str]:
    for element in math.iter():
        if _name(element) == "annotation" and "tex" in element.get("encoding", "").lower():
            yield "".join(element.itertext()).strip()


def _depth(element: Element) -> int:
    """Of the deepest element, without recursion."""
    deepest, level = 0, [element]
    while level and deepest <= _MAX_DEPTH:
        deepest, level = deepest + 1, [child for parent in level for child in parent]
    return deepest


def _tex(element: Element) -> str:
    name = _name(element)
    if name in _TOKENS:
        return _TOKENS[name](_said(element), element)
    if name in _SCHEMATA:
        return _SCHEMATA[name](_children(element), element)
    return _row(_children(element))


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _children(element: Element) -> list[Element]:
    return [
        child for child in element if _name(child) not in ("annotation", "annotation-xml", "mphantom", "")
    ]


def _said(element: Element) -> str:
    """A token's characters; those of the mathematical alphabets as plain letters."""
    text = _INVISIBLE.sub("", " ".join("".join(element.itertext()).split())).replace("\u2212", "-")
    return "".join(
        unicodedata.normalize("NFKC", sign) if "\U0001d400" <= sign <= "\U0001d7ff" else sign for sign in text
    )


# --- tokens ---------------------------------------------------------------------------------------


def _identifier(said: str, element: Element) -> str:
    if said in _FUNCTIONS:
        return f"\\{said} "
    escaped = _escaped(said)
    if "bold" in (element.get("mathvariant") or ""):
        return f"\\mathbf{{{escaped}}}"
    return f"\\mathrm{{{escaped}}}" if len(said) > 1 and said.isalpha() else escaped


def _operator(said: str, _: Element) -> str:
    return f"\\{said} " if said in _FUNCTIONS else _escaped(said)


def _text(said: str, _: Element) -> str:
    return f"\\text{{{_escaped(said)}}}" if said else " "


def _escaped(said: str) -> str:
    return _SPECIAL.sub(r"\\\1", said)


_TOKENS: dict[str, Callable[[str, Element], str]] = {
    "mi": _identifier,
    "mn": _operator,
    "mo": _operator,
    "mtext": _text,
    "ms": _text,
    "mspace": lambda _, __: " ",
}


# --- layout ---------------------------------------------------------------------------------------


def _row(children: Sequence[Element]) -> str:
    """Side by side; signs of relations and of operations between two things have space around them."""
    pieces: list[str] = []
    follows = False
    for child in children:
        tex = _tex(child)
        is_sign = _name(child) == "mo" and _SPACED.fullmatch(tex) is not None
        pieces.append(f" {tex} " if is_sign and follows else tex)
        if tex.strip():
            follows = not is_sign and not (_name(child) == "mo" and tex[-1] in "([{|,;")
        if _name(child) == "mo" and tex in (",", ";"):
            pieces.append(" ")
    return "".join(pieces)


def _group(element: Element) -> str:
    return f"{{{_tex(element).strip()}}}"


def _scripts(base: str, scripts: Sequence[tuple[str, str]]) -> str:
    """What scripts are put to is braced unless it is one sign or command."""
    is_one = len(base) <= 1 or re.fullmatch(r"\\[A-Za-z]+(?:\{[^{}]*\})?", base)
    return (base if is_one else f"{{{base}}}") + "".join(f"{mark}{{{tex}}}" for mark, tex in scripts if tex)


def _scripted(marks: str) -> Schema:
    def scripted(children: Sequence[Element], _: Element) -> str:
        if len(children) != 1 + len(marks):
            return _row(children)
        base, *others = (_tex(child).strip() for child in children)
        return _scripts(base, list(zip(marks, others, strict=True)))

    return scripted


def _limits(marks: str) -> Schema:
    def limits(children: Sequence[Element], _: Element) -> str:
        if len(children) != 1 + len(marks):
            return _row(children)
        base, *others = (_tex(child).strip() for child in children)
        scripts = list(zip(marks, others, strict=True))
        if base in _LARGE or base.removeprefix("\\") in _FUNCTIONS:
            return _scripts(base, scripts)
        for mark, sign in scripts:
            if command := (_ABOVE if mark == "^" else _BELOW).get(sign):
                base = f"\\{command}{{{base}}}"
            elif sign:
                base = f"\\{'overset' if mark == '^' else 'underset'}{{{sign}}}{{{base}}}"
        return base

    return limits


def _fraction(children: Sequence[Element], element: Element) -> str:
    if len(children) != 2:
        return _row(children)
    is_bare = re.fullmatch(r"0(?:\.0*)?(?:[a-z]+|%)?", element.get("linethickness") or "") is not None
    return f"\\{'genfrac{}{}{0pt}{}' if is_bare else 'frac'}{_group(children[0])}{_group(children[1])}"


def _multiscripts(children: Sequence[Element], _: Element) -> str:
    names = [_name(child) for child in children]
    at = names.index("mprescripts") if "mprescripts" in names else len(children)
    if at == 0:
        return ""
    base, *others = ((_tex(child).strip() if _name(child) != "mprescripts" else "") for child in children)
    before = _scripts("", list(zip("_^" * len(others), others[at:], strict=False)))
    after = _scripts(base, list(zip("_^" * len(others), others[: at - 1], strict=False)))
    return (f"{{}}{before}" if before else "") + after


def _table(children: Sequence[Element], element: Element) -> str:
    """A matrix; an equation with its label is the equation."""
    rows = []
    for row in children:
        cells = _children(row)
        if _name(row) == "mlabeledtr":
            cells = cells[1:]
        rows.append(" & ".join(_row(_children(cell)).strip() for cell in cells))
    if len(rows) == 1 and _name(children[0]) == "mlabeledtr":
        return rows[0].replace(" & ", " ")
    kind = "aligned" if (element.get("columnalign") or "").startswith("right") else "matrix"
    lines = " \\\\ ".join(rows)
    return f"\\begin{{{kind}}} {lines} \\end{{{kind}}}" if lines else ""


def _fenced(children: Sequence[Element], element: Element) -> str:
    separators = (element.get("separators") or ",").strip()[:1]
    inside = f"{separators} ".join(_tex(child).strip() for child in children)
    opening, closing = (element.get(name, default) for name, default in (("open", "("), ("close", ")")))
    return f"{_escaped(opening)}{inside}{_escaped(closing)}"


def _enclosed(children: Sequence[Element], element: Element) -> str:
    notation = (element.get("notation") or "").split()
    command = next((tex for name, tex in _NOTATIONS.items() if name in notation), "")
    return f"\\{command}{{{_row(children).strip()}}}" if command else _row(children)


_NOTATIONS = {"top": "overline", "bottom": "underline", "box": "boxed", "updiagonalstrike": "cancel"}

_SCHEMATA: dict[str, Schema] = {
    "semantics": lambda children, _: _row(children[:1]),
    "maction": lambda children, _: _row(children[:1]),
    "mfrac": _fraction,
    "msqrt": lambda children, _: f"\\sqrt{{{_row(children).strip()}}}",
    "mroot": lambda children, _: (
        f"\\sqrt[{_tex(children[1]).strip()}]{_group(children[0])}" if len(children) == 2 else _row(children)
    ),
    "msub": _scripted("_"),
    "msup": _scripted("^"),
    "msubsup": _scripted("_^"),
    "munder": _limits("_"),
    "mover": _limits("^"),
    "munderover": _limits("_^"),
    "mmultiscripts": _multiscripts,
    "mtable": _table,
    "mfenced": _fenced,
    "menclose": _enclosed,
    "none": lambda _, __: "",
}  # fmt: skip
