"""Forms as authors write them.

name: newsletter
title: A letter from the garden
double_opt_in: true
ask: 2                      # at most two questions at a time, those not answered yet; 0: all
fields:
  - {name: email, kind: email, label: Your e-mail address}
  - name: news
    kind: consent
    label: Yes, write to me
    purpose: email_marketing
    wording: I want one letter a month and can end it at any time.
    version: "2026-11"      # named in the receipt
  - {name: first_name, kind: text, label: First name, trait: first_name, optional: true}
  - name: interests
    kind: choices
    label: What do you grow?
    choices: {herbs: Herbs, roses: Roses}
    trait: interests        # and interests_herbs, interests_roses: true or false
    optional: true

Kinds: email, text, number, choice, choices, date, checkbox, telephone, consent, rating, nps,
hidden. A field fills a `trait`, a `property` of the event, or both. What is chosen (not typed) is
always kept with the event, so that answers can be counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib.resources import files
from typing import Annotated, Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from tailorbird import yaml_text
from tailorbird.collect.forms_texts import Texts, spoken
from tailorbird.errors import DefinitionError
from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.schema import Purpose
from tailorbird.traits.registry import TRAITS
from tailorbird.yaml_text import Document, Path, nearest

Kind: TypeAlias = Literal[
    "email", "text", "number", "choice", "choices", "date", "checkbox", "telephone", "consent",
    "rating", "nps", "hidden",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
CHOSEN: Final[frozenset[Kind]] = frozenset({"choice", "choices", "checkbox", "rating", "nps"})
"""Kinds whose answers come from a closed list."""
NPS_HIGHEST: Final = 10
RESERVED: Final = frozenset({"done", "embed", "t", "website"})
"""Names that the page of a form needs for itself; machines fall into the last."""
EMAIL_TRAIT: Final = "email"
_FILLS: Final[dict[Kind, str]] = {"email": "email", "telephone": "phone", "nps": "nps_score"}
_DECLARED: Final = frozenset({"country"})
"""Traits that we list among our own and that people may still declare."""

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Line = Annotated[str, Meta(min_length=1, max_length=300)]
Paragraph = Annotated[str, Meta(max_length=2000)]


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question, in the author's words."""

    name: Word
    kind: Kind
    label: Annotated[str, Meta(max_length=300)] = ""
    help: Paragraph = ""
    optional: bool = False
    trait: Annotated[str, Meta(pattern=r"^([a-z][a-z0-9_]{0,62})?$")] = ""
    property_: Annotated[str, Meta(pattern=r"^([a-z][a-z0-9_]{0,62})?$")] = msgspec.field(
        name="property", default=""
    )
    choices: dict[Slug, Line] = {}
    lowest: int | float | None = None
    highest: int | float | None = None
    low: Annotated[str, Meta(max_length=100)] = ""
    high: Annotated[str, Meta(max_length=100)] = ""
    """What the two ends of a rating mean."""
    longest: Annotated[int, Meta(ge=1, le=10_000)] = 200
    lines: Annotated[int, Meta(ge=1, le=20)] = 1
    purpose: Purpose | None = None
    wording: Paragraph = ""
    version: Annotated[str, Meta(max_length=100)] = ""

    @property
    def fills(self) -> str:
        """Return the trait that an answer sets, or ''."""
        return self.trait or _FILLS.get(self.kind, "")

    @property
    def notes(self) -> str:
        """Return the property of the event that an answer sets, or ''."""
        return self.property_ or (self.name if self.kind in CHOSEN | {"hidden"} else "")

    @property
    def scale(self) -> range:
        """Return the marks of a rating: 0 to 10 for NPS, else 1 to 5 unless it says otherwise."""
        if self.kind == "nps":
            return range(NPS_HIGHEST + 1)
        lowest = 1 if self.lowest is None else int(self.lowest)
        return range(lowest, int(5 if self.highest is None else self.highest) + 1)


_KEYS: Final = tuple(field.encode_name for field in msgspec.structs.fields(Field))


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of questions: what is asked, what the answers become, what follows.

    `sites` are the origins of pages that may hold it in a frame, beside the shop's own. `country`
    (ISO 3166-1) is whose telephone numbers come without a prefix.
    """

    name: Slug
    title: Line
    fields: Annotated[tuple[Field, ...], Meta(min_length=1, max_length=60)]
    intro: Paragraph = ""
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    ask: Annotated[int, Meta(ge=0, le=20)] = 0
    double_opt_in: bool = False
    redirect: Annotated[str, Meta(max_length=1000)] = ""
    sites: tuple[str, ...] = ()
    country: Annotated[str, Meta(pattern=r"^([A-Z]{2})?$")] = ""
    texts: Texts = Texts()

    def field(self, name: str) -> Field | None:
        """Return the field of this name."""
        return next((field for field in self.fields if field.name == name), None)

    def of_kind(self, kind: Kind) -> Iterator[Field]:
        """Yield the fields of a kind, in order."""
        return (field for field in self.fields if field.kind == kind)

    @property
    def email(self) -> Field | None:
        """Return the field that asks for the address."""
        return next(self.of_kind("email"), None)

    def key(self, field: Field) -> str:
        """Return the name under which an answer is known across forms."""
        if field.kind == "consent":
            return f"consent:{field.purpose}"
        if field.kind == "email" and self.double_opt_in:
            return f"{self.name}.{field.name}"  # each such form confirms the address for itself
        return field.fills or f"{self.name}.{field.name}"

    def next_fields(self, known: Collection[str]) -> tuple[Field, ...]:
        """Return what to ask somebody of whom these keys are known: all, or the next `ask`."""
        if not self.ask:
            return self.fields
        open_ = [f for f in self.fields if f.kind != "hidden" and self.key(f) not in known]
        chosen = open_[: self.ask]
        hidden = tuple(self.of_kind("hidden")) if chosen else ()
        return (*chosen, *hidden)


def parse(text: str, name: str, *, shop_url: str = "") -> Form:
    """Return the form that a YAML text defines; `name` is its file, for errors.

    With a `shop_url`, a redirect must lead to its origin.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    document = yaml_text.read(text, name)
    checks = _Checks(document)
    checks.spelling()
    form = yaml_text.convert(document, Form)
    own = document.value.get("texts") or {}
    form = msgspec.structs.replace(form, texts=Texts(**{**spoken(form.language), **own}))
    for index, field in enumerate(form.fields):
        checks.field(field, ("fields", index), form.fields[:index])
    checks.named(form, name)
    checks.form(form, shop_url)
    return form


def origin(url: str) -> str:
    """Return the origin of a web address, '' when it is none.

    >>> origin("https://Shop.example:443/a?b"), origin("javascript:alert(1)")
    ('https://shop.example', '')
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    named = host and host.replace("-", "").replace(".", "").isalnum() and host.isascii()
    if parts.scheme not in ("http", "https") or not named or parts.username is not None:
        return ""
    usual = port in (None, 80 if parts.scheme == "http" else 443)
    return f"{parts.scheme}://{host}" + ("" if usual else f":{port}")


def library() -> dict[str, str]:
    """Return the shipped forms: name -> YAML."""
    folder = files("tailorbird.collect").joinpath("forms_library")
    return {
        file.name.removesuffix(".yaml"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".yaml")
    }


class _Checks:
    """What the types cannot say."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def spelling(self) -> None:
        """Refuse a key or a kind of a field that does not exist, and name the nearest."""
        whole = self._document.value
        listed = whole.get("fields") if isinstance(whole, dict) else None
        for index, field in enumerate(listed if isinstance(listed, list) else ()):
            for key in field if isinstance(field, dict) else ():
                if key not in _KEYS:
                    path: Path = ("fields", index, key)
                    self._refuse(f"no field has {key!r}", path, nearest(str(key), [*_KEYS]))
            kind = field.get("kind") if isinstance(field, dict) else None
            if isinstance(kind, str) and kind not in KINDS:
                path = ("fields", index, "kind")
                self._refuse(f"there is no kind {kind!r}", path, nearest(kind, [*KINDS]))

    def named(self, form: Form, file: str) -> None:
        """Refuse a form that is called otherwise than its file."""
        stem = file.rpartition("/")[2].removesuffix(".yaml")
        if form.name != stem:
            what = f"the form is called {form.name!r} and its file {stem!r}"
            self._refuse(what, ("name",), "give both the same name")

    def form(self, form: Form, shop_url: str) -> None:
        """Refuse a form whose parts do not fit each other."""
        names = [field.kind for field in form.fields]
        consents = "consent" in names
        if names.count("email") > 1:
            self._refuse("two fields ask for the address", ("fields",), "keep one")
        if consents and form.email is None:
            self._refuse("a consent without an address", ("fields",), "add a field of kind email")
        if form.email is not None and form.email.optional and (consents or form.double_opt_in):
            self._refuse("the address is optional", ("fields",), "a consent needs it: require it")
        if form.double_opt_in:
            self._confirmable(form)
        if form.ask and form.email is not None and form.fields[0] is not form.email:
            what = "with `ask`, the address comes first"
            self._refuse(what, ("fields", 0), "move it: later answers belong to its owner")
        home = origin(shop_url) if shop_url else origin(form.redirect)
        if form.redirect and origin(form.redirect) != (home or None):
            what = f"it would lead to {form.redirect!r}"
            self._refuse(what, ("redirect",), f"lead to a page of {home or 'the shop'}")
        for index, site in enumerate(form.sites):
            if origin(site) != site:
                what = f"{site!r} is no origin"
                self._refuse(what, ("sites", index), "write https://www.example.com")

    def _confirmable(self, form: Form) -> None:
        """Refuse a double opt-in whose first page holds nothing that must be agreed to."""
        first = form.next_fields(())
        if not any(field.kind == "consent" and not field.optional for field in first):
            what = "double opt-in, and nothing to confirm on the first page"
            self._refuse(what, ("double_opt_in",), "put a consent there that is not optional")

    def field(self, field: Field, path: Path, before: Collection[Field]) -> None:
        """Refuse a field that cannot be asked or whose answer would go nowhere."""
        if field.name in RESERVED or field.name in {other.name for other in before}:
            self._refuse(f"the name {field.name!r} is taken", (*path, "name"), "choose another")
        if not field.label and field.kind != "hidden":
            self._refuse(f"{field.name!r} has no label", path, "add `label:`, people see it")
        self._answers(field, path)
        self._target(field, path)

    def _answers(self, field: Field, path: Path) -> None:
        listed = field.kind in ("choice", "choices")
        if listed != bool(field.choices):
            mend = "add `choices:`" if listed else "only choice and choices have them"
            self._refuse(f"{field.kind} {field.name!r} and its choices", path, mend)
        if field.kind == "consent" and not (field.purpose and field.wording and field.version):
            mend = "add purpose, wording and version: the receipt names them"
            self._refuse(f"consent {field.name!r} does not say to what", path, mend)
        if field.kind != "consent" and (field.purpose or field.wording or field.version):
            what = f"{field.kind} {field.name!r} is no consent"
            self._refuse(what, path, "write `kind: consent`, or remove purpose, wording, version")
        if field.kind == "rating" and not 2 <= len(field.scale) <= 11:
            self._refuse(f"rating {field.name!r} has {len(field.scale)} marks", path, "2 to 11")

    def _target(self, field: Field, path: Path) -> None:
        trait = field.fills
        if trait in TRAITS and trait not in _DECLARED:
            what = f"{trait!r} is computed from events"
            self._refuse(what, (*path, "trait"), "choose a trait that people declare")
        if field.kind == "email" and trait != EMAIL_TRAIT:
            self._refuse("an address fills the trait email", (*path, "trait"), "remove `trait`")
        if field.kind != "email" and trait == EMAIL_TRAIT:
            self._refuse("only an address fills `email`", (*path, "trait"), "write `kind: email`")
        if field.notes in PERSONAL_FIELDS:
            what = f"{field.notes!r} is a personal field, which events do not keep"
            self._refuse(what, path, f"write `trait: {field.notes}` instead")
        if not (trait or field.notes or field.kind == "consent"):
            what = f"the answer to {field.name!r} goes nowhere"
            self._refuse(what, path, "add `trait:` or `property:`")

    def _refuse(self, what: str, path: Path, mend: str) -> None:
        raise DefinitionError(what, where=self._document.where(path), mend=mend)
