"""A segment in SQL names columns of the documented views and declared facts, each told with its own place."""

from pathlib import Path

import pytest

from engine.loading.segments import load

FACTS = """\
facts:
  potential: {label: {fr: potentiel, en: potential}, type: number, source: ventes, legal_class: commercial}
  rx_decile: {label: {fr: décile, en: decile}, type: number, source: panel, legal_class: rx_individual}
  promise: {label: {fr: promesse, en: promise}, type: number, source: nous, legal_class: internal, derived_from: [rx_decile]}
  golden: {label: {fr: doré, en: golden}, type: boolean, source: nous, legal_class: internal, derived_from: [promise]}
"""
HEADER = "-- segment: asked\n-- of: person\n-- title: Ceux que la requête donne\n"  # three lines: the query begins on line 4


def told(folder: Path, query: str) -> list[str]:
    """Return what `check` says of a query: line:column: what is wrong, and the remedy."""
    folder.mkdir(exist_ok=True)
    (folder / "facts.yaml").write_text(FACTS)
    (folder / "asked.sql").write_text(HEADER + query + "\n")
    _, problems = load(folder)
    return [f"{problem.span.line}:{problem.span.column}: {problem.what.en}. {problem.remedy.en}" for problem in problems]  # fmt: skip


WHOLE = (
    "'facts' is asked for one fact, by its name. Write facts ->> 'name', facts -> 'name' or facts ? 'name'"
)
HIDDEN = {
    """SELECT customer_id FROM v_customer WHERE facts @> '{"golden": true}'""": f"4:42: {WHOLE}",
    "SELECT customer_id FROM v_customer WHERE facts::text LIKE '%golden%'": f"4:42: {WHOLE}",
    "SELECT customer_id FROM v_customer WHERE facts['golden'] = 'true'": f"4:42: {WHOLE}",
    "SELECT customer_id FROM v_customer AS c WHERE '{}' <@ c.facts": f"4:55: {WHOLE}",
    "SELECT customer_id FROM v_customer GROUP BY customer_id, facts": f"4:58: {WHOLE}",
    "SELECT customer_id FROM (SELECT customer_id, facts AS f FROM v_customer) AS x WHERE f::text LIKE '%n%'": f"4:46: {WHOLE}",
    "SELECT customer_id FROM v_customer WHERE town = 'Orléans' AND facts ->> ('rx_' || 'decile') = '9'": "4:69: which fact is asked for must be written",
    "SELECT customer_id FROM v_customer WHERE facts ->> town = '9'": "4:48: which fact is asked for must be written",
    "SELECT customer_id FROM v_customer WHERE facts ? ANY (ARRAY['golden'])": "4:48: which fact is asked for must be written",
    "SELECT customer_id FROM v_customer\n WHERE town = 'Orléans' AND facts ->> 'golden' = 'true'": "5:39: 'golden' is individual prescription data (golden ← promise ← rx_decile)",
    "SELECT customer_id FROM v_customer WHERE facts ? 'rx_decile'": "4:50: 'rx_decile' is individual prescription data (rx_decile)",
    "SELECT customer_id FROM v_customer WHERE facts -> $$rx_decile$$ = '9'": "4:51: 'rx_decile' is individual prescription data (rx_decile)",
    "SELECT customer_id FROM v_customer WHERE facts ->> 'potental' = '4'": "4:52: unknown fact 'potental'. Did you mean 'potential'?",
    "SELECT customer_id FROM v_customer WHERE facts ->> 'department' = '44'": "4:52: unknown fact 'department'. It is a column: write department.",
    "SELECT customer_id FROM v_customer AS c WHERE c::text LIKE '%golden%'": "4:47: there is no column 'c'",
    "SELECT customer_id FROM v_customer AS c WHERE (c).facts::text LIKE '%golden%'": "4:48: a part of a row is not to be taken",
    "SELECT customer_id FROM (SELECT * FROM v_customer) AS c WHERE town = 'Nantes'": "4:33: '*' does not say which columns",
    "SELECT customer_id FROM v_customer AS c (a, b, d) WHERE town = 'Nantes'": "4:25: a view's columns keep their names",
}  # fmt: skip


@pytest.mark.parametrize("query", HIDDEN)
def test_no_other_way_to_a_fact_than_by_its_name(tmp_path: Path, query: str) -> None:
    assert told(tmp_path / "segments", query)[0].startswith(HIDDEN[query])


UNKNOWN = {
    "SELECT customer_id FROM v_customer UNION SELECT customer_id FROM v_order LIMIT (SELECT max(x.statut::int) FROM v_order AS x)":
        "4:92: there is no column 'statut'. Did you mean 'status'?",
    "SELECT customer_id FROM v_customer WHERE departement = '44'": "4:42: there is no column 'departement'. Did you mean 'department'?",
    "SELECT customer_id FROM v_order AS o WHERE o.statut = 'open'": "4:44: there is no column 'statut'. Did you mean 'status'?",
    "SELECT customer_id FROM v_order AS o WHERE p.status = 'open'": "4:44: 'p.status' is of no view that FROM names",
    "SELECT c.customer_id FROM v_customer c WHERE EXISTS (SELECT * FROM v_order o WHERE o.customer = c.customer_id)": "4:84: there is no column 'customer'",
    "SELECT customer_id FROM v_customer c JOIN v_order o ON o.customer_id = c.customer_id": "4:8: 'customer_id' is a column of c and of o. Say of which: c.customer_id.",
    "WITH many AS (SELECT customer_id, count(*) AS n FROM v_order GROUP BY 1) SELECT customer_id FROM many WHERE m > 2": "4:109: there is no column 'm'",
    "SELECT touch_id AS customer_id FROM v_touch": "4:8: what the query calls customer_id is not the customer's number",
    "SELECT customer_id FROM (SELECT touch_id AS customer_id FROM v_touch) AS t": "4:8: what the query calls customer_id is not",
    "WITH t(customer_id) AS (SELECT run_id FROM v_touch) SELECT customer_id FROM t": "4:60: what the query calls customer_id is not",
    "SELECT customer_id FROM v_order UNION SELECT order_id AS customer_id FROM v_order": "4:46: what the query calls customer_id is not",
    "SELECT customer_id + 1 AS customer_id FROM v_order": "4:8: what the query calls customer_id is not",
    "SELECT customer_id FROM (VALUES (1)) AS v (customer_id)": "4:8: what the query calls customer_id is not",
    "SELECT customer_id, order_id FROM v_order": "4:8: the query does not give customer_id, and that alone",
}  # fmt: skip


@pytest.mark.parametrize("query", UNKNOWN)
def test_a_column_that_is_no_view_s_is_told_with_its_place(tmp_path: Path, query: str) -> None:
    assert told(tmp_path / "segments", query)[0].startswith(UNKNOWN[query])


GOOD = [
    "SELECT customer_id FROM v_customer WHERE (facts ->> 'potential')::int >= 4",
    "SELECT customer_id FROM v_customer AS c WHERE c.facts ? 'potential' AND facts -> 'potential' = '4'",
    "SELECT customer_id FROM (SELECT customer_id, facts ->> 'potential' AS p FROM v_customer) AS x WHERE p = '4'",
    "SELECT c.customer_id FROM v_customer c JOIN v_order o USING (customer_id) WHERE o.amount_ht > 500",
    "SELECT customer_id FROM v_customer JOIN v_order USING (customer_id) WHERE amount_ht > 500",
    "SELECT person_id AS customer_id FROM v_affiliation WHERE role = 'titulaire' UNION SELECT customer_id FROM v_order",
    "WITH many (customer_id, n) AS (SELECT customer_id, count(*) FROM v_order GROUP BY customer_id) SELECT m.customer_id FROM many AS m WHERE n > 2",
    "SELECT customer_id FROM v_customer WHERE kinds @> '{pharmacy}' AND customer_id IN (SELECT customer_id FROM v_order WHERE region = 'Bretagne')",
    "SELECT customer_id FROM v_order o, LATERAL (SELECT sum(units) AS n FROM v_order_line l WHERE l.order_id = o.order_id) AS k WHERE k.n > 10",
    "SELECT customer_id FROM (SELECT customer_id, row_number() OVER (PARTITION BY brand ORDER BY at) FROM v_response) AS s WHERE row_number = 1",
    "SELECT customer_id FROM v_order GROUP BY customer_id HAVING count(*) > 2 ORDER BY max(ordered_at)",
]  # fmt: skip


@pytest.mark.parametrize("query", GOOD)
def test_what_the_views_have_is_taken(tmp_path: Path, query: str) -> None:
    assert told(tmp_path / "segments", query) == []


def test_a_query_without_an_edge_is_refused_at_check(tmp_path: Path) -> None:
    assert told(tmp_path / "segments", "SELECT customer_id FROM v_customer") == [
        "4:1: it gives customers of whom nothing is known: it has no edge."
        " Add a condition that says who they are: kinds @> '{prescriber}'."
    ]
