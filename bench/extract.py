"""How good the text of a page is, and what it costs: `python -m bench.extract DIR [--rate] [--json]`.

DIR holds pages `*.html` and `truth.json`, name -> {"url", "text"}; or, with `--layout readability`, a folder a page
with source.html and expected.html, as Mozilla's Readability keeps them. Every page goes through digest.extract as a
fetched answer does. Precision, recall and F1 are those of scrapinghub/article-extraction-benchmark: runs of four
words are compared as multisets, each page's hits and misses are scaled to one, precision and recall are the means
over pages, F1 is made of these two. A Chinese, Japanese or Korean character counts as a word.

--rate measures cost instead: the CPU time of page_article (decoding, head, Markdown, language, summary, fingerprint)
beside that of trafilatura's bare fast mode on the same bytes, page after page in one process; and
how many pages a second the worker processes of a poll read, one and all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digest.extract import page_article
from digest.extract.document import decoded, head_of, tree_of
from digest.markup import blocks_from_html, blocks_from_markdown, plain
from digest.model import Response, Task
from digest.work import Workers

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_TARGET = r"\((?:<[^>\n]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"\n]*\")?\)"
_IMAGE = re.compile(rf"!\[[^\]\n]*\]{_TARGET}")
_LINK = re.compile(rf"\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]{_TARGET}")


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    url: str
    body: bytes
    truth: str


@dataclass(frozen=True, slots=True)
class Result:
    """Shares of one page's runs of words: right, too much, missing."""

    name: str
    right: float
    extra: float
    missing: float
    origin: str
    error: str
    worse_than_description: bool

    @property
    def precision(self) -> float:
        return 1.0 if self.extra == self.missing == 0 else _ratio(self.right, self.extra)

    @property
    def recall(self) -> float:
        return 1.0 if self.extra == self.missing == 0 else _ratio(self.right, self.missing)

    @property
    def f1(self) -> float:
        return _f1(self.precision, self.recall)


def pages(folder: Path) -> Iterator[Page]:
    """The pages that truth.json names."""
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    for name, row in sorted(truth.items()):
        path = folder / (name if name.endswith(".html") else f"{name}.html")
        yield Page(name, row.get("url") or "https://example.org/page", path.read_bytes(), row["text"])


def readability_pages(folder: Path) -> Iterator[Page]:
    for expected in sorted(folder.rglob("expected.html")):
        source = expected.with_name("source.html")
        html = expected.read_text("utf-8", "replace")
        truth = _words_alone(plain(tuple(b for b in blocks_from_html(html) if b.kind != "image")))
        if truth.strip() and source.exists():
            yield Page(expected.parent.name, "http://fakehost/test/page.html", source.read_bytes(), truth)


def measured(page: Page) -> Result:
    article = page_article(_answer(page), page.url)
    given = prose(article.text) if article.text else article.summary
    right, extra, missing = compared(page.truth, given)
    described = _f1_of(compared(page.truth, described_by(page))) if article.origin == "page" else 0.0
    worse = described > _f1_of((right, extra, missing))
    return Result(page.name, right, extra, missing, article.origin, article.error, worse)


def described_by(page: Page) -> str:
    """What the page says of itself, in its head."""
    root = tree_of(decoded(page.body, "text/html"))
    return "" if root is None else head_of(root, page.url).description


def _answer(page: Page) -> Response:
    return Response(page.url, 200, {"content-type": "text/html"}, page.body, page.url)


def prose(markdown: str) -> str:
    """The words of a Markdown text: no pictures, no link targets, no table bars."""
    return _words_alone(plain(blocks_from_markdown(_words_alone(markdown))))


def _words_alone(text: str) -> str:
    return _LINK.sub(r"\1", _IMAGE.sub("", text))


def compared(truth: str, given: str, run: int = 4) -> tuple[float, float, float]:
    """What is right, too much and missing, as shares that add up to one (0, 0, 0 for two empty texts)."""
    wanted, found = _runs(truth, run), _runs(given, run)
    counts = (wanted & found).total(), (found - wanted).total(), (wanted - found).total()
    whole = sum(counts) or 1
    return counts[0] / whole, counts[1] / whole, counts[2] / whole


def _runs(text: str, length: int) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1)) if words)


def figures(results: list[Result]) -> dict[str, object]:
    """Means over pages as the benchmark takes them; a page that gave nothing has no precision, only no recall."""
    precision = _mean([r.precision for r in results if r.right + r.extra > 0])
    recall = _mean([r.recall for r in results if r.right + r.missing > 0])
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(_f1(precision, recall), 4),
        "pages": len(results),
        "without_text": sum(r.origin != "page" for r in results),
        "worse_than_description": [r.name for r in results if r.worse_than_description],
    }


def _mean(values: list[float]) -> float:
    return statistics.mean(values) if values else 0.0


def _ratio(right: float, wrong: float) -> float:
    return right / (right + wrong) if right + wrong else 0.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _f1_of(shares: tuple[float, float, float]) -> float:
    right, extra, missing = shares
    return _f1(_ratio(right, extra), _ratio(right, missing))


def rate(chosen: list[Page], rounds: int = 7) -> dict[str, object]:
    """CPU ms a page, the median of alternating rounds, and the share of trafilatura's own rate that is kept."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    answers = [_answer(page) for page in chosen]
    ours, theirs = [], []
    for _ in range(rounds + 1):
        both = [(_spent(answer)[1], _spent_bare(answer)) for answer in answers]
        ours.append(sum(whole for whole, _ in both))
        theirs.append(sum(bare for _, bare in both))
    del ours[0], theirs[0]  # the first round warms up
    shares = [bare / whole for whole, bare in zip(ours, theirs, strict=True)]
    return {
        "pages": len(answers),
        "digest_ms_a_page": round(statistics.median(ours) / len(answers) * 1000, 2),
        "trafilatura_ms_a_page": round(statistics.median(theirs) / len(answers) * 1000, 2),
        "share_of_its_rate": round(statistics.median(shares), 3),
        "in_each_round": [round(share, 3) for share in shares],
        **asyncio.run(_in_workers(answers)),
    }


def _spent(answer: Response) -> tuple[int, float]:
    """The process that made the article, and its CPU seconds."""
    started = time.process_time()
    page_article(answer, answer.url)
    return os.getpid(), time.process_time() - started


def _spent_bare(answer: Response) -> float:
    import trafilatura

    started = time.process_time()
    trafilatura.extract(answer.body, url=answer.url, fast=True)
    return time.process_time() - started


async def _in_workers(answers: list[Response], rounds: int = 3) -> dict[str, object]:
    """The pages through the pool that a poll uses, with one process and with its usual number."""
    (alone, _), (together, by_process) = [await _pooled(answers, rounds, size) for size in (1, None)]
    return {
        "pages_a_second_with_one_worker": round(alone, 1),
        "pages_a_second_with_all": round(together, 1),
        "cpu_s_of_each": sorted(round(seconds, 2) for seconds in by_process.values()),
    }


async def _pooled(answers: list[Response], rounds: int, size: int | None) -> tuple[float, dict[int, float]]:
    async with Workers(size, preload=("digest.extract.page", "trafilatura")) as workers:
        tasks = [Task(_spent, (answer,)) for answer in answers]
        await asyncio.gather(*map(workers.run, tasks))
        started = time.perf_counter()
        spent = await asyncio.gather(*map(workers.run, tasks * rounds))
        elapsed = time.perf_counter() - started
    by_process: dict[int, float] = {}
    for process, seconds in spent:
        by_process[process] = by_process.get(process, 0.0) + seconds
    return len(spent) / elapsed, by_process


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.extract", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--layout", choices=("truth", "readability"), default="truth")
    parser.add_argument(
        "--worst", type=int, default=0, metavar="N", help="also print the N pages with the lowest F1"
    )
    parser.add_argument(
        "--rate", action="store_true", help="what it costs beside trafilatura, instead of how good it is"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    try:
        chosen = list((readability_pages if options.layout == "readability" else pages)(options.folder))
    except (OSError, ValueError, KeyError) as error:
        parser.error(f"{options.folder} is not a folder of that layout: {error!r}")
    results = [] if options.rate else [measured(page) for page in chosen]
    told = rate(chosen) if options.rate else figures(results)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:32}{value}")
    for result in sorted(results, key=lambda r: r.f1)[: options.worst]:
        note = result.error or result.origin
        print(f"{result.f1:.3f}  P {result.precision:.3f}  R {result.recall:.3f}  {result.name}  ({note})")


if __name__ == "__main__":
    main()
