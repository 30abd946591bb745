"""The limits that this program promises to keep, measured in one run on real feeds.

    python -m bench.cost [DIR] [--json]

Ends with 1 when a limit is passed. CPU is the sum over all processes of a command, the least of five runs for the
short ones; memory is the most that all its processes had at one moment (proportional set size: shared pages count
once). The bare interpreter and the import of SQLModel stand beside the commands: they tell how busy the machine is.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.parse import SHARED, read_by_feedparser, read_by_us, timed
from bench.poll import Server, adopt_orphans, measured, serving

LIMITS = {"parse_ratio": 0.125, "unchanged_tasks": 0, "help_ms": 150, "idle_run_ms": 700, "peak_pss_mib": 250}

DIGEST = "from digest.cli import main; main()"
COUNTED = f"""
import atexit, pathlib
from digest.work import Workers
run, tasks = Workers.run, []
async def counted(self, task):
    tasks.append(task.subject)
    return await run(self, task)
Workers.run = counted
atexit.register(lambda: pathlib.Path("tasks").write_text(str(len(tasks))))
{DIGEST}"""
"""The program, counting the documents that it gives to its workers."""


def main() -> int:
    parser = argparse.ArgumentParser(description="What the promised limits come to")
    parser.add_argument("dir", nargs="?", type=Path, default=SHARED / "corpora/feeds/files")
    parser.add_argument("--json", action="store_true", help="one object instead of words")
    options = parser.parse_args()
    documents = {path.name: path.read_bytes() for path in sorted(options.dir.iterdir()) if path.is_file()}
    if not documents:
        print(f"no documents in {options.dir}", file=sys.stderr)
        return 2
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="bench-cost-") as place:
        # Commands run from compiled modules, as they do once installed.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{place}/compiled"
        figures = {
            "data": f"{len(documents)} feeds, {sum(map(len, documents.values())) / 1e6:.1f} MB",
            **polled(list(documents.values()), Path(place)),
            **idle(Path(place)),
            **parsed(documents),
        }
    passed = [name for name, limit in LIMITS.items() if figures[name] > limit]
    print(
        json.dumps(figures | {"limits": LIMITS, "passed": passed}, indent=2)
        if options.json
        else words(figures)
    )
    return int(bool(passed))


def polled(bodies: list[bytes], folder: Path) -> dict[str, Any]:
    """Two polls of all feeds over HTTP, each feed with a host of its own: all new, and nothing changed."""
    server = Server(bodies, len(bodies), 0.0)
    figures: dict[str, Any] = {}
    with serving(server):
        proxy = f"http://127.0.0.1:{server.port}"
        outlines = "".join(f'<outline type="rss" xmlUrl="{escape(url)}"/>' for url in server.urls())
        (folder / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
        (folder / "digest.toml").write_text(f'[fetch]\nproxy = "{proxy}"\npages = false\n')
        for name, now in {"cold": "2026-11-20T12:00:00Z", "unchanged": "2026-11-22T12:00:00Z"}.items():
            os.environ["DIGEST_NOW"] = now
            server.requests = server.full = 0
            _, cpu, peak = measured([sys.executable, "-c", COUNTED, "poll", "--force"], folder, proxy)
            figures |= {
                f"{name}_poll": (folder / "output").read_text().splitlines()[0],
                f"{name}_requests": server.requests,
                f"{name}_bodies": server.full,
                f"{name}_tasks": int((folder / "tasks").read_text()),
                f"{name}_cpu_s": round(cpu, 2),
            }
            if name == "cold":
                largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
                figures |= {"peak_pss_mib": round(peak), "largest_process_rss_mib": round(largest)}
    return figures


def idle(folder: Path) -> dict[str, int]:
    """Commands that have nothing to do, in milliseconds of CPU."""

    def least(code: str, *words: str) -> int:
        command = [sys.executable, "-c", code, *words]
        return round(1000 * min(measured(command, folder, "")[1] for _ in range(5)))

    measured([sys.executable, "-c", DIGEST, "run"], folder, "")  # drafts what there is to draft
    return {
        "python_ms": least("pass"),
        "sqlmodel_ms": least("import sqlmodel"),
        "help_ms": least(DIGEST, "--help"),
        "idle_run_ms": least(DIGEST, "run"),
    }


def parsed(documents: dict[str, bytes]) -> dict[str, Any]:
    """CPU of reading and normalising all documents, ours against feedparser's defaults."""
    ours, our_cpu = timed(documents, read_by_us)
    theirs, their_cpu = timed(documents, read_by_feedparser)
    return {
        "parse_cpu_s": round(our_cpu, 2),
        "feedparser_cpu_s": round(their_cpu, 2),
        "parse_ratio": round(our_cpu / their_cpu, 4),
        "entries": sum(len(found.keys) for found in ours.values()),
        "feedparser_entries": sum(len(found.keys) for found in theirs.values()),
    }


def words(figures: dict[str, Any]) -> str:
    def line(name: str) -> str:
        limit = LIMITS.get(name)
        verdict = (
            "" if limit is None else f"  limit {limit:g}" + (": PASSED" if figures[name] > limit else "")
        )
        return f"{name:24} {figures[name]}{verdict}"

    return "\n".join(map(line, figures))


if __name__ == "__main__":
    raise SystemExit(main())
