"""No template runs away: loops, sizes and depths are bounded unless someone lifts them."""

from __future__ import annotations

import pytest

from tailorbird import content
from tailorbird.errors import TemplateError

RUNAWAY = {
    "turns of nested loops": (
        "{% for a in (1..400) %}{% for b in (1..400) %}{% endfor %}{{ a }}{% endfor %}",
        "turns",
    ),
    "a long range": ("{% for a in (1..99999999999) %}{% endfor %}", "grew beyond"),
    "text that doubles": (
        "{% assign x = 'ab' %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor %}",
        "grew beyond",
    ),
    "a list that doubles": (
        "{% assign x = 'a,b' | split: ',' %}"
        "{% for i in (1..40) %}{% assign x = x | concat: x %}{% endfor %}",
        "grew beyond",
    ),
    "text replaced by itself": (
        "{% assign x = long | replace: 'a', long %}{% assign x = x | replace: 'a', long %}",
        "grew beyond",
    ),
    "filters in a row": ("{{ quotes" + " | json" * 50 + " }}", "grew beyond"),
    "a number that is squared": (
        "{% assign x = 9 %}{% for i in (1..40) %}{% assign x = x | times: x %}{% endfor %}",
        "too large",
    ),
    "a decimal that is squared": (
        "{% assign x = 9.5 %}{% for i in (1..40) %}{% assign x = x | times: x %}{% endfor %}",
        "too large",
    ),
    "output that repeats": ("{% for i in (1..9000) %}{{ long }}{% endfor %}", "output is longer"),
    "a block that calls itself": ("{% render 'self' %}", "deep"),
    "a block that calls itself twice": ("{% render 'twice', n: 0 %}", "turns"),
    "data inside data": ("{{ nested }}", "nested too deeply"),
}
BLOCKS = {
    "self": "{% render 'self' %}",
    "twice": (
        "{% if n < 50 %}{% assign m = n | plus: 1 %}"
        "{% render 'twice', n: m %}{% render 'twice', n: m %}{% endif %}"
    ),
}


@pytest.mark.parametrize("case", RUNAWAY, ids=str)
def test_a_runaway_template_ends_with_one_clear_error(case: str) -> None:
    source, why = RUNAWAY[case]
    nested: list[object] = []
    for _ in range(5_000):
        nested = [nested]
    template = content.compile(source, name="page", blocks=BLOCKS)
    with pytest.raises(TemplateError, match=why):
        template.render({"long": "a" * 2_000, "quotes": '"' * 9, "nested": nested})  # type: ignore[dict-item]


DEEP = {
    "tags": "{% if a %}" * 60 + "{% endif %}" * 60,
    "loops": "{% for a in b %}" * 30 + "{% endfor %}" * 30,
    "brackets": "{{ " + "a[" * 70 + "1" + "]" * 70 + " }}",
    "tests": "{% if " + " and ".join("a" * 70) + " %}{% endif %}",
    "filters": "{{ a" + " | upcase" * 70 + " }}",
    "steps": "{{ a" + ".b" * 70 + " }}",
    "liquid": "{% " + "liquid " * 300 + "echo 1 %}",
}


@pytest.mark.parametrize("source", DEEP.values(), ids=list(DEEP))
def test_a_template_nested_too_deeply_is_refused_when_compiled(source: str) -> None:
    with pytest.raises(TemplateError):
        content.compile(source)
