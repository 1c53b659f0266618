"""Through the running app: a footer leads to choices, and they hold for the next mail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.serving import serving, until

from tailorbird import content, flow, lists
from tailorbird.app import Tailorbird
from tailorbird.schema import Body

pytestmark = pytest.mark.timeout(180)

TEMPLATE = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>News</mj-text></mj-column></mj-section>"
    '{% render "footer" %}</mj-body></mjml>'
)
CAMPAIGN = """\
name: news
audience: everybody
template: news
variants: {only: {subject: News}}
holdout: 0
recommendations: 0
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return the folder of a shop that has written to Ada and to Ben."""
    folder = tmp_path / "shop"
    told = [
        {
            "type": "identify", "messageId": who, "userId": who,
            "traits": {"email": f"{who}@mail.example", "first_name": who.title()},
            "context": {"consent": {"email_marketing": True, "tracking": True}},
        }
        for who in ("ada", "ben")
    ]  # fmt: skip
    with Tailorbird.open(folder, environment={}) as tb:
        tb.world.log.append([Body("server", tb.clock(), msgspec.json.encode({"batch": told}))])
        tb.ingest()
        tb.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
        tb.put("block", "footer", content.library()["footer"])
        tb.put("template", "news", TEMPLATE)
        tb.put("campaign", "news", CAMPAIGN)
        lists.Lists(tb.world, tb.clock()).create("running", offered={"en": "Running"})
        tb.refresh()
        tb.decide("news", "1")
        tb.deliver()
    return folder


def asked(url: str, path: str) -> Any:
    response = httpx.get(f"{url}{path}", timeout=30)
    assert response.status_code == 200, response.text
    return response.json()


def test_what_she_chooses_holds_for_the_next_mail_and_after_a_rebuild(shop: Path) -> None:
    with serving(shop) as url:
        (row,) = asked(url, "/api/v1/inbox?q=ada")["messages"]
        mail = asked(url, f"/api/v1/inbox/{row['send_id']}")
        (link,) = [each["url"] for each in mail["links"] if each["text"] == "Choose what you get"]
        page = url + re.sub(r"https?://[^/]+", "", link)
        boxes = re.findall(r'name="shown" value="([^"]+)"', httpx.get(page, timeout=30).text)
        chosen = {
            "shown": boxes, "purpose.email_marketing": "yes", "topic.running": "yes",
            "frequency": "weekly", "first_name": "Adele",
        }  # fmt: skip
        assert "Your choices are saved." in httpx.post(page, data=chosen, timeout=30).text
        until(lambda: [each["people"] for each in asked(url, "/api/v1/lists")] == [1])
        person = asked(url, f"/api/v1/people/{mail['person']}")
        states = {each["purpose"]: each["state"] for each in person["consents"]}
        assert (states["email_marketing"], states["tracking"]) == ("granted", "withdrawn")
        assert "Adele" in person["label"]
    with Tailorbird.open(shop, environment={}) as tb:
        before = held(tb)
        flow.rebuild(tb.world, tb.clock())
        assert held(tb) == before
        tb.decide("news", "2")
        decided = tb.world.ledger.decisions(campaign="news")
        second = {d.person: (d.verdict, d.reason) for d in decided if d.occurrence == "2"}
        assert second == {
            tb.person("ada"): ("refused", "chosen_frequency"),
            tb.person("ben"): ("send", ""),
        }


def held(tb: Tailorbird) -> tuple[object, ...]:
    ada = tb.person("ada")
    return (
        lists.Lists(tb.world, tb.clock()).people("running"),
        tb.world.people.consents(ada),
        tb.world.people.profiles([ada])[ada].traits,
        tb.world.facts.read("SELECT * FROM properties ORDER BY ALL").to_pylist(),
    )
