"""A tree into Python source, and that into functions.

The source holds names that we made and constants written by `repr`; nothing that an author or a
person wrote stands in it as code. Its globals are the functions of `values`, `scope` and `filters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from tailorbird.content import comparison, values
from tailorbird.content.faults import Unfit, wrong_count
from tailorbird.content.filters import FILTERS
from tailorbird.content.generate.assigned import assigned, counted, passing
from tailorbird.content.generate.expressions import OWN, Names
from tailorbird.content.generate.program import MAIN, Program
from tailorbird.content.generate.statements import Statements
from tailorbird.content.generate.writer import Writer
from tailorbird.content.memo import Made, Memo, setting
from tailorbird.content.scope import Call, Unit, columns_of, record, row_record
from tailorbird.content.tree import Body, Place
from tailorbird.errors import TemplateError

__all__ = ["MAIN", "Generated", "Program", "generate", "run"]

_FILE = "<template>"
_VALUES = (
    *("text", "escape_html", "escape_url", "escape_css", "special", "index", "span", "kept"),
    *("safe_url", "Html", "joined"),
)
_COMPARISONS = (
    *("equal", "is_empty", "is_blank", "less", "less_or_equal", "more", "more_or_equal"),
    *("contains", "is_text"),
)
_GLOBALS: dict[str, object] = {
    "__builtins__": {"dict": dict, "enumerate": enumerate, "len": len, "str": str},
    "Call": Call,
    "Made": Made,
    "Memo": Memo,
    "setting": setting,
    "Unfit": Unfit,
    "wrong_count": wrong_count,
    "columns_of": columns_of,
    "record": record,
    "row_record": row_record,
    **{name: getattr(values, name) for name in _VALUES},
    **{name: getattr(comparison, name) for name in _COMPARISONS},
    **{f"f_{name}": found.function for name, found in FILTERS.items()},
}


@dataclass(frozen=True, slots=True)
class Generated:
    """The functions of a program, and the way from a line of their source to the template."""

    main: Unit
    blocks: dict[str, Unit]
    """Those that a call can reach."""
    source: str
    places: tuple[Place | None, ...]

    def place(self, traceback: TracebackType | None) -> Place | None:
        """Return where in the template an exception began."""
        found: Place | None = None
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == _FILE:
                found = self.places[traceback.tb_lineno - 1] or found
            traceback = traceback.tb_next
        return found


def generate(program: Program) -> Generated:
    """Return the functions of a program.

    Raises:
        TemplateError: the template is nested more deeply than Python allows.
    """
    lines: list[str] = []
    places: list[Place | None] = []
    for number, name in enumerate(program.units):
        writer = _unit(program, name, f"unit{number}")
        lines += writer.lines
        places += writer.places
    made = [f"{name} = {code}" for code, name in program.constants.items()]
    source = "\n".join([*made, *lines])
    places = [*(None for _ in made), *places]
    names = run(source, _GLOBALS)
    units = {name: names[f"unit{number}"] for number, name in enumerate(program.units)}
    main = units.pop(MAIN)
    return Generated(main, units, source, tuple(places))  # type: ignore[arg-type]


def run(source: str, known: Mapping[str, object]) -> dict[str, object]:
    """Return the names that generated source defines, beside those that it knows.

    Raises:
        TemplateError: the template is nested more deeply than Python allows.
    """
    names = dict(known)
    try:
        exec(compile(source, _FILE, "exec"), names)  # noqa: S102 - the source is ours, see above
    except (SyntaxError, RecursionError, MemoryError):
        raise TemplateError(
            "loops and tests are nested too deeply", mend="split the template into blocks"
        ) from None
    return names


def _names(program: Program, body: Body) -> Names:
    """Return how the names of a unit are found: in Python variables where nobody else sees them."""
    if program.framed:
        return Names(program.mutable)
    counters = counted(body)
    written = sorted(assigned(body) - counters)
    own = {name: f"{OWN}{number}" for number, name in enumerate(written)}
    return Names(counters, program.given, own, passing(body, own.keys()))


def _unit(program: Program, name: str, function: str) -> Writer:
    names = _names(program, program.units[name])
    inner = Writer()
    Statements(inner, names, program, is_main=name == MAIN).body(program.units[name])
    inner.flush()
    writer = Writer()
    with writer.block(f"def {function}(out, scope):"):
        writer.line("put = out.extend; look = scope.look; base = scope.frames[0]")
        for local in ("links", "data", "now"):
            if any(f"{local}(" in code or f"({local}, " in code for code in inner.lines) or (
                local == "links" and any(code.endswith("= links") for code in inner.lines)
            ):
                writer.line(f"{local} = scope.{local}")
        if any("late()" in code for code in inner.lines):
            writer.line("late = scope.deadline")
        for root, variable in (*names.own.items(), *names.roots.items()):
            found = "look" if root in names.given else "scope.data.get"
            writer.line(f"{variable} = {found}({root!r})")
        for code, place in zip(inner.lines, inner.places, strict=True):
            writer.line(code, place)
        writer.line("return ''")
    return writer
