"""The API of definitions that others rest on: their versions, where they are used, their end."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import delete
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird import authoring, noting, removing, yaml_text
from tailorbird.readings import definitions
from tailorbird.schema import DefinitionKind
from tailorbird.views.definitions import (
    DefinitionUse,
    DefinitionVersion,
    NewVersion,
    RemovedDefinition,
)
from tailorbird.views.sources import KeptText
from tailorbird.web.asking import MISSING, WRITES, WRITING, At, Name, found, reads
from tailorbird.web.desk import Desk

Said = Annotated[str, QueryParameter(max_length=1000)]
BY_API: Final = "by the API"
_TAGS: Final[dict[removing.Kind, str]] = {
    "groups": "segments", "clusters": "segments", "list": "lists", "template": "mail",
    "slot": "mail", "image": "mail", "recommendations": "recommendations",
}  # fmt: skip


def named(text: str, file: str) -> str:
    """Return the name that a definition's text says; '' where it says none, which is refused."""
    value = yaml_text.read(text, file).value
    name = value.get("name") if isinstance(value, dict) else ""
    return name if isinstance(name, str) else ""


def kept(desk: Desk, kind: DefinitionKind, data: NewVersion) -> KeptText:
    """Keep a definition under the name that it says, as a new version; the same text makes none."""
    name = named(data.text, f"{kind}.yaml")
    found = authoring.put(
        desk.world, kind, name, data.text,
        now=desk.clock(), author=data.author, reason=data.reason or BY_API,
    )  # fmt: skip
    notes = noting.standing(desk.world, found.kind, found.name)
    return KeptText(found.kind, found.name, found.version, notes)


def handlers(kind: removing.Kind, where: str, what: str) -> list[ControllerRouterHandler]:
    """Return the handlers of the versions, the uses and the end of one kind of definition."""

    def list_versions(desk: At, name: Name) -> tuple[DefinitionVersion, ...]:
        """Return the versions of a definition, the newest first, with who kept them and why."""
        return found(definitions.versions(desk.world, kind, name), f"{what} {name!r}")

    def list_uses(desk: At, name: Name) -> tuple[DefinitionUse, ...]:
        """Return what rests on it: while there is any, it cannot be taken away."""
        return definitions.uses(desk.world, kind, name)

    def remove(desk: At, name: Name, author: Said = "", reason: Said = "") -> RemovedDefinition:
        """Take it out of force; its versions stay. It is refused, with where, while it is used."""
        found(desk.world.definitions.get(kind, name), f"{what} {name!r}")
        gone = removing.remove(
            desk.world, kind, name, now=desk.clock(), author=author, reason=reason or BY_API
        )
        return RemovedDefinition(gone.name, gone.version)

    for each in (list_versions, list_uses, remove):
        each.__name__ = f"{each.__name__}_of_{kind}"
    path, tag = f"/{where}/{{name:str}}", _TAGS[kind]
    ending = delete(path, summary=f"Remove {what}", tags=[tag], status_code=200,
                    responses=WRITING | MISSING, **WRITES)  # fmt: skip
    return [
        reads(f"{path}/versions", f"Versions of {what}", tag, responses=MISSING)(list_versions),
        reads(f"{path}/uses", f"What rests on {what}", tag)(list_uses),
        ending(remove),
    ]
