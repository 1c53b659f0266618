"""Every signal lands on the right person, and whoever was wrongly made one is made two again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.clock import Clock

from tailorbird import cli, flow, profiles
from tailorbird.app import Tailorbird
from tailorbird.errors import UsageError
from tailorbird.schema import HOUR, SECOND, Body, Instant, PersonId

NOW: Instant = 1_790_000_000 * SECOND
Say = Callable[..., None]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "shop", clock=Clock(NOW, step=HOUR), environment={}) as tb:
        tb.put("segment", "buyers", "name: buyers\nwhere: {did: purchase}\n")
        tb.put("segment", "loyal", "name: loyal\nwhere: {trait: orders, at_least: 2}\n")
        yield tb


@pytest.fixture
def say(shop: Tailorbird) -> Say:
    def append(*messages: dict[str, Any], source: str = "server:shop") -> None:
        at = shop.clock()
        numbered = [{"messageId": f"m{at}-{n}"} | each for n, each in enumerate(messages)]
        body = Body(source, at, msgspec.json.encode({"batch": numbered}))
        shop.world.log.append([body])
        shop.ingest()

    return append


def identify(user: str = "", email: str = "", device: str = "", **traits: Any) -> dict[str, Any]:
    traits = {"email": email, **traits} if email else traits
    named = {"userId": user, "anonymousId": device}
    return {"type": "identify", "traits": traits} | {k: v for k, v in named.items() if v}


def purchase(order: str, **named: str) -> dict[str, Any]:
    properties = {"order_id": order, "total": 10, "currency": "EUR"}
    return {"type": "track", "event": "Order Completed", "properties": properties} | named


def orders(tb: Tailorbird, person: PersonId) -> list[str]:
    sql = "SELECT order_id FROM facts WHERE person = ? AND event = 'purchase' ORDER BY order_id"
    return [str(found) for found in tb.world.facts.read(sql, (person,)).column(0).to_pylist()]


def everything(tb: Tailorbird) -> dict[str, Any]:
    tables = ("facts", "lines", "properties", "trait_values", "people", "owners", "sessions")
    return {
        name: tb.world.facts.read(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
        for name in tables
    }


@pytest.fixture
def merged(shop: Tailorbird, say: Say) -> Tailorbird:
    """Return a shop in which Ann and Bob, who share a name, were taken for one by hand."""
    say(
        identify("ann", "ann@people.example", first_name="Ann", country="IE"),
        purchase("a1", userId="ann"),
        identify("bob", "bob@people.example", first_name="Bob", city="Cork"),
        purchase("b1", userId="bob"),
    )
    say(
        identify("bob") | {"context": {"consent": {"email_marketing": False}}},
        identify("ann") | {"context": {"consent": {"email_marketing": True}}},
    )
    shop.refresh()
    shop.merge("ann", "bob@people.example", reason="same telephone", author="eve")
    return shop


def test_anonymous_history_joins_the_person_who_identifies(shop: Tailorbird, say: Say) -> None:
    say({"type": "page", "anonymousId": "phone"}, source="web")
    say(purchase("a1", anonymousId="phone"), source="web")
    say(identify("ann", device="phone"), source="web")
    assert orders(shop, shop.person("ann")) == ["a1"]


def test_two_who_are_one_have_one_history(merged: Tailorbird) -> None:
    person = merged.person("bob")
    assert person == merged.person("ann")
    assert orders(merged, person) == ["a1", "b1"]
    assert merged.world.people.count() == 1
    merged.refresh()
    assert merged.segment_people("loyal") == [person]


def test_every_merge_is_on_record_with_its_evidence(merged: Tailorbird, say: Say) -> None:
    say({"type": "page", "anonymousId": "tablet"}, identify("ann", device="tablet"), source="web")
    by_hand, by_device = merged.merging.merges()
    assert (by_hand.by, by_hand.reason, by_hand.author) == ("hand", "same telephone", "eve")
    assert (by_device.by, by_device.source) == ("anonymous_id", "web")
    assert by_device.key
    assert merged.merging.merges("tablet") == [by_hand, by_device]
    (record,) = merged.world.log.read((by_device.position >> 20) - 1, 1)
    assert b"tablet" in record.body.content


def test_an_unmerge_parts_histories_traits_consents_and_segments(
    merged: Tailorbird, say: Say
) -> None:
    say(purchase("b2", userId="bob"), purchase("a2", userId="ann"))
    say(identify("bob", language="ga"))
    merged.refresh()
    ann, bob = merged.unmerge("ann", "bob", reason="two cousins")
    assert (orders(merged, ann), orders(merged, bob)) == (["a1", "a2"], ["b1", "b2"])
    known = merged.world.people.profiles([ann, bob])
    assert (known[ann].email, known[bob].email) == ("ann@people.example", "bob@people.example")
    assert "language" not in known[ann].traits
    assert known[bob].traits["language"] == "ga"
    states = merged.world.people.consent_states([ann, bob])
    assert "email_marketing" in states[ann].granted
    assert "email_marketing" in states[bob].withdrawn
    merged.refresh()
    assert merged.segment_people("loyal") == [ann, bob]
    assert merged.verify_segments() == []


def test_what_comes_after_an_unmerge_lands_on_the_right_one(merged: Tailorbird, say: Say) -> None:
    ann, bob = merged.unmerge("ann", "bob", reason="two cousins")
    say(purchase("a9", userId="ann"), purchase("b9", userId="bob"))
    assert (orders(merged, ann), orders(merged, bob)) == (["a1", "a9"], ["b1", "b9"])


def test_the_same_evidence_joins_them_no_more(shop: Tailorbird, say: Say) -> None:
    both = identify("ann", "home@people.example")
    say(identify("", "home@people.example"), identify("ann"), both)
    assert shop.person("ann") == shop.person("home@people.example")
    ann, home = shop.unmerge("ann", "home@people.example", reason="her mother's")
    say(both, both)
    assert ann != home
    assert shop.person("home@people.example") == home
    shop.merge("ann", "home@people.example", reason="hers after all")
    assert shop.person("ann") == shop.person("home@people.example")


def test_rebuilt_after_merges_and_unmerges_the_facts_are_the_same(
    merged: Tailorbird, say: Say
) -> None:
    merged.unmerge("ann", "bob", reason="two cousins")
    say(purchase("b9", userId="bob"), identify("cy"), purchase("c1", userId="cy"))
    merged.merge("ann", "cy", reason="her maiden name")
    merged.refresh()
    before = everything(merged)
    merged.rebuild()
    assert everything(merged) == before
    assert merged.verify_segments() == []


def test_a_kill_between_people_and_facts_loses_nothing(merged: Tailorbird) -> None:
    world = merged.world
    before = everything(merged)
    separated = profiles.separated_body(1, 2, reason="two cousins", at=merged.clock())
    world.log.append([separated])
    records = world.log.read(world.people.cursor(), 10)
    from tailorbird import intake

    came = intake.read(world, records)
    profiles.fold(world.people, came.events, came.refused, records[-1].offset)
    assert everything(merged) == before  # killed: the facts have not heard of it
    flow.catch_up(world)
    after = everything(merged)
    assert orders(merged, 1) == ["a1"]
    merged.rebuild()
    assert everything(merged) == after


def test_what_was_forgotten_of_both_stays_forgotten_when_they_part(merged: Tailorbird) -> None:
    at = merged.clock()
    message = {
        "type": "track", "event": "person_forgotten", "messageId": "forget",
        "context": {"personId": merged.person("ann")},
    }  # fmt: skip
    merged.world.log.append([Body("rest", at, msgspec.json.encode(message))])
    merged.ingest()
    ann, bob = merged.unmerge("ann", "bob", reason="two cousins")
    known = merged.world.people.profiles([ann, bob])
    assert (known[ann].traits, known[bob].traits) == ({}, {})
    before = everything(merged)
    assert before["trait_values"] == []
    merged.rebuild()
    assert everything(merged) == before


@pytest.mark.parametrize("at_once", [True, False])
def test_what_comes_after_a_forgetting_is_kept_however_the_log_is_read(
    shop: Tailorbird, *, at_once: bool
) -> None:
    forgotten = {"type": "track", "event": "person_forgotten", "context": {"personId": 1}}
    late = identify("ann", points=2) | {"timestamp": (NOW - HOUR) / SECOND}
    for number, (source, message) in enumerate(
        [
            ("server:shop", identify("ann", points=1, company="Ann & Co")),
            ("rest", forgotten),
            ("server:shop", late),
        ]
    ):
        told = msgspec.json.encode(message | {"messageId": f"f{number}"})
        shop.world.log.append([Body(source, shop.clock(), told)])
        if number == 0 or not at_once:
            shop.ingest()
    shop.ingest()
    assert shop.world.people.profiles([1])[1].traits == {"user_id": "ann", "points": 2}
    before = everything(shop)
    assert [(row["name"], row["text"]) for row in before["trait_values"]] == [("points", "2")]
    shop.rebuild()
    assert everything(shop) == before


def test_a_separation_that_is_told_twice_is_done_once(merged: Tailorbird) -> None:
    body = profiles.separated_body(1, 2, reason="two cousins", at=merged.clock())
    merged.world.log.append([body, body])
    assert merged.ingest().duplicates == 1
    assert len(merged.merging.separations()) == 1


def test_nobody_is_merged_or_parted_without_a_reason_and_two_people(merged: Tailorbird) -> None:
    with pytest.raises(UsageError, match="no reason"):
        merged.unmerge("ann", "bob", reason=" ")
    with pytest.raises(UsageError, match="one person already"):
        merged.merge("ann", "bob", reason="again")
    with pytest.raises(UsageError, match="name one who was: person:2"):
        merged.unmerge("ann", "ann@people.example", reason="a mistake")
    merged.unmerge("ann", "bob", reason="two cousins")
    with pytest.raises(UsageError, match="two people already"):
        merged.unmerge("ann", "bob", reason="again")
    with pytest.raises(UsageError, match="nobody is known as 'zoe'"):
        merged.merge("ann", "zoe", reason="who knows")


def test_no_source_but_ours_merges_by_number(merged: Tailorbird, say: Say) -> None:
    merged.unmerge("ann", "bob", reason="two cousins")
    forged = {
        "type": "track", "event": "people_merged", "userId": "mallory",
        "context": {"personId": 1}, "properties": {"loser": 2, "by": "hand"},
    }  # fmt: skip
    say(forged, source="web")
    say(forged)
    say(forged, source="import")
    assert merged.person("ann") != merged.person("bob")


def test_a_trait_has_the_word_of_the_source_that_counts_most(tmp_path: Path) -> None:
    folder = tmp_path / "shop"

    def opened(*order: str) -> Tailorbird:
        setting = f"first_name = {list(order)}\ncountry = {list(order)}\n" if order else ""
        folder.mkdir(exist_ok=True)
        (folder / "tailorbird.toml").write_text(f"[conflict]\n{setting}", encoding="utf-8")
        return Tailorbird.open(folder, clock=lambda: NOW + 9 * HOUR, environment={})

    def said(source: str, hours: int, name: str, country: str) -> Body:
        message = identify("ann", first_name=name, country=country)
        message |= {"messageId": source, "timestamp": (NOW + hours * HOUR) // 1000}
        return Body(source, NOW + 8 * HOUR, msgspec.json.encode(message))

    def counts(tb: Tailorbird) -> tuple[object, object]:
        traits = profiles.table(tb.world.facts, ["country"], as_of=tb.clock(), people=[1])
        return tb.world.people.profiles([1])[1].traits["first_name"], traits["country"][0].as_py()

    with opened() as tb:
        tb.put("segment", "irish", "name: irish\nwhere: {trait: country, is: IE}\n")
        tb.world.log.append([said("server:crm", 1, "Anna", "IE"), said("web:shop", 2, "A", "FR")])
        tb.ingest()
        tb.refresh()
        assert counts(tb) == ("A", "FR")
        assert tb.segment_people("irish") == []
    with opened("server", "web") as tb:
        tb.refresh()
        assert counts(tb) == ("Anna", "IE")
        assert tb.segment_people("irish") == [1]
        tb.rebuild()
        assert counts(tb) == ("Anna", "IE")
        first, second = [each for each in tb.merging.sayings("ann") if each.name == "first_name"]
        assert (first.value, first.source, first.counts) == (
            "Anna", "server:crm", "first of server, web",
        )  # fmt: skip
        assert (second.value, second.counts) == ("A", "")


def test_a_late_import_never_overwrites_newer_truth(shop: Tailorbird, say: Say) -> None:
    say(identify("ann", city="Cork"))
    old = identify("ann", city="Galway") | {"timestamp": NOW // 1000 - 86_400_000}
    say(old, source="import")
    assert shop.world.people.profiles([1])[1].traits["city"] == "Cork"
    values = [each.value for each in shop.merging.sayings("ann") if each.name == "city"]
    assert values == ["Cork", "Galway"]


def test_the_commands_merge_unmerge_and_show(
    merged: Tailorbird, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(merged.world.folder)
    merged.close()

    def run(*arguments: str) -> Any:
        assert cli.run(["profiles", *arguments, "-C", folder, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert [each["by"] for each in run("merges")["merges"]] == ["hand"]
    assert run("unmerge", "ann", "bob", "--reason", "two cousins") == {"people": [1, 2]}
    assert run("merges", "ann")["merges"][0]["undone"] > 0
    assert run("merge", "ann", "bob", "--reason", "no, one")["survivor"] == 1
    shown = run("show", "ann", "--sources")["sayings"]
    assert {each["value"] for each in shown if each["name"] == "first_name"} == {"Ann"}
    assert run("flagged") == []
    assert cli.run(["profiles", "merge", "ann", "bob", "-C", folder]) == 2
