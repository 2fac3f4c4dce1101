-- Which territory a customer belongs to, for one kind of rep: one at a time. The key is the customer and the kind of rep.

-- name: incoming
CREATE TEMP TABLE load_incoming ON COMMIT DROP AS
SELECT line, customer_id, finess_repaired, rep_type, territory, reason,
       nullif(concat_ws(' ', whom_fault, CASE WHEN rep_type IS NULL THEN 'unknown_rep_type' END,
                             CASE WHEN territory IS NULL THEN 'no_territory' END), '') AS fault,
       array_remove(ARRAY[CASE WHEN given_reason IS NOT NULL AND reason IS NULL THEN 'unknown_reason' END], NULL) AS slips
  FROM (SELECT s.line, w.customer_id, w.fault AS whom_fault, w.finess_repaired,
               CASE folded(s.rep_type) WHEN 'PCR' THEN 'PCR' WHEN 'VILLE' THEN 'PCR' WHEN 'HOSP' THEN 'HOSP' WHEN 'HOPITAL' THEN 'HOSP' WHEN 'PHARMA' THEN 'PHARMA'
                   WHEN 'OFFICINE' THEN 'PHARMA' WHEN 'PHARMACIE' THEN 'PHARMA' WHEN 'KAM' THEN 'KAM' WHEN 'MSL' THEN 'MSL' WHEN 'REMOTE' THEN 'REMOTE'
                   WHEN 'A DISTANCE' THEN 'REMOTE' END AS rep_type,
               nullif(upper(btrim(s.territory)), '') AS territory, nullif(btrim(s.reason), '') AS given_reason,
               CASE folded(s.reason) WHEN 'GEO' THEN 'geo' WHEN 'GEOGRAPHIE' THEN 'geo' WHEN 'EXPLICIT' THEN 'explicit' WHEN 'EXPLICITE' THEN 'explicit'
                   WHEN 'HOSPITAL' THEN 'hospital' WHEN 'HOPITAL' THEN 'hospital' END AS reason
          FROM load_stage s
          JOIN load_whom w ON w.who = concat(s.ext, E'\x1f', s.rpps, E'\x1f', s.finess, E'\x1f', s.siret)
        OFFSET 0) AS c

-- name: repeats
DELETE FROM load_incoming i
 USING (SELECT customer_id, rep_type, max(line) AS last FROM load_incoming WHERE fault IS NULL GROUP BY 1, 2 HAVING count(*) > 1) AS r
 WHERE i.fault IS NULL AND i.customer_id = r.customer_id AND i.rep_type = r.rep_type AND i.line < r.last

-- name: territories
WITH made AS (
    INSERT INTO territory (territory, name, sales_force)
    SELECT DISTINCT ON (territory) territory, territory, rep_type FROM load_incoming WHERE fault IS NULL ORDER BY territory, line
        ON CONFLICT DO NOTHING RETURNING territory, name, sales_force)
INSERT INTO import_change (batch_id, what, key, after)
SELECT %(batch)s, 'territory', territory, jsonb_build_object('name', name, 'sales_force', sales_force) FROM made

-- name: lines
CREATE TEMP TABLE load_alignment ON COMMIT DROP AS
SELECT i.customer_id, i.rep_type, i.territory, coalesce(i.reason, a.reason, 'explicit') AS reason, a.territory AS a_territory, a.reason AS a_reason
  FROM load_incoming i LEFT JOIN alignment a USING (customer_id, rep_type)
 WHERE i.fault IS NULL

-- name: lines_before
INSERT INTO import_change (batch_id, what, row_id, key, customer_id, before, after)
SELECT %(batch)s, 'alignment', customer_id, rep_type, customer_id,
       CASE WHEN a_territory IS NOT NULL THEN jsonb_build_object('territory', a_territory, 'reason', a_reason) END,
       jsonb_build_object('territory', territory, 'reason', reason)
  FROM load_alignment WHERE (territory, reason) IS DISTINCT FROM (a_territory, a_reason)

-- name: lines_taken
INSERT INTO alignment (customer_id, rep_type, territory, reason)
SELECT customer_id, rep_type, territory, reason FROM load_alignment WHERE (territory, reason) IS DISTINCT FROM (a_territory, a_reason)
    ON CONFLICT (customer_id, rep_type) DO UPDATE SET territory = EXCLUDED.territory, reason = EXCLUDED.reason

-- name: counted
SELECT count(*) FILTER (WHERE a_territory IS NULL) AS created,
       count(*) FILTER (WHERE a_territory IS NOT NULL AND (territory, reason) IS DISTINCT FROM (a_territory, a_reason)) AS changed,
       count(*) FILTER (WHERE (territory, reason) IS NOT DISTINCT FROM (a_territory, a_reason)) AS unchanged,
       (SELECT count(*) FROM import_change WHERE batch_id = %(batch)s AND what = 'territory') AS territories_new,
       (SELECT count(*) FROM load_incoming WHERE finess_repaired) AS finess_repaired
  FROM load_alignment
