"""digest.toml, read once and validated whole; frozen afterwards. Only the command line imports this.

A mistake is a ConfigError that names file and key and says what is expected. Secrets are never in the file:
they come from the environment (DIGEST_SMTP_PASSWORD, DIGEST_TELEGRAM_TOKEN; DIGEST_DATABASE replaces `database`).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from digest.durations import duration
from digest.errors import ConfigError
from digest.model import Target

FILE = "digest.toml"

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _span(value: object) -> timedelta:
    return value if isinstance(value, timedelta) else duration(str(value))


Duration = Annotated[timedelta, BeforeValidator(_span)]


def _one_line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", value):
        raise ValueError(
            "holds a line break or control character; it goes into a mail's header, so take it out"
        )
    return value


Line = Annotated[str, AfterValidator(_one_line)]
"""What ends in a header of the mail."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Identity(_Table):
    """[digest]: what the issue says of itself, when its week ends, where its facts are kept."""

    title: Line = "My digest"
    handle: str = ""
    tagline: str = ""
    description: str = ""
    creator: str = ""
    language: Literal["zh", "en"] = "en"
    timezone: str = "UTC"
    week_ends: str = "Sunday 20:00"
    approve: Literal["manual", "auto"] = "manual"
    database: str = "sqlite:///digest.db"

    @field_validator("handle")
    @classmethod
    def _bare(cls, value: str) -> str:
        return value.strip().removeprefix("@")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError('expected a time zone such as "Asia/Shanghai" or "UTC"') from error
        return value

    @field_validator("week_ends")
    @classmethod
    def _day_and_time(cls, value: str) -> str:
        match = re.fullmatch(r"(\w+)\s+([01]?\d|2[0-3]):([0-5]\d)", value.strip())
        if not match or match[1].lower() not in _DAYS:
            raise ValueError('expected a day and a time such as "Sunday 20:00"')
        return value.strip()


class Fetching(_Table):
    """[fetch]: how often and how politely, and through what."""

    interval: Duration = timedelta(hours=1)
    max_interval: Duration = timedelta(days=1)
    per_host: int = Field(default=2, ge=1, le=8)
    pause: Duration = timedelta(seconds=1)
    concurrency: int = Field(default=100, ge=1, le=256)
    timeout_s: float = Field(default=30, gt=0, le=600)
    max_bytes: int = Field(default=8 * 1024 * 1024, ge=10_000)
    workers: int = Field(default=2, ge=1, le=64)
    pages: bool = True
    proxy: str = ""
    ca_bundle: str = ""
    user_agent_contact: str = ""
    telegram_hosts: tuple[str, ...] = ("t.me", "telegram.me", "telegram.dog")
    shared_hosts: tuple[str, ...] = ()
    allow_private: tuple[str, ...] = ()

    @field_validator("proxy")
    @classmethod
    def _proxy(cls, value: str) -> str:
        if value and not re.match(r"https?://[^/\s]+", value):
            raise ValueError('expected an address such as "http://127.0.0.1:8118", or "" for none')
        return value

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Fetching:
        if self.interval > self.max_interval:
            raise ValueError("interval is longer than max_interval")
        return self


class TopicRules(_Table):
    """[topics.NAME]: which words, categories and feeds make a topic."""

    title: str = ""
    any: tuple[str, ...] = ()
    regex: tuple[str, ...] = ()
    not_: tuple[str, ...] = Field(default=(), alias="not")
    arxiv: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        return value


class Selection(_Table):
    """[select]: how much goes into an issue, and what counts how much."""

    max_items: int = Field(default=20, ge=1, le=500)
    per_source: int = Field(default=3, ge=1)
    per_topic: int = Field(default=8, ge=1)
    shelf: int = Field(default=40, ge=0)
    weights: dict[str, float] = {}

    @field_validator("weights")
    @classmethod
    def _known_weights(cls, value: dict[str, float]) -> dict[str, float]:
        from digest.rank import Weights  # most digests leave them alone

        known = [field.name for field in fields(Weights)]
        if unknown := sorted(value.keys() - set(known)):
            raise ValueError(f"{unknown[0]!r} is no weight; known are {', '.join(known)}")
        return value


class StoryOverrides(_Table):
    """[stories]: what the curator folds or keeps apart by hand."""

    split: tuple[str, ...] = ()
    join: tuple[tuple[str, ...], ...] = ()


class Subscriber(_Table):
    """A reader, as "Name <address>" or as a table."""

    address: str
    name: Line = ""
    language: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        if isinstance(value, str):
            name, address = parseaddr(_one_line(value))
            return {"address": address, "name": name}
        return value

    @field_validator("address")
    @classmethod
    def _address(cls, value: str) -> str:
        return _mail_address(value)


class Mail(_Table):
    """[mail]: who writes, to whom, by which way."""

    sender: Line = Field(default="", alias="from")
    reply_to: Line = ""
    smtp: str = ""
    folder: str = ""
    list_id: Line = ""
    base_url: str = ""
    unsubscribe: str = ""
    report_to: str = ""
    subscribers: tuple[Subscriber, ...] = ()

    @field_validator("sender", "reply_to")
    @classmethod
    def _sender(cls, value: str) -> str:
        if value:
            _mail_address(parseaddr(value)[1])
        return value

    @field_validator("report_to")
    @classmethod
    def _reader_of_reports(cls, value: str) -> str:
        return _mail_address(value) if value else value

    @field_validator("smtp")
    @classmethod
    def _smtp(cls, value: str) -> str:
        if value and not re.match(r"smtps?://[^/\s]+", value):
            raise ValueError('expected "smtps://user@host:465" or "smtp://user@host:587"')
        if re.match(r"smtps?://[^/@]*:[^/@]*@", value):
            raise ValueError("holds a password: put it into the environment as DIGEST_SMTP_PASSWORD")
        return value

    @field_validator("base_url", "unsubscribe")
    @classmethod
    def _web_or_mail(cls, value: str) -> str:
        if value and not re.match(r"(https?://|mailto:)", value):
            raise ValueError('expected an address that starts with "https://" (or "mailto:" for unsubscribe)')
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_way(self) -> Mail:
        if self.smtp and self.folder:
            raise ValueError("set either smtp or folder, not both")
        if self.report_to and not (self.sender and (self.smtp or self.folder)):
            raise ValueError("report_to needs from, and smtp or folder")
        return self

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(Target(s.address, s.name, s.language) for s in self.subscribers)


class Telegram(_Table):
    """[telegram]: where the issue is posted, and how its links look."""

    chat: str = ""
    preview: bool = True


class Config(_Table):
    """The whole file. Functions take the field that they need, never this."""

    digest: Identity = Identity()
    fetch: Fetching = Fetching()
    topics: dict[str, TopicRules] = {}
    select: Selection = Field(default_factory=Selection)
    stories: StoryOverrides = StoryOverrides()
    mail: Mail = Field(default_factory=Mail)
    telegram: Telegram = Telegram()
    smtp_password: str = Field(default="", repr=False, exclude=True)


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """The settings of the digest at `path`, secrets taken from `environment`. Raises ConfigError."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        message = "not found; run `digest init` here, or name the digest's folder with --dir"
        raise ConfigError(str(path), message) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), f"not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"cannot be read: {error}") from error
    for secret in ("smtp_password",):
        data.pop(secret, None)
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(str(path), "; ".join(_complaint(e) for e in error.errors())) from error
    changes: dict[str, Any] = {"smtp_password": environment.get("DIGEST_SMTP_PASSWORD", "")}
    if database := environment.get("DIGEST_DATABASE"):
        changes["digest"] = config.digest.model_copy(update={"database": database})
    return config.model_copy(update=changes)


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.?[^@\s<>,;:\"]+", value):
        raise ValueError(f'expected a mail address such as "you@example.org", got {value!r}')
    return value


def _complaint(error: Any) -> str:
    """One pydantic error as "key: what is expected, what was found"."""
    key = ".".join(str(part) for part in error["loc"])
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden":
        return f"{key}: unknown key{_suggestion(error['loc'])}"
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if kind == "value_error" or isinstance(given, dict | list):
        return f"{key}: {message}"
    return f"{key}: {message}, got {given!r}"


def _suggestion(loc: tuple[Any, ...]) -> str:
    model: Any = Config
    for part in loc[:-1]:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            model = TopicRules if part == "topics" else annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ""
    names = [field.alias or name for name, field in model.model_fields.items() if not field.exclude]
    close = difflib.get_close_matches(str(loc[-1]), names, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(names)}"
