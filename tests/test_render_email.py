"""The HTML mail: what a mail program gets, its size, and that nothing of a feed's runs in it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sample_issue import ARTICLE, issue, paragraph

from digest.errors import TemplateFailed
from digest.model import Block, Issue, Item, Media, Preview, Reply, Section, Span, Voice
from digest.render import UNSUBSCRIBE, email, look, markdown, site, telegram, text, web
from digest.render.email import MAX_BYTES

LOOK = look()


def mail(shown: Issue) -> str:
    return email.render(shown, LOOK).body.decode()


def with_items(*items: Item, **changes: object) -> Issue:
    return replace(issue(), sections=(Section("Language models", items, "llm"),), **changes)  # type: ignore[arg-type]


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html.split("<body", 1)[1])).replace("&nbsp;", " ")


def test_styles_are_in_the_elements_and_only_phones_and_dark_mode_need_a_stylesheet() -> None:
    html = mail(issue())
    head, body = html.split("<body", 1)
    assert '<p class="p first" lang="en" style="' in body
    assert "<style" not in body
    assert ":root{color-scheme:light dark" in head
    assert "@media (prefers-color-scheme:dark)" in head and "@media only screen and (max-width:520px)" in head
    assert '<meta name="color-scheme" content="light dark">' in head


def test_layout_tables_are_presentation_and_blocks_have_their_language() -> None:
    html = mail(issue(language="zh"))
    assert html.count("<table") == html.count('role="presentation"')
    assert '<html lang="zh-Hans">' in html and 'lang="en"' in html
    for words in ("4月14日", "转发自", "1.1K 次浏览", "已编辑", "退订", "本期：4 篇，6 个链接"):
        assert words in html


def test_no_script_no_pixel_no_foreign_scheme() -> None:
    hostile = replace(
        ARTICLE,
        url="javascript:alert(1)",
        title="<script>alert(1)</script>",
        body=(
            paragraph("<img src=x onerror=alert(1)>", Span("click", href="javascript:alert(1)")),
            Block("image", (Span("dot", href="http://track.example/1.gif"),)),
            Block("image", (Span("inline", href="data:image/png;base64,AAAA"),)),
        ),
        preview=Preview("javascript:alert(1)", "s", "t", "d", "http://track.example/p.png"),
        voices=(Voice("v", "data:text/html,x"),),
        source='"><b>',
        source_url="vbscript:x",
    )
    for html in (mail(with_items(hostile)), web.render(with_items(hostile), LOOK).body.decode()):
        assert "<script" not in html and "<img" not in html
        assert not re.search(r'(href|src)="(javascript|data|vbscript):|src="http:', html)
        assert "&lt;script&gt;" in html


def test_pictures_are_https_with_words_and_a_width() -> None:
    photo = Media("photo", "https://cdn.example/p.jpg", title="A chart")
    shown = replace(
        ARTICLE,
        media=(photo, Media("document", title="paper.pdf", extra="1.2 MB"), Media("poll", title="Which?", extra="A 60%\nB 40%")),
        preview=Preview("https://blog.example/", "b", "t", "d", "https://cdn.example/small.png", small=True),
        permalink="https://t.me/x/1",
        reply=Reply("https://t.me/x/0", "Someone", "What they said…"),
    )  # fmt: skip
    html = mail(with_items(shown))
    images = re.findall(r"<img[^>]+>", html)
    assert len(images) == 2
    assert all('src="https://' in image and "alt=" in image and "width=" in image for image in images)
    for words in ("📄 paper.pdf · 1.2 MB", "📊 Which?", "B 40%", "Someone", "What they said…"):
        assert words in html


def test_tags_lead_to_the_channel_and_are_words_without_one() -> None:
    assert 'href="https://t.me/s/LinghaoCh?q=%23gpt_4"' in mail(issue())
    html = mail(replace(issue(), profile=replace(issue().profile, handle="", url="")))
    assert "#gpt_4</span>" in html and "t.me/s/" not in html
    assert "Open the channel" not in html


def test_the_link_line_stands_after_the_remark_and_before_the_passage() -> None:
    remarked = replace(ARTICLE, body=(paragraph("Worth it."), *ARTICLE.body))
    assert "Worth it. https://blog.example/small-models/?a=1&amp;b=2 #llm #gpt_4" in words_of(
        mail(with_items(remarked)).replace("<br>", " ")
    )


def test_there_is_a_place_for_leaving() -> None:
    assert f'href="{UNSUBSCRIBE}"' in mail(issue())
    assert UNSUBSCRIBE in text.render(issue(), LOOK).body.decode().split("\n")[-2]
    for other in (web.render(issue(), LOOK), markdown.render(issue(), LOOK), telegram.render(issue(), LOOK)):
        assert UNSUBSCRIBE.encode() not in other.body


def test_reasons_are_for_the_curator_only() -> None:
    for render in (email.render, web.render, text.render, markdown.render, telegram.render):
        assert b"taste" not in render(issue(), LOOK).body


def test_a_large_issue_stays_under_the_limit_with_every_item_in_it() -> None:
    long = "缓存决定小模型的成本，我们测了三周。" * 40
    items = tuple(
        replace(
            ARTICLE,
            key=f"https://many.example/{n}",
            url=f"https://many.example/{n}",
            body=(paragraph(long), Block("quote", children=(paragraph(long), paragraph(long)))),
            voices=tuple(
                Voice(f"v{v}", f"https://v.example/{v}", None, (paragraph(long),)) for v in range(3)
            ),
        )
        for n in range(40)
    )
    body = email.render(with_items(*items), LOOK).body
    assert len(body) <= MAX_BYTES
    html = body.decode()
    assert all(f"https://many.example/{n}" in html for n in range(40))
    assert 'href="https://digest.example/2025-W16/#p40"' in html and "read on the web" in html
    whole = web.render(with_items(*items), LOOK).body.decode()
    assert whole.count(long) == 40 * 6 and "read on the web" not in whole


def test_an_empty_issue_says_so() -> None:
    empty = replace(issue(), sections=())
    for render in (email.render, web.render, text.render, markdown.render, telegram.render):
        assert b"Nothing was chosen this week." in render(empty, LOOK).body
    assert site.render_site([empty], LOOK)


def test_a_users_template_wins_and_its_error_names_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "mail_parts.html").write_text("{% macro header() %}<tr><td>MINE</td></tr>{% endmacro %}\n")
    with pytest.raises(TemplateFailed, match="pill"):
        email.render(issue(), look(tmp_path))
    (folder / "email.html").write_text("<p>MINE</p>\n\n{{ page.nothing }}\n")
    with pytest.raises(TemplateFailed, match="nothing") as failed:
        email.render(issue(), look(tmp_path))
    assert failed.value.subject == f"{folder / 'email.html'}:3"
    (folder / "email.html").write_text("<p>\n{% if %}")
    with pytest.raises(TemplateFailed) as broken:
        email.render(issue(), look(tmp_path))
    assert broken.value.subject == f"{folder / 'email.html'}:2"
    (folder / "email.html").write_text("<p>MINE {{ page.title }}</p>")
    assert b"MINE Parallel Experiments" in email.render(issue(), look(tmp_path)).body
