"""The portable form written as Salesforce AMPscript.

A field of the data is an attribute of its name, `person.first_name` that of `person_first_name`. A
list is the data extension of its name, whose rows of the subscriber are looked up by
`SubscriberKey`; the fields of an element are its columns.
"""

from __future__ import annotations

import re
from typing import Final

from tailorbird.content.export.portable import (
    Choice,
    Compared,
    Element,
    Field,
    Joined,
    Loop,
    Made,
    Opposite,
    Part,
    Position,
    Print,
    Root,
    Size,
    Term,
    Test,
    Truth,
    Value,
    Words,
    unfit,
)
from tailorbird.content.tree import Place

_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_FUNCTIONS: Final = {"upper": "Uppercase", "lower": "Lowercase", "trim": "Trim"}
_CURRENCIES: Final = {
    "EUR": ("en-IE", "€"),
    "GBP": ("en-GB", "£"),
    "USD": ("en-US", "$"),
    "CHF": ("en-CH", "CHF "),
    "CAD": ("en-CA", "CA$"),
    "AUD": ("en-AU", "A$"),
}
_DATES: Final = {
    "%Y": "yyyy", "%y": "yy", "%m": "MM", "%-m": "M", "%B": "MMMM", "%b": "MMM", "%d": "dd",
    "%-d": "d", "%A": "dddd", "%a": "ddd", "%H": "HH", "%-H": "H", "%I": "hh", "%-I": "h",
    "%M": "mm", "%S": "ss", "%p": "tt",
}  # fmt: skip
_DIRECTIVE = re.compile(r"%-?[A-Za-z%]")
_HTML = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))


class ToAmpscript:
    """Writes one template."""

    def __init__(self) -> None:
        self._attributes: dict[str, str] = {}
        self._lists: dict[str, str] = {}
        self._loops: list[Loop] = []

    def template(self, part: Part) -> str:
        """Return the AMPscript of a whole template, its attributes read first.

        Raises:
            TemplateError: AMPscript cannot say it; `where` is the place.
        """
        body = self._part(part)
        names = [*self._attributes, *self._lists]
        if not names:
            return body
        lines = [f"VAR {', '.join(f'@{name}' for name in names)}"]
        lines += [f"SET @{name} = {code}" for name, code in self._attributes.items()]
        lines += [f"SET @{name} = {code}" for name, code in self._lists.items()]
        return "%%[\n" + "\n".join(lines) + "\n]%%" + body

    def _part(self, part: Part) -> str:
        written = ""
        for piece in part:
            match piece:
                case Words(text):
                    if "%%" in text or text.endswith("%"):
                        text = text.replace("%%", '%%=Concat("%","%")=%%')
                    written += text
                case Print(value, escape, place):
                    written += self._print(value, escape, place)
                case Choice():
                    written += self._choice(piece)
                case Loop():
                    written += self._loop(piece)
        return written

    def _print(self, value: Term, escape: str, place: Place) -> str:
        code = self._term(value, place)
        if escape in ("html", "mustache", "url") and not _harmless(value):
            for mark, reference in _HTML:
                code = f"Replace({code}, {_constant(mark, place)}, {_constant(reference, place)})"
        elif escape in ("css", "refused"):
            raise unfit(place, "AMPscript cannot make a value safe here", "write it out")
        return f"%%=v({code})=%%" if code.startswith("@") else f"%%={code}=%%"

    def _choice(self, choice: Choice) -> str:
        written = ""
        word = "IF"
        for test, part in choice.branches:
            code = self._test(test, choice.place)
            written += f"%%[ {word} {code} THEN ]%%{self._part(part)}"
            word = "ELSEIF"
        if choice.otherwise:
            written += f"%%[ ELSE ]%%{self._part(choice.otherwise)}"
        return written + "%%[ ENDIF ]%%"

    def _loop(self, loop: Loop) -> str:
        rows, place = self._rows(loop.values, loop.place), loop.place
        index, row = f"@index_{loop.number}", f"@element_{loop.number}"
        self._loops.append(loop)
        body = self._part(loop.body)
        self._loops.pop()
        if loop.end is not None:
            body = f"%%[ IF {index} <= {loop.end} THEN ]%%{body}%%[ ENDIF ]%%"
        head = f"FOR {index} = {loop.start + 1} TO RowCount({rows}) DO"
        written = f"%%[ {head} SET {row} = Row({rows}, {index}) ]%%{body}%%[ NEXT {index} ]%%"
        if loop.otherwise:
            if loop.start:
                raise unfit(place, "a loop with an offset and an else", "write one of them")
            otherwise = self._part(loop.otherwise)
            written += f"%%[ IF RowCount({rows}) == 0 THEN ]%%{otherwise}%%[ ENDIF ]%%"
        return written

    def _rows(self, values: Term, place: Place) -> str:
        """Return the variable that holds the rows of a list."""
        path = _path(values)
        if path is None:
            raise unfit(
                place, "AMPscript loops over data extensions only", "loop over a list of the data"
            )
        name = _column(path, place)
        self._attributes.pop(name, None)
        self._lists[name] = f'LookupRows("{name}", "SubscriberKey", _subscriberkey)'
        return f"@{name}"

    # -- tests ------------------------------------------------------------------------------------

    def _test(self, test: Test, place: Place) -> str:
        match test:
            case Opposite(Truth(value, "blank" | "empty")):
                return f"NOT EMPTY({self._term(value, place)})"
            case Opposite(inner):
                return f"NOT ({self._test(inner, place)})"
            case Truth(value, "blank" | "empty"):
                return f"EMPTY({self._term(value, place)})"
            case Truth(Position() as position, _):
                return self._term(position, place)
            case Truth(value, kind):
                code = self._term(value, place)
                zero = f" AND {code} != 0" if kind == "script" else ""
                found = f"NOT EMPTY({code}) AND {code} != false{zero}"
                return found if kind != "script" else f"({found})"
            case Compared(operator, left, right):
                return f"{self._term(left, place)} {operator} {self._term(right, place)}"
            case Joined(operator, left, right):
                one, other = self._test(left, place), self._test(right, place)
                return f"({one}) {operator.upper()} ({other})"

    # -- values -----------------------------------------------------------------------------------

    def _term(self, term: Term, place: Place) -> str:
        match term:
            case Value(value):
                return _constant(value, place)
            case Root() | Element():
                raise unfit(place, "AMPscript prints single fields only", "name a field")
            case Position(loop, kind):
                return self._position(loop, kind, place)
            case Field():
                return self._field(term, place)
            case Size(value):
                return f"RowCount({self._rows(value, place)})"
            case Made():
                return self._made(term, place)

    def _field(self, term: Field, place: Place) -> str:
        names: list[str] = []
        value: Term = term
        while isinstance(value, Field):
            names.insert(0, value.name)
            value = value.value
        column = _column(names, place)
        if isinstance(value, Element):
            return f'Field(@element_{value.loop}, "{column}")'
        if not isinstance(value, Root):
            raise unfit(place, "a field of a computed value", "give it with the data")
        if column not in self._lists:
            self._attributes.setdefault(column, f'AttributeValue("{column}")')
        return f"@{column}"

    def _position(self, loop: int, kind: str, place: Place) -> str:
        found = next((each for each in self._loops if each.number == loop), None)
        if found is None or found.start or (kind == "last" and found.end is not None):
            raise unfit(place, "the position in a part of a list", "leave out offset and limit")
        if kind == "index":
            return f"Subtract(@index_{loop}, 1)"
        last = f"RowCount({self._rows(found.values, place)})"
        return f"@index_{loop} == {'1' if kind == 'first' else last}"

    def _made(self, made: Made, place: Place) -> str:
        value, *others = made.arguments
        code = self._term(value, made.place)
        match made.function:
            case "default":
                return f"IIF(EMPTY({code}), {self._term(others[0], place)}, {code})"
            case "upper" | "lower" | "trim":
                return f"{_FUNCTIONS[made.function]}({code})"
            case "concat":
                return f"Concat({', '.join([code, *(self._term(o, place) for o in others)])})"
            case "truncate":
                return _truncated(code, others, made.place)
            case "money":
                return _money(code, others, made.place)
            case "date":
                return _date(code, others, made.place)
        raise unfit(
            made.place,
            f"AMPscript has no function like {made.function}",
            "write default, upper, lower, trim, truncate, concat, money or date",
        )


def _harmless(term: Term) -> bool:
    """Return whether a value never holds what HTML takes for a mark."""
    return isinstance(term, Position | Size) or (
        isinstance(term, Made) and term.function in ("money", "date")
    )


def _money(code: str, others: list[Term], place: Place) -> str:
    currency = others[0].value if others and isinstance(others[0], Value) else None
    known = _CURRENCIES.get(str(currency))
    if known is None:
        raise unfit(
            place,
            "AMPscript must know the currency before",
            f"name one of {', '.join(_CURRENCIES)}",
        )
    culture, symbol = known
    return f'FormatCurrency(Divide({code}, 100), "{culture}", 2, "{symbol}")'


def _truncated(code: str, others: list[Term], place: Place) -> str:
    most = others[0].value if others and isinstance(others[0], Value) else None
    end = others[1].value if len(others) > 1 and isinstance(others[1], Value) else "..."
    if not isinstance(most, int) or not isinstance(end, str) or most <= len(end):
        raise unfit(place, "AMPscript must know the length before", "write it as a number")
    cut = f"Concat(Substring({code}, 1, {most - len(end)}), {_constant(end, place)})"
    return f"IIF(Length({code}) > {most}, {cut}, {code})"


def _date(code: str, others: list[Term], place: Place) -> str:
    form = others[0].value if others and isinstance(others[0], Value) else None
    if not isinstance(form, str):
        raise unfit(place, "AMPscript must know the form of a date before", "write it in quotes")
    unknown = [each for each in _DIRECTIVE.findall(form) if each not in _DATES]
    if unknown:
        raise unfit(place, f"AMPscript has no {unknown[0]} in dates", "write another form")
    layout = _DIRECTIVE.sub(lambda match: _DATES[match[0]], form)
    return f"FormatDate({code}, {_constant(layout, place)})"


def _path(term: Term) -> list[str] | None:
    """Return the names that lead from the data to a field."""
    names: list[str] = []
    while isinstance(term, Field):
        names.insert(0, term.name)
        term = term.value
    return names if isinstance(term, Root) and names else None


def _column(names: list[str], place: Place) -> str:
    column = "_".join(names)
    if not _NAME.fullmatch(column):
        raise unfit(place, f"AMPscript cannot name {column!r}", "use letters, digits and _")
    return column


def _constant(value: object, place: Place) -> str:
    if isinstance(value, str):
        if "%%" in value:
            raise unfit(place, "AMPscript cannot hold %% in a text", "leave it out")
        return '"' + value.replace('"', '""') + '"'
    if value is None:
        return '""'
    return str(value).lower() if isinstance(value, bool) else repr(value)
