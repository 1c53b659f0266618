"""YAML that authors write, with the line of every value, so that each error can point to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec
import yaml

from tailorbird.errors import DefinitionError
from tailorbird.misfits import Path as Path
from tailorbird.misfits import meant as meant
from tailorbird.misfits import misfit
from tailorbird.misfits import nearest as nearest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: plain values, and the line (from 1) on which each path starts.

    Where they are wanted, and of texts that need not have lines, it has columns (from 1), too.
    """

    name: str
    value: Any
    lines: dict[Path, int] = field(default_factory=dict)
    columns: dict[Path, int] = field(default_factory=dict)

    def where(self, path: Path = ()) -> str:
        """Return `file:line[:column]` of the nearest known place on the way to `path`."""
        while path and path not in self.lines:
            path = path[:-1]
        place = f"{self.name}:{self.lines.get(path, 1)}"
        return f"{place}:{self.columns[path]}" if path in self.columns else place


def read(text: str, name: str, *, columns: bool = False) -> Document:
    """Return the file's values and lines, with the columns too if they are wanted.

    Raises:
        DefinitionError: it is not YAML, or a key stands twice in one mapping.
    """
    _refuse_aliases(text, name, columns=columns)
    loader = _loader(text, name)
    document = Document(name, None)
    try:
        root = loader.get_single_node()
        if root is None:
            raise DefinitionError("the file is empty", where=name, mend="write the definition")
        _locate(root, (), document, columns=columns)
        if not columns:
            document.columns.clear()
        return replace(document, value=_constructed(loader, root, name, columns=columns))
    except yaml.MarkedYAMLError as error:
        raise DefinitionError(
            f"not valid YAML: {error.problem}",
            where=_at(name, error.problem_mark or error.context_mark, columns=columns),
            mend="mind the indentation, and quote text with `:` or `#` in it",
        ) from None
    except RecursionError:
        raise DefinitionError("nested too deeply", where=name, mend="flatten it") from None
    except yaml.reader.ReaderError as error:
        raise _unreadable(error, name) from None
    finally:
        loader.dispose()


def _at(name: str, mark: yaml.error.Mark | None, *, columns: bool) -> str:
    """Return `file:line[:column]` of a mark, the start of the file where there is none."""
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return f"{name}:{line}:{column}" if columns else f"{name}:{line}"


def _loader(text: str, name: str) -> yaml.SafeLoader:
    """Return a loader; making one already reads the start of the text."""
    try:
        return yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        raise _unreadable(error, name) from None


def _constructed(loader: yaml.SafeLoader, root: yaml.Node, name: str, *, columns: bool) -> Any:
    """Return the values of a document, or tell which of them is none."""
    try:
        return loader.construct_document(root)
    except (ValueError, TypeError, OverflowError):
        node = next((each for each in _scalars(root) if not _is_value(each)), root)
        told = str(node.value)[:80] if isinstance(node, yaml.ScalarNode) else "this"
        raise DefinitionError(
            f"{told!r} is no date and no number, though it looks like one",
            where=_at(name, node.start_mark, columns=columns),
            mend="correct it, or put it in quotes",
        ) from None


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _scalars(child)
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for child in pair:
                yield from _scalars(child)


def _is_value(node: yaml.ScalarNode) -> bool:
    try:
        yaml.constructor.SafeConstructor().construct_object(node)
    except (ValueError, OverflowError):
        return False
    return True


def _unreadable(error: yaml.reader.ReaderError, name: str) -> DefinitionError:
    return DefinitionError(
        f"a character that YAML does not allow: {error.reason}",
        where=name,
        mend="save the file as UTF-8 text",
    )


def convert(document: Document, type_: type[T], *, shown: bool = True) -> T:
    """Return the document as a struct.

    Where secrets may stand in it, what is refused must not be `shown`.

    Raises:
        DefinitionError: a field is missing, unknown or of the wrong type; it names the line.
    """
    try:
        return msgspec.convert(document.value, type_)
    except msgspec.ValidationError as error:
        found = misfit(error, document.value, type_, shown=shown)
        where = document.where(found.path)
        raise DefinitionError(found.what, where=where, mend=found.mend) from None


def check_name(said: str, name: str, where: str) -> None:
    """Return when a text says the name under which it is kept.

    Raises:
        DefinitionError: with the mend.
    """
    if said != name:
        what = f"the text is named {said!r}, but is kept as {name!r}"
        raise DefinitionError(what, where=where, mend="give both one name")


def part(document: Document, path: Path, value: Any) -> Document:
    """Return what stands at a path as a document of its own, with its own lines."""
    size = len(path)
    lines, columns = (
        {at[size:]: place for at, place in places.items() if at[:size] == path}
        for places in (document.lines, document.columns)
    )
    return Document(document.name, value, lines, columns)


def _refuse_aliases(text: str, name: str, *, columns: bool) -> None:
    """Refuse aliases: nested ones grow a small file without bound."""
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
                raise DefinitionError(
                    "anchors and aliases are not read here",
                    where=_at(name, token.start_mark, columns=columns),
                    mend="write the value out",
                )
    except yaml.YAMLError:
        return  # told with its place when the text is parsed


def _locate(node: yaml.Node, path: Path, document: Document, *, columns: bool) -> None:
    name = document.name
    _place(node, path, document)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise DefinitionError(
                    "a key must be one word or text",
                    where=_at(name, key.start_mark, columns=columns),
                    mend="write `key: value`",
                )
            if key.value in seen:
                raise DefinitionError(
                    f"{key.value!r} stands twice",
                    where=_at(name, key.start_mark, columns=columns),
                    mend="keep one of them",
                )
            seen.add(key.value)
            _locate(value, (*path, key.value), document, columns=columns)
            _place(key, (*path, key.value), document)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _locate(child, (*path, index), document, columns=columns)


def _place(node: yaml.Node, path: Path, document: Document) -> None:
    document.lines[path] = node.start_mark.line + 1
    document.columns[path] = node.start_mark.column + 1
