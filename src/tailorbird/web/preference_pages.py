"""The page of a person's choices as HTML, and what it sends back; no script, every screen."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from html import escape
from typing import Final

from tailorbird.content.locales import chain
from tailorbird.letters.frequency import DAYS
from tailorbird.letters.preferences import NAMES, Preferences, Topic, Wish, Wording
from tailorbird.readings.people import masked
from tailorbird.schema import PURPOSES, Purpose
from tailorbird.web.page_texts import OURS, Spoken

SHOWN: Final = "shown"
"""Names every box that was on the page: one that comes back unticked was taken away."""
LEAVE: Final = "leave"
_PURPOSE: Final = "purpose."
_TOPIC: Final = "topic."
_OFTEN: Final = {"": "frequency_any"} | {each: f"frequency_{each}" for each in DAYS}
_NAME: Final = {"first_name": "given-name", "last_name": "family-name"}


def choices(
    standing: Preferences, spoken: Spoken, languages: Mapping[str, str], *, saved: bool = False
) -> str:
    """Return the content of the page; `languages` are those that there are to choose."""
    status = f'<p class="done" role="status">{_say(spoken, "choices_saved")}</p>' if saved else ""
    resting = f"<p>{_say(spoken, 'resting')}</p>" if standing.resting else ""
    whose = spoken.say("choices_for", masked(standing.email)) if standing.email else ""
    return (
        f"<h1>{_say(spoken, 'choices_heading')}</h1>{status}<p>{escape(whose)}</p>{resting}"
        f'<form method="post">{_purposes(standing, spoken)}{_topics(standing, spoken)}'
        f"{_frequency(standing, spoken)}{_about(standing, spoken, languages)}"
        f'<button type="submit">{_say(spoken, "choices_button")}</button></form>'
        f'<form method="post" class="leave"><h2>{_say(spoken, "leave_all_heading")}</h2>'
        f"<p>{_say(spoken, 'leave_all')}</p>"
        f'<button type="submit" name="{LEAVE}" value="all">'
        f"{_say(spoken, 'leave_all_button')}</button></form>"
    )


def wish(given: Mapping[str, list[str]], languages: Mapping[str, str]) -> Wish | None:
    """Return what a sent page asks for, None where it is no page of ours.

    Boxes that were not on it are left out: what nobody was shown nobody took away.
    """
    shown = given.get(SHOWN, [])
    if not shown:
        return None
    purposes: dict[Purpose, bool] = {
        each: f"{_PURPOSE}{each}" in given for each in PURPOSES if f"{_PURPOSE}{each}" in shown
    }
    topics = {each.removeprefix(_TOPIC): each in given for each in shown if each.startswith(_TOPIC)}
    frequency, locale = _one(given, "frequency"), _one(given, "locale")
    other = locale in languages and locale != _one(given, "locale_was")
    return Wish(
        purposes,
        topics,
        frequency if frequency in DAYS else "",
        locale if other else "",
        {name: _one(given, name) for name in NAMES if name in given},
    )


def wording(spoken: Spoken) -> Wording:
    """Return the words under which the purposes stand, and the name of exactly these words."""
    said: dict[Purpose, str] = {
        each: f"{spoken.say(each)}. {spoken.say(f'{each}_about')}" for each in PURPOSES
    }
    digest = blake2b("\n".join(said.values()).encode(), digest_size=6).hexdigest()
    return Wording(f"preferences-{spoken.locale}-{digest}", said)


def _purposes(standing: Preferences, spoken: Spoken) -> str:
    boxes = "".join(
        _box(
            f"{_PURPOSE}{each}",
            escape(spoken.say(each)),
            escape(spoken.say(f"{each}_about")),
            ticked=standing.purposes[each],
        )
        for each in PURPOSES
        if not (standing.resting and each == "email_marketing")
    )
    return _group(spoken, "choices_purposes", boxes)


def _topics(standing: Preferences, spoken: Spoken) -> str:
    boxes = "".join(
        _box(f"{_TOPIC}{each.list}", escape(_words(each, spoken)), "", ticked=each.chosen)
        for each in standing.topics
    )
    return _group(spoken, "topics", boxes) if boxes else ""


def _words(topic: Topic, spoken: Spoken) -> str:
    looked = (*chain(spoken.locale, OURS), *topic.words)
    return next((topic.words[each] for each in looked if each in topic.words), topic.list)


def _frequency(standing: Preferences, spoken: Spoken) -> str:
    radios = "".join(
        f'<label class="tick plain"><input type="radio" name="frequency" value="{each}"'
        f"{' checked' if standing.frequency == each else ''}>"
        f"<span>{_say(spoken, _OFTEN[each])}</span></label>"
        for each in ("", *DAYS)
    )
    return _group(spoken, "frequency", radios)


def _about(standing: Preferences, spoken: Spoken, languages: Mapping[str, str]) -> str:
    fields = "".join(
        f'<div><label for="{name}">{_say(spoken, name)}</label>'
        f'<input type="text" class="line" id="{name}" name="{name}" maxlength="100" '
        f'autocomplete="{_NAME[name]}" value="{escape(standing.names.get(name, ""))}"></div>'
        for name in NAMES
    )
    here = _chosen(spoken.locale, languages)
    options = "".join(
        f'<option value="{locale}" lang="{locale}"{" selected" if locale == here else ""}>'
        f"{escape(name)}</option>"
        for locale, name in languages.items()
    )
    select = (
        f'<div><input type="hidden" name="locale_was" value="{here}">'
        f'<label for="locale">{_say(spoken, "choose_language")}</label>'
        f'<select class="line" id="locale" name="locale">{options}</select></div>'
    )
    fixed = f'<p class="help">{_say(spoken, "address_fixed")}</p>'
    return f"<h2>{_say(spoken, 'about_you')}</h2>{fields}{select}{fixed}"


def _chosen(locale: str, languages: Mapping[str, str]) -> str:
    return next((each for each in chain(locale, OURS) if each in languages), OURS)


def _group(spoken: Spoken, legend: str, controls: str) -> str:
    return f"<fieldset><legend>{_say(spoken, legend)}</legend><div>{controls}</div></fieldset>"


def _box(name: str, label: str, about: str, *, ticked: bool) -> str:
    explained = f'<br><span class="plain">{about}</span>' if about else ""
    return (
        f'<div class="tick"><input type="hidden" name="{SHOWN}" value="{name}">'
        f'<input type="checkbox" id="{name}" name="{name}" value="yes"'
        f"{' checked' if ticked else ''}>"
        f'<label for="{name}">{label}{explained}</label></div>'
    )


def _say(spoken: Spoken, name: str) -> str:
    return escape(spoken.say(name))


def _one(given: Mapping[str, list[str]], name: str) -> str:
    return next(iter(given.get(name, ())), "").strip()
