"""HTML and Markdown to blocks and back: the pitfalls that t.me pages and Chinese prose hold, and the laws."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.markup import blocks_from_html, blocks_from_markdown, markdown, plain, text_of, tidy
from digest.model import Block, Mark, Span


def paragraph(*spans: Span | str) -> Block:
    return Block("paragraph", tuple(Span(span) if isinstance(span, str) else span for span in spans))


def items(kind: str, *texts: str) -> Block:
    return Block(kind, children=tuple(Block("item", children=(paragraph(text),)) for text in texts))  # type: ignore[arg-type]


def bare(url: str) -> Span:
    return Span(url, href=url)


# --- HTML -----------------------------------------------------------------------------------------


def test_a_line_break_stays_in_its_paragraph_and_two_part_paragraphs():
    html = 'Truly <a href="https://a.example/">a link</a> here.<br/>Second line 🔥<br/><br/>Next'
    assert plain(blocks_from_html(html)) == "Truly a link here.\nSecond line 🔥\n\nNext"


def test_breaks_and_spaces_inside_marks_move_out():
    html = '<b>标题<br/><br/></b>正文 <i> slanted </i>end<br/><a href="https://a.example/">title<br/></a>rest'
    assert blocks_from_html(html) == (
        paragraph(Span("标题", ("bold",))),
        paragraph(
            "正文  ",
            Span("slanted", ("italic",)),
            " end\n",
            Span("title", href="https://a.example/"),
            "\nrest",
        ),
    )


def test_telegram_emoji_are_their_glyphs_without_a_mark():
    html = """很棒 <i class="emoji" style="background-image:url('//telegram.org/img/emoji/F09F94A5.png')"><b>🔥</b></i>
    <tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>"""
    assert blocks_from_html(html) == (paragraph("很棒 🔥 👍"),)


def test_telegram_spoiler_quote_and_code():
    html = (
        "ends <tg-spoiler>badly</tg-spoiler><blockquote>“Quoted.”<br/>Twice</blockquote>"
        '<pre><code class="language-python">a = 1<br/>  b</code></pre>after'
    )
    assert blocks_from_html(html) == (
        paragraph("ends ", Span("badly", ("spoiler",))),
        Block("quote", children=(paragraph("“Quoted.”\nTwice"),)),
        Block("code", (Span("a = 1\n  b"),), info="python"),
        paragraph("after"),
    )


def test_a_bare_link_is_one_with_its_words_and_a_hashtag_is_text():
    html = (
        '<a href="https://ai-2027.com/">https://ai-2027.com</a> '
        '<a href="?q=%23ai">#ai</a> <a href="/x">relative</a>'
    )
    assert blocks_from_html(html, "https://t.me/s/LinghaoCh") == (
        paragraph(bare("https://ai-2027.com"), " #ai ", Span("relative", href="https://t.me/x")),
    )


def test_typed_lists_and_quotes_become_real_ones():
    html = "拓展阅读：<br/>- KTO: 更进一步<br/>- <a href='https://arxiv.org/abs/2310.12036'>IPO</a><br/><br/>&gt; one<br/><br/>&gt; two"
    blocks = blocks_from_html(html)
    assert [block.kind for block in blocks] == ["paragraph", "list", "quote"]
    assert plain(blocks) == "拓展阅读：\n\n- KTO: 更进一步\n- IPO\n\none\n\ntwo"


def test_numbered_lines_are_a_list_only_where_they_count():
    assert [b.kind for b in blocks_from_html("1. one<br/>2. two<br/>tail")] == ["ordered", "paragraph"]
    assert [b.kind for b in blocks_from_html("2026. a year<br/>5. five")] == ["paragraph"]
    apart = blocks_from_html("1. one<br/><br/>why<br/><br/>2. two")
    assert [(b.kind, b.level) for b in apart] == [("ordered", 0), ("paragraph", 0), ("ordered", 2)]
    assert markdown(apart) == "1. one\n\nwhy\n\n2. two\n"


def test_lists_headings_images_rules_and_tables_of_a_blog():
    html = """<h2>Head <em>ing</em></h2><ul><li>a<ul><li>b</li></ul></li><li><p>c</p><p>d</p></li></ul><ol start="3"><li>e</ol>
    <hr><figure><img src="/i.png" alt="A
    plot"><figcaption>Caption</figcaption></figure><img src="t.gif" width="1" height="1">
    <table><tr><th>k</th><th>v</th></tr><tr><td>a|b</td><td><b>1</b></td></tr></table>"""
    assert markdown(blocks_from_html(html, "https://a.example/p/")) == (
        "## Head *ing*\n\n- a\n  - b\n\n- c\n\n  d\n\n3. e\n\n***\n\n![A plot](https://a.example/i.png)\n\nCaption\n\n"
        "| k | v |\n| --- | --- |\n| a\\|b | **1** |\n"
    )


def test_a_table_that_lays_out_a_page_is_what_it_holds():
    html = "<table><tr><td><table><tr><td><p>one</p><p>two</p></td></tr></table></td></tr></table>"
    assert plain(blocks_from_html(html)) == "one\n\ntwo"


def test_math_keeps_its_tex():
    html = (
        'Loss <math><semantics><mi>x</mi><annotation encoding="application/x-tex">x_1</annotation></semantics></math>'
        '<math display="block" alttext="\\sum_i x_i"><mi>y</mi></math>'
    )
    blocks = blocks_from_html(html)
    assert blocks == (paragraph("Loss $x_1$"), Block("math", (Span("\\sum_i x_i"),)))
    assert blocks_from_markdown(markdown(blocks)) == blocks


def test_what_is_not_text_is_not_read():
    assert (
        text_of("<script>alert(1)</script><style>p{}</style><!-- c --><p>a<svg><text>no</text></svg>b")
        == "ab"
    )


def test_a_link_that_runs_something_is_its_words():
    assert blocks_from_html('<a href="javascript:alert(1)">click</a>') == (paragraph("click"),)
    assert blocks_from_markdown("[click](javascript:alert%281%29) ![i](data:image/png;base64,AA)") == (
        paragraph("[click](javascript:alert%281%29) ![i](data:image/png;base64,AA)"),
    )


@pytest.mark.parametrize(
    "junk",
    [
        "", " \n", "<", "<<>><b", "<![CDATA[x", "<!x>", "\0\x01\ud800", "<p" * 50, "&#0;&#xD800;&bogus;",
        "<?xml version='1.0' encoding='utf-16'?><p>x", "<a href='http://[bad'>x</a>", "<table><td>", "<li>x",
    ],
)  # fmt: skip
def test_junk_never_raises(junk):
    assert isinstance(markdown(blocks_from_html(junk)), str)
    assert isinstance(markdown(blocks_from_markdown(junk)), str)


def test_depth_and_length_are_bounded():
    started = time.process_time()
    assert "deep" in text_of("<blockquote>" * 150 + "deep" + "</blockquote>" * 150)
    blocks_from_markdown(">" * 3000 + " deep")
    text_of("a<br>" * 20_000)
    blocks_from_markdown(" " * 100_000 + "x" + " " * 100_000 + "\n" * 1000)
    assert time.process_time() - started < 5


# --- Markdown -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("from the author of τ-bench", "from the author of τ-bench\n"),
        ("对 AI/ML Research 的重要性……", "对 AI/ML Research 的重要性……\n"),
        ("#ai first", "\\#ai first\n"),
        ("last #llm #ai", "last #llm #ai\n"),
        ("2 * 3 = 6, snake_case, 5 < 6, R&D, ~10", "2 * 3 = 6, snake_case, 5 < 6, R&D, ~10\n"),
        ("*a* _b_ [c] <d> `e`", "\\*a\\* \\_b\\_ \\[c] \\<d> \\`e\\`\n"),
        ("- no item\n1. no item\n> no quote", "\\- no item  \n1\\. no item  \n\\> no quote\n"),
        ("see https://a.example/x.", "see https\\://a.example/x.\n"),
        ("&amp; C:\\new \\*", "\\&amp; C:\\new \\\\\\*\n"),
    ],
)
def test_prose_is_escaped_no_more_than_needed(prose, expected):
    written = markdown([paragraph(prose)])
    assert written == expected
    assert blocks_from_markdown(written) == (paragraph(prose),)


def test_links_as_a_curator_would_write_them():
    blocks = (
        paragraph(bare("https://ai-2027.com"), " “We predict …” 不管怎样，这个页面的 interaction 很棒 #ai"),
        Block("quote", children=(paragraph("So what’s different?"), paragraph("RL works."))),
        items("list", "KTO: 更进一步", "IPO"),
    )
    text = (
        "<https://ai-2027.com> “We predict …” 不管怎样，这个页面的 interaction 很棒 #ai\n\n"
        "> So what’s different?\n>\n> RL works.\n\n- KTO: 更进一步\n- IPO\n"
    )
    assert markdown(blocks) == text
    assert blocks_from_markdown(text) == blocks


def test_bare_addresses_become_links_and_end_where_prose_goes_on():
    text = "看https://a.example/b(c)。又（https://x.example/路径?q=1&r=2）、https://y.example, `https://code.example` [t](https://z.example)"
    links = [span for block in blocks_from_markdown(text) for span in block.spans if span.href]
    assert [span.href for span in links] == [
        "https://a.example/b(c)",
        "https://x.example/路径?q=1&r=2",
        "https://y.example",
        "https://z.example",
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("**重点：**后面", "重点："),
        ("前面**“引用”**后面", "“引用”"),
        ("字*（一）*字", "（一）"),
        ("a **b** c", "b"),
    ],
)
def test_emphasis_beside_chinese_characters_is_read(text, word):
    (block,) = blocks_from_markdown(text)
    assert [span.text for span in block.spans if span.marks] == [word]


def test_emphasis_that_stars_could_not_tell_is_written_as_a_tag():
    blocks = (paragraph("看", Span("重点：", ("bold",)), "后面", Span("都", ("bold", "italic"))),)
    assert markdown(blocks) == "看<b>重点：</b>后面<b><i>都</i></b>\n"
    assert blocks_from_markdown(markdown(blocks)) == blocks


def test_a_line_that_begins_with_a_tag_is_no_heading():
    assert blocks_from_markdown("#ai\n#llm x\n# Head") == (
        paragraph("#ai\n#llm x"),
        Block("heading", (Span("Head"),), level=1),
    )


def test_an_image_in_a_paragraph_stands_alone():
    blocks = blocks_from_markdown("before ![alt *text*](https://a.example/i.png) after")
    assert blocks == (
        paragraph("before"),
        Block("image", (Span("alt text", href="https://a.example/i.png"),)),
        paragraph("after"),
    )


# --- laws -----------------------------------------------------------------------------------------

TEXT = st.one_of(
    st.text(max_size=12),
    st.text("ab *_`~[]()<>#!&\\|-+=:.1\n>\"'/“。中", max_size=14),
    st.sampled_from(
        [
            "https://a.example/x_y_z)",
            "&amp;",
            "# a",
            "a #",
            "1. x",
            "- x",
            "---",
            "| a |",
            "](x)",
            "<b>",
            "</u>",
            "http://",
            "\u3000缩进",
            "x\u00a0",
            "\r\n\r\n",
            "[a]: b",
            "```",
            "    x",
            "\t- a",
            "<!-- c -->",
            "***",
            "$x_1$",
            "![",
            "\\",
        ]
    ),
)
MARKS = st.lists(
    st.sampled_from(["bold", "italic", "underline", "strike", "code", "spoiler"]), max_size=3, unique=True
)
HREFS = st.sampled_from(
    [
        "",
        "",
        "",
        "https://a.example/",
        "https://b.example/a_(b)?c=d&amp;e#f\\*",
        "/rel",
        "javascript:x",
        "https://x.example/a b<c>",
        "mailto:a@b.example",
        "bold",
        "http://[x",
    ]
)


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    result = []
    for _ in range(draw(st.integers(1, 5))):
        href = draw(HREFS)
        text = href if href and draw(st.booleans()) else draw(TEXT)
        result.append(Span(text, tuple(draw(MARKS)), href))
    return tuple(result)


def wrapped(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    listed = st.lists(some.map(lambda c: Block("item", children=c)), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        some.map(lambda c: Block("quote", children=c)),
        listed.map(lambda c: Block("list", children=c)),
        st.tuples(listed, st.integers(0, 12)).map(lambda c: Block("ordered", children=c[0], level=c[1])),
    )


LEAVES = st.one_of(
    spans().map(lambda s: Block("paragraph", s)),
    spans().map(lambda s: Block("paragraph", s)),
    st.tuples(spans(), st.integers(1, 6)).map(lambda v: Block("heading", v[0], level=v[1])),
    st.tuples(TEXT, st.sampled_from(["", "python", "c++ x"])).map(
        lambda v: Block("code", (Span(v[0]),), info=v[1])
    ),
    TEXT.map(lambda t: Block("math", (Span(t),))),
    st.just(Block("rule")),
    st.tuples(TEXT, HREFS).map(lambda v: Block("image", (Span(v[0], href=v[1]),))),
    st.sampled_from([Block("table", (Span("| a | b |\n| :--- | --- |\n| 1\\|2 | `x` |"),))]),
)
BLOCKS = st.lists(st.recursive(LEAVES, wrapped, max_leaves=6), max_size=4).map(tuple)


@pytest.mark.parametrize(
    "text", ["https://a.example/x)https://b.example/y", "https://a.example/(https://b.example)"]
)
def test_unlinked_addresses_that_touch_stay_unlinked(text: str) -> None:
    blocks = (paragraph(text),)
    assert blocks_from_markdown(markdown(blocks)) == tidy(blocks)


@settings(max_examples=120, deadline=None)
@given(BLOCKS)
def test_markdown_reads_back_as_the_same_blocks(blocks):
    assert blocks_from_markdown(markdown(blocks)) == tidy(blocks)


@settings(max_examples=80, deadline=None)
@given(BLOCKS)
def test_tidying_twice_changes_nothing_and_no_word_is_lost(blocks):
    once = tidy(blocks)
    assert tidy(once) == once
    words = "".join(plain(blocks).split())
    assert len("".join(plain(once).split())) <= len(words)


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(), st.text("<>/=\"'& abpiulr123!-[]#;", max_size=60)))
@example("<p><b>a<p>b</b>")
def test_any_text_can_be_read_as_html_and_as_markdown(text):
    for read in (blocks_from_html, blocks_from_markdown):
        blocks = read(text)
        assert tidy(blocks) == blocks
        assert blocks_from_markdown(markdown(blocks)) == blocks


def test_marks_are_all_those_of_the_model():
    from typing import get_args

    every = tuple(get_args(Mark))
    html = "<b><i><u><s><code><tg-spoiler>x</tg-spoiler></code></s></u></i></b>"
    assert blocks_from_html(html) == (paragraph(Span("x", every)),)


def test_addresses_in_plain_text_become_links() -> None:
    from digest.markup import linked

    assert linked("Code: https://github.com/a/b. See (https://e.org/x_(y)).") == (
        Span("Code: "),
        Span("https://github.com/a/b", href="https://github.com/a/b"),
        Span(". See ("),
        Span("https://e.org/x_(y)", href="https://e.org/x_(y)"),
        Span(")."),
    )
    assert linked("没有链接。") == (Span("没有链接。"),)
