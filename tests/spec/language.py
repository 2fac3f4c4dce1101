"""The segment language as a table: what is written, and who of the known base is in. Tests and manual are this text."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Row:
    """One form of the language: as written, who is in, and of whom it cannot be known."""

    written: str
    inside: str = ""  #: names, comma between
    unknown: str = ""
    of: str = "person"
    zone: str = "Europe/Paris"
    in_run: bool = False  #: a condition of the campaign dermapharm-direct-2026, asked of its run


@dataclass(frozen=True)
class Chapter:
    title: str
    text: str
    rows: tuple[Row, ...]


def _org(written: str, inside: str = "", unknown: str = "", zone: str = "Europe/Paris") -> Row:
    return Row(written, inside, unknown, "organisation", zone)


def _run(written: str, inside: str = "") -> Row:
    return Row(written, inside, of="organisation", in_run=True)


CHAPTERS: Final = (
    Chapter(
        "A fact and its value",
        "The simplest condition is a fact and what it should be. A list means *any of these*. Codes may be written without quotes: "
        "`department: 1` is the Ain, `01`.",
        (
            Row("specialty_group: GP", "Morel, Petit", "Lambert"),
            Row("specialty_group: [GP, PEDIA]", "Morel, Petit, Garnier", "Lambert"),
            Row("kind: expert", "Roux"),
            Row("kind: [expert, pharmacist]", "Lambert, Roux"),
            Row("do_not_call: yes", "Nguyen"),
            Row("has_email: true", "Morel, Nguyen"),
            Row("role: titulaire", "Lambert"),
            Row("territory: FR-BR-02", "Nguyen"),
            Row("restricted_brand: HIVERNAX", "Roux"),
            Row("last_congress: today", "Nguyen", "Petit, Garnier, Lambert, Roux"),
            _org("credit_status: [dunning, blocked]", "Sainte-Anne"),
        ),
    ),
    Chapter(
        "Comparing",
        "Numbers know `at_least`, `at_most`, `above` and `below`; dates `before`, `after`, `at_least`, `at_most`; text `like`, where `*` "
        "stands for any letters and `?` for one (large and small letters are alike). `between` has both its ends in it. Several in one pair of "
        "braces must all hold. A limit or a pattern need not be a value that occurs.",
        (
            Row("potential: {at_least: 4}", "Morel, Petit", "Garnier, Lambert"),
            Row("potential: {above: 4}", "Petit", "Garnier, Lambert"),
            Row("potential: {at_least: 3, below: 5}", "Morel, Roux", "Garnier, Lambert"),
            Row("potential: {at_most: 2}", "Nguyen", "Garnier, Lambert"),
            Row("potential: {between: [2, 4]}", "Morel, Nguyen, Roux", "Garnier, Lambert"),
            Row(
                "last_congress: {between: [2025-11-20, 2026-03-02]}", "Morel", "Petit, Garnier, Lambert, Roux"
            ),
            Row("not: {potential: {between: [3, 4]}}", "Nguyen, Petit", "Garnier, Lambert"),
            Row("town: {like: 'SAINT-*'}", "Petit, Lambert", "Garnier"),
            Row("town: {like: 'r?nnes'}", "Nguyen", "Garnier"),
            Row("department: {like: '97*'}", "Petit", "Garnier"),
            Row("status: {like: 'act*'}", "Morel, Nguyen, Petit, Garnier, Lambert"),
            _org("rfm_tier: {between: [0, 2.5]}", "Du Port", "Des Alpes, CHU"),
            _org("rfm_tier: {below: 6}", "Du Port, Sainte-Anne", "Des Alpes, CHU"),
            Row("last_congress: {before: 2026-01-01}", "Morel", "Petit, Garnier, Lambert, Roux"),
            Row("last_congress: {after: today - 120 days}", "Morel, Nguyen", "Petit, Garnier, Lambert, Roux"),
            Row("last_congress: {after: today - 103 days}", "Nguyen", "Petit, Garnier, Lambert, Roux"),
            Row(
                "last_congress: {at_least: today - 103 days}",
                "Morel, Nguyen",
                "Petit, Garnier, Lambert, Roux",
            ),
        ),
    ),
    Chapter(
        "Not, and not known",
        "**What nobody told us is not a no.** `department: {not_in: [974]}` does not hold for Dr Garnier, whose department nobody knows: she "
        "might practise in Saint-Denis. Such a customer is *unknown*: not in the segment, nor in its opposite. Only `missing` asks for "
        "them: *elsewhere, or unknown* is an `any` of both. Where a fact may hold several words (`kind`, `role`, `territory`), `not_in` says that none of them is one of these.",
        (
            Row("department: {not_in: [974, 976]}", "Morel, Nguyen, Lambert, Roux", "Garnier"),
            Row("department: {not: 44}", "Nguyen, Petit, Roux", "Garnier"),
            Row("not: {department: 44}", "Nguyen, Petit, Roux", "Garnier"),
            Row("department: {missing: true}", "Garnier"),
            Row("department: {missing: false}", "Morel, Nguyen, Petit, Lambert, Roux"),
            Row(
                "any:\n  - department: {not_in: [44]}\n  - department: {missing: true}",
                "Nguyen, Petit, Garnier, Roux",
            ),
            Row("kind: {not_in: [prescriber]}", "Lambert"),
            Row("role: {not: titulaire}", "Morel, Nguyen, Petit, Garnier, Roux"),
            Row("not: {potential: {at_least: 3}}", "Nguyen", "Garnier, Lambert"),
            _org("network: {not: GIROPHARM}", "Sainte-Anne", "Des Alpes, CHU"),
        ),
    ),
    Chapter(
        "All, any, not",
        "A list means *all of these*. `any` means *at least one of these*, `not` *not this* (of a list: not all of these together), and they may "
        "stand within each other. One yes is enough for `any`, one no for `all`, even where the rest is unknown.",
        (
            Row("- kind: prescriber\n- specialty_group: GP", "Morel, Petit"),
            Row("any:\n  - department: 35\n  - specialty_group: PEDIA", "Nguyen, Garnier", "Lambert"),
            Row(
                "any:\n  - potential: {at_least: 4}\n  - kind: pharmacist", "Morel, Petit, Lambert", "Garnier"
            ),
            Row("all:\n  - specialty_group: PEDIA\n  - department: 44", "", "Garnier, Lambert"),
            Row("not:\n  - kind: prescriber\n  - department: 44", "Nguyen, Petit, Lambert, Roux", "Garnier"),
            Row(
                "- kind: prescriber\n- not:\n    any:\n      - status: retired\n      - department: 974",
                "Morel, Nguyen",
                "Garnier",
            ),
        ),
    ),
    Chapter(
        "Other segments",
        "`in` names another segment, `not_in` says that the customer is known not to be of it. Of a list, any. A segment in SQL is named alike.",
        (
            Row("in: cardiologists", "Nguyen, Roux"),
            Row("in: [cardiologists, mainland]", "Morel, Nguyen, Lambert, Roux", "Garnier"),
            Row("not_in: cardiologists", "Morel, Petit, Garnier, Lambert"),
            Row("not_in: mainland", "Petit", "Garnier"),
            _org("in: two-orders", "Du Port, Sainte-Anne"),
            _org("- kind: pharmacy\n- not_in: two-orders", "Des Alpes"),
        ),
    ),
    Chapter(
        "What we did: touched, visited, called",
        "`touched` counts what left us, or may have left (a letter of which nobody knows whether the printer took it counts). `visited` and "
        "`called` count what truly took place. What the history does not hold did not happen: these are never unknown. "
        "A `within` reaches back from the moment of asking, and its first instant is left out: exactly fourteen days ago is *not* within 14 days.",
        (
            Row("touched: yes", "Morel, Nguyen, Garnier, Lambert, Roux"),
            Row("touched: {channel: email}", "Morel, Nguyen, Roux"),
            Row("touched: {channel: [call, mailing]}", "Nguyen, Lambert"),
            Row("touched: {channel: email, within: 14 days}", "Morel, Nguyen"),
            Row("touched: {channel: email, within: 15 days}", "Morel, Nguyen, Roux"),
            Row("touched: {channel: email, at_least: 2}", "Nguyen"),
            Row("touched: {channel: email, at_most: 1}", "Morel, Petit, Garnier, Lambert, Roux"),
            Row("touched: {channel: email, at_least: 1, at_most: 1}", "Morel, Roux"),
            Row("touched: {brand: DERMAPHARM}", "Lambert"),
            Row("touched: {campaign: hivernax-2025, since: 2026-02-20}", "Morel, Nguyen"),
            Row("touched: {campaign: hivernax-2025, before: 2026-02-20}", "Nguyen, Roux"),
            Row("visited: yes", "Morel, Garnier"),
            Row("visited: {within: 60 days}", "Morel"),
            Row("not: {visited: {within: 180 days}}", "Nguyen, Petit, Garnier, Lambert, Roux"),
            Row("visited: {brand: HIVERNAX, before: 2025-12-31}", "Garnier"),
            Row("called: {within: 30 days}", "Nguyen"),
            _org("touched: {campaign: dermapharm-direct-2026, step: announce}", "Du Port, Sainte-Anne"),
        ),
    ),
    Chapter(
        "What came back: responded, no_response",
        "`responded` counts what a person did for something: opens, clicks, replies, forms, orders and the like; `with` says which. "
        "An unsubscription is no response, and what a machine opened neither, unless `with` asks for it. "
        "`no_response` is true of those who were touched and from whom nothing came back, not even a no.",
        (
            Row("responded: yes", "Morel, Garnier"),
            Row("responded: {with: click}", "Morel"),
            Row("responded: {with: click, at_least: 2}", "Morel"),
            Row("responded: {with: click, at_least: 3}"),
            Row("responded: {with: unsubscribe}", "Roux"),
            Row("responded: {to: hivernax-2025, with: [open, click], within: 30 days}", "Morel"),
            Row("responded: {channel: web}", "Garnier"),
            Row("no_response: {to: hivernax-2025}", "Nguyen"),
            Row("no_response: {to: hivernax-2025, with: [click]}", "Nguyen, Roux"),
            Row("no_response: {to: hivernax-2025, within: 30 days}", "Nguyen"),
            _org("responded: {with: order, amount: {at_least: 300}}", "Du Port"),
        ),
    ),
    Chapter(
        "Orders",
        "`ordered` counts orders that stand: drafts and those rejected, cancelled or returned do not. `units` and `amount` (EUR before tax) are "
        "sums over the window, of the brand if one is named. A month is 30 days, a year 365.",
        (
            _org("ordered: yes", "Du Port, Sainte-Anne"),
            _org("ordered: {brand: HIVERNAX}", "Du Port"),
            _org("ordered: {within: 12 months, at_least: 2}", "Du Port"),
            _org("ordered: {units: {at_least: 50}}", "Du Port, Sainte-Anne"),
            _org("ordered: {brand: DERMAPHARM, units: {at_least: 60}}", "Sainte-Anne"),
            _org("ordered: {brand: DERMAPHARM, within: 12 months, amount: {at_least: 500}}", "Du Port"),
            _org("ordered: {amount: {at_least: 100, below: 1000}}", "Du Port"),
            _org("ordered: {within: 12 months, amount: {below: 300}}", "Sainte-Anne, Des Alpes, CHU"),
            _org("not: {ordered: {within: 24 months}}", "Des Alpes, CHU"),
        ),
    ),
    Chapter(
        "Whom we left out, and whom we enrolled",
        "`excluded` counts those whom we left out, at enrolment or at a step, with the reason that decided. `enrolled` counts members of a run who "
        "were neither held out nor left out.",
        (
            Row("excluded: yes", "Petit"),
            Row("excluded: {because: no_consent, channel: email}", "Petit"),
            Row("excluded: {because: opted_out}"),
            _org("excluded: {campaign: dermapharm-direct-2026}", "CHU"),
            _org("enrolled: {campaign: dermapharm-direct-2026}", "Du Port, Sainte-Anne"),
            _org("enrolled: {cell: discount}", "Du Port"),
            _org("- kind: pharmacy\n- not: {enrolled: {campaign: dermapharm-direct-2026}}", "Des Alpes"),
        ),
    ),
    Chapter(
        "Days, hours, zones",
        "A day begins at midnight of the segment's `timezone` (Europe/Paris, if it says nothing). `since` a day has its first instant in it, `before` "
        "has not. The pharmacy Du Port ordered on 31 January at 22:00 in Paris: in Saint-Denis de La Réunion that was 1 February. A duration is a length "
        "of time, not of the wall clock: 14 days are 336 hours, also in the week when clocks change.",
        (
            _org("ordered: {brand: HIVERNAX, since: 2026-02-01}", ""),
            _org("ordered: {brand: HIVERNAX, since: 2026-02-01}", "Du Port", zone="Indian/Reunion"),
            _org("ordered: {brand: HIVERNAX, before: 2026-02-01}", "Du Port"),
            _org("ordered: {brand: HIVERNAX, before: 2026-02-01}", "", zone="Indian/Reunion"),
            _org("ordered: {since: 2026-01-31, before: 2026-02-01}", "Du Port"),
            _org("ordered: {since: 2026-01-31 22:00, before: 2026-01-31 22:01}", "Du Port"),
            _org("ordered: {before: 2026-01-31T22:00, since: 2026-01-31}", ""),
            _org(
                "ordered: {since: '2026-01-31T21:00Z', before: 2026-01-31T23:00:00+01:00}",
                "Du Port",
                zone="Indian/Reunion",
            ),
            Row("touched: {channel: email, within: 336 h}", "Morel, Nguyen"),
            Row("touched: {channel: email, within: 2 weeks}", "Morel, Nguyen"),
            Row("last_congress: {before: today}", "Morel", "Petit, Garnier, Lambert, Roux"),
        ),
    ),
    Chapter(
        "In a campaign: its own steps",
        "The conditions of a campaign (`if`, `exit`) may name its steps. A step then means *this run's* touch of it, and a moment: since it left, or "
        "would have. Before a step that has not come lies everything, since it nothing.",
        (
            _run("no_response: {to: announce}", "Du Port, Sainte-Anne"),
            _run("ordered: {since: announce}", "Sainte-Anne"),
            _run("ordered: {before: announce, within: 12 months}", "Du Port"),
            _run("not: {ordered: {since: announce}}", "Du Port, Des Alpes, CHU"),
            _run("touched: {step: visit}", ""),
            _run("ordered: {since: visit}", ""),
        ),
    ),
)


@dataclass(frozen=True)
class Slip:
    """What is refused, and what is said: the lines that follow `segment`, `title`, `of: person`."""

    written: str
    said: str
    remedy: str
    of: str = "person"


SLIPS: Final = (
    Slip("  - speciality_group: GP", "5:5: unknown fact 'speciality_group'", "Did you mean 'specialty_group'?"),
    Slip("  - specialty_group: CARDOI", "5:22: 'CARDOI' is no value of 'specialty_group'", "Did you mean 'CARDIO'?"),
    Slip("  - potential: high", "5:16: 'high' does not fit 'potential'", "It takes a number."),
    Slip("  - town: {at_least: 3}", "5:12: 'town' is a text and cannot be compared with 'at_least'", "It can be compared with like, not, not_in, or be equal."),
    Slip("  - potential: {at_laest: 3}", "5:17: unknown key 'at_laest'", "Did you mean 'at_least'?"),
    Slip("  - potential: {at_least: 5, below: 5}", "5:5: no number is in this range", "'above' and 'below' leave their own number out; 'at_least' and 'at_most' have it in."),
    Slip("  - potential: {above: 5, below: 3}", "5:5: no number is in this range", "Swap the two bounds."),
    Slip("  - last_congress: {after: 2026-03-01, before: 2026-03-02}", "5:5: no day is in this range", "'after' and 'before' leave their own day out"),
    Slip("  - last_congress: {after: 2026-03-04, before: 2026-03-02}", "5:5: no day is in this range", "Swap the two days."),
    Slip("  - potential: {between: [4, 2]}", "5:17: no number is in this range", "Swap the two bounds."),
    Slip("  - potential: {between: 4}", "5:26: 'between' takes two values", "Write the lower and the higher one"),
    Slip("  - town: {between: [A, B]}", "5:12: 'town' is a text and cannot be compared with 'between'", "It can be compared with like"),
    Slip("  - visited: {since: 2026-02-30}", "5:22: '2026-02-30' is no date and no number", "Write a day of the calendar"),
    Slip("  - visited: {since: 1026-02-03}", "5:22: '1026-02-03' is not a moment", "Write a day"),
    Slip("  - kind: []", "5:5: the list is empty: nobody fits", "Write a value"),
    Slip("  - any: []", "5:5: 'any' is empty", "Write at least one condition, or delete the line."),
    Slip("  - status: {missing: true}", "5:14: 'status' is never missing", "Delete this condition."),
    Slip("  - department: {not_in: [44], missing: true}", "5:41: 'department' cannot be missing and compared at once: nobody fits", "Write 'any:' with two conditions"),
    Slip("  - kind: prescriber\n  - visited: no", "6:14: 'visited' is asked with yes", "Write 'not: {visited: yes}'."),
    Slip("  - kind: prescriber\n  - not: visited", "6:10: 'not' is a list of conditions", "Write 'not: {visited: yes}'."),
    Slip("  - department: 2a", "5:17: '2a' is no value of 'department'", "Did you mean '2A'?"),
    Slip("  - country: ZZ", "5:14: 'ZZ' is no value of 'country'", "Known here:"),
    Slip("  - region: 99", "5:13: '99' is no value of 'region'", "Known here:"),
    Slip("  - specialty: SM99", "5:16: 'SM99' is no value of 'specialty'", "Known here:"),
    Slip("  - rfm_tier: {above: 4}", "5:23: no value of 'rfm_tier' is in this range: nobody fits", "Its values are 1, 2, 3, 4."),
    Slip("  - rfm_tier: {above: 2, below: 3}", "5:23: no value of 'rfm_tier' is in this range: nobody fits", "Its values are 1, 2, 3, 4."),
    Slip("  - kind: pharmacist", "5:11: no organisation is a 'pharmacist': nobody fits", "Ask for another kind, or write 'of: person'.", of="organisation"),
    Slip("  - kind: prescriber\n  - touched: {within: 10 days, before: 2024-01-01}", "6:40: 'within' moves on with the days and 'before' stays: soon nobody fits, for ever", "Write 'since:' with a day in place of 'within'."),
    Slip("  - touched: {chanel: email}", "5:15: unknown key 'chanel'", "Did you mean 'channel'?"),
    Slip("  - touched: {channel: emial}", "5:24: unknown channel 'emial'", "Did you mean 'email'?"),
    Slip("  - visited: {within: 60}", "5:23: '60' is not a while", "Write a number and a unit: 14 days, 12 months."),
    Slip("  - kind: prescriber\n  - visited: {since: 2026-05-01, before: 2026-03-01}", "6:42: the window ends before it begins", "Swap 'since' and 'before'."),
    Slip("  - kind: prescriber\n  - visited: {since: 2026-03-01, before: 2026-03-01}", "6:42: the window has no moment in it: 'before' leaves its own first instant out", "Write a later 'before'"),
    Slip("  - visited: {before: 1900-01-01}", "5:23: nothing is known to have happened before 1900", "Write a later day."),
    Slip("  - visited: {since: 2026-03-02 25:30}", "5:22: '2026-03-02 25:30' is not a moment", "Write a day (2026-03-02, 2026-03-02 09:30)"),
    Slip("  - visited: {since: today - 400 days}", "5:22: 'today - 400 days' is not a day", "A window is counted back with 'within: 90 days'."),
    Slip("  - ordered: {within: 30 days, since: 2026-01-01}", "5:39: both 'within' and 'since' say when it begins", "Keep one of the two."),
    Slip("  - ordered: {at_least: 0}", "5:25: 'at_least: 0' is true of everybody", "Write 1 or more."),
    Slip("  - no_response: {within: 30 days}", "5:5: no response to what?", "Write 'to:' with a campaign or a step."),
    Slip("  - responded: {to: dermapharm-2026}", "5:21: unknown campaign 'dermapharm-2026'", "Did you mean 'dermapharm-direct-2026'?"),
    Slip("  - in: cardiologist", "5:9: there is no segment 'cardiologist'", "Did you mean 'cardiologists'?"),
    Slip("  - in: two-orders", "5:9: 'two-orders' is a segment of organisations, this one is of persons: nobody is in both", "Name a segment with 'of: person'."),
    Slip("  - kind: prescriber\n  - in: asked", "4:1: the segment asks itself: asked → asked", "Take one of these 'in' or 'not_in' out."),
    Slip("  - not: {visited: {within: 180 days}}", "4:1: it is true of customers of whom nothing is known: it has no edge", "Add a condition that says who they are: 'kind: prescriber'."),
    Slip("  - role: {not: titulaire}", "4:1: it is true of customers of whom nothing is known: it has no edge", "Add a condition that says who they are: 'kind: prescriber'."),
    Slip("  - do_not_call: no", "4:1: it is true of customers of whom nothing is known: it has no edge", "Add a condition that says who they are: 'kind: prescriber'."),
    Slip("  - has_email: no", "4:1: it is true of customers of whom nothing is known: it has no edge", "Add a condition that says who they are: 'kind: prescriber'."),
    Slip("  - territory: {not: FR-BR-02}", "4:1: it is true of customers of whom nothing is known: it has no edge", "Add a condition that says who they are: 'kind: prescriber'."),
    Slip("  - status: {not: deceased}", "4:1: it is true of customers of whom nothing is known: it has no edge", "Add a condition that says who they are: 'kind: prescriber'."),
    Slip("  - any: [{kind: prescriber}, {not: {kind: prescriber}}]", "4:1: it is true of customers of whom nothing is known: it has no edge", "Add a condition that says who they are: 'kind: prescriber'."),
    Slip("  - kind: prescriber\n  - rx_decile: {at_least: 8}", "6:27: 'rx_decile' is individual prescription data (rx_decile)", "It must not be used for prescribers in France (CSP L.4113-7)."),
    Slip("  - kind: prescriber\n  - promise: {at_least: 8}", "6:25: 'promise' is individual prescription data (promise ← rx_decile)", "It must not be used for prescribers in France (CSP L.4113-7)."),
)  # fmt: skip
"""Said of a file whose `who:` stands on line 4."""
