"""Values of `model` as rows: named fields are columns, the others one JSON text in the column `data`.

A field with a default may be added to a value without a migration: rows without it load with the default, and
what an older program does not know is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json

from digest.errors import StoreError
from digest.unicode import all_sound

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

T = TypeVar("T")


def dump(value: Any, *, leave: frozenset[str] = frozenset(), whole: bool = False) -> str:
    """`value` as JSON without the fields `leave` and without those at their defaults, unless `whole`."""
    adapter = _adapter(type(value))

    def to_json(value: Any) -> str:
        return adapter.dump_json(value, exclude=set(leave), exclude_defaults=not whole).decode()

    try:
        return to_json(value)
    except (PydanticSerializationError, UnicodeEncodeError):  # a half surrogate pair somewhere in its strings
        return to_json(adapter.validate_python(all_sound(adapter.dump_python(value))))


def load(kind: type[T], text: str, columns: Mapping[str, Any] | None = None) -> T:
    """The value that `dump` wrote, with the fields that were left out taken from `columns`."""
    try:
        if columns is None:
            return cast(T, _adapter(kind).validate_json(text))
        if text == "{}":
            return kind(**columns)
        return cast(T, _adapter(kind).validate_python({**from_json(text), **columns}))
    except (ValidationError, ValueError) as error:
        raise StoreError(kind.__name__, f"a stored row cannot be read: {error}") from error


def pack(value: Any, columns: frozenset[str], *, leave: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A row: the fields `columns` by name, the rest of them but for `leave` under `data`."""
    return {name: getattr(value, name) for name in columns} | {"data": dump(value, leave=columns | leave)}


def unpack(kind: type[T], row: RowMapping, columns: frozenset[str], **others: Any) -> T:
    """The value that `pack` took apart. `others` are fields that the row holds under another name."""
    return load(kind, row["data"], {name: row[name] for name in columns} | others)


def field_names(kind: type[Any]) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


_adapters: dict[type[Any], TypeAdapter[Any]] = {}
"""Made when first needed: each takes some milliseconds."""


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
