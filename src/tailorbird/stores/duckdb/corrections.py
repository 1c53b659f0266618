"""What takes facts back: an event that was retracted, a person who is to be forgotten.

A rebuild reads the same corrections at the same place of the log, so that it takes back the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tailorbird.schema import Names, ResolvedEvent


def corrections(events: Sequence[ResolvedEvent]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield (statement, bound values) in the order of the log."""
    for resolved in events:
        event = resolved.event
        if event.name == Names.EVENT_RETRACTED:
            position = str(event.properties.get("position", ""))
            if position.isdecimal() and int(position) < event.position:
                for table in ("facts", "lines", "properties", "deeds", "deed_lines"):
                    yield f"retract_{table}", (int(position),)
        elif event.name == Names.PERSON_FORGOTTEN and resolved.person:
            # What came later is not forgotten, in whatever batches the log is read.
            person = resolved.owner or resolved.person
            yield "forget_traits", (person, event.at, event.position)
