"""How each kind of model is trained and asked: one door for probabilities, values, dates, hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from tailorbird import model_hours, predict
from tailorbird.asking import ask_of
from tailorbird.errors import ModelError
from tailorbird.learning_texts import BY_BUYING, OF_BUYING
from tailorbird.model_cards import ModelCard
from tailorbird.model_data import Past
from tailorbird.schema import DAY, SECOND, Instant

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.predict.propensity import Floats


def train(past: Past, now: Instant) -> tuple[dict[str, bytes], ModelCard]:
    """Return the files and the card of what an author wants foretold."""
    asked = past.asked
    match asked.foretells:
        case "next_order":
            model, card = predict.judge_next(
                past.features, past.firsts, now=now, horizon_days=asked.horizon, seed=asked.seed,
                name=asked.name,
            )  # fmt: skip
            return model.files(), card
        case "send_hour":
            return model_hours.train(past, now)
        case "value":
            return _value(past, now)
        case _:
            return _probability(past, now)


def told(
    past: Past, files: Mapping[str, bytes], card: ModelCard, now: Instant, *, reasons: bool = True
) -> pa.Table:
    """Return person, value, low, high (and top_reason) of those of whom a model is.

    A probability lies between shares of the last window, a value between orders times their worth,
    a date (in seconds since 1970, as mails write dates) between tenths of the waits. Nobody is told
    anything where the card says that too little is known even for a rule.
    """
    if not card.scores or (past.together and past.together.nobody(past.asked, now)):
        return _nobody()
    match past.asked.foretells:
        case "next_order":
            return _dates(past, files, now)
        case "send_hour":
            return model_hours.told(past, files, now)
        case "value":
            return _values(past, files, now, reasons=reasons)
        case _:
            return _probabilities(past, files, card, now, reasons=reasons)


def reasons(past: Past, files: Mapping[str, bytes], now: Instant) -> tuple[str, ...]:
    """Return what moves these people's scores most, in words, each person's strongest first.

    Of a date it is the wait so far and the usual one, of an hour whose it is; nothing of people of
    whom the model is not.
    """
    match past.asked.foretells:
        case "products":
            return ()
        case "send_hour":
            return tuple(model_hours.told(past, files, now)["top_reason"].to_pylist())
        case "next_order":
            return tuple(predict.load_next_order(files).words(past.features(now)))
    features = past.features(now)
    if not features.num_rows:
        return ()
    model = _scorer(past, files, now)
    scale = None
    if past.asked.foretells == "value":
        said = model.estimates(features)
        scale = _longer(said, predict.load_ahead(files).stretched(said, features)[0])
    told = predict.reasons(model, features, currency=_currency(past), scale=scale)
    return tuple(told["words"].to_pylist())


def _nobody() -> pa.Table:
    import pyarrow as pa

    numbers = {name: pa.array([], pa.float64()) for name in ("value", "low", "high")}
    nobody, nothing = pa.array([], pa.int64()), pa.array([], pa.string())
    return pa.table({"person": nobody, **numbers, "top_reason": nothing})


def _scorer(past: Past, files: Mapping[str, bytes], now: Instant) -> predict.Scorer:
    """Return the model of these files, read once; one that stands elsewhere is asked as of now."""
    own, world = _own(files), past.world
    if predict.stands_elsewhere(own):
        return predict.load(own, ask_of(world, now))
    stamp = tuple(own.items())
    return world.latest.of(f"scorer of {past.asked.name}", stamp, lambda: predict.load(own))


def _own(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of the model itself, without how far it looks."""
    return {name: each for name, each in files.items() if name != predict.AHEAD}


def _longer(said: Floats, value: Floats) -> Floats:
    """Return by what each value that was judged is multiplied for the whole time ahead."""
    import numpy as np

    return np.divide(value, said, out=np.ones(len(said)), where=said != 0)


def _currency(past: Past) -> str:
    return past.world.settings.shop.currency


def _probability(past: Past, now: Instant) -> tuple[dict[str, bytes], ModelCard]:
    asked = past.asked
    asks: predict.Asks = "is silent" if asked.foretells == "churn" else "buys"
    days = asked.horizon
    if asked.foretells == "churn" and asked.horizon_days is None:
        days = predict.fitting(days, past.days_known(now))
    also = _buyers(past, days, asks)
    model, card = predict.judge(
        past.features,
        past.outcomes,
        now=now,
        horizon_days=days,
        seed=asked.seed,
        name=asked.name,
        recency=asked.meaning.rule,
        algorithm=_forced(asked.algorithm, also),
        budget_seconds=asked.budget_seconds,
        also=also,
        fair=asked.fair.by if asked.fair else "",
    )
    return model.files(), card


def outside(past: Past, model: predict.Fitted, now: Instant) -> tuple[dict[str, bytes], ModelCard]:
    """Return the files and the card of a model from outside, judged by the definition as ours are.

    Raises:
        ModelError: too little is known to judge values so far ahead.
    """
    asked, algorithm = past.asked, predict.Outside(model)
    if asked.foretells == "value":
        known = past.days_known(now)
        days = predict.fitting(asked.horizon, known)
        if days != asked.horizon:
            what = f"what orders are worth in {asked.horizon} days cannot be judged on {known} days"
            mend = f"write `horizon_days: {days}` into it, and bring a model of {days} days"
            raise ModelError(what, where=f"models/{asked.name}.yaml", mend=mend)
        return _judged_value(past, days, now, algorithm)
    scorer, card = predict.judge(
        past.features,
        past.outcomes,
        now=now,
        horizon_days=asked.horizon,
        seed=asked.seed,
        name=asked.name,
        recency=asked.meaning.rule,
        algorithm=algorithm,
    )
    return scorer.files(), card


def _value(past: Past, now: Instant) -> tuple[dict[str, bytes], ModelCard]:
    """Return what a person's orders will be worth, judged on the longest windows that fit."""
    days = predict.fitting(past.asked.horizon, past.days_known(now))
    also = _buyers(past, days, "is worth")
    return _judged_value(past, days, now, _forced(past.asked.algorithm, also), also)


def _judged_value(
    past: Past,
    days: int,
    now: Instant,
    algorithm: str | predict.Algorithm,
    also: tuple[predict.Buyers, ...] = (),
) -> tuple[dict[str, bytes], ModelCard]:
    asked = past.asked
    model, card = predict.judge(
        past.features,
        past.values,
        now=now,
        horizon_days=days,
        seed=asked.seed,
        name=asked.name,
        recency=asked.meaning.rule,
        task="regression",
        algorithm=algorithm,
        budget_seconds=asked.budget_seconds,
        also=also,
    )
    on = "" if days == asked.horizon else f" Judged on {days} days, told for {asked.horizon}."
    card = msgspec.structs.replace(
        card,
        kind="value",
        why=f"{card.why}{on}",
        parameters=card.parameters | {"horizon_days": asked.horizon, "judged_days": days},
    )
    further = predict.ahead(past.features(now), days, asked.horizon)
    return model.files() | further.files(), card


def _buyers(past: Past, days: int, asks: predict.Asks) -> tuple[predict.Buyers, ...]:
    """Return how people buy as algorithms, where all are customers and their orders are foretold.

    Pareto/NBD costs ten times as much for much the same answers: it is tried where it is forced.
    """
    asked = past.asked
    if asked.foretells not in OF_BUYING or asked.fair:
        return ()  # how people buy is told by all of them alike: rows cannot be weighed
    if asked.algorithm == "pareto_nbd":
        return (predict.Buyers(days, asks, "pareto_nbd"),)
    if asks != "is worth":  # scaling ranks nobody otherwise
        return (predict.Buyers(days, asks),)
    return tuple(predict.Buyers(days, asks, scaled=scaled) for scaled in (False, True))


def _forced(name: str, also: tuple[predict.Buyers, ...]) -> str | predict.Algorithm:
    return also[0] if name in BY_BUYING else name


def _probabilities(
    past: Past, files: Mapping[str, bytes], card: ModelCard, now: Instant, *, reasons: bool
) -> pa.Table:
    model = _scorer(past, files, now)
    scored = model.score(past.features(now), reasons=reasons, currency=_currency(past))
    return _between(scored, *between(scored["probability"].to_numpy(), card))


def between(said: Floats, card: ModelCard) -> tuple[Floats, Floats]:
    """Return between which shares lies what happens to those of whom a model says as much."""
    tenths = card.reliability if card.serves else ()
    return predict.sure(said, tenths, card.people)


def _values(past: Past, files: Mapping[str, bytes], now: Instant, *, reasons: bool) -> pa.Table:
    further = predict.load_ahead(files)
    features = past.features(now)
    model = _scorer(past, files, now)
    scored = model.score(features, reasons=False)
    said = scored["value"].to_numpy()
    value, low, high = further.stretched(said, features)
    if reasons:
        scale, currency = _longer(said, value), _currency(past)
        told = predict.reasons(model, features, most=1, currency=currency, scale=scale)
        scored = scored.append_column("top_reason", told["words"])
    return _between(scored.set_column(1, "value", [value]), low, high)


def _dates(past: Past, files: Mapping[str, bytes], now: Instant) -> pa.Table:
    import pyarrow as pa

    scored = predict.load_next_order(files).score(past.features(now))
    columns = {
        name: (now + scored[days].to_numpy() * DAY) / SECOND
        for name, days in (("value", "days"), ("low", "low"), ("high", "high"))
    }
    return pa.table({"person": scored["person"], **columns, "top_reason": scored["top_reason"]})


def _between(scored: pa.Table, low: object, high: object) -> pa.Table:
    """Return person, value, low, high and what else there is."""
    import pyarrow as pa

    person, value, *rest = scored.column_names
    return pa.table(
        {
            "person": scored[person], "value": scored[value], "low": low, "high": high,
            **{name: scored[name] for name in rest},
        }
    )  # fmt: skip
