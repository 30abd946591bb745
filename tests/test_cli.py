"""The command line as users and scripts meet it: what help costs, what bad input says, how commands end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

HEAVY = (
    "aiohttp",
    "alembic",
    "css_inline",
    "feedparser",
    "jinja2",
    "lxml",
    "markdown_it",
    "nh3",
    "pebble",
    "pydantic",
    "rich",
    "sqlalchemy",
    "sqlmodel",
    "trafilatura",
)


def run(*words: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as a shell starts it."""
    return subprocess.run(
        [sys.executable, "-m", "digest", *words],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A fresh digest, as `init` makes it, without subscriptions."""
    assert run("init", str(tmp_path)).returncode == 0
    (tmp_path / "feeds.opml").write_text("<opml version='2.0'><head/><body/></opml>", "utf-8")
    return tmp_path


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['digest', '--help']\n"
        "from digest.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "digest init" in done.stdout


def commands() -> Iterator[tuple[str, str]]:
    from digest.cli import app

    def walk(command: object, path: str) -> Iterator[tuple[str, str]]:
        children = getattr(command, "commands", {})
        for name, child in children.items():
            yield from walk(child, f"{path} {name}".strip())
        if path and (not children or getattr(command, "invoke_without_command", False)):
            yield path, str(getattr(command, "help", "") or "")

    yield from walk(get_command(app), "")


def test_every_promised_command_is_there() -> None:
    names = {name for name, _ in commands()}
    feeds = {f"feeds {verb}" for verb in ("list", "add", "remove", "import", "export", "check")}
    single = [
        "init",
        "demo",
        "poll",
        "draft",
        "build",
        "send",
        "run",
        "entries",
        "search",
        "status",
        "why",
        "stories",
    ]
    assert {*single, *feeds, "entries show"} <= names


@pytest.mark.parametrize(("name", "text"), list(commands()))
def test_every_command_has_help_with_an_example(name: str, text: str) -> None:
    assert "Example:" in text, name
    assert name.split()[0] in text.split("Example:")[1]


def test_every_command_is_in_the_readme_or_the_docs() -> None:
    root = Path(__file__).parent.parent
    pages = "".join(p.read_text("utf-8") for p in (root / "README.md", *sorted((root / "docs").glob("*.md"))))
    assert [name for name, _ in commands() if f"digest {name}" not in pages] == []


def test_init_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "feeds.opml").write_text("mine", "utf-8")
    done = run("init", str(tmp_path))
    assert done.returncode == 0
    assert (tmp_path / "feeds.opml").read_text("utf-8") == "mine"
    assert "kept" in done.stdout
    assert "[digest]" in (tmp_path / "digest.toml").read_text("utf-8")


def test_what_init_writes_is_valid_and_names_every_key(made: Path) -> None:
    from digest.config import load

    text = (made / "digest.toml").read_text("utf-8")
    config = load(made / "digest.toml", {})
    assert config.topics
    for table in ("digest", "fetch", "select", "stories", "mail", "telegram"):
        fields = type(getattr(config, table)).model_fields
        for name, field in fields.items():
            assert (field.alias or name) + " = " in text, (
                f"{table}.{name} is not in the file that init writes"
            )


def test_a_folder_without_a_digest_says_what_to_do(tmp_path: Path) -> None:
    done = run("status", folder=tmp_path)
    assert done.returncode == 2
    assert "digest init" in done.stderr


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[fetch]\nper_host = "two"', "fetch.per_host"),
        ("[fetch]\nper_hots = 2", "did you mean 'per_host'"),
        ('[digest]\ntimezone = "Mars/Olympus"', "digest.timezone"),
        ('[digest]\nweek_ends = "someday"', "Sunday 20:00"),
        ('[mail]\nsubscribers = ["not an address"]', "mail.subscribers.0"),
        ('[mail]\nsmtp = "smtp://me:secret@host"', "DIGEST_SMTP_PASSWORD"),
        ('[topics.x]\nregex = ["("]', "topics.x.regex"),
        ("[select]\nweights = { fame = 2.0 }", "mentions"),
        ("[fetch", "not valid TOML"),
    ],
)
def test_broken_settings_name_file_key_and_remedy(made: Path, toml: str, words: str) -> None:
    (made / "digest.toml").write_text(toml, "utf-8")
    done = run("draft", folder=made)
    assert done.returncode == 2
    assert "digest.toml" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize("week", ["2026-47", "2026-W54", "yesterday"])
def test_a_week_that_is_none_is_refused(made: Path, week: str) -> None:
    done = run("draft", week, folder=made)
    assert done.returncode == 2
    assert "week" in done.stderr


def test_listing_commands_print_one_json_document(made: Path) -> None:
    for words in (
        ["feeds", "list"],
        ["entries"],
        ["search", "大模型"],
        ["status"],
        ["why", "https://example.org/"],
    ):
        done = run(*words, "--json", folder=made)
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)


def test_feeds_are_added_imported_exported_and_removed(made: Path) -> None:
    assert run("feeds", "add", "@LinghaoCh", "--unseen", "--tag", "#ai", folder=made).returncode == 0
    assert run("feeds", "add", "cs.CL", "--unseen", folder=made).returncode == 0
    other = made / "other.opml"
    other.write_text(
        '<opml><body><outline text="R&D"><outline text="Q & A" xmlUrl="https://example.org/feed?a=1&b=2"/></outline>'
        '<outline xmlUrl="https://t.me/linghaoch" text="again"/><outline xmlUrl="http://example.org/feed?a=1&b=2"/>'
        '<outline xmlUrl="https://www.example.org/feed?a=1&b=2" text="may be another"/></body></opml>',
        "utf-8",
    )
    done = run("feeds", "import", "other.opml", folder=made)
    assert done.returncode == 0, done.stderr
    assert "2 added" in done.stdout
    assert run("feeds", "remove", "www.example.org", folder=made).returncode == 0
    rows = json.loads(run("feeds", "list", "--json", folder=made).stdout)
    assert [row["url"] for row in rows] == [
        "https://t.me/s/LinghaoCh",
        "https://rss.arxiv.org/atom/cs.CL",
        "https://example.org/feed?a=1&b=2",
    ]
    assert rows[0]["tags"] == ["ai"]
    assert 'xmlUrl="https://example.org/feed?a=1&amp;b=2"' in run("feeds", "export", folder=made).stdout
    assert run("feeds", "remove", "example.org", folder=made).returncode == 0
    assert len(json.loads(run("feeds", "list", "--json", folder=made).stdout)) == 2


def test_an_opml_that_is_none_is_named_and_the_others_are_read(made: Path) -> None:
    (made / "bad.opml").write_text("<html><title>Not found</title></html>", "utf-8")
    (made / "good.opml").write_text(
        '<opml><body><outline xmlUrl="https://example.org/f"/></body></opml>', "utf-8"
    )
    done = run("feeds", "import", "bad.opml", "good.opml", folder=made)
    assert done.returncode == 1
    assert "bad.opml" in done.stderr
    assert "1 added" in done.stdout


def test_an_unknown_feed_is_refused(made: Path) -> None:
    done = run("feeds", "remove", "nowhere.example", folder=made)
    assert done.returncode == 2
    assert "feeds list" in done.stderr


def test_a_second_run_leaves_at_once(made: Path) -> None:
    from digest.store import open_store

    with open_store("sqlite:///digest.db", made) as store, store.lock("run") as ours:
        assert ours
        done = run("run", folder=made)
    assert done.returncode == 0
    assert "another run" in done.stderr


def test_a_database_from_a_newer_version_is_left_alone(made: Path) -> None:
    import sqlite3

    assert run("status", folder=made).returncode == 0
    with sqlite3.connect(made / "digest.db") as database:
        database.execute("UPDATE digest_version SET version_num = '9999'")
    database.close()
    done = run("run", folder=made)
    assert done.returncode == 1
    assert "newer" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_clock_of_pauses_runs_on_in_a_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    from digest.cli.net import Clock

    monkeypatch.setenv("DIGEST_NOW", "2026-02-16T09:00:00Z")
    clock = Clock()
    began = clock.now()
    assert began.isoformat().startswith("2026-02-16T09:00:0")
    asyncio.run(clock.sleep(0.01))
    assert clock.now() > began
