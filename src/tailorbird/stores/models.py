"""Trained models as files: content-addressed, no pickle, a manifest a version."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tailorbird.errors import ModelError


class _Manifest(msgspec.Struct, frozen=True):
    """Which object holds each file of a version; names are those of `put`."""

    files: dict[str, str]
    card: str


class FileModels:
    """`ports.Models` in a folder: `objects/SHA256` and `NAME/VERSION.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, files: Mapping[str, bytes], card: bytes) -> int:
        """Keep a new version (1, 2, ...) of a model and return its number.

        Putting the same files and card again returns the version that already holds them.
        """
        manifest = _Manifest({key: _digest(files[key]) for key in sorted(files)}, _digest(card))
        latest = self.latest(name)
        if latest and self._manifest(name, latest) == manifest:
            return latest
        for content in (*files.values(), card):
            _write(self._folder / "objects" / _digest(content), content)
        _write(self._path(name, latest + 1), msgspec.json.encode(manifest))
        return latest + 1

    def get(
        self, name: str, version: int | None = None
    ) -> tuple[int, dict[str, bytes], bytes] | None:
        """Return (version, files, card) of one version, or of the latest."""
        number = version or self.latest(name)
        if not number or not self._path(name, number).exists():
            return None
        manifest = self._manifest(name, number)
        files = {key: self._object(digest) for key, digest in manifest.files.items()}
        return number, files, self._object(manifest.card)

    def names(self) -> list[str]:
        """Return the names of all models."""
        if not self._folder.is_dir():
            return []
        return sorted(p.name for p in self._folder.iterdir() if p.is_dir() and p.name != "objects")

    def latest(self, name: str) -> int:
        """Return the number of a model's latest version, 0 when there is none."""
        versions = [int(p.stem) for p in self._path(name, 0).parent.glob("*.json")]
        return max(versions, default=0)

    def _path(self, name: str, version: int) -> Path:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or name == "objects":
            raise ModelError(
                f"a model cannot be named {name!r}", mend="use lower-case letters, digits, _ and -"
            )
        return self._folder / name / f"{version}.json"

    def _manifest(self, name: str, version: int) -> _Manifest:
        return msgspec.json.decode(self._path(name, version).read_bytes(), type=_Manifest)

    def _object(self, digest: str) -> bytes:
        path = self._folder / "objects" / digest
        content = path.read_bytes() if path.exists() else b""
        if _digest(content) != digest:
            raise ModelError(
                "the file is missing or was changed", where=str(path), mend="train the model again"
            )
        return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all: a kill leaves only a file with a temporary name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
