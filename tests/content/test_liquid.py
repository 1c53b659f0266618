"""Liquid templates print what Shopify's print."""

from __future__ import annotations

import pytest

from tailorbird import content

CASES: dict[str, tuple[str, dict[str, content.Plain], str]] = {
    "a value": ("{{ a.b }}", {"a": {"b": 1}}, "1"),
    "nil prints nothing": ("[{{ missing.deeper }}]", {}, "[]"),
    "nil and false alone are false": (
        "{% for x in all %}{% if x %}1{% else %}0{% endif %}{% endfor %}",
        {"all": [None, False, 0, "", []]},
        "00111",
    ),
    "and, or join from the right": (
        "{% if true or false and false %}yes{% endif %}",
        {},
        "yes",
    ),
    "text is not a number": ("{% if '1' == 1 %}same{% else %}other{% endif %}", {}, "other"),
    "true is not 1": ("{% if one == true %}same{% else %}other{% endif %}", {"one": 1}, "other"),
    "unless": ("{% unless a %}no{% else %}yes{% endunless %}", {"a": 1}, "yes"),
    "case": ("{% case t %}{% when 'a', 'b' %}ab{% else %}-{% endcase %}", {"t": "b"}, "ab"),
    "for": (
        "{% for x in l reversed limit: 2 offset: 1 %}{{ forloop.index }}{{ x }}{% endfor %}",
        {"l": ["a", "b", "c", "d"]},
        "1c2b",
    ),
    "for else": ("{% for x in l %}{{ x }}{% else %}none{% endfor %}", {"l": []}, "none"),
    "break and continue": (
        "{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% endif %}"
        "{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
        {},
        "134",
    ),
    "assign and capture": (
        "{% assign a = 'x' | upcase %}{% capture b %}{{ a }}y{% endcapture %}{{ b }}",
        {},
        "Xy",
    ),
    "counters": ("{% increment n %}{% increment n %}{% decrement m %}", {}, "01-1"),
    "cycle": ("{% for i in (1..3) %}{% cycle 'odd', 'even' %} {% endfor %}", {}, "odd even odd "),
    "tablerow": (
        "{% tablerow x in l cols: 2 %}{{ x }}{% endtablerow %}",
        {"l": [1, 2, 3]},
        '<tr class="row1">\n<td class="col1">1</td><td class="col2">2</td></tr>\n'
        '<tr class="row2"><td class="col1">3</td></tr>\n',
    ),
    "liquid": ("{% liquid\n assign a = 1\n echo a\n%}", {}, "1"),
    "whitespace control": ("a  {%- if true -%}  b  {%- endif -%}  c", {}, "abc"),
    "raw": ("{% raw %}{{ a }}{% endraw %}", {"a": 1}, "{{ a }}"),
    "comment": ("a{% comment %}{% if %}{% endcomment %}b", {}, "ab"),
    "loop records": (
        "{% for a in (1..2) %}{% for b in (1..2) %}"
        "{{ forloop.parentloop.index }}{{ forloop.rindex }}{% endfor %}{% endfor %}",
        {},
        "12112221",
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_liquid_prints_what_shopify_prints(case: str) -> None:
    source, data, expected = CASES[case]
    assert content.compile(source).render(data) == expected


def test_rendered_block_sees_the_data_and_its_arguments_only() -> None:
    blocks = {"card": "{{ title }}/{{ local }}/{{ shop.name }}"}
    source = "{% assign local = 1 %}{% render 'card', title: 'T' %}"
    template = content.compile(source, blocks=blocks)
    assert template.render({"shop": {"name": "S"}}) == "T//S"


def test_included_block_shares_names_and_breaks_the_loop_around_it() -> None:
    blocks = {"stop": "{% assign seen = i %}{% if i == 2 %}{% break %}{% endif %}"}
    source = "{% for i in (1..5) %}{{ i }}{% include 'stop' %}{% endfor %}:{{ seen }}"
    assert content.compile(source, blocks=blocks).render({}) == "12:2"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 129900 | money: 'EUR' }}", "€1,299.00"),
        ("{{ -5 | money: 'USD' }}", "-$0.05"),
        ("{{ 1299 | money: 'JPY' }}", "¥1,299"),
        ("{{ 1500 | money: 'KWD' }}", "KWD 1.500"),
        ("{{ 1299 | money }}", "£12.99"),
        ("{{ nothing | money }}", ""),
    ],
)
def test_money_is_printed_from_minor_units_in_its_currency(source: str, expected: str) -> None:
    assert content.compile(source).render({"shop": {"currency": "GBP"}}) == expected


def test_now_is_the_instant_of_rendering_and_never_the_clock() -> None:
    template = content.compile("{{ 'now' | date: '%Y-%m-%d %H:%M:%S %a %-d %b %j %s' }}")
    now = 1_709_210_096_000_000
    assert template.render({}, now=now) == "2024-02-29 12:34:56 Thu 29 Feb 060 1709210096"


@pytest.mark.parametrize(
    "written",
    [
        "2024-02-29",
        "2024-02-29T00:00:00Z",
        "Feb 29, 2024",
        "29 February 2024",
        "Thu, 29 Feb 2024 00:00:00 +0000",
        "2024/02/29",
        "1709164800",
    ],
)
def test_dates_are_read_as_people_and_machines_write_them(written: str) -> None:
    assert content.compile("{{ d | date: '%F %T %z' }}").render({"d": written}) == (
        "2024-02-29 00:00:00 +0000"
    )


def test_what_is_no_date_is_printed_as_it_is() -> None:
    assert content.compile("{{ d | date: '%F' }}").render({"d": "soon"}) == "soon"


def test_the_same_template_compiles_to_the_same_python() -> None:
    source = "{% for x in l %}{{ x.a | default: b }}{% endfor %}"
    assert content.compile(source).source == content.compile(source).source


def test_a_table_around_a_block_keeps_its_columns_apart_from_the_call() -> None:
    source = "{% tablerow x in (1..2) cols: 1 %}{% include 'b' %}{% render 'b' %}{% endtablerow %}"
    assert content.compile(source, blocks={"b": "-"}).render({}).count("--") == 2


def test_the_subject_of_a_case_is_looked_at_again_when_an_arm_changed_it() -> None:
    source = "{% case a %}{% when 1 %}{% assign a = 2 %}x{% when 2 %}y{% endcase %}"
    assert content.compile(source).render({"a": 1}) == "xy"


def test_errors_are_printed_where_they_stand_when_that_is_asked_for() -> None:
    source = "a{{ 1 | divided_by: 0 }}b{{ 'x' | nothing_like_it }}"
    source += "{% assign v = 'x' | slice: 'y' %}c"
    blocks = {"card": "\n{{ 1 | modulo: 0 }}"}
    template = content.compile(source + "{% render 'card' %}", blocks=blocks, errors="print")
    assert template.render({}) == (
        "aLiquid error (line 1): divided by 0bxc\nLiquid error (card line 2): divided by 0"
    )
