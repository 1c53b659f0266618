"""What the reader of journeys takes is valid by their schema, and the schema knows every step."""

from __future__ import annotations

from datetime import date
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tailorbird.journeys import parse_steps
from tailorbird.journeys.json_schema import json_schema
from tailorbird.journeys.library import library

VALID = jsonschema_rs.Draft202012Validator(json_schema())


def plain(text: str) -> Any:
    """Return YAML as JSON has it; a bare `on` is the word that was written."""

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {"on" if key is True else key: told(each) for key, each in value.items()}
        if isinstance(value, list):
            return [told(each) for each in value]
        return value.isoformat() if isinstance(value, date) else value

    return told(yaml.safe_load(text))


@pytest.mark.parametrize("name", sorted(library()))
def test_every_recipe_is_valid(name: str) -> None:
    VALID.validate(plain(library()[name]))


STEPS = {
    "wait": "{wait: {for: 2d, at: '09:00', on: [mon]}}",
    "wait_for": "{wait_for: {event: purchase}, timeout: 1d, then: [], else: [{exit: late}]}",
    "if": "{if: {not: {segment: gold}}, then: [{exit: x}]}",
    "branch": "{branch: [{if: {any: [{segment: a}, {event: b, since: step}]}}], else: []}",
    "split": "{split: {a: {share: 1}, b: {share: 2, steps: [{wait: 1h}]}}}",
    "send": "{send: a, template: t, variants: {x: {subject: One}}, on_refused: [], cap: "
    "{messages: 1, days: 2}}",
    "recommend": "{recommend: picks, count: 3, on_error: []}",
    "set": "{set: {stage: new, vip: true}}",
    "add_to_list": "{add_to_list: vip}",
    "remove_from_list": "{remove_from_list: vip}",
    "webhook": "{webhook: crm}",
    "jump": "{jump: {to: a, most: 3}}",
    "goal": "{goal: bought}",
    "exit": "{exit: done, id: out}",
}


def journey(step: str) -> Any:
    return plain(f"name: x\ntrigger: call\nsteps:\n  - {step}\n")


def test_every_kind_of_step_is_valid() -> None:
    assert set(STEPS) == set(parse_steps.FORMS)
    for step in STEPS.values():
        VALID.validate(journey(step))


@pytest.mark.parametrize(
    "step",
    [
        "{wait: soon}",
        "{wait: 1h, exit: x}",
        "{wait_for: {event: purchase}}",
        "{if: {segment: gold}}",
        "{send: a, template: t}",
        "{send: a, template: t, subject: s, variants: {x: {subject: One}}}",
        "{split: {a: {}}}",
        "{jump: {most: 2}}",
        "{set: {}}",
        "{unknown: 1}",
    ],
)
def test_what_the_reader_refuses_by_its_shape_is_not_valid(step: str) -> None:
    assert not VALID.is_valid(journey(step))
