"""Formulas survive as TeX, whatever a page draws them with."""

from __future__ import annotations

import pytest
from lxml import html

from digest.extract.formulas import formulas, formulas_of_scripts
from digest.markup import blocks_from_html
from digest.markup.mathml import tex_from_mathml


@pytest.mark.parametrize(
    ("mathml", "tex"),
    [
        ("<mi>a</mi><mo>≠</mo><mn>0</mn>", "a ≠ 0"),
        ("<mo>−</mo><mi>b</mi><mo>±</mo><mi>c</mi>", "-b ± c"),
        ("<mi>𝑁</mi><mo>⁡</mo><mo>(</mo><mi>𝑠</mi><mo>,</mo><mi>σ</mi><mo>)</mo>", "N(s, σ)"),
        ("<mi>sin</mi><mi>x</mi>", r"\sin x"),
        ("<mi>loss</mi>", r"\mathrm{loss}"),
        ('<mi mathvariant="bold">v</mi>', r"\mathbf{v}"),
        ("<mn>5</mn><mi>%</mi>", r"5\%"),
        ("<mi>r</mi><mtext> for some_x </mtext>", r"r\text{for some\_x}"),
        ("<mfrac><mi>a</mi><mrow><mn>2</mn><mi>b</mi></mrow></mfrac>", r"\frac{a}{2b}"),
        ('<mfrac linethickness="0"><mi>n</mi><mi>k</mi></mfrac>', r"\genfrac{}{}{0pt}{}{n}{k}"),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{x + 1}"),
        ("<mroot><mn>8</mn><mn>3</mn></mroot>", r"\sqrt[3]{8}"),
        ("<msup><mi>x</mi><mn>2</mn></msup>", "x^{2}"),
        ("<msup><mrow><mi>a</mi><mi>b</mi></mrow><mn>2</mn></msup>", "{ab}^{2}"),
        ("<msubsup><mi>x</mi><mi>i</mi><mi>t</mi></msubsup>", "x_{i}^{t}"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><mi>x</mi>", "∑_{i}^{n}x"),
        ("<munder><mi>max</mi><mi>π</mi></munder>", r"\max_{π}"),
        ("<mover><mi>x</mi><mo>^</mo></mover>", r"\hat{x}"),
        ("<mover><mo>=</mo><mtext>def</mtext></mover>", r"\overset{\text{def}}{=}"),
        ("<munder><mi>x</mi><mo>⏟</mo></munder>", r"\underbrace{x}"),
        (
            "<mmultiscripts><mi>X</mi><mi>a</mi><none/><mprescripts/><mi>b</mi><none/></mmultiscripts>",
            "{}_{b}X_{a}",
        ),
        (
            "<mo>(</mo><mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr><mtr><mtd><mi>c</mi></mtd><mtd>"
            "<mi>d</mi></mtd></mtr></mtable><mo>)</mo>",
            r"(\begin{matrix} a & b \\ c & d \end{matrix})",
        ),
        (
            "<mtable><mlabeledtr><mtd><mtext>(1)</mtext></mtd><mtd><mi>a</mi><mo>=</mo><mi>b</mi></mtd></mlabeledtr></mtable>",
            "a = b",
        ),
        ('<mfenced open="{" close="}"><mi>a</mi><mi>b</mi></mfenced>', r"\{a, b\}"),
        ('<menclose notation="box"><mi>a</mi></menclose>', r"\boxed{a}"),
        ("<semantics><mi>a</mi><annotation>never</annotation></semantics>", "a"),
        ("<mfrac><mi>a</mi></mfrac>", "a"),
        ("<msup></msup>", ""),
    ],
)
def test_mathml_is_written_as_tex(mathml: str, tex: str) -> None:
    assert tex_from_mathml(html.fragment_fromstring(f"<math>{mathml}</math>")) == tex


def test_mathml_deeper_than_any_formula_gives_its_words() -> None:
    deep = "<msup>" * 90 + "<mi>x</mi>" + "<mn>2</mn></msup>" * 90
    assert tex_from_mathml(html.fragment_fromstring(f"<math>{deep}</math>")).startswith("x2")


def read(body: str) -> str:
    root = html.fragment_fromstring(f"<div>{body}</div>")
    formulas_of_scripts(root)
    formulas(root)
    return root.text_content()


MATH = "<math><msup><mi>x</mi><mn>2</mn></msup></math>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"So {MATH}, then.", "So $x^{2}$, then."),
        (f"<p>So</p><p>{MATH.replace('<math>', '<math display=block>')}</p>", "So$$x^{2}$$"),
        ('<math alttext="\\beta">drawn</math>', "$\\beta$"),
        (
            f'<mjx-container jax="SVG"><svg><path></path></svg><mjx-assistive-mml>{MATH}</mjx-assistive-mml></mjx-container>.',
            "$x^{2}$.",
        ),
        (
            '<mjx-container><mjx-math data-latex="x^2"><mjx-mi></mjx-mi></mjx-math></mjx-container> is',
            "$x^2$ is",
        ),
        ('<span class="math-inline" data-math="\\pi"><span class="katex">π</span></span> and', "$\\pi$ and"),
        (f'<span class="hurmet-tex" data-entry="x^2">{MATH}</span>', "$x^2$"),
        ('<script type="math/tex; mode=display">E=mc^2</script>', "$$E=mc^2$$"),
        ('by <img class="latex" alt="\\pi r^2">.', "by $\\pi r^2$."),
        ('by <img src="https://draw.example/eq.svg" alt="\\frac{a}{b}">.', "by $\\frac{a}{b}$."),
        ('<p><img src="https://draw.example/eq.svg" alt="\\frac{a}{b}"></p>', "$$\\frac{a}{b}$$"),
        ('is <img src="https://latex.codecogs.com/svg.image?%5Cfrac%7Ba%7D%7Bb%7D">', "is $\\frac{a}{b}$"),
        ('is <img src="https://www.zhihu.com/equation?tex=%5Calpha%2B1">', "is $\\alpha+1$"),
        ("so \\(E = mc^2\\) and \\[F = ma\\]", "so $E = mc^2$ and $$F = ma$$"),
    ],
)
def test_formulas_become_tex_between_dollar_signs(body: str, text: str) -> None:
    assert read(body) == text


@pytest.mark.parametrize(
    "body",
    [
        "<code>\\(x\\)</code> and <pre>\\[x\\]</pre>",
        "It costs $5 (five dollars), not \\$6.",
        "Escape \\[ and \\], or write \\[0-9\\].",
        'A <img src="/a.png" alt="The \\Users folder in the file manager of Windows, opened"> picture',
        'The folder <img src="/a.png" alt="C:\\Users\\me">',
        'A <img src="/a.png?path=images/b.png" alt="plot"> picture',
        '<div data-math="2" class="quiz">two</div>',
    ],
)
def test_what_is_no_formula_stays(body: str) -> None:
    root = html.fragment_fromstring(f"<div>{body}</div>")
    before = html.tostring(root)
    formulas(root)
    assert html.tostring(root) == before


def test_a_display_formula_among_paragraphs_is_one_of_them() -> None:
    root = html.fragment_fromstring(
        f"<div><p>So</p>{MATH.replace('<math>', '<math display=block>')}<p>holds</p></div>"
    )
    formulas(root)
    assert [(e.tag, e.text) for e in root] == [("p", "So"), ("p", "$$x^{2}$$"), ("p", "holds")]


def test_mathml_in_a_feed_is_a_formula_too() -> None:
    (block,) = blocks_from_html(f"<p>So {MATH} holds</p>")
    assert "".join(span.text for span in block.spans) == "So $x^{2}$ holds"
