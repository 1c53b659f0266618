"""A broken Handlebars template says what is wrong, where it is, and how to mend it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tailorbird import content
from tailorbird.errors import TemplateError

BROKEN = {
    "a\n{{#if a}}{{b}}": ("page:2:1: {{#if is not closed", "add {{/if}}"),
    "{{#if a}}{{/each}}": ("page:1:10: /each closes if, opened at page:1:1", "{{/if}}"),
    "a {{/if}}": ("page:1:3: the block that is closed here was not opened", "remove"),
    "{{else}}": ("page:1:1: else stands outside of a block", "open a block"),
    "{{#if a}}{{else}}{{else}}{{/if}}": ("page:1:18: a second else", "else if"),
    "{{#iff a}}{{/iff}}": ("page:1:1: there is no helper 'iff'", "did you mean 'if'?"),
    "{{fromat a 'money'}}": ("page:1:1: there is no helper 'fromat'", "did you mean 'format'?"),
    "{{#if (eqq a 1)}}{{/if}}": ("page:1:7: there is no helper 'eqq'", "did you mean 'eq'?"),
    "{{format a}}": ("page:1:1: helper 'format' takes 2 to 3 arguments, got 1", "blanks"),
    "{{money a curency='EUR'}}": ("page:1:1: helper 'money' has no argument named", "currency"),
    "{{#if}}{{/if}}": ("page:1:1: if needs a value", "{{#if VALUE}}"),
    "{{#each a b}}{{/each}}": ("page:1:1: each takes one value, got 2", "brackets"),
    "{{#if a as |x|}}{{/if}}": ("page:1:1: if gives no block parameters", "remove"),
    "{{each a}}": ("page:1:1: each needs a block", "{{#each ...}}"),
    "{{#lookup a b}}{{/lookup}}": ("page:1:1: lookup gives a value and cannot head", "#with"),
    "{{a": ("page:1:1: {{ is not closed", "add }}"),
    "{{a b=1 c}}": ("page:1:9: a value stands behind a named one", "last"),
    "{{a/../b}}": ("page:1:5: .. stands inside the path", "begin with it"),
    "{{first-name!}}": ("page:1:3: expected a value, found 'first-name!'", "in brackets"),
    "{{!-- a": ("page:1:1: the comment is not closed", "--}}"),
    "{{{{raw}}}} a": ("page:1:1: the raw block is not closed", "{{{{/NAME}}}}"),
    "{{{a}}": ("page:1:5: expected '}}}', found '}}'", ""),
    "{{> cart}}": ("page:1:1: there is no block 'cart'", "did you mean 'card'?"),
    "{{> card a b}}": ("page:1:1: a partial takes one context, got 2", "key=value"),
    "{{#*inline 'x'}}{{else}}{{/inline}}": ("page:1:17: an inline partial has no else", "remove"),
    "{{#*inlin 'x'}}{{/inlin}}": ("page:1:1: there is no decorator 'inlin'", "inline"),
    "{{#each a as ||}}{{/each}}": ("page:1:15: expected the name of a block parameter", ""),
    "\0": ("page:1:1: a template cannot hold NUL", "remove"),
    "{{" + "9" * 5_000 + "}}": ("page:1:3: a number is too long", "quotes"),
    "{{#a}}" * 60: ("page:1:301: blocks and brackets are nested more than 50 deep", "split"),
}


@pytest.mark.parametrize("source", BROKEN, ids=lambda source: source[:30].replace("\0", "NUL"))
def test_compiling_names_the_place_and_the_mend(source: str) -> None:
    what, mend = BROKEN[source]
    with pytest.raises(TemplateError) as caught:
        content.compile(source, syntax="handlebars", name="page", blocks={"card": ""})
    assert str(caught.value).startswith(what)
    assert mend in caught.value.mend


FAILING = {
    "a\n{{format a 'mony'}}": ("page:2:1: format cannot write a value as 'mony'", '"money"'),
    "{{> (lookup . 'name')}}": ("page:1:1: there is no block 'carb'", "did you mean 'card'?"),
    "{{> wants}}": ("wants:2:1: this partial was called without a block", "{{#> name}}"),
    "{{object}}": ("page:1:1: a value of type object is not plain data", "give text"),
}


@pytest.mark.parametrize("source", FAILING, ids=lambda source: source[:30])
def test_rendering_names_the_place_too(source: str) -> None:
    what, mend = FAILING[source]
    blocks = {"card": "", "wants": "\n{{> @partial-block}}"}
    template = content.compile(source, syntax="handlebars", name="page", blocks=blocks)
    with pytest.raises(TemplateError) as caught:
        template.render({"a": 1, "name": "carb", "object": object()})  # type: ignore[dict-item]
    assert str(caught.value).startswith(what)
    assert mend in caught.value.mend


WHOLE = (
    "<p>{{#if (and a (gt b 2))}}{{name}}{{else if c}}{{../x.[y z]}}{{else}}{{^d}}-{{/d}}{{/if}}\n"
    "{{#each list as |item key|}}{{@index}}:{{item.name}} {{~#with ../obj}}{{this.a}}{{/with~}}\n"
    '{{/each}}{{!-- note --}}{{#> card name="x" n=1}}{{#*inline "t"}}{{format b "money"}}'
    "{{/inline}}{{/card}}\\{{raw}}{{{{raw}}}}{{x}}{{{{/raw}}}}{{> (lookup names 'a')}}</p>"
)
PIECES = (
    *("{{", "}}", "{{#", "{{/", "{{/if}}", "{{else}}", "{{>", "~", "\\", "(", ")", "|", "[", "]"),
    *("@", "=", '"', "'", ".", "..", "{", "}", "as |", "each", "if ", "\0", "\n", "é", "{{!--"),
)


def mutated(chance: random.Random) -> str:
    """Return the whole template with some of it changed."""
    source = WHOLE
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(source))
        end = min(len(source), at + chance.choice((0, 0, 1, 2, 10, 60)))
        source = source[:at] + chance.choice((*PIECES, "", "")) + source[end:]
    return source


def attempt(source: str, data: Any) -> TemplateError | None:
    blocks = {"card": "{{> t}}"}
    try:
        template = content.compile(source, syntax="handlebars", name="page", blocks=blocks)
        template.render(data)
    except TemplateError as error:
        return error
    return None


def test_a_thousand_mutations_render_or_say_where_they_are_wrong() -> None:
    chance = random.Random(5)
    refused = 0
    data = {"a": 1, "b": 3, "list": [{"name": "x"}, 2], "obj": {"a": 1}, "names": {"a": "card"}}
    for _ in range(1_000):
        source = mutated(chance)
        error = attempt(source, data)
        if error is not None:
            refused += 1
            assert error.where.startswith(("page:", "card:")), (source, error)
            assert error.what
    assert 500 < refused < 1_000


def test_long_malformed_templates_take_bounded_steps() -> None:
    for source in (
        "{{#if a}}" * 5_000,
        "{{" * 20_000,
        "{{a." * 9_000,
        "((" * 9_000,
        "{{!--" * 9_000,
    ):
        with pytest.raises(TemplateError):
            content.compile("{{b}}" + source + "{{", syntax="handlebars")
    blanks = "{{#a}}" + " " * 100_000 + "{{/a}}"
    assert content.compile(blanks, syntax="handlebars").render({}) == ""
