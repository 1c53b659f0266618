"""A folder's mails leave at the pace of its settings, and whoever asks learns why they wait."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.sending.conftest import EVERYBODY, PEOPLE, TEMPLATE, Carrying, House
from typer.testing import CliRunner

from tailorbird import pacing
from tailorbird.cli.commands import app
from tailorbird.cli.pace_commands import lines_of
from tailorbird.delivery.journals import Journals
from tailorbird.errors import SettingsError
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Body
from tailorbird.settings import load
from tailorbird.tracking.events import bounced_event

SETTINGS = """
[sender]
domain = "shop.example"
[delivery]
carrier = "smtp"
[pace.providers]
"mail.example" = "gmail"
"""
Open = Callable[..., House]


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Open]:
    """Return what opens a house with these settings."""
    houses: list[House] = []

    def opened(more: str = "", settings: str = SETTINGS) -> House:
        folder = tmp_path / "house"
        folder.mkdir()
        (folder / "tailorbird.toml").write_text(settings + more, encoding="utf-8")
        house = House(folder)
        houses.append(house)
        house.join(*(f"p{number}" for number in range(PEOPLE)))
        house.tb.put("segment", "everybody", EVERYBODY)
        house.tb.put("template", "spring", TEMPLATE)
        return house

    yield opened
    for house in houses:
        house.tb.close()


def sent(house: House) -> int:
    return house.deliver(Carrying()).sent


def test_a_provider_gets_what_the_settings_let_through(open_house: Open) -> None:
    house = open_house('[pace.rate]\ngmail = "5/s"\n')
    house.decide()
    assert sent(house) == 5
    assert sent(house) == 0
    house.now += SECOND
    assert sent(house) == 5
    assert pacing.seconds_until_due(house.tb.world, house.now) == 1


def test_what_a_dead_worker_did_not_send_is_room_for_another_in_the_warm_up(
    open_house: Open,
) -> None:
    house = open_house("[pace.warm_up]\ngmail = [3, 9]\n")
    house.decide()
    world = house.tb.world
    pace = pacing.prepare(world, house.now, "none")
    journal = Journals(house.folder).open("worker-2")
    assert len(world.ledger.claim("worker-2", 9, house.now, 900, pace=pace)) == 1
    assert sent(house) == 0, "this hour's share of the day is under way"
    journal.close()
    assert sent(house) == 1


def test_status_says_why_mails_wait_and_until_when(open_house: Open) -> None:
    house = open_house("[pace.warm_up]\ngmail = [3, 9]\n[pace.rate]\n")
    house.decide()
    sent(house)
    world = house.tb.world
    status = pacing.status(world.settings, world.lanes, house.now)
    (lane,) = status.waiting
    assert "warming up" in lines_of(status)[-1]
    assert (lane.lane.stream, lane.sends, lane.why) == ("shop.example/gmail", 11, "warm_up")
    assert house.now < lane.next_at < house.now + DAY
    house.tb.close()
    shown = CliRunner().invoke(app, ["delivery", "pace", "--folder", str(house.folder)])
    assert "shop.example/gmail  spring" in shown.output
    told = CliRunner().invoke(app, ["delivery", "status", "--json", "--folder", str(house.folder)])
    assert json.loads(told.output)["pace"]["waiting"][0]["sends"] == 11


def test_each_sending_domain_has_a_pace_of_its_own(open_house: Open) -> None:
    house = open_house(
        '[pace.rate]\ngmail = "5/s"\n[brands.outlet]\naddress = "hello@outlet.example"\n'
    )
    house.decide()
    house.decide("cheap", "brand: outlet")
    assert sent(house) == 10
    world = house.tb.world
    streams = {each.lane.stream for each in pacing.status(world.settings, world.lanes, 0).waiting}
    assert streams == {"shop.example/gmail", "outlet.example/gmail"}


def test_the_local_inbox_takes_everything_at_once(open_house: Open) -> None:
    house = open_house(settings='[pace.rate]\nany = "1/h"\n')
    house.decide()
    assert house.deliver().sent == PEOPLE


def test_nobody_is_written_to_in_the_night_of_her_own_zone(open_house: Open) -> None:
    # It is 22:13 in London, 7:13 the next day in Tokyo and 14:13 in Los Angeles.
    house = open_house('[pace]\nquiet_since = "21:00"\nquiet_until = "8:00"\n')
    zones = {"p1": "Asia/Tokyo", "p2": "America/Los_Angeles", "p3": "Mars/Olympus"}
    house.tell(
        *(
            {"type": "identify", "messageId": f"z-{name}", "userId": name,
             "traits": {"timezone": zone}}
            for name, zone in zones.items()
        )
    )  # fmt: skip
    house.decide()
    carrier = Carrying()
    house.deliver(carrier)
    assert carrier.sent == ["p2@mail.example"]
    house.now += 47 * MINUTE
    house.deliver(carrier)
    assert carrier.sent[1:] == ["p1@mail.example"]
    house.now += 9 * HOUR
    house.deliver(carrier)
    assert len(carrier.sent) == PEOPLE


def test_too_many_bounces_stop_a_stream_until_somebody_lets_it_go(open_house: Open) -> None:
    house = open_house("[pace]\nleast_sent = 10\n")
    house.decide()
    assert sent(house) == PEOPLE
    world = house.tb.world
    for name in ("p1", "p2", "p3"):
        event = bounced_event(
            house.send_id(name), person=house.tb.person(name), campaign="spring", variant="only",
            at=house.now, reason="5.1.1 no such user",
        )  # fmt: skip
        content = msgspec.json.encode({"batch": [event]})
        world.log.append([Body("delivery", house.now, content)])
    house.tb.ingest()
    house.now += 2 * MINUTE
    house.decide("summer")
    assert sent(house) == 0
    status = pacing.status(world.settings, world.lanes, house.now)
    assert [each.meter for each in status.held] == ["shop.example", "shop.example/gmail"]
    assert status.held[0].reason.startswith("3 hard bounces of 12 mails in 24 hours")
    assert {each.why for each in status.waiting} == {"held"}
    assert pacing.resume(world.settings, world.lanes, "", house.now) == [
        "shop.example",
        "shop.example/gmail",
    ]
    assert sent(house) == PEOPLE - 3


def test_a_hold_by_hand_stands_until_it_is_let_go(open_house: Open) -> None:
    house = open_house()
    house.decide()
    house.tb.close()

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["delivery", *words, "--folder", str(house.folder)])

    assert run("hold", "shop.example/gmail").exit_code != 0
    assert run("hold", "shop.example/gmail", "--reason", "a complaint by phone").exit_code == 0
    assert "a complaint by phone" in run("pace").output
    assert "shop.example/gmail goes on" in run("let-go").output
    assert run("let-go", "shop.example/gmail").exit_code != 0


def test_what_waited_before_there_was_a_pace_gets_one(open_house: Open) -> None:
    house = open_house('[pace.rate]\ngmail = "5/s"\n')
    house.decide()
    claimed = house.tb.world.ledger.claim("worker-1", 4, house.now, 60)
    assert len(claimed) == 4
    assert sent(house) == 5  # the four that came back are sorted as well
    house.now += SECOND
    assert sent(house) == 5


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ('[pace.rate]\ngmail = "fast"\n', r"pace\.rate\.gmail"),
        ("[pace.warm_up]\nany = [10, 0]\n", r"pace\.warm_up\.any"),
        ("[pace]\nwarm_up_hours = -1\n", r"pace\.warm_up_hours"),
        ('[pace]\nquiet_since = "21:00"\n', r"pace\.quiet_until"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told(said: str, where: str, tmp_path: Path) -> None:
    (tmp_path / "tailorbird.toml").write_text(SETTINGS + said, encoding="utf-8")
    settings, _ = load(tmp_path, {})
    with pytest.raises(SettingsError, match=where):
        pacing.plan_of(settings)
