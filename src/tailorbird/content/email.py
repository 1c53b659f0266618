"""A mail as its author writes it, compiled once: subjects, an MJML body, a plain text part."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tailorbird.content import liquid
from tailorbird.content.html_context import escaped
from tailorbird.content.links import LinkFinder
from tailorbird.content.liquid import Source, Token, tokenize
from tailorbird.content.liquid.lines import line_tokens
from tailorbird.content.liquid.tags import INLINED
from tailorbird.content.mjml import compile_mjml
from tailorbird.content.plain_text import text_of, tidy
from tailorbird.content.scope import Links, unknown_block
from tailorbird.content.template import Template, from_tree
from tailorbird.content.tree import Body
from tailorbird.content.values import Plain
from tailorbird.content.variables import Use, uses
from tailorbird.errors import TemplateError, UsageError
from tailorbird.schema import Instant, Rendered

_PIXEL = " pixel_url"
"""Name under which the address of the open pixel is given; no author can write it."""
_PIXEL_TAGS = (
    f"{{% if [{_PIXEL!r}] != blank %}}"
    f'<img src="{{{{ [{_PIXEL!r}] }}}}" alt="" width="1" height="1" style="display:block">'
    "{% endif %}"
)
_DEEPEST = 20
_CALLS = ("render", "include")


class EmailSource(msgspec.Struct, frozen=True):
    """What an author writes; all of it may hold Liquid.

    `subjects` maps each variant to its subject. Without a `text` one is made from the HTML.
    """

    name: str
    subjects: dict[str, str]
    mjml: str
    text: str = ""


class EmailTemplate:
    """A compiled mail. It keeps nothing of whom it was rendered for."""

    __slots__ = ("_html", "_subjects", "_text", "_tidy", "_uses", "links", "name")

    def __init__(
        self,
        name: str,
        subjects: Mapping[str, Template],
        html: Template,
        text: Template,
        *,
        links: int,
        tidy_text: bool,
        found: frozenset[Use],
    ) -> None:
        self.name = name
        self.links = links
        """How many counted links the mail has; their numbers are 0 to `links - 1`."""
        self._subjects = dict(subjects)
        self._html = html
        self._text = text
        self._tidy = tidy_text
        self._uses = found

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
        )

    def html(self, data: Mapping[str, Plain], links: Links, pixel_url: str, now: Instant) -> str:
        """Return the HTML alone, for a preview or a copy in the browser; as `render`."""
        return self._html.render({**data, _PIXEL: pixel_url}, now=now, links=links)

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
    html, links = html_tree(source, blocks)
    subjects = {
        variant: liquid.parse(text, f"{source.name}, subject {variant}")
        for variant, text in source.subjects.items()
    }
    text = liquid.parse(source.text, f"{source.name}, text") if source.text else text_of(html)
    found = [uses(body) for body in (*subjects.values(), html, text)]
    return EmailTemplate(
        source.name,
        {variant: _template(body, source.name) for variant, body in subjects.items()},
        _template(html, source.name),
        _template(text, source.name),
        links=links,
        tidy_text=not source.text,
        found=frozenset(use for each in found for use in each if use.path != _PIXEL),
    )


def html_tree(source: EmailSource, blocks: Mapping[str, str]) -> tuple[Body, int]:
    """Return the tree of a mail's HTML and how many links it counts. Raises as `compile_email`."""
    tokens = _expanded(tokenize(Source(source.name, source.mjml)), blocks, ())
    liquid.parse_tokens(tokens, inlined=True)  # the author's own order gives the best messages
    finder = LinkFinder()
    tokens = _with_pixel(compile_mjml(tokens, source.name))
    return escaped(liquid.parse_tokens(tokens, inlined=True), finder), finder.count


def _template(body: Body, name: str) -> Template:
    return from_tree(body, name, {}, liquid.parse)


def _expanded(
    tokens: list[Token], blocks: Mapping[str, str], inside: tuple[str, ...]
) -> list[Token]:
    """Return the tokens with the text of each block in place of the tag that calls it."""
    done: list[Token] = []
    for token in tokens:
        if token.kind != "tag" or token.name not in _CALLS:
            _check_lines(token)
            done.append(token)
            continue
        name = _block_name(token)
        if name not in blocks:
            fault = unknown_block(name, blocks)
            raise token.fault(fault.what, fault.mend)
        if name in inside or len(inside) >= _DEEPEST:
            raise token.fault(f"block {name!r} calls itself", f"way: {' > '.join((*inside, name))}")
        start = token.start - len(token.name)
        call = token.name + token.text
        done.append(Token("tag", call, token.source, start, token.opened, INLINED))
        done += _expanded(tokenize(Source(name, blocks[name])), blocks, (*inside, name))
        done.append(Token("tag", "", token.source, start, start, f"end{INLINED}"))
    return done


def _check_lines(token: Token) -> None:
    """Refuse a block inside a `liquid` tag: there is no place for its MJML."""
    if token.kind == "tag" and token.name == "liquid":
        for line in line_tokens(token):
            if line.name in _CALLS:
                raise line.fault(
                    f"{line.name} stands inside a liquid tag",
                    "in a mail write it as a tag of its own",
                )


def _block_name(token: Token) -> str:
    markup = token.text.strip()
    quote = markup[:1]
    end = markup.find(quote, 1) if quote in ("'", '"') else -1
    if end < 0:
        raise token.fault(
            f"{token.name} needs the name of a block in quotes", "in a mail it must be fixed"
        )
    return markup[1:end]


def _with_pixel(tokens: list[Token]) -> list[Token]:
    """Return the tokens with the open pixel before the end of the body."""
    for place in range(len(tokens) - 1, -1, -1):
        token = tokens[place]
        at = token.text.rfind("</body>") if token.kind == "text" else -1
        if at >= 0:
            start, behind = token.start, token.start + at
            head = Token("text", token.text[:at], token.source, start, start)
            tail = Token("text", token.text[at:], token.source, behind, behind)
            pixel = tokenize(Source("open pixel", _PIXEL_TAGS))
            return [*tokens[:place], head, *pixel, tail, *tokens[place + 1 :]]
    raise TemplateError("the MJML gives no body", mend="add <mj-body>")
