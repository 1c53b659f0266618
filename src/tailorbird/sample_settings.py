"""The settings file with which a data folder begins."""

from __future__ import annotations

from pathlib import Path

FILE_NAME = "tailorbird.toml"
SAMPLE = """\
# Settings of this data folder; `tailorbird config show` lists all of them with their defaults.

[shop]
# name = "My shop"
# url = "https://www.example.com"
# currency = "EUR"
# zone = "Europe/Berlin"

[sender]
# name = "My shop"
# address = "hello@mail.example.com"
# domain = "mail.example.com"
# postal_address = "1 High Street, Sampleton"

[delivery]
# Mails stay in the local inbox until a carrier is set up.
# carrier = "smtp"

# [limits]
# email_marketing = ["1/day", "3/week"]       for one person, of all campaigns together

# [carriers.smtp]
# host = "smtp.example.com"
# user = "..."       the password better by TAILORBIRD_CARRIERS__SMTP__PASSWORD
"""


def write_sample(folder: Path) -> bool:
    """Write a commented `tailorbird.toml` unless there is one; return whether it was written."""
    path = folder / FILE_NAME
    if path.exists():
        return False
    path.write_text(SAMPLE, encoding="utf-8")
    return True
