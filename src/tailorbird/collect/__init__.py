"""Takes what happened elsewhere: decodes, validates, cleans, and holds back what is wrong.

In: raw bodies of the log; files with a mapping.
Out: events, refused records, bodies for the log.
"""

from __future__ import annotations

from tailorbird.collect.choice import choose_mapping
from tailorbird.collect.columns_decode import in_runs
from tailorbird.collect.context_place import geo, nowhere
from tailorbird.collect.decode import Decoded, House, decode, decode_in, house_of
from tailorbird.collect.disposable import disposable_domains
from tailorbird.collect.sources.files import ImportReport, import_file

__all__ = [
    "Decoded",
    "House",
    "ImportReport",
    "choose_mapping",
    "decode",
    "decode_in",
    "disposable_domains",
    "geo",
    "house_of",
    "import_file",
    "in_runs",
    "nowhere",
]
