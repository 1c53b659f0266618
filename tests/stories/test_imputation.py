"""Gaps are filled for models and mails, marked in each decision, and never seen by a segment."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tailorbird import imputation, learning, model_data, profiles
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, Instant, PersonId

POLICY = """\
imputation: shop
traits:
  favourite_category: {fill: mode}
  recency_days: {fill: median}
"""


def gaps(tb: Tailorbird, as_of: Instant) -> list[PersonId]:
    table = profiles.table(tb.world.facts, ["favourite_category"], as_of=as_of)
    return [row["person"] for row in table.to_pylist() if row["favourite_category"] is None]


def test_a_decision_says_which_traits_nobody_said(tb: Tailorbird) -> None:
    tb.put("segment", "all", "name: all\nwhere:\n  trait: orders\n  at_least: 0\n")
    campaign = tb.world.definitions.latest("campaign")[0]
    text = campaign.text.replace(f"name: {campaign.name}", "name: everybody")
    audience = next(line for line in text.splitlines() if line.startswith("audience:"))
    tb.put("campaign", "everybody", text.replace(audience, "audience: all"))
    before = tb.segment_people("all")
    tb.put("imputation", imputation.NAME, POLICY)
    now = tb.clock()
    tb.clock = lambda: now
    tb.decide("everybody")
    decisions = tb.world.ledger.decisions(campaign="everybody", limit=10_000)
    inputs = {each.person: msgspec.json.decode(each.inputs) for each in decisions}
    personal = {person for person, each in inputs.items() if each.get("personalised")}
    marked = {person for person, each in inputs.items() if "imputed" in each}
    assert marked == personal & set(gaps(tb, now))
    assert marked
    values = {inputs[person]["traits"]["favourite_category"] for person in marked}
    assert len(values) == 1
    assert None not in values
    assert all(
        inputs[person]["imputed"] == ["recency_days", "favourite_category"] for person in marked
    )
    assert tb.segment_people("all") == before


def test_no_segment_sees_what_was_filled(tb: Tailorbird) -> None:
    tb.put("segment", "known", "name: known\nwhere:\n  trait: favourite_category\n  not_in: [x]\n")
    before = tb.segment_people("known")
    tb.put("imputation", imputation.NAME, POLICY)
    assert tb.segment_people("known") == before
    assert set(before).isdisjoint(gaps(tb, tb.clock()))


def test_the_past_is_filled_by_the_past(tb: Tailorbird) -> None:
    tb.put("imputation", imputation.NAME, POLICY)
    found = imputation.policies(tb.world)
    assert found is not None
    now = tb.clock()
    people = learning.trainees(tb.world, now)
    then = now - 120 * DAY
    before = imputation.values_of(tb.world, found, then, lambda: people)
    tb.world.facts.write([('DELETE FROM lines WHERE "at" > ?', (then,))])
    tb.world.facts.write([('DELETE FROM facts WHERE "at" > ?', (then,))])
    assert imputation.values_of(tb.world, found, then, lambda: people) == before
    assert before


def test_models_are_given_what_was_filled(tb: Tailorbird) -> None:
    tb.put("imputation", imputation.NAME, "imputation: t\ntraits: {country: {fill: mode}}\n")
    now = tb.clock()
    people = learning.trainees(tb.world, now)
    tb.world.facts.write([("DELETE FROM trait_values WHERE person % 2 = 0", ())])
    features = model_data.traits(tb.world, now, people, ["country"])
    assert features.column("country").null_count == 0
    assert features.num_rows == len(people)


def test_a_policy_names_segments_that_exist(tb: Tailorbird) -> None:
    text = "imputation: t\ntraits:\n  country: {fill: segment, segments: {noone: IE}}\n"
    with pytest.raises(DefinitionError, match="no segment 'noone'"):
        tb.put("imputation", imputation.NAME, text)


def test_the_command_says_what_each_trait_is_filled_with(
    tb: Tailorbird, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, folder = tmp_path / "imputation.yaml", str(tb.world.folder)
    policy.write_text(POLICY)
    tb.close()
    assert run(["quality", "fill", str(policy), "--dry-run", "-C", folder, "--json"]) == 0
    category, recency = msgspec.json.decode(capsys.readouterr().out)
    assert (category["fill"], recency["fill"]) == ("mode", "median")
    assert category["missing"] > 0
    assert isinstance(category["value"], str)
    assert isinstance(recency["value"], int)
    with Tailorbird.open(folder, environment={}) as again:
        assert imputation.policies(again.world) is None
