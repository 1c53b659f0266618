"""Definitions of pictures, the files that they may show, and how their words are written."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image as Pixels

from tailorbird.content.images import Drawing, Image, Said, Tile, parse_image
from tailorbird.content.images.files import LARGEST_FILE, Pictures
from tailorbird.content.images.fonts import Fonts
from tailorbird.content.images.paint import Painter
from tailorbird.content.values import Plain
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, HOUR, MINUTE

HEAD = "image: x\nsize: [300, 100]\n"


def image(layers: str, head: str = HEAD) -> Image:
    return parse_image(f"{head}layers:\n{layers}", "images/x.yaml")


def painter(folder: Path) -> Painter:
    return Painter(Pictures(folder), Fonts(folder))


def pixels(folder: Path, drawing: Drawing) -> Pixels.Image:
    return Pixels.open(io.BytesIO(painter(folder).png(drawing)))


def drawn(found: Image, **values: object) -> Drawing:
    return found.drawing({"person": {}, "traits": {}, **values}, [], {}, 0)  # type: ignore[dict-item]


# -- definitions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "layers: []\n", "must have at least 1 entry"),
        (HEAD + "layers: [{at: [0, 0]}]\n", "nothing says what the layer shows"),
        (HEAD + "layers: [{box: [0, 0, 9, 9], text: a, colour: red}]\n", "one thing"),
        (HEAD + "layers: [{box: [0, 0, 9, 9], colour: blurple}]\n", "no colour"),
        (HEAD + "background: nothing\nlayers: [{text: a, at: [0, 0]}]\n", "no colour"),
        (HEAD + "layers: [{text: a, at: [0, 0], sise: 3}]\n", "did you mean 'size'"),
        (HEAD + "layers: [{text: '{{ person.first_name', at: [0, 0]}]\n", "x.yaml:3"),
        (
            HEAD + "layers: [{text: '{{ persn.first_name }}', at: [0, 0]}]\n",
            "did you mean 'person'",
        ),
        (HEAD + "layers: [{text: '{{ countdown.days }}', at: [0, 0]}]\n", "until when"),
        (HEAD + "layers: [{text: a, else: '{{ person.last_name }}', at: [0, 0]}]\n", "default"),
        (HEAD + "countdown: soon\nlayers: [{text: a, at: [0, 0]}]\n", "no date"),
        (HEAD + "layers: [{picture: ../a.png, at: [0, 0]}]\n", "'picture' is '"),
        (HEAD + "layers: [{picture: 'https://x.example/a.png', at: [0, 0]}]\n", "'picture' is '"),
        (
            HEAD + "layers: [{text: a, at: [0, 0], font: /etc/font.ttf}]\n",
            "'font' is '/etc/font.ttf', but it must match",
        ),
        ("image: x\nsize: [1200, 1200]\nlayers: [{text: a, at: [0, 0]}]\n", "more than 600,000"),
        ("image: x\nsize: [9999, 10]\nlayers: [{text: a, at: [0, 0]}]\n", "must be at most 1,200"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_image(text, "images/x.yaml")
    assert told in str(caught.value)
    assert "images/x.yaml:" in str(caught.value)


def test_words_whose_values_are_missing_give_way() -> None:
    found = image('  - {text: "Hi {{ person.first_name }}!", else: Hello, at: [0, 0]}\n')
    assert [part.text for part in drawn(found).parts if isinstance(part, Said)] == ["Hello"]
    named = drawn(found, person={"first_name": "Ada"})
    assert [part.text for part in named.parts if isinstance(part, Said)] == ["Hi Ada!"]


def test_words_without_others_are_left_out() -> None:
    found = image('  - {text: "Hi {{ person.first_name }}!", at: [0, 0]}\n')
    assert drawn(found).parts == ()


def test_a_value_is_never_read_as_a_template() -> None:
    found = image('  - {text: "{{ person.first_name }}", at: [0, 0]}\n')
    (said,) = drawn(found, person={"first_name": "{{ traits.tier }} {% raw %}"}).parts
    assert isinstance(said, Said)
    assert said.text == "{{ traits.tier }} {% raw %}"


def test_a_long_value_draws_no_more_than_its_share() -> None:
    found = image('  - {text: "{{ person.first_name }}", at: [0, 0]}\n')
    (said,) = drawn(found, person={"first_name": "x" * 1_000_000}).parts
    assert isinstance(said, Said)
    assert len(said.text) == 300


def test_a_countdown_counts_in_its_zone() -> None:
    text = f"{HEAD}countdown: 1970-01-03T02:00\nlayers: [{{text: a, at: [0, 0]}}]\n"
    found = parse_image(text, "x.yaml", zone="Europe/Vienna")
    left = found.countdown(DAY - HOUR + MINUTE)
    assert left == {"days": 1, "hours": 1, "minutes": 59, "ended": False}
    assert found.countdown(9 * DAY)["ended"] is True


def test_two_drawings_share_a_digest_exactly_when_they_look_the_same() -> None:
    found = image('  - {text: "{{ person.first_name }}", else: you, at: [0, 0]}\n')
    assert drawn(found).digest() == drawn(found, person={"first_name": "you"}).digest()
    assert drawn(found).digest() != drawn(found, person={"first_name": "Ada"}).digest()


# -- files -----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a red picture; beside it, one that nobody may see."""
    inside = tmp_path / "images"
    (inside / "products").mkdir(parents=True)
    Pixels.new("RGB", (40, 20), "red").save(inside / "red.png")
    Pixels.new("RGB", (40, 20), "red").save(inside / "products" / "mug-1.png")
    Pixels.new("RGB", (40, 20), "blue").save(tmp_path / "secret.png")
    return inside


def test_a_picture_is_scaled_down_and_pasted(folder: Path) -> None:
    found = image("  - {picture: red.png, at: [10, 10], fit: [20, 20]}\n")
    shown = pixels(folder, drawn(found))
    assert shown.getpixel((20, 15)) == (255, 0, 0)
    assert shown.getpixel((20, 25)) == (255, 255, 255)


@pytest.mark.parametrize(
    "name",
    ["../secret.png", "/secret.png", "products/../../secret.png", "a\x00.png", "red.png/", "..",
     "red.svg", "products/a/b.png", ".hidden.png", "http://x.example/a.png"],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    assert Pictures(folder).stamp(name) == ""
    assert Pictures(folder).scaled(name, (9, 9)) is None


def test_no_symbolic_link_leads_out_of_the_folder(folder: Path) -> None:
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    assert Pictures(folder).scaled("link.png", (9, 9)) is None


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def bomb(side: int) -> bytes:
    """Return a small PNG that says it is `side` pixels wide and high."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [2_001, 12_000, 60_000])
def test_a_small_file_of_a_giant_picture_is_not_unpacked(folder: Path, side: int) -> None:
    (folder / "bomb.png").write_bytes(bomb(side))
    assert Pictures(folder).scaled("bomb.png", (9, 9)) is None


@pytest.mark.parametrize("content", [b"", b"x", b"GIF89a", b"\x89PNG\r\n\x1a\n", bomb(20)[:45]])
def test_what_is_no_picture_is_left_out(folder: Path, content: bytes) -> None:
    (folder / "broken.png").write_bytes(content)
    assert Pictures(folder).scaled("broken.png", (9, 9)) is None
    found = image("  - {picture: broken.png, at: [0, 0]}\n")
    assert pixels(folder, drawn(found)).size == (300, 100)


def test_a_file_that_is_too_large_is_left_out(folder: Path) -> None:
    with (folder / "large.png").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    assert Pictures(folder).stamp("large.png") == ""


def test_another_edition_of_a_picture_is_another_drawing(folder: Path) -> None:
    before = Pictures(folder).stamp("red.png")
    Pixels.new("RGB", (50, 20), "lime").save(folder / "red.png")
    assert Pictures(folder).stamp("red.png") != before


# -- words -----------------------------------------------------------------------------------------


def test_words_that_no_font_can_write_give_way(folder: Path) -> None:
    found = image('  - {text: "{{ person.first_name }}", else: Hello, at: [0, 0]}\n')
    person: dict[str, Plain] = {"first_name": "\u4f60\u597d"}
    drawing = found.drawing({"person": person}, [], {}, 0, painter(folder).covers)
    assert [part.text for part in drawing.parts if isinstance(part, Said)] == ["Hello"]


def test_what_is_too_long_ends_in_dots_within_its_width(folder: Path) -> None:
    found = image('  - {text: "{{ person.first_name }}", at: [0, 0], width: 100, size: 20}\n')
    shown = pixels(folder, drawn(found, person={"first_name": "W" * 200}))
    right = shown.crop((101, 0, 300, 100)).getcolors()
    assert right == [(199 * 100, (255, 255, 255))]
    assert len(shown.getcolors(100_000) or []) > 1


def test_a_strip_draws_each_product(folder: Path) -> None:
    found = image("  - {products: 3, at: [0, 0], tile: [90, 100], gap: 10}\n")
    tiles = [Tile("Mug", "EUR 9.50", "products/mug-1.png"), Tile("A very long name " * 20, "")]
    shown = pixels(folder, found.drawing({}, tiles, {}, 0))
    assert shown.getpixel((45, 12)) == (255, 0, 0)
    assert shown.crop((190, 0, 300, 100)).getcolors() == [(11_000, (255, 255, 255))]


def test_a_font_that_is_none_is_no_font(folder: Path) -> None:
    (folder / "bad.ttf").write_bytes(b"no font")
    assert not Fonts(folder).has("bad.ttf")
    assert not Fonts(folder).has("../bad.ttf")
    found = image("  - {text: Hello, at: [0, 0], font: bad.ttf}\n")
    assert len(pixels(folder, drawn(found)).getcolors(100_000) or []) > 1
