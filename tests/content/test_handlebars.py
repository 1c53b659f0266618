"""Handlebars as marketers write it, and as nobody should be able to."""

from __future__ import annotations

import html
from typing import Any, Literal

import pytest

from tailorbird import content
from tailorbird.content.values import Plain
from tailorbird.errors import TemplateError

NOW = 1_772_600_767_000_000
TEA: list[Plain] = [{"name": "Green <tea>"}, {"name": "Black tea"}]


def rendered(source: str, data: Any, **options: Any) -> str:
    return content.compile(source, syntax="handlebars", **options).render(data, now=NOW)


BROWSED = (
    "{{#each top_browsed_categories}} Because you viewed {{this}}: "
    "{{#each products_in_category this}}{{name}}, {{/each}} {{/each}}"
)


def test_products_of_the_categories_that_somebody_browsed() -> None:
    data = {
        "top_browsed_categories": ["Tea", "Cups", "Books"],
        "products_by_category": {"Tea": TEA, "Cups": [{"name": "Cup"}]},
    }
    assert rendered(BROWSED, data) == (
        " Because you viewed Tea: Green &lt;tea&gt;, Black tea, "
        "  Because you viewed Cups: Cup,   Because you viewed Books:  "
    )


class Shelf:
    """Lists that do not stand in the data."""

    def products_in_category(self, category: str, most: int) -> list[Plain]:
        found: list[Plain] = [{"name": f"{category} {number}"} for number in range(3)]
        return found[:most]

    def recommendations(self, most: int) -> list[Plain]:
        found: list[Plain] = [{"name": "Pot"}, {"name": "Lid"}]
        return found[:most]


def test_the_lists_can_come_from_whoever_renders() -> None:
    source = (
        "{{#each products_in_category 'Tea' limit=2}}{{name}};{{/each}}"
        "{{#each (recommendations limit=1)}}{{name}}{{/each}}"
    )
    template = content.compile(source, syntax="handlebars")
    assert template.render({}, lists=Shelf()) == "Tea 0;Tea 1;Pot"
    assert template.render({"recommendations": [{"name": "Cup"}] * 3}) == "Cup"


def test_a_history_is_shown_where_there_is_one() -> None:
    source = "{{#if product_browse_history}}Recommended for you: {{product_browse_history}}{{/if}}"
    assert rendered(source, {"product_browse_history": "tea & cups"}) == (
        "Recommended for you: tea &amp; cups"
    )
    assert rendered(source, {"product_browse_history": []}) == ""


HELPERS = {
    "{{format price 'money' currency='EUR'}}": "€12.99",
    "{{money price}}": "£12.99",
    "{{format big 'number'}} {{number big digits=1}}": "1,234,567 1,234,567.0",
    "{{format when 'date' '%d.%m.%Y'}}|{{date when}}": "04.03.2026|4 March 2026",
    "{{default nick name 'friend'}}, {{default nick 'friend'}}": "Ada, friend",
    "{{big}} {{pluralize big 'point'}}, {{pluralize one 'point' 'points'}}": (
        "1234567 points, point"
    ),
    "{{#eq tier 'gold'}}A{{else}}B{{/eq}}{{#if (ne tier 'gold')}}C{{/if}}": "A",
    "{{#if (and (gt big 5) (lte one 1) (not nick))}}yes{{/if}}": "yes",
    "{{#greaterThan big 5}}{{#notEquals tier 'x'}}yes{{/notEquals}}{{/greaterThan}}": "yes",
    "{{#or nick name}}{{or nick name}}{{/or}}": "Ada",
    "{{uppercase name}} {{join list '-'}} {{length list}} {{concat 'a' one}}": "ADA 1-2 2 a1",
    "{{#if (lt nick 5)}}less{{else if (gt nick 5)}}more{{else}}unknown{{/if}}": "unknown",
    "{{#with (lookup people 'ada')}}{{name}} {{../name}}{{/with}}": "Lovelace Ada",
    "{{{{raw}}}} {{name}} {{{{/raw}}}}": " {{name}} ",
}


@pytest.mark.parametrize("source", HELPERS)
def test_helpers(source: str) -> None:
    data = {
        "price": 1_299, "big": 1_234_567, "one": 1, "when": 1_772_600_767, "nick": None,
        "name": "Ada", "tier": "gold", "list": [1, 2], "shop": {"currency": "GBP"},
        "people": {"ada": {"name": "Lovelace"}},
    }  # fmt: skip
    assert rendered(source, data) == HELPERS[source]


def test_a_field_is_found_though_a_helper_has_its_name() -> None:
    data = {"date": "today", "recommendations": [1, 2]}
    assert rendered("{{date}} {{#each recommendations}}{{this}}{{/each}}", data) == "today 12"


def test_values_print_as_in_javascript() -> None:
    data = {"v": [True, None, 1.0, -0.5, 1e21, 1e-7, 123456789.25, [1, [2]], {"a": 1}, ""]}
    assert rendered("{{#each v}}{{this}};{{/each}}{{v}}", data) == (
        "true;;1;-0.5;1e+21;1e-7;123456789.25;1,2;[object Object];;"
        "true,,1,-0.5,1e+21,1e-7,123456789.25,1,2,[object Object],"
    )


def test_nothing_of_a_type_is_ever_reached() -> None:
    names = ("__class__", "constructor", "__proto__", "keys", "get", "append", "toString")
    source = "".join(f"{{{{{name}}}}}{{{{list.{name}}}}}{{{{text.{name}}}}}" for name in names)
    assert rendered(source + "{{lookup text '__class__'}}", {"list": [1], "text": "a"}) == ""


def test_what_a_person_wrote_is_never_read_as_a_template() -> None:
    data = {"name": "{{secret}}{{> part}}", "secret": "s", "part": "part"}
    source = "{{name}}{{> (lookup . 'part')}}"
    assert rendered(source, data, blocks={"part": "[{{name}}]"}) == (
        "{{secret}}{{&gt; part}}[{{secret}}{{&gt; part}}]"
    )


def test_values_are_printed_as_they_are_by_permission_only() -> None:
    for source in ("a\n{{{name}}}", "a\n{{&name}}"):
        with pytest.raises(TemplateError, match=r"^t:2:1: .*not allowed here; write \{\{ \}\}"):
            content.compile(source, syntax="handlebars", name="t")
    assert rendered("{{{name}}}{{&name}}", {"name": "<b>"}, unescaped=True) == "<b><b>"


def test_every_place_in_html_is_escaped_in_its_own_way() -> None:
    source = (
        '<a href="{{{url}}}" title="{{name}}" style="color:{{name}}">{{name}}{{{name}}}</a>'
        "{{#each list as |x k|}}<b>{{x}}{{k}}</b>{{/each}}"
    )
    data = {"name": "<b>\"'", "url": "javascript:x", "list": ["<"]}
    assert rendered(source, data, escape=True, unescaped=True) == (
        '<a href="#" title="&lt;b&gt;&quot;&#39;" style="color:b">&lt;b&gt;&quot;&#39;<b>"\'</a>'
        "<b>&lt;0</b>"
    )
    with pytest.raises(TemplateError, match="nothing can be printed here safely"):
        content.compile("<script>{{a}}</script>", syntax="handlebars", escape=True)


@pytest.mark.parametrize("syntax", ["liquid", "handlebars"])
def test_what_is_printed_into_a_page_is_ascii(syntax: Literal["liquid", "handlebars"]) -> None:
    source = '<a href="{{ url }}" title="{{ name }}">{{ name }}</a>'
    page = content.compile(source, syntax=syntax, escape=True)
    found = page.render({"url": "https://x.example/ü", "name": "Zoë & 5 €"})
    assert found == (
        '<a href="https://x.example/&#252;" title="Zo&#235; &amp; 5 &#8364;">'
        "Zo&#235; &amp; 5 &#8364;</a>"
    )
    assert html.unescape(found) == source.replace("{{ url }}", "https://x.example/ü").replace(
        "{{ name }}", "Zoë & 5 €"
    )


@pytest.mark.parametrize("character", ["\x85", "\ud800", "\x80"])
def test_what_has_no_reference_in_a_page_stays_as_it_is(character: str) -> None:
    assert rendered("{{a}}", {"a": f"é{character}"}, escape=True) == f"é{character}"


def test_a_subject_is_not_escaped() -> None:
    assert rendered("{{name}}'s & yours", {"name": "O'Brien"}, plain=True) == "O'Brien's & yours"


LAYOUT = "<h1>{{> title}}</h1>{{> @partial-block}}{{#if @partial-block}}!{{/if}}"


def test_layouts_take_blocks_and_inline_partials() -> None:
    source = '{{#> layout}}{{#*inline "title"}}Hi {{name}}{{/inline}}Body{{/layout}}'
    assert rendered(source, {"name": "Ada"}, blocks={"layout": LAYOUT}) == "<h1>Hi Ada</h1>Body!"


RUNAWAY = {
    "{{#each l}}{{#each @root.l}}{{#each @root.l}}{{/each}}{{/each}}{{/each}}": "turns",
    "{{#each l}}{{@root.long}}{{/each}}": "output is longer",
    "{{> self}}": "deep",
    "{{> twice}}": "turns",
    "{{concat long long long}}": "grew beyond",
    "{{#each l}}{{#each @root.l}}{{#if (eq (uppercase @root.long) 1)}}{{/if}}{{/each}}{{/each}}": (
        "go through more"
    ),
}


def test_a_door_can_say_that_the_time_is_over() -> None:
    template = content.compile("{{#each l}}{{this}}{{/each}}", syntax="handlebars")
    asked = iter([False, False, True, True])
    with pytest.raises(TemplateError, match="the time for this template is over"):
        template.render({"l": [1, 2, 3]}, deadline=lambda: next(asked))


@pytest.mark.parametrize("source", RUNAWAY)
def test_no_template_runs_away(source: str) -> None:
    blocks = {"self": "{{> self}}", "twice": "{{#each l}}{{> turns}}{{/each}}"}
    blocks["turns"] = "{{#each @root.l}}{{#each @root.l}}{{/each}}{{/each}}"
    data = {"l": [1] * 400, "long": "x" * 900_000}
    with pytest.raises(TemplateError, match=RUNAWAY[source]):
        rendered(source, data, blocks=blocks)
