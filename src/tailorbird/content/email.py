"""A mail as its author writes it, compiled once: subjects, HTML, plain text, perhaps AMP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from html import escape
from typing import Final

import msgspec

from tailorbird.content import html_page, mjml
from tailorbird.content.amp import amp_tree
from tailorbird.content.html_context import escaped
from tailorbird.content.languages import PIXEL, Language, language, syntax_of
from tailorbird.content.lifting import Lift
from tailorbird.content.links import LinkFinder
from tailorbird.content.liquid import Source, Token
from tailorbird.content.lists import AskedLists
from tailorbird.content.page import PREHEADER_CLOSING, PREHEADER_OPENING, finished
from tailorbird.content.plain_text import text_of, tidy
from tailorbird.content.scope import Links
from tailorbird.content.template import Syntax, Template
from tailorbird.content.tree import Body, Expression, Helped, Place
from tailorbird.content.values import Plain
from tailorbird.content.variables import Use, uses
from tailorbird.content.walk import expressions
from tailorbird.errors import TemplateError, UsageError
from tailorbird.schema import Instant, Rendered

_AMP: Final = re.compile(r"(?:<!doctype html>\s*)?<html\s[^>]*?(?:⚡4email|amp4email)", re.I)
"""How an AMP document begins."""


class EmailSource(msgspec.Struct, frozen=True):
    """What an author writes; all of it may hold template tags.

    `subjects` maps each variant to its subject. The body is `mjml`, or else `html`. Without a
    `text` one is made from the HTML. `amp` is a whole AMP document, shown by readers that know it
    in place of the HTML. The `preheader` is what an inbox shows behind the subject.
    """

    name: str
    subjects: dict[str, str]
    mjml: str = ""
    text: str = ""
    html: str = ""
    amp: str = ""
    preheader: str = ""
    syntax: Syntax = "liquid"


def written(
    name: str, subjects: Mapping[str, str], body: str, *, amp: str = "", preheader: str = ""
) -> EmailSource:
    """Return the source of a mail from one text, MJML or plain HTML, in the language it shows.

    An AMP document behind it is the AMP part.

    Raises:
        TemplateError: the AMP part stands alone.
    """
    begins = amp_begins(body)
    if begins >= 0 and not amp:
        body, amp = body[:begins], body[begins:]
        if not body.strip():
            raise TemplateError(
                "an AMP part stands alone",
                where=f"{name}:1:1",
                mend="write the mail in MJML or HTML before it: most readers know no AMP",
            )
    parts = {"mjml": body} if "<mjml" in body else {"html": body}
    syntax = syntax_of(body, *subjects.values(), preheader)
    return EmailSource(name, dict(subjects), amp=amp, preheader=preheader, syntax=syntax, **parts)


def amp_begins(body: str) -> int:
    """Return where the AMP document behind a mail begins, -1 where there is none."""
    found = _AMP.search(body)
    return found.start() if found else -1


class EmailTemplate:
    """A compiled mail. It keeps nothing of whom it was rendered for."""

    __slots__ = ("_amp", "_asks", "_html", "_subjects", "_text", "_tidy", "_uses", "links", "name")

    def __init__(
        self,
        name: str,
        subjects: Mapping[str, Template],
        html: Template,
        text: Template,
        *,
        amp: Template | None,
        links: int,
        tidy_text: bool,
        found: frozenset[Use],
        asks: bool,
    ) -> None:
        self.name = name
        self.links = links
        """How many counted links the mail has; their numbers are 0 to `links - 1`."""
        self._subjects = dict(subjects)
        self._html = html
        self._text = text
        self._amp = amp
        self._tidy = tidy_text
        self._uses = found
        self._asks = asks

    def render(
        self,
        variant: str,
        data: Mapping[str, Plain],
        links: Links,
        pixel_url: str,
        now: Instant,
    ) -> Rendered:
        """Return one person's mail.

        `links(url, index)` gives the address that stands for a link; index counts the `a` elements
        of the template from 0, the same in HTML and text, so a link in a loop keeps its number.
        Without a `pixel_url` there is no open pixel.

        Raises:
            TemplateError: the data do not fit the template, or a budget is used up.
            UsageError: there is no such variant.
        """
        subject = self._subjects.get(variant)
        if subject is None:
            known = ", ".join(sorted(self._subjects))
            raise UsageError(
                f"no subject for variant {variant!r}", where=self.name, mend=f"variants: {known}"
            )
        text = self._text.render(data, now=now, links=links)
        return Rendered(
            subject=" ".join(subject.render(data, now=now).split()),
            html=self.html(data, links, pixel_url, now),
            text=tidy(text) if self._tidy else text,
            amp=self._amp.render(data, now=now, links=links) if self._amp else "",
        )

    def html(self, data: Mapping[str, Plain], links: Links, pixel_url: str, now: Instant) -> str:
        """Return the HTML alone, for a preview or a copy in the browser; as `render`."""
        return self._html.render({**data, PIXEL: pixel_url}, now=now, links=links)

    def categories(self, data: Mapping[str, Plain], now: Instant) -> tuple[str, ...]:
        """Return the categories whose products a person's mail asks for while it is rendered."""
        if not self._asks:
            return ()
        asked = AskedLists(data)
        for part in (*self._subjects.values(), self._html, self._text, self._amp):
            with suppress(TemplateError):  # told when the mail itself is made
                if part is not None:
                    part.render(data, now=now, lists=asked)
        return tuple(asked.categories)

    @property
    def asks(self) -> bool:
        """Return whether the mail asks for products of categories."""
        return self._asks

    def variables(self) -> frozenset[str]:
        """Return the dotted paths that the mail reads; `[]` stands for an element of a list."""
        return frozenset(use.path for use in self._uses)

    def with_fallback(self) -> frozenset[str]:
        """Return the paths that may be missing: each use has a `default` or a test around it."""
        return self.variables() - {use.path for use in self._uses if not use.safe}


def compile_email(source: EmailSource, blocks: Mapping[str, str]) -> EmailTemplate:
    """Return the compiled mail; `blocks` are the MJML blocks that its body may render or include.

    Raises:
        TemplateError: the Liquid or the MJML is not valid; `where` is `name:line:column`.
    """
    try:
        return _compiled(source, blocks)
    except TemplateError as error:
        if error.where:
            raise
        raise TemplateError(error.what, where=source.name, mend=error.mend) from None


def _compiled(source: EmailSource, blocks: Mapping[str, str]) -> EmailTemplate:
    tongue, finder = language(source.syntax), LinkFinder()
    html, _ = html_tree(source, blocks, finder)
    amp = amp_tree(source.amp, f"{source.name}, amp", tongue, finder) if source.amp else None
    subjects = {
        variant: tongue.plain(text, f"{source.name}, subject {variant}")
        for variant, text in source.subjects.items()
    }
    text = tongue.plain(source.text, f"{source.name}, text") if source.text else text_of(html)
    read = (*subjects.values(), html, text, amp or ())
    found = [uses(tongue.look_ups(body)) for body in read]
    return EmailTemplate(
        source.name,
        {variant: tongue.template(body, source.name) for variant, body in subjects.items()},
        tongue.template(html, source.name),
        tongue.template(text, source.name),
        amp=tongue.template(amp, source.name) if amp else None,
        links=finder.count,
        tidy_text=not source.text,
        found=frozenset(use for each in found for use in each if use.path != PIXEL),
        asks=any(_asks(each) for body in read for each in expressions(body)),
    )


def _asks(expression: Expression) -> bool:
    return isinstance(expression, Helped) and expression.name == "products_in_category"


def html_tree(
    source: EmailSource,
    blocks: Mapping[str, str],
    links: LinkFinder | None = None,
    *,
    marks: bool = False,
) -> tuple[Body, int]:
    """Return the tree of a mail's HTML and how many links it counts; `marks` as of `language`.

    Raises as `compile_email`.
    """
    tongue, finder = language(source.syntax, marks=marks), links or LinkFinder()
    lifted, masked = _lifted(source, blocks, tongue)
    page = _behind_opening(lifted.put_back(finished(masked)), _preheader(source, tongue))
    page = _before_end(page, tongue.tokens(Source("open pixel", tongue.pixel), {}))
    return escaped(tongue.body(page), finder), finder.count


def page_tree(source: EmailSource, blocks: Mapping[str, str]) -> Body:
    """Return the tree of a mail's HTML as it could be sent by anybody: no counted link, no pixel.

    Raises as `compile_email`.
    """
    tongue = language(source.syntax)
    lifted, masked = _lifted(source, blocks, tongue)
    page = _behind_opening(lifted.put_back(finished(masked)), _preheader(source, tongue))
    return escaped(tongue.body(page))


def marked_page(source: EmailSource, blocks: Mapping[str, str]) -> tuple[Body, list[Place]]:
    """Return the tree of a mail's HTML for the lint: as its author wrote it, nothing added.

    Its elements carry numbers: each is the index of a place in the author's file.
    """
    tongue = language(source.syntax)
    lifted, masked = _lifted(source, blocks, tongue, mark=True)
    page = _behind_opening(lifted.put_back(masked), _preheader(source, tongue))
    return escaped(tongue.body(page)), lifted.places


def _lifted(
    source: EmailSource, blocks: Mapping[str, str], tongue: Language, *, mark: bool = False
) -> tuple[Lift, str]:
    """Return the body without its template tags, and the HTML that it stands for."""
    tokens = tongue.tokens(Source(source.name, source.mjml or source.html), blocks)
    tongue.body(tokens)  # the author's own order gives the best messages
    if source.html:
        lifted = Lift(html_page.whole(tokens, source.name), source.name, html_page.GRAMMAR, mark)
        return lifted, html_page.rendered(lifted)
    lifted = Lift(tokens, source.name, mjml.GRAMMAR, mark)
    return lifted, mjml.rendered(lifted)


def _preheader(source: EmailSource, tongue: Language) -> list[Token]:
    """Return the tokens of the hidden line that an inbox shows behind the subject."""
    if not source.preheader:
        return []
    name = f"{source.name}, preheader"
    opening, closing = Source(name, PREHEADER_OPENING), Source(name, PREHEADER_CLOSING)
    words = [
        Token("text", escape(each.text, quote=False), each.source, each.start, each.opened)
        if each.kind == "text"
        else each
        for each in tongue.tokens(Source(name, source.preheader), {})
    ]
    first, last = Token("text", opening.text, opening, 0, 0), closing.text
    return [first, *words, Token("text", last, closing, 0, 0)]


def _before_end(tokens: list[Token], added: list[Token]) -> list[Token]:
    """Return the tokens of a page with others before the end of its body."""
    for place in range(len(tokens) - 1, -1, -1):
        token = tokens[place]
        at = token.text.rfind("</body>") if token.kind == "text" else -1
        if at >= 0:
            return _parted(tokens, place, at, added)
    raise TemplateError("the mail gives no body", mend="add <mj-body>")


def _behind_opening(tokens: list[Token], added: list[Token]) -> list[Token]:
    """Return the tokens of a page with others at the beginning of its body."""
    found = False
    for place, token in enumerate(tokens if added else ()):
        if token.kind != "text":
            continue
        opening = token.text.find("<body") if not found else 0
        found = found or opening >= 0
        end = token.text.find(">", opening) if found else -1
        if end >= 0:
            return _parted(tokens, place, end + 1, added)
    return tokens


def _parted(tokens: list[Token], place: int, at: int, added: list[Token]) -> list[Token]:
    """Return the tokens with others at an offset of one of them."""
    token = tokens[place]
    start, behind = token.start, token.start + at
    head = Token("text", token.text[:at], token.source, start, start)
    tail = Token("text", token.text[at:], token.source, behind, behind)
    return [*tokens[:place], head, *added, tail, *tokens[place + 1 :]]
