"""The tags and attributes that a template may hold: of MJML, and of the HTML within its texts."""

from collections.abc import Mapping
from typing import Final

_BOX: Final = (
    "padding padding-top padding-bottom padding-left padding-right background-color border border-top "
    "border-bottom border-left border-right border-radius css-class mj-class"
)
_WORDS: Final = (
    "color font-family font-size font-style font-weight letter-spacing line-height align text-transform "
    "text-decoration height container-background-color"
)
MJML: Final[Mapping[str, frozenset[str]]] = {
    tag: frozenset(attributes.split())
    for tag, attributes in {
        "mjml": "lang dir",
        "mj-head": "",
        "mj-title": "",
        "mj-preview": "",
        "mj-style": "",
        "mj-attributes": "",
        "mj-all": f"{_BOX} {_WORDS}",
        "mj-class": f"name {_BOX} {_WORDS} width vertical-align inner-padding",
        "mj-breakpoint": "width",
        "mj-body": "width background-color css-class",
        "mj-wrapper": f"{_BOX} full-width text-align gap",
        "mj-section": f"{_BOX} direction full-width text-align",
        "mj-group": "width vertical-align background-color direction css-class mj-class",
        "mj-column": f"{_BOX} width vertical-align inner-background-color inner-border inner-border-radius",
        "mj-text": f"{_BOX} {_WORDS} width",
        "mj-button": f"{_BOX} {_WORDS} href title inner-padding text-align vertical-align width",
        "mj-image": f"{_BOX} align alt href src title width height fluid-on-mobile container-background-color",
        "mj-divider": f"{_BOX} border-color border-style border-width width align container-background-color",
        "mj-spacer": "height css-class mj-class container-background-color",
        "mj-table": f"{_BOX} {_WORDS} width cellpadding cellspacing table-layout role",
        "mj-raw": "",
        "mj-include": "path",
    }.items()
}
HTML: Final[Mapping[str, frozenset[str]]] = {
    tag: frozenset(f"style class lang {attributes}".split())
    for tag, attributes in {
        **dict.fromkeys(
            (
                "p",
                "br",
                "strong",
                "b",
                "em",
                "i",
                "u",
                "s",
                "small",
                "sup",
                "sub",
                "span",
                "ul",
                "ol",
                "li",
                "h1",
                "h2",
                "h3",
                "h4",
                "blockquote",
                "div",
                "tr",
                "tbody",
                "thead",
            ),
            "",
        ),
        "a": "href title name",
        "td": "align valign width height colspan rowspan bgcolor",
        "th": "align valign width height colspan rowspan bgcolor scope",
        "table": "width cellpadding cellspacing border role align",
    }.items()
}
