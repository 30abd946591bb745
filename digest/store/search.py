"""Full-text search: FTS5 on SQLite, a tsvector on PostgreSQL, both fed with the words of text.search_text.

Neither database knows where a Chinese word begins, so that Python cuts: pairs of characters, found as phrases.
PostgreSQL's own parser is passed by, since what it takes for a word hangs on the server's locale.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, select, text

from digest.model import Candidate
from digest.store import entries
from digest.store.columns import Moment
from digest.store.engine import AnyRow, chunks
from digest.store.rows import article, article_key, entry
from digest.text import SearchTerm, cut, folded, search_query, search_text

_MAX_WORDS = 16_000
"""Of one entry: a tsvector knows positions up to 16,383. About 40 printed pages."""
_MAX_CHARACTERS = 60_000
_LONGEST_WORD = 100
"""Characters; beyond are base64 and hashes, and a tsvector takes 2,046 bytes a word."""

_BEFORE = 30
_SNIPPET_WIDTH = 160

_BREAKS = re.compile(
    r"(?i)</?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|h[1-6]|hr|img|li|ol|p|pre|"
    r"section|table|td|th|tr|ul)\b(?:\"[^\"]*\"|[^\">])*>"
)
_TAGS = re.compile(r"</?[a-zA-Z](?:\"[^\"]*\"|[^\">])*>")


def index(c: Connection, ids: Collection[int]) -> None:
    """Writes anew what can be found of these entries: their own words and their article's."""
    article_of = article_key.c.key == entry.c.subject
    # Of an entry's own words and its own article's, which are mostly the same, the article's are enough.
    is_own = entry.c.key == entry.c.subject
    own = case(
        (is_own & (article.c.text != ""), ""), (entry.c.content != "", entry.c.content), else_=entry.c.summary
    )
    query = (
        select(entry.c.id, entry.c.title, own, article.c.title, article.c.text)
        .outerjoin(article_key, article_of)
        .outerjoin(article, article.c.id == article_key.c.article_id)
    )
    for chunk in chunks(sorted(ids), 100):
        rows = c.execute(query.where(entry.c.id.in_(chunk), entry.c.purged.is_(False)))
        _write(c, [_document(row) for row in rows])


def remove(c: Connection, ids: Sequence[int]) -> None:
    column = "rowid" if c.dialect.name == "sqlite" else "entry_id"
    for chunk in chunks(ids):
        statement = text(f"DELETE FROM entry_search WHERE {column} IN :ids")  # noqa: S608
        c.execute(statement.bindparams(bindparam("ids", expanding=True)), {"ids": chunk})


def _document(row: AnyRow) -> dict[str, Any]:
    number, title, own, article_title, article_text = row
    body = f"{article_title or ''}\n{_plain(own)}\n{article_text or ''}"
    return {"id": number, "title": _words(title), "body": _words(body)}


def _plain(markup: str) -> str:
    """The words of sanitised HTML: inline tags don't part a word, others do."""
    return html.unescape(_TAGS.sub("", _BREAKS.sub("\n", markup)))


def _words(plain: str) -> list[str]:
    return [word[:_LONGEST_WORD] for word in search_text(plain[:_MAX_CHARACTERS]).split()[:_MAX_WORDS]]


def _write(c: Connection, documents: list[dict[str, Any]]) -> None:
    if not documents:
        return
    remove(c, [one["id"] for one in documents])
    if c.dialect.name == "sqlite":
        statement = "INSERT INTO entry_search (rowid, title, body) VALUES (:id, :title, :body)"
        rows = [one | {"title": " ".join(one["title"]), "body": " ".join(one["body"])} for one in documents]
    else:
        statement = (
            "INSERT INTO entry_search (entry_id, document) VALUES (:id, CAST(:document AS tsvector))"
            " ON CONFLICT (entry_id) DO UPDATE SET document = excluded.document"
        )
        rows = [{"id": one["id"], "document": _vector(one["title"], one["body"])} for one in documents]
    c.execute(text(statement), rows)


def _vector(title: Sequence[str], body: Sequence[str]) -> str:
    """A tsvector as PostgreSQL writes it: 'word':1A,7 with the title's places weighing A."""
    places: dict[str, list[str]] = {}
    for place, word in enumerate(title, start=1):
        places.setdefault(word, []).append(f"{place}A")
    for place, word in enumerate(body, start=len(title) + 2):  # a gap, so that no phrase spans both
        places.setdefault(word, []).append(str(place))
    return " ".join(f"'{word}':{','.join(at)}" for word, at in places.items())


# --- finding --------------------------------------------------------------------------------------


def matching(c: Connection, words: str, since: datetime | None, limit: int) -> list[tuple[Candidate, str]]:
    wanted = search_query(words)
    found = entries.by_ids(c, _find(c, wanted, since, limit))
    return [(one, _snippet(one, wanted)) for one in found]


def _find(c: Connection, wanted: Sequence[SearchTerm], since: datetime | None, limit: int) -> list[int]:
    """Ids of entries that hold all terms and none of the excluded, best first, then newest."""
    if all(term.is_excluded for term in wanted):
        return []
    if c.dialect.name == "sqlite":
        expression = _fts_expression(wanted)
        source = "entry_search JOIN entry ON entry.id = entry_search.rowid WHERE entry_search MATCH :query"
        order = "bm25(entry_search, 4.0, 1.0)"
    else:
        expression = _ts_expression(wanted)
        source = (
            "entry_search JOIN entry ON entry.id = entry_search.entry_id"
            " WHERE document @@ CAST(:query AS tsquery)"
        )
        order = "ts_rank_cd(document, CAST(:query AS tsquery)) DESC"
    filters = " AND entry.at >= :since" if since is not None else ""
    statement = text(
        f"SELECT entry.id FROM {source}{filters} ORDER BY {order}, entry.at DESC, entry.id DESC LIMIT :limit"  # noqa: S608
    )
    values: dict[str, Any] = {"query": expression, "limit": limit}
    if since is not None:
        statement = statement.bindparams(bindparam("since", type_=Moment()))
        values["since"] = since
    return [row.id for row in c.execute(statement, values)]


def _fts_expression(wanted: Sequence[SearchTerm]) -> str:
    def phrase(term: SearchTerm) -> str:
        return f'"{" ".join(_cut_words(term))}"' + ("*" if term.is_prefix else "")

    found = " AND ".join(phrase(term) for term in wanted if not term.is_excluded)
    excluded = "".join(f" NOT {phrase(term)}" for term in wanted if term.is_excluded)
    return f"({found}){excluded}"


def _ts_expression(wanted: Sequence[SearchTerm]) -> str:
    def phrase(term: SearchTerm) -> str:
        quoted = " <-> ".join(f"'{word}'" for word in _cut_words(term)) + (":*" if term.is_prefix else "")
        return f"!({quoted})" if term.is_excluded else f"({quoted})"

    return " & ".join(phrase(term) for term in wanted)


def _cut_words(term: SearchTerm) -> list[str]:
    return [word[:_LONGEST_WORD] for word in term.words]


def _snippet(one: Candidate, wanted: Sequence[SearchTerm]) -> str:
    """The words around the first find, as they stand in the entry or its article; else how the text begins."""
    words = [term.words[0] for term in wanted if not term.is_excluded]
    texts = [_plain(one.entry.content or one.entry.summary), one.article.text if one.article else ""]
    lines = [" ".join(plain[:_MAX_CHARACTERS].split()) for plain in texts]
    for line in lines:
        for form in (line.lower(), folded(line)):  # the folded one may be longer; near enough for a window
            places = [place for word in words if (place := form.find(word)) >= 0]
            if places:
                return _window(line, min(places))
    return cut(lines[0] or lines[1], _SNIPPET_WIDTH)


def _window(line: str, place: int) -> str:
    start = max(0, place - _BEFORE)
    if start:
        space = line.find(" ", start, place)
        start = space + 1 if space >= 0 else start
    return ("…" if start else "") + cut(line[start:], _SNIPPET_WIDTH)
