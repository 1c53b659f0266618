"""What is packed: a gzip of one file, a ZIP of daily files that are read as one table.

Nothing is unpacked to disk: members are read as they are needed, so that their names can lead
nowhere, and no copy of personal data is left behind.
"""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import struct
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from tailorbird.collect.mapping import folded
from tailorbird.collect.sources.rows import Chunk, Origin, Table, broken
from tailorbird.errors import SourceError

MEMBER_LIMIT: Final = 10_000
SMALL_BYTES: Final = 1 << 30
RATIO_LIMIT: Final = 200
"""Text of tables packs to a tenth or a thirtieth; what packs to less than a 200th is a trap."""

OpenMember = Callable[[Origin], Table]
DAMAGED: Final = (
    zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError,
    NotImplementedError, ValueError, OSError, struct.error, UnicodeError,
)  # fmt: skip
"""What the libraries raise on archives that are broken, or packed in ways that they do not know."""


def _damaged(where: str, error: Exception) -> SourceError:
    if isinstance(error, OSError) and error.errno is not None:
        what = f"it cannot be read: {error.strerror}"
        return broken(where, what, "check that it is there, and its rights")
    return broken(
        where,
        f"it cannot be unpacked: {error}"[:300],
        "save or pack it again: it may be cut off, or have a password",
    )


class Counted(io.RawIOBase):
    """A packed stream that ends with an error when it grows beyond all measure."""

    def __init__(self, packed: IO[bytes], where: str, limit: int) -> None:
        self._packed = packed
        self._where = where
        self._limit = self._left = limit

    def tell(self) -> int:
        """Return how many bytes have been read."""
        return self._limit - self._left

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer and return how many bytes were read.

        Raises:
            SourceError: it is damaged, or unpacks to far more than a table does.
        """
        view = memoryview(cast("bytearray", buffer))
        try:
            block = self._packed.read(len(view))
        except DAMAGED as error:
            raise _damaged(self._where, error) from None
        self._left -= len(block)
        if self._left < 0:
            what = f"it unpacks to more than {RATIO_LIMIT} times its size"
            raise broken(self._where, what, "unpack it where it is safe, and look at it")
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the packed file too."""
        self._packed.close()
        super().close()


def limit_of(path: Path) -> int:
    """Return how many bytes a packed file may unpack to."""
    return max(SMALL_BYTES, path.stat().st_size * RATIO_LIMIT)


def gzipped(path: Path) -> Origin:
    """Return what a gzip file holds."""
    limit = limit_of(path)

    def opened() -> IO[bytes]:
        packed = cast("IO[bytes]", gzip.open(path, "rb"))  # noqa: SIM115 - the reader closes it
        return io.BufferedReader(Counted(packed, str(path), limit))

    with path.open("rb") as file:
        file.seek(-4, io.SEEK_END)
        size = int.from_bytes(file.read(4), "little")
    return Origin(path, str(path), opened, size)


def open_archive(path: Path, open_member: OpenMember) -> Table:
    """Return the tables of a ZIP, in the order of their names, as one.

    Raises:
        SourceError: it holds no table, something that leads outside, or a member whose columns
            differ.
    """
    tables = [open_member(member) for member in _members(path)]
    if not tables:
        raise broken(path, "the archive holds no file", "pack CSV or JSONL files into it")
    first = tables[0]
    wanted = [*map(folded, first.columns)]
    for table, member in zip(tables, _members(path), strict=True):
        if sorted(map(folded, table.columns)) != sorted(wanted):
            what = f"its columns differ: {', '.join(table.columns)}"
            raise broken(member.where, what, f"the first file has {', '.join(first.columns)}")
    joined = _Joined(tables, [Path(member.where).name for member in _members(path)], wanted)
    return Table(path, "zip", first.columns, joined.chunks, place=joined.place)


def _members(path: Path) -> list[Origin]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [entry for entry in archive.infolist() if _counts(entry)]
    except DAMAGED as error:
        raise _damaged(str(path), error) from None
    total = sum(entry.file_size for entry in found)
    if len(found) > MEMBER_LIMIT or total > limit_of(path):
        what = f"it unpacks to {total:,} bytes in {len(found):,} files"
        raise broken(path, what, "unpack it where it is safe, and look at it")
    for entry in found:
        _check(path, entry)
    return [_member(path, entry) for entry in sorted(found, key=lambda entry: entry.filename)]


def _counts(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    if not parts or entry.filename.endswith("/"):
        return False
    return "__MACOSX" not in parts and not parts[-1].startswith("._")


def _check(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    where = f"{path}/{name}"
    if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts:
        raise broken(path, f"a member leads outside: {name!r}", "pack it again, by plain names")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise broken(where, "it is a link", "pack the file itself")
    if entry.flag_bits & 1:
        raise broken(where, "it is encrypted", "pack it again, without a password")


def _member(path: Path, entry: zipfile.ZipInfo) -> Origin:
    where = f"{path}/{entry.filename}"

    def opened() -> IO[bytes]:
        try:
            with zipfile.ZipFile(path) as archive:
                packed = archive.open(entry)
        except DAMAGED as error:
            raise _damaged(where, error) from None
        return io.BufferedReader(Counted(packed, where, entry.file_size))

    return Origin(path, where, opened, entry.file_size)


@dataclass(slots=True)
class _Joined:
    """Tables one after the other, their lines counted through."""

    tables: list[Table]
    names: list[str]
    wanted: list[str]
    """The folded names of the first table's columns, in its order."""
    starts: list[int] | None = None

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows of every table, the columns in the order of the first."""
        self.starts = []
        before = 0
        for number, table in enumerate(self.tables):
            self.starts.append(before)
            last = 0
            places = _places(self.wanted, table)
            for chunk in table.chunks():
                lines = [*chunk.lines, *(line for line, _ in chunk.misfits)]
                last = max([last, *lines])
                yield Chunk(
                    [before + line for line in chunk.lines],
                    [chunk.cells[place] for place in places],
                    [(before + line, cells) for line, cells in chunk.misfits],
                    (number + chunk.read) / len(self.tables),
                )
            before += last

    def place(self, line: int) -> str:
        """Return `member:line`."""
        starts = self.starts or [0]
        number = max(bisect_right(starts, line - 1) - 1, 0)
        return f"{self.names[number]}:{line - starts[number]}"


def _places(wanted: list[str], table: Table) -> list[int]:
    by_name: dict[str, list[int]] = {}
    for place, name in enumerate(map(folded, table.columns)):
        by_name.setdefault(name, []).append(place)
    return [by_name[name].pop(0) for name in wanted]
