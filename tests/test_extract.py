"""The text behind an entry: full feeds, pages, walls, and what stands in when there is no text."""

from __future__ import annotations

import json
import pickle
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.extract import feed_article, merged, needs_page, page_article, page_request
from digest.extract.addresses import why_no_page
from digest.extract.document import decoded
from digest.extract.furniture import without_furniture
from digest.extract.walls import wall
from digest.model import Article, Enclosure, Entry, Feed, Paper, Post, Preview, Response

URL = "https://blog.example.org/posts/alignment"
FEED = Feed("https://blog.example.org/feed.xml")
ENTRY = Entry(id="1", url=URL, title="偏好对齐的三种方法", content_hash="x")
SENTENCE = "Direct preference optimisation turns the reward model into a loss on pairs of answers, and needs no sampling. "
SATZ = "偏好优化把奖励模型写成成对答案上的损失函数，因此训练时不再需要采样，也不需要单独的奖励模型。"


def answered(
    body: str | bytes, content_type: str = "text/html; charset=utf-8", final_url: str = URL
) -> Response:
    data = body.encode() if isinstance(body, str) else body
    return Response(URL, 200, {"content-type": content_type}, data, final_url)


def paragraphs(count: int, words: str = SENTENCE) -> str:
    return "".join(f"<p>Paragraph {i} of the article. {words * 2}</p>" for i in range(count))


def page(body: str, head: str = "", title: str = "Three ways to align") -> str:
    return f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def article(body: str, **options: str) -> Article:
    return page_article(
        answered(page(f"<nav><a href=/>Home</a></nav><article>{body}</article>", **options)), "key"
    )


# --- the feed's own text --------------------------------------------------------------------------


def test_a_full_feed_is_the_article() -> None:
    html = f'{paragraphs(8)}<pre><code class="language-python">x = 1\n</code></pre><blockquote><p>said</p></blockquote>'
    own = feed_article(
        replace(ENTRY, content=html, summary="<p>The author&#8217;s own words.</p>", author="Ann")
    )
    assert own is not None
    assert (own.origin, own.url, own.title, own.author, own.language) == (
        "feed",
        URL,
        ENTRY.title,
        "Ann",
        "en",
    )
    assert "```python\nx = 1\n```" in own.text
    assert "> said" in own.text
    assert own.summary == "The author’s own words."
    assert not needs_page(ENTRY, FEED, own)


@pytest.mark.parametrize(
    "end",
    [
        "<p>[…]</p>",
        '<p><a href="/x">Continue reading</a></p>',
        "<p>阅读全文</p>",
        "<p>Read more »</p>",
        "<p>…</p>",
    ],
)
def test_a_teaser_is_not_full_however_long(end: str) -> None:
    assert feed_article(replace(ENTRY, content=paragraphs(12) + end)) is None
    assert needs_page(ENTRY, FEED, None)


def test_three_dots_at_the_end_of_an_essay_are_a_mood() -> None:
    essay = paragraphs(24) + "<p>And so it went on…</p>"
    assert feed_article(replace(ENTRY, content=essay)) is not None
    assert feed_article(replace(ENTRY, content=paragraphs(24) + "<p>[…]</p>")) is None


def test_length_decides_and_a_chinese_character_counts_twice() -> None:
    assert feed_article(replace(ENTRY, content=f"<p>{SENTENCE * 5}</p>")) is None
    assert feed_article(replace(ENTRY, content=f"<p>{SATZ * 5}</p>")) is None
    own = feed_article(replace(ENTRY, content=f"<p>{SATZ * 18}</p>"))
    assert own is not None and own.language == "zh-Hans"
    assert (
        feed_article(replace(ENTRY, content=f'<p><a href="https://e.org/{"x" * 3000}">short</a></p>')) is None
    )


def test_the_subscription_s_own_word_decides_over_length() -> None:
    short = replace(ENTRY, content="<p>A short note, and whole.</p>")
    assert feed_article(short, replace(FEED, full_text=True)) is not None
    assert feed_article(replace(ENTRY, content=paragraphs(20)), replace(FEED, full_text=False)) is None
    assert not needs_page(short, replace(FEED, full_text=True), None)


@pytest.mark.parametrize(
    "listing",
    [
        '<pre class="shiki" language="cpp">int x;</pre>',
        '<pre><code class="language-cpp">int x;</code></pre>',
        '<div class="language-cpp highlighter-rouge"><div class="highlight"><code><table class="rouge-table"><tbody><tr>'
        '<td class="rouge-gutter gl"><pre class="lineno">1\n</pre></td><td class="rouge-code"><pre>int x;</pre></td>'
        "</tr></tbody></table></code></div></div>",
    ],
)
def test_a_listing_keeps_its_language(listing: str) -> None:
    own = feed_article(replace(ENTRY, content=paragraphs(8) + listing))
    assert own is not None and own.text.endswith("```cpp\nint x;\n```")


def test_formulas_footnotes_and_lazy_pictures_of_a_feed_survive() -> None:
    html = (
        paragraphs(8)
        + '<p>So <span class="katex"><span class="katex-mathml"><math><semantics><mrow/><annotation '
        + 'encoding="application/x-tex">\\beta \\log \\pi</annotation></semantics></math></span></span> falls'
        + '<sup><a href="#fn1">1</a></sup>.</p><img src="data:image/gif;base64,R0" data-src="/a.png" alt="a plot">'
        + '<ol><li id="fn1"><p>See the appendix. <a href="#r1">↩</a></p></li></ol>'
        + '<img src="https://count.example/pixel.gif" width="1" height="1">'
    )
    own = feed_article(replace(ENTRY, content=html))
    assert own is not None
    assert "So $\\beta \\log \\pi$ falls[^1]." in own.text
    assert "[^1]: See the appendix." in own.text
    assert "![a plot](https://blog.example.org/a.png)" in own.text
    assert own.image == "https://blog.example.org/a.png"
    assert "pixel" not in own.text and "↩" not in own.text


def test_a_feed_s_list_of_links_is_its_article() -> None:
    links = "".join(
        f'<li><a href="https://e{i}.example/post">A find of the week, number {i}</a>' for i in range(9)
    )
    own = feed_article(replace(ENTRY, content=f"{paragraphs(8)}<h3>Links</h3><ul>{links}</ul>"))
    assert own is not None and own.text.count("A find of the week") == 9


def test_what_a_feed_adds_to_its_article_is_left_out() -> None:
    tail = '<p>The post <a href="/x">Three ways</a> appeared first on <a href="/">Blog</a>.</p><p>Tags: <a href="/t">ai</a></p>'
    own = feed_article(replace(ENTRY, content=paragraphs(8) + tail))
    assert own is not None and own.text.endswith("needs no sampling.")


def test_what_has_no_page_is_taken_as_it_is() -> None:
    abstract = replace(
        ENTRY,
        url="https://arxiv.org/abs/2305.18290v2",
        summary="<p>We show that…</p>",
        paper=Paper("2305.18290"),
    )
    own = feed_article(abstract)
    assert own is not None and (own.key, own.origin) == ("arxiv:2305.18290", "metadata")
    assert not needs_page(abstract, FEED, own)
    post = replace(
        ENTRY, url="https://t.me/name/7", content="<p>一句话。</p>", post=Post("name", "Name", (7,))
    )
    own = feed_article(post)
    assert own is not None and (own.key, own.text) == ("telegram:name/7", "一句话。")


# --- whose page is fetched ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://arxiv.org/pdf/2305.18290", "paper"),
        ("https://youtu.be/dQw4w9WgXcQ", "video"),
        ("https://github.com/owner/name", "repository"),
        ("https://t.me/name/7", "Telegram"),
        ("https://x.com/a/status/12345", "members"),
        ("https://example.org/report.PDF", "a PDF: linked, not fetched"),
        ("https://example.org/talk.mp4?x=1", "video"),
        ("https://m.facebook.com/page", "members"),
        (URL, ""),
        ("https://example.org/pdf", ""),
        ("https://notvimeo.com/a", ""),
    ],
)
def test_addresses_with_a_better_source_than_their_page(url: str, reason: str) -> None:
    assert reason in why_no_page(url) if reason else why_no_page(url) == ""
    assert needs_page(replace(ENTRY, url=url), FEED) is not bool(reason)


def test_a_mention_wants_the_page_that_it_points_at() -> None:
    post = Post("name", "Name", (7,))
    mention = replace(ENTRY, url="https://t.me/name/7", content=paragraphs(20), post=post, via_url=URL)
    assert feed_article(mention) is None, "a remark is not the article"
    assert needs_page(mention, FEED, None)
    assert not needs_page(replace(mention, via_url="https://arxiv.org/abs/2305.18290"), FEED, None)
    assert not needs_page(replace(mention, via_url=""), FEED, None)
    assert not needs_page(replace(ENTRY, url="", enclosures=(Enclosure("https://e.org/a.mp3"),)), FEED)


def test_the_request_asks_for_html_and_is_capped() -> None:
    request = page_request(URL)
    assert (request.url, request.kind, request.max_bytes) == (URL, "page", 3_000_000)
    assert request.accept.startswith("text/html")


# --- pages ----------------------------------------------------------------------------------------


def test_an_article_s_page() -> None:
    head = (
        '<meta property="og:title" content="Three ways to align a model"><meta property="og:site_name" content="Blog">'
        '<meta property="article:published_time" content="2026-11-20T08:00:00+08:00"><meta name=author content=Ann>'
        '<meta property="og:description" content="A tour of DPO, KTO and IPO."><meta property="og:image" content="/c.png">'
        '<link rel=canonical href="https://blog.example.org/alignment/">'
    )
    body = (
        f"<h1>Three ways to align a model</h1>{paragraphs(6)}<h2>Code</h2>"
        '<div class="highlight-source-python"><pre><span class=k>def</span> f():\n    return 1\n</pre></div>'
        f"<ul><li>{SENTENCE}<li>{SENTENCE}</ul><table><tr><th>Method<th>Pairs<tr><td>DPO<td>yes<tr><td>KTO<td>no</table>"
        '<figure><a href="/big.html"><img src=/f.png></a><figcaption>How the loss falls</figcaption></figure>'
        f'<p>The last paragraph has <a href="/more">a link</a>. {SENTENCE}</p>'
        "<div class='share'><a href=/tw>Tweet</a> <a href=/fb>Share</a></div>"
        "<aside class=related><h3>Related posts</h3><ul><li><a href=/1>Ten tips</a><li><a href=/2>More tips</a></ul></aside>"
        "<form>Subscribe to our newsletter <input></form>"
    )
    got = article(body, head=head)
    assert (got.origin, got.error, got.key) == ("page", "", "key")
    assert (got.title, got.author, got.site) == ("Three ways to align a model", "Ann", "Blog")
    assert got.published == datetime(2026, 11, 20, tzinfo=UTC)
    assert (got.summary, got.image) == ("A tour of DPO, KTO and IPO.", "https://blog.example.org/c.png")
    assert got.text.startswith("Paragraph 0 of the article."), "the title is kept as title only"
    assert "## Code" in got.text
    assert "```python\ndef f():\n    return 1\n```" in got.text
    assert f"- {SENTENCE.strip()}" in got.text
    assert "| DPO | yes |" in got.text
    assert "[a link](https://blog.example.org/more)" in got.text
    assert "How the loss falls" in got.text
    assert not re.search("Tweet|Related|newsletter|Home|tips", got.text)
    assert "https://blog.example.org/alignment" in got.aliases


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"%PDF-1.7 ...", "text/html", "a PDF: linked, not fetched"),
        (b"...", "application/pdf", "a PDF: linked, not fetched"),
        (b"...", "image/png", "an image: linked, not fetched"),
        (b"{}", "application/json; charset=utf-8", "JSON: linked, not fetched"),
        (b"  \n", "text/html", "an empty page"),
    ],
)
def test_what_is_no_page_is_linked(body: bytes, content_type: str, words: str) -> None:
    got = page_article(answered(body, content_type), "key")
    assert (got.origin, got.text) == ("none", "")
    assert words in got.error


def test_a_plain_text_is_its_own_article() -> None:
    got = page_article(answered("RFC 9110\n\nHTTP Semantics", "text/plain"), "key")
    assert (got.origin, got.text) == ("page", "RFC 9110\n\nHTTP Semantics")


CHINESE = page(
    f"<article>{paragraphs(0)}{''.join(f'<p>第{i}段。{SATZ * 2}</p>' for i in range(6))}</article>",
    "{}",
    "标题",
)


@pytest.mark.parametrize(
    ("codec", "meta", "content_type"),
    [
        ("gb18030", "<meta charset=gb2312>", "text/html"),
        ("gb18030", "", "text/html; charset=GBK"),
        ("gb18030", "", "text/html"),
        ("big5", "<meta http-equiv=content-type content='text/html; charset=big5'>", "text/html"),
        ("utf-8", "<meta charset=gb2312>", "text/html; charset=iso-8859-1"),
        ("utf-8-sig", "", "text/html"),
        ("utf-16", "", "text/html"),
    ],
)
def test_encodings_as_browsers_read_them(codec: str, meta: str, content_type: str) -> None:
    text = CHINESE.replace("{}", meta)
    if codec == "gb18030":
        text = text.replace("标题", "标题㐀")  # not in GB2312, whatever the label says
    if codec == "big5":
        text = re.sub("[励写函数训练时单独优优对损样标题]", "的", text)
    got = page_article(
        answered(text.encode(codec, "ignore" if codec == "big5" else "strict"), content_type), "key"
    )
    assert got.title == re.search("<title>(.*?)</title>", text)[1]  # type: ignore[index]
    assert "�" not in got.text and got.text.startswith("第0段。")


def test_a_few_bad_bytes_do_not_spoil_a_page() -> None:
    assert decoded("价格：10 元".encode() + b"\xff", "text/html; charset=utf-8") == "价格：10 元�"


# --- what stands around an article ----------------------------------------------------------------

KEPT = [
    "Like this:",
    "Comments are written with two slashes, and they end with the line.",
    "A short last line",
    "[The project's page](https://project.example.net/)",
    "[The report](https://blog.example.org/report.pdf)",
    "- [One paper](https://blog.example.org/1)\n- [Another paper](https://blog.example.org/2)",
    "$$x^2$$",
]


def test_other_pages_headings_with_what_they_say_go_under_a_heading_that_says_so() -> None:
    teasers = "\n\n".join(
        f"#### [A column {i}](https://blog.example.org/c{i})\n\nTHE good thing is {SENTENCE}"
        for i in range(3)
    )
    text = f"{SENTENCE * 20}\n\n## Other Opinion Columns\n\n{teasers}"
    assert without_furniture(text, url=URL) == f"{SENTENCE * 20}".strip()
    elsewhere = text.replace("https://blog.example.org/c", "https://other.example/c")
    assert without_furniture(elsewhere, url=URL) == elsewhere.strip(), (
        "links to other sites are somebody's list"
    )
    own = f"{SENTENCE * 20}\n\n## Other Opinion Columns\n\n#### The first\n\n{SENTENCE}\n\n#### The second\n\n{SENTENCE}".strip()
    assert without_furniture(own, url=URL) == own


def test_a_feed_s_sections_are_its_author_s() -> None:
    links = "\n".join(f"- [Story {i}](https://blog.example.org/{i})" for i in range(4))
    text = f"{SENTENCE * 3}\n\n## Top stories\n\n{links}\n\n## And then\n\n{SENTENCE}".strip()
    assert without_furniture(text, url=URL, is_feed=True) == text
    assert "Story 2" not in without_furniture(text, url=URL)


@pytest.mark.parametrize("last", KEPT)
def test_an_author_s_own_last_words_stay(last: str) -> None:
    text = f"{SENTENCE * 3}\n\n## References\n\n{last}"
    assert without_furniture(text, title="Three ways", url=URL) == text


@pytest.mark.parametrize(
    "line",
    [
        "Advertisement",
        "Continue reading the main story",
        "[Share on Facebook](https://www.facebook.com/sharer?u=x) [Tweet](https://twitter.com/intent/x)",
        "Sign up for our daily newsletter and never miss a story.",
        "**Read more:** [Why answers come in pairs](https://blog.example.org/pairs)",
        "[Five things that everybody gets wrong](https://blog.example.org/five)",
        "Photo: Ann Example / Getty Images",
        "Follow us on Twitter",
        "12 comments",
        "**>> A lire aussi : [Pour revivre le match](https://blog.example.org/match)**",
        "Imagen | Ann Example",
        "相关阅读：[另一篇文章](https://blog.example.org/2)",
        "图片来源：某某",
        "扫描下方二维码关注我们",
    ],
)
def test_lines_that_only_a_page_writes_go_wherever_they_stand(line: str) -> None:
    text = f"{SENTENCE * 3}\n\n{line}\n\n{SENTENCE * 3}"
    assert without_furniture(text, title="Three ways", url=URL) == f"{SENTENCE * 3}\n\n{SENTENCE * 3}".strip()


def test_head_and_foot_of_an_article_say_nothing_of_its_own() -> None:
    head = "News\n\n# Three ways to align\n\nBy Ann Example\n\nNovember 20, 2026 at 8:00 am\n\n5 min read"
    foot = (
        "Tags: [ai](https://blog.example.org/t/ai)\n\n© 2026 Blog\n\n## Related posts\n\n"
        "- [Ten tips](https://blog.example.org/1)\n- [More tips](https://blog.example.org/2)\n\n"
        "## 2 Comments\n\nBob says: I tried this at home, and it works.\n\nCarl says: me too."
    )
    body = f"{SENTENCE * 4}\n\n{SATZ * 2}".strip()
    text = f"{head}\n\n{body}\n\n{foot}"
    assert without_furniture(text, title="Three ways to align | Blog", author="Ann", url=URL) == body


@pytest.mark.parametrize(
    "heading", ["Lees ook", "Zobacz także", "Baca juga", "Xem thêm", "เรื่องที่เกี่ยวข้อง", "مواضيع ذات صلة"]
)
def test_lists_of_other_pages_and_ways_to_pay_go_in_many_languages(heading: str) -> None:
    foot = (
        f"## {heading}\n\n- [Ten tips](https://blog.example.org/1)\n- [More tips](https://blog.example.org/2)\n\n"
        "Send us a coffee: https://paypal.me/example"
    )
    body = f"{SENTENCE * 4}\n\nThey paid with PayPal. {SENTENCE}\n\n{SATZ * 2}".strip()
    assert without_furniture(f"{body}\n\n{foot}", title="Three ways", url=URL) == body


def test_a_manual_may_have_a_chapter_on_comments() -> None:
    text = f"{SENTENCE * 4}\n\n## Comments\n\nTwo slashes.\n\n```js\n// so\n```\n\n## Tags\n\n{SENTENCE * 2}"
    assert without_furniture(text, title="A manual", url=URL) == text.strip()


def test_a_quote_pulled_from_the_text_is_said_once() -> None:
    text = f"{SENTENCE * 3}\n\n> {SENTENCE}\n\n> {SATZ}\n\n{SENTENCE}"
    assert without_furniture(text) == f"{SENTENCE * 3}\n\n> {SATZ}\n\n{SENTENCE}".strip()


def test_a_text_that_would_lose_most_is_left_alone() -> None:
    text = "Follow us on Twitter\n\nA line.\n\n[All our posts of this year](https://blog.example.org/all)"
    assert without_furniture(text, url=URL) == text


def test_boxes_that_their_names_tell_go_and_tables_stay() -> None:
    table = "".join(f"<tr><td>{name}<td>{name * 2}" for name in ("DPO", "KTO", "IPO"))
    got = article(
        f"{paragraphs(4)}<div class='pull newsletter-box'><p>{SATZ}</p></div><p class=photo-credit>Ann took this one.</p>"
        f"<table><tr><th>Method<th>Twice{table}</table>{paragraphs(4)}"
    )
    assert "| KTO | KTOKTO |" in got.text
    assert "奖励" not in got.text and "took this" not in got.text


def test_a_list_of_links_inside_an_item_that_announces_it_is_content() -> None:
    links = "".join(f"<li><a href=/{n}>Bug {n} is mended, at last</a></li>" for n in range(6))
    got = article(
        f"{paragraphs(4)}<ul><li>{SENTENCE}</li><li>In progress:<ul>{links}</ul></li></ul>{paragraphs(4)}"
    )
    assert got.text.count("is mended, at last") == 6
    unannounced = article(f"{paragraphs(8)}<ul>{links}</ul>")
    assert "is mended" not in unannounced.text


def test_a_list_of_links_that_a_sentence_announces_is_content() -> None:
    links = "".join(f"<li><a href=/p{i}>Paper number {i} of the week</a>" for i in range(6))
    got = article(f"{paragraphs(3)}<p>We read these papers:</p><ul>{links}</ul>{paragraphs(3)}")
    assert "Paper number 0" in got.text and "Paper number 5" in got.text
    menu = article(f"{paragraphs(3)}<div><ul>{links}</ul></div>{paragraphs(3)}")
    assert "Paper number" not in menu.text


def test_an_article_that_names_itself_comments_is_found() -> None:
    body = f"<div><p>by janus <p>170 votes <a href=/x>More</a></div><div class=commentOnSelection>{paragraphs(9)}</div>"
    got = page_article(answered(page(body)), "key")
    assert got.text.startswith("Paragraph 0 of the article.") and "Paragraph 8" in got.text


def test_notes_beside_the_article_are_kept_with_it() -> None:
    got = article(
        f'{paragraphs(4)}<p>As is known.<sup><a href="#n1">1</a></sup> {SENTENCE}</p>'
        '<aside><ol><li id=n1>Known since 1952, in fact. <a href="#r1">↩</a></ol></aside>'
    )
    assert "As is known.[^1]" in got.text and "[^1]: Known since 1952, in fact." in got.text


def test_a_page_that_a_script_builds_may_state_its_text() -> None:
    words = "\n".join(f"Line {i}. {SENTENCE * 3}" for i in range(6))
    ld = json.dumps({"@type": "NewsArticle", "headline": "Three ways", "articleBody": words})
    script = f'<script type="application/ld+json">{ld}</script>'
    got = page_article(answered(page("<div id=root></div>", DESCRIBED + script)), "key")
    assert (got.origin, got.error) == ("page", "")
    assert got.text.startswith("Line 0. Direct") and got.text.count("\n\n") == 5
    paid = script.replace('"headline"', '"isAccessibleForFree": false, "headline"')
    got = page_article(answered(page("<div id=root></div>", DESCRIBED + paid)), "key")
    assert (got.origin, got.error, got.text) == ("description", "a paywall", "")


def test_little_text_without_a_word_of_its_description_is_not_the_article() -> None:
    described = '<meta name=description content="Preference optimisation explained: rewards, losses, sampling, pairs, answers, gradients and training.">'
    shop = (
        "<p>Join thousands of happy customers today. Choose between monthly billing and yearly billing.</p>"
        * 3
    )
    got = page_article(answered(page(f"<main>{shop}</main>", described)), "key")
    assert (got.origin, got.text) == ("description", "")
    assert got.summary.startswith("Preference optimisation")


def test_headings_stay_where_words_stand_loose() -> None:
    """trafilatura takes words and passes over headings where no element names itself an article."""
    body = f"{paragraphs(5)}<p>When</p> a sum has no end, {SENTENCE}<h2>Part two</h2><p>So it ends. {SENTENCE}</p>"
    text = page_article(answered(f"<html><body>{body}</body></html>".encode()), "key").text
    assert text.count("## Part two\n") == 1 and text.index("a sum has no end") < text.index("## Part two")


def test_a_list_stays_announced_over_an_empty_paragraph() -> None:
    quotes = "".join(f"<li>“Answer {i}: {SENTENCE}” <i>(some wrote)</i></li>" for i in range(3))
    body = f"{paragraphs(4)}<p>The replies were of three kinds:</p><p> </p><ul>{quotes}</ul>{SENTENCE}<p>So it ends.</p>"
    text = page_article(answered(page(f"<div>{body}</div>")), "key").text
    assert all(f"“Answer {i}: " in text for i in range(3))


def test_prose_between_two_kept_parts_stays_though_no_paragraph_holds_it() -> None:
    prose = "With contain the picture is resized to fit within those bounds, and it keeps the ratio that it had before."
    code = "<div><pre><code>mode = contain</code></pre></div>"
    body = f'{paragraphs(4)}{code}<span data-as="p">{prose}</span><p>So it ends. {SENTENCE}</p>'
    assert prose in page_article(answered(page(f"<div>{body}</div>")), "key").text


def test_loose_prose_stays_beside_empty_paragraphs_and_headings_too() -> None:
    prose = (
        "The code has guidelines for the proper treatment of flags, but nobody is punished who violates them."
    )
    body = (
        f"{paragraphs(4)}<div><pre><code>x = 1</code></pre></div>{prose}<p> </p><p>So it ends. {SENTENCE}</p>"
    )
    assert prose in page_article(answered(page(f"<div>{body}</div>")), "key").text


def test_a_span_that_is_a_heading_by_its_class_stays_over_what_is_kept() -> None:
    steps = "".join(
        f'<div><span class="headline2 block">Step {i}</span> <p>Do the thing number {i}. {SENTENCE}</p></div>'
        for i in range(1, 4)
    )
    text = page_article(answered(page(f"<article>{paragraphs(4)}{steps}</article>")), "key").text
    assert [f"Step {i}" in text for i in range(1, 4)] == [True] * 3


def test_what_stands_before_a_text_that_its_page_describes_by_its_beginning_is_not_the_article() -> None:
    pitch = (
        "<p>You own what you write here, and we take care of the rest, from mailing lists to payments.</p>"
    )
    note = [
        f"Note {i}: rewards are learned from pairs of answers, and pairs are cheap to get." for i in range(20)
    ]
    body = f"<main>{pitch * 2}{''.join(f'<p>{line}</p>' for line in note)}</main>"
    whole = f'<meta name=description content="{" ".join(note[:8])}">'
    got = page_article(answered(page(body, whole)), "key")
    assert got.text.startswith("Note 0:") and got.text.count("Note ") == 20
    editors = f'<meta name=description content="{note[3]}">'
    got = page_article(answered(page(body, editors)), "key")
    assert got.text.startswith("You own") and got.text.count("Note ") == 20


# --- walls ----------------------------------------------------------------------------------------

DESCRIBED = '<meta name=description content="What the article is about, in one honest sentence.">'


@pytest.mark.parametrize(
    ("title", "text", "reason"),
    [
        ("A story", "Subscribe to continue reading. Already a subscriber? Log in.", "a paywall"),
        ("一篇报道", "本文为付费内容，订阅后可继续阅读全文。", "a paywall"),
        (
            "ある記事",
            SATZ * 10 + "この記事は会員限定です。電子版に登録すると続きをお読みいただけます。",
            "a paywall",
        ),
        ("Ein Bericht", SENTENCE * 12 + "Jetzt weiterlesen mit dem Abo.", "a paywall"),
        (
            "Oil to outperform",
            f"TAKE A FREE TRIAL Registered users can read up to 3 reports. {SENTENCE * 6}",
            "a paywall",
        ),
        ("App", "You need to enable JavaScript to run this app.", "needs JavaScript"),
        (
            "A story",
            "Pick digital or print. If you are already a print subscriber, you have to create an online account.",
            "a paywall",
        ),
        ("A story", "You are using an ad blocker. Please disable your ad blocker.", "an ad-blocker notice"),
        (
            "A story",
            "You’re blocking ads! Support us by turning off your ad blocker.",
            "an ad-blocker notice",
        ),
        (
            "一篇报道",
            "我们注意到您正在屏蔽广告！关闭广告拦截器，继续支持伟大的新闻业。",
            "an ad-blocker notice",
        ),
        ("Just a moment...", "Checking your browser before accessing the site.", "a bot check"),
        ("安全验证", "环境异常，完成验证后即可继续访问。", "a bot check"),
        ("Page not found | Example", "Sorry, the page you are looking for does not exist.", "an error page"),
        ("出错啦", "您访问的页面不存在或已被删除。", "an error page"),
        ("Log in - Example", "Please log in to continue. Forgot password?", "a login wall"),
        (
            "Before you continue to Example",
            "We use cookies. Accept all cookies or manage your preferences.",
            "a consent page",
        ),
    ],
)
def test_walls_are_not_taken_for_the_article(title: str, text: str, reason: str) -> None:
    got = page_article(answered(page(f"<main><p>{text}</p></main>", DESCRIBED, title)), "key")
    assert got.text == ""
    assert got.error == reason
    if text.startswith((SATZ, SENTENCE)):
        assert (got.origin, got.title) == ("teaser", title)
        shown = got.summary.replace(" ", "")
        assert text.replace(" ", "").startswith(shown), "what stands before the wall, and no more"
        assert len(shown) > 100
    elif reason in ("a paywall", "an ad-blocker notice", "needs JavaScript"):
        assert (got.origin, got.title) == ("description", title)
        assert got.summary == "What the article is about, in one honest sentence."
    else:
        assert (got.origin, got.title, got.summary) == ("none", "", ""), (
            "the page describes itself, not the article"
        )


def test_an_article_about_walls_survives() -> None:
    text = f"<p>Publishers say: subscribe to continue reading. Please log in to continue. {SENTENCE}</p>"
    got = article(paragraphs(6) + text + paragraphs(3))
    assert (got.origin, got.error) == ("page", "")
    assert (
        wall(
            "Why you should enable JavaScript",
            SENTENCE * 5 + "Please enable JavaScript, they say." + SENTENCE * 3,
        )
        == ""
    )


def test_a_page_that_is_not_free_keeps_only_what_it_shows() -> None:
    ld = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>'
    got = article(f"<p>{SENTENCE * 4}</p>", head=DESCRIBED + ld)
    assert (got.origin, got.error, got.text) == ("teaser", "a paywall", "")
    assert got.summary == (SENTENCE * 4).strip()
    got = article("<p>Too short.</p>", head=DESCRIBED + ld)
    assert (got.origin, got.summary) == (
        "description",
        "What the article is about, in one honest sentence.",
    )
    assert article(paragraphs(12), head=ld).origin == "page", "some say so and show it all the same"


@pytest.mark.parametrize(
    "last", ["It is free, you only need to create an account.", "If you are a subscriber, thank you!"]
)
def test_an_article_that_ends_with_an_account_or_a_thank_you_is_no_wall(last: str) -> None:
    got = page_article(answered(page(f"<article>{paragraphs(6)}<p>{last}</p></article>")), "key")
    assert (got.origin, got.error) == ("page", "")


def test_what_a_paywalled_page_shows_begins_where_its_description_does() -> None:
    opening = "The lander came down on a field of dots, and nobody saw it"
    head = f'<meta name=description content="{opening}">'
    body = f"<p>Save this article. {SENTENCE}</p><p>Subscribe to continue reading.</p><p>{opening} but the crew. {SENTENCE}</p>"
    got = article(body + "<p>This article is for subscribers only.</p>", head=head)
    assert (got.origin, got.error) == ("teaser", "a paywall")
    assert got.summary == f"{opening} but the crew. {SENTENCE}".strip()


def test_an_interactive_page_falls_back_to_what_its_head_says() -> None:
    got = page_article(
        answered(page("<div id=root></div>", DESCRIBED + '<meta property="og:title" content="AI 2027">')), "k"
    )
    assert (got.origin, got.title) == ("description", "AI 2027")
    assert got.error == "little text without a browser"


def test_a_page_without_a_word_says_so() -> None:
    got = page_article(answered(page("<div id=root></div>")), "k")
    assert (got.origin, got.error) == ("none", "little text without a browser")


# --- other addresses of the same article ----------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "final_url", "aliases"),
    [
        (
            "https://blog.example.org/2026/alignment?utm_source=x",
            URL,
            ["https://blog.example.org/2026/alignment"],
        ),
        ("/2026/alignment", URL, ["https://blog.example.org/2026/alignment"]),
        ("https://blog.example.org/", URL, []),
        ("https://other.example.net", URL, []),
        ("https://original.example.net/a-post", URL, ["https://original.example.net/a-post"]),
        ("javascript:void(0)", URL, []),
        (URL, "https://blog.example.org/new-place", ["https://blog.example.org/new-place"]),
    ],
)
def test_aliases_are_believed_unless_they_are_a_home_page(
    link: str, final_url: str, aliases: list[str]
) -> None:
    body = page(f"<article>{paragraphs(6)}</article>", f'<link rel="canonical" href="{link}">')
    got = page_article(answered(body, final_url=final_url), "https://blog.example.org/posts/alignment")
    assert list(got.aliases) == aliases


def test_an_address_that_leads_to_the_home_page_is_gone() -> None:
    got = page_article(answered(page(paragraphs(9)), final_url="https://www.blog.example.org/"), "key")
    assert (got.origin, got.text, got.aliases) == ("none", "", ())
    assert "home page" in got.error


# --- the better of both ---------------------------------------------------------------------------


def test_the_feed_s_metadata_stands_before_the_page_s() -> None:
    fetched = Article(
        "key",
        URL,
        title="Page | Site",
        author="page",
        text="x" * 900,
        origin="page",
        summary="described",
        aliases=("a",),
    )
    got = merged(None, fetched, replace(ENTRY, author="feed", published=datetime(2026, 1, 1, tzinfo=UTC)))
    assert (got.title, got.author, got.text, got.aliases) == (ENTRY.title, "feed", fetched.text, ("a",))
    assert got.published == datetime(2026, 1, 1, tzinfo=UTC)
    own = Article("key", URL, text="y" * 2000, origin="feed")
    assert merged(own, fetched, ENTRY).text == own.text


def test_without_a_page_the_teaser_describes_the_article() -> None:
    failed = Article("key", URL, origin="none", error="410 Gone")
    got = merged(None, failed, replace(ENTRY, summary="<p>一段<b>导语</b>。</p>"))
    assert (got.origin, got.summary, got.error) == ("description", "一段导语。", "410 Gone")
    assert merged(None, failed, ENTRY).origin == "none"


def test_of_a_mention_the_remark_s_metadata_is_not_the_article_s() -> None:
    card = Preview(URL, site="Blog", title="Three ways", description="A tour.", image="https://e.org/i.png")
    mention = replace(
        ENTRY, url="https://t.me/n/7", via_url=URL, author="curator", post=Post("n", "N", (7,), preview=card)
    )
    fetched = Article(
        "https://blog.example.org/posts/alignment", URL, title="Page", text="long " * 99, origin="page"
    )
    assert merged(None, fetched, mention) == fetched
    walled = Article("https://blog.example.org/posts/alignment", URL, origin="none", error="a bot check")
    got = merged(None, walled, mention)
    assert (got.origin, got.title, got.summary, got.image) == (
        "description",
        "Three ways",
        "A tour.",
        card.image,
    )
    assert (got.author, got.error) == ("", "a bot check")


# --- hostile and heavy ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 3000 + SENTENCE,
        "<table><tr><td>" * 200 + SENTENCE,
        "<p>\x00\ud7ff" + SENTENCE * 3,
        "<html><!-- nothing -->",
        "<?xml version='1.0' encoding='x'?><html><body><p>x",
        '<script type="application/ld+json">[[[[{"@graph":{}}</script><p>x',
        "<sup><a href='#a'>1</a></sup><li id=a><a href='#a'>1</a></li>" * 50,
        "<pre><table><tr><td class=gutter><pre>1</pre><td><pre>x</pre></table></pre>",
        f"<article>{SENTENCE * 9}<p>share {'1,' * 80}!<p>{'年' * 90}x<h2>related posts {'on ' * 40}!x</h2>{'[![a](b)' * 40}",
    ],
)
def test_broken_pages_raise_nothing(body: str) -> None:
    got = page_article(answered(body), "key")
    assert got.key == "key"


@given(st.text(st.sampled_from("<>/ap=\"'!-&;#x1中 \n") | st.characters(), max_size=300))
def test_no_page_raises(body: str) -> None:
    page_article(answered(f"<p>{SENTENCE}{body}".encode(errors="replace")), "key")


def test_tasks_travel_between_processes_and_nothing_heavy_is_imported_before_them() -> None:
    assert pickle.loads(pickle.dumps(page_article)) is page_article
    code = "import sys, digest.extract; print(sorted({'lxml', 'trafilatura', 'html_to_markdown'} & set(sys.modules)))"
    assert (
        run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


# --- recorded pages -------------------------------------------------------------------------------


def test_recorded_pages_keep_the_floor(shared: Path) -> None:
    """News and blog pages of the Readability corpus; trafilatura alone reaches 0.947 by the same measure."""
    from bench.extract import figures, measured, readability_pages

    chosen = [
        p
        for p in readability_pages(shared / "corpora/pages/readability")
        if b"olor sit amet" not in p.body and "wiki" not in p.name
    ]
    told = figures([measured(p) for p in chosen[:40]])
    assert float(str(told["f1"])) >= 0.94, told
    assert told["worse_than_description"] == []


def test_text_around_a_dropped_box_stays_whole() -> None:
    from lxml import html

    from digest.extract import body

    tree = html.fromstring(
        "<div>Some words before <b>the</b> box, <div class=share><a href=/t>Tweet this</a></div> and others after it. <p>End</p></div>"
    )
    kept = body._Kept(["Somewordsbeforethebox,", "andothersafterit.", "End"])
    assert body._keep(tree, kept, body._holders(tree), 0)
    kept.cut()
    assert (kept.share_found, body._markdown(tree, URL)) == (
        1,
        "Some words before **the** box, and others after it.\n\nEnd",
    )


def test_the_bench_measures_as_the_article_extraction_benchmark_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.extract import compared, main, prose

    assert compared("a b c d e", "a b c d e") == (1, 0, 0)
    assert compared("a b c d e", "a b c d x") == (1 / 3, 1 / 3, 1 / 3)
    assert compared("", "") == (0, 0, 0)
    assert compared("一二三四", "一二三四五") == (0.5, 0.5, 0)
    assert prose(
        "See [the *paper*](https://e.org/a_(b)) ![alt](x.png)\n\n| a | b |\n| --- | --- |\n| [c](d) | e |"
    ).split()[:3] == [
        "See",
        "the",
        "paper",
    ]
    (tmp_path / "one.html").write_text(page(f"<article>{paragraphs(5)}</article>"), "utf-8")
    truth = " ".join(f"Paragraph {i} of the article. {SENTENCE * 2}" for i in range(5))
    (tmp_path / "truth.json").write_text(json.dumps({"one": {"url": URL, "text": truth}}), "utf-8")
    monkeypatch.setattr(sys, "argv", ["bench.extract", str(tmp_path), "--json"])
    main()
    told = json.loads(capsys.readouterr().out)
    assert (told["precision"], told["recall"], told["f1"], told["pages"]) == (1, 1, 1, 1)


def test_a_gallery_between_the_paragraphs_goes_and_an_article_of_slides_stays() -> None:
    slides = "".join(
        f"<li><h2>{n}/12 Slide of news</h2><p>{SATZ} Caption {n}.</p></li>" for n in range(1, 13)
    )
    gallery = f"<h2>Business news in pictures</h2><ul>{slides}</ul>"
    text = article(f"{paragraphs(8)}{gallery}<p>The last paragraph of the article. {SENTENCE}</p>").text
    assert "Paragraph 7" in text
    assert "last paragraph" in text
    assert "Caption" not in text
    assert "in pictures" not in text
    assert "Caption 12" in article(f"<p>{SENTENCE}</p>{gallery}").text


def test_the_rest_behind_read_more_goes_on_after_its_beginning() -> None:
    def own_words(name: str, count: int) -> str:
        words = (" ".join(f"{name}{i}say{j}" for j in range(30)) for i in range(count))
        return "".join(f"<p>{text}.</p>" for text in words)

    rest = f'<div class="group hideOnInit">{own_words("rest", 30)}</div>'
    text = article(f'<div class="content">{own_words("begin", 8)}{rest}</div>').text
    assert "begin0say0" in text
    assert text.index("begin7say0") < text.index("rest0say0") < text.index("rest29say0")
