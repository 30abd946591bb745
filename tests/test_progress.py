"""What long work shows: a bar on a terminal, one summary line without one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from program import MONDAY, digest
from small_web import Web, small_web

pytestmark = pytest.mark.server

SETTINGS = '[fetch]\npages = false\npause = "0s"\nallow_private = ["127.0.0.1"]\n'


def subscribed(folder: Path, web: Web) -> None:
    (folder / "digest.toml").write_text(SETTINGS, "utf-8")
    outlines = "".join(f'<outline xmlUrl="{web.url(path)}"/>' for path in ("/rss.xml", "/none.xml"))
    (folder / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>', "utf-8")


def on_a_terminal(folder: Path, *words: str) -> tuple[str, str]:
    """What a command writes to stdout, and what a terminal on stderr gets to see, escapes taken out."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "DIGEST_NOW": MONDAY,
        "PYTHONPATH": str(Path(__file__).parent.parent),
        "TERM": "xterm",
        "COLUMNS": "120",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    seen = bytearray()

    def watch() -> None:
        try:
            while piece := os.read(ours, 4096):
                seen.extend(piece)
        except OSError:  # how a terminal says that nobody writes any more
            pass

    watcher = threading.Thread(target=watch)
    watcher.start()
    stdout, _ = process.communicate(timeout=120)
    watcher.join()
    os.close(ours)
    return stdout, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())


def test_a_poll_shows_feeds_done_entries_new_and_errors_on_a_terminal(tmp_path: Path) -> None:
    with small_web() as web:
        subscribed(tmp_path, web)
        stdout, seen = on_a_terminal(tmp_path, "poll")
    assert re.search(r"polling .* 0/2 ", seen)
    assert re.search(r"polling .* 2/2 3 new, 1 errors", seen)
    assert stdout.startswith("polled 2 feeds: 3 new, 0 updated, 1 feeds failed\n")


def test_without_a_terminal_a_run_is_one_line_a_step_and_nothing_on_stderr(tmp_path: Path) -> None:
    with small_web() as web:
        subscribed(tmp_path, web)
        done = digest(tmp_path, "run")
    polled = [line for line in done.stdout.splitlines() if line.startswith("polled")]
    assert polled == ["polled 2 feeds: 3 new, 0 updated, 1 feeds failed"]
    assert done.stderr == ""
