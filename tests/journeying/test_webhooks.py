"""A step that tells a webhook waits until it is taken, and goes the error path where it is not."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from tests.journeying.conftest import Shop

from tailorbird import notify

TOUR = """\
name: tour
trigger: {call: true}
steps:
  - {webhook: "https://crm.example/in", id: tell, on_error: [{exit: untold, id: out}]}
  - {exit: told, id: bye}
"""


@pytest.fixture
def told(shop: Shop) -> Shop:
    """Return the shop with a webhook and a journey that tells it, in which ann is."""
    hook, secret = notify.make_hook(
        "https://crm.example/in", [], [], now=shop.now, entropy=lambda size: b"x" * size
    )
    shop.tb.world.hooks.add(hook, secret)
    shop.put(TOUR)
    shop.enter("tour", "ann")
    shop.tick()
    return shop


def send(shop: Shop, status: int) -> list[dict[str, object]]:
    """Send what waits to the webhook, which answers so; return what was posted of journeys."""
    posted: list[dict[str, object]] = []

    def post(url: str, headers: Mapping[str, str], body: bytes) -> notify.Answer:
        said = msgspec.json.decode(body)
        posted.extend([said["data"]] if said["type"] == "journey.reached" else [])
        return notify.Answer(status, "")

    sending = notify.Sending(post, lambda: 0.0, lambda low, high: low, 3.0)
    (hook,) = shop.tb.world.hooks.all()
    notify.send_due(shop.tb.world, hook, sending, shop.now)
    return posted


def test_she_goes_on_once_the_webhook_has_taken_it(told: Shop) -> None:
    assert told.path("ann")[-1] == ("", "entered", "tell")
    told.tick(10)
    (said,) = send(told, 200)
    assert (said["person"], said["journey"], said["step"]) == (
        told.tb.person("ann"),
        "tour",
        "tell",
    )
    told.tick(10)
    assert told.path("ann")[1:] == [("tell", "told", "bye"), ("bye", "exit", "")]


def test_she_goes_the_error_path_once_it_has_failed_for_a_day(told: Shop) -> None:
    send(told, 500)
    told.tick(3600)
    assert told.where("ann").step == "tell"
    told.tick(86_400)
    assert told.path("ann")[1:] == [("tell", "failed", "out"), ("out", "exit", "")]


def test_a_webhook_that_is_gone_is_not_waited_for(told: Shop) -> None:
    send(told, 410)
    told.tick(10)
    assert told.path("ann")[1][1] == "failed"


def test_a_receiver_may_listen_to_journeys_alone(shop: Shop) -> None:
    hook, secret = notify.make_hook(
        "https://crm.example/in", ["journey.reached"], [], now=shop.now, entropy=lambda size: b"x"
    )
    shop.tb.world.hooks.add(hook, secret)
    shop.tick(1)
    shop.put(TOUR)
    shop.enter("tour", "ann")
    shop.identify("ben", first_name="Benny")
    shop.tick(1)
    told = shop.tb.world.hooks.page(hook.id, 2**62, 10)
    assert [each.type for each in told] == ["journey.reached"]


def test_a_webhook_that_nobody_knows_is_an_error(shop: Shop) -> None:
    shop.tb.world.definitions.put("journey", "tour", TOUR, author="", reason="", now=shop.now)
    shop.enter("tour", "ann")
    shop.tick()
    record = shop.tb.world.enrolments.records(shop.where("ann").id)[1]
    assert (record.outcome, record.reason) == (
        "failed", "no such webhook: https://crm.example/in",
    )  # fmt: skip
