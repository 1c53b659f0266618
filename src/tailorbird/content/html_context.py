"""Escaping by context: decides for every output of a tree how it is made safe in HTML."""

from __future__ import annotations

from dataclasses import replace

from tailorbird.content.filters import SAFE_FILTERS
from tailorbird.content.html_scan import START, State, after, seen
from tailorbird.content.links import LinkFinder
from tailorbird.content.tree import (
    Body,
    Branch,
    Capture,
    Case,
    Cycle,
    Escape,
    Filtered,
    For,
    If,
    IfChanged,
    Inline,
    Insertion,
    Link,
    Node,
    Output,
    Partial,
    Place,
    TableRow,
    Text,
    Within,
)
from tailorbird.errors import TemplateError

_ADDRESSES = frozenset(
    {"action", "action-xhr", "background", "cite", "formaction", "href", "poster", "src"}
)


def escaped(body: Body, links: LinkFinder | None = None) -> Body:
    """Return the tree with an escape for every output; with `links`, addresses become links.

    Raises:
        TemplateError: something is printed where nothing can make it safe.
    """
    return _Pass(links).body(body, START)[0]


class _Pass:
    def __init__(self, links: LinkFinder | None) -> None:
        self._links = links

    def body(self, body: Body, state: State) -> tuple[Body, State]:
        if self._links is not None:
            body = self._links.collect(body, state)
        done: list[Node] = []
        for node in body:
            node, state = self._node(node, state)
            done.append(node)
        return tuple(done), state

    def _node(self, node: Node, state: State) -> tuple[Node, State]:
        """Return the node, escaped, and the state behind it; its faults get its place."""
        try:
            return self._escaped(node, state)
        except TemplateError as error:
            place = getattr(node, "place", None)
            if error.where or place is None:
                raise
            raise _fault(place, error.what, error.mend) from None

    def _escaped(self, node: Node, state: State) -> tuple[Node, State]:
        match node:
            case Text(text):
                return node, after(text, state)
            case Output():
                return _output(node, state), seen(state)
            case Cycle(place=place):
                return replace(node, escape=_escape(state, place)), seen(state)
            case If():
                return self._if(node, state)
            case Case():
                return self._case(node, state)
            case For(_, body, otherwise, place):
                turn = self._same(body, state, place)
                return replace(
                    node, body=turn, otherwise=self._same(otherwise, state, place)
                ), state
            case TableRow(body=body, place=place):
                return replace(node, body=self._same(body, START, place)), state
            case Capture(body=body, place=place):
                return replace(node, body=self._same(body, START, place), safe=True), state
            case IfChanged(body):
                inner, behind = self.body(body, state)
                return IfChanged(inner), behind
            case Partial() | Within() | Insertion() | Inline():
                return self._nested(node, state)
            case Link() if self._links is not None:
                return replace(node, index=self._links.number()), seen(state)
        return node, state

    def _if(self, node: If, state: State) -> tuple[Node, State]:
        done = [self.body(branch.body, state) for branch in node.branches]
        otherwise, last = self.body(node.otherwise, state)
        behind = _agreed([last, *(each for _, each in done)], node.place)
        branches = tuple(
            Branch(branch.test, body) for branch, (body, _) in zip(node.branches, done, strict=True)
        )
        return If(branches, otherwise, node.place), behind

    def _case(self, node: Case, state: State) -> tuple[Node, State]:
        arms = [(values, self.body(body, state)) for values, body in node.arms]
        behind = _agreed([state, *(each for _, (_, each) in arms)], node.place)
        done = tuple((values, body) for values, (body, _) in arms)
        return Case(node.subject, done, node.place), behind

    def _same(self, body: Body, state: State, place: Place) -> Body:
        """Return a body that must end where it began, because it can run any number of times."""
        done, behind = self.body(body, state)
        _agreed([state, behind], place)
        return done

    def _nested(
        self, node: Partial | Within | Insertion | Inline, state: State
    ) -> tuple[Node, State]:
        if isinstance(node, Partial):
            return self._partial(node, state)
        return self._handlebars(node, state), state

    def _partial(self, node: Partial, state: State) -> tuple[Node, State]:
        if node.body is not None:
            body, behind = self.body(node.body, state)
            return replace(node, body=body), behind
        if state.mode != "text":
            raise _fault(node.place, "a block cannot stand inside an HTML tag", "move it outside")
        return node, state

    def _handlebars(self, node: Within | Insertion | Inline, state: State) -> Node:
        if isinstance(node, Within):
            body = self._same(node.body, state, node.place)
            return replace(node, body=body, otherwise=self._same(node.otherwise, state, node.place))
        if isinstance(node, Insertion) and state.mode != "text":
            raise _fault(node.place, "a block cannot stand inside an HTML tag", "move it outside")
        if node.body is None:
            return node
        return replace(node, body=self._same(node.body, START, node.place))


def _agreed(states: list[State], place: Place) -> State:
    """Return the state that all ways lead to."""
    if len({seen(state) for state in states}) > 1:
        raise _fault(
            place,
            "its parts end in different places of the HTML",
            "open and close HTML tags and quotes in the same part",
        )
    return states[0] if len(set(states)) == 1 else seen(states[0])


def _output(node: Output, state: State) -> Output:
    escape = _escape(state, node.place)
    value = node.value
    if node.raw and state.mode == "text":
        return node
    if isinstance(value, Filtered) and escape == "html":
        if value.name in SAFE_FILTERS:
            escape = "none"
        elif value.name == "newline_to_br":
            inner = Filtered(value.value, "escape", (), (), value.place)
            return Output(replace(value, value=inner), node.place, "none")
    return replace(node, escape=escape)


def _escape(state: State, place: Place) -> Escape:
    match state.mode:
        case "text" | "comment":
            return "html"
        case "raw" if state.tag in ("title", "textarea"):
            return "html"
        case "raw" if state.tag == "style":
            return "css"
        case "value" if state.attribute == "style":
            return "css"
        case "value" if state.attribute in _ADDRESSES and state.first:
            return "url"
        case "value" if not state.attribute.startswith("on"):
            return "html"
    raise _fault(
        place,
        "nothing can be printed here safely",
        "print into text or into a quoted attribute, never into a script or a tag",
    )


def _fault(place: Place, what: str, mend: str) -> TemplateError:
    return TemplateError(what, where=str(place), mend=mend)
