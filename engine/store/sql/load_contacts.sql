-- Contact points of known customers. The key is customer, type and value. What we learned of an address, a bounce, a
-- refusal, a return, is never undone by a delivery: it may only make an address stricter.

-- name: places
-- Everything laid out as the customers' own loads do: postal lines from their parts, or from one text with its lines.
CREATE TEMP TABLE load_part ON COMMIT DROP AS
SELECT c.*, CASE WHEN last_name IS NOT NULL THEN concat_ws(' ', CASE title WHEN 'DR' THEN 'Dr' WHEN 'PR' THEN 'Pr'
                 ELSE CASE civility WHEN 'M' THEN 'M.' WHEN 'MME' THEN 'Mme' END END, first_name, last_name) END AS person
  FROM (SELECT s.line, w.customer_id, w.fault AS whom_fault, w.finess_repaired, tidy(s.value) AS given, nullif(btrim(s.type), '') AS given_type,
                       CASE folded(s.type) WHEN 'EMAIL' THEN 'email' WHEN 'E MAIL' THEN 'email' WHEN 'MAIL' THEN 'email' WHEN 'COURRIEL' THEN 'email'
                           WHEN 'POSTAL' THEN 'postal' WHEN 'ADRESSE' THEN 'postal' WHEN 'COURRIER' THEN 'postal' WHEN 'PHONE FIXED' THEN 'phone'
                           WHEN 'PHONE MOBILE' THEN 'phone' WHEN 'PHONE' THEN 'phone' WHEN 'TELEPHONE' THEN 'phone' WHEN 'TEL' THEN 'phone' WHEN 'MOBILE' THEN 'phone'
                           WHEN 'PORTABLE' THEN 'phone' WHEN 'FIXE' THEN 'phone' WHEN 'FAX' THEN 'fax' WHEN 'WEB ID' THEN 'web_id' WHEN 'MSS' THEN 'mss'
                           WHEN 'MSSANTE' THEN 'mss' END AS type,
                       nullif(btrim(s.usage), '') AS given_usage,
                       CASE WHEN lower(btrim(s.usage)) IN ('professional_named','professional_generic','personal','org') THEN lower(btrim(s.usage)) END AS usage,
                       nullif(btrim(s.status), '') AS given_status,
                       CASE folded(s.status) WHEN 'VALID' THEN 'valid' WHEN 'VALIDE' THEN 'valid' WHEN 'INVALID' THEN 'invalid' WHEN 'INVALIDE' THEN 'invalid'
                           WHEN 'NPAI' THEN 'invalid' WHEN 'REFUSED' THEN 'refused' WHEN 'REFUSE' THEN 'refused' WHEN 'BLOCKED' THEN 'blocked' WHEN 'BLOQUE' THEN 'blocked'
                           WHEN 'UNVERIFIED' THEN 'unverified' WHEN 'NON VERIFIE' THEN 'unverified' WHEN 'SOFT BOUNCE' THEN 'soft_bounce' END AS status,
                       tidy(s.status_reason) AS status_reason, moment_of(s.notice_given_at) AS notice_given_at, date_of(s.source_date) AS source_date,
                       nullif(btrim(s.notice_given_at), '') IS NOT NULL AND moment_of(s.notice_given_at) IS NULL
                       OR nullif(btrim(s.source_date), '') IS NOT NULL AND date_of(s.source_date) IS NULL AS bad_date,
                       nullif(btrim(s.street), '') IS NOT NULL OR nullif(btrim(s.postcode), '') IS NOT NULL AS is_parts,
                       tidy(s.complement) AS complement, tidy(s.street) AS street, tidy(s.box) AS box, coalesce(nullif(upper(btrim(s.country)), ''), 'FR') AS country,
                       CASE WHEN is_digits(btrim(s.postcode), 4) THEN '0' || btrim(s.postcode) ELSE tidy(s.postcode) END AS postcode, tidy(s.town) AS town,
                       array_remove(regexp_split_to_array(btrim(unmarked(s.value)), '\s*[|\n\r]+\s*'), '') AS lines,
                       coalesce(has_marks(s.value), false) OR coalesce(has_marks(s.street), false) AS is_unmarked,
                       c.org_name AS organisation, c.last_name, c.first_name, c.title, c.civility
                  FROM load_stage s
                  JOIN load_whom w ON w.who = concat(s.ext, E'\x1f', s.rpps, E'\x1f', s.finess, E'\x1f', s.siret)
                  LEFT JOIN customer c ON c.customer_id = w.customer_id
        OFFSET 0) AS c

-- name: addressees
CREATE TEMP VIEW addressee AS
SELECT line AS n, organisation, person, complement, street, box, postcode, town, country
  FROM load_part WHERE type = 'postal' AND is_parts AND postcode IS NOT NULL AND town IS NOT NULL

-- name: incoming
CREATE TEMP TABLE load_incoming ON COMMIT DROP AS
SELECT line, customer_id, finess_repaired, type, value, usage, status, status_reason, notice_given_at, source_date,
       nullif(concat_ws(' ', whom_fault,
           CASE WHEN given_type IS NULL OR type IS NULL THEN 'unknown_contact_type'
                WHEN value IS NULL THEN CASE type WHEN 'email' THEN 'bad_email_value' WHEN 'mss' THEN 'bad_email_value' WHEN 'postal' THEN 'bad_postal_value'
                                                  WHEN 'web_id' THEN 'no_value' ELSE 'bad_phone_value' END END), '') AS fault,
       array_remove(ARRAY[CASE WHEN given_usage IS NOT NULL AND usage IS NULL THEN 'unknown_usage' END,
                          CASE WHEN given_status IS NOT NULL AND status IS NULL THEN 'unknown_contact_status' END,
                          CASE WHEN bad_date THEN 'bad_date' END], NULL) AS slips
  FROM (SELECT p.line, p.customer_id, p.whom_fault, p.finess_repaired, p.given_type, p.usage, p.given_usage, p.status, p.given_status, p.status_reason,
               p.notice_given_at, p.source_date, p.bad_date,
               CASE WHEN p.type = 'phone' THEN CASE WHEN number.value ~ '^\+(33[67]|590690|590691|59669|594694|26269|262639)' THEN 'phone_mobile'
                                                    ELSE 'phone_fixed' END ELSE p.type END AS type,
               CASE WHEN p.type IN ('email', 'mss') THEN CASE WHEN p.given ~ '^[^@ <>"(),;:\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$'
                                                              THEN split_part(p.given, '@', 1) || '@' || lower(split_part(p.given, '@', 2)) END
                    WHEN p.type IN ('phone', 'fax') THEN number.value
                    WHEN p.type = 'web_id' THEN p.given
                    WHEN p.is_parts THEN CASE WHEN p.postcode IS NOT NULL AND p.town IS NOT NULL
                         THEN coalesce(w.value, postal_value(p.organisation, p.person, p.complement, p.street, p.box, p.postcode, p.town)) END
                    -- written whole: as in `postal_value`, the last three lines stand in capitals
                    WHEN p.lines[cardinality(p.lines)] ~ '^\d{5} +\S' AND cardinality(p.lines) BETWEEN 2 AND 6
                    THEN array_to_string(p.lines[1:cardinality(p.lines) - 3] || folded(p.lines[cardinality(p.lines) - 2])
                                         || delivery_line(p.lines[cardinality(p.lines) - 1]) || folded(p.lines[cardinality(p.lines)]), '|') END AS value
          FROM load_part p
         CROSS JOIN LATERAL (SELECT CASE WHEN p.type IN ('phone', 'fax') THEN phone_e164(p.given) END AS value) AS number
          LEFT JOIN laid_out w ON w.n = p.line
        OFFSET 0) AS c

-- name: repeats
DELETE FROM load_incoming i
 USING (SELECT customer_id, type, value, max(line) AS last FROM load_incoming WHERE fault IS NULL GROUP BY 1, 2, 3 HAVING count(*) > 1) AS r
 WHERE i.fault IS NULL AND i.customer_id = r.customer_id AND i.type = r.type AND i.value = r.value AND i.line < r.last

-- name: points
-- How strict an address is: a delivery raises it, and confirms one that nobody had tried.
CREATE TEMP TABLE load_point ON COMMIT DROP AS
WITH strict(status, rank) AS (VALUES ('unverified', 0), ('valid', 0), ('shared', 1), ('soft_bounce', 1), ('invalid', 2), ('refused', 3), ('blocked', 4)),
reserved(usage, rank) AS (VALUES ('professional_named', 0), ('org', 0), ('professional_generic', 1), ('personal', 2)),
merged AS (
    SELECT i.line, i.customer_id, i.type, i.value, p.contact_point_id AS found, c.of, i.source_date, i.status_reason AS given_reason,
           CASE WHEN p.contact_point_id IS NULL THEN coalesce(i.usage, CASE WHEN c.of = 'organisation' THEN 'org'
                     WHEN i.type = 'email' AND i.value ~ '^(secretariat|contact|info|accueil|cabinet|pharmacie|direction|bonjour|hello)[.@_-]' THEN 'professional_generic'
                     WHEN 'patient' = ANY (c.kinds) THEN 'personal' ELSE 'professional_named' END)
                WHEN new_use.rank > old_use.rank THEN i.usage ELSE p.usage END AS usage,
           CASE WHEN p.contact_point_id IS NULL THEN coalesce(i.status, 'unverified')
                WHEN new_one.rank > old_one.rank OR p.status = 'unverified' AND i.status = 'valid' THEN i.status ELSE p.status END AS status,
           coalesce(new_one.rank < old_one.rank, false) AS is_kept_strict,
           coalesce(p.notice_given_at, i.notice_given_at) AS notice_given_at,
           p.usage AS p_usage, p.status AS p_status, p.status_reason AS p_reason, p.status_at AS p_status_at, p.notice_given_at AS p_notice
      FROM load_incoming i JOIN customer c USING (customer_id)
      LEFT JOIN contact_point p ON p.customer_id = i.customer_id AND p.type = i.type AND p.value_norm = i.value
      LEFT JOIN strict new_one ON new_one.status = i.status LEFT JOIN strict old_one ON old_one.status = p.status
      LEFT JOIN reserved new_use ON new_use.usage = i.usage LEFT JOIN reserved old_use ON old_use.usage = p.usage
     WHERE i.fault IS NULL)
SELECT *, coalesce(found, nextval(pg_get_serial_sequence('contact_point', 'contact_point_id'))) AS contact_point_id,
       CASE WHEN status IS DISTINCT FROM p_status THEN given_reason ELSE p_reason END AS status_reason,
       CASE WHEN found IS NULL OR status IS DISTINCT FROM p_status THEN %(now)s::timestamptz ELSE p_status_at END AS status_at,
       found IS NOT NULL AND (usage, status, notice_given_at) IS DISTINCT FROM (p_usage, p_status, p_notice) AS is_changed
  FROM merged

-- name: points_before
INSERT INTO import_change (batch_id, what, row_id, customer_id, before, after)
SELECT %(batch)s, 'contact_point', contact_point_id, customer_id,
       jsonb_build_object('usage', p_usage, 'status', p_status, 'status_reason', p_reason, 'status_at', p_status_at, 'notice_given_at', p_notice),
       jsonb_build_object('usage', usage, 'status', status, 'status_reason', status_reason, 'status_at', status_at, 'notice_given_at', notice_given_at)
  FROM load_point WHERE is_changed

-- name: points_updated
UPDATE contact_point p SET usage = n.usage, status = n.status, status_reason = n.status_reason, status_at = n.status_at, notice_given_at = n.notice_given_at
  FROM load_point n WHERE n.is_changed AND p.contact_point_id = n.contact_point_id

-- name: points_new
INSERT INTO contact_point (contact_point_id, customer_id, type, value_norm, usage, status, status_reason, status_at, is_main, notice_given_at, source, source_date)
OVERRIDING SYSTEM VALUE
SELECT contact_point_id, customer_id, type, value, usage, status, status_reason, CASE WHEN status <> 'unverified' THEN status_at END, false, notice_given_at,
       %(source)s, coalesce(source_date, %(on)s)
  FROM load_point WHERE found IS NULL ORDER BY contact_point_id

-- name: mains
-- One main address of each kind: what works before what nobody tried, the newer before the older.
CREATE TEMP TABLE best ON COMMIT DROP AS
SELECT DISTINCT ON (customer_id, type) customer_id, type, contact_point_id
  FROM contact_point p
 WHERE (customer_id, type) IN (SELECT customer_id, type FROM load_point WHERE found IS NULL OR is_changed)
 ORDER BY customer_id, type, (status IN ('invalid', 'refused', 'blocked')), status <> 'valid', source_date DESC NULLS LAST, contact_point_id DESC

-- name: mains_off
UPDATE contact_point p SET is_main = false
  FROM best b WHERE b.customer_id = p.customer_id AND b.type = p.type AND p.is_main AND p.contact_point_id <> b.contact_point_id

-- name: mains_on
UPDATE contact_point p SET is_main = true FROM best b WHERE p.contact_point_id = b.contact_point_id AND NOT p.is_main

-- name: sharing
UPDATE contact_point p SET shared_with = s.customers
  FROM (SELECT type, value_norm, count(*) AS customers FROM contact_point
         WHERE (type, value_norm) IN (SELECT type, value FROM load_point WHERE found IS NULL AND type <> 'postal') GROUP BY type, value_norm) AS s
 WHERE p.type = s.type AND p.value_norm = s.value_norm AND p.shared_with <> s.customers

-- name: made
INSERT INTO import_made (batch_id, what, ids)
SELECT %(batch)s, 'contact_point', ids
  FROM (SELECT range_agg(int8range(contact_point_id, contact_point_id + 1)) AS ids FROM load_point WHERE found IS NULL) AS m WHERE ids IS NOT NULL

-- name: counted
SELECT count(*) FILTER (WHERE found IS NULL) AS created, count(*) FILTER (WHERE is_changed) AS changed,
       count(*) FILTER (WHERE found IS NOT NULL AND NOT is_changed) AS unchanged, count(*) FILTER (WHERE is_kept_strict) AS kept_strict,
       (SELECT count(*) FROM load_incoming WHERE finess_repaired) AS finess_repaired,
       (SELECT count(*) FROM load_part WHERE is_unmarked) AS marks_removed
  FROM load_point
