"""The tree of a Handlebars template into Python functions: the template, and each partial."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tailorbird.content import values
from tailorbird.content.generate import Generated, run
from tailorbird.content.generate.handlebars_nodes import Nodes
from tailorbird.content.generate.handlebars_program import Program
from tailorbird.content.generate.writer import Writer
from tailorbird.content.handlebars import running
from tailorbird.content.handlebars import values as script
from tailorbird.content.handlebars.functions import HELPERS
from tailorbird.content.memo import Made, Memo, setting
from tailorbird.content.tree import Body, Place

_SCRIPT = (
    *(
        "js_text",
        "escape_mustache",
        "indented",
        "truthy",
        "true",
        "filled",
        "same",
        "own",
        "getter",
    ),
    *("further", "merged", "turns", "keys", "NOTHING"),
)
_RUNNING = ("copied", "framed", "reaches", "call", "partial", "given_block", "sections", "TOP")
_GLOBALS: dict[str, object] = {
    "__builtins__": {"dict": dict, "enumerate": enumerate, "len": len, "list": list, "str": str},
    **{name: getattr(script, name) for name in _SCRIPT},
    **{name: getattr(running, name) for name in _RUNNING},
    **{name: getattr(values, name) for name in ("escape_html", "escape_url", "escape_css")},
    "safe_url": values.safe_url,
    "Made": Made,
    "Memo": Memo,
    "setting": setting,
    **{f"h_{name}": found.function for name, found in HELPERS.items()},
}


def generate(body: Body, blocks: Mapping[str, str], parse: Callable[[str, str], Body]) -> Generated:
    """Return the functions of a template; `parse` reads the blocks that it calls.

    Raises:
        TemplateError: a block is missing, or the template is nested too deeply.
    """
    program = Program(body, blocks, parse)
    lines: list[str] = []
    places: list[Place | None] = []
    for number, name in enumerate(program.units):
        writer = _unit(program, name, number)
        lines += writer.lines
        places += writer.places
    made = [f"made{number} = {code}" for number, code in enumerate(program.memos)]
    source = "\n".join([*made, *lines])
    places = [*(None for _ in made), *places]
    names = run(source, {**_GLOBALS, "units": {}})
    units = {name: names[f"unit{number}"] for number, name in enumerate(program.units)}
    main = units.pop("")
    names["units"].update(units)  # type: ignore[attr-defined] # put in above
    return Generated(main, {}, source, tuple(places))  # type: ignore[arg-type]


def _unit(program: Program, name: str, number: int) -> Writer:
    writer = Writer()
    given = "" if name == "" else ", c0, frame, block, inlines"
    with writer.block(f"def unit{number}(out, scope{given}):"):
        if name == "":
            writer.line("c0 = scope.data; frame = TOP; block = inlines = None")
        Nodes(writer, program, main=name == "").unit(program.units[name])
    return writer
