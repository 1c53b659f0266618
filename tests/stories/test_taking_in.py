"""Facts never know more than the record of people does, whatever is cut off in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import tailorbird
from tailorbird import flow
from tailorbird.schema import Body
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.sqlite.people import SqlitePeople

NOW = 1_760_000_000_000_000


def said(user: str, event: str = "Product Viewed") -> Body:
    return Body(
        "web:key",
        NOW,
        f'{{"type":"track","userId":"{user}","messageId":"{user}-{event}","event":"{event}",'
        '"properties":{"product_id":"p1"}}'.encode(),
    )


def test_people_are_on_the_disk_before_their_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    transaction, durable, append = (
        SqlitePeople.transaction, SqlitePeople.make_durable, DuckFacts.append
    )  # fmt: skip

    @contextmanager
    def noted(people: SqlitePeople, *, durable: bool = True) -> Iterator[None]:
        with transaction(people, durable=durable):
            yield
        done.append("people on the disk" if durable else "people")

    def on_the_disk(people: SqlitePeople) -> None:
        durable(people)
        done.append("people on the disk")

    def appended(facts: DuckFacts, *args: Any) -> None:
        append(facts, *args)
        done.append("facts")

    monkeypatch.setattr(SqlitePeople, "transaction", noted)
    monkeypatch.setattr(SqlitePeople, "make_durable", on_the_disk)
    monkeypatch.setattr(DuckFacts, "append", appended)
    with tailorbird.open(tmp_path / "data") as tb:
        tb.world.log.append([said("ann"), said("bob")])
        flow.ingest(tb.world)
    assert done == ["people", "people on the disk", "facts"]


def test_what_was_seen_twice_is_counted_once_though_its_facts_were_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: Any) -> None:
        raise OSError("the lights went out")

    with tailorbird.open(tmp_path / "data") as tb:
        tb.world.log.append([said("ann"), said("ann")])
        with monkeypatch.context() as dark:
            dark.setattr(DuckFacts, "append", cut)
            with pytest.raises(OSError, match="lights"):
                flow.ingest(tb.world)
        flow.ingest(tb.world)
        flow.ingest(tb.world)
        counted = tb.world.facts.read("SELECT source, events FROM duplicates").to_pylist()
        facts = tb.world.facts.read("SELECT COUNT(*) AS n FROM facts").to_pylist()
    assert counted == [{"source": "web:key", "events": 1}]
    assert facts == [{"n": 1}]
