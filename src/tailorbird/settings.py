"""Settings: `tailorbird.toml`, then `TAILORBIRD_*`; each value knows where it came from."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from tailorbird import web_address
from tailorbird.errors import SettingsError
from tailorbird.feedback_settings import Feedback as Feedback
from tailorbird.ledger_settings import Ledger as Ledger
from tailorbird.pace_settings import PACE_LISTS, PACE_TABLES
from tailorbird.pace_settings import Limits as Limits
from tailorbird.pace_settings import Pace as Pace
from tailorbird.privacy_settings import Privacy
from tailorbird.sample_settings import FILE_NAME as FILE_NAME
from tailorbird.sample_settings import write_sample as write_sample
from tailorbird.settings_text import converted, flatten, parsed, put, read

PREFIX = "TAILORBIRD_"
CONFLICT = "conflict."
"""Starts the names of a table whose keys are traits."""
BRANDS = "brands."
"""Starts the names of tables that people name."""
CARRIERS = "carriers."
"""Starts the names of the tables of carriers."""
LISTS = frozenset(
    {
        "delivery.failover",
        "delivery.sandbox_allow",
        "delivery.test_addresses",
        "identity.placeholders",
        "limits.email",
        "limits.email_marketing",
    }
)
"""Settings that an environment variable gives as words between commas."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where `tailorbird serve` listens, and the address under which people reach it."""

    host: str = "127.0.0.1"
    port: int = 8400
    base_url: str = "http://127.0.0.1:8400"
    """Start of every link in a mail. Never taken from a request."""


class Sender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the mails come from."""

    name: str = "Tailorbird demo shop"
    address: str = "hello@shop.example"
    domain: str = "shop.example"
    """Domain of Message-ID and return path."""
    postal_address: str = "1 Sample Street, Sampleton"
    """Printed in the footer, as CAN-SPAM asks."""
    reply_to: str = ""
    """Where answers go; to `address` when empty."""
    dkim_selector: str = ""
    dkim_key_file: str = ""
    """A key of your own for `domain`; keys that `tailorbird dkim new` made go before it."""
    unsubscribe_by_mail: bool = True
    """Offer it to mail clients beside the link, where mail to `domain` is read (`feedback`)."""
    bimi_logo_url: str = ""
    """Where your logo is (SVG Tiny PS, https), for `tailorbird doctor dns`."""


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another sender, for campaigns that name it; what is empty is as `sender` and `server` say."""

    name: str = ""
    address: str = ""
    domain: str = ""
    """Domain of Message-ID and return path; that of `address` when empty."""
    postal_address: str = ""
    reply_to: str = ""
    base_url: str = ""
    """Start of the links in this brand's mails: a host under its own domain that leads here."""


class Delivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which carrier sends, to whom, and how much it keeps."""

    carrier: str = "inbox"
    """Name of a table under `carriers`, or a kind of carrier that needs none."""
    transactional: str = ""
    """The carrier of mails that somebody asked for, such as confirmations; empty: the same."""
    failover: tuple[str, ...] = ()
    """The carriers that stand in for `carrier`, in order."""
    sandbox: bool = False
    """Whether mails leave only for the addresses and domains of `sandbox_allow`."""
    sandbox_allow: tuple[str, ...] = ()
    """Addresses (`me@shop.example`) and domains (`shop.example`)."""
    test_addresses: tuple[str, ...] = ()
    """The only addresses to which test mails go."""
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_tls: Literal["none", "starttls", "implicit"] = "starttls"
    smtp_connections: int = 4
    inbox_keep: int = 200_000
    """Newest messages whose full text the inbox keeps; of older ones it keeps the header."""
    unknown_policy: Literal["assume_sent", "retry"] = "assume_sent"
    unknown_transactional: Literal["assume_sent", "retry"] = "assume_sent"


class Shop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The business whose people these are."""

    name: str = "Tailorbird demo shop"
    url: str = "https://shop.example"
    privacy_url: str = ""
    """The privacy notice, to which the footer of mails leads."""
    currency: str = "EUR"
    zone: str = "UTC"
    locale: str = "en"
    """Language, or language and region, of what is written without one: `en`, `de-AT`."""


class Collect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known about whatever comes in."""

    disposable_domains_file: str = ""
    """Text file, one domain a line; its addresses get the trait `email_disposable`.

    A relative path starts at the data folder.
    """
    geo_file: str = ""
    """MaxMind DB file (GeoLite2 City or alike) that says where an event happened; extra `geo`.

    Addresses are looked up at the door and never kept. A relative path starts at the data folder.
    """
    protected_traits: tuple[str, ...] = (
        "account_manager", "admin", "balance", "blocked", "credit", "customer_group", "discount",
        "employee", "fraud", "lifetime_value", "loyalty", "ltv", "price_group", "price_list",
        "risk", "staff", "store_credit", "tax_exempt", "vip", "wholesale",
    )  # fmt: skip
    """Traits that only servers, shops and imports may set; `credit` covers `credit_limit`.

    Computed traits are protected always.
    """


class Hooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secrets with which shops sign their webhooks. A shop without one is not listened to."""

    shopify_secret: str = ""
    woocommerce_secret: str = ""
    stripe_secret: str = ""
    salesforce_token: str = ""
    """Ends the address to which Salesforce sends: `/hooks/salesforce/TOKEN`. Make it long."""
    salesforce_organization: str = ""
    """The id of the organisation whose messages are taken (Setup, Company Information)."""


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many may share an identifier, and by how many one person may be known.

    What goes beyond is flagged (`tailorbird profiles flagged`) and joins nobody any more.
    """

    accounts_per_address: int = 3
    """User ids that may give the same address and be one person."""
    people_per_device: int = 3
    """User ids (or, without any, addresses) on one device before its anonymous id says nothing."""
    addresses_per_person: int = 10
    """Addresses that one user id may bring."""
    devices_per_person: int = 1000
    """Anonymous ids that one user id or address may bring."""
    matching: Literal["off", "review", "merge"] = "review"
    """Whether people who may be one are looked for daily, and whether sure pairs are merged.

    Needs the extra `match`.
    """
    placeholders: tuple[str, ...] = ()
    """Identifiers that stand for nobody, beside words such as `undefined` and `test@test.com`."""


class Segments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long is kept what segments saw."""

    history_days: int = 400
    """Days for which it is kept who entered and left, as it was seen; 0 keeps it for ever.

    Who is in a segment, and was at any past instant, follows from the log and needs none of it.
    """


class HooksOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How webhooks leave. They go to public addresses by https unless this says otherwise."""

    allow_loopback: bool = False
    """Also to this machine, by http too: for tests."""
    allow_private: bool = False
    """Also to private networks, by http too."""
    timeout_seconds: float = 15.0
    give_up_after_days: float = 5.0
    """After so many days of failure a hook is disabled."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting, with its default."""

    server: Server = Server()
    sender: Sender = Sender()
    delivery: Delivery = Delivery()
    ledger: Ledger = Ledger()
    shop: Shop = Shop()
    hooks: Hooks = Hooks()
    hooks_out: HooksOut = HooksOut()
    feedback: Feedback = Feedback()
    pace: Pace = Pace()
    limits: Limits = Limits()
    collect: Collect = Collect()
    identity: Identity = Identity()
    segments: Segments = Segments()
    privacy: Privacy = Privacy()
    carriers: dict[str, dict[str, str | int | float | bool]] = {}
    """A table for each carrier by its name; `kind` says what it is, where its name does not."""
    brands: dict[str, Brand] = {}
    """Further senders by the name that campaigns give, `[brands.outlet]`."""
    conflict: dict[str, tuple[str, ...]] = {}
    """Trait -> the sources whose word counts most, best first; the latest word where none is."""
    assignment_salt: str = ""
    """Fixes the draw of variants, so that a demo ends alike everywhere; empty: the folder's key."""
    demo: bool = False
    """True in folders that `tailorbird demo` made: every screen and report says so."""
    demo_notice: str = ""
    """What is real and what is simulated, in the sentence that every screen carries."""
    clock_lag_seconds: int = 0
    """How far this folder's clock runs behind the wall clock: a demo's history stays near."""


def brand(settings: Settings, name: str) -> Brand:
    """Return a sender with nothing left empty but `reply_to`; '' is `sender` itself.

    Raises:
        SettingsError: there is no such brand.
    """
    sender, base_url = settings.sender, settings.server.base_url.rstrip("/")
    if name and name not in settings.brands:
        known = ", ".join(sorted(settings.brands)) or "none yet"
        raise SettingsError(
            f"no brand {name!r}", where=FILE_NAME, mend=f"brands here: {known}; add [brands.{name}]"
        )
    own = settings.brands.get(name, Brand())
    return Brand(
        name=own.name or sender.name,
        address=own.address or sender.address,
        domain=own.domain or own.address.rpartition("@")[2] or sender.domain,
        postal_address=own.postal_address or sender.postal_address,
        reply_to=own.reply_to or ("" if own.address else sender.reply_to),
        base_url=own.base_url.rstrip("/") or base_url,
    )


class Setting(msgspec.Struct, frozen=True):
    """One value as `tailorbird config show` prints it. Secrets are masked."""

    name: str
    value: str
    origin: str


SECRETS = frozenset(
    {
        *(f"feedback.{name}" for name in Feedback.__struct_fields__ if name.endswith("_secret")),
        "feedback.mailbox_password",
        "delivery.smtp_password",
        "hooks.salesforce_token",
        "hooks.shopify_secret",
        "hooks.stripe_secret",
        "hooks.woocommerce_secret",
        "ledger.url",
    }
)


SECRET_WORD = re.compile(r"(?:password|secret|token|key)$|secret")
"""What the last part of a carrier's setting looks like when it is a secret."""


def is_secret(name: str) -> bool:
    """Return whether a setting's value is never shown."""
    if name.startswith(CARRIERS):
        return SECRET_WORD.search(name.rpartition(".")[2]) is not None
    return name in SECRETS


def load(
    folder: Path, environment: Mapping[str, str], text: str | None = None
) -> tuple[Settings, list[Setting]]:
    """Return the settings of a data folder, and where each value came from.

    With a `text`, as if that were its file's.

    Raises:
        SettingsError: the file cannot be read, a name is unknown, a value has the wrong type, or
            links cannot begin with a `base_url`.
    """
    path = folder / FILE_NAME
    values = read(path) if text is None else parsed(text, str(path))
    origins = {name: str(path) for name in flatten(values)}
    for name in origins:
        _check(name, where=origins[name])
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower().replace("__", ".")
            _check(name, where=f"environment variable {variable}")
            put(values, name, text.split(",") if _is_list(name) else text)
            origins[name] = f"environment variable {variable}"
    settings = converted(values, Settings, origins, str(path))
    _check_addresses(settings, origins)
    return settings, _listing(settings, origins)


def _check_addresses(settings: Settings, origins: Mapping[str, str]) -> None:
    """Return when links can begin with the addresses of the server and of the brands."""
    brands = {f"{BRANDS}{name}": each.base_url for name, each in settings.brands.items()}
    own = {"server": settings.server.base_url, **{name: url for name, url in brands.items() if url}}
    for table, url in own.items():
        if fault := web_address.fault(url):
            name = f"{table}.base_url"
            what = f"links cannot begin with '{name}': {fault}"
            mend = (
                "write the address under which people reach this server: https://mail.shop.example"
            )
            raise SettingsError(what, where=origins.get(name, FILE_NAME), mend=mend)


def names() -> list[str]:
    """Return every setting's dotted name."""
    return list(flatten(msgspec.to_builtins(Settings())))


def _check(name: str, *, where: str) -> None:
    known = names()
    if name in known or (name.startswith(CONFLICT) and name.count(".") == 1):
        return
    if name.startswith(BRANDS) and name.rpartition(".")[2] in Brand.__struct_fields__:
        return
    if name.startswith(CARRIERS) and name.count(".") == 2:
        return  # the carrier of that kind knows its settings
    if name.startswith(PACE_TABLES):
        return
    table = name if any(each.startswith(f"{name}.") for each in known) else ""
    if table or (name.startswith(CARRIERS) and name.count(".") == 1):
        mend = f"write a line [{name}] and its settings below it"
        raise SettingsError(f"{name!r} is a table of settings", where=where, mend=mend)
    if name.startswith(BRANDS):
        brand_ = name.rpartition(".")[0]
        known = [f"{brand_}.{field}" for field in Brand.__struct_fields__]
    near = difflib.get_close_matches(name, known, n=1)
    mend = f"did you mean {near[0]!r}?" if near else "see `tailorbird config show` for all names"
    raise SettingsError(f"unknown setting {name!r}", where=where, mend=mend)


def _is_list(name: str) -> bool:
    return name.startswith((CONFLICT, PACE_LISTS)) or name in LISTS


def _listing(settings: Settings, origins: Mapping[str, str]) -> list[Setting]:
    flat = flatten(msgspec.to_builtins(settings))
    return [
        Setting(
            name,
            "******" if is_secret(name) and value else str(value),
            origins.get(name, "default"),
        )
        for name, value in flat.items()
    ]
