"""Whoever changes the carrier after a crash gets no mail sent twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sending.conftest import EVERYBODY, PEOPLE, TEMPLATE, Carrying, House

from tailorbird.schema import MINUTE


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """Return a folder whose sender by SMTP was killed: one last line had left, three had not."""
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "tailorbird.toml").write_text('[delivery]\ncarrier = "smtp"\n', encoding="utf-8")
    house = House(folder)
    house.join(*(f"p{number}" for number in range(PEOPLE)))
    house.tb.put("segment", "everybody", EVERYBODY)
    house.tb.put("template", "spring", TEMPLATE)
    house.decide("before")
    house.deliver(Carrying())
    house.decide()
    world = house.tb.world
    claims = world.ledger.claim("worker-1", 4, house.now, 60)
    world.journal.dot(claims[0].send_id)
    house.tb.close()
    return folder


def test_a_carrier_that_never_had_a_mail_is_not_asked_for_it(crashed: Path) -> None:
    (crashed / "tailorbird.toml").write_text("", encoding="utf-8")  # the inbox knows what it has
    house = House(crashed)
    house.now += MINUTE
    assert house.deliver().sent == PEOPLE - 1
    assert house.tb.world.ledger.states("spring") == {"sent": PEOPLE - 1, "unknown": 1}
    house.tb.close()


def test_after_that_the_new_carrier_is_asked(crashed: Path) -> None:
    (crashed / "tailorbird.toml").write_text("", encoding="utf-8")
    house = House(crashed)
    house.deliver()
    house.decide("after")
    claims = house.tb.world.ledger.claim("worker-1", 4, house.now, 60)
    assert len(claims) == 4
    assert house.deliver().sent == PEOPLE
    house.tb.close()
