"""How plain values behave in a template: text, truth, look-up, comparison, numbers.

These are the rules of Shopify's Liquid. The code that `generate` writes calls them; every function
takes plain data and never looks at an attribute of a Python object.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from tailorbird.content.faults import Unfit
from tailorbird.content.meter import LARGE, spend
from tailorbird.errors import TemplateError

Plain: TypeAlias = (
    "str | int | float | bool | dt.date | list[Plain] | dict[str, Plain] | range | None"
)
"""What a template can be given, and all that it can compute."""

_SIZED: Final = (str, list, dict)
LONGEST: Final = 2_000_000
"""Most characters of one text, and most elements of one list, that a template may compute."""
WIDEST: Final = 4096
"""Most bits of a whole number that a template may compute."""


class Html(str):
    """Text that was made safe already: what `capture` keeps in a template that escapes."""

    __slots__ = ()


# -- text -----------------------------------------------------------------------------------------


def text(value: object) -> str:
    """Return what a template prints for a value.

    Raises:
        TemplateError: the value is not plain data.
    """
    kind = value.__class__
    if kind is str or kind is Html:
        return str(value)
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(_checked(value))
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, list):
        return "".join([text(element) for element in value])
    return _rare_text(value)


def _checked(value: int) -> int:
    if value.bit_length() > WIDEST:
        raise _too_large()
    return value


def _too_large() -> TemplateError:
    return TemplateError("a number grew too large", mend="look for a loop that multiplies")


def _rare_text(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return inspect(value)
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S ") + (value.strftime("%z") or "UTC")
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TemplateError(
        f"a value of type {type(value).__name__} is not plain data",
        mend="give text, numbers, true or false, dates, lists and dictionaries",
    )


def float_text(value: float) -> str:
    """Return a float as Ruby writes it."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    written = repr(value)
    if "e" not in written:
        return written
    digits, _, exponent = written.partition("e")
    power = int(exponent)
    if "." not in digits:
        digits += ".0"
    return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02d}"


def inspect(value: object) -> str:
    """Return a value as Ruby shows it inside a printed hash."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{inspect(key)}=>{inspect(each)}" for key, each in value.items())
        return "{" + pairs + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inspect(each) for each in value) + "]"
    if isinstance(value, str):
        inner = str.__str__(value).replace("\\", "\\\\").replace('"', '\\"')
        return '"' + inner.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'
    return "nil" if value is None else text(value)


def to_text(value: object) -> str:
    """Return the text that a filter works on: as `text`, but a list as Ruby shows it.

    Raises:
        TemplateError: it is beyond the budget, or not plain data.
    """
    if value.__class__ is str and len(value) <= LARGE:
        return value
    written = inspect(value) if isinstance(value, list) else text(value)
    if len(written) > LARGE:
        fits(len(written))
        spend(len(written))
    return written


_NO_REFERENCE: Final = re.compile(r"[\x80-\x9f\ud800-\udfff]")
"""Characters whose numbers HTML reads as others (WHATWG HTML, numeric character references)."""


def escape_html(value: object) -> str:
    """Return the text of a value, safe inside HTML text and quoted attributes, in ASCII.

    What stands beyond ASCII becomes a reference: a mail in ASCII needs no encoding on its way.
    """
    safe = escape_markup(value)
    if safe.isascii() or _NO_REFERENCE.search(safe):
        return safe
    return safe.encode("ascii", "xmlcharrefreplace").decode("ascii")


def escape_markup(value: object) -> str:
    """Return the text of a value with all signs of markup as references, and the rest as it is."""
    if value.__class__ is str:
        plain: str = value
    elif value.__class__ is Html:
        return str(value)
    else:
        plain = text(value)
    if "&" in plain:
        plain = plain.replace("&", "&amp;")
    if "<" in plain:
        plain = plain.replace("<", "&lt;")
    if ">" in plain:
        plain = plain.replace(">", "&gt;")
    if '"' in plain:
        plain = plain.replace('"', "&quot;")
    if "'" in plain:
        plain = plain.replace("'", "&#39;")
    return plain


_UNSAFE_SCHEME = re.compile(r"[\x00-\x20]*(?!https?:|mailto:|tel:|sms:|cid:)[^/?#]*:", re.I)


_SAFE = ("https://", "http://")


def safe_url(value: object) -> str:
    """Return an address, or `#` where its scheme could run code or read files."""
    address: str = value if value.__class__ is str else text(value)
    if address.startswith(_SAFE):
        return address
    return "#" if ":" in address and _UNSAFE_SCHEME.match(address) else address


def escape_url(value: object) -> str:
    """Return an address that is safe in a quoted HTML attribute."""
    if value.__class__ is str and value.startswith(_SAFE):
        return escape_html(value)
    return escape_html(safe_url(value))


_CSS_REFUSED = re.compile(r"[^\w #%.,+-]", re.ASCII)


def escape_css(value: object) -> str:
    """Return a value for a place inside a style: only what colours, sizes and names need."""
    return _CSS_REFUSED.sub("", text(value))


# -- look-up --------------------------------------------------------------------------------------


def field(value: object, name: str) -> object:
    """Return what `value.name` gives where `name` has no special meaning."""
    return value.get(name) if isinstance(value, dict) else None


def special(value: object, name: str) -> object:
    """Return what `value.size`, `value.first` or `value.last` gives."""
    if value.__class__ is list and name == "size":
        return len(value)
    if isinstance(value, dict) and name in value:
        return value[name]
    if name == "size":
        return size_of(value)
    if isinstance(value, str):
        return value[:1] if name == "first" else value[-1:]
    if isinstance(value, dict):
        if not value or name == "last":
            return None
        key = next(iter(value))
        return [key, value[key]]
    if isinstance(value, list | range) and value:
        return value[0] if name == "first" else value[-1]
    return None


def size_of(value: object) -> int | None:
    """Return how many characters, elements or pairs a value has, or None for what has no size.

    A whole number has its bytes, as in Ruby: at least 8.
    """
    if isinstance(value, str | list | dict | range):
        return len(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return max(8, (value.bit_length() + 7) // 8)
    return None


def index(value: object, key: object) -> object:
    """Return what `value[key]` gives."""
    if isinstance(value, dict):
        return value.get(key) if isinstance(key, str | int | float | bool) else None
    if isinstance(value, list | range) and isinstance(key, int) and not isinstance(key, bool):
        return value[key] if -len(value) <= key < len(value) else None
    return None


# -- numbers --------------------------------------------------------------------------------------

_DECIMAL = re.compile(r"-?\d+\.\d+")
_LONGEST_NUMBER = 400
_WIDEST_SPAN = 2**31
_WHOLE = re.compile(r"[+-]?\d{1,60}")
_LEADING_INT = re.compile(r"\s*([+-]?\d+)")
Number: TypeAlias = int | Decimal


def number(value: object) -> Number:
    """Return the number that a filter sees in a value; 0 where there is none."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        stripped = value.strip()
        if _DECIMAL.fullmatch(stripped):
            return Decimal(stripped)
        match = _LEADING_INT.match(stripped)
        return int(match[1]) if match else 0
    return 0


def plain_number(value: Number) -> int | float:
    """Return what a template keeps of a computed number.

    Raises:
        TemplateError: it grew beyond what any template needs.
    """
    if isinstance(value, int):
        return _checked(value)
    found = float(value)
    if value.is_finite() and not math.isfinite(found):
        raise _too_large()
    return found


def whole(value: object, what: str) -> int:
    """Return a whole number that must be one.

    Raises:
        TemplateError: it is not.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    written = value.strip() if isinstance(value, str) else ""
    if _WHOLE.fullmatch(written):
        return int(written)
    raise Unfit(
        f"{what} must be a whole number, not {inspect(value)}",
        shopify="invalid integer",
        mend="put `| round` behind it, or give a number",
    )


def bound(value: object) -> int:
    """Return one end of a range; what is no number counts as 0."""
    found = number(value)
    return int(found) if isinstance(found, int) or found.is_finite() else 0


def span(first: object, last: object) -> range:
    """Return the whole numbers from `first` to `last`.

    Raises:
        TemplateError: there are too many to count, or one end is a decimal or a truth.
    """
    start, end = _end(first), _end(last)
    if end - start > _WIDEST_SPAN:
        raise too_long()
    return range(start, max(end, start - 1) + 1)


def _end(value: object) -> int:
    if isinstance(value, bool | float):
        raise Unfit(
            f"a range cannot begin or end with {inspect(value)}",
            shopify="invalid integer",
            mend="round it first",
        )
    return bound(value)


# -- budgets --------------------------------------------------------------------------------------


def kept(value: object) -> object:
    """Return a computed value that a template wants to keep.

    Raises:
        TemplateError: it grew beyond the budget.
    """
    if isinstance(value, _SIZED) and len(value) > LONGEST:
        raise too_long()
    return value


def joined(parts: list[str]) -> str:
    """Return the texts as one. Raises as `fits`."""
    fits(sum(map(len, parts)))
    return "".join(parts)


def fits(length: int) -> None:
    """Check the length that a filter is about to make.

    Raises:
        TemplateError: it is beyond the budget.
    """
    if length > LONGEST:
        raise too_long()


def too_long() -> TemplateError:
    """Return the error of a value that outgrew the budget."""
    return TemplateError(
        f"a value grew beyond {LONGEST:,} characters or elements",
        mend="look for a loop that appends to itself",
    )


JumpKind: TypeAlias = Literal["", "break", "continue"]
"""How a partial ended: `break` and `continue` act on the loop that included it."""
