"""What an AMP part asks for is sealed for one mail, one feed and a time."""

from __future__ import annotations

from tailorbird.schema import DAY
from tailorbird.tracking import amp_links, form_links
from tailorbird.tracking.tokens import Sealer

SEALER = Sealer(b"k" * 32)
SEND = bytes(range(16))
AT = 1_772_600_000_000_000


def token_of(address: str) -> str:
    return address.partition("?t=")[2]


def test_a_mail_gets_an_address_for_each_feed_that_it_reads() -> None:
    paths = {"amp.picks", "amp.survey", "person.first_name", "amplifier"}
    found = amp_links.in_mail(SEALER, "https://mail.example", paths, SEND, AT)
    assert set(found) == {"picks", "survey"}
    assert found["picks"].startswith("https://mail.example/a/picks?t=")
    assert found == amp_links.in_mail(SEALER, "https://mail.example", paths, SEND, AT)
    assert "person" not in str(found)


def test_a_token_opens_for_its_own_feed_in_its_own_time() -> None:
    token = token_of(amp_links.in_mail(SEALER, "", {"amp.picks"}, SEND, AT)["picks"])
    link = amp_links.AmpLink("picks", AT, SEND)
    assert amp_links.unseal(SEALER, token, "picks", AT) == link
    assert amp_links.unseal(SEALER, token, "picks", AT + 179 * DAY) == link
    assert amp_links.unseal(SEALER, token, "picks", AT + 180 * DAY) is None
    assert amp_links.unseal(SEALER, token, "picks", AT - 1) is None
    assert amp_links.unseal(SEALER, token, "survey", AT) is None
    assert amp_links.unseal(SEALER, f"{token[:-1]}A", "picks", AT) is None
    assert amp_links.unseal(Sealer(b"j" * 32), token, "picks", AT) is None


def test_tokens_of_other_uses_open_nothing() -> None:
    form = form_links.seal(SEALER, form_links.FormLink("picks", AT, send_id=SEND))
    assert amp_links.unseal(SEALER, form, "picks", AT) is None
    assert amp_links.unseal(SEALER, SEALER.seal("view", SEND), "picks", AT) is None
    assert amp_links.unseal(SEALER, "", "picks", AT) is None
