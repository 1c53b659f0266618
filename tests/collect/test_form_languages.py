"""What a form says of itself is in its language; its author's words come first."""

from __future__ import annotations

import re

import msgspec
import pytest

from tailorbird.collect.forms import parse
from tailorbird.collect.forms_texts import Texts, spoken
from tailorbird.forms.mail import rendered
from tailorbird.settings import Sender

FORM = """\
name: news
title: Neues
language: {language}
double_opt_in: true
fields:
  - {{name: email, kind: email, label: E-Mail}}
  - {{name: news, kind: consent, label: Ja, purpose: email_marketing, wording: W, version: "1"}}
texts:
  thanks: Danke sehr!
"""


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_a_language_has_every_sentence_with_the_same_blanks(language: str) -> None:
    ours, theirs = msgspec.to_builtins(Texts()), spoken(language)
    assert list(theirs) == list(ours)
    for name, text in theirs.items():
        assert re.findall(r"\{.*?\}", text) == re.findall(r"\{.*?\}", ours[name]), name


@pytest.mark.parametrize(
    ("language", "button"),
    [("de", "Absenden"), ("de-AT", "Absenden"), ("en", "Send"), ("tlh", "Send"), ("en-GB", "Send")],
)
def test_the_language_of_a_form_says_what_its_author_does_not(language: str, button: str) -> None:
    form = parse(FORM.format(language=language), "forms/news.yaml")
    assert (form.texts.submit, form.texts.thanks) == (button, "Danke sehr!")


def test_the_mail_that_asks_runs_as_its_language_does() -> None:
    for language, runs in (("de", '<html lang="de">'), ("ar", '<html lang="ar" dir="rtl">')):
        form = parse(FORM.format(language=language), "forms/news.yaml")
        assert runs in rendered(form, ["W"], "https://x.example/", Sender()).html
