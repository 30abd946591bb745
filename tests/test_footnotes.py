"""Footnotes survive, wherever a page keeps them."""

from __future__ import annotations

import pytest
from lxml import html

from digest.extract.body import feed_markdown

URL = "https://blog.example.org/post"

LINKED = (
    '<p>Known.<sup><a href="#fn-7">7</a></sup></p><ol><li id="fn-7">Since 1952. <a href="#r7">↩</a></li></ol>'
)
BY_ID = (
    "<p>Known<sup>1</sup> and used<sup>2</sup>.</p><h4>Footnotes</h4>"
    '<ol><li id="footnote-1">Since 1952.</li><li id="footnote-2">By <em>few</em>.</li></ol>'
)
BY_HEADING = "<p>已知<sup>1</sup>。</p><h3>注释</h3><p><sup>1</sup> 自 1952 年起。</p>"
BY_CLASS = '<p>Known<sup>1</sup>.</p><p class="footnote"><sup>1</sup>Since 1952.</p><p>More.</p>'
IN_ASIDE = '<p>Known<sup>1</sup>.</p><aside><ol start="1"><li>Since 1952.</li></ol></aside><p>More.</p>'
INSIDE_ITS_MARK = '<p>Known.<span class="inline-footnote">1<span class="footnoteContent">Since <b>1952</b>.</span></span></p>'
TUFTE = (
    '<p>Known.<label for="sn" class="margin-toggle sidenote-number"></label><input type="checkbox" id="sn">'
    '<span class="sidenote">Since 1952.</span> More.</p>'
)
STAR = '<p>Known.<span data-definition="n1"><a href="#">*</a></span></p><aside id="n1" style="display:none">Since 1952.</aside>'
TWICE = (
    '<p>Known<sup><a href="#footnote-1">1</a></sup><span class="sidenote">1. Since 1952.</span>.</p>'
    '<div><div><sup id="footnote-1"><a href="#r">1</a></sup><div><p>Since 1952.</p></div></div></div>'
)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (LINKED, "Known.[^7]\n\n[^7]: Since 1952."),
        (BY_ID, "Known[^1] and used[^2].\n\n#### Footnotes\n\n[^1]: Since 1952.\n\n[^2]: By *few*."),
        (BY_HEADING, "已知[^1]。\n\n### 注释\n\n[^1]: 自 1952 年起。"),
        (BY_CLASS, "Known[^1].\n\n[^1]: Since 1952.\n\nMore."),
        (IN_ASIDE, "Known[^1].\n\n[^1]: Since 1952.\n\nMore."),
        (INSIDE_ITS_MARK, "Known.[^1]\n\n[^1]: Since **1952**."),
        (TUFTE, "Known.[^1] More.\n\n[^1]: Since 1952."),
        (STAR, "Known.[^1]\n\n[^1]: Since 1952."),
        (TWICE, "Known[^1].\n\n[^1]: Since 1952."),
    ],
)
def test_footnotes_are_kept_with_their_references(page: str, text: str) -> None:
    assert feed_markdown(page, URL) == text


@pytest.mark.parametrize(
    "page",
    [
        "<p>An area of 5 m<sup>2</sup>, and 10<sup>3</sup> of them.</p>",
        "<p>An area of 5 m<sup>2</sup>.</p><h3>Notes</h3><p>Plain words.</p>",
        '<p>See <a href="#part-two">2</a>.</p><h2 id="part-two">Part two</h2><p>Words.</p>',
        '<p>Words.</p><p><small class="sidenote">An aside that nothing calls for.</small></p>',
    ],
)
def test_what_calls_for_no_note_is_no_reference(page: str) -> None:
    assert "[^" not in feed_markdown(page, URL)
    words = html.fragment_fromstring(f"<div>{page}</div>").text_content().split()
    assert all(word.strip(".,") in feed_markdown(page, URL) for word in words if word.isalpha())
