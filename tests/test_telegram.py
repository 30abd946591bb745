"""Telegram channels: the pages' every field, what a name can be, paging, hosts, and the Desktop export."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import digest
from digest.errors import HttpError, NotAFeed, ParseError, SourceRefused, Unreachable
from digest.markup import blocks_from_html, markdown, plain
from digest.model import (
    Counter,
    Feed,
    FeedState,
    Forward,
    Known,
    Media,
    Preview,
    Profile,
    Reaction,
    Reply,
    Request,
    Response,
    Task,
)
from digest.sources import telegram

NOW = datetime(2026, 11, 15, 20, tzinfo=UTC)
DEMO = Path(digest.__file__).parent / "demo_data" / "telegram" / "LinghaoCh.html"
FEED = Feed("https://t.me/s/Name")


# --- pages of our own making, in the service's markup ---------------------------------------------


def message(number: int, body: str = "", *, date: str = "2026-11-14T13:05:22+00:00", view: bool = True, kind: str = "", meta: str = "") -> str:  # fmt: skip
    data = base64.urlsafe_b64encode(json.dumps({"c": -1340004711, "p": number}).encode()).decode().rstrip("=")
    seen = f' data-view="{data}"' if view else ""
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="tgme_widget_message text_not_supported_wrap {kind} js-widget_message" data-post="Name/{number}"{seen}>'
        '<div class="tgme_widget_message_bubble"><div class="tgme_widget_message_author accent_color">'
        '<a class="tgme_widget_message_owner_name" href="https://t.me/Name"><span dir="auto">A name</span></a></div>'
        f'{body}<div class="tgme_widget_message_footer compact js-message_footer">'
        '<div class="tgme_widget_message_info short js-message_info"><span class="tgme_widget_message_views">1.2K</span>'
        f'<span class="copyonly"> views</span><span class="tgme_widget_message_meta">{meta}'
        f'<a class="tgme_widget_message_date" href="https://t.me/Name/{number}">'
        f'<time datetime="{date}" class="time">13:05</time></a></span></div></div></div></div></div>'
    )


def page(*messages: str, before: int | None = None, title: str = "A name") -> bytes:
    more = (
        f'<a href="/s/Name?before={before}" class="tme_messages_more" data-before="{before}"></a>'
        if before
        else ""
    )
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><meta property="og:site_name" content="Telegram"></head><body>'
        '<div class="tgme_channel_info"><div class="tgme_channel_info_header_title">'
        f'<span dir="auto">{title}</span></div><div class="tgme_channel_info_header_username">'
        '<a href="https://t.me/Name">@Name</a></div></div><main class="tgme_main"><section class="tgme_channel_history '
        f'js-message_history">{more}{"".join(messages)}</section></main></body></html>'
    ).encode()


def text(html: str) -> str:
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{html}</div>'


def entry(body: str = "", **options: Any) -> Any:
    (found,) = telegram.parse_page(page(message(7, body, **options)), "https://t.me/s/name").entries
    return found


def card(inner: str) -> bytes:
    return f'<html><head><meta property="og:site_name" content="Telegram"></head><body><div class="tgme_page">{inner}</div></body></html>'.encode()


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "@LinghaoCh", " @LinghaoCh ", "t.me/LinghaoCh", "t.me/s/LinghaoCh", "https://t.me/s/LinghaoCh ", "http://t.me/LinghaoCh/",
        "https://t.me/LinghaoCh/815", "https://t.me/s/LinghaoCh?before=99", "telegram.me/LinghaoCh", "https://telegram.dog/s/LinghaoCh",
        "LinghaoCh.t.me", "https://www.t.me/LinghaoCh", "tg://resolve?domain=LinghaoCh&post=3",
    ],
)  # fmt: skip
def test_a_channel_is_known_by_every_form_of_its_name(typed):
    found = telegram.feed_url(typed)
    assert found is not None and found.lower() == "https://t.me/s/linghaoch"


def test_a_name_keeps_its_case():
    assert telegram.feed_url("t.me/LinghaoCh") == "https://t.me/s/LinghaoCh"


@pytest.mark.parametrize(
    "typed",
    ["LinghaoCh", "cs.CL", "@a", "@no-name", "https://example.org/s/x", "t.me/+AbCdEf", "t.me/joinchat/x", "t.me/c/123/4", "t.me", "mailto:x@t.me", "http://[t.me/x", ""],
)  # fmt: skip
def test_what_is_no_channel_is_left_to_others(typed):
    assert telegram.feed_url(typed) is None


@pytest.mark.parametrize(
    ("body", "state", "words"),
    [
        (card('<div class="tgme_page_title">T</div><div class="tgme_page_extra">14 909 subscribers</div>'), "no preview", "preview"),
        (card("If you have Telegram, you can view posts by @Name right away."), "no preview", "preview"),
        (card('<div class="tgme_page_title">T</div><div class="tgme_page_extra">9 767 members, 1 295 online</div>'), "group", "group"),
        (card('<div class="tgme_page_title">T</div><div class="tgme_page_extra">8 122 monthly users</div>'), "bot", "bot"),
        (card('<div class="tgme_page_title">Nikolai</div><div class="tgme_page_extra">@Name</div>'), "user", "person"),
        (card('<i class="tgme_icon_user"></i>If you have <b>Telegram</b>, you can contact @Name right away.'), "free", "spelling"),
        (card("This channel can't be displayed because it was used to spread pornographic content."), "restricted", "app"),
        (b'<html><head><title>Telegram Messenger</title><meta property="og:site_name" content="Telegram"></head><body></body></html>', "restricted", "app"),
    ],
)  # fmt: skip
def test_a_name_without_a_preview_is_refused_with_its_state(body, state, words):
    with pytest.raises(SourceRefused) as refused:
        telegram.parse_page(body, "https://t.me/Name")
    assert refused.value.state == state
    assert refused.value.subject == "https://t.me/s/Name"
    assert words in refused.value.message
    assert pickle.loads(pickle.dumps(refused.value)).state == state


@pytest.mark.parametrize("body", [b"", b"{}", b"<html><h1>Log in to WiFi</h1></html>", b"\xff\xfe\x00junk"])
def test_a_page_that_is_not_telegrams_says_so(body):
    with pytest.raises(NotAFeed):
        telegram.parse_page(body, "https://t.me/s/Name")


def test_a_previewable_channel_may_be_empty():
    empty = page(
        '<div class="tgme_widget_message_wrap"><div class="tme_no_messages_found">No posts found</div></div>'
    )
    assert telegram.parse_page(empty, "https://t.me/s/Name").entries == ()


def test_a_title_may_be_missing_after_a_rename():
    assert telegram.parse_page(page(title=""), "https://t.me/s/Name").profile.title == "@Name"


# --- the seed's page ------------------------------------------------------------------------------


def test_the_demo_page_gives_the_channel_with_its_counters():
    found = telegram.parse_page(DEMO.read_bytes(), "https://t.me/s/LinghaoCh")
    assert found.profile == Profile(
        title="Parallel Experiments",
        handle="LinghaoCh",
        url="https://t.me/LinghaoCh",
        description="Stay informed. Stay authentic.\n\nWelcome to the public part of my brain. Here I share curations"
        " and thoughts.\n\nCreated with ❤️ by @linghao.",
        counters=(
            Counter("1.71K", "subscribers", 1710),
            Counter("62", "photos", 62),
            Counter("1", "video", 1),
            Counter("3", "files", 3),
            Counter("811", "links", 811),
        ),
        numeric_id=1340004711,
    )
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_demo_posts_keep_words_tags_links_and_whose_they_are():
    first, second, third = telegram.parse_page(DEMO.read_bytes(), "https://t.me/s/LinghaoCh").entries
    assert [e.id for e in (first, second, third)] == [f"telegram:1340004711/{n}" for n in (813, 815, 817)]
    assert [e.url for e in (first, third)] == ["https://t.me/LinghaoCh/813", "https://t.me/LinghaoCh/817"]
    assert [e.title for e in (first, second)] == ["AI 2027", "The Second Half"]
    assert [e.via_url for e in (first, second, third)] == [
        "https://ai-2027.com/",
        "https://ysymyth.github.io/The-Second-Half/",
        "https://arxiv.org/abs/2305.18290",
    ]
    assert first.post.forward == Forward("C’s Random Collection")
    assert second.post.forward is None
    assert [e.post.hashtags for e in (first, second, third)] == [("ai",), ("ai",), ("llm", "ai")]
    assert [e.post.reactions for e in (first, second, third)] == [
        (Reaction("🤩", 1, "1"),),
        (Reaction("🔥", 2, "2"),),
        (Reaction("👍", 3, "3"),),
    ]
    assert [e.post.edited for e in (first, second, third)] == [False, False, True]
    assert [(link.text, link.hidden) for link in third.post.links] == [
        ("https://arxiv.org/abs/2305.18290", False),
        ("KTO", True),
        ("IPO", True),
    ]
    assert third.published == datetime(2026, 11, 14, 13, 5, 22, tzinfo=UTC)
    assert (first.post.views, first.post.views_shown) == (1210, "1.21K")


def test_the_demo_posts_read_as_the_curator_wrote_them():
    first, second, third = telegram.parse_page(DEMO.read_bytes(), "https://t.me/s/LinghaoCh").entries
    assert markdown(blocks_from_html(first.content)) == (
        "<https://ai-2027.com> “We predict that the impact of superhuman AI over the next decade will be enormous, "
        "exceeding that of the Industrial Revolution.” 不管怎样，这个页面的 interaction 很棒 #ai\n"
    )
    assert markdown(blocks_from_html(second.content)).startswith(
        "Truly a thought-provoking piece, from the author of τ-bench.  \n<https://ysymyth.github.io/The-Second-Half/> #ai\n\nSo what’s"
    )
    assert markdown(blocks_from_html(third.content)).endswith(
        "拓展阅读：\n\n"
        "- [KTO](https://arxiv.org/abs/2402.01306)：更进一步，不需要 pairwise comparison，只用对 individual example 的 "
        "upvote/downvote 也可以学习到 preference。\n- [IPO](https://arxiv.org/abs/2310.12036)：解决 DPO 容易 overfit 的问题。\n"
    )


# --- fields ---------------------------------------------------------------------------------------


def test_breaks_and_emoji_do_not_tear_the_text_apart():
    found = entry(text('See <a href="https://a.example/">this</a> <i class="emoji" style="x"><b>🔥</b></i> now.<br/>Next&#33;&nbsp;&#39;x&#39;'))  # fmt: skip
    assert plain(blocks_from_html(found.content)) == "See this 🔥 now.\nNext!\u00a0'x'"


def test_a_caption_nested_twice_is_read_once():
    assert entry(text("\n  " + text("Caption") + "\n")).content == "Caption"


def test_what_is_replied_to_is_not_the_posts_own_text():
    found = entry(
        '<a class="tgme_widget_message_reply" href="https://t.me/Name/5"><div class="tgme_widget_message_author">'
        '<span class="tgme_widget_message_author_name" dir="auto">A name</span></div>'
        '<div class="tgme_widget_message_text js-message_text js-message_reply_text" dir="auto">Earlier words…</div></a>'
        + text("My answer")
    )
    assert found.content == "My answer"
    assert found.post.reply == Reply("https://t.me/Name/5", "A name", "Earlier words…")


def test_a_post_that_asks_for_the_app_beside_its_text_keeps_its_text():
    label = '<div class="message_media_not_supported_label">Please open Telegram to view this post</div>'
    found = entry(
        f'<div class="media_supported_cont">{text("All of it.")}</div><div class="media_not_supported_cont">{label}</div>'
    )
    assert (found.content, found.post.partial, found.title) == ("All of it.", True, "All of it.")
    only = entry(f'<div class="media_not_supported_cont">{label}</div>')
    assert (only.content, only.post.partial, only.title) == ("", True, "Post: 2026-11-14")


def test_a_title_is_never_the_browsers_complaint():
    found = entry(
        '<a class="tgme_widget_message_video_player" href="https://t.me/Name/7"><i class="tgme_widget_message_video_thumb" '
        "style=\"background-image:url('https://cdn4.telesco.pe/file/t.jpg')\"></i>"
        '<div class="tgme_widget_message_video_wrap"><video src="https://cdn4.telesco.pe/file/v.mp4?token=x"></video></div>'
        '<div class="message_video_play"></div><time class="message_video_duration">0:09</time>'
        '<div class="message_media_not_supported_label">This media is not supported in your browser</div></a>'
    )
    assert found.title == "Video: 2026-11-14"
    assert found.post.media == (
        Media(
            "video",
            "https://cdn4.telesco.pe/file/v.mp4?token=x",
            "https://cdn4.telesco.pe/file/t.jpg",
            extra="0:09",
        ),
    )
    assert not found.post.partial


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ('<a href="https://arxiv.org/abs/2305.18290">https://arxiv.org/abs/2305.18290</a> <a href="?q=%23llm">#llm</a><br/><br/>今天学习了 DPO。再说。', "今天学习了 DPO。"),
        ('<a href="https://a.example/b/c/">https://a.example/b/c/</a> <a href="?q=%23ai">#ai</a>', "a.example/b/c"),
        ("字" * 200, "字" * 49 + "…"),
        ('<a href="https://telegra.ph/file/a.jpg" onclick="x">\u200b\u200b</a><b>Head</b>', "Head"),
    ],
)  # fmt: skip
def test_a_title_is_the_first_sentence_without_addresses_and_tags(html, title):
    assert entry(text(html)).title == title


def test_hashtags_are_data_and_absolute_links():
    found = entry(text('<a href="?q=%23Puni%C3%A7%C3%A3o_x">#Punição_x</a> <a href="?q=%24TON">$TON</a> <a href="https://t.me/durov">@durov</a>'))  # fmt: skip
    assert found.post.hashtags == ("Punição_x",)
    assert found.post.links == ()
    assert 'href="https://t.me/s/Name?q=%23Puni%C3%A7%C3%A3o_x"' in found.content


def test_a_link_escaped_twice_is_mended():
    found = entry(text('<a href="https://a.example/?a=1&amp;amp;b=2" onclick="return confirm(1)">words</a>'))
    (link,) = found.post.links
    assert (link.url, link.hidden) == ("https://a.example/?a=1&b=2", True)
    assert found.via_url == link.url


def test_content_is_clean():
    found = entry(text('<b onmouseover="x">ok</b><script>alert(1)</script><a href="javascript:alert(1)">run</a><img src="x">'))  # fmt: skip
    assert found.content == "<b>ok</b><a>run</a>"


def test_spoilers_quotes_and_code_survive():
    html = "<tg-spoiler>s</tg-spoiler><blockquote>q</blockquote><pre>a<br/>b</pre><code>c</code>"
    assert [b.kind for b in blocks_from_html(entry(text(html)).content)] == [
        "paragraph",
        "quote",
        "code",
        "paragraph",
    ]


def test_three_shapes_of_reactions():
    found = entry(
        '<div class="tgme_widget_message_reactions js-message_reactions">'
        '<span class="tgme_reaction tgme_reaction_paid"><i class="icon icon-telegram-stars"></i>2.49K</span>'
        '<span class="tgme_reaction"><tg-emoji emoji-id="5265077361648368841"></tg-emoji>23.4K</span>'
        '<span class="tgme_reaction"><i class="emoji" style="x"><b>❤️</b></i>12</span></div>'
    )
    assert found.post.reactions == (
        Reaction("paid", 2490, "2.49K"),
        Reaction("custom:5265077361648368841", 23_400, "23.4K"),
        Reaction("❤", 12, "12"),
    )
    assert entry().post.reactions is None


def test_a_preview_card_and_its_optional_parts():
    found = entry(
        text('<a href="https://python.org/">https://python.org/</a>')
        + '<a class="tgme_widget_message_link_preview" href="https://www.python.org/"><i class="link_preview_right_image" '
        "style=\"background-image:url('https://cdn4.telegram-cdn.org/f.jpg')\"></i>"
        '<div class="link_preview_site_name accent_color" dir="auto">Python.org</div>'
        '<div class="link_preview_title" dir="auto">Welcome</div></a>'
    )
    assert found.post.preview == Preview(
        "https://www.python.org/",
        "Python.org",
        "Welcome",
        image="https://cdn4.telegram-cdn.org/f.jpg",
        small=True,
    )
    assert (found.title, found.via_url) == ("Welcome", "https://www.python.org/")


def test_an_album_is_one_post_with_all_its_numbers():
    photos = "".join(
        f'<a class="tgme_widget_message_photo_wrap grouped_media_wrap" href="https://t.me/Name/{n}?single" '
        f"style=\"background-image:url('https://cdn.example/{n}.jpg')\"></a>"
        for n in (7, 8, 9)
    )
    found = entry(f'<div class="tgme_widget_message_grouped_wrap">{photos}</div>')
    assert found.post.message_ids == (7, 8, 9)
    assert [medium.url for medium in found.post.media] == [f"https://cdn.example/{n}.jpg" for n in (7, 8, 9)]
    assert found.title == "Photo × 3: 2026-11-14"


def test_forward_signature_bot_edited_and_poll():
    found = entry(
        '<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from&nbsp;'
        '<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/luxta_tv/2320"><span>LUXTA</span></a>'
        ' (<span class="tgme_widget_message_forwarded_from_author">edited</span>)</div>'
        '<div class="tgme_widget_message_poll js-poll"><div class="tgme_widget_message_poll_question">Which?</div>'
        '<div class="tgme_widget_message_poll_type">Anonymous Quiz</div><div class="tgme_widget_message_poll_option">'
        '<div class="tgme_widget_message_poll_option_percent">40%</div><div class="tgme_widget_message_poll_option_text">One</div>'
        "</div></div>",
        meta='<span class="tgme_widget_message_from_author" dir="auto">edited by Ann</span>,&nbsp;',
    )
    assert found.post.forward == Forward("LUXTA", "https://t.me/luxta_tv/2320", "edited")
    assert (found.post.signature, found.post.edited) == ("edited by Ann", False)
    assert found.post.media == (Media("poll", title="Which?", extra="Anonymous Quiz\n40% One"),)
    assert found.title == "Poll: Which?"
    assert entry(meta="edited &nbsp;").post.edited


def test_notices_of_the_service_are_no_posts():
    body = page(message(1, text("pinned «x»"), kind="service_message"), message(2, text("post")))
    assert [e.url for e in telegram.parse_page(body, "https://t.me/s/Name").entries] == [
        "https://t.me/Name/2"
    ]


def test_the_hash_tells_an_edit_from_a_repeat():
    reacted = '<div class="tgme_widget_message_reactions"><span class="tgme_reaction"><i class="emoji"><b>👍</b></i>3</span></div>'  # fmt: skip
    same = entry(text("words"))
    assert entry(text("words") + reacted).content_hash == same.content_hash
    assert entry(text("other words")).content_hash != same.content_hash
    assert entry(text("words"), meta="edited ").content_hash != same.content_hash


# --- polling --------------------------------------------------------------------------------------


def run(answers: Callable[[str], Any], state: FeedState | None = None, known: tuple[str, ...] = (), **options: Any) -> Any:  # fmt: skip
    """Drive a poll; `answers` gives a body or an error for an address. Returns the feed and the requests made."""
    state = state or FeedState(1, FEED.url, FEED.url)
    steps = telegram.poll(FEED, state, {i: Known(i, "", "") for i in known}, NOW, **options)
    requests: list[Request] = []
    step = next(steps)
    while True:
        try:
            if isinstance(step, Task):
                step = steps.send(step.function(*pickle.loads(pickle.dumps(step.args))))
                continue
            requests.append(step)
            answer = answers(step.url)
            if isinstance(answer, Exception):
                step = steps.throw(answer)
            else:
                step = steps.send(Response(step.url, 200, {}, answer, step.url))
        except StopIteration as done:
            return done.value, requests


def ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def archive(url: str) -> bytes:
    """Twenty posts a page, one a day, the newest being 100."""
    before = int(url.partition("before=")[2] or 101)
    numbers = range(before - 20, before)
    return page(*(message(n, text(f"post {n}"), date=ago(101 - n)) for n in numbers), before=before - 20)


def test_a_first_poll_brings_about_two_weeks():
    parsed, requests = run(archive)
    assert [r.url for r in requests] == ["https://t.me/s/Name"]
    assert [e.post.message_ids[0] for e in parsed.entries] == list(range(81, 101))
    assert parsed.profile.title == parsed.title == "A name"

    def busy(url: str) -> bytes:
        return archive(url).replace(b"2026-", b"2027-")

    assert len(run(busy)[1]) == telegram.FIRST_PAGES


def test_a_later_poll_pages_back_to_what_is_known():
    parsed, requests = run(archive, known=("telegram:1340004711/45",))
    assert [r.url for r in requests][1:] == [
        "https://t.me/s/Name?before=81",
        "https://t.me/s/Name?before=61",
    ]
    assert [r.kind for r in requests] == ["feed", "page", "page"]
    assert parsed.entries[0].post.message_ids == (41,)
    assert parsed.entries[-1].post.message_ids == (100,)
    assert not parsed.warnings


def test_a_known_post_that_was_deleted_ends_the_paging_too():
    def without(url: str) -> bytes:
        return archive(url).replace(b'data-post="Name/90"', b"")

    assert len(run(without, known=("telegram:1340004711/90",))[1]) == 1


def refusing(status: int) -> Callable[[str], Any]:
    """The newest page, and this status for every older one."""

    def answers(url: str) -> Any:
        if "before=" not in url:
            return archive(url).replace(b"2026-", b"2027-")
        response = Response(url, status, {}, b"", url)
        return HttpError(url, f"HTTP {status}", response=response)

    return answers


@pytest.mark.parametrize("known", [(), ("telegram:1340004711/1",)])
def test_an_older_page_that_is_not_there_costs_no_newer_post(known: tuple[str, ...]):
    parsed, requests = run(refusing(404), known=known)
    assert len(requests) == 2
    assert len(parsed.entries) == 20
    assert parsed.warnings == ("posts before 81 were not read: HTTP 404",)


@pytest.mark.parametrize("status", [429, 503])
def test_an_older_page_that_may_come_later_lets_the_whole_poll_be_done_again(status: int):
    with pytest.raises(HttpError):
        run(refusing(status))


def test_paging_ends_with_a_warning():
    def endless(url: str) -> bytes:
        before = int(url.partition("before=")[2] or 10_001)
        return page(*(message(n) for n in range(before - 20, before)), before=before - 20)

    parsed, requests = run(endless, known=("telegram:1340004711/1",))
    assert len(requests) == telegram.MAX_PAGES
    assert "not read" in parsed.warnings[0]


def failing(*hosts: str, status: int = 0) -> Callable[[str], Any]:
    def answer(url: str) -> Any:
        if any(f"//{host}/" in url for host in hosts):
            if status:
                return HttpError(url, f"HTTP {status}", response=Response(url, status, {}, b"", url))
            return Unreachable(url, "connection refused")
        return archive(url)

    return answer


def test_another_host_answers_when_the_first_does_not_and_is_asked_first_next_time():
    parsed, requests = run(failing("t.me"))
    assert [r.url for r in requests] == ["https://t.me/s/Name", "https://telegram.me/s/Name"]
    assert parsed.entries[0].url.startswith("https://t.me/Name/")
    state = FeedState(1, FEED.url, FEED.url, cursor=parsed.cursor, etag='"e"')
    _, again = run(archive, state)
    assert [(r.url, r.etag) for r in again] == [("https://telegram.me/s/Name", '"e"')]


def test_a_server_error_falls_back_and_a_refusal_does_not():
    assert len(run(failing("t.me", status=502))[1]) == 2
    with pytest.raises(HttpError):
        run(failing("t.me", status=429))
    with pytest.raises(Unreachable) as error:
        run(failing("a.example", "b.example"), hosts=("a.example", "b.example"))
    assert error.value.subject == "https://a.example/s/Name"


def test_a_post_has_one_id_whatever_the_page_tells():
    told, _ = run(lambda _: page(message(7)))
    assert told.entries[0].id == "telegram:1340004711/7"
    state = FeedState(1, FEED.url, FEED.url, profile=told.profile)
    assert run(lambda _: page(message(7, view=False)), state)[0].entries[0].id == "telegram:1340004711/7"
    untold, _ = run(lambda _: page(message(7, view=False)))
    assert untold.entries[0].id == "telegram:name/7"
    assert run(archive, known=("telegram:name/100",))[0].entries[-1].id == "telegram:name/100"


def test_a_refused_name_is_an_error_not_zero_posts():
    with pytest.raises(SourceRefused):
        run(
            lambda _: card('<div class="tgme_page_title">T</div><div class="tgme_page_extra">3 members</div>')
        )


# --- exports --------------------------------------------------------------------------------------


def export(*messages: dict[str, Any], **chat: Any) -> bytes:
    return json.dumps({"name": "频道", "type": "public_channel", "id": 1340004711, "messages": list(messages)} | chat).encode()  # fmt: skip


def posted(number: int, content: Any = "words", **fields: Any) -> dict[str, Any]:
    unix = int(datetime(2026, 11, 14, 13, tzinfo=UTC).timestamp()) + number
    return {"id": number, "type": "message", "date": f"2026-11-14T21:00:{number:02}", "date_unixtime": str(unix), "from_id": "channel1340004711", "text": content} | fields  # fmt: skip


def test_an_exported_post_is_the_one_of_the_page():
    pieces = [
        {"type": "link", "text": "https://arxiv.org/abs/2305.18290"},
        {"type": "plain", "text": " "},
        {"type": "hashtag", "text": "#llm"},
        {"type": "plain", "text": "\n\n读了 <DPO> & "},
        {"type": "text_link", "text": "KTO", "href": "https://arxiv.org/abs/2402.01306"},
        {"type": "pre", "text": "a\nb", "language": "python"},
        {"type": "blockquote", "text": "q"},
    ]
    data = export(
        posted(
            7, "", text_entities=pieces, author="Ann", edited_unixtime="1", reply_to_message_id=3,
            reactions=[{"type": "emoji", "count": 3, "emoji": "❤️", "recent": [{"from": "Bob"}]},
                       {"type": "custom_emoji", "count": 2, "document_id": "55"}, {"type": "paid", "count": 1}],
        )
    )  # fmt: skip
    (found,) = telegram.posts_from_export(data, channel="@Name")
    assert (found.id, found.url) == ("telegram:1340004711/7", "https://t.me/Name/7")
    assert found.published == datetime(2026, 11, 14, 13, 0, 7, tzinfo=UTC)
    assert found.title == "读了 <DPO> & KTO"
    assert found.via_url == "https://arxiv.org/abs/2305.18290"
    assert found.post.hashtags == ("llm",)
    assert found.post.reactions == (
        Reaction("❤", 3, "3"),
        Reaction("custom:55", 2, "2"),
        Reaction("paid", 1, "1"),
    )
    assert found.post.reply == Reply("https://t.me/Name/3")
    assert (found.post.signature, found.post.edited, found.post.views) == ("Ann", True, None)
    assert "Bob" not in repr(found)
    assert "&lt;DPO&gt; &amp; " in found.content
    assert [b.kind for b in blocks_from_html(found.content)] == ["paragraph", "paragraph", "code", "quote"]


def test_an_export_of_2022_has_text_in_two_forms_and_no_zone():
    old = [
        {"id": 1, "type": "message", "date": "2022-03-16T19:23:47", "text": "plain"},
        {"id": 2, "type": "message", "date": "2022-03-16T19:24:47", "text": ["a ", {"type": "bold", "text": "b"}], "forwarded_from": None},
        {"id": 3, "type": "service", "date": "2022-03-16T19:24:47", "text": ""},
    ]  # fmt: skip
    first, second = telegram.posts_from_export(export(*old))
    assert first.published == datetime(2022, 3, 16, 19, 23, 47, tzinfo=UTC)
    assert (second.content, second.post.forward, second.post.reactions) == ("a <b>b</b>", Forward(""), None)
    assert second.url == "https://t.me/c/1340004711/2"


def test_an_exported_album_is_one_post_again():
    at = {"date": "2026-11-14T21:00:00"}
    messages = [
        posted(1, "", photo="photos/1.jpg", **at),
        posted(2, "caption", photo="photos/2.jpg", **at),
        posted(3, "", photo="(File not included)", **at),
        posted(4, "alone", photo="photos/4.jpg"),
    ]
    album, alone = telegram.posts_from_export(export(*messages))
    assert (album.post.message_ids, album.content, len(album.post.media)) == ((1, 2, 3), "caption", 3)
    assert alone.post.message_ids == (4,)
    assert "photos/" not in repr(album)


def test_an_account_export_gives_its_channels_only():
    chats = [
        json.loads(export(posted(1))),
        json.loads(export(posted(2), type="private_group", id=5)),
        json.loads(export(posted(3), type="personal_chat", id=6)),
    ]
    (found,) = telegram.posts_from_export(json.dumps({"chats": {"list": chats}}).encode())
    assert found.id == "telegram:1340004711/1"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"<html>", b'{"chats": 3}', b'{"chats": {"list": []}}', b"\xff"]
)
def test_what_is_no_export_says_so(data):
    with pytest.raises(ParseError, match=r"result\.json"):
        telegram.posts_from_export(data)


# --- recorded data --------------------------------------------------------------------------------


@pytest.mark.shared
def test_recorded_pages(shared):
    pages = shared / "corpora" / "telegram" / "pages"
    durov = telegram.parse_page((pages / "sherlock-channel_feed.html").read_bytes(), "https://t.me/s/durov")
    assert (durov.before, len(durov.entries), durov.profile.numeric_id) == ("519", 20, 1006503122)
    assert [e.url for e in durov.entries if not e.content] == ["https://t.me/durov/522"]
    assert all(e.title and e.published and e.post.reactions for e in durov.entries)
    assert durov.entries[0].post.signature == "Pavel Durov"
    nexta = telegram.parse_page((pages / "gnupinguin-nexta.html").read_bytes(), "https://t.me/s/nexta_live")
    assert (nexta.before, len(nexta.entries)) == ("13358", 18)
    assert (13373, 13374, 13375) in [e.post.message_ids for e in nexta.entries]
    assert [e.post.forward.url for e in nexta.entries if e.post.forward] == ["https://t.me/luxta_tv/2320"]
    assert nexta.profile.counters[0] == Counter("1.48M", "members", 1_480_000)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("sherlock-tme_bot", "bot"), ("sherlock-tme_user", "user"), ("sherlock-tme_free", "free"), ("sherlock-tme_group", "group"),
        ("sherlock-tme_channel", "no preview"), ("gnupinguin-channel", "no preview"), ("gnupinguin-invalid_channel", "free"),
    ],
)  # fmt: skip
def test_recorded_cards(shared, name, state):
    body = (shared / "corpora" / "telegram" / "pages" / f"{name}.html").read_bytes()
    with pytest.raises(SourceRefused) as refused:
        telegram.parse_page(body, "https://t.me/some_name")
    assert refused.value.state == state


@pytest.mark.shared
def test_recorded_messages(shared):
    found = {}
    for file in sorted((shared / "corpora" / "telegram" / "fragments").glob("*parse_*.html")):
        body = b'<section class="tgme_channel_history">' + file.read_bytes() + b"</section>"
        found[file.stem.partition("parse_")[2]] = telegram.parse_page(body, "https://t.me/s/x").entries
    assert found["no_posts_found"] == found["service_message_pinned"] == ()
    one = {name: entries[0] for name, entries in found.items() if entries}
    assert one["forwarded_text_message"].post.forward == Forward("Some user", "https://t.me/some_user")
    assert one["multimedia_message"].post.message_ids == (84, 85, 86, 87)
    assert one["multimedia_message"].content == "Multiple videos and pictures"
    assert one["poll"].post.media[0].title == "Let's do a quick poll quizz mode"
    assert one["signed_edited_text_message"].post.edited
    assert one["signed_edited_text_message"].post.signature == "Álvaro Justen"
    assert one["text_reply_to_video"].post.reply.excerpt == "Video"
    assert one["text_message_link_with_right_preview"].post.preview.small
    assert not one["text_message_link_with_regular_preview"].post.preview.small
    assert one["video_big"].post.partial
    assert one["message_weird_preview"].post.hashtags


@pytest.mark.shared
def test_recorded_exports(shared):
    exports = shared / "corpora" / "telegram" / "export"
    library = telegram.posts_from_export((exports / "trantor_library_TG101.result.json").read_bytes())
    assert sum(len(e.post.message_ids) for e in library) == 766
    assert len({e.id for e in library}) == len(library)
    assert sum(bool(e.post.hashtags) for e in library) > 500
    assert all(e.title and e.published for e in library)
    assert all(blocks_from_html(e.content) for e in library if e.content)
    assert len(telegram.posts_from_export((exports / "roboteam-result.json").read_bytes())) == 8


def test_no_channel_is_lost_when_it_moves():
    moved = replace(FeedState(1, FEED.url, "https://telegram.me/s/Name"), cursor="telegram.me")
    assert run(archive, moved)[1][0].url == "https://telegram.me/s/Name"


def test_a_time_without_zone_is_utc() -> None:
    """Never seen from the service; but one naive time would end the comparison with all others."""
    page = DEMO.read_bytes().replace(b"+00:00</time>", b"</time>").replace(b'+00:00"', b'"')
    entries = telegram.parse_page(page, "https://t.me/s/LinghaoCh").entries
    assert {entry.published.tzinfo for entry in entries if entry.published} == {UTC}
