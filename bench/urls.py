"""How well addresses are told apart: `python -m bench.urls PAIRS.jsonl [--json] [--misses]`.

PAIRS: `{"a": address, "b": address, "same": whether they lead to the same thing}`, a row a pair; or
`{"url_a": address, "url_b": address}`, two submissions of one thing, where `same` is true unless the row says
otherwise. Prints how many of the same ones get one identity, how many of the others wrongly do, and precision,
recall and F1.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.rows import BadRow, json_rows
from digest.urls import canonical_url

Pair = dict[str, Any]


def pairs_of(path: Path) -> list[Pair]:
    """The pairs of a file, each as `{a, b, same}`."""
    return [_pair(f"{path}, row {number}", row) for number, row in json_rows(path)]


def _pair(where: str, row: dict[str, Any]) -> Pair:
    keys = ("url_a", "url_b") if "url_a" in row else ("a", "b")
    for key in keys:
        if not isinstance(row.get(key), str):
            raise BadRow(f"{where}: {key} must be an address, not {row.get(key)!r:.60}")
    same = row.get("same", True if "url_a" in row else None)
    if same not in (True, False):
        raise BadRow(f"{where}: same must be true or false, not {same!r:.60}")
    return {"a": row[keys[0]], "b": row[keys[1]], "same": bool(same)}


def is_joined(pair: Pair) -> bool:
    return canonical_url(pair["a"]) == canonical_url(pair["b"])


def measured(pairs: list[Pair]) -> dict[str, Any]:
    positives = [pair for pair in pairs if pair["same"]]
    negatives = [pair for pair in pairs if not pair["same"]]
    right, wrong = sum(map(is_joined, positives)), sum(map(is_joined, negatives))
    precision = right / (right + wrong) if right + wrong else 1.0
    recall = right / len(positives) if positives else 1.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "joined": right,
        "positives": len(positives),
        "wrongly_joined": wrong,
        "negatives": len(negatives),
        "joined_share": recall,
        "wrongly_joined_share": wrong / len(negatives) if negatives else 0.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--misses", action="store_true", help="also list the pairs that came out wrong")
    options = parser.parse_args()
    try:
        pairs = pairs_of(options.pairs)
    except (OSError, BadRow) as error:
        parser.exit(2, f"{error}\n")
    report = measured(pairs)
    if options.json:
        print(json.dumps(report))
        return
    print(f"{options.pairs}: {report['positives']} same, {report['negatives']} different")
    print(f"joined          {report['joined']:>5}  {report['joined_share']:.3f}")
    print(f"wrongly joined  {report['wrongly_joined']:>5}  {report['wrongly_joined_share']:.3f}")
    print(f"P {report['precision']:.3f}  R {report['recall']:.3f}  F1 {report['f1']:.3f}")
    if options.misses:
        for pair in pairs:
            if is_joined(pair) != pair["same"]:
                print("apart" if pair["same"] else "joined", pair["a"], pair["b"])


if __name__ == "__main__":
    main()
