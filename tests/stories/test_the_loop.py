"""The main job, from history to what the mails changed."""

from __future__ import annotations

import shutil

import pyarrow.parquet as pq
import pytest

from tailorbird import demo, learning, results
from tailorbird.app import Tailorbird
from tailorbird.demo.run import CAMPAIGN
from tailorbird.errors import UsageError
from tailorbird.schema import DAY, Names
from tailorbird.simulator import Shop

PEOPLE, SEED = 300, 7  # those of the finished demo


def test_every_check_of_the_demo_holds(report: demo.Report) -> None:
    assert [check for check in report.checks if not check.ok] == []
    assert len(report.checks) >= 14


def test_the_notice_says_what_is_simulated(report: demo.Report) -> None:
    assert "simulated" in report.notice


def test_truth_lies_beside_the_events(tb: Tailorbird) -> None:
    people = pq.read_table(tb.world.folder / "truth" / "people.parquet")
    assert people.num_rows >= PEOPLE
    assert people.schema.metadata[b"simulated"] == b"true"
    assert people.schema.metadata[b"seed"] == str(SEED).encode()


def test_accounts_of_one_person_become_one_person(tb: Tailorbird) -> None:
    truth = pq.read_table(tb.world.folder / "truth" / "people.parquet").to_pylist()
    linked = [p for p in truth if p["duplicate_of"] and p["second_linked"]]
    assert linked
    for account in linked:
        assert tb.world.people.find(account["user_id"]) == tb.world.people.find(
            account["duplicate_of"]
        )


def test_who_churned_buys_no_more(tb: Tailorbird) -> None:
    shop = Shop(SEED, PEOPLE)
    truth = pq.read_table(tb.world.folder / "truth" / "people.parquet").to_pylist()
    gone = {
        person: row["churned_at"]
        for row in truth
        if row["churned_at"] is not None and (person := tb.world.people.find(row["user_id"]))
    }
    rows = tb.world.facts.read(
        'SELECT person, MAX("at") AS latest FROM facts WHERE event = ? GROUP BY person',
        (Names.PURCHASE,),
    ).to_pylist()
    late = [
        row["person"]
        for row in rows
        if row["person"] in gone and row["latest"] > _us(gone[row["person"]]) + DAY
    ]
    assert shop.end > 0
    assert late == []


def _us(value: object) -> int:
    return value if isinstance(value, int) else int(value.timestamp() * 1e6)  # type: ignore[attr-defined]


def test_bad_records_are_held_back_with_reason_and_bytes(tb: Tailorbird) -> None:
    held = tb.world.people.quarantined(0, 1000)
    assert held
    assert all(refused.raw and refused.reason and refused.code for refused in held)


def test_the_loop_run_again_does_nothing_twice(tb: Tailorbird) -> None:
    before = tb.world.inbox.count()
    assert tb.decide(CAMPAIGN).recorded == 0
    assert tb.deliver().sent == 0
    assert tb.world.inbox.count() == before
    assert tb.ingest().events == 0


def test_the_holdout_gets_no_mail(tb: Tailorbird) -> None:
    held = {d.id for d in results.decisions(tb.world, CAMPAIGN) if d.verdict == "holdout"}
    mailed = {send_id for _, send_id, _ in tb.world.inbox.since(0, 100_000)}
    assert held
    assert not held & mailed


def test_machine_opens_are_told_from_human_ones(tb: Tailorbird) -> None:
    truth = pq.read_table(tb.world.folder / "truth" / "reactions.parquet").to_pylist()
    machines = {row["send_id"] for row in truth if row["kind"] == "open" and row["machine"]}
    humans = {row["send_id"] for row in truth if row["kind"] == "open" and not row["machine"]}
    opens = tb.world.facts.read(
        "SELECT send_id, BOOL_OR(NOT machine) AS human FROM facts WHERE event = ? GROUP BY send_id",
        (Names.EMAIL_OPENED,),
    ).to_pylist()
    told = {bytes.fromhex(row["send_id"]) for row in opens if row["human"]}
    only_machine = {_id(s) for s in machines - humans}
    assert {_id(s) for s in humans} - told == set()
    # Half of the scanners pass for an old browser; only their speed gives them away.
    assert len(told & only_machine) <= 0.1 * len(only_machine)


def _id(value: object) -> bytes:
    return value if isinstance(value, bytes) else bytes.fromhex(str(value))


def test_models_are_judged_beside_the_naive_rule(tb: Tailorbird) -> None:
    cards = tb.model_cards()
    assert {card.kind for card in cards} == {"recommender", "propensity"}
    for card in cards:
        assert card.why
        for measure in card.measures:
            assert measure.low <= measure.high


def test_a_night_that_was_cut_short_is_not_taken_for_done(tb: Tailorbird) -> None:
    now = tb.model_cards()[0].trained_at
    assert learning.learnt(tb.world, now)
    assert not learning.learnt(tb.world, now + 1)
    tb.world.facts.write([("DELETE FROM scores", ())])
    assert not learning.learnt(tb.world, now)
    shutil.rmtree(tb.world.folder / "models" / learning.PROPENSITY)
    assert not learning.learnt(tb.world, now)


def test_only_people_who_agreed_are_learnt_from(tb: Tailorbird) -> None:
    trainees = set(learning.trainees(tb.world, tb.clock()))
    everybody = tb.world.facts.read("SELECT person FROM people").column("person").to_pylist()
    states = tb.world.people.consent_states(everybody)
    assert trainees == {p for p, state in states.items() if "training" in state.granted}
    assert 0 < len(trainees) < len(everybody)


def test_a_demo_of_another_size_does_not_go_over_this_one(tb: Tailorbird) -> None:
    folder = tb.world.folder
    tb.close()
    plan = demo.Plan(data=None, people=PEOPLE + 1, seed=SEED, folder=folder)
    with pytest.raises(UsageError, match="another input, seed or size"):
        demo.run(plan, say=None, on_progress=lambda done, total: None)
