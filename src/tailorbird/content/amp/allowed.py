"""What AMP for Email knows: elements, attributes, components, properties.

From the format's published rules, checked element by element against its own validator.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS: Final = _words(
    "a abbr address article aside b bdo blockquote body br button caption cite code col colgroup "
    "data datalist dd del details dfn div dl dt em fieldset figcaption figure footer form frame "
    "frameset h1 h2 h3 h4 h5 h6 head header hr html i input ins kbd label legend li main mark meta "
    "meter nav ol optgroup option output p pre progress q rb rp rt ruby s samp script section "
    "select small span strong style sub summary sup table tbody td template textarea tfoot th "
    "thead time title tr u ul var wbr amp-img amp-layout amp-state"
)
EXTENSIONS: Final[dict[str, tuple[str, ...]]] = {
    "amp-accordion": ("0.1",), "amp-anim": ("0.1",), "amp-autocomplete": ("0.1",),
    "amp-bind": ("0.1",), "amp-carousel": ("0.1", "0.2"), "amp-fit-text": ("0.1",),
    "amp-form": ("0.1",), "amp-image-lightbox": ("0.1",), "amp-lightbox": ("0.1",),
    "amp-list": ("0.1",), "amp-mustache": ("0.1", "0.2"), "amp-selector": ("0.1",),
    "amp-sidebar": ("0.1",), "amp-timeago": ("0.1",),
}  # fmt: skip
"""Extensions and the versions of them that may be loaded."""
UNUSED_ALLOWED: Final = _words("amp-accordion amp-bind amp-fit-text amp-form amp-selector")
"""Extensions that may be loaded though nothing uses them."""
EVERYWHERE: Final = _words(
    "accesskey amp-access amp-fx class content dir draggable fallback hidden id itemid itemprop "
    "itemref itemscope itemtype lang on overflow placeholder prefix property rel resource rev role "
    "slot style tabindex title translate typeof validation-for visible-when-invalid vocab"
)
"""Attributes of every element; `data-*` and the `aria-*` of the standard besides."""
_LAYOUT: Final = "height heights layout media noloading sizes width "
ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "html": _words("⚡4email amp4email data-css-strict"),
    "a": _words("border href hreflang media target type"),
    "blockquote": _words("align cite"),
    "button": _words("disabled name type value"),
    "col": _words("span"),
    "colgroup": _words("span"),
    "del": _words("cite datetime"),
    "details": _words("open"),
    "div": _words("align"),
    "fieldset": _words("disabled name"),
    "form": _words(
        "accept accept-charset action-xhr autocomplete custom-validation-reporting enctype method "
        "novalidate"
    ),
    **{f"h{level}": _words("align") for level in range(1, 7)},
    "input": _words(
        "accept autocomplete checked disabled height max maxlength min minlength multiple name "
        "pattern readonly required size spellcheck step type value width"
    ),
    "ins": _words("cite datetime"),
    "label": _words("for"),
    "li": _words("value"),
    "meta": _words("charset name"),
    "meter": _words("high low max min optimum value"),
    "ol": _words("reversed start type"),
    "optgroup": _words("disabled label"),
    "option": _words("disabled label value"),
    "output": _words("for form name"),
    "p": _words("align"),
    "progress": _words("max value"),
    "q": _words("cite"),
    "script": _words("async custom-element custom-template nonce src template type"),
    "select": _words("disabled multiple name required size"),
    "style": _words("amp-custom amp4email-boilerplate nonce type"),
    "table": _words("align bgcolor border cellpadding cellspacing width"),
    "td": _words("align bgcolor colspan headers height rowspan valign width"),
    "template": _words("type"),
    "textarea": _words(
        "autocomplete cols disabled maxlength minlength name pattern readonly required rows "
        "spellcheck wrap"
    ),
    "th": _words("abbr align bgcolor colspan headers height rowspan scope valign width"),
    "time": _words("datetime"),
    "tr": _words("align bgcolor height valign"),
    "amp-accordion": _words(_LAYOUT + "animate expand-single-section"),
    "amp-anim": _words(_LAYOUT + "alt attribution src"),
    "amp-autocomplete": _words(
        _LAYOUT + "highlight-user-entry items max-entries max-items min-characters query src "
        "submit-on-enter suggest-first template"
    ),
    "amp-carousel": _words(_LAYOUT + "autoplay controls delay loop type"),
    "amp-fit-text": _words(_LAYOUT + "max-font-size min-font-size"),
    "amp-image-lightbox": _words(_LAYOUT + "controls"),
    "amp-img": _words(_LAYOUT + "alt attribution src"),
    "amp-layout": _words(_LAYOUT),
    "amp-lightbox": _words(_LAYOUT + "animate-in controls from"),
    "amp-list": _words(_LAYOUT + "binding items max-items single-item src template"),
    "amp-selector": _words(_LAYOUT + "disabled form keyboard-select-mode multiple name"),
    "amp-sidebar": _words(_LAYOUT + "side"),
    "amp-timeago": _words(_LAYOUT + "cutoff datetime locale"),
}
"""Further attributes of each element."""
INSIDE: Final[dict[str, frozenset[str]]] = {
    "amp-accordion": _words("expanded"),
    "amp-selector": _words("disabled option selected"),
    "form": _words(
        "submit-error submit-success submitting template verify-error visible-when-invalid"
    ),
}
"""Attributes that an element may have inside of another."""
BOUND: Final = _words("text class hidden aria-label")
BOUND_HERE: Final[dict[str, frozenset[str]]] = {
    "amp-carousel": _words("slide"),
    "amp-img": _words("alt"),
    "amp-lightbox": _words("open"),
    "amp-selector": _words("disabled selected"),
    "amp-timeago": _words("title"),
    "button": _words("disabled value"),
    "details": _words("open"),
    "fieldset": _words("disabled"),
    "input": _words(
        "checked disabled height max maxlength min minlength multiple pattern placeholder readonly "
        "required size spellcheck step value width"
    ),
    "option": _words("disabled label selected value"),
    "select": _words("disabled multiple required size"),
    "textarea": _words(
        "cols disabled maxlength minlength pattern placeholder readonly required rows spellcheck"
    ),
}
"""Attributes that `amp-bind` may change: of every element, and of one."""
LAYOUTS: Final = _words(
    "container fill fixed fixed-height flex-item fluid intrinsic nodisplay responsive"
)
_PICTURE: Final = LAYOUTS - {"container", "fluid"}
SUPPORTED: Final[dict[str, frozenset[str]]] = {
    "amp-accordion": frozenset({"container"}),
    "amp-anim": _PICTURE,
    "amp-carousel": _PICTURE,
    "amp-fit-text": _PICTURE,
    "amp-image-lightbox": frozenset({"nodisplay"}),
    "amp-img": _PICTURE,
    "amp-layout": LAYOUTS - {"fluid", "nodisplay"},
    "amp-lightbox": frozenset({"nodisplay"}),
    "amp-list": LAYOUTS - {"fluid"},
    "amp-selector": LAYOUTS - {"fluid"},
    "amp-sidebar": frozenset({"nodisplay"}),
    "amp-timeago": _PICTURE,
    "amp-autocomplete": LAYOUTS - {"fluid"},
}
"""The layouts of each component."""
INPUTS_REFUSED: Final = _words("file password image")
PROPERTIES_LEFT_OUT: Final = _words(
    "animation behavior clip clip-path content image-rendering inset list-style-image mask "
    "offset-path orphans pointer-events scroll-behavior src tab-size text-rendering user-select "
    "widows will-change zoom grid-gap grid-row-gap grid-column-gap backdrop-filter"
)
"""Properties of CSS that a strict sheet may not set; nor those of one maker, `-webkit-...`."""
VENDOR_ALLOWED: Final = _words("-webkit-appearance -moz-appearance")
AT_RULES: Final = _words("@media")
MEDIA_TYPES: Final = _words("all screen")
MEDIA_FEATURES: Final = frozenset(
    {"width", "orientation", "resolution", "hover", "pointer", "device-width"}
)
PSEUDO_CLASSES: Final = _words(
    "active checked default disabled empty enabled first-child first-of-type focus focus-within "
    "hover in-range indeterminate invalid last-child last-of-type not nth-child nth-last-child "
    "nth-last-of-type nth-of-type only-child only-of-type optional out-of-range read-only "
    "read-write required valid"
)
"""Pseudo-classes of a strict sheet."""
