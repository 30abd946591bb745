"""Labelled data as JSON lines, with an error that names the row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class BadRow(Exception):
    """A row that is not of the form; says which, and what is wrong."""


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file and their line numbers; empty lines are passed over. Raises BadRow."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadRow(f"{path}, row {number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise BadRow(f"{path}, row {number}: an object is needed, not {type(row).__name__}")
        yield number, row
