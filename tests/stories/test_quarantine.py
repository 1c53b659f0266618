"""Refused records are mended, come back to the right people, or are given up with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tailorbird import cli
from tailorbird.app import Tailorbird
from tailorbird.collect.mending import parse_rule
from tailorbird.errors import UsageError
from tailorbird.repair import Which, content_of
from tailorbird.schema import Body, Quarantined

UNDATED = """
rule: undated
about: These devices have no clock; what counts is when we heard of it.
where: {code: implausible_time}
change:
  - delete: timestamp
"""
NAMELESS = """
rule: nameless
where: {code: no_name, present: [properties.product_id]}
change:
  - set: event
    to: Product Viewed
"""
UNPRICED = """
rule: unpriced
where: {code: bad_amount}
change:
  - set: properties.revenue
    to: "995"
  - multiply: properties.revenue
    by: "0.01"
"""
USELESS = """
rule: useless
change:
  - set: context.tried
    to: true
"""
TABLES = ("facts", "lines", "properties", "people", "trait_values")


def fix(tb: Tailorbird, *rules: str) -> None:
    for text in rules:
        tb.quarantine.fix_many(parse_rule(text, "rule.yaml"))


def records(tb: Tailorbird, **chosen: Any) -> list[Quarantined]:
    return tb.world.quarantine.page(0, 1000, **chosen)


def said(record: Quarantined) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content_of(record))
    return found


def facts(tb: Tailorbird) -> dict[str, Any]:
    return {
        name: tb.world.facts.read(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
        for name in TABLES
    }


def test_mended_records_land_on_their_people(tb: Tailorbird) -> None:
    mended = records(tb, code="implausible_time") + records(tb, code="no_name")
    fix(tb, UNDATED, NAMELESS, UNPRICED)
    before = tb.world.people.count()
    replayed = tb.quarantine.replay(Which(), "mended")
    taken = tb.ingest()
    assert replayed.replayed == taken.events == len(records(tb, state="replayed"))
    assert replayed.replayed > len(mended)
    assert (taken.duplicates, taken.refused) == (0, 0)
    assert tb.world.people.count() == before
    for record in records(tb, state="replayed"):
        who = said(record)
        person = tb.world.people.find(who.get("userId") or who["anonymousId"])
        rows = tb.world.facts.read(
            'SELECT person, event, "at" FROM facts WHERE position >> 20 = ?', (record.replayed_as,)
        ).to_pylist()
        assert [row["person"] for row in rows] == [person]
        assert person is not None


def test_an_amount_is_mended_to_the_cent(tb: Tailorbird) -> None:
    fix(tb, UNPRICED)
    tb.quarantine.replay(Which(code="bad_amount"))
    tb.ingest()
    (record,) = records(tb, code="bad_amount")
    rows = tb.world.facts.read(
        "SELECT value_minor FROM facts WHERE position >> 20 = ?", (record.replayed_as,)
    ).to_pylist()
    assert rows == [{"value_minor": 995}]


def test_replayed_twice_is_taken_once(tb: Tailorbird) -> None:
    fix(tb, UNDATED)
    assert tb.quarantine.replay(Which()).replayed > 0
    tb.ingest()
    before, end = facts(tb), tb.world.log.end()
    assert tb.quarantine.replay(Which()).replayed == 0
    assert tb.ingest().events == 0
    assert (facts(tb), tb.world.log.end()) == (before, end)


def test_a_record_that_its_sender_mended_too_counts_once(tb: Tailorbird) -> None:
    fix(tb, UNDATED)
    record = records(tb, code="implausible_time")[0]
    tb.world.log.append([Body("simulator", record.refused.received_at, content_of(record))])
    assert tb.ingest().events == 1
    assert tb.quarantine.replay(Which((record.refused.position,))).replayed == 1
    taken = tb.ingest()
    assert (taken.events, taken.duplicates) == (0, 1)


def test_a_slow_clock_stays_corrected(tb: Tailorbird) -> None:
    received = 1_760_000_000_000_000
    good = b'{"type":"track","event":"Paid","userId":"slow","timestamp":"2025-10-08T08:00:00Z"}'
    late = good.replace(b"{", b'{"messageId":"late",')
    bad = late.replace(b'"event":"Paid",', b"")
    batch = b'{"batch":[' + good + b"," + bad + b'],"sentAt":"2025-10-08T08:53:20Z"}'
    tb.world.log.append([Body("web", received, batch)])
    tb.ingest()
    (record,) = records(tb, source="web")
    tb.quarantine.fix(record.refused.position, late)
    tb.quarantine.replay(Which((record.refused.position,)))
    tb.ingest()
    person = tb.person("slow")
    rows = tb.world.facts.read('SELECT "at" FROM facts WHERE person = ?', (person,)).to_pylist()
    assert rows == [{"at": received - 3_200_000_000}] * 2


def test_a_rebuild_keeps_what_was_mended(tb: Tailorbird) -> None:
    fix(tb, UNDATED, NAMELESS)
    tb.quarantine.replay(Which())
    tb.ingest()
    before, states = facts(tb), tb.quarantine.counts()
    tb.rebuild()
    assert facts(tb) == before
    assert tb.quarantine.counts() == states


def test_a_rule_mends_each_record_once(tb: Tailorbird) -> None:
    doubled = "rule: doubled\nchange:\n  - {multiply: properties.price, by: 2}\n"
    rule = parse_rule(doubled, "rule.yaml")
    prices = {r.refused.position: said(r)["properties"]["price"] for r in priced(tb)}
    assert tb.quarantine.fix_many(rule).matched == len(prices) > 0
    assert tb.quarantine.fix_many(rule).matched == 0
    for record in priced(tb):
        assert said(record)["properties"]["price"] == 2 * prices[record.refused.position]


def priced(tb: Tailorbird) -> list[Quarantined]:
    return [record for record in records(tb) if b'"price"' in content_of(record).split(b"[")[0]]


def test_a_dry_run_tells_and_keeps_nothing(tb: Tailorbird) -> None:
    before = records(tb)
    tried = tb.quarantine.fix_many(parse_rule(USELESS, "rule.yaml"), dry_run=True)
    assert records(tb) == before
    assert (tried.passing, tried.refused) == (0, tried.matched)
    assert {one.code for one in tried.first_refused} <= {one.refused.code for one in before}
    told = tb.quarantine.fix_many(parse_rule(UNDATED, "rule.yaml"), dry_run=True)
    assert told.matched == told.passing == len(records(tb, code="implausible_time"))
    assert not told.kept


def test_what_is_still_refused_stays_held(tb: Tailorbird) -> None:
    end = tb.world.log.end()
    done = tb.quarantine.replay(Which(code="no_identifier"))
    assert done.replayed == 0
    assert done.refused == len(records(tb, code="no_identifier", state="held")) > 0
    assert {one.code for one in done.first_refused} == {"no_identifier"}
    assert tb.world.log.end() == end


def test_one_record_is_mended_by_hand(tb: Tailorbird) -> None:
    record = records(tb, code="no_identifier")[0]
    position = record.refused.position
    right = said(record) | {"userId": "u0000001"}
    with pytest.raises(UsageError, match="keeps its message id"):
        tb.quarantine.fix(position, json.dumps(right | {"messageId": "other"}).encode())
    assert tb.quarantine.fix(position, b'{"messageId":"%s"}' % message(record)).taken is False
    assert tb.quarantine.fix(position, json.dumps(right).encode()).taken
    assert tb.quarantine.replay(Which((position,))).replayed == 1
    assert tb.ingest().events == 1
    with pytest.raises(UsageError, match="is replayed"):
        tb.quarantine.fix(position, b"{}")


def message(record: Quarantined) -> bytes:
    return str(said(record)["messageId"]).encode()


def test_two_messages_in_the_place_of_one_are_not_taken(tb: Tailorbird) -> None:
    record = records(tb, code="bad_json")[0]
    event = b'{"type":"track","event":"Paid","userId":"u0000001"}'
    inspected = tb.quarantine.fix(record.refused.position, event + b"," + event)
    assert inspected.refused_for is not None
    assert inspected.refused_for.code == "not_one"


def test_nothing_is_discarded_without_a_reason_and_a_choice(tb: Tailorbird) -> None:
    with pytest.raises(UsageError, match="no reason"):
        tb.quarantine.discard(Which(code="bad_json"), " ")
    with pytest.raises(UsageError, match="nothing is chosen"):
        tb.quarantine.discard(Which(), "all of it")
    number = len(records(tb, code="bad_json"))
    assert tb.quarantine.discard(Which(code="bad_json"), "a broken robot") == number > 0
    assert tb.quarantine.discard(Which(code="bad_json"), "again") == 0
    given_up = records(tb, state="discarded")
    assert {record.why for record in given_up} == {"a broken robot"}
    assert all(record.refused.raw for record in given_up)
    assert ("discarded", "bad_json", number) in tb.quarantine.counts()


def test_pages_lead_through_all_records(tb: Tailorbird) -> None:
    found, after = [], 0
    while True:
        page = tb.quarantine.page(after=after, limit=3)
        found += [one.position for one in page.records]
        after = page.next
        if not after:
            break
    assert found == [record.refused.position for record in records(tb)]


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return `run(*arguments) -> (exit status, output)` over the demo's folder."""

    def run(*arguments: object) -> tuple[int, str]:
        status = cli.run([*map(str, arguments), "-C", str(folder)])
        return status, capsys.readouterr().out

    return run


def test_the_commands_mend_replay_and_discard(run: Run, tmp_path: Path) -> None:
    rule = tmp_path / "undated.yaml"
    rule.write_text(UNDATED, encoding="utf-8")
    assert "would be mended" in run("quarantine", "fix", "--rule", rule, "--dry-run")[1]
    assert "0 are still refused" in run("quarantine", "fix", "--rule", rule)[1]
    status, output = run("quarantine", "replay", "--json")
    done = json.loads(output)
    assert status == 0
    assert done["replayed"]["replayed"] == done["ingested"]["events"] > 0
    assert run("quarantine", "discard", "--code", "bad_json", "--reason", "noise")[0] == 0
    listed = json.loads(run("quarantine", "list", "--state", "discarded", "--json")[1])
    assert {one["why"] for one in listed["records"]} == {"noise"}


def test_values_are_shown_on_request_alone(run: Run, folder: Path) -> None:
    event = b'{"type":"track","event":"Paid","userId":"u","timestamp":"ann@shop.example"}'
    with Tailorbird.open(folder, environment={}) as tb:
        tb.world.log.append([Body("simulator", tb.clock(), event)])
        tb.ingest()
        (record,) = records(tb, code="bad_time")
    position = record.refused.position
    for command in (
        ("quarantine", "list", "--limit", 100),
        ("quarantine", "list", "--limit", 100, "--json"),
        ("events", "quarantine", "--limit", 100),
        ("events", "quarantine", "--limit", 100, "--json"),
        ("quarantine", "replay", "--code", "bad_time"),
    ):
        output = run(*command)[1]
        assert "bad_time" in output
        assert "ann@" not in output
    assert "ann@shop.example" in run("quarantine", "show", position)[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("fix",),
        ("fix", "12"),
        ("fix", "12", "--rule", "r.yaml"),
        ("replay", "12"),
        ("replay", "12", "--code", "no_name"),
        ("discard", "--reason", "noise"),
        ("discard", "12"),
        ("list", "--state", "lost"),
        ("show", "12"),
    ],
)
def test_what_makes_no_sense_is_told(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("quarantine", *arguments)[0] == 2
