"""Traits that nobody may give herself: what a public source says of them is held back."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from tailorbird.collect.fields import Refusal
from tailorbird.schema import Scalar
from tailorbird.settings import Collect
from tailorbird.traits.registry import TRAITS

CODE: Final = "protected_trait"
COMPUTED: Final = frozenset(
    name for name, each in TRAITS.items() if not each.needs[0].startswith("trait:")
)
"""What we count ourselves: a word of the same name would only confuse."""
WRITTEN: Final = ("tier_", "cluster_")
"""What a recalculation keeps of people begins so."""
DECLARED: Final = frozenset(Collect().protected_traits)
"""Names that are protected unless the settings say others."""


def kept(
    traits: dict[str, Scalar], names: frozenset[str]
) -> tuple[dict[str, Scalar], tuple[str, ...]]:
    """Return the traits that a public source may say, and the names of the others."""
    barred = tuple(name for name in traits if protected(name, names))
    if not barred:
        return traits, ()
    return {name: value for name, value in traits.items() if name not in barred}, barred


@lru_cache(maxsize=16_384)
def protected(name: str, names: frozenset[str]) -> bool:
    """Return whether a trait is one of these, or begins with one: `vip`, `vip_since`.

    >>> names = frozenset({"credit"})
    >>> protected("credit_limit", names), protected("credits", names)
    (True, False)
    """
    if name in COMPUTED or name in names or name.startswith(WRITTEN):
        return True
    parts = name.split("_")
    return any("_".join(parts[:length]) in names for length in range(1, len(parts)))


def refusal(barred: Iterable[str]) -> Refusal:
    """Return why these traits were held back; the rest of the record was taken."""
    listed = ", ".join(sorted(barred))
    return Refusal(
        CODE,
        f"a public source may not set some of its traits: {listed}",
        "send them from your server with a secret key; the rest of the record was taken",
    )
