"""Lists of products that a Handlebars template may ask for by name while it renders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tailorbird.content.values import Plain


class Lists(Protocol):
    """Gives one person's lists; both give plain data, at most `most` products, the best first."""

    def products_in_category(self, category: str, most: int) -> list[Plain]:
        """Return products of a category that this person may like."""

    def recommendations(self, most: int) -> list[Plain]:
        """Return products that this person may like."""


class DataLists:
    """Takes the lists from the template's data.

    `products_by_category` maps a category to its products; `recommendations` is a list.
    """

    def __init__(self, data: Mapping[str, object]) -> None:
        self._data = data

    def products_in_category(self, category: str, most: int) -> list[Plain]:
        """Return what the data hold under the category."""
        found = self._data.get("products_by_category")
        return _first(found.get(category) if isinstance(found, dict) else None, most)

    def recommendations(self, most: int) -> list[Plain]:
        """Return what the data recommend."""
        return _first(self._data.get("recommendations"), most)


class AskedLists(DataLists):
    """Notes the categories that a template asks for, and gives what the data hold."""

    def __init__(self, data: Mapping[str, object]) -> None:
        super().__init__(data)
        self.categories: dict[str, None] = {}

    def products_in_category(self, category: str, most: int) -> list[Plain]:
        """Note the category, unless it is nothing."""
        if category:
            self.categories[category] = None
        return super().products_in_category(category, most)


def _first(found: object, most: int) -> list[Plain]:
    return found[:most] if isinstance(found, list) else []
