"""What the events of columns say about products and money: `commerce`, thousands at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tailorbird import money
from tailorbird.collect.columns_said import Said
from tailorbird.collect.commerce import (
    IDS,
    ORDERS,
    QUANTITY_LIMIT,
    TOTALS,
    code_of,
    of_product,
    words,
)
from tailorbird.collect.conversion import MILLION
from tailorbird.collect.fields import Refusal, reference
from tailorbird.schema import Names

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

NEARLY: Final = money.LARGEST * 0.999
"""Above it a product is read exactly: floats may round."""


@dataclass(slots=True)
class Orders:
    """What `commerce.order_of` says of every event. What is absent is null, or 0 for numbers."""

    single: Mask
    """Which events are about one product."""
    item: pa.Array
    category: pa.Array
    order_id: pa.Array
    currency: pa.Array
    quantity: Numbers
    price_minor: Numbers
    value_minor: Numbers
    gone: dict[str, Mask] = field(default_factory=dict)
    """property -> where it is told by what is here."""


def orders_of(
    names: Sequence[str], codes: Numbers, said: dict[str, Said], shop: str, odd: Mask
) -> Orders:
    """Return what the events say, marking as `odd` those that only `commerce` can judge.

    `names` are ours, `codes` say which of them each event has; `shop` is the shop's currency.
    """
    return _Order(names, codes, said, shop, odd).told()


class _Order:
    """Reads one body."""

    def __init__(
        self, names: Sequence[str], codes: Numbers, said: dict[str, Said], shop: str, odd: Mask
    ) -> None:
        import numpy as np

        self._said = said
        self._odd = odd
        self._rows = len(codes)
        self._about = np.array([of_product(name) for name in names], np.bool_)[codes]
        self._order = np.array([name in ORDERS for name in names], np.bool_)[codes]
        self._back = np.array([name == Names.RETURN for name in names], np.bool_)[codes]
        self._bought = np.array([name == Names.PURCHASE for name in names], np.bool_)[codes]
        self._currencies, self._currency = self._paid_in(shop)
        places = [money.exponent(currency) for currency in self._currencies]
        self._scale = 10 ** np.array(places, np.int64)[self._currency]

    def told(self) -> Orders:
        """Return what the events say."""
        import numpy as np
        import pyarrow as pa

        single, item = self._items()
        quantity = np.where(single, self._quantity(single), 0)
        price = np.where(single, self._price(single), 0)
        summed = self._product(quantity, price)
        value, gone = self._value(single)
        named = np.zeros(self._rows, np.bool_)
        for taken in gone.values():
            named |= taken
        value = np.where(named, value, summed)
        self._odd |= self._bought & (value < 0)
        priced = single | named
        return Orders(
            single=single,
            item=item,
            category=self._category(single),
            order_id=self._mapped("order_id", _reference, np.ones(self._rows, np.bool_)),
            currency=pa.DictionaryArray.from_arrays(
                pa.array(self._currency, mask=~priced), pa.array(self._currencies)
            ),
            quantity=quantity,
            price_minor=price,
            value_minor=np.where(self._back, np.abs(value), value),
            gone=gone
            | dict.fromkeys(("product_id", "category", "quantity"), single)
            | dict.fromkeys(("order_id", "currency"), np.ones(self._rows, np.bool_)),
        )

    # -- currency and amounts -------------------------------------------------------------------

    def _paid_in(self, shop: str) -> tuple[list[str], Numbers]:
        import numpy as np

        codes = np.zeros(self._rows, np.int64)
        said = self._said.get("currency")
        if said is None:
            return [shop], codes
        if said.words is None or said.codes is None:
            self._odd |= said.there
            return [shop], codes
        found = [
            _or_none(lambda word: code_of(word, shop), word) if word else shop
            for word in said.words.to_pylist()
        ]
        wrong = np.array([code is None for code in found], np.bool_)
        self._odd |= said.there & wrong[said.codes]
        return [shop, *(code or shop for code in found)], np.where(said.there, said.codes + 1, 0)

    def _amounts(self, said: Said, where: Mask) -> Numbers:
        """Return a property in minor units, marking what is no plain number."""
        import numpy as np

        where = where & said.there
        if said.kind not in ("integer", "decimal") or said.numbers is None:
            self._odd |= where
            return np.zeros(self._rows, np.int64)
        if said.kind == "integer":
            large = where & (np.abs(said.numbers) > money.LARGEST // self._scale)
            self._odd |= large
            return np.where(large, 0, said.numbers) * self._scale
        unit = MILLION // self._scale
        halves_up = (np.abs(said.numbers) + unit // 2) // unit
        return np.where(said.numbers < 0, -halves_up, halves_up)

    def _product(self, quantity: Numbers, price: Numbers) -> Numbers:
        import numpy as np

        far = np.abs(quantity.astype(np.float64) * price) > NEARLY
        self._odd |= far
        return np.where(far, 0, quantity) * price

    def _value(self, single: Mask) -> tuple[Numbers, dict[str, Mask]]:
        """Return the value that events name, and by which property. A total outranks a revenue."""
        import numpy as np

        value = np.zeros(self._rows, np.int64)
        open_, gone = np.ones(self._rows, np.bool_), {}
        for key in TOTALS:
            said = self._said.get(key)
            if said is None:
                continue
            where = open_ & said.there
            if said.kind not in ("integer", "decimal"):
                # Outside orders it may be anything, and stays a property.
                self._odd |= where & (single | self._order)
                continue
            value = np.where(where, self._amounts(said, where), value)
            gone[key] = where
            open_ = open_ & ~where
        return value, gone

    # -- the product ----------------------------------------------------------------------------

    def _items(self) -> tuple[Mask, pa.Array]:
        """Return which events name a product, and which."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        single = np.zeros(self._rows, np.bool_)
        item = None
        for key in IDS:
            said = self._said.get(key)
            if said is None:
                continue
            where = said.there & ~single & (self._about if key != IDS[0] else True)
            if not where.any():
                continue
            single |= where
            ids = self._mapped(key, _reference, where)
            self._odd |= where & ids.is_null().to_numpy(zero_copy_only=False)
            item = (
                ids if item is None else pc.coalesce(item.cast(pa.string()), ids.cast(pa.string()))
            )
        return single, pa.nulls(self._rows, pa.string()) if item is None else item

    def _quantity(self, single: Mask) -> Numbers:
        import numpy as np

        said = self._said.get("quantity")
        if said is None:
            return np.ones(self._rows, np.int64)
        where = single & said.there
        if said.kind not in ("integer", "decimal") or said.numbers is None:
            self._odd |= where
            return np.ones(self._rows, np.int64)
        pieces = said.numbers
        if said.kind == "decimal":
            self._odd |= where & (pieces % MILLION != 0)
            pieces = pieces // MILLION
        self._odd |= where & (np.abs(pieces) > QUANTITY_LIMIT)
        self._odd |= where & (pieces < 0) & ~self._back
        return np.where(where, np.abs(pieces), 1)

    def _price(self, single: Mask) -> Numbers:
        import numpy as np

        said = self._said.get("price")
        if said is None:
            return np.zeros(self._rows, np.int64)
        return np.where(said.there, self._amounts(said, single), 0)

    def _category(self, single: Mask) -> pa.Array:
        import pyarrow as pa

        said = self._said.get("category")
        if said is not None and said.kind == "time":
            self._odd |= single & said.there  # written out, an instant is a word like others
        if said is None or said.words is None:
            return pa.nulls(self._rows, pa.string())
        return self._mapped("category", _category, single)

    # -- words ----------------------------------------------------------------------------------

    def _mapped(self, key: str, read: Callable[[str], str], where: Mask) -> pa.Array:
        """Return what `read` makes of each distinct word, null for '' and elsewhere."""
        import numpy as np
        import pyarrow as pa

        said = self._said.get(key)
        if said is None:
            return pa.nulls(self._rows, pa.string())
        where = where & said.there
        if said.words is None or said.codes is None:
            return self._numbered(said, where)
        found = [_or_none(read, word) for word in said.words.to_pylist()]
        wrong = np.array([word is None for word in found], np.bool_)
        self._odd |= where & wrong[said.codes]
        empty = np.array([not word for word in found], np.bool_)
        codes = pa.array(said.codes, mask=~where | empty[said.codes])
        return pa.DictionaryArray.from_arrays(codes, pa.array([word or "" for word in found]))

    def _numbered(self, said: Said, where: Mask) -> pa.Array:
        """Return ids that are numbers as text."""
        import pyarrow as pa

        numbers = said.numbers
        if said.kind not in ("integer", "decimal") or numbers is None:
            self._odd |= where
            return pa.nulls(self._rows, pa.string())
        if said.kind == "decimal":
            self._odd |= where & (numbers % MILLION != 0)
            numbers = numbers // MILLION
        return pa.array(numbers, mask=~where).cast(pa.string())


def _reference(word: str) -> str:
    return reference(word, "an id")


def _category(word: str) -> str:
    return words(word, "a product's category")


def _or_none(read: Callable[[str], str], word: str) -> str | None:
    try:
        return read(word)
    except Refusal:
        return None
