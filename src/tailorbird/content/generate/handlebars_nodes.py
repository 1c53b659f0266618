"""Nodes of a Handlebars tree into Python statements: one function for each partial."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

from tailorbird.content.generate.choices import write_if
from tailorbird.content.generate.handlebars_expressions import Context, Expressions, Loop, Names
from tailorbird.content.generate.handlebars_memory import fields_read, links_of, reads_setting
from tailorbird.content.generate.handlebars_program import Program
from tailorbird.content.generate.writer import Writer
from tailorbird.content.scope import MOST_PIECES
from tailorbird.content.tree import (
    Body,
    Constant,
    Expression,
    If,
    Inline,
    Insertion,
    Link,
    Node,
    Output,
    Parameter,
    Private,
    Text,
    This,
    Within,
)
from tailorbird.content.values import text
from tailorbird.content.walk import expressions, nodes


class Nodes:
    """Writes the body of one unit, with the functions inside it."""

    def __init__(self, writer: Writer, program: Program, *, main: bool) -> None:
        self.writer = writer
        self._program = program
        top = Context("c0", "g0", "d0")
        self.names = Names([top], "frame", "block", "inlines", main)
        self._expressions = Expressions(writer, self.names)
        self._out, self._links = "out", "scope.links"

    def unit(self, body: Body) -> None:
        """Write a whole unit, whose context is in `c0`."""
        self.writer.line("put = out.extend; late = scope.deadline")
        self._getter(self.names.contexts[0])
        if self._program.reaches_up:
            self.writer.line("d0 = (c0,)")
        self.body(body, self.names.around)

    def body(self, body: Body, around: Context | None = None) -> None:
        """Write every node of a body, first the partials that it defines.

        `around` is what is around the body where it is not the context it stands in.
        """
        outer, before = self.names.inlines, self.names.around
        printed, self.names.printed = self.names.printed, dict(self.names.printed)
        self.names.around = around or self.names.contexts[-1]
        self._define(body)
        self._nodes(body)
        self.names.inlines, self.names.around = outer, before
        self.names.printed = printed

    def _nodes(self, body: Body) -> None:
        for node in body:
            self._node(node)

    def value(self, expression: Expression) -> str:
        """Return Python that gives an expression's value."""
        return self._expressions.value(expression)

    def truth(self, expression: Expression) -> str:
        """Return Python that gives whether a test holds."""
        return self._expressions.truth(expression)

    def _node(self, node: Node) -> None:
        match node:
            case Text(text=written):
                if written:
                    self.writer.put(repr(written))
            case Output(value, place, escape):
                self.writer.put(self._expressions.printed(value, escape), place)
            case If():
                write_if(self, node)
            case Within():
                self._within(node)
            case Insertion():
                self._insertion(node)
            case Link():
                self._link(node)

    def _link(self, node: Link) -> None:
        written = self._collected(node.parts)
        escape = "escape_html" if node.escape else "str"
        code = f"{escape}({self._links}(safe_url({written}), {node.index}))"
        self.writer.put(code, node.place)

    def _collected(self, body: Body) -> str:
        """Write a body into a list of its own and return Python that gives its text."""
        inner, outer = self.writer.fresh("o"), self._out
        self.writer.line(f"{inner} = []; {inner}x = {inner}.extend")
        self._out = inner
        with self.writer.sink(f"{inner}x"):
            self.body(body)
        self._out = outer
        return f"''.join({inner})"

    # -- blocks that stand for a value ------------------------------------------------------------

    def _getter(self, context: Context) -> None:
        value = context.value
        self.writer.line(
            f"{context.get} = {value}.get if {value}.__class__ is dict else getter({value})"
        )

    def _enter(self, context: Context, around: Context) -> None:
        self._getter(context)
        if self._program.reaches_up:
            chain = around.chain
            keep = f"{context.value} is {chain}[0] or same({context.value}, {chain}[0])"
            self.writer.line(
                f"{context.chain} = {chain} if {keep} else ({context.value}, *{chain})"
            )

    def _within(self, node: Within) -> None:
        if node.kind == "with":
            self._with(node)
        else:
            self._each(node)

    def _fresh_context(self) -> Context:
        number = self.writer.fresh("")
        return Context(f"c{number}", f"g{number}", f"d{number}")

    def _with(self, node: Within) -> None:
        around, context = self.names.contexts[-1], self._fresh_context()
        self.writer.line(f"{context.value} = {self.value(node.value)}", node.place)
        with self.writer.block(f"if filled({context.value}):"):
            self._enter(context, around)
            self._inside(node.body, context)
        if node.otherwise:
            with self.writer.block("else:"):
                self.body(node.otherwise)

    def _each(self, node: Within) -> None:
        around, context = self.names.contexts[-1], self._fresh_context()
        found, turns, index, length, keys = map(self.writer.fresh, "seink")
        loop = Loop(index, length, keys)
        self.writer.line(f"{found} = {self.value(node.value)}", node.place)
        if node.kind == "each":
            self.writer.line(f"{turns} = turns(scope, {found})", node.place)
        else:
            loop.listed = self.writer.fresh("l")
            self.writer.line(f"{loop.listed} = {found}.__class__ is list")
            here = self.value(This(0, filled=node.filled))
            self.writer.line(f"{turns} = sections({found}, {here})")
            self.writer.line(f"scope.charge(len({turns}))", node.place)
        self.writer.line(f"{length} = len({turns})")
        counted = self._counts(node)
        if counted:
            self.writer.line(f"{keys} = keys({found})")
        read = fields_read(node, len(self.names.levels)) if node.kind == "each" else []
        runs, place, outer = turns, context.value, (self._out, self._links)
        if read:
            runs = self._remembered(node, read, turns)
        elif counted:
            runs = f"enumerate({turns})"
        if read or counted:
            place = f"{index}, {place}"
        with self.writer.block(f"for {place} in {runs}:", node.place):
            over = f"len({self._out}) > {MOST_PIECES} or (late and late())"
            self.writer.line(f"if {over}: scope.overflow()", node.place)
            self._enter(context, around)
            context.loop = loop
            self.names.loops.append(loop)
            with self.writer.sink(f"{self._out}x") if read else nullcontext():
                self._inside(node.body, context)
            self.names.loops.pop()
        self._out, self._links = outer
        if node.otherwise:
            with self.writer.block(f"if not {length}:"):
                self.body(node.otherwise)

    def _remembered(self, node: Within, fields: list[str], turns: str) -> str:
        """Write the question whether turns are looked for in a memo, and return what is run over.

        What is written next prints and links where a turn that is printed anew does.
        """
        runs, out, links, made = map(self.writer.fresh, "jolm")
        found = links_of(node)
        memo = self._program.memo(fields, found[0].escape if found else True)
        self.writer.line(f"{runs} = enumerate({turns}); {out} = {self._out}; {links} = scope.links")
        with self.writer.block(f"if {memo}.awake(len({turns})):"):
            read = "setting(scope.data)" if reads_setting(node) else "()"
            self.writer.line(f"{made} = Made()")
            self.writer.line(f"{runs} = {memo}.turns({turns}, {read}, {out}, {links}, {made})")
            self.writer.line(f"{out} = {made}.out; {links} = {made}")
        self.writer.line(f"{out}x = {out}.extend")
        self._out, self._links = out, links
        return runs

    def _inside(self, body: Body, context: Context) -> None:
        around = self.names.contexts[-1]
        self.names.contexts.append(context)
        self.names.levels.append(context)
        self.body(body, around)
        self.names.levels.pop()
        self.names.contexts.pop()

    def _counts(self, node: Within) -> bool:
        """Return whether something in a loop reads where it stands."""
        if self._program.framed and any(isinstance(each, Insertion) for each in nodes(node.body)):
            return True
        return any(
            (isinstance(each, Private) and (each.up or each.name != "root"))
            or (isinstance(each, Parameter) and each.position)
            for each in expressions(node.body)
        )

    # -- partials ---------------------------------------------------------------------------------

    def _define(self, body: Body) -> None:
        """Write the partials that a body defines for itself, and for what it calls."""
        made = [
            f"{node.name!r}: {self._function(node.body, inline=True)}"
            for node in body
            if isinstance(node, Inline)
        ]
        if made:
            known = self.writer.fresh("y")
            self.writer.line(f"{known} = {{**({self.names.inlines} or {{}}), {', '.join(made)}}}")
            self.names.inlines = known

    def _function(self, body: Body, *, inline: bool) -> str:
        """Write a function inside this one and return its name."""
        name, context = self.writer.fresh("k"), self._fresh_context()
        number = self.writer.fresh("")
        given = f"frame{number}, block{number}, inlines{number}"
        outer, out = self.names, self._out
        self.names = replace(
            outer,
            contexts=[*outer.contexts, context],
            frame=f"frame{number}",
            block=f"block{number}" if inline else outer.block,
            inlines=f"inlines{number}" if inline else outer.inlines,
            main=False,
            levels=[] if inline else outer.levels,
            loops=[],
            printed={},
        )
        self._expressions.names, self._out = self.names, "out"
        with self.writer.block(f"def {name}(out, scope, {context.value}, {given}):"):
            self.writer.line("put = out.extend; late = scope.deadline")
            with self.writer.sink("put"):
                seen = outer.around if inline else outer.contexts[-1]
                self._enter(context, seen)
                if inline:
                    self.body(body, seen)
                else:
                    self._nodes(body)
        self.names, self._expressions.names, self._out = outer, outer, out
        return name

    def _insertion(self, node: Insertion) -> None:
        outer = self.names.inlines
        body = None
        if node.body is not None:
            before, self.names.around = self.names.around, self.names.contexts[-1]
            self._define(node.body)
            self.names.around = before
            body = self._function(node.body, inline=False)
        context = self.value(node.context)
        if node.named is not None:
            context = f"merged({context}, {self._expressions.named(node.named)})"
        frame = self._expressions.frame() if self._program.framed else "None"
        if body and self._program.framed:
            frame = f"copied({frame})"
        target = self._target(node, body)
        given = f"{context}, {frame}, {body or self.names.block}, {self.names.inlines}"
        if node.indent:
            inner = self.writer.fresh("o")
            self.writer.line(f"{inner} = []")
            self.writer.line(f"call({target}, {inner}, scope, {given})", node.place)
            self.writer.put(f"indented(''.join({inner}), {node.indent!r})")
        else:
            self.writer.line(f"call({target}, {self._out}, scope, {given})", node.place)
        self.names.inlines = outer

    def _target(self, node: Insertion, body: str | None) -> str:
        """Return Python that gives the function of a partial."""
        if node.name == Private("partial-block"):
            return f"given_block({self.names.block}, {body})"
        if isinstance(node.name, Constant):
            name = text(node.name.value)
            function = self._program.function(name)
            if name not in self._program.inlines:
                return function or str(body)
            return f"partial({name!r}, {self.names.inlines}, units, {body})"
        return f"partial({self.value(node.name)}, {self.names.inlines}, units, {body})"
