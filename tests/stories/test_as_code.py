"""Definitions as code: planned on the live facts, applied as one, pulled back byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tailorbird import as_code
from tailorbird.app import Tailorbird
from tailorbird.edits import EditSet
from tailorbird.errors import ConflictError, DefinitionError, UsageError
from tailorbird.schema import DAY, Body

NOW = 20_000 * DAY
VIPS = "name: vips\nwhere: {trait: orders, at_least: 2}\n"
TOP = "name: top\nwhere: {all: [{segment: vips}, {did: purchase}]}\n"
HELLO = """\
name: hello
audience: top
template: hi
variants: {plain: {subject: Hello}}
holdout: 0
"""
MAIL = "<p>Hello {{ person.first_name }}</p>\n"
FOLDER = {
    "campaigns/hello.yaml": HELLO,
    "segments/top.yaml": TOP,
    "segments/vips.yaml": VIPS,
    "templates/hi.liquid": MAIL,
}
Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder of six people; u-N ordered N times."""
    with Tailorbird.open(tmp_path / "shop", clock=lambda: NOW, environment={}) as opened:
        batch = [
            {
                "type": "track", "event": "Order Completed", "userId": f"u-{who}",
                "messageId": f"m{who}-{order}", "timestamp": (NOW - DAY) // 1000,
                "properties": {"order_id": f"A{who}-{order}", "total": 30},
            }
            for who in range(1, 7)
            for order in range(who)
        ]  # fmt: skip
        opened.world.log.append([Body("test", NOW, json.dumps({"batch": batch}).encode())])
        opened.ingest()
        opened.refresh()
        yield opened


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write texts to a folder of files, and return it."""

    def written(texts: Mapping[str, str]) -> Path:
        folder = tmp_path / "git"
        folder.mkdir(exist_ok=True)
        for path, text in texts.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(text.encode())
        return folder

    return written


def applied(tb: Tailorbird, folder: Path, **how: bool | str) -> EditSet | None:
    """Apply a folder as Ann."""
    files = as_code.read_folder(folder)
    said = {"author": "ann", "reason": "summer"}
    return as_code.apply(tb.world, files, NOW, **said, **how)  # type: ignore[arg-type]


def planned(tb: Tailorbird, folder: Path, *, prune: bool = False) -> as_code.DefinitionPlan:
    """Plan a folder."""
    return as_code.draft(tb.world, as_code.read_folder(folder), NOW, prune=prune).plan


def texts(folder: Path) -> dict[str, str]:
    """Return every file of a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes().decode() for path in files}


def test_what_is_applied_is_in_force_with_author_and_reason(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    kept = applied(tb, folder)
    assert kept is not None
    names = [(each.kind, each.name) for each in kept.edits]
    assert names.index(("segment", "vips")) < names.index(("segment", "top"))
    assert names[-1] == ("campaign", "hello")
    found = tb.world.definitions.get("segment", "top")
    assert found is not None
    assert (found.text, found.author, found.reason) == (TOP, "ann", "summer")
    assert planned(tb, folder).changes == ()
    assert applied(tb, folder) is None


def test_a_pull_after_an_apply_touches_nothing(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    before = {path: (folder / path).stat().st_mtime_ns for path in texts(folder)}
    assert as_code.pull(tb.world, folder, as_code.read_folder(folder), NOW) == []
    assert {path: (folder / path).stat().st_mtime_ns for path in texts(folder)} == before
    assert texts(folder) == FOLDER


def test_nothing_is_kept_when_one_of_them_is_wrong(tb: Tailorbird, write: Write) -> None:
    wrong = {
        "segments/other.yaml": "name: other\nwhere: {trait: orders, at_leest: 1}\n",
        "campaigns/hello.yaml": HELLO.replace("audience: top", "audience: tip"),
        "templates/bad.liquid": "<p>{% if %}</p>\n",
    }
    folder = write({**FOLDER, **wrong})
    with pytest.raises(DefinitionError) as refused:
        applied(tb, folder)
    said = str(refused.value)
    assert "segments/other.yaml:2:24: unknown key 'at_leest'; did you mean 'at_least'?" in said
    assert "campaigns/hello.yaml:2: no segment 'tip'; did you mean 'top'?" in said
    assert "templates/bad.liquid:1" in said
    assert tb.world.definitions.latest("segment") == []


def test_without_author_and_reason_nothing_is_applied(tb: Tailorbird, write: Write) -> None:
    files = as_code.read_folder(write(FOLDER))
    with pytest.raises(UsageError, match="nobody says who changes this"):
        as_code.apply(tb.world, files, NOW, author="ann", reason=" ")


def test_a_plan_that_is_old_is_refused(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    seen = planned(tb, folder)
    tb.put("segment", "others", "name: others\nwhere: {trait: orders, is: 1}\n")
    with pytest.raises(ConflictError, match="moved on"):
        applied(tb, folder, planned=seen.digest)
    assert applied(tb, folder, planned=planned(tb, folder).digest) is not None


def test_what_the_console_changed_is_not_taken_back_unasked(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    newer = VIPS.replace("2", "3")
    tb.put("segment", "vips", newer, author="bob", reason="too many")
    (change,) = planned(tb, folder).changes
    assert change.moved is not None
    assert change.moved.author == "bob"
    with pytest.raises(ConflictError, match=r"segments/vips\.yaml \(version 2 by bob: too many\)"):
        applied(tb, folder)
    (done,) = as_code.pull(tb.world, folder, as_code.read_folder(folder), NOW)
    assert (done.done, done.author) == ("changed", "bob")
    assert texts(folder) == {**FOLDER, "segments/vips.yaml": newer}
    assert planned(tb, folder).changes == ()
    write({"segments/vips.yaml": VIPS})
    assert applied(tb, folder) is not None
