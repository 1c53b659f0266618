"""A template written out in another dialect prints the same there, or is refused with its place."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from tests.content import export_author as author

from tailorbird import content
from tailorbird.content.export import export
from tailorbird.content.export.to_handlebars import ToHandlebars
from tailorbird.content.export.to_liquid import ToLiquid
from tailorbird.errors import TemplateError

Syntax = Literal["liquid", "handlebars"]
BOTH: Final[tuple[Syntax, Syntax]] = ("liquid", "handlebars")
GOLDEN = Path(__file__).parents[1] / "golden" / "content"


def rendered(source: str, syntax: Syntax, people: list[dict[str, Any]], **how: Any) -> list[str]:
    template = content.compile(source, syntax=syntax, unescaped=True, **how)
    return [template.render(each) for each in people]


@pytest.mark.parametrize("seed", range(4))
def test_exports_compile_again_and_print_the_same_bytes(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(15):
        part = author.part(chance)
        people = [author.data(chance) for _ in range(4)]
        liquid, handlebars = ToLiquid().part(part), ToHandlebars().template(part)
        wanted = rendered(liquid, "liquid", people)
        assert rendered(handlebars, "handlebars", people) == wanted, (liquid, handlebars)
        for source, syntax in zip((liquid, handlebars), BOTH, strict=True):
            for to in BOTH:
                written = export(source, syntax=syntax, to=to)
                assert rendered(written, to, people) == wanted, (source, written)


def test_a_page_is_as_safe_in_the_other_dialect() -> None:
    source = (GOLDEN / "export.liquid").read_text()
    person: dict[str, Any] = {"person": {"first_name": "<b>Ada</b>"}, "tier": "gold", "points": 500}
    person |= {"voucher_minor": 1_250, "products": [{"name": 'Tea & "cups"', "price_minor": 350}]}
    people: list[dict[str, Any]] = [person, {"city": "'s-Gravenhage", "language": "at"}, {}]
    people.append({"tier": "silver", "ends_at": 1_772_600_767, "language": "fr"})
    wanted = rendered(source, "liquid", people, escape=True)
    assert "&lt;B&gt;ADA" in wanted[0]
    for to in BOTH:
        pages = rendered(export(source, to=to, escape=True), to, people, escape=True)
        assert list(map(referenced, pages)) == list(map(referenced, wanted))


def referenced(page: str) -> bytes:
    """Return a page in ASCII: what a filter made safe is as it was, what is printed has numbers."""
    return page.encode("ascii", "xmlcharrefreplace")


@pytest.mark.parametrize(
    ("to", "file"), [("ampscript", "export.amp"), ("handlebars", "export.hbs")]
)
def test_golden_exports(to: Literal["ampscript", "handlebars"], file: str) -> None:
    source = (GOLDEN / "export.liquid").read_text()
    assert export(source, to=to, escape=True) == (GOLDEN / file).read_text()


def test_a_handlebars_template_in_ampscript() -> None:
    source = (
        "{{#if name}}Hi {{name}}{{/if}}{{#each orders}}{{#unless @first}}, {{/unless}}"
        "{{item.title}} {{@root.shop}}{{/each}}{{#with person}}{{city}}{{/with}}"
    )
    assert export(source, syntax="handlebars", to="ampscript").startswith(
        "%%[\nVAR @name, @shop, @person, @person_city, @orders\n"
        'SET @name = AttributeValue("name")\n'
    )


BLOCKS = {"card": "[{{ title }}{{ shop.name }}]"}


def test_blocks_are_put_in_place() -> None:
    source = "{% render 'card', title: product.name %}"
    written = export(source, to="handlebars", blocks=BLOCKS)
    assert written == "[{{{product.name}}}{{{shop.name}}}]"
    written = export(
        "{{> card product title=name}}", syntax="handlebars", to="liquid", blocks=BLOCKS
    )
    assert written == "[{{ name | escape }}{{ product.shop.name | escape }}]"


REFUSED = {
    "a\n{% cycle 'a', 'b' %}": ("handlebars", "t:2:1: cycle has no match in other dialects"),
    "{{ a | sha256 }}": ("ampscript", "t:1:8: filter 'sha256' has no match in other dialects"),
    "{% if a contains 'b' %}{% endif %}": ("liquid", "t:1:7: contains has no match"),
    "{% for a in b %}{% assign c = 1 %}{% endfor %}{{ c }}": (
        "liquid",
        "t:1:17: assign inside a block",
    ),
    "{{ a | money }}": ("ampscript", "t:1:8: AMPscript must know the currency before"),
    "{{ a | truncate: b }}": ("ampscript", "t:1:8: AMPscript must know the length before"),
    "{{ a | capitalize }}": ("ampscript", "t:1:8: AMPscript has no function like capitalize"),
    "{{ a | date: '%j' }}": ("ampscript", "t:1:8: AMPscript has no %j in dates"),
    "{{ forloop.index }}{% for a in b %}{{ forloop.index }}{% endfor %}": (
        "handlebars",
        "t:1:39: of forloop only index0, first and last",
    ),
    "{% render 'cart' %}": ("handlebars", "t:1:1: the block is not known before rendering"),
    "{{ a[b] }}": ("handlebars", "t:1:4: a computed field has no match elsewhere"),
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_does_not_fit_is_refused_with_its_place(source: str) -> None:
    to, what = REFUSED[source]
    with pytest.raises(TemplateError) as caught:
        export(source, to=to, name="t")  # type: ignore[arg-type] # of a tuple
    assert str(caught.value).startswith(what)
    assert caught.value.mend


def test_what_liquid_cannot_say_of_handlebars_is_refused() -> None:
    refused = {
        "{{#if (or (and a b) c)}}{{/if}}": "Liquid has no brackets around and",
        "{{#a}}x{{/a}}": "a plain block may be a test or a loop",
        "{{#each a}}{{@key}}{{/each}}": "@key has no match",
        "{{> @partial-block}}": "only plain partials",
        "{{this}}": "Liquid has no name for all of the data",
    }
    for source, what in refused.items():
        with pytest.raises(TemplateError, match=rf"^t:1:\d+: {what}"):
            export(source, syntax="handlebars", to="liquid", name="t")


PASSED = {
    "{% for p in b %}{% assign n = p.a | default: p.c %}{{ n }};{% endfor %}": "1;3;",
    "{{ s | strip | append: '!' | prepend: '>' }}": ">x!",
    "{% assign most = 1 %}{% for p in b limit: most %}{{ p.a }}{% endfor %}": "1",
}


@pytest.mark.parametrize("to", ["liquid", "handlebars"])
@pytest.mark.parametrize("source", PASSED)
def test_what_is_written_out_prints_the_same(source: str, to: Syntax) -> None:
    written = export(source, to=to)
    data: dict[str, content.Plain] = {"b": [{"a": "1"}, {"c": "3"}], "s": " x "}
    template = content.compile(written, syntax=to, unescaped=True)
    assert template.render(data) == content.compile(source).render(data) == PASSED[source]


def test_ampscript_trims_joins_and_cuts() -> None:
    written = export("{{ a | strip | append: 'x' | truncate: 9 }}", to="ampscript")
    made = 'Concat(Trim(@a),"x")'.replace(",", ", ")
    assert f'IIF(Length({made}) > 9, Concat(Substring({made}, 1, 6), "..."), {made})' in written
