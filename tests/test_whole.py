"""The whole program, from feeds.opml to a delivered mail, against a web on loopback: twice, and killed at each step."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import MURDER, digest
from small_web import RSS, STORY, Web, small_web

pytestmark = pytest.mark.server

WEEK = "2026-W47"

SETTINGS = """
[digest]
title = "Parallel Experiments"
handle = "LinghaoCh"
approve = "{approve}"
[fetch]
pause = "0s"
allow_private = ["127.0.0.1"]
[topics.llm]
any = ["大模型"]
[mail]
from = "Digest <digest@example.org>"
folder = "outbox"
subscribers = ["Lin <lin@reader.example>", "amy@reader.example"]
"""


@pytest.fixture
def web() -> Iterator[Web]:
    with small_web() as web:
        yield web


@pytest.fixture
def folder(tmp_path: Path, web: Web) -> Path:
    (tmp_path / "digest.toml").write_text(SETTINGS.format(approve="auto"), "utf-8")
    outlines = "".join(
        f'<outline type="rss" xmlUrl="{web.url(path)}"/>' for path in ("/rss.xml", "/atom.xml")
    )
    (tmp_path / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>', "utf-8")
    return tmp_path


def mails(folder: Path) -> list[email.message.EmailMessage]:
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)  # type: ignore[misc]
        for path in sorted((folder / "outbox").glob("new/*"))
    ]


def entries(folder: Path) -> list[dict[str, object]]:
    rows = json.loads(digest(folder, "entries", "--all", "--json").stdout)
    return sorted(({k: row[k] for k in ("url", "title", "text_origin")} for row in rows), key=str)


def test_from_opml_to_delivered_mail_and_the_second_run_changes_nothing(folder: Path, web: Web) -> None:
    first = digest(folder, "run")
    assert first.returncode == 0, first.stdout + first.stderr
    got = mails(folder)
    assert sorted(str(mail["To"]) for mail in got) == ["Lin <lin@reader.example>", "amy@reader.example"]
    text = got[0].get_body(("plain",))
    html = got[0].get_body(("html",))
    assert text is not None and html is not None
    for title in ("Politeness is a protocol", "大模型推理的成本", "Retries are a load test"):
        assert title in text.get_content()
        assert title in html.get_content()
    assert "From last month" not in text.get_content()
    made = {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "digest.db" not in path.name
    }
    asked = len(web.asked)

    second = digest(folder, "run", now="2026-11-23T09:05:00Z")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "nothing due" in second.stdout
    assert len(web.asked) == asked
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and "digest.db" not in p.name} == made


def test_a_later_poll_of_unchanged_feeds_stores_nothing(folder: Path, web: Web) -> None:
    digest(folder, "poll")
    before = entries(folder)
    web.asked.clear()
    done = digest(folder, "poll", now="2026-11-25T09:00:00Z")
    assert "0 new, 0 updated" in done.stdout
    assert sorted(web.asked) == [("/atom.xml", 304), ("/rss.xml", 304)]
    assert entries(folder) == before


def test_an_edited_entry_is_updated_and_not_new(folder: Path, web: Web) -> None:
    digest(folder, "poll")
    web.documents["/rss.xml"] = (
        "application/rss+xml",
        RSS.replace("Politeness is a protocol", "Politeness, edited"),
    )
    done = digest(folder, "poll", "--force", now="2026-11-25T09:00:00Z")
    assert "0 new, 1 updated" in done.stdout
    assert "Politeness, edited" in {row["title"] for row in entries(folder)}
    assert len(entries(folder)) == 4


def test_the_page_is_read_where_the_feed_gives_a_teaser(folder: Path) -> None:
    digest(folder, "poll")
    row = next(
        row for row in json.loads(digest(folder, "entries", "--json").stdout) if "Retries" in row["title"]
    )
    assert row["text_origin"] == "page"
    shown = digest(folder, "entries", "show", str(row["id"])).stdout
    assert STORY.strip()[:60] in shown
    assert "newsletter" not in shown
    facts = dict(line.split(":", 1) for line in shown.partition("\n\n")[0].splitlines())
    assert facts["text from"].strip() == f"the page {row['url']}"
    assert facts["language"].strip() == "en" and facts["reading"].strip().endswith("min")
    assert facts["summary"].strip()


def test_nothing_goes_out_before_the_draft_is_approved(folder: Path) -> None:
    (folder / "digest.toml").write_text(SETTINGS.format(approve="manual"), "utf-8")
    first = digest(folder, "run")
    assert first.returncode == 0
    assert "approved = true" in first.stdout
    assert not (folder / "public").exists()
    assert mails(folder) == []
    path = folder / "issues" / f"{WEEK}.md"
    text = path.read_text("utf-8")
    assert "approved = false" in text
    path.write_text(
        text.replace("approved = false", "approved = true").replace("Politeness is", "Courtesy is"), "utf-8"
    )
    second = digest(folder, "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert len(mails(folder)) == 2
    assert "Courtesy is a protocol" in (folder / "public" / WEEK / "issue.md").read_text("utf-8")
    assert "already" not in digest(folder, "run").stdout
    assert len(mails(folder)) == 2


def test_send_twice_sends_once_and_a_test_mail_counts_for_nothing(folder: Path) -> None:
    (folder / "digest.toml").write_text(SETTINGS.format(approve="manual"), "utf-8")
    for words in (["poll"], ["draft"], ["build"], ["send", "--to", "me@example.org"]):
        done = digest(folder, *words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert len(mails(folder)) == 1
    assert "2 of 2" in digest(folder, "send", "--dry-run").stdout
    digest(folder, "send")
    assert len(mails(folder)) == 3
    again = digest(folder, "send")
    assert again.returncode == 0
    assert "2 had it" in again.stdout
    assert len(mails(folder)) == 3


def test_a_draft_edited_after_the_build_is_not_sent_as_it_was(folder: Path) -> None:
    (folder / "digest.toml").write_text(SETTINGS.format(approve="manual"), "utf-8")
    for words in (["poll"], ["draft"], ["build"]):
        digest(folder, *words)
    path = folder / "issues" / f"{WEEK}.md"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    done = digest(folder, "send")
    assert done.returncode == 2
    assert "digest build" in done.stderr
    assert mails(folder) == []


def test_a_second_draft_keeps_what_the_curator_wrote(folder: Path) -> None:
    digest(folder, "poll")
    digest(folder, "draft")
    path = folder / "issues" / f"{WEEK}.md"
    edited = path.read_text("utf-8").replace("Politeness is", "Courtesy is")
    path.write_text(edited, "utf-8")
    assert "drafted already" in digest(folder, "draft").stdout
    assert path.read_text("utf-8") == edited
    assert digest(folder, "draft", "--again").returncode == 0
    assert path.with_name(f"{WEEK}.md.bak").read_text("utf-8") == edited
    assert "Politeness is" in path.read_text("utf-8")


def test_why_tells_the_story_its_score_and_its_issue(folder: Path) -> None:
    digest(folder, "run")
    told = digest(folder, "why", "https://www.notes.example/inference-cost/?utm_source=x").stdout
    assert f"{WEEK}: selected" in told
    assert "#llm" in told
    assert "score" in told
    assert "never seen" in digest(folder, "why", "https://elsewhere.example/").stdout


def test_search_finds_two_character_words(folder: Path) -> None:
    digest(folder, "poll")
    hits = json.loads(digest(folder, "search", "显存", "--json").stdout)
    assert [hit["title"] for hit in hits] == ["大模型推理的成本"]


def test_one_bad_feed_never_stops_the_run(folder: Path, web: Web) -> None:
    web.documents["/atom.xml"] = ("text/html", "<html><title>Domain for sale</title></html>")
    done = digest(folder, "run")
    assert done.returncode == 1
    assert "Domain for sale" in done.stdout
    assert len(mails(folder)) == 2
    status = digest(folder, "status").stdout
    assert "failing since" in status
    assert "/atom.xml" in status


KILLS = {
    "before the entries are kept": "import digest.store as m; m.Store.save_poll = die",
    "after the entries are kept": "import digest.store as m; m.Store.save_poll = after(m.Store.save_poll)",
    "before the draft is frozen": "import digest.store as m; m.Store.save_issue = die",
    "after the draft is frozen": "import digest.store as m; m.Store.save_issue = after(m.Store.save_issue)",
    "after the draft is written": "import digest.publish as m; m.draft = after(m.draft)",
    "while the issue is rendered": "import digest.render.telegram as m; m.render = die",
    "after the issue is built": "import digest.publish as m; m.build = after(m.build)",
    "before a copy is claimed": "import digest.store as m; m.Store.claim = die",
    "after a copy is recorded": "import digest.store as m; m.Store.record = after(m.Store.record)",
}


@pytest.mark.parametrize("place", KILLS)
def test_killed_anywhere_and_run_again_nothing_is_lost_or_sent_twice(folder: Path, place: str) -> None:
    killed = digest(folder, "run", before=MURDER + KILLS[place])
    assert killed.returncode == -9, killed.stdout + killed.stderr
    done = digest(folder, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [row["title"] for row in entries(folder)].count("Politeness is a protocol") == 1
    assert len(entries(folder)) == 4
    got = mails(folder)
    assert sorted(str(mail["To"]) for mail in got) == ["Lin <lin@reader.example>", "amy@reader.example"]
    assert len({mail["Message-ID"] for mail in got}) == 2


def test_killed_between_handing_over_and_recording_the_copy_is_uncertain_and_not_sent_again(
    folder: Path,
) -> None:
    """Nobody can know whether that mail arrived; it is parked, shown, and left to the curator."""
    murder = (
        "import os, signal, digest.deliver.maildir as m\n"
        "whole = m.MaildirDeliverer.deliver\n"
        "def deliver(*a): whole(*a); os.kill(os.getpid(), signal.SIGKILL)\n"
        "m.MaildirDeliverer.deliver = deliver\n"
    )
    assert digest(folder, "run", before=murder).returncode == -9
    assert len(mails(folder)) == 1
    done = digest(folder, "run")
    assert done.returncode == 1
    assert "uncertain" in done.stdout
    assert len(mails(folder)) == 2
    assert "uncertain since" in digest(folder, "status").stdout
    assert digest(folder, "run").returncode == 0
    assert len(mails(folder)) == 2


def test_a_mail_server_that_is_down_loses_nothing(folder: Path) -> None:
    settings = SETTINGS.format(approve="auto")
    down = settings.replace('folder = "outbox"', 'smtp = "smtp://127.0.0.1:9?starttls=no"')
    (folder / "digest.toml").write_text(down, "utf-8")
    done = digest(folder, "run")
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stdout
    assert "Traceback" not in done.stderr
    (folder / "digest.toml").write_text(settings, "utf-8")
    again = digest(folder, "run")
    assert again.returncode == 0, again.stdout + again.stderr
    assert len(mails(folder)) == 2


def test_the_same_on_every_database(folder: Path, new_database: str) -> None:
    first = digest(folder, "run", DIGEST_DATABASE=new_database)
    assert first.returncode == 0, first.stdout + first.stderr
    assert len(mails(folder)) == 2
    found = digest(folder, "search", "显存", "--json", DIGEST_DATABASE=new_database)
    assert [hit["title"] for hit in json.loads(found.stdout)] == ["大模型推理的成本"]
    second = digest(folder, "run", DIGEST_DATABASE=new_database, now="2026-11-23T09:05:00Z")
    assert second.returncode == 0, second.stdout + second.stderr
    assert len(mails(folder)) == 2
    told = digest(folder, "status", DIGEST_DATABASE=new_database).stdout
    assert f"issue {WEEK}: sent" in told
