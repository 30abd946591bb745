"""Which entry of a feed an item is: the same one as at an earlier poll, or a new one.

Feeds break every single key: guids that change at each poll, links with a changing parameter, one guid for five
items, a domain that moved. So an item is matched with what is known by one key after another, the strongest first,
and a key decides only where it names exactly one item here and one entry there: merging two entries loses news.
Nothing here depends on the order of the items. Entries of different feeds are never compared (see dedup.py).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, count
from typing import Protocol, TypeVar

from digest.model import Entry, Known
from digest.urls import canonical_url

_SHARED = re.compile(r"(.+)\|[0-9a-f]{12}", re.DOTALL)
"""The id of an item whose guid is not its own: the guid, and a hash of what tells it from its siblings."""

_SITE_ROOT = re.compile(r"https?://[^/?#]*/?")
_AFTER_HOST = re.compile(r"https?://[^/?#]*(/.*)", re.DOTALL)
_Name = TypeVar("_Name")
_Value = TypeVar("_Value")

_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Identifiable(Protocol):
    """What an Entry shows, and what a reader knows of an item before it makes an Entry of it."""

    @property
    def id(self) -> str:
        """The feed's own guid, "" without one."""

    @property
    def url(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def content_hash(self) -> str: ...
    @property
    def published(self) -> datetime | None: ...
    @property
    def updated(self) -> datetime | None: ...


@lru_cache(maxsize=4096)
def link_key(url: str) -> str:
    """canonical_url, "" for none; remembered, since one poll asks for each link more than once."""
    return canonical_url(url) if url else ""


def identified(entries: Sequence[Entry], known: Mapping[str, Known]) -> tuple[Entry, ...]:
    """The entries under the ids that they keep between polls, in their order, repetitions left out.

    Comes with the feed's own guid as `id`, "" without one. `known` maps ids to what the store holds of this feed.
    """
    ids = identities(entries, known)
    return tuple(replace(entry, id=id) for entry, id in zip(entries, ids, strict=True) if id is not None)


def identities(entries: Sequence[Identifiable], known: Mapping[str, Known]) -> tuple[str | None, ...]:
    """The id of each entry; None where the document gives an entry twice and the other one is newer or first."""
    items = [_Item(entry) for entry in entries]
    kept = _without_repetitions(items, entries)
    _mark_shared([items[i] for i in kept], known)
    found = _matched({i: items[i] for i in kept}, known) if known else {}
    twins = Counter(_shared_id(items[i]) for i in kept if not items[i].own)
    taken = frozenset(found.values())
    for i in kept:
        if i not in found:
            found[i] = _new_id(items[i], twins, taken)
    return tuple(found.get(i) for i in range(len(items)))


class _Item:
    """What identity needs of one item. `own` is False when the guid does not single it out."""

    __slots__ = ("_title", "guid", "has_guid", "hash", "own", "url")

    def __init__(self, item: Identifiable) -> None:
        self.url = item.url
        self._title = item.title
        self.hash = item.content_hash
        self.guid = _own_form(item.id.strip())
        self.has_guid = bool(self.guid)
        self.own = self.has_guid or self.is_page
        if not self.has_guid:
            self.guid = self.link or f"text:{_short_hash(self.title or self.hash)}"

    @property
    def link(self) -> str:
        """Worked out when it is asked for: most items are settled by their guid, and this is the expensive part."""
        return link_key(self.url)

    @property
    def title(self) -> str:
        return _words(self._title)

    @property
    def is_page(self) -> bool:
        """The link leads to a page of the item's own, as far as an address can tell: no site root, no fragment."""
        return bool(self.link) and not _SITE_ROOT.fullmatch(self.link) and "#" not in self.url


def _own_form(guid: str) -> str:
    """The guid as it is kept.

    arXiv's holds the version (oai:arXiv.org:2305.18290v3, or the abs address): one paper is one entry.
    One that looks like our own mark of a shared guid is marked off from it.
    """
    if "arxiv" in guid.lower() and (paper := canonical_url(guid)).startswith("arxiv:"):
        return paper
    return f"{guid}|" if _SHARED.fullmatch(guid) else guid


def _words(title: str) -> str:
    return " ".join(title.casefold().split())


def _short_hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _without_repetitions(items: Sequence[_Item], entries: Sequence[Identifiable]) -> list[int]:
    """Indexes of the items that stay: of those with the same guid, link and title the newest, else the first.

    RFC 4287, 4.1.1: entries with the same id in one document are the same entry at different times.
    Without a guid the content has to agree too: a feed of notes without links has many of one title.
    """
    groups: dict[str, list[int]] = {}
    for i, item in enumerate(items):
        groups.setdefault(item.guid, []).append(i)
    best: dict[tuple[str, ...], int] = {}
    for guid, members in groups.items():
        if len(members) == 1:
            best[(guid,)] = members[0]
            continue
        have_guids = all(items[i].has_guid for i in members)
        for i in members:
            key: tuple[str, ...] = (guid,)
            if not guid.startswith("arxiv:"):
                key = (guid, items[i].link, items[i].title, "" if have_guids else items[i].hash)
            other = best.setdefault(key, i)
            if _age(entries[i]) > _age(entries[other]):
                best[key] = i
    return sorted(best.values())


def _age(entry: Identifiable) -> tuple[datetime, str, str, str]:
    """What is newer; where that is not said, something that does not depend on the order."""
    moment = entry.updated or entry.published or _BEGINNING
    return (moment, entry.content_hash, entry.title, entry.url)


def _mark_shared(items: Sequence[_Item], known: Mapping[str, Known]) -> None:
    shared = {match[1] for id in known if (match := _SHARED.fullmatch(id))}
    seen: set[str] = set()
    for item in items:
        if item.guid in seen:
            shared.add(item.guid)
        seen.add(item.guid)
    for item in items:
        item.own = item.own and item.guid not in shared


def _matched(items: Mapping[int, _Item], known: Mapping[str, Known]) -> dict[int, str]:
    """Known ids by index of the item, each used once."""
    found = {i: item.guid for i, item in items.items() if item.own and item.guid in known}
    used = set(found.values())
    for of_item, of_known in _KEYS:
        if len(found) == len(items) or len(used) == len(known):
            break
        ours = _only(items, of_item)
        theirs = _only(known, of_known)
        for key in ours.keys() & theirs.keys():
            if ours[key] not in found and theirs[key] not in used:
                found[ours[key]] = theirs[key]
                used.add(theirs[key])
    return found


def _only(values: Mapping[_Name, _Value], key_of: Callable[[_Value], str]) -> dict[str, _Name]:
    """Names by key, as far as the key belongs to one of all of them."""
    seen: dict[str, _Name | None] = {}
    for name, value in values.items():
        if key := key_of(value):
            seen[key] = None if key in seen else name
    return {key: name for key, name in seen.items() if name is not None}


def _new_id(item: _Item, twins: Mapping[str, int], taken: frozenset[str]) -> str:
    """The guid, marked with what singles the item out where the guid does not; never an id that another keeps."""
    if item.own:
        return item.guid
    short = _shared_id(item)
    longer = (_shared_id(item, item.hash, *("again",) * n) for n in count())
    marked = longer if twins[short] > 1 else chain((short,), longer)
    return next(id for id in marked if id not in taken)


def _shared_id(item: _Item, *more: str) -> str:
    return f"{item.guid}|{_short_hash(item.link, item.title, *more)}"


# --- keys, the strongest first: what to compare of an item, and of a known entry; "" is no key -----


def _shared_guid(id: str) -> str:
    match = _SHARED.fullmatch(id)
    return match[1] if match else id


def _joined(*parts: str) -> str:
    return "\n".join(parts) if all(parts) else ""


def _address(guid: str) -> str:
    """The guid as an identity when it is an address: https and the new tracking parameter change nothing."""
    return canonical_url(guid) if guid.startswith(("http://", "https://")) else ""


def _moved(link: str, title: str) -> str:
    """Path and title: all that stays when a site moves to another domain."""
    match = _AFTER_HOST.fullmatch(link)
    return _joined(match[1] if match and match[1] != "/" else "", title)


_KEYS: tuple[tuple[Callable[[_Item], str], Callable[[Known], str]], ...] = (
    (
        lambda item: "" if item.own else _joined(item.guid, item.hash),
        lambda known: _joined(_shared_guid(known.id), known.content_hash),
    ),
    (lambda item: "" if item.own else _shared_id(item), lambda known: known.id),
    (
        lambda item: _joined(item.guid, item.link) if item.has_guid and not item.own and item.is_page else "",
        lambda known: _joined(_shared_guid(known.id), known.link_key),
    ),
    (
        lambda item: "" if item.own else _joined(item.guid, item.title),
        lambda known: _joined(_shared_guid(known.id), _words(known.title)),
    ),
    (
        lambda item: _joined(item.link, item.title),
        lambda known: _joined(known.link_key, _words(known.title)),
    ),
    (lambda item: item.link if item.is_page and item.own else "", lambda known: known.link_key),
    (lambda item: _address(item.guid) if item.own else "", lambda known: _address(known.id)),
    (
        lambda item: _moved(item.link, item.title) if item.own else "",
        lambda known: _moved(known.link_key, _words(known.title)),
    ),
)
