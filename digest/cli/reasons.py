"""The commands that give reasons: why, and stories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import app
from digest.cli.look import entry_as_json, title_of
from digest.cli.place import HERE, Folder, Json, Place, Week, emit, local, moment, now, place, say

if TYPE_CHECKING:
    from digest.model import Candidate, Decision, Evidence, Scored


@app.command()
def stories(week: Week = None, folder: Folder = HERE, as_json: Json = False) -> None:
    """List what was folded in a week, for a look: each story of several entries, and why each entry is in it.

    Folds anew with today's settings. A wrong fold is undone with an address under `split` in digest.toml's
    [stories], a missing one made with `join`; then `digest draft --again`.

    \b
    Example:  digest stories 2026-W47
    """
    from digest import publish

    here = place(folder)
    chosen = here.week(week)
    with here.store() as store:
        desk, record = here.desk(store), store.issue(chosen)
        found = publish.reading(desk, chosen, record.cut_at if record else now())
    folds = sorted((one for one in found.stories if one.story.others), key=_surest_last)
    if as_json:
        coverage = found.coverage
        emit(
            {
                "week": chosen,
                "entries": coverage.entries,
                "stories": coverage.stories,
                "folds": [_fold_as_json(one, found.seen) for one in folds],
            }
        )
        return
    say(
        f"{chosen}: {found.coverage.entries} entries are {found.coverage.stories} stories; folded, the least sure first:"
    )
    for one in folds:
        for line in _fold_lines(one, found.seen, here.config.digest.timezone):
            say(line)


def _surest_last(one: Scored) -> tuple[float, str]:
    """A curator looks for mistakes: they are where the evidence is weakest."""
    return (min(evidence.score for evidence in one.story.evidence), one.story.key)


def _fold_as_json(one: Scored, seen: Mapping[str, str]) -> dict[str, Any]:
    story = one.story
    return {
        "story": story.key,
        "verdict": one.verdict,
        "seen_in": seen.get(story.key, ""),
        "lead": _member_as_json(story.lead),
        "others": [
            _member_as_json(other) | _evidence_as_json(evidence)
            for other, evidence in zip(story.others, story.evidence, strict=True)
        ],
    }


def _member_as_json(candidate: Candidate) -> dict[str, Any]:
    return {
        "entry": candidate.entry_id,
        "url": candidate.entry.url,
        "title": title_of(candidate),
        "feed": candidate.feed.url,
        "feed_title": candidate.feed_title,
        "at": moment(candidate.at),
    }


def _evidence_as_json(evidence: Evidence) -> dict[str, Any]:
    return {
        "entry": evidence.entry_id,
        "rule": evidence.rule,
        "score": evidence.score,
        "detail": evidence.detail,
    }


def _fold_lines(one: Scored, seen: Mapping[str, str], timezone: str) -> list[str]:
    story = one.story
    before = f"  (seen in {seen[story.key]})" if story.key in seen else ""
    lines = ["", f"{title_of(story.lead)}{before}", f"  {_who(story.lead, timezone)}"]
    for other, evidence in zip(story.others, story.evidence, strict=True):
        lines.append(f"  + {_who(other, timezone)}")
        if (title := title_of(other)) != title_of(story.lead):
            lines.append(f"    “{title}”")
        lines.append(f"    {_ground(_evidence_as_json(evidence))}")
    return lines


def _who(candidate: Candidate, timezone: str) -> str:
    return f"{local(candidate.at, timezone)}  {candidate.feed_title}  {candidate.entry.url}"


def _ground(evidence: Mapping[str, Any]) -> str:
    return f"{evidence['rule']} {evidence['score']:.2f}: {evidence['detail']}"


@app.command()
def why(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of an article, a post, a paper or a feed.")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Where an address stands: fetched, stored, its story, tags and score, its issue, or where it fell out.

    \b
    Example:  digest why https://arxiv.org/abs/2305.18290
    """
    from digest.urls import canonical_url

    here = place(folder)
    key = canonical_url(url)
    with here.store() as store:
        feed = store.feed(url)
        found = store.find([key])
        article = store.articles([key]).get(key)
        decisions = store.decisions(keys=[key], entry_ids=[c.entry_id for c in found])
        ids = {number for decision in decisions for number in decision.entry_ids}
        members = {number: one for number in sorted(ids) if (one := store.entry(number))}
        document = {
            "url": url,
            "key": key,
            "feed": None if feed is None else _feed_as_json(feed),
            "entries": [
                {**entry_as_json(c, ()), "week": _week_of(here, c.at), "tags": _reasons(c, here)}
                for c in found
            ],
            "article": None
            if article is None
            else {
                "title": article.title,
                "origin": article.origin,
                "error": article.error,
                "characters": len(article.text),
            },
            "decisions": [_decision_as_json(d, members) for d in decisions],
            "asked": [c.entry_id for c in found],
        }
    document["verdict"] = _verdict(document, here)
    if as_json:
        emit(document)
        return
    for line in _why_lines(document, here.config.digest.timezone):
        say(line)


def _week_of(here: Place, at: datetime) -> str:
    from digest import schedule

    return schedule.week_of(at, here.config.digest.week_ends, here.config.digest.timezone)


def _reasons(candidate: Candidate, here: Place) -> list[dict[str, Any]]:
    from digest.model import Story
    from digest.topics import tagged

    matches = tagged(Story(candidate.key, candidate), here.topics(), own_handle=here.config.digest.handle)
    return [{"tag": m.tag, "origin": m.origin, "reason": m.reason} for m in matches]


def _feed_as_json(record: Any) -> dict[str, Any]:
    state = record.state
    return {
        "url": record.feed.url,
        "polled": moment(state.polled_at),
        "ok": moment(state.ok_at),
        "error": state.error,
        "due": moment(state.due_at),
        "due_reason": state.due_reason,
        "entries": record.entries,
    }


def _decision_as_json(decision: Decision, members: Mapping[int, Candidate]) -> dict[str, Any]:
    folded = {evidence.entry_id: evidence for evidence in decision.evidence}
    lead = next((members[n] for n in decision.entry_ids if n not in folded and n in members), None)
    return {
        "week": decision.week,
        "story": decision.key,
        "title": decision.title,
        "score": decision.score,
        "parts": dict(decision.parts),
        "tags": [{"tag": t.tag, "origin": t.origin, "reason": t.reason} for t in decision.tags],
        "section": decision.section,
        "verdict": decision.verdict,
        "entries": list(decision.entry_ids),
        "lead": _member_as_json(lead) if lead else None,
        "evidence": [
            (_member_as_json(members[number]) if number in members else {}) | _evidence_as_json(evidence)
            for number, evidence in folded.items()
        ],
    }


def _verdict(document: dict[str, Any], here: Place) -> str:
    """The one line that answers the question."""
    if decisions := document["decisions"]:
        last = decisions[0]
        return f"{last['week']}: {last['verdict']}"
    if entries := document["entries"]:
        return f"stored, in no draft yet: belongs to {entries[0]['week']}"
    if feed := document["feed"]:
        return f"a feed: {feed['error'] or 'polled without error'}"
    if document["article"]:
        return "only its text is stored; no entry leads to it now"
    return "never seen: no subscribed feed brought it"


def _why_lines(document: dict[str, Any], timezone: str) -> list[str]:
    def when(text: str | None) -> str:
        return local(datetime.fromisoformat(text), timezone) if text else "never"

    lines = [document["verdict"], f"  identity  {document['key']}"]
    if feed := document["feed"]:
        lines.append(
            f"  feed      polled {when(feed['polled'])}, {feed['entries']} entries; next {when(feed['due'])} ({feed['due_reason']})"
        )
    for entry in document["entries"]:
        how = f", pointing at {entry['mentions']}" if entry["mentions"] else ""
        lines.append(f"  entry {entry['id']:<4} {entry['feed_title']}: {entry['title']}{how}")
        lines.append(f"            first seen {when(entry['first_seen'])}, week {entry['week']}")
        lines += [f"            #{t['tag']}: {t['reason']}" for t in entry["tags"]]
    if article := document["article"]:
        failed = f", because: {article['error']}" if article["error"] else ""
        lines.append(f"  text      {article['characters']} characters from the {article['origin']}{failed}")
    for decision in document["decisions"]:
        parts = " ".join(f"{name} {value:+.2f}" for name, value in decision["parts"].items())
        lines.append(f"  {decision['week']}  {decision['verdict']}; story {decision['story']}")
        lines.append(f"            score {decision['score']:.2f} = {parts}")
        lines += [f"            #{t['tag']}: {t['reason']}" for t in decision["tags"]]
        lines += [f"            {line}" for line in _story_lines(decision, document["asked"])]
    return lines


def _story_lines(decision: Mapping[str, Any], asked: list[int]) -> list[str]:
    """Of a story of several entries: who leads it, and by what each other one came in; "here" is what was asked for."""
    lead = decision["lead"]
    if not decision["evidence"]:
        return []
    lines = [f"led by {lead['feed_title']}: {lead['url']}{_here(lead, asked)}"] if lead else []
    for one in decision["evidence"]:
        who = f"{one['feed_title']}: {one['url']}" if "url" in one else f"entry {one['entry']}, purged since"
        lines.append(f"folded: {who}{_here(one, asked)}")
        lines.append(f"        {_ground(one)}")
    return lines


def _here(member: Mapping[str, Any], asked: list[int]) -> str:
    return "  <- here" if member["entry"] in asked and len(asked) == 1 else ""
