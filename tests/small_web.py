"""A small web on loopback for runs of the whole program: two feeds, a page, validators, a count of what was asked."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PARAGRAPH = (
    "A poller that asks politely is asked back. It sends the validators it was given, byte for byte, and when the "
    "server says wait, it waits. None of this is hard; all of it is forgotten in the first draft of every poller. "
)
TEXT = "".join(f"<p>{PARAGRAPH} This is paragraph {n}.</p>" for n in range(8))

RSS = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Engineering notes</title>
<link>http://127.0.0.1/</link><description>notes</description>
<item><title>Politeness is a protocol</title><link>https://notes.example/politeness</link><guid>n1</guid>
<pubDate>Tue, 17 Nov 2026 08:00:00 GMT</pubDate><content:encoded><![CDATA[{TEXT}]]></content:encoded></item>
<item><title>大模型推理的成本</title><link>https://notes.example/inference-cost</link><guid>n2</guid>
<pubDate>Wed, 18 Nov 2026 08:00:00 GMT</pubDate><content:encoded><![CDATA[<p>{"大模型推理的成本主要来自显存带宽，而不是算力。" * 40}</p>]]></content:encoded></item>
<item><title>From last month</title><link>https://notes.example/old</link><guid>n0</guid>
<pubDate>Tue, 20 Oct 2026 08:00:00 GMT</pubDate><content:encoded><![CDATA[{TEXT}]]></content:encoded></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Teasers</title><id>urn:t</id><updated>2026-11-19T08:00:00Z</updated>
<entry><title>Retries are a load test</title><id>urn:t:1</id><updated>2026-11-19T08:00:00Z</updated>
<link href="http://127.0.0.1:{port}/retries.html"/><summary>Read more on the site.</summary></entry></feed>"""

STORY = (
    "A service that is slow is called again by everyone who waited for it, and now it is slower. The second call is "
    "not a copy of the first one: it comes when the queue is long, and it makes the queue longer. "
)
PAGE_TEXT = "".join(f"<p>{STORY} Measured case number {n}.</p>" for n in range(8))

PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>Retries are a load test</title>
<meta property="og:description" content="What a retry does to a service that is down."></head>
<body><nav><a href="/">Home</a> <a href="/about">About</a></nav><article><h1>Retries are a load test</h1>{PAGE_TEXT}</article>
<footer>Subscribe to our newsletter</footer></body></html>"""


class Web:
    """What is served by path, and what was asked. `instead` of a document: a status and a Location."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[str, str]] = {}
        self.instead: dict[str, tuple[int, str]] = {}
        self.delay_s = 0.0
        self.asked: list[tuple[str, int]] = []
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def small_web() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, text = web.documents.get(self.path, ("", ""))
            body = text.encode()
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            status = 404 if not kind else 304 if self.headers.get("If-None-Match") == tag else 200
            status, location = web.instead.get(self.path, (status, ""))
            web.asked.append((self.path, status))
            time.sleep(web.delay_s)
            self.send_response(status)
            if location:
                self.send_header("Location", web.url(location))
            self.send_header("ETag", tag)
            if status == 200:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status == 200:
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """The test reads `asked`; stderr stays clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.port = server.server_address[1]
    web.documents = {
        "/rss.xml": ("application/rss+xml", RSS),
        "/atom.xml": ("application/atom+xml", ATOM.format(port=web.port)),
        "/retries.html": ("text/html; charset=utf-8", PAGE),
    }
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
