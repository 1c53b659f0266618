"""Who was drawn for a mail or against it: of a campaign, of a whole journey, of one of its mails.

A campaign draws by its `holdout`, a journey by its own as people enter, and one mail of a journey
by the split before it, of which some arms lead to the mail and the others do not. Everybody counts
as she was drawn, whether or not the mail left in the end, with the probability that was logged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from tailorbird import authoring, experiments, journeys, letters, results
from tailorbird.enrolments import Draw
from tailorbird.errors import ConflictError, DefinitionError, UsageError
from tailorbird.journeys import graph
from tailorbird.journeys.campaign import Goal
from tailorbird.journeys.journey import Goal as JourneyGoal
from tailorbird.journeys.journey import Split, StepId
from tailorbird.letters.campaigns import BETWEEN
from tailorbird.schema import DAY, Decision, Instant, PersonId
from tailorbird.world import World
from tailorbird.yaml_text import nearest

MOST_LETTERS: Final = 63
"""Of the name of scores: a longer one could be given to no campaign."""
ROUNDING: Final = 1e-5
"""A draw of a journey is logged with six digits."""
_ENTRY: Final = ""
_OF_CAMPAIGN: Final = "uplift_"
_OF_JOURNEY: Final = "uplift_journey_"
_DASHES: Final = "--"
"""Stand for the stroke between a journey and its mail: the names of scores have none."""


class Drawn(NamedTuple):
    """When somebody was drawn, whether for the mail, and with which probability for it."""

    at: Instant
    treated: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What is asked about: CAMPAIGN, JOURNEY/ as a whole, or one mail of it, JOURNEY/STEP."""

    name: str
    goal: Goal | None
    """None: a purchase."""
    window: int
    """Microseconds after the draw within which the outcome counts."""


def model_of(name: str) -> str:
    """Return the name under which an expected uplift is kept, and is a trait.

    >>> [model_of(name) for name in ("win-back", "cart/", "cart/second")]
    ['uplift_win-back', 'uplift_journey_cart', 'uplift_journey_cart--second']
    """
    if BETWEEN not in name:
        return _OF_CAMPAIGN + name
    return _OF_JOURNEY + name.removesuffix(BETWEEN).replace(BETWEEN, _DASHES)


def named(model: str) -> str:
    """Return of what scores of this name are, as far as the name tells.

    >>> [named(model_of(name)) for name in ("win-back", "cart/", "cart/second")]
    ['win-back', 'cart/', 'cart/second']
    """
    of_journey = model.removeprefix(_OF_JOURNEY)
    if of_journey == model:
        return model.removeprefix(_OF_CAMPAIGN)
    name, _, step = of_journey.partition(_DASHES)
    return name + BETWEEN + step


def find(world: World, name: str) -> Trial:
    """Return what is asked about, as it is in force.

    Raises:
        UsageError: there is none of this name, or its scores could not be named.
    """
    if len(model_of(name)) > MOST_LETTERS:
        what = f"its scores would be called {model_of(name)}"
        mend = f"give it a shorter name: scores have {MOST_LETTERS} letters at most"
        raise UsageError(what, where=f"uplift of {name}", mend=mend)
    home, between, step = name.partition(BETWEEN)
    if not between:
        campaign = _campaign(world, name)
        return Trial(name, campaign.goal, campaign.attribution_days * DAY)
    journey, _ = authoring.find_journey(world, home)
    return _mail(journey, step) if step else Trial(name, *_goal(journey.goal))


def _campaign(world: World, name: str) -> journeys.Campaign:
    if world.definitions.get("campaign", name) is None and world.definitions.get("journey", name):
        mend = f"say `{name}/` for the whole of it, `{name}/STEP` for one of its mails"
        raise UsageError(f"{name!r} is a journey", where="uplift", mend=mend)
    return authoring.find_campaign(world, name)[0]


def _goal(goal: JourneyGoal | None) -> tuple[Goal | None, int]:
    if goal is None:
        return None, JourneyGoal("").within
    return Goal(goal.event, goal.where), goal.within


def _mail(journey: journeys.Journey, step: StepId) -> Trial:
    message = journey.message(step)
    if message is None:
        known = [each.name.partition(BETWEEN)[2] for each in journey.messages()]
        mend = nearest(step, known) if known else "it sends none"
        raise UsageError(f"journey {journey.name!r} has no mail {step!r}", mend=mend)
    if message.goal is None and journey.goal is not None:
        return Trial(message.name, *_goal(journey.goal))
    return Trial(message.name, message.goal, message.attribution_days * DAY)


def draws(world: World, name: str) -> Iterator[tuple[PersonId, Drawn]]:
    """Yield who was drawn, in order of time; somebody may be drawn more than once.

    Raises:
        UsageError: there is none of this name.
        ConflictError: a journey keeps nobody from it by chance; it says how to have it so.
    """
    home, between, step = name.partition(BETWEEN)
    if not between:
        return _of_campaign(world, name)
    journey, _ = authoring.find_journey(world, home)
    return _of_mail(world, journey, step) if step else _of_journey(world, journey)


# -- campaigns ------------------------------------------------------------------------------------


def _of_campaign(world: World, name: str) -> Iterator[tuple[PersonId, Drawn]]:
    shares: dict[int, float] = {}
    for each in sorted(results.decisions(world, name), key=lambda one: one.at):
        if each.verdict != "refused":
            held = _held_out(world, each, shares)
            yield each.person, Drawn(each.at, each.verdict == "send", 1 - held)


def _held_out(world: World, decision: Decision, shares: dict[int, float]) -> float:
    """Return the probability with which a person was to be held out, as it was drawn."""
    if decision.verdict == "holdout":
        return decision.probability
    version = decision.campaign_version
    if version not in shares:
        found = letters.campaigns.find(world, decision.campaign, version)
        shares[version] = found[0].holdout if found else 0.0
    return shares[version]


# -- journeys -------------------------------------------------------------------------------------


def _of_journey(world: World, journey: journeys.Journey) -> Iterator[tuple[PersonId, Drawn]]:
    found = [each for each, _ in _live(world, journey.name, _ENTRY) if each.reason]
    if not found and not journey.holdout:
        mend = "write `holdout: 0.1` into it: from those who enter from then on it can be learnt"
        what = "the journey holds nobody out"
        raise ConflictError(what, where=f"journey {journey.name}", mend=mend)
    for each in found:
        held, logged = each.outcome == experiments.HOLDOUT, float(each.reason)
        yield each.person, Drawn(each.entered_at, not held, 1 - logged if held else logged)


def _of_mail(
    world: World, journey: journeys.Journey, step: StepId
) -> Iterator[tuple[PersonId, Drawn]]:
    split = graph.split_before(journey, step)
    if split is None:
        mend = (
            "put it into one arm of a split, `split: {with: {share: 9, steps: [...]}, without: "
            "{share: 1}}`; or write `holdout: 0.1` into the journey, and ask for the whole of it, "
            f"`{journey.name}/`"
        )
        what = f"nobody who comes to {step!r} is kept from it by chance"
        raise ConflictError(what, where=f"journey {journey.name}", mend=mend)
    arms: dict[int, dict[str, _Arm]] = {}
    for each, version in _live(world, journey.name, split.id):
        if each.version not in arms:
            arms[each.version] = _arms(version, split.id, step)
        arm, _, logged = each.reason.partition(" ")
        drawn = arms[each.version].get(arm)
        # Who has changed versions may have been drawn by other shares than those of hers now.
        if drawn is not None and abs(drawn.share - float(logged)) < ROUNDING:
            yield each.person, Drawn(each.at, drawn.treated, drawn.probability)


class _Arm(NamedTuple):
    """Whether an arm leads to the mail, how probable it is, and how probable all that do."""

    treated: bool
    share: float
    probability: float


def _arms(journey: journeys.Journey, split: StepId, step: StepId) -> dict[str, _Arm]:
    """Return the arms of a version's split; {} where it is none that keeps some from the mail."""
    found = journey.steps.get(split)
    if not isinstance(found, Split):
        return {}
    leading = graph.arms_to(journey, found, step)
    together = sum(arm.share for arm in found.arms if arm.name in leading)
    if not 0 < len(leading) < len(found.arms):
        return {}
    return {arm.name: _Arm(arm.name in leading, arm.share, together) for arm in found.arms}


def _live(world: World, name: str, step: StepId) -> Iterator[tuple[Draw, journeys.Journey]]:
    """Yield draws with their versions; without those in shadow, where nobody was written to."""
    known: dict[int, journeys.Journey | None] = {}
    for each in world.enrolments.draws(name, step):
        if each.version not in known:
            known[each.version] = _version(world, name, each.version)
        version = known[each.version]
        if version is not None and version.mode != "shadow":
            yield each, version


def _version(world: World, name: str, number: int) -> journeys.Journey | None:
    """Return a version of a journey, None where it cannot be read any more."""
    found = world.definitions.get("journey", name, number)
    try:
        return letters.campaigns.of_journey(found) if found else None
    except DefinitionError:
        return None
