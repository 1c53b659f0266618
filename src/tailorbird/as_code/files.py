"""Files of definitions, from a folder or from the API: each read whole, or refused with its mend.

Nothing but plain files is read: no links, no folder but those of the kinds, nothing too large.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from tailorbird.as_code.places import (
    AMP,
    LARGEST_BYTES,
    MAILS,
    OF_FILE,
    OF_FOLDER,
    SETTINGS,
    YAML,
    key_of,
)
from tailorbird.edits import Key
from tailorbird.errors import UsageError
from tailorbird.yaml_text import nearest

MOST_FILES: Final = 10_000
LARGEST_FOLDER_BYTES: Final = 64 << 20
RECORD: Final = "tailorbird.sqlite"
"""Tells a data folder, which may lie beside the definitions."""
_OURS: Final = frozenset((*YAML, *MAILS))
_SEGMENT: Final = re.compile(r"[^/\\\x00-\x1f]+")


class FileFault(msgspec.Struct, frozen=True):
    """What is wrong, where, and how to mend it. `file` is the one that must be mended."""

    file: str
    where: str
    what: str
    mend: str

    def sentence(self) -> str:
        """Return `file:line: what, how to mend`."""
        return (
            f"{self.where}: {self.what}; {self.mend}" if self.mend else f"{self.where}: {self.what}"
        )


@dataclass(slots=True)
class Files:
    """What lies in a folder: the texts by their paths, and what could not be read."""

    texts: dict[str, str] = field(default_factory=dict)
    faults: list[FileFault] = field(default_factory=list)

    def refuse(self, path: str, what: str, mend: str, *, line: int = 0) -> None:
        """Note a fault of a file."""
        self.faults.append(FileFault(path, f"{path}:{line}" if line else path, what, mend))


@dataclass(frozen=True, slots=True)
class Written:
    """A definition as files have it: its text, and the path to which errors point."""

    path: str
    text: str
    parts: tuple[str, ...]
    """Every file that it is made of."""


def read_folder(folder: Path) -> Files:
    """Return what lies in a folder of definitions.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError("no such folder", where=str(folder), mend="make it: `tailorbird pull`")
    found, size = Files(), 0
    for path in _paths(folder, found):
        text = _read(folder, path, found)
        size += len(text or "")
        if len(found.texts) >= MOST_FILES or size > LARGEST_FOLDER_BYTES:
            most = f"{MOST_FILES:,} files and {LARGEST_FOLDER_BYTES >> 20} MiB at most"
            raise UsageError("too much to be definitions", where=str(folder), mend=most)
        if text is not None:
            found.texts[path] = text
    return found


def of_texts(texts: Mapping[str, str]) -> Files:
    """Return files that were sent, by path; no path leads out of their folder."""
    found = Files()
    for path, text in sorted(texts.items()):
        parts = path.split("/")
        if not all(_SEGMENT.fullmatch(part) and part not in (".", "..") for part in parts):
            mend = "write it from the folder of definitions on, as in segments/gold.yaml"
            found.refuse(_shown(path), "this is no path of a definition", mend)
        elif path == SETTINGS:
            mend = "apply them on the machine itself, and leave them out here"
            found.refuse(path, "settings are not taken from afar", mend)
        elif _wanted(path, found):
            _check_text(path, text, found)
            found.texts[path] = text
    return found


def definitions(files: Files) -> dict[Key, Written]:
    """Return the definitions of the files; two files of one definition are a fault."""
    written: dict[Key, Written] = {}
    for path, text in sorted(files.texts.items()):
        key = None if path.endswith(AMP) else key_of(path)
        if key is None:
            continue
        if key in written:
            what = f"{written[key].path} defines {key[0]} {key[1]!r} as well"
            files.refuse(path, what, "keep one of the two files")
            continue
        beside = f"{path.rpartition('.')[0]}{AMP}" if key[0] == "template" else ""
        if beside in files.texts:
            parts = (path, beside)
            written[key] = Written(path, f"{text}\n{files.texts[beside]}", parts)
        else:
            written[key] = Written(path, text, (path,))
    return written


def _paths(folder: Path, found: Files) -> Iterator[str]:
    """Yield the paths of all files that may be definitions, by name."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_symlink():
            if entry.name in OF_FOLDER or entry.name in (*OF_FILE, SETTINGS):
                _refuse_link(entry.name, found)
        elif entry.is_dir():
            yield from _paths_below(folder, entry.name, found)
        elif _wanted(entry.name, found):
            yield entry.name


def _paths_below(folder: Path, name: str, found: Files) -> Iterator[str]:
    inside = sorted(os.scandir(folder / name), key=lambda entry: entry.name)
    if name not in OF_FOLDER:
        if any(PurePosixPath(entry.name).suffix in _OURS for entry in inside):
            _refuse_folder(name, found)
        return
    for entry in inside:
        path = f"{name}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            _refuse_link(path, found)
        elif entry.is_dir():
            found.refuse(path, "a folder in a folder is not read", f"move its files to {name}/")
        elif _wanted(path, found):
            yield path


def _wanted(path: str, found: Files) -> bool:
    """Return whether a file is read; one that looks like a definition and is none is a fault."""
    if key_of(path) or path == SETTINGS:
        return True
    folder, _, file = path.partition("/")
    suffix = PurePosixPath(path).suffix
    if file and folder not in OF_FOLDER:
        _refuse_folder(folder, found)
    elif file:
        place = OF_FOLDER[folder]
        if place.kind == "template" and path.endswith(AMP) and "/" not in file:
            return True
        if suffix in place.endings:
            what = "a file cannot be called this"
            mend = "write letters, digits, `-`, `_` and `.`, the first a letter or digit"
            found.refuse(_shown(path), what, mend)
        elif suffix != ".md":
            what = f"{suffix or 'no ending'} is not how a {place.kind} is written"
            found.refuse(_shown(path), what, f"end it with {' or '.join(place.endings)}")
    elif suffix in _OURS:
        mend = nearest(PurePosixPath(path).stem, sorted({*OF_FOLDER, *(f[:-5] for f in OF_FILE)}))
        found.refuse(_shown(path), "this lies in the folder of no kind", mend)
    return False


def _read(folder: Path, path: str, found: Files) -> str | None:
    """Return a file's text, None where it cannot be one; a link is never followed."""
    try:
        handle = os.open(folder / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
    except OSError as error:
        found.refuse(path, f"it cannot be opened: {error.strerror}", "look at its permissions")
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            found.refuse(path, "this is no plain file", "put the file itself here")
            return None
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        found.refuse(path, f"larger than {LARGEST_BYTES >> 20} MiB", "cut it into several")
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found.refuse(path, "this is not UTF-8 text", "save it as UTF-8", line=line)
        return None
    _check_text(path, text, found)
    return text


def _check_text(path: str, text: str, found: Files) -> None:
    """Note what no definition may hold."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        found.refuse(path, "half a character is no text", "send it as UTF-8")
        return
    if size > LARGEST_BYTES:
        found.refuse(path, f"larger than {LARGEST_BYTES >> 20} MiB", "cut it into several")
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        found.refuse(path, "a zero byte is no text", "save it as plain UTF-8", line=line)


def _refuse_folder(name: str, found: Files) -> None:
    if any(fault.file == f"{name}/" for fault in found.faults):
        return
    mend = f"{nearest(name, sorted(OF_FOLDER))}; what is no definition goes into _{name}/"
    found.refuse(f"{name}/", "no kind of definition has this folder", mend)


def _refuse_link(path: str, found: Files) -> None:
    found.refuse(path, "this is a link", "put what it leads to here")


def _shown(path: str) -> str:
    """Return a path that may be anything as one line."""
    return "".join(each if each.isprintable() else "?" for each in path[:200])
