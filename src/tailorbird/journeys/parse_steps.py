"""Steps of a journey as authors write them, flattened.

- wait: 1h                                    # {until: 2026-12-24 18:00}
- wait: {for: 2d, at: "09:00", on: [mon, tue]}
- wait_for: {event: email_clicked, since: step}
  timeout: 1d
  then: [...]                                 # and  else: [...]  when the time-out comes first
- if: {segment: gold}                         # then, else
- branch:
    - {if: {is: {trait: tier, is: gold}}, then: [...]}
    - {if: {is: {model: churn, at_least: 0.5}}, then: [...]}
  else: [...]
- split: {short: {share: 1, steps: [...]}, long: {share: 3, steps: [...]}}
- send: cart-1                                # template, subject and all that a campaign's mail has
  on_refused: [...]
  on_error: [...]
- {recommend: picks, count: 4}                # perhaps recommended_by: the name of rules
- {set: {stage: welcomed}}                    # add_to_list: vip,  remove_from_list: vip
- {webhook: crm, on_error: [...]}
- jump: {to: asked, most: 3, if: {segment: gold}}
- goal: bought
- exit: has bought
A step may have an `id:`; a send's is its name, another's its place: `3`, `3.then.1`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any as Anything
from typing import Final, TypeAlias

import msgspec

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.journeys.campaign import COMMON_PRIORITY, HOLDOUT, Campaign
from tailorbird.journeys.journey import (
    Branch,
    Exit,
    Jump,
    Reach,
    Recommend,
    Send,
    Share,
    Split,
    Step,
    StepId,
    Update,
    Wait,
    WaitFor,
    Way,
    Webhook,
)
from tailorbird.journeys.journey_reader import DEEPEST, Keyed, Reader
from tailorbird.schema import Purpose
from tailorbird.yaml_text import Document, Path, nearest

MOST_STEPS: Final = 500
MOST_JUMPS: Final = 1_000
_OWN: Final = frozenset({"name", "audience", "exclude", "holdout"})
MESSAGE: Final = tuple(each for each in Campaign.__struct_fields__ if each not in _OWN)
"""The fields of a campaign that a send step has, too."""
_Form: TypeAlias = "Callable[[Flattened, Keyed, Path, StepId, StepId], Step]"


@dataclass(slots=True)
class Flattened:
    """The steps of a journey so far, and what its sends have from it."""

    reader: Reader
    journey: str
    purpose: Purpose = "email_marketing"
    priority: int = COMMON_PRIORITY
    steps: dict[StepId, Step] = field(default_factory=dict)

    def listed(self, value: Anything, path: Path, place: str, after: StepId) -> StepId:
        """Read a list of steps that go on at `after`; return the first of them."""
        refuse = self.reader.refuse
        if not isinstance(value, list):
            refuse("steps are a list", path, "put each step under a `-`")
        if len(path) > 4 * DEEPEST:
            refuse("steps are nested too deeply", path, "jump to a step of the outermost list")
        ids = [self._id(each, (*path, at), f"{place}{at + 1}") for at, each in enumerate(value)]
        if len(self.reader.places) > MOST_STEPS:
            refuse("too many steps", path, f"at most {MOST_STEPS}; begin another journey")
        for at, (each, name) in enumerate(zip(value, ids, strict=True)):
            following = ids[at + 1] if at + 1 < len(ids) else after
            self.reader.step = name
            form = next(word for word in FORMS if word in each)
            self.steps[name] = Exit(name, "")  # so that it stands before what is nested in it
            self.steps[name] = FORMS[form](self, each, (*path, at), name, following)
        return ids[0] if ids else after

    def nested(self, value: Keyed, key: str, path: Path, step: StepId, after: StepId) -> StepId:
        """Read the steps under a key; return the first, `after` where nothing stands there."""
        if key not in value:
            return after
        first = self.listed(value[key], (*path, key), f"{step}.{key}.", after)
        self.reader.step = step
        return first

    def _id(self, value: Anything, path: Path, place: str) -> StepId:
        """Return the name of a step, and remember where it stands."""
        reader = self.reader
        reader.step = place
        if not isinstance(value, dict):
            reader.refuse("a step is a mapping", path, f"it starts with {_STARTS}")
        forms = [word for word in FORMS if word in value]
        if not forms:
            first = str(next(iter(value), ""))
            mend = _MEANT.get(first) or nearest(first, [*FORMS])
            reader.refuse(f"no step starts with {first[:80]!r}", (*path, first), mend)
        if len(forms) > 1:
            two = f"{forms[0]!r} and {forms[1]!r} stand in one step"
            reader.refuse(two, (*path, forms[1]), "put each under its own `-`")
        found = place
        if forms[0] == "send":
            found = reader.word(value["send"], (*path, "send"), "a send")
            if "id" in value:
                reader.refuse("a send's id is its name", (*path, "id"), "leave `id` out")
        elif "id" in value:
            found = reader.word(value["id"], (*path, "id"), "a step")
        if found.isdecimal() and found != place:
            reader.refuse(f"{found!r} reads as a place", path, "begin the name with a letter")
        if found in reader.places:
            where = self.reader.document.where(reader.places[found])
            reader.refuse(f"{found!r} stands twice, at {where} too", path, "rename one")
        reader.places[found] = path
        return found


def _wait(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Wait:
    reader = flat.reader
    inner, at = reader.mapping(value, path, ("wait", "id"))["wait"], (*path, "wait")
    if not isinstance(inner, dict):
        return Wait(step, after, duration=reader.duration(inner, at))
    inner = reader.mapping(inner, at, ("until", "for", "at", "on"))
    if not inner:
        reader.refuse("nothing says how long", at, "write `wait: 1h`")
    if "until" in inner:
        if len(inner) > 1:
            mend = "write `until` alone, or a second wait"
            reader.refuse("'until' is an instant already", (*at, "until"), mend)
        return Wait(step, after, until=reader.instant(inner["until"], (*at, "until")))
    return Wait(
        step,
        after,
        duration=reader.duration(inner["for"], (*at, "for")) if "for" in inner else 0,
        at_minute=reader.minute(inner["at"], (*at, "at")) if "at" in inner else None,
        weekdays=reader.weekdays(inner["on"], (*at, "on")) if "on" in inner else (),
    )


def _wait_for(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> WaitFor:
    reader = flat.reader
    value = reader.mapping(value, path, ("wait_for", "timeout", "then", "else", "id"))
    condition = reader.condition(value["wait_for"], (*path, "wait_for"), "wait_for")
    if "timeout" not in value:
        reader.refuse("a wait without a time-out may never end", path, "add `timeout: 7d`")
    return WaitFor(
        step,
        condition,
        reader.duration(value["timeout"], (*path, "timeout")),
        flat.nested(value, "then", path, step, after),
        flat.nested(value, "else", path, step, after),
    )


def _if(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Branch:
    value = flat.reader.mapping(value, path, ("if", "then", "else", "id"))
    condition = flat.reader.condition(value["if"], (*path, "if"), "if")
    if "then" not in value and "else" not in value:
        flat.reader.refuse("both ways are the same", path, "add `then:` with steps")
    way = Way(condition, flat.nested(value, "then", path, step, after))
    return Branch(step, (way,), flat.nested(value, "else", path, step, after))


def _branch(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Branch:
    reader = flat.reader
    value = reader.mapping(value, path, ("branch", "else", "id"))
    inner, at = value["branch"], (*path, "branch")
    if not isinstance(inner, list) or not inner:
        mend = "write `- {if: {segment: gold}, then: [...]}` below it"
        reader.refuse("'branch' takes a list of ways", at, mend)
    ways: list[Way] = []
    for index, each in enumerate(inner):
        place = (*at, index)
        each = reader.mapping(each, place, ("if", "then"))
        if "if" not in each:
            mend = "write `if:`, or `else:` beside `branch`"
            reader.refuse("nothing says who goes this way", place, mend)
        condition = reader.condition(each["if"], (*place, "if"), "if")
        first = flat.listed(
            each.get("then", []), (*place, "then"), f"{step}.{index + 1}.then.", after
        )
        reader.step = step
        ways.append(Way(condition, first))
    return Branch(step, tuple(ways), flat.nested(value, "else", path, step, after))


def _split(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Split:
    reader = flat.reader
    inner, at = reader.mapping(value, path, ("split", "id"))["split"], (*path, "split")
    if not isinstance(inner, dict) or len(inner) < 2:
        mend = "write `short: {share: 1, steps: [...]}` and another"
        reader.refuse("a split has two arms at least", at, mend)
    arms: list[tuple[str, float, StepId]] = []
    for name, arm in inner.items():
        name, place = reader.word(name, (*at, str(name)), "an arm"), (*at, str(name))
        arm = reader.mapping(arm, place, ("share", "steps"))
        share = arm.get("share", 1)
        if not isinstance(share, int | float) or isinstance(share, bool) or not 0 < share < 1e9:
            mend = "a weight above 0, such as `share: 1`"
            reader.refuse("'share' takes a number", (*place, "share"), mend)
        first = flat.listed(arm.get("steps", []), (*place, "steps"), f"{step}.{name}.", after)
        reader.step = step
        arms.append((name, float(share), first))
    total = sum(share for _, share, _ in arms)
    return Split(step, tuple(Share(name, share / total, first) for name, share, first in arms))


def _send(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Send:
    keys = ("send", *MESSAGE, "subject", "on_refused", "on_error")
    value = flat.reader.mapping(value, path, keys)
    return Send(
        step,
        after,
        _message(flat, value, path, step),
        flat.nested(value, "on_refused", path, step, after),
        flat.nested(value, "on_error", path, step, after),
    )


def _message(flat: Flattened, value: Keyed, path: Path, step: StepId) -> Campaign:
    """Return the campaign of a send: a person's own mail, of which the journey holds out nobody."""
    refuse = flat.reader.refuse
    if "template" not in value:
        refuse("no template", path, "add `template: NAME`")
    if ("subject" in value) == ("variants" in value):
        refuse("a send has a subject or variants", path, "add `subject: ...`, or keep one of both")
    said = {key: each for key, each in value.items() if key in MESSAGE}
    if "subject" in value:
        said["variants"] = {"only": {"subject": value["subject"]}}
    lines = yaml_text.part(flat.reader.document, path, None)
    said |= {"name": step, "audience": "everybody", "holdout": 0}
    said.setdefault("purpose", flat.purpose)
    said.setdefault("priority", flat.priority)
    said.setdefault("each_person", True)
    try:
        found = yaml_text.convert(Document(lines.name, said, lines.lines, lines.columns), Campaign)
    except DefinitionError as error:
        raise DefinitionError(
            f"step {step}: {error.what}", where=error.where, mend=error.mend
        ) from None
    if not found.variants or HOLDOUT in found.variants:
        mend = f"at least one, and none called {HOLDOUT}"
        refuse("the variants do not name wordings", (*path, "variants"), mend)
    return msgspec.structs.replace(found, name=f"{flat.journey}/{step}", audience="")


def _recommend(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Recommend:
    reader = flat.reader
    value = reader.mapping(value, path, ("recommend", "count", "recommended_by", "on_error", "id"))
    name = reader.word(value["recommend"], (*path, "recommend"), "a choice")
    count = reader.number(value, "count", path, 1, 24, 4)
    failed = flat.nested(value, "on_error", path, step, after)
    rules = value.get("recommended_by", "default")
    rules = reader.word(rules, (*path, "recommended_by"), "rules of recommendation")
    return Recommend(step, after, name, count, failed, rules)


def _set(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Update:
    reader = flat.reader
    inner, at = reader.mapping(value, path, ("set", "id"))["set"], (*path, "set")
    if not isinstance(inner, dict) or not inner:
        reader.refuse("'set' takes traits", at, "write `set: {stage: welcomed}`")
    for name, said in inner.items():
        reader.text(name, at, "the name of a trait")
        if not isinstance(said, str | int | float | bool):
            mend = "write text, a number, true or false"
            reader.refuse(f"{said!r} is no value of a trait", (*at, name), mend)
    return Update(step, after, traits=dict(inner))


def _add(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Update:
    value = flat.reader.mapping(value, path, ("add_to_list", "id"))
    name = flat.reader.word(value["add_to_list"], (*path, "add_to_list"), "a list")
    return Update(step, after, list=name, act="add")


def _remove(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Update:
    value = flat.reader.mapping(value, path, ("remove_from_list", "id"))
    name = flat.reader.word(value["remove_from_list"], (*path, "remove_from_list"), "a list")
    return Update(step, after, list=name, act="remove")


def _webhook(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Webhook:
    value = flat.reader.mapping(value, path, ("webhook", "on_error", "id"))
    hook = flat.reader.text(value["webhook"], (*path, "webhook"), "the name of a webhook")
    return Webhook(step, after, hook, flat.nested(value, "on_error", path, step, after))


def _jump(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Jump:
    reader = flat.reader
    inner, at = reader.mapping(value, path, ("jump", "id"))["jump"], (*path, "jump")
    if isinstance(inner, str):
        return Jump(step, after, inner)
    inner = reader.mapping(inner, at, ("to", "most", "if"))
    if "to" not in inner:
        reader.refuse("nothing says where to", at, "write `jump: {to: STEP, most: 3}`")
    asked = reader.condition(inner["if"], (*at, "if"), "if") if "if" in inner else None
    to = reader.text(str(inner["to"]), (*at, "to"), "the name of a step")
    return Jump(step, after, to, reader.number(inner, "most", at, 1, MOST_JUMPS, 1), asked)


def _goal(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Reach:
    value = flat.reader.mapping(value, path, ("goal", "id"))
    return Reach(step, after, flat.reader.word(value["goal"], (*path, "goal"), "a goal"))


def _exit(flat: Flattened, value: Keyed, path: Path, step: StepId, after: StepId) -> Exit:
    value = flat.reader.mapping(value, path, ("exit", "id"))
    said = value["exit"]
    reason = "done" if said is None else flat.reader.text(said, (*path, "exit"), "a reason")
    return Exit(step, reason)


FORMS: Final[dict[str, _Form]] = {
    "wait": _wait,
    "wait_for": _wait_for,
    "if": _if,
    "branch": _branch,
    "split": _split,
    "send": _send,
    "recommend": _recommend,
    "set": _set,
    "add_to_list": _add,
    "remove_from_list": _remove,
    "webhook": _webhook,
    "jump": _jump,
    "goal": _goal,
    "exit": _exit,
}
"""What reads the steps that start with a word: another kind is one line here."""
_STARTS: Final = ", ".join(f"`{word}:`" for word in FORMS)
_MEANT: Final = {
    "delay": "write `wait: 1h`", "mail": "write `send: NAME`", "email": "write `send: NAME`",
    "when": "write `if:`", "case": "write `branch:`", "goto": "write `jump: STEP`",
    "wait_until": "write `wait: {until: ...}`, or `wait_for:` with a condition",
    "experiment": "write `split:`", "tag": "write `add_to_list: NAME`", "end": "write `exit: done`",
    "stop": "write `exit: done`", "update": "write `set: {trait: value}`",
}  # fmt: skip
