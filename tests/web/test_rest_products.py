"""What products are like, over HTTP: read back, asked about by rules, the latest word counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tailorbird import recommending
from tailorbird.app import Tailorbird
from tailorbird.schema import HOUR, SECOND, Body

NOW = 1_700_000_000 * SECOND
Call = Callable[..., httpx.Response]
RULES = "name: own\nexclude: {attributes: {brand: [theirs], vegan: ['false']}}\n"


def put(call: Call, tb: Tailorbird, item: str, **said: Any) -> None:
    answer = call(f"/products/{item}", "PUT", json=said)
    assert answer.status_code < 300, answer.text
    tb.ingest()


def attributes(call: Call, item: str) -> dict[str, str]:
    found: dict[str, str] = call(f"/products/{item}").json()["attributes"]
    return found


def test_attributes_are_read_back_as_text_and_rules_ask_about_them(
    call: Call, tb: Tailorbird
) -> None:
    said = {"Brand": "own", "margin": 12.5, "vegan": True, "sold_by": 3}
    put(call, tb, "P1", name="Lamp", price_minor=1000, stock=3, attributes=said)
    put(call, tb, "P2", name="Pot", stock=1, attributes={"brand": "theirs", "vegan": False})
    known = {"brand": "own", "margin": "12.5", "vegan": "true", "sold_by": "3"}
    assert attributes(call, "P1") == known
    page = call("/products").json()["products"]
    assert [each["attributes"].get("brand") for each in page] == ["own", "theirs"]
    tb.put("recommendations", "own", RULES)
    rules, _ = recommending.standing(tb.world, "own")
    assert recommending.allowed(tb.world, rules, NOW) == (1, 2)


def test_what_is_left_out_stays_and_null_takes_one_back(call: Call, tb: Tailorbird) -> None:
    put(call, tb, "P1", name="Lamp", attributes={"brand": "own", "colour": "red"})
    put(call, tb, "P1", stock=4)
    assert attributes(call, "P1") == {"brand": "own", "colour": "red"}
    put(call, tb, "P1", attributes={"brand": None})
    assert attributes(call, "P1") == {"colour": "red"}
    assert "brand" not in recommending.shop(tb.world).stock.attributes


def test_the_latest_word_counts_whoever_said_it(call: Call, tb: Tailorbird) -> None:
    """A shop's event that was said before and comes late overwrites nothing, nor brings it back."""
    put(call, tb, "P1", name="Lamp", attributes={"brand": "ours", "colour": None})

    def shop_says(at: int, **said: str) -> None:
        event = {
            "type": "track", "event": "Product Updated", "messageId": f"e{at}",
            "timestamp": datetime.fromtimestamp(at / SECOND, UTC).isoformat(),
            "properties": {"product_id": "P1", **said},
        }  # fmt: skip
        tb.world.log.append([Body("import", NOW, json.dumps({"batch": [event]}).encode())])
        tb.ingest()

    shop_says(NOW - HOUR, brand="theirs", colour="red", size="L")
    assert attributes(call, "P1") == {"brand": "ours", "size": "L"}
    before = attributes(call, "P1")
    tb.rebuild()
    assert attributes(call, "P1") == before
    shop_says(NOW, brand="theirs")
    assert attributes(call, "P1")["brand"] == "theirs"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"price": 5}, "say it beside the attributes, as price_minor"),
        ({"Image URL": "x"}, "say it beside the attributes, as image"),
        ({"product id": "P2"}, "say it beside the attributes, as item"),
        ({"total": 5}, "it is read of orders; give it another name"),
        ({"email": "x"}, "it says who a person is"),
        ({"Brand": "a", "brand": "b"}, "'brand' comes twice; name it once"),
        ({"note": "x" * 501}, "it has 501 characters; keep it to 500"),
        ({"...": 1}, "its name has no letter"),
    ],
)
def test_what_cannot_be_an_attribute_is_refused_with_the_mend(
    call: Call, tb: Tailorbird, said: dict[str, object], says: str
) -> None:
    refused = call("/products/P1", "PUT", json={"name": "Lamp", "attributes": said})
    told = refused.json()
    assert (refused.status_code, told["code"]) == (422, "bad_attribute"), told
    assert says in told["message"]
    assert told["where"].startswith("product 'P1', attribute ")
    assert tb.world.log.end() == tb.world.people.cursor(), "nothing is kept"


@pytest.mark.parametrize(
    "said", [{"tags": ["a"]}, {"size": {"w": 1}}, {"x" * 101: 1}, {f"a{n}": n for n in range(101)}]
)
def test_attributes_are_plain_values_and_no_more_than_a_hundred(
    call: Call, said: dict[str, object]
) -> None:
    refused = call("/products/P1", "PUT", json={"attributes": said})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_one_bad_attribute_refuses_a_whole_batch(call: Call, tb: Tailorbird) -> None:
    batch = [{"item": "P1", "name": "Lamp"}, {"item": "P2", "attributes": {"price": 1}}]
    refused = call("/products/batch", "POST", json={"products": batch})
    assert refused.status_code == 422
    assert "product 'P2'" in refused.json()["where"]
    assert call("/products/P1").status_code == 404
