-- Reps and what they cover. The key is the rep's code; a rep with several territories has a line for each.

-- name: incoming
CREATE TEMP TABLE load_incoming ON COMMIT DROP AS
WITH known_brand AS (
    SELECT DISTINCT ON (word) word, brand FROM brand CROSS JOIN LATERAL (VALUES (folded(brand), 1), (folded(name), 2)) AS w(word, rank)
     ORDER BY word, rank, brand)
SELECT line, code, first_name, last_name, email, phone, rep_type, brands, daily_capacity, holiday_set, active, territory, territory_name, role, valid_from, valid_to,
       nullif(concat_ws(' ', CASE WHEN code IS NULL THEN 'no_code' END, CASE WHEN last_name IS NULL THEN 'no_last_name' END,
           CASE WHEN email IS NULL THEN 'bad_rep_email' END, CASE WHEN rep_type IS NULL THEN 'unknown_rep_type' END,
           CASE WHEN unknown_brands THEN 'unknown_rep_brand' END, CASE WHEN given_role IS NOT NULL AND role IS NULL THEN 'unknown_role' END,
           CASE WHEN given_from IS NOT NULL AND valid_from IS NULL OR given_to IS NOT NULL AND valid_to IS NULL OR valid_to < valid_from THEN 'bad_period' END), '') AS fault,
       array_remove(ARRAY[CASE WHEN given_phone IS NOT NULL AND phone IS NULL THEN 'bad_phone' END,
                          CASE WHEN given_capacity IS NOT NULL AND daily_capacity IS NULL THEN 'bad_capacity' END,
                          CASE WHEN given_holidays IS NOT NULL AND holiday_set IS NULL THEN 'unknown_holidays' END,
                          CASE WHEN given_active IS NOT NULL AND active IS NULL THEN 'unknown_active' END], NULL) AS slips
  FROM (SELECT s.line, nullif(upper(btrim(s.code)), '') AS code, tidy(s.first_name) AS first_name, tidy(s.last_name) AS last_name,
               CASE WHEN btrim(s.email) ~ '^[^@ <>"(),;:\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$' THEN lower(btrim(s.email)) END AS email,
               nullif(btrim(s.phone), '') AS given_phone, phone_e164(s.phone) AS phone,
               CASE folded(s.rep_type) WHEN 'PCR' THEN 'PCR' WHEN 'VILLE' THEN 'PCR' WHEN 'HOSP' THEN 'HOSP' WHEN 'HOPITAL' THEN 'HOSP' WHEN 'PHARMA' THEN 'PHARMA'
                   WHEN 'OFFICINE' THEN 'PHARMA' WHEN 'PHARMACIE' THEN 'PHARMA' WHEN 'KAM' THEN 'KAM' WHEN 'MSL' THEN 'MSL' WHEN 'REMOTE' THEN 'REMOTE'
                   WHEN 'A DISTANCE' THEN 'REMOTE' END AS rep_type,
               b.brands, coalesce(b.unknown, false) AS unknown_brands,
               nullif(btrim(s.daily_capacity), '') AS given_capacity,
               CASE WHEN btrim(s.daily_capacity) ~ '^\d{1,2}$' THEN s.daily_capacity::smallint END AS daily_capacity,
               nullif(btrim(s.holiday_set), '') AS given_holidays, CASE WHEN upper(btrim(s.holiday_set)) IN ('FR', 'FR-AM') THEN upper(btrim(s.holiday_set)) END AS holiday_set,
               nullif(btrim(s.active), '') AS given_active,
               CASE WHEN folded(s.active) IN ('1', 'OUI', 'YES', 'TRUE', 'ACTIF', 'ACTIVE') THEN true
                    WHEN folded(s.active) IN ('0', 'NON', 'NO', 'FALSE', 'INACTIF', 'INACTIVE') THEN false END AS active,
               nullif(upper(btrim(s.territory)), '') AS territory, tidy(s.territory_name) AS territory_name, nullif(btrim(s.role), '') AS given_role,
               CASE folded(s.role) WHEN 'OWNER' THEN 'owner' WHEN 'TITULAIRE' THEN 'owner' WHEN 'CO' THEN 'co' WHEN 'INTERIM' THEN 'interim' WHEN 'INTERIMAIRE' THEN 'interim' END AS role,
               nullif(btrim(s.valid_from), '') AS given_from, date_of(s.valid_from) AS valid_from, nullif(btrim(s.valid_to), '') AS given_to, date_of(s.valid_to) AS valid_to
          FROM load_stage s
          -- a brand that nobody knows cannot be left out: without brands a rep may present all of them
          LEFT JOIN (SELECT raw, array_agg(DISTINCT k.brand ORDER BY k.brand) FILTER (WHERE k.brand IS NOT NULL) AS brands, bool_or(k.brand IS NULL) AS unknown
                       FROM (SELECT DISTINCT brands AS raw FROM load_stage WHERE btrim(brands) <> '') AS r
                      CROSS JOIN LATERAL regexp_split_to_table(r.raw, '\s*[,;|/]\s*') AS said(piece)
                       LEFT JOIN known_brand k ON k.word = folded(said.piece)
                      WHERE folded(said.piece) <> '' GROUP BY raw) AS b ON b.raw = s.brands
        OFFSET 0) AS c

-- name: repeats
DELETE FROM load_incoming i
 USING (SELECT code, coalesce(territory, '') AS territory, max(line) AS last FROM load_incoming WHERE fault IS NULL GROUP BY 1, 2 HAVING count(*) > 1) AS r
 WHERE i.fault IS NULL AND i.code = r.code AND coalesce(i.territory, '') = r.territory AND i.line < r.last

-- name: heads
-- One row a rep, as its last line says. What a delivery does not say stays.
CREATE TEMP TABLE load_rep ON COMMIT DROP AS
WITH said AS (SELECT DISTINCT ON (code) * FROM load_incoming WHERE fault IS NULL ORDER BY code, line DESC),
merged AS (
    SELECT r.rep_id AS found, s.code, coalesce(s.first_name, r.first_name, '') AS first_name, s.last_name, s.email, coalesce(s.phone, r.phone) AS phone,
           s.rep_type, s.rep_type <> 'MSL' AS promotional, coalesce(s.brands, r.brands, '{}') AS brands,
           coalesce(s.daily_capacity, r.daily_capacity, 6::smallint) AS daily_capacity, coalesce(s.holiday_set, r.holiday_set, 'FR') AS holiday_set,
           coalesce(s.active, r.active, true) AS active, to_jsonb(r) - ARRAY['rep_id', 'code'] AS before
      FROM said s LEFT JOIN rep r ON r.code = s.code)
SELECT *, coalesce(found, nextval(pg_get_serial_sequence('rep', 'rep_id')))::integer AS rep_id,
       jsonb_build_object('first_name', first_name, 'last_name', last_name, 'email', email, 'phone', phone, 'rep_type', rep_type, 'promotional', promotional,
                          'brands', brands, 'daily_capacity', daily_capacity, 'holiday_set', holiday_set, 'active', active) AS after
  FROM merged

-- name: heads_before
INSERT INTO import_change (batch_id, what, row_id, before, after)
SELECT %(batch)s, 'rep', rep_id, before, after FROM load_rep WHERE found IS NOT NULL AND before <> after

-- name: heads_updated
UPDATE rep r SET first_name = n.first_name, last_name = n.last_name, email = n.email, phone = n.phone, rep_type = n.rep_type, promotional = n.promotional,
                 brands = n.brands, daily_capacity = n.daily_capacity, holiday_set = n.holiday_set, active = n.active
  FROM load_rep n WHERE n.found IS NOT NULL AND n.before <> n.after AND r.rep_id = n.rep_id

-- name: heads_new
INSERT INTO rep (rep_id, code, first_name, last_name, email, phone, rep_type, promotional, brands, daily_capacity, holiday_set, active)
OVERRIDING SYSTEM VALUE
SELECT rep_id, code, first_name, last_name, email, phone, rep_type, promotional, brands, daily_capacity, holiday_set, active
  FROM load_rep WHERE found IS NULL ORDER BY rep_id

-- name: territories
WITH made AS (
    INSERT INTO territory (territory, name, sales_force)
    SELECT DISTINCT ON (territory) territory, coalesce(territory_name, territory), rep_type FROM load_incoming
     WHERE fault IS NULL AND territory IS NOT NULL ORDER BY territory, line DESC
        ON CONFLICT DO NOTHING RETURNING territory, name, sales_force)
INSERT INTO import_change (batch_id, what, key, after)
SELECT %(batch)s, 'territory', territory, jsonb_build_object('name', name, 'sales_force', sales_force) FROM made

-- name: assignments
-- The newest assignment of a rep to a territory is the one that a line speaks of; a line with another beginning opens a new one.
CREATE TEMP TABLE load_assignment ON COMMIT DROP AS
SELECT n.rep_id, i.territory, coalesce(i.role, a.role, 'owner') AS role, coalesce(i.valid_from, a.valid_from, '1900-01-01') AS valid_from,
       coalesce(i.valid_to, a.valid_to) AS valid_to, a.rep_id IS NOT NULL AND (i.valid_from IS NULL OR i.valid_from = a.valid_from) AS is_known,
       a.role AS a_role, a.valid_to AS a_valid_to
  FROM load_incoming i JOIN load_rep n USING (code)
  LEFT JOIN (SELECT DISTINCT ON (rep_id, territory) * FROM rep_assignment ORDER BY rep_id, territory, valid_from DESC) AS a
         ON a.rep_id = n.rep_id AND a.territory = i.territory
 WHERE i.fault IS NULL AND i.territory IS NOT NULL

-- name: assignments_before
INSERT INTO import_change (batch_id, what, row_id, key, before, after)
SELECT %(batch)s, 'rep_assignment', rep_id, territory || '|' || valid_from,
       CASE WHEN is_known THEN jsonb_build_object('role', a_role, 'valid_to', a_valid_to) END, jsonb_build_object('role', role, 'valid_to', valid_to)
  FROM load_assignment WHERE NOT is_known OR (role, valid_to) IS DISTINCT FROM (a_role, a_valid_to)

-- name: assignments_taken
INSERT INTO rep_assignment (rep_id, territory, role, valid_from, valid_to)
SELECT rep_id, territory, role, valid_from, valid_to FROM load_assignment
    ON CONFLICT (rep_id, territory, valid_from) DO UPDATE SET role = EXCLUDED.role, valid_to = EXCLUDED.valid_to
 WHERE (rep_assignment.role, rep_assignment.valid_to) IS DISTINCT FROM (EXCLUDED.role, EXCLUDED.valid_to)

-- name: made
INSERT INTO import_made (batch_id, what, ids)
SELECT %(batch)s, 'rep', ids FROM (SELECT range_agg(int8range(rep_id, rep_id + 1)) AS ids FROM load_rep WHERE found IS NULL) AS m WHERE ids IS NOT NULL

-- name: counted
-- A rep counts once, however many territories it has.
SELECT count(*) FILTER (WHERE found IS NULL) AS created,
       count(*) FILTER (WHERE found IS NOT NULL AND (before <> after OR EXISTS (
           SELECT FROM load_assignment a WHERE a.rep_id = r.rep_id AND (NOT a.is_known OR (a.role, a.valid_to) IS DISTINCT FROM (a.a_role, a.a_valid_to))))) AS changed,
       count(*) FILTER (WHERE found IS NOT NULL AND before = after AND NOT EXISTS (
           SELECT FROM load_assignment a WHERE a.rep_id = r.rep_id AND (NOT a.is_known OR (a.role, a.valid_to) IS DISTINCT FROM (a.a_role, a.a_valid_to)))) AS unchanged,
       (SELECT count(*) FROM import_change WHERE batch_id = %(batch)s AND what = 'territory') AS territories_new,
       (SELECT count(*) FROM load_assignment WHERE NOT is_known) AS assignments_new
  FROM load_rep r
