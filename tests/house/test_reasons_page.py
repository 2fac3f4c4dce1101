"""docs/manual/reasons.md lists every reason with its sentence, printed from the code."""

import re
from collections.abc import Iterator

from engine.model.reasons import PRECEDENCE, Reason, as_clause
from tests.house.named_tests import ROOT

PAGE = ROOT / "docs" / "manual" / "reasons.md"
BETWEEN = re.compile(r"(<!-- reasons -->\n)(.*?)(<!-- end of reasons -->)", re.DOTALL)
ROOMS = {
    "at enrolment": ("enrolment",),
    "when a step is planned": ("journey",),
    "at the gate": ("ledger",),
}
"""Where a statement stands that can say a reason."""


def _said(room: str) -> set[str]:
    text = (ROOT / f"engine/store/sql/{room}.sql").read_text(encoding="utf-8")
    law = (ROOT / "engine/store/sql/law.sql").read_text(encoding="utf-8").split("-- name: ")
    fragments = {part.split("\n", 1)[0]: part for part in law[1:]}
    whole = text + "".join(fragments[name] for name in re.findall(r"/\*law: (\w+)\*/", text))
    return {reason for reason in Reason if f"'{reason}'" in whole}


def _arises(reason: Reason) -> str:
    return ", ".join(place for place, rooms in ROOMS.items() if any(reason in _said(room) for room in rooms))


def printed() -> str:
    def rows() -> Iterator[str]:
        yield "| | reason | because … | car … | arises |"
        yield "|---|---|---|---|---|"
        for number, reason in enumerate(PRECEDENCE, 1):
            words = as_clause(reason)
            yield f"| {number} | `{reason}` | {words.en} | {words.fr} | {_arises(reason) or 'nowhere yet'} |"

    return "\n".join(rows()) + "\n"


def test_the_page_of_reasons_is_that_of_the_code() -> None:
    """Write it again: python -m tests.house.test_reasons_page"""
    found = BETWEEN.search(PAGE.read_text(encoding="utf-8"))

    assert found is not None and found[2] == printed()


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BETWEEN.sub(lambda found: found[1] + printed() + found[3], text), encoding="utf-8")
