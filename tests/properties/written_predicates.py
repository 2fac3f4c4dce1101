"""Predicates as marketers write them, any of them, for property tests."""

import datetime as dt
import os
from typing import Any, TypeAlias

from hypothesis import Phase
from hypothesis import strategies as st

from tests.properties.small_bases import BRANDS, CAMPAIGNS, CHANNELS, DAYS, STEPS, TOWNS, WITHIN

# Shrinking asks the database thousands of times; a first look is quicker without it.
PHASES = [
    phase
    for phase in Phase
    if phase is not Phase.explain and not (phase is Phase.shrink and "TOUCHBASE_NO_SHRINK" in os.environ)
]

Strategy: TypeAlias = st.SearchStrategy[dict[str, Any]]


def some(words: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from(words) | st.lists(st.sampled_from(words), min_size=1, max_size=3)


NUMBERS = st.sampled_from([0, 1, 2, 3, 5, 2.5, -1])
BOUNDS = st.sampled_from(
    [{"at_least": 1}, {"at_least": 30}, {"at_most": 30}, {"at_most": 0}, {"above": 0}, {"below": 1}, {"at_least": 10, "below": 40}, {"above": 120.5}]
)  # fmt: skip
BETWEEN: dict[str, list[tuple[Any, Any]]] = {
    "rfm_tier": [(0, 2), (1.5, 9), (2, 2), (4, 9)],
    "potential": [(1, 3), (2, 2), (-1, 2.5), (0, 5)],
    "last_congress": [("today - 14 days", "today"), (dt.date(2026, 3, 1), dt.date(2026, 3, 29)), (dt.date(2028, 2, 29), dt.date(2028, 2, 29)),
                      ("today", "today - 1 days")],
}  # fmt: skip
TIMES = st.sampled_from(
    [{}, {}, {"at_least": 1}, {"at_least": 2}, {"at_most": 0}, {"at_most": 1}, {"at_least": 1, "at_most": 1}]
)


def facts() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _fact("kind", some(("prescriber", "pharmacist", "expert"))),
        _fact("specialty_group", some(("GP", "CARDIO")), compare=("like",), limits=st.sampled_from(["C*", "sm??", "G", "*"])),
        _fact("department", some(("44", 1, "2A")), compare=("like",), limits=st.sampled_from(["4*", "97*", "?a", "44"])),
        _fact("status", some(("active", "retired")), missing=False, compare=("like",), limits=st.sampled_from(["act*", "*e", "z*"])),
        _fact("restricted_brand", some(BRANDS), missing=False),
        _fact("network", some(("GIROPHARM", "")), missing=True, compare=("like",), limits=st.sampled_from(["giro*", "*", "?", "P*V"])),
        _fact("rfm_tier", some((1, 3)), compare=("at_least", "at_most", "above", "below"), limits=st.sampled_from([0, 1, 2.5, 3, 6])),
        _fact("potential", NUMBERS | st.lists(NUMBERS, min_size=1, max_size=2), compare=("at_least", "at_most", "above", "below"), limits=NUMBERS),
        _fact("last_congress", some((dt.date(2026, 3, 3), dt.date(2028, 2, 29), "today")), compare=("before", "after", "at_least", "at_most"),
              limits=st.sampled_from([dt.date(2026, 3, 29), dt.date(2028, 2, 29), "today", "today - 14 days", "today + 1 days"])),
        _fact("is_key_account", st.booleans()),
        _fact("do_not_call", st.booleans(), missing=False),
        _fact("has_email", st.booleans() | st.just([True, False]), missing=False),
        _fact("role", some(("titulaire", "adjoint")), missing=False),
        _fact("territory", some(("FR-PL-01", "FR-BR-02")), missing=False),
        _fact("town", some(TOWNS), compare=("like",), limits=st.sampled_from(["NAN*", "saint-????", "100%*", "l_*", "*", "?", "é", "*s"])),
    )  # fmt: skip


def _fact(
    name: str,
    values: st.SearchStrategy[Any],
    *,
    missing: bool = True,
    compare: tuple[str, ...] = (),
    limits: st.SearchStrategy[Any] | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    forms = [values, st.builds(lambda value: {"not_in": value}, values)]
    if missing:
        forms.append(st.builds(lambda flag: {"missing": flag}, st.booleans()))
    if compare and limits is not None:
        forms.append(st.builds(lambda op, limit: {op: limit}, st.sampled_from(compare), limits))
    if "at_most" in compare and limits is not None:
        forms.append(st.sampled_from(BETWEEN[name]).map(lambda both: {"between": list(both)}))
    return st.builds(lambda form: {name: form}, st.one_of(*forms))


def windows(steps: bool) -> st.SearchStrategy[dict[str, Any]]:
    days: st.SearchStrategy[Any] = st.sampled_from(DAYS)
    if steps:
        days = days | st.sampled_from(STEPS)
    return st.one_of(
        st.just({}),
        st.builds(
            lambda length: {"within": f"{int(length.total_seconds() // 3600)} h"}, st.sampled_from(WITHIN)
        ),
        st.builds(lambda day: {"since": day}, days),
        st.builds(lambda day: {"before": day}, days),
    )


WORDS = {
    "click": some(("click", "open", "unsubscribe")),
    "machine": some(("click", "open", "open_machine")),
    "because": some(("no_consent", "opted_out")),
    "cell": some(("discount", "free_goods")),
    "channel": some(CHANNELS),
    "brand": some(BRANDS),
    "step": some(STEPS),
    "campaign": some(CAMPAIGNS),
    "campaign or step": some(CAMPAIGNS + STEPS),
}
"""Made once: a strategy that is built within a draw is built again for every draw."""
VERBS = st.sampled_from(
    ["touched", "visited", "called", "responded", "no_response", "ordered", "excluded", "enrolled"]
)
WINDOWS = {True: windows(True), False: windows(False)}
RARELY = st.sampled_from((False, False, True))  #: what is narrowed on all sides holds for nobody


@st.composite
def happenings(draw: st.DrawFn, steps: bool) -> dict[str, Any]:
    verb = draw(VERBS)
    names = WORDS["campaign or step" if steps else "campaign"]
    to = "to" if verb in ("responded", "no_response") else "campaign"
    written: dict[str, Any] = dict(draw(WINDOWS[steps]))
    if verb != "no_response":
        written |= draw(TIMES)
    elif draw(RARELY):
        written["with"] = draw(WORDS["machine"])
    if verb == "ordered":
        if draw(RARELY):
            written["units"] = draw(BOUNDS)
        if draw(RARELY):
            written["amount"] = draw(BOUNDS)
    elif verb == "no_response" or draw(RARELY):
        written[to] = draw(names)
    if verb == "responded":
        if draw(RARELY):
            written["with"] = draw(WORDS["click"])
        if draw(RARELY):
            written["amount"] = draw(BOUNDS)
    if verb == "excluded" and draw(RARELY):
        written["because"] = draw(WORDS["because"])
    if verb == "enrolled" and draw(RARELY):
        written["cell"] = draw(WORDS["cell"])
    if verb not in ("ordered", "visited", "called", "enrolled") and draw(RARELY):
        written["channel"] = draw(WORDS["channel"])
    if draw(RARELY):
        written["brand"] = draw(WORDS["brand"])
    if verb not in ("ordered", "enrolled") and to in written and not steps and draw(RARELY):
        written["step"] = draw(WORDS["step"])
    return {verb: written}


DIE = st.integers(1, 6)


@st.composite
def clauses(
    draw: st.DrawFn, facts: Strategy, happenings: Strategy, nested: Strategy | None
) -> dict[str, Any]:
    """Draw one clause: half of them about the past. `one_of` would flatten its parts and hardly ever ask for it."""
    thrown = draw(DIE)
    if nested is not None and thrown == 1:
        return draw(nested)
    return draw(happenings if thrown > 3 else facts)


@st.composite
def entries(draw: st.DrawFn, clause: Strategy, deeper: Strategy) -> dict[str, Any]:
    """Draw an entry of a list: a plain clause, or several under `all`, `any` or `not`."""
    return draw(clause if draw(DIE) > 2 else deeper)


def predicates(
    *, steps: bool = False, nested: tuple[str, ...] = ()
) -> st.SearchStrategy[list[dict[str, Any]]]:
    named = (
        st.builds(lambda key, name: {key: name}, st.sampled_from(["in", "not_in"]), some(nested))
        if nested
        else None
    )
    clause: Strategy = clauses(facts(), happenings(steps), named)
    deeper = clause
    for _ in range(2):
        deeper = st.builds(
            lambda key, parts: {key: parts},
            st.sampled_from(["all", "any", "not"]),
            st.lists(entries(clause, deeper), min_size=1, max_size=3),
        )
    several = st.lists(entries(clause, deeper), min_size=1, max_size=3)
    # Alone, a clause shows what it does; of three together few customers decide anything.
    return st.lists(clause, min_size=1, max_size=1) | several
