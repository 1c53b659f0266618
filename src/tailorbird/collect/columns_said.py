"""What the events of columns say: each property under our name, cleaned as `fields` cleans it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tailorbird.collect.columns import Columns, Property, iso
from tailorbird.collect.conversion import MILLION, TEXT_LIMIT
from tailorbird.collect.fields import FIELD_LIMIT, URLS, Refusal, named, unsaid
from tailorbird.collect.mapping_schema import Type
from tailorbird.privacy.vault import is_personal_property

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

SURE: Final = 10**15
"""Numbers, and millionths, up to which a double says exactly what was written."""
SMALL: Final = 100
"""Millionths below which a float is written with an exponent."""
NOT_IN_BULK: Final = frozenset({"campaign", "machine", "products", "send_id", "variant"})
"""Properties that mean more than themselves."""


class Unplain(Exception):  # noqa: N818 - it is no error: the body is read row by row
    """A body means more than columns can say in bulk."""


@dataclass(frozen=True, slots=True)
class Said:
    """One property. `numbers` holds whole numbers, millionths, instants or 0 and 1.

    `words` are the distinct texts, `codes` say which of them each event has; both are None where
    the property is no text.
    """

    name: str
    kind: Type
    there: Mask
    numbers: Numbers | None = None
    words: pa.Array | None = None
    codes: Numbers | None = None

    def texts(self, which: Mask) -> pa.Array:
        """Return the property of some events as text, as the facts keep it."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.words is not None and self.codes is not None:
            return pa.DictionaryArray.from_arrays(pa.array(self.codes[which]), self.words)
        numbers = self.chosen(which)
        match self.kind:
            case "integer":
                return pa.array(numbers).cast(pa.string())
            case "boolean":
                return pc.if_else(pa.array(numbers == 1), "true", "false")
            case "decimal":
                return _decimals(numbers)
            case _:
                return _by_value(numbers, iso)

    def numbers_of(self, which: Mask) -> pa.Array:
        """Return the property of some events in millionths, null for text and too large numbers."""
        import numpy as np
        import pyarrow as pa

        if self.words is not None or self.kind == "time":
            return pa.nulls(int(which.sum()), pa.int64())
        numbers = self.chosen(which)
        if self.kind == "decimal":
            return pa.array(numbers)
        large = np.abs(numbers) > (2**63 - 1) // MILLION
        return pa.array(np.where(large, 0, numbers) * MILLION, pa.int64(), mask=large)

    def chosen(self, which: Mask) -> Numbers:
        """Return the numbers of some events; of a text none."""
        import numpy as np

        return np.zeros(int(which.sum()), np.int64) if self.numbers is None else self.numbers[which]


def said_of(columns: Columns, odd: Mask) -> dict[str, Said]:
    """Return the properties by name, marking as `odd` the events of which they are not plain.

    Raises:
        Unplain: names clash, or mean more than a property.
    """
    if len(columns.properties) > FIELD_LIMIT:
        raise Unplain
    found: dict[str, Said] = {}
    for told in columns.properties:
        try:
            name = named(told.name, "property")
        except Refusal:
            raise Unplain from None
        if name in found or name in NOT_IN_BULK or told.name in NOT_IN_BULK:
            raise Unplain
        said = _read(name, told, odd)
        if name and not is_personal_property(name):
            found[name] = said
    return found


def _read(name: str, told: Property, odd: Mask) -> Said:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    there = told.values.is_valid().to_numpy(zero_copy_only=False)
    if isinstance(told.values, pa.DictionaryArray):
        codes = pc.fill_null(told.values.indices, 0).to_numpy()
        words, unsure = _cleaned(name, told.values.dictionary)
        if unsure.any():
            odd |= there & unsure[codes]
        return Said(name, told.kind, there, words=words, codes=codes)
    values = told.values.cast(pa.int64()) if told.kind == "boolean" else told.values
    numbers = pc.fill_null(values, 0).to_numpy()
    if told.kind in ("integer", "decimal"):
        far = (numbers > SURE) | (numbers < -SURE)
        odd |= there & far
        numbers = np.where(far, 0, numbers)
    return Said(name, told.kind, there, numbers=numbers)


def _cleaned(name: str, words: pa.Array) -> tuple[pa.Array, Mask]:
    """Return texts without addresses and keys in them, and which texts are not plain."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(words):
        return pa.array([""], pa.string()), np.zeros(1, np.bool_)
    unsure = pc.or_(
        pc.greater(pc.utf8_length(words), TEXT_LIMIT), pc.match_substring(words, "\x00")
    )
    suspect = pc.match_substring_regex(words, "@|%40|://")
    if name in URLS:
        suspect = words.is_valid()
    if pc.any(suspect).as_py():
        cleaned = [unsaid(name, word) for word in words.filter(suspect).to_pylist()]
        words = pc.replace_with_mask(words, suspect, pa.array(cleaned, pa.string()))
    return words, unsure.to_numpy(zero_copy_only=False)


def _decimals(millionths: Numbers) -> pa.Array:
    """Return millionths as Python writes the float that they are, whole ones without a point."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    wide = np.stack([millionths, millionths >> 63], axis=1)
    exact = pa.Array.from_buffers(
        pa.decimal128(18, 6), len(millionths), [None, pa.py_buffer(np.ascontiguousarray(wide))]
    )
    written = pc.utf8_rtrim(pc.utf8_rtrim(exact.cast(pa.string()), "0"), ".")
    small = (np.abs(millionths) < SMALL) & (millionths != 0)
    if small.any():
        words = [str(int(number) / MILLION) for number in millionths[small]]
        written = pc.replace_with_mask(written, pa.array(small), pa.array(words, pa.string()))
    return pc.if_else(pa.array(millionths == 0), "0", written)


def _by_value(numbers: Numbers, write: Callable[[int], Any]) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    values, codes = np.unique(numbers, return_inverse=True)
    words = pa.array([write(int(value)) for value in values], pa.string())
    return words.take(pa.array(codes))
