"""arXiv's feeds and API: one identity a paper, errors in disguise, the nightly rhythm, and look-ups."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.errors import HttpError, NotAFeed, ParseError, SourceRefused
from digest.markup import blocks_from_markdown, plain
from digest.model import Feed, FeedState, Known, Paper, Request, Response, Task
from digest.sources import arxiv
from digest.sources.arxiv import calendar

URL = "https://rss.arxiv.org/atom/cs.CL"
NOON = datetime(2026, 11, 11, 17, tzinfo=UTC)
"""A Wednesday, midday Eastern."""

ABSTRACT = (
    "While large-scale unsupervised language models (LMs) learn broad world knowledge, achieving precise control of "
    "their behavior is difficult. The objective $\\pi_\\theta(y \\mid x)$ is <simple> & stable."
)


# --- documents of our own making, in arXiv's forms (metadata is CC0) ------------------------------


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def item(number: str = "2611.04001v1", announce: str = "new", abstract: str = ABSTRACT) -> str:
    return f"""<item>
      <title>Direct Preference Optimization:
  Your Language Model is Secretly a Reward Model</title>
      <link>https://arxiv.org/abs/{number.partition("v")[0]}</link>
      <description>arXiv:{number} Announce Type: {announce} \nAbstract: {escaped(abstract)}</description>
      <guid isPermaLink="false">oai:arXiv.org:{number}</guid>
      <category>cs.LG</category><category>cs.CL</category>
      <pubDate>Wed, 11 Nov 2026 00:00:00 -0500</pubDate>
      <arxiv:announce_type>{announce}</arxiv:announce_type>
      <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>
      <arxiv:DOI>10.5802/jep.257</arxiv:DOI>
      <arxiv:journal_reference>NeurIPS 2023</arxiv:journal_reference>
      <dc:creator>Rafael Rafailov, Archit Sharma (Stanford, USA), Eric Mitchell</dc:creator>
    </item>"""


def rss(*items: str, title: str = "cs.CL updates on arXiv.org") -> bytes:
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
  <channel><title>{title}</title><link>http://rss.arxiv.org/rss/cs.CL</link>
    <skipDays><day>Sunday</day><day>Saturday</day></skipDays>{"".join(items)}</channel></rss>""".encode()


ATOM = f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://www.w3.org/2005/Atom">
  <title>cs.CL updates on arXiv.org</title>
  <entry><id>oai:arXiv.org:2611.04001v1</id>
    <title>Direct Preference Optimization: Your Language Model is Secretly a Reward Model</title>
    <updated>2026-11-11T05:00:19.899254+00:00</updated>
    <link href="https://arxiv.org/abs/2611.04001" rel="alternate" type="text/html"/>
    <summary>arXiv:2611.04001v1 Announce Type: new \nAbstract: {escaped(ABSTRACT)}</summary>
    <category term="cs.LG"/><category term="cs.CL"/>
    <published>2026-11-11T00:00:00-05:00</published>
    <arxiv:announce_type>new</arxiv:announce_type>
    <arxiv:DOI>10.5802/jep.257</arxiv:DOI>
    <arxiv:journal_reference>NeurIPS 2023</arxiv:journal_reference>
    <dc:creator>Rafael Rafailov, Archit Sharma (Stanford, USA), Eric Mitchell</dc:creator>
  </entry></feed>""".encode()


def found(number: int, version: int = 1) -> str:
    return f"""<entry><id>http://arxiv.org/abs/2611.{number:05}v{version}</id><title>Paper
  {number}</title><updated>2026-11-10T16:07:14Z</updated><summary>  First line
wrapped.
  Second paragraph.</summary><category term="cs.CL"/><category term="cs.AI"/><published>2026-11-09T16:07:14Z</published>
    <arxiv:comment>9 pages</arxiv:comment><arxiv:primary_category term="cs.AI"/><author><name>Ann Lee</name></author>
    <author><name>Bo Li</name></author></entry>"""


def api(*entries: str, total: int | None = None) -> bytes:
    return f"""<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <title>arXiv Query</title><opensearch:totalResults>{len(entries) if total is None else total}</opensearch:totalResults>
  {"".join(entries)}</feed>""".encode()


API_ERROR = api(
    "<entry><id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id><title>Error</title>"
    "<summary>incorrect id format for abc</summary></entry>"
)


def run(steps: Any, answers: Callable[[Request], Any]) -> Any:
    """Drive a generator; `answers` gives a body, a Response or an error. Returns its result and the requests."""
    requests: list[Request] = []
    try:
        step = next(steps)
        while True:
            if isinstance(step, Task):
                try:
                    result = step.function(*pickle.loads(pickle.dumps(step.args)))
                except ParseError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(pickle.loads(pickle.dumps(result)))
                continue
            requests.append(step)
            answer = answers(step)
            if isinstance(answer, Exception):
                step = steps.throw(answer)
            else:
                step = steps.send(
                    answer if isinstance(answer, Response) else Response(step.url, 200, {}, answer, step.url)
                )
    except StopIteration as done:
        return done.value, requests


def polled(body: Any, known: Any = (), now: datetime = NOON, **state: Any) -> Any:
    state = FeedState(1, URL, state.pop("address", URL), **state)
    known = {i: Known(i, "", "") for i in known} if not isinstance(known, dict) else known
    return run(arxiv.poll(Feed(URL), state, known, now), lambda _: body)[0]


def http_error(status: int, body: bytes) -> HttpError:
    return HttpError(URL, f"HTTP {status}", response=Response(URL, status, {}, body, URL))


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("cs.CL", URL), (" cs.cl ", URL), ("arxiv:cs.CL", URL), ("arXiv: cs.CL", URL),
        ("cs.CL+cs.AI+cs.LG", "https://rss.arxiv.org/atom/cs.CL+cs.AI+cs.LG"),
        ("https://arxiv.org/list/cs.CL/new", URL), ("arxiv.org/list/cs.CL/recent?skip=0&show=50", URL),
        ("https://rss.arxiv.org/rss/cs.CL", URL), ("http://export.arxiv.org/rss/cs.CL", URL),
        ("arxiv:math", "https://rss.arxiv.org/atom/math"), ("https://arxiv.org/list/hep-th/new", "https://rss.arxiv.org/atom/hep-th"),
        ("cond-mat.str-el", "https://rss.arxiv.org/atom/cond-mat.str-el"),
        ("http://export.arxiv.org/api/query?search_query=cat:cs.CL", "https://export.arxiv.org/api/query?search_query=cat:cs.CL"),
    ],
)  # fmt: skip
def test_categories_and_listings_name_a_feed(typed, expected):
    assert arxiv.feed_url(typed) == expected
    assert arxiv.feed_url(expected) == expected


@pytest.mark.parametrize(
    "typed",
    ["math", "example.com", "cs.CL.com", "foo.bar", "cs.C", "https://arxiv.org/abs/2305.18290", "https://example.org/rss/cs.CL", "http://[arxiv.org/rss/x", "arxiv:", "ftp://rss.arxiv.org/rss/cs.CL", ""],
)  # fmt: skip
def test_what_is_no_category_is_left_to_others(typed):
    assert arxiv.feed_url(typed) is None


# --- documents ------------------------------------------------------------------------------------


def test_the_rss_and_the_atom_form_give_the_same_paper():
    (from_rss,) = arxiv.parse_listing(rss(item()), URL).entries
    (from_atom,) = arxiv.parse_listing(ATOM, URL).entries
    assert from_rss == from_atom
    assert from_rss.id == "arxiv:2611.04001"
    assert from_rss.url == "https://arxiv.org/abs/2611.04001"
    assert from_rss.title == "Direct Preference Optimization: Your Language Model is Secretly a Reward Model"
    assert from_rss.published == datetime(2026, 11, 11, 5, tzinfo=UTC)
    assert from_rss.paper == Paper(
        "2611.04001",
        1,
        ("Rafael Rafailov", "Archit Sharma (Stanford, USA)", "Eric Mitchell"),
        ("cs.LG", "cs.CL"),
        "new",
        "10.5802/jep.257",
        "NeurIPS 2023",
    )
    assert from_rss.content == f"<p>{escaped(ABSTRACT).replace('>', '&gt;')}</p>"


def test_a_paper_of_the_api():
    (paper,) = arxiv.parse_listing(api(found(4001, version=3)), "u").entries
    assert (paper.id, paper.title) == ("arxiv:2611.04001", "Paper 4001")
    assert paper.paper.version == 3
    assert paper.paper.categories == ("cs.AI", "cs.CL")
    assert (paper.author, paper.paper.comment) == ("Ann Lee, Bo Li", "9 pages")
    assert paper.content == "<p>First line wrapped.</p><p>Second paragraph.</p>"
    assert (paper.published, paper.updated) == (
        datetime(2026, 11, 9, 16, 7, 14, tzinfo=UTC),
        datetime(2026, 11, 10, 16, 7, 14, tzinfo=UTC),
    )


def test_a_replacement_is_the_same_entry_with_its_version_and_the_papers_own_month():
    (first,) = arxiv.parse_listing(rss(item()), URL).entries
    (second,) = arxiv.parse_listing(rss(item("2611.04001v2", "replace")), URL).entries
    assert second.id == first.id
    assert second.content_hash != first.content_hash
    assert second.paper.version == 2
    assert second.published == datetime(2026, 11, 1, tzinfo=UTC)
    assert second.updated == datetime(2026, 11, 11, 5, tzinfo=UTC)
    (old,) = arxiv.parse_listing(rss(item("math/0211159v2", "replace-cross")), URL).entries
    assert (old.id, old.published) == ("arxiv:math/0211159", datetime(2002, 11, 1, tzinfo=UTC))


def test_the_same_paper_twice_is_one_entry():
    listing = arxiv.parse_listing(rss(item(), item(announce="cross"), item("2611.04002v1")), URL)
    assert [entry.id for entry in listing.entries] == ["arxiv:2611.04001", "arxiv:2611.04002"]
    assert listing.entries[0].paper.announce == "new"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", ParseError), (b"<html><body>Busy</body></html>", NotAFeed), (b"<!DOCTYPE html><html></html>", NotAFeed),
        (b"<!DOCTYPE rss [<!ENTITY a 'aa'>]><rss><channel><title>&a;</title></channel></rss>", ParseError),
        (b"<?xml version='1.0'?><opml></opml>", NotAFeed), (b"<?xml version='1.0' encoding='UTe-8'?>", ParseError), (b"plain words", ParseError),
    ],
)  # fmt: skip
def test_what_is_no_feed_says_so(body, error):
    with pytest.raises(error) as raised:
        arxiv.parse_listing(body, URL)
    assert raised.value.subject == URL


def test_a_document_cut_off_is_read_as_far_as_it_goes_and_flagged():
    body = rss(item(), item("2611.04002v1"))
    parsed = polled(body[: body.index(b"<category>", body.index(b"04002v1"))])
    assert [entry.id for entry in parsed.entries] == ["arxiv:2611.04001", "arxiv:2611.04002"]
    assert "malformed XML" in parsed.warnings[0]


# --- polling --------------------------------------------------------------------------------------


def test_new_and_changed_papers_are_entries_and_the_rest_is_unchanged():
    (first, second) = arxiv.parse_listing(rss(item(), item("2611.04002v1")), URL).entries
    known = {first.id: Known(first.id, first.content_hash, ""), second.id: Known(second.id, "other", "")}
    parsed = polled(rss(item(), item("2611.04002v1"), item("2611.04003v1")), known)
    assert parsed.unchanged == ("arxiv:2611.04001",)
    assert [entry.id for entry in parsed.entries] == ["arxiv:2611.04002", "arxiv:2611.04003"]
    assert parsed.title == "cs.CL updates on arXiv.org"


def test_an_empty_day_is_a_success():
    parsed = polled(rss(), known=["arxiv:2611.04001"])
    assert (parsed.entries, parsed.warnings) == ((), ())
    assert parsed.earliest_due == datetime(2026, 11, 12, 5, 30, tzinfo=UTC)


def test_a_wrong_category_is_an_error_with_arxivs_words():
    feed = rss(title="Feed error for query: cs.XX")
    for answer in (http_error(400, feed), feed):
        with pytest.raises(SourceRefused, match=r"Feed error for query: cs\.XX") as refused:
            polled(answer)
        assert refused.value.subject == URL
    for answer in (http_error(400, b"<html>"), http_error(503, feed)):
        with pytest.raises(HttpError):
            polled(answer)


def test_nothing_changed_needs_no_parsing():
    parsed = polled(Response(URL, 304, {}, b"", URL), entry_at=NOON - timedelta(hours=1))
    assert parsed.not_modified
    assert parsed.earliest_due == datetime(2026, 11, 12, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-11T05:29:00", "2026-11-11T05:30:00"),  # 00:29 Eastern standard time
        ("2026-11-11T05:30:00", "2026-11-12T05:30:00"),
        ("2026-11-13T17:00:00", "2026-11-16T05:30:00"),  # Friday to Monday
        ("2026-07-10T17:00:00", "2026-07-13T04:30:00"),  # daylight saving time
    ],
)
def test_the_next_batch_comes_half_an_hour_after_midnight_eastern_from_monday_to_friday(now, expected):
    at = calendar.next_batch_at(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert at == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_yesterdays_batch_served_again_is_said_and_asked_again_in_hours():
    known = ["arxiv:2611.04001", "arxiv:2611.04002"]
    body = rss(item(), item("2611.04002v1"))
    stale = polled(body, known, entry_at=NOON - timedelta(days=1))
    assert "stale" in stale.warnings[0]
    assert stale.earliest_due == NOON + calendar.RETRY_STALE
    assert not polled(body, known, entry_at=NOON - timedelta(hours=2)).warnings
    assert not polled(rss(item(), item("2611.04009v1")), known, entry_at=NOON - timedelta(days=1)).warnings
    for holiday in ("2026-11-26T17:00:00", "2026-11-27T17:00:00", "2026-11-14T17:00:00"):
        now = datetime.fromisoformat(holiday).replace(tzinfo=UTC)
        assert not polled(body, known, now=now, entry_at=now - timedelta(days=3)).warnings


def test_a_late_build_is_asked_for_again_the_same_day():
    parsed = polled(Response(URL, 304, {}, b"", URL), entry_at=NOON - timedelta(days=1))
    assert parsed.earliest_due == NOON + calendar.RETRY_STALE


# --- the API --------------------------------------------------------------------------------------

QUERY = "https://export.arxiv.org/api/query?search_query=cat:cs.CL+AND+ti:agents&max_results=450"


def of(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


def pages(request: Request) -> bytes:
    start, size = int(of(request)["start"]), int(of(request)["max_results"])
    return api(*(found(n) for n in range(start, min(start + size, 420))), total=420)


def searched(answers: Callable[[Request], Any], known: tuple[str, ...] = (), url: str = QUERY) -> Any:
    state = FeedState(1, url, url)
    return run(arxiv.poll(Feed(url), state, {i: Known(i, "", "") for i in known}, NOON), answers)


def test_a_query_is_paged_politely_and_newest_first():
    parsed, requests = searched(pages)
    assert len(parsed.entries) == 420
    assert [(of(r)["start"], of(r)["max_results"]) for r in requests] == [
        ("0", "200"),
        ("200", "200"),
        ("400", "50"),
    ]
    assert all(r.kind == "api" and r.pause >= timedelta(seconds=3) for r in requests)
    assert of(requests[0])["search_query"] == "cat:cs.CL AND ti:agents"
    assert of(requests[0])["sortBy"] == "submittedDate"


def test_paging_ends_at_what_is_known():
    parsed, requests = searched(pages, known=("arxiv:2611.00150",))
    assert len(requests) == 1
    assert len(parsed.entries) == 200


def test_an_empty_page_in_the_middle_is_asked_for_again():
    seen: dict[str, int] = {}

    def flaky(request: Request) -> bytes:
        start = of(request)["start"]
        seen[start] = seen.get(start, 0) + 1
        return api(total=420) if start == "200" and seen[start] < 3 else pages(request)

    assert len(searched(flaky)[0].entries) == 420

    def broken(request: Request) -> bytes:
        return api(total=420) if of(request)["start"] == "200" else pages(request)

    parsed, _ = searched(broken)
    assert len(parsed.entries) == 200
    assert "empty page" in parsed.warnings[0]


def test_an_error_that_comes_as_an_entry_is_an_error():
    for answer in (API_ERROR, http_error(400, API_ERROR)):
        with pytest.raises(SourceRefused, match="incorrect id format for abc"):
            searched(lambda _, answer=answer: answer)


def test_a_query_without_results_is_an_answer():
    parsed, requests = searched(lambda _: api())
    assert (parsed.entries, len(requests)) == ((), 1)


def test_looking_up_papers_that_were_mentioned():
    entries, requests = run(
        arxiv.lookup(
            [
                "2611.04001v2",
                "arXiv:2611.04002",
                "https://arxiv.org/pdf/2611.04001",
                "junk",
                "math.CA/0611800",
            ]
        ),
        lambda _: api(found(4001), found(4002)),
    )
    assert [entry.id for entry in entries] == ["arxiv:2611.04001", "arxiv:2611.04002"]
    (request,) = requests
    assert of(request)["id_list"] == "2611.04001,2611.04002,math/0611800"
    assert request.pause >= timedelta(seconds=3)
    assert run(arxiv.lookup(["junk"]), lambda _: b"") == ((), [])


def test_many_papers_are_looked_up_in_batches():
    ids = [f"2611.{n:05}" for n in range(230)]
    entries, requests = run(
        arxiv.lookup(ids),
        lambda r: api(*(found(int(i.partition(".")[2])) for i in of(r)["id_list"].split(","))),
    )
    assert (len(entries), len(requests)) == (230, 3)


def test_a_papers_article_is_its_metadata():
    (entry,) = arxiv.parse_listing(ATOM, URL).entries
    article = arxiv.article_of(entry)
    assert (article.key, article.site, article.origin) == ("arxiv:2611.04001", "arXiv", "metadata")
    assert plain(blocks_from_markdown(article.text)) == ABSTRACT
    assert (article.title, article.author) == (entry.title, entry.author)


# --- recorded data --------------------------------------------------------------------------------


@pytest.mark.shared
def test_recorded_responses_of_the_api(shared):
    folder = shared / "corpora" / "arxiv" / "api-atom"
    bodies = {file.stem: file.read_bytes() for file in sorted(folder.glob("*.xml"))}
    assert len(bodies) == 20
    counts = {}
    for name, body in bodies.items():
        status = json.loads((folder / f"{name}.http.json").read_text())["status_code"]
        listing = arxiv.parse_listing(body, name)
        assert bool(listing.error) == (status == 400)
        counts[name.rpartition("_")[0]] = len(listing.entries)
        assert all(e.title and e.content and e.published and e.paper.authors for e in listing.entries)
    assert counts["q_testing_s0_m100"] == 100
    assert counts["id_0000.0000_s0_m100"] == 0
    assert counts["id_astro-ph_0601001_s0_m100"] == 1


@pytest.mark.shared
def test_recorded_feeds(shared):
    folder = shared / "corpora" / "arxiv"
    body = (folder / "rss" / "tests" / "retriever" / "arxiv_rss_example.xml").read_bytes()
    assert [e.id for e in arxiv.parse_listing(body, URL).entries][:2] == [
        "arxiv:2508.13426",
        "arxiv:2508.13428",
    ]
    cut = arxiv.parse_listing(
        (folder / "rss" / "rss20_cs.CV_2025-09-18_head_truncated.xml").read_bytes(), URL
    )
    assert cut.flaw and cut.entries[0].id == "arxiv:2509.13338"
    for file in sorted((folder / "derived-rss").glob("*.xml")):
        body = file.read_bytes()
        listing = arxiv.parse_listing(body, URL)
        assert len(listing.entries) == body.count(b"<item>")
        assert all(
            e.paper.announce in ("new", "cross") and e.content.startswith("<p>") for e in listing.entries
        )
