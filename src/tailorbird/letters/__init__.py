"""One person's mail: the values that a template is given, its links, its message.

`flow` decides and delivers with it; `readings` shows a mail as any person would get it.

In: a campaign, people, an instant.
Out: what a decision keeps, compiled templates, messages.
"""

from __future__ import annotations

from tailorbird.letters import audience, campaigns, editions
from tailorbird.letters.admitting import Door
from tailorbird.letters.asking import condition
from tailorbird.letters.compiled import (
    check,
    check_block,
    check_readable,
    check_template,
    template,
)
from tailorbird.letters.deciding import NO_URLS, TRAITS, Deciding, given_at
from tailorbird.letters.editions import Edition
from tailorbird.letters.event_shapes import event_misfits
from tailorbird.letters.expected_uplift import expected
from tailorbird.letters.given import Given, Values, values
from tailorbird.letters.happened import Cause, events_at, set_off, value_of
from tailorbird.letters.images import Studio, check_image, check_images, image_link, standing_images
from tailorbird.letters.messages import Composer, sent_html, settled_event
from tailorbird.letters.picks import recommendations
from tailorbird.letters.preferences import locale_behind
from tailorbird.letters.proof import Proof, prove
from tailorbird.letters.rendering import render
from tailorbird.letters.senders import sending, signers
from tailorbird.letters.slots import check_campaign, check_slot, check_texts
from tailorbird.letters.told import in_words, told, told_of

__all__ = [
    "NO_URLS",
    "TRAITS",
    "Cause",
    "Composer",
    "Deciding",
    "Door",
    "Edition",
    "Given",
    "Proof",
    "Studio",
    "Values",
    "audience",
    "campaigns",
    "check",
    "check_block",
    "check_campaign",
    "check_image",
    "check_images",
    "check_readable",
    "check_slot",
    "check_template",
    "check_texts",
    "condition",
    "editions",
    "event_misfits",
    "events_at",
    "expected",
    "given_at",
    "image_link",
    "in_words",
    "locale_behind",
    "prove",
    "recommendations",
    "render",
    "sending",
    "sent_html",
    "set_off",
    "settled_event",
    "signers",
    "standing_images",
    "template",
    "told",
    "told_of",
    "value_of",
    "values",
]
