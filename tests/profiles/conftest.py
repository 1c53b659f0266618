"""People in a real SQLite file, and events in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tailorbird.privacy.vault import Vault
from tailorbird.schema import Event
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.people import SqlitePeople

Make = Callable[..., Event]


@pytest.fixture
def people(tmp_path: Path) -> Iterator[SqlitePeople]:
    """Return an empty system of record."""
    database = Database(tmp_path / "record.sqlite")
    yield SqlitePeople(database, Vault(b"k" * 32))
    database.close()


@pytest.fixture
def facts() -> Iterator[DuckFacts]:
    """Return an empty store of facts in memory."""
    store = DuckFacts(None)
    yield store
    store.close()


@pytest.fixture
def event() -> Make:
    """Return a maker of events, each later than the one before."""
    made = 0

    def make(name: str = "page_viewed", **fields: object) -> Event:
        nonlocal made
        made += 1
        given: dict[str, object] = {
            "message_id": f"m{made}",
            "at": made * 1_000_000,
            "received_at": made * 1_000_000,
            "position": made << 20,
            "source": "test",
        }
        return Event(name=name, **(given | fields))  # type: ignore[arg-type]

    return make
