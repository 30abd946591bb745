"""What the benchmarks take, and what they say of what they can't take."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench import editions, stories, urls

NEWS = (
    "Acme Robotics recalls 12,000 Kestrel drones after a battery fire in Rotterdam injured two engineers on Monday,"
    " the company said. Regulators in Brussels opened an inquiry into the Kestrel's charging circuit.",
    "Two engineers were injured in Rotterdam on Monday when a Kestrel drone's battery caught fire; Acme Robotics now"
    " recalls 12,000 of them while regulators in Brussels look at the charging circuit of the Kestrel.",
)


def written(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf-8")
    return path


def bench(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def told(rows: list[dict[str, Any]]) -> bool:
    folded = stories.folded_rows(stories.candidates_of(rows))
    return folded[0] == folded[1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nope", "not JSON"),
        ([1], "an object is needed, not list"),
        ({"id": 1, "title": 3}, "title must be a string or null, not 3"),
        ({"id": 1, "title": None, "text": ""}, "neither title nor text"),
    ],
)
def test_a_bad_row_of_entries_is_named(tmp_path: Path, row: object, said: str) -> None:
    data = written(tmp_path / "data.jsonl", {"id": 0, "title": "fine"}, "", row)
    with pytest.raises(stories.BadRow) as error:
        stories.rows_of(data)
    assert str(error.value).startswith(f"{data}, row 3: {said}")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "not JSON"),
        ({"a": "https://a.example", "same": True}, "b must be an address, not None"),
        ({"a": "https://a.example", "b": "https://b.example"}, "same must be true or false, not None"),
    ],
)
def test_a_bad_pair_of_addresses_is_named(tmp_path: Path, row: object, said: str) -> None:
    data = written(tmp_path / "pairs.jsonl", row)
    done = bench("urls", str(data))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{data}, row 1: {said}")


def test_two_submissions_of_one_address_are_a_pair_too(tmp_path: Path) -> None:
    data = written(
        tmp_path / "pairs.jsonl",
        {"url_a": "http://a.example/x/", "url_b": "https://www.a.example/x?utm_source=b", "title_a": "x"},
        {"a": "https://a.example/1", "b": "https://a.example/2", "same": False},
    )
    assert urls.measured(urls.pairs_of(data)) == {
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "joined_share": 1.0,
        "wrongly_joined_share": 0.0,
        "joined": 1,
        "positives": 1,
        "wrongly_joined": 0,
        "negatives": 1,
    }


@pytest.mark.parametrize(
    ("published", "at"),
    [
        ("2014-03-10T16:52:50Z", datetime(2014, 3, 10, 16, 52, 50, tzinfo=UTC)),
        ("Mon, 10 Mar 2014 16:52:50 GMT", datetime(2014, 3, 10, 16, 52, 50, tzinfo=UTC)),
        (1394470370698, datetime(2014, 3, 10, 16, 52, 50, 698000, tzinfo=UTC)),
        ("1394470370", datetime(2014, 3, 10, 16, 52, 50, tzinfo=UTC)),
        ("2014-03-10", datetime(2014, 3, 10, tzinfo=UTC)),
        (None, None),
        ("soon", None),
    ],
)
def test_dates_come_in_many_forms(published: object, at: datetime | None) -> None:
    assert stories.moment(published) == at


def test_rows_stand_where_a_draft_would_see_them() -> None:
    """Within days and from two sources the same-story rule has its say, else not."""
    texts = [
        {"id": n, "title": f"Kestrel drones {word}", "text": NEWS[n]}
        for n, word in enumerate(("recalled", "burn"))
    ]
    fill = [{"id": 10 + n, "title": f"t{n}", "text": f"{chr(97 + n) * 5} " * 60} for n in range(26)]

    def placed(first: dict[str, str], second: dict[str, str]) -> bool:
        return told([texts[0] | first, texts[1] | second, *fill])

    assert placed({"url": "https://a.example/1"}, {"url": "https://b.example/1"})
    assert not placed({"url": "https://a.example/1"}, {"url": "https://a.example/2"})
    assert placed({"published": "2014-03-10"}, {"published": "2014-03-11"})
    assert not placed({"published": "2014-03-10"}, {"published": "2014-03-20"})
    assert not placed({"url": "https://a.example/2014/03/10/x"}, {"url": "https://b.example/2014/05/01/y"})
    assert placed({}, {}), "rows without a date count as of one time"
    assert not placed({"id": "20140310 recalled"}, {"id": "20140501 burn"})
    assert placed({"id": "20140310 recalled"}, {"id": "20140311 burn"})


def test_where_no_row_has_a_title_the_texts_begin_with_theirs() -> None:
    rows = [
        {"id": n, "title": None, "text": f"{title}{end}{NEWS[n]}"}
        for n, (title, end) in enumerate(
            (("Acme recalls Kestrel drones", "\n"), ("Kestrel drones recalled by Acme", " "))
        )
    ]
    titles = [candidate.entry.title for candidate in stories.candidates_of(rows)]
    assert titles == [
        "Acme recalls Kestrel drones",
        "Kestrel drones recalled by Acme Two engineers were injured in",
    ]
    assert told(rows)
    titled = {"id": 2, "title": "Lapwing opens an office", "text": "Lapwing opens an office. " * 20}
    assert [candidate.entry.title for candidate in stories.candidates_of([*rows, titled])][:2] == ["", ""]


def test_the_text_of_a_wall_is_no_text() -> None:
    notice = "We noticed that you are using an ad blocker. Please disable your ad blocker to support us."
    rows = [{"id": n, "title": f"{chr(97 + n) * 6} numbers", "text": notice} for n in range(2)]
    assert not told(rows)


def test_a_host_that_most_rows_share_is_where_they_were_collected() -> None:
    rows = [
        {"id": n, "title": f"Kestrel drones {n}", "text": NEWS[n % 2], "url": f"https://news.example/{n}"}
        for n in range(30)
    ]
    sources = {candidate.feed.url for candidate in stories.candidates_of(rows)}
    assert len(sources) == 30
    few = {candidate.feed.url for candidate in stories.candidates_of(rows[:3])}
    assert few == {"news.example"}


def test_the_report_is_one_object(tmp_path: Path) -> None:
    rows = [
        {"id": n, "title": f"Kestrel {n}", "text": NEWS[n], "url": f"https://s{n}.example/", "story": "k"}
        for n in (0, 1)
    ]
    data = written(tmp_path / "data.jsonl", *rows, {"id": 2, "title": "another", "story": None})
    report = json.loads(bench("stories", str(data), "--json").stdout)
    figures = {"precision", "recall", "f1", "bcubed_f1"}
    assert figures <= report.keys()
    assert figures <= report["best"].keys()
    assert report["by_language"]["en"]["rows"] == 2
    assert report["unlabelled"] == 1


def test_judged_pairs_are_counted_alone(tmp_path: Path) -> None:
    rows = [
        {"id": f"k{n}", "title": f"Acme recalls Kestrel drones {'today' * n}", "text": NEWS[n], "story": "k"}
        for n in (0, 1)
    ]
    rows.append(
        {
            "id": "n",
            "title": "Lapwing opens an office",
            "text": "Lapwing opens an office. " * 20,
            "story": "n",
        }
    )
    data = written(tmp_path / "data.jsonl", *rows)
    judged = [{"a": "k0", "b": "k1", "same": True}, {"a": "k0", "b": "n", "same": True}]
    report = json.loads(
        bench("stories", str(data), "--pairs", str(written(tmp_path / "p.jsonl", *judged)), "--json").stdout
    )
    assert (report["judged"]["precision"], report["judged"]["recall"], report["judged"]["pairs"]) == (
        1.0,
        0.5,
        2,
    )
    assert {"threshold", "f1"} <= report["judged"]["best"].keys()
    bad = bench(
        "stories",
        str(data),
        "--pairs",
        str(written(tmp_path / "bad.jsonl", {"a": "k0", "b": "k9", "same": True})),
    )
    assert (bad.returncode, "row 1: b is the id of no row: 'k9'" in bad.stderr) == (2, True)


@pytest.mark.parametrize(
    ("title", "following"),
    [
        ("What is new in Fedora 31", "What is new in Fedora 32"),
        ("pip 24.9 is out", "pip 24.10 is out"),
        ("潮流周刊 第三期", "潮流周刊 第四期"),
        ("潮流周刊第12期", "潮流周刊第13期"),
        ("Diffusion, Part Two", "Diffusion, Part Three"),
        ("Papers of December 2025", "Papers of January 2025"),
        ("Ten ways to wait", None),
        ("10 ways to wait", None),
    ],
)
def test_the_next_number_of_a_series_is_made(title: str, following: str | None) -> None:
    after = editions.following_title(title)
    assert (after[0] if after else None) == following


def test_numbers_of_a_series_are_counted_that_stay_apart(tmp_path: Path) -> None:
    titles = ("What is new in Fedora 31", "Diffusion models, Part Two", "Notes from a plain day")
    rows = [{"title": title, "text": NEWS[n % 2] * 3} for n, title in enumerate(titles)]
    report = json.loads(bench("editions", str(written(tmp_path / "d.jsonl", *rows)), "--json").stdout)
    assert report["series"] == 2
    assert set(report["kept_apart"].values()) == {1.0}
