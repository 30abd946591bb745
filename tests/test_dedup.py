"""One story shown once, and two things never folded into one."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stories import candidates_of, figures, folded_rows, rows_of
from digest.dedup import Fingerprint, fingerprint, jaccard, stories
from digest.dedup.series import are_editions, numbering
from digest.dedup.terms import Terms
from digest.model import Article, Candidate, Entry, Feed, Forward, Post, Story
from digest.urls import canonical_url

NOW = datetime(2026, 2, 10, 8, tzinfo=UTC)
VOCABULARY = [
    f"{a}{b}" for a in ("lor", "ips", "dol", "sit", "amet", "con") for b in ("an", "el", "ir", "os", "um")
]


def words(seed: int, count: int = 120) -> str:
    """Text of our own making: the same for the same seed, without common runs for two seeds."""
    chooser = random.Random(seed)
    return " ".join(f"{chooser.choice(VOCABULARY)}{chooser.randrange(60)}" for _ in range(count))


def entry(
    number: int,
    url: str,
    title: str = "",
    text: str = "",
    *,
    feed: str = "",
    target: str = "",
    hours: float = 0,
    post: Post | None = None,
) -> Candidate:
    key, target = canonical_url(url), canonical_url(target)
    at = NOW + timedelta(hours=hours)
    return Candidate(
        entry_id=number,
        feed=Feed(url=feed or f"https://feed{number}.example/feed"),
        feed_title="",
        entry=Entry(
            id=str(number), url=url, title=title, content_hash="", content="" if text else title, post=post
        ),
        at=at,
        first_seen=at,
        key=key,
        target=target,
        article=Article(key=target or key, url=url, title=title, text=text) if text else None,
    )


def channel_post(**fields: object) -> Post:
    return replace(Post(channel="chan", channel_title="Chan", message_ids=(1,)), **fields)  # type: ignore[arg-type]


def folds(*candidates: Candidate, **options: object) -> set[frozenset[int]]:
    found = stories(candidates, **options)  # type: ignore[arg-type]
    return {frozenset(member.entry_id for member in story.members) for story in found}


def only(*candidates: Candidate) -> Story:
    (story,) = stories(candidates)
    return story


def test_paper_blog_link_and_channel_remark_are_one_story() -> None:
    paper = entry(1, "https://arxiv.org/abs/2305.18290", "Direct Preference Optimization", words(1), hours=3)
    link = entry(
        2, "https://links.example/1", "Nice", target="https://arxiv.org/pdf/2305.18290v2.pdf", hours=1
    )
    post = entry(
        3,
        "https://t.me/chan/1",
        "学习了",
        target="https://huggingface.co/papers/2305.18290",
        post=channel_post(),
    )
    story = only(post, paper, link)
    assert story.lead is paper
    assert story.key == "arxiv:2305.18290"
    assert [other.entry_id for other in story.others] == [3, 2]
    assert [(reason.entry_id, reason.rule) for reason in story.evidence] == [(3, "mention"), (2, "mention")]
    assert "arxiv:2305.18290" in story.evidence[0].detail


def test_mentions_of_one_article_are_one_story_without_it() -> None:
    forward = channel_post(forward=Forward("Other channel", "https://t.me/other/5"))
    first = entry(1, "https://t.me/a_chan/1", "look", target="https://example.org/x", post=channel_post())
    richer = entry(2, "https://t.me/b_chan/1", "look", target="https://example.org/x/", post=forward, hours=2)
    story = only(first, richer)
    assert story.lead is richer
    assert story.key == "https://example.org/x"


def test_a_forward_joins_its_original() -> None:
    original = entry(1, "https://t.me/other/5", "words", post=channel_post(channel="other"), hours=2)
    forward = entry(
        2, "https://t.me/chan/1", "words", post=channel_post(forward=Forward("O", "https://t.me/Other/5"))
    )
    assert only(forward, original).lead is original


@pytest.mark.parametrize(
    "address", ["https://t.me/other/7", "https://t.me/s/Other/6", "https://t.me/other/7?single"]
)
def test_what_points_at_a_member_of_an_album_points_at_the_album(address: str) -> None:
    album = entry(
        1, "https://t.me/other/5", "三张图", post=channel_post(channel="other", message_ids=(5, 6, 7))
    )
    remark = entry(2, "https://t.me/chan/1", "看图", target=address, post=channel_post(), hours=1)
    story = only(album, remark)
    assert story.lead is album
    assert story.evidence[0].rule == "mention"


def test_posts_without_a_target_stand_alone() -> None:
    assert (
        len(folds(*(entry(n, f"https://t.me/chan/{n}", "今天很好", post=channel_post()) for n in (1, 2))))
        == 2
    )


def test_aliases_count_as_addresses() -> None:
    proxied = entry(1, "https://proxy.example/1", "A", words(1))
    assert proxied.article is not None
    proxied = replace(proxied, article=replace(proxied.article, aliases=("https://example.org/a",)))
    assert len(folds(proxied, entry(2, "https://example.org/a", "B", words(2)))) == 1


def test_near_identical_text_is_folded_and_the_full_one_leads() -> None:
    text = words(1, 400)
    full = entry(1, "https://a.example/1", "A story", text, hours=5)
    copy = entry(2, "https://b.example/1", "The same under another name", text.replace("loran1", "changed"))
    story = only(copy, full)
    assert story.evidence[0].rule == "near-identical text"
    assert story.evidence[0].score > 0.5
    assert story.lead is copy  # both are full: the earlier one


def test_simplified_and_traditional_are_the_same_words() -> None:
    simplified = (
        "学习这个优化方法需要时间，因为它与强化学习的关系并不简单，我们应该从头开始说明它的历史与发展。" * 2
    )
    traditional = (
        "學習這個優化方法需要時間，因為它與強化學習的關係並不簡單，我們應該從頭開始說明它的歷史與發展。" * 2
    )
    assert fingerprint(simplified) == fingerprint(traditional)
    ours = entry(1, "https://a.example/1", "直接偏好优化", simplified * 2)
    theirs = entry(2, "https://b.example/1", "直接偏好優化", traditional * 2)
    assert only(ours, theirs).evidence[0].rule == "same text"


def test_teaser_joins_its_full_text() -> None:
    full = entry(1, "https://a.example/1", "A long story of loops", words(1, 600), hours=2)
    teaser = entry(2, "https://b.example/1", "A long story of loops", words(1, 600)[:400])
    story = only(teaser, full)
    assert story.lead is full
    assert story.evidence[0].rule == "teaser"


NEWS = (
    "Acme Robotics recalls 12,000 Kestrel drones after a battery fire in Rotterdam injured two engineers on Monday,"
    " the company said. Regulators in Brussels opened an inquiry into the Kestrel's charging circuit.",
    "Two engineers were injured in Rotterdam on Monday when a Kestrel drone's battery caught fire; Acme Robotics now"
    " recalls 12,000 of them while regulators in Brussels look at the charging circuit of the Kestrel.",
)


def crowd(size: int = 30) -> list[Candidate]:
    """A week around the entries in question, so that words have frequencies."""
    return [
        entry(100 + n, f"https://crowd{n}.example/1", words(100 + n, 8), words(200 + n, 80))
        for n in range(size)
    ]


def test_the_same_event_under_another_title_is_folded_within_days() -> None:
    ours = entry(1, "https://a.example/1", "Acme recalls Kestrel drones after Rotterdam fire", NEWS[0])
    theirs = entry(
        2, "https://b.example/9", "Rotterdam battery fire: Acme Robotics recalls its Kestrel drones", NEWS[1]
    )
    assert frozenset({1, 2}) in folds(ours, theirs, *crowd())
    late = replace(theirs, at=NOW + timedelta(days=5))
    assert frozenset({1, 2}) not in folds(ours, late, *crowd())
    same_feed = replace(theirs, feed=ours.feed)
    assert frozenset({1, 2}) not in folds(ours, same_feed, *crowd())


def test_the_later_report_has_to_be_more_alike() -> None:
    ours = entry(1, "https://a.example/1", "Acme recalls Kestrel drones after Rotterdam fire", NEWS[0])
    theirs = entry(2, "https://b.example/9", "Rotterdam battery fire: Acme recalls drones", NEWS[1])

    def most_asked(hours: float) -> float:
        late = replace(theirs, at=NOW + timedelta(hours=hours))
        steps = (step / 100 for step in range(100, 0, -1))
        return next(
            step for step in steps if frozenset({1, 2}) in folds(ours, late, *crowd(), threshold=step)
        )

    assert most_asked(0) > most_asked(36) > most_asked(72) > 0.3


def test_the_numbers_of_two_reports_may_differ() -> None:
    ours = entry(1, "https://a.example/1", "Two hurt as Kestrel drone burns; 12,000 recalled", NEWS[0])
    theirs = entry(2, "https://b.example/9", "Kestrel drone fire hurts 2, Acme takes back 12,500", NEWS[1])
    assert frozenset({1, 2}) in folds(ours, theirs, *crowd())
    ours, theirs = (
        replace(one, article=replace(one.article, title=f"Kestrel {number}.0 drones recalled"))  # type: ignore[arg-type]
        for one, number in ((ours, 1), (theirs, 2))
    )
    assert frozenset({1, 2}) not in folds(ours, theirs, *crowd())


def test_what_a_title_begins_with_and_sums_of_money_number_no_series() -> None:
    titles = (
        ("12,000 Kestrel drones recalled after Rotterdam fire", "2 engineers hurt: Acme recalls the Kestrel"),
        (
            "Acme recalls Kestrel drones for Rs 3 crore",
            "Rotterdam battery fire costs Acme Robotics Rs 30 million",
        ),
    )
    for ours, theirs in titles:
        one, other = (
            entry(number, f"https://e{number}.example/1", title, text)
            for number, title, text in ((1, ours, NEWS[0]), (2, theirs, NEWS[1]))
        )
        assert frozenset({1, 2}) in folds(one, other, *crowd()), ours


@pytest.mark.parametrize(
    ("title", "is_one"), [("Does {} have a volatile share price?", False), ("{} in trouble", True)]
)
def test_titles_by_one_pattern_about_two_subjects_are_two(title: str, is_one: bool) -> None:
    texts = (
        "Ann Example of Acme Brokers in Rotterdam looked at Kestrel: its shares moved more than the market, and Kestrel"
        " pays no dividend. Volatile share prices, she says, are for the brave.",
        "Who holds Lapwing should look at how volatile its share price is, writes Ann Example of Acme Brokers. In"
        " Rotterdam Lapwing moved less than the market did in March.",
    )
    titles = (
        [title.format("Kestrel"), title.format("Lapwing")]
        if not is_one
        else ["Volatile share prices", "Rotterdam asks about volatile share prices"]
    )
    ours, theirs = (
        entry(number, f"https://e{number}.example/1", titles[number - 1], texts[number - 1])
        for number in (1, 2)
    )
    assert (frozenset({1, 2}) in folds(ours, theirs, *crowd())) == is_one


TEASERS = (
    (
        "Prosecutors in Rotterdam charge Acme",
        "The maker of the Kestrel drone knew of its faulty battery weeks before the fire that hurt two engineers last"
        " winter.",
    ),
    (
        "Acme charged over Kestrel drone fire",
        "Rotterdam prosecutors say that nobody was warned of the battery, though the maker had read a report on its"
        " faults.",
    ),
)
"""Too alike for two subjects, too unlike for two headlines."""


def test_the_more_text_stands_under_two_titles_the_less_they_need_have_in_common() -> None:
    def are_one(texts: tuple[str, str]) -> bool:
        pair = [
            entry(number, f"https://e{number}.example/1", TEASERS[number - 1][0], texts[number - 1])
            for number in (1, 2)
        ]
        return frozenset({1, 2}) in folds(*pair, *crowd())

    assert are_one((TEASERS[0][1], TEASERS[1][1]))
    assert not are_one(("", ""))


COLUMN = (
    "The calendar of toys for the terminal goes on. A toy is a game or a gimmick, anything small that makes a shell a"
    " nicer place, and Ann Example of Rotterdam has found another one. ",
    "A lander falls towards a field of dots, and with three keys you keep it from becoming a crater. Thrust costs"
    " fuel, fuel is weight, and whoever brakes late is faster or flat.",
    "Write your cousins and your aunts into a file of plain lines, and a tree of letters grows out of it, generation"
    " by generation, with marriages as rungs and the dead in brackets.",
)


def test_two_of_a_column_stay_apart_wherever_they_are_reprinted() -> None:
    """What stands around their news is the same, and neither text knows the other's title."""
    lander = entry(1, "https://a.example/1", "Down to the moon without leaving Bash", COLUMN[0] + COLUMN[1])
    tree = entry(2, "https://b.example/1", "Plot your relatives in ASCII", COLUMN[0] + COLUMN[2])
    assert frozenset({2}) in folds(lander, tree, *crowd())
    reprint = entry(3, "https://c.example/1", "Without leaving Bash: a lander", COLUMN[0] + COLUMN[1])
    assert {frozenset({1, 3}), frozenset({2})} <= folds(lander, tree, reprint, *crowd())


def test_rare_words_tell_most_of_a_title() -> None:
    texts = [("Linux penguins", f"Linux runs here, on machine {words(n, 3)}.", False) for n in range(60)]
    texts[0] = ("Linux asciiquarium", "Fish swim on a screen, and Linux draws them.", False)
    terms = Terms(texts)
    assert terms.title_share("Linux asciiquarium", "", "Linux alone") < 0.2
    assert terms.title_share("Linux asciiquarium", "", "an asciiquarium") > 0.8
    assert terms.title_share("", "Linux", "Linux") == 0.0


def test_what_two_texts_have_word_for_word_does_not_hold_their_titles() -> None:
    lander = entry(1, "https://a.example/1", "A small game for your shell: the moon", COLUMN[0] + COLUMN[1])
    tree = entry(
        2, "https://b.example/1", "A gimmick for the terminal, with relatives", COLUMN[0] + COLUMN[2]
    )
    assert frozenset({2}) in folds(lander, tree, *crowd())


@pytest.mark.parametrize(("where", "is_one"), [("", False), ("They work for Acme in Rotterdam. ", True)])
def test_reports_of_one_event_share_names_and_two_texts_on_one_subject_do_not(
    where: str, is_one: bool
) -> None:
    ours = entry(
        1,
        "https://a.example/1",
        "Pruning the cache for long contexts",
        f"Long contexts fill the cache of a language model. {where}We prune it by the attention that its entries get,"
        " layer by layer, and lose little accuracy while memory falls to a third.",
    )
    theirs = entry(
        2,
        "https://b.example/1",
        "A cache for long contexts by merging",
        f"The cache of a model grows with the dialogue, until nothing fits. {where}Entries that are alike we merge in"
        " each layer instead of dropping them, which keeps answers intact at half the memory.",
    )
    assert (frozenset({1, 2}) in folds(ours, theirs, *crowd())) == is_one


ZH_NEWS = (
    "10月21日上午，云帆航空一架载有86人的支线客机在临江机场降落时冲出跑道，机上人员全部安全撤离，三名旅客受轻伤。"
    "机场一度关闭两个小时。民航局已派出调查组，初步判断与当时的大雨和跑道积水有关。",
    "云帆航空一架支线客机周三上午在大雨中降落临江机场时偏出跑道，86名乘客和机组人员通过滑梯撤离，其中三人轻伤送医。"
    "跑道因此关闭，约两小时后恢复起降。民航局表示调查组已赶赴现场。",
)


def zh_crowd() -> list[Candidate]:
    chooser = random.Random(7)
    signs = [chr(code) for code in range(0x4E00, 0x5200)]
    return [
        entry(
            100 + n,
            f"https://crowd{n}.example/1",
            "".join(chooser.choices(signs, k=10)),
            "".join(chooser.choices(signs, k=200)),
        )
        for n in range(60)
    ]


def test_the_same_event_in_chinese_is_folded() -> None:
    ours = entry(1, "https://a.example/1", "云帆航空客机在临江机场冲出跑道 三人轻伤", ZH_NEWS[0])
    theirs = entry(
        2, "https://b.example/9", "临江机场一客机大雨中偏出跑道，机上86人全部撤离", ZH_NEWS[1], hours=5
    )
    other = entry(
        3,
        "https://c.example/2",
        "云帆航空宣布明年新开六条国际航线",
        "云帆航空周三宣布，明年将新开通六条国际航线，并接收十架新飞机，冬春航季的航班总量预计增长百分之十二，公司同时公布了第三季度的财务数据。"
        * 2,
    )
    found = folds(ours, theirs, other, *zh_crowd())
    assert frozenset({1, 2}) in found
    assert frozenset({3}) in found


def test_headlines_alone_join_only_when_they_say_the_same() -> None:
    def headlines(a: str, b: str) -> set[frozenset[int]]:
        return folds(
            entry(1, "https://a.example/1", a), entry(2, "https://b.example/1", b), *crowd(), *zh_crowd()
        )

    both = frozenset({1, 2})
    assert both in headlines(
        "Microsoft to create a Rust-like language for secure code",
        "Microsoft: we create a Rust-like language for secure code",
    )
    assert both not in headlines(
        "Microsoft to create a Rust-like language", "Microsoft to open a data centre in Oslo"
    )
    assert both in headlines(
        "《海岸法》修订草案提请审议，新增潮间带保护条款", "《海岸法》修订草案今日提请审议，新增潮间带保护条款"
    )
    assert both not in headlines("江北疾控重要提醒！", "江南疾控重要提醒！")
    assert both not in headlines("祝大家端午安康", "祝大家端午安康！")


def test_a_big_event_is_one_story_however_many_tell_it() -> None:
    """More reports than a term may have holders to be telling."""
    parts = " ".join(NEWS).split()
    chooser = random.Random(3)
    told = [
        entry(
            n,
            f"https://paper{n}.example/1",
            f"Kestrel drones recalled, says {''.join(chooser.choices('abcdefgh', k=7))}",
            " ".join(word for word in parts if chooser.random() > 0.2),
            hours=n / 4,
        )
        for n in range(90)
    ]
    (biggest,) = (fold for fold in folds(*told, *crowd(400)) if len(fold) > 1)
    assert biggest == frozenset(range(90))


def test_a_report_of_a_big_event_finds_the_event_before_another_lone_report() -> None:
    """Measured at a low threshold, as streams of headlines are, which share a few of an event's words."""
    chooser = random.Random(11)

    def headline(number: int, words: str) -> Candidate:
        own = "".join(chooser.choices("bcdfghjklmnpqrstvwxz", k=6))
        return entry(number, f"https://s{number}.example/1", f"{words} {own}")

    subjects = ("ferry", "harbour", "captain", "divers", "wreck", "strait")
    told = [headline(n, " ".join(three)) for n, three in enumerate(combinations(subjects, 3))]
    late, lone = headline(50, "inquiry captain wreck divers"), headline(51, "inquiry bakery prices")
    folded = folds(*told, late, lone, *crowd(60), threshold=0.06)
    assert {frozenset({*range(len(told)), 50}), frozenset({51})} <= folded


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Understanding DPO, Part 1", "Understanding DPO, Part 2"),
        ("Understanding DPO, Part One", "Understanding DPO, Part Two"),
        ("周刊（第 300 期）", "周刊（第 301 期）"),
        ("周刊第三百期", "周刊第三百零一期"),
        ("直接偏好优化（上）", "直接偏好优化（下）"),
        ("digest 1.2 released", "digest 1.3 released"),
        ("New projects for August 2019", "New projects for October 2019"),
        ("Upgrading Fedora 30 to 31", "Upgrading Fedora 31 to 32"),
        ("Twelve tips for the 12th birthday of Git", "Twelve tips for the 13th birthday of Git"),
        ("深入理解链接（一）", "深入理解链接（二）"),
        ("读书笔记之三", "读书笔记之四"),
        ("每日一读 6月15日", "每日一读 6月16日"),
        ("三月的书单", "四月的书单"),
        ("每日一问：周一", "每日一问：周二"),
        ("Part One学习笔记", "Part Two学习笔记"),
        ("Open thread, Monday", "Open thread, Friday"),
        ("Links of Nov 25", "Links of Nov 26"),
        ("Final Theory III", "Final Theory IV"),
        ("First quarter figures", "Second quarter figures"),
        ("一季度财报", "二季度财报"),
        ("Season 2 Episode 3", "Season 2 Episode 4"),
        ("Python 3.8.0 beta", "Python 3.8.0 rc"),
        ("Spring 2019 issue", "Fall 2019 issue"),
    ],
)
def test_numbers_of_a_series_stay_apart_however_alike_the_text(a: str, b: str) -> None:
    text = words(1, 300)
    one = entry(1, "https://a.example/1", a, text)
    two = entry(2, "https://a.example/2", b, text + " more", feed=one.feed.url)
    assert len(folds(one, two)) == 2
    assert len(folds(one, replace(two, feed=Feed(url="https://other.example")))) == 2


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("12,000 drones recalled", "Acme recalls 12000 drones"),
        ("10 个命令", "11 个命令"),
        ("Ubuntu 18.04 的安装", "如何安装 Ubuntu 18.04"),
        ("Links", "Links of Nov 25"),
    ],
)
def test_other_titles_are_no_series(a: str, b: str) -> None:
    assert not are_editions(numbering(a), numbering(b))


def test_two_numbers_of_a_series_stay_apart_beside_a_copy_without_a_number() -> None:
    """What is like both brings them together no more than they would come by themselves."""
    text = words(1, 300)
    one, plain, two = (
        entry(n, f"https://s{n}.example/1", title, f"{text} {words(n, 5)}")
        for n, title in enumerate(("Notes on tides, Part 1", "Notes on tides", "Notes on tides, Part 2"))
    )
    assert not any({0, 2} <= fold for fold in folds(one, plain, two))


def test_numbers_of_one_feed_under_a_standing_title_stay_apart() -> None:
    """Half of each is what stands around the news."""
    frame = words(1, 120)
    one, two = (
        entry(
            n, f"https://a.example/{n}", "This week", f"{frame} {words(10 + n, 60)}", feed="https://a.example"
        )
        for n in (1, 2)
    )
    assert len(folds(one, two)) == 2


def test_papers_of_one_template_stay_apart() -> None:
    one = entry(1, "https://arxiv.org/abs/2305.18290", "Task A", words(1, 200))
    two = entry(2, "https://arxiv.org/abs/2402.01306", "Task A", words(1, 200))
    assert len(folds(one, two)) == 2


def test_episodes_with_one_description_stay_apart() -> None:
    text = words(1, 100)
    one = entry(1, "https://pod.example/1", "Talking with Ada", text, feed="https://pod.example/feed")
    two = entry(2, "https://pod.example/2", "Compilers and cats", text, feed="https://pod.example/feed")
    assert len(folds(one, two)) == 2


def test_a_repost_of_one_episode_does_not_bring_the_next_one_in() -> None:
    frame = words(1, 90)
    show = "https://pod.example/feed"
    one = entry(1, "https://pod.example/1", "Talking with Ada", f"{words(2, 60)} {frame}", feed=show)
    two = entry(2, "https://pod.example/2", "Compilers and cats", f"{words(3, 60)} {frame}", feed=show)
    repost = entry(3, "https://other.example/1", "Talking with Ada", f"{words(2, 60)} {frame} reposted")
    found = folds(one, two, repost, *crowd())
    assert frozenset({1, 3}) in found
    assert frozenset({2}) in found


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Dreams of Austria", "Dreams of Grasmere"),
        ("The Night Train", "The Night Garden"),
        ("How to Move Your Podcast from Anchor", "How to Move Your Podcast from Buzzsprout"),
        ("Walnut Creek CD: .RLE Images", "Walnut Creek CD: C64 Images"),
        (
            "Rails 5.2.0 RC2: Active Storage, Redis Cache Store",
            "Rails 5.2.0 FINAL: Active Storage, Redis Cache Store",
        ),
        ("How to Budget for a Wedding (Hour 1)", "Should I Pause the Baby Steps for a Wedding? (Hour 1)"),
        ("播客：和李雷聊编译器", "播客：和韩梅梅聊编译器"),
        ("", ""),
    ],
)
def test_one_feed_never_says_a_thing_twice_under_two_titles(a: str, b: str) -> None:
    """Pairs of real feeds with most of their text in common: show notes, how-tos by one pattern, release notes."""
    text = words(1, 300)
    feed = "https://show.example/feed"
    one = entry(1, "https://show.example/1", a, text, feed=feed)
    two = entry(2, "https://show.example/2", b, text.replace("loran1", "other"), feed=feed)
    assert len(folds(one, two)) == 2


def test_one_feed_may_repeat_itself_under_one_title() -> None:
    one, two = (
        entry(
            n,
            f"https://a.example/{n}",
            "Two rooms, quiet",
            words(1) + " " + words(n, 5),
            feed="https://a.example",
        )
        for n in (1, 2)
    )
    assert len(folds(one, two)) == 1


PAPERS = (
    (
        "https://arxiv.org/abs/2305.18290",
        "Direct Preference Optimization: Your Language Model is Secretly a Reward Model",
        "Language models are aligned with human preferences by fitting a reward model and then maximising it with"
        " reinforcement learning. We derive a simple classification loss that optimises the same objective directly on"
        " preference pairs, without a reward model, and match or exceed PPO in sentiment control and summarisation.",
    ),
    (
        "https://arxiv.org/abs/2402.01306",
        "KTO: Model Alignment as Prospect Theoretic Optimization",
        "Language models are aligned with human preferences by objectives such as DPO that need preference pairs. We"
        " derive a loss that maximises the utility of generations directly, without pairs, from a binary signal of"
        " whether an output is desirable, and match or exceed DPO from one billion to thirty billion parameters.",
    ),
    (
        "https://arxiv.org/abs/2310.12036",
        "A General Theoretical Paradigm to Understand Learning from Human Preferences",
        "Learning from human preferences replaces pairwise preferences with a reward model. DPO learns a policy directly"
        " from preference pairs without it. We derive a general objective expressed in pairwise preferences, of which"
        " both are special cases, and with the identity an efficient loss, IPO, that performs better than DPO.",
    ),
)


def test_a_paper_and_its_follow_ups_stay_apart_however_they_come() -> None:
    papers = [entry(n, url, title, text) for n, (url, title, text) in enumerate(PAPERS)]
    posts = [
        entry(10 + n, f"https://blog{n}.example/1", title, text) for n, (_, title, text) in enumerate(PAPERS)
    ]
    remarks = [
        entry(20 + n, f"https://t.me/chan/{n}", "学习一个 DPO", target=url, post=channel_post())
        for n, (url, _, _) in enumerate(PAPERS)
    ]
    found = folds(*papers, *posts, *remarks, *crowd())
    for n in range(3):
        assert len({next(index for index, fold in enumerate(found) if n in fold) for n in range(3)}) == 3
        assert any({n, 20 + n} <= fold for fold in found)
        assert not any({10 + n, 10 + (n + 1) % 3} <= fold for fold in found)


def test_two_names_under_one_heading_stay_apart() -> None:
    text = NEWS[0]
    one = entry(1, "https://a.example/1", "Kestrel drones at work: charging", text)
    two = entry(2, "https://b.example/1", "Kestrel drones at work: flight over Rotterdam", NEWS[1])
    assert frozenset({1, 2}) not in folds(one, two, *crowd())


def test_entries_that_share_their_feeds_home_page_stay_apart() -> None:
    feed = "https://site.example/feed"
    one = entry(1, "https://site.example/", "Release notes for spring", words(1), feed=feed)
    two = entry(2, "https://site.example/", "An interview about gardens", words(2), feed=feed)
    assert len(folds(one, two)) == 2


def test_likeness_does_not_travel_along_a_chain() -> None:
    tokens = words(1, 600).split()
    chain = [
        entry(n, f"https://s{n}.example/1", f"t{n}", " ".join(tokens[n * 45 : n * 45 + 150]))
        for n in range(8)
    ]
    assert not any({0, 7} <= fold for fold in folds(*chain))


def test_the_curator_overrules() -> None:
    text = words(1, 200)
    one, two = entry(1, "https://a.example/1", "A", text), entry(2, "https://b.example/1", "A", text)
    other = entry(3, "https://c.example/1", "Z", words(9))
    assert folds(one, two, other) == {frozenset({1, 2}), frozenset({3})}
    assert len(folds(one, two, other, split=["http://www.a.example/1"])) == 3
    assert frozenset({1, 2, 3}) in folds(
        one, two, other, join=[["https://a.example/1", "https://c.example/1?utm_source=x"]]
    )
    mention = entry(4, "https://t.me/chan/4", "!", target="https://a.example/1", post=channel_post())
    assert frozenset({4}) in folds(one, mention, split=["https://t.me/chan/4"])
    assert frozenset({1, 4}) in folds(one, two, mention, split=["https://a.example/1"])


def test_the_curators_language_leads() -> None:
    text = words(1, 200)
    en = entry(1, "https://a.example/1", "A", text)
    zh = entry(2, "https://b.example/1", "A", text, hours=1)
    assert en.article is not None
    assert zh.article is not None
    en = replace(en, article=replace(en.article, language="en"))
    zh = replace(zh, article=replace(zh.article, language="zh-Hans"))
    assert stories([en, zh])[0].lead is en
    assert stories([en, zh], language="zh")[0].lead is zh


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 3)), max_size=14), st.randoms()
)
def test_order_of_input_does_not_matter(rows: list[tuple[int, int, int]], chooser: random.Random) -> None:
    candidates = [
        entry(
            number,
            f"https://site{site}.example/{number % 3}",
            f"Title {words(text, 3)}",
            words(text, 60),
            feed=f"https://site{site}.example/feed",
            target=f"https://site{target}.example/0" if target else "",
            hours=number,
        )
        for number, (site, text, target) in enumerate(rows)
    ]
    found = stories(candidates)
    shuffled = list(candidates)
    chooser.shuffle(shuffled)
    assert stories(shuffled) == found
    assert sorted(member.entry_id for story in found for member in story.members) == list(range(len(rows)))
    for story in found:
        assert [reason.entry_id for reason in story.evidence] == [other.entry_id for other in story.others]
        assert [other.at for other in story.others] == sorted(other.at for other in story.others)


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 3), st.floats(0, 1), st.integers(0, 80)), max_size=12
    ),
    st.randoms(use_true_random=False),
)
def test_order_of_input_does_not_matter_to_what_words_join(
    rows: list[tuple[int, int, float, int]], chooser: random.Random
) -> None:
    texts = [*NEWS, PAPERS[0][2], PAPERS[1][2]]
    candidates = []
    for number, (site, text, share, hours) in enumerate(rows):
        told = texts[text].split()
        cut = " ".join(told[: int(len(told) * (0.5 + share / 2))])
        title = f"{' '.join(told[:4])} {number % 3}"
        candidates.append(
            entry(
                number,
                f"https://s{site}.example/{number}",
                title,
                cut,
                feed=f"https://s{site}.example",
                hours=hours,
            )
        )
    found = stories([*candidates, *crowd()])
    shuffled = [*candidates, *crowd()]
    chooser.shuffle(shuffled)
    assert stories(shuffled) == found


@given(st.text())
def test_a_fingerprint_survives_being_kept(text: str) -> None:
    for made in (fingerprint(text), fingerprint(text * 50)):
        assert Fingerprint.unpacked(made.packed()) == made
    assert Fingerprint.unpacked(b"") is None
    assert Fingerprint.unpacked(b"\xff" + fingerprint(text).packed()[1:]) is None


@given(st.text(), st.text())
def test_sketches_compare_like_sets(a: str, b: str) -> None:
    one, two = fingerprint(a * 40), fingerprint(b * 40)
    assert 0 <= jaccard(one, two) <= 1
    assert jaccard(one, two) == jaccard(two, one)
    assert jaccard(one, one) in (0, 1)


@pytest.mark.shared
def test_near_duplicates_of_real_pages(shared: Path) -> None:
    rows = rows_of(shared / "corpora/story-clusters/near-duplicates-en.jsonl")
    candidates = candidates_of(rows)
    found = figures(rows, folded_rows(candidates), lambda row: True)
    assert found.precision >= 0.995
    assert found.recall >= 0.94
