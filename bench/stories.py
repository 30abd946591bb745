"""How well entries are folded into stories: `python -m bench.stories DATA.jsonl [--json] [--threshold T] [--pairs
PAIRS.jsonl]`; what it costs: `--scale`.

DATA: a row an entry, `{id, title, url, text, published, story}`; `story` is the label, null where unknown, and such
rows are folded along but never counted. Pairwise precision, recall and F1 and B-cubed, for all rows and by language
(`lang` if a row has it); besides, the best threshold of the same-story rule on one half of the rows (by hash of the
id) with the figures of the other half. Nothing is tuned by running it.

PAIRS: `{a, b, same}`, two ids and whether people call them one story, where nobody has judged the others: besides,
precision, recall and F1 over these pairs alone, at the default and at the threshold that is best on one half of them
(by hash of the ids) on the other half.

`published` (ISO 8601, RFC 2822 or seconds since 1970), else a date in the address, or in the id where there is no
address, says when; rows without count as of one time. The address's host says who. Where no row has a title, the
texts are taken to begin with theirs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.rows import BadRow, json_rows
from digest.dedup import fingerprint, stories
from digest.extract.walls import wall
from digest.languages import language
from digest.model import Article, Candidate, Entry, Feed
from digest.urls import canonical_url, host_of

_THRESHOLDS = (
    *(0.03, 0.05, 0.07, 0.09, 0.11, 0.13, 0.15, 0.17, 0.19, 0.22),
    *(0.25, 0.28, 0.32, 0.36, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8),
)
_NO_DATE = datetime(2020, 1, 1, tzinfo=UTC)
_MILLISECONDS = 1e11
"""A larger number counts milliseconds: in seconds it would be the year 5138."""
_FEW_ROWS = 20
_TITLE_CHARS = 140
_TITLE_WORDS, _TITLE_SIGNS = 10, 16
_WORD = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Pairs: of two rows said to be one story, how many are; of two that are, how many were said to be."""

    precision: float
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    rows: int
    pairs: int


def rows_of(path: Path) -> list[Row]:
    """The rows of a file of JSON lines, each with an `id` (its number where it has none)."""
    return [{"id": f"row {number}", **_sound(path, number, row)} for number, row in json_rows(path)]


def _sound(path: Path, number: int, row: Row) -> Row:
    for key in ("title", "text", "url"):
        if not isinstance(row.get(key), str | None):
            raise BadRow(f"{path}, row {number}: {key} must be a string or null, not {row[key]!r:.60}")
    if not (row.get("title") or row.get("text")):
        raise BadRow(f"{path}, row {number}: neither title nor text")
    return row


def candidates_of(rows: Sequence[Row]) -> list[Candidate]:
    """The rows as a draft would see them: the host of each is its feed, its text the article's if it is no wall.

    A host that most rows share is where they were collected, not who wrote them: there each row is its own feed, and
    so is a row without an address. Where no row has a title, the titles are taken to stand at the texts' beginnings.
    """
    if not any(row.get("title") for row in rows):
        rows = [{**row, "title": _beginning(row["text"])} for row in rows]
    hosts = Counter(host_of(row.get("url") or "") for row in rows)
    common = {host for host, count in hosts.items() if host and count > max(_FEW_ROWS, len(rows) / 2)}
    return [_candidate(index, row, common) for index, row in enumerate(rows)]


def _beginning(text: str) -> str:
    """The first line if it is as short as a title, else as many words as titles have."""
    first, _, rest = text.strip().partition("\n")
    if rest and len(first) <= _TITLE_CHARS:
        return first
    words = list(_WORD.finditer(first))
    count = _TITLE_SIGNS if words and words[0][0] >= "\u3400" else _TITLE_WORDS
    return first[: words[count - 1].end()] if len(words) >= count else first


def _candidate(index: int, row: Row, common: Set[str]) -> Candidate:
    url, title, text = (row.get(key) or "" for key in ("url", "title", "text"))
    text = "" if wall(title, text) else text
    key = canonical_url(url) or f"row:{row['id']}"
    host = host_of(url)
    source = host if host and host not in common else f"row:{row['id']}"
    at = _moment_of(row)
    return Candidate(
        entry_id=index,
        feed=Feed(url=source),
        feed_title="",
        entry=Entry(id=str(row["id"]), url=url, title=title, content_hash=""),
        at=at,
        first_seen=at,
        key=key,
        article=Article(key=key, url=url, title=title, text=text, origin="page"),
    )


def _moment_of(row: Row) -> datetime:
    """When a row was published, else the date its address is made with, or its id where it has no address.

    Rows without any count as of one time, like entries of one week.
    """
    url = row.get("url") or ""
    return moment(row.get("published")) or _date_in(url or str(row["id"])) or _NO_DATE


_DATE = re.compile(
    r"/((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])(?:[/-](0?[1-9]|[12]\d|3[01]))?(?=[/-])"
    r"|(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)"
)


def _date_in(name: str) -> datetime | None:
    """Of /2020/05/17/, /2020-05- or 20200517."""
    if (match := _DATE.search(name)) is None:
        return None
    year, month, day = match.group(1, 2, 3) if match[1] else match.group(4, 5, 6)
    try:
        return datetime(int(year), int(month), int(day or 1), tzinfo=UTC)
    except ValueError:  # 31 June
        return None


def moment(published: object) -> datetime | None:
    """A date as ISO 8601, RFC 2822, or seconds or milliseconds since 1970; None for anything else."""
    if isinstance(published, str) and published.strip().isdigit() and len(published.strip()) > 8:
        published = int(published)
    try:
        if isinstance(published, int | float):
            return datetime.fromtimestamp(published / (1000 if published > _MILLISECONDS else 1), UTC)
        at = _parsed(str(published))
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _parsed(published: str) -> datetime:
    try:
        return datetime.fromisoformat(published)
    except ValueError:
        return parsedate_to_datetime(published)


def fingerprinted(candidate: Candidate) -> Candidate:
    """As a poll stores it: with its article's fingerprint."""
    assert candidate.article is not None
    kept = fingerprint(candidate.article.text).packed()
    return replace(candidate, article=replace(candidate.article, fingerprint=kept))


def folded_rows(candidates: Sequence[Candidate], threshold: float | None = None) -> dict[int, int]:
    """Row number -> number of the story it was folded into."""
    found = stories(candidates, threshold=threshold)
    return {member.entry_id: number for number, story in enumerate(found) for member in story.members}


def figures(rows: Sequence[Row], folded: dict[int, int], counts: Callable[[Row], bool]) -> Figures:
    counted = [i for i, row in enumerate(rows) if row.get("story") is not None and counts(row)]
    truth = {i: rows[i]["story"] for i in counted}
    said_sizes = Counter(folded[i] for i in counted)
    true_sizes = Counter(truth[i] for i in counted)
    common = Counter((folded[i], truth[i]) for i in counted)
    right, said, true = (
        sum(n * (n - 1) // 2 for n in sizes.values()) for sizes in (common, said_sizes, true_sizes)
    )
    precision, recall = _ratio(right, said), _ratio(right, true)
    b_precision = _mean(common[folded[i], truth[i]] / said_sizes[folded[i]] for i in counted)
    b_recall = _mean(common[folded[i], truth[i]] / true_sizes[truth[i]] for i in counted)
    return Figures(
        *(precision, recall, _f1(precision, recall)),
        *(b_precision, b_recall, _f1(b_precision, b_recall)),
        len(counted),
        true,
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _mean(values: Any) -> float:
    values = list(values)
    return sum(values) / len(values) if values else 1.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


Judged = tuple[int, int, bool]
"""Two row numbers, and whether they are one story."""


def judged_of(path: Path, rows: Sequence[Row]) -> list[Judged]:
    """The pairs of a file. Raises BadRow for an id that no row has."""
    numbers = {str(row["id"]): number for number, row in enumerate(rows)}
    judged = []
    for line, pair in json_rows(path):
        for key in ("a", "b"):
            if str(pair.get(key)) not in numbers:
                raise BadRow(f"{path}, row {line}: {key} is the id of no row: {pair.get(key)!r:.60}")
        if pair.get("same") not in (True, False):
            raise BadRow(f"{path}, row {line}: same must be true or false, not {pair.get('same')!r:.60}")
        judged.append((numbers[str(pair["a"])], numbers[str(pair["b"])], bool(pair["same"])))
    return judged


def over_pairs(judged: Sequence[Judged], folded: dict[int, int]) -> dict[str, float]:
    joined = [is_one for a, b, is_one in judged if folded[a] == folded[b]]
    precision = _ratio(sum(joined), len(joined))
    recall = _ratio(sum(joined), sum(is_one for _, _, is_one in judged))
    return {"precision": precision, "recall": recall, "f1": _f1(precision, recall), "pairs": len(judged)}


def _over_judged(
    judged: Sequence[Judged], rows: Sequence[Row], folded: dict[int, int], sweep: dict[float, dict[int, int]]
) -> dict[str, Any]:
    halves: tuple[list[Judged], list[Judged]] = ([], [])
    for pair in judged:
        halves[is_first_half({"id": f"{rows[pair[0]]['id']} {rows[pair[1]]['id']}"})].append(pair)
    chosen = _best({value: over_pairs(halves[1], found)["f1"] for value, found in sweep.items()})
    best = {"threshold": chosen, **over_pairs(halves[0], sweep[chosen])}
    return {**over_pairs(judged, folded), "best": best}


def language_of(row: Row) -> str:
    lang = row.get("lang") or language(f"{row.get('title') or ''}\n{(row.get('text') or '')[:1000]}")
    return str(lang).split("-")[0] or "other"


def is_first_half(row: Row) -> bool:
    return hashlib.sha256(str(row["id"]).encode()).digest()[0] % 2 == 0


def _best(scores: dict[float, float]) -> float:
    """The threshold with the highest score; of several that a small file cannot tell apart the one in the middle."""
    most = max(scores.values())
    tied = [value for value, score in scores.items() if score > most - 1e-9]
    return tied[len(tied) // 2]


def measured(
    rows: Sequence[Row], threshold: float | None = None, judged: Sequence[Judged] = ()
) -> dict[str, Any]:
    """The report as one object: the default's figures, `best`, `by_language`, `judged` if there are any, seconds taken."""
    candidates = candidates_of(rows)
    started = time.process_time()
    candidates = [fingerprinted(candidate) for candidate in candidates]
    printed = time.process_time()
    folded = folded_rows(candidates, threshold)
    done = time.process_time()

    by_language: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        by_language[language_of(row)].add(id(row))
    sweep = _swept(candidates)
    first = {value: figures(rows, found, is_first_half) for value, found in sweep.items()}
    chosen = _best({value: found.f1 + found.bcubed_f1 for value, found in first.items()})
    other_half = figures(rows, sweep[chosen], lambda row: not is_first_half(row))
    return {
        **asdict(figures(rows, folded, lambda row: True)),
        "best": {"threshold": chosen, **asdict(other_half)},
        "by_language": {
            name: asdict(figures(rows, folded, lambda row, ids=ids: id(row) in ids))  # type: ignore[misc]
            for name, ids in sorted(by_language.items())
        },
        **({"judged": _over_judged(judged, rows, folded, sweep)} if judged else {}),
        "entries": len(rows),
        "unlabelled": sum(row.get("story") is None for row in rows),
        "fingerprint_seconds": round(printed - started, 3),
        "stories_seconds": round(done - printed, 3),
    }


def _swept(candidates: Sequence[Candidate]) -> dict[float, dict[int, int]]:
    """`folded_rows` at each threshold, on all cores: low ones compare a hundred times as many pairs as the default."""
    with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
        return dict(zip(_THRESHOLDS, pool.map(partial(folded_rows, candidates), _THRESHOLDS), strict=True))


def _line(name: str, values: dict[str, Any]) -> str:
    return (
        f"{name:<22} P {values['precision']:.3f}  R {values['recall']:.3f}  F1 {values['f1']:.3f}   "
        f"B3 P {values['bcubed_precision']:.3f} R {values['bcubed_recall']:.3f} F1 {values['bcubed_f1']:.3f}   "
        f"{values['rows']} rows, {values['pairs']} true pairs"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--pairs", type=Path, help="pairs that people judged: {a, b, same}")
    parser.add_argument("--threshold", type=float, help="likeness that the same-story rule asks for")
    parser.add_argument(
        "--scale", action="store_true", help="what it costs at scale instead: see bench.scale"
    )
    parser.add_argument("--kept", type=int, default=1_000_000, help="entries kept before, for --scale")
    parser.add_argument("--new", type=int, default=10_000, help="new entries, for --scale")
    options = parser.parse_args()
    if options.scale:
        from bench import scale

        scale.report(options.data, options.kept, options.new, options.json)
        return
    if options.data is None:
        parser.error("DATA is needed, but for --scale")
    try:
        rows = rows_of(options.data)
        judged = judged_of(options.pairs, rows) if options.pairs else []
    except (OSError, BadRow) as error:
        parser.exit(2, f"{error}\n")
    report = measured(rows, options.threshold, judged)
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
        return
    print(
        f"{options.data}: {report['entries']} entries, {report['unlabelled']} of them without a label (not counted)"
    )
    print(_line("default", report))
    for name, values in report["by_language"].items():
        print(_line(f"  {name}", values))
    best = report["best"]
    print(_line(f"best {best['threshold']} (other half)", best))
    if judged:
        for name, over in (("judged pairs", report["judged"]), ("  best", report["judged"]["best"])):
            at = f" {over['threshold']} (other half)" if "threshold" in over else ""
            figures_of = "  ".join(f"{key} {over[key]:.3f}" for key in ("precision", "recall", "f1"))
            print(f"{name + at:<22} {figures_of}   {over['pairs']} pairs")
    print(f"fingerprints {report['fingerprint_seconds']} s, stories {report['stories_seconds']} s of CPU")


if __name__ == "__main__":
    main()
