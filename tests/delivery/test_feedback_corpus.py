"""Real bounces, answers and complaints: hard and soft told apart, and nobody barred for our fault.

The labels are those of another reader, which calls soft whatever a server says of a recipient after
it had seen the mail. The sample was split by the hash of its files' names: rules were written on
one half, widened on a quarter, and told 88 % right of the last quarter before anybody looked at it.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailorbird.delivery.feedback import Outcome, read
from tailorbird.delivery.feedback.outcomes import GONE, SENDERS_FAULT

HARD_OR_SOFT = 0.98
ANSWERS = 0.97
OWN_FAULTS = frozenset(
    {
        "authfailure", "badreputation", "blocked", "contenterror", "exceedlimit", "mesgtoobig",
        "norelaying", "notcompliantrfc", "policyviolation", "requireptr", "securityerror",
        "spamdetected", "speeding", "toomanyconn", "virusdetected",
    }
)  # fmt: skip
"""Reasons of the labels that say nothing about the person."""
Case = tuple[str, bytes, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def corpus(shared_data: Path) -> list[Case]:
    return list(cases(shared_data / "email" / "bounces.zip"))


def cases(path: Path) -> Iterator[Case]:
    with zipfile.ZipFile(path) as packed:
        for line in packed.read("expected.jsonl").splitlines():
            told = json.loads(line)
            yield told["file"], packed.read(told["file"]), told["expected"] or []


def wanted(label: dict[str, Any]) -> str:
    if label.get("feedback_type"):
        return f"report {label['feedback_type']}"
    special = {"vacation": "auto_reply", "delivered": "delivered"}
    return special.get(label["reason"], "hard" if label["hard"] else "soft")


def told(outcome: Outcome) -> str:
    if outcome.feedback_type:
        return f"report {outcome.feedback_type}"
    kinds = {"hard_bounce": "hard", "soft_bounce": "soft", "deferred": "soft"}
    return kinds.get(outcome.kind, outcome.kind)


def confusion(corpus: list[Case]) -> Counter[tuple[str, str]]:
    """Return how often each (label, answer) came, recipient by recipient in whatever order."""
    found: Counter[tuple[str, str]] = Counter()
    for _, raw, labels in corpus:
        if not labels:
            continue
        right = Counter(map(wanted, labels))
        given = Counter(map(told, read(raw)))
        both = right & given
        found.update({(each, each): number for each, number in both.items()})
        wrong = [*(given - both).elements()] + [""] * len(labels)
        found.update(zip((right - both).elements(), wrong, strict=False))
    return found


def share(found: Counter[tuple[str, str]], *kinds: str) -> float:
    asked = {pair: number for pair, number in found.items() if pair[0].startswith(kinds)}
    return sum(n for (label, said), n in asked.items() if label == said) / sum(asked.values())


@pytest.mark.shared
def test_hard_and_soft_complaints_and_answers_are_told_apart(corpus: list[Case]) -> None:
    found = confusion(corpus)
    for (label, said), number in sorted(found.items()):
        sys.stdout.write(f"{label:20} {said or 'nothing':20} {number:4}\n")
    assert share(found, "hard", "soft") >= HARD_OR_SOFT
    assert share(found, "report") >= ANSWERS
    assert share(found, "auto_reply") >= ANSWERS


@pytest.mark.shared
def test_nobody_is_barred_for_what_is_the_senders_fault(corpus: list[Case]) -> None:
    for name, raw, labels in corpus:
        if labels and all(label["reason"] in OWN_FAULTS for label in labels):
            assert "hard_bounce" not in {outcome.kind for outcome in read(raw)}, name


@pytest.mark.shared
def test_only_who_is_gone_bounces_hard(corpus: list[Case]) -> None:
    for _, raw, _ in corpus:
        for outcome in read(raw):
            assert (outcome.kind == "hard_bounce") <= (outcome.why in GONE - SENDERS_FAULT)


@pytest.mark.shared
def test_a_mail_cut_off_anywhere_is_still_read(corpus: list[Case]) -> None:
    for number, (_, raw, _) in enumerate(corpus):
        cut = raw[: (number * 7919) % len(raw)]
        assert len(read(cut)) >= 1
        assert len(read(raw[::-1])) >= 1
        assert len(read(raw.replace(b"\n", b"\r"))) >= 1
