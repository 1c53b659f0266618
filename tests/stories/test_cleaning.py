"""Addresses and telephone numbers come in as people write them, and are kept in one spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from tailorbird.app import Tailorbird
from tailorbird.errors import SettingsError
from tailorbird.schema import Body, Instant

NOW: Instant = 1_760_000_000_000_000
LISTING = '[collect]\ndisposable_domains_file = "brief.txt"\n'
SEGMENT = "name: passing\nwhere:\n  trait: email_disposable\n  is: true\n"


def identify(user: str, **traits: str) -> str:
    said = ",".join(f'"{name}":"{value}"' for name, value in traits.items())
    return f'{{"type":"identify","userId":"{user}","traits":{{{said}}}}}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder whose owner has listed a domain."""
    (tmp_path / "tailorbird.toml").write_text(LISTING)
    (tmp_path / "brief.txt").write_text("# for minutes\nbrief.example\n")
    return tmp_path


def tell(tb: Tailorbird, *messages: str) -> None:
    """Let the log hold these messages, and people and segments know of them."""
    content = f'{{"batch":[{",".join(messages)}]}}'
    tb.world.log.append([Body("web", NOW, content.encode())])
    tb.ingest()
    tb.refresh()


def test_a_short_lived_address_makes_a_segment_until_a_lasting_one_is_given(folder: Path) -> None:
    with Tailorbird.open(folder, environment={}, clock=lambda: NOW) as tb:
        tb.put("segment", "passing", SEGMENT)
        tell(tb, identify("u1", email="Ann@mx.BRIEF.example"), identify("u2", email="b@x.example"))
        assert tb.segment_people("passing") == [tb.person("u1")]
        tell(tb, identify("u1", email="ann@shop.example"))
        assert tb.segment_count("passing") == 0


def test_a_list_that_is_gone_stops_the_reading_and_loses_nothing(folder: Path) -> None:
    (folder / "brief.txt").rename(folder / "elsewhere.txt")
    with Tailorbird.open(folder, environment={}, clock=lambda: NOW) as tb:
        with pytest.raises(SettingsError, match=r"brief\.txt"):
            tell(tb, identify("u1", email="ann@brief.example"))
        (folder / "elsewhere.txt").rename(folder / "brief.txt")
        assert tb.ingest().events == 1
        assert tb.ingest().events == 0


def test_the_profile_has_one_spelling_and_the_log_what_was_said(folder: Path) -> None:
    said = identify("u1", email="Ünal@Straße.example", phone="086 123 4567", country="Éire")
    with Tailorbird.open(folder, environment={}, clock=lambda: NOW) as tb:
        tell(tb, said, identify("u2", phone="ask me"))
        (ann, ben) = (tb.world.people.profiles([tb.person(u)])[tb.person(u)] for u in ("u1", "u2"))
        assert ann.email == "Ünal@xn--strae-oqa.example"
        assert ann.traits["phone"] == "+353861234567"
        assert (ben.traits["phone"], ben.traits["phone_invalid"]) == ("ask me", True)
        assert tb.person("ünal@XN--strae-oqa.example") == ann.person
        (record,) = tb.world.log.read(0, 10)
        assert "086 123 4567" in record.body.content.decode()
