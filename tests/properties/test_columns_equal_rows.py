"""Events in columns are taken as the same events in JSON: same facts, people, refusals, repeats."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tailorbird import collect, profiles
from tailorbird.collect import columns
from tailorbird.collect.columns import Columns, Property
from tailorbird.privacy.vault import Vault
from tailorbird.schema import Body, LogRecord
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.people import SqlitePeople
from tailorbird.stores.sqlite.quarantine import SqliteQuarantine

NOW = 1_760_000_000_000_000
HOUSE = collect.house_of(currency="EUR", zone="Europe/Berlin")
NAMES = (
    "Page Viewed", "product_viewed", "Order Completed", "refund", "Product Added", "Coupon Seen",
    "", "!!", "n" * 200, "bird_seen",
)  # fmt: skip
MEANING_MORE = ("Identify", "email_bounced", "Product Updated")
USERS = (
    "u1", "u2", "u3", "17", None, " 17", "000", "Guest", "Anné", "a@shop.example", "u" * 201, "",
)  # fmt: skip
TEXTS = (
    "P-1", "P-2", " P-1 ", "shelf\u200b 1", "", "ann@shop.example was here", "a%40b.example",
    "t" * 1001, "eur", "EUR", "JPY", "KWD ", "no\x00pe", "7.50", "true",
    "https://shop.example/?token=abc&page=2", "?gclid=Cj0KCQ",
)  # fmt: skip
MILLIONTHS = (
    0, 1, 99, 100, 500_000, 1_000_000, 7_500_000, 19_990_000, 2_005_000, 2_005_001, -3_000_000,
    -1, 10**15, 10**15 + 1, -(10**17), 333_333,
)  # fmt: skip
WHOLES = (0, 1, 2, -1, 7, 10**9, 10**9 + 1, 10**15, 2**62, -(2**63))
TIMES = (NOW - 5, 1_000_000, 1_700_000_000_123_456, 1_700_000_000_000_000)
KINDS: dict[str, tuple[Any, ...]] = {
    "text": TEXTS,
    "id": TEXTS,
    "decimal": MILLIONTHS,
    "integer": WHOLES,
    "time": TIMES,
    "boolean": (True, False),
}
PROPERTIES = (
    "product_id", "sku", "id", "category", "price", "quantity", "total", "revenue", "value",
    "currency", "order_id", "page", "Page Title", "email", "name", "active", "campaign", "!",
    "url", "search",
)  # fmt: skip
TABLES = (
    "facts", "lines", "properties", "people", "trait_values", "products", "sessions", "owners",
)  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> Columns:
    """Return a body of columns, plain and odd."""
    size = draw(st.integers(1, 12))
    names = NAMES + (draw(st.sampled_from(MEANING_MORE)),) * draw(st.integers(0, 1))

    def some(values: Sequence[Any]) -> list[Any]:
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    keys = draw(st.lists(st.integers(1, 30), min_size=size, max_size=size))
    chosen = draw(st.lists(st.sampled_from(PROPERTIES), max_size=6, unique=True))
    properties = []
    for name in chosen:
        kind = draw(st.sampled_from([*KINDS]))
        values = some((*KINDS[kind], None, None))
        typed = {"text": pa.string(), "id": pa.string(), "boolean": pa.bool_()}.get(
            kind, pa.int64()
        )
        array = pa.array(values, typed)
        if typed == pa.string():
            array = array.dictionary_encode()
        properties.append(Property(name, kind, array))  # type: ignore[arg-type]
    return Columns(
        pa.array([at_of(key) for key in keys], pa.int64()),
        pa.array(some(names)).dictionary_encode(),
        pa.array(some(USERS), pa.string()).dictionary_encode(),
        pa.array(keys, pa.uint64()),
        tuple(properties),
    )


def at_of(key: int) -> int:
    """Return the instant of an event by its key: most are plausible, some early or to come."""
    if key == 30:
        return 1_000_000
    if key == 29:
        return NOW + 3 * 86_400_000_000
    return NOW + 5_000_000 if key == 28 else NOW - key * 700_000_000


@dataclass
class Taken:
    """What has become of some bodies."""

    facts: dict[str, list[dict[str, Any]]]
    profiles: list[Any]
    owners: list[tuple[str, int | None]]
    quarantine: list[Any]
    counts: tuple[int, int, int]


def take(told: Sequence[tuple[Columns, bool]]) -> tuple[Taken, Taken]:
    """Take bodies in, each in columns or in JSON; return that, and the facts made again."""
    records = [
        LogRecord(offset, Body("import", NOW, columns.write(body) if laid_out else as_json(body)))
        for offset, (body, laid_out) in enumerate(told, 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "record.sqlite")
        people, facts, again = (
            SqlitePeople(database, Vault(b"k" * 32)),
            DuckFacts(None),
            DuckFacts(None),
        )
        counts = ingest(people, facts, records)
        replay(people, again, records)
        found = [
            Taken(
                {
                    name: each.read(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
                    for name in TABLES
                },
                [*people.profiles([*range(1, people.next_person())]).values()],
                [(user, people.find(user)) for user in USERS if user],
                SqliteQuarantine(database).page(0, 1000),
                counts,
            )
            for each in (facts, again)
        ]
        database.close()
    return found[0], found[1]


def ingest(
    people: SqlitePeople, facts: DuckFacts, records: Sequence[LogRecord]
) -> tuple[int, int, int]:
    events = duplicates = created = 0
    known = profiles.Known()
    for run, laid_out in collect.in_runs(records, HOUSE):
        offset = run[-1].offset
        if laid_out:
            folded = profiles.fold_columns(people, laid_out, offset, known)
            facts.append([], [], offset, folded.columns)
            events += folded.events
        else:
            decoded = collect.decode_in(HOUSE, run)
            rows = profiles.fold(people, decoded.events, decoded.refused, offset)
            facts.append(rows.events, rows.homes, offset)
            events += len(rows.events)
        duplicates += folded.duplicates if laid_out else rows.duplicates
        created += folded.created if laid_out else rows.created
    return events, duplicates, created


def replay(people: SqlitePeople, facts: DuckFacts, records: Sequence[LogRecord]) -> None:
    known = profiles.Known()
    for run, laid_out in collect.in_runs(records, HOUSE):
        offset = run[-1].offset
        if laid_out:
            found = profiles.replay_columns(people, laid_out, known)
            facts.append([], [], offset, found)
        else:
            events = profiles.replay(people, collect.decode_in(HOUSE, run).events)
            facts.append(events, [], offset)


def as_json(body: Columns) -> bytes:
    return b'{"batch":[' + b",".join(columns.messages(body, range(len(body)))) + b"]}"


CATEGORY_OF_ANOTHER_TYPE = Columns(
    pa.array([at_of(1)], pa.int64()),
    pa.array(["Coupon Seen"]).dictionary_encode(),
    pa.array(["u1"], pa.string()).dictionary_encode(),
    pa.array([1], pa.uint64()),
    (
        Property("product_id", "text", pa.array(["P-1"]).dictionary_encode()),
        Property("category", "time", pa.array([1_000_000], pa.int64())),
    ),
)


@example(told=[(CATEGORY_OF_ANOTHER_TYPE, True)])
@settings(
    max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(told=st.lists(st.tuples(bodies(), st.booleans()), min_size=1, max_size=3))
def test_columns_and_json_are_one(told: list[tuple[Columns, bool]]) -> None:
    by_row, by_row_again = take([(body, False) for body, _ in told])
    by_column, by_column_again = take([(body, True) for body, _ in told])
    mixed, mixed_again = take(told)
    assert by_row_again == by_row
    for found in (by_column, by_column_again, mixed, mixed_again):
        for name in TABLES:
            assert found.facts[name] == by_row.facts[name], name
        assert found == by_row
