"""Addresses that one SQL expression cannot lay out: the rules of post do it, and the result goes back as a table."""

from typing import Final

from engine.rules.postal import Parts, address_block
from engine.store.database import Connection

_AT_ONCE: Final = 10_000
"""So many addresses are in memory at once."""


def lay_out(connection: Connection, table: str = "addressee") -> int:
    """Fill the temporary table `laid_out` (n, value) with the awkward addresses of `addressee`; return how many.

    `addressee` has (n, organisation, person, complement, street, box, postcode, town, country). A line that
    is too long after all abbreviations stands whole: it is the address's fault to tell, not ours to cut.
    """
    assert table == "addressee"
    connection.execute(
        "CREATE TEMP TABLE laid_out (n bigint PRIMARY KEY, value text NOT NULL) ON COMMIT DROP"
    )
    done = 0
    with connection.cursor(name="awkward") as awkward:
        awkward.execute(
            "SELECT n, organisation, person, complement, street, box, postcode, town, country FROM addressee"
            " WHERE country NOT IN ('FR', 'MC') OR NOT is_plain_address(organisation, person, complement, street, box, town)"
        )
        while some := awkward.fetchmany(_AT_ONCE):
            with connection.cursor().copy("COPY laid_out FROM STDIN") as copy:
                for n, organisation, person, complement, street, box, postcode, town, country in some:
                    parts = Parts(
                        organisation or "", person or "", complement or "", "", street or "", "", box or "",
                        postcode or "", town or "", country or "FR",
                    )  # fmt: skip
                    copy.write_row((n, address_block(parts).value))
            done += len(some)
    connection.execute("ANALYZE laid_out")
    return done
