"""A poll beside those of reader, rss2email, newsboat and sfeed: the same server, the same real feeds, one run.

    make bench-poll            or: python -m bench.poll [--feeds 39,195,1000] [--peers reader,newsboat] [--json]

The server on loopback is everybody's proxy, so that every feed has a host name of its own; it answers each request
after --latency. Three polls each: cold, all unchanged, one feed in ten with a new entry. Prints wall and CPU seconds,
peak memory over all processes (proportional set size: shared pages count once), requests and entries found. Page
texts are off: nobody else fetches them. Peers are taken from the folder of the interpreter given with --peer-python,
and from PATH; one that is not there is left out. rss2email asks one feed after the other: left out above 195 feeds.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import hashlib
import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.etree.ElementTree import ParseError, fromstring
from xml.sax.saxutils import escape

SHARED = Path(os.environ.get("DIGEST_SHARED", Path(__file__).resolve().parents[2] / "shared"))
POLLS = ("cold", "unchanged", "changed")
ONE_BY_ONE_LIMIT = 195
WORKERS = 10
"""Of the peers: reader's and newsboat's usual number, and what the published comparisons used."""


# --- documents and server -------------------------------------------------------------------------


def documents(count: int) -> list[bytes]:
    """`count` well-formed real feeds, each other one again under another host when there are not so many."""
    folder = SHARED / "corpora/feeds"
    paths = sorted((folder / "files").iterdir())
    if count > 200:
        paths += sorted((folder / "zh-wechat").glob("*.xml"))
    found = [body for path in paths if path.is_file() and _is_plain(body := path.read_bytes())]
    if count < len(found):
        found = [found[i * len(found) // count] for i in range(count)]
    return found


def _is_plain(body: bytes) -> bool:
    if len(body) > 1_000_000 or not re.search(rb"<(item|entry)\b", body):
        return False
    try:
        fromstring(body)
    except (ParseError, ValueError, LookupError):
        return False
    return True


def with_news(body: bytes, number: int) -> bytes:
    """The feed with one entry more, a copy of its first under another title and address."""
    for name in (b"item", b"entry"):
        match = re.search(rb"<%b\b.*?</%b>" % (name, name), body, re.DOTALL)
        if match:
            link = b"https://news.bench.example/%d" % number
            fresh = re.sub(
                rb"(<title[^>]*>).*?(</title>)", rb"\1News %d\2" % number, match[0], flags=re.DOTALL
            )
            fresh = re.sub(rb"(<link>).*?(</link>)", rb"\1" + link + rb"\2", fresh, flags=re.DOTALL)
            fresh = re.sub(rb'(<link\b[^>]*href=")[^"]*', rb"\1" + link, fresh)
            fresh = re.sub(rb"(<(?:guid|id)\b[^>]*>).*?(</)", rb"\1" + link + rb"\2", fresh, flags=re.DOTALL)
            return body[: match.start()] + fresh + body[match.start() :]
    return body


@dataclass
class Server:
    """Everybody's proxy. `requests` counts what was asked, `most` how much of it at once."""

    bodies: list[bytes]
    feeds: int
    latency_s: float
    requests: int = 0
    full: int = 0
    most: int = 0
    port: int = 0
    open: int = 0
    news: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._made: dict[tuple[int, bool], tuple[bytes, bytes]] = {}

    def urls(self) -> list[str]:
        return [f"http://f{n}.bench.example/feed.xml" for n in range(self.feeds)]

    def change(self, share: float) -> None:
        self.news = set(range(0, self.feeds, round(1 / share)))

    def answer(self, number: int) -> tuple[bytes, bytes]:
        """ETag and body."""
        key = (number % len(self.bodies), number in self.news)
        if key not in self._made:
            body = self.bodies[key[0]]
            body = with_news(body, number) if key[1] else body
            self._made[key] = (b'"%s"' % hashlib.sha256(body).hexdigest()[:16].encode(), body)
        return self._made[key]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.open += 1
                self.most = max(self.most, self.open)
                await asyncio.sleep(self.latency_s)
                self.open -= 1
                writer.write(self.said(head))
                await writer.drain()
                if re.search(rb"(?i)\r\nconnection: close", head):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def said(self, head: bytes) -> bytes:
        self.requests += 1
        asked = re.search(rb"f(\d+)\.bench\.example", head)
        if asked is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        etag, body = self.answer(int(asked[1]))
        if etag in head:
            return b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\nContent-Length: 0\r\n\r\n" % etag
        self.full += 1
        return (
            b"HTTP/1.1 200 OK\r\nETag: %b\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%b"
            % (etag, len(body), body)
        )


@contextmanager
def serving(server: Server) -> Iterator[None]:
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024)

    listener = loop.run_until_complete(start())
    server.port = listener.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listener.close()


# --- the pollers ----------------------------------------------------------------------------------


class Digest:
    name = "digest"

    def __init__(self, folder: Path, urls: Sequence[str], proxy: str) -> None:
        self.folder = folder
        settings = f'[fetch]\nproxy = "{proxy}"\npages = false\n'
        (folder / "digest.toml").write_text(settings)
        outlines = "".join(f'<outline type="rss" xmlUrl="{escape(url)}"/>' for url in urls)
        (folder / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
        self.command = [sys.executable, "-m", "digest", "poll", "--force"]

    def entries(self) -> int:
        return _rows(self.folder / "digest.db", "entry")


class Reader:
    name = "reader"
    SCRIPT = """
import sys
from reader import make_reader
reader = make_reader("reader.db")
if sys.argv[1] == "add":
    for url in open("urls"):
        reader.add_feed(url.strip(), exist_ok=True)
else:
    reader.update_feeds(scheduled=False, workers=int(sys.argv[1]))
"""

    def __init__(self, folder: Path, urls: Sequence[str], proxy: str, python: Path) -> None:
        self.folder = folder
        (folder / "urls").write_text("\n".join(urls))
        (folder / "run.py").write_text(self.SCRIPT)
        subprocess.run([python, "run.py", "add"], cwd=folder, check=True)
        self.command = [str(python), "run.py", str(WORKERS)]

    def entries(self) -> int:
        return _rows(self.folder / "reader.db", "entries")


class Rss2email:
    name = "rss2email"

    def __init__(self, folder: Path, urls: Sequence[str], proxy: str, r2e: Path) -> None:
        self.folder = folder
        config = (
            f"[DEFAULT]\nemail-protocol = maildir\nmaildir-path = {folder}/mail\nmaildir-mailbox = Inbox\n"
        )
        config += "from = r2e@bench.example\nto = r2e@bench.example\nverbose = error\n"
        config += "".join(f"[feed.f{n}]\nurl = {url}\n" for n, url in enumerate(urls))
        (folder / "config").write_text(config)
        for part in ("cur", "new", "tmp"):
            (folder / "mail/Inbox" / part).mkdir(parents=True)
        self.command = [str(r2e), "-c", "config", "-d", "data.json", "run"]

    def entries(self) -> int:
        return sum(1 for _ in (self.folder / "mail").rglob("new/*"))


class Newsboat:
    name = "newsboat"

    def __init__(self, folder: Path, urls: Sequence[str], proxy: str, program: Path) -> None:
        self.folder = folder
        (folder / "urls").write_text("\n".join(urls) + "\n")
        (folder / "config").write_text(f"reload-threads {WORKERS}\nuse-proxy yes\nproxy {proxy}\n")
        files = ["-u", "urls", "-c", "cache.db", "-C", "config"]
        self.command = [str(program), *files, "-x", "reload"]

    def entries(self) -> int:
        return _rows(self.folder / "cache.db", "rss_item")


class Sfeed:
    name = "sfeed"

    def __init__(self, folder: Path, urls: Sequence[str], proxy: str, program: Path) -> None:
        self.folder = folder
        calls = "\n".join(f'feed "f{n}" "{url}"' for n, url in enumerate(urls))
        rc = f'sfeedpath="{folder}/feeds"\nmaxjobs={WORKERS}\nfeeds() {{\n{calls}\n}}\n'
        (folder / "sfeedrc").write_text(rc)
        self.command = [str(program), str(folder / "sfeedrc")]

    def entries(self) -> int:
        return sum(len(path.read_bytes().splitlines()) for path in (self.folder / "feeds").iterdir())


Poller = Digest | Reader | Rss2email | Newsboat | Sfeed


def poller(name: str, folder: Path, urls: Sequence[str], proxy: str, python: Path | None) -> Poller | None:
    """The named one, set up in `folder`; None when this machine has none."""
    if name == "digest":
        return Digest(folder, urls, proxy)
    if name in ("reader", "rss2email"):
        program = python and (python if name == "reader" else python.with_name("r2e"))
        if not program or not program.exists():
            return None
        return (Reader if name == "reader" else Rss2email)(folder, urls, proxy, program.absolute())
    found = shutil.which("newsboat" if name == "newsboat" else "sfeed_update")
    if found is None:
        return None
    return (Newsboat if name == "newsboat" else Sfeed)(folder, urls, proxy, Path(found))


def _rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


# --- measuring ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    poller: str
    feeds: int
    poll: str
    wall_s: float
    cpu_s: float
    peak_mib: float
    requests: int
    full: int
    most_at_once: int
    entries: int


def adopt_orphans() -> None:
    """Processes that our children leave behind become ours, so that their CPU is counted too (prctl 36)."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def measured(command: Sequence[str], folder: Path, proxy: str) -> tuple[float, float, float]:
    """Wall and CPU seconds and peak MiB of a command with all its descendants."""
    environment = {**os.environ, "http_proxy": proxy, "HOME": str(folder)}
    environment |= {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    with _metered(process.pid) as peak:
        process.wait()
        wall = time.monotonic() - began
    _reap_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{command[0]} ended with {process.returncode}; see {folder / 'output'}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, max(peak, default=0.0)


@contextmanager
def _metered(session: int) -> Iterator[list[float]]:
    """MiB of all processes of a session, again and again; not so often that the server beside it has to wait."""
    seen: list[float] = []
    over = threading.Event()

    def meter() -> None:
        while not over.wait(0.1):
            seen.append(_memory_mib(session))

    thread = threading.Thread(target=meter)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _reap_orphans() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def _memory_mib(session: int) -> float:
    total = 0
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            if int((path / "stat").read_text().rpartition(")")[2].split()[3]) != session:
                continue
            match = re.search(r"^Pss:\s+(\d+)", (path / "smaps_rollup").read_text(), re.MULTILINE)
            total += int(match[1]) if match else 0
        except (OSError, ValueError, IndexError):
            continue  # it ended meanwhile
    return total / 1024


def benched(name: str, count: int, latency_s: float, python: Path | None) -> Iterator[Figures]:
    server = Server(documents(count), count, latency_s)
    with serving(server), tempfile.TemporaryDirectory(prefix="bench-poll-") as place:
        proxy = f"http://127.0.0.1:{server.port}"
        one = poller(name, Path(place), server.urls(), proxy, python)
        for poll in POLLS if one else ():
            server.requests = server.full = server.most = 0
            if poll == "changed":
                server.change(0.1)
            wall, cpu, peak = measured(one.command, Path(place), proxy)
            yield Figures(
                name,
                count,
                poll,
                round(wall, 2),
                round(cpu, 2),
                round(peak, 1),
                server.requests,
                server.full,
                server.most,
                one.entries(),
            )


def ratios(figures: Sequence[Figures]) -> list[str]:
    """What issue and guide promise, as far as this run can tell."""
    at = {(f.poller, f.feeds, f.poll): f for f in figures}
    lines = []
    for count in sorted({f.feeds for f in figures}):
        ours, theirs = at.get(("digest", count, "cold")), at.get(("reader", count, "cold"))
        if ours and theirs:
            lines.append(f"{count} feeds cold: CPU {ours.cpu_s / theirs.cpu_s:.3f} of reader's (target 0.25)")
        ours, theirs = at.get(("digest", count, "unchanged")), at.get(("reader", count, "unchanged"))
        if ours and theirs:
            lines.append(
                f"{count} feeds unchanged: wall {ours.wall_s / theirs.wall_s:.3f} of reader's (target 0.25 at 195), "
                f"CPU {ours.cpu_s / theirs.cpu_s:.2f}"
            )
    return lines


def ideal(figure: Figures, latency_s: float, connections: int) -> str:
    best = figure.feeds * latency_s / connections
    return (
        f"{figure.feeds} feeds {figure.poll}: {figure.wall_s / best:.2f} times the ideal of {best:.2f} s "
        f"({connections} connections, target 1.5 at 1000)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="digest's poll beside those of other pollers")
    parser.add_argument("--feeds", default="39,195,1000", help="numbers of feeds")
    parser.add_argument("--peers", default="reader,rss2email,newsboat,sfeed", help='"" for digest alone')
    parser.add_argument("--peer-python", type=Path, default=Path(".venv-bench/bin/python"))
    parser.add_argument("--latency", type=float, default=0.2, help="seconds before each answer")
    parser.add_argument("--json", action="store_true", help="one object instead of words")
    options = parser.parse_args()
    adopt_orphans()
    from digest.config import Fetching

    connections = Fetching().concurrency
    figures: list[Figures] = []
    header = f"{'poller':10}{'feeds':>6} {'poll':10}{'wall s':>8}{'CPU s':>8}{'MiB':>8}{'requests':>9}{'full':>6}{'at once':>8}{'entries':>9}"
    if not options.json:
        print(header)
    for count in map(int, options.feeds.split(",")):
        for name in ["digest", *filter(None, options.peers.split(","))]:
            if name == "rss2email" and count > ONE_BY_ONE_LIMIT:
                continue
            for f in benched(name, count, options.latency, options.peer_python):
                figures.append(f)
                if not options.json:
                    print(
                        f"{f.poller:10}{f.feeds:>6} {f.poll:10}{f.wall_s:>8.2f}{f.cpu_s:>8.2f}{f.peak_mib:>8.1f}"
                        f"{f.requests:>9}{f.full:>6}{f.most_at_once:>8}{f.entries:>9}",
                        flush=True,
                    )
    summary = ratios(figures) + [
        ideal(f, options.latency, connections)
        for f in figures
        if f.poller == "digest" and f.poll == "unchanged" and options.latency
    ]
    if options.json:
        print(json.dumps({"figures": [asdict(f) for f in figures], "ratios": summary}, indent=2))
    else:
        print("\n".join(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
