"""Several machines send from one PostgreSQL: each mail once, and a withdrawal holds for all."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import Server as Postgres
from tests.postgres import running

from tailorbird import flow, sending
from tailorbird.app import Tailorbird
from tailorbird.delivery import DeliveryReport
from tailorbird.errors import SettingsError, StoreError
from tailorbird.schema import SECOND, Reply

BY_SMTP = {"TAILORBIRD_DELIVERY__CARRIER": "smtp"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


def dot(tb: Tailorbird, *send_ids: bytes) -> None:
    """Have final dots leave, as a carrier does within a batch."""
    with tb.world.journal.held():
        tb.world.journal.dot(*send_ids)


class Several:
    """A home, other machines, and the server that they share."""

    def __init__(self, server: Postgres, folder: Path, make: Callable[..., Any]) -> None:
        self.server = server
        self.folder = folder
        self.shared = {
            **BY_SMTP,
            "TAILORBIRD_LEDGER__URL": server.owner,
            "TAILORBIRD_LEDGER__DEAD_AFTER_SECONDS": "0",
        }
        self.home = make(folder / "home", self.shared)

    @contextmanager
    def away(self, name: str = "away") -> Iterator[Tailorbird]:
        """Open a machine that only sends."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        shutil.copy(self.folder / "home" / "tailorbird.key", folder)
        clock, shared = self.home.clock, self.shared
        with Tailorbird.open(folder, clock=clock, environment=shared, only_sends=True) as tb:
            yield tb

    def deliver(self, tb: Tailorbird, carrier: Any) -> DeliveryReport:
        world = dataclasses.replace(tb.world, carrier=carrier)
        return flow.deliver(world, self.home.now, clock=tb.clock)


@pytest.fixture
def several(
    postgres: Postgres, tmp_path: Path, settled_house: Callable[..., Any]
) -> Iterator[Several]:
    postgres.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    made = Several(postgres, tmp_path, settled_house)
    yield made
    made.home.tb.close()


def test_another_machine_makes_and_sends_the_home_s_mails(
    several: Several, carrying: type[Any]
) -> None:
    several.home.decide()
    carrier = carrying()
    with several.away() as other:
        assert several.deliver(other, carrier).sent == 12
        assert sorted(carrier.sent)[0] == "p0@mail.example"
        assert several.deliver(other, carrying()) == DeliveryReport()
    assert several.home.ended("p3").state == "sent"
    assert sending.announce(several.home.tb.world) == 12
    assert sending.announce(several.home.tb.world) == 0


def test_the_mail_is_the_same_wherever_it_is_made(several: Several) -> None:
    several.home.decide()
    world = several.home.tb.world
    (claim,) = world.ledger.claim("nobody", 1, several.home.now, 60)
    with several.away() as other:
        from tailorbird import letters

        here = letters.Composer(world, several.home.now).outgoing(claim)
        there = letters.Composer(other.world, several.home.now).outgoing(claim)
    assert here == there


def test_a_consent_withdrawn_at_the_home_stops_the_mail_that_is_being_sent_elsewhere(
    several: Several, carrying: type[Any]
) -> None:
    several.home.decide()
    left: list[int] = []

    def one_leaves(sent: int) -> None:
        if sent == 3:
            left.extend(
                number for number in range(12) if f"p{number}@mail.example" not in carrier.sent
            )
            send_id = several.home.send_id(f"p{left[0]}")
            assert flow.unsubscribe(several.home.tb.world, send_id, several.home.now)

    carrier = carrying(one_leaves)
    with several.away() as other:
        report = several.deliver(other, carrier)
    assert (report.sent, report.refused) == (11, 1)
    assert f"p{left[0]}@mail.example" not in carrier.sent
    assert several.home.ended(f"p{left[0]}").reply in ("withdrawn", "unsubscribed")


@pytest.mark.parametrize("how", ["consent", "suppression", "merge"])
def test_a_withdrawal_stops_a_mail_that_is_made_already_at_its_last_line(
    several: Several, how: str
) -> None:
    home = several.home
    home.decide()
    people = home.tb.world.people
    with several.away() as other:
        journal = other.world.journal
        with journal.held():
            claims = other.world.ledger.claim(other.world.worker, 12, home.now, 900)
            mine = {each.person: each.send_id for each in claims}
            if how == "consent":
                flow.unsubscribe(home.tb.world, mine[1], home.now)
            elif how == "suppression":
                people.suppress([("p0@mail.example", "manual", home.now)])
            else:
                home.tb.merge("p0", "p1", reason="the same")
            with pytest.raises(StoreError, match="changed while her mail was on its way"):
                journal.dot(mine[1], mine[5])
            journal.dot(mine[5])
        ledger: Any = other.world.ledger
        assert ledger.hand_over(other.world.worker, "heir") == {mine[5]: None}


def test_what_else_is_learnt_of_somebody_holds_no_mail_up(several: Several) -> None:
    home = several.home
    home.decide()
    with several.away() as other, other.world.journal.held():
        claims = other.world.ledger.claim(other.world.worker, 12, home.now, 900)
        told = {"messageId": "t", "userId": "p0", "traits": {"shoe_size": 42}}
        home.tell({"type": "identify", **told})
        other.world.journal.dot(*(each.send_id for each in claims))


def test_a_suppression_and_a_merge_are_known_elsewhere_at_once(
    several: Several, carrying: type[Any]
) -> None:
    home = several.home
    home.decide()
    home.tb.world.people.suppress([("P1@mail.example", "manual", home.now)])
    home.tb.merge("p2", "p3", reason="the same")
    carrier = carrying()
    with several.away() as other:
        several.deliver(other, carrier)
    assert "p1@mail.example" not in carrier.sent
    assert len(carrier.sent) == 10
    assert len({"p2@mail.example", "p3@mail.example"} & {*carrier.sent}) == 1


def test_whoever_was_erased_is_unknown_elsewhere(several: Several, carrying: type[Any]) -> None:
    home = several.home
    home.decide()
    with home.tb.world.people.transaction():
        home.tb.world.people.forget([(home.tb.person("p1"), home.now + SECOND)])
    carrier = carrying()
    with several.away() as other:
        several.deliver(other, carrier)
    assert "p1@mail.example" not in carrier.sent


def test_what_a_dead_machine_had_in_hand_is_sent_by_another_and_nothing_twice(
    several: Several, carrying: type[Any]
) -> None:
    several.home.decide()
    now, carrier = several.home.now, carrying()
    with several.away("first") as one, several.away("second") as two:
        claims = one.world.ledger.claim(one.world.worker, 5, now, 900)
        dot(one, claims[0].send_id)
        assert several.deliver(two, carrier).sent == 7
        several.server.cut_off()
        assert several.deliver(two, carrier).sent == 4
        assert two.world.ledger.states() == {"sent": 11, "unknown": 1}
        # It had only stood still: what it had in hand is not its own any more.
        with pytest.raises(StoreError, match="another machine has taken over"):
            dot(one, claims[1].send_id)
        assert several.deliver(one, carrier) == DeliveryReport()
    assert len({*carrier.sent}) == len(carrier.sent) == 11


def test_what_was_answered_to_a_dead_machine_before_its_next_dot_is_known(
    several: Several, carrying: type[Any]
) -> None:
    several.home.decide()
    with several.away("first") as one, several.away("second") as two:
        claims = one.world.ledger.claim(one.world.worker, 12, several.home.now, 900)
        ids = [each.send_id for each in claims]
        dot(one, *ids[:3])
        one.world.journal.reply(Reply(ids[0], "accepted", 250, "taken"))
        one.world.journal.reply(Reply(ids[1], "rejected", 550, "5.1.1 nobody\x00"))
        dot(one, ids[3])
        one.world.journal.reply(Reply(ids[3], "accepted", 250, "taken"))
        several.server.cut_off()
        assert several.deliver(two, carrying()).sent == 8
        ends = [several.home.tb.world.ledger.settlement(each) for each in ids[:4]]
    assert [each.state for each in ends if each] == ["sent", "failed", "unknown", "unknown"]
    assert ends[1] is not None
    assert ends[1].reply == "550 5.1.1 nobody"


def test_a_living_machine_keeps_what_it_has_in_hand_after_the_server_was_away(
    several: Several, carrying: type[Any]
) -> None:
    several.home.decide()
    now, carrier = several.home.now, carrying()
    with several.away("first") as one, several.away("second") as two:
        claims = one.world.ledger.claim(one.world.worker, 5, now, 900)
        several.server.cut_off()
        dot(one, claims[0].send_id)
        assert several.deliver(two, carrier).sent == 7
        dot(one, claims[1].send_id)


def test_a_server_that_goes_away_while_mails_leave_costs_none_and_doubles_none(
    several: Several, carrying: type[Any]
) -> None:
    several.home.decide()
    carrier = carrying(lambda sent: several.server.cut_off() if sent in (2, 5, 9) else None)
    with several.away() as other:
        for _ in range(6):
            with suppress(StoreError):
                several.deliver(other, carrier)
        assert other.world.ledger.states() == {"sent": 12}
    assert len({*carrier.sent}) == len(carrier.sent) == 12


def test_one_process_tells_and_another_goes_on_when_it_has_ended(
    several: Several, carrying: type[Any]
) -> None:
    several.home.decide()
    assert several.home.deliver(carrying()).sent == 12
    with Tailorbird.open(
        several.folder / "home", environment=several.shared, only_sends=True
    ) as beside:
        machines = beside.world.machines
        assert machines is not None
        assert not machines.tells()
        several.server.cut_off()
        assert machines.tells()
        told = several.home.tb.world.machines
        assert told is not None
        assert not told.tells()


def test_the_home_tells_what_others_sent_though_nothing_is_left_to_send(
    several: Several, carrying: type[Any]
) -> None:
    several.home.decide()
    with several.away() as other:
        several.deliver(other, carrying())
    world = several.home.tb.world
    assert sending.send_waiting(world, several.home.now)
    assert several.home.tb.ingest().events == 12
    assert not sending.send_waiting(world, several.home.now)


def test_a_machine_that_only_sends_tells_nothing(several: Several) -> None:
    with several.away() as other:
        several.server.cut_off()
        assert sending.announce(other.world) == 0


def test_what_only_the_home_has_is_said_to_be_there(several: Several) -> None:
    with several.away() as other, pytest.raises(StoreError, match="ask on the home"):
        other.world.log.end()


def test_a_withdrawal_that_the_server_cannot_hear_is_not_confirmed(several: Several) -> None:
    several.home.decide()
    world = several.home.tb.world
    person = several.home.tb.person("p1")
    several.server.run("ALTER TABLE book RENAME TO gone")
    try:
        with pytest.raises(StoreError):
            flow.unsubscribe(world, several.home.send_id("p1"), several.home.now)
        assert "email_marketing" in world.people.consent_states([person])[person].granted
    finally:
        several.server.run("ALTER TABLE gone RENAME TO book")
    # It stands in the log all the same, and is taken up with it.
    several.home.tb.ingest()
    assert "email_marketing" in world.people.consent_states([person])[person].withdrawn


def test_who_does_not_belong_there_is_told_why(several: Several, tmp_path: Path) -> None:
    home, shared = several.folder / "home", several.shared
    with pytest.raises(StoreError, match="another folder is the home"):
        Tailorbird.open(tmp_path / "stranger", environment=shared)
    with pytest.raises(SettingsError, match="no address is set"):
        Tailorbird.open(home, environment={}, only_sends=True)
    with pytest.raises(SettingsError, match="an inbox of its own"):
        Tailorbird.open(
            tmp_path / "away",
            environment={"TAILORBIRD_LEDGER__URL": several.server.owner},
            only_sends=True,
        )
    with pytest.raises(StoreError, match=r"tailorbird\.key"):
        Tailorbird.open(tmp_path / "away", environment=shared, only_sends=True)
    (tmp_path / "away" / "tailorbird.key").write_bytes(bytes(32))
    with pytest.raises(StoreError, match="not the key of the home"):
        Tailorbird.open(tmp_path / "away", environment=shared, only_sends=True)


def test_a_second_process_cannot_be_the_home(several: Several) -> None:
    copy = several.folder / "copy"
    shutil.copytree(several.folder / "home", copy)
    with pytest.raises(StoreError, match="another process is the home"):
        Tailorbird.open(copy, environment=several.shared)


def test_a_server_that_lost_everything_is_not_taken_for_a_new_one(several: Several) -> None:
    several.home.tb.close()
    several.server.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    with pytest.raises(StoreError, match="has lost what this folder shared"):
        Tailorbird.open(several.folder / "home", environment=several.shared)


def test_a_folder_that_has_decided_already_is_not_shared_with_an_empty_ledger(
    postgres: Postgres, tmp_path: Path, settled_house: Callable[..., Any]
) -> None:
    postgres.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    home = settled_house(tmp_path / "home", {})
    home.decide()
    home.tb.close()
    shared = {"TAILORBIRD_LEDGER__URL": postgres.owner}
    with pytest.raises(StoreError, match="tailorbird delivery share"):
        Tailorbird.open(tmp_path / "home", environment=shared)


def test_a_folder_with_people_is_copied_into_the_book_when_it_is_shared(
    postgres: Postgres, tmp_path: Path, settled_house: Callable[..., Any]
) -> None:
    postgres.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    home = settled_house(tmp_path / "home", {})
    home.tb.world.people.suppress([("p1@mail.example", "manual", home.now)])
    home.tb.close()
    address = tmp_path / "address"
    address.write_text(f"{postgres.owner}\n")
    shared = {**BY_SMTP, "TAILORBIRD_LEDGER__URL_FILE": str(address)}
    with Tailorbird.open(tmp_path / "home", environment=shared) as tb:
        key = {"TAILORBIRD_LEDGER__KEY_FILE": str(tmp_path / "home" / "tailorbird.key")}
        with Tailorbird.open(
            tmp_path / "away", environment={**shared, **key}, only_sends=True
        ) as other:
            people = [*range(1, 13)]
            assert other.world.people.consent_states(people) == (
                tb.world.people.consent_states(people)
            )
            assert other.world.people.profiles(people) == tb.world.people.profiles(people)
            assert other.world.definitions.latest("template") == (
                tb.world.definitions.latest("template")
            )


def test_no_address_of_the_server_is_ever_shown(several: Several) -> None:
    shown = {each.name: each.value for each in several.home.tb.settings_listing}
    assert shown["ledger.url"] == "******"
