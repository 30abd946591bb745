"""The store when processes die in the middle and when several write at once, on both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent


def _run(what: str, database: str, folder: Path) -> Any:
    command = [sys.executable, str(TESTS / "store_processes.py"), what, database, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(TESTS.parent)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_poll_killed_before_any_of_its_statements_leaves_nothing_behind(
    new_database: str, tmp_path: Path
) -> None:
    seen = _run("crash", new_database, tmp_path)
    assert seen["kills"] >= 10
    assert seen["before"] == {"entries": ["Post 1"], "etag": "", "articles": ["All of post 1."], "found": 0}
    assert seen["after"] == {
        "entries": ["edited", "Post 2"],
        "etag": '"new"',
        "articles": ["All of post 2.", "edited"],
        "found": 1,
    }


def test_four_writers_at_once_never_fail_and_lose_nothing(new_database: str, tmp_path: Path) -> None:
    seen = _run("together", new_database, tmp_path)
    assert seen["codes"] == [0, 0, 0, 0]
    assert seen["entries"] == {"https://blog.example/feed": 16, "https://other.example/rss": 16}
    assert (seen["runs"], seen["claimed"], seen["articles"]) == (60, 15, 16)
