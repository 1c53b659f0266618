"""Models as authors write them: what each foretells, of whom, and by what it tells them apart.

name: buys-garden-again
target: {event: purchase, where: {category: garden}, within: 60d}   # or one of TARGETS
audience: {did: purchase}         # or the name of a segment
features: [orders, recency_days, "count(purchase, 90d)", "trend(session_started, 7d)"]
algorithm: auto
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from tailorbird import durations, predict, segments, yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.model_targets import MEANINGS, OF_EVENT, PROBABILITIES, Meaning, Target
from tailorbird.recommend.parameters import Second
from tailorbird.schema import DAY, Names
from tailorbird.segments import parse_counts
from tailorbird.segments.conditions import Scored
from tailorbird.segments.groups_text import CALENDAR, NAME
from tailorbird.segments.meaning import resolved
from tailorbird.segments.reader import Reader, Vocabulary
from tailorbird.traits.parametrised import FORMS, parametrised
from tailorbird.traits.registry import TRAITS, trait
from tailorbird.yaml_text import Document, nearest

RECOMMENDER: Final = "recommender"
PROPENSITY: Final = "repeat_purchase"
MOST_FEATURES: Final = 40
MOST_DAYS: Final = 730
ALWAYS_READ: Final = ("orders", "recency_days")
"""Traits without which nobody knows who is a customer, and what the naive rule says."""
FEATURES: Final = MEANINGS["repeat_purchase"].features
BY_BUYING: Final = ("bg_nbd", "pareto_nbd")
"""Algorithms that say how people buy, for repeat purchases, churn and value."""
ALGORITHMS: Final = (*predict.ALGORITHMS, *BY_BUYING)
OF_PRODUCTS: Final = ("auto", "ridge", "cosine", "als", "fused")
"""What may be forced of the recommender; a forced one has to beat the rules all the same."""
Keyed: TypeAlias = dict[str, Any]
OF_BUYING: Final = ("repeat_purchase", "churn", "value")


class EventTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event of the author's own that is predicted."""

    event: str
    where: Keyed = {}
    """Tests of its properties, as below `did` of a segment."""
    within: str = "30d"
    """How far ahead: days, as `30d`."""


class Fair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Groups that are to be chosen more alike."""

    by: str
    """A trait that is a text, such as `country`: training weighs rows by it, nothing reads it."""


class WantedModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author wants of a model, from the next training on."""

    name: str
    target: Target | EventTarget | None = None
    """What it predicts; a model that comes with Tailorbird knows by its name."""
    description: str = ""
    audience: str | Keyed = ""
    """Of whom: a segment's name, or a condition as in one; narrower than the target's own."""
    horizon_days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)] | None = None
    """How far ahead it predicts, and on how many days it is judged; by default as suits it."""
    features: tuple[str, ...] | None = None
    """Traits of which it learns; by default those that suit the target."""
    algorithm: str = "auto"
    """`auto` tries what the list is large enough for; any other name forces one."""
    budget_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60
    """About as many CPU seconds may choosing an algorithm and its settings cost."""
    schedule: str = ""
    """How often it is trained anew by itself: `weekly`, `30d`; '' for only by command."""
    streaming: bool = False
    """Whether people are scored anew as soon as they have done something, between scorings."""
    learns_on: bool = False
    """Whether it learns every new outcome daily, between trainings; that serves only by winning."""
    second_stage: Second = False
    """Of the recommender: whether LightGBM reorders its best where that wins; `auto` has it win on
    the window before the test, too."""
    fair: Fair | None = None
    """Groups that are evened out in training; the model has to beat its rule all the same."""
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 7
    """Of what is drawn: the same seed trains the same model of the same facts."""

    @property
    def foretells(self) -> Target | EventTarget:
        """Return the target, said or known by the name."""
        return self.target or LIBRARY.get(self.name) or PROPENSITY

    @property
    def meaning(self) -> Meaning:
        """Return what the target means."""
        target = self.foretells
        if not isinstance(target, EventTarget):
            return MEANINGS[target]
        days = (durations.read(target.within) or DAY) // DAY
        often = (f"count({target.event}, 90d)", f"since({target.event})")
        return Meaning("everybody", (target.event,), often[1], days, (*OF_EVENT, *often))

    @property
    def horizon(self) -> int:
        """Return how many days ahead it foretells."""
        return self.horizon_days or self.meaning.horizon_days

    @property
    def yes_or_no(self) -> bool:
        """Return whether it foretells a yes or no, so that its score is a probability."""
        return isinstance(self.foretells, EventTarget) or self.foretells in PROBABILITIES

    @property
    def _buys_again(self) -> bool:
        return self.foretells in (*OF_BUYING, "next_order")

    def read(self) -> tuple[str, ...]:
        """Return the traits that are read, each once."""
        rule: tuple[str, ...] = (self.meaning.rule,) if self.meaning.rule else ()
        rule += ("tenure_days", "average_order_minor") if self._buys_again else ()
        chosen = self.meaning.features if self.features is None else self.features
        rule += (self.fair.by,) if self.fair else ()
        return tuple(dict.fromkeys([*chosen, *ALWAYS_READ, *rule]))


LIBRARY: Final[dict[str, Target]] = {
    RECOMMENDER: "products",
    PROPENSITY: "repeat_purchase",
    "first_purchase": "first_purchase",
    "churn": "churn",
    "next_order": "next_order",
    "value": "value",
    "unsubscribe_risk": "unsubscribe",
    "engagement": "engagement",
    "send_hour": "send_hour",
}
"""Models that come with Tailorbird, by name. The first two are trained without being asked for."""
BY_DEFAULT: Final = (RECOMMENDER, PROPENSITY)


def parse_model(text: str, file: str) -> WantedModel:
    """Return what a YAML text wants of a model.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    document = yaml_text.read(text, file)
    found = yaml_text.convert(document, WantedModel)
    for path, what, mend in (*_name_faults(found), *_faults(found)):
        raise DefinitionError(what, where=document.where(path), mend=mend)
    target_condition(found, document)
    audience_condition(found, document)
    return found


_Fault: TypeAlias = tuple[tuple[str | int, ...], str, str]


def _name_faults(found: WantedModel) -> Iterator[_Fault]:
    if not NAME.fullmatch(found.name):
        yield ("name",), f"{found.name!r} cannot be a name", "use lower-case letters, digits, _, -"
    elif found.target is None and found.name not in LIBRARY:
        mend = f"say what it predicts as `target`, or {nearest(found.name, list(LIBRARY))}"
        yield ("name",), f"no model {found.name!r} comes along", mend
    known = LIBRARY.get(found.name)
    if known and found.target not in (None, known):
        mend = f"give it another name; this one is of the target {known!r}"
        yield ("target",), f"{found.name!r} predicts something else here", mend
    if found.target == "products" and found.name != RECOMMENDER:
        yield ("target",), "there is one recommender", f"call it {RECOMMENDER!r}"


def _faults(found: WantedModel) -> Iterator[_Fault]:
    target = found.foretells
    if found.features is not None and not found.meaning.features:
        yield ("features",), "this model learns of what people do", "leave the features out"
    if target == "products" and found.audience:
        yield ("audience",), "the recommender learns of everybody who allows it", "leave it out"
    if target != "products" and found.second_stage:
        yield ("second_stage",), "only the recommender has a second stage", "leave it out"
    for number, each in enumerate(found.features or ()):
        yield from _feature_faults(found.name, each, ("features", number))
    if found.features is not None and not 0 < len(found.features) <= MOST_FEATURES:
        yield ("features",), "too few or too many features", f"name 1 to {MOST_FEATURES} of them"
    if isinstance(target, EventTarget):
        length = durations.read(target.within) or 0
        if length % DAY or not DAY <= length <= MOST_DAYS * DAY:
            mend = f"write whole days, 1d to {MOST_DAYS}d"
            yield ("target", "within"), f"{target.within!r} is no time to look ahead", mend
        if found.horizon_days is not None:
            yield ("horizon_days",), "`within` of the target says how far ahead", "leave it out"
    yield from _fair_faults(found)
    yield from _learns_on_faults(found)
    known = OF_PRODUCTS if target == "products" else ALGORITHMS
    if found.algorithm not in known:
        mend = nearest(found.algorithm, list(known))
        yield ("algorithm",), f"no algorithm {found.algorithm!r} predicts this", mend
    elif found.algorithm in BY_BUYING and target not in OF_BUYING:
        mend = f"it is for {', '.join(OF_BUYING)}"
        yield ("algorithm",), f"{found.algorithm!r} says how people buy again", mend
    every = found.schedule
    if every and every not in CALENDAR and (durations.read(every) or 0) < DAY:
        mend = f"write {', '.join(CALENDAR)}, or a length such as 30d"
        yield ("schedule",), f"{every!r} is no time between trainings", mend


def _fair_faults(found: WantedModel) -> Iterator[_Fault]:
    if found.fair is None:
        return
    by = found.fair.by
    if not found.yes_or_no:
        what = f"{found.foretells!r} is no probability, by which groups could be chosen"
        yield (
            ("fair",),
            what,
            f"leave it out, or predict one of {', '.join(sorted(PROBABILITIES))}",
        )
    if trait(by).type != "text":
        texts = [name for name, each in TRAITS.items() if each.type == "text"]
        mend = f"{nearest(by, texts)}, or name a trait that is declared"
        yield ("fair", "by"), f"{by!r} is a number and makes no groups", mend
    if by in (found.features or ()):
        mend = "leave it out of the features"
        yield ("fair", "by"), f"the model would read {by!r}, by which it is to be fair", mend
    if found.algorithm in BY_BUYING:
        mend = "leave `fair` out, or let `auto` choose"
        yield ("algorithm",), f"{found.algorithm!r} counts all people alike", mend


def _learns_on_faults(found: WantedModel) -> Iterator[_Fault]:
    if not found.learns_on:
        return
    if not found.yes_or_no:
        what = f"{found.foretells!r} is no yes or no, of which single outcomes could be learnt"
        yield ("learns_on",), what, "leave it out; a `schedule` trains it anew"
    elif found.algorithm not in ("auto", "logistic"):
        what = f"{found.algorithm!r} has no weights that single outcomes could move"
        yield ("learns_on",), what, "write `algorithm: logistic`, or leave it out"
    elif found.fair is not None:
        what = "single outcomes would undo what weighing rows made fair"
        yield ("learns_on",), what, "leave it out, or leave `fair` out"


def _feature_faults(model: str, name: str, path: tuple[str | int, ...]) -> Iterator[_Fault]:
    if name not in TRAITS and parametrised(name) is None:
        forms = f"or one with parameters: {'; '.join(FORMS)}"
        mend = nearest(name, [n for n, t in TRAITS.items() if t.type != "instant"])
        yield path, f"{name!r} is no computed trait", f"{mend}, {forms}"
    elif trait(name).type == "instant":
        yield path, f"{name!r} is an instant, which only grows", "name how long ago it was"
    elif any(need.startswith("model:") for need in trait(name).needs):
        what = f"{name!r} is the score of a model, which nobody knew at an instant of the past"
        yield path, what, f"{model} would learn from its own future; leave it out"


def check_names(found: WantedModel, document: Document, known: Vocabulary) -> None:
    """Return when every event, trait and list that a model names may be named here.

    Raises:
        DefinitionError: one may not; until anything has come, as in segments, only slips are.
    """
    for check in _checks(found, document, known):
        check()


def unknown_names(found: WantedModel, document: Document, known: Vocabulary) -> Iterator[str]:
    """Yield of the target, the audience and each feature what nobody knows here, with its line."""
    whole = msgspec.structs.replace(known, complete=True)
    for check in _checks(found, document, whole):
        try:
            check()
        except DefinitionError as error:
            yield error.sentence()


def _checks(
    found: WantedModel, document: Document, known: Vocabulary
) -> Iterator[Callable[[], object]]:
    """Yield what looks at the names in the target, in the audience and in each feature."""
    yield partial(target_condition, found, document, known)
    yield partial(audience_condition, found, document, known)
    reader = Reader(document, known)
    for number, each in enumerate(found.features or ()):
        if spelt := parametrised(each):
            yield partial(parse_counts.event, reader, spelt.event, ("features", number))


def target_condition(
    found: WantedModel, document: Document, known: Vocabulary | None = None
) -> segments.Segment | None:
    """Return an event of the author's own as a condition at the end of the window; None of others.

    With what is `known`, every name outside it is refused.

    Raises:
        DefinitionError: with the line and the mend.
    """
    target = found.foretells
    if not isinstance(target, EventTarget):
        return None
    if target.event in (Names.SESSION_ENDED, Names.PRODUCT_UPDATED):
        where = document.where(("target", "event"))
        mend = "name an event that somebody does"
        raise DefinitionError(f"{target.event!r} is nobody's deed", where=where, mend=mend)
    parse_counts.event(Reader(document, known), target.event, ("target", "event"))
    tests = {"where": target.where} if target.where else {}
    asked = {"did": target.event, **tests, "within": target.within}
    inside = yaml_text.part(document, ("target",), asked)
    return segments.Segment(found.name, segments.condition(asked, inside, known))


def audience_condition(
    found: WantedModel, document: Document, known: Vocabulary | None = None
) -> segments.Segment | None:
    """Return the audience written as a condition; None where it is a segment's name, or nobody's.

    With what is `known`, every name outside it is refused.

    Raises:
        DefinitionError: with the line and the mend.
    """
    if isinstance(found.audience, str):
        return None
    inside = yaml_text.part(document, ("audience",), found.audience)
    condition = segments.condition(found.audience, inside, known)
    asked = segments.Segment(f"{found.name} audience", condition)
    check_past(asked, (), document.where(("audience",)))
    return asked


def check_past(asked: segments.Segment, standing: Sequence[segments.Segment], where: str) -> None:
    """Return when an audience can be known as of any instant of the past.

    Raises:
        DefinitionError: with the mend.
    """
    mend = "a model would learn from its own future; ask for what people did"
    others = [each for each in standing if each.name != asked.name]
    if any(isinstance(each, Scored) for each in _parts(resolved(asked, others))):
        what = "scores, and segments with a schedule, say nothing of the past"
        raise DefinitionError(what, where=where, mend=mend)


def _parts(whole: Any) -> Iterator[Any]:
    """Yield a condition and everything that it is made of."""
    yield whole
    inner = msgspec.structs.astuple(whole) if isinstance(whole, msgspec.Struct) else whole
    if isinstance(inner, tuple):
        for each in inner:
            yield from _parts(each)
