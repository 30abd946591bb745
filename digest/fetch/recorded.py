"""A net that is a table: the same answers every time, without a socket. For the demo and for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from digest.errors import HttpError
from digest.fetch.answers import REDIRECTS, clean_url, redirect_target, settled
from digest.fetch.room import Room
from digest.model import Redirect, Request, Response

_MAX_REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What an address answers. A 200 without an ETag of its own gets one, and 304 for it."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""


class Recorded:
    """Answers from `answers`, 404 for an address that it does not hold. `requests` lists what was asked."""

    def __init__(self, answers: Mapping[str, RecordedAnswer], at: datetime | None = None) -> None:
        self._answers = {clean_url(url): answer for url, answer in answers.items()}
        self._at = at
        self.requests: list[Request] = []

    async def fetch(self, request: Request, room: Room | None = None) -> Response:
        """See `digest.fetch.Net`."""
        self.requests.append(request)
        url = clean_url(request.url)
        redirects: list[Redirect] = []
        while True:
            answer = self._answer(url, request)
            response = Response(
                request.url, answer.status, answer.headers, answer.body, url, tuple(redirects), self._at
            )
            location = answer.headers.get("location", "")
            if answer.status not in REDIRECTS or not location:
                return settled(request, response)
            url = redirect_target(url, location)
            redirects.append(Redirect(answer.status, url))
            if len(redirects) > _MAX_REDIRECTS:
                raise HttpError(request.url, "redirects without end", response=response)

    def _answer(self, url: str, request: Request) -> RecordedAnswer:
        recorded = self._answers.get(url)
        if recorded is None:
            return RecordedAnswer(b"not recorded\n", 404)
        if recorded.status != 200:
            return recorded
        tag = recorded.headers.get("etag") or f'"{hashlib.sha256(recorded.body).hexdigest()[:24]}"'
        headers = {**recorded.headers, "etag": tag}
        if request.etag == tag:
            return RecordedAnswer(b"", 304, headers)
        return RecordedAnswer(recorded.body, 200, headers)
