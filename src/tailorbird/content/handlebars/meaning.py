"""Statements of a Handlebars template into the neutral tree: what is a look-up, what a helper."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tailorbird.content import tree
from tailorbird.content.handlebars.functions import BLOCKS, HELPERS, check_helper
from tailorbird.content.handlebars.syntax import (
    Comment,
    Content,
    Insertion,
    Invocation,
    Literal,
    Mustache,
    Name,
    Program,
    Section,
    Statement,
    Value,
)
from tailorbird.content.tree import Body, Branch, Constant, Expression, Node, Place
from tailorbird.errors import TemplateError

_HOOKS = frozenset({"helperMissing", "blockHelperMissing"})
_PRIVATE = frozenset({"index", "key", "first", "last", "root", "partial-block"})


@dataclass(frozen=True, slots=True)
class Options:
    """What the author is allowed. `plain`: nothing is escaped, for subjects and plain text."""

    unescaped: bool = False
    plain: bool = False


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around a statement: the names that block heads give, the outermost first.

    `filled`: inside of a test, where nothing counts as an object.
    """

    parameters: tuple[tuple[str, ...], ...] = ()
    filled: bool = False


def meaning(program: Program, options: Options) -> Body:
    """Return the tree of a template.

    Raises:
        TemplateError: a helper is unknown or called wrongly, or something is not allowed.
    """
    return _Reader(options).body(program, _Around())


class _Reader:
    def __init__(self, options: Options) -> None:
        self._options = options

    def body(self, program: Program | None, around: _Around) -> Body:
        done: list[Node] = []
        for statement in program.body if program else ():
            for node in self._statement(statement, around):
                last = done[-1] if done else None
                if isinstance(node, tree.Text) and isinstance(last, tree.Text):
                    done[-1] = tree.Text(last.text + node.text)
                else:
                    done.append(node)
        return tuple(done)

    def _statement(self, statement: Statement, around: _Around) -> Body:
        match statement:
            case Content(text):
                return (tree.Text(text),) if text else ()
            case Comment():
                return ()
            case Mustache():
                return self._mustache(statement, around)
            case Insertion(name, call, _, indent):
                return (self._insertion(name, call, None, indent, around),)
            case Section():
                return self._section(statement, around)

    def _mustache(self, mustache: Mustache, around: _Around) -> Body:
        place = mustache.call.place
        if not mustache.escaped and not self._options.unescaped:
            raise _fault(
                place,
                "{{{ and {{& print a value as it is, which is not allowed here",
                "write {{ }}, or compile with unescaped=True",
            )
        value = self._called(mustache.call, around)
        if value == Constant(None):
            return ()
        plain = self._options.plain or not mustache.escaped
        escape: tree.Escape = "none" if plain else "mustache"
        return (tree.Output(value, place, escape, raw=not mustache.escaped),)

    # -- blocks -----------------------------------------------------------------------------------

    def _section(self, section: Section, around: _Around) -> Body:
        if section.partial:
            call = section.call
            body = self.body(section.program, replace(around, filled=False))
            return (self._insertion(call.name, call, body, "", around),)
        if section.decorator:
            return (self._inline(section),)
        name = _helper_name(section.call.name, around)
        match name:
            case "if" | "unless":
                return (self._if(section, around),)
            case "each" | "with":
                return (self._within(section, name, around),)
            case "raw":
                return self.body(section.program, around)
        if section.call.arguments or section.call.named:
            return self._helped(section, around)
        value = self._looked_up(section.call.name, around)
        return (self._block(section, "section", value, around, filled=around.filled),)

    def _if(self, section: Section, around: _Around) -> Node:
        call = section.call
        branches: list[Branch] = []
        inner = replace(around, filled=True)
        if _named(call.name) == "unless":
            test: Expression = tree.Negation(self._truth(section, around))
            branches.append(Branch(test, self.body(section.program, inner)))
            return tree.If(tuple(branches), self.body(section.inverse, inner), call.place)
        while True:
            branches.append(Branch(self._truth(section, around), self.body(section.program, inner)))
            around = inner
            chained = _chained_if(section.inverse, around)
            if chained is None:
                otherwise = self.body(section.inverse, inner)
                return tree.If(tuple(branches), otherwise, call.place)
            section = chained

    def _truth(self, section: Section, around: _Around) -> Expression:
        """Return the test of an `if` or `unless`."""
        call = section.call
        self._no_parameters(section)
        value = self._argument(call, around)
        zero = dict(call.named).get("includeZero")
        return _truth(value, self._value(zero, around) if zero is not None else None)

    def _no_parameters(self, section: Section) -> None:
        for program in (section.program, section.inverse):
            if program is not None and program.parameters:
                name = _named(section.call.name)
                raise _fault(
                    section.call.place, f"{name} gives no block parameters", "remove as |...|"
                )

    def _within(self, section: Section, kind: str, around: _Around) -> Node:
        value = self._argument(section.call, around)
        if kind == "each":
            return self._block(section, "each", value, around, filled=True)
        return self._block(section, "with", value, around, filled=True)

    def _block(
        self,
        section: Section,
        kind: tree.WithinKind,
        value: Expression,
        around: _Around,
        *,
        filled: bool,
    ) -> Node:
        program = section.program
        names = program.parameters if program else ()
        inner = _Around((*around.parameters, names))
        otherwise = replace(around, filled=filled)
        return tree.Within(
            kind,
            value,
            names,
            self.body(program, inner),
            self.body(section.inverse, otherwise),
            section.call.place,
            filled=around.filled,
        )

    def _helped(self, section: Section, around: _Around) -> Body:
        """Return a block whose head calls one of our helpers."""
        call = section.call
        value = self._called(call, around)
        kind = HELPERS[value.name].kind if isinstance(value, tree.Helped) else "text"
        if kind == "test":
            self._no_parameters(section)
            inner = replace(around, filled=True)
            branch = Branch(_truth(value, None), self.body(section.program, inner))
            return (tree.If((branch,), self.body(section.inverse, inner), call.place),)
        if kind == "list":
            return (self._block(section, "section", value, around, filled=around.filled),)
        name = _named(call.name)
        raise _fault(
            call.place,
            f"{name} gives a value and cannot head a block",
            f"use {{{{#with ({name} ...)}}}}",
        )

    def _argument(self, call: Invocation, around: _Around) -> Expression:
        """Return the one value that a built-in block is given.

        A helper with its arguments may stand there without brackets.
        """
        name = _named(call.name)
        if not call.arguments:
            raise _fault(call.place, f"{name} needs a value", f"write {{{{#{name} VALUE}}}}")
        first, *rest = call.arguments
        if not rest:
            return self._value(first, around)
        helper = _helper_name(first, around)
        if helper not in HELPERS:
            raise _fault(
                call.place,
                f"{name} takes one value, got {len(call.arguments)}",
                "put the call of a helper in brackets",
            )
        own = tuple(pair for pair in call.named if pair[0] != "includeZero")
        return self._called(Invocation(first, tuple(rest), own, call.place), around)

    # -- partials ---------------------------------------------------------------------------------

    def _insertion(
        self, name: Value, call: Invocation, body: Body | None, indent: str, around: _Around
    ) -> Node:
        if len(call.arguments) > 1:
            raise _fault(
                call.place,
                f"a partial takes one context, got {len(call.arguments)}",
                "give further values by name: key=value",
            )
        here: Expression = tree.This(0, filled=around.filled)
        context = self._value(call.arguments[0], around) if call.arguments else here
        named = tuple(
            (key, self._value(value, around))
            for key, value in call.named
            if not (isinstance(value, Literal) and value.nothing)
        )
        target: Expression
        if isinstance(name, Invocation):
            target = self._called(name, around, brackets=True)
        elif isinstance(name, Name) and name.private and name.parts == ("partial-block",):
            target = tree.Private("partial-block")
        else:
            target = Constant(name.written)
        given = named if call.named else None
        return tree.Insertion(target, context, given, body, indent, call.place)

    def _inline(self, section: Section) -> Node:
        call = section.call
        if _named(call.name) != "inline":
            raise _fault(
                call.place, f"there is no decorator {_named(call.name)!r}", "the only one is inline"
            )
        name = call.arguments[0] if call.arguments else None
        if not isinstance(name, Literal):
            raise _fault(
                call.place, "an inline partial needs a name in quotes", '{{#*inline "name"}}'
            )
        return tree.Inline(name.written, self.body(section.program, _Around()), call.place)

    # -- values -----------------------------------------------------------------------------------

    def _value(self, value: Value, around: _Around) -> Expression:
        match value:
            case Literal(constant):
                return Constant(constant)
            case Name():
                return self._looked_up(value, around)
            case Invocation():
                return self._called(value, around, brackets=True)

    def _called(self, call: Invocation, around: _Around, *, brackets: bool = False) -> Expression:
        """Return what a mustache or brackets stand for: a look-up, or the call of a helper."""
        name = _helper_name(call.name, around)
        if name == "log":
            for value in (*call.arguments, *(each for _, each in call.named)):
                self._value(value, around)
            return Constant(None)
        if name in BLOCKS:
            raise _fault(call.place, f"{name} needs a block", f"write {{{{#{name} ...}}}}")
        if not (call.arguments or call.named or brackets) and name != "lookup":
            return self._looked_up(call.name, around)
        written = name or _named(call.name)
        keys = [key for key, _ in call.named]
        check_helper(written, len(call.arguments), keys, call.place)
        arguments = tuple(self._value(each, around) for each in call.arguments)
        named = tuple((key, self._value(each, around)) for key, each in call.named)
        return tree.Helped(written, arguments, named, call.place)

    def _looked_up(self, name: Value, around: _Around) -> Expression:
        if _named(name) in _HOOKS:
            raise _fault(name.place, f"{_named(name)} cannot be called", "choose another name")
        if isinstance(name, Literal):
            here = tree.This(0, filled=around.filled)
            return _parameter(name.written, around) or tree.Member(here, name.written)
        assert isinstance(name, Name)  # noqa: S101 - the grammar gives no brackets here
        parts = name.parts
        if name.private:
            return _private(name)
        if parts and not name.up and not name.scoped:
            found = _parameter(parts[0], around)
            if found is not None:
                return _members(found, parts[1:])
        filled = around.filled and not name.up
        return _members(tree.This(name.up, filled=filled), parts)


def _members(value: Expression, parts: tuple[str, ...], *, private: bool = False) -> Expression:
    for part in parts:
        value = tree.Member(value, part, private=private)
    return value


def _parameter(name: str, around: _Around) -> Expression | None:
    """Return the value that a block head gives a name, from the inside out."""
    for level in range(len(around.parameters) - 1, -1, -1):
        names = around.parameters[level]
        if name in names:
            return tree.Parameter(name, level, names.index(name))
    return None


def _private(name: Name) -> Expression:
    first, *rest = name.parts or ("",)
    if first not in _PRIVATE:
        return Constant(None)
    found = tree.Private(first, name.up)
    return _members(found, tuple(rest), private=True)


def _truth(value: Expression, zero: Expression | None) -> Expression:
    if isinstance(zero, Constant):
        zero = Constant(True) if zero.value else None
    return tree.Truth(value, zero)


def _named(name: Value) -> str:
    return "(...)" if isinstance(name, Invocation) else name.written


def _helper_name(name: Value, around: _Around) -> str:
    """Return the helper that a name may mean, or '' where it means something else."""
    if isinstance(name, Literal):
        return "" if _parameter(name.written, around) else name.written
    if not isinstance(name, Name) or name.private or not name.simple:
        return ""
    return "" if _parameter(name.parts[0], around) else name.parts[0]


def _chained_if(inverse: Program | None, around: _Around) -> Section | None:
    """Return the block of an `else if`."""
    if inverse is None or not inverse.chained:
        return None
    section = inverse.body[0]
    if isinstance(section, Section) and _helper_name(section.call.name, around) == "if":
        return section
    return None


def _fault(place: Place, what: str, mend: str) -> TemplateError:
    return TemplateError(what, where=str(place), mend=mend)
