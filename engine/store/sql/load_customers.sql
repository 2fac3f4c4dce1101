-- Customers from load_stage (one text row per line of the file) into the base: cleaned and judged in one
-- statement, matched by identifier, merged by a few big ones. Nothing here looks at a single customer.

-- name: places
-- Postcode and town are judged once per pair, not once per line. A CEDEX is found by its code alone.
CREATE UNLOGGED TABLE load_place AS
WITH pair AS (SELECT DISTINCT coalesce(postcode, '') AS raw_postcode, coalesce(town, '') AS raw_town FROM load_stage),
clean AS (
    SELECT raw_postcode, raw_town, tidy(raw_town) AS town,
           CASE WHEN is_digits(btrim(raw_postcode), 4) THEN '0' || btrim(raw_postcode) ELSE tidy(raw_postcode) END AS postcode,
           is_digits(btrim(raw_postcode), 4) AS is_repaired, folded_town(raw_town) AS town_folded
      FROM pair)
SELECT c.raw_postcode, c.raw_town, c.postcode, c.town, c.is_repaired, t.insee, d.department, d.region, d.timezone,
       c.town IS NOT NULL AND c.postcode IS NOT NULL AND t.insee IS NULL AND EXISTS (SELECT FROM town) AS is_unresolved
  FROM clean c
  LEFT JOIN LATERAL (SELECT insee FROM town t
                      WHERE t.postcode = c.postcode AND (t.folded = c.town_folded OR t.cedex)
                      ORDER BY t.folded = c.town_folded DESC, insee LIMIT 1) AS t ON true
  LEFT JOIN department d ON d.department = department_of(t.insee, c.postcode)

-- name: incoming
-- Every line cleaned, with what is wrong with it. `fault` keeps the line out, `slips` only values of it.
-- OFFSET 0 keeps what the inner query computes from being computed again at each use.
CREATE UNLOGGED TABLE load_incoming AS
SELECT line, of,
       kind, status, civility, title, last_name, first_name, org_name, trade_name, language, profession, specialty,
       CASE WHEN specialty IS NULL THEN NULL WHEN specialty IN ('SM26','SM53','SM54') THEN 'GP' WHEN specialty IN ('SM04','SM73','SM79','SM80','SM81') THEN 'CARDIO'
            WHEN specialty IN ('SM23','SM35','SM36','SM37') THEN 'ONCO' WHEN specialty IN ('SM16','SM62') THEN 'ENDOC'
            WHEN specialty IN ('SM21','SM22','SM71') THEN 'HEMATO' WHEN specialty IN ('SM41','SM91') THEN 'PNEUMO'
            WHEN specialty = 'SM40' OR specialty BETWEEN 'SM87' AND 'SM90' THEN 'PEDIA' ELSE specialty END AS specialty_group,
       practice_mode, sector, category,
       coalesce(number || ' ', '') || street AS street, complement, box, postcode, town, insee, department, region, timezone, country,
       latitude, longitude, credit_status, do_not_call, notice_given_at, facts, source_date,
       ext, rpps, rpps IS NOT NULL AND NOT key_holds('RPPS', rpps) AS rpps_suspect,
       finess, finess IS NOT NULL AND NOT key_holds('FINESS', finess) AS finess_suspect,
       siret, siret IS NOT NULL AND NOT key_holds('SIRET', siret) AS siret_suspect,
       email, CASE WHEN of = 'organisation' THEN 'org'
                   WHEN email ~ '^(secretariat|contact|info|accueil|cabinet|pharmacie|direction|bonjour|hello)[.@_-]' THEN 'professional_generic'
                   WHEN kind = 'patient' THEN 'personal' ELSE 'professional_named' END AS usage,
       phone, phone ~ '^\+(33[67]|590690|590691|59669|594694|26269|262639)' AS phone_is_mobile,
       mobile, mobile ~ '^\+(33[67]|590690|590691|59669|594694|26269|262639)' AS mobile_is_mobile,
       finess_repaired, phone_repaired, postcode_repaired, is_unresolved,
       found, coalesce(found, %(base)s + line) AS customer_id,
       CASE WHEN least(by_rpps, by_finess, by_siret, by_ext) <> greatest(by_rpps, by_finess, by_siret, by_ext) THEN 'two_customers'
            WHEN kind IS NULL THEN 'unknown_kind'
            WHEN rpps IS NOT NULL AND NOT is_digits(rpps, 11) THEN 'bad_rpps'
            WHEN finess IS NOT NULL AND finess !~ '^[0-9][0-9AB][0-9A-Z]{7}$' THEN 'bad_finess'
            WHEN siret IS NOT NULL AND NOT is_digits(siret, 14) THEN 'bad_siret'
            WHEN coalesce(rpps, finess, siret, ext) IS NULL THEN 'no_identifier'
            WHEN coalesce(last_name, org_name) IS NULL THEN 'no_name' END AS fault,
       CASE WHEN given_email IS NOT NULL AND email IS NULL OR given_phone IS NOT NULL AND phone IS NULL
              OR given_mobile IS NOT NULL AND mobile IS NULL OR country = 'FR' AND postcode IS NOT NULL AND NOT is_digits(postcode, 5)
              OR bad_place OR bad_date
            THEN array_remove(ARRAY[CASE WHEN given_email IS NOT NULL AND email IS NULL THEN 'bad_email' END,
                                    CASE WHEN given_phone IS NOT NULL AND phone IS NULL THEN 'bad_phone' END,
                                    CASE WHEN given_mobile IS NOT NULL AND mobile IS NULL THEN 'bad_mobile' END,
                                    CASE WHEN country = 'FR' AND postcode IS NOT NULL AND NOT is_digits(postcode, 5) THEN 'bad_postcode' END,
                                    CASE WHEN bad_place THEN 'bad_place' END, CASE WHEN bad_date THEN 'bad_date' END], NULL) END AS slips
  FROM (SELECT c.*, r.customer_id AS by_rpps, f.customer_id AS by_finess, t.customer_id AS by_siret, e.customer_id AS by_ext,
               coalesce(r.customer_id, f.customer_id, t.customer_id, e.customer_id) AS found
          FROM (SELECT c.*, CASE WHEN of = 'organisation' THEN any_finess END AS finess, CASE WHEN of = 'organisation' THEN any_siret END AS siret
                  FROM (SELECT c.*, CASE WHEN kind IN ('pharmacy','hospital','distributor','wholesaler','authority') THEN 'organisation' ELSE 'person' END AS of
                          FROM (SELECT s.line, p.postcode, p.town, coalesce(s.insee, p.insee) AS insee, p.department, p.region, p.timezone, p.is_unresolved,
               p.is_repaired AS postcode_repaired,
               coalesce(%(kind)s, CASE folded(s.kind)
                   WHEN 'PRESCRIBER' THEN 'prescriber' WHEN 'MEDECIN' THEN 'prescriber' WHEN 'PHARMACIST' THEN 'pharmacist' WHEN 'PHARMACIEN' THEN 'pharmacist'
                   WHEN 'PHARMACY' THEN 'pharmacy' WHEN 'PHARMACIE' THEN 'pharmacy' WHEN 'OFFICINE' THEN 'pharmacy' WHEN 'HOSPITAL' THEN 'hospital'
                   WHEN 'HOPITAL' THEN 'hospital' WHEN 'DISTRIBUTOR' THEN 'distributor' WHEN 'WHOLESALER' THEN 'wholesaler' WHEN 'REPARTITEUR' THEN 'wholesaler'
                   WHEN 'AUTHORITY' THEN 'authority' WHEN 'TUTELLE' THEN 'authority' WHEN 'EXPERT' THEN 'expert' WHEN 'PATIENT' THEN 'patient'
                   WHEN 'PRESS' THEN 'press' WHEN 'PRESSE' THEN 'press' WHEN 'PARAMEDICAL' THEN 'paramedical'
                   ELSE CASE WHEN btrim(s.kind) <> '' THEN NULL WHEN s.profession IN ('10','40','50') THEN 'prescriber' WHEN s.profession = '21' THEN 'pharmacist'
                             WHEN s.profession IN ('60','70','80') THEN 'paramedical' END END) AS kind,
               CASE WHEN lower(s.status) IN ('inactive','retired','deceased','suspended','unknown') THEN lower(s.status) WHEN lower(s.status) IN ('active', 'actif') THEN 'active' END AS status,
               CASE WHEN s.civility IS NULL THEN NULL WHEN upper(s.civility) IN ('M', 'M.', 'MR', 'MONSIEUR') THEN 'M'
                    WHEN upper(s.civility) IN ('MME', 'MLLE', 'MME.', 'MADAME', 'MLE') THEN 'MME' END AS civility,
               CASE WHEN s.title IS NULL THEN NULL WHEN upper(s.title) IN ('DR', 'DR.', 'DOCTEUR') THEN 'DR' WHEN upper(s.title) IN ('PR', 'PR.', 'PROFESSEUR') THEN 'PR' END AS title,
               tidy(s.last_name) AS last_name, tidy(s.first_name) AS first_name, tidy(s.org_name) AS org_name, tidy(s.trade_name) AS trade_name,
               nullif(lower(left(btrim(s.language), 2)), '') AS language, nullif(btrim(s.profession), '') AS profession,
               nullif(upper(btrim(s.specialty)), '') AS specialty, nullif(upper(btrim(s.practice_mode)), '') AS practice_mode,
               coalesce(nullif(upper(btrim(s.sector)), ''), %(sector)s) AS sector, coalesce(tidy(s.category), %(category)s) AS category,
               tidy(s.number) AS number, tidy(s.street) AS street, tidy(s.complement) AS complement, tidy(s.box) AS box,
               coalesce(nullif(upper(btrim(s.country)), ''), 'FR') AS country,
               CASE WHEN s.latitude ~ '^ *-?\d{1,2}([.,]\d+)? *$' THEN replace(s.latitude, ',', '.')::double precision END AS latitude,
               CASE WHEN s.longitude ~ '^ *-?\d{1,3}([.,]\d+)? *$' THEN replace(s.longitude, ',', '.')::double precision END AS longitude,
               (nullif(btrim(s.latitude), '') IS NOT NULL AND s.latitude !~ '^ *-?\d{1,2}([.,]\d+)? *$')
               OR (nullif(btrim(s.longitude), '') IS NOT NULL AND s.longitude !~ '^ *-?\d{1,3}([.,]\d+)? *$') AS bad_place,
               CASE WHEN lower(s.credit_status) IN ('ok','watch','dunning','blocked') THEN lower(s.credit_status) END AS credit_status,
               lower(s.do_not_call) IN ('1','oui','yes','true','o','y') AS do_not_call,
               CASE WHEN s.notice_given_at ~ '^\d{4}-\d\d-\d\d' THEN left(s.notice_given_at, 10)::date
                    WHEN s.notice_given_at ~ '^\d\d/\d\d/\d{4}' THEN to_date(left(s.notice_given_at, 10), 'DD/MM/YYYY') END AS notice_given_at,
               CASE WHEN s.source_date ~ '^\d{4}-\d\d-\d\d' THEN left(s.source_date, 10)::date
                    WHEN s.source_date ~ '^\d\d/\d\d/\d{4}' THEN to_date(left(s.source_date, 10), 'DD/MM/YYYY') END AS source_date,
               (nullif(s.source_date, '') IS NOT NULL AND s.source_date !~ '^(\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4})')
               OR (nullif(s.notice_given_at, '') IS NOT NULL AND s.notice_given_at !~ '^(\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4})') AS bad_date,
               /*facts*/ AS facts,
               nullif(btrim(s.ext), '') AS ext,
               CASE WHEN length(s.rpps) = 12 AND left(s.rpps, 1) = '8' THEN substr(s.rpps, 2) ELSE nullif(btrim(s.rpps), '') END AS rpps,
               CASE WHEN is_digits(btrim(s.finess), 8) THEN '0' || btrim(s.finess) ELSE nullif(upper(btrim(s.finess)), '') END AS any_finess,
               is_digits(btrim(s.finess), 8) AS finess_repaired,
               nullif(replace(s.siret, ' ', ''), '') AS any_siret,
               nullif(btrim(s.email), '') AS given_email,
               CASE WHEN s.email ~ '^ *[^@ <>"(),;:\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+ *$'
                    THEN CASE WHEN s.email = lower(s.email) THEN btrim(s.email)
                              ELSE split_part(btrim(s.email), '@', 1) || '@' || lower(split_part(btrim(s.email), '@', 2)) END END AS email,
               nullif(btrim(s.phone), '') AS given_phone,
               -- a pharmacy's page says where to book: between the tags of its opening hours
               coalesce(phone_e164(s.phone), phone_e164(substring(s.hours_html FROM 'rendez-vous *: *</strong> *([0-9+][0-9 .]+)'))) AS phone,
               is_digits(s.phone, 9) AS phone_repaired,
               nullif(btrim(s.mobile), '') AS given_mobile, phone_e164(s.mobile) AS mobile
          FROM load_stage AS s
          JOIN load_place p ON p.raw_postcode = coalesce(s.postcode, '') AND p.raw_town = coalesce(s.town, '')
        OFFSET 0) AS c) AS c) AS c
          LEFT JOIN identifier r ON r.scheme = 'RPPS' AND r.value = c.rpps
          LEFT JOIN identifier f ON f.scheme = 'FINESS' AND f.value = c.finess
          LEFT JOIN identifier t ON t.scheme = 'SIRET' AND t.value = c.siret
          LEFT JOIN identifier e ON e.scheme = %(ext_scheme)s AND e.value = c.ext) AS c

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
SELECT customer_id, of, ARRAY[kind], coalesce(status, 'active'), civility, title, last_name, first_name, org_name, trade_name,
       folded(CASE WHEN last_name IS NULL THEN org_name WHEN first_name IS NULL THEN last_name ELSE last_name || ' ' || first_name END),
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
SELECT 'RPPS', rpps, customer_id, rpps_suspect, %(source)s FROM load_incoming WHERE fault IS NULL AND found IS NULL AND rpps IS NOT NULL
UNION ALL SELECT 'FINESS', finess, customer_id, finess_suspect, %(source)s FROM load_incoming WHERE fault IS NULL AND found IS NULL AND finess IS NOT NULL
UNION ALL SELECT 'SIRET', siret, customer_id, siret_suspect, %(source)s FROM load_incoming WHERE fault IS NULL AND found IS NULL AND siret IS NOT NULL
UNION ALL SELECT %(ext_scheme)s, ext, customer_id, false, %(source)s FROM load_incoming WHERE fault IS NULL AND found IS NULL AND ext IS NOT NULL

-- name: identifiers_more
-- What a delivery adds to customers whom we knew under another identifier.
WITH added AS (
    INSERT INTO identifier (scheme, value, customer_id, checksum_suspect, source)
    SELECT k.scheme, k.value, found, k.suspect, %(source)s
      FROM load_incoming CROSS JOIN LATERAL (VALUES ('RPPS', rpps, rpps_suspect), ('FINESS', finess, finess_suspect), ('SIRET', siret, siret_suspect),
                                                    (%(ext_scheme)s, ext, false)) AS k(scheme, value, suspect)
     WHERE fault IS NULL AND found IS NOT NULL AND k.value IS NOT NULL
        ON CONFLICT DO NOTHING RETURNING customer_id)
INSERT INTO load_changed (customer_id) SELECT customer_id FROM added

-- name: guards_new
INSERT INTO contact_guard (customer_id) SELECT customer_id FROM load_incoming WHERE fault IS NULL AND found IS NULL

-- name: addressees
-- What an envelope says, in parts; the awkward ones are laid out by the rules of post.
CREATE TEMP VIEW addressee AS
SELECT customer_id AS n, org_name AS organisation,
       CASE WHEN last_name IS NOT NULL THEN concat_ws(' ', CASE title WHEN 'DR' THEN 'Dr' WHEN 'PR' THEN 'Pr'
                 ELSE CASE civility WHEN 'M' THEN 'M.' WHEN 'MME' THEN 'Mme' END END, first_name, last_name) END AS person,
       complement, street, box, postcode, town, country
  FROM load_incoming WHERE fault IS NULL AND postcode IS NOT NULL AND town IS NOT NULL

-- name: points
-- Everything by which a line can be reached. Two telephones of one kind: the first is the main one.
CREATE UNLOGGED TABLE load_point AS
SELECT customer_id, found, 'email' AS type, email AS value, usage, true AS is_first, notice_given_at, source_date
  FROM load_incoming WHERE fault IS NULL AND email IS NOT NULL
UNION ALL
SELECT customer_id, found, CASE WHEN phone_is_mobile THEN 'phone_mobile' ELSE 'phone_fixed' END, phone,
       CASE WHEN of = 'organisation' THEN 'org' ELSE 'professional_named' END, true, NULL, source_date
  FROM load_incoming WHERE fault IS NULL AND phone IS NOT NULL
UNION ALL
SELECT customer_id, found, CASE WHEN mobile_is_mobile THEN 'phone_mobile' ELSE 'phone_fixed' END, mobile,
       CASE WHEN of = 'organisation' THEN 'org' ELSE 'professional_named' END, phone_is_mobile IS DISTINCT FROM mobile_is_mobile, NULL, source_date
  FROM load_incoming WHERE fault IS NULL AND mobile IS NOT NULL AND mobile IS DISTINCT FROM phone
UNION ALL
SELECT n, i.found, 'postal', coalesce(w.value, postal_value(organisation, person, a.complement, a.street, a.box, a.postcode, a.town)),
       CASE WHEN person IS NULL THEN 'org' ELSE 'professional_named' END, true, NULL, source_date
  FROM addressee a JOIN load_incoming i ON i.customer_id = a.n LEFT JOIN laid_out w USING (n)

-- name: points_new
INSERT INTO contact_point (customer_id, type, value_norm, usage, is_main, notice_given_at, source, source_date)
SELECT customer_id, type, value, usage, is_first, notice_given_at, %(source)s, coalesce(source_date, %(on)s) FROM load_point WHERE found IS NULL

-- name: points_more
-- A known address keeps what we learned about it: a bounce or a refusal is not undone by a delivery.
WITH added AS (
    INSERT INTO contact_point (customer_id, type, value_norm, usage, is_main, notice_given_at, source, source_date)
    SELECT customer_id, type, value, usage, false, notice_given_at, %(source)s, coalesce(source_date, %(on)s) FROM load_point WHERE found IS NOT NULL
        ON CONFLICT (customer_id, type, value_norm) DO NOTHING RETURNING customer_id)
INSERT INTO load_changed (customer_id) SELECT customer_id FROM added

-- name: notices
-- The first notice counts; a later delivery does not move its date.
WITH told AS (
    UPDATE contact_point p SET notice_given_at = l.notice_given_at
      FROM load_point l
     WHERE l.found = p.customer_id AND l.type = p.type AND l.value = p.value_norm AND p.notice_given_at IS NULL AND l.notice_given_at IS NOT NULL
 RETURNING p.customer_id)
INSERT INTO load_changed (customer_id) SELECT customer_id FROM told

-- name: not_main
-- One main address of each kind: what works before what nobody tried, the newer before the older.
CREATE TEMP TABLE best ON COMMIT DROP AS
SELECT DISTINCT ON (customer_id, type) customer_id, type, contact_point_id
  FROM contact_point p
 WHERE EXISTS (SELECT FROM load_changed c WHERE c.customer_id = p.customer_id)
 ORDER BY customer_id, type, (status IN ('invalid', 'refused', 'blocked')), status <> 'valid', source_date DESC NULLS LAST, contact_point_id DESC

-- name: mains_off
UPDATE contact_point p SET is_main = false
  FROM best b WHERE b.customer_id = p.customer_id AND b.type = p.type AND p.is_main AND p.contact_point_id <> b.contact_point_id

-- name: mains_on
UPDATE contact_point p SET is_main = true FROM best b WHERE p.contact_point_id = b.contact_point_id AND NOT p.is_main

-- name: sharing
UPDATE contact_point p SET shared_with = s.customers
  FROM (SELECT type, value_norm, count(*) AS customers FROM contact_point
         WHERE (type, value_norm) IN (SELECT type, value FROM load_point WHERE type <> 'postal') GROUP BY type, value_norm) AS s
 WHERE p.type = s.type AND p.value_norm = s.value_norm AND p.shared_with <> s.customers

-- name: counted
SELECT count(*) FILTER (WHERE fault IS NULL AND found IS NULL),
       (SELECT count(DISTINCT customer_id) FROM load_changed),
       count(*) FILTER (WHERE fault IS NULL AND found IS NOT NULL),
       count(*) FILTER (WHERE finess_repaired), count(*) FILTER (WHERE phone_repaired), count(*) FILTER (WHERE postcode_repaired),
       count(*) FILTER (WHERE fault IS NULL AND (rpps_suspect OR finess_suspect OR siret_suspect)), count(*) FILTER (WHERE is_unresolved)
  FROM load_incoming

-- name: faults
SELECT line, fault, true FROM load_incoming WHERE fault IS NOT NULL
UNION ALL SELECT line, unnest(slips), false FROM load_incoming WHERE fault IS NULL AND slips IS NOT NULL
 ORDER BY 1

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
