"""Bodies of an import that hold events column by column: thousands in one record of the log.

Such a body says what as many `track` messages in JSON say: `messages` writes them out, and whoever
does not know columns reads those. Its bytes: `MAGIC`, then one Arrow stream with one batch, packed
with zstd. Columns: `at`, `event`, `user`, `key`, then the properties, each with its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from tailorbird.collect.bodies import BodyError, Shape, shape
from tailorbird.collect.mapping_schema import Type
from tailorbird.schema import SECOND, Body, Instant

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE: Final = "import"
"""Only an import lays its events out like this: what strangers send is never opened as Arrow."""
MAGIC: Final = b"\x00tailorbird columns 1\n"
ROWS: Final = 122_880
"""Most events of one body: as many as DuckDB keeps together, and so writes at once."""
KIND: Final = b"kind"
ROW_ID: Final = "row-"
"""What the message ids of these events start with; 16 bytes in hexadecimal follow."""

Message: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Property:
    """A property of every event: decimals as millionths, times as instants, text by dictionary."""

    name: str
    kind: Type
    values: pa.Array


@dataclass(frozen=True, slots=True)
class Columns:
    """The events of one body. `event` and `user` are dictionaries; no user is a guest.

    `keys` are the last 8 bytes of the message ids, of which the first 8 are the instant.
    """

    at: pa.Array
    event: pa.Array
    user: pa.Array
    keys: pa.Array
    properties: tuple[Property, ...]

    def __len__(self) -> int:
        return len(self.at)


def is_columnar(body: Body) -> bool:
    """Return whether a body holds columns."""
    return body.source == SOURCE and body.content.startswith(MAGIC)


def write(columns: Columns) -> bytes:
    """Return the bytes of a body."""
    import pyarrow as pa

    fields = [
        pa.field("at", pa.int64()),
        pa.field("event", columns.event.type),
        pa.field("user", columns.user.type),
        pa.field("key", pa.uint64()),
    ]
    arrays = [columns.at, columns.event, columns.user, columns.keys]
    for said in columns.properties:
        fields.append(pa.field(f"p:{said.name}", said.values.type, metadata={KIND: said.kind}))
        arrays.append(said.values)
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
    sink = pa.BufferOutputStream()
    sink.write(MAGIC)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def read(content: bytes) -> Columns:
    """Return the columns of a body.

    Raises:
        BodyError: its bytes are damaged.
    """
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(memoryview(content)[len(MAGIC) :]) as stream:
            batch = stream.read_next_batch()
    except (pa.ArrowException, OSError, StopIteration) as error:
        raise BodyError(f"its columns are damaged: {error}") from None
    at, event, user, keys, *values = batch.columns
    names = [(field.name[2:], field.metadata[KIND].decode()) for field in list(batch.schema)[4:]]
    properties = tuple(
        Property(name, kind, array) for (name, kind), array in zip(names, values, strict=True)
    )
    return Columns(at, event, user, keys, properties)


def shape_of(body: Body) -> Shape:
    """Return the messages of a body, in columns or not, each as JSON.

    Raises:
        BodyError: its bytes are damaged, or no JSON object or list.
    """
    if not is_columnar(body):
        return shape(body.content)
    columns = read(body.content)
    return Shape(list(messages(columns, range(len(columns)))))


def messages(columns: Columns, rows: Sequence[int]) -> Iterator[bytes]:
    """Yield what some of the events say, as Segment-spec messages in JSON."""
    import pyarrow as pa

    asked = pa.array(rows, pa.int64())
    at, event, user, keys, *said = (
        array.take(asked).to_pylist()
        for array in (
            columns.at, columns.event, columns.user, columns.keys,
            *(each.values for each in columns.properties),
        )
    )  # fmt: skip
    names = [(each.name, each.kind) for each in columns.properties]
    for row, instant in enumerate(at):
        properties = {
            name: plain(kind, values[row])
            for (name, kind), values in zip(names, said, strict=True)
            if values[row] is not None
        }
        yield msgspec.json.encode(
            message(instant, event[row], user[row] or "", keys[row], properties)
        )


def message(at: Instant, event: str, user: str, key: int, properties: Message) -> Message:
    """Return one event as a Segment-spec message."""
    told: Message = {"type": "track", "event": event, "properties": properties}
    told["timestamp"] = iso(at)
    if user:
        told["userId"] = user
    told["messageId"] = f"{ROW_ID}{at:016x}{key:016x}"
    return told


def plain(kind: Type, value: str | int | bool | None) -> str | int | float | bool | None:
    """Return a value as JSON says it."""
    if value is not None and kind == "decimal":
        return int(value) / 10**6
    return iso(int(value)) if value is not None and kind == "time" else value


def iso(at: Instant) -> str:
    """Return an instant as it is written in messages."""
    whole = datetime.fromtimestamp(at // SECOND, UTC)
    return whole.replace(microsecond=at % SECOND).isoformat()
