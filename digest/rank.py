"""What a story is worth to this curator's readers, and which stories make the issue.

Pure and deterministic. `scored` gives each story parts that add up, `selected` fills the issue under quotas and says
of every story why it is in or out. The order of the input never matters: ties go to the newer story, then to the key.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from digest.model import Candidate, Period, Post, Scored, Story, TagMatch
from digest.text import reading_minutes, tokens
from digest.urls import host_of

OWN = "own"
"""The section of the curator's own posts."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part may add to a score; [select.weights] in digest.toml. 0 switches a part off."""

    own: float = 10.0
    """The curator's own post: more than all other parts together, so that it comes first."""
    mentions: float = 1.5
    """Per doubling of the independent sources: 2 sources 1.5, 4 sources 3.0."""
    topics: float = 1.0
    """A sure match of one topic; further topics count half, a quarter, …"""
    feed: float = 1.0
    """Per point that the feed's own weight in feeds.opml lies above or below 1."""
    freshness: float = 0.5
    """For the last moment of the week; the first has 0."""
    reactions: float = 0.5
    """Per doubling over the channel's mean, which 10 imagined reactions hold in place: 3 against a mean of 2 say
    nothing."""
    paid: float = 0.1
    """Per doubling of paid reactions, which one rich reader can give."""
    text: float = 0.3
    """For a text at hand of five minutes' reading or more; shorter ones less."""
    replaced: float = -1.0
    """arXiv announced a new version of a paper, not a paper, and nobody else speaks of it."""
    likeness: float = -1.5
    """For a title of the same words as one already chosen; applied by `selected`."""


_PRIOR = 10
"""Imagined reactions at the channel's mean: at 1,700 subscribers the real ones are 1, 2 or 3."""
_FULL_READ = 5
"""Minutes; counted, not characters, since Chinese says the same in a third of them."""


# --- scores ---------------------------------------------------------------------------------------


def scored(
    stories: Iterable[Story],
    tags: Mapping[str, Sequence[TagMatch]],
    *,
    period: Period,
    interests: Iterable[str],
    weights: Weights | None = None,
    own_handle: str = "",
) -> tuple[Scored, ...]:
    """Every story with its tags (`tags` is by story key), score and its parts, the best first.

    `interests` are the tags that configured topics stand for: what else authors wrote raises nothing.
    """
    stories, weights = tuple(stories), weights or Weights()
    wanted = frozenset(interests)
    means = _mean_reactions(stories)

    def one(story: Story) -> Scored:
        matches = tuple(tags.get(story.key, ()))
        amounts = {
            "own": float(is_own(story, own_handle)),
            "mentions": math.log2(len(voices(story))),
            "topics": _interest(match.score for match in matches if match.tag in wanted),
            "feed": max(member.feed.weight for member in story.members) - 1.0,
            "freshness": _freshness(came_up(story), period),
            "reactions": max((_above_mean(p, means) for p in _posts(story)), default=0.0),
            "paid": max((math.log2(1 + _total(p, paid=True)) for p in _posts(story)), default=0.0),
            "text": _fullness(story),
            "replaced": float(all(_is_replacement(member) for member in story.members)),
        }
        parts = tuple(
            (name, round(value, 3))
            for name, amount in amounts.items()
            if (value := amount * getattr(weights, name))
        )
        return Scored(story, matches, _sum(parts), parts)

    return tuple(sorted(map(one, stories), key=_best_first))


def is_own(story: Story, own_handle: str) -> bool:
    """Whether the curator's own channel speaks of it."""
    handle = own_handle.removeprefix("@").casefold()
    return bool(handle) and any(post.channel.casefold() == handle for post in _posts(story))


def voices(story: Story) -> frozenset[str]:
    """The independent sources of a story: a channel once however often it posts, and all forwards of one origin
    as that origin."""
    return frozenset(_voice(member) for member in story.members)


def came_up(story: Story) -> datetime:
    """When the first of its sources had it."""
    return min(member.at for member in story.members)


def _voice(member: Candidate) -> str:
    post = member.entry.post
    if post is None:
        return source(member)
    if post.forward is None:
        return f"@{post.channel.casefold()}"
    origin = re.match(r"https?://(?:t|telegram)\.(?:me|dog)/(?:s/)?(\w+)", post.forward.url)
    return f"@{origin[1].casefold()}" if origin else post.forward.name.casefold()


def source(member: Candidate) -> str:
    """Whose quota an entry uses up: arXiv as a whole, the channel, else the feed's site."""
    if member.entry.paper:
        return "arxiv.org"
    if member.entry.post:
        return f"@{member.entry.post.channel.casefold()}"
    return host_of(member.feed.site_url) or host_of(member.feed.url) or member.feed.url


def _posts(story: Story) -> tuple[Post, ...]:
    return tuple(member.entry.post for member in story.members if member.entry.post)


def _interest(scores: Iterable[float]) -> float:
    """The best match whole, the next half, and so on: ten topics are no ten times one."""
    return sum(value * 0.5**n for n, value in enumerate(sorted(scores, reverse=True)))


def _freshness(at: datetime, period: Period) -> float:
    """0 at the start of the week (or before), 1 at its end."""
    passed: float = (at - period.start) / (period.end - period.start)
    return min(1.0, max(0.0, passed))


def _total(post: Post, *, paid: bool) -> int:
    return sum(r.count for r in post.reactions or () if (r.emoji == "paid") is paid)


def _mean_reactions(stories: Iterable[Story]) -> dict[str, float]:
    """Per channel, over its posts that show any reactions; none shown may mean that they are switched off."""
    totals: defaultdict[str, list[int]] = defaultdict(list)
    for post in (post for story in stories for post in _posts(story)):
        if post.reactions is not None:
            totals[post.channel].append(_total(post, paid=False))
    return {channel: sum(counts) / len(counts) for channel, counts in totals.items()}


def _above_mean(post: Post, means: Mapping[str, float]) -> float:
    if post.reactions is None:
        return 0.0
    return math.log2(_total(post, paid=False) + _PRIOR) - math.log2(means[post.channel] + _PRIOR)


def _fullness(story: Story) -> float:
    article = story.lead.article
    return min(1.0, reading_minutes(article.text) / _FULL_READ) if article and article.text else 0.0


def _is_replacement(member: Candidate) -> bool:
    paper = member.entry.paper
    return paper is not None and paper.announce.startswith("replace")


def _sum(parts: Iterable[tuple[str, float]]) -> float:
    return round(sum(value for _, value in parts), 3)


def _best_first(one: Scored) -> tuple[float, float, str]:
    return (-one.score, -came_up(one.story).timestamp(), one.story.key)


# --- selection ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """How much goes into an issue besides the curator's own posts, which are always in."""

    max_items: int = 20
    per_source: int = 3
    per_topic: int = 8
    """Per section of the issue; stories without a topic have none."""


def selected(
    stories: Iterable[Scored],
    limits: Limits,
    *,
    sections: Sequence[str],
    own_handle: str = "",
    carried: Mapping[str, str] | None = None,
    weights: Weights | None = None,
) -> tuple[Scored, ...]:
    """All stories with their section and verdict: first those "selected", best first, then the rest.

    A story stands in the section of its surest tag among `sections`, in "" without one, own posts in `OWN`.
    `carried` tells which earlier issue held an address (any key of a story's members). What is chosen makes its
    likes worth less, so that ten papers of one title do not fill the issue; that part joins the others.
    """
    placed = [replace(one, section=_section(one, sections, own_handle)) for one in stories]
    issue = _Filling(limits, weights or Weights(), placed)
    for one in sorted((one for one in placed if one.section == OWN), key=_oldest_first):
        issue.take(one)
    issue.fill(one for one in placed if one.section != OWN and not issue.set_aside(one, carried or {}))
    return (*issue.chosen, *sorted(issue.left, key=_best_first))


def _section(one: Scored, sections: Sequence[str], own_handle: str) -> str:
    if is_own(one.story, own_handle):
        return OWN
    known = [match for match in one.tags if match.tag in sections]
    return max(known, key=lambda match: match.score).tag if known else ""


def _oldest_first(one: Scored) -> tuple[datetime, str]:
    return (came_up(one.story), one.story.key)


class _Filling:
    """An issue being filled: what is chosen, what is left and why, and how much of each quota is used."""

    def __init__(self, limits: Limits, weights: Weights, stories: Sequence[Scored]) -> None:
        self.limits = limits
        self.likeness = weights.likeness
        self.titles = _Titles(stories)
        self.chosen: list[Scored] = []
        self.left: list[Scored] = []
        self.by_source: Counter[str] = Counter()
        self.by_section: Counter[str] = Counter()

    def set_aside(self, one: Scored, carried: Mapping[str, str]) -> bool:
        """Leaves out what an earlier issue carried."""
        keys = {one.story.key, *(key for member in one.story.members for key in (member.key, member.target))}
        weeks = sorted(carried[key] for key in keys if key in carried)
        if weeks:
            self.left.append(replace(one, verdict=f"carried in {weeks[-1]}"))
        return bool(weeks)

    def fill(self, stories: Iterable[Scored]) -> None:
        """Takes the best one, again and again: each one taken changes what the others are worth."""
        pool = self._within_quotas(self._repriced(one) for one in stories)
        while pool and self.by_source.total() < self.limits.max_items:
            best = min(pool, key=_best_first)
            self.take(best)
            self.by_source[source(best.story.lead)] += 1
            self.by_section[best.section] += 1
            pool = self._within_quotas(self._repriced(one) for one in pool if one is not best)
        for rank, one in enumerate(sorted(pool, key=_best_first), start=self.by_source.total() + 1):
            cut = f"below the cut: rank {rank} of max {self.limits.max_items}"
            self.left.append(replace(one, verdict=cut))

    def take(self, one: Scored) -> None:
        self.chosen.append(replace(one, verdict="selected"))
        self.titles.seen(one.story)

    def _within_quotas(self, stories: Iterable[Scored]) -> list[Scored]:
        within = []
        for one in stories:
            if verdict := self._quota(one):
                self.left.append(replace(one, verdict=verdict))
            else:
                within.append(one)
        return within

    def _quota(self, one: Scored) -> str:
        if self.by_source[whose := source(one.story.lead)] >= self.limits.per_source:
            return f"quota: {self.limits.per_source} of {whose}"
        if one.section and self.by_section[one.section] >= self.limits.per_topic:
            return f"quota: {self.limits.per_topic} of #{one.section}"
        return ""

    def _repriced(self, one: Scored) -> Scored:
        """With the part for its likeness to what is chosen brought up to date."""
        value = round(self.likeness * self.titles.likeness(one.story), 3)
        parts = (
            *(part for part in one.parts if part[0] != "likeness"),
            *([("likeness", value)] if value else []),
        )
        return one if parts == one.parts else replace(one, parts=parts, score=_sum(parts))


_UNLIKE = 0.2
"""Two titles on one subject share that much of their words' weight without being like."""


class _Titles:
    """How like a story's title is to those chosen so far: weighted Jaccard, rare words weigh more.

    The highest likeness so far is kept per story: each title is compared with each chosen one once.
    """

    def __init__(self, stories: Sequence[Scored]) -> None:
        self.tokens = {one.story.key: _tokens(one.story.lead) for one in stories}
        spread = Counter(token for tokens in self.tokens.values() for token in tokens)
        self.rarity = {token: math.log2(1 + len(stories) / count) for token, count in spread.items()}
        self.weight = {
            key: sum(self.rarity[t] for t in sorted(tokens)) for key, tokens in self.tokens.items()
        }
        self.highest = dict.fromkeys(self.tokens, 0.0)

    def seen(self, story: Story) -> None:
        chosen, weight = self.tokens[story.key], self.weight[story.key]
        for key, other in self.tokens.items():
            if shared := sum(self.rarity[token] for token in sorted(chosen & other)):
                like = shared / (weight + self.weight[key] - shared)
                self.highest[key] = max(self.highest[key], like)

    def likeness(self, story: Story) -> float:
        like = self.highest[story.key]
        return like if like > _UNLIKE else 0.0


def _tokens(lead: Candidate) -> frozenset[str]:
    return frozenset(tokens(lead.entry.title or (lead.article.title if lead.article else "")))
