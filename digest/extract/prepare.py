"""Markup that no converter understands, put into forms that all do: formulas, footnotes (modules of their
own), code blocks, lazy images.

Done before anything is chosen or converted, on the page's own tree, so that the choice and the text agree.
"""

from __future__ import annotations

import re
from typing import Any

from digest.extract.footnotes import footnotes
from digest.extract.formulas import formulas, formulas_of_scripts
from digest.extract.trees import replace
from digest.urls import absolute_url

_CODE_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language|lang|highlight-source|brush:|sourceCode|hljs|highlight|code|prettyprint)[-\s:]+"
    r"(?!line|block|wrap|snippet|toolbar|container|none|plaintext|text\b)([A-Za-z][\w+#.-]*)"
)
_SAID_LANGUAGE = ("data-lang", "data-language", "language", "lang")
_LINE_NUMBERS = re.compile(
    r"(?i)(?:^|[\s_-])(?:linenos?|line-?numbers?(?:-rows)?|gutter|lnt?|hljs-ln-numbers|blob-num|rouge-gutter)(?:$|[\s_-])"
)
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-actualsrc", "data-srcset", "srcset")
_TRACKER = re.compile(
    r"(?i)/(?:pixel|spacer|blank|transparent|1x1|track(?:ing)?|beacon|stat)\b|doubleclick|feedsportal|feedburner\.com/~|/b\?"
)


_NEVER = (
    "script", "style", "noscript", "template", "iframe", "svg", "canvas", "button", "input", "select", "textarea",
    "object", "embed", "link", "meta", "dialog", "menu",
)  # fmt: skip
"""What holds no text of an article, wherever it stands."""
_MENU, _MENU_LINK = 5, 100
"""Links from which a list may be a menu, and their mean length up to which; trafilatura's own bounds for link farms."""
_NEARLY_ALL, _AN_ARTICLE = 0.9, 1000
"""Share of the page's paragraphs, and characters, from which an element that says so is the article."""
_AROUND = ("nav", "aside", "footer")
"""What stands around an article, or beside it."""


def prepare(root: Any) -> dict[str, Any]:
    """Markup into forms that all converters understand, in place, without what never holds text.

    Returns the footnotes by their numbers.
    """
    from lxml import etree

    formulas_of_scripts(root)
    etree.strip_elements(root, *_NEVER, with_tail=False)
    formulas(root)
    _code(root)
    return footnotes(root)


def leave_surroundings(root: Any) -> None:
    """Take out of a page, in place, what stands around its article: all that follows walks the tree."""
    from lxml import etree

    etree.strip_elements(root, *_AROUND, with_tail=False)
    _mastheads(root)
    _menus(root)
    _narrow(root)


def _mastheads(root: Any) -> None:
    """The site's own head, unlike an article's, stands in no article and has no paragraph worth the name."""
    for header in list(root.iter("header")):
        is_article_s = any(holder.tag in ("article", "main") for holder in header.iterancestors())
        if not is_article_s and all(len(p.text_content()) < _MENU_LINK for p in header.iter("p")):
            header.drop_tree()


def _narrow(root: Any) -> None:
    """Leave only the page's `<article>` or `<main>`, where it has nearly all paragraphs: the rest stands around it."""
    held: dict[Any, int] = {}
    whole = 0
    for paragraph in root.iter("p"):
        if (length := len(paragraph.text_content())) >= _MENU_LINK:
            whole += length
            for holder in paragraph.iterancestors("article", "main"):
                held[holder] = held.get(holder, 0) + length
    enough = max(_NEARLY_ALL * whole, _AN_ARTICLE)
    article = min((e for e in held if held[e] >= enough), key=held.__getitem__, default=None)
    while article is not None and (parent := article.getparent()) is not None and article.tag != "body":
        for sibling in list(parent):
            if sibling is not article:
                parent.remove(sibling)
        parent.text = None
        article = parent


def _menus(root: Any) -> None:
    """Lists of nothing but short links, a sixth of all elements, go early; one that is announced stays."""
    for menu in list(root.iter("ul", "ol")):
        links = list(menu.iter("a"))
        if len(links) < _MENU or menu.getparent() is None or _is_announced(menu):
            continue
        linked = sum(len("".join(link.text_content().split())) for link in links)
        whole = len("".join(menu.text_content().split()))
        if linked >= 0.9 * whole and linked < _MENU_LINK * len(links):
            menu.drop_tree()


def _is_announced(menu: Any) -> bool:
    """By the paragraph before it, or by the words of the item it stands in."""
    before, item = menu.getprevious(), menu.getparent()
    if before is not None:
        return before.tag == "p" and announces(before.text_content())
    return item.tag == "li" and announces(item.text or "")


def announces(words: str) -> bool:
    """Whether what follows `words` belongs to them."""
    return words.rstrip().endswith((":", "："))


# --- code -----------------------------------------------------------------------------------------


def _code(root: Any) -> None:
    """`<pre>` with nothing but text in a `<code class="language-x">`, without line numbers."""
    from lxml import html

    for code in list(root.iter("code")):
        if next(code.iter("pre"), None) is not None:  # some highlighters wrap the block in it
            code.tag = "div"
    for pre in list(root.iter("pre")):
        parent = pre.getparent()
        if parent is None or _in_gutter(pre):
            continue
        language = _code_language(pre)
        for element in list(pre.iter()):
            if element is not pre and _LINE_NUMBERS.search(str(element.get("class") or "")):
                replace(element, "")
        for br in list(pre.iter("br")):
            replace(br, "\n")
        text = pre.text_content().strip("\n")
        for child in list(pre):
            pre.remove(child)
        pre.text = None
        code = html.Element("code")
        code.text = text
        if language:
            code.set("class", f"language-{language}")
        pre.append(code)
        _lift_from_table(pre)


def _code_language(pre: Any) -> str:
    around = list(pre.iterancestors())
    # Rouge lays a listing out as a table, far inside the element that names the language.
    near = [
        pre,
        *pre.iter("code"),
        *around[:3],
        *(e for e in around[3:] if "highlighter-" in (e.get("class") or "")),
    ]
    for element in near:
        said = next((value for name in _SAID_LANGUAGE if (value := element.get(name))), "")
        if (
            said
            and element.tag in ("pre", "code", "div", "figure")
            and re.fullmatch(r"[\w+#.-]{1,20}", said)
            and said[:2] != "zh"
        ):
            return said.lower() if said not in ("en", "text", "plaintext") else ""
        if match := _CODE_LANGUAGE.search(element.get("class") or ""):
            return match[1].lower()
    return ""


def _in_gutter(pre: Any) -> bool:
    """The half of a two-column listing that holds the numbers; emptied."""
    for element in [pre, *list(pre.iterancestors())[:2]]:
        if _LINE_NUMBERS.search(element.get("class") or ""):
            replace(element, "")
            return True
    return False


def _lift_from_table(pre: Any) -> None:
    """A listing laid out as a table of numbers and code becomes the code."""
    table = next((e for e in list(pre.iterancestors())[:5] if e.tag == "table"), None)
    if table is None or table.getparent() is None:
        return
    rest = "".join(t for t in table.itertext()).replace(pre.text_content(), "")
    if not re.search(r"[^\W\d]", rest):
        tail, table.tail = table.tail, None
        table.getparent().replace(table, pre)
        pre.tail = tail


# --- images ---------------------------------------------------------------------------------------


def place_images(root: Any, base: str) -> None:
    """Where lazy ones really are, absolute; without dots that count readers and pictures inside addresses."""
    for image in list(root.iter("img")):
        src = _source(image, base)
        if not src or _is_dot(image) or _TRACKER.search(src):
            replace(image, "")
            continue
        alt = " ".join((image.get("alt") or "").split())
        for name in list(image.attrib):
            del image.attrib[name]
        image.set("src", src)
        image.set("alt", alt)


def _source(image: Any, base: str) -> str:
    src = image.get("src") or ""
    lazy = next((image.get(name) for name in _LAZY if image.get(name)), "")
    if lazy and (
        not src or src.startswith("data:") or re.search(r"(?i)placeholder|blank|spacer|lazy|loading", src)
    ):
        src = lazy.split(",")[-1].split()[0] if " " in lazy.strip() else lazy
    return absolute_url(base, src) if src and not src.startswith("data:") else ""


def _is_dot(image: Any) -> bool:
    return any(
        (image.get(side) or "").removesuffix("px").strip() in ("0", "1") for side in ("width", "height")
    )
