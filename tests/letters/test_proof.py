"""A sent mail is made again byte for byte, whatever was edited since, and a change is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from tailorbird import letters
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.schema import Body, Decision

Send = Callable[..., dict[str, str]]


def sent_to(shop: Tailorbird, who: str) -> Decision:
    (decision,) = shop.world.ledger.decisions(person=shop.person(who))
    return decision


def proof(shop: Tailorbird, send_id: bytes) -> letters.Proof:
    found = letters.prove(shop.world, send_id, shop.clock())
    assert found is not None
    return found


def edit_everything(shop: Tailorbird) -> None:
    template = shop.world.definitions.get("template", "spring")
    campaign = shop.world.definitions.get("campaign", "spring")
    assert template is not None
    assert campaign is not None
    shop.put("template", "spring", template.text.replace("Dear", "Hallo"))
    shop.put("block", "offer", template.text[:0] + "<mj-section></mj-section>")
    shop.put("campaign", "spring", campaign.text.replace("Spring at", "Autumn at"))


def test_every_mail_is_proven_after_all_of_it_was_edited(shop: Tailorbird, send: Send) -> None:
    sent = send()
    edit_everything(shop)
    for who in sent:
        found = proof(shop, sent_to(shop, who).id)
        assert (who, found.state, found.made) == (who, "proven", found.recorded)
        assert found.rendered is not None
        assert found.rendered.subject.startswith("Spring at")
        assert "Dear" in found.rendered.text


def test_a_mail_is_proven_after_consent_to_tracking_was_withdrawn(
    shop: Tailorbird, send: Send
) -> None:
    send()
    shop.world.log.append(
        [Body("server", shop.clock(), b'{"type":"identify","messageId":"w","userId":"ada",'
              b'"traits":{},"context":{"consent":{"tracking":false,"wordingVersion":"2"}}}')]
    )  # fmt: skip
    shop.ingest()
    found = proof(shop, sent_to(shop, "ada").id)
    assert (found.state, found.tracked) == ("proven", True)


def test_a_digest_that_was_altered_is_noticed(shop: Tailorbird, send: Send) -> None:
    send()
    decision = sent_to(shop, "ada")
    with sqlite3.connect(shop.world.folder / "tailorbird.sqlite") as connection:
        connection.execute("UPDATE settlements SET digest = x'00'")
    connection.close()
    found = proof(shop, decision.id)
    assert found.state == "differs"
    assert found.reasons == ("the ledger's inputs or its digest were altered",)


def test_a_name_that_was_told_anew_is_given_as_the_reason(shop: Tailorbird, send: Send) -> None:
    send()
    later = shop.clock() + 1_000_000
    shop.clock = lambda: later
    shop.world.log.append(
        [Body("server", later, b'{"type":"identify","messageId":"n","userId":"ada",'
              b'"traits":{"first_name":"Adele"},"timestamp":"2026-03-05T12:00:00Z"}')]
    )  # fmt: skip
    shop.ingest()
    found = proof(shop, sent_to(shop, "ada").id)
    assert found.state == "differs"
    assert found.reasons == ("first_name was told anew since",)


def test_what_was_not_sent_yet_is_told_so(shop: Tailorbird) -> None:
    shop.decide("spring")
    found = proof(shop, sent_to(shop, "ada").id)
    assert (found.state, found.recorded) == ("unsent", b"")


def test_rendering_twice_gives_the_same_bytes(shop: Tailorbird, send: Send) -> None:
    send()
    send_id = sent_to(shop, "ben").id
    assert proof(shop, send_id).rendered == proof(shop, send_id).rendered


def test_the_command_shows_and_proves(
    shop: Tailorbird, send: Send, capsys: pytest.CaptureFixture[str]
) -> None:
    send()
    send_id, folder = sent_to(shop, "ada").id, shop.world.folder
    edit_everything(shop)
    shop.close()
    capsys.readouterr()
    assert run(["show", send_id.hex(), "-C", str(folder)]) == 0
    assert "proven: byte for byte what was sent" in capsys.readouterr().out
    with sqlite3.connect(folder / "tailorbird.sqlite") as connection:
        connection.execute("UPDATE settlements SET digest = x'00'")
    connection.close()
    assert run(["show", f"<{send_id.hex()}@shop.example>", "-C", str(folder)]) == 1
    assert "DIFFERS" in capsys.readouterr().out
    assert run(["show", "nothing", "-C", str(folder)]) == 2
