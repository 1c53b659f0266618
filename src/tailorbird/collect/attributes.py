"""What a product is like beside its fields, as the API says it: names by which rules ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tailorbird.collect import clean
from tailorbird.errors import RecordError
from tailorbird.privacy.vault import is_personal_property
from tailorbird.schema import Scalar

LONGEST: Final = 500
_ELSEWHERE: Final = {
    **{each: each for each in ("name", "category", "currency", "url", "image", "stock")},
    **dict.fromkeys(("price", "price_minor"), "price_minor"),
    **dict.fromkeys(("id", "item", "item_id", "product_id", "sku"), "item"),
    "image_url": "image",
}
"""Fields of a product by what they might be called: as attributes they would be read as those."""
_OF_ORDERS: Final = frozenset({"order_id", "products", "quantity", "revenue", "total", "value"})


def attributes_of(item: str, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return attributes under the names by which rules ask for them.

    Raises:
        RecordError: a name is a field's, tells of a person, or comes twice; or a text is too long.

    >>> attributes_of("P1", {"Brand Name": "own", "vegan": None})
    {'brand_name': 'own', 'vegan': None}
    """
    found: dict[str, Scalar] = {}
    for name, value in given.items():
        ours = clean.snake(name)
        if trouble := _trouble(ours, value, found):
            what, mend = trouble
            where = f"product {item!r}, attribute {name!r}"
            raise RecordError(what, code="bad_attribute", where=where, mend=mend)
        found[ours] = value
    return found


def _trouble(name: str, value: Scalar, others: Mapping[str, Scalar]) -> tuple[str, str] | None:
    """Return why this cannot be an attribute and how that is mended, None where it can."""
    if not name:
        return "its name has no letter", "name it by letters and digits"
    if name in _ELSEWHERE:
        return (
            "it is a field of the product",
            f"say it beside the attributes, as {_ELSEWHERE[name]}",
        )
    if name in _OF_ORDERS:
        return "it is read of orders", "give it another name"
    if is_personal_property(name):
        return "it says who a person is", "give it another name"
    if name in others:
        return f"{name!r} comes twice", "name it once"
    if isinstance(value, str) and len(value) > LONGEST:
        return f"it has {len(value):,} characters", f"keep it to {LONGEST}"
    return None
