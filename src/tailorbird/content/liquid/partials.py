"""The tags that call another template: `render` and `include`."""

from __future__ import annotations

from tailorbird.content.liquid.expressions import Markup
from tailorbird.content.tree import Constant, Expression, Partial, Path, Place


def partial(markup: Markup, isolated: bool, place: Place) -> Partial:
    """Return the call that the markup of a `render` (`isolated`) or an `include` makes.

    Raises:
        TemplateError: the markup is not `'NAME' [with|for VALUE] [as NAME] [NAME: VALUE, ...]`.
    """
    if isolated and markup.word.kind != "string":
        raise markup.unexpected("expected a name in quotes", "render takes no variable name")
    name = markup.value()
    bound: Expression | None = None
    each = False
    arguments: list[tuple[str, Expression]] = []
    if markup.word.text in ("with", "for") and markup.after().text != ":":
        each = markup.take().text == "for"
        bound = markup.value()
        if isinstance(bound, Path) and isinstance(bound.root, str) and markup.accept(":"):
            arguments.append((bound.root, markup.value()))  # `with a: 1` is `with a, a: 1`
    alias = ""
    if markup.word.text == "as" and markup.after().text != ":":
        markup.take()
        alias = markup.name("a name behind as")
    markup.accept(",")
    while markup.word.kind != "end":
        key = markup.name("the name of an argument")
        markup.expect(":")
        arguments.append((key, markup.value()))
        markup.accept(",")
    if not alias and isinstance(name, Constant):
        alias = str(name.value).rpartition("/")[2]
    return Partial(name, isolated, place, bound, each, alias, tuple(arguments))
