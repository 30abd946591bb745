"""All outputs of one issue: the same items in the same order, and the sample as it was last read by a person.

Golden files stand in tests/golden/. After a change that is meant: DIGEST_GOLDEN=write pytest tests/test_render_outputs.py,
then read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
from sample_issue import ARTICLE, SECOND_HALF, issue, paragraph

from digest.model import Block, Issue, Section, Span
from digest.render import email, look, markdown, site, telegram, text, web
from digest.render.inline import table_rows
from digest.render.page import initials

LOOK = look()
GOLDEN = Path(__file__).parent / "golden"
RENDERERS = (email, web, text, markdown, telegram)


def varied() -> Issue:
    """Many items over three sections, in an order that no output may change."""
    items = tuple(
        replace(ARTICLE, key=f"https://v.example/{n}", url=f"https://v.example/{n:02}", title=f"T{n:02}")
        for n in range(12)
    )
    sections = (Section("B", items[3:9]), Section("Empty", ()), Section("A", (*items[9:], *items[:3])))
    return replace(issue(), sections=sections)


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_output_carries_the_same_items_in_the_same_order(renderer: object) -> None:
    shown = varied()
    output = renderer.render(shown, LOOK).body.decode()  # type: ignore[attr-defined]
    places = [output.index(item.url) for item in shown.items]
    assert places == sorted(places)
    if renderer is telegram:
        keys = [key for message in json.loads(output) for key in message["items"]]
        assert list(dict.fromkeys(keys)) == [item.key for item in shown.items]


@pytest.mark.parametrize(
    ("language", "renderer"), [("en", email), ("zh", web), ("zh", text), ("en", markdown), ("zh", telegram)],
    ids=["email", "web", "text", "markdown", "telegram"],
)  # fmt: skip
def test_the_sample_is_drawn_as_it_was(language: str, renderer: object) -> None:
    rendered = renderer.render(issue(language=language), LOOK)  # type: ignore[attr-defined]
    golden = GOLDEN / rendered.name
    if os.environ.get("DIGEST_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(rendered.body)
    assert rendered.body.decode() == golden.read_text("utf-8")


def test_names_and_types_of_the_outputs() -> None:
    assert [renderer.render(issue(), LOOK).name for renderer in RENDERERS] == [
        "email.html", "index.html", "email.txt", "issue.md", "telegram.json",
    ]  # fmt: skip


def test_plain_text_keeps_its_columns_but_for_addresses() -> None:
    lines = text.render(issue(language="zh"), LOOK).body.decode().split("\n")
    from digest.text import width

    assert all(width(line) <= 72 or "https://" in line for line in lines)
    assert "KTO <https://arxiv.org/abs/2402.01306>：更进一步，不需要 pairwise" in "\n".join(lines)


def test_the_page_links_to_its_feed_and_says_what_it_is() -> None:
    html = web.render(issue(), LOOK).body.decode()
    assert '<link rel="alternate" type="application/atom+xml"' in html
    assert '<meta property="og:title" content="Parallel Experiments · 2025-W16">' in html
    assert '<meta property="og:url" content="https://digest.example/2025-W16/">' in html
    assert "og:url" not in web.render(issue(base_url=""), LOOK).body.decode()


def test_the_feed_is_read_back_by_a_feed_reader() -> None:
    older = replace(issue(), week="2025-W15", title="Older \x0b & <b>", headline="Ein Titel mit <Zeichen>")
    rendered = {one.name: one for one in site.render_site([older, issue()], LOOK)}
    feed = feedparser.parse(rendered["feed.xml"].body)
    assert not feed.bozo
    assert [entry.id for entry in feed.entries] == [
        "https://digest.example/2025-W16/",
        "https://digest.example/2025-W15/",
    ]
    newest, old = feed.entries
    assert (newest.title, newest.updated) == ("Parallel Experiments · 2025-W16", "2025-04-20T21:00:00Z")
    assert old.title == "Ein Titel mit &lt;Zeichen&gt;" or old.title == "Ein Titel mit <Zeichen>"
    assert {tag.term for tag in newest.tags} == {"ai", "llm", "gpt_4"}
    assert all(item.url.replace("&", "&amp;") in newest.content[0].value for item in issue().items)
    html = rendered["index.html"].body.decode()
    assert html.index("2025-W16/index.html") < html.index("2025-W15/index.html")


def test_without_an_address_the_feed_still_has_stable_ids() -> None:
    feed = feedparser.parse(site.render_site([issue(base_url="")], LOOK)[1].body)
    assert feed.feed.id == "urn:digest:linghaoch:feed"
    assert feed.entries[0].id == "urn:digest:linghaoch:2025-W16"
    assert site.render_site([], LOOK) == ()


def test_every_kind_of_block_is_drawn_everywhere() -> None:
    table = Block("table", (Span("| Model | **Cost** |\n| --- | ---: |\n| small \\| tiny | 1 |"),))
    item = Block("item", children=(paragraph("first"), Block("code", (Span("x < 1\n  y"),), info="python")))
    body = (
        Block("heading", (Span("A heading"),), level=2),
        Block("ordered", children=(item, Block("item", children=(paragraph("second"),))), level=3),
        table,
        Block("rule"),
        Block("math", (Span("E = mc^2"),)),
        Block("image", (Span("A figure", href="https://i.example/f.png"),)),
        paragraph(Span("hidden", ("spoiler",)), " and ", Span("struck", ("strike", "bold"))),
    )
    shown = replace(
        issue(), sections=(Section("S", (replace(ARTICLE, body=body),)),), note=(paragraph("The opening."),)
    )
    for renderer in RENDERERS:
        output = renderer.render(shown, LOOK).body.decode()
        for words in ("A heading", "second", "mc^2", "A figure", "hidden", "struck", "Cost", "The opening."):
            assert words in output, (renderer.__name__, words)
        assert "3." in output or '<ol start="3">' in output
    assert [[cell[0].text for cell in row] for row in table_rows(table)] == [
        ["Model", "Cost"],
        ["small | tiny", "1"],
    ]


def test_initials() -> None:
    names = {
        "Parallel Experiments": "PE",
        "机器之心": "机",
        "arXiv cs.CL": "AC",
        "🌠": "·",
        "Simon": "S",
        "AI 前线": "A",
    }
    assert {name: initials(name) for name in names} == names


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a browser: chromium")
@pytest.mark.parametrize("name", ["email.html", "index.html"])
def test_nothing_is_wider_than_a_phone(name: str, tmp_path: Path) -> None:
    long = "https://long.example/" + "x" * 300
    wide = replace(
        SECOND_HALF,
        body=(
            paragraph(Span(long, href=long), " ", "字" * 100, "w" * 200),
            Block("code", (Span("c" * 300),)),
            Block("table", (Span("| " + " | ".join("cell" * 5 for _ in range(12)) + " |\n|" + "---|" * 12),)),
        ),
    )
    shown = replace(issue(), sections=(Section("S" * 80, (wide, *issue().items)),))
    rendered = (email if name == "email.html" else web).render(shown, LOOK).body.decode()
    frame = '<body style="margin:0"><iframe src="page.html" width="390" height="900" style="border:0"></iframe></body>'
    report = "<script>parent.postMessage(document.documentElement.scrollWidth,'*')</script></body>"
    (tmp_path / "page.html").write_text(rendered.replace("</body>", report), "utf-8")
    listen = "<script>onmessage=e=>{document.body.dataset.width=e.data}</script>"
    (tmp_path / "frame.html").write_text(listen + frame, "utf-8")
    dumped = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--hide-scrollbars", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000",
         "--dump-dom", (tmp_path / "frame.html").as_uri()],
        capture_output=True, text=True, timeout=60, check=False,
    ).stdout  # fmt: skip
    assert 'data-width="390"' in dumped
