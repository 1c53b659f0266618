"""A journey as a graph: who reaches what, which ways go round, and how long they take.

A list of steps only ever leads forwards; a jump alone leads back, and every jump has its bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tailorbird.journeys.journey import (
    END,
    Duration,
    Journey,
    Jump,
    Send,
    Split,
    Step,
    StepId,
    Wait,
    WaitFor,
    successors,
)


def targets(journey: Journey) -> Iterator[tuple[StepId, StepId]]:
    """Yield the targets that authors write, each with the step that says it; '' skips ahead."""
    for step in journey.steps.values():
        if isinstance(step, Jump):
            yield step.id, step.to
    for skip in journey.skip_ahead:
        yield "", skip.to


def reached(journey: Journey) -> frozenset[StepId]:
    """Return the steps to which some way leads from the first, or by skipping ahead."""
    starts = [journey.first, *(skip.to for skip in journey.skip_ahead)]
    return frozenset(_from(journey, starts, lambda _: True))


def ends(journey: Journey, step: StepId) -> bool:
    """Return whether nothing but the end comes after a step."""
    return all(each == END for each in successors(journey.steps[step]))


def loops(journey: Journey) -> tuple[Jump, ...]:
    """Return the jumps that lead back to where they come from."""
    jumps = (each for each in journey.steps.values() if isinstance(each, Jump))
    return tuple(each for each in jumps if each.id in _from(journey, [each.to], lambda _: True))


def spins(journey: Journey, jump: Jump) -> bool:
    """Return whether a jump can come round again without having waited."""
    return jump.id in _from(journey, [jump.to], lambda step: not isinstance(step, Wait | WaitFor))


def sends_in(journey: Journey, jump: Jump) -> tuple[StepId, ...]:
    """Return the sends that lie on the way round."""
    round_ = _from(journey, [jump.to], lambda _: True)
    sends = (each for each in journey.steps.values() if isinstance(each, Send))
    return tuple(
        each.id
        for each in sends
        if each.id in round_ and jump.id in _from(journey, [each.id], lambda _: True)
    )


def split_before(journey: Journey, step: StepId) -> Split | None:
    """Return the last split of which some arms lead to a step and others do not, None for none.

    One that comes after the step keeps nobody from it: it draws who comes there once more.
    """
    splits = [each for each in journey.steps.values() if isinstance(each, Split)]
    found = [
        each
        for each in splits
        if 0 < len(arms_to(journey, each, step)) < len(each.arms)
        and not _comes_first(journey, step, each)
    ]
    rest = {each.id: len(_from(journey, [each.id], lambda _: True)) for each in found}
    return min(found, key=lambda each: rest[each.id], default=None)


def _comes_first(journey: Journey, step: StepId, split: Split) -> bool:
    """Return whether somebody may come to a step before she comes to a split for the first time."""
    starts = [journey.first, *(skip.to for skip in journey.skip_ahead)]
    before = _from(journey, starts, lambda each: each.id != split.id)
    return step in before and split.id in _from(journey, [step], lambda _: True)


def arms_to(journey: Journey, split: Split, step: StepId) -> frozenset[str]:
    """Return the arms of a split that lead to a step; who comes round again draws the same."""
    arms = (
        (arm.name, _from(journey, [arm.next], lambda s: s.id != split.id)) for arm in split.arms
    )
    return frozenset(name for name, after in arms if step in after)


def neighbours(journey: Journey) -> Iterator[tuple[StepId, StepId]]:
    """Yield each send with the next one that may leave at the same instant."""
    for step in journey.steps.values():
        if isinstance(step, Send):
            for each in _from(
                journey, [step.next], lambda one: not isinstance(one, Wait | WaitFor)
            ):
                if each != step.id and isinstance(journey.steps[each], Send):
                    yield step.id, each


def longest(journey: Journey) -> Duration:
    """Return how long the longest way takes, each wait as long as it says and each loop in full.

    What waits for an instant, an hour or a weekday counts without that.
    """
    known: dict[StepId, Duration] = {END: 0}
    back = {each.id for each in loops(journey)}
    for step in reversed(_in_order(journey, back)):
        following = _forwards(journey, step, back)
        known[step] = _takes(journey.steps[step]) + max(
            (known[each] for each in following), default=0
        )
    rounds = (known.get(each.to, 0) - known[each.id] for each in loops(journey) if each.id in known)
    most = [each.most for each in loops(journey) if each.id in known]
    again = sum(one * times for one, times in zip(rounds, most, strict=True) if one > 0)
    return known.get(journey.first, 0) + again


def _takes(step: Step) -> Duration:
    match step:
        case Wait():
            return step.duration
        case WaitFor():
            return step.timeout
        case _:
            return 0


def _forwards(journey: Journey, step: StepId, back: set[StepId]) -> list[StepId]:
    found = journey.steps[step]
    following = (found.next,) if step in back and isinstance(found, Jump) else successors(found)
    return [each for each in following if each in journey.steps]


def _in_order(journey: Journey, back: set[StepId]) -> list[StepId]:
    """Return the steps that are reached, each before those that may follow it."""
    done: dict[StepId, None] = {}
    waiting: list[tuple[StepId, bool]] = [(journey.first, False)]
    while waiting:
        step, left = waiting.pop()
        if left:
            done[step] = None
        elif step in journey.steps and step not in done:
            waiting.append((step, True))
            waiting += [
                (each, False) for each in _forwards(journey, step, back) if each not in done
            ]
    return list(reversed(done))


def _from(
    journey: Journey, starts: Iterable[StepId], goes_on: Callable[[Step], bool]
) -> dict[StepId, None]:
    """Return the steps that are reached, beyond those alone at which one goes on."""
    found: dict[StepId, None] = {}
    waiting = list(starts)
    while waiting:
        step = waiting.pop()
        if step in found or step not in journey.steps:
            continue
        found[step] = None
        if goes_on(journey.steps[step]):
            waiting += successors(journey.steps[step])
    return found
