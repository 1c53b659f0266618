"""Ways through a tree: every node, every expression."""

from __future__ import annotations

from collections.abc import Iterator

from tailorbird.content.tree import (
    Assign,
    Body,
    Capture,
    Case,
    Compare,
    Cycle,
    Expression,
    Filtered,
    For,
    Helped,
    If,
    IfChanged,
    Inline,
    Insertion,
    Link,
    Logic,
    Member,
    Negation,
    Node,
    Output,
    Partial,
    Path,
    Span,
    TableRow,
    Truth,
    Within,
)


def nodes(body: Body) -> Iterator[Node]:
    """Yield every node of a body, outer before inner."""
    for node in body:
        yield node
        for inner in bodies(node):
            yield from nodes(inner)


def bodies(node: Node) -> Iterator[Body]:
    """Yield the bodies directly inside a node."""
    match node:
        case If(branches, otherwise):
            yield from (branch.body for branch in branches)
            yield otherwise
        case Case(_, arms):
            yield from (body for _, body in arms)
        case For(_, body, otherwise):
            yield body
            yield otherwise
        case TableRow(body=body) | Capture(body=body) | IfChanged(body) | Link(parts=body):
            yield body
        case Partial(body=body) | Insertion(body=body) if body is not None:
            yield body
        case Within(body=body, otherwise=otherwise):
            yield body
            yield otherwise
        case Inline(body=body):
            yield body


def own_expressions(node: Node) -> Iterator[Expression]:
    """Yield the expressions that a node itself evaluates, whole."""
    match node:
        case Output(value) | Assign(value=value):
            yield value
        case If(branches):
            yield from (branch.test for branch in branches)
        case Case(subject, arms):
            yield subject
            for values, _ in arms:
                yield from values
        case Cycle(group, values):
            yield group
            yield from values
        case For(each) | TableRow(each):
            yield each.collection
            if each.limit is not None:
                yield each.limit
            if each.offset is not None and each.offset != "continue":
                yield each.offset
            if isinstance(node, TableRow) and node.columns is not None:
                yield node.columns
        case Within(value=value):
            yield value
        case Partial() | Insertion():
            yield from _given(node)


def _given(node: Partial | Insertion) -> Iterator[Expression]:
    yield node.name
    if isinstance(node, Insertion):
        yield node.context
        yield from (value for _, value in node.named or ())
        return
    if node.bound is not None:
        yield node.bound
    yield from (value for _, value in node.arguments)


def expressions(body: Body) -> Iterator[Expression]:
    """Yield every expression in a body, outer before inner."""
    for node in nodes(body):
        for expression in own_expressions(node):
            yield from parts(expression)


def parts(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything inside it."""
    yield expression
    for inner in inside(expression):
        yield from parts(inner)


def inside(expression: Expression) -> Iterator[Expression]:
    """Yield the expressions directly inside one."""
    match expression:
        case Path(root, steps):
            if not isinstance(root, str):
                yield root
            yield from (step.key for step in steps)
        case Span(first, last):
            yield first
            yield last
        case Filtered(value, _, arguments, named):
            yield value
            yield from arguments
            yield from (each for _, each in named)
        case Compare(_, left, right) | Logic(_, left, right):
            yield left
            yield right
        case Negation(value) | Member(value):
            yield value
        case Helped(_, arguments, named):
            yield from arguments
            yield from (each for _, each in named)
        case Truth(value, zero):
            yield value
            if zero is not None:
                yield zero
