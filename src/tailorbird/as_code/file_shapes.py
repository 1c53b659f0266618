"""How the texts of some kinds are laid out, for their JSON Schemas; their readers go by more."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from tailorbird.collect.mapping_schema import Type
from tailorbird.collect.plan import Action, Property
from tailorbird.content.images.layers import MOST_LAYERS, Box, Picture, Side, Strip, Words
from tailorbird.schema import Purpose
from tailorbird.segments.engagement import Level
from tailorbird.segments.groups_text import MOST_GROUPS, MOST_PARTS, MOST_STEPS
from tailorbird.segments.rfm import Rfm
from tailorbird.traits.imputing import Policy


def _of(reference: str) -> Meta:
    return Meta(extra_json_schema={"$ref": f"#/$defs/{reference}"})


SegmentCondition: TypeAlias = Annotated[Any, _of("condition")]
"""A condition as segments have it."""
SlotCondition: TypeAlias = Annotated[Any, _of("slot_condition")]
Word: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Texts: TypeAlias = str | list[str]
"""One text, or several."""
Operand: TypeAlias = str | int | float | bool
Operands: TypeAlias = Operand | list[Operand]
Tests: TypeAlias = "TestFile | list[TestFile]"
Local: TypeAlias = str | int | float | bool | dict[str, str | int | float | bool]
"""A value, or one by locale."""


class ListFile(msgspec.Struct, forbid_unknown_fields=True):
    """A list of people; who is on it, the log says."""

    name: Word
    description: str = ""
    offered: dict[str, Annotated[str, Meta(min_length=1, max_length=200)]] = {}
    """What people may call it who put themselves on it, by locale; none: it is not offered."""


class Chain(msgspec.Struct, forbid_unknown_fields=True):
    """What stands in where a value is missing."""

    segments: dict[str, Local] = {}
    """By segment; the first that holds the person counts."""
    default: Local | None = None
    end: Literal["skip", "hide"] | None = msgspec.field(name="else", default=None)
    """`skip`: she gets no mail; `hide`: the block is not shown."""


class AtMost(msgspec.Struct, forbid_unknown_fields=True):
    """One block is shown to one person so many times in so many days."""

    times: Annotated[int, Meta(ge=1, le=3650)]
    days: Annotated[int, Meta(ge=1, le=3650)]


class SlotRule(msgspec.Struct, forbid_unknown_fields=True):
    """One rule: whom it fits, and what it shows: a block, `nothing`, or further rules."""

    condition: SlotCondition = msgspec.field(name="if", default=None)
    otherwise: SlotCondition = msgspec.field(name="elif", default=None)
    last: str | list[SlotRule] | None = msgspec.field(name="else", default=None)
    show: str | list[SlotRule] = ""
    priority: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 0
    """The highest is tried first; of equals, in the order of the file."""
    at_most: AtMost | None = None


class SlotFile(msgspec.Struct, forbid_unknown_fields=True):
    """Which block is shown there to whom; where no rule fits, nothing is."""

    slot: Annotated[str, Meta(min_length=1)]
    rules: Annotated[list[SlotRule], Meta(min_length=1, max_length=100)]
    description: str = ""
    values: dict[str, Chain] = {}
    """What stands in for values of the blocks that are shown here."""


class GroupFile(msgspec.Struct, forbid_unknown_fields=True):
    """One group: everybody is in the first that fits."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    where: SegmentCondition
    description: str = ""


class StepFile(msgspec.Struct, forbid_unknown_fields=True):
    """Points for whom a condition holds."""

    points: int
    where: SegmentCondition


class PartFile(msgspec.Struct, forbid_unknown_fields=True):
    """A part of engagement: of its steps that hold, the one with most points counts."""

    part: str
    steps: Annotated[list[StepFile], Meta(min_length=1, max_length=MOST_STEPS)]


class GroupsFile(msgspec.Struct, forbid_unknown_fields=True):
    """An ordered list of groups: plain, by RFM, or by points of engagement."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    description: str = ""
    groups: Annotated[list[GroupFile], Meta(max_length=MOST_GROUPS)] = []
    rfm: Rfm | None = None
    engagement: Annotated[list[PartFile], Meta(max_length=MOST_PARTS)] = []
    levels: list[Level] = []
    rest: str = ""
    """What the group of everybody else is called."""
    recalculate: str = ""
    """How often it is kept who was in which: daily, weekly, monthly, yearly, or such as 30d."""


class ImputationFile(msgspec.Struct, forbid_unknown_fields=True):
    """What stands in for traits that are missing, for models and templates."""

    imputation: str
    traits: dict[str, Policy]
    at_least: int = 30
    """Fewer people who have the trait give no statistic."""


class EventFile(msgspec.Struct, forbid_unknown_fields=True):
    """What one event is expected to say."""

    properties: dict[str, Property] = {}
    on_violation: Action = "flag"
    unknown_properties: Literal["allow", "violation"] = "allow"
    about: str = ""


class TrackingPlanFile(msgspec.Struct, forbid_unknown_fields=True):
    """Which events are expected, and what becomes of the others."""

    tracking_plan: str
    events: dict[str, EventFile] = {}
    unknown_events: Literal["allow", "flag", "quarantine"] = "allow"
    about: str = ""


class ImageFile(msgspec.Struct, forbid_unknown_fields=True):
    """A picture that is drawn for whoever opens the mail, layer upon layer."""

    image: Word
    size: tuple[Side, Side]
    layers: Annotated[
        list[Annotated[Any, Meta(extra_json_schema={"$ref": "#/$defs/layer"})]],
        Meta(min_length=1, max_length=MOST_LAYERS),
    ]
    description: str = ""
    background: str = "#ffffff"
    countdown: str = ""
    """An instant in ISO 8601; without a zone it is the shop's."""
    fresh_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 60
    """How long a reader may keep it before she asks again."""


LAYERS: Final = (Words, Box, Picture, Strip)


class ColumnFile(msgspec.Struct, forbid_unknown_fields=True):
    """A column of a file under our name."""

    spellings: Texts = msgspec.field(name="from", default_factory=list)
    """How files spell it; case, spaces and punctuation do not matter."""
    type: Type = "text"
    optional: bool = False
    """The file may lack the column."""
    required: bool = False
    """A row without a value is refused."""
    case: Literal["upper", "as_is"] = "as_is"
    formats: Texts = []
    """Of a time: as in Python's strptime; the one that fits every cell is taken."""
    zone: str = "UTC"
    decimal: Literal[",", "."] = "."


class TestFile(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One test of a column."""

    column: str
    equals: Operands | None = None
    one_of: Operands | None = None
    starts_with: Operands | None = None
    matches: str | None = None
    above: Operands | None = None
    below: Operands | None = None
    present: bool | None = None


class RuleFile(msgspec.Struct, forbid_unknown_fields=True):
    """Rows that are refused, and why."""

    when: Tests
    reason: str
    unless: Tests = []
    mend: str = ""


class LayoutFile(msgspec.Struct, forbid_unknown_fields=True):
    """How a file is laid out, where it does not show it itself."""

    delimiter: str = ""
    encoding: str = ""
    skip: Annotated[int, Meta(ge=0, le=1000)] = 0
    names: Texts = []
    quotes: bool = True
    each: str = ""


class CurrencyFile(msgspec.Struct, forbid_unknown_fields=True):
    """The column that says the currency, and the one of rows that say none."""

    column: str = ""
    otherwise: Annotated[str, Meta(pattern="^([A-Z]{3})?$")] = ""


class OrdersFile(msgspec.Struct, forbid_unknown_fields=True):
    """How rows become orders."""

    id: str
    time: str
    product: str = ""
    quantity: str = ""
    price: str = ""
    total: str = ""
    products_only: Tests = []
    returns: Tests = []
    refunded: Tests = []
    once: bool = False


class CustomersFile(msgspec.Struct, forbid_unknown_fields=True):
    """How rows become people, their traits and what they allow."""

    id: Texts
    time: str = ""
    traits: dict[str, str] = {}
    consent: dict[Purpose, str] = {}
    wording_version: str = ""
    prefix: str = ""
    withdrawn: dict[Purpose, str] = {}


class CategoryFile(msgspec.Struct, forbid_unknown_fields=True):
    """A category by words in another column."""

    column: str
    keywords: dict[str, Texts] = {}
    otherwise: str = ""


class ProductsFile(msgspec.Struct, forbid_unknown_fields=True):
    """How rows become products."""

    id: str
    name: Texts = []
    price: str = ""
    time: str = ""
    url: str = ""
    image_url: str = ""
    stock: str = ""
    places: Texts = []
    only: Tests = []
    category: str | CategoryFile = ""


class EventsFile(msgspec.Struct, forbid_unknown_fields=True):
    """How rows become events of one name, or of the name in a column."""

    time: str
    name: str = ""
    name_column: str = ""
    properties: dict[str, str] = {}


class MappingFile(msgspec.Struct, forbid_unknown_fields=True):
    """How the columns of a file become orders, people, products and events."""

    mapping: str
    columns: dict[str, ColumnFile]
    about: str = ""
    file: LayoutFile | None = None
    currency: str | CurrencyFile = ""
    missing: Texts = []
    """Words that stand for an empty cell."""
    duplicates: Literal["refuse", "keep"] = "refuse"
    refuse: RuleFile | list[RuleFile] = []
    orders: OrdersFile | None = None
    customers: CustomersFile | None = None
    products: ProductsFile | None = None
    events: EventsFile | None = None
