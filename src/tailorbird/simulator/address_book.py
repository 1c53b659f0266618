"""Synthetic contacts for real files that hold none: names, reserved addresses, consents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np

from tailorbird.schema import SECOND, Instant
from tailorbird.simulator import records
from tailorbird.simulator.draws import Draws
from tailorbird.simulator.keys import address_token, person_numbers
from tailorbird.simulator.people import WITHDRAWN, People

EVIDENCE = "simulated"


def contacts(user_ids: Sequence[str], seed: int, at: Instant, batch: int = 500) -> Iterator[bytes]:
    """Yield collector bodies of `identify` records, marked as simulated, one or two a person.

    About 12 % have no first name. Consents have the shares of the shop; the 3 % who withdraw the
    one for e-mail do so a second later, in a record of their own. Nothing is said of countries:
    the file may know them.
    """
    people = People(Draws(seed))
    for first in range(0, len(user_ids), batch):
        yield records.body(_identifies(people, user_ids[first : first + batch], at))


def _identifies(people: People, user_ids: Sequence[str], at: Instant) -> list[str]:
    ids = person_numbers(user_ids)
    tokens = [address_token(user_id) for user_id in user_ids]
    said = records.consents(people, ids, EVIDENCE)
    withdrawn = (people.email_consent(ids) == WITHDRAWN).tolist()
    now, later = records.timestamps(np.array([at, at + SECOND]))
    no_more = records.consent({"email_marketing": False}, EVIDENCE)
    texts = []
    for place, contact in enumerate(people.contacts(ids, tokens)):
        who = f'"userId":{json.dumps(user_ids[place])}'
        message = f"sim-{people.draws.seed:x}-contact-{tokens[place]}"
        traits = records.traits(contact, with_place=False)
        texts.append(records.identify(message, who, now, traits, said[place]))
        if withdrawn[place]:
            texts.append(records.identify(message + "-no-more", who, later, "", no_more))
    return texts
