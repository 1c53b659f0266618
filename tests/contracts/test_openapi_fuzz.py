"""Whatever the description of the API allows is answered as it says, and breaks no store.

A longer run: `FUZZ_EXAMPLES=500 pytest tests/contracts/test_openapi_fuzz.py`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tailorbird import flow, keys, posting
from tailorbird.app import Tailorbird
from tailorbird.schema import Body
from tailorbird.web.api import document, routes
from tailorbird.web.serve import site

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(document(routes()))
OPERATIONS = {
    result.ok().label: result.ok()
    for result in SCHEMA.get_all_operations()
    if isinstance(result, Ok)
}
ANSWERS = {
    "facts": "SELECT position, person, event, value_minor FROM facts ORDER BY position",
    "products": "SELECT * FROM products ORDER BY item",
    "people": "SELECT person, created_at FROM people ORDER BY person",
    "traits": "SELECT person, name, text FROM trait_values ORDER BY ALL",
    "membership": "SELECT segment, person FROM membership WHERE member ORDER BY ALL",
}
SEED = {
    "batch": [
        {"type": "identify", "userId": f"u-{n}", "messageId": f"i{n}",
         "traits": {"email": f"u{n}@people.example", "country": "GB", "points": n}}
        for n in range(4)
    ] + [
        {"type": "track", "event": "Order Completed", "userId": f"u-{n}", "messageId": f"o{n}",
         "properties": {"order_id": f"A{n}", "currency": "EUR",
                        "products": [{"product_id": "P1", "price": 10, "quantity": n}]}}
        for n in range(1, 4)
    ]
}  # fmt: skip
SOURCE = "source: spare\nkind: file\npath: {0}/in/*.csv\nmapping: generic_orders\n"


@dataclass(frozen=True, slots=True)
class Served:
    """A folder behind a real server on this machine, with somebody in it."""

    tb: Tailorbird
    url: str
    headers: dict[str, str]
    known: dict[str, list[Any]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    def nowhere(*_: object) -> str:
        raise OSError("there is no network here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posting, "resolved", nowhere)
        folder = tmp_path_factory.mktemp("fuzz") / "data"
        with Tailorbird.open(folder, environment={}) as tb:
            tb.install_library()
            refused = Body("web", tb.clock(), b'{"batch": [{"type": "sing", "messageId": "s1"}]}')
            offset = tb.world.log.append([refused])
            tb.sources.put(SOURCE.format(folder), "spare.yaml")
            key, text = keys.make(
                "fuzz", "secret", now=tb.clock(), entropy=os.urandom,
                scopes=("read", "write", "admin"),
            )  # fmt: skip
            tb.world.keys.add(key)
            config = uvicorn.Config(site(tb), host="127.0.0.1", port=0, log_level="critical")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run)
            thread.start()
            try:
                while not server.started:
                    assert thread.is_alive()
                    time.sleep(0.01)
                url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
                known = {"position": [offset << 20]}
                found = Served(tb, url, {"authorization": f"Bearer {text}"}, known)
                _settle_in(found)
                yield found
            finally:
                server.should_exit = True
                thread.join()
            _still_sound(tb)


def _still_sound(tb: Tailorbird) -> None:
    """What was taken breaks neither ingest nor rebuild: the same answers come out."""
    flow.tick(tb.world, tb.clock())
    assert tb.world.facts.offset() == tb.world.people.cursor() == tb.world.log.end()
    before = {name: tb.world.facts.read(sql).to_pylist() for name, sql in ANSWERS.items()}
    tb.rebuild()
    for name, sql in ANSWERS.items():
        assert tb.world.facts.read(sql).to_pylist() == before[name], name
    assert tb.world.people.broken_receipts() == 0


def _settle_in(served: Served) -> None:
    with httpx.Client(
        base_url=f"{served.url}/api/v1", headers=served.headers, timeout=60
    ) as client:

        def done(path: str, content: object) -> Any:
            answer = client.post(path, json=content, params={"wait": "applied"})
            assert answer.status_code < 300, answer.text
            return answer.json()

        events = done("/events", SEED)["results"]
        done("/products/batch", {"products": [{"item": "P1", "name": "Lamp", "stock": 3}]})
        hook = client.post("/hooks", json={"url": "https://shop.example/"}).json()["about"]["id"]
    served.known.update(
        person=[1, 2, 3, 4],
        event=[int(each["id"]) for each in events],
        item=["P1"],
        hook=[hook],
        name=["active-customers", "newsletter", "spare"],
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_operation_answers_as_it_is_described(served: Served, label: str) -> None:
    operation = OPERATIONS[label]

    @given(case=operation.as_strategy(), drawn=st.data())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    def ask(case: schemathesis.Case[Any], drawn: st.DataObject) -> None:
        for name in case.path_parameters or {}:
            if name in served.known and drawn.draw(st.integers(0, 3)):
                case.path_parameters[name] = drawn.draw(st.sampled_from(served.known[name]))
        response = case.call(base_url=served.url, headers=served.headers, timeout=60)
        case.validate_response(response, checks=CHECKS)

    ask()


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 50_000,
        b'{"traits":' * 6_000,
        b'{"user_id": "\xff"}',
        b'{"user_id": "\\ud800"}',
        b'{"user_id": "a", "traits": {"x": NaN}}',
        b'{"user_id": "a\\u0000"}',
        b'{"user_id": "b", "traits": {"x": 1e999}}',
        b'{"user_id": "c", "traits": {"x": 18446744073709551616}}',
        b"",
        b"\x1f\x8b\x08",
    ],
    ids=range(10),
)
@pytest.mark.parametrize("path", ["/people", "/events", "/products/batch", "/hooks", "/keys"])
def test_poison_is_refused_and_never_an_error_of_ours(
    served: Served, path: str, content: bytes
) -> None:
    headers = {**served.headers, "content-type": "application/json"}
    answer = httpx.post(f"{served.url}/api/v1{path}", content=content, headers=headers, timeout=60)
    assert answer.status_code < 500
    if answer.status_code == 200:
        assert path == "/events"  # which says of each event what became of it
    else:
        assert answer.json()["code"]


def test_what_was_taken_breaks_neither_ingest_nor_rebuild_nor_reads(served: Served) -> None:
    world = served.tb.world
    deadline = time.monotonic() + 60
    while world.people.cursor() < world.log.end() or world.facts.offset() < world.log.end():
        assert time.monotonic() < deadline, "the worker does not get on"
        time.sleep(0.01)
    with httpx.Client(
        base_url=f"{served.url}/api/v1", headers=served.headers, timeout=60
    ) as client:
        for path in ("/people", "/events", "/products", "/overview", "/segments", "/hooks"):
            assert client.get(path, params={"limit": 200}).status_code == 200
        for row in client.get("/people", params={"limit": 200}).json()["people"]:
            for below in ("", "/timeline", "/preferences", "/decisions"):
                assert client.get(f"/people/{row['person']}{below}").status_code == 200
    assert served.tb.world.people.broken_receipts() == 0
