"""Nodes of the tree into Python statements: one function for each template."""

from __future__ import annotations

from tailorbird.content.generate.expressions import Expressions, Loop, Names
from tailorbird.content.generate.program import Program
from tailorbird.content.generate.writer import Writer
from tailorbird.content.tree import (
    Assign,
    Body,
    Capture,
    Case,
    Constant,
    Count,
    Cycle,
    Each,
    For,
    If,
    IfChanged,
    Jump,
    Link,
    Node,
    Output,
    Partial,
    TableRow,
    Text,
)


class Statements:
    """Writes the body of one unit."""

    def __init__(self, writer: Writer, names: Names, program: Program) -> None:
        self._writer = writer
        self._names = names
        self._program = program
        self._expressions = Expressions(writer, names)
        self._value = self._expressions.value

    def body(self, body: Body) -> None:
        """Write every node of a body."""
        for node in body:
            self._node(node)

    def _node(self, node: Node) -> None:
        match node:
            case Text(text):
                if text:
                    self._writer.put(repr(text))
            case Output(value, place, escape):
                self._writer.put(self._expressions.printed(value, escape), place)
            case If() | Case() | For() | TableRow() | IfChanged() | Jump():
                self._flow(node)
            case Assign(name, value, place):
                self._writer.line(f"base[{name!r}] = kept({self._value(value)})", place)
            case Capture(name, body, place, safe):
                written = self._captured(body)
                kind = "Html" if safe else ""
                self._writer.line(f"base[{name!r}] = kept({kind}({written}))", place)
            case Count(name, step):
                self._writer.put(f"scope.count({name!r}, {step})")
            case Cycle():
                self._cycle(node)
            case Partial():
                self._partial(node)
            case Link():
                self._link(node)

    def _flow(self, node: If | Case | For | TableRow | IfChanged | Jump) -> None:
        match node:
            case If():
                self._if(node)
            case Case():
                self._case(node)
            case For():
                self._for(node)
            case TableRow():
                self._tablerow(node)
            case IfChanged(body):
                written = self._captured(body)
                self._writer.put(f"scope.if_changed({written})")
            case Jump(kind):
                self._writer.line(kind if self._names.loops else f"return {kind!r}")

    # -- choices ----------------------------------------------------------------------------------

    def _if(self, node: If) -> None:
        word = "if"
        for branch in node.branches:
            test = self._expressions.truth(branch.test)
            with self._writer.block(f"{word} {test}:", node.place):
                self.body(branch.body)
            word = "elif"
        if node.otherwise:
            with self._writer.block("else:"):
                self.body(node.otherwise)

    def _case(self, node: Case) -> None:
        subject, matched = self._writer.fresh("c"), self._writer.fresh("m")
        self._writer.line(f"{subject} = {self._value(node.subject)}", node.place)
        self._writer.line(f"{matched} = False")
        for values, body in node.arms:
            for value in values:
                with self._writer.block(
                    f"if {self._expressions.equal_to(subject, value)}:", node.place
                ):
                    self._writer.line(f"{matched} = True")
                    self.body(body)
        if node.otherwise:
            with self._writer.block(f"if not {matched}:"):
                self.body(node.otherwise)

    # -- loops ------------------------------------------------------------------------------------

    def _turns(self, each: Each, place: object) -> str:
        """Write what a loop runs over and return its Python name."""
        name = self._writer.fresh("e")
        collection = self._value(each.collection)
        plain = each.limit is None and each.offset is None and not each.reversed
        if plain and each.key not in self._program.continued:
            code = f"scope.turns({collection})"
        else:
            limit = self._value(each.limit) if each.limit else "None"
            offset = (
                "..."
                if each.offset == "continue"
                else self._value(each.offset)
                if each.offset
                else "None"
            )
            code = f"scope.part({collection}, {each.key!r}, {limit}, {offset}, {each.reversed})"
        self._writer.line(f"{name} = {code}", place)  # type: ignore[arg-type]
        return name

    def _for(self, node: For) -> None:
        turns = self._turns(node.each, node.place)
        index, element, length = (self._writer.fresh(prefix) for prefix in "ivn")
        self._writer.line(f"{length} = len({turns})")
        loop = Loop(node.each.variable, element, index, length, node.each.key)
        framed = self._program.framed
        frame = self._open_frame() if framed else ""
        with self._writer.block(f"for {index}, {element} in enumerate({turns}):", node.place):
            self._names.loops.append(loop)
            if framed:
                record = self._writer.fresh("q")
                self._writer.line(f"{record} = {self._names.record(loop)}")
                self._writer.line(
                    f"{frame}.update({{'forloop': {record}, ' loop': {record},"
                    f" {node.each.variable!r}: {element}}})"
                )
            self.body(node.body)
            self._names.loops.pop()
        if framed:
            self._writer.line("scope.frames.pop()")
        if node.otherwise:
            with self._writer.block(f"if not {length}:"):
                self.body(node.otherwise)

    def _open_frame(self) -> str:
        frame = self._writer.fresh("g")
        self._writer.line(f"{frame} = {{}}")
        self._writer.line(f"scope.frames.append({frame})")
        return frame

    def _tablerow(self, node: TableRow) -> None:
        turns = self._turns(node.each, node.place)
        index, element, length = (self._writer.fresh(prefix) for prefix in "ivn")
        columns = self._writer.fresh("k")
        wanted = self._value(node.columns) if node.columns else "None"
        self._writer.line(f"{length} = len({turns})")
        self._writer.line(f"{columns} = columns_of({wanted}, {length})", node.place)
        loop = Loop(
            node.each.variable, element, index, length, node.each.key, "tablerowloop", columns
        )
        self._writer.put("'<tr class=\"row1\">\\n'")
        frame = self._open_frame() if self._program.framed else ""
        with self._writer.block(f"for {index}, {element} in enumerate({turns}):", node.place):
            with self._writer.block(f"if {index} and not {index} % {columns}:"):
                row = f"str({index} // {columns} + 1)"
                self._writer.put(f"'</tr>\\n<tr class=\"row' + {row} + '\">'")
            self._writer.put(f"'<td class=\"col' + str({index} % {columns} + 1) + '\">'")
            self._names.loops.append(loop)
            if frame:
                self._writer.line(
                    f"{frame}.update({{'tablerowloop': {self._names.record(loop)},"
                    f" {node.each.variable!r}: {element}}})"
                )
            with self._writer.block("try:"):
                self.body(node.body)
            with self._writer.block("finally:"):
                self._writer.put("'</td>'")
            self._names.loops.pop()
        if frame:
            self._writer.line("scope.frames.pop()")
        self._writer.put("'</tr>\\n'")

    def _cycle(self, node: Cycle) -> None:
        values = "".join(f"{self._value(value)}, " for value in node.values)
        code = f"scope.cycle({self._value(node.group)}, ({values}))"
        function = "text" if node.escape == "none" else f"escape_{node.escape}"
        self._writer.put(f"{function}({code})", node.place)

    # -- nested output ----------------------------------------------------------------------------

    def _captured(self, body: Body) -> str:
        """Write a body into a list of its own and return the Python of its text.

        A jump out of the body leaves what was written so far.
        """
        parts = self._writer.fresh("o")
        self._writer.line(f"{parts} = []")
        self._writer.line(f"{parts}x = {parts}.extend")
        outer = self._out
        self._out = parts
        with self._writer.sink(f"{parts}x"):
            self.body(body)
        self._out = outer
        return f"''.join({parts})"

    _out = "out"

    def _link(self, node: Link) -> None:
        written = self._captured(node.parts)
        code = f"scope.links(safe_url({written}), {node.index})"
        self._writer.put(f"escape_html({code})" if node.escape else f"text({code})", node.place)

    # -- partials ---------------------------------------------------------------------------------

    def _partial(self, node: Partial) -> None:
        name = self._program.target(node)
        target = repr(name) if name is not None else self._value(node.name)
        given = node.bound is not None
        bound = self._value(node.bound) if node.bound is not None else "None"
        frame = ", ".join(f"{key!r}: {self._value(value)}" for key, value in node.arguments)
        kind = "render" if node.isolated else "include"
        alias = node.alias
        if not alias and isinstance(node.name, Constant):
            alias = str(node.name.value)
        call = f"Call({target}, {alias!r}, {node.each}, {given})"
        code = f"scope.{kind}({self._out}, {call}, {bound}, {{{frame}}})"
        if node.isolated:
            self._writer.line(code, node.place)
            return
        jump = self._writer.fresh("j")
        self._writer.line(f"{jump} = {code}", node.place)
        if self._names.loops:
            with self._writer.block(f"if {jump} == 'break':"):
                self._writer.line("break")
            with self._writer.block(f"if {jump}:"):
                self._writer.line("continue")
        else:
            with self._writer.block(f"if {jump}:"):
                self._writer.line(f"return {jump}")
