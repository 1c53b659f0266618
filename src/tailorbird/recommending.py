"""Which products people are shown, and why: the latest model, the author's rules, the catalogue.

One call serves mails, journeys, AMP parts, pictures, the API and the console: `Chooser.choose`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird import catalogue, learning, serving, steering_record, yaml_text
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.model_data import allowing
from tailorbird.recommend import calibration, consumables, report, steering
from tailorbird.recommend.calibration import Calibration
from tailorbird.recommend.candidates import LIFTED, chosen, steered
from tailorbird.recommend.diversity import Likeness
from tailorbird.recommend.exposure import Exposed, audited
from tailorbird.recommend.interactions import Flags, Ints
from tailorbird.recommend.pool import Asking, Known, known, nothing
from tailorbird.recommend.recommender import Recommender
from tailorbird.recommend.report import Report
from tailorbird.recommend.rules import DEFAULT, Catalogue, Compiled, Rules, attributes_of
from tailorbird.recommend.rules import catalogue as stocked
from tailorbird.recommend.rules import compiled as over
from tailorbird.recommend.rules import parse as parse_rules
from tailorbird.recommend.steering import KeptShare, Steering
from tailorbird.schema import DAY, Definition, DefinitionKind, Instant, PersonId, Product
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

KIND: Final[DefinitionKind] = "recommendations"
EXPOSURE: Final = "exposure"
"""The code of the reason where a rule of exposure put a product into a list."""
MOST_AUDITED: Final = 2_000
"""People of whom an audit asks what they would be shown."""
NOBODY: Final = 0
"""Stands for somebody of whom nothing is known: no person has this number."""
_UNWRITTEN: Final = (Rules(), 0)
_STAMP: Final = """
SELECT COUNT(*) AS products, MAX(p.updated_at) AS "at",
    (SELECT MAX(position) FROM product_changes) AS position,
    (SELECT MAX("at") FROM product_attributes) AS said
FROM products AS p
"""
_PRODUCTS: Final = """
SELECT item, COALESCE(name, '') AS name, COALESCE(category, '') AS category,
    COALESCE(price_minor, 0) AS price_minor, COALESCE(currency, '') AS currency,
    COALESCE(url, '') AS url, COALESCE(image, '') AS image, stock, updated_at
FROM products ORDER BY item
"""
_SOME: Final = "SELECT person FROM people ORDER BY HASH(person), person LIMIT ?"
_ARRIVED: Final = 'SELECT item, MIN("at") AS "at" FROM product_changes GROUP BY item'


@dataclass(frozen=True, slots=True)
class Shop:
    """The catalogue as it stands, and what is derived from it once."""

    products: dict[str, Product]
    stock: Catalogue
    likeness: Likeness
    shelves: dict[str, Ints]
    """The rows of each category."""
    stamp: tuple[int, int, int, int]
    """Another one where the catalogue is another."""


class Chooser:
    """Chooses products for people at an instant, by the rules of one name.

    Only people in `personal` are recommended from their own history; everybody else gets what is
    popular.
    """

    def __init__(
        self,
        world: World,
        personal: Iterable[PersonId],
        now: Instant,
        rules: str = DEFAULT,
    ) -> None:
        self._world, self._now = world, now
        found = learning.recommender(world)
        self.version = found[0] if found else 0
        """Of the model; 0 where there is none, and nothing is chosen."""
        self.rules, self.rules_version = standing(world, rules)
        self.shop = shop(world)
        self._model: Recommender | None = None
        if found and self.shop.stock.items:
            people = sorted(personal)
            self._history = learning.history(world, people, now)
            stocked = self._stocked(found[1])
            self._model = stocked.with_history(self._history, now=now)
            self._groups = self._strangers(people)
            self._known = self._derived(found[1], stocked)

    def choose(
        self, people: Sequence[PersonId], number: int, category: str = "", *, steer: bool = True
    ) -> pa.Table:
        """Return up to so many products for each person, best first; perhaps of one category.

        Columns: person, rank, item, score, reason, reason_code (`repeat`, `viewed`, `related`,
        `popular`, `pair` by a rule, `new` by its likeness, `exposure` where a rule of exposure put
        it there, and where nobody's purchases lead anywhere `similar`, `newest`, `in_stock` or
        `catalogue`), because, and recommendation_score: the probability that she buys it within
        the model's horizon, null where nothing could be learnt of that. People in the order of
        their numbers, each once. Without `steer`, no rule of exposure moves anything.
        """
        if self._model is None or not number:
            return self._with_scores(nothing())
        asking = self._asking(self._model, people, category)
        kept = self._steering(number) if steer else None
        found = chosen(asking, number, steered=kept)
        return self._with_scores(found.drop_columns([LIFTED]), found.column(LIFTED))

    def _asking(self, model: Recommender, people: Sequence[PersonId], category: str = "") -> Asking:
        return Asking(
            model=model,
            rules=self.compiled(),
            stock=self.shop.stock,
            likeness=self.shop.likeness,
            people=np.unique(np.asarray(people, dtype=np.int64)),
            history=self._history,
            known=self._known,
            groups=self._groups,
            now=self._now,
            within=self._shelf(category) if category else None,
        )

    def _steering(self, number: int) -> Steering | None:
        """Return what is kept of lists of this length for the sake of exposure: as learnt last.

        Of rules that were changed since, what they still steer; nothing before it was ever learnt.
        """
        name, by = self.rules.name, self.rules.steered()
        if not by:
            return None
        steering_record.note(self._world, name, number)
        last = steering_record.learnt(self._world, name)
        if last is None:
            return None
        kept = [each for each in last.nearest(number) if each.by in by]
        stamp = (kept, self.rules_version, self.shop.stamp, self._now // DAY)
        of, stock = self._world.latest.of, self.shop.stock
        key = f"steered products {name} {number}"
        return of(key, stamp, lambda: steering.over(kept, stock, self._now))

    def learnt_steering(self, people: Sequence[PersonId], number: int) -> tuple[KeptShare, ...]:
        """Return what must be kept for these people's lists to reach the goals: seconds of work."""
        if self._model is None:
            return ()
        found = steered(self._asking(self._model, people), number)
        return found.shares() if found else ()

    def _with_scores(self, table: pa.Table, lifted: pa.ChunkedArray | None = None) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        found = self.calibration if table.num_rows else None
        if found is None:
            score = pa.nulls(table.num_rows, pa.float64())
        else:
            shown = calibration.shown(table, self._history, self._now)
            score = pa.array(found.probability(shown.features()).round(6))
        if lifted is not None and pc.any(lifted).as_py():
            code = pc.if_else(lifted, EXPOSURE, table["reason_code"])
            place = table.schema.get_field_index("reason_code")
            table = table.set_column(place, "reason_code", code)
        return table.append_column("recommendation_score", score)

    @property
    def calibration(self) -> Calibration | None:
        """Return what turns scores into probabilities; None where nothing could be learnt."""
        return proven(self._world, self.version)[0] if self.version else None

    def _stocked(self, model: Recommender) -> Recommender:
        """Return a model that also knows what came into the catalogue after its training."""
        if model.parameters.neighbours == "none":
            return model  # a rule knows of no likeness: new products come by `Likeness`
        stamp = (self.version, self.shop.stamp)
        read = catalogue.products
        return self._world.latest.of("stocked", stamp, lambda: model.with_items(read(self._world)))

    def _derived(self, trained: Recommender, stocked: Recommender) -> Known:
        """Return what the model and the catalogue know of each other, once while both stay."""
        latest = self._world.latest

        def gaps() -> Mapping[str, float]:
            return consumables.learnt(trained.history, trained.items)

        def derived() -> Known:
            usual = latest.of("consumables", self.version, gaps)
            return known(stocked, trained.items, usual, self.shop.stock)

        return latest.of("known products", (self.version, self.shop.stamp), derived)

    def _shelf(self, category: str) -> Flags:
        """Return which products are of a category."""
        flags = np.zeros(len(self.shop.stock.items), bool)
        flags[self.shop.shelves.get(category, [])] = True
        return flags

    def _strangers(self, people: Sequence[PersonId]) -> dict[PersonId, str]:
        """Return where those come from who have not done anything yet that tells their taste."""
        known = np.unique(self._history.column("person").to_numpy())
        strangers = np.setdiff1d(np.asarray(people, dtype=np.int64), known).tolist()
        if not strangers:
            return {}
        found = catalogue.origins(self._world, strangers, self._now)
        columns = (found.column(name).to_pylist() for name in ("person", "group"))
        return dict(zip(*columns, strict=True))

    def exposure(self, people: Sequence[PersonId], number: int) -> Exposed:
        """Return how what these people would be shown is spread."""
        top, rng = self.choose(people, number), np.random.default_rng(0)
        before = self.choose(people, number, steer=False) if self.rules.steered() else None
        return audited(top, self.compiled(), self.shop.stock, self._now, rng, before)

    def compiled(self) -> Compiled:
        """Return the rules over the catalogue; made once while neither changes."""
        stamp = (self.shop.stamp, self.rules_version, self._now // DAY)
        return self._world.latest.of(
            f"recommendations {self.rules.name}",
            stamp,
            lambda: over(self.rules, self.shop.stock, self._now),
        )


def audited_people(world: World, now: Instant) -> list[PersonId]:
    """Return of whom an audit asks what they are shown: some who agree, always the same."""
    people = world.facts.read(_SOME, (MOST_AUDITED,)).column("person").to_pylist()
    return sorted(allowing(world, people, now, "personalisation"))


def allowed(world: World, rules: Rules, now: Instant) -> tuple[int, int]:
    """Return how many products rules let pass now, and of how many."""
    stock = shop(world).stock
    return int(over(rules, stock, now).allowed.sum()), len(stock.items)


def proven(world: World, version: int) -> tuple[Calibration | None, Report | None]:
    """Return what a version of the recommender was found to be worth; read once a version."""

    def read() -> tuple[Calibration | None, Report | None]:
        found = serving.kept(world, learning.RECOMMENDER, version)
        files = found[1] if found else {}
        scores, told = files.get(calibration.FILE), files.get(report.FILE)
        return calibration.load(scores) if scores else None, report.load(told) if told else None

    return world.latest.of("proven recommender", version, read)


def _parsed(found: Definition) -> tuple[Rules, int]:
    return parse_rules(found.text, f"{KIND}/{found.name}.yaml"), found.version


def written(world: World, name: str = DEFAULT) -> tuple[Rules, int] | None:
    """Return the rules of a name with their version, 0 for those that nobody wrote; None: none.

    Raises:
        DefinitionError: this version refuses them.
    """
    found = world.definitions.get(KIND, name)
    if found is not None:
        return _parsed(found)
    return _UNWRITTEN if name == DEFAULT else None


def standing(world: World, name: str = DEFAULT) -> tuple[Rules, int]:
    """Return what `written` returns.

    Raises:
        UsageError: there are none of this name.
        DefinitionError: this version refuses them.
    """
    found = written(world, name)
    if found is not None:
        return found
    known = [each.name for each in world.definitions.latest(KIND)]
    mend = yaml_text.nearest(name, known) if known else f"write {KIND}/{name}.yaml"
    raise UsageError(f"no rules of recommendation {name!r}", mend=mend)


def named(world: World, name: str, where: str) -> None:
    """Return when there are rules of a name that a definition says.

    Raises:
        DefinitionError: there are none.
    """
    try:
        standing(world, name)
    except UsageError as error:
        raise DefinitionError(error.what, where=where, mend=error.mend) from None


def find(world: World, name: str) -> Rules:
    """Return the rules that somebody wrote under a name.

    Raises:
        UsageError: there are none.
    """
    if world.definitions.get(KIND, name) is None and name == DEFAULT:
        mend = f"write {KIND}/{DEFAULT}.yaml to change what holds without it"
        raise UsageError("nobody wrote rules of recommendation 'default'", mend=mend)
    return standing(world, name)[0]


def every(world: World) -> tuple[tuple[Rules, int], ...]:
    """Return all rules that can be read with their versions, the default first."""
    return tuple(each for each in _all(world).values() if not isinstance(each, str))


def refused(world: World) -> dict[str, str]:
    """Return why rules cannot be read, by their name, the default first.

    An older version kept them, and this one refuses them. Nobody is shown anything by other rules
    instead: what names them waits, also where they are the default.
    """
    return {name: each for name, each in _all(world).items() if isinstance(each, str)}


def _all(world: World) -> dict[str, tuple[Rules, int] | str]:
    """Return all rules with their versions, or why they cannot be read; read once a version."""
    latest = world.definitions.latest(KIND)
    stamp = tuple((each.name, each.version) for each in latest)

    def read() -> dict[str, tuple[Rules, int] | str]:
        found = {each.name: _read_or_why(each) for each in latest}
        return {DEFAULT: found.pop(DEFAULT, _UNWRITTEN), **found}

    return world.latest.of("all rules", stamp, read)


def _read_or_why(found: Definition) -> tuple[Rules, int] | str:
    try:
        return _parsed(found)
    except DefinitionError as error:
        return error.sentence()


def check(world: World, name: str, text: str) -> Rules:
    """Return the rules of a text when they are valid.

    Raises:
        DefinitionError: with the line and the mend.
    """
    file = f"{KIND}/{name}.yaml"
    rules = parse_rules(text, file)
    yaml_text.check_name(rules.name, name, file)
    document = yaml_text.read(text, file)
    known = {*shop(world).stock.attributes}
    for path, attribute in attributes_of(rules):
        if known and attribute not in known:
            what, mend = f"no product has {attribute!r}", yaml_text.nearest(attribute, [*known])
            raise DefinitionError(what, where=document.where(path), mend=mend)
    return rules


def shop(world: World) -> Shop:
    """Return the catalogue; read once while nothing in it changes."""
    stamp = world.latest.of("shop stamp", world.facts.offset(), lambda: _stamp(world))
    return world.latest.of("shop", stamp, lambda: _read(world, stamp))


def _stamp(world: World) -> tuple[int, int, int, int]:
    row = world.facts.read(_STAMP).to_pylist()[0]
    return row["products"], row["at"] or 0, row["position"] or 0, row["said"] or 0


def _read(world: World, stamp: tuple[int, int, int, int]) -> Shop:
    products = [Product(**row) for row in world.facts.read(_PRODUCTS).to_pylist()]
    arrived = {row["item"]: row["at"] for row in world.facts.read(_ARRIVED).to_pylist()}
    attributes: dict[str, dict[str, str]] = {}
    for row in world.facts.read(catalogue.ATTRIBUTES).to_pylist():
        attributes.setdefault(row["name"], {})[row["item"]] = row["text"]
    stock = stocked(products, arrived, attributes)
    shelves: dict[str, list[int]] = {}
    for row, category in enumerate(stock.categories):
        shelves.setdefault(category, []).append(row)
    return Shop(
        products={each.item: each for each in products},
        stock=stock,
        likeness=Likeness(stock),
        shelves={category: np.array(rows, np.int64) for category, rows in shelves.items()},
        stamp=stamp,
    )
