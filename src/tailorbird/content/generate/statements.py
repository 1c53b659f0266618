"""Nodes of the tree into Python statements: one function for each template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from tailorbird.content.generate.choices import write_if
from tailorbird.content.generate.expressions import Expressions, Names
from tailorbird.content.generate.loops import open_frame, write_for, write_rows
from tailorbird.content.generate.program import Program
from tailorbird.content.generate.writer import Writer
from tailorbird.content.liquid.blanks import blank
from tailorbird.content.scope import MOST_PIECES
from tailorbird.content.tree import (
    Assign,
    Body,
    Capture,
    Case,
    Constant,
    Count,
    Cycle,
    Expression,
    For,
    If,
    IfChanged,
    Jump,
    Link,
    Node,
    Output,
    Partial,
    Path,
    Place,
    TableRow,
    Text,
)
from tailorbird.content.walk import nodes


class Statements:
    """Writes the body of one unit."""

    def __init__(
        self, writer: Writer, names: Names, program: Program, *, is_main: bool = True
    ) -> None:
        self.is_main = is_main
        self.writer = writer
        self.names = names
        self.program = program
        self._expressions = Expressions(writer, names)
        self.out = "out"
        self.links = "links"

    def value(self, expression: Expression) -> str:
        """Return Python that gives an expression's value."""
        return self._expressions.value(expression)

    def truth(self, expression: Expression) -> str:
        """Return Python that gives whether a test holds."""
        return self._expressions.truth(expression)

    def body(self, body: Body) -> None:
        """Write every node of a body."""
        for node in body:
            if self.program.printing and not isinstance(node, Text | Jump):
                self._guarded(node)
            else:
                self._node(node)

    def _guarded(self, node: Node) -> None:
        """Write a node whose faults are printed in its place, unless it never prints anything."""
        with self.writer.block("try:"):
            self._node(node)
        with self.writer.block("except Unfit as fault:"):
            place = getattr(node, "place", None)
            if place is not None and not blank((node,)):
                inside = "" if self.is_main else f"{place.name} "
                where = f"Liquid error ({inside}line {place.line}): "
                self.writer.put(f"{where!r} + fault.shopify")

    @contextmanager
    def into(self, out: str, links: str) -> Iterator[None]:
        """Write what is written inside into another list, its links given by another function."""
        outer = self.out, self.links
        self.out, self.links = out, links
        with self.writer.sink(f"{out}x"):
            yield
        self.out, self.links = outer

    def check_output(self, place: Place) -> None:
        """Write a check that the output has not outgrown its budget, nor the time."""
        over = f"len({self.out}) > {MOST_PIECES} or (late and late())"
        self.writer.line(f"if {over}: scope.overflow()", place)

    def _node(self, node: Node) -> None:
        match node:
            case Text(text):
                if text:
                    self.writer.put(repr(text))
            case Output(value, place, escape):
                self.writer.put(self._expressions.printed(value, escape), place)
            case If() | Case() | For() | TableRow() | IfChanged() | Jump():
                self._flow(node)
            case Assign(name, value, place):
                self.writer.line(f"{self._target(name)} = kept({self.value(value)})", place)
            case Capture():
                self._capture(node)
            case Count(name, step):
                self.writer.put(f"scope.count({name!r}, {step})")
            case Cycle():
                self._cycle(node)
            case Partial():
                self._partial(node)
            case Link():
                self._link(node)

    def _flow(self, node: If | Case | For | TableRow | IfChanged | Jump) -> None:
        match node:
            case If():
                write_if(self, node)
            case Case():
                self._case(node)
            case For():
                write_for(self, node)
            case TableRow():
                write_rows(self, node)
            case IfChanged(body):
                with self._collected(body) as written:
                    self.writer.put(f"scope.if_changed({written})")
            case Jump(kind):
                self.writer.line(kind if self.names.loops else f"return {kind!r}")

    # -- choices ----------------------------------------------------------------------------------

    def _case(self, node: Case) -> None:
        subject, matched = self.writer.fresh("c"), self.writer.fresh("m")
        changes = any(node for _, body in node.arms for node in nodes(body) if _changes_names(node))
        self.writer.line(f"{subject} = {self.value(node.subject)}", node.place)
        self.writer.line(f"{matched} = False")
        for values, body in node.arms:
            for value in values or (None,):
                test = self._expressions.equal_to(subject, value) if value else f"not {matched}"
                with self.writer.block(f"if {test}:", node.place):
                    if value:
                        self.writer.line(f"{matched} = True")
                    self.body(body)
                    if changes:  # what stands in an arm may change the subject of the next
                        self.writer.line(f"{subject} = {self.value(node.subject)}", node.place)

    def _cycle(self, node: Cycle) -> None:
        values = "".join(f"{self.value(value)}, " for value in node.values)
        code = f"scope.cycle({self.value(node.group)}, ({values}))"
        function = "text" if node.escape == "none" else f"escape_{node.escape}"
        self.writer.put(f"{function}({code})", node.place)

    # -- nested output ----------------------------------------------------------------------------

    @contextmanager
    def _collected(self, body: Body) -> Iterator[str]:
        """Write a body into a list of its own, then what is done with the Python of its text.

        It is done too when the body is left by a jump: what was written so far counts.
        """
        inner, outer = self.writer.fresh("o"), self.out
        jumps = any(isinstance(each, Jump | Partial) for each in nodes(body))
        self.writer.line(f"{inner} = []; {inner}x = {inner}.extend")
        with self.writer.block("try:") if jumps else nullcontext():
            self.out = inner
            with self.writer.sink(f"{inner}x"):
                self.body(body)
            self.out = outer
        with self.writer.block("finally:") if jumps else nullcontext():
            yield f"joined({inner})"

    def _capture(self, node: Capture) -> None:
        with self._collected(node.body) as written:
            value = f"Html({written})" if node.safe else written
            self.writer.line(f"{self._target(node.name)} = kept({value})", node.place)

    def _target(self, name: str) -> str:
        """Return the Python that an assignment to a name goes to."""
        return self.names.own.get(name) or f"base[{name!r}]"

    def _link(self, node: Link) -> None:
        match node.parts:
            case (Output(value),):
                self._linked(node, self._expressions.value(value))
            case _:
                with self._collected(node.parts) as written:
                    self._linked(node, written)

    def _linked(self, node: Link, written: str) -> None:
        escape = "escape_html" if node.escape else "text"
        code = f"{escape}({self.links}(safe_url({written}), {node.index}))"
        self.writer.put(code, node.place)

    # -- partials ---------------------------------------------------------------------------------

    def _partial(self, node: Partial) -> None:
        name, plain = self.program.target(node), self.program.plain(node)
        if plain:
            given = f"{self.out}, {plain}, {name!r}, {{{self._arguments(node)}}}"
            self.writer.line(f"scope.render_plain({given})", node.place)
            return
        target = repr(name) if name is not None else self.value(node.name)
        bound = self._bound(node, target)
        call = f"Call({target}, {node.alias!r}, {node.each})"
        if name is not None:
            call = self.program.constant(call)
        if node.isolated:
            given = f"{self.out}, {call}, {bound}, {{{self._arguments(node)}}}"
            code = f"scope.render({given})"
            self.writer.line(code, node.place)
            return
        given, jump = self.writer.fresh("b"), self.writer.fresh("j")
        self.writer.line(f"{given} = {bound}", node.place)
        frame = open_frame(self.writer)
        for key, value in node.arguments:
            self.writer.line(f"{frame}[{key!r}] = {self.value(value)}", node.place)
        code = f"scope.include({self.out}, {call}, {given}, {frame})"
        self.writer.line(f"{jump} = {code}", node.place)
        if self.names.loops:
            with self.writer.block(f"if {jump} == 'break':"):
                self.writer.line("break")
            with self.writer.block(f"if {jump}:"):
                self.writer.line("continue")
        else:
            with self.writer.block(f"if {jump}:"):
                self.writer.line(f"return {jump}")

    def _arguments(self, node: Partial) -> str:
        return ", ".join(f"{key!r}: {self.value(value)}" for key, value in node.arguments)

    def _bound(self, node: Partial, target: str) -> str:
        """Return Python that gives what the partial is called with.

        Without `with` or `for`, `include` takes the value that has the name of the template.
        """
        if node.bound is not None:
            return self.value(node.bound)
        if node.isolated:
            return "None"
        if isinstance(node.name, Constant):
            return self.value(Path(str(node.name.value), (), node.place))
        return f"look(text({target}))"


def _changes_names(node: Node) -> bool:
    return isinstance(node, Assign | Capture | Count | Partial)
