"""Full-text search, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_values import DAY, NOW, an_article, an_entry, poll

from digest.model import Candidate
from digest.store import Store

ENTRIES = (
    an_entry(1, title="大语言模型的推理", content="<p>谈谈<b>思维</b>链与<i>rea</i>soning。</p>"),
    an_entry(
        2, title="Direct Preference Optimization", content="<p>Your model is secretly a reward model</p>"
    ),
    an_entry(
        3,
        title="周末随笔",
        content="<p>今天没有模型，只有咖啡。</p><p>一</p><p>带</p>",
        published=NOW - 9 * DAY,
    ),
    an_entry(
        4,
        title="Notes on C++ and state-of-the-art",
        content="<p>see https://t.me/s/chan 3.14 &amp; R&amp;D</p>",
    ),
)


FINDS = {
    "模型": {1, 3},
    "推理": {1},
    "大语言模型": {1},
    "語言": {1, 4},
    "思维链": {1},
    "咖啡": {3},
    "啡": {3},
    "型的": {1},
    "一带": set(),
    "reasoning": {1},
    "REWARD model": {2},
    '"reward model"': {2},
    '"model reward"': set(),
    "prefer*": {2},
    "prefer": set(),
    "模型 -咖啡": {1},
    "-模型": set(),
    "state-of-the-art": {4},
    "state": {4},
    "chan": {4},
    "café": {4},
    "模型 reward": set(),
    "": set(),
    "??? !!": set(),
}
"""What a user types, and the numbers of the entries that hold it."""


def search(store: Store, words: str, **options: Any) -> list[tuple[Candidate, str]]:
    """As `digest search` does it: first what is new is made searchable."""
    while store.index():
        pass
    return store.search(words, **options)


@pytest.fixture
def filled(store: Store) -> Store:
    poll(store, *ENTRIES, articles=(an_article(4, title="", text="See chan. Ein Café. 語言學習"),))
    return store


def test_words_find_entries(filled: Store) -> None:
    numbers = {an_entry(number).id: number for number in range(1, 5)}
    assert {words: {numbers[one.entry.id] for one, _ in search(filled, words)} for words in FINDS} == FINDS


def test_what_came_is_noted_and_made_searchable_bit_by_bit(store: Store) -> None:
    poll(store, *(an_entry(n, title=f"Agents {n}") for n in range(5)))
    assert (store.unindexed(), store.search("agents")) == (5, [])
    assert [store.index(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert (store.unindexed(), len(store.search("agents"))) == (0, 5)
    poll(store, an_entry(1, title="Agents 1"), an_entry(2, title="Models", content_hash="edited"))
    assert store.unindexed() == 1
    assert len(search(store, "agents")) == 4


def test_what_was_purged_before_it_was_indexed_is_not_found(store: Store) -> None:
    poll(store, an_entry(1, title="Agents", published=NOW - 40 * DAY), now=NOW - 40 * DAY)
    assert store.purge(NOW - DAY) == 1
    assert search(store, "agents") == []


def test_a_find_in_the_title_comes_first(store: Store) -> None:
    poll(
        store,
        an_entry(1, title="Other", content="<p>about agents</p>"),
        an_entry(2, title="Agents", content="x"),
    )
    assert [one.entry.title for one, _ in search(store, "agents")] == ["Agents", "Other"]


def test_search_takes_a_time_and_a_limit(filled: Store) -> None:
    assert [one.entry.title for one, _ in search(filled, "模型", since=NOW - DAY)] == ["大语言模型的推理"]
    assert len(search(filled, "模型", limit=1)) == 1


def test_the_excerpt_shows_the_words_where_they_stand(store: Store) -> None:
    long = "开头的话。" * 100 + "这里说到了扩散模型的训练。" + "后来的话。" * 100
    poll(store, an_entry(1, content=f"<p>{long}</p>"))
    ((_, excerpt),) = search(store, "扩散模型")
    assert "说到了扩散模型的训练" in excerpt
    assert excerpt.startswith("…") and excerpt.endswith("…") and len(excerpt) < 100


def test_a_find_in_the_title_shows_how_the_text_begins(filled: Store) -> None:
    assert [excerpt for _, excerpt in search(filled, "推理")] == ["谈谈思维链与reasoning。"]


def test_what_is_edited_is_found_by_its_new_words_only(filled: Store) -> None:
    poll(filled, an_entry(3, title="周末随笔", content="<p>只有茶叶。</p>", content_hash="edited"))
    assert search(filled, "咖啡") == []
    assert len(search(filled, "茶叶")) == 1


def test_an_article_that_comes_later_is_found_through_its_entries(filled: Store) -> None:
    poll(filled, an_entry(8, title="好文", content="", via_url="https://paper.example/1"))
    assert search(filled, "稀疏注意力") == []
    paper = an_article(
        0, key="https://paper.example/1", text="谈谈稀疏注意力。", aliases=("https://p.example/",)
    )
    filled.save_articles([paper], NOW)
    ((one, excerpt),) = search(filled, "稀疏注意力")
    assert (one.entry.title, excerpt) == ("好文", "谈谈稀疏注意力。")
    poll(filled, an_entry(9, title="同上", content="", via_url="https://p.example/"))
    assert {one.entry.title for one, _ in search(filled, "稀疏注意力")} == {"好文", "同上"}


def test_endless_words_and_texts_are_indexed_as_far_as_they_fit(store: Store) -> None:
    content = "<p>" + "x" * 5000 + " " + "词语" * 40_000 + "</p>"
    poll(store, an_entry(1, content=content), an_entry(2, content="a " * 50_000))
    assert len(search(store, "词语")) == 1
    assert len(search(store, "x" * 5000)) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=30) | st.text(alphabet="\"“”'*-()&|!<>:\\ ANDORNOT模型a", max_size=30))
def test_no_query_breaks_the_search(filled: Store, words: str) -> None:
    search(filled, words)
