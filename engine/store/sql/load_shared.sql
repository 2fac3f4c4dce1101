-- What the merges of all feeds share: whom a line is about, what is wrong with it.

-- name: ext_schemes
-- The systems whose ids we know, found by jumping from one to the next.
WITH RECURSIVE system AS (
    (SELECT scheme FROM identifier WHERE scheme >= 'ext:' AND scheme < 'ext;' ORDER BY scheme LIMIT 1)
    UNION ALL
    SELECT (SELECT i.scheme FROM identifier i WHERE i.scheme > s.scheme AND i.scheme < 'ext;' ORDER BY i.scheme LIMIT 1)
      FROM system s WHERE s.scheme IS NOT NULL)
SELECT scheme FROM system WHERE scheme IS NOT NULL

-- name: whom
-- Each combination of identifiers is looked up once, not once per line. A merged customer leads to whom they were merged into.
CREATE TEMP TABLE load_whom ON COMMIT DROP AS
WITH known AS NOT MATERIALIZED (
    SELECT i.scheme, i.value, coalesce(c.merged_into, c.customer_id) AS customer_id FROM identifier i JOIN customer c USING (customer_id)),
own AS (
    SELECT value, min(customer_id) AS customer_id, max(customer_id) AS too FROM known WHERE scheme = ANY (%(ext_schemes)s) GROUP BY value),
given AS (
    SELECT DISTINCT concat(ext, E'\x1f', rpps, E'\x1f', finess, E'\x1f', siret) AS who, ext, rpps, finess, siret FROM load_stage),
clean AS (
    SELECT who, nullif(btrim(ext), '') AS ext,
           CASE WHEN length(btrim(rpps)) = 12 AND left(btrim(rpps), 1) = '8' THEN substr(btrim(rpps), 2) ELSE nullif(btrim(rpps), '') END AS rpps,
           CASE WHEN is_digits(btrim(finess), 8) THEN '0' || btrim(finess) ELSE nullif(upper(btrim(finess)), '') END AS finess,
           coalesce(is_digits(btrim(finess), 8), false) AS finess_repaired, nullif(replace(siret, ' ', ''), '') AS siret
      FROM given),
found AS (
    SELECT c.*, r.customer_id AS by_rpps, f.customer_id AS by_finess, t.customer_id AS by_siret, e.customer_id AS by_ext, e.too
      FROM clean c
      LEFT JOIN known r ON r.scheme = 'RPPS' AND r.value = c.rpps
      LEFT JOIN known f ON f.scheme = 'FINESS' AND f.value = c.finess
      LEFT JOIN known t ON t.scheme = 'SIRET' AND t.value = c.siret
      LEFT JOIN own e ON e.value = c.ext)
SELECT DISTINCT ON (who) f.who, c.customer_id, f.finess_repaired,
       CASE WHEN coalesce(f.rpps, f.finess, f.siret, f.ext) IS NULL THEN 'no_identifier'
            WHEN least(by_rpps, by_finess, by_siret, by_ext) <> greatest(by_rpps, by_finess, by_siret, by_ext, too) THEN 'two_customers'
            WHEN c.customer_id IS NULL THEN 'unknown_customer'
            WHEN c.status = 'erased' THEN 'erased_customer' END AS fault
  FROM found f LEFT JOIN customer c ON c.customer_id = coalesce(by_rpps, by_finess, by_siret, by_ext)
 ORDER BY who

-- name: faults
-- `fault` is words with spaces between them. What was wrong with values is told of a line that is left out, too, but for consents,
-- whose slips say how an event was taken.
SELECT line, said.fault, i.fault IS NOT NULL
  FROM load_incoming i
 CROSS JOIN LATERAL unnest(string_to_array(i.fault, ' ') || CASE WHEN i.fault IS NULL OR %(of_all)s THEN slips END) WITH ORDINALITY AS said(fault, n)
 WHERE i.fault IS NOT NULL OR cardinality(slips) > 0
 ORDER BY line, n

-- name: left
-- Tables that a merge made for itself.
SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r' AND relname ~ '^(load_|laid_out$|best$)'
   AND pg_table_is_visible(oid)
