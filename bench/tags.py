"""How well the rules that ship find a curator's own tags: `python -m bench.tags DATA.jsonl [--json]`.

A row a link: `title`, `commentary` (or `text`), `url`, `created` (or `published`), `tags`. Precision, recall and F1
per topic, on the rows since --since. `--label llm=llms` says that the curator's "llms" is our "llm"; every topic that
the rows have a label for is counted, by its name. Nothing is learnt from the rows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from digest.model import Candidate, Entry, Feed, Story
from digest.topics import Topic, tagged

LABELS = {"ai": ("ai",), "llm": ("llm", "llms")}


def topics_shipped() -> tuple[Topic, ...]:
    tables = tomllib.loads(files("digest").joinpath("defaults/topics.toml").read_text("utf-8"))["topics"]
    return tuple(_topic(name, table) for name, table in tables.items())


def _topic(name: str, table: dict[str, Any]) -> Topic:
    lists = {("not_" if key == "not" else key): tuple(v) for key, v in table.items() if key != "title"}
    return Topic(name, title=table.get("title", ""), **lists)


def rows_since(path: Path, since: str) -> list[dict[str, Any]]:
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [row for row in rows if str(row.get("created") or row.get("published") or "") >= since]


def story(row: dict[str, Any]) -> Story:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    words = str(row.get("commentary") or row.get("text") or "").replace("<", "&lt;")
    entry = Entry(id=str(row["id"]), url=row["url"], title=row["title"], content_hash="", summary=words)
    return Story(row["url"], Candidate(0, Feed("https://links.example/"), "Links", entry, at, at, row["url"]))


def figures(truth: Sequence[bool], found: Sequence[bool]) -> dict[str, float]:
    hits = sum(t and f for t, f in zip(truth, found, strict=True))
    precision, recall = hits / max(1, sum(found)), hits / max(1, sum(truth))
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return {"precision": round(precision, 3), "recall": round(recall, 3), "f1": round(f1, 3)}


def measured(rows: Iterable[dict[str, Any]], labels: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    rows, topics = list(rows), topics_shipped()
    begun = time.process_time()
    found = [{match.tag for match in tagged(story(row), topics)} for row in rows]
    rate = len(rows) / max(1e-9, time.process_time() - begun)
    result: dict[str, Any] = {"rows": len(rows), "rows_per_cpu_second": round(rate)}
    for topic, names in labels.items():
        truth = [bool(set(names) & set(row["tags"])) for row in rows]
        result[topic] = {"labelled": sum(truth), **figures(truth, [topic in tags for tags in found])}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--since", default="2021-06", help="rows created from then on (default: %(default)s)")
    parser.add_argument(
        "--label", action="append", default=[], help="TOPIC=TAG[,TAG]: the curator's words for it"
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    given = {name: tuple(tags.split(",")) for name, tags in (label.split("=", 1) for label in asked.label)}
    result = measured(rows_since(asked.data, asked.since), {**LABELS, **given})
    if asked.json:
        print(json.dumps(result))
        return
    digest = hashlib.sha256(asked.data.read_bytes()).hexdigest()[:12]
    print(f"{asked.data.name} (sha256 {digest}…), {result['rows']} rows since {asked.since}")
    for topic in (*LABELS, *(name for name in given if name not in LABELS)):
        f = result[topic]
        print(
            f"#{topic:<8} {f['labelled']:>5} labelled   P {f['precision']:.3f}  R {f['recall']:.3f}  F1 {f['f1']:.3f}"
        )
    print(f"{result['rows_per_cpu_second']} rows a CPU second")


if __name__ == "__main__":
    main()
