"""Stories: which entries tell of one thing, by identity first and by their words second, each fold with its reason.

Pure and deterministic: the order of the candidates does not matter. Precision comes before recall, because a
wrong fold hides news: a text rule never joins two papers, two numbers of a series, or by itself two entries of one
feed under different titles, and what joins a story must resemble the story as it stands, not just one member.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

from digest.dedup import groups as texts
from digest.dedup.clusters import Forest, clusters
from digest.dedup.copies import REPETITIONS, marks_of, near_identical
from digest.dedup.fingerprints import Fingerprint, fingerprint, jaccard
from digest.dedup.groups import Group, Link
from digest.dedup.retellings import same_story
from digest.dedup.series import LIKE_TITLES, are_editions, numbering, title_likeness
from digest.languages import language as language_of
from digest.model import Candidate, Evidence, Story
from digest.urls import canonical_url

__all__ = [
    "SAME_STORY_WINDOW",
    "Fingerprint",
    "fingerprint",
    "is_repetition",
    "jaccard",
    "keys",
    "repeated",
    "stories",
]

SAME_STORY_WINDOW = timedelta(hours=72)


def stories(
    candidates: Sequence[Candidate],
    *,
    split: Sequence[str] = (),
    join: Sequence[Sequence[str]] = (),
    window: timedelta = SAME_STORY_WINDOW,
    language: str = "",
    threshold: float | None = None,
) -> tuple[Story, ...]:
    """The candidates folded into stories, in order of their leads' time.

    `split` names addresses that stand alone: a post there is its own story, an article there keeps its mentions
    but no text rule folds it. Each row of `join` names addresses that are one story. `language` is the curator's,
    preferred for leads. Fingerprints kept with the articles are used, missing ones made. With a `threshold` the
    same-story rule asks for that likeness and nothing else, for measuring.
    """
    ordered = sorted(candidates, key=lambda candidate: (candidate.at, candidate.entry_id))
    alone = {canonical_url(address) for address in split}
    joined = [[canonical_url(address) for address in row] for row in join]
    groups = [
        _group(index, members, alone, language)
        for index, members in enumerate(_by_identity(ordered, alone, joined))
    ]
    texts.read(groups)
    terms = texts.terms_of(groups)
    links = [*near_identical(groups), *same_story(groups, terms, window, threshold)]
    merged, held = clusters(groups, terms, links, window)
    by_group: dict[int, list[Link]] = defaultdict(list)
    for link in held:
        by_group[link.a].append(link)
        by_group[link.b].append(link)
    found = [_story(groups, members, by_group, language) for members in merged]
    return tuple(sorted(found, key=lambda story: (story.lead.at, story.lead.entry_id)))


def repeated(found: Sequence[Story], earlier: Sequence[Candidate]) -> dict[str, Candidate]:
    """By the keys of `found` the earlier entry whose text one of the story's members repeats nearly word for word.

    Time plays no part, so `earlier` should hold what may matter and no more: what recent issues carried.
    """
    known = {mark for one in earlier for mark in marks_of(texts.print_of(one))}
    ours = [
        (story, member)
        for story in found
        for member in story.members
        if not member.target and not known.isdisjoint(marks_of(texts.print_of(member)))
    ]
    groups = [Group(index, [one], one) for index, one in enumerate([*(m for _, m in ours), *earlier])]
    texts.read(groups)
    back: dict[str, Candidate] = {}
    for link in near_identical(groups):
        if link.a < len(ours) <= link.b:
            back.setdefault(ours[link.a][0].key, earlier[link.b - len(ours)])
    return back


def is_repetition(evidence: Evidence) -> bool:
    """Whether the entry says the same in the same words, and adds nothing of its own."""
    return evidence.rule in REPETITIONS


def _group(index: int, members: list[Candidate], alone: set[str], language: str) -> Group:
    lead = _lead(members, language)
    return Group(index, members, lead, is_alone=bool(alone & {key for c in members for key in keys(c)}))


def keys(candidate: Candidate) -> list[str]:
    """The identities of what a candidate tells of, its own address first."""
    found = [candidate.key]
    if candidate.target:
        found.append(candidate.target)
    if candidate.article is not None:
        found += [candidate.article.key, *candidate.article.aliases]
    if (post := candidate.entry.post) is not None:
        channel, _, first = candidate.key.rpartition("/")
        if len(post.message_ids) > 1 and first.isdecimal():  # an album's members have addresses of their own
            found += [f"{channel}/{member}" for member in post.message_ids]
        if post.forward is not None:
            found.append(canonical_url(post.forward.url))
    return list(dict.fromkeys(key for key in found if key))


def _by_identity(
    candidates: Sequence[Candidate], alone: set[str], joined: Sequence[Sequence[str]]
) -> list[list[Candidate]]:
    shared = _shared_addresses(candidates)
    forest = Forest(len(candidates))
    holder: dict[str, int] = {}
    for index, candidate in enumerate(candidates):
        if candidate.target and candidate.key in alone:
            continue
        for key in keys(candidate):
            if key not in shared:
                forest.union(index, holder.setdefault(key, index))
    for row in joined:
        present = [holder[key] for key in row if key in holder]
        for index in present[1:]:
            forest.union(present[0], index)
    return [[candidates[index] for index in indices] for indices in forest.sets()]


def _shared_addresses(candidates: Sequence[Candidate]) -> set[str]:
    """Keys that one feed gives to entries under unlike titles (its home page, one page of release notes): they
    name the page, not the entry.
    """
    titles: dict[tuple[str, str], list[str]] = defaultdict(list)
    for candidate in candidates:
        if not candidate.target and candidate.entry.post is None:
            for key in keys(candidate):
                titles[candidate.feed.url, key].append(candidate.entry.title)
    return {
        key
        for (_, key), names in titles.items()
        if len(names) > 1
        and any(
            are_editions(numbering(names[0]), numbering(name)) or title_likeness(names[0], name) < LIKE_TITLES
            for name in names[1:]
        )
    }


# --- from groups to stories ------------------------------------------------------------------------


def _story(
    groups: Sequence[Group], indices: list[int], links: Mapping[int, list[Link]], language: str
) -> Story:
    members = [candidate for index in indices for candidate in groups[index].members]
    lead = _lead(members, language)
    others = sorted(
        (member for member in members if member.entry_id != lead.entry_id),
        key=lambda member: (member.at, member.entry_id),
    )
    reasons = _reasons(groups, indices, links, lead)
    return Story(
        texts.work_of(lead), lead, tuple(others), tuple(reasons[member.entry_id] for member in others)
    )


_FULL_SHARE = 0.6
"""A text this long beside the longest one counts as the full text."""


def _lead(members: Sequence[Candidate], language: str) -> Candidate:
    if len(members) == 1:  # most are
        return members[0]
    full = _FULL_SHARE * max((len(texts.words_of(m)) for m in members if not m.target), default=0)
    return min(members, key=lambda candidate: _lead_rank(candidate, full, language))


def _lead_rank(candidate: Candidate, full: float, language: str) -> tuple[object, ...]:
    """The smaller the better: what tells it itself before what points at it, full before teaser, then the earliest."""
    post = candidate.entry.post
    if candidate.target:
        is_plain = post is None or post.forward is None
        return 1, is_plain, -len(candidate.entry.content), candidate.at, candidate.entry_id
    return (
        0,
        post is not None,
        post is not None and post.forward is not None,
        not candidate.key.startswith(("arxiv:", "doi:")),
        len(texts.words_of(candidate)) < full,
        bool(language) and not _language_of(candidate).startswith(language[:2]),
        candidate.at,
        candidate.entry_id,
    )


def _language_of(candidate: Candidate) -> str:
    known = candidate.article.language if candidate.article is not None else candidate.entry.language
    return known or language_of(
        f"{texts.title_of(candidate)}\n{texts.words_of(candidate)[: texts.LEAD_CHARS]}"
    )


def _reasons(
    groups: Sequence[Group], indices: Sequence[int], links: Mapping[int, list[Link]], lead: Candidate
) -> dict[int, Evidence]:
    """Why each member is here: the identity it shares with its group, or the link by which its group came."""
    home = next(index for index in indices if lead in groups[index].members)
    arrived = _arrivals(home, links)
    found: dict[int, Evidence] = {}
    for index in indices:
        anchor = lead if index == home else groups[index].lead
        for member in groups[index].members:
            if index != home and member is anchor:
                link = arrived[index]
                detail = f"{link.detail} of “{groups[link.a if link.b == index else link.b].title}”"
                found[member.entry_id] = Evidence(member.entry_id, link.rule, link.score, detail)
            else:
                found[member.entry_id] = _identity_reason(member, anchor)
    return found


def _arrivals(home: int, links: Mapping[int, list[Link]]) -> dict[int, Link]:
    """For each group the link over which it is reached from `home`."""
    arrived: dict[int, Link] = {}
    reached = [home]
    for index in reached:
        for link in links.get(index, ()):
            other = link.b if link.a == index else link.a
            if other != home and other not in arrived:
                arrived[other] = link
                reached.append(other)
    return arrived


def _identity_reason(member: Candidate, anchor: Candidate) -> Evidence:
    common = [key for key in keys(member) if key in keys(anchor)]
    if not common:
        return Evidence(member.entry_id, "joined", 1.0, "over another member, or by the curator's join")
    if member.target and member.target in common:
        return Evidence(member.entry_id, "mention", 1.0, f"points at {member.target}")
    return Evidence(member.entry_id, "same address", 1.0, common[0])
