"""A local folder in Maildir form, one message a reader: for trying, for archives, and for a local mail server.

The file appears whole or not at all (written under tmp/, then renamed), under a name made here.
"""

from __future__ import annotations

import mailbox
from pathlib import Path
from typing import Any, Self

from digest.errors import ConfigError, DeliveryError
from digest.model import Receipt


class MaildirDeliverer:
    """Writes into `path`; makes it when it is not there."""

    channel = "maildir"

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        try:
            for part in ("tmp", "new", "cur"):
                (self.path / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._failed(error) from error
        self._box = mailbox.Maildir(self.path, create=False)
        return self

    def __exit__(self, *exc: object) -> None:
        self._box.close()

    def deliver(self, mail: bytes, sender: str, recipient: str) -> Receipt:
        """One new message, with the envelope in front of it as a delivery agent leaves it (RFC 5321, 4.4)."""
        envelope = f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n"
        if envelope.count("\n") != 2 or "\r" in envelope:
            return Receipt("failed", "the address holds a line break")
        try:
            name = self._box.add(envelope.encode() + mail.replace(b"\r\n", b"\n"))
        except OSError as error:
            raise self._failed(error) from error
        return Receipt("sent", str(self.path / "new" / name))

    def _failed(self, error: OSError) -> DeliveryError:
        message = f"cannot be written: {error.strerror or error}; check the folder's owner and the free space"
        return DeliveryError(str(self.path), message)


def open_deliverer(url: str, *, base: Path, **_: Any) -> MaildirDeliverer:
    """`maildir:PATH`, relative to `base`; `~` is the home folder."""
    path = url.partition(":")[2].removeprefix("//")
    if not path:
        raise ConfigError("mail.folder", 'expected a folder such as "mail"')
    return MaildirDeliverer(base / Path(path).expanduser())
