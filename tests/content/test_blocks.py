"""Each shipped block shows what it is given, hides without it, and passes the lint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tailorbird import content
from tailorbird.cli.commands import app
from tailorbird.content.email import written
from tailorbird.content.library import described
from tailorbird.content.lint import lint_file
from tailorbird.errors import TemplateError
from tailorbird.schema import DAY, HOUR, SECOND, Rendered

BLOCKS = {each.name: each for each in described(content.library())}
NOW = 1_772_600_000 * SECOND
Values = Callable[..., dict[str, Any]]
EMPTY = re.compile(
    r"<(h[1-6]|p|strong|a)\b[^>]*>\s*</\1>|(?:href|src)=\"\"|Hi\s*,|[,.]\s*,|\bnil\b|\{\{"
)
"""What an empty shell looks like."""


def shown(body: str, data: dict[str, Any]) -> Rendered:
    page = f'<mjml lang="en"><mj-body>{body}</mj-body></mjml>'
    template = content.compile_email(written("mail", {"a": ""}, page), content.library())
    return template.render("a", data, lambda url, index: url, "", NOW)


def iso(instant: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(instant / SECOND, UTC).isoformat()


@pytest.fixture
def sample(values: Values) -> dict[str, Any]:
    """Return all that the examples of the blocks read."""
    given = values()
    return {
        **given,
        "products": given["recommendations"] * 2,
        "hero": {"image": "https://shop.example/hero.png"},
        "sale": {"ends_at": iso(NOW + 3 * DAY)},
        "forms": {"nps": "https://mail.example/f/nps?t=x"},
        "store": {
            "name": "Tea House",
            "address": "1 Main Street\nSampleton",
            "hours": "9 to 5",
            "phone": "+49 30 1234",
            "map_url": "https://maps.example/1",
        },
    }


def test_every_block_says_what_it_is() -> None:
    assert set(BLOCKS) == set(content.library())
    for block in BLOCKS.values():
        assert block.title, block.name
        assert block.purpose.endswith("."), block.name
        assert block.tags, block.name
        assert f'render "{block.name}"' in block.example
    assert {"header", "hero", "text", "product_grid", "recommendations", "store"} < set(BLOCKS)
    assert {"tier_offer", "countdown", "survey", "footer", "greeting"} < set(BLOCKS)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_shows_its_example(name: str, sample: dict[str, Any]) -> None:
    got = shown(BLOCKS[name].example, sample)
    assert not EMPTY.search(got.html)
    assert name == "head" or len(got.text) > 7


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_without_its_values_leaves_no_shell(name: str) -> None:
    got = shown(f'{{% render "{name}" %}}', {})
    assert not EMPTY.search(got.html), EMPTY.search(got.html)
    assert not EMPTY.search(got.text)
    if BLOCKS[name].needs and name != "footer":
        assert got.text == "\n"


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_with_half_of_its_values_leaves_no_shell(name: str, sample: dict[str, Any]) -> None:
    bare = {
        **sample,
        "products": [{"item": "7"}, {}],
        "recommendations": [{"item": "7"}],
        "store": {"address": "1 Main Street"},
        "shop": {"name": "Shop"},
        "person": {"first_name": "  "},
        "sender": {"name": "Sample Ltd"},
        "hero": {},
    }
    for part in ("view_url", "unsubscribe_url"):
        del bare[part]
    assert not EMPTY.search(shown(BLOCKS[name].example, bare).html)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_passes_the_lint(name: str) -> None:
    assert lint_file(name, content.library()[name], content.library()) == []


def test_the_grid_has_two_in_a_row_and_no_more_than_asked(sample: dict[str, Any]) -> None:
    five = [{"name": f"Tea {n}", "url": f"https://shop.example/{n}"} for n in range(5)]
    body = '{% render "product_grid", products: products, most: 3 %}'
    html = shown(body, {"products": five}).html
    assert re.findall(r"Tea \d", html) == ["Tea 0", "Tea 1", "Tea 2"]
    assert html.count('class="card"') == 2
    one = shown('{% render "product_grid", products: products %}', {"products": five[:1]})
    assert one.text == "Tea 0 (https://shop.example/0)\n"
    assert shown('{% render "product_grid", products: products %}', {"products": []}).text == "\n"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (3 * DAY + HOUR, "in 3 days"),
        (DAY + HOUR, "tomorrow"),
        (5 * HOUR, "in 5 hours"),
        (HOUR // 2, "within the hour"),
        (-HOUR, ""),
    ],
)
def test_the_countdown_counts_and_then_is_gone(left: int, words: str) -> None:
    text = shown('{% render "countdown", until: until %}', {"until": iso(NOW + left)}).text
    assert (f"This offer ends {words}, on" in text) if words else text == "\n"


def test_the_survey_is_answered_by_a_tap(sample: dict[str, Any]) -> None:
    html = shown(BLOCKS["survey"].example, sample).html
    links = re.findall(r'href="(https://mail.example/f/nps[^"]*)"', html)
    assert links == [f"https://mail.example/f/nps?t=x&amp;score={n}" for n in range(11)]
    assert 'aria-label="10 out of 10"' in html
    bare = shown('{% render "survey", url: url %}', {"url": "https://a.example/nps"}).html
    assert 'href="https://a.example/nps?score=0"' in bare


def test_the_footer_has_every_way_out_that_there_is(values: Values) -> None:
    ways = {
        "preferences_url": "https://mail.example/p",
        "personalisation_url": "https://mail.example/n",
        "shop": {"name": "S", "privacy_url": "https://shop.example/privacy"},
    }
    text = shown('{% render "footer" %}', values(**ways)).text
    for words in (
        "Unsubscribe (https://mail.example/u?t=abc&z=1)",
        "Choose what you get (https://mail.example/p)",
        "Stop personalised content (https://mail.example/n)",
        "Privacy notice (https://shop.example/privacy)",
    ):
        assert words in text


def test_a_description_that_is_wrong_names_its_place() -> None:
    with pytest.raises(TemplateError, match=r"^b:2:1: the description is not valid: "):
        described({"b": "\n{%- doc -%}needs: [{%- enddoc -%}"})
    assert described({"b": "{% doc %}just words{% enddoc %}"})[0].purpose == "just words"
    assert described({"b": "no words"})[0].title == "b"


def test_the_command_lists_blocks_by_their_tags(tmp_path: Path) -> None:
    (tmp_path / "mine.mjml").write_text("{% doc %}\ntitle: Mine\ntags: [law]\n{% enddoc %}")
    words = ["templates", "blocks", "--tag", "law", "--blocks", str(tmp_path)]
    told = CliRunner().invoke(app, [*words, "--json"])
    assert [each["name"] for each in json.loads(told.stdout)] == ["footer", "mine"]
    told = CliRunner().invoke(app, words)
    assert told.stdout.startswith("block   tags")
    assert "Who sends, why" in told.stdout
