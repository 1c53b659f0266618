"""What stands, written back to files: byte for byte, and no file is touched that is equal.

Three ways of looking at each: the file, what stands, and what the files had last. A file that was
edited and not applied is left alone and told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.as_code.changes import SHIPPED, equal, in_force
from tailorbird.as_code.files import Files, Written, definitions
from tailorbird.as_code.places import NAME, key_of, path_of
from tailorbird.content.email import amp_begins
from tailorbird.edits import Edit, Key
from tailorbird.errors import ConflictError, UsageError
from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.world import World

Done: TypeAlias = Literal["new", "changed", "removed", "edited", "conflict", "kept", "unwritable"]


class Pulled(msgspec.Struct, frozen=True):
    """What became of one file.

    `new`, `changed` and `removed` were written; `edited` is a local change that is not applied,
    `conflict` one of what was changed here too, `kept` a file of what is not applied yet;
    `unwritable` is a definition whose name cannot be a file's.
    """

    done: Done
    kind: DefinitionKind
    name: str
    path: str
    version: int
    author: str = ""
    reason: str = ""

    @property
    def key(self) -> Key:
        """Return what names the definition."""
        return self.kind, self.name


WRITTEN: Final = ("new", "changed")


@dataclass(frozen=True, slots=True)
class ToPull:
    """What a pull does to files, the texts that it writes by path, and as of which versions."""

    pulled: list[Pulled]
    texts: dict[str, str]
    versions: dict[Key, int] | None = None


def pull(
    world: World,
    folder: Path,
    files: Files,
    now: Instant,
    *,
    author: str = "",
    shipped: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
) -> list[Pulled]:
    """Write what stands to a folder and return what that changed, or did not.

    With `shipped`, also what comes with Tailorbird; with `overwrite`, over local changes too.
    """
    found = to_pull(world, files, shipped=shipped, overwrite=overwrite)
    if not dry_run:
        note(world, files, found, now, author=author)
        write(folder, files, found)
    return found.pulled


def to_pull(
    world: World, files: Files, *, shipped: bool = False, overwrite: bool = False
) -> ToPull:
    """Return what a pull into these files would do, and the texts that it would write."""
    versions = world.definitions.standing()
    written, standing = definitions(files), in_force(world.definitions)
    found = [
        *_standing(world, written, standing, shipped=shipped),
        *_gone(world, written, standing),
    ]
    if overwrite:
        found = [_overwritten(each, standing) for each in found]
    texts = {each.path: standing[each.key].text for each in found if each.done in WRITTEN}
    return ToPull(found, texts, versions)


def write(folder: Path, files: Files, found: ToPull) -> None:
    """Write the texts of a pull to a folder whose files these are.

    Raises:
        UsageError: it would write to a place that is no definition's; nothing is written.
    """
    before = definitions(files)
    for each in found.pulled:
        if each.done in WRITTEN and key_of(each.path) != each.key:
            raise UsageError(f"{each.path!r} is no file of {each.kind} {each.name!r}")
    for each in found.pulled:
        if each.done in WRITTEN:
            _write(folder, each, found.texts[each.path], before.get(each.key))
        elif each.done == "removed":
            for part in before[each.key].parts:
                (folder / part).unlink(missing_ok=True)


def note(world: World, files: Files, found: ToPull, now: Instant, *, author: str = "") -> None:
    """Keep which versions the files have now, so that later edits of them are told apart.

    Raises:
        ConflictError: the definitions moved on meanwhile.
    """
    written, standing = definitions(files), in_force(world.definitions)
    had = [each.key for each in found.pulled if each.done in (*WRITTEN, "removed")]
    keys = [*had, *equal(world.definitions, written, standing)]
    edits = [Edit(*key, standing[key].text if key in standing else None) for key in keys]
    done = not edits or world.definitions.put_together(
        edits, found.versions, how="pull", author=author, reason="pulled into files", now=now
    )
    if not done:
        raise ConflictError("definitions moved on while they were pulled", mend="pull again")


def _standing(
    world: World,
    written: dict[Key, Written],
    standing: dict[Key, Definition],
    *,
    shipped: bool,
) -> Iterator[Pulled]:
    """Yield what differs of everything that stands."""
    bases = world.definitions.bases()
    for key, each in standing.items():
        file = written.get(key)
        if file is None:
            if shipped or (each.author, each.reason) != SHIPPED:
                path = path_of(key, each.text)
                done: Done = "new" if NAME.fullmatch(key[1]) else "unwritable"
                yield _pulled(done, each, path)
        elif file.text != each.text:
            yield _pulled(_differs(world, key, file.text, bases.get(key), each), each, file.path)


def _differs(world: World, key: Key, text: str, base: int | None, now: Definition) -> Done:
    """Return what is to become of a file that is not what stands."""
    earlier = world.definitions.versions(*key, 1_000_000)
    if any(each.text == text and not each.removed for each in earlier):
        return "changed"
    return "edited" if base is None or now.version <= base else "conflict"


def _gone(
    world: World, written: dict[Key, Written], standing: dict[Key, Definition]
) -> Iterator[Pulled]:
    """Yield the files of what does not stand: removed here, or not applied yet."""
    bases = world.definitions.bases()
    for key, file in written.items():
        if key in standing:
            continue
        earlier = world.definitions.versions(*key, 1_000_000)
        if any(each.text == file.text and not each.removed for each in earlier):
            yield _pulled("removed", earlier[0], file.path)
        elif earlier and earlier[0].version > bases.get(key, earlier[0].version):
            yield _pulled("conflict", earlier[0], file.path)
        else:
            yield Pulled("kept", *key, file.path, 0)


def _overwritten(each: Pulled, standing: dict[Key, Definition]) -> Pulled:
    if each.done not in ("edited", "conflict"):
        return each
    return msgspec.structs.replace(each, done="changed" if each.key in standing else "removed")


def _pulled(done: Done, each: Definition, path: str) -> Pulled:
    return Pulled(done, each.kind, each.name, path, each.version, each.author, each.reason)


def _write(folder: Path, each: Pulled, text: str, before: Written | None) -> None:
    """Write a definition's files, each in one step: a reader sees the old or the new one."""
    parts = before.parts if before else (each.path,)
    texts = [text]
    if len(parts) == 2:
        texts = split_mail(text)
        if len(texts) == 1:
            (folder / parts[1]).unlink()
    for path, content in zip(parts, texts, strict=False):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.new")
        aside.write_bytes(content.encode())
        os.replace(aside, target)


def split_mail(text: str) -> list[str]:
    """Return a mail's text and its AMP part, which stand in two files; or the text alone."""
    begins = amp_begins(text)
    if begins > 0 and text[begins - 1] == "\n":
        return [text[: begins - 1], text[begins:]]
    return [text]
