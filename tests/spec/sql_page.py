"""The manual's page on segments in SQL, printed from the lists that the grammar holds to: `python -m tests.spec.sql_page`."""

from pathlib import Path

from engine.loading.sql_columns import COLUMNS
from engine.loading.sql_grammar import DEEPEST, FUNCTIONS, MOST, OPERATORS, TYPES
from engine.store.sql_segments import LIMIT
from tests.spec import known_base

PAGE = Path(__file__).parents[2] / "docs" / "manual" / "sql-segments.md"

TEXT = """\
# Segments in SQL

<!-- Printed from the grammar's own lists by `python -m tests.spec.sql_page`. -->

Where [the words](segments.md) do not reach, a segment may be a `.sql` file of `segments/`: comments that say what it is, then one SELECT of
`customer_id`:

```sql
{example}
```

`touchbase check` reads it by PostgreSQL's own grammar, offline, and says what is wrong with its line and column:

- **One column, the customer's number**: `customer_id` of a view, as it stands there, or `person_id` or `organisation_id` of `v_affiliation`
  under that name. Another number that is called `customer_id`, or one that is computed, is refused.
- **An edge**, as in words: a customer of whom nothing is known must be left out. The query is played on a base with one such customer (a row of
  `v_customer` with what the base holds of anybody: `status = 'active'`, `country = 'FR'`, no address, no touch, no order). `SELECT customer_id
  FROM v_customer` gives this customer, and so does "who was never touched" alone: add who they are, `kinds @> '{{prescriber}}'`. What cannot
  be foretold, such as a function's value, counts in the author's favour.
- **Facts of the company by their name**: `facts ->> 'potential'`, `facts -> 'potential'` or `facts ? 'potential'`, with a fact of
  `segments/facts.yaml` written there. `facts` in any other way (`@>`, `::text`, a name that is put together) is refused, as is `*` outside
  `EXISTS (SELECT * ...)`: neither says what is used. Individual prescription data, and what is derived from it, no segment in SQL may use; the
  views do not show it either.
- **Nothing that answers otherwise tomorrow**: for the clock there is `asked_at()`, for the day in Paris `asked_on()`; who asks is nothing to ask.
- Not more than {most:,} words and signs, nested {deepest} deep.

## What it may read

No view shows a name or an address, nor anything later than the moment of asking. With `--as-of`, they show the base as it stood; `v_consent`
knows today only, and a segment that reads it is then refused.

| view | columns |
|---|---|
{views}

Functions: {functions}.

Operators: {operators}; `BETWEEN`, `IN`, `LIKE`, `CASE`, `EXISTS`, `IS NULL`, `AND`, `OR`, `NOT`.

Types to cast to: {types}.

## How it is run

By the role `touchbase_segment`, which may read these views and do nothing else, in a session that it logs in to itself: nobody can take the
role off. Read-only, {seconds} seconds at most (a second connection ends it from outside), four at once, 1 GB of temporary files. What the role
must not be able to do is asked of the database before each query and taken from it if the engine may; else nothing is run.

The role logs in where the engine does: without a password if the server trusts it (the embedded one), else with one that each process makes up
(`ALTER ROLE`, which the engine's role must be allowed to say). Where neither goes, `TOUCHBASE_SEGMENTS_DATABASE_URL` says where it logs in and with
which password. An engine that is no superuser needs one once: let them run the statement `close` of `engine/store/sql/sandbox.sql` in this database.

Each question asks it anew, of the base and the facts of that moment, like a segment in words: no answer is kept for the next question, not for
the same `--on` either.

`touchbase segment sql NAME` prints the query, `--plan` how PostgreSQL goes about it. `explain` says whether the query gives a customer, not why.
"""


def page() -> str:
    """Return the page."""
    words = {
        "functions": sorted(FUNCTIONS),
        "operators": sorted(OPERATORS - {"~~", "!~~", "~~*", "!~~*"}),
        "types": sorted(TYPES),
    }
    return TEXT.format(
        example=known_base.LIBRARY_FILES["segments/two-orders.sql"].rstrip(),
        views="\n".join(
            f"| `{view}` | {', '.join(f'`{name}`' for name in names)} |" for view, names in COLUMNS.items()
        ),
        most=MOST,
        deepest=DEEPEST,
        seconds=int(LIMIT.total_seconds()),
        **{name: ", ".join(f"`{word}`" for word in said) for name, said in words.items()},
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
