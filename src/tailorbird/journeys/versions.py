"""Two versions of a journey beside each other: which steps stay, change, go and come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from tailorbird.journeys.journey import Journey, Send, Step, StepId

How: TypeAlias = Literal["same", "changed", "removed", "added"]
_PLACES: Final = frozenset({"id", "next", "met", "unmet", "otherwise", "refused", "failed", "to"})
"""The fields that say where a step stands, not what it does."""


class StepChange(msgspec.Struct, frozen=True):
    """What becomes of a step; `to` is the step of the new version that goes on for it."""

    step: StepId
    how: How
    to: StepId = ""
    """Of a removed one a proposal, '' where none is like it."""


def compare(before: Journey, after: Journey) -> list[StepChange]:
    """Return every step of both, those of the first in their order, then those that come.

    A step that is now of another kind under the same name is a removed one.
    """
    found = [_change(step, before, after) for step in before.steps.values()]
    found += [StepChange(name, "added", name) for name in after.steps if name not in before.steps]
    return found


def unmapped(
    before: Journey, after: Journey, stand: Mapping[StepId, int], said: Mapping[StepId, StepId]
) -> list[StepChange]:
    """Return the removed steps at which people stand and for which nothing is said."""
    return [
        each
        for each in compare(before, after)
        if each.how == "removed" and stand.get(each.step) and each.step not in said
    ]


def _change(step: Step, before: Journey, after: Journey) -> StepChange:
    now = after.steps.get(step.id)
    if now is None or type(now) is not type(step):
        return StepChange(step.id, "removed", _like(step, before, after))
    same = _does(step) == _does(now)
    return StepChange(step.id, "same" if same else "changed", step.id)


def _like(step: Step, before: Journey, after: Journey) -> StepId:
    """Return a new step that does just the same, or sends the same template; '' without one."""
    new = [each for each in after.steps.values() if each.id not in before.steps]
    # A place is taken by another step when one is put in above it: those count as new, too.
    new += [each for name, each in after.steps.items() if _other(before.steps.get(name), each)]
    does = _does(step)
    same = next((each.id for each in new if type(each) is type(step) and _does(each) == does), "")
    if same or not isinstance(step, Send):
        return same
    template = step.message.template
    mails = (each for each in new if isinstance(each, Send))
    return next((each.id for each in mails if each.message.template == template), "")


def _other(before: Step | None, now: Step) -> bool:
    return before is not None and (type(before) is not type(now) or _does(before) != _does(now))


def _does(step: Step) -> Any:
    """Return what a step does, without where it stands."""
    said = {key: each for key, each in msgspec.structs.asdict(step).items() if key not in _PLACES}
    if isinstance(step, Send):
        said["message"] = msgspec.structs.replace(step.message, name="")
    for key in ("ways", "arms"):
        if key in said:
            said[key] = [msgspec.structs.replace(each, next="") for each in said[key]]
    return said
