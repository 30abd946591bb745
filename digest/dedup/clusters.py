"""From links between groups to the sets that are one story each: the surest first, and none that only a chain carries."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from heapq import heappop, heappush
from itertools import product

from digest.dedup.copies import RELATED, REPETITIONS, are_apart
from digest.dedup.fingerprints import jaccard
from digest.dedup.groups import Group, Link
from digest.dedup.retellings import ONE_FEED_FACTOR, are_told_apart, asked_over
from digest.dedup.terms import Terms, dot


def clusters(
    groups: Sequence[Group], terms: Terms, links: Sequence[Link], window: timedelta
) -> tuple[list[list[int]], list[Link]]:
    """Sets of groups, and the links that held: one holds only if the two stories as they stand agree too.

    So a chain a-b, b-c does not make a story of a and c. Repetitions come first, then what tells the same.
    """
    merging = _Merging(groups, terms, links, window)
    held = [
        *merging.repetitions([link for link in links if link.rule in REPETITIONS]),
        *merging.retellings([link for link in links if link.rule not in REPETITIONS]),
    ]
    return merging.forest.sets(), held


class _Merging:
    """The clusters as they stand, by the number of their first group."""

    def __init__(
        self, groups: Sequence[Group], terms: Terms, links: Sequence[Link], window: timedelta
    ) -> None:
        self.forest = Forest(len(groups))
        linked = {index for link in links for index in (link.a, link.b)}
        self.found = {index: _Cluster(groups[index], terms) for index in linked}
        self._window = window

    def repetitions(self, links: Sequence[Link]) -> Iterator[Link]:
        for link in sorted(links, key=lambda link: (link.rank, -link.score, link.a, link.b)):
            a, b = self.forest.find(link.a), self.forest.find(link.b)
            if a != b and self.found[a].repeats(self.found[b], link):
                self._merge(a, b)
                yield link

    def retellings(self, links: Sequence[Link]) -> Iterator[Link]:
        """The two most alike first, if their members are on average as alike as asked.

        Which are the most alike is said by their sums, so that a report of a big event finds the event before it
        finds another lone report: sums reach higher the more they hold.
        """
        near = self._near(links)
        turns: list[_Turn] = []
        for a, others in near.items():
            for b in others:
                if a < b:
                    self._queue(turns, a, b, others[b])
        while turns:
            _, a, b, size = heappop(turns)
            if a not in self.found or b not in self.found or size != self._size(a, b):
                continue  # one of them is gone, or has grown and stands in the queue anew
            edge = near[a][b]
            if self.found[a].is_told_apart_from(self.found[b]):
                continue
            others = self._joined(near, a, b)
            root = self._merge(a, b)
            near[root] = others
            for other, theirs in others.items():
                near[other][root] = theirs
                self._queue(turns, min(root, other), max(root, other), theirs)
            yield edge.link

    def _near(self, links: Sequence[Link]) -> dict[int, dict[int, _Edge]]:
        """Of each two clusters the link that asks least."""
        near: dict[int, dict[int, _Edge]] = defaultdict(dict)
        for link in sorted(links, key=_least_asking):
            a, b = self.forest.find(link.a), self.forest.find(link.b)
            if a == b or b in near[a]:
                continue
            are_single = self._size(a, b) == 2
            near[a][b] = near[b][a] = _Edge(link, link.score if are_single else self._common(a, b))
        return near

    def _joined(self, near: dict[int, dict[int, _Edge]], a: int, b: int) -> dict[int, _Edge]:
        """The neighbours of two clusters that become one, which forget the two."""
        ours, theirs = near.pop(a), near.pop(b)
        del ours[b], theirs[a]
        joined = {}
        for other in ours.keys() | theirs.keys():
            one = ours.get(other) or _Edge(theirs[other].link, self._common(a, other))
            two = theirs.get(other) or _Edge(ours[other].link, self._common(b, other))
            joined[other] = _Edge(min(one.link, two.link, key=_least_asking), one.common + two.common)
            near[other].pop(a, None)
            near[other].pop(b, None)
        return joined

    def _common(self, a: int, b: int) -> float:
        return dot(self.found[a].vector, self.found[b].vector)

    def _queue(self, turns: list[_Turn], a: int, b: int, edge: _Edge) -> None:
        closeness = self.found[a].closeness(self.found[b], edge, self._window)
        if closeness:
            heappush(turns, (-closeness, a, b, self._size(a, b)))

    def _size(self, a: int, b: int) -> int:
        return len(self.found[a].groups) + len(self.found[b].groups)

    def _merge(self, a: int, b: int) -> int:
        self.forest.union(a, b)
        ours, theirs = self.found.pop(a), self.found.pop(b)
        ours.take_in(theirs)
        root = self.forest.find(a)
        self.found[root] = ours
        return root


@dataclass(frozen=True, slots=True)
class _Edge:
    """Between two clusters: the link that asks least, and what their members have in common, summed over the pairs."""

    link: Link
    common: float


_Turn = tuple[float, int, int, int]
"""Negated closeness of two clusters, their numbers, and how many groups they held when that was so."""


def _least_asking(link: Link) -> tuple[float, float, int, int]:
    return link.asked, -link.score, link.a, link.b


_FEW_PAIRS = 32


class _Cluster:
    """Groups merged so far: the one with the most text, their feeds, and the sum of their vectors."""

    def __init__(self, group: Group, terms: Terms) -> None:
        self.centre = group
        self.feeds = {group.lead.feed.url}
        self.groups = [group]
        self.at = group.lead.at
        """The mean of their times."""
        self._terms = terms
        self._square = 1.0

    @cached_property
    def vector(self) -> dict[str, float]:
        """The sum of the groups' vectors; made when two stories are compared, which few are."""
        return self._terms.of(self.centre.index)

    def repeats(self, other: _Cluster, link: Link) -> bool:
        if len(self.groups) == len(other.groups) == 1:  # the link says so itself
            return True
        is_of_centres = {self.centre.index, other.centre.index} == {link.a, link.b}
        if not is_of_centres and jaccard(self.centre.print, other.centre.print) < RELATED:
            return False
        same = link.rule == "same text"
        return not any(are_apart(ours, theirs, is_same_text=same) for ours, theirs in self._pairs(other))

    def is_told_apart_from(self, other: _Cluster) -> bool:
        if len(self.groups) == len(other.groups) == 1:  # the rule that links them has seen to it
            return False
        return any(are_told_apart(ours, theirs) for ours, theirs in self._pairs(other))

    def closeness(self, other: _Cluster, edge: _Edge, window: timedelta) -> float:
        """How alike the two are as wholes, the more so the less is asked; 0 if their members are on average less alike
        than is asked of stories so far apart.
        """
        asked = edge.link.asked if self.feeds.isdisjoint(other.feeds) else edge.link.asked * ONE_FEED_FACTOR
        asked_here = asked_over(asked, abs(self.at - other.at), window)
        if edge.common < asked_here * len(self.groups) * len(other.groups):
            return 0.0
        alike = edge.common / math.sqrt(self._square * other._square)
        return alike * asked / asked_here if asked_here else alike

    def _pairs(self, other: _Cluster) -> Iterator[tuple[Group, Group]]:
        """Any of ours and any of theirs; of a big event, where numbers differ anyway, the two that stand for it."""
        are_few = len(self.groups) * len(other.groups) <= _FEW_PAIRS
        return product(self.groups, other.groups) if are_few else iter([(self.centre, other.centre)])

    def take_in(self, other: _Cluster) -> None:
        total = self.vector
        self._square += other._square + 2 * dot(total, other.vector)
        for term, value in other.vector.items():
            total[term] = total.get(term, 0.0) + value
        self.centre = min(self.centre, other.centre, key=lambda group: (-len(group.text), group.index))
        self.feeds |= other.feeds
        self.at += (other.at - self.at) * (len(other.groups) / (len(self.groups) + len(other.groups)))
        self.groups += other.groups


class Forest:
    """Union-find whose sets come out in the order of their smallest member."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def find(self, index: int) -> int:
        while self.parent[index] != index:
            self.parent[index] = index = self.parent[self.parent[index]]
        return index

    def union(self, a: int, b: int) -> None:
        a, b = sorted((self.find(a), self.find(b)))
        self.parent[b] = a

    def sets(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self.parent)):
            found[self.find(index)].append(index)
        return list(found.values())
