"""Filters over text."""

from __future__ import annotations

import base64
import binascii
import json
import re
import urllib.parse

from tailorbird.content.comparison import is_empty
from tailorbird.content.faults import Unfit
from tailorbird.content.filters.register import Filter
from tailorbird.content.values import escape_markup, fits, to_text, whole

_SPACE = " \t\n\v\f\r\0"
_BLOCKS = re.compile(r"<script.*?</script>|<!--.*?-->|<style.*?</style>", re.S)
_MARKS = re.compile(r"<.*?>", re.S)
_BARE = re.compile(r"[\"><']|&(?!([a-zA-Z]+|(#\d+));)")
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}


def append(value: object, tail: object) -> str:
    """Return the text with another behind it."""
    return to_text(value) + to_text(tail)


def prepend(value: object, head: object) -> str:
    """Return the text with another before it."""
    return to_text(head) + to_text(value)


def capitalize(value: object) -> str:
    """Return the text with its first letter large and the rest small."""
    written = to_text(value)
    return written[:1].upper() + written[1:].lower()


def upcase(value: object) -> str:
    """Return the text in large letters."""
    return to_text(value).upper()


def downcase(value: object) -> str:
    """Return the text in small letters."""
    return to_text(value).lower()


def strip(value: object) -> str:
    """Return the text without blanks around it."""
    return to_text(value).strip(_SPACE)


def lstrip(value: object) -> str:
    """Return the text without blanks before it."""
    return to_text(value).lstrip(_SPACE)


def rstrip(value: object) -> str:
    """Return the text without blanks behind it."""
    return to_text(value).rstrip(_SPACE)


def squish(value: object) -> str:
    """Return the text without blanks around it, and with one space for every run inside."""
    return " ".join(re.split(r"[ \t\n\v\f\r\0]+", to_text(value).strip(_SPACE)))


def strip_newlines(value: object) -> str:
    """Return the text as one line."""
    return re.sub(r"\r?\n", "", to_text(value))


def strip_html(value: object) -> str:
    """Return the text without HTML tags, scripts, styles and comments."""
    return _MARKS.sub("", _BLOCKS.sub("", to_text(value)))


def newline_to_br(value: object) -> str:
    """Return the text with a line break tag at the end of every line."""
    return re.sub(r"\r?\n", "<br />\n", to_text(value))


def escape(value: object) -> object:
    """Return the text with HTML's special characters as references."""
    return None if value is None else escape_markup(to_text(value))


def escape_once(value: object) -> str:
    """Return as `escape`, leaving references that are there already."""
    return _BARE.sub(lambda match: _REFERENCES[match[0]], to_text(value))


def url_encode(value: object) -> object:
    """Return the text as it stands in the query of an address."""
    return None if value is None else urllib.parse.quote_plus(to_text(value), safe="")


def url_decode(value: object) -> object:
    """Return the text of a query's value.

    Raises:
        Unfit: it is not UTF-8.
    """
    if value is None:
        return None
    try:
        return urllib.parse.unquote_plus(to_text(value), errors="strict")
    except UnicodeDecodeError:
        raise Unfit(
            "url_decode: the bytes are not UTF-8",
            shopify="invalid byte sequence in UTF-8",
            mend="give a text that was encoded in UTF-8",
        ) from None


def base64_encode(value: object) -> str:
    """Return the text in base 64."""
    return base64.b64encode(to_text(value).encode()).decode()


def base64_url_safe_encode(value: object) -> str:
    """Return the text in the base 64 of addresses."""
    return base64.urlsafe_b64encode(to_text(value).encode()).decode()


def base64_decode(value: object) -> str:
    """Return the text behind base 64.

    Raises:
        Unfit: the value is not base 64 of UTF-8.
    """
    return _decoded("base64_decode", to_text(value), b"+/")


def base64_url_safe_decode(value: object) -> str:
    """Return the text behind the base 64 of addresses. Raises as `base64_decode`."""
    return _decoded("base64_url_safe_decode", to_text(value), b"-_")


def _decoded(name: str, written: str, alphabet: bytes) -> str:
    try:
        return base64.b64decode(written, altchars=alphabet, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Unfit(
            f"{name}: {written[:40]!r} is not base 64 of a text",
            shopify=f"invalid base64 provided to {name}",
            mend="give what base64_encode makes",
        ) from None


def replace(value: object, old: object, new: object = "") -> str:
    """Return the text with every `old` replaced.

    Raises:
        TemplateError: the result would be too long.
    """
    written, find, put = to_text(value), to_text(old), to_text(new)
    fits(len(written) + written.count(find) * len(put))
    return written.replace(find, put)


def replace_first(value: object, old: object, new: object = "") -> str:
    """Return the text with the first `old` replaced."""
    return to_text(value).replace(to_text(old), to_text(new), 1)


def replace_last(value: object, old: object, new: object) -> str:
    """Return the text with the last `old` replaced."""
    written, find = to_text(value), to_text(old)
    at = written.rfind(find)
    return written if at < 0 else written[:at] + to_text(new) + written[at + len(find) :]


def remove(value: object, old: object) -> str:
    """Return the text without any `old`."""
    return to_text(value).replace(to_text(old), "")


def remove_first(value: object, old: object) -> str:
    """Return the text without the first `old`."""
    return to_text(value).replace(to_text(old), "", 1)


def remove_last(value: object, old: object) -> str:
    """Return the text without the last `old`."""
    return replace_last(value, old, "")


def truncate(value: object, length: object = 50, ellipsis: object = "...") -> object:
    """Return at most `length` characters, the ellipsis among them."""
    if value is None:
        return None
    written, end = to_text(value), to_text(ellipsis)
    most = whole(length, "truncate: the length")
    return written if len(written) <= most else written[: max(0, most - len(end))] + end


def truncatewords(value: object, words: object = 15, ellipsis: object = "...") -> object:
    """Return at most `words` words, then the ellipsis."""
    if value is None:
        return None
    written = to_text(value)
    most = min(max(1, whole(words, "truncatewords: the number of words")), len(written) + 1)
    parts = re.split(r"[ \t\n\v\f\r\0]+", written.lstrip(_SPACE), maxsplit=most)
    if len(parts) <= most:
        return written
    return " ".join(parts[:most]) + to_text(ellipsis)


def slice_(value: object, offset: object, length: object = 1) -> object:
    """Return `length` characters or elements from `offset`; negative offsets count from the end.

    Raises:
        TemplateError: a bound is not a whole number.
    """
    start = whole(offset, "slice: the offset")
    count = 1 if length is None or length is False else whole(length, "slice: the length")
    body: str | list[object] = value if isinstance(value, list) else to_text(value)
    if start < 0:
        start += len(body)
    if start < 0 or count < 0 or start > len(body):
        return [] if isinstance(body, list) else ""
    return body[start : start + count]


def split(value: object, pattern: object) -> list[str]:
    """Return the parts of a text between the pattern, without empty ones at the end."""
    written, mark = to_text(value), to_text(pattern)
    if mark == " ":
        return [part for part in re.split(r"[ \t\n\v\f\r\0]+", written) if part]
    parts = written.split(mark) if mark else list(written)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def default(value: object, other: object = "", *, allow_false: object = False) -> object:
    """Return the value, or the other one where it is nil, false or empty."""
    allowed = allow_false is not None and allow_false is not False
    missing = value is None or (value is False and not allowed) or is_empty(value)
    return other if missing else value


def json_text(value: object) -> str:
    """Return the value as JSON, safe inside HTML too."""
    plain = list(value) if isinstance(value, range) else value
    to_text(value)
    written = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=to_text)
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


TEXTS = {
    "append": Filter(append, 1, 1),
    "prepend": Filter(prepend, 1, 1),
    "capitalize": Filter(capitalize),
    "upcase": Filter(upcase),
    "downcase": Filter(downcase),
    "strip": Filter(strip),
    "lstrip": Filter(lstrip),
    "rstrip": Filter(rstrip),
    "squish": Filter(squish),
    "strip_newlines": Filter(strip_newlines),
    "strip_html": Filter(strip_html),
    "newline_to_br": Filter(newline_to_br),
    "escape": Filter(escape),
    "h": Filter(escape),
    "escape_once": Filter(escape_once),
    "url_encode": Filter(url_encode),
    "url_decode": Filter(url_decode),
    "base64_encode": Filter(base64_encode),
    "base64_decode": Filter(base64_decode),
    "base64_url_safe_encode": Filter(base64_url_safe_encode),
    "base64_url_safe_decode": Filter(base64_url_safe_decode),
    "replace": Filter(replace, 1, 2),
    "replace_first": Filter(replace_first, 1, 2),
    "replace_last": Filter(replace_last, 2, 2),
    "remove": Filter(remove, 1, 1),
    "remove_first": Filter(remove_first, 1, 1),
    "remove_last": Filter(remove_last, 1, 1),
    "truncate": Filter(truncate, 0, 2),
    "truncatewords": Filter(truncatewords, 0, 2),
    "slice": Filter(slice_, 1, 2),
    "split": Filter(split, 1, 1),
    "default": Filter(default, 0, 1, ("allow_false",)),
    "json": Filter(json_text),
}
