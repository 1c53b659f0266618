"""Settings as they are written: TOML into dotted names, and what is wrong said without any value.

Secrets stand among settings, and a secret may have come to the wrong place: what somebody wrote is
never repeated, not even in part.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tailorbird.errors import SettingsError
from tailorbird.misfits import dotted, misfit

Made = TypeVar("Made")


def read(path: Path) -> dict[str, Any]:
    """Return what a file sets; nothing where there is none.

    Raises:
        SettingsError: it is no TOML.
    """
    if not path.exists():
        return {}
    try:
        return parsed(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        what = f"it is not UTF-8: see its byte {error.start + 1:,}"
        raise SettingsError(what, where=str(path), mend="save it as UTF-8") from None


def parsed(text: str, where: str) -> dict[str, Any]:
    """Return what a TOML text sets.

    Raises:
        SettingsError: it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        mend = "mend that line"
        raise SettingsError(f"not valid TOML: {error}", where=where, mend=mend) from None


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return values by their dotted names.

    >>> flatten({"shop": {"name": "Teas", "zone": "UTC"}, "demo": True})
    {'shop.name': 'Teas', 'shop.zone': 'UTC', 'demo': True}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def put(values: dict[str, Any], name: str, value: str | list[str]) -> None:
    """Set the value of a dotted name, whose tables are made where they are not there."""
    *tables, last = name.split(".")
    for table in tables:
        values = values.setdefault(table, {})
    values[last] = value


def converted(
    values: Mapping[str, Any], made: type[Made], where: Mapping[str, str], file: str
) -> Made:
    """Return values as the settings that they are, numbers from texts too.

    Raises:
        SettingsError: one has the wrong type; `where` says of each name where it was set, and
            `file` is where all others belong.
    """
    try:
        return msgspec.convert(dict(values), made, strict=False)
    except msgspec.ValidationError as error:
        found = misfit(error, dict(values), made, shown=False, strict=False)
        name = dotted(found.path)
        place = next((where[each] for each in where if _is_of(each, name)), file)
        raise SettingsError(found.what, where=place, mend=found.mend) from None


def _is_of(name: str, refused: str) -> bool:
    """Return whether a setting is what is refused, or has it as a part."""
    return refused == name or refused.startswith(f"{name}[")
