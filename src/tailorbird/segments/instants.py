"""Instants as authors read and write them, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from tailorbird.schema import DAY, Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def written(instant: Instant) -> str:
    """Return the shortest exact text in ISO 8601.

    >>> written(20_000 * 86_400_000_000), written(1)
    ('2024-10-04', '1970-01-01T00:00:00.000001Z')
    """
    moment = _EPOCH + timedelta(microseconds=instant)
    text = moment.isoformat().replace("+00:00", "Z")
    return text[:10] if instant % DAY == 0 else text
