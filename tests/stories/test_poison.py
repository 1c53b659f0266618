"""Whatever is sent, the door never answers 5xx, and nothing that was taken breaks a store later."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette

from tailorbird import intake
from tailorbird.app import Tailorbird
from tailorbird.collect.plan import parse
from tailorbird.collect.plan_observe import written
from tailorbird.schema import Body, Instant
from tailorbird.web.collector import BODY_LIMIT, routes

NOW: Instant = 1_760_000_000_000_000
GOOD: Final = b'{"type":"track","event":"Rated","userId":"good","messageId":"good-%d"}'
DEEP: Final = 100_000
MAIL: Final = """\
<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ person.first_name }}</mj-text></mj-column>
</mj-section></mj-body></mjml>
"""
CAMPAIGN: Final = """\
name: hi
audience: everybody
template: hi
variants:
  any: { subject: "Hi {{ person.first_name }}" }
recommendations: 0
"""


def track(properties: bytes, more: bytes = b"") -> bytes:
    head = b'{"type":"track","event":"Rated","userId":"u","messageId":"%d"' % hash(
        properties + more
    )
    return head + more + b',"properties":' + properties + b"}"


def identify(traits: bytes) -> bytes:
    return b'{"type":"identify","userId":"u%d","traits":%s}' % (zlib.crc32(traits), traits)


ORDER: Final = b'"products":[{"product_id":"p","price":%s,"quantity":%s}],"order_id":"o"'
POISON: Final[dict[str, bytes]] = {
    "half a surrogate pair": track(b'{"x":"\\ud800"}'),
    "half a surrogate pair in a name": track(b'{"\\udfff":1}'),
    "half a surrogate pair in an id": b'{"type":"track","event":"e","userId":"\\ud83d"}',
    "half a surrogate pair in a trait": identify(b'{"first_name":"\\udc00"}'),
    "a whole surrogate pair": track(b'{"x":"\\ud83d\\ude00"}'),
    "NaN": track(b'{"x":NaN}'),
    "infinity": track(b'{"x":-Infinity}'),
    "a number beyond all": track(b'{"x":1e400}'),
    "an amount beyond all": track(b"{" + ORDER % (b"1e400", b"1") + b"}"),
    "an amount just below": track(b"{" + ORDER % (b"1e308", b"1") + b"}"),
    "a quantity of billions": track(b"{" + ORDER % (b"1e12", b"1000000000") + b"}"),
    "the smallest amount": track(b"{" + ORDER % (b"5e-324", b"1") + b"}"),
    "2^64": track(b'{"x":18446744073709551616}'),
    "-2^63-1": track(b'{"x":-9223372036854775809}'),
    "2^63-1": track(b'{"x":9223372036854775807}'),
    "a number of 5,000 digits": track(b'{"x":' + b"9" * 5_000 + b"}"),
    "minus nought": track(b'{"x":-0,"y":-0.0,' + ORDER % (b"-0.0", b"-0") + b"}"),
    "NUL": track(b'{"x":"a\\u0000b"}'),
    "NUL in a name": track(b'{"a\\u0000b":1}'),
    "NUL in an id": b'{"type":"track","event":"e","userId":"a\\u0000","messageId":"m\\u0000"}',
    "a bare NUL": track(b'{"x":"a\x00b"}'),
    "a list nested deeply": track(b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}"),
    "an object nested deeply": track(b'{"x":' * DEEP + b"1" + b"}" * DEEP),
    "a body nested deeply": b"[" * DEEP + b"]" * DEEP,
    "a text without an end, nested deeply": b"[" * DEEP + b'"' + b'\\"' * 1_000_000,
    "a name of 100 kB": track(b'{"' + b"k" * 100_000 + b'":1}'),
    "an event's name of 100 kB": b'{"type":"track","userId":"u","event":"' + b"k" * 100_000 + b'"}',
    "a text of 1 MB": track(b'{"x":"' + b"t" * 1_000_000 + b'"}'),
    "bad UTF-8": track(b'{"x":"\xff\xfe"}'),
    "UTF-8 that is too long": track(b'{"x":"\xc0\xaf"}'),
    "a name twice": track(b'{"x":1,"x":"two"}', b',"userId":"other","type":"identify"'),
    "a byte order mark": b"\xef\xbb\xbf" + track(b'{"bom":1}'),
    "UTF-16": track(b'{"x":1}').decode().encode("utf-16"),
    "a list of 200,000 numbers": track(b'{"x":[' + b"1," * 199_999 + b"1]}"),
    "100,000 products": track(b'{"products":[' + b'{"product_id":"p"},' * 99_999 + b"{}]}"),
    "10,000 names": track(b"{" + b",".join(b'"n%d":1' % n for n in range(10_000)) + b"}"),
    "names alike but for case": track(b'{"Total":1,"total":"x","TOTAL":{}}'),
    "the year 1": track(b"{}", b',"timestamp":"0001-01-01T00:00:00Z"'),
    "the year 9999": track(b"{}", b',"timestamp":"9999-12-31T23:59:59.999999999Z"'),
    "the year 10000": track(b"{}", b',"timestamp":"10000-01-01T00:00:00Z"'),
    "a time of 30 digits": track(b"{}", b',"timestamp":' + b"9" * 30),
    "wrong types all over": b'{"type":["track"],"event":{},"userId":[],"properties":7}',
    "an object for a batch": b'{"batch":{"type":"track"}}',
    "nothing": b"",
    "null": b"null",
    "no JSON": b"hello=world",
    "a template for a name": identify(b'{"first_name":"{{ 7 | times: 6 }}{% raw %}<b>"}'),
    "markup and turned text": identify(b'{"first_name":"<script>\xe2\x80\xaegnp.exe\xe2\x80\xac"}'),
    "a formula": track(b'{"x":"=cmd|\' /C calc\'!A0"}'),
    "statements of SQL": track(b'{"x\'; DROP TABLE facts; --":"\'); DELETE FROM people; --"}'),
}


class Door:
    """The collector of one folder."""

    def __init__(self, tb: Tailorbird) -> None:
        self.tb = tb

    async def _append(self, body: Body) -> int:
        return self.tb.world.log.append([body])

    def send(self, *contents: bytes) -> list[int]:
        async def go() -> list[int]:
            app = Starlette(routes=list(routes(self._append, lambda: NOW)))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                return [
                    (await client.post("/v1/batch", content=content)).status_code
                    for content in contents
                ]

        return asyncio.run(go())


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", environment={}, clock=lambda: NOW) as opened:
        yield opened


def batch(number: int, poison: bytes) -> bytes:
    """Return a poison between neighbours that are good."""
    one, two = GOOD % (2 * number), GOOD % (2 * number + 1)
    return b'{"batch":[%s,%s,%s]}' % (one, poison.removeprefix(b"\xef\xbb\xbf"), two)


def test_no_poison_costs_a_store_its_neighbours_or_its_later_readers(tb: Tailorbird) -> None:
    door = Door(tb)
    alone = dict(zip(POISON, door.send(*POISON.values()), strict=True))
    assert set(alone.values()) <= {200, 400}, alone
    refused = {name for name, status in alone.items() if status == 400}
    assert refused == {"UTF-16", "nothing", "null", "no JSON"}, refused
    # Where a text has no end, nobody can say where a neighbour begins.
    endless = "a text without an end, nested deeply"
    embedded = [name for name in POISON if name not in {*refused, endless}]
    statuses = door.send(*(batch(n, POISON[name]) for n, name in enumerate(embedded)))
    assert set(statuses) <= {200}
    taken = tb.ingest()
    assert taken.events + taken.refused + taken.duplicates >= 3 * len(embedded)
    good = tb.person("good")
    assert facts_of(tb, good) == 2 * len(embedded)
    everything_can_be_read(tb)
    before = tables(tb)
    tb.rebuild()
    assert tables(tb) == before


def test_what_is_nested_beyond_reading_is_held_with_its_own_bytes(tb: Tailorbird) -> None:
    poison = POISON["an object nested deeply"]
    assert Door(tb).send(batch(1, poison)) == [200]
    assert tb.ingest().refused == 1
    (held,) = tb.quarantine.page().records
    assert held.code == "too_deep"
    assert tb.quarantine.inspect(held.position).record.refused.raw == poison


def facts_of(tb: Tailorbird, person: int) -> int:
    rows = tb.world.facts.read("SELECT COUNT(*) AS n FROM facts WHERE person = ?", (person,))
    return int(rows.to_pylist()[0]["n"])


def tables(tb: Tailorbird) -> dict[str, list[Any]]:
    names = ("facts", "lines", "properties", "trait_values", "people", "products")
    return {
        name: tb.world.facts.read(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
        for name in names
    }


def everything_can_be_read(tb: Tailorbird) -> None:
    """Read all that was kept as pages, exports and mails read it."""
    for name in tables(tb):
        table = tb.world.facts.read(f"SELECT * FROM {name}")
        exported = io.BytesIO()
        pq.write_table(table, exported)
        assert pq.read_table(io.BytesIO(exported.getvalue())).num_rows == table.num_rows
        msgspec.json.encode(table.to_pylist())
    people = tb.world.facts.read("SELECT person FROM people").column("person").to_pylist()
    for person in people:
        msgspec.json.encode(tb.readings.person(person, NOW))
        msgspec.json.encode(tb.readings.timeline(person, "", 200))
    assert people
    tb.put("template", "hi", MAIL)
    tb.put("campaign", "hi", CAMPAIGN)
    for person in people:
        greets(tb, person)
    msgspec.json.encode(tb.readings.quality(NOW))
    parse(written(intake.observe(tb.world), "all of it"))
    page = tb.quarantine.page(limit=1000)
    assert page.records
    for record in page.records:
        msgspec.json.encode(tb.quarantine.inspect(record.position))


def greets(tb: Tailorbird, person: int) -> None:
    """Show a person's mail: her values stay values, whatever they look like."""
    shown = tb.readings.preview("hi", person, "", NOW)
    if shown is None:  # merged into somebody else
        return
    assert "<script>" not in shown.html
    assert "42" not in shown.subject
    msgspec.json.encode(shown)


@pytest.mark.parametrize("packed", [BODY_LIMIT * 50, BODY_LIMIT + 1])
def test_a_bomb_of_gzip_is_turned_down_before_it_bursts(tb: Tailorbird, packed: int) -> None:
    bomb = gzip.compress(b" " * packed, mtime=0)
    twice = gzip.compress(bomb, mtime=0)
    assert Door(tb).send(bomb, twice, b" " * packed if packed < 10**7 else bomb)[0] == 413
    assert all(status < 500 for status in Door(tb).send(bomb, twice))


def test_a_batch_that_is_all_poison_is_kept_and_refused(tb: Tailorbird) -> None:
    poison = [each for each in POISON.values() if each[:1] == b"{"]
    sent = b'{"batch":[' + b",".join(poison[:20]) + b"]}"
    assert Door(tb).send(sent) == [200]
    taken = tb.ingest()
    assert taken.refused > 5
    assert json.loads(msgspec.json.encode(tb.quarantine.counts()))
