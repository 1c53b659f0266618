"""`tailorbird.toml` beside the definitions: one way, from the files to the data folder.

It is no definition: git has its versions. It is written after the definitions are in force, in one
step; an apply that is killed in between leaves it for the next one. Secrets stay out of it.
"""

from __future__ import annotations

import os
from pathlib import Path

from tailorbird import settings
from tailorbird.as_code.changes import diff
from tailorbird.as_code.checking import fault_of
from tailorbird.as_code.files import FileFault, Files
from tailorbird.as_code.places import SETTINGS
from tailorbird.errors import SettingsError
from tailorbird.world import World


def changed(world: World, files: Files) -> tuple[str | None, str, list[FileFault]]:
    """Return the settings to be written (None: none), the diff, and what is wrong with them."""
    text = files.texts.get(SETTINGS)
    path = world.folder / SETTINGS
    stands = path.read_bytes().decode("utf-8", "replace") if path.is_file() else None
    if text is None or text == stands:
        return None, "", []
    try:
        check(text)
    except SettingsError as error:
        return None, "", [fault_of(SETTINGS, error)]
    return text, diff(SETTINGS, stands, text), []


def check(text: str) -> None:
    """Return when the text of a settings file is valid and holds no secret.

    Raises:
        SettingsError: with the name and the mend.
    """
    _, listing = settings.load(Path(), {}, text)
    for each in listing:
        if settings.is_secret(each.name) and each.value and each.origin == SETTINGS:
            variable = f"{settings.PREFIX}{each.name.replace('.', '__').upper()}"
            what, mend = f"a secret is written in it: {each.name}", f"give it by {variable}"
            raise SettingsError(what, where=SETTINGS, mend=mend)


def write(world: World, text: str) -> None:
    """Put settings into the data folder; they hold from the next start on."""
    aside = world.folder / f".{SETTINGS}.new"
    with aside.open("wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, world.folder / SETTINGS)
