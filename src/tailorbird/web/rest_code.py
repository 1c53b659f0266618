"""The API of definitions as code: planned, applied together, rolled back; their schemas."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody, PathParameter
from litestar.types import ControllerRouterHandler

from tailorbird import as_code
from tailorbird.as_code import schemas
from tailorbird.as_code.places import kind_named
from tailorbird.stopping import Stop
from tailorbird.views.definitions import (
    ApplyFiles,
    DefinitionFiles,
    KeptTogether,
    PullFiles,
    TakeBack,
    VersionOf,
)
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    At,
    Name,
    found,
    reads,
)
from tailorbird.web.patience import while_awaited

TAG: Final = "definitions"
LARGEST_BYTES: Final = 16 << 20
Kind = Annotated[str, PathParameter(description="Its kind: segment, campaign ...")]
Number = Annotated[int, PathParameter(ge=1, le=2**63 - 1, description="The number of the apply.")]


@reads("/definitions/files", "All definitions as files", TAG)
def get_definition_files(desk: At) -> DefinitionFiles:
    """Return all that stands as it would lie in a folder, text by path."""
    return DefinitionFiles(as_code.as_files(desk.world))


@post("/definitions/plan", summary="Plan definitions", tags=[TAG], status_code=200,
      responses=INVALID | WRONG | GUARDED, request_max_body_size=LARGEST_BYTES)  # fmt: skip
async def plan_definitions(
    request: Request[Any, Any, Any], desk: At, data: JSONBody[DefinitionFiles]
) -> as_code.DefinitionPlan:
    """Return what files would change: texts, people, mails; or all that is wrong with them."""

    def work(stop: Stop) -> as_code.DefinitionPlan:
        now = desk.clock()
        draft = as_code.draft(desk.world, as_code.of_texts(data.files), now, prune=data.prune)
        return as_code.with_effects(desk.world, draft, now, stop) if data.people else draft.plan

    return await while_awaited(request, work)


@post("/definitions/apply", summary="Apply definitions", tags=[TAG], status_code=200,
      responses=WRITING, request_max_body_size=LARGEST_BYTES, **WRITES)  # fmt: skip
def apply_definitions(desk: At, data: JSONBody[ApplyFiles]) -> KeptTogether:
    """Put files in force together, or nothing where anything is wrong or moved on since."""
    now = desk.clock()
    kept = as_code.apply(
        desk.world, as_code.of_texts(data.files), now, author=data.author, reason=data.reason,
        prune=data.prune, overwrite=data.overwrite, end=data.end, planned=data.plan,
    )  # fmt: skip
    return as_code.kept_now(desk.world, kept, now)


class PulledFiles(msgspec.Struct, frozen=True):
    """What becomes of each file that is not as it stands, and the texts to be written, by path."""

    pulled: list[as_code.Pulled]
    texts: dict[str, str]


@post("/definitions/pull", summary="Pull definitions", tags=[TAG], status_code=200,
      responses=WRITING, request_max_body_size=LARGEST_BYTES, **WRITES)  # fmt: skip
def pull_definitions(desk: At, data: JSONBody[PullFiles]) -> PulledFiles:
    """Return what is to be written into files so that they have what stands."""
    files = as_code.of_texts(data.files)
    found = as_code.to_pull(desk.world, files, shipped=data.shipped, overwrite=data.overwrite)
    if not data.dry_run:
        as_code.note(desk.world, files, found, desk.clock(), author=data.author)
    return PulledFiles(found.pulled, found.texts)


@reads("/definitions/applies", "All that was applied", TAG)
def list_applies(desk: At) -> tuple[KeptTogether, ...]:
    """Return what was kept together, with author and reason, the latest first."""
    now = desk.clock()
    return tuple(as_code.kept_together(s, now) for s in desk.world.definitions.edit_sets())


@post("/definitions/applies/{number:int}/rollback", summary="Take an apply back", tags=[TAG],
      status_code=200, responses=WRITING, **WRITES)  # fmt: skip
def roll_back_apply(desk: At, number: Number, data: JSONBody[TakeBack]) -> KeptTogether:
    """Have each definition of an apply be again as it was before, as a new version."""
    now = desk.clock()
    kept = as_code.roll_back_set(
        desk.world, number, now, author=data.author, reason=data.reason,
        overwrite=data.overwrite, end=data.end,
    )  # fmt: skip
    return as_code.kept_now(desk.world, kept, now)


@reads("/definitions/{kind:str}/{name:str}/history", "History of a definition", TAG,
       responses=MISSING)  # fmt: skip
def get_definition_history(desk: At, kind: Kind, name: Name) -> tuple[VersionOf, ...]:
    """Return the versions of a definition with what each changed, by whom and why."""
    told = as_code.history(desk.world, (kind_named(kind), name))
    return found(told or None, f"{kind} {name!r}")


@post("/definitions/{kind:str}/{name:str}/rollback", summary="Roll a definition back", tags=[TAG],
      status_code=200, responses=WRITING, **WRITES)  # fmt: skip
def roll_back_definition(
    desk: At, kind: Kind, name: Name, data: JSONBody[TakeBack]
) -> KeptTogether:
    """Put an earlier version in force again, as a new version."""
    now, key = desk.clock(), (kind_named(kind), name)
    kept = as_code.roll_back(
        desk.world, key, now, author=data.author, reason=data.reason, to=data.to, end=data.end
    )
    return as_code.kept_now(desk.world, kept, now)


@get("/schemas", summary="All schemas", tags=[TAG], responses=GUARDED, sync_to_thread=False)
def list_schemas() -> list[str]:
    """Return the names of the schemas: the kinds of definitions that are YAML, and settings."""
    return schemas.names()


@get("/schemas/{name:str}", summary="One schema", tags=[TAG], responses=INVALID | GUARDED,
     sync_to_thread=True)  # fmt: skip
def get_schema(name: Name) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a kind of definition."""
    return schemas.schema(name)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_definition_files,
    plan_definitions,
    apply_definitions,
    pull_definitions,
    list_applies,
    roll_back_apply,
    get_definition_history,
    roll_back_definition,
    list_schemas,
    get_schema,
]
