"""Salesforce's outbound messages: SOAP in, an acknowledgement out.

The XML comes from outside: no document type, no entity, no depth or size beyond what a message has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from tailorbird.collect.sources.salesforce import Record

ACK: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    b"<soapenv:Body>"
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    b"</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)
DEPTH_LIMIT: Final = 32
ELEMENT_LIMIT: Final = 200_000
_OUTBOUND: Final = "http://soap.sforce.com/2005/09/outbound"
_TYPE: Final = "http://www.w3.org/2001/XMLSchema-instance type"


class BadSoap(Exception):  # noqa: N818 - expected: it is answered, nothing is wrong with us
    """The body is no outbound message."""


@dataclass(slots=True)
class Notification:
    """One changed record. `id` stays the same when Salesforce sends it again."""

    id: str = ""
    kind: str = ""
    record: Record = field(default_factory=dict)


@dataclass(slots=True)
class Outbound:
    """What one message brings. Its session id, which opens Salesforce, is not kept."""

    organization: str = ""
    notifications: list[Notification] = field(default_factory=list)


def outbound(content: bytes) -> Outbound:
    """Return an outbound message.

    Raises:
        BadSoap: it is no XML, uses what outbound messages never use, or is none.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.buffer_text = True
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadSoap(f"the body is no XML: {error}") from None
    if not reader.found.organization or not reader.found.notifications:
        raise BadSoap("the body is no outbound message of Salesforce")
    return reader.found


def _refuse(*_: object) -> None:
    raise BadSoap("a document type or a processing instruction is not read here")


class _Reader:
    """Follows the elements of a message."""

    def __init__(self) -> None:
        self.found = Outbound()
        self._path: list[str] = []
        self._text: list[str] = []
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Enter an element."""
        self._elements += 1
        if len(self._path) >= DEPTH_LIMIT or self._elements > ELEMENT_LIMIT:
            raise BadSoap("it is larger or deeper than any outbound message")
        space, _, local = name.rpartition(" ")
        self._text = []
        if local == "Notification" and space == _OUTBOUND:
            self.found.notifications.append(Notification())
        if local == "sObject" and space == _OUTBOUND and self.found.notifications:
            kind = attributes.get(_TYPE, "").rpartition(":")[2]
            self.found.notifications[-1].kind = kind
        self._path.append(local)

    def text(self, text: str) -> None:
        """Take some text of the present element."""
        self._text.append(text)

    def end(self, _name: str) -> None:
        """Leave an element."""
        text = "".join(self._text).strip()
        self._text = []
        path = self._path
        if path[-2:] == ["notifications", "OrganizationId"]:
            self.found.organization = text
        elif path[-2:] == ["Notification", "Id"] and self.found.notifications:
            self.found.notifications[-1].id = text
        elif "sObject" in path[:-1] and text and self.found.notifications:
            inside = path[path.index("sObject") + 1 :]
            self.found.notifications[-1].record[".".join(inside)] = text
        path.pop()
