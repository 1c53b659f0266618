"""A campaign by providers' APIs: once each, by whom stands in, to nobody outside the sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.providers import DIALECTS, Provider

from tailorbird import results
from tailorbird.app import Tailorbird
from tailorbird.delivery.breaker import FAILURES
from tailorbird.delivery.carriers.sessions import QUEUED_PER_SESSION
from tailorbird.errors import CarrierError
from tailorbird.schema import SECOND, Settlement

CAMPAIGN = """\
name: second
audience: silver
template: win_back
variants:
  only: {subject: "For {{ person.first_name | default: 'you' }}"}
holdout: 0
"""


@pytest.fixture
def postmark() -> Iterator[Provider]:
    made = Provider(DIALECTS["postmark"])
    yield made
    made.close()


def opened(folder: Path, delivery: str, *tables: str) -> Tailorbird:
    settings = folder / "tailorbird.toml"
    added = "\n".join(["", "[delivery]", delivery, *tables, ""])
    settings.write_text(settings.read_text() + added)
    return Tailorbird.open(folder, environment={})


def postmark_table(provider: Provider) -> str:
    return f'[carriers.postmark]\nserver_token = "token-1"\nbase_url = "{provider.url}"\n'


def decided(tb: Tailorbird) -> dict[bytes, str]:
    """Return the address of each send of the campaign."""
    tb.put("campaign", "second", CAMPAIGN)
    tb.decide("second")
    chosen = [each for each in results.decisions(tb.world, "second") if each.verdict == "send"]
    profiles = tb.world.people.profiles([each.person for each in chosen])
    return {each.id: str(profiles[each.person].email) for each in chosen}


def ended(tb: Tailorbird, sends: dict[bytes, str]) -> dict[str, Settlement]:
    """Return how each address's send ended."""
    found = {to: tb.world.ledger.settlement(send_id) for send_id, to in sends.items()}
    return {to: settlement for to, settlement in found.items() if settlement is not None}


def test_everybody_gets_one_mail_by_the_provider(folder: Path, postmark: Provider) -> None:
    with opened(folder, 'carrier = "postmark"', postmark_table(postmark)) as tb:
        sends = decided(tb)
        assert tb.deliver().sent == len(sends) > 1
        assert tb.deliver().sent == 0
        settlements = ended(tb, sends)
    assert Counter(one.to for one in postmark.taken) == Counter(sends.values())
    assert {one.send_id for one in postmark.taken} == {send_id.hex() for send_id in sends}
    assert {each.carrier for each in settlements.values()} == {"postmark"}
    for one in postmark.taken:
        assert one.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert one.html


def test_outside_the_sandbox_nobody_gets_anything(folder: Path, postmark: Provider) -> None:
    with Tailorbird.open(folder, environment={}) as tb:
        sends = decided(tb)
    lucky = sorted(sends.values())[0]
    delivery = f'carrier = "postmark"\nsandbox = true\nsandbox_allow = ["{lucky}"]'
    with opened(folder, delivery, postmark_table(postmark)) as tb:
        report = tb.deliver()
        settlements = ended(tb, sends)
        tb.ingest()
        states = tb.world.people.consent_states([tb.person(to) for to in sends.values()])
    assert (report.sent, report.failed) == (1, len(sends) - 1)
    assert [one.to for one in postmark.taken] == [lucky]
    refused = [each for to, each in settlements.items() if to != lucky]
    assert {each.state for each in refused} == {"failed"}
    assert all(each.reply.startswith("sandbox: ") for each in refused)
    assert not any(state.suppressed for state in states.values())


def test_another_carrier_stands_in_for_one_that_is_away(folder: Path, postmark: Provider) -> None:
    away = Provider(DIALECTS["resend"])
    away.close()
    tables = (
        f'[carriers.resend]\napi_key = "key-1"\nbase_url = "{away.url}"\n',
        postmark_table(postmark),
    )
    with opened(folder, 'carrier = "resend"\nfailover = ["postmark"]', *tables) as tb:
        sends = decided(tb)
        now = tb.clock()
        tb.clock = lambda: now
        tb.deliver()
        # What the first had in hand when it failed is given back; it rests when it failed thrice.
        assert len(sends) - 2 * QUEUED_PER_SESSION <= len(postmark.taken) < len(sends)
        for _ in range(FAILURES):
            now += 10 * SECOND
            with suppress(CarrierError):
                tb.deliver()
        settlements = ended(tb, sends)
    assert Counter(one.to for one in postmark.taken) == Counter(sends.values())
    assert {(each.state, each.carrier) for each in settlements.values()} == {("sent", "postmark")}


def test_a_carrier_without_its_key_holds_up_nothing_but_sending(folder: Path) -> None:
    with opened(folder, 'carrier = "postmark"') as tb:
        sends = decided(tb)
        with pytest.raises(CarrierError, match="lacks server_token"):
            tb.deliver()
        assert tb.world.ledger.states("second")["pending"] == len(sends)
        assert tb.segment_count("silver") > 0
