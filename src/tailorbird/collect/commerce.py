"""What an event says about products and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from tailorbird import money
from tailorbird.collect import clean
from tailorbird.collect.fields import IDENTIFIER_LIMIT, Refusal, reference, text
from tailorbird.schema import Line, Names, Scalar

LINE_LIMIT: Final = 10_000
QUANTITY_LIMIT: Final = 10**9
AMOUNT_LIMIT: Final = 40
"""Characters of an amount that comes as text."""

ORDERS: Final = frozenset({Names.PURCHASE, Names.RETURN})
TOTALS: Final = ("total", "revenue", "value")
IDS: Final = ("product_id", "productId", "sku", "id", "item_id")


_ONLY_PRODUCT_ID: Final = IDS[:1]
_NUMBERS: Final = (int, float, str)


class Order(msgspec.Struct, frozen=True, gc=False):
    """An event's products and its value; empty where it has none."""

    order_id: str = ""
    item: str = ""
    category: str = ""
    quantity: int = 0
    value_minor: int = 0
    currency: str = ""
    lines: tuple[Line, ...] = ()


def order_of(
    name: str, products: object, properties: dict[str, Scalar], shop_currency: str
) -> Order:
    """Return what an event says about products and money, taking it out of `properties`."""
    currency = _currency(properties.pop("currency", None), shop_currency) or shop_currency
    back = name == Names.RETURN
    lines = _lines(products, currency, back=back)
    single = None if lines else _single(name, properties, currency, back=back)
    if single:
        lines = (single,)
        for taken in ("product_id", "category", "quantity"):
            properties.pop(taken, None)
    value = _said(properties, currency, strict=bool(lines) or name in ORDERS)
    return Order(
        order_id=reference(properties.pop("order_id", None), "order_id"),
        item=single.item if single else "",
        category=single.category if single else "",
        quantity=sum([line.quantity for line in lines]),
        value_minor=_worth(name, value, lines),
        currency=currency if lines or value is not None else "",
        lines=lines,
    )


def _currency(value: Scalar, home: str) -> str:
    if value is None or value == "":
        return ""
    return code_of(value if isinstance(value, str) else "", home)


@lru_cache(maxsize=1024)
def code_of(value: str, home: str = "") -> str:
    """Return the code of a currency however it is written; `home` is the shop's own.

    Raises:
        Refusal: it is none, or a sign of several.
    """
    found = clean.currency(value, home) if len(value) <= AMOUNT_LIMIT else None
    if found is None:
        raise Refusal("bad_currency", "currency is no ISO 4217 code", "send EUR, GBP, USD ...")
    return found


def _lines(products: object, currency: str, *, back: bool) -> tuple[Line, ...]:
    if products is None:
        return ()
    if not isinstance(products, list) or len(products) > LINE_LIMIT:
        reason = f"products is no list of at most {LINE_LIMIT:,} objects"
        raise Refusal("bad_products", reason, "send a list of objects with product_id and price")
    return tuple(_line(product, currency, back=back) for product in products)


def _line(product: object, currency: str, *, back: bool) -> Line:
    if not isinstance(product, dict):
        raise Refusal("bad_products", "a product is no JSON object", "send {product_id, price ...}")
    return _line_of(_id_in(product, IDS), product, currency, back=back)


def _id_in(product: Mapping[str, Any], names: Sequence[str]) -> object:
    for name in names:
        found = product.get(name)
        if found is not None and found != "":
            return found
    return None


def _line_of(found: object, product: Mapping[str, Any], currency: str, *, back: bool) -> Line:
    item = reference(found, "product_id")
    if not item:
        raise Refusal("bad_products", "a product has no product_id", "send product_id or sku")
    quantity = _quantity(product.get("quantity"))
    if quantity < 0 and not back:
        raise Refusal("bad_quantity", "a quantity is negative", "send what came back as a return")
    price = _amount(product.get("price"), "a product's price", currency)
    if abs(quantity * price) > money.LARGEST:
        raise Refusal("bad_amount", "a product's price is larger than any", "send major units")
    name, category = product.get("name"), product.get("category")
    return Line(
        item,
        words(name, "a product's name") if isinstance(name, str) else "",
        words(category, "a product's category") if isinstance(category, str) else "",
        abs(quantity),
        price,
    )


def _single(
    name: str, properties: Mapping[str, Scalar], currency: str, *, back: bool
) -> Line | None:
    """Return the one product that a product event is about."""
    found = _id_in(properties, IDS if of_product(name) else _ONLY_PRODUCT_ID)
    return None if found is None else _line_of(found, properties, currency, back=back)


def of_product(name: str) -> bool:
    """Return whether an event of this name is about a product, so that any `id` is its."""
    return "product" in name or name in ORDERS or name == Names.ADD_TO_CART


@lru_cache(maxsize=16_384)
def words(value: str, what: str) -> str:
    """Return a product's name or category, cleaned."""
    return clean.name(text(value, what, IDENTIFIER_LIMIT * 4))


def _quantity(value: object) -> int:
    if value is None:
        return 1
    if type(value) is int and -QUANTITY_LIMIT <= value <= QUANTITY_LIMIT:
        return value
    try:
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            raise TypeError
        if isinstance(value, str) and len(value) > AMOUNT_LIMIT:
            raise ValueError
        number = float(value)
        if not number.is_integer() or abs(number) > QUANTITY_LIMIT:
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        mend = "send a whole number of pieces"
        raise Refusal("bad_quantity", "a quantity is no whole number", mend) from None
    return int(number)


def _amount(value: object, what: str, currency: str) -> int:
    if value is None or value == "":
        return 0
    try:
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            raise TypeError
        if isinstance(value, str) and len(value) > AMOUNT_LIMIT:
            raise ValueError
        return money.minor(value, currency)
    except (ValueError, TypeError):
        mend = "send a plain number such as 17.99"
        raise Refusal("bad_amount", f"{what} is no amount", mend) from None


def _said(properties: dict[str, Scalar], currency: str, *, strict: bool) -> int | None:
    """Return the value that the event names. A total outranks a revenue."""
    for key in TOTALS:
        said = properties.get(key)
        if said is None or said == "" or (not strict and isinstance(said, (str, bool))):
            # Outside orders, "value" may be anything: it stays a property.
            continue
        value = _amount(said, key, currency)
        del properties[key]
        return value
    return None


def _worth(name: str, said: int | None, lines: tuple[Line, ...]) -> int:
    value = sum([line.quantity * line.price_minor for line in lines]) if said is None else said
    if abs(value) > money.LARGEST:
        raise Refusal("bad_amount", "the value is larger than any order", "send major units")
    if name == Names.PURCHASE and value < 0:
        mend = "send what came back as a return, with a positive value"
        raise Refusal("negative_value", "a purchase has a negative value", mend)
    return abs(value) if name == Names.RETURN else value
