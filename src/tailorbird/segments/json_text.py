"""Definitions in JSON, with the line and the column of every value for errors to point to."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from tailorbird.errors import DefinitionError
from tailorbird.yaml_text import Document, Path

DEEPEST: Final = 100
LONGEST_NUMBER: Final = 40

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Final = {"true": True, "false": False, "null": None}
_OBJECT: Final = re.compile(r'\s*\{\s*(?:"|\})')


def is_json(text: str) -> bool:
    """Return whether a text begins as a JSON object does; YAML can begin so, too."""
    return _OBJECT.match(text) is not None


def read(text: str, name: str) -> Document:
    """Return the values of a JSON text, with their places.

    Raises:
        DefinitionError: it is not JSON (RFC 8259), or a key stands twice in one object.
    """
    scan = _Scan(text, name)
    value = scan.value(())
    if scan.at < len(text):
        scan.refuse("something stands after the end", "remove it")
    return Document(name, value, scan.lines, scan.columns)


@dataclass(slots=True)
class _Scan:
    """A walk along the text; `at` is the next character that is no space."""

    text: str
    name: str
    at: int = 0
    starts: list[int] = field(init=False)
    lines: dict[Path, int] = field(default_factory=dict)
    columns: dict[Path, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        self._skip()

    def value(self, path: Path) -> Any:
        if len(path) > DEEPEST:
            self.refuse("nested too deeply", "flatten it")
        self.lines.setdefault(path, self._line())
        self.columns.setdefault(path, self._column())
        match self.text[self.at : self.at + 1]:
            case "{":
                return self._object(path)
            case "[":
                return self._array(path)
            case '"':
                return self._string()
            case _:
                return self._plain()

    def refuse(self, what: str, mend: str) -> NoReturn:
        place = f"{self.name}:{self._line()}:{self._column()}"
        raise DefinitionError(what, where=place, mend=mend)

    def _object(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._step()
        while not self._next("}"):
            if found:
                self._expect(",")
            if self.text[self.at : self.at + 1] != '"':
                self.refuse("not valid JSON: a key in quotes is missing", 'write "key": value')
            line, column = self._line(), self._column()
            key_at, key = self.at, self._string()
            if key in found:
                self.at = key_at
                self.refuse(f"{key!r} stands twice", "keep one of them")
            self.lines[*path, key], self.columns[*path, key] = line, column
            self._expect(":")
            found[key] = self.value((*path, key))
        return found

    def _array(self, path: Path) -> list[Any]:
        found: list[Any] = []
        self._step()
        while not self._next("]"):
            if found:
                self._expect(",")
            found.append(self.value((*path, len(found))))
        return found

    def _string(self) -> str:
        match = _STRING.match(self.text, self.at)
        try:
            found = str(json.loads(match[0])) if match else ""
        except json.JSONDecodeError:
            match = None
        if match is None:
            mend = "close the quotes on the same line; after a backslash come only JSON's escapes"
            self.refuse("not valid JSON: a text that does not end well", mend)
        self._step(len(match[0]))
        return found

    def _plain(self) -> Any:
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.at):
                self._step(len(word))
                return value
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            self.refuse("not valid JSON: no value stands here", "put text in double quotes")
        if len(match[0]) > LONGEST_NUMBER:
            self.refuse("a number is too long", "round it")
        self._step(len(match[0]))
        return float(match[0]) if match[1] or match[2] else int(match[0])

    def _expect(self, mark: str) -> None:
        if not self._next(mark):
            self.refuse(f"not valid JSON: {mark!r} is missing", f"put a {mark!r} here")

    def _next(self, mark: str) -> bool:
        """Step over the mark where it stands next; return whether it does."""
        if not self.text.startswith(mark, self.at):
            return False
        self._step()
        return True

    def _step(self, length: int = 1) -> None:
        self.at += length
        self._skip()

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def _line(self) -> int:
        return bisect_right(self.starts, self.at)

    def _column(self) -> int:
        return self.at - self.starts[self._line() - 1] + 1
