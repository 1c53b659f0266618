"""An author who knows all of Handlebars and little taste: templates and data, from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

FIELDS = ("a", "b", "c", "list", "items", "obj", "name", "n", "x y", "1", "0", "this", "up.down")
ODD = ("length", "constructor", "__proto__", "hasOwnProperty", "push", "missing", "valueOf")
# fmt: off
SCALARS = (
    None, True, False, 0, 1, -1, 7, 2.5, -0.25, 1e21, 1.5e-7, 0.000125, 123456789012, "", "0", "1",
    "a", "b", "list", "<b>&amp;\"'`=", " pad ", "\n", "é😀", "{{name}}", "part", "Ada", "-0", "NaN",
)
LITERALS = ("true", "false", "null", "undefined", "0", "1", "-1", "2.50", '""', "'a'", '"<&>"',
            '"say \\"hi\\""', "'x y'")
TEXTS = ("", "", " ", "\n", "\r\n", "  \n", "\n  ", "text", "<p>", " a b ", "\t", "\n\n", " }",
         "{ ", "\\ ", "\\\\", "é", "'\"", "x\n  y\n")
# fmt: on
CONTEXTS = (".", "this", "@root", "@root.names", "null", "true", "0", "'a'", '"row"')
"""What a partial is called with: always there. See `test_handlebars_oracle`."""
DEEPEST = 4


@dataclass(slots=True)
class Author:
    """Writes one case at a time; the same seed gives the same cases."""

    chance: random.Random
    people: int = 10
    """For how many people each template is rendered."""
    partials: tuple[str, ...] = ("part", "row", "lay-out")
    names: list[str] = field(default_factory=list)
    """Block parameters that can be read where the author is."""
    inlines: list[str] = field(default_factory=list)
    shadows: bool = False
    """Partials defined inside may hide others. In a layout that is called inside itself
    handlebars.js loses them, so no such layouts then."""

    def case(self) -> dict[str, Any]:
        """Return a template with its partials and data."""
        partials: dict[str, str] = {}
        self.shadows = self.chance.random() < 0.5
        for place, name in enumerate(("row", "part", "lay-out")):
            self.partials = ("row", "part", "lay-out")[:place]
            self.names, self.inlines = [], []
            inside = "{{> @partial-block}}" if name == "lay-out" else ""
            half = self.chance.choice((inside, f"\n  {inside}\n", f"{inside}{{{{@index}}}}"))
            partials[name] = self.body(2) + half + self.body(2)
        self.partials = ("row", "part")
        self.names, self.inlines = [], []
        template = self.body(0)
        names = {name: name for name in ("row", "part", "lay-out", "mine", "yours")}
        people = [{**self.fields(0), "names": names} for _ in range(self.people)]
        return {"template": template, "partials": partials, "data": people}

    # -- data -------------------------------------------------------------------------------------

    def fields(self, depth: int) -> dict[str, Any]:
        """Return a dictionary of plain data."""
        found = {}
        for _ in range(self.chance.randint(2, 7) if depth == 0 else self.chance.randint(0, 3)):
            key = self.chance.choice(FIELDS)
            found[key] = self.plain(depth + 1, key)
        return found

    def plain(self, depth: int, key: str = "") -> Any:
        """Return a piece of plain data that often suits its name."""
        if depth < DEEPEST:
            roll = self.chance.random()
            if (key in ("list", "items") and roll < 0.8) or roll < 0.2:
                return [self.plain(depth + 1) for _ in range(self.chance.choice((0, 1, 2, 2, 3)))]
            if (key == "obj" and roll < 0.9) or roll > 0.75:
                return self.fields(depth)
        return self.chance.choice(SCALARS)

    # -- values -----------------------------------------------------------------------------------

    def path(self) -> str:
        """Return a look-up."""
        roll = self.chance.random()
        if roll < 0.08:
            return self.chance.choice((".", "this", "..", "./a", "this.name", "this/n", "../.."))
        if roll < 0.18:
            return self.private()
        first = self.chance.choice(self.names) if roll < 0.3 and self.names else self.segment()
        if self.chance.random() < 0.25:
            if first in ("0", "1"):
                first = f"[{first}]"
            first = self.chance.choice(("../", "../", "../../", "this.", "./")) + first
        while self.chance.random() < 0.25:
            step = self.segment()
            first += self.chance.choice("./") + (f"[{step}]" if step in ("0", "1") else step)
        return first

    def segment(self) -> str:
        """Return one step of a path."""
        name = self.chance.choice(FIELDS if self.chance.random() < 0.93 else ODD)
        if name in ("x y", "this", "up.down") or self.chance.random() < 0.06:
            return f"[{name}]"
        return name

    def private(self) -> str:
        """Return a private value."""
        name = self.chance.choice(("index", "key", "first", "last", "index", "root.name", "root.a"))
        return "@" + self.chance.choice(("", "", "", "../")) + name

    def value(self, depth: int = 0) -> str:
        """Return an argument: a literal, a look-up or a call in brackets."""
        roll = self.chance.random()
        if roll < 0.15:
            return self.chance.choice(LITERALS)
        if roll < 0.25 and depth < 2:
            key = self.chance.choice((self.value(depth + 1), '"a"', "0", "@key", "@index"))
            return f"(lookup {self.value(depth + 1)} {key})"
        return self.path()

    # -- statements -------------------------------------------------------------------------------

    def body(self, depth: int) -> str:
        """Return some statements with text between them."""
        outer = list(self.inlines)
        written = self.text()
        for _ in range(self.chance.choice((1, 1, 2, 2, 3))):
            written += self.statement(depth) + self.text()
        self.inlines = outer
        return written

    def text(self) -> str:
        """Return literal text, often blanks around a line's end."""
        return "".join(self.chance.choice(TEXTS) for _ in range(self.chance.choice((1, 1, 2))))

    def mark(self, inside: str, blank: str | None = None) -> str:
        """Return a mark, sometimes with a tilde."""
        before = "~" if self.chance.random() < 0.08 else ""
        behind = "~" if self.chance.random() < 0.08 else ""
        found = self.chance.choice(("", "", "", " ")) if blank is None else blank
        return f"{{{{{before}{inside}{found}{behind}}}}}"

    def statement(self, depth: int) -> str:
        """Return one statement."""
        kinds = [self.printed, self.printed, self.printed, self.remark, self.unescaped]
        if depth < DEEPEST:
            kinds += [self.block, self.block, self.section, self.branch, self.branch]
            kinds += [self.called, self.wrapped, self.defined]
        chosen = self.chance.choice(kinds)
        return chosen(depth + 1)

    def printed(self, depth: int) -> str:
        """Return a printed value."""
        if self.chance.random() < 0.1:
            return self.mark(f"lookup {self.value()} {self.value()}")
        if self.chance.random() < 0.05:
            return self.mark(self.chance.choice(("true", "12", '"a"', "null", "[x y]")))
        if self.chance.random() < 0.04:
            return "\\" + self.mark(self.path())
        return self.mark(self.path())

    def unescaped(self, depth: int) -> str:
        """Return a value printed as it is, behind text: two numbers in a row would be added."""
        if self.chance.random() < 0.5:
            return "|" + self.mark(f"{{{self.path()}}}", blank="")
        return "|" + self.mark(f"&{self.path()}")

    def remark(self, depth: int) -> str:
        """Return a comment."""
        inner = self.chance.choice(("! note", "!-- a {{b}} --", "!", "!----", "! -- x"))
        return self.mark(inner, blank="")

    def closed(self, name: str, program: str, depth: int, *, otherwise: bool = True) -> str:
        """Return the rest of a block: its body, perhaps an else, its end."""
        if otherwise and self.chance.random() < 0.3:
            other = self.chance.choice(("else", "^", " else "))
            program += self.mark(other) + self.body(depth)
        return program + self.mark(f"/{name}")

    def block(self, depth: int) -> str:
        """Return an `each` or a `with`, sometimes with block parameters."""
        kind = self.chance.choice(("each", "each", "with"))
        names = self.chance.choice((["x"], ["x", "k"], ["a"])) if self.chance.random() < 0.3 else []
        head = f"{kind} {self.value()}" + (f" as |{' '.join(names)}|" if names else "")
        self.names += names
        inner = self.body(depth)
        self.names = self.names[: len(self.names) - len(names)]
        return self.mark(f"#{head}") + self.closed(kind, inner, depth)

    def section(self, depth: int) -> str:
        """Return a plain block, or its opposite."""
        name = self.path()
        opening = self.chance.choice(("#", "#", "^"))
        return self.mark(f"{opening}{name}") + self.closed(name, self.body(depth), depth)

    def branch(self, depth: int) -> str:
        """Return an `if` or `unless`, sometimes with branches."""
        kind = self.chance.choice(("if", "if", "unless"))
        zero = self.chance.choice(
            ("", "", "", "", " includeZero=true", f" includeZero={self.path()}")
        )
        inner = self.body(depth)
        while self.chance.random() < 0.25:
            other = self.chance.choice(("if", "if", "unless", "with", "each"))
            inner += self.mark(f"else {other} {self.value()}") + self.body(depth)
        return self.mark(f"#{kind} {self.value()}{zero}") + self.closed(kind, inner, depth)

    # -- partials ---------------------------------------------------------------------------------

    def given(self) -> str:
        """Return what a partial is called with."""
        context = f" {self.chance.choice(CONTEXTS)}" if self.chance.random() < 0.4 else ""
        value = self.chance.choice((*CONTEXTS, *LITERALS))
        named = f" {self.chance.choice('abn')}={value}" if self.chance.random() < 0.3 else ""
        return context + named

    def called(self, depth: int) -> str:
        """Return the call of a partial, by its name or a computed one."""
        known = [*self.partials, *self.inlines]
        if not known:
            return self.printed(depth)
        name = self.chance.choice(known)
        if self.chance.random() < 0.15:
            name = f"(lookup @root.names '{name}')"
        lead = self.chance.choice(("", "", "\n  "))
        return lead + self.mark(f"> {name}{self.given()}") + (lead and "\n")

    def wrapped(self, depth: int) -> str:
        """Return the call of a partial with a block."""
        name = self.chance.choice(("lay-out", "lay-out", "nowhere"))
        name = "nowhere" if self.shadows else name
        inner = self.body(depth)
        return self.mark(f"#> {name}{self.given()}") + self.closed(
            name, inner, depth, otherwise=False
        )

    def defined(self, depth: int) -> str:
        """Return the definition of an inline partial, and its call."""
        name = self.chance.choice(("mine", "yours", "row" if self.shadows else "mine"))
        names, self.names = self.names, []
        inlines, self.inlines = self.inlines, []
        inner = self.body(depth)
        self.names, self.inlines = names, [*inlines, name]
        return self.mark(f'#*inline "{name}"') + inner + self.mark("/inline")
