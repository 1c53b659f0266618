"""Keeps exact, explainable membership: one definition, one compiler.

In: a tree of conditions, an instant, optionally the people touched.
Out: members, the instant of the next change, the evidence of every leaf.
"""

from __future__ import annotations

from tailorbird.segments.answers import Preview, count, holding, members, people, preview
from tailorbird.segments.build import (
    all_of,
    any_of,
    define,
    did,
    did_not,
    in_sql,
    model,
    on_list,
    points,
    segment,
    stated,
    trait,
    worth,
)
from tailorbird.segments.conditions import Segment, named
from tailorbird.segments.depth import check_depth
from tailorbird.segments.draft import Dissection, LeafCount, dissect
from tailorbird.segments.explain import Evidence, Explanation, Reason, explain
from tailorbird.segments.json_schema import schema, schema_text
from tailorbird.segments.library import library
from tailorbird.segments.list_text import list_description, list_offered
from tailorbird.segments.outlook import Outlook, Turn, leaves_of, outlook
from tailorbird.segments.overlap import Overlap, overlap, overlap_at
from tailorbird.segments.parse import condition, document, from_json, of_document, parse
from tailorbird.segments.python_text import python
from tailorbird.segments.reader import Vocabulary
from tailorbird.segments.refresh import Change, forget, refresh, verify
from tailorbird.segments.turning import turns
from tailorbird.segments.vocabulary import circles, vocabulary
from tailorbird.segments.words import words
from tailorbird.segments.write import to_json, write

__all__ = [
    "Change",
    "Dissection",
    "Evidence",
    "Explanation",
    "LeafCount",
    "Outlook",
    "Overlap",
    "Preview",
    "Reason",
    "Segment",
    "Turn",
    "Vocabulary",
    "all_of",
    "any_of",
    "check_depth",
    "circles",
    "condition",
    "count",
    "define",
    "did",
    "did_not",
    "dissect",
    "document",
    "explain",
    "forget",
    "from_json",
    "holding",
    "in_sql",
    "leaves_of",
    "library",
    "list_description",
    "list_offered",
    "members",
    "model",
    "named",
    "of_document",
    "on_list",
    "outlook",
    "overlap",
    "overlap_at",
    "parse",
    "people",
    "points",
    "preview",
    "python",
    "refresh",
    "schema",
    "schema_text",
    "segment",
    "stated",
    "to_json",
    "trait",
    "turns",
    "verify",
    "vocabulary",
    "words",
    "worth",
    "write",
]
