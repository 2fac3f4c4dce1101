"""The manual's page on segments, printed from the table that the tests hold: `python -m tests.spec.page`."""

from collections.abc import Iterator
from pathlib import Path

from engine.model.clauses import CHANNELS, RESPONSE_TYPES, RESPONSES
from engine.model.facts import BUILT_IN, Fact, Type
from engine.model.predicate import HISTORY_KEYS
from engine.rules.membership import CustomerKnown
from tests.spec import known_base
from tests.spec.known_base import CUSTOMERS, PARIS
from tests.spec.language import CHAPTERS, SLIPS, Chapter, Row, Slip

PAGE = Path(__file__).parents[2] / "docs" / "manual" / "segments.md"

BEGINNING = """\
# Segments: who is meant

<!-- Printed from tests/spec/language.py by `python -m tests.spec.page`; every line of its tables is a test. -->

A segment is a question about customers, kept under a name. It is a file of `segments/`: copy one, change it, and run `touchbase check`.

```yaml
# yaml-language-server: $schema=../.touchbase/schemas/segment.schema.json
segment: buyers-not-seen-lately
title: Officines clientes, non visitées depuis deux mois
of: organisation                    # or person
who:                                # all of these
  - kind: pharmacy
  - department: {not_in: [971, 972, 973, 974, 976]}
  - ordered: {brand: HIVERNAX, within: 12 months, amount: {at_least: 500}}
  - not: {visited: {within: 60 days}}
examples:                           # your own test: made-up customers, asked by 'touchbase check' without a database
  - {kind: pharmacy, department: 44, ordered: {brand: HIVERNAX, amount: 800, days_ago: 30}, belongs: yes}
  - {kind: pharmacy, department: 44, belongs: no}
  - {kind: pharmacy, ordered: {brand: HIVERNAX, amount: 800, days_ago: 30}, belongs: unknown}   # which department?
```

The first line lets your editor complete facts, values, brands, campaigns and other segments of *this* company (`touchbase schema` writes
what it completes from). Then ask:

```
touchbase segment count buyers-not-seen-lately           how many
touchbase segment sample buyers-not-seen-lately          ten of them
touchbase segment explain buyers-not-seen-lately 4711    why this one, or why not, condition by condition
touchbase segment diff buyers-not-seen-lately --since 2026-02-01     who joined, who left, and by which condition
touchbase segment overlap buyers-not-seen-lately pharmacies-metro    how many are of both
touchbase segment sql buyers-not-seen-lately             what PostgreSQL is asked
```

Three rules keep a segment from saying what you did not mean:

1. **What nobody told us is not a no.** A customer without a department is not "outside Réunion".
2. **A segment says something positive.** "Not visited since March" alone would mean everybody whom we store; it is refused until you say
   who: `kind: prescriber`. "Has no e-mail address" and "is active" are refused alike: the base holds both of everybody of whom it was told
   nothing. `department: {not_in: [974]}` may stand alone: it asks for those whose department is known.
3. **Every name is known.** A slip in a fact, a value, a campaign or a segment is told by `touchbase check`, with its place and the nearest
   known word. Nothing is ever silently empty.

## The ten customers of this page

It is Tuesday 3 March 2026, 10:30 in Paris. The tables below say who of these ten is in, and of whom it cannot be known.
"""

ENDING = """\
## As of a past moment

Every question can be asked of the base *as it stood*: `touchbase segment count NAME --as-of 2026-02-01T09:00`. The same file and the same
moment give the same customers, whatever came in since: attributes, addresses, roles, territories, orders and their lines, contacts and
responses are then those that the base knew. What was delivered later is not known, even if it is said to have happened before; what was
corrected later has its old form. A delivery counts from the moment at which its load began.

Three things are otherwise, and say so: a moment before the base knew anybody is refused; consent is known as it is today only, so a segment in
SQL that reads `v_consent` is refused; and who was erased is of no past either.

`--on 2026-02-01T09:00` is something else: today's base, asked for another moment. Windows count back from there, and nothing later has happened.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield BEGINNING
    yield from _customers()
    yield ""
    for chapter in CHAPTERS:
        yield from _chapter(chapter)
    yield from _words()
    yield from _company()
    yield from _sql()
    yield ENDING
    yield from _slips()


def _customers() -> Iterator[str]:
    yield "| customer | what is known | what happened |"
    yield "|---|---|---|"
    for name, known in CUSTOMERS.items():
        yield f"| **{name}** | {_known(known)} | {'<br>'.join(_past(known)) or '–'} |"


def _known(known: CustomerKnown) -> str:
    shown = []
    for fact, value in known.facts.items():
        if value in ((), False) and fact != "is_key_account":
            continue
        if (fact, value) in (("status", "active"), ("credit_status", "ok")):
            continue
        text = (
            ", ".join(value)
            if isinstance(value, tuple)
            else {True: "yes", False: "no"}.get(value, str(value))
            if isinstance(value, bool)
            else str(value)
        )
        shown.append(f"{fact} {text}")
    return f"{known.of}: " + ", ".join(shown)


def _past(known: CustomerKnown) -> Iterator[str]:
    for touch in known.touches:
        what = {"unknown": " (may have left)", "excluded": f" withheld: {touch.reason}"}.get(touch.state, "")
        done = f" {touch.outcome}" if touch.outcome else ""
        about = f" {touch.campaign}" if touch.campaign else f" for {touch.brand}" if touch.brand else ""
        yield f"{_day(touch.due_at)} {touch.channel}{about}{f' ({touch.step})' if touch.step else ''}{done}{what}"
    for response in known.responses:
        amount = f", {response.value} EUR" if response.value else ""
        yield f"{_day(response.at)} response: {response.type}{f' to {response.campaign}' if response.campaign else ''}{amount}"
    for order in known.orders:
        (line,) = order.lines
        status = "" if order.status == "shipped" else f" ({order.status})"
        yield f"{_day(order.ordered_at)} order: {line.units} {line.brand}, {line.amount} EUR{status}"
    for member in known.memberships:
        how = (
            f"left out: {member.reason}"
            if member.reason
            else "held out"
            if member.held_out
            else f"enrolled in cell {member.cell}"
        )
        yield f"{_day(member.enrolled_at)} {member.campaign}: {how}"


def _day(moment: object) -> str:
    return f"{moment.astimezone(PARIS):%Y-%m-%d %H:%M}"  # type: ignore[attr-defined]


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"## {chapter.title}\n"
    yield f"{chapter.text}\n"
    yield "| written | who is in | of whom it cannot be known |"
    yield "|---|---|---|"
    for row in chapter.rows:
        yield f"| {_code(row)} | {row.inside or 'nobody'} | {row.unknown} |"
    yield ""


def _code(row: Row) -> str:
    text = "<br>".join(
        f"`{line}`" if line.strip() == line else f"`{' ' * _depth(line)}{line.strip()}`"
        for line in row.written.splitlines()
    )
    zone = "" if row.zone == "Europe/Paris" else f"<br>with `timezone: {row.zone}`"
    return f"{text}{zone}{'' if row.of == 'person' else ' <sub>of: organisation</sub>' if not row.in_run else ''}"


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _words() -> Iterator[str]:
    yield "## The words\n"
    yield "What a customer may be asked about; the company's own facts come beside them.\n"
    yield "| fact | what it is | values |"
    yield "|---|---|---|"
    for fact in BUILT_IN.values():
        yield f"| `{fact.name}` | {fact.label.en} / {fact.label.fr} | {_values(fact)} |"
    yield "\nWhat may narrow a thing that happened:\n"
    yield "| happened | arguments |"
    yield "|---|---|"
    for verb, keys in HISTORY_KEYS.items():
        yield f"| `{verb}` | {', '.join(f'`{key}`' for key in keys)} |"
    yield f"\nChannels: {', '.join(f'`{channel}`' for channel in CHANNELS)}, and those of `segments/facts.yaml`."
    others = [kind for kind in RESPONSE_TYPES if kind not in RESPONSES]
    yield (
        f"Responses: {', '.join(f'`{kind}`' for kind in RESPONSES)}; only if `with` names them:"
        f" {', '.join(f'`{kind}`' for kind in others)}."
    )
    yield "Durations: a number and `min`, `h`, `days`, `weeks`, `months` (30 days) or `years` (365 days). Moments: `2026-03-02`, `2026-03-02 09:30` (local to the `timezone`), `2026-03-02T09:30:00+01:00`.\n"


def _values(fact: Fact) -> str:
    if fact.type is Type.BOOLEAN:
        return "yes, no"
    words = [str(value) for value in fact.values]
    if not words:
        return "any"
    return (
        ", ".join(words[:5]) + f" … ({len(words)})"
        if len(words) > 12
        else ", ".join(words) + (", …" if fact.others else "")
    )


def _company() -> Iterator[str]:
    yield "## Facts of the company's own\n"
    yield "They are declared in `segments/facts.yaml`, with type, label, allowed values, source, freshness and legal class:\n"
    yield "```yaml"
    yield known_base.LIBRARY_FILES["segments/facts.yaml"].rstrip()
    yield "```\n"
    yield (
        "`fresh` is how long a fact can be relied on: `touchbase plan` warns where one that decides came last in an older delivery (a column"
        " `fact:potential`). What *stops* a campaign on old data are the `feeds` of the contact policy.\n"
    )
    yield (
        "`legal_class: rx_individual` marks what one prescriber prescribes. It, and whatever is `derived_from` it, is refused for prescribers in"
        " France (CSP L.4113-7), wherever it would decide: in a segment under any name, in one that is named or excepted, in SQL, as the fact that"
        " `top` sorts by or `stratify` splits by, in a condition of a campaign, in a template. It may decide only where the segment itself leaves"
        " prescribers out (`kind: {not_in: [prescriber]}`) or France.\n"
    )


def _sql() -> Iterator[str]:
    yield "## Segments in SQL\n"
    yield "Where the words above do not reach, a segment may be a `.sql` file: comments that say what it is, then one SELECT of `customer_id`:\n"
    yield "```sql"
    yield known_base.LIBRARY_FILES["segments/two-orders.sql"].rstrip()
    yield "```\n"
    yield (
        "It is read by PostgreSQL's own grammar and run by a role that can do nothing else, read-only, for 30 seconds at most. What it may read,"
        " name and use: [segments in SQL](sql-segments.md).\n"
    )


def _slips() -> Iterator[str]:
    yield "## What is refused\n"
    yield "`touchbase check` says all of it at once, each with file, line and column. Here `who:` stands on line 4:\n"
    yield "| written | said |"
    yield "|---|---|"
    for slip in SLIPS:
        lines = "<br>".join(f"`{line[2:]}`" for line in slip.written.splitlines())
        yield f"| {lines} | {_said(slip)} |"


def _said(slip: Slip) -> str:
    text = f"segment: asked\ntitle: Demandés\nof: {slip.of}\nwho:\n{slip.written}\n"
    said = []
    for problem in known_base.checked(text):
        remedy = problem.remedy.en
        if " Known here: " in remedy and len(remedy) > 160:
            remedy = f"{remedy.split(' Known here: ')[0]} Known here: …"
        said.append(f"{problem.span}: {problem.what.en}<br>*{remedy}*")
    return "<br>".join(said).replace("|", "\\|").replace("segments/asked.yaml:", "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
