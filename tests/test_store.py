"""What the store promises, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from store_values import (
    BLOG,
    DAY,
    HOUR,
    NOW,
    OTHER,
    WEEK,
    a_decision,
    an_article,
    an_entry,
    an_issue,
    poll,
    state_of,
)

from digest.errors import StoreError, UsageError
from digest.model import Counter, Delivery, FeedState, Paper, Post, Profile, Reaction, ScheduleHints
from digest.store import Store, open_store

# --- feeds ----------------------------------------------------------------------------------------


def test_feeds_opml_decides_what_is_subscribed_and_in_which_order(store: Store) -> None:
    store.sync_feeds([BLOG, OTHER], NOW)
    poll(store, an_entry())
    store.sync_feeds([OTHER, replace(OTHER, url="https://third.example/")], NOW)
    assert [one.feed.url for one in store.feeds()] == [OTHER.url, "https://third.example/"]
    dropped = store.feeds(subscribed_only=False)[-1]
    assert (dropped.feed, dropped.subscribed, dropped.entries) == (BLOG, False, 1)
    store.sync_feeds([replace(BLOG, title="Renamed")], NOW)
    (back,) = store.feeds()
    assert (back.feed.title, back.entries, back.state.feed_id) == ("Renamed", 1, dropped.state.feed_id)


def test_the_same_feed_listed_twice_is_one(store: Store) -> None:
    store.sync_feeds([BLOG, replace(BLOG, title="again")], NOW)
    assert [one.feed for one in store.feeds()] == [BLOG]


def test_a_moved_feed_listed_under_its_new_address_stays_the_same_feed(store: Store) -> None:
    poll(store, an_entry())
    state = state_of(store)
    store.save_states([replace(state, address="https://new.example/feed")])
    store.sync_feeds([replace(BLOG, url="https://new.example/feed")], NOW)
    (moved,) = store.feeds(subscribed_only=False)
    assert (moved.state.feed_id, moved.entries, moved.feed.url) == (
        state.feed_id,
        1,
        "https://new.example/feed",
    )
    assert poll(store, an_entry(), feed=moved.feed).new == ()


def test_all_of_a_feed_s_state_is_kept(store: Store) -> None:
    feed_id = state_of(store).feed_id
    state = FeedState(
        feed_id=feed_id,
        url=BLOG.url,
        address="https://blog.example/atom",
        title="博客",
        etag='W/"x"',
        last_modified="Thu, 01 Jan 1970 00:00:00 GMT",
        body_sha256="ab",
        changed_at=NOW,
        polled_at=NOW + HOUR,
        ok_at=NOW,
        entry_at=NOW - DAY,
        due_at=NOW + DAY,
        due_reason="ttl",
        failures=2,
        failing_since=NOW,
        error="HTTP 500",
        warning="malformed XML",
        gone_at=NOW,
        moved_to="https://new.example/",
        moved_sightings=1,
        hints=ScheduleHints(DAY, frozenset({0, 23}), frozenset({6}), HOUR),
        profile=Profile("博客", "blog", counters=(Counter("1.71K", "subscribers", 1710),), numeric_id=7),
        cursor='{"before": 12}',
    )
    store.save_states([state])
    kept = store.feed(BLOG.url)
    assert kept is not None and kept.state == state
    assert kept.feed == BLOG
    store.revive(BLOG.url)
    revived = state_of(store)
    assert (revived.gone_at, revived.failures, revived.error, revived.due_at) == (None, 0, "", None)
    assert (revived.etag, revived.title) == (
        "",
        state.title,
    )  # asked without conditions, nothing else forgotten


def test_the_list_that_was_synced_is_known_by_its_mark(store: Store) -> None:
    assert store.synced() == ""
    store.sync_feeds([BLOG], NOW, "first")
    assert store.synced() == "first"
    store.sync_feeds([BLOG, OTHER], NOW)
    assert store.synced() == ""


def test_an_unknown_feed_is_said(store: Store) -> None:
    assert store.feed("https://nowhere.example/") is None
    with pytest.raises(UsageError, match=r"nowhere.example.*not subscribed"):
        store.revive("https://nowhere.example/")
    with pytest.raises(StoreError, match="no feed 77"):
        store.save_states([FeedState(77, "u", "u")])
    with pytest.raises(StoreError, match="no feed 77"):
        store.save_poll(FeedState(77, "u", "u"), [], [], NOW, at=lambda entry: NOW)


def test_host_pauses_end(store: Store) -> None:
    store.save_host_pauses({"a.example": NOW + HOUR, "b.example": NOW + DAY}, NOW)
    store.save_host_pauses({"a.example": NOW + 2 * HOUR}, NOW)
    assert store.host_pauses() == {"a.example": NOW + 2 * HOUR, "b.example": NOW + DAY}
    store.save_host_pauses({"c.example": NOW}, NOW + 3 * HOUR)
    assert store.host_pauses() == {"b.example": NOW + DAY}


# --- polls ----------------------------------------------------------------------------------------


def test_a_poll_repeated_changes_nothing(store: Store) -> None:
    entries = [an_entry(number) for number in range(3)]
    assert poll(store, *entries).new == tuple(one.id for one in entries)
    before = store.entries()
    again = poll(store, *entries, now=NOW + DAY)
    assert (again.new, again.updated) == ((), ())
    assert store.entries() == before


def test_an_edit_updates_the_entry_and_keeps_when_it_came(store: Store) -> None:
    poll(store, an_entry())
    edited = an_entry(
        title="Better", content_hash="other", published=NOW + DAY, url="https://blog.example/moved"
    )
    assert poll(store, edited, now=NOW + DAY).updated == (edited.id,)
    (one,) = store.entries()
    assert one.entry == edited
    assert (one.first_seen, one.at) == (NOW, NOW - HOUR)
    assert one.key == "https://blog.example/moved"


def test_counts_of_a_post_are_refreshed_without_a_word(store: Store) -> None:
    post = Post("chan", "A channel", (7, 8), reactions=(Reaction("👍", 3),), views=10)
    poll(store, an_entry(post=post))
    more = an_entry(post=replace(post, reactions=(Reaction("👍", 30),), views=100), updated=NOW)
    assert poll(store, more).updated == ()
    assert store.entries()[0].entry == more


def test_entries_without_an_address_have_a_key_of_their_own(store: Store) -> None:
    poll(store, an_entry(1, url=""), an_entry(2, url=""))
    keys = {one.key for one in store.entries()}
    assert len(keys) == 2
    assert all(known.link_key == "" for known in store.known(state_of(store).feed_id).values())


def test_known_tells_identity_and_hash(store: Store) -> None:
    poll(store, an_entry(url="https://www.blog.example/posts/1/?utm_source=x"))
    (known,) = store.known(state_of(store).feed_id).values()
    assert (known.id, known.content_hash, known.title) == (an_entry().id, "hash 1", "Post 1")
    assert known.link_key == "https://blog.example/posts/1"
    assert store.known(99) == {}


def test_beyond_what_known_gives_an_entry_is_still_recognised(store: Store) -> None:
    poll(store, *(an_entry(number) for number in range(5)))
    feed_id = state_of(store).feed_id
    assert len(store.known(feed_id, limit=2)) == 2
    assert poll(store, an_entry(0)).new == ()


def test_two_entries_with_one_id_in_one_poll_are_one(store: Store) -> None:
    assert len(poll(store, an_entry(title="a"), an_entry(title="b")).new) == 1
    assert [one.entry.title for one in store.entries()] == ["b"]


def test_what_no_database_takes_is_stored_all_the_same(store: Store) -> None:
    long_id = "https://blog.example/" + "长" * 3000
    odd = an_entry(id=long_id, url=long_id, title="a\0b\ud800", author="\ud83d", categories=("x\udfff",))
    saved = poll(
        store, odd, an_entry(id="nul\0", content="\0"), articles=(an_article(key=long_id, text="\0\ud800"),)
    )
    assert len(saved.new) == 2
    assert poll(store, odd, an_entry(id="nul\0", content="\0")).new == ()
    assert long_id in store.known(state_of(store).feed_id)
    (one,) = store.find([long_id])
    assert (one.entry.id, one.entry.title, one.entry.categories) == (long_id, "ab\ufffd", ("x\ufffd",))
    assert store.articles([long_id])[long_id].text == "\ufffd"


def test_entry_times_are_newest_first_for_one_feed_and_for_all(store: Store) -> None:
    times = [NOW - number * HOUR for number in range(5)]
    poll(store, *(an_entry(number, published=at) for number, at in enumerate(times)))
    poll(store, an_entry(9, published=NOW - DAY), feed=OTHER)
    feed_id, other_id = state_of(store).feed_id, state_of(store, OTHER).feed_id
    assert store.entry_times([feed_id, 77], limit=3) == {feed_id: times[:3]}
    assert store.entry_times(limit=2) == {feed_id: times[:2], other_id: [NOW - DAY]}


def test_the_state_remembers_when_something_new_came(store: Store) -> None:
    poll(store, an_entry())
    poll(store, an_entry(), now=NOW + DAY)
    assert state_of(store).entry_at == NOW


def test_naive_times_are_refused_and_others_come_back_in_utc(store: Store) -> None:
    shanghai = timezone(timedelta(hours=8))
    poll(store, an_entry(published=datetime(2026, 2, 11, 20, tzinfo=shanghai)))
    published = store.entries()[0].entry.published
    assert published == NOW and published.tzinfo is UTC
    with pytest.raises(Exception, match="naive datetime"):
        poll(store, an_entry(2, published=datetime(2026, 2, 11)))
    assert len(store.entries()) == 1


def test_an_error_never_prints_what_was_stored(store: Store) -> None:
    with pytest.raises(Exception) as caught:
        poll(store, an_entry(content="secret words" * 1000, updated=datetime(2026, 2, 11)))
    assert "secret words" not in str(caught.value)


# --- articles -------------------------------------------------------------------------------------


def test_an_article_is_found_by_its_aliases(store: Store) -> None:
    article = an_article(aliases=("https://blog.example/old", "https://mirror.example/1"), fetched_at=NOW)
    store.save_articles([article], NOW)
    asked = ["https://mirror.example/1", article.key, "https://blog.example/else"]
    assert store.articles(asked) == {asked[0]: article, asked[1]: article}
    assert store.missing_articles(asked, NOW) == {asked[2]}


def test_an_alias_gives_way_to_the_article_that_has_this_address(store: Store) -> None:
    store.save_articles([an_article(1, aliases=(an_article(2).key,))], NOW)
    store.save_articles([an_article(2)], NOW)
    store.save_articles([an_article(1, aliases=(an_article(2).key,))], NOW)
    assert store.articles([an_article(2).key])[an_article(2).key].title == "Post 2"


def test_an_error_never_replaces_a_text(store: Store) -> None:
    article = an_article()
    store.save_articles([article], NOW)
    store.save_articles([an_article(text="", origin="none", error="HTTP 404")], NOW + DAY)
    assert store.articles([article.key])[article.key] == article
    store.save_articles([an_article(text="longer")], NOW + DAY)
    assert store.articles([article.key])[article.key].text == "longer"


def test_a_page_that_fails_is_tried_three_times(store: Store) -> None:
    failed = an_article(text="", origin="none", error="timed out")
    key = {failed.key}
    store.save_articles([failed], NOW)
    assert store.missing_articles(key, NOW + HOUR / 2) == set()
    assert store.missing_articles(key, NOW + 2 * HOUR) == key
    store.save_articles([failed], NOW + 2 * HOUR)
    assert store.missing_articles(key, NOW + 5 * HOUR) == set()
    assert store.missing_articles(key, NOW + 2 * DAY) == key
    store.save_articles([failed], NOW + 2 * DAY)
    assert store.missing_articles(key, NOW + 100 * DAY) == set()
    store.save_articles([an_article()], NOW)
    assert store.articles(key)[failed.key].error == ""


# --- candidates -----------------------------------------------------------------------------------


def test_an_issue_takes_its_week_up_to_the_cut(store: Store) -> None:
    poll(
        store,
        an_entry(1, published=WEEK.start),
        an_entry(2, published=WEEK.end),
        an_entry(3, published=WEEK.start - HOUR),
    )
    poll(store, an_entry(4), now=WEEK.end + HOUR)
    assert _titles(store, WEEK.end, None) == ["Post 1"]
    assert _titles(store, None, None) == ["Post 1", "Post 4"]


def test_what_arrives_after_the_cut_comes_in_the_next_issue_and_only_there(store: Store) -> None:
    late = an_entry(2, published=WEEK.end - HOUR)
    poll(store, an_entry(1))
    cut = WEEK.end + HOUR
    poll(store, late, now=cut + HOUR)
    following = replace(WEEK, week="2026-W08", start=WEEK.end, end=WEEK.end + 7 * DAY)
    assert _titles(store, cut, None) == ["Post 1"]
    next_cut = following.end + HOUR
    assert [one.entry.title for one in store.candidates(following, next_cut, cut)] == ["Post 2"]
    third = replace(following, week="2026-W09", start=following.end, end=following.end + 7 * DAY)
    assert store.candidates(third, third.end, next_cut) == []


def test_a_feed_s_backlog_never_floods_an_issue(store: Store) -> None:
    old = [an_entry(number, published=WEEK.start - number * DAY) for number in range(1, 5)]
    poll(store, an_entry(9), *old, first=True)
    assert _titles(store, None, WEEK.start) == ["Post 9"]
    poll(store, an_entry(10, published=WEEK.start - DAY))
    assert _titles(store, None, WEEK.start) == ["Post 10", "Post 9"]


def test_a_first_poll_that_failed_does_not_end_the_backlog(store: Store) -> None:
    store.save_states([replace(state_of(store), failures=1, error="HTTP 500")])
    poll(store, an_entry(1, published=WEEK.start - DAY), first=True)
    assert _titles(store, None, WEEK.start) == []


def test_a_candidate_comes_with_its_feed_and_the_article_that_it_is_about(store: Store) -> None:
    linked = an_article(7)
    mention = an_entry(1, via_url=linked.url + "?utm_medium=rss")
    poll(store, mention, articles=(linked, an_article(1)))
    (one,) = store.candidates(WEEK, None, None)
    assert (one.key, one.target) == (an_article(1).key, linked.key)
    assert (one.feed, one.feed_title, one.article) == (BLOG, "A blog", linked)
    assert store.entry(one.entry_id) == one
    assert store.entry(one.entry_id + 1) is None


def test_entries_are_listed_newest_first_by_feed_and_time(store: Store) -> None:
    poll(store, *(an_entry(number, published=NOW - number * DAY) for number in range(4)))
    poll(store, an_entry(9, published=NOW), feed=OTHER)
    listed = store.entries(NOW - 2 * DAY, NOW, feed=BLOG.url)
    assert [one.entry.title for one in listed] == ["Post 1", "Post 2"]
    assert len(store.entries(limit=3)) == 3


def test_entries_are_found_by_address_identity_mention_and_alias(store: Store) -> None:
    paper = an_entry(1, url="https://arxiv.org/abs/2305.18290v2", paper=Paper("2305.18290", 2))
    poll(store, paper, an_entry(2, via_url="https://arxiv.org/pdf/2305.18290"), an_entry(3))
    for asked in ("arxiv:2305.18290", "https://arxiv.org/abs/2305.18290v1"):
        assert [one.entry.title for one in store.find([asked])] == ["Post 1", "Post 2"]
    store.save_articles([an_article(3, aliases=("https://short.example/3",))], NOW)
    assert [one.entry.title for one in store.find(["https://short.example/3"])] == ["Post 3"]
    assert store.find(["https://nowhere.example/"]) == []


def test_more_entries_than_one_statement_takes_go_in_and_out(store: Store) -> None:
    entries = [an_entry(number, published=NOW + timedelta(seconds=number)) for number in range(2500)]
    assert len(poll(store, *entries).new) == 2500
    assert [one.entry for one in store.candidates(WEEK, None, None)] == entries


def _titles(store: Store, cut: datetime | None, previous: datetime | None) -> list[str]:
    return [one.entry.title for one in store.candidates(WEEK, cut, previous)]


# --- issues ---------------------------------------------------------------------------------------


def test_an_issue_is_frozen_with_its_reasons(store: Store) -> None:
    poll(store, an_entry(1), an_entry(2))
    first, second = (one.entry_id for one in store.entries())
    record = an_issue("2026-W07", "k1", "k2")
    decisions = [a_decision("k1", *sorted((first, second))), a_decision("k9")]
    store.save_issue(record, decisions)
    assert store.issue("2026-W07") == record
    assert store.decisions(["k1"]) == store.decisions(entry_ids=[first]) == decisions[:1]
    assert store.decisions_of("2026-W07") == decisions
    with pytest.raises(UsageError, match="2026-W07: is drafted already"):
        store.save_issue(an_issue("2026-W07", "other"), [])
    assert store.issue("2026-W07") == record
    store.save_issue(an_issue("2026-W07", "other"), [], replace=True)
    assert store.decisions_of("2026-W07") == []
    assert store.issue("2026-W08") is None


def test_an_issue_s_life_is_dated(store: Store) -> None:
    for week in ("2026-W07", "2026-W08"):
        store.save_issue(an_issue(week, "k1"), [])
    edited = an_issue("2026-W07", "k2").draft
    store.mark_built("2026-W07", NOW + HOUR, edited)
    store.mark_sent("2026-W07", NOW + DAY)
    newest, oldest = store.issues()
    assert (newest.week, newest.built_at) == ("2026-W08", None)
    assert (oldest.draft, oldest.built_at, oldest.sent_at) == (edited, NOW + HOUR, NOW + DAY)
    with pytest.raises(UsageError, match="2026-W30: has no issue"):
        store.mark_sent("2026-W30", NOW)


def test_what_an_issue_carried_is_known_by_its_story_and_by_its_entries(store: Store) -> None:
    mention = an_entry(1, via_url="https://paper.example/1")
    poll(store, mention, an_entry(2))
    ids = {one.entry.title: one.entry_id for one in store.entries()}
    decisions = [a_decision("story", ids["Post 1"]), a_decision("shelved", ids["Post 2"])]
    store.save_issue(an_issue("2026-W07", "story"), decisions)
    carried = dict.fromkeys(("story", an_article(1).key, "https://paper.example/1"), "2026-W07")
    assert store.carried("2026-W08") == carried
    assert store.carried("2026-W07") == {}
    store.mark_built("2026-W07", NOW, an_issue("2026-W07", "shelved").draft)
    assert store.carried("2026-W08") == dict.fromkeys(("shelved", an_article(2).key), "2026-W07")
    store.save_issue(an_issue("2026-W08", "shelved"), [])
    assert store.carried("2026-W10")["shelved"] == "2026-W08"


# --- deliveries -----------------------------------------------------------------------------------


def test_a_copy_is_claimed_once(store: Store) -> None:
    assert _claim(store)
    assert not _claim(store)
    sent = Delivery("2026-W07", "smtp", "a@example.org", "<1@example.org>", "sent", NOW, "250 ok")
    store.record(sent)
    assert not _claim(store)
    assert store.deliveries("2026-W07") == [sent]
    assert _claim(store, "b@example.org")
    assert store.deliveries("2026-W08") == []


def test_only_a_temporary_failure_may_be_tried_again(store: Store) -> None:
    failed = Delivery("2026-W07", "smtp", "a@example.org", "<1@example.org>", "failed", NOW, "451", True)
    assert _claim(store)
    store.record(failed)
    assert _claim(store)
    assert store.deliveries("2026-W07")[0].status == "sending"
    store.record(replace(failed, temporary=False, detail="550 no such user"))
    assert not _claim(store)


def test_what_a_dead_process_left_on_its_way_is_uncertain_and_stays(store: Store) -> None:
    _claim(store)
    assert store.settle_interrupted(NOW + HOUR) == 1
    (left,) = store.deliveries("2026-W07")
    assert (left.status, left.at) == ("uncertain", NOW + HOUR)
    assert "may have arrived" in left.detail
    assert not _claim(store)
    assert store.settle_interrupted(NOW) == 0


def _claim(store: Store, address: str = "a@example.org") -> bool:
    return store.claim("2026-W07", "smtp", address, "<1@example.org>", NOW)


# --- upkeep ---------------------------------------------------------------------------------------


def test_a_lock_is_held_once_and_let_go(opener: Callable[[], Store]) -> None:
    one, two = opener(), opener()
    with one.lock("run") as ours:
        assert ours
        with two.lock("run") as theirs, two.lock("send") as other:
            assert (theirs, other) == (False, True)
    with two.lock("run") as ours:
        assert ours


def test_runs_are_told_newest_first(store: Store) -> None:
    first = store.start_run("poll", NOW)
    store.end_run(first, True, "3 new", NOW + HOUR)
    store.start_run("run", NOW + DAY)
    open_run, done = store.runs()
    assert (open_run.command, open_run.ended_at, open_run.ok) == ("run", None, False)
    assert (done.ended_at, done.ok, done.summary) == (NOW + HOUR, True, "3 new")
    assert len(store.runs(limit=1)) == 1


def test_what_was_purged_does_not_come_back(store: Store) -> None:
    poll(store, an_entry(1), an_entry(2, published=NOW + 40 * DAY), articles=(an_article(1), an_article(2)))
    store.start_run("poll", NOW)
    assert store.purge(NOW + 30 * DAY) == 1
    assert [one.entry.title for one in store.entries()] == ["Post 2"]
    assert set(store.articles([an_article(1).key, an_article(2).key])) == {an_article(2).key}
    assert store.runs() == []
    again = poll(store, an_entry(1), an_entry(1, content_hash="edited"))
    assert (again.new, again.updated) == ((), ())
    assert an_entry(1).id in store.known(state_of(store).feed_id)
    assert store.find([an_article(1).key]) == [] and store.search("Post 1") == []
    assert store.counts()["entries"] == store.feeds()[0].entries == 1
    assert store.purge(NOW + 30 * DAY) == 0


def test_counts_say_what_needs_a_look(store: Store) -> None:
    poll(store, an_entry(), articles=(an_article(), an_article(2, text="", error="HTTP 404")))
    store.save_states([replace(state_of(store, OTHER), failures=3, gone_at=NOW)])
    store.save_issue(an_issue(), [])
    _claim(store)
    assert store.counts() == {
        "feeds": 2,
        "failing": 1,
        "gone": 1,
        "entries": 1,
        "articles": 2,
        "articles_failed": 1,
        "issues": 1,
        "sent": 0,
        "failed": 0,
        "uncertain": 1,
    }


# --- opening --------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "digest.db").write_text("Dear diary, " * 500)
    with pytest.raises(StoreError, match=r"digest\.db: is not a SQLite database"):
        open_store("sqlite:///digest.db", tmp_path)
    assert (tmp_path / "digest.db").read_text().startswith("Dear diary")


def test_another_program_s_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "places.sqlite") as other:
        other.execute("CREATE TABLE moz_places (id)")
    other.close()
    with pytest.raises(StoreError, match=r"another program.*moz_places"):
        open_store("sqlite:///places.sqlite", tmp_path)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("digest.db", 'write "sqlite:///digest.db"'),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://user:hunter2@host/x", "SQLite or PostgreSQL"),
        ("sqlite:///no/such/folder/digest.db", "does not exist"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(url: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_a_database_is_not_made_where_none_should_be(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database yet"):
        open_store("sqlite:///digest.db", tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "digest.db").mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store("sqlite:///digest.db", tmp_path)


def test_a_disk_that_fails_is_an_error_of_ours(tmp_path: Path) -> None:
    with open_store("sqlite:///digest.db", tmp_path) as store:
        store.sync_feeds([BLOG], NOW)
        (tmp_path / "digest.db-wal").write_bytes(b"")
        (tmp_path / "digest.db").write_bytes(b"no longer a database" * 500)
    with pytest.raises(StoreError, match="is not a SQLite database"):
        open_store("sqlite:///digest.db", tmp_path)


@pytest.mark.server
def test_a_server_that_is_away_is_said_without_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="server cannot be used") as caught:
        open_store("postgresql://digest:hunter2@127.0.0.1:9/digest", tmp_path)
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in str(error)
        error = error.__cause__ or error.__context__


def test_postgresql_without_its_driver_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'digest\[server\]'"):
        open_store("postgresql+psycopg://digest@127.0.0.1:9/digest", tmp_path)
