"""Templates: compiled once, rendered for each person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from tailorbird.content import handlebars, liquid
from tailorbird.content.generate import Generated, Program, generate
from tailorbird.content.generate.handlebars import generate as generate_handlebars
from tailorbird.content.handlebars import Options
from tailorbird.content.html_context import escaped
from tailorbird.content.lists import Lists
from tailorbird.content.meter import begin
from tailorbird.content.scope import Links, Scope
from tailorbird.content.tree import Body
from tailorbird.content.values import LONGEST, Plain
from tailorbird.errors import TemplateError, UsageError
from tailorbird.schema import Instant

Syntax: TypeAlias = Literal["liquid", "handlebars"]
FrontEnd: TypeAlias = Callable[[str, str], Body]
"""Reads a source, with its name, into the tree."""


class Template:
    """A compiled template.

    It keeps nothing of whom it rendered for; loops over what many see are remembered (`memo`).
    """

    __slots__ = ("_generated", "name")

    def __init__(self, name: str, generated: Generated) -> None:
        self.name = name
        self._generated = generated

    @property
    def source(self) -> str:
        """Return the Python that the template was turned into."""
        return self._generated.source

    def render(
        self,
        data: Mapping[str, Plain],
        *,
        now: Instant = 0,
        links: Links | None = None,
        lists: Lists | None = None,
        deadline: Callable[[], bool] | None = None,
    ) -> str:
        """Return the text for one person's plain data.

        `now` is what `date` takes for the present; `links` maps an address and its number in the
        template to the address to print; `lists` gives the products that helpers ask for, which
        otherwise come from the data. `deadline` says whether the time is over; it is asked in
        every turn of a loop.

        Raises:
            TemplateError: a filter or a comparison cannot work on the data, or a budget is used up.
        """
        out: list[str] = []
        scope = Scope(data, self._generated.blocks, now, links or _as_it_is)
        scope.lists = lists
        scope.deadline = deadline
        begin()
        try:
            self._generated.main(out, scope)
            self._check(out)
        except TemplateError as error:
            if error.where:
                raise
            place = self._generated.place(error.__traceback__)
            where = str(place or self.name)
            raise TemplateError(error.what, where=where, mend=error.mend) from None
        except RecursionError:
            raise TemplateError(
                "the data are nested too deeply", where=self.name, mend="flatten them"
            ) from None
        return "".join(out)

    def _check(self, out: list[str]) -> None:
        if sum(map(len, out)) > LONGEST:
            raise TemplateError(
                f"the output is longer than {LONGEST:,} characters",
                where=self.name,
                mend="look for a loop over too large a list",
            )


def _as_it_is(url: str, index: int) -> str:
    return url


_FRONT_ENDS: Final[dict[str, FrontEnd]] = {"liquid": liquid.parse}
_LENIENT_FRONT_ENDS: Final[dict[str, FrontEnd]] = {"liquid": liquid.parse_leniently}


def compile(  # noqa: A001 - the trade's word; the built-in is never meant here
    source: str,
    *,
    syntax: Syntax = "liquid",
    name: str = "template",
    blocks: Mapping[str, str] | None = None,
    escape: bool = False,
    errors: Literal["raise", "print"] = "raise",
    plain: bool = False,
    unescaped: bool = False,
) -> Template:
    """Return the compiled template.

    `blocks` are the templates that it may render or include. With `escape` everything printed is
    made safe for the place in HTML where it stands; without, for subjects and plain text, nothing
    is. With `errors="print"` a Liquid template behaves as in Shopify's old shop themes: what does
    not fit is printed as `Liquid error (line 1): ...`, and unknown filters are passed over.

    A Handlebars template escapes as handlebars.js does, unless `plain` says that it makes a subject
    or plain text; `unescaped` allows `{{{ }}}` and `{{& }}`, which print values as they are.

    Raises:
        TemplateError: the template is not valid; `where` is `name:line:column`.
        UsageError: there is no such syntax.

    >>> compile("Hi {{ person.first_name | default: 'there' }}!").render({"person": {}})
    'Hi there!'
    """
    if syntax == "handlebars":
        return _handlebars(source, name, blocks or {}, Options(unescaped, plain), escape=escape)
    front_end = (_FRONT_ENDS if errors == "raise" else _LENIENT_FRONT_ENDS).get(syntax)
    if front_end is None:
        known = ", ".join(sorted((*_FRONT_ENDS, "handlebars")))
        raise UsageError(f"no template syntax {syntax!r}", where=name, mend=f"known: {known}")

    def parse(text: str, of: str) -> Body:
        body = front_end(text, of)
        return escaped(body) if escape else body

    return from_tree(parse(source, name), name, blocks or {}, parse, printing=errors == "print")


def _handlebars(
    source: str,
    name: str,
    blocks: Mapping[str, str],
    options: Options,
    *,
    escape: bool,
) -> Template:
    def parse(text: str, of: str) -> Body:
        body = handlebars.parse(text, of, options)
        return escaped(body) if escape else body

    try:
        return Template(name, generate_handlebars(parse(source, name), blocks, parse))
    except TemplateError as error:
        if error.where:
            raise
        raise TemplateError(error.what, where=name, mend=error.mend) from None


def from_tree(
    body: Body,
    name: str,
    blocks: Mapping[str, str],
    parse: FrontEnd,
    *,
    printing: bool = False,
) -> Template:
    """Return the template of a tree; `parse` reads the blocks that it calls."""
    try:
        return Template(name, generate(Program(body, blocks, parse, printing=printing)))
    except TemplateError as error:
        if error.where:
            raise
        raise TemplateError(error.what, where=name, mend=error.mend) from None
