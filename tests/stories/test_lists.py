"""Lists: who is on one follows from the log alone, at every instant, merged or rebuilt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.clock import Clock

from tailorbird import cli
from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError, SourceError, UsageError
from tailorbird.schema import HOUR, SECOND, Body, Instant

NOW: Instant = 1_790_000_000 * SECOND
Say = Callable[..., None]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "shop", clock=Clock(NOW, step=HOUR), environment={}) as tb:
        say(tb, *({"type": "identify", "userId": f"u{number}"} for number in range(1, 5)))
        tb.lists.create("vip", "Invited to the summer party")
        yield tb


def say(tb: Tailorbird, *messages: dict[str, Any], source: str = "server:shop") -> None:
    at = tb.clock()
    numbered = [{"messageId": f"m{at}-{n}"} | each for n, each in enumerate(messages)]
    tb.world.log.append([Body(source, at, msgspec.json.encode({"batch": numbered}))])
    tb.ingest()


def put_on(tb: Tailorbird, *people: str) -> None:
    tb.lists.add("vip", people)
    tb.ingest()


def take_off(tb: Tailorbird, *people: str) -> None:
    tb.lists.remove("vip", people)
    tb.ingest()


def test_who_is_put_on_a_list_is_on_it_until_she_is_taken_off(shop: Tailorbird) -> None:
    put_on(shop, "u1", "u2")
    take_off(shop, "u1")
    assert shop.lists.people("vip") == [shop.person("u2")]
    put_on(shop, "u1")
    assert shop.lists.count("vip") == 2


def test_a_list_knows_who_was_on_it_at_any_past_instant(shop: Tailorbird) -> None:
    before = shop.clock()
    put_on(shop, "u1")
    meanwhile = shop.clock()
    take_off(shop, "u1")
    assert [shop.lists.count("vip", as_of=at) for at in (before, meanwhile, shop.clock())] == [
        0,
        1,
        0,
    ]


def test_to_name_somebody_twice_changes_nothing(shop: Tailorbird) -> None:
    put_on(shop, "u1", "u1")
    end = shop.world.log.end()
    named = shop.lists.add("vip", ["u1"])
    assert (named.known, named.changed, shop.world.log.end()) == (1, 0, end)


def test_whom_nobody_knows_is_told_by_her_place(shop: Tailorbird) -> None:
    named = shop.lists.add("vip", ["u1", "stranger@example.com", "person:2", "person:99"])
    assert (named.known, named.unknown) == (2, (2, 4))


def test_a_segment_rests_on_a_list_and_follows_it(shop: Tailorbird) -> None:
    text = "name: loyal\nwhere:\n  any: [{list: vip}, {trait: tier, is: gold}]\n"
    shop.put("segment", "loyal", text)
    put_on(shop, "u1")
    shop.refresh()
    assert shop.segment_people("loyal") == [shop.person("u1")]
    take_off(shop, "u1")
    shop.refresh()
    assert (shop.segment_people("loyal"), shop.verify_segments()) == ([], [])
    assert shop.lists.show("vip").used_in == ("loyal",)


def test_a_segment_names_only_lists_that_are_there(shop: Tailorbird) -> None:
    with pytest.raises(DefinitionError, match=r"no list 'vipp'; did you mean 'vip'"):
        shop.put("segment", "loyal", "name: loyal\nwhere: {list: vipp}\n")


def test_a_rebuild_finds_everybody_on_the_list_again(shop: Tailorbird) -> None:
    put_on(shop, "u1", "u2", "u3")
    take_off(shop, "u2")
    before = shop.lists.people("vip")
    shop.rebuild()
    assert shop.lists.people("vip") == before


def test_who_is_merged_brings_her_place_on_the_list_and_takes_it_away_again(
    shop: Tailorbird,
) -> None:
    put_on(shop, "u2")
    shop.merge("u1", "u2", reason="one household")
    assert shop.lists.people("vip") == [shop.person("u1")]
    shop.unmerge("u1", "u2", reason="two after all")
    assert shop.lists.people("vip") == [shop.person("u2")]


def test_no_sender_puts_herself_on_a_list(shop: Tailorbird) -> None:
    added = {"type": "track", "event": "list_added", "userId": "u1", "properties": {"list": "vip"}}
    for source in ("web", "server:shop", "shopify"):
        say(shop, added, source=source)
    assert shop.lists.count("vip") == 0
    assert {code for _, code, _ in shop.quarantine.counts()} == {"not_allowed"}


def test_to_be_put_on_a_list_is_no_visit(shop: Tailorbird) -> None:
    put_on(shop, "u1")
    assert shop.world.facts.read("SELECT * FROM sessions").num_rows == 0


def test_a_file_names_people_by_the_column_that_it_has(shop: Tailorbird, tmp_path: Path) -> None:
    file = tmp_path / "party.csv"
    file.write_text("Name,User ID\nAda,u1\nEve,u9\nSue,u3\n", "utf-8")
    named = shop.lists.load("vip", file)
    assert (named.changed, named.unknown) == (2, (2,))
    file.write_text("Name\nAda\n", "utf-8")
    with pytest.raises(SourceError, match="name one of its columns with --column: Name"):
        shop.lists.load("vip", file)


def test_a_list_must_be_made_before_anybody_is_put_on_it(shop: Tailorbird) -> None:
    with pytest.raises(UsageError, match=r"no list 'vib'; did you mean 'vip'"):
        shop.lists.add("vib", ["u1"])
    with pytest.raises(DefinitionError, match="cannot name a list"):
        shop.lists.create("../vip")


def test_the_command_line_keeps_lists(
    shop: Tailorbird, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--folder", str(tmp_path / "shop")]
    shop.close()
    assert cli.run(["lists", "create", "staff", "--description", "Us", *folder]) == 0
    assert cli.run(["lists", "add", "staff", "u1", "u2", "nobody", *folder]) == 0
    assert "2 people put on the list; 0 were so already" in capsys.readouterr().out
    assert cli.run(["lists", "remove", "staff", "u2", *folder]) == 0
    assert cli.run(["lists", "add", "staff", "nobody", *folder]) == 1
    capsys.readouterr()
    assert cli.run(["lists", "show", "staff", "--json", *folder]) == 0
    assert json.loads(capsys.readouterr().out)["people"] == 1


def test_a_list_that_is_used_is_not_deleted_by_the_command_line(
    shop: Tailorbird, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--folder", str(tmp_path / "shop")]
    shop.put("segment", "loyal", "name: loyal\nwhere: {list: vip}\n")
    shop.close()
    assert cli.run(["lists", "delete", "vip", *folder]) == 1
    assert "list 'vip' is used by segment loyal (condition)" in capsys.readouterr().err
    assert cli.run(["lists", "used", "vip", *folder]) == 0
    assert "segment  loyal  condition" in capsys.readouterr().out
    assert cli.run(["segments", "remove", "loyal", *folder]) == 0
    assert cli.run(["lists", "delete", "vip", "--reason", "over", *folder]) == 0
    assert cli.run(["lists", "versions", "vip", "--json", *folder]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])[0]["reason"] == "over"
    assert cli.run(["lists", "show", "vip", *folder]) == 2
