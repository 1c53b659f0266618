"""Pictures that are drawn when a mail is opened: for whom, with what, and for nobody else."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from PIL import Image as Pixels
from starlette.applications import Starlette

from tailorbird import letters
from tailorbird.app import Tailorbird
from tailorbird.content.images import Said, Tiles
from tailorbird.content.lint import lint_file
from tailorbird.errors import UsageError
from tailorbird.schema import DAY, SECOND, Body, Decision
from tailorbird.tracking import image_links
from tailorbird.tracking.tokens import Sealer
from tailorbird.web.images import routes
from tailorbird.web.tracking import PIXEL

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
HEAD = "image: welcome\nsize: [400, 120]\n"
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


# -- products --------------------------------------------------------------------------------------


def stock(tb: Tailorbird, **pieces: int) -> None:
    """Say of products how many there are, a second later than what was said before."""
    later = tb.clock() + SECOND
    tb.clock = lambda: later
    content = msgspec.json.encode(
        {
            "batch": [
                {
                    "type": "track", "event": "Product Updated",
                    "messageId": f"{item}-{later}",
                    "timestamp": datetime.fromtimestamp(later / SECOND, UTC).isoformat(),
                    "properties": {
                        "product_id": item, "name": item.title(), "price": 9.5, "stock": number,
                        "currency": "EUR", "category": "toys" if item == "ball" else "kitchen",
                    },
                }
                for item, number in pieces.items()
            ]
        }
    )  # fmt: skip
    tb.world.log.append([Body("import", later, content)])
    tb.ingest()


def decided(tb: Tailorbird, person: str, *items: str) -> str:
    """Return the address of the picture in a mail for which these products were chosen."""
    kept = {"recommendations": [{"item": item, "category": "kitchen"} for item in items]}
    send_id, number = bytes(16), tb.person(person)
    tb.world.ledger.record(
        [
            Decision(
                send_id, "spring", 1, "1", number, tb.clock(), "send", variant="only",
                inputs=msgspec.json.encode(kept),
            )
        ]
    )  # fmt: skip
    link = image_links.ImageLink("strip", tb.clock(), send_id)
    return image_links.seal(Sealer(tb.world.token_key), link)


def tiles(tb: Tailorbird, token: str) -> list[str]:
    shown = letters.Studio(tb.world).opened("strip", token, tb.clock())
    assert shown is not None
    return [
        tile.name for part in shown.drawing.parts if isinstance(part, Tiles) for tile in part.tiles
    ]


STRIP = "image: strip\nsize: [400, 240]\nlayers: [{products: 2, at: [16, 16]}]\n"


def test_what_is_sold_out_when_the_mail_is_opened_is_replaced(shop: Tailorbird) -> None:
    stock(shop, mug=3, plate=2, ball=5, bowl=1)
    shop.put("image", "strip", STRIP)
    token = decided(shop, "ada", "mug", "plate")
    assert tiles(shop, token) == ["Mug", "Plate"]
    stock(shop, mug=0)
    assert tiles(shop, token) == ["Plate", "Bowl"]  # of the kitchen, too
    stock(shop, bowl=0)
    assert tiles(shop, token) == ["Plate", "Ball"]
    stock(shop, ball=0, plate=0)
    assert tiles(shop, token) == []


def test_the_products_of_her_mail_are_nobodys_without_her_consent(shop: Tailorbird) -> None:
    stock(shop, mug=3, plate=2, ball=5)
    shop.put("image", "strip", STRIP)
    assert tiles(shop, decided(shop, "eve", "plate", "mug")) == ["Ball", "Mug"]


# -- doors -----------------------------------------------------------------------------------------


def test_a_mail_holds_a_signed_address_that_tells_nobody_anything(
    gallery: Tailorbird, send: Send
) -> None:
    send()
    (decision,) = gallery.world.ledger.decisions(person=gallery.person("ada"))
    mail = gallery.readings.mail(decision.id)
    assert mail is not None
    (url,) = re.findall(r'src="([^"]*/i/[^"]*)"', mail.html)
    assert re.fullmatch(r"https?://[^/]+/i/welcome\?t=[\w-]+", url)
    path = url[url.index("/i/") :]
    assert ask(gallery, path).content == ask(gallery, path_of(gallery, "welcome", "ada")).content
    shown = gallery.readings.proof(decision.id, gallery.clock())
    assert shown is not None
    assert shown.state == "proven"


def test_what_she_says_is_as_of_now_and_what_is_computed_as_of_her_mail(
    gallery: Tailorbird, send: Send
) -> None:
    words = (
        "{{ person.first_name }} {{ traits.orders }} {{ traits.orders_365d }} {{ traits.member }}"
    )
    gallery.put("image", "welcome", HEAD + f'layers: [{{text: "{words}", at: [0, 0]}}]\n')
    send()
    (decision,) = gallery.world.ledger.decisions(person=gallery.person("ada"))
    assert msgspec.json.decode(decision.inputs)["traits"]["orders_365d"] == 1
    said = {
        "type": "identify", "messageId": "later", "userId": "ada",
        "traits": {"first_name": "Adele", "member": "gold"},
    }  # fmt: skip
    content = msgspec.json.encode({"batch": [said]})
    gallery.world.log.append([Body("server", gallery.clock(), content)])
    gallery.ingest()
    link = image_links.ImageLink("welcome", decision.at, decision.id)
    token = image_links.seal(Sealer(gallery.world.token_key), link)
    shown = letters.Studio(gallery.world).opened("welcome", token, gallery.clock())
    assert shown is not None
    (part,) = shown.drawing.parts
    assert isinstance(part, Said)
    assert part.text == "Adele 1 1 gold"


def test_the_same_inputs_give_the_same_address_and_the_same_bytes(gallery: Tailorbird) -> None:
    path = path_of(gallery, "welcome", "ada")
    assert path == path_of(gallery, "welcome", "ada")
    assert path != path_of(gallery, "welcome", "ben")
    assert ask(gallery, path).content == ask(gallery, path).content


def test_a_reader_who_has_the_picture_is_not_sent_it_again(gallery: Tailorbird) -> None:
    path = path_of(gallery, "welcome", "ada")
    first = ask(gallery, path)
    assert first.headers["cache-control"] == "private, max-age=60"
    tag = first.headers["etag"]
    again = ask(gallery, path, {"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert ask(gallery, path, {"if-none-match": '"other"'}).status_code == 200


def test_a_forged_token_a_strange_one_and_no_image_look_the_same(gallery: Tailorbird) -> None:
    token = path_of(gallery, "welcome", "ada").partition("t=")[2]
    gallery.put("image", "other", WELCOME.replace("welcome", "other"))
    forms = Sealer(gallery.world.token_key).seal_note("amp feed", b'["welcome",0,"",1]')
    forged = f"{token[:9]}{'B' if token[9] == 'A' else 'A'}{token[10:]}"
    asked = [
        "/i/welcome", "/i/welcome?t=", f"/i/welcome?t={forged}", f"/i/other?t={token}",
        f"/i/none?t={token}", "/i/none?t=x", f"/i/welcome?t={forms}", "/i/%2e%2e?t=x",
        "/i/welcome?t=%00%ff", f"/i/welcome?t={'A' * 9000}",
    ]  # fmt: skip
    answers = [ask(gallery, path) for path in asked]
    assert {answer.content for answer in answers} == {PIXEL}
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1


def test_who_is_not_there_any_more_is_shown_what_anybody_is(gallery: Tailorbird) -> None:
    link = image_links.ImageLink("welcome", gallery.clock(), person=4711)
    token = image_links.seal(Sealer(gallery.world.token_key), link)
    answer = ask(gallery, f"/i/welcome?t={token}")
    assert answer.content == ask(gallery, path_of(gallery, "welcome", "")).content


def test_an_old_mail_shows_what_anybody_is_shown(gallery: Tailorbird) -> None:
    token = path_of(gallery, "welcome", "ada").partition("t=")[2]
    studio, later = letters.Studio(gallery.world), gallery.clock() + 401 * DAY
    old = studio.opened("welcome", token, later)
    assert old is not None
    assert old.digest == studio.of_person("welcome", 0, later).digest


def test_looking_changes_nothing(gallery: Tailorbird) -> None:
    before = gallery.world.log.end()
    ask(gallery, path_of(gallery, "welcome", "ada"))
    assert gallery.world.log.end() == before


def test_a_mail_that_names_no_picture_of_ours_is_refused(gallery: Tailorbird) -> None:
    gallery.put("template", "spring", MAIL.replace("images.welcome", "images.welcom"))
    with pytest.raises(UsageError, match="welcom"):
        gallery.decide("spring", "9")


def test_drawn_pictures_are_kept_up_to_a_bound(
    gallery: Tailorbird, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailorbird.letters.images.KEPT_BYTES", 20_000)
    studio = letters.Studio(gallery.world)
    for days in range(8):
        studio.png(studio.of_person("welcome", 0, gallery.clock() - days * DAY))
    assert 0 < sum(map(len, studio._kept.values())) <= 20_000


def test_a_picture_without_words_is_found_by_the_lint() -> None:
    def codes(mail: str) -> set[str]:
        return {each.code for each in lint_file("spring.mjml", mail, {})}

    assert "image-alt" in codes(MAIL.replace(' alt="Your status"', ""))
    assert "image-alt" not in codes(MAIL)
