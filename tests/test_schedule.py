"""When feeds are due, what answers change, and where weeks begin and end."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ConfigError, HttpError, Unreachable, UsageError
from digest.model import Feed, FeedState, ParsedFeed, Redirect, Response, ScheduleHints
from digest.schedule import (
    FORGIVEN,
    LONGEST_WAIT,
    Rhythm,
    after_error,
    after_response,
    effective_time,
    freshness,
    in_words,
    is_due,
    last_closed,
    next_due,
    opens_at,
    own_interval,
    parse_week,
    period,
    rescheduled,
    retry_after,
    revived,
    week_of,
)

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)  # a Sunday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RHYTHM = Rhythm()
FEED = Feed("https://blog.example/feed")
STATE = FeedState(1, FEED.url, FEED.url)


def response(
    status: int = 200, body: bytes = b"<rss/>", redirects: tuple[Redirect, ...] = (), **headers: str
) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(FEED.url, status, named, body, FEED.url, redirects, NOW)


def error(status: int, **headers: str) -> HttpError:
    return HttpError(FEED.url, f"HTTP {status}", response=response(status, **headers))


def due(
    state: FeedState = STATE,
    feed: Feed = FEED,
    answer: Response | None = None,
    earliest: datetime | None = None,
    times: tuple[datetime, ...] = (),
    rhythm: Rhythm = RHYTHM,
) -> tuple[timedelta, str]:
    at, reason = next_due(state, feed, answer, earliest, times, rhythm, NOW)
    return at - NOW, reason


# --- rhythm -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "interval", "words"),
    [
        ((), DAY, "no posting known"),
        (tuple(NOW - i * 6 * HOUR for i in range(20)), 3 * HOUR, "posts about every 6 h"),
        (tuple(NOW - i * timedelta(minutes=20) for i in range(50)), HOUR, "about every 60 min"),
        ((NOW - 10 * HOUR,), 5 * HOUR, "silent for 10 h"),
        (tuple(NOW - 300 * DAY - i * DAY for i in range(10)), DAY, "silent for 300 days"),
        ((NOW - HOUR,) * 30, HOUR, "silent"),  # a feed whose items all carry one date
    ],
)
def test_a_feed_is_asked_at_its_own_rhythm(
    times: tuple[datetime, ...], interval: timedelta, words: str
) -> None:
    found, reason = own_interval(times, RHYTHM, NOW)
    assert abs(found - interval) <= timedelta(minutes=35)
    assert words in reason


moments = st.datetimes(datetime(1995, 1, 1), datetime(2040, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))
spans = st.timedeltas(timedelta(0), timedelta(days=400))


@given(st.lists(moments, max_size=30), st.integers(1, 48), st.integers(0, 96))
def test_the_own_rhythm_stays_in_bounds_and_ignores_order(
    times: list[datetime], floor: int, more: int
) -> None:
    rhythm = Rhythm(floor * HOUR, (floor + more) * HOUR)
    found = own_interval(times, rhythm, NOW)
    assert rhythm.floor <= found[0] <= rhythm.ceiling
    assert own_interval(reversed(times), rhythm, NOW) == found


@given(
    st.lists(moments, max_size=10),
    spans,
    spans,
    spans,
    st.integers(0, 10**9),
    st.sampled_from(["https://a.example/1", "https://b.example/2"]),
)
def test_due_between_what_is_asked_for_and_the_ceiling(
    times: list[datetime], ttl: timedelta, updates: timedelta, own: timedelta, max_age: int, url: str
) -> None:
    """Without closed hours: never before ttl, sy:updatePeriod and max-age (as far as the ceiling), never after it."""
    state = FeedState(1, url, url, hints=ScheduleHints(ttl=ttl, update_period=updates))
    feed = Feed(url, interval=own or None)
    wait, reason = due(state, feed, response(cache_control=f"max-age={max_age}"), times=tuple(times))
    ceiling = max(RHYTHM.ceiling, own)
    asked = max(ttl, updates, timedelta(seconds=max_age))
    assert min(asked, ceiling) <= wait <= ceiling
    assert wait >= (own or RHYTHM.floor) * 0.85 - timedelta(milliseconds=1)
    assert reason
    assert due(state, feed, response(cache_control=f"max-age={max_age}"), times=tuple(times)) == (
        wait,
        reason,
    )


def test_a_server_cannot_keep_us_away_for_a_month() -> None:
    wait, reason = due(answer=response(cache_control="max-age=2678400"), times=(NOW,))
    assert wait == DAY
    assert "Cache-Control asks" in reason


def test_the_interval_set_for_a_feed_replaces_its_rhythm_and_may_pass_the_ceiling() -> None:
    wait, reason = due(feed=Feed(FEED.url, interval=7 * DAY), times=(NOW - HOUR,))
    assert 0.85 * 7 * DAY <= wait <= 7 * DAY
    assert reason == "set to every 7 days"


def test_a_source_that_knows_better_is_believed_for_a_week() -> None:
    wait, reason = due(earliest=NOW + 3 * DAY)
    assert wait == 3 * DAY
    assert reason == "nothing new before"
    assert due(earliest=NOW + 300 * DAY)[0] == LONGEST_WAIT


def test_skip_days_are_kept_beyond_the_ceiling() -> None:
    """arXiv on a Friday night: closed until Monday."""
    friday = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    state = FeedState(1, FEED.url, FEED.url, hints=ScheduleHints(skip_days=frozenset({5, 6})))
    at, reason = next_due(state, FEED, None, None, [friday], RHYTHM, friday + 2 * HOUR)
    assert datetime(2026, 11, 23, 0, 0, tzinfo=UTC) <= at < datetime(2026, 11, 23, 0, 10, tzinfo=UTC)
    assert "skipDays" in reason


@given(moments, st.frozensets(st.integers(0, 23)), st.frozensets(st.integers(0, 6)))
def test_closed_hours_are_never_hit_unless_all_are(
    at: datetime, hours: frozenset[int], days: frozenset[int]
) -> None:
    hints = ScheduleHints(skip_hours=hours, skip_days=days)
    opened = opens_at(hints, at)
    if len(hours) == 24 or len(days) == 7:
        assert opened == at
    else:
        assert at <= opened <= at + LONGEST_WAIT
        assert opened.hour not in hours
        assert opened.weekday() not in days
        assert opens_at(hints, opened) == opened


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache_control": "max-age=600"}, 600),
        ({"cache_control": 'private, MAX-AGE="600"', "age": "100"}, 500),
        ({"cache_control": "max-age=600", "age": "9999"}, 0),
        ({"cache_control": "no-cache, max-age=600"}, 0),
        ({"cache_control": "max-age=-1"}, 0),
        ({"cache_control": "max-age=600", "expires": "Sun, 22 Nov 2026 21:30:00 GMT"}, 600),
        ({"expires": "Sun, 22 Nov 2026 21:30:00 GMT"}, 3600),
        ({"date": "Sat, 01 Jan 2000 00:00:00 GMT", "expires": "Sat, 01 Jan 2000 00:10:00 GMT"}, 600),
        ({"expires": "Sunday, 22-Nov-26 21:30:00 GMT"}, 3600),
        ({"expires": "0"}, 0),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({}, 0),
    ],
)
def test_how_long_an_answer_stays_good(headers: dict[str, str], seconds: int) -> None:
    assert freshness(response(**headers).headers, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("Sun, 22 Nov 2026 21:30:00 GMT", HOUR),
        ("Sun, 22 Nov 2020 21:30:00 GMT", timedelta(0)),
        ("99999999999999999999", LONGEST_WAIT),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after(value: str, after: timedelta | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == (None if after is None else NOW + after)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_header_breaks_the_schedule(first: str, second: str, third: str) -> None:
    headers = {
        "cache-control": f"max-age={first}",
        "expires": second,
        "date": third,
        "age": first,
        "retry-after": second,
    }
    assert timedelta(0) <= freshness(headers, NOW)
    until = retry_after(headers, NOW)
    assert until is None or NOW <= until <= NOW + LONGEST_WAIT


@pytest.mark.parametrize(
    ("span", "words"), [(timedelta(minutes=45), "45 min"), (6 * HOUR, "6 h"), (3 * DAY, "3 days")]
)
def test_spans_in_words(span: timedelta, words: str) -> None:
    assert in_words(span) == words


# --- failures -----------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(0, 10**9))
def test_back_off_is_at_most_a_week_and_never_before_retry_after(failures: int, seconds: int) -> None:
    state = after_error(
        FeedState(1, FEED.url, FEED.url, failures=failures),
        FEED,
        error(503, retry_after=str(seconds)),
        RHYTHM,
        NOW,
    )
    assert state.due_at is not None
    assert min(timedelta(seconds=seconds), LONGEST_WAIT) <= state.due_at - NOW <= LONGEST_WAIT
    assert state.failures == failures + 1


def test_a_failure_keeps_what_was_known_and_since_when() -> None:
    known = FeedState(1, FEED.url, FEED.url, etag='"1"', title="Blog", ok_at=NOW - DAY, body_sha256="x")
    once = after_error(known, FEED, Unreachable(FEED.url, "no connection"), RHYTHM, NOW)
    twice = after_error(once, FEED, error(500), RHYTHM, NOW + HOUR)
    assert (twice.etag, twice.title, twice.ok_at, twice.body_sha256) == ('"1"', "Blog", NOW - DAY, "x")
    assert (twice.failures, twice.failing_since, twice.error) == (2, NOW, "HTTP 500")
    assert twice.due_reason == "failed 2 times in a row"
    healed = after_response(twice, response(etag='"2"'), ParsedFeed(), NOW + 2 * HOUR)
    assert (healed.failures, healed.failing_since, healed.error) == (0, None, "")


def test_gone_is_for_good_until_revived() -> None:
    gone = after_error(STATE, FEED, error(410), RHYTHM, NOW)
    assert gone.gone_at == NOW
    assert not is_due(gone, NOW + 1000 * DAY)
    assert is_due(revived(gone), NOW)


def test_gone_at_the_new_address_means_back_to_the_old_one() -> None:
    moved = FeedState(
        1, FEED.url, "https://new.example/feed", moved_to="https://new.example/feed", moved_sightings=2
    )
    state = after_error(moved, FEED, error(410), RHYTHM, NOW)
    assert (state.address, state.gone_at, state.moved_to) == (FEED.url, None, "")


# --- moves --------------------------------------------------------------------------------------------


def _sightings(*targets: str, status: int = 301) -> FeedState:
    state = STATE
    for target in targets:
        state = after_response(state, response(redirects=(Redirect(status, target),)), ParsedFeed(), NOW)
    return state


def test_two_different_moves_are_no_move() -> None:
    state = _sightings("https://a.example/f", "https://b.example/f", "https://a.example/f")
    assert (state.address, state.moved_sightings) == (FEED.url, 1)


def test_a_move_that_was_not_seen_again_is_forgotten() -> None:
    state = after_response(_sightings("https://a.example/f"), response(), ParsedFeed(), NOW)
    assert (state.moved_to, state.moved_sightings) == ("", 0)


@pytest.mark.parametrize(
    "target",
    [
        "https://blog.example/",
        "https://login.example/feed",
        "https://accounts.example/x",
        "https://a.example/sign-in",
    ],
)
def test_no_move_to_where_feeds_do_not_live(target: str) -> None:
    assert _sightings(target, target, target).address == FEED.url


@pytest.mark.parametrize(
    "target",
    ["https://www.blog.example/feed", "https://blog.example/authors/feed.xml", "https://blogin.example/feed"],
)
def test_moves_to_ordinary_addresses(target: str) -> None:
    assert _sightings(target, target).address == target


def test_a_moved_feed_stays_moved_while_it_works_and_returns_when_it_does_not() -> None:
    target = "https://new.example/feed"
    moved = _sightings(target, target)
    there = Response(target, 304, {}, b"", target)
    assert after_response(moved, there, ParsedFeed(not_modified=True), NOW).moved_to == target
    for _ in range(FORGIVEN):
        moved = after_error(moved, FEED, error(404), RHYTHM, NOW)
    assert moved.address == FEED.url


# --- what the document says ------------------------------------------------------------------------------


def test_a_poll_without_a_request_heals_and_reschedules() -> None:
    """arXiv between two announcements."""
    failing = after_error(STATE, FEED, error(500), RHYTHM, NOW)
    parsed = ParsedFeed(not_modified=True, earliest_due=NOW + 5 * HOUR)
    state = rescheduled(after_response(failing, None, parsed, NOW), FEED, None, parsed, [NOW], RHYTHM, NOW)
    assert (state.failures, state.due_at, state.etag) == (0, NOW + 5 * HOUR, "")


def test_an_unchanged_document_takes_nothing_back() -> None:
    hints = ScheduleHints(ttl=DAY)
    known = after_response(
        STATE, response(), ParsedFeed(title="Blog", hints=hints, cursor="7", warnings=("odd",)), NOW
    )
    again = after_response(known, response(304), ParsedFeed(not_modified=True), NOW + HOUR)
    assert (again.title, again.hints, again.cursor, again.warning) == ("Blog", hints, "7", "odd")
    assert again.ok_at == NOW + HOUR


# --- moments and weeks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "at"),
    [
        (NOW - DAY, NOW - DAY),
        (None, NOW),
        (datetime(2087, 1, 1, tzinfo=UTC), NOW),
        (NOW + HOUR, NOW),
        (datetime(1970, 1, 1, tzinfo=UTC), NOW),
        (datetime(1, 1, 1, tzinfo=UTC), NOW),
        (datetime(1999, 12, 31, tzinfo=UTC), datetime(1999, 12, 31, tzinfo=UTC)),
    ],
)
def test_the_moment_that_decides_the_week(published: datetime | None, at: datetime) -> None:
    assert effective_time(published, NOW) == at


@given(st.none() | moments, moments)
def test_the_moment_is_never_to_come_and_stays(published: datetime | None, seen: datetime) -> None:
    at = effective_time(published, seen)
    assert at in (published, seen)
    assert at <= seen
    assert effective_time(at, seen) == at


@pytest.mark.parametrize("text", ["2026-W47", "2026-w47", "2026W47", " 2026-W47 "])
def test_a_week_as_people_write_it(text: str) -> None:
    assert parse_week(text) == "2026-W47"


@pytest.mark.parametrize(
    "text", ["", "47", "2026-47", "2026-W00", "2025-W53", "2026-W54", "0001-W01", "W47", "٢٠٢٦-W47x"]
)
def test_what_is_no_week(text: str) -> None:
    with pytest.raises(UsageError):
        parse_week(text)


def test_a_week_in_shanghai() -> None:
    week = period("2026-W47", "Sunday 20:00", "Asia/Shanghai")
    assert week.start == datetime(2026, 11, 15, 12, 0, tzinfo=UTC)
    assert week.end == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert last_closed(week.end, "Sunday 20:00", "Asia/Shanghai") == "2026-W47"
    assert last_closed(week.end - timedelta(seconds=1), "Sunday 20:00", "Asia/Shanghai") == "2026-W46"
    assert week_of(week.end, "Sunday 20:00", "Asia/Shanghai") == "2026-W48"


def test_a_week_over_a_change_of_clocks_is_an_hour_longer_or_shorter() -> None:
    spring = period("2026-W13", "Sunday 20:00", "Europe/Berlin")
    autumn = period("2026-W43", "Sunday 20:00", "Europe/Berlin")
    assert spring.end - spring.start == 7 * DAY - HOUR
    assert autumn.end - autumn.start == 7 * DAY + HOUR


def test_an_hour_that_the_clocks_skip_ends_the_week_once() -> None:
    week = period("2026-W13", "Sunday 02:30", "Europe/Berlin")
    assert week.end == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert week_of(week.end, "Sunday 02:30", "Europe/Berlin") == "2026-W14"


@pytest.mark.parametrize("words", ["Sonntag 20:00", "Sunday", "Sunday 25:00", "Sunday 8pm", ""])
def test_what_is_no_end_of_a_week(words: str) -> None:
    with pytest.raises(ConfigError, match="Sunday 20:00"):
        period("2026-W47", words, "UTC")


zones = st.sampled_from(
    ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Beirut"]
)
ends = st.builds(
    lambda day, at: f"{day} {at:%H:%M}",
    st.sampled_from(["Monday", "Wednesday", "Saturday", "Sunday"]),
    st.times().map(lambda t: time(t.hour, t.minute)),
)


@given(moments, ends, zones)
def test_weeks_touch_and_every_moment_is_in_one(moment: datetime, week_ends: str, zone: str) -> None:
    name = week_of(moment, week_ends, zone)
    week = period(name, week_ends, zone)
    assert week.week == name
    assert week.start <= moment < week.end
    before = period(last_closed(moment, week_ends, zone), week_ends, zone)
    assert before.end == week.start
    assert week_of(week.start, week_ends, zone) == name


@given(st.dates(date(1995, 1, 1), date(2040, 1, 1)), ends, zones)
def test_a_week_ends_inside_its_iso_week(day: date, week_ends: str, zone: str) -> None:
    name = f"{day:%G-W%V}"
    end = period(name, week_ends, zone).end.astimezone(ZoneInfo(zone))
    skipped = (
        end.date().isocalendar()[:2] != day.isocalendar()[:2]
    )  # a day or an hour that the clocks left out
    assert not skipped or (zone == "Pacific/Apia" and end.year in (2011, 2012)) or end.hour < 2
