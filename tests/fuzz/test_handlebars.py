"""A short run of the fuzzer of the Handlebars front end, in a process of its own."""

from __future__ import annotations

import pytest
from tests.fuzz.conftest import Fuzz

RUNS = 3_000
SEEDS = (
    "{{#if (eq a 1)}}{{b.c}}{{else if list}}{{#each list as |x k|}}{{x}}{{k}}{{/each}}{{/if}}",
    "{{#> card}}{{#*inline 'x'}}{{../a}}{{/inline}}{{> x}}{{/card}}{{> (lookup . 'a') n=1}}",
    "{{{{raw}}}}{{a}}{{{{/raw}}}}\\{{a}}{{~!-- {{b}} --~}}{{format b.c 'number' digits=2}}",
    "<a href='{{a}}' style=\"x:{{a}}\">{{{a}}}</a>{{#a}}{{^b}}{{.}}{{/b}}{{/a}}",
)


@pytest.mark.slow
def test_whatever_is_written_renders_or_is_refused_with_its_place(fuzz: Fuzz) -> None:
    seeds = {}
    for number, source in enumerate(SEEDS):
        seeds[str(number)] = b"\0\1" + source.encode()
        seeds[f"made-{number}"] = b"\1" + bytes(range(number, 200))
    fuzz("handlebars.py", RUNS, seeds)
