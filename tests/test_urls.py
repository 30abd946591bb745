"""One identity for all the addresses of one thing, and never one for two things."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.urls import measured, pairs_of
from digest.urls import absolute_url, arxiv_id, canonical_url, display_url, host_of, is_web_url

DPO = "arxiv:2305.18290"
SAME: dict[str, list[str]] = {
    DPO: [
        "http://arxiv.org/abs/2305.18290",
        "https://www.arxiv.org/abs/2305.18290v3",
        "https://arxiv.org/pdf/2305.18290",
        "https://arxiv.org/pdf/2305.18290v2.pdf",
        "https://arxiv.org/html/2305.18290v1/#S3",
        "https://arxiv.org/html/2305.18290v2/x1.png",
        "https://arxiv.org/format/2305.18290",
        "https://arxiv.org/ps/2305.18290",
        "https://arxiv.org/src/2305.18290v1",
        "https://arxiv.org/abs/2305.18290?context=cs.LG",
        "https://export.arxiv.org/abs/2305.18290v1",
        "https://browse.arxiv.org/pdf/2305.18290.pdf",
        "https://doi.org/10.48550/arXiv.2305.18290",
        "https://dx.doi.org/10.48550/ARXIV.2305.18290",
        "doi:10.48550/arXiv.2305.18290",
        "arXiv:2305.18290",
        "arxiv:2305.18290v2",
        "10.48550/arXiv.2305.18290",
        "oai:arXiv.org:2305.18290v3",
        "https://huggingface.co/papers/2305.18290",
        "https://hf.co/papers/2305.18290#community",
        "https://www.alphaxiv.org/abs/2305.18290v3",
        "https://alphaxiv.org/overview/2305.18290",
        "https://ar5iv.org/abs/2305.18290",
        "https://ar5iv.labs.arxiv.org/html/2305.18290",
        "https://www.arxiv-vanity.com/papers/2305.18290/",
        "https://papers.cool/arxiv/2305.18290",
        "https://www.google.com/url?q=https://arxiv.org/abs/2305.18290&sa=D",
    ],
    "arxiv:math/0611800": ["https://arxiv.org/abs/math.CA/0611800v2", "arXiv:math/0611800"],
    "arxiv:hep-th/9901001": [
        "https://arxiv.org/pdf/hep-th/9901001v1.pdf",
        "https://arxiv.org/abs/hep-th/9901001",
    ],
    "doi:10.1145/3292500.3330701": [
        "https://doi.org/10.1145/3292500.3330701",
        "https://dl.acm.org/doi/abs/10.1145/3292500.3330701",
        "https://dl.acm.org/doi/pdf/10.1145/3292500.3330701",
        "DOI:10.1145/3292500.3330701",
    ],
    "doi:10.1101/2020.01.01.123456": ["https://www.biorxiv.org/content/10.1101/2020.01.01.123456v2.full.pdf"],
    "youtube:dQw4w9WgXcQ": [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=10s",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&amp;feature=youtu.be",
        "https://youtu.be/dQw4w9WgXcQ?si=abc",
        "https://m.youtube.com/watch?list=x&v=dQw4w9WgXcQ",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?start=8",
        "https://www.youtube.com/attribution_link?u=%2Fwatch%3Fv%3DdQw4w9WgXcQ%26feature%3Dshare",
    ],
    "github:foo/bar": [
        "https://github.com/Foo/Bar",
        "https://github.com/foo/bar.git",
        "https://github.com/foo/bar/tree/main",
        "https://github.com/foo/bar/blob/master/README.md#install",
        "https://github.com/foo/bar?tab=readme-ov-file#readme",
    ],
    "github:foo/bar/releases/v1.2": ["https://github.com/Foo/bar/releases/tag/v1.2"],
    "github:foo/bar/issues/12": [
        "https://github.com/foo/bar/pull/12/files",
        "https://github.com/foo/bar/issues/12",
    ],
    "telegram:linghaoch/1": [
        "https://t.me/s/LinghaoCh/1",
        "https://t.me/LinghaoCh/1?single",
        "https://telegram.me/linghaoch/1",
        "https://telegram.dog/linghaoch/1?comment=9",
        "https://linghaoch.t.me/1",
        "tg://resolve?domain=LinghaoCh&post=1",
    ],
    "telegram:linghaoch": ["https://t.me/s/LinghaoCh?before=40", "https://t.me/linghaoch"],
    "x:1256342997643526151": [
        "https://twitter.com/GeePawHill/status/1256342997643526151?s=20",
        "https://x.com/i/web/status/1256342997643526151",
        "https://nitter.net/geepawhill/status/1256342997643526151#m",
        "https://mobile.twitter.com/geepawhill/status/1256342997643526151/photo/1",
    ],
    "weixin:MzA5/12/1": [
        "https://mp.weixin.qq.com/s?__biz=MzA5==&mid=12&idx=1&sn=ab&chksm=1&scene=21#wechat_redirect",
        "http://mp.weixin.qq.com/s?__biz=MzA5%3D%3D&amp;mid=12&amp;idx=1&amp;sn=cd",
    ],
    "https://mp.weixin.qq.com/s/AbC_d-1": ["https://mp.weixin.qq.com/s/AbC_d-1?from=timeline"],
    "https://news.ycombinator.com/item?id=1": ["https://news.ycombinator.com/item?id=1#2"],
    "https://lobste.rs/s/abcde": ["https://lobste.rs/s/abcde/a_title", "https://lobste.rs/s/abcde"],
    "https://example.org/b/c?a=1&b=2": [
        "HTTP://WWW.Example.ORG:80/a/../b//c/?b=2&a=1#part",
        "https://example.org/b/c/index.html?a=1&b=2&utm_source=x&fbclid=1&ref=hn",
        "https://m.example.org/b/c?b=2&amp;a=1",
        "https://link.zhihu.com/?target=https%3A//example.org/b/c%3Fa%3D1%26b%3D2",
        "https://t.me/iv?url=https%3A%2F%2Fexample.org%2Fb%2Fc%3Fa%3D1%26b%3D2&rhash=1",
    ],
    "https://example.org/x": [
        "https://example.org/x/amp/",
        "https://www.google.com/amp/s/example.org/x",
        "https://example-org.cdn.ampproject.org/c/s/example.org/x",
        "https://amp.example.org/x?amp=1",
        "https://example.org/%78",
    ],
    "https://example.org/#/route": ["https://www.example.org/#/route"],
    "https://en.wikipedia.org/wiki/X": ["https://en.m.wikipedia.org/wiki/X#History"],
}


@pytest.mark.parametrize(("key", "url"), [(key, url) for key, urls in SAME.items() for url in urls])
def test_forms_of_one_address_have_one_identity(key: str, url: str) -> None:
    assert canonical_url(url) == key
    assert canonical_url(key) == key


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("https://example.org/?p=12", "https://example.org/?p=13"),
        ("https://example.org/log/?m=201712", "https://example.org/log/?m=201801"),
        ("https://dmitry.gr/?r=05.Projects", "https://dmitry.gr/?r=06.Thoughts"),
        ("https://github.com/a/b/releases/tag/v1.2", "https://github.com/a/b/releases/tag/v1.3"),
        ("https://github.com/a/b", "https://github.com/a/b/issues/1"),
        ("https://youtu.be/dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcR"),
        ("https://example.org/Page", "https://example.org/page"),
        ("https://m.co.uk/x", "https://co.uk/x"),
        ("https://example.org/#/a", "https://example.org/#/b"),
        ("https://example.org:8080/", "https://example.org/"),
        ("https://arxiv.org/list/cs.CL/recent", "https://arxiv.org/list/cs.AI/recent"),
        ("https://t.me/a_channel/1", "https://t.me/a_channel/2"),
        ("https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1", "https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=2"),
    ],
)
def test_what_selects_content_stays(a: str, b: str) -> None:
    assert canonical_url(a) != canonical_url(b)


def test_a_playlist_shared_again_is_another_filling_and_a_track_is_not() -> None:
    playlist = "https://open.spotify.com/playlist/5oy4?si="
    assert canonical_url(playlist + "a") != canonical_url(playlist + "b")
    track = "https://open.spotify.com/track/5oy4?si="
    assert canonical_url(track + "a") == canonical_url(track + "b") == "https://open.spotify.com/track/5oy4"


@pytest.mark.parametrize(
    "text", ["tag:example.org,2020:1", "urn:uuid:1", "a guid", "", "https://[broken/x", "x:1"]
)
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    assert canonical_url(text) == text


_ADDRESSES = st.one_of(
    st.text(),
    st.builds(
        "{}://{}{}{}{}".format,
        st.sampled_from(["http", "https", "HTTPS"]),
        st.sampled_from(
            [
                "example.org",
                "www.m.example.org:443",
                "arxiv.org",
                "doi.org",
                "youtube.com",
                "youtu.be",
                "github.com",
                "t.me",
                "x.com",
                "medium.com",
                "mp.weixin.qq.com",
                "bilibili.com",
                "google.com",
                "r.jina.ai",
                "a.cdn.ampproject.org",
                "lobste.rs",
                "aclanthology.org",
                "journals.plos.org",
                "redd.it",
                "reddit.com",
                "rfc-editor.org",
                "例え.jp",
                "[::1]",
            ]
        ),
        st.lists(
            st.sampled_from(
                [
                    "/",
                    "/abs",
                    "/2305.18290v2",
                    "/amp",
                    "/index.html",
                    "/%2e%2E",
                    "/%C3%A9",
                    "/é",
                    "/;",
                    "/a%20b",
                    "/url",
                    "/s",
                    "/1",
                    "/c",
                    "/",
                ]
            )
            | st.text(max_size=4).map("/{}".format),
            max_size=5,
        ).map("".join),
        st.sampled_from(
            ["", "?", "?q=https://example.org/a?b=c", "?v=dQw4w9WgXcQ", "?a=%26&b=+&utm_x=1", "?id=10.1371/x"]
        )
        | st.text(max_size=6).map("?{}".format),
        st.sampled_from(["", "#", "#a", "#/x", "#!/é"]),
    ),
)


@given(_ADDRESSES)
def test_identity_is_its_own_identity(url: str) -> None:
    key = canonical_url(url)
    assert canonical_url(key) == key


@given(_ADDRESSES)
def test_link_for_readers_keeps_its_identity(url: str) -> None:
    assert canonical_url(display_url(url)) == canonical_url(url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2305.18290", ("2305.18290", None)),
        ("2305.18290v12", ("2305.18290", 12)),
        ("https://arxiv.org/pdf/2305.18290v2.pdf", ("2305.18290", 2)),
        ("math.CA/0611800v1", ("math/0611800", 1)),
        ("oai:arXiv.org:2305.18290v3", ("2305.18290", 3)),
        ("https://example.org/abs/2305.18290", None),
        ("2313.00001", None),
        ("nothing/0611800", None),
        ("", None),
    ],
)
def test_arxiv_id_has_its_version_apart(text: str, expected: tuple[str, int | None] | None) -> None:
    assert arxiv_id(text) == expected


def test_readers_get_the_link_without_trackers_and_otherwise_as_it_was() -> None:
    assert (
        display_url("http://www.example.org/A/?b=2&utm_source=rss&a=%20x&fbclid=1#part")
        == "http://www.example.org/A/?b=2&a=%20x#part"
    )
    assert display_url("https://example.org/x?utm_medium=mail") == "https://example.org/x"
    assert display_url("https://link.zhihu.com/?target=https%3A//example.org/x") == "https://example.org/x"
    gift = "https://www.nytimes.com/a.html?unlocked_article_code=1.abc"
    assert display_url(f"{gift}&smid=tw-share") == gift
    assert (
        display_url("https://example.org/list?source=archive-1")
        == "https://example.org/list?source=archive-1"
    )


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("b", "https://example.org/a/b"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        (" /x y\n", "https://example.org/x%20y"),
        ("javascript:alert(1)", ""),
        ("java\tscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("mailto:a@example.org", ""),
        ("http://[broken", ""),
        ("", "https://example.org/a/"),
    ],
)
def test_only_web_addresses_are_made_absolute(href: str, expected: str) -> None:
    assert absolute_url("https://example.org/a/", href) == expected


def test_host_is_said_without_www() -> None:
    assert host_of("https://WWW.Example.org:8080/x") == "example.org"
    assert host_of("https://www.gov/x") == "www.gov"
    assert host_of("mailto:a@b") == ""
    assert is_web_url("HTTP://example.org")
    assert not is_web_url("https:///x")
    assert not is_web_url("ftp://example.org")


@pytest.mark.shared
def test_pairs_of_real_links(shared: Path) -> None:
    report = measured(pairs_of(shared / "corpora/tagged-links/url-pairs.jsonl"))
    assert report["joined_share"] >= 0.54
    assert report["wrongly_joined_share"] <= 0.015
