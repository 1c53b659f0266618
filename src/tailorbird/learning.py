"""Training, judging and serving models: the story of one night, for `flow` and for the mails.

Only people with a training permit are learnt from. Models are judged on a time split; what loses to
its naive rule is kept with its card and does not serve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

import msgspec

from tailorbird import catalogue, grouping, model_kinds, recommend, segments, serving, yaml_text
from tailorbird.errors import DefinitionError, ModelError, UsageError
from tailorbird.learning_texts import (
    BY_DEFAULT,
    LIBRARY,
    WantedModel,
    check_names,
    parse_model,
    unknown_names,
)
from tailorbird.learning_texts import PROPENSITY as PROPENSITY
from tailorbird.learning_texts import RECOMMENDER as RECOMMENDER
from tailorbird.model_cards import ModelCard
from tailorbird.model_data import Past, Together, audience, named_audience
from tailorbird.model_data import trainees as trainees
from tailorbird.schema import Definition, Instant, Names, PersonId
from tailorbird.traits.extract import touched
from tailorbird.traits.registry import computed
from tailorbird.world import World
from tailorbird.yaml_text import nearest

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.recommend.parameters import Kind

ASKED: Final = "wanted.json"
"""The file that keeps what was wanted when a model was trained."""
_HISTORY: Final = """
SELECT l.person, l.item, l."at", l.quantity, l.event AS kind FROM lines AS l {}
WHERE l."at" <= ? AND l.event IN (?, ?, ?) {}
ORDER BY l.person, l."at", l.position
"""
_OF_MANY: Final = _HISTORY.format("SEMI JOIN asked AS a ON a.person = l.person", "")
_OF_ONE: Final = _HISTORY.format("", "AND l.person = ?")
"""Half the cost of the same for many: what is told to the scan is not read."""
_KINDS: Final = (Names.PURCHASE, Names.ADD_TO_CART, Names.PRODUCT_VIEWED)
KEEP_SCORES: Final = """
INSERT INTO scores SELECT ?, ?, person, ?, CAST(ROUND(value * 1000000) AS BIGINT) FROM scored
"""
"""Keeps the values of a table `scored`: given the model's name, its version, and as of when."""
_MARK: Final = """
INSERT INTO markers SELECT ?, COALESCE(MAX(position), 0) FROM people
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_SCORED: Final = 'SELECT COUNT(*) AS people FROM scores WHERE model = ? AND "at" = ?'


def learnt(world: World, now: Instant) -> bool:
    """Return whether every model was trained at this instant, and its scores written."""
    names = standing(world)
    found = {name: card(world, name) for name in names}
    if any(each is None or each.trained_at != now for each in found.values()):
        return False
    scored = (
        world.facts.read(_SCORED, (name, now))
        for name, each in found.items()
        if name != RECOMMENDER and each is not None and each.scores
    )
    return all(each.to_pylist()[0]["people"] for each in scored)


def standing(world: World) -> list[str]:
    """Return the names of the models that are trained when nobody names one."""
    defined = [each.name for each in world.definitions.latest("model")]
    known = [name for name in world.models.names() if name in LIBRARY]
    return list(dict.fromkeys([*BY_DEFAULT, *defined, *known]))


def train(
    world: World, asked: WantedModel, allowed: Sequence[PersonId], now: Instant
) -> tuple[dict[str, bytes], ModelCard]:
    """Return the files and the card of a model trained on these people, without keeping it."""
    if asked.foretells == "products":
        files, card = _recommender(world, asked, allowed, now)
    else:
        files, card = model_kinds.train(Past(world, asked, allowed), now)
    return files | {ASKED: msgspec.json.encode(asked)}, card


def keep(world: World, name: str, files: Mapping[str, bytes], card: ModelCard) -> ModelCard:
    """Keep a trained model as its latest version; return its card with the number."""
    unnumbered = msgspec.structs.replace(card, name=name, version=0)
    version = world.models.put(name, files, msgspec.json.encode(unnumbered))
    return msgspec.structs.replace(unnumbered, version=version)


def _recommender(
    world: World, asked: WantedModel, allowed: Sequence[PersonId], now: Instant
) -> tuple[dict[str, bytes], ModelCard]:
    interactions = history(world, allowed, now)
    items, groups = catalogue.products(world), catalogue.origins(world, allowed, now)
    days, seed = asked.horizon, asked.seed
    forced = None if asked.algorithm == "auto" else cast("Kind", asked.algorithm)
    found = recommend.judged(
        interactions, items, now=now, horizon_days=days, seed=seed, groups=groups,
        algorithm=forced, second_stage=asked.second_stage,
    )  # fmt: skip
    proof = recommend.prove(
        found.model, interactions, items, now=now, horizon_days=days, seed=seed, groups=groups,
        windows=(found.validation, found.test),
    )  # fmt: skip
    return found.model.files() | proof.files(), proof.noted(found.card)


def cards(world: World) -> list[ModelCard]:
    """Return the card of every model's latest version, by name."""
    found = (card(world, name) for name in world.models.names())
    return [each for each in found if each is not None]


def card(world: World, name: str) -> ModelCard | None:
    """Return the card of a model's latest version."""
    return _read_card(world, name)


def serving_card(world: World, name: str, version: int = 0) -> ModelCard | None:
    """Return the card of the version that serves, or of another one."""
    number = version or serving.version(world, name)
    return _read_card(world, name, number) if number else None


def _read_card(world: World, name: str, version: int | None = None) -> ModelCard | None:
    found = serving.kept_card(world, name, version)
    return card_of(*found) if found else None


def card_of(version: int, content: bytes) -> ModelCard:
    """Return the card of a version as it is kept, with its number."""
    return msgspec.structs.replace(msgspec.json.decode(content, type=ModelCard), version=version)


def rescore(world: World) -> int:
    """Score everybody as the versions that serve did when they were trained, after a rebuild.

    A model whose people cannot be asked for waits until its segment is mended; see `troubles`.
    """
    found = (serving_card(world, name) for name in standing(world))
    scored_people = 0
    for each in found:
        if each is not None:
            with suppress(DefinitionError):
                scored_people += score(world, each.trained_at, each.name)
    return scored_people


def score(world: World, now: Instant, name: str | None = None) -> int:
    """Score everybody of whom a model is, or all models are; return how many scores there are."""
    if name is None:
        return sum(score(world, now, each) for each in standing(world))
    version = serving.version(world, name)
    if not version or name == RECOMMENDER:
        return 0
    people = trainees(world, now, "personalisation")
    found = scored(world, name, people, now, reasons=False)
    world.facts.write(
        [
            ("DELETE FROM scores WHERE model = ?", (name,)),
            (KEEP_SCORES, (name, version, now)),
            (_MARK, (marker(name),)),
        ],
        {"scored": found},
    )
    return int(found.num_rows)


def marker(name: str) -> str:
    """Return the marker among the facts up to whose position a model's scores know everybody."""
    return f"scored:{name}"


def scored(
    world: World,
    name: str,
    people: Sequence[PersonId],
    now: Instant,
    *,
    reasons: bool = True,
    together: Together | None = None,
) -> pa.Table:
    """Return person, value, low, high (and top_reason) of those of these of whom a model is.

    Nothing is kept; `together` reads their traits for several models. What the model read when it
    was trained is read again, whatever its author has written since.

    Raises:
        UsageError: no model of this name was trained.
    """
    _, files, card = serving.loaded(world, name)
    past = Past(world, asked_of(world, name, files), people, together=together)
    own = {each: files[each] for each in files if each != ASKED}
    judged = msgspec.json.decode(card, type=ModelCard)
    return model_kinds.told(past, own, judged, now, reasons=reasons)


def reader(world: World, name: str) -> WantedModel | None:
    """Return what was wanted of the version that serves, None where it reads no traits now.

    Raises as `scored`.
    """
    version, files, card = serving.loaded(world, name)
    asked = asked_of(world, name, files)
    said = card_of(version, card).scores and asked.foretells not in ("products", "send_hour")
    return asked if said else None


def asked_of(world: World, name: str, files: Mapping[str, bytes]) -> WantedModel:
    """Return what was wanted when a model was trained; of one from before that was kept, now."""
    if ASKED not in files:
        return wanted(world, name)
    return msgspec.json.decode(files[ASKED], type=WantedModel)


def wanted(world: World, name: str) -> WantedModel:
    """Return what an author wants of a model; what comes with Tailorbird where nobody said.

    Raises:
        UsageError: there is neither.
    """
    found = world.definitions.get("model", name)
    if found is not None:
        return parse_model(found.text, f"models/{name}.yaml")
    if name not in LIBRARY:
        defined = [each.name for each in world.definitions.latest("model")]
        mend = nearest(name, [*LIBRARY, *defined])
        raise UsageError(f"no model {name!r}", mend=mend)
    return WantedModel(name)


def defined(world: World) -> tuple[WantedModel, ...]:
    """Return what authors want of their models, as far as it can be read; read once a version."""
    return tuple(each for each in _wants(world).values() if isinstance(each, WantedModel))


def refused(world: World) -> dict[str, str]:
    """Return why what authors want of models cannot be read, by the model's name.

    An older version kept it, and this one refuses it: what was trained goes on serving.
    """
    wants = _wants(world)
    return {name: each for name, each in wants.items() if isinstance(each, str)}


def _wants(world: World) -> dict[str, WantedModel | str]:
    """Return what authors want of each of their models, or why that cannot be read."""
    found = world.definitions.latest("model")
    stamp = tuple((each.name, each.version) for each in found)
    return world.latest.of(
        "wanted models", stamp, lambda: {each.name: _read_or_why(each) for each in found}
    )


def _read_or_why(found: Definition) -> WantedModel | str:
    try:
        return parse_model(found.text, f"models/{found.name}.yaml")
    except DefinitionError as error:
        return error.sentence()


def check_model(world: World, text: str, name: str, known: segments.Vocabulary) -> None:
    """Return when what a text wants of a model is valid, and every name in it known here.

    Raises:
        DefinitionError: with the line and the mend.
    """
    file = f"models/{name}.yaml"
    found = parse_model(text, file)
    yaml_text.check_name(found.name, name, file)
    check_names(found, yaml_text.read(text, file), known)
    audience(world, found, 0)
    if found.fair is not None:
        _check_groups(world, found.fair.by, file)


def unknown(text: str, name: str, known: segments.Vocabulary) -> tuple[str, ...]:
    """Return what a model's text names that nobody knows here yet, each with line and mend."""
    file = f"models/{name}.yaml"
    return tuple(unknown_names(parse_model(text, file), yaml_text.read(text, file), known))


def _check_groups(world: World, by: str, file: str) -> None:
    """Return when people can be told apart by a trait; before anything has happened any may come.

    Raises:
        DefinitionError: nobody has ever said it.
    """
    known = segments.vocabulary(world.facts)
    if known.events and computed(by) is None and by not in known.traits:
        mend = nearest(by, sorted({"country", *known.traits}))
        raise DefinitionError(f"fair: nobody has ever said {by!r}", where=file, mend=mend)


def recommender(world: World) -> tuple[int, recommend.Recommender] | None:
    """Return the recommender that serves, with its version, ready; read once a version."""
    found = _ready(world)
    return None if isinstance(found, str) else found


def _ready(world: World) -> tuple[int, recommend.Recommender] | str:
    """Return the recommender that serves, or why there is none: "" where none was trained."""
    version = serving.version(world, RECOMMENDER)
    return world.latest.of(RECOMMENDER, version, lambda: _loaded(world, version)) if version else ""


def _loaded(world: World, version: int) -> tuple[int, recommend.Recommender] | str:
    found = serving.kept(world, RECOMMENDER, version)
    try:
        return (version, recommend.load(found[1])) if found else ""
    except ModelError as error:  # of a format before this one, or it needs what is not installed
        return error.sentence()


def troubles(world: World) -> list[str]:
    """Return of each model that cannot be read why, and how it is mended; read once a version."""
    found = [*refused(world).values(), *waiting(world).values()]
    found += [serving.trouble(world, name) for name in world.models.names()]
    ready = _ready(world)
    return [each for each in (*found, ready) if isinstance(each, str) and each]


def waiting(world: World) -> dict[str, str]:
    """Return why nobody can be scored by models, by name: the segment of its people is broken."""
    found: dict[str, str] = {}
    named = [(each.name, each.audience) for each in defined(world) if each.audience]
    standing = grouping.standing_segments(world) if named else []
    for model, asked in named:
        try:
            if isinstance(asked, str):  # a condition was read with the model; it names no segment
                named_audience(asked, standing, f"models/{model}.yaml")
        except DefinitionError as error:
            found[model] = f"model {model} waits: {error.sentence()}"
    return found


def history(world: World, people: Sequence[PersonId], now: Instant) -> pa.Table:
    """Return what these people viewed, carted and bought, for a recommender to read."""
    if len(people) == 1:
        return world.facts.read(_OF_ONE, (now, *_KINDS, people[0]))
    return world.facts.read(_OF_MANY, (now, *_KINDS), {"asked": touched(people)})
