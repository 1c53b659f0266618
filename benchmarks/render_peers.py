"""The template engines beside ours, and our tree written in their languages."""

from __future__ import annotations

import html
import importlib
import importlib.util
import json
from collections.abc import Callable
from typing import Any, Literal

from tailorbird.content.filters.money import money
from tailorbird.content.tree import (
    Assign,
    Body,
    Case,
    Compare,
    Constant,
    Expression,
    Filtered,
    For,
    If,
    Link,
    Node,
    Output,
    Partial,
    Special,
    Text,
)
from tailorbird.content.tree import (
    Path as LookUp,
)

Values = dict[str, Any]
Render = Callable[[Values], str]
Language = Literal["jinja", "liquid"]


class Printer:
    """Writes a tree in the language of a peer, as far as the shipped template goes."""

    def __init__(self, language: Language) -> None:
        self.jinja = language == "jinja"

    def body(self, body: Body) -> str:
        return "".join(map(self.node, body))

    def node(self, node: Node) -> str:
        match node:
            case Text(text):
                return text
            case Output(value):
                return self.printed(value)
            case Link(_, (Output(value),)):
                return self.printed(value)
            case Link(_, (Text(text),)):
                return html.escape(text)
            case If(branches, otherwise):
                parts = [
                    f"{{% {'if' if place == 0 else self.elsif} {self.test(branch.test)} %}}"
                    + self.body(branch.body)
                    for place, branch in enumerate(branches)
                ]
                return "".join(parts) + "{% else %}" + self.body(otherwise) + "{% endif %}"
            case Case(subject, arms):
                parts = [
                    f"{{% {'if' if place == 0 else self.elsif} "
                    f"{self.value(subject)} == {self.value(values[0])} %}}{self.body(body)}"
                    for place, (values, body) in enumerate(arms)
                ]
                return "".join(parts) + "{% endif %}"
            case For(each, body):
                found = self.value(each.collection)
                return f"{{% for {each.variable} in {found} %}}{self.body(body)}{{% endfor %}}"
            case Partial(body=body) if body is not None:
                return self.body(body)
            case Assign():
                return ""
        raise NotImplementedError(type(node).__name__)

    @property
    def elsif(self) -> str:
        return "elif" if self.jinja else "elsif"

    def printed(self, value: Expression) -> str:
        return "{{ " + self.value(value) + (" | e }}" if self.jinja else " | escape }}")

    def test(self, test: Expression) -> str:
        match test:
            case Compare("!=", left, Special()):
                return self.value(left) if self.jinja else f"{self.value(left)} != blank"
            case Compare(operator, left, right):
                first = self.value(left)
                guard = f"{first} is defined and {first} and " if self.jinja else ""
                return f"{guard}{first} {operator} {self.value(right)}"
        return self.value(test)

    def value(self, value: Expression) -> str:
        match value:
            case Constant(constant):
                return json.dumps(constant)
            case LookUp(root, steps):
                names = [str(step.key.value) for step in steps if isinstance(step.key, Constant)]
                if self.jinja and names[-1:] == ["size"]:
                    return ".".join([str(root), *names[:-1]]) + "|length"
                return ".".join([str(root), *names]).replace(" pixel_url", "pixel_url")
            case Filtered(inner, name, arguments):
                given = ", ".join(map(self.value, arguments))
                if not self.jinja:
                    return f"{self.value(inner)} | {name}" + (f": {given}" if given else "")
                if name == "strip":
                    return f"({self.value(inner)} or '')|trim"
                given += ", true" if name == "default" else ""
                return f"{self.value(inner)}|{name}({given})"
        raise NotImplementedError(type(value).__name__)


def peers(tree: Body) -> dict[str, Render | str]:
    """Return a renderer for each engine, or why there is none."""
    made: dict[str, Callable[[Body], Render]] = {
        "jinja2": _jinja2,
        "minijinja": _minijinja,
        "liquid": _python_liquid,
    }
    return {
        name: make(tree) if importlib.util.find_spec(name) else "not installed"
        for name, make in made.items()
    }


def _price(amount: object, currency: object) -> str:
    return money({}, amount, currency)


def _jinja2(tree: Body) -> Render:
    jinja2: Any = importlib.import_module("jinja2")
    engine = jinja2.Environment(autoescape=False)  # the source escapes each value itself
    engine.filters["money"] = _price
    template = engine.from_string(Printer("jinja").body(tree))
    return lambda values: template.render(values)


def _minijinja(tree: Body) -> Render:
    minijinja: Any = importlib.import_module("minijinja")
    engine = minijinja.Environment(templates={"mail": Printer("jinja").body(tree)})
    engine.add_filter("money", _price)
    return lambda values: engine.render_template("mail", **values)


def _python_liquid(tree: Body) -> Render:
    liquid: Any = importlib.import_module("liquid")
    engine = liquid.Environment()
    engine.add_filter("money", _price)
    template = engine.from_string(Printer("liquid").body(tree))
    return lambda values: template.render(**values)
