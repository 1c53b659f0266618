"""Pictures over HTTP and by command: listed, drawn, kept, and ended when nothing shows them."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image as Pixels
from typer.testing import CliRunner, Result

from tailorbird import removing
from tailorbird.app import Tailorbird
from tailorbird.cli.commands import app
from tailorbird.errors import DefinitionError
from tailorbird.schema import SECOND, Body

NOW = 1_700_000_000 * SECOND
WELCOME = """\
image: welcome
description: A greeting
size: [200, 60]
layers:
  - text: "Hello {{ person.first_name }}"
    else: Hello
    at: [8, 8]
"""
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
MAIL = '<p><img src="{{ images.welcome }}" alt="x"><a href="{{ unsubscribe_url }}">x</a></p>'
Call = Callable[..., httpx.Response]


def test_a_picture_is_tried_kept_listed_drawn_and_ended(call: Call, tb: Tailorbird) -> None:
    tried = call("/images/welcome/trial?person=1", "POST", json={"text": WELCOME}).json()
    assert (tried["width"], tried["height"], tried["said"]) == (200, 60, ["Hello Ada"])
    picture = base64.b64decode(tried["picture"].removeprefix("data:image/png;base64,"))
    assert Pixels.open(io.BytesIO(picture)).size == (200, 60)
    assert call("/images").json() == []  # nothing was kept
    assert call("/images/welcome", "PUT", json={"text": WELCOME}).json()["version"] == 1
    (row,) = call("/images").json()
    assert (row["name"], row["width"], row["personal"], row["description"]) == (
        "welcome", 200, True, "A greeting",
    )  # fmt: skip
    report = call("/images/welcome").json()
    assert (report["text"], report["reads"], report["uses"]) == (WELCOME, ["person.first_name"], [])
    drawn = call("/images/welcome/picture?person=1")
    assert (drawn.headers["content-type"], drawn.content) == ("image/png", picture)
    assert call("/images/welcome/picture").content != picture
    assert call("/images/welcome", "DELETE").json() == {"name": "welcome", "version": 1}
    assert call("/images/welcome").status_code == 404
    assert tb.world.definitions.get("image", "welcome") is None


def test_a_mistake_is_told_with_its_line(call: Call) -> None:
    wrong = {"text": WELCOME.replace("person.first_name", "persona.x")}
    for path, method in (("/images/welcome/trial", "POST"), ("/images/welcome", "PUT")):
        told = call(path, method, json=wrong)
        assert told.status_code == 422
        assert "images/welcome.yaml:5" in told.text


@pytest.mark.parametrize("text", [MAIL, MAIL.replace(".welcome", '["welcome"]')])
def test_a_picture_that_a_mail_shows_is_not_taken_away(
    call: Call, tb: Tailorbird, text: str
) -> None:
    tb.put("image", "welcome", WELCOME)
    tb.put("image", "welcome2", WELCOME.replace("image: welcome", "image: welcome2"))
    tb.put("template", "spring", text)
    uses = call("/images/welcome/uses").json()
    assert [(each["kind"], each["name"]) for each in uses] == [("template", "spring")]
    assert call("/images/welcome", "DELETE").status_code == 409
    assert removing.uses(tb.world, "image", "welcome2") == ()


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--folder", str(folder)])


def test_pictures_end_by_command(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    with Tailorbird.open(folder, environment={}) as tb:
        tb.put("image", "welcome", WELCOME)
        tb.put("template", "spring", MAIL)
    assert "template" in run(folder, "images", "used", "welcome").output
    assert run(folder, "images", "remove", "welcome").exit_code != 0
    with Tailorbird.open(folder, environment={}) as tb:
        tb.put("template", "spring", MAIL.replace("{{ images.welcome }}", "x.png"))
    removed = run(folder, "images", "remove", "welcome")
    assert removed.output.startswith("image welcome is no more; it was version 1")
    assert "removed" in run(folder, "images", "versions", "welcome").output


def test_letters_that_no_font_writes_are_refused_until_a_font_is_brought(
    tb: Tailorbird, call: Call
) -> None:
    cyrillic = WELCOME.replace("else: Hello", "else: Здравствуйте")
    with pytest.raises(DefinitionError, match=r"welcome\.yaml:5: no font here can write З а"):
        tb.put("image", "welcome", cyrillic)
    if not DEJAVU.is_file():
        pytest.skip("DejaVu is not here (Debian: apt-get install fonts-dejavu-core)")
    (tb.world.folder / "images").mkdir()
    shutil.copy(DEJAVU, tb.world.folder / "images" / "dejavu.ttf")
    tb.put("image", "welcome", cyrillic)
    said = call("/images/welcome/trial", "POST", json={"text": cyrillic}).json()["said"]
    assert said == ["Здравствуйте"]


def test_a_name_that_no_font_writes_gives_way_and_is_never_drawn_with_holes(
    tb: Tailorbird, call: Call
) -> None:
    named = {"type": "identify", "messageId": "m2", "userId": "u1", "traits": {"firstName": "Зоя"}}
    content = json.dumps({"batch": [named]}).encode()
    tb.world.log.append([Body("server:shop", NOW, content)])
    tb.ingest()
    said = call("/images/welcome/trial?person=1", "POST", json={"text": WELCOME}).json()["said"]
    assert said == ["Hello"]
    alone = WELCOME.replace("    else: Hello\n", "")
    assert call("/images/welcome/trial?person=1", "POST", json={"text": alone}).json()["said"] == []
