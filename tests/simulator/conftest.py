"""A small shop, and its records as plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tailorbird.simulator import Shop

Records = Callable[[Iterable[bytes]], list[Any]]


@pytest.fixture(scope="session")
def shop() -> Shop:
    return Shop(seed=11, people=1500)


@pytest.fixture(scope="session")
def parse() -> Records:
    """Return what turns bodies into their records."""

    def parsed(bodies: Iterable[bytes]) -> list[Any]:
        return [record for body in bodies for record in json.loads(body)["batch"]]

    return parsed


@pytest.fixture(scope="session")
def records(shop: Shop, parse: Records) -> list[Any]:
    """Return every record of the shop that is an object, bad ones and repeated ones included."""
    return [record for record in parse(shop.events()) if isinstance(record, dict)]


@pytest.fixture(scope="session")
def good(records: list[Any]) -> list[Any]:
    """Return each good record once."""
    found = {record["messageId"]: record for record in records}
    return [record for message, record in found.items() if not message.endswith("-bad")]
