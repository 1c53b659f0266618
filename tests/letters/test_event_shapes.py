"""A template for a mail that an event sets off is checked against what that event says."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.letters.conftest import NOON, block

from tailorbird import letters
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.collect.plan import NAME
from tailorbird.errors import UsageError
from tailorbird.schema import Body

PLAN = """\
tracking_plan: shop
events:
  Cart Left:
    unknown_properties: violation
    properties:
      stars: {type: integer}
      note: {type: text, personal: true}
      products.price: {type: number}
"""
LEAVE = '{% if demo %}x{% endif %}<a href="{{ unsubscribe_url }}">Leave</a>'


def found(shop: Tailorbird, words: str, event: str = "Order Completed") -> list[str]:
    text = f"<mjml><mj-body>{block(f'{words}{LEAVE}')}</mj-body></mjml>"
    shop.put("template", "spring", text)
    return [each.what for each in letters.event_misfits(shop.world, "spring", event)]


@pytest.fixture
def told(shop: Tailorbird) -> Tailorbird:
    """Return the shop after an order that says more than every event does."""
    order = {
        "type": "track", "event": "Order Completed", "messageId": "gift", "userId": "ada",
        "timestamp": (NOON - timedelta(hours=1)).isoformat(),
        "properties": {"order_id": "o-7", "currency": "EUR", "gift_wrap": "red", "weight": 2.5},
    }  # fmt: skip
    content = msgspec.json.encode({"batch": [order]})
    shop.world.log.append([Body("server", shop.clock(), content)])
    shop.ingest()
    return shop


def test_what_an_event_has_said_may_be_read(told: Tailorbird) -> None:
    assert not found(told, "{{ event.properties.gift_wrap }} {{ event.properties.order_id }}")
    assert not found(told, "{{ event.name }} {{ event.at | date: '%d' }}")
    assert not found(told, "{% for p in event.properties.products %}{{ p.item }}{% endfor %}")


def test_what_it_never_says_is_told_with_its_place(told: Tailorbird) -> None:
    (what,) = found(told, "{{ event.properties.gift_warp }}")
    assert what == "event.properties has no 'gift_warp'"
    (kind,) = found(told, "{{ event.properties.gift_wrap | times: 2 }}")
    assert kind == "times takes a number, and is given text"
    assert not found(told, "{{ event.properties.weight | times: 2 }}")


def test_a_closed_plan_says_all_that_an_event_may_say(shop: Tailorbird) -> None:
    shop.put("tracking_plan", NAME, PLAN)
    assert not found(shop, "{{ event.properties.stars | plus: 1 }}", "cart left")
    assert found(shop, "{{ event.properties.colour }}", "cart left")
    assert found(shop, "{{ event.properties.note }}", "cart left")  # no fact holds it
    price = "{% for p in event.properties.products %}{{ p.price | money }}{% endfor %}"
    assert not found(shop, price, "cart left")


def test_an_event_that_nobody_knows_is_refused(shop: Tailorbird) -> None:
    with pytest.raises(UsageError, match="no event 'purchaze'") as refused:
        found(shop, "x", "purchaze")
    assert refused.value.mend == "did you mean 'purchase'?"


def test_the_command_ends_with_one_where_a_name_is_wrong(
    told: Tailorbird, capsys: pytest.CaptureFixture[str]
) -> None:
    found(told, "{{ event.properties.gift_warp }}")
    folder = str(told.world.folder)
    told.close()
    asked = ["templates", "check", "spring", "--folder", folder]
    assert run([*asked, "--event", "Order Completed"]) == 1
    assert "spring:1:" in capsys.readouterr().out
    assert run(asked) == 2
