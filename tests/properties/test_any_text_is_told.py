"""Whatever stands in the files of `segments/`, reading them ends with problems that have a place, never with an exception.

`TOUCHBASE_CASES` says how many cases (`make chaos` asks for 10,000).
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.loading.segments import load

CASES = int(os.environ.get("TOUCHBASE_CASES", "60"))
GOOD = """\
segment: asked
title: Officines clientes
of: organisation
timezone: Indian/Reunion
who:
  - kind: [pharmacy, hospital]
  - department: {not_in: [971, 2A, 01]}
  - potential: {between: [2, 4]}
  - last_congress: {after: today - 90 days, before: 2026-03-02}
  - ordered: {brand: HIVERNAX, within: 12 months, units: {at_least: 30}, amount: {below: 1000.5}}
  - any:
      - responded: {to: hivernax-2025, with: click, at_least: 2}
      - not: {visited: {since: 2026-01-01}}
  - not_in: [other]
examples:
  - {kind: pharmacy, department: "44", potential: 3, ordered: {units: 40, days_ago: 3}, in: other, belongs: no}
"""
FACTS = """\
brands: [HIVERNAX]
facts:
  potential: {label: {fr: P, en: P}, type: number, values: [1, 2, 3, 4], source: s, fresh: 90 days, legal_class: aggregated}
  last_congress: {label: {fr: C, en: C}, type: date, source: s, legal_class: declared, derived_from: [potential]}
"""
SQL = """\
-- segment: asked
-- title: En SQL
-- of: person
SELECT customer_id FROM v_customer WHERE department IN ('44', '35') AND NOT (town LIKE 'SAINT%' OR status = 'active')
"""
ATOMS = st.sampled_from(
    ["", " ", "\n", "\t", ":", "-", "- ", "{", "}", "[", "]", ",", "?", "|", ">", "'", '"', "#", "&a", "*a", "!!str", "!x", "%", "@", "`", "~", "null",
     "yes", "no", "true", ".nan", ".inf", "-.inf", "1e400", "0x1F", "0o17", "1_000", "9" * 400, "-0", "2026-02-30", "0001-01-01", "9999-12-31", "24:61",
     "2026-03-02T09:30:00+99:00", "99999999999 days", "today", "today + 99999 days", "<<", "...", "---", "\\x", "\\uD800", "\0", "\u202e", "\u2028", "\ufeff",
     "é", "asked", "other", "belongs", "between", "missing", "like", "any", "touched", "no_response", "$1", "--", "/*", "SELECT", "(", ")", ";", "%s", "pg_sleep(9)"]
) | st.text(max_size=6)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, text: str) -> str:
    """Draw a text from which up to four things were taken, and others put there."""
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.sampled_from([0, 0, 1, 2, 5, 20]))
        text = text[:start] + draw(ATOMS) + text[end:]
    return text


@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(yaml=spoilt(GOOD), facts=spoilt(FACTS), query=spoilt(SQL))
def test_any_text_is_told_with_a_place_and_a_way_out(yaml: str, facts: str, query: str) -> None:
    with TemporaryDirectory() as root:
        folder = Path(root) / "segments"
        folder.mkdir()
        for name, text in {"facts.yaml": facts, "asked.yaml": yaml, "other.sql": query}.items():
            (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))

        _, problems = load(folder, campaigns=frozenset({"hivernax-2025"}))

    for problem in problems:
        assert (
            problem.span.file.startswith("segments/") and problem.span.line >= 1 and problem.span.column >= 1
        )
        assert problem.what.en and problem.what.fr and problem.remedy.en and problem.remedy.fr
