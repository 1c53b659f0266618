"""Values as `letters` gives them to a template, and mails to render."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tailorbird import content

Values = dict[str, Any]


def product(number: int, **changes: object) -> Values:
    """Return one recommended product."""
    return {
        "item": str(number),
        "name": f"Tea pot {number}",
        "price_minor": 1_299 + number,
        "currency": "EUR",
        "url": f"https://shop.example/products/{number}?from=mail&size=m",
        "image": f"https://shop.example/images/{number}.png",
        "reason": "Often bought with your cups",
        "score": 0.5,
    } | changes


@pytest.fixture
def values() -> Callable[..., Values]:
    """Return a function that makes one person's values, changed where the test asks."""

    def make(**changes: object) -> Values:
        return {
            "person": {"first_name": "Ada", "country": "GB"},
            "traits": {
                "tier": "gold",
                "orders": 7,
                "recency_days": 91,
                "favourite_category": "Tea & Coffee",
                "favourite_item": "1",
                "revenue_minor": 120_000,
            },
            "recommendations": [product(1), product(2, image="", reason=None)],
            "shop": {"name": "Sample shop", "url": "https://shop.example", "currency": "EUR"},
            "sender": {"name": "Sample Ltd", "postal_address": "1 Sample Street, Sampleton"},
            "campaign": {"name": "win-back"},
            "unsubscribe_url": "https://mail.example/u?t=abc&z=1",
            "view_url": "https://mail.example/v?t=abc",
            "demo": False,
        } | changes

    return make


@pytest.fixture(scope="session")
def win_back() -> content.EmailTemplate:
    """Return the shipped template, compiled."""
    source = content.EmailSource(
        name="win_back",
        subjects={
            "warm": "{{ person.first_name | default: 'Hello' }}, we have missed you",
            "plain": "What is new at {{ shop.name }}",
        },
        mjml=content.templates()["win_back"],
    )
    return content.compile_email(source, content.library())


@pytest.fixture
def mail() -> Callable[..., content.EmailTemplate]:
    """Return a function that compiles a mail from what stands in its body."""

    def make(body: str, *, blocks: dict[str, str] | None = None, **fields: Any) -> Any:
        mjml = f"<mjml><mj-body>{body}</mj-body></mjml>"
        source = content.EmailSource(name="mail", subjects={"a": "Subject"}, mjml=mjml, **fields)
        return content.compile_email(source, blocks or {})

    return make
