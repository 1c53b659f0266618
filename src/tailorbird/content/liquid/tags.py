"""Liquid tokens into the tree: one method a tag."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import ClassVar, Literal

from tailorbird.content.liquid.blanks import blank, without_blanks
from tailorbird.content.liquid.expressions import Markup
from tailorbird.content.liquid.lines import line_tokens
from tailorbird.content.liquid.partials import partial
from tailorbird.content.liquid.tokens import Token
from tailorbird.content.tree import (
    Assign,
    Body,
    Branch,
    Capture,
    Case,
    Constant,
    Count,
    Cycle,
    Each,
    Expression,
    For,
    If,
    IfChanged,
    Jump,
    Negation,
    Node,
    Output,
    Partial,
    Path,
    TableRow,
    Text,
)

_DEEPEST = 50
INLINED = "__inlined"
"""Tag that `email` puts around a block whose text stands in place of its `render` or `include`."""


class Parser:
    """Reads a list of tokens once."""

    def __init__(self, tokens: list[Token], *, inlined: bool = False, depth: int = 0) -> None:
        self._tokens: Iterator[Token] = iter(tokens)
        self._inlined = inlined
        self._depth = depth
        self._open: list[Token] = []

    def parse(self) -> Body:
        """Return the whole tree.

        Raises:
            TemplateError: a tag is unknown, misplaced, not closed or not well formed.
        """
        body, _ = self._body()
        return body

    # -- bodies -----------------------------------------------------------------------------------

    def _body(self, *ends: str) -> tuple[Body, Token | None]:
        nodes: list[Node] = []
        for token in self._tokens:
            if token.kind == "text":
                nodes.append(Text(token.text, kept=token.name == "raw"))
            elif token.kind == "output":
                nodes.append(Output(Markup(token).output(), token.place))
            elif token.name in ends:
                return tuple(nodes), token
            else:
                nodes.extend(self._tag(token))
        if ends:
            opener = self._open[-1]
            raise opener.fault(
                f"{opener.name} is not closed", f"add {{% end{opener.name.lstrip('_')} %}}"
            )
        return tuple(nodes), None

    def _block(self, token: Token, *ends: str) -> tuple[Body, Token]:
        """Return what stands before the next of `ends`, and that end."""
        self._check_depth(token, self._depth + len(self._open))
        self._open.append(token)
        body, end = self._body(*ends)
        self._open.pop()
        assert end is not None  # noqa: S101 - with ends, _body returns one or raises
        return body, end

    def _check_depth(self, token: Token, depth: int) -> None:
        if depth >= _DEEPEST:
            raise token.fault(f"tags are nested more than {_DEEPEST} deep", "split the template")

    def _whole(self, token: Token) -> Body:
        """Return the body up to the tag that closes `token`."""
        return self._block(token, f"end{token.name}")[0]

    def _tag(self, token: Token) -> Body:
        if token.name == "liquid":
            depth = self._depth + len(self._open) + 1
            self._check_depth(token, depth)
            return Parser(line_tokens(token), inlined=self._inlined, depth=depth).parse()
        if token.name == INLINED and self._inlined:
            return (self._in_place(token),)
        build = self._build.get(token.name)
        if build is None:
            raise self._unknown(token)
        return (build(self, token),)

    def _unknown(self, token: Token) -> Exception:
        name = token.name
        if name.startswith("end") or name in ("else", "elsif", "when"):
            if self._open:
                opener = self._open[-1]
                return token.fault(
                    f"{name} stands inside {opener.name}, opened at {opener.place}",
                    f"close that first with {{% end{opener.name} %}}",
                )
            return token.fault(f"{name} closes nothing", "remove it or open its block")
        near = difflib.get_close_matches(name, [*self._build, "raw", "comment", "liquid"], n=1)
        mend = f"did you mean {near[0]!r}?" if near else "see the reference of tags"
        return token.fault(f"unknown tag {name!r}" if name else "a tag without a name", mend)

    # -- choices ----------------------------------------------------------------------------------

    def _if(self, token: Token) -> Node:
        closing = f"end{token.name}"
        test: Expression | None = Markup(token).test()
        if token.name == "unless" and test is not None:
            test = Negation(test)
        parts: list[tuple[Expression | None, Body]] = []
        while True:
            body, end = self._block(token, "elsif", "else", closing)
            parts.append((test, body))
            if end.name == closing:
                return _choice(parts, token)
            test = Markup(end).test() if end.name == "elsif" else None

    def _case(self, token: Token) -> Node:
        markup = Markup(token)
        subject = markup.operand()
        markup.end()
        body, end = self._block(token, "when", "else", "endcase")
        if not blank(body):
            raise token.fault("something stands between case and its first when", "move it")
        arms: list[tuple[tuple[Expression, ...], Body]] = []
        while end.name != "endcase":
            values = _when(Markup(end)) if end.name == "when" else ()
            body, end = self._block(token, "when", "else", "endcase")
            arms.append((values, body))
        if blank(*(body for _, body in arms)):
            arms = [(values, without_blanks(body)) for values, body in arms]
        return Case(subject, tuple(arms), token.place)

    # -- loops ------------------------------------------------------------------------------------

    def _for(self, token: Token) -> Node:
        each, _ = _each(Markup(token), columns=False)
        body, end = self._block(token, "else", "endfor")
        otherwise: Body = ()
        if end.name == "else":
            otherwise, _ = self._block(token, "endfor")
        if blank(body, otherwise):
            body, otherwise = without_blanks(body), without_blanks(otherwise)
        return For(each, body, otherwise, token.place)

    def _tablerow(self, token: Token) -> Node:
        each, columns = _each(Markup(token), columns=True)
        return TableRow(each, columns, self._whole(token), token.place)

    def _jump(self, token: Token) -> Node:
        Markup(token).end()
        return Jump("break" if token.name == "break" else "continue")

    def _cycle(self, token: Token) -> Node:
        markup = Markup(token)
        first = markup.value()
        named = markup.accept(":")
        values = [markup.value() if named else first]
        while markup.accept(","):
            if markup.word.kind == "end":
                break
            values.append(markup.value())
        markup.end()
        if named:
            return Cycle(first, tuple(values), token.place)
        constant = all(isinstance(value, Constant) for value in values)
        group = repr(values) if constant else str(token.place)
        return Cycle(Constant(group), tuple(values), token.place)

    def _ifchanged(self, token: Token) -> Node:
        Markup(token).end()
        return IfChanged(self._whole(token))

    # -- names ------------------------------------------------------------------------------------

    def _assign(self, token: Token) -> Node:
        markup = Markup(token)
        name = markup.name("the name to assign to")
        markup.expect("=")
        value = markup.filtered()
        markup.end()
        return Assign(name, value, token.place)

    def _capture(self, token: Token) -> Node:
        markup = Markup(token)
        name = (
            markup.take().text[1:-1]
            if markup.word.kind == "string"
            else markup.name("the name to capture into")
        )
        markup.end()
        return Capture(name, self._whole(token), token.place)

    def _count(self, token: Token) -> Node:
        markup = Markup(token)
        name = markup.name("the name of a counter")
        markup.end()
        return Count(name, 1 if token.name == "increment" else -1)

    def _echo(self, token: Token) -> Node:
        return Output(Markup(token).output(), token.place)

    # -- other templates --------------------------------------------------------------------------

    def _partial(self, token: Token) -> Node:
        return partial(Markup(token), token.name == "render", token.place)

    def _in_place(self, token: Token) -> Partial:
        kind = "render" if token.text.startswith("render") else "include"
        start = token.start + len(kind)
        call = Token("tag", token.text[len(kind) :], token.source, start, token.opened, kind)
        node = partial(Markup(call), kind == "render", token.place)
        return Partial(
            node.name,
            node.isolated,
            node.place,
            node.bound,
            node.each,
            node.alias,
            node.arguments,
            self._whole(token),
        )

    _build: ClassVar[dict[str, Callable[[Parser, Token], Node]]] = {
        "if": _if,
        "unless": _if,
        "case": _case,
        "for": _for,
        "tablerow": _tablerow,
        "break": _jump,
        "continue": _jump,
        "cycle": _cycle,
        "ifchanged": _ifchanged,
        "assign": _assign,
        "capture": _capture,
        "increment": _count,
        "decrement": _count,
        "echo": _echo,
        "render": _partial,
        "include": _partial,
    }


def _choice(parts: list[tuple[Expression | None, Body]], token: Token) -> If:
    """Return the node; whatever follows the first `else` is never reached."""
    if blank(*(body for _, body in parts)):
        parts = [(test, without_blanks(body)) for test, body in parts]
    branches: list[Branch] = []
    for test, body in parts:
        if test is None:
            return If(tuple(branches), body, token.place)
        branches.append(Branch(test, body))
    return If(tuple(branches), (), token.place)


def _when(markup: Markup) -> tuple[Expression, ...]:
    values = [markup.operand()]
    while markup.accept(",") or markup.accept("or"):
        values.append(markup.operand())
    markup.end()
    return tuple(values)


def _each(markup: Markup, *, columns: bool) -> tuple[Each, Expression | None]:
    """Return what a loop runs over, and for a table how many columns it has."""
    variable = markup.name("the name of the loop's variable")
    if not markup.accept("in"):
        raise markup.unexpected("expected 'in'", f"write: {variable} in LIST")
    start = markup.word.start
    collection = markup.value()
    key = f"{variable}-{markup.between(start, markup.word.start)}"
    backwards = not columns and markup.accept("reversed")
    options: dict[str, Expression | None] = {}
    allowed = ("limit", "offset", "cols", "range") if columns else ("limit", "offset")
    while markup.word.text == "," or markup.word.kind == "name":
        if markup.accept(",") and markup.word.kind == "end" and options:
            break
        name = markup.word.text
        if name not in allowed and not markup.source.lenient:
            raise markup.unexpected(f"expected one of {', '.join(allowed)}")
        markup.take()
        markup.expect(":")
        options[name] = markup.value()
    markup.end()
    offset = options.get("offset")
    start_at: Expression | Literal["continue"] | None = offset
    if not columns and _is_continue(offset):
        start_at = "continue"
    each = Each(variable, collection, key, options.get("limit"), start_at, backwards)
    return each, options.get("cols")


def _is_continue(value: Expression | None) -> bool:
    return isinstance(value, Path) and value.root == "continue" and not value.steps
