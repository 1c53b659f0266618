"""Which of a person's data a template reads, and where it says what to print without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tailorbird.content.contexts import reads
from tailorbird.content.tree import (
    Assign,
    Body,
    Capture,
    Case,
    Constant,
    Count,
    Expression,
    Filtered,
    For,
    If,
    Node,
    Output,
    Partial,
    Path,
    TableRow,
)
from tailorbird.content.walk import bodies, inside, own_expressions

UNKNOWN = ""
"""Stands for a local name that is no part of the data."""
_LOCAL = frozenset({"forloop", "tablerowloop"})


@dataclass(frozen=True, slots=True)
class Use:
    """One reading of the data. `path` is dotted, `[]` for an element of a list.

    `safe`: the template copes with a missing value there: a `default`, or a test around it.
    """

    path: str
    safe: bool


def uses(body: Body) -> frozenset[Use]:
    """Return every reading of the data in a tree whose partials are in place."""
    named = frozenset(Use(path, safe) for path, safe in reads(body))
    return named | frozenset(_body(body, {}, frozenset()))


def _body(body: Body, known: Mapping[str, str], tested: frozenset[str]) -> Iterator[Use]:
    names = dict(known)
    for node in body:
        yield from _node(node, names, tested)
        match node:
            case Assign(name, value):
                names[name] = path_of(value, names) or UNKNOWN
            case Capture(name) | Count(name):
                names[name] = UNKNOWN


def _node(node: Node, names: dict[str, str], tested: frozenset[str]) -> Iterator[Use]:
    printed = isinstance(node, Output | Assign)
    for expression in own_expressions(node):
        yield from _read(expression, names, tested, safe=not printed)
    match node:
        case If(branches, otherwise):
            for branch in branches:
                inner = tested | {use.path for use in _read(branch.test, names, tested, safe=True)}
                yield from _body(branch.body, names, inner)
            yield from _body(otherwise, names, tested)
        case Case(subject, arms):
            inner = tested | {use.path for use in _read(subject, names, tested, safe=True)}
            for _, body in arms:
                yield from _body(body, names, inner)
        case For(each, body, otherwise):
            element = path_of(each.collection, names)
            inside_names = {**names, each.variable: f"{element}[]" if element else UNKNOWN}
            yield from _body(body, inside_names, tested)
            yield from _body(otherwise, names, tested)
        case TableRow(each, _, body):
            element = path_of(each.collection, names)
            inside_names = {**names, each.variable: f"{element}[]" if element else UNKNOWN}
            yield from _body(body, inside_names, tested)
        case Partial():
            yield from _body(node.body or (), arguments_of(node, names), tested)
        case _:
            for body in bodies(node):
                yield from _body(body, names, tested)


def arguments_of(node: Partial, names: dict[str, str]) -> dict[str, str]:
    """Return the local names inside a partial: what it is given, and what it sees besides."""
    found = {} if node.isolated else dict(names)
    for name, value in node.arguments:
        found[name] = path_of(value, names) or UNKNOWN
    if node.bound is not None:
        path = path_of(node.bound, names)
        found[node.alias] = (f"{path}[]" if node.each else path) if path else UNKNOWN
    return found


def _read(
    expression: Expression, names: Mapping[str, str], tested: frozenset[str], *, safe: bool
) -> Iterator[Use]:
    if isinstance(expression, Path):
        path = path_of(expression, names)
        if path:
            yield Use(path, safe or path in tested)
    if isinstance(expression, Filtered) and expression.name == "default":
        yield from _read(expression.value, names, tested, safe=True)
        for argument in expression.arguments:
            yield from _read(argument, names, tested, safe=safe)
        return
    for inner in inside(expression):
        yield from _read(inner, names, tested, safe=safe or isinstance(expression, Path))


def path_of(expression: Expression, names: Mapping[str, str]) -> str | None:
    """Return the dotted path of a look-up in the data, or None for anything else.

    `names` are the local names: each stands for a path, or for what is no part of the data.
    """
    if not isinstance(expression, Path) or not isinstance(expression.root, str):
        return None
    if expression.root in _LOCAL:
        return None
    path = names.get(expression.root, expression.root)
    if path == UNKNOWN:
        return None
    for step in expression.steps:
        key = step.key.value if isinstance(step.key, Constant) else None
        if step.dotted and key == "size":
            return path
        if isinstance(key, str) and not (step.dotted and key in ("first", "last")):
            path = f"{path}.{key}"
        else:
            path = f"{path}[]"
    return path
