"""A check of an audience by command and by HTTP: its numbers lead to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.web.api import api
from tailorbird.web.desk import Desk

Ask = Callable[..., Any]
PLAIN = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ person.first_name }}, "
    '<a href="{{ unsubscribe_url }}">leave</a></mj-text></mj-column></mj-section>'
    "</mj-body></mjml>"
)


@pytest.fixture
def lacking(shop: Tailorbird) -> Tailorbird:
    """Return the shop with a mail that greets everybody by name."""
    shop.put("template", "spring", PLAIN)
    return shop


@pytest.fixture
def ask(lacking: Tailorbird) -> Iterator[Ask]:
    """Return `ask(method, path)`, which waits until a check has ended."""
    desk = Desk(lacking.world, lacking.clock)
    app = api(lacking.readings, lacking.clock, desk)
    with TestClient(app=app) as client:

        def asked(method: str, path: str) -> Any:
            answer = client.request(method, f"/api/v1{path}")
            for running in [*desk.checks._known.values()]:
                if running.future is not None:
                    running.future.result(timeout=60)
            return answer.json()

        yield asked
    desk.checks.close()


def test_a_check_is_begun_looked_at_and_leads_to_people(ask: Ask, lacking: Tailorbird) -> None:
    begun = ask("POST", "/campaigns/spring/check")
    assert begun["state"] in ("running", "done")
    report = ask("GET", "/campaigns/spring/check")
    assert (report["state"], report["asked"], report["rendered"]) == ("done", 6, 5)
    lacks = report["findings"][0]
    assert (lacks["kind"], lacks["what"], lacks["people"]) == ("lacks", "person.first_name", 1)
    page = ask("GET", "/campaigns/spring/check/people?kind=lacks&what=person.first_name")
    dan = lacking.person("dan")
    called = {"labels": [f"Person {dan}"]}
    assert page == {"people": [dan], "total": 1, "next": "", **called}


def test_a_template_is_checked_for_a_segment(ask: Ask) -> None:
    ask("POST", "/templates/spring/check?segment=premium")
    report = ask("GET", "/templates/spring/check?segment=premium")
    assert (report["asked"], report["rendered"], report["sound"]) == (3, 3, True)


def test_what_cannot_be_checked_says_why(ask: Ask) -> None:
    ask("POST", "/campaigns/nothing/check")
    report = ask("GET", "/campaigns/nothing/check")
    assert report["state"] == "failed"
    assert "no campaign 'nothing'" in report["trouble"]
    assert ask("GET", "/campaigns/other/check")["status"] == 404


def test_a_check_that_was_stopped_says_so(ask: Ask) -> None:
    ask("POST", "/campaigns/spring/check")
    assert ask("DELETE", "/campaigns/spring/check")["state"] in ("done", "stopped")


def test_the_command_ends_with_1_where_somebody_lacks_something(
    lacking: Tailorbird, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, dan = str(lacking.world.folder), lacking.person("dan")
    lacking.close()
    capsys.readouterr()
    assert run(["campaigns", "check", "spring", "-C", folder]) == 1
    told = capsys.readouterr().out
    assert f"lacks: person.first_name: 1 of 6 people (such as {dan})" in told
    assert "nothing sent: NOT sound" in told
    status = run(
        ["campaigns", "check", "spring", "--people", "lacks:person.first_name", "-C", folder]
    )
    assert (status, capsys.readouterr().out) == (0, f"{dan}\n")
    assert (
        run(["templates", "check", "spring", "--segment", "premium", "--json", "-C", folder]) == 0
    )
    report = msgspec.json.decode(capsys.readouterr().out)
    assert (report["asked"], report["sound"]) == (3, True)


def test_a_preview_looks_at_any_instant(
    lacking: Tailorbird, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = lacking
    shop.put("template", "spring", PLAIN.replace("Hi", "{{ traits.orders }} orders, "))
    ada, now = shop.person("ada"), shop.clock()
    today = shop.readings.preview("spring", ada, "", now)
    before = shop.readings.preview("spring", ada, "", now - 30 * 86_400_000_000)
    assert today is not None
    assert before is not None
    assert "1 orders" in today.text
    assert "0 orders" in before.text
    folder = str(shop.world.folder)
    shop.close()
    capsys.readouterr()
    asked = ["templates", "preview", "spring", "--person", "ada", "--as-of", "2026-02-01"]
    assert run([*asked, "--text", "-C", folder]) == 0
    assert "0 orders" in capsys.readouterr().out
    assert run([*asked, "--subject", "-C", folder]) == 0
    assert capsys.readouterr().out == "Spring at Tailorbird demo shop\n"
