"""What decisions were made from, packed: so many at a time, each kind of value beside its like.

A row of JSON is taken apart into its shape and its leaves. Shapes are kept once a pack, leaves in
columns, so that they compress as columns do; what a catalogue says of a product is kept once for
all packs, under a number. A row that would not come out byte for byte stays as it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

AT_ONCE: Final = 512
"""Decisions of which one pack holds what they were made from."""
NOTHING: Final = b"{}"
PART: Final = ""
"""The member that names a part by its number; a row that has such a member stays as it is."""
OF_CATALOGUE: Final = frozenset(
    {"category", "currency", "image", "item", "name", "price_minor", "url"}
)
LEVEL: Final = 9
Numbers = Callable[[Sequence[bytes]], Mapping[bytes, int]]
"""Returns the numbers under which parts are kept, of new ones too."""
PartOf = Callable[[int], bytes]
"""Returns the part that is kept under a number."""


def pack(rows: Sequence[bytes], numbers: Numbers | None = None) -> bytes:
    """Return rows of JSON as one pack, in order; without `numbers` no part is kept apart."""
    documents = [_document(row) for row in rows]
    if numbers is not None:
        found = [part for each in documents for part in _parts(each)]
        known = numbers(list(dict.fromkeys(found)))
        documents = [_without_parts(each, known) for each in documents]
    shapes: dict[bytes, int] = {}
    columns: list[list[list[Any]]] = []
    order = []
    for document in documents:
        leaves: list[Any] = []
        shape = _encoded(_shape(document, leaves))
        number = shapes.setdefault(shape, len(shapes))
        if number == len(columns):
            columns.append([[] for _ in leaves])
        for column, leaf in zip(columns[number], leaves, strict=True):
            column.append(leaf)
        order.append(number)
    whole = [[msgspec.Raw(shape) for shape in shapes], order, columns]
    # Short repeats of numbers as text are better left to the codes: a tenth less, as fast to read.
    # (LZMA takes a quarter less, and makes an answer about a person three times as slow.)
    squeezing = zlib.compressobj(LEVEL, zlib.DEFLATED, memLevel=9, strategy=zlib.Z_FILTERED)
    return squeezing.compress(_encoded(whole)) + squeezing.flush()


class Pack:
    """A pack, opened: each row comes out byte for byte as it was packed, when it is asked for."""

    def __init__(self, content: bytes, part_of: PartOf) -> None:
        self._shapes, self._order, self._columns = msgspec.json.decode(zlib.decompress(content))
        self._part_of = part_of
        self._places: list[int] = []
        counts = [0] * len(self._shapes)
        for number in self._order:
            self._places.append(counts[number])
            counts[number] += 1

    def __len__(self) -> int:
        """Return how many rows it holds."""
        return len(self._order)

    def row(self, index: int) -> bytes:
        """Return one row."""
        number, place = self._order[index], self._places[index]
        leaves = (column[place] for column in self._columns[number])
        return _row(_filled(self._shapes[number], leaves), self._part_of)


def _document(row: bytes) -> Any:
    """Return a row read, or its text where reading and writing would change it."""
    try:
        document = msgspec.json.decode(row)
        if isinstance(document, dict) and not _names_part(document) and _encoded(document) == row:
            return document
        return row.decode()
    except (msgspec.DecodeError, msgspec.EncodeError):
        return row.decode()


def _row(document: Any, part_of: PartOf) -> bytes:
    return document.encode() if isinstance(document, str) else _encoded(_whole(document, part_of))


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _names_part(value: Any) -> bool:
    if isinstance(value, dict):
        return PART in value or any(map(_names_part, value.values()))
    return isinstance(value, list) and any(map(_names_part, value))


# -- parts that are kept once ---------------------------------------------------------------------


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        if "item" in value:
            yield _part(value)
        for each in value.values():
            yield from _parts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _parts(each)


def _part(product: dict[str, Any]) -> bytes:
    return _encoded({name: product[name] for name in OF_CATALOGUE & product.keys()})


def _without_parts(value: Any, known: Mapping[bytes, int]) -> Any:
    if isinstance(value, list):
        return [_without_parts(each, known) for each in value]
    if not isinstance(value, dict):
        return value
    if "item" not in value:
        return {name: _without_parts(each, known) for name, each in value.items()}
    rest = {n: _without_parts(each, known) for n, each in value.items() if n not in OF_CATALOGUE}
    return {PART: known[_part(value)], **rest}


def _whole(value: Any, part_of: PartOf) -> Any:
    if isinstance(value, list):
        return [_whole(each, part_of) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _whole(each, part_of) for name, each in value.items() if name != PART}
    return found | msgspec.json.decode(part_of(value[PART])) if PART in value else found


# -- shapes and leaves ----------------------------------------------------------------------------


def _shape(value: Any, leaves: list[Any]) -> Any:
    """Return a document with None for every leaf; the leaves are added in order."""
    if isinstance(value, dict):
        return {name: _shape(value[name], leaves) for name in sorted(value)}
    if isinstance(value, list):
        return [_shape(each, leaves) for each in value]
    leaves.append(value)
    return None


def _filled(shape: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(shape, dict):
        return {name: _filled(shape[name], leaves) for name in sorted(shape)}
    if isinstance(shape, list):
        return [_filled(each, leaves) for each in shape]
    return next(leaves)
