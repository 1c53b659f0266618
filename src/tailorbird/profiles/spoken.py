"""What was said of addresses, as bodies for the log and back again.

Whoever says it appends the body and takes the words up at once; `fold` takes up what it has missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from tailorbird.schema import Body, Event, Instant, Names
from tailorbird.suppression_words import SuppressionWord

SOURCE: Final = "suppressions"
"""The source of these bodies: it alone may bar an address that it names by its blind index."""
_NAMES: Final = {True: Names.SUPPRESSION_ADDED, False: Names.SUPPRESSION_LIFTED}


def body(words: Sequence[SuppressionWord], at: Instant) -> Body:
    """Return the body that says these words.

    >>> word = SuppressionWord(b"key", "manual", 7)
    >>> b'"address_key":"6b6579"' in body([word], 7).content
    True
    """
    return Body(SOURCE, at, msgspec.json.encode({"batch": [_event(word, at) for word in words]}))


def words_of(events: Sequence[Event]) -> list[SuppressionWord]:
    """Return the words that events say; what comes through other doors says none."""
    return [_word(event) for event in events if event.source == SOURCE and event.properties]


def _event(word: SuppressionWord, at: Instant) -> dict[str, object]:
    return {
        "type": "track",
        "event": _NAMES[word.barred],
        "messageId": f"suppression-{word.id.hex()}",
        "timestamp": datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(),
        "properties": {
            "address_key": word.address_key.hex(), "reason": word.reason, "said_at": word.at,
            "purpose": word.purpose, "door": word.source, "author": word.author, "note": word.note,
        },
    }  # fmt: skip


def _word(event: Event) -> SuppressionWord:
    said = {
        "address_key": bytes.fromhex(str(event.properties["address_key"])),
        "reason": event.properties["reason"],
        "at": event.properties["said_at"],
        "purpose": event.properties["purpose"],
        "barred": event.name == Names.SUPPRESSION_ADDED,
        "source": event.properties.get("door") or "",
        "author": event.properties.get("author") or "",
        "note": event.properties.get("note") or "",
    }
    return msgspec.convert(said, SuppressionWord)
