"""Which mapping reads a file: the one that was named, or the shipped one that fits its columns."""

from __future__ import annotations

from pathlib import Path

from tailorbird.collect.mapping import find_mapping, load, shipped
from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources.tables import open_table
from tailorbird.errors import SourceError


def choose_mapping(path: Path, name: str = "") -> Mapping:
    """Return the mapping of this name or file; without a name, the shipped one that fits.

    Raises:
        DefinitionError: the mapping cannot be read or does not parse.
        SourceError: the data file cannot be read, or no shipped mapping fits its columns.
    """
    known = shipped()
    if name:
        return known[name] if name in known else load(Path(name))
    spellings = [s for mapping in known.values() for c in mapping.columns for s in c.spellings]
    columns = open_table(path, spellings).columns
    found = find_mapping(columns)
    if found is None:
        raise SourceError(
            f"no shipped mapping fits the columns {', '.join(columns)}",
            where=str(path),
            mend="write one (docs/how-to/import-a-file.md) and give it with --mapping",
        )
    return known[found]
