"""Each person sees her own blocks, nobody gets `Hi ,`, and every mail can be proven later."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from tailorbird import flow, letters, results
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.demo.run import CAMPAIGN

SLOT = """\
slot: deal
rules:
  - if: {all: [{trait: tier, in: [gold, silver]}, {did: purchase, within: 60d}]}
    show: tier_offer
  - elif: {trait: orders, at_least: 1}
    show: recommendations
  - else: nothing
"""


@pytest.fixture
def ruled(tb: Tailorbird) -> Tailorbird:
    """Return the demo with a second campaign whose offer is chosen by rules."""
    template = tb.world.definitions.get("template", "win_back")
    assert template is not None
    tb.put("slot", "deal", SLOT)
    text = template.text.replace('{% render "tier_offer" %}', '{% render "deal" %}')
    tb.put("template", "ruled", text)
    tb.put("segment", "buyers", "name: buyers\nwhere: {trait: orders, at_least: 0}\n")
    tb.put(
        "campaign",
        "ruled",
        "name: ruled\naudience: buyers\ntemplate: ruled\nholdout: 0\n"
        "variants: {only: {subject: \"For {{ person.first_name | default: 'you' }}\"}}\n",
    )
    now = tb.clock()
    tb.clock = lambda: now
    return tb


def test_rules_show_each_person_her_own_block(ruled: Tailorbird) -> None:
    ruled.decide("ruled")
    sent = [each for each in results.decisions(ruled.world, "ruled") if each.verdict == "send"]
    kept = {each.person: msgspec.json.decode(each.inputs) for each in sent}
    good = "name: good\nwhere:\n  all:\n    - {trait: tier, in: [gold, silver]}\n"
    ruled.put("segment", "good", f"{good}    - {{did: purchase, within: 60d}}\n")
    members = set(ruled.segment_people("good", ruled.clock()))
    shown = {person: each["slots"]["deal"] for person, each in kept.items()}
    personal = {person for person, each in kept.items() if each["personalised"]}
    assert {person for person, block in shown.items() if block == "tier_offer"} == (
        members & personal
    )
    assert set(Counter(shown.values())) == {"tier_offer", "recommendations", ""}


def test_the_ledger_says_why_in_words(
    ruled: Tailorbird, capsys: pytest.CaptureFixture[str]
) -> None:
    ruled.decide("ruled")
    chosen = next(
        each.person
        for each in results.decisions(ruled.world, "ruled")
        if b'"deal":"tier_offer"' in each.inputs
    )
    folder = str(ruled.world.folder)
    ruled.close()
    capsys.readouterr()
    assert run(["why", f"person:{chosen}", "ruled", "-C", folder]) == 0
    told = capsys.readouterr().out
    assert "slot deal: shows tier_offer by rule 1 (" in told
    assert "slots/deal.yaml:3" in told


def test_the_whole_audience_is_checked_before_anybody_is_written_to(ruled: Tailorbird) -> None:
    found = flow.check(ruled.world, "ruled", ruled.clock())
    assert found.done == found.asked > 0
    assert found.sound
    assert found.rendered == sum(
        people for verdict, _, _, people in ruled.plan("ruled") if verdict == "send"
    )
    assert list(results.decisions(ruled.world, "ruled")) == []


def test_every_mail_of_the_demo_is_proven(tb: Tailorbird) -> None:
    template = tb.world.definitions.get("template", "win_back")
    assert template is not None
    tb.put("template", "win_back", template.text.replace("See what is new", "Changed since"))
    sent = [each for each in results.decisions(tb.world, CAMPAIGN) if each.verdict == "send"]
    proofs = [letters.prove(tb.world, each.id, tb.clock()) for each in sent]
    states = Counter(proof.state for proof in proofs if proof)
    assert sent
    assert set(states) <= {"proven", "unsent"}
    assert states["proven"] > 0
