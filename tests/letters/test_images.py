"""Pictures that are drawn when a mail is opened: for whom, with what, and for nobody else."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import httpx
import pytest
from PIL import Image as Pixels

from tailorbird import letters
from tailorbird.app import Tailorbird
from tailorbird.content.images import Said
from tailorbird.schema import DAY
from tailorbird.web.images import routes

Send = Callable[..., dict[str, str]]
WELCOME = """\
image: welcome
size: [400, 120]
background: "#14532d"
countdown: 2026-03-10T12:00
layers:
  - text: "{{ person.first_name }} has {{ traits.member }} status"
    else: Good to see you
    at: [16, 16]
    colour: white
  - text: "{{ countdown.days }} days left"
    at: [16, 60]
    colour: white
"""
MAIL = """\
<mjml><mj-body><mj-section><mj-column>
  <mj-image src="{{ images.welcome }}" alt="Your status" />
  <mj-text><a href="{{ unsubscribe_url }}">Leave</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""


@pytest.fixture
def gallery(shop: Tailorbird) -> Tailorbird:
    """Return the shop with the picture `welcome` in its mail."""
    shop.put("image", "welcome", WELCOME)
    shop.put("template", "spring", MAIL)
    return shop


def texts(tb: Tailorbird, name: str, person: str = "", days: int = 0) -> list[str]:
    """Return what a picture says to somebody after so many days."""
    number = tb.person(person) if person else 0
    shown = letters.Studio(tb.world).of_person(name, number, tb.clock() + days * DAY)
    return [part.text for part in shown.drawing.parts if isinstance(part, Said)]


def ask(tb: Tailorbird, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    from starlette.applications import Starlette

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=routes(tb.world, tb.clock)))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(asked())


def path_of(tb: Tailorbird, name: str, person: str) -> str:
    url = letters.image_link(tb.world, name, tb.person(person) if person else 0, tb.clock())
    return url.removeprefix(tb.world.settings.server.base_url.rstrip("/"))


def test_each_person_is_shown_her_own_words(gallery: Tailorbird) -> None:
    assert texts(gallery, "welcome", "ada") == ["Ada has premium status", "6 days left"]


def test_who_lacks_a_value_is_shown_the_other_words(gallery: Tailorbird) -> None:
    assert texts(gallery, "welcome", "cyd")[0] == "Good to see you"
    assert texts(gallery, "welcome")[0] == "Good to see you"


def test_without_consent_to_personalisation_a_picture_is_anybodys(gallery: Tailorbird) -> None:
    assert texts(gallery, "welcome", "eve") == texts(gallery, "welcome")


def test_time_goes_on_until_it_is_over(gallery: Tailorbird) -> None:
    assert texts(gallery, "welcome", days=5)[1] == "1 days left"
    assert texts(gallery, "welcome", days=50)[1] == "0 days left"


def test_a_picture_is_a_png_of_its_size(gallery: Tailorbird) -> None:
    answer = ask(gallery, path_of(gallery, "welcome", "ada"))
    assert answer.headers["content-type"] == "image/png"
    picture = Pixels.open(io.BytesIO(answer.content))
    assert picture.size == (400, 120)
    assert picture.getpixel((399, 119)) == (0x14, 0x53, 0x2D)
    assert len(picture.getcolors(100_000) or []) > 5  # something was written
