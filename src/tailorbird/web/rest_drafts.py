"""The API of segments while they are edited: figures, forms, versions, and what is kept."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import authoring
from tailorbird.readings import drafts
from tailorbird.stopping import Stop
from tailorbird.views.definitions import DefinitionUse, DefinitionVersion, NewVersion
from tailorbird.views.drafts import (
    DraftForms,
    SegmentPreview,
    SegmentWords,
)
from tailorbird.views.sources import KeptText
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    At,
    Name,
    Now,
    found,
    instant_of,
    reads,
)
from tailorbird.web.patience import while_awaited
from tailorbird.web.rest_definitions import BY_API

TAG: Final = "segments"
READING: Final = INVALID | WRONG | GUARDED


class SegmentDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A definition while it is edited: a text (YAML or JSON) or a tree. At most one is given."""

    text: str = ""
    tree: dict[str, Any] | None = None
    as_of: datetime | None = None
    approximate: bool = False


@post("/segments/preview", summary="Preview a definition", tags=[TAG], status_code=200,
      responses=READING)  # fmt: skip
async def preview_segment(
    request: Request[Any, Any, Any], desk: At, now: Now, data: JSONBody[SegmentDraft]
) -> SegmentPreview:
    """Return what a definition would hold; nothing is kept.

    An `approximate` size comes sooner and says its error. Work ends when the caller has gone.
    """
    started = time.perf_counter()
    as_of = instant_of(data.as_of, now)
    text = _text(data)

    def work(stop: Stop) -> SegmentPreview:
        with desk.world.facts.stopping(stop):
            if data.approximate:
                return drafts.estimate(desk.world, text, as_of)
            return drafts.preview(desk.world, text, as_of)

    shown = await while_awaited(request, work)
    spent = (time.perf_counter() - started) * 1000
    return msgspec.structs.replace(shown, milliseconds=spent)


@post("/segments/convert", summary="Convert a definition", tags=[TAG], status_code=200,
      responses=READING, sync_to_thread=True)  # fmt: skip
def convert_segment(data: JSONBody[SegmentDraft]) -> DraftForms:
    """Return a definition as YAML and as a tree; nothing is kept, and no name is looked up.

    A text must be right. A tree may be half done: it has a text all the same.
    """
    return drafts.of_text(data.text) if data.tree is None else drafts.of_tree(data.tree)


@post("/segments", summary="Keep a segment", tags=[TAG], responses=WRITING, **WRITES)
def put_segment(desk: At, data: JSONBody[NewVersion]) -> KeptText:
    """Keep a segment under the name that it says, as a new version; the same text makes none."""
    kept = authoring.put_segment(
        desk.world, data.text, drafts.DRAFT,
        now=desk.clock(), author=data.author, reason=data.reason or BY_API,
    )  # fmt: skip
    return KeptText(kept.kind, kept.name, kept.version)


@reads("/segments/{name:str}/versions", "Versions of a segment", TAG, responses=MISSING)
def list_segment_versions(desk: At, name: Name) -> tuple[DefinitionVersion, ...]:
    """Return the versions of a definition, the newest first, with who kept them and why."""
    return found(drafts.versions(desk.world, name), f"segment {name!r}")


@reads("/segments/{name:str}/uses", "Where a segment is used", TAG)
def list_segment_uses(desk: At, name: Name) -> tuple[DefinitionUse, ...]:
    """Return the definitions that name a segment: while there are any, it cannot be taken away."""
    found = authoring.uses(desk.world, name)
    return tuple(DefinitionUse(each.kind, each.name, each.how) for each in found)


@reads("/vocabulary", "Names for conditions", TAG)
def get_vocabulary(desk: At) -> SegmentWords:
    """Return the events, properties, traits and segments that a condition may name here."""
    return drafts.words(desk.world)


def _text(draft: SegmentDraft) -> str:
    return draft.text if draft.tree is None else drafts.of_tree(draft.tree).text


HANDLERS: Final[list[ControllerRouterHandler]] = [
    preview_segment,
    convert_segment,
    put_segment,
    list_segment_versions,
    list_segment_uses,
    get_vocabulary,
]
