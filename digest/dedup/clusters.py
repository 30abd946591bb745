"""From links between groups to the sets that are one story each: the surest links first, and none that only a chain carries."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

from digest.dedup import rules
from digest.dedup.fingerprints import jaccard
from digest.dedup.rules import Group, Link
from digest.dedup.terms import Terms, dot


def clusters(
    groups: Sequence[Group], terms: Terms, links: Sequence[Link]
) -> tuple[list[list[int]], list[Link]]:
    """Sets of groups, and the links that held: one holds only if the two stories as they stand agree too.

    So a chain a-b, b-c does not make a story of a and c.
    """
    forest = Forest(len(groups))
    linked = {index for link in links for index in (link.a, link.b)}
    found = {index: _Cluster(groups[index], terms) for index in linked}
    held = []
    for link in sorted(links, key=lambda link: (link.rank, -link.score, link.a, link.b)):
        a, b = forest.find(link.a), forest.find(link.b)
        if a == b or not found[a].agrees(found[b], link):
            continue
        forest.union(a, b)
        ours, theirs = found.pop(a), found.pop(b)
        ours.take_in(theirs)
        found[forest.find(a)] = ours
        held.append(link)
    return forest.sets(), held


_FEW_PAIRS = 32


class _Cluster:
    """Groups merged so far: the one with the most text, their feeds, and the sum of their vectors."""

    def __init__(self, group: Group, terms: Terms) -> None:
        self.centre = group
        self.feeds = {group.lead.feed.url}
        self.groups = [group]
        self._terms = terms
        self._sum: dict[str, float] | None = None
        self._square = 1.0

    @property
    def vector(self) -> Mapping[str, float]:
        return self._terms.of(self.centre.index) if self._sum is None else self._sum

    def agrees(self, other: _Cluster, link: Link) -> bool:
        if len(self.groups) == len(other.groups) == 1:  # the link says so itself
            return True
        return self._resembles(other, link) and not self._is_apart(other, link)

    def _resembles(self, other: _Cluster, link: Link) -> bool:
        if {self.centre.index, other.centre.index} == {link.a, link.b}:
            return True
        if link.rank == 2:
            return self._is_like(other, link.asked)
        return jaccard(self.centre.print, other.centre.print) >= rules.RELATED

    def _is_apart(self, other: _Cluster, link: Link) -> bool:
        """Any of ours and any of theirs; of a big event, where numbers differ anyway, the two that stand for it."""
        are_few = len(self.groups) * len(other.groups) <= _FEW_PAIRS
        pairs = product(self.groups, other.groups) if are_few else ((self.centre, other.centre),)
        if link.rank == 2:
            return any(rules.are_told_apart(ours, theirs) for ours, theirs in pairs)
        same = link.rule == "same text"
        return any(rules.are_apart(ours, theirs, is_same_text=same) for ours, theirs in pairs)

    def _is_like(self, other: _Cluster, asked: float) -> bool:
        if not self.feeds.isdisjoint(other.feeds):
            asked *= rules.ONE_FEED_FACTOR
        return dot(self.vector, other.vector) >= asked * math.sqrt(self._square * other._square)

    def take_in(self, other: _Cluster) -> None:
        self._square += other._square + 2 * dot(self.vector, other.vector)
        total = dict(self.vector) if self._sum is None else self._sum
        for term, value in other.vector.items():
            total[term] = total.get(term, 0.0) + value
        self._sum = total
        self.centre = min(self.centre, other.centre, key=lambda group: (-len(group.text), group.index))
        self.feeds |= other.feeds
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
