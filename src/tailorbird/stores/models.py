"""Trained models as files: content-addressed, no pickle, a signed manifest a version.

The manifest names the SHA-256 of every file, and is signed by a key of the folder, so that neither
a file nor what is said of it can be changed or put there by anybody who has not that key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from tailorbird.errors import ModelError

MEND: Final = "train the model again"


class _Manifest(msgspec.Struct, frozen=True):
    """Which object holds each file of a version; names are those of `put`.

    The signature is over the model's name, the version, and everything else that stands here.
    """

    files: dict[str, str]
    card: str
    signature: str = ""


class FileModels:
    """`ports.Models` in a folder: `objects/SHA256` and `NAME/VERSION.json`.

    Without a key nothing is signed, and nothing but the digests is looked at.
    """

    def __init__(self, folder: Path, key: bytes = b"") -> None:
        self._folder = folder
        self._key = key

    def put(self, name: str, files: Mapping[str, bytes], card: bytes) -> int:
        """Keep a new version (1, 2, ...) of a model and return its number.

        Putting the same files and card again returns the version that already holds them.
        """
        manifest = _Manifest({key: _digest(files[key]) for key in sorted(files)}, _digest(card))
        latest = self.latest(name)
        if latest and self._path(name, latest).read_bytes() == self._signed(manifest, name, latest):
            return latest
        for content in (*files.values(), card):
            _write(self._folder / "objects" / _digest(content), content)
        _write(self._path(name, latest + 1), self._signed(manifest, name, latest + 1))
        return latest + 1

    def get(
        self, name: str, version: int | None = None
    ) -> tuple[int, dict[str, bytes], bytes] | None:
        """Return (version, files, card) of one version, or of the latest.

        Raises:
            ModelError: a file or the manifest was changed, or another folder's key signed it.
        """
        found = self._found(name, version)
        if found is None:
            return None
        number, manifest = found
        files = {key: self._object(digest) for key, digest in manifest.files.items()}
        return number, files, self._object(manifest.card)

    def card(self, name: str, version: int | None = None) -> tuple[int, bytes] | None:
        """Return (version, card) of one version, or of the latest; its files are not read.

        Raises:
            ModelError: the card or the manifest was changed, or another folder's key signed it.
        """
        found = self._found(name, version)
        return (found[0], self._object(found[1].card)) if found else None

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

    def _found(self, name: str, version: int | None) -> tuple[int, _Manifest] | None:
        """Return the number and the manifest of a version, once its signature is seen to hold."""
        number = version or self.latest(name)
        if not number or not self._path(name, number).exists():
            return None
        manifest = self._manifest(name, number)
        expected = self._signature(manifest, name, number)
        if self._key and not hmac.compare_digest(manifest.signature.encode(), expected.encode()):
            what = "this folder's key has not signed the manifest, or it was changed since"
            raise ModelError(what, where=str(self._path(name, number)), mend=MEND)
        return number, manifest

    def _manifest(self, name: str, version: int) -> _Manifest:
        path = self._path(name, version)
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Manifest)
        except msgspec.DecodeError as error:
            what = f"the manifest cannot be read ({error})"
            raise ModelError(what, where=str(path), mend=MEND) from error

    def _signed(self, manifest: _Manifest, name: str, version: int) -> bytes:
        """Return a manifest, with its signature, as it is kept."""
        signature = self._signature(manifest, name, version)
        return msgspec.json.encode(msgspec.structs.replace(manifest, signature=signature))

    def _signature(self, manifest: _Manifest, name: str, version: int) -> str:
        """Return the signature that a manifest must have as this version of this model."""
        if not self._key:
            return ""
        said = msgspec.json.encode([name, version, manifest.files, manifest.card], order="sorted")
        return hmac.digest(self._key, said, "sha256").hex()

    def _object(self, digest: str) -> bytes:
        path = self._folder / "objects" / digest
        content = path.read_bytes() if path.exists() else b""
        if _digest(content) != digest:
            raise ModelError("the file is missing or was changed", where=str(path), mend=MEND)
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
