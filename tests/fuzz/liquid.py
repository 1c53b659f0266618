"""Feeds the Liquid parser with what nobody would write: `python tests/fuzz/liquid.py [CORPUS]`.

The options are libFuzzer's. When the first byte of an input is even the rest is a template, else it
chooses words that templates are made of. Whatever comes must render or be refused with one error
that names its place, and the refusal must be text that can be shown.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tailorbird.content"]):
    from tailorbird import content

from tailorbird.errors import TemplateError

# fmt: off
WORDS = (
    "{{", "}}", "{%", "%}", "{%-", "-%}", "{{-", "-}}", "|", ":", ",", ".", "..", "[", "]", "(",
    ")", "'", '"', "==", "!=", "<", ">=", "contains", "and", "or", "=", "-", "?", "\n", " ", "  ",
    "\x00", "if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "for",
    "in", "endfor", "break", "continue", "limit", "offset", "reversed", "tablerow", "cols",
    "endtablerow",
    "cycle", "assign", "capture", "endcapture", "increment", "decrement", "echo", "liquid", "raw",
    "endraw", "comment", "endcomment", "doc", "enddoc", "render", "include", "with", "as", "'b'",
    "ifchanged", "endifchanged", "#", "a", "b", "list", "user", "name", "size", "first", "forloop",
    "nil", "true", "empty", "blank", "0", "1", "-7", "3.5", "99999999999", "upcase", "append",
    "split", "join", "sort", "map", "where", "date", "money", "default", "divided_by", "json", "é",
    "truncate", "slice", "replace", "plus", "times", "\ud800", "\u2028", "{", "}", "%",
)
# fmt: on
VALUES: dict[str, content.Plain] = {
    "a": 1,
    "b": "text é",
    "list": [1, "2", None, {"name": "x", "size": 3}, [1.5, True]],
    "user": {"name": "Ann", "first": "A", "list": [{"a": 1}]},
}
BLOCKS = {"b": "{{ b }}{% assign a = 2 %}"}


def one_input(data: bytes) -> None:
    """Compile and render one template."""
    if len(data) < 2:
        return
    if data[0] % 2 == 0:
        source = data[1:].decode("utf-8", "replace")
    else:
        source = " ".join(WORDS[byte % len(WORDS)] for byte in data[1:200])
    try:
        template = content.compile(source, name="page", blocks=BLOCKS, escape=data[0] % 4 > 1)
        template.render(VALUES)
    except TemplateError as error:
        check(error)


def check(error: TemplateError) -> None:
    """Raise unless a refusal says what is wrong, and where."""
    assert error.what
    assert error.file, str(error)
    str(error).encode("utf-8", "surrogatepass")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
