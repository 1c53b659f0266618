"""Every ledger keeps decisions for good and hands each send to one worker."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
from tests.postgres import running

from tailorbird.errors import StoreError, UsageError
from tailorbird.outbox import SAME_ADDRESS, Admission, Order
from tailorbird.ports import Ledger
from tailorbird.schema import SECOND, Claim, Decision, SendState, Settlement, Verdict
from tailorbird.stores.memory.ledger import MemoryLedger
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.ledger import PostgresLedger
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

NOW = 1_700_000_000 * SECOND


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Return the address of a server of the tests' own."""
    with running() as server:
        yield server.owner


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    if request.param == "postgres":
        server = Server(request.getfixturevalue("postgres"))
        server.run("DROP SCHEMA public CASCADE")
        server.run("CREATE SCHEMA public")
        yield PostgresLedger(server, seconds=lambda: 0.0)
        server.close()
        return
    database = Database(tmp_path / "tailorbird.sqlite")
    yield SqliteLedger(database)
    database.close()


def send_id(number: int) -> bytes:
    return hashlib.blake2b(number.to_bytes(4, "big"), digest_size=16).digest()


def decision(
    number: int, verdict: Verdict = "send", *, campaign: str = "spring", at: int = NOW
) -> Decision:
    return Decision(
        id=send_id(number),
        campaign=campaign,
        campaign_version=1,
        occurrence="1",
        person=number,
        at=at,
        verdict=verdict,
        reason="" if verdict == "send" else "no_consent",
        variant="a" if number % 2 else "b",
        probability=0.5,
        receipt=7,
        inputs=b'{"tier":"gold"}',
    )


class Doorkeeper:
    """A gate that says what it is told to."""

    def __init__(
        self,
        ended: Mapping[int, Settlement] | None = None,
        addresses: Mapping[int, bytes] | None = None,
        ranks: Mapping[str, int | None] | None = None,
    ) -> None:
        self.ended, self.addresses, self.ranks = ended or {}, addresses or {}, ranks or {}
        self.asked: list[list[int]] = []

    def rank(self, campaign: str) -> int | None:
        return self.ranks.get(campaign, 0)

    def admit(self, claims: Sequence[Claim], now: int) -> Admission:
        self.asked.append([claim.person for claim in claims])
        people = {claim.person: claim for claim in claims}
        return Admission(
            tuple(self.ended[each] for each in people if each in self.ended),
            {people[n].send_id: key for n, key in self.addresses.items() if n in people},
        )


def people(claims: Sequence[Claim]) -> list[int]:
    return [claim.person for claim in claims]


def claim_one(ledger: Ledger) -> bytes:
    (claim,) = ledger.claim("w", 1, NOW, 60)
    return claim.send_id


def test_deciding_twice_keeps_the_first_word(ledger: Ledger) -> None:
    assert ledger.record([decision(1), decision(2)]) == 2
    changed = decision(1, "refused")
    assert ledger.record([changed, decision(3), decision(3)]) == 1
    assert ledger.decision(send_id(1)) == decision(1)
    assert ledger.states() == {"pending": 3}


def test_an_empty_batch_records_nothing(ledger: Ledger) -> None:
    assert ledger.record([]) == 0
    ledger.settle([], NOW)
    assert ledger.claim("w", 10, NOW, 60) == []


def test_only_a_decision_to_send_enters_the_outbox(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2, "holdout"), decision(3, "refused")])
    assert ledger.states() == {"pending": 1}
    assert ledger.verdicts("spring") == [
        ("holdout", "no_consent", "b", 1),
        ("refused", "no_consent", "a", 1),
        ("send", "", "a", 1),
    ]
    assert ledger.verdicts("autumn") == []


def test_decisions_page_in_a_steady_order(ledger: Ledger) -> None:
    ledger.record([decision(n, campaign="spring" if n % 2 else "autumn") for n in range(1, 8)])
    first = ledger.decisions(limit=3)
    rest = ledger.decisions(after=first[-1].id)
    assert [made.id for made in first + rest] == [made.id for made in ledger.decisions()]
    assert {made.id for made in first + rest} == {send_id(n) for n in range(1, 8)}
    assert {made.person for made in ledger.decisions(campaign="spring")} == {1, 3, 5, 7}
    assert ledger.decisions(person=4) == [decision(4, campaign="autumn")]
    assert ledger.decisions(person=4, campaign="spring") == []
    assert ledger.decision(b"unknown") is None


def test_a_claim_carries_what_the_mail_needs(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    (claim,) = ledger.claim("w", 5, NOW, 60)
    made = decision(1)
    assert (claim.send_id, claim.campaign, claim.person, claim.variant, claim.inputs) == (
        made.id,
        made.campaign,
        made.person,
        made.variant,
        made.inputs,
    )
    assert claim.decided_at == NOW
    assert claim.attempts == 1


def test_no_two_workers_claim_the_same_send(ledger: Ledger) -> None:
    ledger.record([decision(n) for n in range(1, 6)])
    mine = ledger.claim("a", 3, NOW, 60)
    theirs = ledger.claim("b", 3, NOW, 60)
    ids = [claim.send_id for claim in mine + theirs]
    assert len(ids) == len(set(ids)) == 5
    assert ledger.claim("c", 3, NOW + 61 * SECOND, 60) == []


def test_what_is_due_first_is_claimed_first(ledger: Ledger) -> None:
    ledger.record([decision(1, at=NOW + 2), decision(2, at=NOW + 1), decision(3, at=NOW + 9)])
    assert [claim.person for claim in ledger.claim("w", 5, NOW + 2, 60)] == [2, 1]


def test_claims_are_listed_by_worker_and_by_the_end_of_their_lease(ledger: Ledger) -> None:
    ledger.record([decision(n) for n in range(1, 5)])
    ledger.claim("a", 1, NOW, 60)
    ledger.claim("b", 2, NOW, 600)
    assert [claim.person for claim in ledger.claimed("a")] == [1]
    assert [claim.person for claim in ledger.claimed()] == [1, 2, 3]
    assert [claim.person for claim in ledger.claimed(expired_at=NOW + 60 * SECOND)] == [1]
    assert ledger.claimed("b", expired_at=NOW + 60 * SECOND) == []


@pytest.mark.parametrize("state", ["sent", "failed", "unknown", "cancelled"])
def test_a_settled_claim_is_never_claimed_again(ledger: Ledger, state: SendState) -> None:
    ledger.record([decision(1)])
    ended = Settlement(claim_one(ledger), state, "smtp", "250 ok")
    ledger.settle([ended], NOW + 5)
    assert ledger.claim("w", 5, NOW + 999 * SECOND, 60) == []
    assert ledger.settlement(send_id(1)) == ended
    assert ledger.settlements(0, 10) == [(1, NOW + 5, ended)]
    assert ledger.states("spring") == {state: 1}


def test_a_deferred_send_comes_back_when_it_is_due(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    later = NOW + 60 * SECOND
    ledger.settle([Settlement(claim_one(ledger), "pending", "smtp", "451", later)], NOW)
    assert ledger.claim("w", 5, later - 1, 60) == []
    assert ledger.settlement(send_id(1)) is None
    (again,) = ledger.claim("w", 5, later, 60)
    assert again.attempts == 2


def test_a_claim_given_back_untried_is_no_attempt(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    ledger.settle([Settlement(claim_one(ledger), "pending", "smtp")], NOW)
    (again,) = ledger.claim("w", 5, NOW, 60)
    assert again.attempts == 1


def test_since_when_a_send_is_in_doubt_is_kept(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    (claim,) = ledger.claim("w1", 1, NOW, 60)
    assert claim.doubted_at == 0
    (held,) = ledger.claimed("w1")
    assert held.leased_until == NOW + 60 * SECOND
    for doubted_at in (NOW + 1, 0, NOW + 9):
        again = Settlement(claim.send_id, "pending", "smtp", "", NOW + 2, doubted_at=doubted_at)
        ledger.settle([again], NOW + 2)
        (claim,) = ledger.claim("w1", 1, NOW + 2, 60)
        assert claim.doubted_at == ledger.claimed("w1")[0].doubted_at == NOW + 1


def test_what_somebody_settled_is_in_doubt_no_more(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    (claim,) = ledger.claim("w1", 1, NOW, 60)
    ledger.settle([Settlement(claim.send_id, "pending", "smtp", "", NOW, doubted_at=NOW)], NOW)
    ledger.claim("w1", 1, NOW, 60)
    ledger.settle([Settlement(claim.send_id, "unknown", "smtp", "too long ago")], NOW)
    ledger.settle([Settlement(claim.send_id, "pending", "", "sent again by ada")], NOW + 1)
    (again,) = ledger.claim("w1", 1, NOW + 1, 60)
    assert again.doubted_at == 0


def test_settling_twice_is_settling_once(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    ended = Settlement(claim_one(ledger), "sent", "smtp", "250 ok")
    ledger.settle([ended, ended], NOW)
    ledger.settle([ended, Settlement(send_id(1), "pending", "smtp", "", NOW)], NOW)
    ledger.settle([Settlement(b"nobody", "sent", "smtp")], NOW)
    assert len(ledger.settlements(0, 10)) == 1
    assert ledger.states() == {"sent": 1}


def test_an_unknown_send_can_be_settled_when_the_truth_is_learnt(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    ledger.settle([Settlement(claim_one(ledger), "unknown", "smtp")], NOW)
    ledger.settle([Settlement(send_id(1), "sent", "smtp", "found")], NOW + 1)
    history = ledger.settlements(0, 10)
    assert [(sequence, ended.state) for sequence, _, ended in history] == [
        (1, "unknown"),
        (2, "sent"),
    ]
    assert ledger.settlements(1, 10) == history[1:]
    assert ledger.settlements(0, 1) == history[:1]


def test_the_instant_of_sending_is_kept(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    assert ledger.sent_at(send_id(1)) is None
    ledger.settle([Settlement(claim_one(ledger), "sent", "smtp")], NOW + 5)
    assert ledger.sent_at(send_id(1)) == NOW + 5


def test_cancelling_a_campaign_leaves_what_is_under_way(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2), decision(3), decision(4, campaign="autumn")])
    started = claim_one(ledger)
    assert ledger.cancel("spring", "wrong offer", NOW) == 2
    assert ledger.cancel("spring", "wrong offer", NOW) == 0
    assert ledger.states("spring") == {"claimed": 1, "cancelled": 2}
    assert ledger.states("autumn") == {"pending": 1}
    ledger.settle([Settlement(started, "sent", "smtp")], NOW)
    ended = ledger.settlement(send_id(2))
    assert ended is not None
    assert (ended.state, ended.reply) == ("cancelled", "wrong offer")


def test_the_file_refuses_to_change_or_forget_a_decision(tmp_path: Path) -> None:
    database = Database(tmp_path / "tailorbird.sqlite")
    SqliteLedger(database).record([decision(1)])
    for statement in ("UPDATE decisions SET verdict = 'holdout'", "DELETE FROM decisions"):
        refused = pytest.raises(sqlite3.IntegrityError, match="append-only")
        with refused, database.write() as connection:
            connection.execute(statement)
    database.close()


def test_decisions_survive_reopening(tmp_path: Path) -> None:
    path = tmp_path / "tailorbird.sqlite"
    database = Database(path)
    SqliteLedger(database).record([decision(1)])
    SqliteLedger(database).claim("w", 1, NOW, 60)
    database.close()
    database = Database(path)
    assert [claim.person for claim in SqliteLedger(database).claimed("w")] == [1]
    assert isinstance(database.read(), sqlite3.Connection)
    database.close()


def showing(number: int, person: int, block: str, at: int = NOW) -> Decision:
    inputs = msgspec.json.encode({"slots": {"offer": block, "hero": "spring"}})
    return msgspec.structs.replace(decision(number, at=at), person=person, inputs=inputs)


def test_how_often_somebody_was_shown_a_block_is_counted(ledger: Ledger) -> None:
    made = [showing(1, 7, "gold"), showing(2, 7, "gold", NOW + 5), showing(3, 8, "gold")]
    ledger.record([*made, showing(4, 7, "silver"), decision(5), decision(6, "refused")])
    both = {(7, "gold"): 2, (7, "silver"): 1}
    assert ledger.shown([7, 9], ["gold", "silver"], NOW - 1, NOW + 5) == both
    assert ledger.shown([7, 8], ["gold"], NOW, NOW + 9) == {(7, "gold"): 1}
    assert ledger.shown([], ["gold"], 0, NOW) == {}


def test_a_mail_that_never_left_showed_nothing(ledger: Ledger) -> None:
    ledger.record([showing(1, 7, "gold"), showing(2, 8, "gold")])
    failed = claim_one(ledger)
    ledger.settle([Settlement(failed, "failed", "inbox")], NOW)
    assert sum(ledger.shown([7, 8], ["gold"], 0, NOW).values()) == 1
    ledger.cancel("spring", "stopped", NOW)
    assert ledger.shown([7, 8], ["gold"], 0, NOW) == {}


def test_what_the_sends_of_a_campaign_keep_is_counted(ledger: Ledger) -> None:
    ledger.record([showing(1, 7, "gold"), showing(2, 8, "gold"), showing(3, 9, "")])
    ledger.record([decision(4, "holdout"), decision(5, campaign="other")])
    counts = [("hero", "spring", 3), ("offer", "", 1), ("offer", "gold", 2)]
    assert ledger.tally("spring", "slots") == counts
    assert ledger.tally("spring", "fallbacks") == []


def test_the_digest_of_a_mail_is_kept(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    claimed = claim_one(ledger)
    ledger.settle([Settlement(claimed, "sent", "inbox", digest=b"d" * 16)], NOW)
    found = ledger.settlement(claimed)
    assert found is not None
    assert found.digest == b"d" * 16
    assert ledger.settlements(0, 5)[0][2].digest == b"d" * 16


def test_who_is_not_admitted_is_settled_and_others_are_claimed(ledger: Ledger) -> None:
    ledger.record([decision(n) for n in range(6)])
    gate = Doorkeeper({n: Settlement(send_id(n), "cancelled", "", "withdrawn") for n in (0, 1, 3)})
    assert people(ledger.claim("w", 2, NOW, 60, gate)) == [2]
    assert people(ledger.claim("w", 2, NOW, 60, gate)) == [4, 5]
    assert ledger.claim("w", 2, NOW, 60, gate) == []
    assert gate.asked == [[0, 1], [2, 3], [4, 5]]
    assert ledger.states() == {"cancelled": 3, "claimed": 3}
    ended = ledger.settlement(send_id(3))
    assert ended is not None
    assert ended.reply == "withdrawn"


def test_who_must_wait_is_claimed_when_the_time_has_come(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    night = Settlement(send_id(1), "pending", "", "at night", NOW + 9)
    assert ledger.claim("w", 5, NOW, 60, Doorkeeper({1: night})) == []
    assert ledger.claim("w", 5, NOW + 8, 60) == []
    (claim,) = ledger.claim("w", 5, NOW + 9, 60)
    assert claim.attempts == 1
    assert [ended.reply for _, _, ended in ledger.settlements(0, 9)] == ["at night"]


def test_an_address_gets_one_mail_of_an_occurrence(ledger: Ledger) -> None:
    ledger.record([decision(n, campaign="autumn" if n == 4 else "spring") for n in range(1, 5)])
    later = msgspec.structs.replace(decision(5), occurrence="2")
    ledger.record([later])
    gate = Doorkeeper(addresses={1: b"a", 2: b"a", 3: b"b", 4: b"a", 5: b"a"})
    assert sorted(people(ledger.claim("w", 9, NOW, 60, gate))) == [1, 3, 4, 5]
    ended = ledger.settlement(send_id(2))
    assert ended is not None
    assert ended.state == "cancelled"
    assert ended.reply == f"{SAME_ADDRESS} {send_id(1).hex()}"


def test_an_address_whose_mail_failed_gets_that_of_the_other(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2, at=NOW + 5)])
    gate = Doorkeeper(addresses={1: b"a", 2: b"a"})
    assert people(ledger.claim("w", 9, NOW, 60, gate)) == [1]
    ledger.settle([Settlement(send_id(1), "failed", "inbox", "no")], NOW)
    assert people(ledger.claim("w", 9, NOW + 5, 60, gate)) == [2]
    ledger.settle([Settlement(send_id(2), "pending", "inbox", "later", NOW + 6)], NOW)
    assert people(ledger.claim("w", 9, NOW + 6, 60, gate)) == [2]


def test_lanes_go_by_rank_and_within_a_rank_by_due_time(ledger: Ledger) -> None:
    lanes = ["news", "news", "order", "spring", "order", "spring", "elsewhere"]
    ledger.record([decision(n, campaign=lane, at=NOW - n) for n, lane in enumerate(lanes)])
    gate = Doorkeeper(ranks={"order": 0, "news": 1, "spring": 1, "elsewhere": None})
    assert people(ledger.claim("w", 4, NOW, 60, gate)) == [4, 2, 5, 3]
    assert people(ledger.claim("w", 4, NOW, 60, gate)) == [1, 0]
    assert ledger.claim("w", 4, NOW, 60, gate) == []
    assert people(ledger.claim("w", 4, NOW, 60)) == [6]


def test_a_paused_campaign_waits_and_holds_up_no_other(ledger: Ledger) -> None:
    ledger.record([decision(n, campaign="autumn" if n > 2 else "spring") for n in range(1, 5)])
    assert ledger.order(Order("pause", NOW, "spring", "bo", "a slip")) == 0
    assert people(ledger.claim("w", 9, NOW, 60)) == [3, 4]
    assert ledger.standing() == {"spring": Order("pause", NOW, "spring", "bo", "a slip")}
    ledger.order(Order("resume", NOW + 1, "spring"))
    assert ledger.standing() == {}
    assert people(ledger.claim("w", 9, NOW, 60)) == [1, 2]
    assert [each.act for each in ledger.orders("spring")] == ["resume", "pause"]
    assert ledger.orders("autumn") == []
    assert len(ledger.orders(limit=1)) == 1


def test_all_sending_can_be_paused(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2, campaign="autumn")])
    ledger.order(Order("pause", NOW))
    assert ledger.claim("w", 9, NOW, 60) == []
    ledger.order(Order("resume", NOW, "autumn"))
    assert ledger.claim("w", 9, NOW, 60) == []
    ledger.order(Order("resume", NOW))
    assert people(ledger.claim("w", 9, NOW, 60)) == [1, 2]


def test_a_cancelled_campaign_sends_nothing_that_is_decided_later_either(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2), decision(3, campaign="autumn")])
    claim_one(ledger)
    assert ledger.order(Order("cancel", NOW, "spring", reason="wrong price")) == 1
    ledger.record([decision(4)])
    ledger.settle([Settlement(send_id(1), "pending", "inbox", "later", NOW)], NOW)
    assert people(ledger.claim("w", 9, NOW, 60)) == [3]
    assert ledger.states("spring") == {"cancelled": 3}
    ended = ledger.settlement(send_id(4))
    assert ended is not None
    assert ended.reply == "cancelled: wrong price"
    ledger.order(Order("resume", NOW, "spring"))
    ledger.record([decision(5)])
    assert people(ledger.claim("w", 9, NOW, 60)) == [5]
    assert ledger.campaigns() == {
        "autumn": {"claimed": 1},
        "spring": {"cancelled": 3, "claimed": 1},
    }


def test_all_sending_can_be_cancelled(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2, campaign="autumn")])
    assert ledger.order(Order("cancel", NOW)) == 2
    ledger.record([decision(3)])
    assert ledger.claim("w", 9, NOW, 60) == []
    assert ledger.states() == {"cancelled": 3}


def test_a_worker_settles_no_claim_of_another(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2)])
    ledger.claim("one", 1, NOW, 60)
    ledger.claim("two", 1, NOW, 60)
    assert ledger.workers() == ["one", "two"]
    ledger.settle([Settlement(send_id(1), "pending", "inbox")], NOW, "two")
    assert ledger.states() == {"claimed": 2}
    ledger.settle([Settlement(send_id(1), "unknown", "inbox")], NOW, "one")
    ledger.settle([Settlement(send_id(1), "sent", "inbox")], NOW, "two")
    assert ledger.states() == {"claimed": 1, "sent": 1}
    assert ledger.workers() == ["two"]


def test_mails_that_left_or_are_to_leave_count(ledger: Ledger) -> None:
    lanes = {1: "spring", 2: "autumn", 3: "form:join", 4: "winter", 5: "winter"}
    made = [decision(n, campaign=lane) for n, lane in lanes.items()]
    made = [msgspec.structs.replace(each, person=7) for each in made]
    ledger.record(made, {send_id(5): NOW + 9})

    def written(after: int) -> list[tuple[str, int, str]]:
        found = ledger.written([7, 8], after, "form:")
        return sorted((each.campaign, each.at - NOW, each.state) for each in found)

    waiting = [("autumn", 0), ("spring", 0), ("winter", 0), ("winter", 9)]
    assert written(NOW + 99) == [(*each, "pending") for each in waiting]
    ledger.claim("w", 9, NOW, 60)
    states: list[SendState] = ["sent", "unknown", "sent", "failed"]
    for number, state in zip(lanes, states, strict=False):
        ledger.settle([Settlement(send_id(number), state, "inbox")], NOW + 1)
    assert written(NOW) == [
        ("autumn", 1, "unknown"),
        ("spring", 1, "sent"),
        ("winter", 9, "pending"),
    ]
    assert written(NOW + 1) == [("winter", 9, "pending")]
    assert {each.send_id for each in ledger.written([7], NOW, "")} >= {send_id(3)}


def test_a_send_is_due_when_it_was_said_first(ledger: Ledger) -> None:
    ledger.record([decision(1)], {send_id(1): NOW + 5})
    ledger.record([decision(1), decision(2)], {send_id(1): NOW, send_id(2): NOW + 9})
    assert ledger.claim("w", 9, NOW + 4, 60) == []
    assert [each.person for each in ledger.claim("w", 9, NOW + 5, 60)] == [1]


def test_decisions_are_found_by_their_ids(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2, "refused")])
    assert set(ledger.found([send_id(1), send_id(2), send_id(3)])) == {send_id(1), send_id(2)}


def test_the_first_experiment_of_a_group_is_remembered(ledger: Ledger) -> None:
    names = {1: "spring", 2: "cart/one", 3: "autumn"}
    made = [decision(n, campaign=name) for n, name in names.items()]
    made[0] = msgspec.structs.replace(made[0], verdict="refused")
    ledger.record([msgspec.structs.replace(each, person=7) for each in made])
    assert ledger.enrolled([7], ["autumn", "cart", "spring"]) == {7: "cart"}
    assert ledger.enrolled([7, 8], ["autumn"]) == {7: "autumn"}


def test_what_was_cancelled_says_why(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2, campaign="autumn")])
    ledger.order(Order("cancel", NOW + 5, "autumn"))
    ledger.order(Order("cancel", NOW + 6, "spring", "bo", "a wrong price"))
    ledger.record([decision(3)])
    assert ledger.claim("w", 9, NOW + 7, 60) == []
    ends = [(at, send, end.reply) for at, end in _ends(ledger) for send in [end.send_id]]
    assert ends == [
        (NOW + 5, send_id(2), "cancelled"),
        (NOW + 6, send_id(1), "cancelled: a wrong price"),
        (NOW + 7, send_id(3), "cancelled: a wrong price"),
    ]
    assert {end.carrier for _, end in _ends(ledger)} == {""}


def _ends(ledger: Ledger) -> list[tuple[int, Settlement]]:
    return [(at, ended) for _, at, ended in ledger.settlements(0, 99)]


def test_of_many_who_share_an_address_each_gets_hers_in_turn(ledger: Ledger) -> None:
    ledger.record([decision(n) for n in range(1, 6)])
    shared = {1: b"x" * 16, 2: b"x" * 16, 3: b"y" * 16, 4: b"x" * 16, 5: b"y" * 16}
    assert people(ledger.claim("w", 9, NOW, 60, Doorkeeper(addresses=shared))) == [1, 3]
    same = {n: f"{SAME_ADDRESS} {send_id(first).hex()}" for n, first in ((2, 1), (4, 1), (5, 3))}
    for number, why in same.items():
        expected = Settlement(send_id(number), "cancelled", "", why)
        assert ledger.settlement(send_id(number)) == expected


def test_who_is_turned_away_stays_so_where_others_share_an_address(ledger: Ledger) -> None:
    ledger.record([decision(n) for n in range(1, 5)])
    away = {1: Settlement(send_id(1), "cancelled", "", "no_consent")}
    gate = Doorkeeper(away, addresses={2: b"x" * 16, 3: b"x" * 16, 4: b"z" * 16})
    assert people(ledger.claim("w", 9, NOW, 60, gate)) == [2, 4]
    assert ledger.settlement(send_id(1)) == away[1]
    assert ledger.states() == {"claimed": 2, "cancelled": 2}


def test_an_address_whose_mail_was_cancelled_gets_that_of_the_other(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    gate = Doorkeeper(addresses={1: b"x" * 16, 2: b"x" * 16})
    (first,) = ledger.claim("w", 1, NOW, 60, gate)
    ledger.settle([Settlement(first.send_id, "cancelled", "", "consent withdrawn")], NOW)
    ledger.record([decision(2)])
    assert people(ledger.claim("w", 1, NOW, 60, gate)) == [2]


def test_a_gate_is_shown_which_attempt_it_would_be(ledger: Ledger) -> None:
    ledger.record([decision(1)])
    seen: list[Claim] = []

    class Watching(Doorkeeper):
        def admit(self, claims: Sequence[Claim], now: int) -> Admission:
            seen.extend(claims)
            return super().admit(claims, now)

    for attempt in (1, 2):
        (claim,) = ledger.claim("w", 1, NOW + 9 * attempt, 60, Watching())
        assert (claim.attempts, claim.campaign_version) == (attempt, 1)
        ended = Settlement(claim.send_id, "pending", "", "later", NOW + 9 * attempt)
        ledger.settle([ended], NOW)
    assert [claim.attempts for claim in seen] == [1, 2]


def test_whether_anything_waits_is_known(ledger: Ledger) -> None:
    assert not ledger.waits()
    ledger.record([decision(1)])
    assert ledger.waits()
    claimed = claim_one(ledger)
    assert ledger.waits(), "it may have to be settled"
    assert ledger.settlement(claimed) is None
    ledger.settle([Settlement(claimed, "unknown", "smtp", "no answer")], NOW + 3)
    assert not ledger.waits()
    assert ledger.sent_at(claimed) == NOW + 3, "for all we know"


def test_settlements_that_come_too_late_hold_up_no_other(ledger: Ledger) -> None:
    ledger.record([decision(n) for n in range(1, 4)])
    first, second, _ = ledger.claim("w", 3, NOW, 60)
    ledger.settle([Settlement(first.send_id, "sent", "smtp", "250")], NOW)
    ends = [
        Settlement(first.send_id, "failed", "smtp", "late"),
        Settlement(b"nobody's", "sent", "smtp", "250"),
        Settlement(second.send_id, "failed", "smtp", "550"),
    ]
    ledger.settle(ends, NOW)
    assert ledger.states() == {"sent": 1, "failed": 1, "claimed": 1}
    assert len(ledger.settlements(0, 9)) == 2


def test_orders_are_never_changed_or_taken_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "tailorbird.sqlite")
    SqliteLedger(database).order(Order("pause", NOW))
    for statement in ("DELETE FROM orders", "UPDATE orders SET act = 'resume'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"), database.write() as writer:
            writer.execute(statement)
    database.close()


def test_an_order_by_another_process_is_seen_at_once(tmp_path: Path) -> None:
    databases = [Database(tmp_path / "tailorbird.sqlite") for _ in range(2)]
    here, there = map(SqliteLedger, databases)
    assert here.standing() == here.standing() == {}
    there.order(Order("pause", NOW))
    assert here.standing().keys() == {""}
    here.order(Order("resume", NOW))
    assert here.standing() == there.standing() == {}
    for database in databases:
        database.close()


def test_machines_that_race_for_claims_share_them(postgres: str) -> None:
    """Each has a connection of its own; what one is claiming the others pass over."""
    first = Server(postgres)
    first.run("DROP SCHEMA public CASCADE")
    first.run("CREATE SCHEMA public")
    PostgresLedger(first, lambda: 0.0).record([decision(n) for n in range(300)])
    claimed: dict[str, list[int]] = {"a": [], "b": [], "c": []}

    def race(name: str) -> None:
        server = Server(postgres)
        ledger = PostgresLedger(server, lambda: 0.0)
        while claims := ledger.claim(name, 7, NOW, 60):
            claimed[name] += people(claims)
            ledger.settle([Settlement(c.send_id, "sent", name) for c in claims], NOW, name)
        server.close()

    racers = [threading.Thread(target=race, args=(name,)) for name in claimed]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    ledger = PostgresLedger(first, lambda: 0.0)
    assert sorted(n for own in claimed.values() for n in own) == list(range(300))
    assert ledger.states() == {"sent": 300}
    sequences = [sequence for sequence, _, _ in ledger.settlements(0, 999)]
    assert sequences == sorted(sequences)
    first.close()


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(StoreError, match="PostgreSQL says") as raised:
        Server("postgresql://bo:secret@127.0.0.1:1/none")
    assert "secret" not in str(raised.value)
    with pytest.raises(UsageError, match="needs an address"):
        Server("")


def test_the_trail_of_a_send_tells_every_attempt(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2, "holdout")])
    waiting = ledger.trail(send_id(1))
    assert waiting is not None
    assert (waiting.state, waiting.due_at, waiting.attempts) == ("pending", NOW, 0)
    assert waiting.ends == ()
    ledger.claim("w", 10, NOW, 60)
    later = Settlement(send_id(1), "pending", "inbox", "450 busy", NOW + 60 * SECOND)
    ledger.settle([later], NOW + 1)
    ledger.claim("w", 10, NOW + 60 * SECOND, 60)
    sent = Settlement(send_id(1), "sent", "inbox", "250 ok", digest=b"d")
    ledger.settle([sent], NOW + 61 * SECOND)
    gone = ledger.trail(send_id(1))
    assert gone is not None
    assert (gone.state, gone.attempts) == ("sent", 2)
    assert gone.ends == ((NOW + 1, later), (NOW + 61 * SECOND, sent))
    assert ledger.trail(send_id(2)) is None
    assert ledger.trail(b"nothing") is None


def test_a_campaign_knows_when_it_was_last_decided(ledger: Ledger) -> None:
    ledger.record([decision(1), decision(2, "refused", at=NOW + 5), decision(3, at=NOW + 9)])
    assert ledger.last_decided("spring", NOW + 100) == NOW + 9
    assert ledger.last_decided("spring", NOW + 8) == NOW + 5
    assert ledger.last_decided("spring", NOW - 1) is None
    assert ledger.last_decided("autumn", NOW) is None
