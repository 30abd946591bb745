"""What every test shares: no network except for those marked `server`, which may talk to loopback only."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from databases import _postgres_database, database, new_database, opener, postgres, store  # noqa: F401
from hypothesis import settings

# CI answers for the change, not for the luck of the draw; elsewhere every run looks at other examples.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("DIGEST_SHARED", ROOT.parent / "shared"))


@pytest.fixture
def shared() -> Path:
    """The recorded data beside the repository (DIGEST_SHARED elsewhere); skips where it is not there."""
    if not (SHARED / "corpora").is_dir():
        pytest.skip(f"no recorded data at {SHARED}: set DIGEST_SHARED to its folder")
    return SHARED


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that opens a socket fails, unless it is marked `server` and stays on loopback."""
    allowed = request.node.get_closest_marker("server") is not None
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX or (
            allowed and str(address[0]) in {"127.0.0.1", "::1", "localhost"}
        ):
            return connect(self, address)
        raise AssertionError(f"a test tried to reach {address}; mark it `server` and stay on loopback")

    monkeypatch.setattr(socket.socket, "connect", guarded)
