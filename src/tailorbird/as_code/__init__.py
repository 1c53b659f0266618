"""Definitions as files in git: planned with what they change, applied as one, pulled back.

In: the files of a folder, the definitions that stand, an instant.
Out: a plan (texts, people, mails, faults), a set of edits that was kept, files.
"""

from __future__ import annotations

from tailorbird.as_code.applying import apply, refuse_faults, roll_back, roll_back_set
from tailorbird.as_code.audiences import AudienceChange, Example
from tailorbird.as_code.changes import Change, Extra
from tailorbird.as_code.effects import with_effects
from tailorbird.as_code.files import Fault, Files, of_texts, read_folder
from tailorbird.as_code.planning import Draft, Plan, draft
from tailorbird.as_code.pulling import Pulled, pull
from tailorbird.as_code.sends import SendOutlook

__all__ = [
    "AudienceChange",
    "Change",
    "Draft",
    "Example",
    "Extra",
    "Fault",
    "Files",
    "Plan",
    "Pulled",
    "SendOutlook",
    "apply",
    "draft",
    "of_texts",
    "pull",
    "read_folder",
    "refuse_faults",
    "roll_back",
    "roll_back_set",
    "with_effects",
]
