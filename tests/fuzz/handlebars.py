"""Throws templates at the Handlebars front end: each renders, or an error says where it is wrong.

    python tests/fuzz/handlebars.py CORPUS -runs=100000

A first byte that is even takes the rest as a template, an odd one builds a template of pieces.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tailorbird.content.handlebars"]):
    from tailorbird import content
    from tailorbird.errors import TemplateError

# fmt: off
PIECES = (
    "{{", "}}", "{{{", "}}}", "{{{{", "}}}}", "{{#", "{{/", "{{^", "{{>", "{{#>", "{{&", "{{!",
    "{{!--", "--}}", "{{~", "~}}", "{{else", "{{#*inline ", "{{/inline}}", "{{/if}}", "{{#if ",
    "{{#each ",
    "{{/each}}", "{{#with ", "{{/with}}", "{{> card", "{{#> card}}", "{{/card}}", "@partial-block",
    "@index", "@../key", "@root", "this", "..", "../", "a", "b.c", "[x y]", "list", " ", "\n", "\t",
    "(lookup . 'a')", "(eq a 1)", "format a 'money'", "as |x k|", "=", "'", '"', "\\", "true",
    "1.5", "null", "undefined", "|", "\0", "\u2028", "é", "😀", "recommendations",
    "products_in_category 'a'",
)
# fmt: on
DATA: dict[str, content.Plain] = {
    "a": "card",
    "b": {"c": 1.5},
    "x y": None,
    "list": [1, "two", {"a": [3]}, [], None],
    "recommendations": [{"name": "Tea"}],
}
BLOCKS = {"card": "[{{a}}{{> @partial-block}}]", "self": "{{> self}}"}
LONGEST = 20_000


def one_input(data: bytes) -> None:
    """Compile and render one template, with and without escapes by context."""
    if not data:
        return
    draw = atheris.FuzzedDataProvider(data[1:])
    if data[0] % 2 == 0:
        source = draw.ConsumeUnicodeNoSurrogates(LONGEST)
    else:
        source = "".join(
            PIECES[draw.ConsumeIntInRange(0, len(PIECES) - 1)]
            for _ in range(draw.ConsumeIntInRange(1, 60))
        )
    for escape in (False, True):
        error = attempt(source, escape=escape)
        if error is not None:
            assert error.where.startswith(("page", "card", "self")), error
            assert error.what


def attempt(source: str, *, escape: bool) -> TemplateError | None:
    """Return why a template is refused, or None."""
    try:
        content.compile(
            source,
            syntax="handlebars",
            name="page",
            blocks=BLOCKS,
            unescaped=True,
            escape=escape,
        ).render(DATA)
    except TemplateError as error:
        return error
    return None


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
