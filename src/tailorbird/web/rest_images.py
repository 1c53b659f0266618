"""The API of pictures that are drawn when a mail is opened: listed, drawn, kept, taken away."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Response, post, put
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird import authoring, letters
from tailorbird.readings import images
from tailorbird.views.images import ImageReport, ImageRow, ImageText, ImageTrial
from tailorbird.views.sources import KeptText
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    At,
    Name,
    found,
    reads,
)
from tailorbird.web.images import house_fonts
from tailorbird.web.rest_definitions import BY_API, handlers

TAG: Final = "mail"
LARGEST_BYTES: Final = 1 << 17
For = Annotated[
    int, QueryParameter(ge=0, le=2**63 - 1, description="The number of a person; 0 for anybody.")
]


@reads("/images", "All pictures", TAG)
def list_images(desk: At) -> tuple[ImageRow, ...]:
    """Return every picture that mails can show."""
    return images.rows(desk.world)


@reads("/images/{name:str}", "One picture", TAG, responses=MISSING)
def get_image(desk: At, name: Name) -> ImageReport:
    """Return a picture's text, what it reads, and where it is used."""
    return found(images.report(desk.world, name), f"image {name!r}")


@reads("/images/{name:str}/picture", "A picture, drawn", TAG, responses=MISSING | WRONG)
def draw_image(desk: At, name: Name, person: For = 0) -> Response[bytes]:
    """Return the PNG as a person would see it now, or as anybody would."""
    found(desk.world.definitions.get("image", name), f"image {name!r}")
    studio = letters.Studio(desk.world, house_fonts())
    picture = studio.png(studio.of_person(name, person, desk.clock()))
    headers = {"content-security-policy": "default-src 'none'", "cache-control": "no-store"}
    return Response(picture, media_type="image/png", headers=headers)


@post("/images/{name:str}/trial", summary="Draw a draft", tags=[TAG], status_code=200,
      responses=INVALID | GUARDED | WRONG, request_max_body_size=LARGEST_BYTES,
      sync_to_thread=True)  # fmt: skip
def try_image(desk: At, name: Name, data: JSONBody[ImageText], person: For = 0) -> ImageTrial:
    """Return what a text would be drawn as; nothing is kept."""
    studio = letters.Studio(desk.world, house_fonts())
    return images.trial(desk.world, studio, name, data.text, person, desk.clock())


@put("/images/{name:str}", summary="Keep a picture", tags=[TAG], status_code=200,
     responses=WRITING, request_max_body_size=LARGEST_BYTES, **WRITES)  # fmt: skip
def put_image(desk: At, name: Name, data: JSONBody[ImageText]) -> KeptText:
    """Keep a picture as a new version, once it is right; the same text makes none."""
    kept = authoring.put(
        desk.world, "image", name, data.text,
        now=desk.clock(), author=data.author, reason=data.reason or BY_API,
    )  # fmt: skip
    return KeptText(kept.kind, kept.name, kept.version)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_images,
    get_image,
    draw_image,
    try_image,
    put_image,
    *handlers("image", "images", "a picture"),
]
