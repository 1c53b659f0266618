"""Definitions as files in git: planned with what they change, applied as one, pulled back.

In: the files of a folder, the definitions that stand, an instant.
Out: a plan (texts, people, mails, faults), a set of edits that was kept, files.
"""

from __future__ import annotations

from tailorbird.as_code.applying import apply, refuse_faults, roll_back, roll_back_set
from tailorbird.as_code.audiences import AudienceChange, Example
from tailorbird.as_code.changes import DefinitionChange, ExtraDefinition
from tailorbird.as_code.effects import with_effects
from tailorbird.as_code.files import FileFault, Files, of_texts, read_folder
from tailorbird.as_code.history import as_files, history, kept_now, kept_together
from tailorbird.as_code.planning import DefinitionPlan, Draft, draft
from tailorbird.as_code.pulling import Pulled, ToPull, note, pull, to_pull, write
from tailorbird.as_code.sends import SendOutlook

__all__ = [
    "AudienceChange",
    "DefinitionChange",
    "DefinitionPlan",
    "Draft",
    "Example",
    "ExtraDefinition",
    "FileFault",
    "Files",
    "Pulled",
    "SendOutlook",
    "ToPull",
    "apply",
    "as_files",
    "draft",
    "history",
    "kept_now",
    "kept_together",
    "note",
    "of_texts",
    "pull",
    "read_folder",
    "refuse_faults",
    "roll_back",
    "roll_back_set",
    "to_pull",
    "with_effects",
    "write",
]
