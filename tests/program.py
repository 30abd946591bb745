"""The program in a process of its own, as cron starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MONDAY = "2026-11-23T09:00:00Z"

MURDER = """
import os, signal
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
def after(f):
    def g(*a, **k):
        f(*a, **k); die()
    return g
def awaited(f):
    async def g(*a, **k):
        await f(*a, **k); die()
    return g
"""
"""For `before`: die() ends the process as `kill -9` does, after(f) and awaited(f) do once f has done its work."""


def digest(
    folder: Path, *words: str, now: str = MONDAY, before: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """One command in its own process; `before` is code that runs first in it."""
    process = started(folder, *words, now=now, before=before, **environment)
    try:
        stdout, stderr = process.communicate(timeout=180)
    except BaseException:
        process.kill()
        raise
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


def started(
    folder: Path, *words: str, now: str = MONDAY, before: str = "", **environment: str
) -> subprocess.Popen[str]:
    code = f"{before}\nfrom digest.cli import main\nmain()"
    here = {"DIGEST_NOW": now, "PYTHONPATH": str(Path(__file__).parent.parent)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env={**os.environ, **here, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
