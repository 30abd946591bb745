"""Random and damaged documents through the readers: syndication, Telegram pages and exports, OPML. `make fuzz`.

    python -m fuzz.readers [--seconds 600] [--seed N] [DOCUMENT_OR_FOLDER…]

Documents are made from small ones of every kind, and from those given, by cutting, doubling, splicing and damaging
bytes. A reader may refuse with an error of ours; anything else it raises, an answer without its promises, or more
than ten seconds is a find: printed, and the document written to fuzz-finds/ for a test. Exit status 1 with finds.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lxml import html

from digest import opml
from digest.errors import DigestError
from digest.model import Entry
from digest.sources.syndication import parse_document
from digest.sources.telegram.export import posts_from_export
from digest.sources.telegram.page import parse_page

SLOW_S = 10
FINDS = Path("fuzz-finds")
URL = "https://t.me/s/channel"

SEEDS = (
    b'<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
    b"<title>T</title><link>https://a.example/</link><ttl>60</ttl><skipHours><hour>3</hour></skipHours><item>"
    b"<title>One</title><link>/1</link><guid isPermaLink='false'>g1</guid><pubDate>Tue, 17 Nov 2026 08:00:00 GMT"
    b"</pubDate><description><![CDATA[<p>Text &amp; <img src=x onerror=alert(1)></p>]]></description>"
    b"<enclosure url='https://a.example/a.mp3' length='1' type='audio/mpeg'/></item></channel></rss>",
    b'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/"><title type="html">T &lt;b&gt;</title>'
    b'<id>urn:1</id><updated>2026-11-19T08:00:00Z</updated><entry><id>urn:2</id><title>Two</title><link href="2"/>'
    b'<updated>2026-11-19T08:00:00+08:00</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
    b"<p>\xe4\xb8\xad\xe6\x96\x87</p></div></content></entry></feed>",
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel '
    b'rdf:about="https://a.example/"><title>R</title></channel><item rdf:about="https://a.example/3"><title>Three'
    b"</title><link>https://a.example/3</link></item></rdf:RDF>",
    b'{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"4","url":"https://a.example/4",'
    b'"content_html":"<p>x</p>","date_published":"2026-11-19T08:00:00Z","tags":["a"],"authors":[{"name":"N"}]}]}',
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><rss><channel><title>&b;</title></channel></rss>',
    b'<opml version="2.0"><head><title>L</title></head><body><outline text="F"><outline type="rss" text="A &amp; B" '
    b'xmlUrl="https://a.example/feed" category="/ai,/llm"/></outline><outline xmlUrl="https://b.example/"/></body></opml>',
    b'<!DOCTYPE html><html><head><title>C - Telegram</title></head><body><div class="tgme_channel_info"><div '
    b'class="tgme_channel_info_header_title">C</div></div><section class="tgme_channel_history"><div '
    b'class="tgme_widget_message_wrap"><div '
    b'class="tgme_widget_message" data-post="channel/7"><div class="tgme_widget_message_text js-message_text">'
    b'<b>Hi</b> <a href="?q=%23ai">#ai</a><br/><blockquote>quoted</blockquote><tg-spoiler>s</tg-spoiler></div>'
    b'<a class="tgme_widget_message_date" href="https://t.me/channel/7"><time datetime="2026-11-19T08:00:00+00:00">'
    b'</time></a><span class="tgme_widget_message_views">1.7K</span></div></div></section></body></html>',
    b'{"name":"C","type":"public_channel","id":7,"messages":[{"id":7,"type":"message","date":"2026-11-19T08:00:00",'
    b'"date_unixtime":"1795075200","edited_unixtime":"1795075300","from":"C","forwarded_from":"D","reply_to_message_id":6,'
    b'"text":["Hi ",{"type":"link","text":"https://a.example/4"},{"type":"hashtag","text":"#ai"},{"type":"blockquote",'
    b'"text":"q"}],"text_entities":[{"type":"plain","text":"Hi "},{"type":"text_link","text":"x","href":"http://b.example"}],'
    b'"reactions":[{"type":"emoji","count":3,"emoji":"\\ud83d\\ude00"}],"photo":"photos/1.jpg"}]}',
)
PIECES = (
    b"<", b">", b"&", b"&#0;", b"&#xD800;", b"&#x110000;", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"\x00", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xe4\xb8", b"\xed\xa0\x80", b'"', b"'", b"<item>", b"</item>", b"<entry/>", b"<outline/>", b"{", b"]",
    b"1e999", b"9" * 40, b"-1", b"http://[", b"//", b"javascript:alert(1)", b"\xe2\x80\xae", b"<svg/onload=1>", b"9999-99-99",
    b'<?xml version="1.0" encoding="utf-16"?>', b'<?xml version="1.0" encoding="x-none"?>', b"<a " * 50, b"<div>" * 400,
)  # fmt: skip


# --- what is promised ------------------------------------------------------------------------------


def syndication(document: bytes) -> None:
    for charset in ("", "gb18030"):
        feed = parse_document(document, charset, "https://a.example/feed.xml", {})
        promised(feed.entries)


def telegram(document: bytes) -> None:
    found = {
        entry.id: entry for entry in parse_page(document, URL).entries
    }  # a damaged page shows a post twice
    promised(tuple(found.values()))


def export(document: bytes) -> None:
    promised(tuple({entry.id: entry for entry in posts_from_export(document, "channel")}.values()))


def subscriptions(document: bytes) -> None:
    feeds, _ = opml.subscriptions(document, "fuzz.opml")
    again, _ = opml.subscriptions(opml.written(feeds, title="fuzz"), "fuzz.opml")
    assert [feed.url for feed in again] == [feed.url for feed in feeds], (
        "the round trip changed the addresses"
    )


def promised(entries: Sequence[Entry]) -> None:
    """Ids are there and unique, times aware, and no script is left."""
    ids = [entry.id for entry in entries]
    assert all(ids), "an entry without id"
    assert len(set(ids)) == len(ids), "two entries with one id"
    for entry in entries:
        for moment in (entry.published, entry.updated):
            assert moment is None or moment.tzinfo is not None, "a time without zone"
        for markup in filter(None, (entry.content, entry.summary)):
            harmless(markup)


def harmless(markup: str) -> None:
    """No script in it, as a browser would read it."""
    markup = "".join(
        c for c in markup if c.isprintable() or c in "\t\r\n"
    )  # lxml takes no control characters
    for element in html.document_fromstring(f"<div>{markup}</div>").iter():
        assert element.tag not in ("script", "iframe", "object", "embed"), (
            f"a <{element.tag}> was let through"
        )
        for name, value in element.attrib.items():
            assert not name.startswith("on"), f"{name}= was let through"
            assert not value.strip().lower().startswith("javascript:"), (
                "a javascript: address was let through"
            )


READERS: tuple[Callable[[bytes], None], ...] = (syndication, telegram, export, subscriptions)


# --- documents -------------------------------------------------------------------------------------


def damaged(chance: random.Random, documents: Sequence[bytes]) -> bytes:
    """One of the documents after one to eight changes."""
    body = bytearray(chance.choice(documents))
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(body))
        to = min(len(body), at + chance.choice((1, 8, 64, 512)))
        match chance.randrange(6):
            case 0:
                body[at:at] = chance.choice(PIECES)
            case 1:
                del body[at:to]
            case 2:
                body[at:at] = body[at:to] * chance.randint(1, 20)
            case 3:
                other = chance.choice(documents)
                start = chance.randint(0, len(other))
                body[at:to] = other[start : start + chance.choice((20, 200, 2000))]
            case 4:
                body[at:to] = bytes(chance.randrange(256) for _ in range(min(to - at, 8)))
            case 5:
                body = body[:at] if chance.random() < 0.2 else body
    return bytes(body[:200_000])


def given(paths: Sequence[Path]) -> list[bytes]:
    files = [f for p in paths for f in (sorted(p.rglob("*")) if p.is_dir() else [p]) if f.is_file()]
    return [f.read_bytes() for f in files if f.stat().st_size < 100_000]


# --- the search ------------------------------------------------------------------------------------


class TooSlow(BaseException):
    """Raised by the alarm: nothing in a reader may catch it."""


def tried(reader: Callable[[bytes], None], document: bytes) -> str:
    """ "read", "refused", or how the reader failed."""
    signal.alarm(SLOW_S)
    try:
        reader(document)
    except DigestError:
        return "refused"
    except TooSlow:
        return f"more than {SLOW_S} s"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
    finally:
        signal.alarm(0)
    return "read"


def main() -> int:
    parser = argparse.ArgumentParser(description="fuzz the readers")
    parser.add_argument("documents", nargs="*", type=Path, help="files or folders to damage besides our own")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()

    def late(*_: Any) -> None:
        raise TooSlow

    signal.signal(signal.SIGALRM, late)
    chance = random.Random(options.seed)
    documents = [*SEEDS, *given(options.documents)]
    counts: Counter[str] = Counter()
    finds: dict[str, Path] = {}
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        # Our own small documents reach more corners in a second than large real ones.
        document = damaged(chance, SEEDS if chance.random() < 0.5 else documents)
        for reader in READERS:
            result = tried(reader, document)
            counts[f"{reader.__name__} {result}" if result in ("read", "refused") else "finds"] += 1
            name = f"{reader.__name__}: {result}"
            if result not in ("read", "refused") and name not in finds:
                FINDS.mkdir(exist_ok=True)
                finds[name] = FINDS / f"{reader.__name__}-{hashlib.sha256(document).hexdigest()[:12]}"
                finds[name].write_bytes(document)
                print(f"{name}  -> {finds[name]}", flush=True)
    print(f"seed {options.seed}: " + ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
