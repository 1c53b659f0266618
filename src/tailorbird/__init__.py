"""Tailorbird: data-driven email personalization in one process.

The map, in the order in which things flow. Rooms never import each other; they share the nouns in
`schema` and the ports in `ports`, and `flow` calls them in order.

    collect      raw bytes and files          -> events, quarantined records
    profiles     events                       -> people, identities, traits
    segments     a definition and an instant  -> exact membership, with the evidence
    predict      features as of an instant    -> judged models, scores
    recommend    interactions, items          -> judged recommenders, items with reasons
    journeys     audience, permits, caps      -> decisions
    experiments  a keyed hash, outcomes       -> variants, verdicts with intervals
    content      templates, plain values      -> subject, HTML, text
    tracking     signed links and pixels      -> opens, clicks, unsubscribes as events
    delivery     decisions                    -> messages sent once, each outcome recorded
    privacy      consents                     -> permits; without one nothing is sent

The story stands on pages of its own: `readings` shows, `flow` does, `results` reads experiments,
`authoring` keeps definitions, `intake` judges what comes, `letters` makes mails, `learning` trains,
`imputation` fills gaps.
What rooms share is ground: `traits`, `views`, `yaml_text`, `world`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pathlib import Path

    from tailorbird.app import Tailorbird

__all__ = ["__version__", "open"]


def open(folder: str | Path = "data") -> Tailorbird:  # noqa: A001 - the verb users expect: tailorbird.open("data")
    """Return the system over one data folder, wired from `FOLDER/tailorbird.toml`.

    Raises:
        SettingsError: a setting is unknown or has the wrong type.
        StoreError: the folder was written by a newer version, or another process holds it.
    """
    from tailorbird.app import Tailorbird

    return Tailorbird.open(folder)
