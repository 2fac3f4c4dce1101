"""A segment in SQL leaves out a customer of whom nothing is known, like one in words."""

import pytest
from pglast import parse_sql

from engine.loading.sql_edge import has_edge

WITHOUT = [
    "SELECT customer_id FROM v_customer WHERE EXISTS (SELECT 1 FROM (SELECT count(*) FROM v_order o) t WHERE t.count >= 0)",
    "SELECT customer_id FROM v_customer",
    "SELECT customer_id FROM v_customer WHERE true",
    "SELECT customer_id FROM v_customer WHERE of = 'person'",
    "SELECT customer_id FROM v_customer WHERE customer_id > 0",
    "SELECT customer_id FROM v_customer WHERE customer_id % 10 = 3",
    "SELECT customer_id FROM v_customer WHERE status = 'active' AND country = 'FR'",
    "SELECT customer_id FROM v_customer WHERE status NOT IN ('retired', 'deceased')",
    "SELECT customer_id FROM v_customer WHERE NOT do_not_call",
    "SELECT customer_id FROM v_customer WHERE department IS NULL",
    "SELECT customer_id FROM v_customer WHERE department IS DISTINCT FROM '974'",
    "SELECT customer_id FROM v_customer WHERE coalesce(department, '') <> '974'",
    "SELECT customer_id FROM v_customer WHERE (department = '974') IS NOT TRUE",
    "SELECT customer_id FROM v_customer WHERE kinds @> '{prescriber}' OR NOT facts ? 'potential'",
    "SELECT customer_id FROM v_customer WHERE NOT restricted_brands && ARRAY['HIVERNAX']",
    "SELECT customer_id FROM v_customer WHERE NOT 'HIVERNAX' = ANY (restricted_brands)",
    "SELECT customer_id FROM v_customer WHERE customer_id NOT IN (SELECT customer_id FROM v_touch)",
    "SELECT customer_id FROM v_customer c WHERE NOT EXISTS (SELECT 1 FROM v_touch t WHERE t.customer_id = c.customer_id)",
    "SELECT customer_id FROM v_customer c WHERE (SELECT count(*) FROM v_touch t WHERE t.customer_id = c.customer_id) = 0",
    "SELECT c.customer_id FROM v_customer c LEFT JOIN v_touch t ON t.customer_id = c.customer_id WHERE t.touch_id IS NULL",
    "SELECT c.customer_id FROM v_customer c LEFT JOIN v_order o USING (customer_id) GROUP BY c.customer_id HAVING count(o.order_id) < 2",
    "SELECT customer_id FROM v_customer EXCEPT SELECT customer_id FROM v_touch",
    "SELECT customer_id FROM v_order UNION SELECT customer_id FROM v_customer",
    "WITH all_of_them AS (SELECT customer_id AS n FROM v_customer) SELECT c.customer_id FROM v_customer c, all_of_them a WHERE a.n = c.customer_id",
    "SELECT customer_id FROM (SELECT customer_id, CASE WHEN town IS NULL THEN 'x' ELSE town END AS t FROM v_customer) s WHERE t = 'x'",
    "SELECT customer_id FROM v_customer ORDER BY customer_id LIMIT 1000",
]  # fmt: skip


@pytest.mark.parametrize("query", WITHOUT)
def test_a_query_that_gives_who_is_not_known_has_no_edge(query: str) -> None:
    assert not has_edge(parse_sql(query)[0].stmt)


WITH = [
    "SELECT customer_id FROM v_customer WHERE kinds @> '{prescriber}'",
    "SELECT customer_id FROM v_customer WHERE 'prescriber' = ANY (kinds)",
    "SELECT customer_id FROM v_customer WHERE department <> '974'",
    "SELECT customer_id FROM v_customer WHERE department NOT IN ('974', '972')",
    "SELECT customer_id FROM v_customer WHERE NOT town LIKE 'SAINT-%'",
    "SELECT customer_id FROM v_customer WHERE customer_id IN (4711, 4712)",
    "SELECT customer_id FROM v_customer WHERE (facts ->> 'potential')::int >= 4",
    "SELECT customer_id FROM v_customer WHERE coalesce((facts ->> 'potential')::int, 0) >= 4",
    "SELECT customer_id FROM v_customer WHERE facts ? 'potential'",
    "SELECT customer_id FROM v_customer WHERE country = 'BE'",
    "SELECT customer_id FROM v_customer WHERE length(postcode) = 5",
    "SELECT customer_id FROM v_customer WHERE starts_with(upper(town), 'N') IS TRUE",
    "SELECT customer_id FROM v_order",
    "SELECT customer_id FROM v_touch GROUP BY customer_id HAVING count(*) < 2",
    "SELECT c.customer_id FROM v_customer c JOIN v_touch t ON t.customer_id = c.customer_id",
    "SELECT c.customer_id FROM v_customer c, v_order o WHERE o.customer_id = c.customer_id",
    "SELECT c.customer_id FROM v_customer c LEFT JOIN v_order o USING (customer_id) GROUP BY c.customer_id HAVING count(o.order_id) >= 2",
    "SELECT customer_id FROM v_customer c WHERE EXISTS (SELECT 1 FROM v_touch t WHERE t.customer_id = c.customer_id)",
    "SELECT customer_id FROM v_customer WHERE customer_id IN (SELECT customer_id FROM v_touch)",
    "SELECT customer_id FROM v_customer c WHERE kinds @> '{pharmacy}' AND NOT EXISTS (SELECT 1 FROM v_order o WHERE o.customer_id = c.customer_id)",
    "SELECT customer_id FROM v_customer EXCEPT SELECT customer_id FROM v_customer",
    "SELECT customer_id FROM v_customer INTERSECT SELECT customer_id FROM v_order",
    "SELECT customer_id FROM (SELECT customer_id, row_number() OVER (PARTITION BY department ORDER BY customer_id) AS n FROM v_customer) s WHERE n <= 3",
]  # fmt: skip


@pytest.mark.parametrize("query", WITH)
def test_a_query_that_asks_for_what_is_known_has_one(query: str) -> None:
    assert has_edge(parse_sql(query)[0].stmt)
