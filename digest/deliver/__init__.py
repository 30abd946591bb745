"""Ways out: one file each, which takes the bytes of a mail and tells what became of them.

A Deliverer is opened once for all readers of an issue. What concerns one reader is a Receipt; what concerns all of
them (the server is down, the password wrong, the sender refused) is a DeliveryError, raised before that reader's mail
was handed over, so the run can stop and the next one try again.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, Self

from digest.errors import ConfigError
from digest.model import Receipt

WAYS = {"smtp": "smtp", "smtps": "smtp", "maildir": "maildir"}
"""Scheme of the address to module here, each with `open_deliverer` of the same parameters."""


class Deliverer(Protocol):
    """One way out. `channel` names it in the records of deliveries."""

    channel: str

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def deliver(self, mail: bytes, sender: str, recipient: str) -> Receipt:
        """Hand over one mail; the addresses are those of the envelope, without names."""


def open_deliverer(
    url: str, *, password: str = "", base: Path = Path(), ca_bundle: str = "", timeout_s: float = 60
) -> Deliverer:
    """The way out that `url` names, not yet connected (`with` does that). Raises ConfigError.

    `smtps://user@host:465` is TLS, `smtp://user@host:587` STARTTLS (`?starttls=no` for a plain relay without
    login), `maildir:PATH` a local folder, relative to `base`.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in WAYS:
        expected = '"smtps://user@host:465", "smtp://user@host:587" or "maildir:PATH"'
        raise ConfigError("mail.smtp", f"expected {expected}, got {url!r}")
    way = import_module(f"digest.deliver.{WAYS[scheme]}")
    deliverer: Deliverer = way.open_deliverer(
        url, password=password, base=base, ca_bundle=ca_bundle, timeout_s=timeout_s
    )
    return deliverer
