"""What a person's data hold is printed as text: never read as a template, never as HTML."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird import content
from tailorbird.content.filters import FILTERS
from tailorbird.errors import TemplateError

HOSTILE = [
    "{{ secret }}",
    "{% assign x = 1 %}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>',
    "' onload='x",
    "--><b>",
    "</title><b>",
    "TBQ0Z",
    "<!--TBQ1Z-->",
    "&lt;b&gt;",
]


class Tags(HTMLParser):
    """Keeps the marks of a page, with the names of their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.marks: list[tuple[str, ...]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.marks.append((tag, *(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def render(mail: content.EmailTemplate, values: dict[str, Any]) -> Any:
    return mail.render("warm", values, lambda url, index: url, "https://mail.example/o.gif", 0)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_no_tag_and_is_shown_as_it_is(
    text: str, win_back: content.EmailTemplate, values: Callable[..., dict[str, Any]]
) -> None:
    plain = render(win_back, values())
    hostile = render(win_back, values(person={"first_name": text}, secret="s3cret"))
    assert Tags(hostile.html).marks == Tags(plain.html).marks
    assert f"Hi {text}," in "".join(Tags(hostile.html).words)
    assert f"Hi {text}," in hostile.text
    assert hostile.subject.startswith(text)
    assert "s3cret" not in hostile.html + hostile.text + hostile.subject


@settings(deadline=None)
@given(name=st.text(max_size=40), product=st.text(max_size=40), url=st.text(max_size=40))
def test_no_text_at_all_can_change_the_tags_of_a_mail(name: str, product: str, url: str) -> None:
    template = content.compile(
        '<p title="{{ name }}">Hi {{ name }}</p><a href="{{ url }}">{{ product }}</a>'
        "<style>p { color: {{ name }} }</style><!-- {{ name }} --><title>{{ name }}</title>",
        escape=True,
    )
    data = {"name": name, "product": product, "url": url}
    expected = Tags(template.render({"name": "a", "product": "b", "url": "c"})).marks
    assert Tags(template.render(data)).marks == expected


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JAVASCRIPT:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_could_run_code_is_not_printed(url: str) -> None:
    template = content.compile('<a href="{{ u }}">x</a><img src="{{ u }}">', escape=True)
    assert template.render({"u": url}) == '<a href="#">x</a><img src="#">'


def test_an_ordinary_address_keeps_its_query() -> None:
    template = content.compile('<a href="{{ u }}">x</a>', escape=True)
    html = template.render({"u": "https://shop.example/?a=1&b=2:3"})
    assert html == '<a href="https://shop.example/?a=1&amp;b=2:3">x</a>'


def test_text_in_a_style_keeps_only_what_colours_and_sizes_need() -> None:
    template = content.compile('<p style="color:{{ c }}">x</p>', escape=True)
    html = template.render({"c": "#fff;background:url(//evil.example)"})
    assert html == '<p style="color:#fffbackgroundurlevil.example">x</p>'


@pytest.mark.parametrize(
    "source",
    [
        "<script>{{ a }}</script>",
        '<p onclick="{{ a }}">',
        "<p {{ a }}>",
        "<p class={{ a }}>",
        "<{{ a }}>",
        "<!doctype {{ a }}>",
        "<p title=\"{% render 'b' %}\">",
    ],
)
def test_printing_where_nothing_is_safe_is_refused(source: str) -> None:
    if source == "<{{ a }}>":
        assert content.compile(source, escape=True).render({"a": "p"}) == "<p>"
        return
    with pytest.raises(TemplateError):
        content.compile(source, escape=True, blocks={"b": "x"})


def test_parts_of_a_choice_must_leave_the_html_in_the_same_place() -> None:
    with pytest.raises(TemplateError, match="end in different places"):
        content.compile('{% if a %}<p class="{% endif %}x">', escape=True)


def test_escaping_happens_once() -> None:
    source = "{{ a | escape }}{{ a }}{% capture c %}<b>{{ a }}</b>{% endcapture %}{{ c }}"
    html = content.compile(source, escape=True).render({"a": "&"})
    assert html == "&amp;&amp;<b>&amp;</b>"
    broken = content.compile("{{ a | newline_to_br }}", escape=True).render({"a": "<\n>"})
    assert broken == "&lt;<br />\n&gt;"


def place_of_fault(source: str, data: dict[str, Any]) -> str:
    """Return where a template is wrong, or '' when it renders."""
    try:
        content.compile(source).render(data)
    except TemplateError as error:
        return error.where or "nowhere"
    return ""


@settings(deadline=None)
@given(st.lists(st.sampled_from([*"{}%-|:.,'\"[]() \n", "if", "for x in y", "end", "raw", "a"])))
def test_any_source_compiles_or_says_where_it_is_wrong(parts: list[str]) -> None:
    source = "{{ a }}{% if a %}" + "".join(parts) + "{% endif %}"
    place = place_of_fault(source, {"a": "x", "y": [1, 2]})
    assert place == "" or place.startswith("template:")


@settings(deadline=None, max_examples=60)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_value_goes_through_any_filter_or_is_refused(value: Any) -> None:
    for name, template in FILTERED.items():
        try:
            template.render({"v": value})
        except TemplateError as error:
            if error.where != "template:1:1":
                pytest.fail(f"{name}: {error}")


def filtered(name: str) -> content.Template:
    arguments = ", ".join(["v", "2"][: FILTERS[name].most])
    return content.compile(f"{{{{ v | {name}{': ' if arguments else ''}{arguments} }}}}")


FILTERED = {name: filtered(name) for name in FILTERS}
