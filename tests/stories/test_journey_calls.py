"""Programs have people enter journeys: by the API and by the command line, once a call."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import msgspec
import pytest

from tailorbird import cli, flow, keys
from tailorbird.app import Tailorbird
from tailorbird.schema import SECOND, Body
from tailorbird.web.serve import site

START = 1_790_000_000 * SECOND
TEMPLATE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Your code: {{ event.properties.code }}</mj-text>
<mj-text>{{ shop.name }} <a href="{{ unsubscribe_url }}">Stop</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
JOURNEY = """
name: door
trigger: call
reentry: always
several: true
per: order_id
steps:
  - send: code
    template: door
    subject: "Order {{ event.properties.order_id }}"
"""


class Office:
    """A folder with a journey that calls start, and a key that may write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = START
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment={})
        said = {
            "type": "identify", "userId": "ada", "traits": {"email": "ada@mail.example"},
            "context": {"consent": {"email_marketing": True, "wordingVersion": "1"}},
        }  # fmt: skip
        self.tb.world.log.append([Body("import", self.now, json.dumps(said).encode())])
        self.tick()
        self.tb.put("template", "door", TEMPLATE)
        self.tb.put("journey", "door", JOURNEY)
        key, self.key = keys.make(
            "shop", "secret", now=self.now, entropy=os.urandom, scopes=("write",)
        )
        self.tb.world.keys.add(key)
        self.app = site(self.tb)

    def tick(self) -> None:
        self.now += SECOND
        flow.tick(self.tb.world, self.now)

    def call(self, said: dict[str, Any], name: str = "door", once: str = "") -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                headers = {"authorization": f"Bearer {self.key}"}
                more = {"idempotency-key": once} if once else {}
                path = f"/api/v1/journeys/{name}/enter"
                return await http.post(path, json=said, headers=headers | more)

        return anyio.run(asked)

    def subjects(self) -> list[str]:
        return sorted(each.subject for each in self.tb.world.inbox.list())


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "data")
    yield made
    made.tb.close()


def test_a_call_brings_a_mail_with_the_values_of_the_call(office: Office) -> None:
    answer = office.call({"email": "ADA@mail.example", "values": {"order_id": "A1", "code": 17}})
    assert answer.status_code == 202
    assert answer.json()["person"] == 1
    office.tick()
    assert office.subjects() == ["Order A1"]
    (decision,) = office.tb.world.ledger.decisions(campaign="door/code")
    told = msgspec.json.decode(decision.inputs)["event"]["properties"]
    assert (told["order_id"], told["code"]) == ("A1", 17)


def test_a_call_that_is_sent_again_sets_her_off_once(office: Office) -> None:
    said = {"user_id": "ada", "values": {"order_id": "A1", "code": 17}}
    assert office.call(said, once="one").status_code == 202
    assert office.call(said, once="one").status_code == 202
    office.tick()
    office.call({"person": 1, "values": {"order_id": "A2", "code": 18}}, once="two")
    office.tick()
    assert office.subjects() == ["Order A1", "Order A2"]


@pytest.mark.parametrize(
    ("said", "name", "status", "words"),
    [
        ({"user_id": "bob"}, "door", 404, "no such person"),
        ({"user_id": "ada"}, "gate", 404, "no journey"),
        ({"user_id": "ada", "person": 1}, "door", 400, "name one person"),
        ({}, "door", 400, "name one person"),
        ({"user_id": "ada", "values": {"email": "x@y.example"}}, "door", 422, "cannot be a value"),
        ({"user_id": "ada", "values": {"journey": "x"}}, "door", 422, "cannot be a value"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_with_a_mend(
    office: Office, said: dict[str, Any], name: str, status: int, words: str
) -> None:
    answer = office.call(said, name)
    assert answer.status_code == status, answer.text
    assert words in answer.text
    office.tick()
    assert office.subjects() == []


def test_a_journey_that_something_else_starts_or_that_is_paused_takes_no_calls(
    office: Office,
) -> None:
    office.tb.put("journey", "door", JOURNEY.replace("call", "{event: add_to_cart}", 1))
    assert office.call({"user_id": "ada"}).status_code == 409
    office.tb.put("journey", "door", JOURNEY + "mode: paused\n")
    assert "paused" in office.call({"user_id": "ada"}).text


def test_no_sender_of_events_can_pass_for_a_call(office: Office) -> None:
    said = {
        "type": "track", "userId": "ada", "event": "journey_called",
        "properties": {"journey": "door", "order_id": "X", "code": 1, "source": "rest"},
    }  # fmt: skip
    office.tb.world.log.append([Body("web:shop", office.now, json.dumps(said).encode())])
    office.tick()
    assert office.subjects() == []


def test_the_command_line_has_somebody_enter_and_says_where_she_is(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.tb.close()
    asked = ["journeys", "enter", "door", "ada", "--value", "order_id=A9", "--value", "code=4"]
    assert cli.run([*asked, "-C", str(office.folder)]) == 0
    assert "entered door" in capsys.readouterr().out
    office.tb = Tailorbird.open(office.folder, environment={})
    flow.tick(office.tb.world, office.tb.clock())
    assert office.subjects() == ["Order A9"]
