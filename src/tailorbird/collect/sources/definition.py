"""Definitions of sources: where something is read, by which mapping, how often.

    source: erp_stock
    kind: file
    path: /exports/stock_*.csv
    mapping: sap_stock
    every: 15m

Secrets are named, never written: `${ERP_PASSWORD}` is taken from the environment when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from tailorbird import yaml_text
from tailorbird.collect.sources.kafka import OURS
from tailorbird.errors import DefinitionError, SettingsError
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Instant

Brings: TypeAlias = Literal["people", "orders", "products", "stock", "events"]
"""What a source may bring; what the mapping makes beside it is left out."""
SECTIONS: Final[dict[str, tuple[Brings, ...]]] = {
    "customers": ("people",),
    "orders": ("orders",),
    "products": ("products", "stock"),
    "events": ("events",),
}
UNITS: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
SHORTEST: Final = 10 * SECOND
NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,59}")
COLUMN: Final = re.compile(r"[^\W\d]\w{0,62}")
REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_AT: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_WRITTEN_SECRET: Final = re.compile(r"://[^/@:\s]*:(?!\$\{)[^/@\s]+@|(?i:password|pwd)=(?!\$\{)\S")
_SECRET_OPTION: Final = re.compile(r"password|secret|ssl\.key\.pem")
TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
MASK: Final = "******"
Refuse: TypeAlias = Callable[[str, str, str], None]


class _Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every source says."""

    source: str
    """Its name."""
    about: str = ""
    mapping: str = ""
    """A mapping that comes with Tailorbird or was put; '' finds one by the columns of a file."""
    brings: tuple[Brings, ...] = ()
    """Only these; () everything that the mapping makes."""
    system: str = ""
    """Whose word it is where sources contradict each other; '' is the source's own name."""
    every: str = ""
    at: str | tuple[str, ...] = ()
    """Times of day in the shop's zone."""
    paused: bool = False
    """It is read by hand only."""


class FileSource(_Source, frozen=True, tag_field="kind", tag="file", kw_only=True):
    """Files in a folder or in object storage: each is read once, and again when it changes."""

    path: str
    """A path or URL; `*`, `?` and `[...]` stand for any name, `**` for any folder."""
    options: dict[str, str] = {}
    """What the file system of the URL is given, such as a key."""


class SalesforceSource(_Source, frozen=True, tag_field="kind", tag="salesforce", kw_only=True):
    """Exports of Salesforce, read as a `file` source is; they need no mapping."""

    path: str
    options: dict[str, str] = {}
    object: str = ""
    """Of which object the records are, such as Contact, where the files do not say it."""


class SqlSource(_Source, frozen=True, tag_field="kind", tag="sql", kw_only=True):
    """A query of a database: all of it, or what is new by its cursor column."""

    database: Literal["postgresql", "sqlite", "duckdb", "adbc"]
    uri: str
    """A connection string; of SQLite and DuckDB, the path of the file."""
    query: str
    cursor: str = ""
    """The column that never goes back when a row is new or changed."""
    overlap: str = "10m"
    """How far behind the cursor is read again: longer than any transaction lasts."""
    driver: str = ""
    """Of `adbc`: the driver to load, such as adbc_driver_snowflake."""
    options: dict[str, str] = {}


class KafkaSource(_Source, frozen=True, tag_field="kind", tag="kafka", kw_only=True):
    """Topics of one cluster, read all the time."""

    brokers: str
    """Where to begin: `host:9092,other:9092`."""
    topics: tuple[str, ...]
    group: str = ""
    """The consumer group that shows how far we are; '' is `tailorbird-` and the source's name."""
    options: dict[str, str] = {}
    """librdkafka's: `security.protocol`, `sasl.username` ..."""


class RabbitSource(_Source, frozen=True, tag_field="kind", tag="rabbitmq", kw_only=True):
    """One queue, read all the time."""

    url: str
    """amqp://USER:${PASSWORD}@HOST/VHOST"""
    queue: str


QueueSource: TypeAlias = KafkaSource | RabbitSource
Source: TypeAlias = FileSource | SalesforceSource | SqlSource | QueueSource


def parse_source(text: str, name: str) -> Source:
    """Return a source from its YAML.

    Raises:
        DefinitionError: as `file:line: what; mend`.
    """
    document = yaml_text.read(text, name)
    source: Source = yaml_text.convert(document, Source, shown=False)  # type: ignore[arg-type] # a union is no type

    def refuse(key: str, what: str, mend: str) -> None:
        raise DefinitionError(what, where=document.where((key,)), mend=mend)

    if not NAME.fullmatch(source.source):
        refuse("source", f"{source.source!r} is no name", "write lower case, digits, _ and -")
    if source.system and not NAME.fullmatch(source.system):
        refuse("system", f"{source.system!r} is no name", "write lower case, digits, _ and -")
    if source.every and source.at:
        refuse("at", "it has two schedules", "keep `every` or `at`")
    if source.every and (length(source.every) or 0) < SHORTEST:
        refuse("every", f"{source.every!r} is no time of 10s or more", "write 30s, 15m, 6h or 1d")
    for moment in moments(source):
        if not _AT.fullmatch(moment):
            refuse("at", f"{moment!r} is no time of day", 'write "03:00", with the quotes')
    if _WRITTEN_SECRET.search(text):
        mend = "write ${NAME}, and set NAME in the environment of the server"
        raise DefinitionError("a password is written in it", where=name, mend=mend)
    if isinstance(source, SalesforceSource) and (source.mapping or source.brings):
        mend = "say `kind: file` for objects that need one"
        refuse("mapping", "Salesforce's own objects need no mapping", mend)
    if isinstance(source, SqlSource):
        _check_sql(source, refuse)
    if isinstance(source, QueueSource):
        _check_queue(source, refuse)
    return source


def _check_sql(source: SqlSource, refuse: Refuse) -> None:
    if not source.mapping:
        refuse("mapping", "a query needs a mapping", "add `mapping:` and its name")
    if source.cursor and not COLUMN.fullmatch(source.cursor):
        refuse("cursor", f"{source.cursor!r} is no column's name", "give the column a plain name")
    if (source.driver == "") != (source.database != "adbc"):
        refuse("database", "`driver` belongs to `database: adbc`", "give both, or neither")
    if source.cursor and length(source.overlap) is None and not source.overlap.isdecimal():
        mend = "write 10m for a time, or a number for a number"
        refuse("overlap", f"{source.overlap!r} is no length", mend)


def _check_queue(source: QueueSource, refuse: Refuse) -> None:
    for key in ("every", "at"):
        if getattr(source, key):
            refuse(key, "a queue is read all the time", f"take `{key}` out")
    if source.brings and not source.mapping:
        refuse("brings", "without a mapping, messages say what they say", "add `mapping:`")
    if isinstance(source, RabbitSource) and not source.queue:
        refuse("queue", "it names no queue", "write the queue's name")
    if isinstance(source, KafkaSource):
        _check_kafka(source, refuse)


def _check_kafka(source: KafkaSource, refuse: Refuse) -> None:
    for topic in source.topics:
        if not TOPIC.fullmatch(topic):
            refuse("topics", f"{topic!r} is no topic's name", "write letters, digits, . _ and -")
    if not source.topics or len({*source.topics}) < len(source.topics):
        refuse("topics", "it names no topic, or one twice", "write each topic once")
    for key, value in source.options.items():
        if key in OURS or key.endswith("_cb"):
            refuse("options", f"the option {key!r} is set by Tailorbird", f"take {key} out")
        if _SECRET_OPTION.search(key) and not REFERENCE.search(value):
            mend = "write ${NAME}, and set NAME in the environment of the server"
            refuse("options", f"the secret {key!r} is written in it", mend)


def length(text: str) -> int | None:
    """Return the microseconds of `15m`, None when it is no such length."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    return int(match[1]) * UNITS[match[2]] if match else None


def moments(source: Source) -> tuple[str, ...]:
    """Return the times of day at which a source is read."""
    return (source.at,) if isinstance(source.at, str) else source.at


def kind_of(source: Source) -> str:
    """Return what a source says after `kind:`."""
    return str(source.__struct_config__.tag)


def next_due(source: Source, after: Instant, zone: str) -> Instant | None:
    """Return when a source that was read at an instant is to be read next, None if never by itself.

    A time of day that a change of the clocks leaves out comes an hour later; one that comes twice
    counts once.
    """
    if source.every:
        return after + (length(source.every) or 0)
    here = ZoneInfo(zone)
    local = datetime.fromtimestamp(after / SECOND, here)
    found = []
    for day in range(3):
        date = (local + timedelta(days=day)).date()
        for moment in moments(source):
            hour, minute = map(int, moment.split(":"))
            at = datetime(date.year, date.month, date.day, hour, minute, tzinfo=here)
            found.append(int(at.timestamp()) * SECOND)
    return min((at for at in found if at > after), default=None)


class Secrets:
    """The values of `${NAME}`, looked up when they are needed and masked wherever they show."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._taken: set[str] = set()

    def resolved(self, text: str, where: str) -> str:
        """Return a text with its references replaced.

        Raises:
            SettingsError: a variable is not set.
        """

        def value(match: re.Match[str]) -> str:
            found = self._environment.get(match[1])
            if found is None:
                mend = f"set {match[1]} in the environment in which Tailorbird runs"
                raise SettingsError(f"${{{match[1]}}} is not set", where=where, mend=mend)
            self._taken.add(found)
            return found

        return REFERENCE.sub(value, text)

    def masked(self, text: str) -> str:
        """Return a text, such as a driver's complaint, without any value that was looked up."""
        for value in sorted(self._taken, key=len, reverse=True):
            text = text.replace(value, MASK) if value else text
        return re.sub(r"://([^/@:\s]*):[^/@\s]+@", rf"://\1:{MASK}@", text)
