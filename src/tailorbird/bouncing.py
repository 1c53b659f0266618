"""Who bounced softly again and again is barred too: her mailbox is there, and takes nothing.

Counted are different mails in a row: whatever was delivered, opened or clicked since begins the
count anew, and what was the sender's fault is none of hers.
"""

from __future__ import annotations

from typing import Final

from tailorbird.ports import SqlValue
from tailorbird.schema import DAY, Instant, Names
from tailorbird.suppressing import Suppressing
from tailorbird.world import World

READER: Final = "soft bounces"
LATEST: Final = "SELECT MAX(position) AS latest FROM deeds WHERE event = ? AND position > ?"
"""Of the deeds, which lie by event: the facts would be read whole at every tick."""
REPEATED: Final = """
WITH fresh AS (
    SELECT DISTINCT person FROM facts
    WHERE event = $1 AND position > $2 AND person IS NOT NULL),
bounced AS (
    SELECT f.person, f.position, f.send_id, f."at",
           MAX(p.text) FILTER (p.name = 'hard') AS hard,
           MAX(p.text) FILTER (p.name = 'sender_fault') AS fault
    FROM facts AS f JOIN fresh USING (person)
    JOIN properties AS p ON p.position = f.position AND p.event = f.event
    WHERE f.event = $1 AND p.name IN ('hard', 'sender_fault') GROUP BY ALL),
reached AS (
    SELECT person, MAX("at") AS "at" FROM facts JOIN fresh USING (person)
    WHERE event IN ($3, $4, $5) AND NOT machine
      AND (event <> $3 OR send_id NOT IN (SELECT send_id FROM bounced)) GROUP BY person)
SELECT b.person FROM bounced AS b LEFT JOIN reached AS r USING (person)
WHERE b."at" >= $6 AND b.hard = 'false' AND COALESCE(b.fault, 'false') <> 'true'
  AND b."at" > COALESCE(r."at", 0)
GROUP BY b.person HAVING COUNT(DISTINCT b.send_id) >= $7
ORDER BY b.person
"""


def bar_repeated(world: World, now: Instant) -> int:
    """Bar the addresses of those who bounced softly too often of late; return how many are new.

    Looks at people with a bounce since it looked last; whoever is killed in between looks again.
    """
    limits = world.settings.feedback
    after = int(world.log.progress(READER) or -1)
    latest = world.facts.read(LATEST, [Names.EMAIL_BOUNCED, after])["latest"][0].as_py()
    if latest is None or not limits.soft_bounces:
        return 0
    since = now - limits.soft_bounce_days * DAY
    reached = (Names.EMAIL_DELIVERED, Names.EMAIL_OPENED, Names.EMAIL_CLICKED)
    asked: list[SqlValue] = [Names.EMAIL_BOUNCED, after, *reached, since, limits.soft_bounces]
    people = world.facts.read(REPEATED, asked)
    profiles = world.people.profiles(people["person"].to_pylist())
    addresses = [profile.email for profile in profiles.values() if profile.email]
    note = f"{limits.soft_bounces} soft bounces in {limits.soft_bounce_days} days"
    barring = Suppressing(world.suppressions, world.log, now, "feedback")
    said = barring.add(addresses, "invalid", note=note)
    world.log.append_from(READER, [], str(latest))
    return said.changed
