-- Customers from load_stage (one text row per line of the file) into the base: cleaned and judged in one
-- statement, matched by identifier, merged by a few big ones. Nothing here looks at a single customer.

-- name: places
-- Postcode and town are judged once per pair, not once per line. A CEDEX is found by its code alone.
CREATE UNLOGGED TABLE load_place AS
WITH pair AS (SELECT coalesce(postcode, '') AS raw_postcode, coalesce(town, '') AS raw_town FROM load_stage GROUP BY 1, 2),
clean AS (
    SELECT raw_postcode, raw_town, tidy(raw_town) AS town,
           CASE WHEN is_digits(btrim(raw_postcode), 4) THEN '0' || btrim(raw_postcode) ELSE tidy(raw_postcode) END AS postcode,
           is_digits(btrim(raw_postcode), 4) AS is_repaired, folded_town(raw_town) AS town_folded
      FROM pair)
SELECT c.raw_postcode || '|' || c.raw_town AS raw, c.postcode, c.town, c.is_repaired, t.insee, d.department, d.region, d.timezone,
       c.town IS NOT NULL AND c.postcode IS NOT NULL AND t.insee IS NULL AND EXISTS (SELECT FROM town) AS is_unresolved,
       -- the last line of an envelope, where it is no more than this
       CASE WHEN is_simple_name(c.town) AND length(c.town) <= 32 AND c.town !~* 'arrondissement|^\d' THEN c.postcode || ' ' || folded(c.town) END AS locality
  FROM clean c
  LEFT JOIN LATERAL (SELECT insee FROM town t
                      WHERE t.postcode = c.postcode AND (t.folded = c.town_folded OR t.cedex)
                      ORDER BY t.folded = c.town_folded DESC, insee LIMIT 1) AS t ON true
  LEFT JOIN department d ON d.department = department_of(t.insee, c.postcode)

-- name: days
CREATE UNLOGGED TABLE load_day AS
SELECT raw, date_of(raw) AS day FROM (SELECT source_date AS raw FROM load_stage WHERE source_date IS NOT NULL GROUP BY source_date) AS given

-- name: incoming
-- Every line cleaned, with all that is wrong with it: whoever mends a file mends a line once. `fault` keeps the line out (words
-- with spaces between them, NULL for none), `slips` only values of it.
-- OFFSET 0 keeps what an inner query computes from being computed again at each use. Dear expressions stand
-- where only odd values reach them. Parallel workers share the lines; the statements after this one only copy.
-- What they filter by stands first: a row is taken apart only as far as the last column that is asked for.
CREATE UNLOGGED TABLE load_incoming AS
SELECT line, coalesce(found, %(base)s + line) AS customer_id, found,
       nullif(concat_ws(' ',
           CASE WHEN least(by_rpps, by_finess, by_siret, by_ext) <> greatest(by_rpps, by_finess, by_siret, by_ext) THEN 'two_customers' END,
           CASE WHEN kind IS NULL THEN 'unknown_kind' END,
           CASE WHEN rpps IS NOT NULL AND NOT is_digits(rpps, 11) THEN 'bad_rpps' END,
           CASE WHEN finess IS NOT NULL AND NOT is_digits(finess, 9) AND finess !~ '^[0-9][0-9AB][0-9A-Z]{7}$' THEN 'bad_finess' END,
           CASE WHEN siret IS NOT NULL AND NOT is_digits(siret, 14) THEN 'bad_siret' END,
           CASE WHEN kind IS NOT NULL AND coalesce(rpps, finess, siret, ext) IS NULL THEN 'no_identifier' END,
           CASE WHEN coalesce(last_name, org_name) IS NULL THEN 'no_name' END), '') AS fault,
       finess_repaired, phone_repaired, postcode_repaired, is_unmarked, is_unresolved, source_date, notice_given_at, of, last_name,
       email, CASE WHEN email IS NULL THEN NULL WHEN of = 'organisation' THEN 'org'
                   WHEN left(email, 1) IN ('s', 'c', 'i', 'a', 'p', 'd', 'b', 'h') AND email ~ '^(secretariat|contact|info|accueil|cabinet|pharmacie|direction|bonjour|hello)[.@_-]' THEN 'professional_generic'
                   WHEN kind = 'patient' THEN 'personal' ELSE 'professional_named' END AS usage,
       phone, mobile, phone_is_mobile, mobile_is_mobile,
       -- line by line as an envelope has them; NULL where the rules of post have to look at it
       CASE WHEN postcode IS NULL OR town IS NULL OR country NOT IN ('FR', 'MC') THEN NULL
            WHEN length(delivery_line) <= 38
             AND (last_name IS NULL OR last_is_simple AND (first_name IS NULL OR first_is_simple) AND length(last_folded) + coalesce(length(first_folded), 0) <= 33)
             AND (org_name IS NULL OR org_is_simple AND length(org_folded) <= 38)
            THEN concat_ws('|', CASE WHEN last_name IS NULL THEN org_folded ELSE org_name END,
                           CASE WHEN last_name IS NOT NULL THEN concat_ws(' ', coalesce(title, civility), first_folded, last_folded) END,
                           delivery_line, locality)
            WHEN is_plain_address(org_name, person, complement, street, box, town) THEN postal_value(org_name, person, complement, street, box, postcode, town)
            END AS postal,
       ext, rpps, rpps IS NOT NULL AND NOT key_holds('RPPS', rpps) AS rpps_suspect,
       finess, finess IS NOT NULL AND NOT key_holds('FINESS', finess) AS finess_suspect,
       siret, siret IS NOT NULL AND NOT key_holds('SIRET', siret) AS siret_suspect,
       by_rpps IS NULL AS rpps_is_new, by_finess IS NULL AS finess_is_new, by_siret IS NULL AS siret_is_new, by_ext IS NULL AS ext_is_new,
       kind, status, civility, title, first_name, org_name, trade_name, person,
       CASE WHEN last_name IS NULL THEN org_folded WHEN first_name IS NULL THEN last_folded ELSE last_folded || ' ' || first_folded END AS sort_name,
       language, profession, specialty,
       CASE WHEN specialty IS NULL THEN NULL WHEN specialty IN ('SM26','SM53','SM54') THEN 'GP' WHEN specialty IN ('SM04','SM73','SM79','SM80','SM81') THEN 'CARDIO'
            WHEN specialty IN ('SM23','SM35','SM36','SM37') THEN 'ONCO' WHEN specialty IN ('SM16','SM62') THEN 'ENDOC'
            WHEN specialty IN ('SM21','SM22','SM71') THEN 'HEMATO' WHEN specialty IN ('SM41','SM91') THEN 'PNEUMO'
            WHEN specialty = 'SM40' OR specialty BETWEEN 'SM87' AND 'SM90' THEN 'PEDIA' ELSE specialty END AS specialty_group,
       practice_mode, sector, category, street, complement, box, postcode, town, insee, department, region, timezone, country,
       latitude, longitude, credit_status, do_not_call, facts,
       CASE WHEN given_email IS NOT NULL AND email IS NULL OR given_phone IS NOT NULL AND phone IS NULL
              OR given_mobile IS NOT NULL AND mobile IS NULL OR bad_postcode OR bad_place OR bad_date
            THEN array_remove(ARRAY[CASE WHEN given_email IS NOT NULL AND email IS NULL THEN 'bad_email' END,
                                    CASE WHEN given_phone IS NOT NULL AND phone IS NULL THEN 'bad_phone' END,
                                    CASE WHEN given_mobile IS NOT NULL AND mobile IS NULL THEN 'bad_mobile' END,
                                    CASE WHEN bad_postcode THEN 'bad_postcode' END,
                                    CASE WHEN bad_place THEN 'bad_place' END, CASE WHEN bad_date THEN 'bad_date' END], NULL) END AS slips
  FROM (SELECT c.*, r.customer_id AS by_rpps, f.customer_id AS by_finess, t.customer_id AS by_siret, e.customer_id AS by_ext,
               coalesce(r.customer_id, f.customer_id, t.customer_id, e.customer_id) AS found
          FROM (SELECT c.*, CASE WHEN of = 'organisation' THEN any_finess END AS finess, CASE WHEN of = 'organisation' THEN any_siret END AS siret,
                       CASE WHEN locality IS NOT NULL AND complement IS NULL AND box IS NULL THEN simple_delivery_line(street_folded) END AS delivery_line,
                       CASE WHEN last_name IS NOT NULL THEN concat_ws(' ', CASE title WHEN 'DR' THEN 'Dr' WHEN 'PR' THEN 'Pr'
                            ELSE CASE civility WHEN 'M' THEN 'M.' WHEN 'MME' THEN 'Mme' END END, first_name, last_name) END AS person,
                       CASE WHEN left(phone, 3) = '+33' THEN substr(phone, 4, 1) IN ('6', '7') ELSE phone ~ '^\+(590690|590691|59669|594694|26269|262639)' END AS phone_is_mobile,
                       CASE WHEN left(mobile, 3) = '+33' THEN substr(mobile, 4, 1) IN ('6', '7') ELSE mobile ~ '^\+(590690|590691|59669|594694|26269|262639)' END AS mobile_is_mobile,
                       country = 'FR' AND NOT is_digits(postcode, 5) AS bad_postcode,
                       given_latitude IS NOT NULL AND latitude IS NULL OR given_longitude IS NOT NULL AND longitude IS NULL AS bad_place,
                       given_source_date IS NOT NULL AND source_date IS NULL OR given_notice IS NOT NULL AND notice_given_at IS NULL AS bad_date
                  FROM (SELECT c.*, CASE WHEN kind IN ('pharmacy','hospital','distributor','wholesaler','authority') THEN 'organisation' ELSE 'person' END AS of,
                               coalesce(NOT last_is_simple AND has_marks(given_last_name), false) OR coalesce(NOT first_is_simple AND has_marks(given_first_name), false)
                               OR coalesce(NOT org_is_simple AND has_marks(given_org_name), false) OR coalesce(NOT street_is_simple AND has_marks(given_street), false) AS is_unmarked,
                               CASE WHEN last_is_simple THEN given_last_name ELSE tidy(given_last_name) END AS last_name,
                               CASE WHEN first_is_simple THEN given_first_name ELSE tidy(given_first_name) END AS first_name,
                               CASE WHEN org_is_simple THEN given_org_name ELSE tidy(given_org_name) END AS org_name,
                               CASE WHEN street_is_simple THEN given_street ELSE tidy(given_street) END AS street,
                               CASE WHEN last_is_simple THEN folded_simple(given_last_name) ELSE folded(given_last_name) END AS last_folded,
                               CASE WHEN first_is_simple THEN folded_simple(given_first_name) ELSE folded(given_first_name) END AS first_folded,
                               CASE WHEN org_is_simple THEN folded_simple(given_org_name) ELSE folded(given_org_name) END AS org_folded,
                               CASE WHEN street_is_simple THEN folded_simple(given_street) END AS street_folded
                          FROM (SELECT s.line, p.postcode, p.town, p.locality, coalesce(s.insee, p.insee) AS insee, p.department, p.region, p.timezone, p.is_unresolved,
               p.is_repaired AS postcode_repaired,
               coalesce(%(kind)s, CASE WHEN s.kind IN ('prescriber','pharmacist','pharmacy','hospital','paramedical','distributor','wholesaler','authority') THEN s.kind
                   ELSE CASE folded(s.kind)
                   WHEN 'PRESCRIBER' THEN 'prescriber' WHEN 'MEDECIN' THEN 'prescriber' WHEN 'PHARMACIST' THEN 'pharmacist' WHEN 'PHARMACIEN' THEN 'pharmacist'
                   WHEN 'PHARMACY' THEN 'pharmacy' WHEN 'PHARMACIE' THEN 'pharmacy' WHEN 'OFFICINE' THEN 'pharmacy' WHEN 'HOSPITAL' THEN 'hospital'
                   WHEN 'HOPITAL' THEN 'hospital' WHEN 'DISTRIBUTOR' THEN 'distributor' WHEN 'WHOLESALER' THEN 'wholesaler' WHEN 'REPARTITEUR' THEN 'wholesaler'
                   WHEN 'AUTHORITY' THEN 'authority' WHEN 'TUTELLE' THEN 'authority' WHEN 'EXPERT' THEN 'expert' WHEN 'PATIENT' THEN 'patient'
                   WHEN 'PRESS' THEN 'press' WHEN 'PRESSE' THEN 'press' WHEN 'PARAMEDICAL' THEN 'paramedical'
                   ELSE CASE WHEN btrim(s.kind) <> '' THEN NULL WHEN s.profession IN ('10','40','50') THEN 'prescriber' WHEN s.profession = '21' THEN 'pharmacist'
                             WHEN s.profession IN ('60','70','80') THEN 'paramedical' END END END) AS kind,
               CASE WHEN s.status IS NULL THEN NULL WHEN lower(s.status) IN ('inactive','retired','deceased','suspended','unknown') THEN lower(s.status)
                    WHEN lower(s.status) IN ('active', 'actif') THEN 'active' END AS status,
               CASE WHEN s.civility IS NULL THEN NULL WHEN upper(s.civility) IN ('M', 'M.', 'MR', 'MONSIEUR') THEN 'M'
                    WHEN upper(s.civility) IN ('MME', 'MLLE', 'MME.', 'MADAME', 'MLE') THEN 'MME' END AS civility,
               CASE WHEN s.title IS NULL THEN NULL WHEN upper(s.title) IN ('DR', 'DR.', 'DOCTEUR') THEN 'DR' WHEN upper(s.title) IN ('PR', 'PR.', 'PROFESSEUR') THEN 'PR' END AS title,
               s.last_name AS given_last_name, s.first_name AS given_first_name, s.org_name AS given_org_name, coalesce(s.number || ' ', '') || s.street AS given_street,
               is_simple_name(s.last_name) AS last_is_simple, is_simple_name(s.first_name) AS first_is_simple, is_simple_name(s.org_name) AS org_is_simple,
               is_simple_name(coalesce(s.number || ' ', '') || s.street) AS street_is_simple, tidy(s.trade_name) AS trade_name,
               nullif(lower(left(btrim(s.language), 2)), '') AS language, nullif(btrim(s.profession), '') AS profession,
               nullif(upper(btrim(s.specialty)), '') AS specialty, nullif(upper(btrim(s.practice_mode)), '') AS practice_mode,
               coalesce(nullif(upper(btrim(s.sector)), ''), %(sector)s) AS sector, coalesce(tidy(s.category), %(category)s) AS category,
               tidy(s.complement) AS complement, tidy(s.box) AS box,
               coalesce(nullif(upper(btrim(s.country)), ''), 'FR') AS country,
               nullif(btrim(s.latitude), '') AS given_latitude, nullif(btrim(s.longitude), '') AS given_longitude,
               CASE WHEN s.latitude ~ '^ *-?\d{1,2}([.,]\d+)? *$' THEN replace(s.latitude, ',', '.')::double precision END AS latitude,
               CASE WHEN s.longitude ~ '^ *-?\d{1,3}([.,]\d+)? *$' THEN replace(s.longitude, ',', '.')::double precision END AS longitude,
               CASE WHEN s.credit_status IS NULL THEN NULL WHEN lower(s.credit_status) IN ('ok','watch','dunning','blocked') THEN lower(s.credit_status) END AS credit_status,
               lower(s.do_not_call) IN ('1','oui','yes','true','o','y') AS do_not_call,
               nullif(s.notice_given_at, '') AS given_notice, date_of(s.notice_given_at) AS notice_given_at,
               nullif(s.source_date, '') AS given_source_date, d.day AS source_date,
               /*facts*/ AS facts,
               nullif(btrim(s.ext), '') AS ext,
               CASE WHEN length(s.rpps) = 12 AND left(s.rpps, 1) = '8' THEN substr(s.rpps, 2) ELSE nullif(btrim(s.rpps), '') END AS rpps,
               CASE WHEN is_digits(btrim(s.finess), 8) THEN '0' || btrim(s.finess) ELSE nullif(upper(btrim(s.finess)), '') END AS any_finess,
               is_digits(btrim(s.finess), 8) AS finess_repaired,
               nullif(replace(s.siret, ' ', ''), '') AS any_siret,
               nullif(btrim(s.email), '') AS given_email,
               CASE WHEN s.email ~ '^[^@ <>"(),;:\\]+@[a-z0-9-]+(\.[a-z0-9-]+)+$' THEN s.email
                    WHEN s.email ~ '^ *[^@ <>"(),;:\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+ *$'
                    THEN split_part(btrim(s.email), '@', 1) || '@' || lower(split_part(btrim(s.email), '@', 2)) END AS email,
               nullif(btrim(s.phone), '') AS given_phone,
               -- a pharmacy's page says where to book: between the tags of its opening hours
               coalesce(phone_e164(s.phone), phone_e164(substring(s.hours_html FROM 'rendez-vous *: *</strong> *([0-9+][0-9 .]+)'))) AS phone,
               is_digits(s.phone, 9) AS phone_repaired,
               nullif(btrim(s.mobile), '') AS given_mobile, phone_e164(s.mobile) AS mobile
          FROM /*stage*/ AS s
          JOIN load_place p ON p.raw = coalesce(s.postcode, '') || '|' || coalesce(s.town, '')
          LEFT JOIN load_day d ON d.raw = s.source_date
        OFFSET bigint '0') AS c OFFSET bigint '0') AS c OFFSET bigint '0') AS c
          LEFT JOIN identifier r ON r.scheme = 'RPPS' AND r.value = c.rpps
          LEFT JOIN identifier f ON f.scheme = 'FINESS' AND f.value = c.finess
          LEFT JOIN identifier t ON t.scheme = 'SIRET' AND t.value = c.siret
          LEFT JOIN identifier e ON e.scheme = %(ext_scheme)s AND e.value = c.ext) AS c

-- name: lines
-- How many lines are about new customers, and how many about known ones; and whether two lines may say the same
-- identifier, or be about the same customer. Sorting numbers costs half of hashing texts.
SELECT count(*) FILTER (WHERE found IS NULL), count(found),
       count(ext) > count(DISTINCT hashtextextended(ext, 0)) OR count(rpps) > count(DISTINCT hashtextextended(rpps, 0))
       OR count(finess) > count(DISTINCT hashtextextended(finess, 0)) OR count(siret) > count(DISTINCT hashtextextended(siret, 0))
       OR count(found) > count(DISTINCT found)
  FROM load_incoming WHERE fault IS NULL

-- name: repeats
-- The same customer twice in one file: the last line is the one that counts.
DELETE FROM load_incoming i
 USING (SELECT coalesce('#' || found, rpps, finess, siret, ext) AS key, max(line) AS last FROM load_incoming WHERE fault IS NULL
         GROUP BY 1 HAVING count(*) > 1) AS r
 WHERE i.fault IS NULL AND coalesce('#' || i.found, i.rpps, i.finess, i.siret, i.ext) = r.key AND i.line < r.last

-- name: clashes
-- Two customers of one file who claim the same identifier: the first has it, the others are told.
UPDATE load_incoming i SET fault = 'same_identifier'
  FROM (SELECT k.scheme, k.value, min(line) AS first
          FROM load_incoming CROSS JOIN LATERAL (VALUES ('r', rpps), ('f', finess), ('s', siret), ('e', ext)) AS k(scheme, value)
         WHERE fault IS NULL AND k.value IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1) AS k
 WHERE i.fault IS NULL AND i.line > k.first
   AND k.value = CASE k.scheme WHEN 'r' THEN i.rpps WHEN 'f' THEN i.finess WHEN 's' THEN i.siret ELSE i.ext END

-- name: reserve
-- Ids for all lines at once. Whoever else makes customers waits (LOCK), so the block is ours.
SELECT setval(pg_get_serial_sequence('customer', 'customer_id'),
              nextval(pg_get_serial_sequence('customer', 'customer_id')) + %(lines)s + 2) - %(lines)s - 2

-- name: customers_new
INSERT INTO customer (customer_id, of, kinds, status, civility, title, last_name, first_name, org_name, trade_name, sort_name, language,
                      profession, specialty, specialty_group, practice_mode, sector, category, street, postcode, town, insee, department,
                      region, country, timezone, latitude, longitude, credit_status, do_not_call, facts, source, source_date)
OVERRIDING SYSTEM VALUE
SELECT customer_id, of, ARRAY[kind], coalesce(status, 'active'), civility, title, last_name, first_name, org_name, trade_name, sort_name,
       coalesce(language, 'fr'), profession, specialty, specialty_group, practice_mode, sector, category, street, postcode, town, insee, department,
       region, country, coalesce(timezone, 'Europe/Paris'), latitude, longitude, coalesce(credit_status, 'ok'), coalesce(do_not_call, false),
       facts, %(source)s, coalesce(source_date, %(on)s)
  FROM load_incoming WHERE fault IS NULL AND found IS NULL

-- name: customers_changed
-- What a delivery does not say stays; a stop on visits and calls is never taken off by a file.
CREATE UNLOGGED TABLE load_changed AS
WITH new AS (
    SELECT i.found AS customer_id, coalesce(i.status, c.status) AS status, coalesce(i.civility, c.civility) AS civility, coalesce(i.title, c.title) AS title,
           coalesce(i.last_name, c.last_name) AS last_name, coalesce(i.first_name, c.first_name) AS first_name,
           coalesce(i.org_name, c.org_name) AS org_name, coalesce(i.trade_name, c.trade_name) AS trade_name, coalesce(i.language, c.language) AS language,
           coalesce(i.profession, c.profession) AS profession, coalesce(i.specialty, c.specialty) AS specialty,
           coalesce(i.specialty_group, c.specialty_group) AS specialty_group, coalesce(i.practice_mode, c.practice_mode) AS practice_mode,
           coalesce(i.sector, c.sector) AS sector, coalesce(i.category, c.category) AS category, coalesce(i.street, c.street) AS street,
           coalesce(i.postcode, c.postcode) AS postcode, coalesce(i.town, c.town) AS town,
           CASE WHEN i.postcode IS NULL THEN c.insee ELSE coalesce(i.insee, CASE WHEN i.postcode = c.postcode THEN c.insee END) END AS insee,
           coalesce(i.department, c.department) AS department, coalesce(i.region, c.region) AS region, coalesce(i.timezone, c.timezone) AS timezone,
           coalesce(i.latitude, c.latitude) AS latitude, coalesce(i.longitude, c.longitude) AS longitude,
           coalesce(i.credit_status, c.credit_status) AS credit_status, c.do_not_call OR coalesce(i.do_not_call, false) AS do_not_call,
           c.facts || i.facts AS facts
      FROM load_incoming i JOIN customer c ON c.customer_id = i.found
     WHERE i.fault IS NULL AND c.status NOT IN ('merged', 'erased'))
SELECT n.* FROM new n JOIN customer c USING (customer_id)
 WHERE (n.status, n.civility, n.title, n.last_name, n.first_name, n.org_name, n.trade_name, n.language, n.profession, n.specialty, n.specialty_group,
        n.practice_mode, n.sector, n.category, n.street, n.postcode, n.town, n.insee, n.department, n.region, n.timezone, n.latitude, n.longitude,
        n.credit_status, n.do_not_call, n.facts)
       IS DISTINCT FROM
       (c.status, c.civility, c.title, c.last_name, c.first_name, c.org_name, c.trade_name, c.language, c.profession, c.specialty, c.specialty_group,
        c.practice_mode, c.sector, c.category, c.street, c.postcode, c.town, c.insee, c.department, c.region, c.timezone, c.latitude, c.longitude,
        c.credit_status, c.do_not_call, c.facts)

-- name: customers_before
-- What stands where something changes, and what will: only the columns that differ. `undo` puts it back.
INSERT INTO import_change (batch_id, what, row_id, customer_id, before, after)
SELECT %(batch)s, 'customer', customer_id, customer_id, jsonb_object_agg(key, old), jsonb_object_agg(key, new)
  FROM (SELECT d.customer_id, a.key, d.before->a.key AS old, a.value AS new
          FROM (SELECT n.customer_id, to_jsonb(n) AS after, to_jsonb(c) AS before FROM load_changed n JOIN customer c USING (customer_id) OFFSET 0) AS d
         CROSS JOIN LATERAL jsonb_each(d.after) AS a(key, value)
         WHERE d.before ? a.key AND a.value <> d.before->a.key) AS d
 GROUP BY customer_id

-- name: made
-- The ids that were reserved: whoever of them is there came with this delivery.
INSERT INTO import_made (batch_id, what, ids)
SELECT %(batch)s, 'customer', int8multirange(int8range(%(base)s, %(base)s + %(lines)s + 2, '[]'))

-- name: customers_updated
UPDATE customer c
   SET status = n.status, civility = n.civility, title = n.title, last_name = n.last_name, first_name = n.first_name, org_name = n.org_name,
       trade_name = n.trade_name, language = n.language, profession = n.profession, specialty = n.specialty, specialty_group = n.specialty_group,
       practice_mode = n.practice_mode, sector = n.sector, category = n.category, street = n.street, postcode = n.postcode, town = n.town,
       insee = n.insee, department = n.department, region = n.region, timezone = n.timezone, latitude = n.latitude, longitude = n.longitude,
       credit_status = n.credit_status, do_not_call = n.do_not_call, facts = n.facts,
       sort_name = folded(CASE WHEN n.last_name IS NULL THEN n.org_name WHEN n.first_name IS NULL THEN n.last_name ELSE n.last_name || ' ' || n.first_name END),
       source_date = %(on)s, changed_at = clock_timestamp()
  FROM load_changed n WHERE c.customer_id = n.customer_id

-- name: identifiers_new
INSERT INTO identifier (scheme, value, customer_id, checksum_suspect, source)
SELECT scheme, value, customer_id, suspect, %(source)s
  FROM (  SELECT 'RPPS' AS scheme, rpps AS value, customer_id, rpps_suspect AS suspect FROM load_incoming WHERE fault IS NULL AND found IS NULL AND rpps IS NOT NULL
          UNION ALL SELECT 'FINESS', finess, customer_id, finess_suspect FROM load_incoming WHERE fault IS NULL AND found IS NULL AND finess IS NOT NULL
          UNION ALL SELECT 'SIRET', siret, customer_id, siret_suspect FROM load_incoming WHERE fault IS NULL AND found IS NULL AND siret IS NOT NULL
          UNION ALL SELECT %(ext_scheme)s, ext, customer_id, false FROM load_incoming WHERE fault IS NULL AND found IS NULL AND ext IS NOT NULL) AS k

-- name: identifiers_more
-- What a delivery adds to customers whom we knew under another identifier.
WITH added AS (
    INSERT INTO identifier (scheme, value, customer_id, checksum_suspect, source)
    SELECT scheme, value, found, suspect, %(source)s
      FROM (  SELECT 'RPPS' AS scheme, rpps AS value, found, rpps_suspect AS suspect FROM load_incoming WHERE fault IS NULL AND found IS NOT NULL AND rpps_is_new AND rpps IS NOT NULL
          UNION ALL SELECT 'FINESS', finess, found, finess_suspect FROM load_incoming WHERE fault IS NULL AND found IS NOT NULL AND finess_is_new AND finess IS NOT NULL
          UNION ALL SELECT 'SIRET', siret, found, siret_suspect FROM load_incoming WHERE fault IS NULL AND found IS NOT NULL AND siret_is_new AND siret IS NOT NULL
          UNION ALL SELECT %(ext_scheme)s, ext, found, false FROM load_incoming WHERE fault IS NULL AND found IS NOT NULL AND ext_is_new AND ext IS NOT NULL) AS k
        ON CONFLICT DO NOTHING RETURNING customer_id, scheme, value),
kept AS (
    INSERT INTO import_change (batch_id, what, key, customer_id, after) SELECT %(batch)s, 'identifier', scheme || '|' || value, customer_id, '{}' FROM added)
INSERT INTO load_changed (customer_id) SELECT customer_id FROM added

-- name: guards_new
INSERT INTO contact_guard (customer_id) SELECT customer_id FROM load_incoming WHERE fault IS NULL AND found IS NULL

-- name: addressees
-- The envelopes that one expression could not lay out, in parts: the rules of post do it.
CREATE TEMP VIEW addressee AS
SELECT customer_id AS n, org_name AS organisation, person, complement, street, box, postcode, town, country
  FROM load_incoming WHERE fault IS NULL AND postal IS NULL AND postcode IS NOT NULL AND town IS NOT NULL

-- name: points
-- What the base lacks of everything by which its customers can be reached. Two telephones of one kind: the first is
-- the main one. Who was erased or merged away gets nothing.
CREATE UNLOGGED TABLE load_point AS
SELECT p.*
  FROM (  SELECT customer_id, found, 'email' AS type, email AS value, usage, true AS is_first, notice_given_at, source_date
            FROM load_incoming WHERE fault IS NULL AND %(has_known)s AND found IS NOT NULL AND email IS NOT NULL
          UNION ALL
          SELECT customer_id, found, CASE WHEN phone_is_mobile THEN 'phone_mobile' ELSE 'phone_fixed' END, phone,
                 CASE WHEN of = 'organisation' THEN 'org' ELSE 'professional_named' END, true, NULL, source_date
            FROM load_incoming WHERE fault IS NULL AND %(has_known)s AND found IS NOT NULL AND phone IS NOT NULL
          UNION ALL
          SELECT customer_id, found, CASE WHEN mobile_is_mobile THEN 'phone_mobile' ELSE 'phone_fixed' END, mobile,
                 CASE WHEN of = 'organisation' THEN 'org' ELSE 'professional_named' END, phone_is_mobile IS DISTINCT FROM mobile_is_mobile, NULL, source_date
            FROM load_incoming WHERE fault IS NULL AND %(has_known)s AND found IS NOT NULL AND mobile IS NOT NULL AND mobile IS DISTINCT FROM phone
          UNION ALL
          SELECT customer_id, found, 'postal', postal, CASE WHEN last_name IS NULL THEN 'org' ELSE 'professional_named' END, true, NULL, source_date
            FROM load_incoming WHERE fault IS NULL AND %(has_known)s AND found IS NOT NULL AND postal IS NOT NULL
          UNION ALL
          SELECT customer_id, found, 'postal', w.value, CASE WHEN last_name IS NULL THEN 'org' ELSE 'professional_named' END, true, NULL, source_date
            FROM laid_out w JOIN load_incoming i ON i.customer_id = w.n WHERE fault IS NULL AND %(has_known)s AND found IS NOT NULL) AS p
 WHERE NOT EXISTS (SELECT FROM contact_point c WHERE c.customer_id = p.customer_id AND c.type = p.type AND c.value_norm = p.value)
   AND NOT EXISTS (SELECT FROM customer g WHERE g.customer_id = p.found AND g.status IN ('merged', 'erased'))

-- name: alike
-- Mailboxes and telephones that come to more than one customer, those of the base counted in.
CREATE UNLOGGED TABLE load_alike AS
WITH new AS (
    SELECT type, value, count(*) AS customers
      FROM (  SELECT 'email' AS type, email AS value FROM load_incoming WHERE fault IS NULL AND found IS NULL AND email IS NOT NULL
          UNION ALL SELECT CASE WHEN phone_is_mobile THEN 'phone_mobile' ELSE 'phone_fixed' END, phone FROM load_incoming WHERE fault IS NULL AND found IS NULL AND phone IS NOT NULL
          UNION ALL SELECT CASE WHEN mobile_is_mobile THEN 'phone_mobile' ELSE 'phone_fixed' END, mobile FROM load_incoming
                     WHERE fault IS NULL AND found IS NULL AND mobile IS NOT NULL AND mobile IS DISTINCT FROM phone
          UNION ALL SELECT type, value FROM load_point WHERE type <> 'postal') AS p
     GROUP BY type, value),
before AS (
    SELECT c.type, c.value_norm AS value, count(*) AS customers
      FROM new n JOIN contact_point c ON c.type = n.type AND c.value_norm = n.value AND c.type <> 'postal'
     GROUP BY c.type, c.value_norm)
SELECT n.type, n.value, n.customers + coalesce(b.customers, 0) AS customers, b.customers IS NOT NULL AS is_known
  FROM new n LEFT JOIN before b ON b.type = n.type AND b.value = n.value
 WHERE n.customers + coalesce(b.customers, 0) > 1

-- name: sharing
UPDATE contact_point p SET shared_with = a.customers
  FROM load_alike a
 WHERE a.is_known AND p.type = a.type AND p.value_norm = a.value AND p.type <> 'postal' AND p.shared_with <> a.customers

-- name: points_new
INSERT INTO contact_point (customer_id, type, value_norm, usage, is_main, shared_with, notice_given_at, source, source_date)
SELECT p.customer_id, p.type, p.value, p.usage, p.is_first, coalesce(a.customers, 1), p.notice_given_at, %(source)s, coalesce(p.source_date, %(on)s)
  FROM (  SELECT customer_id, found, 'email' AS type, email AS value, usage, true AS is_first, notice_given_at, source_date
            FROM load_incoming WHERE fault IS NULL AND found IS NULL AND email IS NOT NULL
          UNION ALL
          SELECT customer_id, found, CASE WHEN phone_is_mobile THEN 'phone_mobile' ELSE 'phone_fixed' END, phone,
                 CASE WHEN of = 'organisation' THEN 'org' ELSE 'professional_named' END, true, NULL, source_date
            FROM load_incoming WHERE fault IS NULL AND found IS NULL AND phone IS NOT NULL
          UNION ALL
          SELECT customer_id, found, CASE WHEN mobile_is_mobile THEN 'phone_mobile' ELSE 'phone_fixed' END, mobile,
                 CASE WHEN of = 'organisation' THEN 'org' ELSE 'professional_named' END, phone_is_mobile IS DISTINCT FROM mobile_is_mobile, NULL, source_date
            FROM load_incoming WHERE fault IS NULL AND found IS NULL AND mobile IS NOT NULL AND mobile IS DISTINCT FROM phone) AS p
  LEFT JOIN load_alike a ON a.type = p.type AND a.value = p.value
UNION ALL
SELECT p.customer_id, p.type, p.value, p.usage, p.is_first, 1, NULL, %(source)s, coalesce(p.source_date, %(on)s)
  FROM (  SELECT customer_id, found, 'postal' AS type, postal AS value, CASE WHEN last_name IS NULL THEN 'org' ELSE 'professional_named' END AS usage, true AS is_first, NULL, source_date
            FROM load_incoming WHERE fault IS NULL AND found IS NULL AND postal IS NOT NULL
          UNION ALL
          SELECT customer_id, found, 'postal', w.value, CASE WHEN last_name IS NULL THEN 'org' ELSE 'professional_named' END, true, NULL, source_date
            FROM laid_out w JOIN load_incoming i ON i.customer_id = w.n WHERE fault IS NULL AND found IS NULL) AS p

-- name: points_more
-- A known address keeps what we learned about it: a bounce or a refusal is not undone by a delivery.
WITH added AS (
    INSERT INTO contact_point (customer_id, type, value_norm, usage, is_main, shared_with, notice_given_at, source, source_date)
    SELECT p.customer_id, p.type, p.value, p.usage, false, coalesce(a.customers, 1), p.notice_given_at, %(source)s, coalesce(p.source_date, %(on)s)
      FROM load_point p LEFT JOIN load_alike a ON a.type = p.type AND a.value = p.value
 RETURNING customer_id, contact_point_id),
kept AS (
    INSERT INTO import_change (batch_id, what, row_id, customer_id, after) SELECT %(batch)s, 'contact_point', contact_point_id, customer_id, '{}' FROM added)
INSERT INTO load_changed (customer_id) SELECT customer_id FROM added

-- name: notices
-- The first notice counts; a later delivery does not move its date.
WITH told AS (
    UPDATE contact_point p SET notice_given_at = i.notice_given_at
      FROM load_incoming i
     WHERE i.fault IS NULL AND i.notice_given_at IS NOT NULL AND i.found = p.customer_id AND p.type = 'email' AND p.value_norm = i.email AND p.notice_given_at IS NULL
 RETURNING p.customer_id, p.contact_point_id, p.notice_given_at),
kept AS (
    INSERT INTO import_change (batch_id, what, row_id, customer_id, before, after)
    SELECT %(batch)s, 'contact_point', contact_point_id, customer_id, '{"notice_given_at": null}', jsonb_build_object('notice_given_at', notice_given_at) FROM told
        ON CONFLICT DO NOTHING)
INSERT INTO load_changed (customer_id) SELECT customer_id FROM told

-- name: not_main
-- One main address of each kind: what works before what nobody tried, the newer before the older.
CREATE TEMP TABLE best ON COMMIT DROP AS
SELECT DISTINCT ON (customer_id, type) customer_id, type, contact_point_id
  FROM contact_point p
 WHERE EXISTS (SELECT FROM load_point l WHERE l.customer_id = p.customer_id)
 ORDER BY customer_id, type, (status IN ('invalid', 'refused', 'blocked')), status <> 'valid', source_date DESC NULLS LAST, contact_point_id DESC

-- name: mains_off
UPDATE contact_point p SET is_main = false
  FROM best b WHERE b.customer_id = p.customer_id AND b.type = p.type AND p.is_main AND p.contact_point_id <> b.contact_point_id

-- name: mains_on
UPDATE contact_point p SET is_main = true FROM best b WHERE p.contact_point_id = b.contact_point_id AND NOT p.is_main

-- name: counted
SELECT count(*) FILTER (WHERE fault IS NULL AND found IS NULL),
       (SELECT count(DISTINCT customer_id) FROM load_changed),
       count(*) FILTER (WHERE fault IS NULL AND found IS NOT NULL),
       count(*) FILTER (WHERE finess_repaired), count(*) FILTER (WHERE phone_repaired), count(*) FILTER (WHERE postcode_repaired),
       count(*) FILTER (WHERE is_unmarked),
       count(*) FILTER (WHERE fault IS NULL AND (rpps_suspect OR finess_suspect OR siret_suspect)), count(*) FILTER (WHERE is_unresolved)
  FROM load_incoming

-- name: faults
SELECT line, said.fault, i.fault IS NOT NULL
  FROM load_incoming i
 CROSS JOIN LATERAL unnest(string_to_array(i.fault, ' ') || slips
                           || CASE WHEN i.fault IS NULL
                                   THEN array_remove(ARRAY[CASE WHEN rpps_suspect THEN 'odd_rpps' END, CASE WHEN finess_suspect THEN 'odd_finess' END,
                                                           CASE WHEN siret_suspect THEN 'odd_siret' END], NULL) END) WITH ORDINALITY AS said(fault, n)
 WHERE i.fault IS NOT NULL OR slips IS NOT NULL OR rpps_suspect OR finess_suspect OR siret_suspect
 ORDER BY line, n

-- name: unresolved
SELECT DISTINCT postcode, town FROM load_place WHERE is_unresolved ORDER BY 1, 2

-- name: towns
INSERT INTO town (insee, postcode, name, folded, department, cedex)
SELECT DISTINCT ON (postcode, folded, insee) insee, postcode, name, folded, department_of(insee, postcode), cedex
  FROM (SELECT tidy(insee) AS insee, lpad(btrim(postcode), 5, '0') AS postcode, n.name, folded_town(n.name) AS folded, cedex IS NOT NULL AS cedex
          FROM load_stage CROSS JOIN LATERAL (VALUES (tidy(load_stage.name)), (tidy(label)), (tidy(line5))) AS n(name)
         WHERE n.name IS NOT NULL AND insee IS NOT NULL AND postcode IS NOT NULL) AS t
 WHERE folded <> '' ORDER BY postcode, folded, insee, name DESC
    ON CONFLICT DO NOTHING
