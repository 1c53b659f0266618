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
    """Writes a tree in another language, as far as the shipped template goes; each says how."""

    marks: tuple[str, str, str, str]
    """`if`, `else if` (with a gap for the test), `else` and the end of a choice."""

    def body(self, body: Body) -> str:
        return "".join(map(self.node, body))

    def node(self, node: Node) -> str:
        match node:
            case Text(text):
                return self.words(text)
            case Output(value) | Link(_, (Output(value),)):
                return self.printed(value)
            case Link(_, (Text(text),)):
                return html.escape(text)
            case If(branches, otherwise):
                return self.choice(
                    [(self.test(each.test), each.body) for each in branches], otherwise
                )
            case Case(subject, arms):
                tests = [(self.equals(subject, values[0]), body) for values, body in arms]
                return self.choice(tests, ())
            case For():
                return self.loop(node)
            case Partial(body=body) if body is not None:
                return self.body(body)
            case Assign():
                return ""
        raise NotImplementedError(type(node).__name__)

    def choice(self, tests: list[tuple[str, Body]], otherwise: Body) -> str:
        first, further, rest, end = self.marks
        openings = [first, *[further] * len(tests)]
        arms = [
            opening.format(test) + self.body(body)
            for opening, (test, body) in zip(openings, tests, strict=False)
        ]
        return "".join(arms) + (rest + self.body(otherwise) if otherwise else "") + end

    def words(self, text: str) -> str:
        return text

    def printed(self, value: Expression) -> str:
        raise NotImplementedError

    def test(self, test: Expression) -> str:
        raise NotImplementedError

    def equals(self, subject: Expression, value: Expression) -> str:
        return f"{self.value(subject)} == {self.value(value)}"

    def loop(self, loop: For) -> str:
        raise NotImplementedError

    def value(self, value: Expression) -> str:
        raise NotImplementedError


class Tags(Printer):
    """Jinja, or the Liquid of a peer."""

    def __init__(self, language: Language) -> None:
        self.jinja = language == "jinja"
        further = "elif" if self.jinja else "elsif"
        self.marks = ("{{% if {} %}}", f"{{{{% {further} {{}} %}}}}", "{% else %}", "{% endif %}")

    def printed(self, value: Expression) -> str:
        return "{{ " + self.value(value) + (" | e }}" if self.jinja else " | escape }}")

    def loop(self, loop: For) -> str:
        head = f"{{% for {loop.each.variable} in {self.value(loop.each.collection)} %}}"
        return f"{head}{self.body(loop.body)}{{% endfor %}}"

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
    template = engine.from_string(Tags("jinja").body(tree))
    return lambda values: template.render(values)


def _minijinja(tree: Body) -> Render:
    minijinja: Any = importlib.import_module("minijinja")
    engine = minijinja.Environment(templates={"mail": Tags("jinja").body(tree)})
    engine.add_filter("money", _price)
    return lambda values: engine.render_template("mail", **values)


def _python_liquid(tree: Body) -> Render:
    liquid: Any = importlib.import_module("liquid")
    engine = liquid.Environment()
    engine.add_filter("money", _price)
    template = engine.from_string(Tags("liquid").body(tree))
    return lambda values: template.render(**values)
