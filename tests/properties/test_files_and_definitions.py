"""Files and definitions through any edits on both sides: they meet again byte for byte."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird import as_code, authoring
from tailorbird.app import Tailorbird
from tailorbird.edits import Key
from tailorbird.errors import ConflictError
from tailorbird.schema import DAY
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.definitions import SqliteDefinitions
from tailorbird.world import World

NOW = 20_000 * DAY
KEYS: list[tuple[Key, str]] = [
    (("list", "press"), "lists/press.yaml"),
    (("list", "vips"), "lists/vips.yaml"),
    (("texts", "de"), "texts/de.yaml"),
    (("template", "hi"), "templates/hi.liquid"),
    (("segment", "buyers"), "segments/buyers.yaml"),
]
TEXTS: dict[str, str] = {
    "press": "name: press\ndescription: '{}'",
    "vips": "name: vips\r\ndescription: '{}'\r\n",
    "de": "texts: de\nentries: {{hello: 'Grüße {}'}}\n\n",
    "hi": "<p>Hallo 👋 {} {{{{ shop.name }}}}</p>  \n",
    "buyers": "# {}\nname: buyers\nwhere: {{trait: orders, at_least: 1}}\n",
}
SIDES = ("file", "drop", "console", "remove", "apply", "pull")
steps = st.lists(
    st.tuples(st.sampled_from(SIDES), st.sampled_from(KEYS), st.integers(0, 2)), max_size=14
)


@pytest.fixture(scope="module")
def tb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailorbird]:
    """Return an empty folder."""
    folder = tmp_path_factory.mktemp("shop")
    with Tailorbird.open(folder, clock=lambda: NOW, environment={}) as opened:
        yield opened


@dataclass
class Both:
    """A store of its own and a folder of files."""

    world: World
    folder: Path

    def files(self) -> dict[str, bytes]:
        """Return every file."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    def read(self) -> as_code.Files:
        """Return the folder as it is read."""
        return as_code.read_folder(self.folder)

    def stands(self) -> dict[Key, str]:
        """Return every text in force."""
        return {
            (each.kind, each.name): each.text
            for key, _ in KEYS
            for each in self.world.definitions.latest(key[0])
        }

    def apply(self) -> None:
        """Apply the files, whatever was changed here since."""
        as_code.apply(
            self.world, self.read(), NOW, author="a", reason="r", prune=True, overwrite=True
        )

    def step(self, side: str, where: tuple[Key, str], number: int) -> None:
        """Change something on one side, or bring one to the other."""
        key, path = where
        text = TEXTS[key[1]].format(number)
        match side:
            case "file":
                (self.folder / path).parent.mkdir(exist_ok=True)
                (self.folder / path).write_bytes(text.encode())
            case "drop":
                (self.folder / path).unlink(missing_ok=True)
            case "console":
                authoring.put(self.world, *key, text, now=NOW, author="console")
            case "remove":
                self.world.definitions.remove(*key, author="console", reason="", now=NOW)
            case "apply":
                self.apply()
            case _:
                as_code.pull(self.world, self.folder, self.read(), NOW)


_numbers = itertools.count()


def both(tb: Tailorbird, tmp_path_factory: pytest.TempPathFactory) -> Both:
    place = tmp_path_factory.mktemp(f"both{next(_numbers)}")
    definitions = SqliteDefinitions(Database(place / "record.sqlite"))
    (place / "git").mkdir()
    return Both(replace(tb.world, definitions=definitions), place / "git")


@given(steps=steps)
@settings(max_examples=20)
def test_files_and_definitions_meet_again(
    tb: Tailorbird,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, tuple[Key, str], int]],
) -> None:
    two = both(tb, tmp_path_factory)
    for step in steps:
        two.step(*step)
    before = two.files()
    two.apply()
    texts = two.stands()
    assert two.files() == before, "an apply writes no file"
    assert {key: before[path].decode() for key, path in KEYS if path in before} == texts
    plan = as_code.draft(two.world, two.read(), NOW, prune=True).plan
    assert (plan.changes, plan.extras, plan.faults) == ((), (), ())
    assert as_code.pull(two.world, two.folder, two.read(), NOW) == []
    assert two.files() == before, "a pull after an apply gives the same bytes"


@given(steps=steps)
@settings(max_examples=20)
def test_after_a_pull_nothing_is_left_to_apply_but_what_was_edited(
    tb: Tailorbird,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, tuple[Key, str], int]],
) -> None:
    two = both(tb, tmp_path_factory)
    for step in steps:
        two.step(*step)
    before, texts = two.files(), two.stands()
    done = as_code.pull(two.world, two.folder, two.read(), NOW)
    left = {each.key for each in done if each.done in ("edited", "conflict", "kept")}
    paths = dict(KEYS)
    for each in done:
        if each.key in left:
            assert two.files()[each.path] == before[each.path], "a local edit stays"
    assert two.stands() == texts, "a pull changes no definition"
    plan = as_code.draft(two.world, two.read(), NOW, prune=True).plan
    assert {change.key for change in plan.changes} == left
    as_code.pull(two.world, two.folder, two.read(), NOW, overwrite=True)
    after = two.files()
    for key, text in texts.items():
        assert after[paths[key]].decode() == text
    try:
        kept = as_code.apply(two.world, two.read(), NOW, author="a", reason="r")
    except ConflictError:
        pytest.fail("what was pulled is never taken back")
    assert kept is None or {each.key for each in kept.edits} <= left
