"""The mapping language: how the columns of a file become orders, people, products and events.

A mapping is YAML. `mappings/generic_orders.yaml` is an example with every line explained.
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tailorbird.collect.located import Located, document
from tailorbird.collect.mapping_layout import layout
from tailorbird.collect.mapping_schema import (
    OPERATORS,
    TYPES,
    Category,
    Column,
    Condition,
    Conditions,
    Currency,
    Customers,
    Events,
    Layout,
    Mapping,
    Operator,
    Orders,
    Products,
    Rule,
    Type,
)
from tailorbird.errors import DefinitionError
from tailorbird.schema import PURPOSES, Purpose

_SECTIONS: Final = ("orders", "customers", "products", "events")
_TOP: Final = (
    "mapping", "about", "file", "columns", "currency", "missing", "duplicates", "refuse",
    *_SECTIONS,
)  # fmt: skip
_COLUMN: Final = ("from", "type", "optional", "required", "case", "formats", "zone", "decimal")
_ORDER_TYPES: Final[dict[str, Type]] = {
    "time": "time", "quantity": "integer", "price": "decimal", "total": "decimal",
}  # fmt: skip
_PRODUCT_TYPES: Final[dict[str, Type]] = {"price": "decimal", "time": "time", "stock": "integer"}
_TEXTS: Final = ("id", "product", "name", "url", "image_url", "name_column")
_NUMBERS: Final = frozenset({"integer", "decimal"})


def parse(text: str, file: str) -> Mapping:
    """Return a mapping from its YAML.

    Raises:
        DefinitionError: as `file:line: what; mend`.
    """
    return _Parser(file).mapping(text)


def load(path: Path) -> Mapping:
    """Return the mapping in a file.

    Raises:
        DefinitionError: it cannot be read or does not parse.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        mend = f"give a YAML file, or one of ours: {', '.join(sorted(shipped()))}"
        raise DefinitionError(f"cannot be read: {error}", where=str(path), mend=mend) from None


@lru_cache(maxsize=1)
def shipped() -> dict[str, Mapping]:
    """Return the mappings that come with Tailorbird, by name."""
    folder = importlib.resources.files("tailorbird.collect") / "mappings"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    found = [parse(f.read_text("utf-8"), f.name) for f in files if f.name.endswith(".yaml")]
    return {mapping.name: mapping for mapping in found}


def find_mapping(columns: Sequence[str]) -> str | None:
    """Return the name of the shipped mapping that fits a file's columns best, if one does."""
    fits = {
        name: len(found)
        for name, mapping in shipped().items()
        if (found := located_columns(mapping, columns)) is not None
    }
    return max(fits, key=lambda name: fits[name], default=None)


def located_columns(mapping: Mapping, columns: Sequence[str]) -> dict[str, int] | None:
    """Return where the file has each of the mapping's columns, None when it lacks one."""
    by_spelling = {folded(column): index for index, column in reversed([*enumerate(columns)])}
    found: dict[str, int] = {}
    for column in mapping.columns:
        places = [by_spelling[s] for s in map(folded, column.spellings) if s in by_spelling]
        if places:
            found[column.name] = places[0]
        elif not column.optional:
            return None
    return found


def missing_column(mapping: Mapping, columns: Sequence[str]) -> DefinitionError:
    """Return the complaint about the first column that the file lacks."""
    by_spelling = {folded(column) for column in columns}
    column = next(
        column
        for column in mapping.columns
        if not column.optional and by_spelling.isdisjoint(map(folded, column.spellings))
    )
    return DefinitionError(
        f"the file has no column {' or '.join(column.spellings)}",
        where=column.where,
        mend=f"it has {', '.join(columns)}; add the right one to `from`, or say optional: true",
    )


def folded(spelling: str) -> str:
    """Return a column's spelling without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", spelling).casefold()


class _Parser:
    """Turns YAML into a `Mapping`, complaining about the first thing that is wrong."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._columns: dict[str, Column] = {}

    def mapping(self, text: str) -> Mapping:
        root = document(text, self._file)
        fields = root.fields("a mapping", _TOP)
        for key in ("mapping", "columns"):
            if key not in fields:
                root.complain(f"a mapping needs {key!r}", f"add `{key}:`")
        if not any(section in fields for section in _SECTIONS):
            root.complain("it makes nothing", f"add one of {', '.join(_SECTIONS)}")
        for title, body in fields["columns"].pairs("columns"):
            name = title.text("a column's name")
            self._columns[name] = self._column(name, body)
        made = {
            name: getattr(self, f"_{name}")(fields[name]) for name in _SECTIONS if name in fields
        }
        return Mapping(
            name=fields["mapping"].text("mapping"),
            about=self._text(fields, "about"),
            text=text,
            columns=tuple(self._columns.values()),
            layout=layout(fields["file"]) if "file" in fields else Layout(),
            currency=self._currency(fields["currency"]) if "currency" in fields else Currency(),
            missing=self._texts(fields.get("missing"), "missing"),
            keep_duplicates=self._keeps(fields.get("duplicates")),
            refuse=tuple(map(self._rule, fields["refuse"].entries())) if "refuse" in fields else (),
            **made,
        )

    def _column(self, name: str, node: Located) -> Column:
        fields = node.fields(f"column {name}", _COLUMN)
        kind = fields["type"].one_of("a type", TYPES) if "type" in fields else "text"
        formats = self._texts(fields.get("formats"), "formats")
        if formats and kind not in ("time", "date"):
            fields["formats"].complain("only a time has formats", "say type: time or date")
        return Column(
            name=name,
            spellings=self._texts(fields.get("from"), "from") or (name,),
            type=cast(Type, kind),
            where=node.where,
            optional="optional" in fields and fields["optional"].boolean("optional"),
            required="required" in fields and fields["required"].boolean("required"),
            upper="case" in fields and fields["case"].one_of("case", ("upper", "as_is")) == "upper",
            formats=formats,
            zone=self._zone(fields.get("zone")),
            decimal_comma=fields["decimal"].one_of("decimal", (",", ".")) == ","
            if "decimal" in fields
            else False,
        )

    def _zone(self, node: Located | None) -> str:
        if node is None:
            return "UTC"
        name = node.text("zone")
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            node.complain(f"there is no zone {name!r}", "write UTC or Region/City")

    def _currency(self, node: Located) -> Currency:
        if not node.is_mapping():
            return Currency(otherwise=self._code(node))
        fields = node.fields("currency", ("column", "otherwise"))
        otherwise = self._code(fields["otherwise"]) if "otherwise" in fields else ""
        return Currency(self._optional(fields, "column"), otherwise)

    def _code(self, node: Located) -> str:
        code = node.text("currency")
        if not re.fullmatch("[A-Z]{3}", code):
            node.complain(f"{code!r} is no currency", "write its ISO 4217 code, such as EUR")
        return code

    def _keeps(self, node: Located | None) -> bool:
        return node is not None and node.one_of("duplicates", ("refuse", "keep")) == "keep"

    def _rule(self, node: Located) -> Rule:
        fields = node.fields("a refusal", ("when", "unless", "reason", "mend"))
        for key in ("when", "reason"):
            if key not in fields:
                node.complain(f"a refusal needs {key!r}", f"add `{key}:`")
        return Rule(
            when=self._conditions(fields["when"]),
            unless=self._conditions(fields["unless"]) if "unless" in fields else (),
            reason=fields["reason"].text("reason"),
            mend=fields["mend"].text("mend") if "mend" in fields else "",
        )

    def _conditions(self, node: Located) -> Conditions:
        return tuple(map(self._condition, node.entries()))

    def _condition(self, node: Located) -> Condition:
        fields = node.fields("a condition", ("column", *OPERATORS))
        column = self._columns[self._name(fields, "column", node)]
        tests = [name for name in fields if name != "column"]
        if len(tests) != 1:
            node.complain("a condition has one test", f"add one of {', '.join(OPERATORS)}")
        operator = cast(Operator, tests[0])
        value = fields[operator]
        return Condition(column.name, operator, self._operands(column, operator, value))

    def _operands(
        self, column: Column, operator: Operator, node: Located
    ) -> tuple[str | Decimal | bool, ...]:
        if operator == "present":
            return (node.boolean("present"),)
        numeric = column.type in _NUMBERS
        if operator in ("above", "below") and not numeric:
            node.complain(f"column {column.name} is no number", "say type: integer or decimal")
        if operator in ("matches", "starts_with") and column.type not in ("text", "id"):
            node.complain(
                f"column {column.name} is no text", "compare it with above, below, equals"
            )
        if column.type in ("time", "date", "boolean"):
            node.complain(f"a {column.type} can only be present", "write present: true")
        if numeric:
            return tuple(entry.decimal(operator) for entry in node.entries())
        operands = tuple(entry.text(operator) for entry in node.entries())
        if operator == "matches":
            self._check_pattern(operands[0], node)
        return operands

    def _check_pattern(self, pattern: str, node: Located) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            node.complain(f"{pattern!r} is no regular expression: {error}", "mend it")

    def _orders(self, node: Located) -> Orders:
        columns = ("id", "time", "product", "quantity", "price", "total")
        fields = node.fields("orders", (*columns, "products_only", "returns", "refunded", "once"))
        for key in ("id", "time"):
            self._require(self._name(fields, key, node))
        names = {key: self._optional(fields, key) for key in columns}
        if not names["price"] and not names["total"]:
            node.complain("an order has no value", "give a price column, or a total column")
        for key, kind in _ORDER_TYPES.items():
            self._check_type(fields, key, kind)
        return Orders(
            **names,
            products_only=self._tests(fields, "products_only"),
            returns=self._tests(fields, "returns"),
            refunded=self._tests(fields, "refunded"),
            once="once" in fields and fields["once"].boolean("once"),
        )

    def _customers(self, node: Located) -> Customers:
        keys = ("id", "time", "traits", "consent", "wording_version", "prefix", "withdrawn")
        fields = node.fields("customers", keys)
        self._name(fields, "id", node)
        ids = tuple(map(self._reference, fields["id"].entries()))
        for name in ids:
            self._columns[name] = msgspec.structs.replace(self._columns[name], names_people=True)
        self._check_type(fields, "time", "time")
        return Customers(
            id=ids,
            time=self._optional(fields, "time"),
            traits=self._named(fields.get("traits"), "traits"),
            consents=self._answers(fields, "consent"),
            wording_version=self._text(fields, "wording_version"),
            prefix=self._text(fields, "prefix"),
            withdrawn=self._answers(fields, "withdrawn"),
        )

    def _answers(self, fields: dict[str, Located], section: str) -> dict[Purpose, str]:
        """Return purpose -> boolean column."""
        found: dict[Purpose, str] = {}
        for key, value in fields[section].pairs(section) if section in fields else ():
            purpose = cast(Purpose, key.one_of("a purpose", PURPOSES))
            found[purpose] = self._reference(value)
            if self._columns[found[purpose]].type != "boolean":
                value.complain(f"{section} is no boolean column", "say type: boolean")
        return found

    def _entries(self, fields: dict[str, Located], key: str) -> list[Located]:
        return fields[key].entries() if key in fields else []

    def _text(self, fields: dict[str, Located], key: str) -> str:
        return fields[key].text(key) if key in fields else ""

    def _products(self, node: Located) -> Products:
        columns = ("id", "name", "price", "time", "url", "image_url", "stock")
        fields = node.fields("products", (*columns, "places", "only", "category"))
        self._name(fields, "id", node)
        for key, kind in _PRODUCT_TYPES.items():
            self._check_type(fields, key, kind)
        return Products(
            **{key: self._optional(fields, key) for key in columns},
            only=self._tests(fields, "only"),
            places=tuple(map(self._reference, self._entries(fields, "places"))),
            category=self._category(fields["category"]) if "category" in fields else None,
        )

    def _category(self, node: Located) -> Category:
        if not node.is_mapping():
            return Category(self._reference(node))
        fields = node.fields("category", ("column", "keywords", "otherwise"))
        keywords = {
            key.text("a category"): tuple(
                word.text("a keyword").casefold() for word in value.entries()
            )
            for key, value in (fields["keywords"].pairs("keywords") if "keywords" in fields else ())
        }
        column = self._name(fields, "column", node)
        return Category(column, keywords, self._text(fields, "otherwise"))

    def _events(self, node: Located) -> Events:
        fields = node.fields("events", ("name", "name_column", "time", "properties"))
        if ("name" in fields) == ("name_column" in fields):
            node.complain("an event needs one name", "add `name:` or `name_column:`")
        self._require(self._name(fields, "time", node))
        self._check_type(fields, "time", "time")
        return Events(
            time=self._optional(fields, "time"),
            name=self._text(fields, "name"),
            name_column=self._optional(fields, "name_column"),
            properties=self._named(fields.get("properties"), "properties"),
        )

    def _tests(self, fields: dict[str, Located], key: str) -> Conditions:
        return self._conditions(fields[key]) if key in fields else ()

    def _named(self, node: Located | None, what: str) -> dict[str, str]:
        if node is None:
            return {}
        return {key.text("a key"): self._reference(value) for key, value in node.pairs(what)}

    def _name(self, fields: dict[str, Located], key: str, node: Located) -> str:
        """Return the column that a key must name."""
        if key not in fields:
            node.complain(f"{key!r} is missing", f"add `{key}:` and the name of a column")
        return self._optional(fields, key)

    def _optional(self, fields: dict[str, Located], key: str) -> str:
        if key not in fields:
            return ""
        for entry in fields[key].entries() if key in _TEXTS else ():
            kind = self._columns[self._reference(entry)].type
            if kind not in ("text", "id"):
                entry.complain(f"column {entry.text(key)} is of type {kind}", "say type: id")
        return self._reference(fields[key].entries()[0])

    def _reference(self, node: Located) -> str:
        return node.one_of("a column", self._columns)

    def _check_type(self, fields: dict[str, Located], key: str, kind: Type) -> None:
        name = self._optional(fields, key)
        if name and self._columns[name].type != kind:
            fields[key].complain(
                f"column {name} is of type {self._columns[name].type}", f"say type: {kind}"
            )

    def _require(self, name: str) -> None:
        # An order without an id or an event without a time is none: such rows are refused.
        self._columns[name] = msgspec.structs.replace(self._columns[name], required=True)

    def _texts(self, node: Located | None, what: str) -> tuple[str, ...]:
        return tuple(entry.text(what) for entry in node.entries()) if node else ()
