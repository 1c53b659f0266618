"""Where a network address is, by the file that the user brings, and what time it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from tailorbird.collect.context_origin import word
from tailorbird.errors import SettingsError, UsageError
from tailorbird.schema import DAY, MINUTE, Instant


class Place(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where somebody was, no finer than a city. `country` is an ISO 3166-1 code."""

    country: str = ""
    region: str = ""
    city: str = ""
    timezone: str = ""


Geo: TypeAlias = Callable[[str], Place]
"""Finds the place of a network address; the address itself is never kept."""

NOWHERE: Final = Place()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def nowhere(_address: str) -> Place:
    """Return no place: what is known without a file."""
    return NOWHERE


@cache
def geo(path: Path) -> Geo:
    """Return what finds places by a MaxMind DB file (GeoLite2 City or Country, or alike).

    The file is read once.

    Raises:
        UsageError: the extra `geo` is not installed.
        SettingsError: the file cannot be read.
    """
    try:
        import maxminddb
    except ImportError:
        raise UsageError(
            "places need the package maxminddb", mend="install tailorbird[geo]"
        ) from None
    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise SettingsError(
            f"no MaxMind DB: {error}",
            where=f"collect.geo_file: {path}",
            mend="give the path of a .mmdb file, or leave the setting out",
        ) from None

    @lru_cache(maxsize=65_536)
    def find(address: str) -> Place:
        try:
            return _place(reader.get(ip_address(address.strip())))
        except (ValueError, maxminddb.InvalidDatabaseError):
            return NOWHERE

    return find


def place_of(said: object) -> Place | None:
    """Return the place that a body's envelope names, None for what is none."""
    if said is None:
        return None
    try:
        return msgspec.convert(said, Place)
    except msgspec.ValidationError:
        return None


def envelope(place: Place) -> bytes:
    """Return the beginning of a JSON object that says where its sender was."""
    return b'{"receivedFrom":' + msgspec.json.encode(place)


def _place(found: object) -> Place:
    if not isinstance(found, Mapping):
        return NOWHERE
    regions = found.get("subdivisions")
    return Place(
        country=word(_of(found.get("country") or found.get("registered_country"), "iso_code")),
        region=_name(regions[0]) if isinstance(regions, list) and regions else "",
        city=_name(found.get("city")),
        timezone=word(_of(found.get("location"), "time_zone")),
    )


def _name(place: object) -> str:
    return word(_of(_of(place, "names"), "en"))


def _of(found: object, key: str) -> Any:
    return found.get(key) if isinstance(found, Mapping) else None


# -- local time ---------------------------------------------------------------------------------


def known_zone(name: object) -> str:
    """Return the name of a time zone, '' for what is none.

    >>> known_zone("Europe/Berlin"), known_zone("Middle-earth/Shire"), known_zone(2)
    ('Europe/Berlin', '', '')
    """
    return name if isinstance(name, str) and _zone(name) is not None else ""


def utc_offset(zone: str, at: Instant) -> int:
    """Return by how many minutes the clocks of a known zone are ahead of UTC at an instant.

    >>> utc_offset("Europe/Berlin", 0), utc_offset("America/New_York", 0)
    (60, -300)
    """
    if zone == "UTC":
        return 0
    steady = _steady(zone, at // DAY)
    return _exact(zone, at) if steady is None else steady


@lru_cache(maxsize=16_384)
def _steady(zone: str, day: int) -> int | None:
    """Return a whole day's offset, None on days on which the clocks are changed."""
    first, last = _exact(zone, day * DAY), _exact(zone, (day + 1) * DAY - MINUTE)
    return first if first == last else None


def _exact(zone: str, at: Instant) -> int:
    offset = (_EPOCH + timedelta(microseconds=at)).astimezone(_zone(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
