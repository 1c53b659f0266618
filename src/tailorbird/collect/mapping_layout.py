"""The section `file` of a mapping: how a file's text is laid out where it does not show it."""

from __future__ import annotations

import codecs
from typing import Final

from tailorbird.collect.located import Located
from tailorbird.collect.mapping_schema import Layout

_KEYS: Final = ("delimiter", "encoding", "skip", "names", "quotes", "each")
_SPELLED: Final = {"tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}
SKIP_LIMIT: Final = 1000


def layout(node: Located) -> Layout:
    """Return the layout that a section says.

    Raises:
        DefinitionError: with the line and the mend.
    """
    fields = node.fields("file", _KEYS)
    names = tuple(entry.text("names") for entry in _entries(fields, "names"))
    if len(set(names)) < len(names):
        fields["names"].complain("a column is named twice", "give each its own name")
    return Layout(
        delimiter=_delimiter(fields["delimiter"]) if "delimiter" in fields else "",
        encoding=_encoding(fields["encoding"]) if "encoding" in fields else "",
        skip=_skip(fields["skip"]) if "skip" in fields else 0,
        names=names,
        quotes=fields["quotes"].boolean("quotes") if "quotes" in fields else True,
        each=fields["each"].text("each") if "each" in fields else "",
    )


def _entries(fields: dict[str, Located], key: str) -> list[Located]:
    return fields[key].entries() if key in fields else []


def _delimiter(node: Located) -> str:
    said = node.text("delimiter")
    found = _SPELLED.get(said, said)
    if not found or "\n" in found or '"' in found:
        node.complain("a delimiter cannot be empty, a quote or a line end", 'write such as "|"')
    return found


def _encoding(node: Located) -> str:
    said = node.text("encoding")
    try:
        codec = codecs.lookup(said)
        codec.decode(b"")
        b"".decode(codec.name)
    except (LookupError, ValueError):
        node.complain(f"there is no encoding {said!r}", "write utf-8, latin-1, cp1252, utf-16 ...")
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def _skip(node: Located) -> int:
    said = node.decimal("skip")
    if said != int(said) or not 0 <= said <= SKIP_LIMIT:
        node.complain(f"skip is no number of lines: {said}", f"write 0 to {SKIP_LIMIT}")
    return int(said)
