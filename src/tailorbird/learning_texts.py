"""Models as authors write them: how far each looks ahead, and by what it tells people apart.

name: repeat_purchase
horizon_days: 60
features: [orders, recency_days, revenue_minor, engagement]
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.traits.registry import TRAITS

RECOMMENDER: Final = "recommender"
PROPENSITY: Final = "repeat_purchase"
MODELS: Final = (RECOMMENDER, PROPENSITY)
MOST_FEATURES: Final = 40
ALWAYS_READ: Final = ("orders", "recency_days")
"""Traits without which nobody knows who is a customer, and what the naive rule says."""
FEATURES: Final = (
    "orders", "orders_365d", "recency_days", "tenure_days", "revenue_minor",
    "average_order_minor", "returns", "engagement", "country",
)  # fmt: skip


class WantedModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author wants of one of the models, from the next training on."""

    name: str
    """`repeat_purchase` or `recommender`."""
    description: str = ""
    horizon_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    """How far ahead it foretells, and on how many days it is judged."""
    features: tuple[str, ...] = FEATURES
    """Traits of which `repeat_purchase` learns, beside `orders` and `recency_days`."""
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 7
    """Of what is drawn: the same seed trains the same model of the same facts."""

    def read(self) -> tuple[str, ...]:
        """Return the traits that are read, each once."""
        return tuple(dict.fromkeys([*self.features, *ALWAYS_READ]))


def parse_model(text: str, file: str) -> WantedModel:
    """Return what a YAML text wants of a model.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    document = yaml_text.read(text, file)
    found = yaml_text.convert(document, WantedModel)
    if found.name not in MODELS:
        mend = yaml_text.nearest(found.name, list(MODELS))
        raise DefinitionError(
            f"no model {found.name!r}", where=document.where(("name",)), mend=mend
        )
    if found.features != FEATURES and found.name != PROPENSITY:
        mend = f"only {PROPENSITY} has features"
        where = document.where(("features",))
        raise DefinitionError("this model learns of what people do", where=where, mend=mend)
    for number, each in enumerate(found.features):
        if each not in TRAITS or TRAITS[each].type == "instant":
            mend = yaml_text.nearest(each, [n for n, t in TRAITS.items() if t.type != "instant"])
            where = document.where(("features", number))
            raise DefinitionError(f"{each!r} is no computed trait", where=where, mend=mend)
    if not 0 < len(found.features) <= MOST_FEATURES:
        where = document.where(("features",))
        mend = f"name 1 to {MOST_FEATURES} of them"
        raise DefinitionError("too few or too many features", where=where, mend=mend)
    return found
