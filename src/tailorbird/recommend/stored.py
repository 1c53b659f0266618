"""A recommender's files: JSON and plain arrays, no pickle, and checked before they are trusted."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.recommend.parameters import Parameters
from tailorbird.schema import Instant

FORMAT: Final = 2
_HEAD: Final = "recommender.json"
_MEND: Final = "train it again"
Arrays = dict[str, npt.NDArray[Any]]
Kind = TypeVar("Kind")


class Head(msgspec.Struct, frozen=True):
    """What a recommender's files hold beside arrays."""

    format: int
    parameters: Parameters
    items: tuple[str, ...]
    names: dict[str, str]
    catalogue: tuple[str, ...] | None
    trained_at: Instant
    groups: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()


def decoded(content: bytes, kind: type[Kind], file: str) -> Kind:
    """Return what a file says that is kept beside a recommender's own.

    Raises:
        ModelError: it is damaged.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        what = f"the file cannot be read ({error})"
        raise ModelError(what, where=file, mend="train the recommender again") from error


class _Format(msgspec.Struct):
    format: int


def packed(head: Head, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, bytes]:
    """Return the files: the same bytes for the same model."""
    return {_HEAD: msgspec.json.encode(head), **packed_arrays(arrays)}


def packed_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, bytes]:
    """Return a file an array."""
    files = {}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
        files[f"{name}.npy"] = buffer.getvalue()
    return files


def unpacked(files: Mapping[str, bytes], names: Collection[str]) -> tuple[Head, Arrays]:
    """Return the head and the arrays of these names.

    Raises:
        ModelError: a file is missing, damaged, or of another format.
    """
    try:
        found = msgspec.json.decode(files[_HEAD], type=_Format).format
        if found != FORMAT:
            raise ModelError(f"format {found} is not {FORMAT}", where="recommender", mend=_MEND)
        head = msgspec.json.decode(files[_HEAD], type=Head)
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        raise _unreadable(error) from error
    return head, unpacked_arrays(files, names)


def unpacked_arrays(files: Mapping[str, bytes], names: Collection[str]) -> Arrays:
    """Return the arrays of these names.

    Raises:
        ModelError: a file is missing or damaged.
    """
    try:
        return {name: _array(files[f"{name}.npy"]) for name in names}
    except (KeyError, ValueError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ModelError:
    return ModelError(f"the files cannot be read ({error})", where="recommender", mend=_MEND)


def _array(content: bytes) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def check_links(
    name: str, start: npt.NDArray[Any], place: npt.NDArray[Any], owners: int, places: int
) -> None:
    """Return when rows of every owner lie in order, and every place is one of `places`.

    The compiled ranking trusts these arrays with memory.

    Raises:
        ModelError: they do not.
    """
    whole = len(start) == owners + 1 and start[0] == 0 and start[-1] == len(place)
    if not whole or (np.diff(start) < 0).any() or ((place < 0) | (place >= places)).any():
        raise ModelError(
            f"the arrays of '{name}' contradict each other", where="recommender", mend=_MEND
        )


def check_lengths(name: str, length: int, *arrays: npt.NDArray[Any]) -> None:
    """Return when all arrays have this length.

    Raises:
        ModelError: one has not.
    """
    if any(len(array) != length for array in arrays):
        raise ModelError(
            f"the arrays of '{name}' differ in length", where="recommender", mend=_MEND
        )
