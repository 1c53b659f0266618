"""Typed columns of a Parquet file as the cells of a mapping, thousands at a time.

What a cell means is what `conversion` says of it: here only the plain cases are read in bulk, and
every other spelling is asked for there, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tailorbird.collect.conversion import ID_LIMIT, LARGEST, MILLION, TEXT_LIMIT, Reader
from tailorbird.collect.fields import PLACEHOLDERS
from tailorbird.collect.mapping_schema import Column
from tailorbird.collect.sources.rows import texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Mask = npt.NDArray[np.bool_]

PLAIN: Final = r"^[!-~]+( [!-~]+)*$"
"""A text of printable ASCII that cleaning leaves as it is."""
SPREADSHEET: Final = r"^[0-9]+\.0+$"
NOBODY: Final = r"^[0-]*$"
SURE_DECIMALS: Final = 1e9
"""Below it a double with six decimals is the number that was written."""
FAR: Final = 4_102_444_800_000_000
"""2100: what lies between 1970 and it is read in bulk."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A column's values (text as a dictionary), and why cells mean nothing: None when all do."""

    values: pa.Array
    faults: pa.Array | None = None


def convert(cells: pa.Array, reader: Reader) -> Typed:
    """Return what a column's cells mean to a mapping."""
    import pyarrow as pa

    column = reader.column
    if column.type in ("text", "id"):
        return _words(_encoded(cells), reader)
    if isinstance(cells.type, pa.DictionaryType):
        cells = cells.cast(cells.type.value_type)
    doubtful = column.decimal_comma or _doubtful(reader.missing)
    read = None if doubtful else _plain_values(cells, column)
    if read is None:
        return _by_spelling(cells, reader)
    values, odd = read
    if column.required:
        odd |= cells.is_null().to_numpy(zero_copy_only=False)
    return _mended(cells, values, odd, reader) if odd.any() else Typed(values)


def absent(rows: int, reader: Reader) -> Typed:
    """Return a column that the file lacks."""
    import pyarrow as pa

    return convert(pa.nulls(rows, pa.string()), reader)


def _doubtful(missing: frozenset[str]) -> bool:
    """Return whether a word for nothing may be how a number, a time or a yes is written."""
    return any(word[:1] in set("+-.0123456789") or word.lower() in _SPELT for word in missing)


_SPELT: Final = frozenset({"false", "inf", "nan", "true"})


# -- text ---------------------------------------------------------------------------------------


def _encoded(cells: pa.Array) -> pa.DictionaryArray:
    """Return the spellings of cells as a dictionary; nothing is ''."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = isinstance(cells.type, pa.DictionaryType) and pa.types.is_string(cells.type.value_type)
    if not known or len(cells.dictionary) > len(cells) or cells.dictionary.null_count:
        return texts(cells).dictionary_encode()
    if not cells.null_count:
        return cells
    nothing = len(cells.dictionary)
    spellings = pa.concat_arrays([cells.dictionary, pa.array([""], pa.string())])
    return pa.DictionaryArray.from_arrays(pc.fill_null(cells.indices, nothing), spellings)


def _words(encoded: pa.DictionaryArray, reader: Reader) -> Typed:
    import pyarrow as pa
    import pyarrow.compute as pc

    spellings = encoded.dictionary
    plain = _plain_words(spellings, reader)
    written = pc.utf8_upper(spellings) if reader.column.upper else spellings
    odd = pc.invert(plain)
    asked = spellings.filter(odd).to_pylist()
    if not asked:
        return Typed(pa.DictionaryArray.from_arrays(encoded.indices, written))
    meanings = [reader.converted(spelling) for spelling in asked]
    written = pc.replace_with_mask(written, odd, pa.array([m[0] for m in meanings], pa.string()))
    codes = encoded.indices
    if written.null_count:
        codes = pc.if_else(written.is_valid().take(codes), codes, pa.scalar(None, codes.type))
        written = pc.fill_null(written, "")
    faults = pa.nulls(len(spellings), pa.string())
    faults = pc.replace_with_mask(faults, odd, pa.array([m[1] for m in meanings], pa.string()))
    return Typed(pa.DictionaryArray.from_arrays(codes, written), _spread(faults, encoded.indices))


def _plain_words(spellings: pa.Array, reader: Reader) -> pa.Array:
    """Return which spellings are kept as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = reader.column
    limit = ID_LIMIT if column.type == "id" else TEXT_LIMIT
    plain = pc.and_(
        pc.match_substring_regex(spellings, PLAIN),
        pc.less_equal(pc.utf8_length(spellings), limit),
    )
    if reader.missing:
        words = pa.array(sorted(reader.missing), pa.string())
        plain = pc.and_not(plain, pc.is_in(spellings, words))
    if column.type == "id":
        plain = pc.and_not(plain, pc.match_substring_regex(spellings, SPREADSHEET))
    if column.names_people:
        words = pa.array(sorted(PLACEHOLDERS), pa.string())
        plain = pc.and_not(plain, pc.is_in(pc.utf8_lower(spellings), words))
        plain = pc.and_not(plain, pc.match_substring_regex(spellings, NOBODY))
    return plain


# -- numbers, times, yes and no -----------------------------------------------------------------


def _plain_values(cells: pa.Array, column: Column) -> tuple[pa.Array, Mask] | None:
    """Return the values of a typed column and which are not sure, None for another type."""
    import pyarrow as pa

    kind = cells.type
    match column.type:
        case "integer" if pa.types.is_integer(kind):
            return _whole(cells, 1, LARGEST)
        case "decimal" if pa.types.is_integer(kind):
            return _whole(cells, MILLION, LARGEST // 10**4)
        case "decimal" if pa.types.is_float64(kind):
            return _decimals(cells)
        case "time" if is_instant(kind, column):
            return _instants(cells)
        case "boolean" if pa.types.is_boolean(kind):
            return cells, _none(cells)
        case _:
            return None


def is_instant(kind: pa.DataType, column: Column) -> bool:
    """Return whether a typed column says instants of UTC by itself."""
    import pyarrow as pa

    if column.type != "time" or column.formats:
        return False
    known = pa.types.is_timestamp(kind) and (kind.tz is not None or column.zone == "UTC")
    return bool(known)


def _none(cells: pa.Array) -> Mask:
    import numpy as np

    return np.zeros(len(cells), np.bool_)


def _whole(cells: pa.Array, factor: int, limit: int) -> tuple[pa.Array, Mask]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_uint64(cells.type):
        return pa.nulls(len(cells), pa.int64()), cells.is_valid().to_numpy(zero_copy_only=False)
    numbers = pc.fill_null(cells.cast(pa.int64()), 0).to_numpy()
    odd = (numbers > limit) | (numbers < -limit)
    values = np.where(odd, 0, numbers) * factor
    return _masked(values, cells), odd


def _decimals(cells: pa.Array) -> tuple[pa.Array, Mask]:
    import numpy as np
    import pyarrow.compute as pc

    numbers = pc.fill_null(cells, 0.0).to_numpy()
    with np.errstate(invalid="ignore", over="ignore"):
        millionths = np.rint(numbers * MILLION)
        sure = (millionths / MILLION == numbers) & (np.abs(numbers) < SURE_DECIMALS)
    values = np.where(sure, millionths, 0).astype(np.int64)
    return _masked(values, cells), ~sure


def _instants(cells: pa.Array) -> tuple[pa.Array, Mask]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    per_unit = {"s": MILLION, "ms": 1000, "us": 1, "ns": 1}[cells.type.unit]
    numbers = pc.fill_null(cells.cast(pa.int64()), 0).to_numpy()
    if cells.type.unit == "ns":
        numbers = numbers // 1000
    odd = (numbers < 0) | (numbers >= FAR // per_unit)
    return _masked(np.where(odd, 0, numbers) * per_unit, cells), odd


def _masked(values: npt.NDArray[Any], cells: pa.Array) -> pa.Array:
    import pyarrow as pa

    there = None if cells.null_count == 0 else cells.is_null().to_numpy(zero_copy_only=False)
    return pa.array(values, pa.int64(), mask=there)


# -- one by one ---------------------------------------------------------------------------------


def _by_spelling(cells: pa.Array, reader: Reader) -> Typed:
    """Return what every distinct spelling means, asked one by one."""
    import pyarrow as pa

    encoded = texts(cells).dictionary_encode()
    meanings = [reader.converted(spelling) for spelling in encoded.dictionary.to_pylist()]
    kind = pa.bool_() if reader.column.type == "boolean" else pa.int64()
    values = pa.array([value for value, _ in meanings], kind)
    faults = pa.array([fault for _, fault in meanings], pa.string())
    return Typed(values.take(encoded.indices), _spread(faults, encoded.indices))


def _mended(cells: pa.Array, values: pa.Array, odd: Mask, reader: Reader) -> Typed:
    """Return a column of which some cells are asked one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = pa.array(odd)
    asked = _by_spelling(cells.filter(mask), reader)
    values = pc.replace_with_mask(values, mask, asked.values)
    if asked.faults is None:
        return Typed(values)
    faults = pa.nulls(len(cells), pa.string())
    return Typed(values, pc.replace_with_mask(faults, mask, asked.faults))


def _spread(faults: pa.Array, codes: pa.Array) -> pa.Array | None:
    """Return each cell's fault by its spelling's, None where there is none at all."""
    return None if faults.null_count == len(faults) else faults.take(codes)
