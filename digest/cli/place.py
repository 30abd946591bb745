"""Where a command works: the digest's folder with its settings, subscriptions and store; the clock; the output."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest import __version__
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.config import Config
    from digest.deliver import Deliverer
    from digest.fetch import FetchSettings
    from digest.model import Feed, Profile
    from digest.publish import Desk
    from digest.render import Look
    from digest.store import Store
    from digest.topics import Topic

Folder = Annotated[
    Path,
    typer.Option("--dir", "-C", envvar="DIGEST_DIR", help="The digest's folder.", show_default="this folder"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]
Week = Annotated[
    str | None, typer.Argument(help="An ISO week such as 2026-W47.", show_default="the week that closed last")
]
HERE = Path()


def now() -> datetime:
    """The moment, aware UTC; DIGEST_NOW (RFC 3339) replaces it for rehearsals."""
    if moved := os.environ.get("DIGEST_NOW"):
        try:
            moment = datetime.fromisoformat(moved)
        except ValueError as error:
            raise UsageError(
                "DIGEST_NOW", f"expected a time such as 2026-11-22T20:00:00Z, got {moved!r}"
            ) from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return datetime.now(UTC)


@dataclass(frozen=True)
class Place:
    """A digest's folder, opened."""

    folder: Path
    config: Config

    @property
    def opml(self) -> Path:
        return self.folder / "feeds.opml"

    @property
    def issues(self) -> Path:
        return self.folder / "issues"

    @property
    def public(self) -> Path:
        return self.folder / "public"

    def draft(self, week: str) -> Path:
        """The file that the curator edits."""
        return self.issues / f"{week}.md"

    def feeds(self) -> tuple[Feed, ...]:
        """The subscriptions of feeds.opml; what could not be read in it is told on stderr."""
        return self._subscriptions(self._list())[0]

    def sync(self, store: Store, at: datetime) -> None:
        """Bring the store's subscriptions up to feeds.opml; nothing to do where it is the file of last time."""
        data = self._list()
        mark = f"{__version__}:{hashlib.sha256(data).hexdigest()}"
        if store.synced() != mark:
            feeds, is_clean = self._subscriptions(data)
            store.sync_feeds(feeds, at, mark if is_clean else "")  # warnings come again until they are heeded

    def _list(self) -> bytes:
        try:
            return self.opml.read_bytes()
        except FileNotFoundError as error:
            raise UsageError(
                str(self.opml), "not found; `digest init` writes one, `digest feeds import` too"
            ) from error

    def _subscriptions(self, data: bytes) -> tuple[tuple[Feed, ...], bool]:
        """And whether all of it could be read."""
        from digest.opml import subscriptions

        feeds, warnings = subscriptions(data, str(self.opml))
        for warning in warnings:
            note(f"{self.opml}: {warning}")
        return feeds, not warnings

    @contextmanager
    def store(self) -> Iterator[Store]:
        from digest.store import open_store

        store = open_store(self.config.digest.database, self.folder)
        try:
            yield store
        finally:
            store.close()

    def topics(self) -> tuple[Topic, ...]:
        from digest.topics import Topic

        return tuple(
            Topic(name, t.any, t.regex, t.not_, t.arxiv, t.feeds, t.aliases, t.title)
            for name, t in self.config.topics.items()
        )

    def desk(self, store: Store) -> Desk:
        """What drafting and building work with."""
        from digest import issue, publish, rank

        settings, select = self.config.digest, self.config.select
        masthead = issue.Masthead(
            title=settings.title,
            handle=settings.handle,
            tagline=settings.tagline,
            description=settings.description,
            creator=settings.creator,
            language=settings.language,
            timezone=settings.timezone,
            base_url=self.config.mail.base_url,
            channel=_own_channel(store, settings.handle),
            sections=tuple((name, topic.title) for name, topic in self.config.topics.items()),
        )
        return publish.Desk(
            store,
            self.issues,
            self.public,
            masthead,
            topics=self.topics(),
            limits=rank.Limits(select.max_items, select.per_source, select.per_topic),
            weights=rank.Weights(**select.weights),
            shelf=select.shelf,
            split=self.config.stories.split,
            join=self.config.stories.join,
            week_ends=settings.week_ends,
            timezone=settings.timezone,
        )

    def fetch_settings(self) -> FetchSettings:
        from digest.fetch import FetchSettings

        fetch = self.config.fetch
        return FetchSettings(
            concurrency=fetch.concurrency,
            per_host=fetch.per_host,
            pause_s=fetch.pause.total_seconds(),
            timeout_s=fetch.timeout_s,
            max_bytes=fetch.max_bytes,
            proxy=fetch.proxy,
            ca_bundle=str(self.folder / fetch.ca_bundle) if fetch.ca_bundle else "",
            contact=fetch.user_agent_contact or self.config.mail.base_url,
            allow_private=fetch.allow_private,
            shared_hosts=fetch.shared_hosts,
        )

    def look(self) -> Look:
        """The templates: the user's own first."""
        from digest.render import look

        return look(self.folder)

    @property
    def mails(self) -> bool:
        """Whether digest.toml says by which way and to whom mail goes."""
        mail = self.config.mail
        return bool(mail.sender and (mail.smtp or mail.folder) and mail.subscribers)

    def deliverer(self) -> Deliverer:
        """The way out that [mail] names, not yet connected."""
        from digest.deliver import open_deliverer

        mail = self.config.mail
        return open_deliverer(
            mail.smtp or f"maildir:{mail.folder}",
            password=self.config.smtp_password,
            base=self.folder,
            ca_bundle=str(self.folder / self.config.fetch.ca_bundle) if self.config.fetch.ca_bundle else "",
        )

    def week(self, week: str | None) -> str:
        """`week` checked, or the week that closed last."""
        from digest import schedule

        settings = self.config.digest
        if week is None:
            return schedule.last_closed(now(), settings.week_ends, settings.timezone)
        schedule.parse_week(week)
        return week


def place(folder: Path) -> Place:
    """The digest at `folder`. Raises ConfigError when there is none, or its settings are broken."""
    from digest.config import FILE, load

    return Place(folder, load(folder / FILE, os.environ))


def _own_channel(store: Store, handle: str) -> Profile | None:
    """The curator's channel as last polled, for the counters in the header; None when it isn't subscribed."""
    profiles = [r.state.profile for r in store.feeds(subscribed_only=False) if r.state.profile]
    return next((p for p in profiles if handle and p.handle.casefold() == handle.casefold()), None)


def say(text: str = "") -> None:
    """A line of the result, on stdout."""
    typer.echo(text)


def note(text: str) -> None:
    """A line about the work, on stderr."""
    typer.echo(text, err=True)


def emit(document: Any) -> None:
    """The result as one JSON document on stdout; times become RFC 3339."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_jsonable))


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC, as `--json` prints it."""
    return (
        None if value is None else value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def local(value: datetime | None, timezone: str) -> str:
    """A time for a person: "2026-11-22 20:00" in the digest's zone, "never" for none."""
    from zoneinfo import ZoneInfo

    return "never" if value is None else value.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")


def table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> None:
    """Columns on a terminal, aligned by display width; tab-separated when piped."""
    from digest.text import cut, width

    lines = [tuple(header), *(tuple(map(str, row)) for row in rows)]
    if not sys.stdout.isatty():
        for line in lines[1:]:
            say("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in line))
        return
    screen = _columns()
    widths = [min(max(width(line[i]) for line in lines), max(16, screen // 2)) for i in range(len(header))]
    for line in lines:
        cells = [cut(cell.replace("\n", " "), widths[i]) for i, cell in enumerate(line)]
        padded = [cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(cells)]
        say(cut("  ".join(padded).rstrip(), screen))


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} in a JSON document")
