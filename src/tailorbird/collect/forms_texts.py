"""What a form says of itself: in its language, unless its author says it otherwise.

English is here; the other languages that come with Tailorbird are files in `forms_locales`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import msgspec

from tailorbird import yaml_text


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every sentence that visitors read and no field brings. `{}` in one is filled in."""

    submit: str = "Send"
    optional: str = "optional"
    summary: str = "Please look at this again"
    missing: str = "Please answer this."
    unticked: str = "Please tick this box to go on."
    bad_email: str = "Please write an address like name@example.com."
    bad_telephone: str = "Please write the number with its country, like +44 20 7946 0958."
    bad_number: str = "Please write a number."
    bad_date: str = "Please write a date as year-month-day, like 2026-03-31."
    too_low: str = "Please write {} or more."
    too_high: str = "Please write {} or less."
    too_long: str = "Please keep it to {} characters."
    bad_choice: str = "Please choose one of these."
    again: str = "This page was open for a long time. Please send it once more."
    busy: str = "Many answers came from here just now. Please try again in a few minutes."
    failed: str = "Your answers could not be kept just now. Please send them once more."
    trap: str = "Leave this empty"
    thanks_title: str = "Thank you"
    thanks: str = "Your answers have arrived."
    check_title: str = "One more step"
    check: str = "We have sent you a mail. Please open it and confirm that it was you."
    complete_title: str = "Thank you"
    complete: str = "You have answered everything already."
    mail_subject: str = "Please confirm your request"
    mail_text: str = "Somebody, probably you, gave us this address and agreed to this:"
    mail_button: str = "See and confirm"
    mail_ignore: str = (
        "If it was not you, do nothing and hear no more of it. The link works for 48 hours."
    )
    confirm_title: str = "Was it you?"
    confirm: str = "With this button you confirm your address and what you agreed to:"
    confirm_button: str = "Yes, it was me"
    confirmed_title: str = "Confirmed"
    confirmed: str = "Thank you. Your address is confirmed."
    expired_title: str = "This link has ended"
    expired: str = "It was valid for 48 hours. Please fill in the form again."


@lru_cache(maxsize=64)
def spoken(language: str) -> dict[str, str]:
    """Return the texts that come with Tailorbird in a language; English has none beside `Texts`."""
    name = language.partition("-")[0].lower()
    file = files("tailorbird.collect").joinpath("forms_locales", f"{name}.yaml")
    if not name.isalpha() or not file.is_file():
        return {}
    document = yaml_text.read(file.read_text(encoding="utf-8"), f"{name}.yaml")
    return msgspec.convert(document.value, dict[str, str])
