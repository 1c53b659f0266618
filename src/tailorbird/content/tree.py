"""The tree that every template language is read into, and that `generate` turns into Python.

A body is a tuple of nodes. Expressions have no side effects. Nothing here knows a syntax.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in an author's file; lines and columns start at 1."""

    name: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return `name:line:column`."""
        return f"{self.name}:{self.line}:{self.column}"


# -- expressions ----------------------------------------------------------------------------------

Operator = Literal["==", "!=", "<", ">", "<=", ">=", "contains"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the template."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Special:
    """`empty` or `blank` in a comparison; elsewhere they are an empty text."""

    kind: Literal["empty", "blank"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step into a value. Only a `dotted` step may mean `size`, `first` or `last`."""

    key: Expression
    dotted: bool


@dataclass(frozen=True, slots=True)
class Path:
    """A look-up: a name (or an expression that gives it), then steps."""

    root: str | Expression
    steps: tuple[Step, ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers from `first` to `last`, both included."""

    first: Expression
    last: Expression


@dataclass(frozen=True, slots=True)
class Filtered:
    """A value put through one filter."""

    value: Expression
    name: str
    arguments: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values compared."""

    operator: Operator
    left: Expression
    right: Expression
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """Two truths combined; the right one is only looked at when it matters."""

    operator: Literal["and", "or"]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Negation:
    """The opposite truth."""

    value: Expression


@dataclass(frozen=True, slots=True)
class This:
    """In Handlebars: what the block stands for, or with `up` a block around it.

    `filled`: it stands in a test, where nothing counts as an object without fields.
    """

    up: int = 0
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """In Handlebars: a value's own field. `private`: the value is one of `@`."""

    value: Expression
    name: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Private:
    """In Handlebars: `@index`, `@key`, `@first`, `@last`, `@root`, of a loop `up` loops around."""

    name: str
    up: int = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """In Handlebars: a name that a block head gives to its value (0) or key (1).

    `level` says which of the blocks around, counted from the outside.
    """

    name: str
    level: int
    position: int


@dataclass(frozen=True, slots=True)
class Helped:
    """In Handlebars: what a helper makes of its arguments."""

    name: str
    arguments: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """In Handlebars: whether `if` takes a value; with `zero`, whether 0 counts too."""

    value: Expression
    zero: Expression | None = None


Expression: TypeAlias = (
    "Constant | Special | Path | Span | Filtered | Compare | Logic | Negation | This | Member"
    " | Private | Parameter | Helped | Truth"
)

# -- nodes ----------------------------------------------------------------------------------------

Escape = Literal["none", "html", "url", "css", "mustache", "refused"]
"""How an output is made safe for where it stands. `refused`: nothing may be printed there."""


@dataclass(frozen=True, slots=True)
class Text:
    """Literal output. `kept`: the author asked for it as it is, blanks included."""

    text: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A printed value."""

    value: Expression
    place: Place
    escape: Escape = "none"
    raw: bool = False
    """The author may print it into text as it is."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What to do when a test holds."""

    test: Expression
    body: Body


@dataclass(frozen=True, slots=True)
class If:
    """The first branch whose test holds, else `otherwise`."""

    branches: tuple[Branch, ...]
    otherwise: Body
    place: Place


@dataclass(frozen=True, slots=True)
class Case:
    """The arms in their order: each as often as it has values that equal the subject.

    An arm without values runs when none before it did.
    """

    subject: Expression
    arms: tuple[tuple[tuple[Expression, ...], Body], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Each:
    """What a loop runs over. `key` names the loop so that a later one can continue it."""

    variable: str
    collection: Expression
    key: str
    limit: Expression | None = None
    offset: Expression | Literal["continue"] | None = None
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class For:
    """The body once for every element, `otherwise` when there is none."""

    each: Each
    body: Body
    otherwise: Body
    place: Place


@dataclass(frozen=True, slots=True)
class TableRow:
    """The body once for every element, in the cells of an HTML table."""

    each: Each
    columns: Expression | None
    body: Body
    place: Place


@dataclass(frozen=True, slots=True)
class Jump:
    """Leaves the innermost loop, or its current turn."""

    kind: Literal["break", "continue"]


@dataclass(frozen=True, slots=True)
class Assign:
    """Gives a name a value, for the rest of the template."""

    name: str
    value: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Capture:
    """Gives a name what the body would have printed."""

    name: str
    body: Body
    place: Place
    safe: bool = False
    """What is printed inside was made safe for HTML, so the name holds HTML."""


@dataclass(frozen=True, slots=True)
class Count:
    """Prints a counter and moves it: up after printing, or down before."""

    name: str
    step: Literal[1, -1]


@dataclass(frozen=True, slots=True)
class Cycle:
    """Prints the next of its values. Cycles with an equal `group` share their position."""

    group: Expression
    values: tuple[Expression, ...]
    place: Place
    escape: Escape = "none"


@dataclass(frozen=True, slots=True)
class IfChanged:
    """Prints the body unless the last such node printed the same."""

    body: Body


@dataclass(frozen=True, slots=True)
class Partial:
    """Another template, in its own scope (`isolated`) or in this one.

    `bound` is given to it as `alias`; with `each`, once for every element. `body` is its tree where
    it was put in place already.
    """

    name: Expression
    isolated: bool
    place: Place
    bound: Expression | None = None
    each: bool = False
    alias: str = ""
    arguments: tuple[tuple[str, Expression], ...] = ()
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An address that `links(url, index)` replaces at render time."""

    index: int
    parts: Body
    place: Place | None
    escape: bool = True
    """It is printed into HTML."""


WithinKind = Literal["each", "with", "section"]


@dataclass(frozen=True, slots=True)
class Within:
    """In Handlebars: a block that stands for a value.

    `each`: once for every element; `with`: for the value; `section`: for the value, or every
    element where it is a list, or for what is around where it is just true.
    """

    kind: WithinKind
    value: Expression
    parameters: tuple[str, ...]
    body: Body
    otherwise: Body
    place: Place
    filled: bool = False
    """It stands in a test, as `This`."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """In Handlebars: a partial. `body` is what its author may print as `@partial-block`.

    With `named` its context is a copy with these on top.
    """

    name: Expression
    context: Expression
    named: tuple[tuple[str, Expression], ...] | None
    body: Body | None
    indent: str
    place: Place


@dataclass(frozen=True, slots=True)
class Inline:
    """In Handlebars: a partial that is defined inside a template, for the block around it."""

    name: str
    body: Body
    place: Place


Node: TypeAlias = (
    "Text | Output | If | Case | For | TableRow | Jump | Assign | Capture | Count | Cycle"
    " | IfChanged | Partial | Link | Within | Insertion | Inline"
)
Body: TypeAlias = tuple[Node, ...]
