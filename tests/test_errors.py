"""Every error names its subject, ends the command with 1 or 2, and survives the way back from a worker process."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from digest.errors import DigestError, HttpError, NotAFeed
from digest.model import Response


def tree(kind: type[DigestError] = DigestError) -> Iterator[type[DigestError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith("digest"):
            yield from tree(child)


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_every_error_shows_its_subject(kind: type[DigestError]) -> None:
    error = kind("https://example.org/feed", "went wrong; do this")
    assert str(error) == "https://example.org/feed: went wrong; do this"
    assert kind.exit_status in (1, 2)
    assert kind.__doc__
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), back.subject, back.message) == (kind, error.subject, error.message)


def test_details_survive_the_way_back_from_a_worker() -> None:
    response = Response("https://e.org/", 503, {"retry-after": "60"}, b"", "https://e.org/")
    back = pickle.loads(pickle.dumps(HttpError("https://e.org/", "HTTP 503", response=response)))
    assert back.response == response
    back = pickle.loads(pickle.dumps(NotAFeed("https://e.org/", "a page", alternates=("https://e.org/f",))))
    assert back.alternates == ("https://e.org/f",)
