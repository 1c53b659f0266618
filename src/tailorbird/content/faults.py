"""What goes wrong while a template works on values."""

from __future__ import annotations

from tailorbird.errors import TemplateError


class Unfit(TemplateError):  # noqa: N818 - it is raised as a TemplateError by whoever renders
    """A value does not fit what the template asks of it. `shopify`: what Shopify's Liquid says."""

    def __init__(self, what: str, *, shopify: str = "", mend: str = "") -> None:
        super().__init__(what, mend=mend)
        self.shopify = shopify or what
