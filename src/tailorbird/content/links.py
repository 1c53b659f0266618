"""Finds the addresses of links in a tree and puts a `Link` in their place."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Final

from tailorbird.content.html_scan import State, seen, steps
from tailorbird.content.tree import Body, Case, For, If, Link, Member, Node, Output, Path, Text
from tailorbird.content.walk import bodies, expressions
from tailorbird.errors import TemplateError

RESERVED: Final = frozenset(
    {"unsubscribe_url", "preferences_url", "personalisation_url", "view_url"}
)
"""Addresses that are never counted: who leaves must not be followed."""
_LEFT_ALONE = ("#", "mailto:", "tel:", "sms:")


class LinkFinder:
    """Numbers the links of one mail from 0, in the order of the document."""

    def __init__(self) -> None:
        self.count = 0

    def collect(self, body: Body, state: State) -> Body:
        """Return the body with a `Link` for each address of an `a`.

        Raises:
            TemplateError: an address begins in one block and ends in another.
        """
        done: list[Node] = []
        address: list[Node] | None = [] if _in_address(state) else None
        if address is not None:
            return body  # inside an address already: its Link was made around this body
        for node in body:
            if not isinstance(node, Text):
                (done if address is None else address).append(node)
                state = seen(state)
                continue
            for before, piece, after in steps(node.text, state):
                if address is None:
                    done.append(Text(piece))
                    address = [] if _in_address(after) else None
                elif _in_address(after):
                    address.append(Text(piece))
                else:
                    address.append(Text(piece[: -len(before.quote)]))
                    done += [*self._link(address), Text(before.quote)]
                    address = None
                state = after
        if address is not None:
            raise _not_closed(address)
        return _joined(done)

    def _link(self, address: list[Node]) -> list[Node]:
        if _left_alone(address):
            return address
        address = [node for node in address if node != Text("")]
        place = next((node.place for node in address if isinstance(node, Output | If | For)), None)
        return [Link(0, _unescaped(tuple(address)), place)]

    def number(self) -> int:
        """Return the number of the next link."""
        self.count += 1
        return self.count - 1


def _in_address(state: State) -> bool:
    return state.mode == "value" and state.tag == "a" and state.attribute == "href"


def _left_alone(address: list[Node]) -> bool:
    """Return whether an address stays as the author wrote it."""
    first = address[0] if address else Text("")
    if isinstance(first, Text) and first.text.strip().startswith(_LEFT_ALONE):
        return True
    if all(isinstance(node, Text) and not node.text.strip() for node in address):
        return True
    if any(isinstance(node, Text) and "{{" in node.text for node in address):
        return True  # in an AMP part the reader's program fills it in
    found = expressions(tuple(address))
    return any(
        (isinstance(each, Path) and each.root in RESERVED)
        or (isinstance(each, Member) and each.name in RESERVED)
        for each in found
    )


def _unescaped(body: Body) -> Body:
    """Return a body whose texts are what a browser reads from them."""
    done: list[Node] = []
    for node in body:
        match node:
            case Text(text):
                done.append(Text(html.unescape(text)))
            case If(branches, otherwise):
                inner = tuple(replace(each, body=_unescaped(each.body)) for each in branches)
                done.append(replace(node, branches=inner, otherwise=_unescaped(otherwise)))
            case Case(_, arms):
                cases = tuple((values, _unescaped(body)) for values, body in arms)
                done.append(replace(node, arms=cases))
            case For(_, body, otherwise):
                done.append(replace(node, body=_unescaped(body), otherwise=_unescaped(otherwise)))
            case _ if any(bodies(node)):
                raise _not_closed([node])
            case _:
                done.append(node)
    return tuple(done)


def _joined(found: list[Node]) -> Body:
    """Return the nodes with neighbouring texts made one."""
    done: list[Node] = []
    for node in found:
        last = done[-1] if done else None
        if isinstance(node, Text) and isinstance(last, Text):
            done[-1] = Text(last.text + node.text)
        else:
            done.append(node)
    return tuple(done)


def _not_closed(address: list[Node]) -> TemplateError:
    place = next((str(place) for node in address if (place := getattr(node, "place", None))), "")
    return TemplateError(
        "the address of a link must begin and end in the same block",
        where=place,
        mend='write href="..." whole, with tests and loops inside the quotes or around the link',
    )
