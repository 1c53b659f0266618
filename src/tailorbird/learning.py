"""Training, judging and serving models: the story of one night, for `flow` and for the mails.

Only people with a training permit are learnt from. Models are judged on a time split; what loses to
its naive rule is kept with its card and does not serve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tailorbird import imputation, predict, recommend, yaml_text
from tailorbird.learning_texts import ALWAYS_READ, WantedModel, parse_model
from tailorbird.learning_texts import PROPENSITY as PROPENSITY
from tailorbird.learning_texts import RECOMMENDER as RECOMMENDER
from tailorbird.model_cards import ModelCard
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Instant, Names, PersonId, Purpose
from tailorbird.traits.extract import touched
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

PEOPLE_AT_ONCE: Final = 50_000

_EVERYBODY: Final = "SELECT person FROM people ORDER BY person"
_INTERACTIONS: Final = """
SELECT l.person, l.item, l."at", l.quantity, l.event AS kind FROM lines AS l
SEMI JOIN trainees AS t ON t.person = l.person
WHERE l."at" <= ? AND l.event IN (?, ?, ?)
ORDER BY l.person, l."at", l.position
"""
_HISTORY: Final = """
SELECT l.person, l.item, l."at", l.quantity, l.event AS kind FROM lines AS l
SEMI JOIN asked AS a ON a.person = l.person
WHERE l."at" <= ? AND l.event IN (?, ?, ?)
ORDER BY l.person, l."at", l.position
"""
_KINDS: Final = (Names.PURCHASE, Names.ADD_TO_CART, Names.PRODUCT_VIEWED)
_CATALOGUE: Final = """
SELECT item, name, category, price_minor, stock FROM products ORDER BY item
"""
_SCORED: Final = 'SELECT COUNT(*) AS people FROM scores WHERE model = ? AND "at" = ?'
_OUTCOMES: Final = """
SELECT DISTINCT person FROM facts
WHERE event = ? AND "at" > ? AND "at" <= ? AND person IS NOT NULL ORDER BY person
"""


def trainees(world: World, now: Instant, purpose: Purpose = "training") -> list[PersonId]:
    """Return everybody with a permit for this purpose, by number."""
    everybody = world.facts.read(_EVERYBODY).column("person").to_pylist()
    allowed: list[PersonId] = []
    for start in range(0, len(everybody), PEOPLE_AT_ONCE):
        people = everybody[start : start + PEOPLE_AT_ONCE]
        states = world.people.consent_states(people)
        answers = (permit(states.get(person), person, purpose, now) for person in people)
        allowed += [answer.person for answer in answers if isinstance(answer, Permit)]
    return allowed


def learn(world: World, now: Instant) -> list[ModelCard]:
    """Train and judge both models, keep them with their cards, and score everybody."""
    allowed = touched(trainees(world, now))
    cards = [_learn_recommender(world, allowed, now), _learn_propensity(world, allowed, now)]
    score(world, now)
    return cards


def learnt(world: World, now: Instant) -> bool:
    """Return whether both models were trained at this instant, and their scores written."""
    cards = [card(world, name) for name in (RECOMMENDER, PROPENSITY)]
    if any(found is None or found.trained_at != now for found in cards):
        return False
    scored = world.facts.read(_SCORED, (PROPENSITY, now)).to_pylist()[0]["people"]
    return bool(scored)


def _learn_recommender(world: World, allowed: pa.Table, now: Instant) -> ModelCard:
    asked = wanted(world, RECOMMENDER)
    interactions = world.facts.read(_INTERACTIONS, (now, *_KINDS), {"trainees": allowed})
    items = world.facts.read(_CATALOGUE)
    model, card = recommend.judge(
        interactions, items, now=now, horizon_days=asked.horizon_days, seed=asked.seed
    )
    return _keep(world, RECOMMENDER, model.files(), card)


def _learn_propensity(world: World, allowed: pa.Table, now: Instant) -> ModelCard:
    people = allowed.column("person").to_pylist()
    asked = wanted(world, PROPENSITY)

    def features(as_of: Instant) -> pa.Table:
        return _customers(_features(world, as_of, people, asked.read()))

    def outcomes(after: Instant, until: Instant) -> pa.Table:
        return world.facts.read(_OUTCOMES, (Names.PURCHASE, after, until))

    model, card = predict.judge(
        features, outcomes, now=now, horizon_days=asked.horizon_days, seed=asked.seed
    )
    return _keep(world, PROPENSITY, model.files(), card)


def _keep(world: World, name: str, files: dict[str, bytes], card: ModelCard) -> ModelCard:
    unnumbered = msgspec.structs.replace(card, name=name, version=0)
    version = world.models.put(name, files, msgspec.json.encode(unnumbered))
    return msgspec.structs.replace(unnumbered, version=version)


def cards(world: World) -> list[ModelCard]:
    """Return the card of every model's latest version, by name."""
    found = (card(world, name) for name in world.models.names())
    return [each for each in found if each is not None]


def card(world: World, name: str) -> ModelCard | None:
    """Return the card of a model's latest version."""
    found = world.models.get(name)
    if found is None:
        return None
    version, _, content = found
    return msgspec.structs.replace(msgspec.json.decode(content, type=ModelCard), version=version)


def rescore(world: World) -> int:
    """Score everybody as the latest model did when it was trained, after a rebuild."""
    trained = card(world, PROPENSITY)
    return score(world, trained.trained_at) if trained else 0


def score(world: World, now: Instant) -> int:
    """Score every customer with the latest propensity model; return how many."""
    found = world.models.get(PROPENSITY)
    if found is None:
        return 0
    version, files, _ = found
    model = predict.load(files)
    people = trainees(world, now, "personalisation")
    read = tuple(dict.fromkeys([*(column.name for column in model.columns), *ALWAYS_READ]))
    scored = model.score(_customers(_features(world, now, people, read)))
    world.facts.write(
        [
            ("DELETE FROM scores WHERE model = ?", (PROPENSITY,)),
            (
                "INSERT INTO scores SELECT ?, ?, person, ?, "
                "CAST(ROUND(probability * 1000000) AS BIGINT) FROM scored",
                (PROPENSITY, version, now),
            ),
        ],
        {"scored": scored},
    )
    return int(scored.num_rows)


def wanted(world: World, name: str) -> WantedModel:
    """Return what an author wants of a model; what comes with Tailorbird where nobody said."""
    found = world.definitions.get("model", name)
    return parse_model(found.text, f"models/{name}.yaml") if found else WantedModel(name)


def check_model(text: str, name: str) -> None:
    """Return when what a text wants of a model is valid.

    Raises:
        DefinitionError: with the line and the mend.
    """
    file = f"models/{name}.yaml"
    yaml_text.check_name(parse_model(text, file).name, name, file)


def _features(
    world: World, as_of: Instant, people: Sequence[PersonId], names: Sequence[str]
) -> pa.Table:
    """Return the features of people, filled as the author wants by those who allow training."""
    return imputation.table(world, names, as_of, people, lambda: trainees(world, as_of)).table


def _customers(features: pa.Table) -> pa.Table:
    """Return those with an order: who has none cannot buy again, which is another question."""
    import pyarrow.compute as pc

    return features.filter(pc.greater(features.column("orders"), 0))


def recommender(world: World) -> tuple[int, recommend.Recommender] | None:
    """Return the latest recommender with its version, ready to serve; read once a version."""
    latest = world.models.latest(RECOMMENDER)
    return world.latest.of(RECOMMENDER, latest, lambda: _loaded(world, latest)) if latest else None


def _loaded(world: World, version: int) -> tuple[int, recommend.Recommender] | None:
    found = world.models.get(RECOMMENDER, version)
    return (version, recommend.load(found[1])) if found else None


def history(world: World, people: Sequence[PersonId], now: Instant) -> pa.Table:
    """Return what these people viewed, carted and bought, for a recommender to read."""
    return world.facts.read(_HISTORY, (now, *_KINDS), {"asked": touched(people)})
