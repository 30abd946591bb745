"""The error tree. Each error names its subject, what happened and what to do next.

`exit_status` is what the command line ends with when the error reaches it: 2 for usage and configuration,
1 for anything else. An error that crosses a process border keeps its attributes (`__reduce__`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import Response


class DigestError(Exception):
    """Something a user can mend or must know. `subject` is the feed, file, key or address it is about."""

    exit_status = 1

    def __init__(self, subject: str, message: str, **details: Any) -> None:
        super().__init__(subject, message)
        self.subject = subject
        self.message = message
        for name, value in details.items():
            setattr(self, name, value)
        self._details = details

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuilt, (type(self), self.subject, self.message, self._details))


def _rebuilt(cls: type[DigestError], subject: str, message: str, details: dict[str, Any]) -> DigestError:
    return cls(subject, message, **details)


class UsageError(DigestError):
    """The command's words are off: an unknown week, a feed that is not subscribed."""

    exit_status = 2


class ConfigError(DigestError):
    """digest.toml is broken. `subject` is file and key (`digest.toml: fetch.per_host`)."""

    exit_status = 2


class OpmlError(DigestError):
    """A subscription list that cannot be read at all. `subject` is its path."""

    exit_status = 2


# --- fetching -------------------------------------------------------------------------------------


class FetchError(DigestError):
    """A request that brought no usable answer. `subject` is the address asked."""


class HttpError(FetchError):
    """An answer other than 2xx and 304; `response` holds it whole (status, headers, body)."""

    response: Response


class Unreachable(FetchError):
    """No connection: name not found, refused, reset, TLS failure."""


class HostPaused(FetchError):
    """Nothing was sent: the host asked us (429, 503) to stay away until `until`."""

    until: datetime


class DeadlineExceeded(FetchError):
    """The total time of a request, or of a task in a worker process, ran out."""


class TooLarge(FetchError):
    """The body passed `max_bytes`, on the wire or after decompression."""


class Forbidden(FetchError):
    """An address we refuse: private, loopback, link-local, metadata, https downgraded, not http(s)."""


# --- reading --------------------------------------------------------------------------------------


class ParseError(DigestError):
    """A document that came but could not be read. `subject` is its address."""


class NotAFeed(ParseError):
    """An HTML page, an empty body, a login wall: says what was seen. `alternates` are feeds that it names."""

    alternates: tuple[str, ...] = ()


class SourceRefused(ParseError):
    """The service answered that this name has nothing for us (a group, a user, no preview, restricted, free).

    `state` is the service's own word for it.
    """

    state: str = ""


class WorkerDied(ParseError):
    """A worker process ended while it held this document (crash, memory limit)."""


# --- keeping --------------------------------------------------------------------------------------


class StoreError(DigestError):
    """The database cannot be used as it is. `subject` is its address, without a password."""


class NewerDatabase(StoreError):
    """Written by a newer digest: refuse rather than damage."""


# --- publishing -----------------------------------------------------------------------------------


class DraftError(DigestError):
    """An edited issue file that cannot be read. `subject` is path:line."""


class TemplateFailed(DigestError):
    """A template of the user's raised an error. `subject` is its path (and line)."""

    exit_status = 2


class MailError(DigestError):
    """A mail that cannot be built: a header that would break. `subject` is the header."""


class DeliveryError(DigestError):
    """A way out that failed. `subject` is the server or folder, never a reader's address.

    `temporary` tells whether the next run may try again; `uncertain` that the server may have taken it.
    """

    temporary: bool = True
    uncertain: bool = False
