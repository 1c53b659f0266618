"""Slots and texts by command: what there is, and an end that takes nothing from a mail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tailorbird import removing
from tailorbird.app import Tailorbird
from tailorbird.cli.commands import app
from tailorbird.errors import ConflictError, UsageError

SLOT = "slot: deal\nrules:\n  - {if: {trait: country, is: AT}, show: offer_a}\n"
MAIL = (
    '<mjml><mj-body>{% render "deal" %}<mj-section><mj-column><mj-text><a href='
    '"{{ unsubscribe_url }}">x</a></mj-text></mj-column></mj-section></mj-body></mjml>'
)
BLOCK = "<mj-section><mj-column><mj-text>Offer A</mj-text></mj-column></mj-section>"


def test_a_slot_that_a_mail_calls_is_not_removed(shop: Tailorbird) -> None:
    shop.put("slot", "deal", SLOT)
    shop.put("template", "spring", MAIL)
    shop.put("block", "frame", "{% render 'deal' %}")
    found = removing.uses(shop.world, "slot", "deal")
    assert [each.phrase() for each in found] == ["template spring (slot)", "block frame (slot)"]
    with pytest.raises(ConflictError, match="used by template spring"):
        removing.remove(shop.world, "slot", "deal", now=shop.clock())
    assert shop.world.definitions.get("slot", "deal")


def test_a_slot_that_nothing_calls_ends(shop: Tailorbird) -> None:
    shop.put("slot", "deal", SLOT)
    shop.put("template", "autumn", MAIL.replace("deal", "offer"))
    assert removing.remove(shop.world, "slot", "deal", now=shop.clock()).version == 1
    assert shop.world.definitions.get("slot", "deal") is None
    with pytest.raises(UsageError, match="no slot 'deal'"):
        removing.remove(shop.world, "slot", "deal", now=shop.clock())


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--folder", str(folder)])


def test_slots_and_texts_are_listed_and_removed_by_command(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    with Tailorbird.open(folder, environment={}) as tb:
        tb.put("block", "offer_a", BLOCK)
        tb.put("slot", "deal", SLOT)
        tb.put("texts", "de", "texts: de\nentries:\n  hello: Hallo\n  bye: Ade\n")
    listed = run(folder, "texts", "list", "--json")
    assert json.loads(listed.output) == [
        {"locale": "de", "version": 1, "entries": ["bye", "hello"]}
    ]
    assert run(folder, "slots", "used", "deal").output == "nothing rests on deal\n"
    removed = run(folder, "slots", "remove", "deal", "--reason", "over")
    assert removed.output.startswith("slot deal is no more; it was version 1")
    assert "removed" in run(folder, "slots", "versions", "deal").output
    again = run(folder, "slots", "remove", "deal")
    assert again.exit_code != 0
