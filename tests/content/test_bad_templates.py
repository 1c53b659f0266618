"""Whatever stands in a template or its values: it renders, or one error says where and how to mend.

Nobody's template takes the machine: each ends within its budgets.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailorbird import content
from tailorbird.content import meter
from tailorbird.content.cache import TemplateCache
from tailorbird.errors import TemplateError

MUTANTS = 1_000
NOISE = (
    *("{{", "}}", "{%", "%}", "-%}", "|", ":", ",", "'", '"', "[", "]", ".", "..", "(", ")", "\0"),
    *("endif", "else", "if", "for", "in", "=", "<", "\n", "{# ", "é", "\ud800", "9" * 50),
)


def attempt(source: str, values: dict[str, Any]) -> str | TemplateError:
    try:
        return content.compile(source, name="page", blocks={"a": "{{ x }}"}).render(values)
    except TemplateError as error:
        return error


def malformed(shared_data: Path) -> Iterator[str]:
    folder = shared_data / "templates"
    golden = json.loads((folder / "golden_liquid.json").read_text())["tests"]
    yield from (case["template"] for case in golden if case.get("invalid"))
    with gzip.open(folder / "liquid_spec.jsonl.gz", "rt") as lines:
        for line in lines:
            case = json.loads(line)
            if (case.get("errors") or {}).get("parse_error") and not case.get("filesystem"):
                yield case["template"]


@pytest.mark.shared
def test_every_malformed_template_of_the_suites_is_refused_at_a_place(shared_data: Path) -> None:
    refused = 0
    for source in malformed(shared_data):
        error = attempt(source, {})
        if isinstance(error, TemplateError):
            assert (error.file, bool(error.line), bool(error.column)) == ("page", True, True), error
            refused += 1
    assert refused >= 900


@pytest.mark.shared
def test_a_thousand_mutants_render_or_say_where_they_are_broken(shared_data: Path) -> None:
    draw = random.Random(11)
    golden = json.loads((shared_data / "templates" / "golden_liquid.json").read_text())["tests"]
    broken = 0
    for number in range(MUTANTS):
        case = draw.choice(golden)
        source = mutated(case["template"], draw)
        found = attempt(source, case.get("data") or {})
        if isinstance(found, TemplateError):
            assert re.match(r"(page|a):\d+:\d+: ", str(found)), (number, source, str(found))
            broken += 1
    assert broken > MUTANTS // 4


def mutated(source: str, draw: random.Random) -> str:
    for _ in range(draw.randint(1, 3)):
        at = draw.randint(0, len(source))
        cut = draw.choice((0, 0, 1, 3))
        source = source[:at] + draw.choice(("", *NOISE)) + source[at + cut :]
    return source


INJECTED = (
    "{{ 7 | times: 7 }}",
    "{% for i in (1..9) %}x{% endfor %}",
    "{{7*7}}",
    "${7*7}",
    "{%raw%}{{ secret }}{%endraw%}",
    "{{ secret }}",
    "{% assign name = secret %}{{ name }}",
    "{{''.__class__.__mro__[1].__subclasses__()}}",
    "{% include 'a' %}",
)


@pytest.mark.parametrize("text", INJECTED)
def test_what_a_person_wrote_is_never_read_as_a_template(text: str) -> None:
    source = "{{ name }}{% capture c %}{{ name }}{% endcapture %}{{ c }}{{ name | append: '' }}"
    assert attempt(source, {"name": text, "secret": "s3cr3t"}) == text * 3


TRICKS = (
    "__class__", "__proto__", "constructor", "prototype", "__globals__", "__builtins__", "__dict__",
    "keys", "items", "format", "gi_frame", "mro", "__init__", "toString",
)  # fmt: skip


@pytest.mark.parametrize("name", TRICKS)
def test_no_name_reaches_an_attribute_of_what_holds_the_values(name: str) -> None:
    source = f"[{{{{ {name} }}}}{{{{ a.{name} }}}}{{{{ l.{name} }}}}{{{{ t['{name}'] }}}}"
    source += f"{{{{ l | map: '{name}' | join }}}}]"
    assert attempt(source, {"a": {}, "l": [{}], "t": "text"}) == "[]"


LONG = "ab c" * 400_000
BOMBS = {
    "a filter over a long text in every turn": (
        "{% for i in (1..99999) %}{% assign x = long | upcase | size %}{% endfor %}",
        "go through more than",
    ),
    "a long text searched in every turn": (
        "{% for i in (1..99999) %}{% if long contains 'zz' %}{% endif %}{% endfor %}",
        "go through more than",
    ),
    "a list sorted in every turn": (
        "{% assign l = long | split: ' ' | slice: 0, 90000 %}"
        "{% for i in (1..99999) %}{% assign x = l | sort %}{% endfor %}",
        "go through more than",
    ),
    "a capture larger than memory": (
        "{% capture c %}{% for i in (1..99999) %}{{ long }}{% endfor %}{% endcapture %}",
        "grew beyond",
    ),
    "a text that is split into characters and joined": (
        "{% assign x = 'ab' %}{% for i in (1..60) %}{% assign x = x | split: '' | join: x %}"
        "{% endfor %}",
        "grew beyond",
    ),
    "an output larger than memory": ("{% for i in (1..99999) %}{{ long }}{% endfor %}", "output"),
    "tables in tables": (
        "{% tablerow a in (1..9999) %}{% tablerow b in (1..9999) %}{% endtablerow %}"
        "{% endtablerow %}",
        "turns",
    ),
    "a range as a list": ("{{ (1..99999999) | join: ',' | size }}", "grew beyond"),
    "a number with a million digits": (
        "{% assign x = 10 %}{% for i in (1..99) %}{% assign x = x | times: x %}{% endfor %}",
        "too large",
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_ends_with_one_error_at_its_place(case: str) -> None:
    source, why = BOMBS[case]
    error = attempt(source, {"long": LONG})
    assert isinstance(error, TemplateError), error
    assert why in error.what
    assert error.mend
    assert error.file == "page"


def test_a_rendering_whose_time_is_over_ends_in_the_next_turn() -> None:
    asked: list[None] = []

    def late() -> bool:
        asked.append(None)
        return len(asked) > 5

    template = content.compile("{% for i in (1..1000) %}{{ i }}{% endfor %}", name="page")
    with pytest.raises(TemplateError, match=r"^page:1:1: the time for this template is over"):
        template.render({}, deadline=late)
    assert len(asked) < 10


def test_each_rendering_has_a_budget_of_its_own() -> None:
    template = content.compile("{{ long | upcase | size }}")
    for _ in range(meter.MOST_WORK // len(LONG) + 5):
        assert template.render({"long": LONG}) == str(len(LONG))


def test_a_cache_compiles_the_same_text_once_and_keeps_the_latest() -> None:
    cache = TemplateCache(most=2)
    first = cache.compile("{{ a }}")
    assert cache.compile("{{ a }}") is first
    assert cache.compile("{{ a }}", escape=True) is not first
    assert cache.compile("{{ a }}", blocks={"b": ""}) is not first
    assert len(cache) == 2
    assert cache.compile("{{ a }}") is not first


def test_a_cache_is_bounded_by_what_it_holds_too() -> None:
    cache = TemplateCache(most=100, most_characters=10_000)
    for number in range(50):
        cache.compile(f"{number}" + "x" * 1_000)
    assert len(cache) <= 10
