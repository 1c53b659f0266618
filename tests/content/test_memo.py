"""What a loop printed is printed again from memory, and never differs from printing it anew."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tailorbird import content
from tailorbird.content.memo import MOST_CHARACTERS, Made, Memo
from tailorbird.content.runs import REST, TRIAL, Run, Runs, Turn
from tailorbird.errors import TemplateError

SOURCE = """{% for p in items %}<a href="{{ p.url }}">{{ p.name }}</a>{% if p.price > 10 %}
{{ p.price | money: p.currency }}{% elsif p.price %}{{ p.price }}{% endif %}
{{ p.note }}{% endfor %}"""
ODD: tuple[Any, ...] = (1, 1.0, True, 0.0, -0.0, 0, False, None, "1", "", [1], [True], {"a": 1}, 12)


def mail() -> content.EmailTemplate:
    mjml = f"<mjml><mj-body><mj-text>{SOURCE}</mj-text></mj-body></mjml>"
    return content.compile_email(content.EmailSource(name="m", subjects={}, mjml=mjml), {})


def page(template: content.EmailTemplate, items: list[Any], who: int = 0, **values: Any) -> str:
    data = {"items": items, **values}
    return template.html(data, lambda url, index: f"https://t.example/{who}/{index}?{url}", "", 0)


def product(draw: random.Random) -> Any:
    fields = {
        "url": draw.choice(("https://a.example/?x=1&y=2", "", None, "address 0")),
        "name": draw.choice(ODD),
        "price": draw.choice((1, 1.0, True, 12, 12.0, None, 0.0, -0.0)),
        "currency": draw.choice(("EUR", None)),
        "note": draw.choice(ODD),
    }
    if draw.random() < 0.2:
        del fields[draw.choice(list(fields))]
    return fields if draw.random() < 0.97 else draw.choice(("text", 3, None, [1]))


def test_what_is_remembered_equals_what_is_printed_anew() -> None:
    draw = random.Random(7)
    remembering = mail()
    for who in range(150):
        items = [product(draw) for _ in range(draw.randint(0, 6))]
        shop = {"currency": draw.choice(("EUR", "USD")), "zone": "UTC"}
        values = {"shop": shop, "locale": draw.choice(("", "de"))}
        try:
            wanted = page(mail(), items, who, **values)
        except TemplateError:
            continue
        assert page(remembering, items, who, **values) == wanted


def test_each_person_gets_her_own_links_from_memory() -> None:
    template = mail()
    items = [{"url": "https://a.example/1", "name": "Pot", "price": 12, "currency": "EUR"}]
    first, second = page(template, items, 1), page(template, items, 2)
    assert "https://t.example/1/0?https://a.example/1" in first
    assert second == first.replace("t.example/1/", "t.example/2/")


def printed(memo: Memo, rows: list[Any]) -> int:
    """Send rows through a memo as a loop does; return how many were printed anew."""
    made, anew = Made(), 0
    out: list[str] = []
    if not memo.awake(len(rows)):
        return len(rows)
    for _, element in memo.turns(rows, (), out, lambda url, index: url, made):
        assert isinstance(element, dict)
        made.out.append(element["a"])
        anew += 1
    assert "".join(out) == "".join(row["a"] for row in rows)
    return anew


def test_a_memo_rests_when_nothing_comes_again_and_tries_again_later() -> None:
    memo = Memo(["a"], escape=True)
    for number in range(TRIAL // 8):
        assert printed(memo, [{"a": f"{number} {place}"} for place in range(8)]) == 8
    assert not memo.awake(1)
    assert memo.size == 0
    assert not memo.awake(REST)
    assert printed(memo, [{"a": "x"}] * 8) == 1


def test_what_a_memo_holds_is_bounded() -> None:
    memo = Memo(["a"], escape=True)
    for number in range(20):
        printed(memo, [{"a": f"{number}" + "x" * 1_000_000}] * 2)
        assert memo.size <= MOST_CHARACTERS + 2_000_000


@pytest.mark.parametrize(
    "source",
    [
        "{% for p in items %}{{ p.a }}{{ p.b }}{{ p.c }}{{ p.d }}{{ name }}{% endfor %}",
        "{% for p in items %}{{ p.a }}{{ p.b }}{{ p.c }}{{ p.d }}{{ forloop.index }}{% endfor %}",
        "{% for p in items %}{{ p.a }}{{ p.b }}{{ p.c }}{{ p.d }}{% increment n %}{% endfor %}",
        "{% for p in items %}{{ p.a }}{{ p.b }}{{ p.c }}{{ p.d }}"
        "{{ 'now' | date: '%s' }}{% endfor %}",
    ],
)
def test_a_loop_that_reads_more_than_its_elements_remembers_nothing(source: str) -> None:
    assert "Memo(" not in content.compile(source).source


PASSING = """{% for p in items %}{% assign label = p.name | default: p.url %}{{ label }}
<a href="{{ p.url }}">{{ p.price }}</a>{% if label != blank %}{{ p.note }}{% endif %}{% endfor %}"""


def test_a_name_that_every_turn_assigns_anew_is_remembered_with_it() -> None:
    assert "Memo(" in content.compile(PASSING).source
    draw = random.Random(9)
    remembering = content.compile(PASSING, escape=True)
    for _ in range(60):
        items = [product(draw) for _ in range(draw.randint(0, 5))]
        fresh = content.compile(PASSING, escape=True)
        assert remembering.render({"items": items}) == fresh.render({"items": items})


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        (PASSING + "{{ label }}", "B"),  # the last turn's is read behind the loop
        (PASSING.replace("{% assign", "{{ label }}{% assign"), "B"),  # the turn's before
        (PASSING.replace("label", "p"), ""),
        ("{% for o in outer %}" + PASSING.replace("label", "o") + "{% endfor %}", "outer"),
        (
            PASSING.replace("{% assign", "{% if p.price %}{% assign").replace(
                "%}{{", "%}{% endif %}{{", 1
            ),
            "A",
        ),
    ],
)
def test_a_name_that_outlives_its_turn_keeps_the_loop_from_remembering(
    source: str, printed: str
) -> None:
    template = content.compile(source)
    assert "Memo(" not in template.source
    items: list[content.Plain] = [{"name": "A", "url": "u", "price": 1}, {"name": "B", "url": "v"}]
    assert printed in template.render({"items": items, "outer": ["outer"]})


def test_what_a_whole_list_printed_is_printed_with_each_persons_links() -> None:
    template = mail()
    lists = [
        [{"url": f"https://a.example/{n}", "name": f"{n}", "price": p} for n in range(4)]
        for p in (1, True, 1.0, 2)
    ]
    for who in range(12):
        for items in lists:
            assert page(template, items, who) == page(mail(), items, who)


def test_a_list_that_comes_again_is_looked_for_as_a_whole() -> None:
    runs = Runs(10_000)
    rows: list[tuple[object, ...]] = [("a", 1), ("b", 2)]
    assert runs.find((), rows) == (None, False)
    assert runs.find((), rows) == (None, True)
    turns = [Turn(((1, int),), text, (("https://a.example", 3, "/"),)) for text in "ab"]
    runs.keep((), rows, Run.of(turns, rows))
    found, due = runs.find((), rows)
    out: list[str] = []
    assert found is not None
    found.print(out, lambda url, index: f"{url}?{index}", str)
    assert ("".join(out), due) == ("ahttps://a.example?3/bhttps://a.example?3/", False)
    assert runs.find((), [("a", True), ("b", 2)])[0] is None


def test_whole_lists_are_given_up_where_none_comes_again() -> None:
    runs = Runs(10_000)
    for number in range(TRIAL // 8 + 1):
        runs.find((), [(number, place) for place in range(8)])
    again: list[tuple[object, ...]] = [(0, place) for place in range(8)]
    assert runs.find((), again) == (None, False)


MUSTACHE = """{{#each items}}<a href="{{url}}">{{name}}</a>{{#if price}}{{money price currency}}
{{/if}}{{default note "-"}} {{name.length}}{{#unless currency}}{{name}}{{/unless}}{{/each}}"""


def test_a_handlebars_loop_remembers_what_it_would_print_anew() -> None:
    draw = random.Random(11)
    remembering = content.compile(MUSTACHE, syntax="handlebars", escape=True)
    assert "Memo(" in remembering.source
    for who in range(150):
        data: dict[str, Any] = {
            "items": [product(draw) for _ in range(draw.randint(0, 6))],
            "shop": {"currency": draw.choice(("EUR", "USD"))},
        }

        def links(url: str, index: int, who: int = who) -> str:
            return f"https://t.example/{who}/{index}?{url}"

        fresh = content.compile(MUSTACHE, syntax="handlebars", escape=True)
        try:
            wanted = fresh.render(data, links=links)
        except TemplateError:
            continue
        assert remembering.render(data, links=links) == wanted
        assert remembering.render(data, links=links) == wanted


@pytest.mark.parametrize(
    "added",
    [
        "{{@index}}",
        "{{../name}}",
        "{{@root.name}}",
        "{{this}}",
        "{{date 'now'}}",
        "{{format name kind}}",
        "{{#each parts}}{{name}}{{/each}}",
        "{{> card}}",
    ],
)
def test_a_handlebars_loop_that_reads_more_than_its_elements_remembers_nothing(added: str) -> None:
    source = MUSTACHE.replace("{{/each}}", added + "{{/each}}")
    blocks = {"card": "{{name}}"}
    assert "Memo(" not in content.compile(source, syntax="handlebars", blocks=blocks).source


def test_a_loop_in_a_loop_remembers_its_own_elements_only() -> None:
    inner = "{{#each outer as |o|}}" + MUSTACHE.replace("items", "o.items") + "{{/each}}"
    assert "Memo(" in content.compile(inner, syntax="handlebars").source
    reading = inner.replace("{{name}}<", "{{o.name}}<")
    assert "Memo(" not in content.compile(reading, syntax="handlebars").source
