"""What people are recommended, and what that is worth, for the API, the console and the commands.

Answers are kept until the person does something, the catalogue, the rules or the model change, or
an hour has gone by.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Final

import msgspec

from tailorbird import exposing, learning, noting, recommending, removing, steering_record
from tailorbird.letters.picks import chosen
from tailorbird.model_data import allowing
from tailorbird.recommend.calibration import Calibration
from tailorbird.recommend.rules import DEFAULT, NewProducts, Rules, Which
from tailorbird.schema import DAY, HOUR, Instant, PersonId
from tailorbird.views import moment
from tailorbird.views.recommendations import (
    Answer,
    ExposureReport,
    Recommended,
    RecommenderReport,
    RuleSet,
    RulesTrial,
    ScoreWorth,
)
from tailorbird.world import World
from tailorbird.yaml_text import nearest

USUAL: Final = 8
MOST: Final = 50
MOST_KEPT: Final = 20_000
"""Answers kept in memory, the latest asked for."""
AUDITED: Final = 4
"""Products that each of them would be shown."""
NO_CONSENT: Final = "what is popular: no consent to more"
NOT_SEEN: Final = "what is popular: nothing was seen of this visitor yet"
_POSITION: Final = "SELECT position FROM people WHERE person = ?"
_SESSION: Final = """
SELECT ARG_MAX(person, position) AS person FROM facts
WHERE session_id = ? AND "at" > ? AND "at" <= ?
"""


class Recommendations:
    """What `tb.recommendations` gives: products for somebody, the rules, what they are worth."""

    def __init__(self, world: World, now: Instant) -> None:
        self._world, self._now = world, now

    def of_session(
        self, session: str, count: int = USUAL, *, rules: str = DEFAULT, category: str = ""
    ) -> Answer:
        """Return what the visitor of a session is recommended, as far as she agrees."""
        return of_session(self._world, session, self._now, count, rules, category)

    def rules(self) -> tuple[RuleSet, ...]:
        """Return all rules that stand, in words, the default first."""
        return rule_sets(self._world, self._now)

    def unknown(self, rules: str = DEFAULT) -> tuple[str, ...]:
        """Return what rules name that is not in the catalogue. Raises UsageError: no such rules."""
        found, _ = recommending.standing(self._world, rules)
        return noting.not_in_catalogue(self._world, found)

    def report(self) -> RecommenderReport:
        """Return what the recommender was worth beside the naive rules; version 0: none was."""
        return report(self._world)

    def exposure(self, rules: str = DEFAULT) -> ExposureReport:
        """Return how what people would be shown is spread. Raises UsageError: no such rules."""
        exposing.run_due(self._world, self._now)  # nobody waits for a page here
        return exposure(self._world, self._now, rules)


class Answers:
    """The latest answers, each with the stamp of what it was made from. For any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Hashable, Answer]] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, key: Hashable, stamp: Hashable, make: Callable[[], Answer]) -> Answer:
        """Return the answer that is kept if its stamp is still this one, else one made now."""
        with self._guard:
            found = self._kept.get(key)
            if found is not None and found[0] == stamp:
                self._kept.move_to_end(key)
                return found[1]
        made = make()
        with self._guard:
            self._kept[key] = (stamp, made)
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made


def of_person(
    world: World, person: PersonId, now: Instant, number: int = USUAL, rules: str = DEFAULT,
    category: str = "",
) -> Answer:  # fmt: skip
    """Return what a person is recommended; kept until she does something.

    Who does not agree to personalisation gets what is popular.

    Raises:
        UsageError: there are no rules of this name.
    """
    position = world.facts.read(_POSITION, (person,)).to_pylist()
    agreed = allowing(world, [person], now, "personalisation")

    def make() -> Answer:
        chooser = recommending.Chooser(world, agreed, now, rules)
        whose = "from this person's own history" if agreed else NO_CONSENT
        answer = _answer(world, chooser, person, now, number, category, whose)
        return msgspec.structs.replace(answer, person=person)

    stamp = (position[0]["position"] if position else 0, bool(agreed), *_stamp(world, rules, now))
    return _answers(world).of(("person", person, rules, number, category), stamp, make)


def of_session(
    world: World, session: str, now: Instant, number: int = USUAL, rules: str = DEFAULT,
    category: str = "",
) -> Answer:  # fmt: skip
    """Return what the visitor of a session is recommended, as far as she agrees.

    Of whom nothing was seen in the last day is shown what is popular. Raises as `of_person`.
    """
    found = world.facts.read(_SESSION, (session, now - DAY, now)).to_pylist()[0]["person"]
    if found is not None:
        known = of_person(world, found, now, number, rules, category)
        return msgspec.structs.replace(known, session=session)

    def make() -> Answer:
        chooser = recommending.Chooser(world, [], now, rules)
        nobody = recommending.NOBODY
        return _answer(world, chooser, nobody, now, number, category, NOT_SEEN)

    kept = _answers(world).of(("nobody", rules, number, category), _stamp(world, rules, now), make)
    return msgspec.structs.replace(kept, session=session)


def _answers(world: World) -> Answers:
    return world.latest.of("answers", 0, Answers)


def _stamp(world: World, rules: str, now: Instant) -> tuple[Hashable, ...]:
    found = world.definitions.get(recommending.KIND, rules)
    version = learning.recommender(world)
    shop = recommending.shop(world).stamp
    steered = steering_record.learnt(world, rules)
    learnt = (steered.at, *steered.shares) if steered else ()
    return found.version if found else 0, version[0] if version else 0, shop, now // HOUR, learnt


def _answer(
    world: World,
    chooser: recommending.Chooser,
    person: PersonId,
    now: Instant,
    number: int,
    category: str,
    whose: str,
) -> Answer:
    shown = chosen(world, chooser, [person], number, category).get(person, [])
    found = chooser.calibration
    version = f"Recommender version {chooser.version}" if chooser.version else ""
    made_of = f"{version}, {whose}." if version else "No recommender has been trained yet."
    if number and not shown:
        made_of = f"{made_of} {_why_nothing(chooser, category)}"
    return Answer(
        products=tuple(Recommended(rank=rank, **each) for rank, each in enumerate(shown, 1)),
        rules=chooser.rules.name,
        rules_version=chooser.rules_version,
        model_version=chooser.version,
        made_of=made_of,
        at=moment(now),
        horizon_days=found.horizon_days if found else 0,
    )


def _why_nothing(chooser: recommending.Chooser, category: str) -> str:
    """Return why nobody is shown anything, and what to do."""
    shop, rules = chooser.shop, chooser.rules.name
    if not shop.products:
        return (
            "The catalogue is empty: connect the shop, import a file with products, or send "
            "`Product Updated` events."
        )
    if not chooser.version:
        return "Train one with `tailorbird models train recommender`."
    if category and category not in shop.shelves:
        return f"No product is of category {category!r}: {nearest(category, [*shop.shelves])}"
    passing = chooser.compiled().allowed
    if not passing.any():
        return f"The rules {rules!r} let none of {len(passing):,} products pass: change them."
    return f"The rules {rules!r} leave nothing to show here: change them."


# -- the rules ------------------------------------------------------------------------------------


def rule_sets(world: World, now: Instant) -> tuple[RuleSet, ...]:
    """Return all rules that stand, the default first; of those that cannot be read, why."""
    read = {rules.name: _shown(world, rules, now) for rules, _ in recommending.every(world)}
    odd = {name: _refused(world, name, why) for name, why in recommending.refused(world).items()}
    names = dict.fromkeys((DEFAULT, *sorted({*read, *odd})))
    return tuple((read | odd)[name] for name in names)


def rule_set(world: World, name: str, now: Instant) -> RuleSet | None:
    """Return the rules of one name; None where there are none."""
    if why := recommending.refused(world).get(name):
        return _refused(world, name, why)
    found = recommending.written(world, name)
    return _shown(world, found[0], now) if found else None


def _shown(world: World, rules: Rules, now: Instant) -> RuleSet:
    allowed, products = recommending.allowed(world, rules, now)
    return msgspec.structs.replace(
        _kept(world, rules.name, products),
        description=rules.description,
        says=tuple(words(rules)),
        allowed=allowed,
    )


def _refused(world: World, name: str, why: str) -> RuleSet:
    products = len(recommending.shop(world).stock.items)
    return msgspec.structs.replace(_kept(world, name, products), trouble=why)


def _kept(world: World, name: str, products: int) -> RuleSet:
    """Return what is known of rules without reading them."""
    kept = world.definitions.get(recommending.KIND, name)
    return RuleSet(
        name=name,
        version=kept.version if kept else 0,
        description="",
        says=(),
        products=products,
        allowed=0,
        used_by=tuple(each.phrase() for each in removing.uses(world, "recommendations", name)),
        text=kept.text if kept else "",
    )


def trial(world: World, name: str, text: str, now: Instant) -> RulesTrial:
    """Return how many products would pass rules; nothing is kept.

    Raises:
        DefinitionError: with the line and the mend.
    """
    rules = recommending.check(world, name, text)
    kept = world.definitions.get(recommending.KIND, name)
    version = (kept.version if kept else 0) + (kept is None or kept.text != text)
    allowed, products = recommending.allowed(world, rules, now)
    return RulesTrial(name, version, products, allowed)


def words(rules: Rules) -> Iterator[str]:
    """Yield what rules ask, in words."""
    yield "only what is in stock" if rules.in_stock else "also what is out of stock"
    if rules.not_bought_days:
        but = _which(rules.consumables.declared())
        learnt = ["what its buyers buy again"] if rules.consumables.learnt else []
        unless = ", ".join([*learnt, *([but] if but else [])])
        unless = f", except {unless}" if unless else ""
        yield f"nothing bought in the last {rules.not_bought_days:g} days{unless}"
    for pair in rules.pairs:
        yield f"who bought {_which(pair.bought)} is shown {', '.join(pair.show)}"
    for boost in rules.boosts:
        what = _which(boost.of) if boost.of is not None else f"the larger {boost.attribute}"
        yield f"{what} counts {boost.by:g} times"
    for by, most in rules.caps.items():
        yield f"at most {most} of one {by}"
    if rules.diversity:
        yield f"being unlike the others weighs {rules.diversity:.0%}"
    if left_out := _which(rules.exclude):
        yield f"never {left_out}"
    if rules.only is not None:
        yield f"only {_which(rules.only)}"
    low, high = rules.price_minor.at_least, rules.price_minor.at_most
    if low or high is not None:
        yield f"prices from {low} to {'any' if high is None else high} minor units"
    if isinstance(rules.new_products, NewProducts):
        yield f"the last places of a list are for new products: {rules.new_products.places}"
    elif not rules.new_products:
        yield "no new products"
    for each in rules.exposure:
        part = f"{each.at_least:.0%} of their target"
        done = "are lifted to it" if each.steer else "are reported"
        yield f"values of {each.by} shown less than {part} {done}"


def _which(which: Which) -> str:
    found = [*which.items, *which.categories]
    for name, value in which.attributes.items():
        found.append(f"{name} {value if isinstance(value, str) else ' or '.join(value)}")
    if which.newer_than_days is not None:
        found.append(f"what came in the last {which.newer_than_days:g} days")
    return ", ".join(found)


# -- what it is worth -----------------------------------------------------------------------------


def report(world: World) -> RecommenderReport:
    """Return what the recommender that serves was worth; of version 0 where none was judged."""
    found = learning.recommender(world)
    scores, told = recommending.proven(world, found[0]) if found else (None, None)
    if found is None or told is None:
        return RecommenderReport(0, serves=False, why="No recommender has been judged yet.")
    card = learning.serving_card(world, learning.RECOMMENDER, found[0])
    return RecommenderReport(
        version=found[0],
        serves=bool(card and card.serves),
        why=told.why or (card.why if card else ""),
        after=moment(told.after),
        until=moment(told.until),
        people=told.people,
        sections=told.sections,
        scores=_worth(scores) if scores else None,
    )


def _worth(found: Calibration) -> ScoreWorth:
    return ScoreWorth(
        found.horizon_days, found.test_shown, found.test_rate, found.error, found.error_of_rate,
        found.log_loss, found.log_loss_of_rate, bool(found.knots),
    )  # fmt: skip


def exposure(world: World, now: Instant, name: str = DEFAULT) -> ExposureReport:
    """Return how what some people would be shown now is spread, by rules of a name.

    Raises:
        UsageError: there are none.
    """
    agreed = recommending.audited_people(world, now)
    chooser = recommending.Chooser(world, agreed, now, name)
    found = chooser.exposure(agreed, AUDITED)
    return ExposureReport(
        rules=chooser.rules.name,
        rules_version=chooser.rules_version,
        people=found.people,
        products=found.products,
        shown=found.shown,
        gini=found.gini,
        ndcg=found.ndcg,
        audits=found.audits,
        waits=_waits(world, chooser),
    )


def _waits(world: World, chooser: recommending.Chooser) -> str:
    """Return what is still to be worked out of what is lifted, '' where nothing is."""
    if not chooser.rules.steered():
        return ""
    last = steering_record.learnt(world, chooser.rules.name)
    if last is None:
        return "What is lifted has not been worked out yet: nothing is lifted until it is."
    if (last.version, last.rules_version) != (chooser.version, chooser.rules_version):
        return "What is lifted was worked out before the rules or the model changed."
    return ""
