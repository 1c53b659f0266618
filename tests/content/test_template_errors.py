"""A broken template says what is wrong, where it is, and how to mend it."""

from __future__ import annotations

import pytest

from tailorbird import content
from tailorbird.errors import TemplateError

BROKEN = {
    "{{ name | upcas }}": ("page:1:11: unknown filter 'upcas'", "upcase"),
    "a\n{% iff x %}{% endif %}": ("page:2:1: unknown tag 'iff'", "if"),
    "\n\n{% if a %}{{ b }}": ("page:3:1: if is not closed", "{% endif %}"),
    "{% for x in l %}{% if x %}{% endfor %}": (
        "page:1:27: endfor stands inside if, opened at page:1:17",
        "{% endif %}",
    ),
    "{% endif %}": ("page:1:1: endif closes nothing", "remove it"),
    "a {{ b": ("page:1:3: {{ is not closed", "}}"),
    "{{ a | truncate: 1, 2, 3 }}": ("page:1:8: filter 'truncate' takes 0 to 2 arguments", "colon"),
    "{{ a | default: 1, b: 2 }}": ("page:1:8: filter 'default' has no argument named 'b'", "allow"),
    "{{ a b }}": ("page:1:6: expected the end of the tag, found 'b'", ""),
    "{% for x of l %}{% endfor %}": ("page:1:10: expected 'in', found 'of'", "x in LIST"),
    "{% render 'cart' %}": ("page:1:1: there is no block 'cart'", "card"),
    "{% comment %} a": ("page:1:1: comment is not closed", "{% endcomment %}"),
    "{% raw %} a": ("page:1:1: raw is not closed", "{% endraw %}"),
    "{{ 1" + "1" * 5_000 + " }}": ("page:1:4: a number is too long", ""),
}


@pytest.mark.parametrize("source", BROKEN, ids=lambda source: source[:30])
def test_compiling_names_the_place_and_the_mend(source: str) -> None:
    what, mend = BROKEN[source]
    with pytest.raises(TemplateError) as caught:
        content.compile(source, name="page", blocks={"card": ""})
    assert str(caught.value).startswith(what)
    assert mend in caught.value.mend


FAILING = {
    "{{ 1 }}\n{{ a | divided_by: 0 }}": ("page:2:1: divided by 0", "test the divisor"),
    "{% if 'a' > 1 %}{% endif %}": (
        "page:1:1: cannot compare the text 'a' with the number 1",
        "plus: 0",
    ),
    "{{ a | concat: 1 }}": ("page:1:1: concat needs a list", "split or map"),
    "{{ 'a' | truncate: 'x' }}": ("page:1:1: truncate: the length must be a whole number", ""),
    "{% assign n = 'nothing' %}{% include n %}": ("page:1:27: there is no block 'nothing'", "card"),
}


@pytest.mark.parametrize("source", FAILING, ids=lambda source: source[:30])
def test_rendering_names_the_place_too(source: str) -> None:
    what, mend = FAILING[source]
    template = content.compile(source, name="page", blocks={"card": ""})
    with pytest.raises(TemplateError) as caught:
        template.render({"a": 1})
    assert str(caught.value).startswith(what)
    assert mend in caught.value.mend


def test_an_error_inside_a_block_names_the_block() -> None:
    template = content.compile("{% render 'card' %}", blocks={"card": "a\n{{ 1 | modulo: 0 }}"})
    with pytest.raises(TemplateError, match=r"^card:2:1: divided by 0"):
        template.render({})


def test_an_object_is_refused_because_it_is_no_plain_data() -> None:
    template = content.compile("{{ a.__class__ }}{{ a }}", name="page")
    with pytest.raises(TemplateError, match=r"^page:1:18: a value of type object is not plain"):
        template.render({"a": object()})  # type: ignore[dict-item]
