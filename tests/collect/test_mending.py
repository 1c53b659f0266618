"""Rules that mend refused records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tailorbird.collect import decode
from tailorbird.collect.mending import Rule, body_of, mend, parse_rule, said_id, sent_at_of
from tailorbird.errors import DefinitionError
from tailorbird.schema import Body, LogRecord, Refused

RECEIVED = 1_760_000_000_000_000


def rule(*changes: dict[str, Any], **where: object) -> Rule:
    text = json.dumps({"rule": "tried", "where": where, "change": changes})
    return parse_rule(text, "tried.json")


def mended(record: object, *changes: dict[str, Any], **where: object) -> Any:
    content = mend(rule(*changes, **where), json.dumps(record).encode())
    return None if content is None else json.loads(content)


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ({"set": "event", "to": "Paid"}, {}, {"event": "Paid"}),
        ({"set": "a.b", "to": [1]}, {}, {"a": {"b": [1]}}),
        ({"set": "a", "to": None}, {"a": 1}, {"a": None}),
        ({"set": "p.*.q", "to": 1}, {"p": [{}, {"q": 2}]}, {"p": [{"q": 1}, {"q": 1}]}),
        ({"rename": "a.b", "to": "c.d"}, {"a": {"b": 1}}, {"a": {}, "c": {"d": 1}}),
        ({"delete": "a.b"}, {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}),
        ({"delete": "a.*"}, {"a": [1, 2, 3]}, {"a": []}),
        ({"delete": "a.1"}, {"a": [1, 2, 3]}, {"a": [1, 3]}),
        ({"multiply": "a", "by": 100}, {"a": 19.99}, {"a": 1999}),
        ({"multiply": "a", "by": "0.01"}, {"a": 1999}, {"a": 19.99}),
        ({"multiply": "a", "by": "0.01"}, {"a": "1999"}, {"a": "19.99"}),
        ({"multiply": "p.*.q", "by": 2}, {"p": [{"q": 1}, {}]}, {"p": [{"q": 2}, {}]}),
        (
            {"date": "at", "format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"},
            {"at": "03.07.2025 14:05"},
            {"at": "2025-07-03T12:05:00Z"},
        ),
    ],
)
def test_a_change_changes_its_field_alone(
    change: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    kept = {"event": "x", "other": {"ü": [1, 2.5, None, "é"]}}
    assert mended(kept | before, change) == kept | after


@pytest.mark.parametrize(
    ("change", "record"),
    [
        ({"delete": "gone"}, {"a": 1}),
        ({"rename": "gone", "to": "a"}, {"a": 1}),
        ({"rename": "a", "to": "b.c"}, {"a": 1, "b": 2}),
        ({"multiply": "a", "by": 2}, {"a": "much"}),
        ({"multiply": "a", "by": 2}, {"a": True}),
        ({"date": "a", "format": "%Y"}, {"a": "yesterday"}),
        ({"set": "a.b", "to": 1}, {"a": 2}),
        ({"set": "a.7", "to": 1}, {"a": [1]}),
    ],
)
def test_a_change_that_does_not_fit_changes_nothing(change: dict[str, Any], record: object) -> None:
    assert mended(record, change) is None


def test_a_rule_is_for_records_with_what_it_asks() -> None:
    change = {"set": "a", "to": 1}
    assert mended({"b": {"c": None}}, change, present=["b.c"]) is not None
    assert mended({"b": {}}, change, present=["b.c"]) is None
    assert mended({"b": {"c": 1}}, change, absent=["b.c"]) is None


@pytest.mark.parametrize("raw", [b"[1]", b'"text"', b"7", b"", b"{", b'{"a":' * 100_000])
def test_what_is_no_object_is_left_alone(raw: bytes) -> None:
    assert mend(rule({"set": "a", "to": 1}), raw) is None


def test_what_strict_json_forbids_can_be_taken_out() -> None:
    raw = b'{"type":"track","a":NaN,"b":"\xff","c":"\\ud800","d":1}'
    taken_out = rule(*({"delete": name} for name in "abc"))
    assert mend(taken_out, raw) == b'{"type":"track","d":1}'


def test_bytes_that_are_no_text_stay_as_they_came() -> None:
    raw = b'{"a":1,"b":"\xff"}'
    assert mend(rule({"set": "a", "to": 2}), raw) == b'{"a":2,"b":"\xff"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule: r\nchange:\n  - set: a\n", "t.yaml:3: `set` says no value"),
        ("rule: r\nchange:\n  - set: a\n    delete: b\n", "t.yaml:3: a change has one verb"),
        ("rule: r\nchange:\n  - {}\n", "a change has one verb"),
        ("rule: r\nchange: []\n", "changes nothing"),
        ("rule: r\nchange:\n  - rename: a\n", "no new name"),
        ("rule: r\nchange:\n  - {rename: a, to: b.*}\n", "moves one field"),
        ("rule: r\nchange:\n  - {date: a, format: ''}\n", "no valid format"),
        ("rule: r\nchange:\n  - {date: a, format: '%Y', zone: Mars/Base}\n", "format or zone"),
        ("rule: r\nchange:\n  - {multiply: a, by: many}\n", "no number"),
        ("rule: r\nchange:\n  - {delete: messageId}\n", "keeps its message id"),
        ("rule: r\nchange:\n  - {rename: a, to: message_id}\n", "keeps its message id"),
        (
            "rule: r\nchange:\n  - {sett: a}\n",
            "t.yaml:3: unknown field 'sett' in 'change[0]'",
        ),
        ("change: []\n", "missing required field"),
    ],
)
def test_a_wrong_rule_is_refused_with_line_and_mend(text: str, said: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        parse_rule(text, "t.yaml")
    assert said in str(raised.value)


def test_a_rule_with_another_text_has_another_mark() -> None:
    one, two = rule({"delete": "a"}), rule({"delete": "b"})
    assert one.mark() != two.mark()
    assert one.mark() == rule({"delete": "a"}).mark()


def test_the_message_id_is_found_however_it_is_spelled() -> None:
    assert said_id(b'{"messageId":"m"}') == said_id(b'{"message_id":"m"}') == "m"
    assert said_id(b'{"a":1}') == said_id(b"no json") == ""


def test_a_record_comes_back_when_it_happened() -> None:
    # The phone's clock runs a day late; its batch said so.
    event = b'{"type":"track","event":"Paid","userId":"u","timestamp":"2025-10-08T08:00:00Z"}'
    batch = b'{"batch":[7,' + event + b'],"sentAt":"2025-10-08T08:53:20Z"}'
    came_in = Body("web", RECEIVED, batch)
    first = decode([LogRecord(1, came_in)])
    again = decode([LogRecord(2, body_of(first.refused[0], event, sent_at_of(batch)))])
    assert [e.at for e in again.events] == [e.at for e in first.events]
    assert first.events[0].at == RECEIVED - 3_200_000_000


def test_a_body_that_could_not_be_read_comes_back_whole() -> None:
    refused = Refused(1 << 20, "web", RECEIVED, "bad_body", "", b"{", "")
    body = body_of(refused, b'{"batch":[]}', sent_at_of(b"{"))
    assert body == Body("web", RECEIVED, b'{"batch":[]}')
