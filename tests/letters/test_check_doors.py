"""A check of an audience by command and by HTTP: its numbers lead to people."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.web.api import api
from tailorbird.web.audience_checks import FILE, MOST_TRIES, AudienceChecks, Wanted
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


def test_a_draft_is_checked_before_it_is_kept(lacking: Tailorbird) -> None:
    desk = Desk(lacking.world, lacking.clock)
    dead = PLAIN.replace("</mj-text>", '<a href="/nowhere">Buy</a></mj-text>')
    with TestClient(app=api(lacking.readings, lacking.clock, desk)) as client:
        where = "/api/v1/templates/spring/check?segment=premium"
        assert client.post(where, json={"text": dead}).status_code == 200
        _ended(desk)
        report = client.get(where).json()
    desk.checks.close()
    assert [each["what"] for each in report["findings"]] == ["/nowhere"]
    kept = lacking.world.definitions.get("template", "spring")
    assert kept is not None
    assert kept.text == PLAIN


def test_what_a_stopped_server_had_not_ended_is_begun_anew(lacking: Tailorbird) -> None:
    (lacking.world.folder / FILE).write_bytes(
        msgspec.json.encode([Wanted("spring", "premium"), Wanted("spring", tries=MOST_TRIES)])
    )
    second = Desk(lacking.world, lacking.clock)
    assert second.checks.resume() == 1
    _ended(second)
    report = second.checks.look("spring", "premium")
    assert report is not None
    assert (report.state, report.asked) == ("done", 3)
    assert second.checks.look("spring") is None  # it ended the server too often
    second.checks.close()
    assert msgspec.json.decode((lacking.world.folder / FILE).read_bytes()) == []


def test_a_check_that_a_closing_server_stops_is_kept(lacking: Tailorbird) -> None:
    checks = AudienceChecks(lacking.world, lacking.clock)
    held = threading.Event()
    pool = ThreadPoolExecutor(1)
    pool.submit(held.wait, 60)
    checks._pool = pool
    checks.begin("spring", "premium", "<p>A draft</p>")
    closing = threading.Thread(target=checks.close)
    closing.start()
    held.set()
    closing.join(60)
    kept = msgspec.json.decode((lacking.world.folder / FILE).read_bytes(), type=list[Wanted])
    assert kept == [Wanted("spring", "premium", "<p>A draft</p>")]


def _ended(desk: Desk) -> None:
    for running in [*desk.checks._known.values()]:
        if running.future is not None:
            running.future.result(timeout=60)
