"""Whom a journey and its mails move, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tailorbird.app import Tailorbird
from tailorbird.web.desk import Desk
from tailorbird.web.server import application

Call = Callable[..., httpx.Response]
CARE = """\
name: care
trigger: {event: purchase}
holdout: 0.5
steps:
  - send: thanks
    template: win_back
    subject: Thank you
"""


@pytest.fixture
def desk(tb: Tailorbird) -> Iterator[Desk]:
    """Return the desk of a shop with a journey that nobody has entered yet."""
    tb.install_library()
    tb.put("journey", "care", CARE)
    desk = Desk(tb.world, tb.clock)
    yield desk
    desk.trainings.close()


@pytest.fixture
def call(tb: Tailorbird, desk: Desk, ask: Call) -> Call:
    site = application(
        public=(), readings=tb.readings, base_url="http://127.0.0.1:8400", clock=tb.clock, desk=desk
    )

    def asked(path: str, method: str = "GET") -> httpx.Response:
        headers = {"sec-fetch-site": "same-origin"}
        return ask(f"/api/v1{path}", method, to=site, headers=headers)

    return asked


def ended(call: Call, path: str) -> dict[str, str]:
    """Return how a training ended."""
    told: dict[str, str] = call(path).json()
    while told["state"] == "running":
        told = call(path).json()
    return told


def test_of_a_journey_it_is_learnt_behind_the_request(call: Call) -> None:
    assert call("/journeys/care/uplift").status_code == 404
    begun = call("/journeys/care/uplift/train", "POST")
    assert (begun.status_code, begun.json()["name"]) == (202, "care/")
    assert ended(call, "/journeys/care/uplift/training")["state"] == "done"
    told = call("/journeys/care/uplift").json()
    assert (told["campaign"], told["model"]) == ("care/", "uplift_journey_care")
    assert told["why"].startswith("Nobody was in the experiment.")


def test_why_nothing_can_be_learnt_of_a_mail_is_told(call: Call) -> None:
    begun = call("/journeys/care/mails/thanks/uplift/train", "POST")
    assert (begun.status_code, begun.json()["name"]) == (202, "care/thanks")
    told = ended(call, "/journeys/care/mails/thanks/uplift/training")
    assert told["state"] == "failed"
    assert "nobody who comes to 'thanks' is kept from it by chance" in told["why"]
    assert call("/journeys/care/mails/thanks/uplift").status_code == 404


def test_what_is_not_there_is_not_found(call: Call) -> None:
    for path in ("/journeys/cart/uplift", "/journeys/care/mails/last/uplift"):
        for end, method in (("", "GET"), ("/training", "GET"), ("/train", "POST")):
            assert call(path + end, method).status_code == 404
