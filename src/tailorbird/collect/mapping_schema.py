"""What a mapping says: the nouns of the mapping language, each checked by its parser."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from tailorbird.schema import Purpose

Type: TypeAlias = Literal["text", "id", "integer", "decimal", "time", "date", "boolean"]
Operator: TypeAlias = Literal[
    "above", "below", "equals", "matches", "one_of", "present", "starts_with"
]
TYPES: Final = get_args(Type)
OPERATORS: Final = get_args(Operator)


class Layout(msgspec.Struct, frozen=True):
    """How a file is written, where it does not show it by itself."""

    delimiter: str = ""
    """What stands between cells; '' to find it out."""
    encoding: str = ""
    """A codec of Python; '' to find it out."""
    skip: int = 0
    """Lines before the header, or before the first row where there is no header."""
    names: tuple[str, ...] = ()
    """The columns of a file without a header."""
    quotes: bool = True
    """Whether a cell may stand between quotes, with delimiters and line ends in it."""
    each: str = ""
    """In JSON, the path of the list whose elements are rows."""


class Column(msgspec.Struct, frozen=True):
    """One column under our name, how the file may spell it, and how its cells are read."""

    name: str
    spellings: tuple[str, ...]
    type: Type
    where: str
    """`file:line` of its definition."""
    optional: bool = False
    """The file may lack it."""
    required: bool = False
    """A row without it is refused."""
    upper: bool = False
    formats: tuple[str, ...] = ()
    zone: str = "UTC"
    decimal_comma: bool = False
    names_people: bool = False
    """Ids that stand for nobody ("0", "guest") count as empty."""


class Condition(msgspec.Struct, frozen=True):
    """One test of a row's column. A row without a value passes none but `present: false`."""

    column: str
    operator: Operator
    values: tuple[str | Decimal | bool, ...]


Conditions: TypeAlias = tuple[Condition, ...]
"""All must hold."""


class Rule(msgspec.Struct, frozen=True):
    """Which rows are refused, and why."""

    when: Conditions
    unless: Conditions
    reason: str
    mend: str


class Currency(msgspec.Struct, frozen=True):
    """Where an amount's currency comes from; both empty means the shop's."""

    column: str = ""
    otherwise: str = ""


class Orders(msgspec.Struct, frozen=True):
    """Rows with the same id and person are one order; each row is a line of it."""

    id: str
    time: str
    product: str = ""
    products_only: Conditions = ()
    """Lines that do not pass count in the order's value and are no product."""
    quantity: str = ""
    price: str = ""
    total: str = ""
    returns: Conditions = ()
    """Rows that are returns of their own, with positive or negative quantities."""
    refunded: Conditions = ()
    """Rows that were bought and given back: each is part of a purchase and of a return."""
    once: bool = False
    """An order is known by its id alone: what is changed in it later does not count again."""


class Customers(msgspec.Struct, frozen=True):
    """Who a row is about: the first of the `id` columns that is filled."""

    id: tuple[str, ...]
    time: str = ""
    traits: dict[str, str] = {}
    """trait -> column."""
    consents: dict[Purpose, str] = {}
    """purpose -> boolean column."""
    wording_version: str = ""
    prefix: str = ""
    """Stands before every id, so that the 17 of one system is not the 17 of another."""
    withdrawn: dict[Purpose, str] = {}
    """purpose -> boolean column that takes consent back when true, and says nothing when false."""


class Category(msgspec.Struct, frozen=True):
    """A category taken from a column, or derived from the words of one."""

    column: str
    keywords: dict[str, tuple[str, ...]] = {}
    otherwise: str = ""


class Products(msgspec.Struct, frozen=True):
    """Catalogue entries: name by majority, price and the rest by the latest row."""

    id: str
    only: Conditions = ()
    name: str = ""
    price: str = ""
    time: str = ""
    url: str = ""
    image_url: str = ""
    stock: str = ""
    places: tuple[str, ...] = ()
    """The columns that name where the stock lies: what lies in several places is added up."""
    category: Category | None = None


class Events(msgspec.Struct, frozen=True):
    """Every row is one event, named by a column or always the same."""

    time: str
    name: str = ""
    name_column: str = ""
    properties: dict[str, str] = {}
    """property -> column."""


class Mapping(msgspec.Struct, frozen=True):
    """A whole mapping, checked."""

    name: str
    about: str
    text: str
    columns: tuple[Column, ...]
    layout: Layout = Layout()
    currency: Currency = Currency()
    missing: tuple[str, ...] = ()
    """Words that stand for an empty cell."""
    keep_duplicates: bool = False
    refuse: tuple[Rule, ...] = ()
    orders: Orders | None = None
    customers: Customers | None = None
    products: Products | None = None
    events: Events | None = None

    def column(self, name: str) -> Column:
        """Return the column with this name of ours."""
        return next(column for column in self.columns if column.name == name)
