"""The template languages of a mail: how each is cut into tokens, and what the tokens mean.

Between the two steps the markup around the tags is rewritten, so tags travel as tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, Protocol

from tailorbird.content import handlebars, liquid
from tailorbird.content.generate.handlebars import generate as generate_handlebars
from tailorbird.content.handlebars.meaning import Options, meaning
from tailorbird.content.handlebars.parse import Parser
from tailorbird.content.handlebars.paths import in_look_ups
from tailorbird.content.handlebars.tokens import Token as Word
from tailorbird.content.handlebars.tokens import tokenize as words_of
from tailorbird.content.handlebars.whitespace import without_blanks
from tailorbird.content.inlining import expanded
from tailorbird.content.liquid import Source, Token, tokenize
from tailorbird.content.scope import unknown_block
from tailorbird.content.template import Syntax, Template, from_tree
from tailorbird.content.tree import Body, Branch, Constant, If, Truth

PIXEL: Final = " pixel_url"
"""Name under which the address of the open pixel is given; no author can write it."""
_IMAGE: Final = 'alt="" width="1" height="1" style="display:block">'
_OURS: Final = ("{{#", "{{/", "{{>", "{{^", "{{else", "{{{", "{{~", "{{!", "{{@", "{{&")
_ENDS: Final = frozenset({"close", "close_unescaped", "inverse", "comment"})
_DEEPEST: Final = 20
_MARK: Final = "\x02block "
"""Begins the text that marks a block; no author's text does."""


class Language(Protocol):
    """What a mail needs of a template language. An object serves the tokens that it made."""

    pixel: str
    """The open pixel, in this language."""

    def tokens(self, source: Source, blocks: Mapping[str, str]) -> list[Token]:
        """Return the tokens of a source, its blocks in place."""

    def body(self, tokens: list[Token]) -> Body:
        """Return the tree of tokens, whatever was put between them."""

    def plain(self, text: str, name: str) -> Body:
        """Return the tree of a subject or a plain text."""

    def template(self, body: Body, name: str) -> Template:
        """Return the template of a tree."""

    def look_ups(self, body: Body, *, sure: bool = False) -> Body:
        """Return a tree in look-ups from the top of the data, for those who ask what it reads.

        With `sure`, what could be several look-ups is none.
        """


def language(syntax: Syntax, *, marks: bool = False) -> Language:
    """Return a template language for one mail.

    With `marks` the tree shows where each block of a Handlebars mail begins and ends (`block_in`);
    that of a Liquid mail always does.
    """
    return Handlebars(marks=marks) if syntax == "handlebars" else Liquid()


def block_in(node: If) -> str | None:
    """Return the name of the block that a node marks, whose body is its only branch."""
    match node.branches:
        case (Branch(Truth(Constant(str(mark)))),) if mark.startswith(_MARK):
            return mark.removeprefix(_MARK)
    return None


def syntax_of(*texts: str) -> Syntax:
    """Return the language in which texts are written; where both would do, Liquid."""
    if any("{%" in text for text in texts):
        return "liquid"
    return "handlebars" if any(mark in text for text in texts for mark in _OURS) else "liquid"


class Liquid:
    """Liquid in mails."""

    pixel = f'{{% if [{PIXEL!r}] != blank %}}<img src="{{{{ [{PIXEL!r}] }}}}" {_IMAGE}{{% endif %}}'

    def tokens(self, source: Source, blocks: Mapping[str, str]) -> list[Token]:
        """Return the tokens of a source, its blocks in place."""
        return expanded(tokenize(source), blocks)

    def body(self, tokens: list[Token]) -> Body:
        """Return the tree of tokens."""
        return liquid.parse_tokens(tokens, inlined=True)

    def plain(self, text: str, name: str) -> Body:
        """Return the tree of a subject or a plain text."""
        return liquid.parse(text, name)

    def template(self, body: Body, name: str) -> Template:
        """Return the template of a tree."""
        return from_tree(body, name, {}, liquid.parse)

    def look_ups(self, body: Body, *, sure: bool = False) -> Body:
        """Return a tree in look-ups: itself."""
        return body


class Handlebars:
    """Handlebars in mails. Each mark is one token; its words are kept until the tree is made."""

    pixel = f'{{{{#if [{PIXEL}]}}}}<img src="{{{{[{PIXEL}]}}}}" {_IMAGE}{{{{/if}}}}'

    def __init__(self, *, marks: bool = False) -> None:
        self._marks = marks
        self._words: dict[tuple[int, int], list[Word]] = {}
        self._sources: list[Source] = []

    def tokens(self, source: Source, blocks: Mapping[str, str]) -> list[Token]:
        """Return the tokens of a source, its blocks in place.

        Raises:
            TemplateError: there is no such block, it calls itself, or is given values.
        """
        return self._expanded(source, blocks, ())

    def _expanded(
        self, source: Source, blocks: Mapping[str, str], inside: tuple[str, ...]
    ) -> list[Token]:
        self._sources.append(source)  # kept, so that no other gets its id
        done: list[Token] = []
        for words in _marks(words_of(source)):
            first = words[0]
            if first.kind == "content":
                done.append(Token("text", first.text, source, first.start, first.start))
            elif first.kind in ("open_partial", "open_partial_block"):
                name = _block_name(words)
                if name not in blocks:
                    fault = unknown_block(name, blocks)
                    raise first.fault(fault.what, fault.mend)
                if name in inside or len(inside) >= _DEEPEST:
                    way = " > ".join((*inside, name))
                    raise first.fault(f"block {name!r} calls itself", f"way: {way}")
                block = self._expanded(Source(name, blocks[name]), blocks, (*inside, name))
                done += self._marked(name, block) if self._marks else block
            else:
                done.append(self._tag(source, words))
        return done

    def _tag(self, source: Source, words: list[Word]) -> Token:
        first = words[0]
        self._words[id(source), first.start] = words
        printed = first.kind in ("open", "open_unescaped")
        kind: Literal["output", "tag"] = "output" if printed else "tag"
        return Token(kind, "", source, first.start, first.start, first.kind)

    def _marked(self, name: str, block: list[Token]) -> list[Token]:
        """Return the tokens of a block in a test that always holds, and names it."""
        around = Source(name, f'{{{{#if "{_MARK}{name}"}}}}{{{{/if}}}}')
        self._sources.append(around)
        opened, closed = (self._tag(around, words) for words in _marks(words_of(around)))
        return [opened, *block, closed]

    def body(self, tokens: list[Token]) -> Body:
        """Return the tree of tokens."""
        words: list[Word] = []
        for token in tokens:
            if token.kind == "text":
                words.append(Word("content", token.text, token.text, token.source, token.start))
            else:
                words += self._words[id(token.source), token.opened]
        last = tokens[-1].source if tokens else Source("mail", "")
        program = Parser([*words, Word("end", "", "", last, len(last.text))]).parse()
        without_blanks(program)
        return meaning(program, Options())

    def plain(self, text: str, name: str) -> Body:
        """Return the tree of a subject or a plain text."""
        return handlebars.parse(text, name, Options(plain=True))

    def template(self, body: Body, name: str) -> Template:
        """Return the template of a tree."""
        return Template(name, generate_handlebars(body, {}, handlebars.parse))

    def look_ups(self, body: Body, *, sure: bool = False) -> Body:
        """Return a tree in look-ups from the top of the data."""
        return in_look_ups(body, sure=sure)


def _marks(words: list[Word]) -> list[list[Word]]:
    """Return the words of each mark together, and each text alone."""
    done: list[list[Word]] = []
    mark: list[Word] = []
    raw = False
    for word in words:
        if word.kind == "end":
            break
        if not mark and word.kind == "content":
            done.append([word])
            continue
        raw = raw or word.kind == "open_raw"
        mark.append(word)
        if word.kind in ("end_raw", "invalid") if raw else word.kind in (*_ENDS, "invalid"):
            done.append(mark)
            mark, raw = [], False
    return [*done, mark] if mark else done


def _block_name(words: list[Word]) -> str:
    first = words[0]
    plain = len(words) == 3 and words[1].kind in ("id", "string", "number")
    if first.kind != "open_partial" or not plain:
        raise first.fault(
            "in a mail a block is called by its name alone",
            "write {{> name}}; give it values by {{#with value}}{{> name}}{{/with}}",
        )
    return words[1].text
