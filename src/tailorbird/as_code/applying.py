"""Plans put in force: all of it or nothing, refused when the definitions moved on in between."""

from __future__ import annotations

from typing import Final

from tailorbird import authoring
from tailorbird.as_code import settings_file
from tailorbird.as_code.files import FileFault, Files, Written
from tailorbird.as_code.places import path_of
from tailorbird.as_code.planning import Draft, draft, drafted
from tailorbird.edits import Edit, EditSet, How, Key
from tailorbird.errors import ConflictError, DefinitionError, UsageError
from tailorbird.schema import Instant
from tailorbird.world import World

MOST_TOLD: Final = 20


def apply(
    world: World,
    files: Files,
    now: Instant,
    *,
    author: str,
    reason: str,
    prune: bool = False,
    overwrite: bool = False,
    end: bool = False,
    planned: str = "",
) -> EditSet | None:
    """Put what files change in force, together; None where they change nothing.

    `planned` is the digest of the plan that somebody looked at; without `overwrite`, nothing is
    taken back that was changed here since the files were applied or pulled last; without `end`, no
    journey is removed while people are in it.

    Raises:
        DefinitionError: files have faults; it tells all of them.
        ConflictError: the definitions moved on, or would be taken back, or people's ways would end.
        UsageError: nobody says who or why.
    """
    found = draft(world, files, now, prune=prune)
    if planned and planned != found.plan.digest:
        what = "files or definitions moved on since this was planned"
        raise ConflictError(what, mend="look at a new plan, then apply that")
    return put_in_force(
        world, found, now, author=author, reason=reason, overwrite=overwrite, end=end
    )


def put_in_force(
    world: World,
    found: Draft,
    now: Instant,
    *,
    author: str,
    reason: str,
    overwrite: bool = False,
    end: bool = False,
    how: How = "apply",
) -> EditSet | None:
    """Keep what a draft changes. Raises as `apply`."""
    refuse_faults(found.plan.faults)
    if not found.edits and found.settings is None:
        return None
    if not (author.strip() and reason.strip()):
        mend = "say --author and --reason: both are kept with every version"
        raise UsageError("nobody says who changes this, and why", mend=mend)
    if found.plan.moved and not overwrite:
        raise _taken_back(found)
    if found.plan.ending and not end:
        told = ", ".join(f"{each.people:,} in {each.name}" for each in found.plan.ending)
        what = f"people are in journeys that would be removed: {told}"
        raise ConflictError(what, mend="say --end to end their way, or keep the file")
    kept = world.definitions.put_together(
        [*found.edits, *found.equal], found.standing, how=how, author=author, reason=reason, now=now
    )
    if kept is None:
        what = "the definitions moved on while this was applied; nothing was kept"
        raise ConflictError(what, mend="plan again")
    if found.settings is not None:
        settings_file.write(world, found.settings)
    authoring.forget_removed(world, authoring.standing_segments(world), now)
    return kept


def refuse_faults(faults: tuple[FileFault, ...]) -> None:
    """Return when there is none.

    Raises:
        DefinitionError: it tells all of them, a line each.
    """
    if faults:
        told = [each.sentence() for each in faults[:MOST_TOLD]]
        more = len(faults) - len(told)
        lines = "\n".join([*told, *([f"and {more} more"] if more else [])])
        what = f"{len(faults)} faults; nothing was kept\n{lines}"
        raise DefinitionError(what if len(faults) > 1 else told[0])


def roll_back(
    world: World,
    key: Key,
    now: Instant,
    *,
    author: str,
    reason: str,
    to: int | None = None,
    end: bool = False,
) -> EditSet | None:
    """Put an earlier version of a definition in force again, as a new version.

    It is the one before the present one, or `to`; None where that is what stands.

    Raises:
        UsageError: there is no such version. DefinitionError: it does not fit any more.
    """
    kind, name = key
    versions = world.definitions.versions(kind, name, 1 if to is None else 1_000_000)
    if not versions:
        raise UsageError(f"there was never a {kind} {name!r}", mend="look at `tailorbird history`")
    wanted = _version_before(world, key, versions[0].version) if to is None else to
    found = next((v for v in world.definitions.versions(kind, name, 1_000_000)
                  if v.version == wanted), None)  # fmt: skip
    if found is None:
        mend = f"versions: 1 to {versions[0].version}"
        raise UsageError(f"{kind} {name!r} has no version {wanted}", mend=mend)
    edit = Edit(kind, name, None if found.removed else found.text)
    return _back(world, [edit], now, author=author, reason=reason, end=end)


def roll_back_set(
    world: World,
    number: int,
    now: Instant,
    *,
    author: str,
    reason: str,
    overwrite: bool = False,
    end: bool = False,
) -> EditSet | None:
    """Take everything back that was applied together: each definition is as it was before.

    Raises:
        UsageError: there is no such set.
        ConflictError: one of them was changed since, and it is not to be overwritten.
    """
    found = world.definitions.edit_sets(1, number)
    if not found or found[0].how == "pull":
        known = ", ".join(str(s.number) for s in world.definitions.edit_sets(20) if s.how != "pull")
        raise UsageError(f"nothing was applied as {number}", mend=f"there is {known or 'none yet'}")
    standing = world.definitions.standing()
    done = [each for each in found[0].edits if each.version != each.before]
    since = [each for each in done if standing.get(each.key) != each.version]
    if since and not overwrite:
        names = ", ".join(f"{each.kind} {each.name}" for each in since[:MOST_TOLD])
        mend = "roll these back by name, or say --overwrite"
        raise ConflictError(f"changed again since: {names}", mend=mend)
    edits = []
    for each in done:
        before = world.definitions.get(*each.key, each.before) if each.before else None
        edits.append(Edit(*each.key, before.text if before else None))
    return _back(world, edits, now, author=author, reason=reason, end=end)


def _back(
    world: World, edits: list[Edit], now: Instant, *, author: str, reason: str, end: bool
) -> EditSet | None:
    texts = {e.key: e.text for e in edits if e.text is not None}
    written = {
        key: Written(path_of(key, text), text, (path_of(key, text),)) for key, text in texts.items()
    }
    removed = [e.key for e in edits if e.text is None and world.definitions.get(*e.key) is not None]
    found = drafted(world, written, removed, now)
    return put_in_force(
        world, found, now, author=author, reason=reason, overwrite=True, end=end, how="rollback"
    )


def _version_before(world: World, key: Key, latest: int) -> int:
    if latest < 2:
        mend = "it has one version; `tailorbird apply --prune` removes what no file has"
        raise UsageError(f"{key[0]} {key[1]!r} was never different", mend=mend)
    return latest - 1


def _taken_back(found: Draft) -> ConflictError:
    told = [
        f"{change.path} (version {change.moved.version} by {change.moved.author or 'nobody named'}"
        f"{': ' if change.moved.reason else ''}{change.moved.reason})"
        for change in found.plan.moved[:MOST_TOLD]
        if change.moved
    ]
    mend = "pull first to have it in the files, or take it back with --overwrite"
    return ConflictError(f"changed here since it was applied last: {', '.join(told)}", mend=mend)
