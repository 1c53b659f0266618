"""Takes what happened elsewhere: decodes, validates, cleans, and holds back what is wrong.

In: raw bodies of the log; files with a mapping.
Out: events, refused records, bodies for the log.
"""

from __future__ import annotations

from tailorbird.collect.choice import choose_mapping
from tailorbird.collect.decode import Decoded, decode
from tailorbird.collect.disposable import disposable_domains
from tailorbird.collect.sources.files import ImportReport, import_file

__all__ = [
    "Decoded",
    "ImportReport",
    "choose_mapping",
    "decode",
    "disposable_domains",
    "import_file",
]
