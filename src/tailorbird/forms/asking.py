"""Which form, for whom, and what is known of her already."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from tailorbird.collect.forms import EMAIL_TRAIT, Form, parse
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.schema import Instant, PersonId, Scalar
from tailorbird.tracking import form_links
from tailorbird.tracking.tokens import Sealer
from tailorbird.world import World


class Visitor(msgspec.Struct, frozen=True):
    """Somebody before a form. `known` are the keys of what needs no asking any more.

    `stored` holds her values by key, and only where a signed link told who she is: a cookie proves
    that this browser answered, not that its user may see what we know.
    """

    person: PersonId = 0
    known: frozenset[str] = frozenset()
    stored: dict[str, Scalar] = {}


def find(world: World, name: str, version: int | None = None) -> tuple[Form, int]:
    """Return a form and its version, the latest unless another is named.

    Raises:
        UsageError: there is none of this name.
    """
    found = world.definitions.get("form", name, version)
    if found is None:
        known = ", ".join(d.name for d in world.definitions.latest("form")) or "none yet"
        raise UsageError(f"no form {name!r}", mend=f"forms here: {known}")
    return _read(found.text, name), found.version


@lru_cache(maxsize=256)
def _read(text: str, name: str) -> Form:
    return parse(text, f"forms/{name}.yaml")


def link(world: World, name: str, person: PersonId, now: Instant) -> str:
    """Return the signed address of a form for one person, which fills in what is stored of her."""
    given = form_links.FormLink(name, now, person)
    token = form_links.seal(Sealer(world.token_key), given)
    return f"{page(world, name)}?t={token}"


def page(world: World, name: str) -> str:
    """Return the address of a form for anybody."""
    return f"{world.settings.server.base_url.rstrip('/')}/f/{name}"


def person_of(world: World, name: str, token: str, now: Instant) -> PersonId:
    """Return whom a signed link to this form is for, 0 when it is forged, of another form or old.

    Whoever was merged since then is the person that she has become.
    """
    link = form_links.unseal(Sealer(world.token_key), token, name, now)
    if link is None:
        return 0
    person = link.person
    if link.send_id:
        decision = world.ledger.decision(link.send_id)
        person = decision.person if decision else 0
    return world.people.survivor(person) or 0


def stored(world: World, form: Form, person: PersonId) -> Visitor:
    """Return what is known of a person whom a signed link has named."""
    profile = world.people.profiles([person]).get(person)
    if profile is None:
        return Visitor()
    state = world.people.consent_states([person]).get(person)
    granted = {f"consent:{purpose}" for purpose in (state.granted if state else {})}
    values: dict[str, Scalar] = {}
    for field in form.fields:
        value = profile.traits.get(field.fills) if field.fills else None
        if field.fills == EMAIL_TRAIT:
            value = profile.email
        if value not in (None, ""):
            values[form.key(field)] = value
    return Visitor(person, frozenset(values) | granted, values)


def check_links(world: World, paths: Iterable[str]) -> None:
    """Return when every form that a template links to is there.

    Raises:
        UsageError: one is not.
    """
    for name in sorted(form_links.names(paths)):
        find(world, name)


def standing(world: World) -> list[tuple[Form, int]]:
    """Return the latest version of every form that can be read, by name."""
    found: list[tuple[Form, int]] = []
    for definition in world.definitions.latest("form"):
        try:
            form = parse(definition.text, f"forms/{definition.name}.yaml")
        except DefinitionError:
            continue
        found.append((form, definition.version))
    return found
