"""What goes wrong while a template works on values."""

from __future__ import annotations

from tailorbird.errors import TemplateError


class Unfit(TemplateError):  # noqa: N818 - it is raised as a TemplateError by whoever renders
    """A value does not fit what the template asks of it. `shopify`: what Shopify's Liquid says."""

    def __init__(self, what: str, *, shopify: str = "", mend: str = "") -> None:
        super().__init__(what, mend=mend)
        self.shopify = shopify or what


def wrong_count(given: int, least: int, most: int) -> object:
    """Raise as a filter that was given too few or too many arguments."""
    wanted = str(least + 1) if least == most else f"{least + 1}..{most + 1}"
    raise Unfit(
        f"a filter takes {least} to {most} arguments, got {given}",
        shopify=f"wrong number of arguments (given {given + 1}, expected {wanted})",
        mend="they stand behind its colon, with commas between them",
    )
