-- The generated base: who there is (one row per customer in `made`), then everything that hangs on them.
-- Chance is draw(seed + salt, number, below): the same seed makes the same base, on every machine.
-- Customers are numbered: pharmacies, hospitals, other organisations, then persons. What kind of
-- person somebody is follows from the number too: titulaires stand where their pharmacies stand.

-- name: words
-- The lists of names as tables: joined by number, a thousand times cheaper than walking an array.
CREATE TEMP TABLE word ON COMMIT DROP AS
SELECT 'woman' AS list, n - 1 AS n, w, replace(lower(folded(w)), ' ', '-') AS plain FROM unnest(%(women)s::text[]) WITH ORDINALITY AS t(w, n)
UNION ALL SELECT 'man', n - 1, w, replace(lower(folded(w)), ' ', '-') FROM unnest(%(men)s::text[]) WITH ORDINALITY AS t(w, n)
UNION ALL SELECT 'family', n - 1, w, replace(lower(folded(w)), ' ', '-') FROM unnest(%(families)s::text[]) WITH ORDINALITY AS t(w, n)
UNION ALL SELECT 'street', n - 1, w, folded(w) FROM unnest(%(streets)s::text[]) WITH ORDINALITY AS t(w, n)
UNION ALL SELECT 'pharmacy', n - 1, w, replace(lower(folded(w)), ' ', '-') FROM unnest(%(pharmacies)s::text[]) WITH ORDINALITY AS t(w, n)
UNION ALL SELECT 'hospital', n - 1, w, replace(lower(folded(w)), ' ', '-') FROM unnest(%(hospitals)s::text[]) WITH ORDINALITY AS t(w, n)

-- name: places
-- Slots to draw towns from: GPs and pharmacies live where people live, specialists rather in big towns.
CREATE TEMP TABLE place ON COMMIT DROP AS
WITH given AS (
    SELECT postcode, town, department, weight
      FROM unnest(%(postcodes)s::text[], %(towns)s::text[], %(departments)s::text[], %(weights)s::integer[])
        AS t(postcode, town, department, weight)),
slots AS (
    SELECT 'general' AS list, postcode, town, department, generate_series(1, weight + 12) FROM given
    UNION ALL
    SELECT 'special', postcode, town, department, generate_series(1, (weight * sqrt(weight) / 6)::integer) FROM given)
SELECT list, row_number() OVER (PARTITION BY list ORDER BY postcode, town) - 1 AS n,
       postcode, town, folded(town) AS town_line, g.department, d.region, d.region_code, d.timezone
  FROM slots g JOIN department d USING (department)

-- name: skills
CREATE TEMP TABLE skill ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY code) - 1 AS n, code, groups
  FROM (SELECT code, groups, generate_series(1, weight)
          FROM unnest(%(codes)s::text[], %(groups)s::text[], %(shares)s::integer[]) AS t(code, groups, weight)) AS s

-- name: made
-- Everybody, with all that was drawn about them. `like_whom` is somebody else's number for a person
-- who stands in the base twice: same name, same place, no RPPS.
CREATE UNLOGGED TABLE made AS
WITH numbered AS (
    SELECT n,
           CASE WHEN n <= %(pharmacies_n)s THEN 'pharmacy'
                WHEN n <= %(pharmacies_n)s + %(hospitals_n)s THEN 'hospital'
                WHEN n <= %(organisations_n)s THEN (ARRAY['wholesaler','wholesaler','distributor','authority'])[1 + draw(%(seed)s + 1, n, 4)]
                WHEN n <= %(organisations_n)s + %(pharmacies_n)s THEN 'titulaire'
                WHEN n <= %(organisations_n)s + %(pharmacies_n)s + %(adjoints_n)s THEN 'adjoint'
                WHEN n <= %(organisations_n)s + %(pharmacies_n)s + %(adjoints_n)s + %(hospitals_n)s THEN 'hospital_pharmacist'
                ELSE (CASE WHEN draw(%(seed)s + 2, n, 1000) < 880 THEN 'doctor'
                           WHEN draw(%(seed)s + 2, n, 1000) < 950 THEN 'nurse'
                           WHEN draw(%(seed)s + 2, n, 1000) < 962 THEN 'expert'
                           WHEN draw(%(seed)s + 2, n, 1000) < 975 THEN 'press'
                           ELSE 'patient' END) END AS role,
           n > %(organisations_n)s AS is_person,
           CASE WHEN n > %(organisations_n)s + %(pharmacies_n)s + %(adjoints_n)s + %(hospitals_n)s + 7
                 AND draw(%(seed)s + 3, n, 1000) < 15
                THEN n - 7 ELSE n END AS like_whom
      FROM generate_series(1, %(customers)s::bigint) AS n),
placed AS (
    SELECT n, role, is_person, like_whom, like_whom <> n AS is_twin,
           CASE WHEN role = 'titulaire' THEN n - %(organisations_n)s
                WHEN role = 'adjoint' THEN n - %(organisations_n)s - %(pharmacies_n)s
                WHEN role = 'hospital_pharmacist' THEN n - %(organisations_n)s - %(adjoints_n)s
                -- one doctor in five works in a hospital, one in four shares a practice with others
                WHEN role IN ('doctor', 'expert') AND draw(%(seed)s + 4, like_whom, 100) < 20
                     THEN %(pharmacies_n)s + 1 + draw(%(seed)s + 5, like_whom, %(hospitals_n)s)
                END AS at_organisation,
           CASE WHEN role IN ('doctor', 'expert') AND draw(%(seed)s + 4, like_whom, 100) BETWEEN 20 AND 44
                THEN like_whom / 4 * 4 END AS practice
      FROM numbered),
drawn AS (
    SELECT p.*, coalesce(at_organisation, practice, like_whom) AS place_number,
           draw(%(seed)s + 6, like_whom, 100) < 52 AS is_woman,
           CASE WHEN role IN ('doctor', 'expert') THEN draw(%(seed)s + 7, like_whom, (SELECT count(*)::integer FROM skill)) END AS skill_n,
           CASE WHEN is_person AND at_organisation IS NULL AND draw(%(seed)s + 20, coalesce(practice, like_whom), 100) < 40
                THEN 'special' ELSE 'general' END AS list
      FROM placed p)
SELECT d.n, d.role, d.is_person, d.is_twin, d.at_organisation, d.practice, d.is_woman,
       coalesce(first.w, '') AS first_name, coalesce(family.w, '') AS last_name,
       first.plain AS first_plain, family.plain AS family_plain,
       s.code AS specialty, s.groups AS specialty_group,
       CASE d.role WHEN 'pharmacy' THEN 'Pharmacie ' || shop.w
                   WHEN 'hospital' THEN clinic.w || ' ' || p.town
                   WHEN 'wholesaler' THEN 'Répartition pharmaceutique ' || p.town
                   WHEN 'distributor' THEN 'Distribution santé ' || p.town
                   WHEN 'authority' THEN 'Agence régionale fictive de ' || p.town END
       -- names as real registers have them: some do not fit a line of an address
       || CASE WHEN draw(%(seed)s + 8, d.n, 100) < 3 THEN ' - groupement des pharmaciens associés du grand ' || p.town ELSE '' END AS org_name,
       shop.plain AS shop_plain,
       (1 + draw(%(seed)s + 9, d.place_number, 140))
       || CASE draw(%(seed)s + 10, d.place_number, 25) WHEN 0 THEN ' bis' WHEN 1 THEN ' ter' ELSE '' END
       || ' ' || street.w
       || CASE WHEN draw(%(seed)s + 11, d.place_number, 200) = 0 THEN ', résidence des Jardins de l''Ancienne Abbaye, bâtiment C' ELSE '' END AS street,
       CASE WHEN draw(%(seed)s + 12, d.n, 500) > 0 THEN p.postcode END AS postcode,
       CASE WHEN draw(%(seed)s + 12, d.n, 500) > 0 THEN p.town END AS town,
       p.department, p.region, p.region_code, p.timezone,
       -- 1 to 5, few at the top
       (ARRAY[1,1,1,2,2,2,2,3,3,3,3,3,3,4,4,4,4,5,5,5])[1 + draw(%(seed)s + 13, d.n, 20)] AS potential,
       1 + draw(%(seed)s + 14, d.n, 4) AS rfm_tier
  FROM drawn d
  JOIN place p ON p.list = d.list
              AND p.n = draw(%(seed)s + 15, d.place_number, CASE d.list WHEN 'special' THEN (SELECT count(*)::integer FROM place WHERE list = 'special')
                                                                ELSE (SELECT count(*)::integer FROM place WHERE list = 'general') END)
  LEFT JOIN word first ON d.is_person AND first.list = CASE WHEN d.is_woman THEN 'woman' ELSE 'man' END
       AND first.n = draw(%(seed)s + 16, d.like_whom, CASE WHEN d.is_woman THEN cardinality(%(women)s::text[]) ELSE cardinality(%(men)s::text[]) END)
  LEFT JOIN word family ON d.is_person AND family.list = 'family' AND family.n = draw(%(seed)s + 17, d.like_whom, cardinality(%(families)s::text[]))
  LEFT JOIN skill s ON s.n = d.skill_n
  LEFT JOIN word street ON street.list = 'street' AND street.n = draw(%(seed)s + 18, d.place_number, cardinality(%(streets)s::text[]))
  LEFT JOIN word shop ON d.role = 'pharmacy' AND shop.list = 'pharmacy' AND shop.n = draw(%(seed)s + 19, d.n, cardinality(%(pharmacies)s::text[]))
  LEFT JOIN word clinic ON d.role = 'hospital' AND clinic.list = 'hospital' AND clinic.n = draw(%(seed)s + 19, d.n, cardinality(%(hospitals)s::text[]))

-- name: customers
INSERT INTO customer (customer_id, of, kinds, status, civility, title, last_name, first_name, org_name, sort_name,
                      profession, specialty, specialty_group, practice_mode, sector, category, street, postcode, town,
                      department, region, timezone, credit_status, do_not_call, retention_anchor_at, facts, source, source_date)
OVERRIDING SYSTEM VALUE
SELECT n, CASE WHEN is_person THEN 'person' ELSE 'organisation' END,
       CASE role WHEN 'titulaire' THEN '{pharmacist}'::text[] WHEN 'adjoint' THEN '{pharmacist}' WHEN 'hospital_pharmacist' THEN '{pharmacist}'
                 WHEN 'doctor' THEN '{prescriber}' WHEN 'expert' THEN '{prescriber,expert}' WHEN 'nurse' THEN '{paramedical}'
                 ELSE ARRAY[role] END,
       CASE WHEN draw(%(seed)s + 30, n, 1000) < 965 THEN 'active' WHEN draw(%(seed)s + 30, n, 1000) < 980 THEN 'inactive'
            WHEN NOT is_person THEN 'suspended' WHEN draw(%(seed)s + 30, n, 1000) < 996 THEN 'retired' ELSE 'deceased' END,
       CASE WHEN is_person THEN CASE WHEN is_woman THEN 'MME' ELSE 'M' END END,
       CASE WHEN role = 'expert' AND draw(%(seed)s + 31, n, 3) = 0 THEN 'PR' WHEN role IN ('doctor', 'expert') THEN 'DR' END,
       nullif(last_name, ''), nullif(first_name, ''), org_name,
       folded(coalesce(org_name, last_name || ' ' || first_name)),
       CASE WHEN role IN ('doctor', 'expert') THEN '10' WHEN role IN ('titulaire', 'adjoint', 'hospital_pharmacist') THEN '21'
            WHEN role = 'nurse' THEN '60' END,
       specialty, specialty_group,
       CASE WHEN role IN ('doctor', 'expert') THEN CASE WHEN at_organisation IS NULL THEN 'L' ELSE 'S' END
            WHEN role = 'titulaire' THEN 'L' WHEN role IN ('adjoint', 'hospital_pharmacist') THEN 'S' WHEN role = 'nurse' THEN 'L' END,
       CASE WHEN role IN ('pharmacy', 'titulaire', 'adjoint') THEN 'SA33' WHEN role IN ('hospital', 'hospital_pharmacist') THEN 'SA01'
            WHEN role IN ('doctor', 'expert') THEN CASE WHEN at_organisation IS NULL THEN 'SA07' ELSE 'SA01' END END,
       CASE role WHEN 'pharmacy' THEN '620' WHEN 'hospital' THEN (ARRAY['101','355','355','365'])[1 + draw(%(seed)s + 32, n, 4)] END,
       street, postcode, town, department, region, timezone,
       CASE WHEN is_person THEN 'ok' WHEN draw(%(seed)s + 33, n, 1000) < 945 THEN 'ok' WHEN draw(%(seed)s + 33, n, 1000) < 970 THEN 'watch'
            WHEN draw(%(seed)s + 33, n, 1000) < 993 THEN 'dunning' ELSE 'blocked' END,
       draw(%(seed)s + 34, n, 100) < 2,
       %(on)s::timestamptz - (1 + draw(%(seed)s + 35, n, 900)) * interval '1 day',
       CASE WHEN role = 'pharmacy' THEN jsonb_build_object('potential', potential, 'rfm_tier', rfm_tier)
            WHEN role IN ('patient', 'press') THEN '{}' ELSE jsonb_build_object('potential', potential) END,
       'generated', %(on)s::date - draw(%(seed)s + 36, n, 400)
  FROM made ORDER BY n

-- name: identifiers
-- RPPS 997..., FINESS 99...: ranges that nobody is given (domain §4.12). One RPPS in a hundred has a wrong key, and says so.
INSERT INTO identifier (scheme, value, customer_id, checksum_suspect, source)
SELECT 'RPPS', stem || CASE WHEN bad THEN (11 - luhn_rest(stem || '0')) %% 10 ELSE (10 - luhn_rest(stem || '0')) %% 10 END, n, bad, 'generated'
  FROM (SELECT n, '997' || lpad(n::text, 7, '0') AS stem, draw(%(seed)s + 40, n, 100) = 0 AS bad
          FROM made WHERE role IN ('doctor', 'expert', 'titulaire', 'adjoint', 'hospital_pharmacist', 'nurse') AND NOT is_twin) AS p
UNION ALL
SELECT 'FINESS', stem || (10 - luhn_rest(stem || '0')) %% 10, n, false, 'generated'
  FROM (SELECT n, '99' || lpad(n::text, 6, '0') AS stem FROM made WHERE role IN ('pharmacy', 'hospital')) AS o
UNION ALL
SELECT 'ext:crm', 'C' || n, n, false, 'generated' FROM made

-- name: guards
INSERT INTO contact_guard (customer_id) SELECT n FROM made

-- name: affiliations
INSERT INTO affiliation (person_id, organisation_id, role, is_primary, practice_mode, sector, cnop_section, weekly_half_days, source)
SELECT n, at_organisation,
       CASE role WHEN 'titulaire' THEN 'titulaire' WHEN 'adjoint' THEN 'adjoint' WHEN 'hospital_pharmacist' THEN 'pharmacien_PUI'
                 ELSE CASE WHEN draw(%(seed)s + 45, n, 12) = 0 THEN 'chef_de_service' ELSE 'praticien' END END,
       true, CASE role WHEN 'titulaire' THEN 'L' ELSE 'S' END,
       CASE WHEN role IN ('titulaire', 'adjoint') THEN 'SA33' ELSE 'SA01' END,
       CASE role WHEN 'titulaire' THEN 'A' WHEN 'adjoint' THEN 'D' WHEN 'hospital_pharmacist' THEN 'H' END,
       4 + draw(%(seed)s + 46, n, 7), 'generated'
  FROM made WHERE at_organisation IS NOT NULL

-- name: mailboxes
-- Four in ten doctors of a shared practice have its secretary's mailbox; some addresses are broken.
INSERT INTO contact_point (customer_id, type, value_norm, value_raw, usage, status, status_reason, notice_given_at, source, source_date)
SELECT n, 'email', value, value,
       CASE WHEN role = 'patient' THEN 'personal' WHEN NOT is_person THEN 'org' WHEN shared THEN 'professional_generic'
            WHEN draw(%(seed)s + 54, n, 100) < 3 THEN 'personal' ELSE 'professional_named' END,
       CASE WHEN broken OR bounced THEN 'invalid' WHEN draw(%(seed)s + 55, n, 100) < 60 THEN 'valid' ELSE 'unverified' END,
       CASE WHEN broken THEN 'not an address' WHEN bounced THEN '5.1.1' END,
       CASE WHEN draw(%(seed)s + 56, n, 100) < CASE WHEN is_person THEN 45 ELSE 80 END
            THEN %(on)s::timestamptz - (30 + draw(%(seed)s + 57, n, 700)) * interval '1 day' END,
       'generated', %(on)s::date - draw(%(seed)s + 36, n, 400)
  FROM (SELECT n, role, is_person, shared, broken, bounced,
               CASE WHEN shared THEN 'secretariat.cabinet-' || practice
                    WHEN role IN ('doctor', 'expert') THEN 'dr.' || first_plain || '.' || family_plain || '.' || n
                    WHEN is_person THEN first_plain || '.' || family_plain || '.' || n
                    WHEN role = 'pharmacy' THEN 'pharmacie.' || shop_plain || '.' || n
                    ELSE role || '.' || n END || CASE WHEN broken THEN '@example' ELSE '@example.org' END AS value
          FROM (SELECT *, practice IS NOT NULL AND draw(%(seed)s + 50, n, 100) < 40 AS shared,
                       draw(%(seed)s + 51, n, 1000) < 8 AS broken, draw(%(seed)s + 52, n, 1000) < 12 AS bounced
                  FROM made
                 WHERE draw(%(seed)s + 53, n, 100) < CASE role WHEN 'pharmacy' THEN 90 WHEN 'doctor' THEN 76 WHEN 'hospital' THEN 70
                       WHEN 'nurse' THEN 35 WHEN 'titulaire' THEN 60 WHEN 'adjoint' THEN 45 ELSE 75 END) AS m) AS b

-- name: telephones
-- Numbers that no subscriber has: the ranges kept for films.
INSERT INTO contact_point (customer_id, type, value_norm, value_raw, usage, status, source, source_date)
SELECT n, 'phone_fixed', '+33' || zone || lpad(draw(%(seed)s + 60, coalesce(practice, n), 10000)::text, 4, '0'), NULL,
       CASE WHEN is_person THEN 'professional_named' ELSE 'org' END, 'unverified', 'generated', %(on)s::date - draw(%(seed)s + 36, n, 400)
  FROM (SELECT *, (ARRAY['19900','26191','35301','46571','53649'])[1 + draw(%(seed)s + 61, coalesce(practice, n), 5)] AS zone FROM made) AS m
 WHERE draw(%(seed)s + 62, n, 100) < CASE WHEN is_person THEN 65 ELSE 92 END
UNION ALL
SELECT n, 'phone_mobile', '+3363998' || lpad(draw(%(seed)s + 63, n, 10000)::text, 4, '0'), NULL, 'professional_named', 'unverified', 'generated',
       %(on)s::date - draw(%(seed)s + 36, n, 400)
  FROM made WHERE is_person AND draw(%(seed)s + 64, n, 100) < 25

-- name: addressees
-- What an envelope would say, in parts; the awkward ones are laid out by the rules of post.
CREATE TEMP TABLE addressee ON COMMIT DROP AS
SELECT m.n, coalesce(m.org_name, o.org_name) AS organisation,
       CASE WHEN m.is_person THEN CASE WHEN m.role IN ('doctor', 'expert') THEN 'Dr ' WHEN m.is_woman THEN 'Mme ' ELSE 'M. ' END
            || m.first_name || ' ' || m.last_name END AS person,
       NULL::text AS complement, m.street, NULL::text AS box, m.postcode, m.town, 'FR'::text AS country
  FROM made m LEFT JOIN made o ON o.n = m.at_organisation
 WHERE m.postcode IS NOT NULL

-- name: letterboxes
INSERT INTO contact_point (customer_id, type, value_norm, value_raw, usage, status, source, source_date)
SELECT n, 'postal', coalesce(w.value, postal_value(organisation, person, complement, street, box, postcode, town)),
       concat_ws(', ', street, postcode || ' ' || town), CASE WHEN person IS NULL THEN 'org' ELSE 'professional_named' END,
       CASE WHEN draw(%(seed)s + 70, n, 100) < 2 THEN 'invalid' ELSE 'unverified' END, 'generated', %(on)s::date - draw(%(seed)s + 36, n, 400)
  FROM addressee LEFT JOIN laid_out w USING (n)

-- name: sharing
-- How many customers have the same mailbox or number.
UPDATE contact_point p SET shared_with = s.customers
  FROM (SELECT type, value_norm, count(*) AS customers FROM contact_point WHERE type <> 'postal'
         GROUP BY type, value_norm HAVING count(*) > 1) AS s
 WHERE p.type = s.type AND p.value_norm = s.value_norm

-- name: consent_events
-- Every act leaves its own proof. Some lack one, some have run out, some took it back.
INSERT INTO consent_event (customer_id, channel, purpose, address, opt, opt_out_cause, captured_at, effective_to,
                           text_version, proof_type, proof_ref, source, source_id)
SELECT n, channel, purpose, CASE WHEN opt = 'opt_in' THEN value_norm END, opt,
       CASE WHEN opt IN ('opt_out', 'never') THEN (ARRAY['unsubscribed','unsubscribed','phone','letter','dpo'])[1 + draw(%(seed)s + 81, n, 5)] END,
       %(on)s::timestamptz - (40 + draw(%(seed)s + 82, n, 690)) * interval '1 day' - draw(%(seed)s + 83, n, 86400) * interval '1 second',
       CASE WHEN opt = 'opt_in' AND draw(%(seed)s + 84, n, 100) < 4 THEN %(on)s::timestamptz - draw(%(seed)s + 85, n, 30) * interval '1 day' END,
       CASE WHEN opt = 'opt_in' AND proven THEN 'v' || (2024 + draw(%(seed)s + 86, n, 2)) || '-1' END,
       CASE WHEN opt <> 'opt_in' OR proven THEN (ARRAY['web_form','web_form','paper_id','signature','email_reply'])[1 + draw(%(seed)s + 87, n, 5)] END,
       CASE WHEN opt <> 'opt_in' OR proven THEN 'GEN-' || n || '-' || ask END,
       'generated', n || '-' || ask
  FROM (SELECT m.n, a.ask, a.channel, a.purpose, p.value_norm, draw(%(seed)s + 88, m.n, 100) >= 3 AS proven,
               CASE WHEN a.channel = 'email' AND p.value_norm IS NULL THEN NULL
                    WHEN x.d < a.yes THEN 'opt_in' WHEN x.d < a.yes + a.no THEN 'opt_out'
                    WHEN x.d < a.yes + a.no + a.pending THEN 'opt_in_pending' WHEN x.d = 999 THEN 'never' END AS opt
          FROM made m
          JOIN (VALUES (1, 'prescriber', 'email', 'promo_rx', 590, 70, 20), (2, 'prescriber', 'email', 'promo_otc', 350, 70, 20),
                       (3, 'prescriber', 'email', 'event', 400, 50, 0), (4, 'pharmacy', 'email', 'commercial', 450, 30, 10),
                       (5, 'pharmacy', 'email', 'promo_rx', 450, 40, 0), (5, 'pharmacist', 'email', 'promo_rx', 450, 40, 0),
                       (6, 'pharmacist', 'email', 'commercial', 350, 30, 0), (7, 'prescriber', 'mailing', '*', 0, 12, 0),
                       (8, 'prescriber', 'email_open_tracking', '*', 300, 10, 0), (8, 'pharmacy', 'email_open_tracking', '*', 400, 10, 0))
               AS a(ask, whom, channel, purpose, yes, no, pending)
            ON a.whom = CASE WHEN m.role IN ('doctor', 'expert') THEN 'prescriber' WHEN m.role IN ('titulaire', 'adjoint', 'hospital_pharmacist') THEN 'pharmacist' ELSE m.role END
          -- who says yes to one purpose is likely to say yes to the next: one draw for all
         CROSS JOIN LATERAL (SELECT draw(%(seed)s + 80, m.n, 1000) AS d) AS x
          LEFT JOIN contact_point p ON p.customer_id = m.n AND p.type = 'email' AND p.status <> 'invalid') AS e
 WHERE opt IS NOT NULL

-- name: territories
-- Town representatives have half a region's départements each, those of pharmacies a third, those of hospitals a region.
INSERT INTO territory (territory, name, parent, sales_force)
SELECT 'FR', 'France', NULL, NULL
UNION ALL
SELECT DISTINCT 'FR-' || f.force || '-' || d.region_code, f.label || ' ' || d.region, 'FR', f.force
  FROM department d CROSS JOIN (VALUES ('PCR', 'Ville'), ('PHARMA', 'Officine'), ('HOSP', 'Hôpital')) AS f(force, label)
 WHERE d.region_code NOT IN ('COM', 'MCO')
UNION ALL
SELECT DISTINCT territory, f_label || ' ' || region || ' ' || part, parent, force FROM sector

-- name: sectors
-- Which territory of which sales force a département belongs to.
CREATE TEMP TABLE sector ON COMMIT DROP AS
SELECT f.force, f.label AS f_label, d.department, d.region, 'FR-' || f.force || '-' || d.region_code AS parent, p.part,
       'FR-' || f.force || '-' || d.region_code || '-' || lpad(p.part::text, 2, '0') AS territory
  FROM (SELECT *, row_number() OVER (PARTITION BY region_code ORDER BY department) - 1 AS place FROM department
         WHERE region_code NOT IN ('COM', 'MCO')) AS d
 CROSS JOIN (VALUES ('PCR', 'Ville', 1), ('PHARMA', 'Officine', 3), ('HOSP', 'Hôpital', 100)) AS f(force, label, many)
 CROSS JOIN LATERAL (SELECT 1 + d.place / f.many AS part) AS p

-- name: reps
INSERT INTO rep (code, first_name, last_name, email, phone, rep_type, daily_capacity, holiday_set)
SELECT code, first.w, family.w, lower(code) || '@armorial.example.org', '+3363998' || lpad((9000 + k)::text, 4, '0'), force,
       CASE force WHEN 'HOSP' THEN 4 WHEN 'PHARMA' THEN 8 ELSE 6 END, CASE WHEN alsace THEN 'FR-AM' ELSE 'FR' END
  FROM (SELECT force, force || '-' || lpad(row_number() OVER (PARTITION BY force ORDER BY territory)::text, 3, '0') AS code,
               row_number() OVER (ORDER BY territory) AS k, alsace
          FROM (SELECT force, territory, bool_or(department IN ('57', '67', '68')) AS alsace FROM sector GROUP BY force, territory) AS t) AS r
  JOIN word first ON first.list = CASE WHEN k %% 2 = 0 THEN 'woman' ELSE 'man' END
       AND first.n = draw(%(seed)s + 90, k, CASE WHEN k %% 2 = 0 THEN cardinality(%(women)s::text[]) ELSE cardinality(%(men)s::text[]) END)
  JOIN word family ON family.list = 'family' AND family.n = draw(%(seed)s + 91, k, cardinality(%(families)s::text[]))
 ORDER BY force, code

-- name: assignments
-- Each territory has its rep; one in thirty is vacant, and the one before stands in.
INSERT INTO rep_assignment (rep_id, territory, role, valid_from)
SELECT CASE WHEN vacant THEN coalesce(lag(rep_id) OVER (PARTITION BY force ORDER BY territory), rep_id) ELSE rep_id END, territory,
       CASE WHEN vacant THEN 'interim' ELSE 'owner' END, %(on)s::date - 900
  FROM (SELECT t.force, t.territory, r.rep_id, draw(%(seed)s + 92, r.rep_id, 30) = 0 AS vacant
          FROM (SELECT force, territory, row_number() OVER (PARTITION BY force ORDER BY territory) AS k
                  FROM (SELECT DISTINCT force, territory FROM sector) AS s) AS t
          JOIN rep r ON r.code = t.force || '-' || lpad(t.k::text, 3, '0')) AS a

-- name: alignments
INSERT INTO alignment (customer_id, rep_type, territory, reason)
SELECT m.n, s.force, s.territory, CASE WHEN s.force = 'HOSP' THEN 'hospital' ELSE 'geo' END
  FROM made m
  JOIN sector s ON s.department = m.department
   AND s.force = CASE WHEN m.role IN ('pharmacy', 'titulaire', 'adjoint') THEN 'PHARMA'
                      WHEN m.role IN ('hospital', 'hospital_pharmacist') OR (m.role IN ('doctor', 'expert') AND m.at_organisation IS NOT NULL) THEN 'HOSP'
                      WHEN m.role IN ('doctor', 'expert') THEN 'PCR' END
 WHERE m.postcode IS NOT NULL

-- name: calendars
-- Days off, meetings on Mondays, visits that the field planned itself: half a year around the day.
INSERT INTO rep_calendar (rep_id, day, fraction_off, planned_visits, reason)
SELECT rep_id, day::date,
       CASE WHEN draw(%(seed)s + 95, rep_id * 1000 + k / 5, 24) = 0 THEN 1 WHEN extract(isodow FROM day) = 1 THEN 0.5 ELSE 0 END,
       draw(%(seed)s + 96, rep_id * 1000 + k, 3),
       CASE WHEN draw(%(seed)s + 95, rep_id * 1000 + k / 5, 24) = 0 THEN 'congés' WHEN extract(isodow FROM day) = 1 THEN 'réunion' END
  FROM rep CROSS JOIN generate_series(0, 179) AS k
 CROSS JOIN LATERAL (SELECT %(on)s::date - 30 + k AS day) AS d
 WHERE extract(isodow FROM day) < 6

-- name: products
INSERT INTO brand (brand, name, atc, launch_on) VALUES
    ('HIVERNAX', 'HIVERNAX', 'J07BB02', '2019-09-01'), ('DERMAPHARM', 'DERMAPHARM', 'D02A', '2015-03-01'),
    ('CARDIANE', 'CARDIANE', 'C09DA', '2021-01-15')
    ON CONFLICT DO NOTHING

-- name: product_list
INSERT INTO product (cis, brand, denomination, form, amm_holder, rx_status, reimbursed) VALUES
    ('00000001', 'HIVERNAX', 'HIVERNAX, suspension injectable en seringue préremplie', 'suspension injectable', 'Laboratoires Armorial', 'L1', true),
    ('00000002', 'DERMAPHARM', 'DERMAPHARM baume réparateur', 'crème', 'Laboratoires Armorial', 'OTC', false),
    ('00000003', 'CARDIANE', 'CARDIANE 80 mg, comprimé', 'comprimé', 'Laboratoires Armorial', 'L1', true)
    ON CONFLICT DO NOTHING

-- name: presentations
INSERT INTO presentation (cip13, cip7, cis, label, price_ht, vat, max_discount) VALUES
    ('3400900000174', '0000017', '00000001', 'HIVERNAX, 1 seringue', 8.90, 2.10, 0.0250),
    ('3400900000235', '0000023', '00000001', 'HIVERNAX, 10 seringues', 86.00, 2.10, 0.0250),
    ('3400900000464', '0000046', '00000002', 'DERMAPHARM, tube de 50 ml', 7.40, 20.00, NULL),
    ('3400900000525', '0000052', '00000002', 'DERMAPHARM, flacon de 400 ml', 14.20, 20.00, NULL),
    ('3400900001065', '0000106', '00000003', 'CARDIANE 80 mg, 30 comprimés', 12.35, 2.10, 0.0250)
    ON CONFLICT DO NOTHING

-- name: touches
-- What was done before: in campaigns of earlier seasons, which this engine did not run.
INSERT INTO touch (touch_id, customer_id, campaign, channel, brand, purpose, state, outcome, outcome_at, due_at, touched_at, cost, source, source_id)
OVERRIDING SYSTEM VALUE
SELECT (n - 1) * %(touches)s + k, n,
       lower(brand) || '-' || extract(year FROM at)::integer, channel, brand,
       CASE WHEN brand = 'DERMAPHARM' OR role IN ('pharmacy', 'wholesaler', 'distributor') THEN 'commercial' ELSE 'promo_rx' END, 'accepted',
       CASE channel WHEN 'email' THEN CASE WHEN luck < 2 THEN 'bounced_hard' WHEN luck < 5 THEN 'bounced_soft' ELSE 'dsn_ok' END
                    WHEN 'visit' THEN CASE WHEN luck < 82 THEN 'done' ELSE 'not_done' END
                    WHEN 'mailing' THEN CASE WHEN luck < 3 THEN 'returned' END
                    ELSE CASE WHEN luck < 60 THEN 'done' ELSE 'not_done' END END,
       at + interval '1 hour', at, at,
       CASE channel WHEN 'email' THEN 0.02 WHEN 'visit' THEN 55 WHEN 'mailing' THEN 0.9 ELSE 7.5 END,
       'generated', n || '-' || k
  FROM (SELECT n, k, role, h %% 100 AS luck,
               CASE WHEN role IN ('patient', 'press', 'authority', 'wholesaler', 'distributor') OR (h / 100) %% 100 < 62 THEN 'email'
                    WHEN (h / 100) %% 100 < 82 THEN 'visit' WHEN (h / 100) %% 100 < 94 THEN 'mailing' ELSE 'call' END AS channel,
               CASE WHEN role IN ('pharmacy', 'titulaire', 'adjoint', 'wholesaler', 'distributor')
                    THEN (ARRAY['HIVERNAX','DERMAPHARM','DERMAPHARM'])[1 + (h / 10000) %% 3]
                    WHEN role = 'nurse' THEN 'DERMAPHARM'
                    ELSE (ARRAY['HIVERNAX','CARDIANE','CARDIANE'])[1 + (h / 10000) %% 3] END AS brand,
               -- evenly over the months, in working hours
               date_trunc('day', %(on)s::timestamptz) - (3 + (h / 100000) %% (30 * %(months)s)) * interval '1 day'
               + interval '7 hours' + ((h / 1000000000) %% 36000) * interval '1 second' AS at
          FROM made CROSS JOIN generate_series(1, %(touches)s) AS k
         CROSS JOIN LATERAL (SELECT hashint8extended(n * 1000 + k, %(seed)s + 100) & 4611686018427387903 AS h) AS x) AS t

-- name: responses
-- What came back: opens and clicks of mails, what reps and agents reported, coupons of letters.
INSERT INTO response (customer_id, touch_id, campaign, channel, brand, type, at, label, attribution, source, source_id)
SELECT customer_id, touch_id, campaign, channel, brand,
       CASE channel WHEN 'email' THEN CASE WHEN luck < 55 THEN 'open' WHEN luck < 72 THEN 'open_machine' WHEN luck < 96 THEN 'click'
                                           WHEN luck < 98 THEN 'form' ELSE 'reply' END
                    WHEN 'visit' THEN 'visit_outcome' WHEN 'mailing' THEN CASE WHEN luck < 70 THEN 'coupon' ELSE 'form' END
                    ELSE 'call_outcome' END,
       touched_at + (60 + (h / 1000) %% 260000) * interval '1 second',
       CASE WHEN channel = 'email' AND luck BETWEEN 72 AND 95 THEN (ARRAY['decouvrir','commander','rcp','desinscription'])[1 + (h / 200) %% 4] END,
       'token', 'generated', touch_id || '-' || j
  FROM touch CROSS JOIN generate_series(1, %(most)s) AS j
 CROSS JOIN LATERAL (SELECT hashint8extended(touch_id * 64 + j, %(seed)s + 110) & 4611686018427387903 AS h) AS x
 CROSS JOIN LATERAL (SELECT h %% 100 AS luck) AS y
 WHERE (h / 100000000) %% 1000000 < %(per_million)s AND source = 'generated'

-- name: order_heads
-- Pharmacies order by tier; vaccines before the season, the rest all year. Hospitals order vaccines only.
CREATE TEMP TABLE order_made ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY n, k) AS order_id, n, k, h, brand,
       date_trunc('day', %(on)s::timestamptz) - (1 + CASE brand
            -- February to July and October: back from the day to those months
            WHEN 'HIVERNAX' THEN ((h / 7) %% (%(months)s / 12)) * 365 + ((extract(doy FROM %(on)s::date)::integer + 365 - (35 + (h / 11) %% 170)) %% 365)
            ELSE (h / 13) %% (%(months)s * 30) END) * interval '1 day' + interval '8 hours' + ((h / 17) %% 36000) * interval '1 second' AS ordered_at
  FROM (SELECT n, k, role, h, CASE WHEN role = 'hospital' OR (h / 3) %% 100 < 35 THEN 'HIVERNAX' ELSE 'DERMAPHARM' END AS brand
          FROM made CROSS JOIN LATERAL generate_series(1, CASE WHEN role = 'hospital' THEN draw(%(seed)s + 120, n, 3)
                       WHEN draw(%(seed)s + 121, n, 100) < 12 THEN 0 ELSE (ARRAY[14, 8, 4, 1])[rfm_tier] END) AS k
         CROSS JOIN LATERAL (SELECT hashint8extended(n * 1000 + k, %(seed)s + 122) & 4611686018427387903 AS h) AS x
         WHERE role IN ('pharmacy', 'hospital')) AS o

-- name: orders
INSERT INTO orders (order_id, source, order_no, customer_id, origin, type, ordered_at, status, amount_ht)
OVERRIDING SYSTEM VALUE
SELECT o.order_id, 'generated', 'G' || o.order_id, n, (ARRAY['rep','web','web','call_center','edi'])[1 + (h / 19) %% 5],
       CASE WHEN (h / 23) %% 5 = 0 THEN 'transfer' ELSE 'direct' END, ordered_at,
       CASE WHEN (h / 29) %% 100 < 3 THEN 'cancelled' ELSE 'invoiced' END, sum(l.amount_ht)
  FROM order_made o JOIN line_made l USING (order_id)
 GROUP BY o.order_id, n, h, ordered_at ORDER BY o.order_id

-- name: lines_made
CREATE TEMP TABLE line_made ON COMMIT DROP AS
SELECT order_id, line_no, cip13, brand, units, price_ht, round(units * price_ht, 2) AS amount_ht
  FROM (SELECT o.order_id, row_number() OVER (PARTITION BY o.order_id ORDER BY p.cip13) AS line_no, p.cip13, o.brand, p.price_ht,
               CASE WHEN p.cip13 = '3400900000174' THEN 2 + (h / 31) %% 8 WHEN p.cip13 = '3400900000235' THEN 1 + (h / 37) %% 12
                    ELSE 3 + (h / 41) %% 30 END AS units
          FROM order_made o
          JOIN product d ON d.brand = o.brand JOIN presentation p ON p.cis = d.cis
         WHERE (h / 43 + right(p.cip13, 2)::integer) %% 3 < 2 OR p.cip13 IN ('3400900000235', '3400900000464')) AS l

-- name: order_lines
INSERT INTO order_line (order_id, line_no, cip13, brand, units, unit_price_ht, amount_ht)
SELECT order_id, line_no, cip13, brand, units, price_ht, amount_ht FROM line_made ORDER BY order_id, line_no

-- name: sequences
-- Ids were given by number; the next ones come after them.
SELECT setval(pg_get_serial_sequence('customer', 'customer_id'), (SELECT max(customer_id) FROM customer)),
       setval(pg_get_serial_sequence('touch', 'touch_id'), (SELECT coalesce(max(touch_id), 1) FROM touch)),
       setval(pg_get_serial_sequence('orders', 'order_id'), (SELECT coalesce(max(order_id), 1) FROM orders))

-- name: counted
SELECT (SELECT count(*) FROM customer), (SELECT count(*) FROM customer WHERE of = 'person'), (SELECT count(*) FROM contact_point),
       (SELECT count(*) FROM consent_event), (SELECT count(*) FROM touch), (SELECT count(*) FROM response),
       (SELECT count(*) FROM orders), (SELECT count(*) FROM rep)
