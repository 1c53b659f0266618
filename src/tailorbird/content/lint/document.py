"""A template as one page that has every branch of its choices and one turn of its loops."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final, TypeAlias

from tailorbird.content.lifting import MARK, VOID
from tailorbird.content.tree import (
    Body,
    Capture,
    Case,
    Constant,
    Count,
    Cycle,
    Expression,
    Filtered,
    If,
    Member,
    Node,
    Output,
    Path,
    Place,
    Text,
    Within,
)
from tailorbird.content.walk import bodies

Way: TypeAlias = tuple[tuple[int, int], ...]
"""The branches around something: for each choice its number and that of the branch."""

OPEN: Final = "\ue000"
CLOSE: Final = "\ue001"
"""Around the name of what is printed there."""
PRINTED: Final = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
_CLASS_MARK: Final = re.compile(r"\btb-at-(\d+)\s?")
_COMMENT_MARK: Final = re.compile(r"tb-at-(\d+) ")
_ANY_MARK: Final = re.compile(rf"(?:{MARK}=[\"']|\btb-at-)(\d+)")


@dataclass(slots=True, eq=False)
class Element:
    """An element of the page. `way` are the branches around it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None
    place: Place
    way: Way
    children: list[Element | str] = field(default_factory=list)

    def get(self, name: str) -> str:
        """Return an attribute, '' where there is none."""
        return self.attributes.get(name, "")

    def walk(self) -> Iterator[Element]:
        """Yield this element and all inside it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def words(self) -> str:
        """Return the text inside, with what pictures and labels say."""
        if self.tag == "img":
            return self.get("alt")
        inner = "".join(
            child if isinstance(child, str) else child.words() for child in self.children
        )
        return f"{self.get('aria-label')} {inner}"

    def above(self) -> Iterator[Element]:
        """Yield the elements around this one, the nearest first."""
        around = self.parent
        while around is not None:
            yield around
            around = around.parent


@dataclass(slots=True)
class Document:
    """A page and what is not part of its elements."""

    root: Element
    pieces: list[tuple[str, Way]]
    places: list[Place]
    sheets: list[tuple[str, Place]] = field(default_factory=list)
    comments: list[tuple[str, Place]] = field(default_factory=list)

    def all(self, *tags: str) -> list[Element]:
        """Return the elements with one of these names, in the order of the page."""
        return [each for each in self.root.walk() if each.tag in tags]

    @property
    def source(self) -> str:
        """Return the HTML with every branch."""
        return "".join(text for text, _ in self.pieces)

    def views(self) -> list[str]:
        """Return the HTML with the first branch of every choice, and with the last."""
        last: dict[int, int] = {}
        for _, way in self.pieces:
            for choice, branch in way:
                last[choice] = max(branch, last.get(choice, 0))
        first = dict.fromkeys(last, 0)
        return [
            "".join(
                text for text, way in self.pieces if all(chosen[one] == two for one, two in way)
            )
            for chosen in ([first, last] if last else [first])
        ]

    def place(self, offset: int, source: str) -> Place:
        """Return where an offset of a source stands in the author's file, as near as can be."""
        before = _ANY_MARK.findall(source, 0, offset)
        return self.places[int(before[-1])] if before else self.root.place


def document(body: Body, places: list[Place], name: str) -> Document:
    """Return the page of a tree whose elements carry the numbers of `places`."""
    pieces = list(_pieces(body, (), [0]))
    page = Document(
        Element("", {}, None, Place(name, 1, 1), ()),
        pieces,
        places,
    )
    reader = _Reader(page)
    for text, way in pieces:
        reader.way = way
        reader.feed(text)
    reader.close()
    return page


def exclusive(one: Way, other: Way) -> bool:
    """Return whether nobody can get both."""
    chosen = dict(one)
    return any(chosen.get(choice, branch) != branch for choice, branch in other)


def shown(text: str) -> str:
    """Return a text with what is printed in it as `{{ name }}`, in one line."""
    return " ".join(PRINTED.sub(r"{{ \1 }}", text).split())


def _pieces(body: Body, way: Way, choices: list[int]) -> Iterator[tuple[str, Way]]:
    for node in body:
        match node:
            case Text(text):
                yield text, way
            case Output(value):
                yield f"{OPEN}{_name(value)}{CLOSE}", way
            case Cycle() | Count():
                yield f"{OPEN}{CLOSE}", way
            case If() | Case() | Within():
                choices[0] += 1
                choice = choices[0]
                for number, inner in enumerate(bodies(node)):
                    yield from _pieces(inner, (*way, (choice, number)), choices)
            case Capture():
                pass
            case _:
                yield from _inner(node, way, choices)


def _inner(node: Node, way: Way, choices: list[int]) -> Iterator[tuple[str, Way]]:
    for inner in bodies(node):
        yield from _pieces(inner, way, choices)


def _name(value: Expression) -> str:
    """Return the path that is printed, filters left out."""
    while isinstance(value, Filtered):
        value = value.value
    return dotted(value)


def dotted(path: Expression) -> str:
    """Return a look-up as its author wrote it, '' for anything that is computed."""
    if isinstance(path, Member):
        around = dotted(path.value)
        return f"{around}.{path.name}" if around else path.name
    if not isinstance(path, Path):
        return ""
    keys = [step.key.value if isinstance(step.key, Constant) else None for step in path.steps]
    if not isinstance(path.root, str) or not all(isinstance(key, str) for key in keys):
        return ""
    return ".".join([path.root.strip(), *map(str, keys)])


class _Reader(HTMLParser):
    """Builds the elements."""

    def __init__(self, page: Document) -> None:
        super().__init__(convert_charrefs=False)
        self.way: Way = ()
        self._page = page
        self._open = page.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        place = self._place(attributes)
        element = Element(tag, attributes, self._open, place, self.way)
        self._open.children.append(element)
        if tag not in VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open.tag != tag and all(each.tag != tag for each in self._open.above()):
            return
        while self._open.parent is not None:
            closed, self._open = self._open, self._open.parent
            if closed.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open.tag == "style":
            self._page.sheets.append((data, self._open.place))
        else:
            self._open.children.append(data)

    def handle_entityref(self, name: str) -> None:
        self._open.children.append(html.unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self._open.children.append(html.unescape(f"&#{name};"))

    def handle_comment(self, data: str) -> None:
        found = _COMMENT_MARK.match(data)
        place = self._page.places[int(found[1])] if found else self._open.place
        self._page.comments.append((data[found.end() :] if found else data, place))

    def _place(self, attributes: dict[str, str]) -> Place:
        number = attributes.pop(MARK, "")
        found = _CLASS_MARK.search(attributes.get("class", ""))
        if found:
            attributes["class"] = _CLASS_MARK.sub("", attributes["class"]).strip()
            number = number or found[1]
        return self._page.places[int(number)] if number.isdigit() else self._open.place
