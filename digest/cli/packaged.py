"""What ships with the package and `init` and `demo` hand out: settings, topics, subscriptions."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from digest.errors import DigestError


def default_settings() -> str:
    """The text of a new digest.toml: every key, then the topics."""
    return _default("digest.toml") + "\n" + default_topics()


def default_topics() -> str:
    return _default("topics.toml")


def default_subscriptions() -> str:
    """feeds.opml, which lies at the repository's top and, installed, inside the package."""
    package = Path(str(resources.files("digest")))
    for path in (package / "feeds.opml", package.parent / "feeds.opml"):
        if path.is_file():
            return path.read_text("utf-8")
    raise DigestError("feeds.opml", "is missing from this installation; install digest again")


def _default(name: str) -> str:
    return (resources.files("digest") / "defaults" / name).read_text("utf-8")
