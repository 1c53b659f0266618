"""YAML that knows its lines, so that every complaint about it says `file:line`."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Final, NoReturn

import yaml

from tailorbird.errors import DefinitionError
from tailorbird.yaml_text import nearest

_FALSE: Final = frozenset({"false", "no", "off"})
_TRUE: Final = frozenset({"true", "yes", "on"})


class Located:
    """One node of a YAML document."""

    def __init__(self, node: yaml.Node, file: str) -> None:
        self._node = node
        self._file = file

    @property
    def where(self) -> str:
        """Return `file:line`."""
        return f"{self._file}:{self._node.start_mark.line + 1}"

    def complain(self, what: str, mend: str) -> NoReturn:
        """Raise a `DefinitionError` about this node."""
        raise DefinitionError(what, where=self.where, mend=mend)

    def is_mapping(self) -> bool:
        """Return whether it is `key: value` pairs."""
        return isinstance(self._node, yaml.MappingNode)

    def pairs(self, what: str) -> list[tuple[Located, Located]]:
        """Return its (key, value) pairs."""
        if not isinstance(self._node, yaml.MappingNode):
            self.complain(f"{what} is no list of `key: value` pairs", "indent them below it")
        pairs = [(Located(k, self._file), Located(v, self._file)) for k, v in self._node.value]
        seen: set[str] = set()
        for key, _ in pairs:
            name = key.text("a key")
            if name in seen:
                key.complain(f"{name!r} is there twice", "keep one of them")
            seen.add(name)
        return pairs

    def fields(self, what: str, known: Collection[str]) -> dict[str, Located]:
        """Return its values by key; every key must be known."""
        found: dict[str, Located] = {}
        for key, value in self.pairs(what):
            name = key.text("a key")
            if name not in known:
                key.complain(f"{what} has no key {name!r}", nearest(name, list(known)))
            found[name] = value
        return found

    def entries(self) -> list[Located]:
        """Return a list's entries; a single value counts as a list of one."""
        if isinstance(self._node, yaml.SequenceNode):
            return [Located(node, self._file) for node in self._node.value]
        return [self]

    def text(self, what: str) -> str:
        """Return a plain value as it is written."""
        if not isinstance(self._node, yaml.ScalarNode):
            self.complain(f"{what} is no single value", "write one value")
        return str(self._node.value)

    def one_of(self, what: str, known: Collection[str]) -> str:
        """Return a plain value that must be among `known`."""
        found = self.text(what)
        if found not in known:
            self.complain(f"{what} cannot be {found!r}", nearest(found, list(known)))
        return found

    def boolean(self, what: str) -> bool:
        """Return true or false."""
        found = self.text(what).lower()
        if found not in _TRUE | _FALSE:
            self.complain(f"{what} is {found!r}", "write true or false")
        return found in _TRUE

    def decimal(self, what: str) -> Decimal:
        """Return a number."""
        found = self.text(what)
        try:
            number = Decimal(found)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            self.complain(f"{what} is no number: {found!r}", "write a number")
        return number


def document(text: str, file: str) -> Located:
    """Return the root of one YAML document.

    Raises:
        DefinitionError: it is no YAML, is empty, or uses aliases (which can blow up).
    """
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise DefinitionError("it uses a YAML alias (*)", where=file, mend="write it out")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else file
        raise DefinitionError(
            f"not valid YAML: {error.problem}", where=where, mend="mend that line"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        what = f"not valid YAML: {str(error).splitlines()[0]}"
        raise DefinitionError(what, where=file, mend="save it as UTF-8 text") from None
    if node is None:
        raise DefinitionError("it is empty", where=file, mend="start from a shipped mapping")
    return Located(node, file)
