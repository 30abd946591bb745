"""Files written whole or not at all: who reads one never sees half of it, and a full disk costs no earlier one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, body: bytes) -> None:
    """Put `body` at `path`, making its folder. What was there stays until all of the new file is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()  # a link stays a link, and the file that it leads to is replaced
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    try:
        _replace(path, body, mode)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error  # of the file, not of its draft


def _replace(path: Path, body: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
