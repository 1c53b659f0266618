"""What a loop printed is printed again from memory, and never differs from printing it anew."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tailorbird import content
from tailorbird.content.memo import MOST_CHARACTERS, REST, TRIAL, Made, Memo
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
