"""A labelled instrument: a seeded shop with known truth. No room may read it.

In: a seed, a size; for real files their user ids and histories.
Out: events as a shop would send them, mailbox behaviour, purchases after a campaign, and the truth
beside them.

Everything is a pure function of (seed, settings, ids): order, batch size and restarts change
nothing.
"""

from tailorbird.simulator.address_book import contacts
from tailorbird.simulator.mailboxes import Mail, Mailboxes, Reaction
from tailorbird.simulator.potential import (
    Effects,
    Outcomes,
    Prospect,
    Window,
    aftermath,
    outcomes,
)
from tailorbird.simulator.shop import START, Shop
from tailorbird.simulator.truth import outcome_file, reaction_file, truth_files

__all__ = [
    "START",
    "Effects",
    "Mail",
    "Mailboxes",
    "Outcomes",
    "Prospect",
    "Reaction",
    "Shop",
    "Window",
    "aftermath",
    "contacts",
    "outcome_file",
    "outcomes",
    "reaction_file",
    "truth_files",
]
