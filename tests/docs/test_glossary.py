"""The glossary has every word of the trade once, in order, with one sentence each."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from tailorbird import schema

GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
WORDS_OF_THE_TRADE = {
    "event",
    "trait",
    "profile",
    "identity",
    "segment",
    "tier",
    "journey",
    "step",
    "trigger",
    "variant",
    "exposure",
    "conversion",
    "send",
    "open",
    "click",
    "bounce",
    "complaint",
    "suppression",
    "carrier",
    "consent",
    "purpose",
    "permit",
    "erasure",
    "quarantine",
    "ledger",
    "decision",
}
TOLD_ELSEWHERE = {
    "consent claim": "consent",
    "consent state": "consent",
    "known person": "person",
    "log record": "log",
    "outgoing": "send",
    "quarantined": "quarantine",
    "refused": "refusal",
    "rendered": "template",
    "resolved event": "event",
}
"""Nouns of the schema that are a form of another word."""


def entries() -> dict[str, str]:
    """Return each word of the glossary with its sentence."""
    found = re.findall(r"^- \*\*(.+?)\*\*: (.+)$", GLOSSARY.read_text(encoding="utf-8"), re.M)
    assert len(found) == len(dict(found)), "a word is explained twice"
    return dict(found)


def nouns() -> list[str]:
    """Return the nouns of the schema, as words."""
    kinds = [
        kind
        for kind in vars(schema).values()
        if isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and kind is not msgspec.Struct
    ]
    return [re.sub(r"(?<!^)(?=[A-Z])", " ", kind.__name__).lower() for kind in kinds]


def test_every_word_of_the_trade_is_explained() -> None:
    assert set(entries()) >= WORDS_OF_THE_TRADE


def test_every_noun_of_the_schema_is_explained() -> None:
    words = entries()
    assert [noun for noun in nouns() if TOLD_ELSEWHERE.get(noun, noun) not in words] == []


def test_words_are_in_order() -> None:
    words = list(entries())
    assert words == sorted(words)


def test_every_explanation_is_one_sentence() -> None:
    assert [word for word, text in entries().items() if not text.endswith(".")] == []
    assert [word for word, text in entries().items() if ". " in text] == []
