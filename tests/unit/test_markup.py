"""MJML held against our own table; parts from below templates/ only (SEC22, SEC25)."""

import pytest

from engine.content import mail, markup, placeholders

MANIFEST = {"order": "https://direct.armorial.example/commande?a=1&b=2"}


def read(body: str, **files: str) -> markup.Markup:
    texts = {
        "templates/x/y.mjml": f"<mjml><mj-body><mj-section><mj-column>\n{body}\n</mj-column></mj-section></mj-body></mjml>",
        **{f"templates/{name.replace('__', '/')}.mjml": text for name, text in files.items()},
    }
    return markup.read("x/y", texts, placeholders.names(MANIFEST), MANIFEST)


def wrong(body: str, **files: str) -> list[str]:
    return [f"{problem.span}: {problem.what}" for problem in read(body, **files).problems]


def test_a_good_body_has_no_problem() -> None:
    assert (
        wrong(
            '<mj-text>Bonjour<br>{{ customer.name }} &amp; Cie</mj-text><mj-button href="{{ links.order }}">ok</mj-button>'
        )
        == []
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<mj-txt>a</mj-txt>", "2:1: unknown tag <mj-txt>"),
        ("\n  <mj-text colour='red'>a</mj-text>", "3:3: <mj-text> has no attribute 'colour'"),
        ("<mj-text>a", "2:1: <mj-text> is never closed"),
        ("<mj-text>a</mj-button>", "2:11: </mj-button> closes nothing that is open here"),
        ("<mj-text><script>x()</script></mj-text>", "2:10: unknown tag <script>"),
        ('<mj-text><b onclick="x()">a</b></mj-text>', "2:10: <b> has no attribute 'onclick'"),
        ('<mj-text><p style="background: url(https://x)">a</p></mj-text>', "2:10: a style loads something"),
        ('<mj-text><p style="color: {{ customer.town }}">a</p></mj-text>', "2:10: a style loads something"),
        ("<mj-image src='https://x.example/a.png' />", "2:1: an image without 'alt'"),
        ("<mj-image src='http://x.example/a.png' alt='a' />", "2:1: an image that is not https"),
        ("<mj-image src='{{ customer.name }}' alt='a' />", "2:1: an image that is not https"),
        ("<!DOCTYPE html><mj-text>a</mj-text>", "2:1: declarations are not part of a template"),
        ("<!--[if mso]>x<![endif]-->", "2:1: a comment holds what would be acted upon"),
        ("<mj-text>{{ customer.nam }}</mj-text>", "2:13: unknown name 'customer.nam'"),
        ('<mj-text width="{{ customer.name }}">a</mj-text>', "2:1: a placeholder in 'width'"),
        ("<mj-raw><iframe src='https://x'></iframe></mj-raw>", "2:9: unknown tag <iframe>"),
    ],
)
def test_each_mistake_is_told_with_its_line(body: str, said: str) -> None:
    assert any(problem.startswith(f"templates/x/y.mjml:{said}") for problem in wrong(body)), wrong(body)


@pytest.mark.parametrize(
    "href",
    [
        "https://elsewhere.example/",
        "http://direct.armorial.example/commande",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "{{ customer.name }}",
        "{{ links.other }}",
        "https://x.example/{{ customer.name }}",
        "{{ links.order }}{{ links.order }}",
        "",
    ],
)
def test_a_link_outside_the_manifest_is_refused(href: str) -> None:  # C-34, SEC25
    assert wrong(f'<mj-button href="{href}">ok</mj-button>') != []


def test_a_link_of_the_manifest_may_be_written_out() -> None:
    """C-34."""
    found = read('<mj-button href="https://direct.armorial.example/commande?a=1&amp;b=2">ok</mj-button>')

    assert (found.problems, found.hrefs) == ((), {MANIFEST["order"]})
    assert markup.links_in(markup.compiled(found.text), MANIFEST).count("{{ links.order }}") == 1


@pytest.mark.parametrize(
    "path",
    [
        "../campaigns/secret",
        "shared/../../x",
        "/etc/passwd",
        "%2e%2e/x",
        "%252e%252e/x",
        "\\\\host\\share",
        "file:///etc/passwd",
        "https://x.example/a",
        "shared/head\x00",
        "shared/./head",
        "shared//head",
        "Shared/Head",
        "shared/head.css",
        "",
    ],
)
def test_a_part_from_anywhere_but_templates_is_refused(path: str) -> None:  # SEC22
    assert wrong(f'<mj-include path="{path}" />', shared__head="<mj-text>a</mj-text>") != []


@pytest.mark.parametrize("kind", ["css", "html"])
def test_a_part_of_another_type_is_refused(kind: str) -> None:  # SEC22
    assert (
        wrong(f'<mj-include path="shared/head" type="{kind}" />', shared__head="<mj-text>a</mj-text>") != []
    )


def test_a_part_stands_where_it_is_included() -> None:
    found = read(
        '<mj-include path="shared/head" />', shared__head="<mj-text>Partie {{ customer.town }}</mj-text>"
    )

    assert (found.problems, found.fragments) == ((), {"shared/head"})
    assert "Partie {{ customer.town }}" in markup.compiled(found.text)


def test_a_mistake_in_a_part_is_told_at_the_parts_own_line() -> None:
    found = wrong('<mj-include path="shared/head" />', shared__head="<mj-text>\n{{ customer.nam }}</mj-text>")

    assert found == ["templates/shared/head.mjml:2:4: unknown name 'customer.nam'"]


def test_parts_that_include_each_other_are_a_problem_and_no_endless_loop() -> None:
    found = wrong('<mj-include path="a/b" />', a__b='<mj-include path="a/b" />')

    assert any("include each other in a ring" in problem for problem in found)


def test_a_part_that_is_not_there_is_a_problem_where_it_is_asked_for() -> None:
    assert wrong('\n<mj-include path="shared/haed" />', shared__head="<mj-text>a</mj-text>") == [
        "templates/x/y.mjml:3:1: there is no part 'shared/haed'"
    ]


def test_a_comparison_survives_the_compiler() -> None:
    found = read("<mj-text>{% if customer.facts.tier < 3 %}a{% endif %}</mj-text>")

    assert found.problems == ()
    assert "{% if customer.facts.tier < 3 %}a{% endif %}" in markup.compiled(found.text)


def test_a_placeholder_that_the_compiler_would_drop_is_an_error() -> None:
    with pytest.raises(ValueError, match="shows nothing"):
        markup.compiled("<mjml><mj-body><mj-section><!-- {{ a }} --></mj-section></mj-body></mjml>")


def test_an_authors_comments_do_not_reach_customers() -> None:
    html = markup.compiled(
        "<mjml><mj-body><mj-section><mj-column><mj-text>a</mj-text><!-- revoir le prix -->"
        "</mj-column></mj-section></mj-body></mjml>"
    )

    assert "revoir" not in html
    assert "<!--[if mso" in html


def test_the_text_part_has_the_words_the_links_and_no_blank_lines_of_ifs() -> None:
    found = read(
        "<mj-raw>{% if offer.code is defined %}</mj-raw><mj-text>Code   {{ offer.code }}</mj-text>"
        '<mj-raw>{% endif %}</mj-raw><mj-button href="{{ links.order }}">Commander</mj-button>'
        "<mj-table><tr><td>Baume</td><td>40 ml</td></tr></mj-table>"
    )

    text = markup.as_text(markup.compiled(found.text))

    assert text.strip() == (
        "{% if offer.code is defined %}Code {{ offer.code }}\n\n{% endif %}Commander : {{ links.order }}\n\nBaume – 40 ml"
    )


def test_every_shipped_template_is_without_fault() -> None:
    from pathlib import Path

    root = Path(__file__).parents[2]
    files = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in (root / "templates").rglob("*")
        if path.suffix in (".mjml", ".yaml")
    }
    shipped = [name for name in files if name.endswith(".mjml") and name.replace(".mjml", ".yaml") in files]

    assert len(shipped) >= 4
    for name in shipped:
        assert mail.problems(name[len("templates/") : -len(".mjml")], files) == []
