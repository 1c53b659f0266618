"""What does not add up is found, and what is in doubt is settled by hand or by rule."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tailorbird import cli, flow, reconciling
from tailorbird.delivery.journals import Journals
from tailorbird.errors import UsageError
from tailorbird.schema import DAY, Body, Reply, Settlement
from tailorbird.stores.sqlite.decided import Connection, install
from tailorbird.tracking import events as tracked


def faults(house: Any) -> list[tuple[str, bytes]]:
    house.tb.ingest()
    return [(fault.kind, fault.send_id) for fault in reconciling.verify(house.tb.world, house.now)]


def change(house: Any, statement: str, *bound: object) -> None:
    """Do to the file what no code of ours does."""
    with sqlite3.connect(house.folder / "tailorbird.sqlite", factory=Connection) as connection:
        install(connection)
        connection.execute(statement, bound)
    connection.close()


def test_what_was_sent_as_it_should_adds_up(house: Any) -> None:
    house.decide()
    flow.unsubscribe(house.tb.world, house.send_id("p3"), house.now)
    house.deliver()
    opened = tracked.opened_event(
        house.send_id("p1"), person=house.tb.person("p1"), campaign="spring", variant="only",
        at=house.now,
    )  # fmt: skip
    house.tb.world.log.append([Body("tracking", house.now, msgspec.json.encode(opened))])
    assert faults(house) == [("never_sent", house.send_id("p3"))], "nobody leaves by an unsent mail"


@pytest.mark.parametrize("kind", ["no_outbox", "no_decision", "other_end", "sent_twice"])
def test_a_ledger_that_was_tampered_with_is_found_out(house: Any, kind: str) -> None:
    house.decide()
    house.deliver()
    send_id = house.send_id("p1")
    row = "(SELECT sequence FROM decisions WHERE id = ?)"
    match kind:
        case "no_outbox":
            change(house, f"DELETE FROM sends WHERE sequence = {row}", send_id)
        case "no_decision":
            change(house, "INSERT INTO sends (sequence, campaign, due_at) VALUES (999, 'x', 0)")
            send_id = b""
        case "other_end":
            change(house, f"UPDATE sends SET state = 'failed' WHERE sequence = {row}", send_id)
        case _:
            change(
                house,
                "INSERT INTO settlements (send, at, state, carrier, reply, retry_at) "
                "SELECT sequence, 0, 'sent', 'inbox', '', 0 FROM decisions WHERE id = ?",
                send_id,
            )
    found = faults(house)
    assert (kind, send_id) in found


def test_a_claim_that_nobody_works_on_is_found(house: Any) -> None:
    house.decide()
    house.tb.world.ledger.claim("worker-2", 1, house.now, 900)
    house.now += 900_000_000 + DAY
    journal = Journals(house.folder).open("worker-2")
    assert faults(house) == []
    journal.close()
    assert [kind for kind, _ in faults(house)] == ["claim_left"]


def test_words_of_a_journal_are_held_against_the_ledger(house: Any, carrying: Any) -> None:
    house.decide()
    flow.unsubscribe(house.tb.world, house.send_id("p3"), house.now)
    house.deliver(carrying())
    journal = Journals(house.folder).open("worker-2")
    for send_id in (b"s" * 16, house.send_id("p3"), house.send_id("p1")):
        journal.dot(send_id)
        journal.reply(Reply(send_id, "accepted", 250, "ok"))
    assert [kind for kind, _ in faults(house)] == ["never_sent"], "the worker lives"
    journal.close()
    assert faults(house)[:2] == [
        ("journal_stranger", b"s" * 16),
        ("journal_differs", house.send_id("p3")),
    ]


def test_events_of_mails_that_never_left_are_found(house: Any) -> None:
    house.decide()
    told: dict[str, Callable[..., Any]] = {
        "p1": tracked.opened_event,
        "p2": tracked.clicked_event,
    }
    for name, tell in told.items():
        more = {"url": "https://x.example"} if name == "p2" else {}
        event = tell(
            house.send_id(name), person=house.tb.person(name), campaign="spring", variant="only",
            at=house.now, **more,
        )  # fmt: skip
        house.tb.world.log.append([Body("tracking", house.now, msgspec.json.encode(event))])
    stranger = tracked.opened_event(
        b"x" * 16, person=house.tb.person("p1"), campaign="spring", variant="only", at=house.now
    )
    house.tb.world.log.append([Body("tracking", house.now, msgspec.json.encode(stranger))])
    expected = {("never_sent", send) for send in map(house.send_id, told)}
    assert set(faults(house)) == expected | {("never_sent", b"x" * 16)}


def test_a_sent_mail_that_is_nowhere_is_found(house: Any) -> None:
    house.decide()
    house.deliver()
    with sqlite3.connect(house.folder / "inbox.sqlite") as inbox:
        inbox.execute("DELETE FROM messages WHERE send_id = ?", (house.send_id("p1"),))
    inbox.close()
    assert faults(house) == [("not_at_carrier", house.send_id("p1"))]


def test_a_send_of_which_the_log_was_not_told_is_found(house: Any) -> None:
    house.decide()
    house.deliver()
    house.tb.ingest()
    send_id = house.send_id("p5")
    house.tb.world.facts.write([("DELETE FROM facts WHERE send_id = ?", [send_id.hex()])])
    assert faults(house) == [("not_told", send_id)]


def doubted(house: Any, carrying: Any) -> bytes:
    """Leave p0's mail in doubt."""
    house.decide()
    claims = house.tb.world.ledger.claim("gone", 1, house.now, 1)
    house.now += DAY
    house.deliver(carrying())
    assert house.tb.world.ledger.states() == {"sent": 11, "unknown": 1}
    send_id: bytes = claims[0].send_id
    return send_id


def test_what_is_in_doubt_is_listed_and_settled_by_hand(house: Any, carrying: Any) -> None:
    send_id = doubted(house, carrying)
    world = house.tb.world
    (unknown,) = world.audit.unknowns()
    assert (unknown.send_id, unknown.campaign, unknown.since) == (send_id, "spring", house.now)
    both = {"author": "bo", "now": house.now}
    for wrong in (b"\x00" * 16, house.send_id("p11")):
        with pytest.raises(UsageError, match="not in doubt"):
            reconciling.settle(world.ledger, world.audit, wrong, sent=True, reason="x", **both)
    with pytest.raises(UsageError, match="for a reason"):
        reconciling.settle(world.ledger, world.audit, send_id, sent=True, reason="", **both)
    reconciling.settle(world.ledger, world.audit, send_id, sent=True, reason="in the log", **both)
    ended = world.ledger.settlement(send_id)
    assert (ended.state, ended.reply) == ("sent", "by hand: in the log (bo)")
    assert world.audit.unknowns() == []


def test_what_is_in_doubt_is_sent_again_where_somebody_says_so(house: Any, carrying: Any) -> None:
    send_id = doubted(house, carrying)
    world = house.tb.world
    assert reconciling.settle_all(
        world.ledger, world.audit, retry=True, now=house.now, campaign="autumn"
    ) == 0  # fmt: skip
    assert reconciling.settle_all(world.ledger, world.audit, retry=True, now=house.now) == 1
    carrier = carrying()
    assert house.deliver(carrier).sent == 1
    assert carrier.sent == ["p0@mail.example"]
    assert world.ledger.settlement(send_id) == Settlement(
        send_id, "sent", "carrying", "250 taken", digest=world.ledger.settlement(send_id).digest
    )


def run(house: Any, capsys: Any, *arguments: str) -> tuple[int, Any]:
    status = cli.run(["delivery", *arguments, "--folder", str(house.folder), "--json"])
    out, err = capsys.readouterr()
    return status, msgspec.json.decode(out or err)


def test_the_command_line_says_how_sending_stands(house: Any, capsys: Any, carrying: Any) -> None:
    send_id = doubted(house, carrying)
    house.decide("autumn")
    assert run(house, capsys, "pause", "autumn", "--reason", "a slip")[0] == 0
    assert run(house, capsys, "pause", "nothing")[0] == 2
    _, told = run(house, capsys, "status")
    assert told["campaigns"]["autumn"] == {"pending": 12}
    assert told["standing"]["autumn"]["reason"] == "a slip"
    assert house.deliver(carrying()).sent == 0
    assert run(house, capsys, "resume", "autumn")[0] == 0
    assert run(house, capsys, "cancel")[0] == 2
    assert run(house, capsys, "cancel", "autumn")[1]["cancelled"] == 12
    assert run(house, capsys, "cancel", "--all")[1]["cancelled"] == 0
    (unknown,) = run(house, capsys, "unknowns")[1]
    assert unknown["send_id"] == send_id.hex()
    assert run(house, capsys, "settle", send_id.hex(), "--sent")[0] == 2
    assert run(house, capsys, "settle", "xyz", "--sent", "--reason", "r")[0] == 2
    assert run(house, capsys, "settle", "--sent")[0] == 2
    assert run(house, capsys, "settle", "--all", "--sent")[1]["settled"] == 1
    assert run(house, capsys, "unknowns")[1] == []


def test_verify_ends_with_one_where_something_does_not_add_up(house: Any, capsys: Any) -> None:
    house.decide()
    house.deliver()
    house.tb.close()
    assert run(house, capsys, "verify") == (0, {"faults": [], "states": {"sent": 12}})
    change(house, "UPDATE sends SET state = 'failed' WHERE sequence = 1")
    status, told = run(house, capsys, "verify")
    assert (status, [each["kind"] for each in told["faults"]]) == (1, ["other_end"])
