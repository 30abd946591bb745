"""Scores add up and can be read; the issue is filled under its quotas, the curator's own posts always in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import (
    Article,
    Candidate,
    Entry,
    Feed,
    Forward,
    Paper,
    Period,
    Post,
    Reaction,
    Scored,
    Story,
    TagMatch,
)
from digest.rank import OWN, Limits, Weights, scored, selected, voices

WEEK = Period("2026-W46", datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC))
MIDWEEK = WEEK.start + timedelta(days=3)


def member(
    site: str, name: str = "1", *, title: str = "", at: datetime = MIDWEEK, weight: float = 1.0
) -> Candidate:
    feed = Feed(f"https://{site}/feed", site, f"https://{site}/", weight=weight)
    url = f"https://{site}/{name}"
    return Candidate(1, feed, site, Entry(url, url, title or name, ""), at, at, url)


def paper(number: int, *, announce: str = "new", title: str = "") -> Candidate:
    one = member("arxiv.org", f"abs/2611.{number:05}", title=title)
    return replace(one, entry=replace(one.entry, paper=Paper(f"2611.{number:05}", announce=announce)))


def post(
    channel: str, number: int = 1, *, likes: int | None = None, forward: Forward | None = None
) -> Candidate:
    reactions = None if likes is None else (Reaction("👍", likes),)
    what = Post(channel, channel, (number,), forward=forward, reactions=reactions)
    one = member("t.me", f"{channel}/{number}")
    return replace(one, feed=Feed(f"https://t.me/s/{channel}"), entry=replace(one.entry, post=what))


def story(*members: Candidate) -> Story:
    return Story(members[0].key, members[0], members[1:])


def rated(*stories: Story, topic: str = "llm", **kwargs: object) -> tuple[Scored, ...]:
    tags = {one.key: (TagMatch(topic, "rule", ""),) for one in stories}
    return scored(stories, tags, period=WEEK, interests=["llm", "ai"], own_handle="me", **kwargs)  # type: ignore[arg-type]


def part(one: Scored, name: str) -> float:
    return dict(one.parts).get(name, 0.0)


# --- scores ---------------------------------------------------------------------------------------


def test_sources_count_once_however_often_they_speak() -> None:
    origin = Forward("Origin", "https://t.me/origin/5")
    one = story(
        paper(1),
        member("blog.example"),
        member("blog.example", "2"),
        post("origin"),
        post("a", forward=origin),
        post("b", forward=replace(origin, url="https://t.me/s/Origin/5")),
    )
    assert voices(one) == {"arxiv.org", "blog.example", "@origin"}


def test_mentions_weigh_by_doublings() -> None:
    alone, two, four = (story(*(member(f"{n}.example", str(k)) for n in range(k))) for k in (1, 2, 4))
    by_key = {one.story.key: part(one, "mentions") for one in rated(alone, two, four)}
    assert [by_key[s.key] for s in (alone, two, four)] == [0, Weights().mentions, 2 * Weights().mentions]


def test_freshness_grows_through_the_week_and_stays_in_bounds() -> None:
    times = [WEEK.start - timedelta(days=400), WEEK.start, MIDWEEK, WEEK.end, WEEK.end + timedelta(days=9)]
    values = [part(rated(story(member("a.example", at=at)))[0], "freshness") for at in times]
    assert values == sorted(values) and values[0] == 0 and values[-1] == Weights().freshness


def test_a_handful_of_reactions_says_little_and_a_storm_says_something() -> None:
    few, many = story(post("c", 1, likes=1)), story(post("c", 2, likes=3))
    parts = [part(one, "reactions") for one in rated(few, many)]
    assert max(map(abs, parts)) < 0.1
    quiet = [story(post("c", n, likes=2)) for n in range(1, 9)]
    storm = story(post("c", 9, likes=500))
    assert part(next(one for one in rated(*quiet, storm) if one.story is storm), "reactions") > 0.5


def test_unknown_reactions_are_not_zero_reactions() -> None:
    silent = story(post("c", 1))
    liked = [story(post("c", n, likes=50)) for n in (2, 3)]
    result = {one.story.key: part(one, "reactions") for one in rated(silent, *liked)}
    assert result[silent.key] == 0 and result[liked[0].key] == 0


def test_paid_reactions_are_a_part_of_their_own() -> None:
    one = post("c", 1)
    what = replace(one.entry.post, reactions=(Reaction("paid", 7),))  # type: ignore[type-var]
    (result,) = rated(story(replace(one, entry=replace(one.entry, post=what))))
    assert part(result, "paid") == pytest.approx(0.3) and part(result, "reactions") == 0


def test_feed_weight_text_and_tags_each_tell() -> None:
    plain = story(member("a.example"))
    heavy = story(member("b.example", weight=2.0))
    full = story(replace(member("c.example"), article=Article("c", "c", text="字" * 5000)))
    by_key = {one.story.key: one for one in rated(plain, heavy, full)}
    assert part(by_key[heavy.key], "feed") == 1.0 and part(by_key[plain.key], "feed") == 0
    assert part(by_key[full.key], "text") == Weights().text
    assert part(by_key[plain.key], "topics") == 1.0
    (foreign,) = rated(plain, topic="每日推荐")
    assert part(foreign, "topics") == 0


def test_a_replacement_that_nobody_mentions_falls_behind_a_new_paper() -> None:
    new, old = story(paper(1)), story(paper(2, announce="replace-cross"))
    talked_about = story(paper(3, announce="replace"), post("c"))
    assert [one.story for one in rated(new, old, talked_about)] == [talked_about, new, old]


def test_a_part_switched_off_is_gone() -> None:
    (one,) = rated(story(member("a.example"), member("b.example")), weights=Weights(mentions=0, freshness=0))
    assert {name for name, _ in one.parts} == {"topics"}


# --- selection ------------------------------------------------------------------------------------


def test_the_verdicts_tell_quota_cut_and_earlier_issue() -> None:
    blog = [story(member("blog.example", f"{n}", at=MIDWEEK + timedelta(hours=n))) for n in range(4)]
    others = [story(member(f"{n}.example", f"x{n}", at=WEEK.start)) for n in range(3)]
    seen = story(member("old.example"))
    result = selected(
        rated(*blog, *others, seen),
        Limits(4, per_source=2, per_topic=9),
        sections=["llm"],
        carried={seen.key: "2026-W45"},
    )
    verdicts = {one.story.key: one.verdict for one in result}
    assert [verdicts[s.key] for s in blog] == ["quota: 2 of blog.example"] * 2 + ["selected"] * 2
    assert sorted(verdicts[s.key] for s in others) == [
        "below the cut: rank 5 of max 4",
        "selected",
        "selected",
    ]
    assert verdicts[seen.key] == "carried in 2026-W45"


def test_a_section_has_its_quota_too() -> None:
    result = selected(
        rated(*(story(member(f"{n}.example", f"t{n}")) for n in range(4))),
        Limits(per_topic=3),
        sections=["llm"],
    )
    assert [one.verdict for one in result] == ["selected"] * 3 + ["quota: 3 of #llm"]


def test_a_story_stands_under_its_surest_topic() -> None:
    one = story(member("a.example"))
    tags = (
        TagMatch("llm", "category", "", 0.3),
        TagMatch("agents", "rule", "", 1.0),
        TagMatch("数学", "hashtag", ""),
    )
    (result,) = scored([one], {one.key: tags}, period=WEEK, interests=["llm", "agents"])
    assert selected([result], Limits(), sections=["llm", "agents"])[0].section == "agents"
    assert selected([result], Limits(), sections=[])[0].section == ""


def test_own_posts_come_first_in_their_order_and_break_no_quota() -> None:
    own = [story(post("Me", n)) for n in (1, 2, 3)]
    carried = {own[0].key: "2026-W45"}
    crowd = [story(member(f"{n}.example", f"t{n}"), member(f"{n}.test", f"u{n}")) for n in range(5)]
    result = selected(
        rated(*crowd, *own),
        Limits(4, per_source=1, per_topic=1),
        sections=["llm"],
        own_handle="@me",
        carried=carried,
    )
    assert [one.section for one in result[:4]] == [OWN] * 3 + ["llm"]
    assert [one.story for one in result[:3]] == own
    assert all(one.verdict == "selected" for one in result[:4])


def test_a_paper_that_the_curator_noted_is_theirs() -> None:
    noted = story(paper(1), post("me"))
    (one,) = selected(rated(noted), Limits(), sections=["llm"], own_handle="me")
    assert (one.section, one.verdict) == (OWN, "selected")


def test_a_flood_of_papers_does_not_drown_the_blogs() -> None:
    flood = [story(paper(n, title=f"Paper on subject{n} of method{n * 7}")) for n in range(700)]
    blogs = [story(member(f"{n}.example", f"post{n}", at=WEEK.start)) for n in range(10)]
    issue = [
        one for one in selected(rated(*flood, *blogs), Limits(), sections=[]) if one.verdict == "selected"
    ]
    assert sum(one.story.lead.entry.paper is not None for one in issue) <= Limits().per_source


def test_titles_of_the_same_words_do_not_fill_the_issue() -> None:
    twins = [
        story(member(f"{n}.example", f"x{n}", title=f"Scaling agent memory for long tasks, take {n}"))
        for n in range(6)
    ]
    others = [
        story(member("a.example", title="为什么评测比训练更重要", at=WEEK.start)),
        story(member("b.example", title="SQLite in the browser", at=WEEK.start)),
        story(member("c.example", title="大模型推理的显存账", at=WEEK.start)),
    ]
    result = selected(rated(*twins, *others), Limits(max_items=4), sections=["llm"])
    chosen = [one.story for one in result if one.verdict == "selected"]
    assert set(map(id, others)) <= set(map(id, chosen))
    left = next(one for one in result if one.verdict != "selected")
    assert part(left, "likeness") < 0 and left.score == pytest.approx(
        sum(v for _, v in left.parts), abs=0.002
    )


# --- laws -----------------------------------------------------------------------------------------

SITES = st.sampled_from(["a.example", "b.example", "c.example"])
TITLES = st.sampled_from(["大模型推理", "大模型推理的显存账", "agents at work", "agents at play", "SQLite"])
HOURS = st.integers(-400, 200)


@st.composite
def weeks(draw: st.DrawFn) -> list[Story]:
    stories = []
    for n in range(draw(st.integers(0, 12))):
        at = WEEK.start + timedelta(hours=draw(HOURS))
        lead = replace(member(draw(SITES), f"p{n}", title=draw(TITLES)), at=at)
        others = [post("me", n)] if draw(st.integers(0, 4)) == 0 else []
        stories.append(story(lead, *others))
    return stories


LIMITS = st.builds(Limits, st.integers(1, 8), st.integers(1, 3), st.integers(1, 4))


@given(weeks(), LIMITS, st.randoms(use_true_random=False))
def test_laws_of_selection(stories: list[Story], limits: Limits, random: object) -> None:
    result = selected(rated(*stories), limits, sections=["llm"], own_handle="me")
    shuffled = list(stories)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert selected(rated(*shuffled), limits, sections=["llm"], own_handle="me") == result

    assert sorted(one.story.key for one in result) == sorted(one.key for one in stories)
    assert all(one.verdict for one in result)
    issue = [one for one in result if one.verdict == "selected"]
    own = [one for one in result if one.section == OWN]
    assert issue == list(result[: len(issue)]) and own == issue[: len(own)]
    assert len(issue) <= limits.max_items + len(own)
    rest = issue[len(own) :]
    hosts = [one.story.lead.feed.site_url for one in rest]
    assert all(hosts.count(host) <= limits.per_source for host in hosts)
    assert len(rest) <= limits.per_topic
    for one in result:
        assert one.score == pytest.approx(sum(value for _, value in one.parts), abs=0.002)


@given(weeks())
def test_scores_are_best_first(stories: list[Story]) -> None:
    assert all(a.score >= b.score for a, b in pairwise(rated(*stories)))
