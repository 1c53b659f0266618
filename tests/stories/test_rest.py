"""Programs write by the API: through the log, seen soon, once, and again after a rebuild."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import pytest

from tailorbird import flow, keys
from tailorbird.access import Key, Scope
from tailorbird.app import Tailorbird
from tailorbird.schema import Body
from tailorbird.web.serve import site

ORDER = {
    "type": "track", "event": "Order Completed", "messageId": "o-1", "userId": "u-1",
    "properties": {
        "order_id": "A1", "currency": "EUR",
        "products": [{"product_id": "P1", "price": 12.5, "quantity": 2}],
    },
}  # fmt: skip


class Office:
    """A served folder with a key that may do everything, its workers running."""

    def __init__(
        self, tb: Tailorbird, portal: anyio.from_thread.BlockingPortal, ticking: Ticking
    ) -> None:
        self.tb = tb
        self._ticking = ticking
        self._portal = portal
        self._app = site(tb)
        self.key = self.make("all", "read", "write", "admin")
        self.other = self.make("two", "write")

    def make(self, name: str, *scopes: Scope) -> str:
        key, text = keys.make(
            name, "secret", now=self.tb.clock(), entropy=os.urandom, scopes=scopes
        )
        self.tb.world.keys.add(key)
        return text

    def ask(
        self, method: str, path: str, content: Any = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        shown = self.key if key is None else key
        if shown:
            headers["authorization"] = f"Bearer {shown}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer: httpx.Response = self._portal.call(self._asked, method, path, content, named)
        return answer

    async def _asked(
        self, method: str, path: str, content: Any, headers: dict[str, str]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            more = {} if content is None else {"json": content}
            return await client.request(method, f"/api/v1{path}", headers=headers, **more)

    def done(self, method: str, path: str, content: Any = None, **headers: str) -> Any:
        wait = "&wait=applied" if "?" in path else "?wait=applied"
        answer = self.ask(method, path + wait, content, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.json().get("applied") is True
        return answer.json()

    def rebuild(self) -> None:
        with self._ticking.pause:
            self.tb.rebuild()

    def refreshed(self) -> None:
        """Wait for the end of the present tick: segments follow what is applied."""
        with self._ticking.pause:
            return

    def got(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()


class Ticking:
    """Takes in what was written, as the server's worker does."""

    def __init__(self, tb: Tailorbird) -> None:
        self._tb = tb
        self.pause = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(0.005):
            with self.pause:
                flow.tick(self._tb.world, self._tb.clock())

    def __enter__(self) -> Ticking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", environment={}) as opened:
        yield opened


@pytest.fixture
def office(tb: Tailorbird) -> Iterator[Office]:
    with anyio.from_thread.start_blocking_portal() as portal, Ticking(tb) as ticking:
        yield Office(tb, portal, ticking)


def person_of(office: Office, **identifier: str) -> Any:
    ((kind, value),) = identifier.items()
    return office.got(f"/people/find?{kind}={value}")


def traits_of(report: Any) -> dict[str, Any]:
    return {t["name"]: t["value"] for t in report["traits"] if t["origin"] == "declared"}


def everything(office: Office) -> list[Any]:
    people = [office.got(f"/people/{p['person']}") for p in office.got("/people")["people"]]
    return [people, office.got("/events"), office.got("/products")]


def test_a_person_is_created_changed_found_and_the_same_after_a_rebuild(office: Office) -> None:
    new = {
        "user_id": "u-1", "email": "Ada@People.Example",
        "traits": {"first_name": "Ada", "points": 7, "vip": True},
        "consents": {"email_marketing": {"granted": True, "wording_version": "3"}},
    }  # fmt: skip
    person = office.done("POST", "/people", new)["person"]
    assert person_of(office, user_id="u-1")["person"] == person
    assert person_of(office, email="ada@people.example")["person"] == person
    office.done("PATCH", f"/people/{person}", {"traits": {"points": 8, "vip": None}})
    office.done("PUT", f"/people/{person}/identifiers", {"anonymous_id": "a-9"})
    report = person_of(office, anonymous_id="a-9")
    assert traits_of(report)["first_name"] == "Ada"
    assert traits_of(report)["points"] == 8
    before = everything(office)
    office.rebuild()
    assert everything(office) == before


def test_an_identifier_of_somebody_else_is_a_conflict(office: Office) -> None:
    one = office.done("POST", "/people", {"user_id": "u-1"})["person"]
    two = office.done("POST", "/people", {"user_id": "u-2"})["person"]
    again = office.ask("POST", "/people", {"user_id": "u-1"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    taken = office.ask("PUT", f"/people/{two}/identifiers", {"user_id": "u-1"})
    assert taken.status_code == 409
    assert f"person {one}" in taken.json()["message"]


@pytest.mark.parametrize("name", ["email", " Email", "email_address", "userId"])
def test_an_identifier_is_no_trait_however_it_is_spelled(office: Office, name: str) -> None:
    office.done("POST", "/people", {"user_id": "u-1", "email": "ada@people.example"})
    two = office.done("POST", "/people", {"user_id": "u-2"})["person"]
    traits = {"points": 3, name: "ada@people.example"}
    end = office.tb.world.log.end()
    for method, path, more in (
        ("PATCH", f"/people/{two}", {}),
        ("POST", "/people", {"user_id": "u-3"}),
    ):
        answer = office.ask(method, path, {"traits": traits} | more)
        assert (answer.status_code, answer.json()["code"]) == (422, "identifier"), path
        assert answer.json()["mend"]
    assert office.tb.world.log.end() == end


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({}, "no_identifier"),
        ({"user_id": "undefined"}, "bad_identifier"),
        ({"email": "no address"}, "bad_identifier"),
        ({"user_id": "u", "traits": {"a": 2**70}}, "too_large"),
        ({"user_id": "u", "traits": {"a": "x\u0000"}}, "control_character"),
    ],
)
def test_what_cannot_be_taken_is_told_and_not_kept(office: Office, content: Any, code: str) -> None:
    end = office.tb.world.log.end()
    answer = office.ask("POST", "/people", content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert office.tb.world.log.end() == end


def test_preferences_carry_their_wording_and_can_all_be_withdrawn(office: Office) -> None:
    person = office.done("POST", "/people", {"user_id": "u-1", "email": "a@people.example"})[
        "person"
    ]
    said = {
        "email_marketing": {"granted": True, "wording_version": "7", "evidence": "till 3"},
        "tracking": {"granted": False},
    }
    office.done("PUT", f"/people/{person}/preferences", said)
    found = office.got(f"/people/{person}/preferences")
    lines = {line["purpose"]: line for line in found["consents"]}
    assert found["subscribed"] is True
    assert lines["email_marketing"]["wording_version"] == "7"
    assert lines["tracking"]["state"] == "withdrawn"
    assert lines["training"]["state"] == "never asked"
    office.done("DELETE", f"/people/{person}/preferences")
    found = office.got(f"/people/{person}/preferences")
    assert found["subscribed"] is False
    assert {line["state"] for line in found["consents"]} == {"withdrawn"}


def test_a_forgotten_person_has_no_fields_and_no_consent_and_is_told_what_stays(
    office: Office,
) -> None:
    new = {
        "user_id": "u-1", "email": "ada@people.example", "traits": {"first_name": "Ada", "x": 1},
        "consents": {"email_marketing": {"granted": True}},
    }  # fmt: skip
    person = office.done("POST", "/people", new)["person"]
    told = office.done("DELETE", f"/people/{person}")
    assert any("log" in line for line in told["not_covered"])
    report = office.got(f"/people/{person}")
    assert report["email"] == ""
    assert traits_of(report) == {}
    assert office.got(f"/people/{person}/preferences")["subscribed"] is False
    kept = "SELECT name FROM trait_values"
    assert office.tb.world.facts.read(kept).to_pylist() == []
    before = everything(office)
    office.rebuild()
    assert everything(office) == before
    assert office.tb.world.facts.read(kept).to_pylist() == []


def test_two_people_are_merged_and_separated_again(office: Office) -> None:
    one = office.done("POST", "/people", {"user_id": "u-1"})["person"]
    two = office.done("POST", "/people", {"user_id": "u-2"})["person"]
    office.done("POST", f"/people/{one}/merge", {"loser": two, "reason": "same card"})
    assert person_of(office, user_id="u-2")["person"] == one
    same = office.ask("POST", f"/people/{one}/merge", {"loser": two})
    assert same.status_code == 409
    office.done("POST", f"/people/{one}/separate", {"loser": two})
    assert person_of(office, user_id="u-2")["person"] == two


def test_products_are_set_stocked_and_discontinued(office: Office) -> None:
    office.done("PUT", "/products/P1", {"name": "Lamp", "price_minor": 1999, "stock": 3})
    batch = [
        {"item": "P1", "stock": 5},
        {"item": "P2", "name": "Chair", "url": "https://x.example"},
    ]
    office.done("POST", "/products/batch", {"products": batch})
    lamp = office.got("/products/P1")
    assert (lamp["name"], lamp["price_minor"], lamp["stock"]) == ("Lamp", 1999, 5)
    office.done("PATCH", "/products/P1/stock", {"stock": 1})
    assert office.got("/products/P1")["stock"] == 1
    first = office.got("/products?limit=1")
    second = office.got(f"/products?limit=1&after={first['next']}")
    assert [p["item"] for p in first["products"] + second["products"]] == ["P1", "P2"]
    office.done("DELETE", "/products/P1")
    assert office.got("/products/P1")["stock"] == 0
    before = everything(office)
    office.rebuild()
    assert everything(office) == before


def test_each_event_of_a_batch_is_answered_for(office: Office) -> None:
    batch = [ORDER, {"type": "track", "event": "X"}, {"type": "nonsense", "userId": "u"}]
    told = office.done("POST", "/events", {"batch": batch})
    assert [r["verdict"] for r in told["results"]] == ["taken", "refused", "refused"]
    assert [r["code"] for r in told["results"]] == ["", "no_identifier", "unknown_type"]
    event = office.got(f"/events/{told['results'][0]['id']}")
    assert (event["event"], event["value_minor"], event["source"]) == (
        "purchase", 2500, "server:all",
    )  # fmt: skip
    assert office.tb.world.people.quarantine_counts() == {}


def test_events_are_listed_by_person_name_and_time(office: Office) -> None:
    views = [
        {"type": "track", "event": "Seen", "userId": f"u-{n % 2}", "messageId": f"s{n}",
         "timestamp": f"2026-01-0{n + 1}T00:00:00Z"}
        for n in range(6)
    ]  # fmt: skip
    office.done("POST", "/events", {"batch": [*views, ORDER]})
    person = person_of(office, user_id="u-1")["person"]
    assert len(office.got(f"/events?person={person}")["events"]) == 4
    assert len(office.got("/events?name=seen")["events"]) == 6
    found = office.got("/events?since=2026-01-02T00:00:00Z&until=2026-01-04T00:00:00Z")
    assert [e["at"][:10] for e in found["events"]] == ["2026-01-03", "2026-01-02"]
    seen, after = [], ""
    while True:
        page = office.got(f"/events?limit=2&after={after}")
        seen += [e["id"] for e in page["events"]]
        if not (after := page["next"]):
            break
    assert len(seen) == len(set(seen)) == 7


def test_a_retracted_event_leaves_facts_and_segments_also_after_a_rebuild(office: Office) -> None:
    office.tb.put("segment", "buyers", "name: buyers\nwhere:\n  did: purchase\n")
    told = office.done("POST", "/events", ORDER)
    person = person_of(office, user_id="u-1")["person"]
    assert office.tb.segment_people("buyers") == [person]
    office.done("DELETE", f"/events/{told['results'][0]['id']}")
    office.refreshed()
    for _ in range(2):
        assert office.got("/events")["events"] == []
        assert office.tb.segment_people("buyers") == []
        assert office.got(f"/people/{person}")["segments"] == []
        assert office.tb.world.facts.read("SELECT * FROM lines").num_rows == 0
        office.rebuild()
    assert office.ask("DELETE", f"/events/{told['results'][0]['id']}").status_code == 404


def test_nobody_retracts_or_forgets_by_the_collector(office: Office) -> None:
    told = office.done("POST", "/events", ORDER)
    forged = [
        {"type": "track", "event": name, "userId": "u-1",
         "properties": {"position": told["results"][0]["id"]}}
        for name in ("event_retracted", "person_forgotten")
    ]  # fmt: skip
    answer = office.done("POST", "/events", {"batch": forged})
    assert {r["code"] for r in answer["results"]} == {"not_allowed"}


def test_the_same_key_gets_the_same_answer_and_counts_once(office: Office) -> None:
    once = {"idempotency_key": "order-77"}
    message = {k: v for k, v in ORDER.items() if k != "messageId"}
    first = office.ask("POST", "/events", message, **once)
    second = office.ask("POST", "/events", message, **once)
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    other = office.ask("POST", "/events", ORDER, **once)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = office.ask("POST", "/events", message, key=office.other, **once)
    assert elsewhere.json()["offset"] > first.json()["offset"]


def test_nobody_can_take_the_place_of_an_event_that_comes_with_an_idempotency_key(
    office: Office,
) -> None:
    name = hashlib.blake2b(b"all\x00order-77", digest_size=16).hexdigest()
    guessed = ORDER | {"messageId": f"{name}.0", "properties": {}, "event": "x"}
    office.tb.world.log.append([Body("web:shop", office.tb.clock(), json.dumps(guessed).encode())])
    message = {k: v for k, v in ORDER.items() if k != "messageId"}
    office.done("POST", "/events", message, idempotency_key="order-77")
    assert [row["event"] for row in office.got("/events?name=purchase")["events"]] == ["purchase"]


def test_an_answer_that_holds_a_secret_is_not_kept(office: Office) -> None:
    made = office.ask("POST", "/keys", {"name": "app", "kind": "secret"}, idempotency_key="k")
    folder = office.tb.world.folder
    kept = b"".join(path.read_bytes() for path in folder.glob("tailorbird.sqlite*"))
    assert made.json()["key"].encode() not in kept
    again = office.ask("POST", "/keys", {"name": "app", "kind": "secret"}, idempotency_key="k")
    assert again.status_code == 409


def test_a_repeat_whose_answer_was_lost_counts_once(office: Office) -> None:
    once = {"idempotency_key": "order-78"}
    message = {k: v for k, v in ORDER.items() if k != "messageId"}
    office.done("POST", "/events", message, **once)
    with office.tb.world.people.transaction():
        database = office.tb.world.keys._database  # type: ignore[attr-defined]
        database.current().execute("DELETE FROM answers")
    office.done("POST", "/events", message, **once)
    assert len(office.got("/events")["events"]) == 1


def test_a_write_without_waiting_is_durable_at_once(office: Office) -> None:
    answer = office.ask("POST", "/people", {"user_id": "u-1"})
    assert answer.status_code in (200, 202)
    assert office.tb.world.log.end() >= answer.json()["offset"] > 0


def test_who_may_do_what(office: Office) -> None:
    reader, writer = office.make("r", "read"), office.make("w", "write")
    new = {"user_id": "u-1"}
    assert office.ask("POST", "/people", new, key=reader).json()["code"] == "scope"
    assert office.ask("GET", "/people", key=writer).status_code == 403
    assert office.ask("GET", "/keys", key=writer).status_code == 403
    assert office.ask("POST", "/people", new, key="tbs_unknown").status_code == 401
    assert office.ask("GET", "/people", key="").status_code == 200
    nobody = office.ask("POST", "/people", new, key="")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "no_key")
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    page = {"sec_fetch_site": "same-origin"}
    assert office.ask("POST", "/people", new, key="", **page).status_code in (200, 202)
    assert office.ask("GET", "/keys", key="", **page).status_code == 401
    other = office.ask("POST", "/people", new, key="", sec_fetch_site="cross-site")
    assert other.status_code == 421


def test_a_key_opens_the_api_under_the_public_name_and_through_a_proxy(office: Office) -> None:
    named = {"host": "127.0.0.1:8400", "x_forwarded_for": "10.0.0.1"}
    assert office.ask("GET", "/people", **named).status_code == 200
    assert office.ask("GET", "/people", key="", **named).status_code == 421
    assert office.ask("GET", "/people", host="evil.example").status_code == 421


def test_a_public_key_does_not_open_the_api(office: Office) -> None:
    key, text = keys.make("shop", "public", now=office.tb.clock(), entropy=os.urandom)
    office.tb.world.keys.add(key)
    answer = office.ask("GET", "/people", key=text)
    assert (answer.status_code, answer.json()["code"]) == (403, "public_key")


def test_keys_are_made_and_revoked_by_the_api(office: Office) -> None:
    made = office.ask(
        "POST", "/keys", {"name": "app", "kind": "public", "origins": ["https://a.b"]}
    )
    assert made.json()["key"].startswith("tbp_")
    assert office.ask("POST", "/keys", {"name": "app", "kind": "public"}).status_code == 409
    listed = {row["name"]: row for row in office.got("/keys")}
    assert listed["app"]["origins"] == ["https://a.b"]
    assert office.ask("POST", "/keys/app/rotate").json()["key"] != made.json()["key"]
    assert office.ask("DELETE", "/keys/app").status_code == 204
    assert office.ask("DELETE", "/keys/app").status_code == 404
    assert isinstance(office.tb.world.keys.all()[0], Key)
