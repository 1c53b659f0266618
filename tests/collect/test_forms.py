"""Forms: what authors may write, what visitors may answer, what the log is told."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.collect import decode, forms, forms_answers, forms_messages, forms_trap
from tailorbird.collect.forms_messages import Submission
from tailorbird.errors import DefinitionError
from tailorbird.schema import SECOND, Body, LogRecord

NOW = 1_750_000_000 * SECOND
FULL = """\
name: full
title: Everything
country: GB
ask: 2
fields:
  - {name: email, kind: email, label: Address}
  - {name: first_name, kind: text, label: First name, trait: first_name, optional: true}
  - {name: people, kind: number, label: How many, property: people, lowest: 1, highest: 9}
  - {name: colour, kind: choice, label: Colour, choices: {red: Red, blue: Blue}, trait: colour}
  - {name: tools, kind: choices, label: Tools, choices: {hoe: Hoe, rake: Rake}, trait: tools}
  - {name: birthday, kind: date, label: Birthday, trait: birthday, optional: true}
  - {name: gift, kind: checkbox, label: Gift wrap}
  - {name: phone, kind: telephone, label: Telephone, optional: true}
  - name: news
    kind: consent
    label: Yes please
    purpose: email_marketing
    wording: Write to me.
    version: "7"
  - {name: service, kind: rating, label: Service, low: Bad, high: Good}
  - {name: nps, kind: nps, label: Recommend}
  - {name: comment, kind: text, label: Why, property: comment, lines: 3, optional: true}
  - {name: utm_source, kind: hidden}
"""
GOOD = {
    "email": ["Ann@PEOPLE.example"], "people": ["3"], "colour": ["red"], "tools": ["hoe", "rake"],
    "birthday": ["1990-02-28"], "gift": ["yes"], "phone": ["020 7946 0958"], "news": ["yes"],
    "service": ["4"], "nps": ["9"], "comment": ["Ask bob@people.example"], "utm_source": ["mail"],
}  # fmt: skip


def form(text: str = FULL) -> forms.Form:
    return forms.parse(text, "forms/full.yaml", shop_url="https://shop.example")


def one(field: str, more: str = "") -> forms.Form:
    return form(f"name: full\ntitle: T\n{more}fields:\n  - {field}\n")


def answered(field: str, *values: str) -> forms_answers.Answers:
    asked = one(field)
    return forms_answers.read(asked, asked.fields, {asked.fields[0].name: list(values)})


# -- definitions ----------------------------------------------------------------------------------


def test_the_shipped_forms_are_valid() -> None:
    shipped = {
        name: forms.parse(text, f"forms/{name}.yaml") for name, text in forms.library().items()
    }
    assert shipped["newsletter"].double_opt_in
    assert {"preferences", "satisfaction"} < set(shipped)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("{name: a, kind: txt, label: A}", "there is no kind 'txt'; did you mean 'text'?"),
        ("{name: a, kind: text, labl: A}", "no field has 'labl'; did you mean 'label'?"),
        ("{name: a, kind: text, property: a}", "'a' has no label"),
        ("{name: a, kind: text, label: A}", "the answer to 'a' goes nowhere"),
        ("{name: first_name, kind: text, label: A, property: first_name}", "a personal field"),
        ("{name: a, kind: text, label: A, trait: orders}", "'orders' is computed from events"),
        ("{name: a, kind: text, label: A, trait: email}", "only an address fills `email`"),
        ("{name: done, kind: text, label: A, property: a}", "the name 'done' is taken"),
        ("{name: a, kind: choice, label: A}", "add `choices:`"),
        ("{name: a, kind: text, label: A, trait: a, choices: {x: X}}", "only choice and choices"),
        ("{name: a, kind: consent, label: A}", "does not say to what"),
        ("{name: a, kind: text, label: A, trait: a, wording: W}", "is no consent"),
        ("{name: a, kind: rating, label: A, highest: 40}", "has 40 marks"),
    ],
)
def test_a_mistake_in_a_field_is_told_with_its_line_and_mend(field: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=r"^forms/full\.yaml:4: ") as caught:
        one(field)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("more", "fields", "said"),
    [
        ("redirect: https://evil.example/x\n", "", "lead to a page of https://shop.example"),
        ("redirect: //evil.example\n", "", "it would lead to"),
        ("redirect: javascript:alert(1)\n", "", "it would lead to"),
        ("redirect: https://shop.example@evil.example/\n", "", "it would lead to"),
        ("sites: [https://a.example/x]\n", "", "is no origin"),
        ("double_opt_in: true\n", "", "nothing to confirm"),
        ("ask: 2\n", "  - {name: email, kind: email, label: E}\n", "the address comes first"),
        ("texts: {sumbit: X}\n", "", "did you mean 'submit'?"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_told(more: str, fields: str, said: str) -> None:
    text = f"name: full\ntitle: T\n{more}fields:\n  - {{name: a, kind: checkbox, label: A}}\n"
    with pytest.raises(DefinitionError, match=r"^forms/full\.yaml:\d+: ") as caught:
        form(text + fields)
    assert said in str(caught.value)


def test_a_consent_needs_an_address() -> None:
    consent = "{name: c, kind: consent, label: C, purpose: tracking, wording: W, version: '1'}"
    with pytest.raises(DefinitionError, match="a consent without an address"):
        one(consent)


def test_a_form_and_its_file_have_one_name() -> None:
    with pytest.raises(DefinitionError, match="called 'full' and its file 'other'"):
        forms.parse(FULL, "forms/other.yaml")


def test_a_redirect_to_the_shop_is_taken() -> None:
    field = "{name: a, kind: checkbox, label: A}"
    assert one(field, "redirect: https://shop.example/thanks?x=1\n").redirect


# -- what to ask next -----------------------------------------------------------------------------


def test_only_the_next_unknown_fields_are_asked() -> None:
    asked = form()
    assert names(asked.next_fields(())) == ["email", "first_name", "utm_source"]
    known = {"email", "first_name", "full.people", "colour"}
    assert names(asked.next_fields(known)) == ["tools", "birthday", "utm_source"]


def test_who_has_answered_everything_is_asked_nothing() -> None:
    asked = form()
    known = {asked.key(field) for field in asked.fields}
    assert asked.next_fields(known) == ()


def test_without_ask_everything_is_asked() -> None:
    assert len(form(FULL.replace("ask: 2\n", "")).next_fields({"email"})) == 13


def names(fields: tuple[forms.Field, ...]) -> list[str]:
    return [field.name for field in fields]


# -- answers --------------------------------------------------------------------------------------


def test_good_answers_are_cleaned() -> None:
    asked = form()
    read = forms_answers.read(asked, asked.fields, GOOD)
    assert read.mistakes == {}
    assert read.values["email"] == "Ann@people.example"
    assert read.values["phone"] == "+442079460958"
    assert read.values["tools"] == ("hoe", "rake")
    assert read.values["people"] == 3
    assert "first_name" not in read.values


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("{name: a, kind: email, label: A}", "ann@localhost"),
        ("{name: a, kind: telephone, label: A}", "123"),
        ("{name: a, kind: number, label: A, trait: a}", "NaN"),
        ("{name: a, kind: number, label: A, trait: a}", "1e999999999"),
        ("{name: a, kind: number, label: A, trait: a, lowest: 5}", "4.99"),
        ("{name: a, kind: number, label: A, trait: a, highest: 5}", "6"),
        ("{name: a, kind: date, label: A, trait: a}", "2025-02-30"),
        ("{name: a, kind: date, label: A, trait: a}", "0001-01-01"),
        ("{name: a, kind: choice, label: A, choices: {x: X}}", "y"),
        ("{name: a, kind: choices, label: A, choices: {x: X}}", "y"),
        ("{name: a, kind: rating, label: A}", "6"),
        ("{name: a, kind: nps, label: A}", "11"),
        ("{name: a, kind: text, label: A, trait: a, longest: 3}", "four"),
        ("{name: a, kind: text, label: A, trait: a}", "  \t "),
    ],
)
def test_a_bad_answer_is_refused_with_a_sentence(field: str, value: str) -> None:
    read = answered(field, value)
    assert read.values == {}
    assert read.mistakes["a"].endswith(".")


def test_a_required_field_must_be_answered_and_an_optional_one_need_not() -> None:
    assert answered("{name: a, kind: text, label: A, trait: a}").mistakes
    assert answered("{name: a, kind: text, label: A, trait: a, optional: true}") == (
        forms_answers.Answers()
    )


@given(st.dictionaries(st.sampled_from([*GOOD, "x"]), st.lists(st.text(), max_size=3)))
def test_whatever_comes_is_an_answer_or_a_mistake(values: dict[str, list[str]]) -> None:
    asked = form()
    read = forms_answers.read(asked, asked.fields, values)
    assert not set(read.values) & set(read.mistakes)
    submission = Submission("s", "full", 1, NOW, "form-x", read.values)
    record = LogRecord(1, Body("forms", NOW, forms_messages.body(asked, submission)))
    assert decode([record]).refused == []


# -- what the log is told -------------------------------------------------------------------------


def told(asked: forms.Form, submission: Submission, suspected: Any = "") -> list[Any]:
    content = forms_messages.body(asked, submission, suspected)
    found = decode([LogRecord(1, Body("forms", NOW, content))])
    return [*found.events, *found.refused]


def filled(asked: forms.Form, **more: Any) -> Submission:
    read = forms_answers.read(asked, asked.fields, GOOD)
    return Submission("s1", "full", 3, NOW, "form-x", read.values, **more)


def test_answers_become_traits_events_consent_and_survey() -> None:
    events = {event.name: event for event in told(form(), filled(form()))}
    assert set(events) == {
        "identify", "form_submitted", "consent_changed", "survey_answered"
    }  # fmt: skip
    identify = events["identify"]
    assert identify.email == "Ann@people.example"
    assert identify.traits["tools"] == "hoe,rake"
    assert identify.traits["tools_rake"] is True
    assert identify.traits["nps_score"] == 9
    assert "email_verified" not in identify.traits
    submitted = events["form_submitted"].properties
    assert submitted["colour"] == "red"
    assert submitted["people"] == 3
    assert submitted["utm_source"] == "mail"
    survey = events["survey_answered"].properties
    assert (survey["score"], survey["category"]) == (9, "promoter")
    assert survey["comment"] == "Ask [address]"


def test_a_consent_names_wording_form_and_time() -> None:
    (event,) = [e for e in told(form(), filled(form())) if e.name == "consent_changed"]
    (claim,) = event.consents
    assert (claim.purpose, claim.granted, claim.wording_version) == ("email_marketing", True, "7")
    evidence = json.loads(claim.evidence)
    assert (evidence["form"], evidence["form_version"]) == ("full", 3)
    assert evidence["requested_at"].startswith("2025-06-15T")


def test_what_must_be_confirmed_is_told_as_a_wish_alone() -> None:
    asked = form(FULL.replace("ask: 2", "double_opt_in: true"))
    events = {event.name: event for event in told(asked, filled(asked))}
    assert set(events) == {"form_submitted"}
    assert events["form_submitted"].properties["pending"] is True
    assert "colour" not in events["form_submitted"].properties
    assert all(event.consents == () for event in events.values())


def test_a_wish_can_be_read_again_from_the_log() -> None:
    asked = form(FULL.replace("ask: 2", "double_opt_in: true"))
    wish = filled(asked)
    found = forms_messages.requested(forms_messages.body(asked, wish))
    assert found is not None
    assert (found.id, found.version, found.at) == (wish.id, wish.version, wish.at)
    later = msgspec.structs.replace(found, confirmed_at=NOW)
    events = {event.name: event for event in told(asked, later)}
    assert set(events) == {
        "identify", "form_confirmed", "consent_changed", "survey_answered"
    }  # fmt: skip
    assert events["identify"].traits["email_verified"] is True
    assert events["identify"].traits["tools"] == "hoe,rake"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"batch":[1]}', b'{"context":[]}'])
def test_a_body_without_a_wish_has_none(content: bytes) -> None:
    assert forms_messages.requested(content) is None


# -- the trap -------------------------------------------------------------------------------------


def test_a_machine_is_told_by_what_it_fills_and_how_fast() -> None:
    assert forms_trap.suspicion("x", NOW, NOW + SECOND) == "honeypot"
    assert forms_trap.suspicion("", NOW, NOW + SECOND // 2) == "too_fast"
    assert forms_trap.suspicion("", NOW, NOW + SECOND) == ""
    assert forms_trap.suspicion("", None, NOW) == ""


def test_what_is_suspected_is_held_back_until_somebody_clears_it() -> None:
    held = told(form(), filled(form()), "honeypot")
    assert {refused.code for refused in held} == {"bot_suspected"}
    assert len(held) == 4


def test_nobody_outside_is_held_back_by_that_word() -> None:
    message = {"type": "track", "event": "x", "userId": "u", "context": {"suspected": "honeypot"}}
    record = LogRecord(1, Body("web", NOW, json.dumps(message).encode()))
    assert decode([record]).refused == []


def test_a_rate_forgets_with_time_and_beyond_its_room() -> None:
    rates = forms_trap.Rates(2, 10, remembered=2)
    assert [rates.exceeded(b"a", at) for at in (1, 2, 3, 12, 30)] == [
        False, False, True, False, False
    ]  # fmt: skip
    for key in (b"b", b"c"):
        assert not rates.exceeded(key, 30)
    assert not rates.exceeded(b"a", 30)


def test_marks_of_a_survey_fall_into_three_classes() -> None:
    classes = [forms_messages.category(score) for score in range(11)]
    assert classes == ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2
