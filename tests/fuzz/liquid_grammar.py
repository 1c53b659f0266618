"""Liquid templates together with the values that they read, drawn from a grammar.

What is drawn is valid Liquid, so that two engines must print the same. Everything that decides how
a page looks is there: nil and odd kinds in every place, whitespace control, jumps out of loops, all
filters with arguments that do not fit them, blocks that are rendered and included.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

TEXTS = (
    "",
    " ",
    "a",
    "b c",
    "A;b;;c;",
    "12",
    "3.5",
    "-7",
    "x1",
    "ünï",
    "<b>&'\"</b>",
    "a\nb\n",
    "nil",
)
NUMBERS = (0, 1, 2, 3, -1, 5, 10, 1234, 0.5, 2.0, -3.75, 1e3, 12.345, 100.0)
NAMES = ("title", "price", "tags", "ok", "first", "size", "a", "b-c")
DATES = ("2024-02-29", "2023-12-31 23:59:59", "March 5 2021", "1700000000", "2020-07-04T10:20:30Z")
FORMS = ("%Y-%m-%d", "%b %d, %y", "%H:%M", "%A %-d %B", "%e|%j|%I %p", "%s", "%%", "%-m/%-d/%Y")
ROOTS = (
    "s",
    "n",
    "f",
    "yes",
    "no",
    "nothing",
    "list",
    "texts",
    "items",
    "user",
    "deep",
    "empty_list",
)
BLOCKS = ("card", "row")
LOCALS = ("x", "y", "card", "row", "user-name")
COMPARISONS = ("==", "!=", "<", ">", "<=", ">=", "<>", "contains")


Choice = TypeVar("Choice")


@dataclass
class Case:
    """One template with its blocks and values."""

    template: str
    blocks: dict[str, str]
    data: dict[str, Any]
    mode: str = "strict"


@dataclass
class Grammar:
    """Draws cases; the same seed draws the same ones."""

    draw: random.Random
    loops: int = 0
    depth: int = 0
    in_block: bool = False
    names: list[str] = field(default_factory=list)

    def case(self) -> Case:
        """Return one case."""
        self.names = []
        self.in_block = True
        blocks = {name: self.body(1) + "." for name in BLOCKS}
        self.in_block = False
        deep = self.draw.choice((1, 2, 2, 3))
        return Case(self.body(deep) + ".", blocks, self.values())

    # -- values -----------------------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Return what the template may read."""
        return {
            "s": self.pick(TEXTS), "n": self.pick(NUMBERS), "f": self.pick(NUMBERS),
            "yes": True, "no": False, "nothing": None, "empty_list": [],
            "list": [self.value(1) for _ in range(self.draw.randint(0, 4))],
            "texts": [self.pick(TEXTS) for _ in range(self.draw.randint(0, 4))],
            "items": [self.item() for _ in range(self.draw.randint(0, 4))],
            "user": self.item(),
            "deep": {
                "a": {"title": [self.value(0), {"b-c": self.value(0)}]}, "list": [[1, 2], [3]],
            },
        }  # fmt: skip

    def item(self) -> dict[str, Any]:
        """Return a dictionary, as the elements of lists are."""
        names = self.draw.sample(NAMES, self.draw.randint(1, 4))
        return {name: self.value(1) for name in names}

    def value(self, depth: int) -> Any:
        """Return any value, nested so deep."""
        kind = self.draw.randint(0, 9 if depth else 7)
        if kind <= 2:
            return self.pick(TEXTS)
        if kind <= 5:
            return self.pick(NUMBERS)
        if kind <= 7:
            return self.pick((True, False, None))
        return [self.value(0) for _ in range(self.draw.randint(0, 3))] if kind == 8 else self.item()

    # -- expressions ------------------------------------------------------------------------------

    def pick(self, choices: tuple[Choice, ...]) -> Choice:
        """Return one of the choices."""
        return self.draw.choice(choices)

    def literal(self) -> str:
        """Return a constant."""
        kind = self.draw.randint(0, 6)
        if kind <= 2:
            return repr_text(self.pick(TEXTS))
        if kind <= 4:
            return written(self.pick(NUMBERS))
        return str(self.pick(("true", "false", "nil", "empty", "blank")))

    def path(self) -> str:
        """Return a look-up."""
        name = str(self.pick((*ROOTS, *self.names)) if self.names else self.pick(ROOTS))
        if self.loops and self.draw.random() < 0.2:
            fields = ("index", "index0", "rindex", "rindex0", "first", "last", "length")
            parent = ".parentloop" if self.draw.random() < 0.2 else ""
            return f"forloop{parent}.{self.pick(fields)}"
        for _ in range(self.draw.choice((0, 0, 1, 1, 2))):
            name += self.step()
        return name

    def step(self) -> str:
        """Return one step into a value."""
        kind = self.draw.randint(0, 5)
        if kind <= 2:
            return "." + str(self.pick((*NAMES, "last")))
        if kind == 3:
            return f"[{self.draw.randint(-2, 3)}]"
        return f"[{repr_text(self.pick(NAMES))}]" if kind == 4 else f"[{self.pick(('n', 's'))}]"

    def value_of(self) -> str:
        """Return a constant or a look-up."""
        if self.draw.random() < 0.01:
            return repr_text(self.pick(DATES))
        return self.path() if self.draw.random() < 0.65 else self.literal()

    def filtered(self) -> str:
        """Return a value with filters."""
        if self.draw.random() < 0.03:
            return f"{repr_text(self.pick(DATES))} | date: {repr_text(self.pick(FORMS))}"
        code = self.value_of()
        for _ in range(self.draw.choice((0, 0, 1, 1, 2, 3))):
            code += self.pick((" | ", "|")) + self.filter()
        return code

    def filter(self) -> str:
        """Return a filter with its arguments."""
        name, least, most = self.pick(FILTERS)
        given = [self.argument(name) for _ in range(self.draw.randint(least, most))]
        if name == "default" and given and self.draw.random() < 0.2:
            given.append("allow_false: true")
        return name + (": " + ", ".join(given) if given else "")

    def argument(self, name: str) -> str:
        """Return an argument, mostly one that fits."""
        if name in BY_PROPERTY and self.draw.random() < 0.8:
            return repr_text(self.pick(NAMES))
        if name in BY_NUMBER and self.draw.random() < 0.8:
            return str(self.draw.randint(-3, 12))
        return self.value_of()

    def test(self) -> str:
        """Return what an `if` tests."""
        parts = [self.comparison() for _ in range(self.draw.choice((1, 1, 2, 3)))]
        code = parts[0]
        for part in parts[1:]:
            code += f" {self.pick(('and', 'or'))} {part}"
        return code

    def comparison(self) -> str:
        """Return one comparison, or a value by itself."""
        if self.draw.random() < 0.35:
            return self.value_of()
        return f"{self.value_of()} {self.pick(COMPARISONS)} {self.value_of()}"

    def collection(self) -> str:
        """Return what a loop runs over."""
        kind = self.draw.randint(0, 5)
        if kind == 0:
            return f"({self.draw.randint(-1, 3)}..{self.draw.randint(0, 5)})"
        if kind == 1:
            return f"({self.bound()}..{self.bound()})"
        return str(
            self.pick(("list", "texts", "items", "deep.list", "user", "nothing", self.path()))
        )

    def bound(self) -> str:
        """Return one end of a range, never so far that it takes long."""
        return str(self.pick(("1", "n.size", "texts.size", "3.9", "'2'", "nothing", "yes", "s")))

    # -- nodes ------------------------------------------------------------------------------------

    def body(self, deep: int) -> str:
        """Return some nodes, nested so deep."""
        nodes = [Grammar.text, Grammar.output] * 3 + (BLOCK_NODES if deep else SIMPLE_NODES)
        count = self.draw.randint(1, 4)
        return "".join(self.draw.choice(nodes)(self, deep - 1) for _ in range(count))

    def tag(self, markup: str) -> str:
        """Return a tag, with whitespace control now and then."""
        left, right = self.pick(("", "", "", "-")), self.pick(("", "", "", "-"))
        return "{%" + left + f" {markup} " + right + "%}"

    def text(self, _: int) -> str:
        """Return literal text."""
        return str(
            self.pick((" ", "\n", "  \n", "a", "<p>", "b c", " . ", "", "{ ", "}}", "%}", "é\t"))
        )

    def output(self, _: int) -> str:
        """Return an output."""
        left, right = self.pick(("", "", "-")), self.pick(("", "", "-"))
        return "{{" + left + f" {self.filtered()} " + right + "}}"

    def echo(self, _: int) -> str:
        """Return an output as a tag."""
        return self.tag(f"echo {self.filtered()}")

    def assign(self, _: int) -> str:
        """Return a tag that gives a name a value."""
        name = str(self.pick(LOCALS))
        code = self.tag(f"assign {name} = {self.filtered()}")
        self.names.append(name)
        return code

    def capture(self, deep: int) -> str:
        """Return a tag that keeps what its body prints."""
        name = str(self.pick(LOCALS))
        code = self.tag(f"capture {name}") + self.body(deep) + self.tag("endcapture")
        self.names.append(name)
        return code

    def counter(self, _: int) -> str:
        """Return a counter."""
        return self.tag(f"{self.pick(('increment', 'decrement'))} {self.pick(('c', 'x', 'k'))}")

    def cycle(self, _: int) -> str:
        """Return a cycle."""
        values = ", ".join(self.value_of() for _ in range(self.draw.randint(1, 3)))
        values = values.replace("nil", "nothing")
        group = self.pick(("", "", "'g': ", "n: "))
        return self.tag(f"cycle {group}{values}")

    def choice(self, deep: int) -> str:
        """Return an `if` or `unless`."""
        word = self.pick(("if", "if", "unless"))
        code = self.tag(f"{word} {self.test()}") + self.body(deep)
        while self.draw.random() < 0.3:
            code += self.tag(f"elsif {self.test()}") + self.body(deep)
        if self.draw.random() < 0.4:
            code += self.tag("else") + self.body(deep)
        return code + self.tag(f"end{word}")

    def case_of(self, deep: int) -> str:
        """Return a `case`."""
        code = self.tag(f"case {self.value_of()}") + self.pick(("", " ", "\n"))
        for _ in range(self.draw.randint(1, 3)):
            values = self.pick((", ", " or ")).join(
                self.value_of() for _ in range(self.draw.randint(1, 3))
            )
            code += self.tag(f"when {values}") + self.body(deep)
        if self.draw.random() < 0.5:
            code += self.tag("else") + self.body(deep)
        return code + self.tag("endcase")

    def loop(self, deep: int) -> str:
        """Return a `for`."""
        name = str(self.pick(("x", "i", "item")))
        options = self.pick(("", "", " reversed"))
        if self.draw.random() < 0.3:
            options += f" limit: {self.pick(('1', '2', '3', 'n.size', 'nothing', '-1'))}"
        if self.draw.random() < 0.3:
            options += (
                f" offset: {self.pick(('1', '2', 'continue', 'nothing', '-1', 'texts.size'))}"
            )
        code = self.tag(f"for {name} in {self.collection()}{options}")
        self.loops += 1
        self.names.append(name)
        code += self.body(deep)
        if self.draw.random() < 0.2:
            jump = self.tag(str(self.pick(("break", "continue"))))
            code += self.tag(f"if {self.test()}") + jump + self.tag("endif") + self.body(0)
        self.names.remove(name)
        self.loops -= 1
        if self.draw.random() < 0.2:
            code += self.tag("else") + self.body(deep)
        return code + self.tag("endfor")

    def table(self, deep: int) -> str:
        """Return a `tablerow`."""
        options = self.pick(
            ("", " cols: 2", " cols: 3 limit: 4", " limit: 2 offset: 1", " cols:n.size")
        )
        code = self.tag(f"tablerow x in {self.collection()}{options}")
        self.names.append("x")
        code += self.pick(("", "{{ tablerowloop.col }}{{ tablerowloop.row }}")) + self.body(deep)
        self.names.remove("x")
        return code + self.tag("endtablerow")

    def changed(self, deep: int) -> str:
        """Return an `ifchanged`."""
        return self.tag("ifchanged") + self.body(deep) + self.tag("endifchanged")

    def block(self, _: int) -> str:
        """Return a call of a block."""
        if self.in_block:
            return ""
        name = self.pick(BLOCKS)
        options = self.pick((
            "", "", f" with {self.path()}", f" for {self.pick(('list', 'items', 'texts'))}",
            f" with {self.path()} as x", " for items as item",
        ))  # fmt: skip
        for key in self.draw.sample(("x", "title", "n"), self.draw.choice((0, 0, 1, 2))):
            options += f", {key}: {self.value_of()}"
        return self.tag(f"{self.pick(('render', 'include'))} '{name}'{options}")

    def lines(self, _: int) -> str:
        """Return a `liquid` tag."""
        lines = [
            f"assign y = {self.filtered()}".replace("\n", " "),
            f"if {self.test()}".replace("\n", " "), " echo y", "else", " echo 'no'", "endif",
            f"echo {self.filtered()}".replace("\n", " "),
        ]  # fmt: skip
        return self.tag("liquid\n" + "\n".join(lines) + "\n")

    def silent(self, _: int) -> str:
        """Return what prints as it is, or not at all."""
        return str(
            self.pick((
                "{% raw %}{{ a }} {% if %}{% endraw %}", "{% comment %} {{ x }} {% endcomment %}",
                "{%- comment -%} if {%- endcomment -%}", "{% # a remark %}",
            ))
        )  # fmt: skip


Node: TypeAlias = Callable[[Grammar, int], str]
SIMPLE_NODES: list[Node] = [
    Grammar.echo, Grammar.assign, Grammar.assign, Grammar.counter, Grammar.cycle, Grammar.silent,
    Grammar.lines, Grammar.block,
]  # fmt: skip
BLOCK_NODES: list[Node] = [
    *SIMPLE_NODES, Grammar.choice, Grammar.choice, Grammar.choice, Grammar.loop, Grammar.loop,
    Grammar.loop, Grammar.case_of, Grammar.capture, Grammar.table, Grammar.changed, Grammar.block,
]  # fmt: skip
BY_PROPERTY = frozenset({"map", "where", "sort", "sort_natural", "uniq", "compact"})
BY_NUMBER = frozenset({"truncate", "truncatewords", "slice", "round", "at_least", "at_most"})
ALONE = (
    *("abs", "capitalize", "ceil", "downcase", "escape", "escape_once", "first", "floor", "last"),
    *("lstrip", "newline_to_br", "reverse", "rstrip", "size", "strip", "strip_html", "upcase", "h"),
    *("strip_newlines", "url_encode", "url_decode", "base64_encode", "base64_url_safe_encode"),
)
FILTERS = (
    *((name, 0, 0) for name in ALONE),
    ("append", 1, 1), ("prepend", 1, 1), ("at_least", 1, 1), ("at_most", 1, 1), ("compact", 0, 1),
    ("concat", 1, 1), ("default", 0, 1), ("divided_by", 1, 1), ("join", 0, 1), ("where", 1, 2),
    ("map", 1, 1), ("minus", 1, 1), ("modulo", 1, 1), ("plus", 1, 1), ("remove", 1, 1),
    ("remove_first", 1, 1), ("remove_last", 1, 1), ("replace", 1, 2), ("replace_first", 1, 2),
    ("replace_last", 2, 2), ("round", 0, 1), ("slice", 1, 2), ("sort", 0, 1), ("uniq", 0, 1),
    ("split", 1, 1), ("times", 1, 1), ("truncate", 0, 2), ("truncatewords", 0, 2),
    ("sort_natural", 0, 1),
)  # fmt: skip


def repr_text(text: str) -> str:
    """Return a text as Liquid writes it."""
    return f'"{text}"' if '"' not in text else f"'{text}'" if "'" not in text else '"q"'


def written(number: float) -> str:
    """Return a number as Liquid writes it."""
    return repr(number)
