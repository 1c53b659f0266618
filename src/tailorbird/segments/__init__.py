"""Keeps exact, explainable membership: one definition, one compiler.

In: a tree of conditions, an instant, optionally the people touched.
Out: members, the instant of the next change, the evidence of every leaf.
"""

from __future__ import annotations

from tailorbird.segments.answers import Preview, count, members, people, preview
from tailorbird.segments.conditions import Segment
from tailorbird.segments.explain import Evidence, Explanation, Reason, explain
from tailorbird.segments.library import library
from tailorbird.segments.overlap import Overlap, overlap, overlap_at
from tailorbird.segments.parse import parse
from tailorbird.segments.reader import Vocabulary
from tailorbird.segments.refresh import Change, forget, refresh, verify
from tailorbird.segments.vocabulary import vocabulary
from tailorbird.segments.words import words
from tailorbird.segments.write import write

__all__ = [
    "Change",
    "Evidence",
    "Explanation",
    "Overlap",
    "Preview",
    "Reason",
    "Segment",
    "Vocabulary",
    "count",
    "explain",
    "forget",
    "library",
    "members",
    "overlap",
    "overlap_at",
    "parse",
    "people",
    "preview",
    "refresh",
    "verify",
    "vocabulary",
    "words",
    "write",
]
