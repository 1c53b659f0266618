"""Files of a folder or of object storage: which there are, which are new, their bytes."""

from __future__ import annotations

import errno
import glob
import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from tailorbird.collect.sources.rows import BLOCK_BYTES
from tailorbird.errors import SourceError, UsageError
from tailorbird.schema import SECOND, Instant

UNFINISHED: Final = (".part", ".tmp", ".filepart", ".crdownload", "~")
_MODIFIED: Final = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")
_TAGS: Final = ("ETag", "etag", "md5Hash", "content_md5", "checksum", "generation", "version_id")
SCHEME: Final = "://"


class Found(msgspec.Struct, frozen=True):
    """A file that is there."""

    path: str
    """As the storage names it."""
    size: int
    stamp: str
    """Changes when the file does: its size, its time, its tag."""
    modified: Instant
    """0 where the storage does not say."""


class Storage(Protocol):
    """A place where files are."""

    def list(self, pattern: str) -> list[Found]:
        """Return the files of a pattern, by name; what is hidden or unfinished is left out."""
        ...

    def held(self, file: Found, folder: Path) -> AbstractContextManager[Path]:
        """Hold a file on this machine while it is read."""
        ...

    def stamp(self, file: Found) -> str:
        """Return the stamp that a file has now; of a copy, that which it had then."""
        ...


def storage_of(url: str, options: Mapping[str, str]) -> Storage:
    """Return the place that a path or URL names.

    Raises:
        UsageError: the file system of the URL is not installed.
    """
    scheme = url.partition(SCHEME)[0] if SCHEME in url else ""
    return Folder() if scheme in ("", "file") else _Cloud(url, options)


class Folder:
    """Folders of this machine; their files are read where they are."""

    def list(self, pattern: str) -> list[Found]:
        """Return the files of a pattern, by name."""
        path = os.path.expanduser(pattern.removeprefix("file://"))
        if Path(path).is_dir():
            path = os.path.join(path, "*")
        paths = sorted(glob.glob(path, recursive=True))
        return [_local(Path(name)) for name in paths if _finished(name) and Path(name).is_file()]

    @contextmanager
    def held(self, file: Found, folder: Path) -> Iterator[Path]:
        """Give the file where it is."""
        yield Path(file.path)

    def stamp(self, file: Found) -> str:
        """Return the stamp that a file has now."""
        try:
            return _local(Path(file.path)).stamp
        except FileNotFoundError:
            return ""


def _local(path: Path) -> Found:
    status = path.stat()
    stamp = f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"
    return Found(str(path), status.st_size, stamp, status.st_mtime_ns // 1000)


def _finished(name: str) -> bool:
    last = name.rpartition("/")[2]
    return not last.startswith(".") and not last.lower().endswith(UNFINISHED)


class _Cloud:
    """Object storage, through the file system of fsspec that speaks its protocol."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        self._scheme = url.partition(SCHEME)[0]
        self._system = _file_system(url, options)

    def list(self, pattern: str) -> list[Found]:
        """Return the files of a pattern, by name."""
        path = self._system._strip_protocol(pattern)  # noqa: SLF001 - fsspec's way to do it
        try:
            self._system.invalidate_cache()
            if not glob.has_magic(path) and self._system.isdir(path):
                path = path.rstrip("/") + "/*"
            # A search takes what it may not see for empty: the folder above it says so.
            self._system.ls(_folder_of(path), detail=False)
            found = self._system.glob(path, detail=True)
        except FileNotFoundError:
            return []
        except Exception as error:  # noqa: BLE001 - every file system has errors of its own
            raise self._unreachable(pattern, error) from None
        return [
            _stored(name, about)
            for name, about in sorted(found.items())
            if about.get("type") == "file" and _finished(name)
        ]

    @contextmanager
    def held(self, file: Found, folder: Path) -> Iterator[Path]:
        """Give a copy in a folder of ours, and remove it in the end."""
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / Path(file.path).name
        try:
            self._copy(file, copy)
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    def stamp(self, file: Found) -> str:
        """Return the stamp of what was copied."""
        return file.stamp

    def _copy(self, file: Found, copy: Path) -> None:
        try:
            with self._system.open(file.path, "rb") as source, copy.open("wb") as target:
                while block := source.read(BLOCK_BYTES):
                    target.write(block)
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            raise self._unreachable(file.path, error) from None

    def _unreachable(self, path: str, error: Exception) -> SourceError:
        return _unreachable(path if SCHEME in path else f"{self._scheme}{SCHEME}{path}", error)


def _unreachable(where: str, error: Exception) -> SourceError:
    what = f"it cannot be read: {type(error).__name__}: {error}".rstrip(": ")
    return SourceError(what, where=where, mend="check the URL, its options and the network")


def _folder_of(pattern: str) -> str:
    """Return the folder in which a pattern begins to be one."""
    plain = itertools.takewhile(lambda part: not glob.has_magic(part), pattern.split("/"))
    folder = "/".join(plain)
    return folder if folder != pattern else pattern.rpartition("/")[0]


def _file_system(url: str, options: Mapping[str, str]) -> Any:
    scheme = url.partition(SCHEME)[0] + SCHEME
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped] # it has no types
    except ImportError:
        mend = "install tailorbird[cloud]"
        raise UsageError("object storage needs fsspec", where=scheme, mend=mend) from None
    try:
        return url_to_fs(url, **options)[0]
    except ImportError as error:
        mend = f"install the file system that speaks {scheme} beside tailorbird[cloud]"
        raise UsageError(str(error), where=scheme, mend=mend) from None
    except ValueError as error:
        mend = "write file://, s3://, gs://, az://, sftp:// ..."
        raise UsageError(str(error), where=scheme, mend=mend) from None
    except Exception as error:  # noqa: BLE001 - every file system has errors of its own
        raise _unreachable(url, error) from None


def _stored(name: str, about: Mapping[str, Any]) -> Found:
    size = int(about.get("size") or 0)
    modified = next((about[key] for key in _MODIFIED if about.get(key)), None)
    tag = next((str(about[key]) for key in _TAGS if about.get(key)), "")
    return Found(name, size, f"{size}:{modified}:{tag}", _instant(modified))


def _instant(modified: object) -> Instant:
    match modified:
        case datetime():
            zoned = modified if modified.tzinfo else modified.replace(tzinfo=UTC)
            return int(zoned.timestamp() * SECOND)
        case bool() | None:
            return 0
        case int() | float():
            return int(modified * SECOND)
        case str():
            try:
                return _instant(datetime.fromisoformat(modified))
            except ValueError:
                return 0
        case _:
            return 0
