-- The generated base: who there is (one row per customer in making.made, with all that was drawn about
-- them), then everything that hangs on them, each table in one INSERT: nothing is written twice.
-- Chance is a hash of seed and number, so the same seed makes the same base, on every machine; a hash
-- is taken once a row and read in parts (`drawn`: four numbers of 16 bits each).
-- Customers are numbered: pharmacies, hospitals, other organisations, then persons. What kind of
-- person somebody is follows from the number too: titulaires stand where their pharmacies stand.
-- Ids are computed from the customer's number, and padded where they are texts: what is written in
-- the order of its keys needs no sorting when the keys are built.

-- name: made
-- The customers from one number to another. `like_whom` is somebody else's number for a person who
-- stands in the base twice: same name, same place, no RPPS. OFFSET 0 keeps the planner from
-- computing a hash again wherever it is read.
CREATE UNLOGGED TABLE making.{part} WITH (autovacuum_enabled = off) AS
WITH
woman AS (SELECT n - 1 AS n, w, lower(replace(folded(w), ' ', '-')) AS plain, folded(w) AS line FROM unnest(%(women)s::text[]) WITH ORDINALITY AS t(w, n)),
man AS (SELECT n - 1 AS n, w, lower(replace(folded(w), ' ', '-')) AS plain, folded(w) AS line FROM unnest(%(men)s::text[]) WITH ORDINALITY AS t(w, n)),
first_name AS (SELECT true AS is_woman, * FROM woman UNION ALL SELECT false, * FROM man),
family AS (SELECT n - 1 AS n, w, lower(replace(folded(w), ' ', '-')) AS plain, folded(w) AS line FROM unnest(%(families)s::text[]) WITH ORDINALITY AS t(w, n)),
street AS (SELECT n - 1 AS n, w, folded(w) AS line, long FROM unnest(%(streets)s::text[], %(long_streets)s::text[]) WITH ORDINALITY AS t(w, long, n)),
skill AS (SELECT n, code, groups FROM unnest(%(codes)s::text[], %(groups)s::text[]) WITH ORDINALITY AS t(code, groups, n)),
town AS (
    SELECT t.n, t.postcode, t.town, t.postcode || ' ' || folded(t.town) AS town_line, department, d.region, d.timezone,
           -- when it is nine o'clock there
           extract(epoch FROM (%(on)s::date + time '09:00') AT TIME ZONE d.timezone - %(on)s::timestamptz)::integer AS opens,
           department IN ('974', '976') AS is_south
      FROM unnest(%(postcodes)s::text[], %(towns)s::text[], %(departments)s::text[]) WITH ORDINALITY AS t(postcode, town, department, n)
      JOIN department d USING (department)),
numbered AS (
    SELECT n, n > %(organisations_n)s AS is_person,
           CASE WHEN n > %(named_n)s + 7 AND drawn(hashint8extended(n, %(seed)s), 0, 1000) < 15 THEN n - 7 ELSE n END AS like_whom
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n OFFSET 0),
hashed AS (
    SELECT *, hashint8extended(like_whom, %(seed)s + 1) AS w, hashint8extended(like_whom, %(seed)s + 2) & 4611686018427387903 AS w2,
           hashint8extended(n, %(seed)s + 3) AS h, hashint8extended(n, %(seed)s + 4) AS h2, hashint8extended(n, %(seed)s + 5) AS h3,
           hashint8extended(n, %(seed)s + 6) AS h4, hashint8extended(n, %(seed)s + 7) AS h5, hashint8extended(n, %(seed)s + 8) AS h6
      FROM numbered OFFSET 0),
cast_as AS (
    SELECT *, CASE WHEN n <= %(pharmacies_n)s THEN 'pharmacy'
                   WHEN n <= %(pharmacies_n)s + %(hospitals_n)s THEN 'hospital'
                   WHEN n <= %(organisations_n)s THEN (ARRAY['wholesaler','wholesaler','distributor','authority'])[1 + drawn(w, 0, 4)]
                   WHEN n <= %(organisations_n)s + %(pharmacies_n)s THEN 'titulaire'
                   WHEN n <= %(organisations_n)s + %(pharmacies_n)s + %(adjoints_n)s THEN 'adjoint'
                   WHEN n <= %(named_n)s THEN 'hospital_pharmacist'
                   ELSE (CASE WHEN drawn(w, 0, 1000) < 880 THEN 'doctor' WHEN drawn(w, 0, 1000) < 950 THEN 'nurse'
                              WHEN drawn(w, 0, 1000) < 962 THEN 'expert' WHEN drawn(w, 0, 1000) < 975 THEN 'press' ELSE 'patient' END) END AS role
      FROM hashed OFFSET 0),
placed AS (
    SELECT *, CASE WHEN role = 'titulaire' THEN n - %(organisations_n)s
                   WHEN role = 'adjoint' THEN n - %(organisations_n)s - %(pharmacies_n)s
                   WHEN role = 'hospital_pharmacist' THEN n - %(organisations_n)s - %(adjoints_n)s
                   -- one doctor in five works in a hospital, one in four shares a practice with others
                   WHEN role IN ('doctor', 'expert') AND drawn(w, 1, 100) < 20 THEN %(pharmacies_n)s + 1 + w2 %% %(hospitals_n)s
                   END AS at_organisation,
              CASE WHEN role IN ('doctor', 'expert') AND drawn(w, 1, 100) >= 20 AND draw(%(seed)s + 13, like_whom / 4, 100) < 31
                   THEN like_whom / 4 * 4 END AS practice,
              role IN ('doctor', 'expert') AS is_prescriber, drawn(w, 2, 100) < 52 AS is_woman
      FROM cast_as OFFSET 0),
located AS (
    SELECT *, hashint8extended(coalesce(at_organisation, practice, like_whom), %(seed)s + 9) AS p,
              hashint8extended(coalesce(at_organisation, practice, like_whom), %(seed)s + 10) & 4611686018427387903 AS p2,
              CASE WHEN is_person THEN at_organisation ELSE n END AS organisation,
              hashint8extended(CASE WHEN is_person THEN at_organisation ELSE n END, %(seed)s + 11) AS o
      FROM placed OFFSET 0),
reached AS (
    SELECT *, CASE WHEN is_person AND at_organisation IS NULL AND drawn(p, 0, 100) < 40
                   -- GPs and pharmacies live where people live, specialists rather in big towns
                   THEN (%(special)s::integer[])[1 + p2 %% cardinality(%(special)s::integer[])]
                   ELSE (%(general)s::integer[])[1 + p2 %% cardinality(%(general)s::integer[])] END AS town_n,
              drawn(h, 0, 500) > 0 AS is_located,
              drawn(h, 1, 100) < CASE role WHEN 'pharmacy' THEN 90 WHEN 'doctor' THEN 76 WHEN 'hospital' THEN 70
                                           WHEN 'nurse' THEN 35 WHEN 'titulaire' THEN 60 WHEN 'adjoint' THEN 45 ELSE 75 END AS has_mail,
              -- four in ten doctors of a shared practice have its secretary's mailbox
              practice IS NOT NULL AND drawn(h, 2, 100) < 40 AS is_shared,
              CASE WHEN drawn(h, 3, 1000) < 8 THEN 'broken' WHEN drawn(h, 3, 1000) < 20 THEN 'bounced'
                   WHEN drawn(h, 3, 1000) < 600 THEN 'valid' ELSE 'unverified' END AS mail_state,
              CASE WHEN drawn(h2, 0, 1000) < 965 THEN 'active' WHEN drawn(h2, 0, 1000) < 980 THEN 'inactive' WHEN NOT is_person THEN 'suspended'
                   WHEN drawn(h2, 0, 1000) < 996 THEN 'retired' ELSE 'deceased' END AS status,
              CASE WHEN drawn(h2, 0, 1000) >= 965 THEN %(on)s::timestamptz - (20 + drawn(h2, 1, 660)) * interval '24 hours' END AS left_at,
              drawn(h2, 2, 100) < 2 AS do_not_call,
              -- who says yes to one purpose is likely to say yes to the next: one draw for all
              drawn(h3, 0, 1000) AS word, drawn(h3, 1, 100) >= 3 AS is_proven,
              %(on)s::timestamptz - (40 + drawn(h3, 2, 690)) * interval '24 hours' - drawn(h3, 3, 86400) * interval '1 second' AS said_at,
              CASE WHEN drawn(h4, 0, 100) < 4 THEN %(on)s::timestamptz - drawn(h4, 1, 30) * interval '24 hours' END AS yes_until,
              CASE WHEN drawn(h4, 2, 100) < CASE WHEN is_person THEN 45 ELSE 80 END
                   THEN %(on)s::timestamptz - (30 + drawn(h4, 3, 700)) * interval '24 hours' END AS notice_given_at,
              CASE WHEN drawn(h5, 0, 100) < CASE WHEN is_person THEN 65 ELSE 92 END THEN 1 + (hashint8extended(coalesce(practice, n), %(seed)s + 12) & 16777215) %% 50000 END AS fixed,
              CASE WHEN is_person AND drawn(h5, 1, 100) < 25 THEN drawn(h5, 2, 10000) END AS mobile,
              drawn(h5, 3, 100) < 2 AS is_returned,
              CASE WHEN is_prescriber THEN 'prescriber' WHEN role IN ('titulaire', 'adjoint', 'hospital_pharmacist') THEN 'pharmacist' ELSE role END AS kind
      FROM located OFFSET 0)
-- What nearly every statement reads stands first, and of that what has a fixed width: a row is taken apart from its beginning.
SELECT r.n, is_person, is_prescriber, r.is_woman, like_whom <> r.n AS is_twin, is_shared, is_proven, is_returned, t.is_south,
       is_located AND kind IN ('prescriber', 'pharmacist', 'pharmacy', 'hospital') AS is_visited,
       is_located AND NOT do_not_call AND (fixed IS NOT NULL OR mobile IS NOT NULL)
       AND kind IN ('prescriber', 'pharmacist', 'pharmacy', 'hospital', 'wholesaler', 'distributor') AS is_called, is_located,
       word < CASE kind WHEN 'prescriber' THEN 300 WHEN 'pharmacy' THEN 400 ELSE 0 END AS is_tracked, do_not_call,
       word, t.opens, said_at,
       -- 1 to 5, few at the top
       (ARRAY[1,1,1,2,2,2,2,3,3,3,3,3,3,4,4,4,4,5,5,5])[1 + drawn(h6, 0, 20)] AS potential, 1 + drawn(h6, 1, 4) AS rfm_tier,
       role, kind, at_organisation, left_at, CASE WHEN is_located THEN t.department END AS department, fixed, mobile,
       mail_state, CASE WHEN has_mail THEN
            CASE WHEN is_shared THEN 'secretariat.cabinet-' || practice
                 WHEN is_person THEN CASE WHEN is_prescriber THEN 'dr.' ELSE '' END || first_name.plain || '.' || family.plain || '.' || r.n
                 ELSE role || '.' || r.n END
            || CASE mail_state WHEN 'broken' THEN '@example' ELSE '@example.org' END END AS mailbox, yes_until,
       -- when mail and letters may be sent to them
       CASE WHEN NOT has_mail OR mail_state = 'broken' THEN NULL
            WHEN kind IN ('press', 'authority') THEN notice_given_at
            WHEN is_proven AND word < CASE kind WHEN 'prescriber' THEN 590 WHEN 'pharmacy' THEN 450 WHEN 'pharmacist' THEN 350 ELSE 0 END THEN said_at END AS mail_from,
       least(yes_until, left_at) AS mail_until,
       CASE WHEN kind = 'prescriber' AND (word < 12 OR word = 999) THEN least(said_at, left_at) ELSE left_at END AS letters_until,
       CASE WHEN organisation IS NULL THEN NULL
            ELSE CASE WHEN organisation <= %(pharmacies_n)s THEN 'Pharmacie ' || (%(pharmacies)s::text[])[1 + drawn(o, 0, cardinality(%(pharmacies)s::text[]))]
                      WHEN organisation <= %(pharmacies_n)s + %(hospitals_n)s THEN (%(hospitals)s::text[])[1 + drawn(o, 0, cardinality(%(hospitals)s::text[]))] || ' ' || t.town
                      WHEN role = 'wholesaler' THEN 'Répartition pharmaceutique ' || t.town
                      WHEN role = 'distributor' THEN 'Distribution santé ' || t.town
                      ELSE 'Agence régionale fictive de ' || t.town END
              -- names as real registers have them: some do not fit a line of an address
              || CASE WHEN drawn(o, 1, 100) < 3 THEN ' - groupement des pharmaciens associés de la région' ELSE '' END END AS organisation,
       first_name.line AS first_line, family.line AS last_line,
       (1 + drawn(p, 1, 140)) || CASE drawn(p, 2, 25) WHEN 0 THEN ' B ' WHEN 1 THEN ' T ' ELSE ' ' END
       || CASE WHEN drawn(p, 3, 200) = 0 THEN street.long ELSE street.line END AS street_line,
       CASE WHEN is_located THEN t.town_line END AS town_line,
       (1 + drawn(p, 1, 140)) || CASE drawn(p, 2, 25) WHEN 0 THEN ' bis ' WHEN 1 THEN ' ter ' ELSE ' ' END || street.w
       || CASE WHEN drawn(p, 3, 200) = 0 THEN %(too_long)s ELSE '' END AS street,
       CASE WHEN is_located THEN t.postcode END AS postcode, CASE WHEN is_located THEN t.town END AS town,
       notice_given_at, %(on)s::date - drawn(h6, 2, 400) AS source_date,
       first_name.w AS first_name, family.w AS last_name, s.code AS specialty, s.groups AS specialty_group, h6,
       CASE WHEN is_located THEN t.region END AS region, CASE WHEN is_located THEN t.timezone ELSE 'Europe/Paris' END AS timezone,
       status, %(on)s::timestamptz - (1 + drawn(h2, 3, 900)) * interval '24 hours' AS heard_at
  FROM reached r
  JOIN town t ON t.n = r.town_n
  JOIN street ON street.n = drawn(p2, 2, cardinality(%(streets)s::text[]))
  LEFT JOIN first_name ON r.is_person AND first_name.is_woman = r.is_woman
        AND first_name.n = drawn(r.w, 3, CASE WHEN r.is_woman THEN cardinality(%(women)s::text[]) ELSE cardinality(%(men)s::text[]) END)
  LEFT JOIN family ON r.is_person AND family.n = (w2 >> 8) %% cardinality(%(families)s::text[])
  LEFT JOIN skill s ON r.is_prescriber AND s.n = (%(skills)s::integer[])[1 + (w2 >> 20) %% cardinality(%(skills)s::integer[])]

-- name: everybody
CREATE VIEW making.made AS TABLE making.low UNION ALL TABLE making.high

-- name: letterheads
-- The names that envelopes begin with; the rules of post lay each out once (engine/rules/postal.py).
SELECT DISTINCT organisation FROM making.made WHERE organisation IS NOT NULL

-- name: customers
-- Known since before the history began. Who left (closed, retired, died) changed on that day.
INSERT INTO customer (customer_id, of, kinds, status, civility, title, last_name, first_name, org_name, sort_name,
                      profession, specialty, specialty_group, practice_mode, sector, category, street, postcode, town,
                      department, region, timezone, credit_status, do_not_call, retention_anchor_at, facts, source, source_date,
                      created_at, changed_at)
OVERRIDING SYSTEM VALUE
SELECT n, CASE WHEN is_person THEN 'person' ELSE 'organisation' END,
       CASE role WHEN 'doctor' THEN '{prescriber}'::text[] WHEN 'expert' THEN '{prescriber,expert}' WHEN 'titulaire' THEN '{pharmacist}'
                 WHEN 'adjoint' THEN '{pharmacist}' WHEN 'hospital_pharmacist' THEN '{pharmacist}' WHEN 'nurse' THEN '{paramedical}'
                 ELSE ARRAY[role] END,
       status, CASE WHEN is_person THEN CASE WHEN is_woman THEN 'MME' ELSE 'M' END END,
       CASE WHEN role = 'expert' AND n %% 3 = 0 THEN 'PR' WHEN is_prescriber THEN 'DR' END,
       last_name, first_name, CASE WHEN NOT is_person THEN organisation END,
       CASE WHEN is_person THEN last_line || ' ' || first_line ELSE folded(organisation) END,
       CASE kind WHEN 'prescriber' THEN '10' WHEN 'pharmacist' THEN '21' WHEN 'nurse' THEN '60' END,
       specialty, specialty_group,
       CASE WHEN is_prescriber THEN CASE WHEN at_organisation IS NULL THEN 'L' ELSE 'S' END
            WHEN role IN ('titulaire', 'nurse') THEN 'L' WHEN kind = 'pharmacist' THEN 'S' END,
       CASE WHEN role IN ('pharmacy', 'titulaire', 'adjoint') THEN 'SA33' WHEN role IN ('hospital', 'hospital_pharmacist') THEN 'SA01'
            WHEN is_prescriber THEN CASE WHEN at_organisation IS NULL THEN 'SA07' ELSE 'SA01' END END,
       CASE role WHEN 'pharmacy' THEN '620' WHEN 'hospital' THEN (ARRAY['101','355','355','365'])[1 + n %% 4] END,
       street, postcode, town, department, region, timezone,
       CASE WHEN is_person OR drawn(h6, 3, 1000) < 945 THEN 'ok' WHEN drawn(h6, 3, 1000) < 970 THEN 'watch'
            WHEN drawn(h6, 3, 1000) < 993 THEN 'dunning' ELSE 'blocked' END,
       do_not_call, least(heard_at, left_at),
       CASE WHEN role = 'pharmacy' THEN (%(facts)s::jsonb[])[potential * 5 - 5 + rfm_tier]
            WHEN role IN ('patient', 'press') THEN '{}' ELSE (%(facts)s::jsonb[])[potential * 5] END,
       'generated', source_date, %(known)s, coalesce(left_at, %(known)s)
  FROM making.made

-- name: versions
-- What the base knew of those who left until they did.
INSERT INTO customer_version
SELECT customer_id, created_at, changed_at, of, kinds, 'active', civility, title, language, profession, specialty, specialty_group,
       practice_mode, sector, category, postcode, town, insee, department, region, country, credit_status, do_not_call,
       restricted_brands, facts
  FROM customer WHERE changed_at > created_at

-- name: identifiers
-- RPPS 997..., FINESS 99...: ranges that nobody is given (domain §4.12). One RPPS in a hundred has a wrong key, and says so.
INSERT INTO identifier (scheme, value, customer_id, checksum_suspect, source)
SELECT 'FINESS', stem || (10 - luhn_rest(stem || '0')) %% 10, n, false, 'generated'
  FROM (SELECT n, '99' || lpad(n::text, 6, '0') AS stem FROM making.made WHERE role IN ('pharmacy', 'hospital') OFFSET 0) AS o
UNION ALL
SELECT 'RPPS', stem || (CASE WHEN is_bad THEN 11 ELSE 10 END - luhn_rest(stem || '0')) %% 10, n, is_bad, 'generated'
  FROM (SELECT n, '997' || lpad(n::text, 7, '0') AS stem, draw(%(seed)s + 40, n, 100) = 0 AS is_bad
          FROM making.made WHERE kind IN ('prescriber', 'pharmacist', 'nurse') AND NOT is_twin OFFSET 0) AS p
UNION ALL
SELECT 'ext:crm', 'C' || lpad(n::text, 7, '0'), n, false, 'generated' FROM making.made

-- name: affiliations
INSERT INTO affiliation (person_id, organisation_id, role, is_primary, practice_mode, sector, cnop_section, weekly_half_days, source, changed_at)
SELECT n, at_organisation,
       CASE role WHEN 'titulaire' THEN 'titulaire' WHEN 'adjoint' THEN 'adjoint' WHEN 'hospital_pharmacist' THEN 'pharmacien_PUI'
                 ELSE CASE WHEN draw(%(seed)s + 45, n, 12) = 0 THEN 'chef_de_service' ELSE 'praticien' END END,
       true, CASE role WHEN 'titulaire' THEN 'L' ELSE 'S' END,
       CASE WHEN role IN ('titulaire', 'adjoint') THEN 'SA33' ELSE 'SA01' END,
       CASE role WHEN 'titulaire' THEN 'A' WHEN 'adjoint' THEN 'D' WHEN 'hospital_pharmacist' THEN 'H' END,
       4 + draw(%(seed)s + 46, n, 7), 'generated', %(known)s
  FROM making.made WHERE at_organisation IS NOT NULL

-- name: contact_points
-- Mailboxes: some are a secretary's, some are broken. Telephones: numbers that no subscriber has, the
-- ranges kept for films, so in a large base many share one. Letterboxes: laid out as the post wants.
INSERT INTO contact_point (contact_point_id, customer_id, type, value_norm, value_raw, usage, status, status_reason, shared_with,
                           notice_given_at, source, source_date, changed_at)
OVERRIDING SYSTEM VALUE
SELECT m.n * 4 + v.place, m.n, v.type, v.value, v.raw, v.usage, v.status, v.reason, coalesce(v.customers, 1), v.notice, 'generated', m.source_date, %(known)s
  FROM making.made m
  LEFT JOIN making.letterhead l USING (organisation)
  LEFT JOIN (SELECT mailbox, count(*) AS customers FROM making.made WHERE is_shared GROUP BY mailbox) AS secretary ON m.is_shared AND secretary.mailbox = m.mailbox
  LEFT JOIN (SELECT fixed, count(*) AS customers FROM making.made WHERE fixed IS NOT NULL GROUP BY fixed) AS line ON line.fixed = m.fixed
  LEFT JOIN (SELECT mobile, count(*) AS customers FROM making.made WHERE mobile IS NOT NULL GROUP BY mobile) AS cell ON cell.mobile = m.mobile
 CROSS JOIN LATERAL ( -- not VALUES, which would be made ready again for each customer
       SELECT 0 AS place, 'email' AS type, m.mailbox AS value, m.mailbox AS raw,
              CASE WHEN role = 'patient' THEN 'personal' WHEN NOT is_person THEN 'org' WHEN is_shared THEN 'professional_generic'
                   WHEN n %% 33 = 0 THEN 'personal' ELSE 'professional_named' END AS usage,
              CASE WHEN mail_state IN ('broken', 'bounced') THEN 'invalid' ELSE mail_state END AS status,
              CASE mail_state WHEN 'broken' THEN 'not an address' WHEN 'bounced' THEN '5.1.1' END AS reason, secretary.customers, notice_given_at AS notice
        WHERE m.mailbox IS NOT NULL
       UNION ALL
       SELECT 1, 'phone_fixed', (ARRAY['+3319900','+3326191','+3335301','+3346571','+3353649'])[1 + m.fixed %% 5] || lpad((m.fixed / 5)::text, 4, '0'),
              NULL, CASE WHEN is_person THEN 'professional_named' ELSE 'org' END, 'unverified', NULL, line.customers, NULL
        WHERE m.fixed IS NOT NULL
       UNION ALL
       SELECT 2, 'phone_mobile', '+3363998' || lpad(m.mobile::text, 4, '0'), NULL, 'professional_named', 'unverified', NULL, cell.customers, NULL
        WHERE m.mobile IS NOT NULL
       UNION ALL
       SELECT 3, 'postal',
              CASE WHEN is_person THEN coalesce(l.over_person || '|', '') || CASE WHEN is_prescriber THEN 'DR ' WHEN is_woman THEN 'MME ' ELSE 'M ' END
                                        || first_line || ' ' || last_line
                   ELSE l.alone END || '|' || street_line || '|' || town_line,
              street || ', ' || postcode || ' ' || town,
              CASE WHEN is_person THEN 'professional_named' ELSE 'org' END, CASE WHEN is_returned THEN 'invalid' ELSE 'unverified' END, NULL, NULL, NULL
        WHERE m.is_located) AS v

-- name: consent_events
-- Every act leaves its own proof. Some lack one, some have run out, some took it back.
INSERT INTO consent_event (consent_event_id, customer_id, channel, purpose, address, opt, opt_out_cause, captured_at, effective_to,
                           text_version, proof_type, proof_ref, source, source_id, recorded_at)
OVERRIDING SYSTEM VALUE
SELECT n * 8 + ask, n, channel, purpose, CASE WHEN opt = 'opt_in' AND channel = 'email' THEN mailbox END, opt,
       CASE WHEN opt IN ('opt_out', 'never') THEN (ARRAY['unsubscribed','unsubscribed','phone','letter','dpo'])[1 + n %% 5] END,
       said_at, CASE WHEN opt = 'opt_in' THEN yes_until END,
       CASE WHEN opt = 'opt_in' AND is_proven THEN 'v' || (2024 + n %% 2) || '-1' END,
       CASE WHEN opt <> 'opt_in' OR is_proven THEN (ARRAY['web_form','web_form','paper_id','signature','email_reply'])[1 + (n / 7) %% 5] END,
       CASE WHEN opt <> 'opt_in' OR is_proven THEN 'GEN-' || n || '-' || ask END,
       'generated', lpad((n * 8 + ask)::text, 9, '0'), said_at
  FROM (SELECT m.n, a.ask, a.channel, a.purpose, m.mailbox, m.is_proven, m.said_at, m.yes_until,
               CASE WHEN word < a.yes THEN 'opt_in' WHEN word < a.yes + a.no THEN 'opt_out'
                    WHEN word < a.yes + a.no + a.pending THEN 'opt_in_pending' WHEN word = 999 THEN 'never' END AS opt
          FROM making.made m
          JOIN (VALUES (1, 'prescriber', 'email', 'event', 400, 50, 0), (2, 'prescriber', 'email', 'promo_otc', 350, 70, 20),
                       (3, 'prescriber', 'email', 'promo_rx', 590, 70, 20), (1, 'pharmacy', 'email', 'commercial', 450, 30, 10),
                       (2, 'pharmacy', 'email', 'promo_rx', 450, 40, 0), (1, 'pharmacist', 'email', 'commercial', 350, 30, 0),
                       (2, 'pharmacist', 'email', 'promo_rx', 450, 40, 0), (4, 'prescriber', 'email_open_tracking', '*', 300, 10, 0),
                       (4, 'pharmacy', 'email_open_tracking', '*', 400, 10, 0), (5, 'prescriber', 'mailing', '*', 0, 12, 0))
               AS a(ask, whom, channel, purpose, yes, no, pending) ON a.whom = m.kind
         WHERE a.channel <> 'email' OR (m.mailbox IS NOT NULL AND m.mail_state <> 'broken') OFFSET 0) AS e
 WHERE opt IS NOT NULL

-- name: consents
-- Each question was answered once, so that act is the answer: what engine/store/base/consents.py would resolve.
INSERT INTO consent (customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id)
SELECT customer_id, channel, purpose, scope, coalesce(address, ''), opt,
       proof_ref IS NOT NULL AND opt <> 'opt_in_pending', effective_to, consent_event_id
  FROM consent_event

-- name: guards
-- Everybody has a guard; the noes stand in it.
INSERT INTO contact_guard (customer_id, blocked, version)
SELECT n, coalesce(s.noes, '{}'), CASE WHEN s.noes IS NULL THEN 0 ELSE 1 END
  FROM making.made
  LEFT JOIN (SELECT customer_id, array_agg(CASE purpose WHEN '*' THEN channel ELSE channel || ':' || purpose END ORDER BY consent_event_id) AS noes
               FROM consent_event WHERE opt IN ('opt_out', 'never') GROUP BY customer_id) AS s ON s.customer_id = n

-- name: sectors
-- Which territory of which sales force a département belongs to.
CREATE TEMP TABLE sector ON COMMIT DROP AS
SELECT f.force, f.label AS f_label, d.department, d.region, 'FR-' || f.force || '-' || d.region_code AS parent, p.part,
       'FR-' || f.force || '-' || d.region_code || '-' || lpad(p.part::text, 2, '0') AS territory
  FROM (SELECT *, row_number() OVER (PARTITION BY region_code ORDER BY department COLLATE "C") - 1 AS place FROM department
         WHERE region_code NOT IN ('COM', 'MCO')) AS d
 CROSS JOIN (VALUES ('PCR', 'Ville', 1), ('PHARMA', 'Officine', 3), ('HOSP', 'Hôpital', 100)) AS f(force, label, many)
 CROSS JOIN LATERAL (SELECT 1 + d.place / f.many AS part) AS p

-- name: territories
-- Town representatives have a département each, those of pharmacies three, those of hospitals a region.
INSERT INTO territory (territory, name, parent, sales_force)
SELECT 'FR', 'France', NULL, NULL
UNION ALL
SELECT DISTINCT 'FR-' || f.force || '-' || d.region_code, f.label || ' ' || d.region, 'FR', f.force
  FROM department d CROSS JOIN (VALUES ('PCR', 'Ville'), ('PHARMA', 'Officine'), ('HOSP', 'Hôpital')) AS f(force, label)
 WHERE d.region_code NOT IN ('COM', 'MCO')
UNION ALL
SELECT DISTINCT territory, f_label || ' ' || region || ' ' || part, parent, force FROM sector

-- name: reps
-- Their names are drawn as their customers' are; the telephone ranges are those of films too.
INSERT INTO rep (rep_id, code, first_name, last_name, email, phone, rep_type, daily_capacity, holiday_set)
OVERRIDING SYSTEM VALUE
SELECT k, code,
       CASE WHEN k %% 2 = 0 THEN (%(women)s::text[])[1 + draw(%(seed)s + 90, k, cardinality(%(women)s::text[]))]
            ELSE (%(men)s::text[])[1 + draw(%(seed)s + 90, k, cardinality(%(men)s::text[]))] END,
       (%(families)s::text[])[1 + draw(%(seed)s + 91, k, cardinality(%(families)s::text[]))],
       lower(code) || '@armorial.example.org', '+3363998' || lpad((9000 + k)::text, 4, '0'), force,
       CASE force WHEN 'HOSP' THEN 4 WHEN 'PHARMA' THEN 8 ELSE 6 END, CASE WHEN alsace THEN 'FR-AM' ELSE 'FR' END
  FROM (SELECT force, force || '-' || lpad(row_number() OVER (PARTITION BY force ORDER BY territory COLLATE "C")::text, 3, '0') AS code,
               row_number() OVER (ORDER BY territory COLLATE "C") AS k, alsace
          FROM (SELECT force, territory, bool_or(department IN ('57', '67', '68')) AS alsace FROM sector GROUP BY force, territory) AS t) AS r

-- name: assignments
-- Each territory has its rep; one in thirty is vacant, and the one before stands in.
INSERT INTO rep_assignment (rep_id, territory, role, valid_from)
SELECT CASE WHEN vacant THEN coalesce(lag(rep_id) OVER (PARTITION BY force ORDER BY territory COLLATE "C"), rep_id) ELSE rep_id END, territory,
       CASE WHEN vacant THEN 'interim' ELSE 'owner' END, %(on)s::date - 900
  FROM (SELECT t.force, t.territory, r.rep_id, draw(%(seed)s + 92, r.rep_id, 30) = 0 AS vacant
          FROM (SELECT force, territory, row_number() OVER (PARTITION BY force ORDER BY territory COLLATE "C") AS k
                  FROM (SELECT DISTINCT force, territory FROM sector) AS s) AS t
          JOIN rep r ON r.code = t.force || '-' || lpad(t.k::text, 3, '0')) AS a

-- name: alignments
INSERT INTO alignment (customer_id, rep_type, territory, reason, changed_at)
SELECT m.n, s.force, s.territory, CASE WHEN s.force = 'HOSP' THEN 'hospital' ELSE 'geo' END, %(known)s
  FROM making.made m
  JOIN sector s ON s.department = m.department
   AND s.force = CASE WHEN m.role IN ('pharmacy', 'titulaire', 'adjoint') THEN 'PHARMA'
                      WHEN m.role IN ('hospital', 'hospital_pharmacist') OR (m.is_prescriber AND m.at_organisation IS NOT NULL) THEN 'HOSP'
                      WHEN m.is_prescriber THEN 'PCR' END

-- name: calendars
-- Days off, meetings on Mondays, visits that the field planned itself: half a year around the day.
INSERT INTO rep_calendar (rep_id, day, fraction_off, planned_visits, reason)
SELECT rep_id, day, CASE WHEN is_off THEN 1 WHEN extract(isodow FROM day) = 1 THEN 0.5 ELSE 0 END, draw(%(seed)s + 96, rep_id * 1000 + k, 3),
       CASE WHEN is_off THEN 'congés' WHEN extract(isodow FROM day) = 1 THEN 'réunion' END
  FROM (SELECT rep_id, k, %(on)s::date - 30 + k AS day, draw(%(seed)s + 95, rep_id * 1000 + k / 5, 24) = 0 AS is_off
          FROM rep CROSS JOIN generate_series(0, 179) AS k OFFSET 0) AS d
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

-- name: orders
-- Pharmacies order by tier; vaccines before the season, the rest all year. Hospitals order vaccines only.
-- Each order has its brand's usual package, two in three the other one too. Who closed ordered until then.
WITH ordered AS MATERIALIZED (
    SELECT n * 16 + k AS order_id, n, o.brand, o.h,
           CASE WHEN o.brand = 'HIVERNAX' THEN '3400900000235' ELSE '3400900000464' END AS usual,
           CASE WHEN o.brand = 'HIVERNAX' THEN 86.00 ELSE 7.40 END AS usual_price,
           CASE WHEN o.brand = 'HIVERNAX' THEN 1 + drawn(h, 0, 12) ELSE 3 + drawn(h, 0, 30) END AS usual_units,
           CASE WHEN o.brand = 'HIVERNAX' THEN '3400900000174' ELSE '3400900000525' END AS other,
           CASE WHEN o.brand = 'HIVERNAX' THEN 8.90 ELSE 14.20 END AS other_price,
           CASE WHEN drawn(h, 1, 3) = 0 THEN 0 WHEN o.brand = 'HIVERNAX' THEN 2 + drawn(h, 2, 8) ELSE 3 + drawn(h, 2, 30) END AS other_units,
           at
      FROM (SELECT n, k, h, brand, left_at,
                   %(on)s::timestamptz - (1 + CASE brand
                        -- February to July: back from the day to those months, in any of the years
                        WHEN 'HIVERNAX' THEN (h2 %% (%(months)s / 12)) * 365 + (%(day_of_year)s + 365 - (35 + drawn(h, 3, 170))) %% 365
                        ELSE (h2 %% (%(months)s * 30)) END) * interval '24 hours' + (28800 + (h2 >> 20) %% 36000) * interval '1 second' AS at
              FROM (SELECT n, k, left_at, hashint8extended(n * 16 + k, %(seed)s + 122) AS h,
                           hashint8extended(n * 16 + k, %(seed)s + 123) & 4611686018427387903 AS h2,
                           CASE WHEN role = 'hospital' OR draw(%(seed)s + 124, n * 16 + k, 100) < 35 THEN 'HIVERNAX' ELSE 'DERMAPHARM' END AS brand
                      FROM making.made
                     CROSS JOIN LATERAL generate_series(1, CASE WHEN role = 'hospital' THEN draw(%(seed)s + 120, n, 3)
                           WHEN draw(%(seed)s + 121, n, 100) < 12 THEN 0 ELSE (ARRAY[14, 8, 4, 1])[rfm_tier] END) AS k
                     WHERE role IN ('pharmacy', 'hospital') OFFSET 0) AS drawn_orders) AS o
     WHERE left_at IS NULL OR at < left_at),
heads AS (
    INSERT INTO orders (order_id, source, order_no, customer_id, origin, type, ordered_at, status, amount_ht, recorded_at, changed_at)
    OVERRIDING SYSTEM VALUE
    SELECT order_id, 'generated', 'G' || lpad(order_id::text, 9, '0'), n, (ARRAY['rep','web','web','call_center','edi'])[1 + (h & 1023) %% 5],
           CASE WHEN (h >> 10 & 1023) %% 5 = 0 THEN 'transfer' ELSE 'direct' END, at,
           CASE WHEN (h >> 20 & 1023) %% 100 < 3 THEN 'cancelled' ELSE 'invoiced' END,
           usual_units * usual_price + other_units * other_price, at, at
      FROM ordered)
INSERT INTO order_line (order_id, line_no, cip13, brand, units, unit_price_ht, amount_ht, changed_at)
SELECT order_id, l.line_no, cip13, brand, units, price, units * price, at
  FROM ordered
 CROSS JOIN LATERAL (SELECT 1 AS line_no, usual AS cip13, usual_units AS units, usual_price AS price
                      UNION ALL SELECT 2, other, other_units, other_price WHERE other_units > 0) AS l

-- name: touches
-- What was done before: in campaigns of earlier seasons, which this engine did not run. One period of
-- working days after the other, in the customer's own office hours, and within what law and customer
-- allow: promotional mail only while a proven yes holds, no letter after an objection, nothing to who
-- has left, nothing to where it came back from, a vaccine only in its season, four visits a year at most.
-- Who is of little potential is touched in every second period.
INSERT INTO touch (touch_id, customer_id, campaign, channel, brand, purpose, state, outcome, outcome_at, due_at, touched_at, cost, source, source_id, recorded_at)
OVERRIDING SYSTEM VALUE
SELECT touch_id, n, CASE brand WHEN 'HIVERNAX' THEN 'hivernax-' WHEN 'CARDIANE' THEN 'cardiane-' WHEN 'DERMAPHARM' THEN 'dermapharm-'
                               ELSE 'informations-' END || year,
       CASE way WHEN 1 THEN 'email' WHEN 2 THEN 'visit' WHEN 3 THEN 'mailing' ELSE 'call' END, brand,
       CASE kind WHEN 'prescriber' THEN 'promo_rx' WHEN 'pharmacist' THEN CASE brand WHEN 'DERMAPHARM' THEN 'commercial' ELSE 'promo_rx' END
                 WHEN 'nurse' THEN 'promo_otc' WHEN 'patient' THEN 'service' WHEN 'press' THEN 'institutional' WHEN 'authority' THEN 'institutional'
                 ELSE 'commercial' END, 'accepted',
       CASE way WHEN 1 THEN CASE WHEN is_bounced THEN 'bounced_hard' WHEN luck < 3 THEN 'bounced_soft' ELSE 'dsn_ok' END
                WHEN 2 THEN CASE WHEN luck < 82 THEN 'done' ELSE 'not_done' END
                WHEN 3 THEN CASE WHEN is_returned THEN 'returned' END
                ELSE CASE WHEN luck < 60 THEN 'done' ELSE 'not_done' END END,
       at + interval '1 hour', at, at, CASE way WHEN 1 THEN 0.02 WHEN 2 THEN 55 WHEN 3 THEN 0.9 ELSE 7.5 END,
       'generated', lpad(touch_id::text, 10, '0'), at
  FROM (SELECT touch_id, n, kind, year, at, is_returned, is_bounced, drawn(h, 3, 100) AS luck,
               CASE WHEN kind IN ('patient', 'press', 'authority') THEN NULL
                    WHEN is_season AND drawn(h, 2, 3) > 0 THEN 'HIVERNAX'
                    WHEN kind IN ('prescriber', 'hospital') THEN 'CARDIANE' ELSE 'DERMAPHARM' END AS brand,
               CASE WHEN wish < 62 AND at >= mail_from AND (mail_until IS NULL OR at < mail_until) AND (k = 1 OR NOT is_bounced) THEN 1
                    WHEN wish BETWEEN 40 AND 81 AND is_visited AND k %% %(visit_every)s = 0 THEN 2
                    WHEN wish >= 94 AND is_called THEN 4
                    WHEN is_located AND (letters_until IS NULL OR at < letters_until) AND (k = 1 OR NOT is_returned) THEN 3
                    WHEN is_visited AND k %% %(visit_every)s = 0 THEN 2 END AS way
          FROM (SELECT touch_id, n, k, kind, h, (%(years)s::integer[])[i] AS year, drawn(h, 1, 100) AS wish,
                       (%(days)s::timestamptz[])[i] + (opens + (h & 16777215) %% 28800) * interval '1 second' AS at,
                       (%(seasons)s::integer[])[i] & CASE WHEN is_south THEN 2 ELSE 1 END > 0 AS is_season,
                       left_at, mail_from, mail_until, letters_until, is_visited, is_called, is_located, is_returned, is_bounced
                  FROM (SELECT *, %(days_n)s - (%(touches)s - k) * %(period)s - drawn(h, 0, %(part_of_period)s) AS i
                          FROM (SELECT *, hashint8extended(touch_id, %(seed)s + 100) AS h
                                  FROM (SELECT (n - 1) * %(touches)s + k AS touch_id, *
                                          FROM (SELECT n, generate_series(CASE WHEN potential <= 3 THEN 1 ELSE 2 - %(touches)s %% 2 END, %(touches)s,
                                                                          CASE WHEN potential <= 3 THEN 1 ELSE 2 END) AS k, kind, opens, is_south, left_at, mail_from, mail_until,
                                                       letters_until, is_visited, is_called, is_returned, is_located,
                                                       mail_state = 'bounced' AS is_bounced
                                                  FROM making.made) AS m) AS numbered OFFSET 0) AS t) AS dated OFFSET 0) AS u
         WHERE left_at IS NULL OR at < left_at OFFSET 0) AS v
 WHERE way IS NOT NULL

-- name: responses
-- What came back: opens (of those who allow that they are measured) and clicks of mails, what reps and
-- agents reported, coupons of letters.
INSERT INTO response (response_id, customer_id, touch_id, campaign, channel, brand, type, at, label, attribution, source, source_id, recorded_at)
OVERRIDING SYSTEM VALUE
SELECT response_id, customer_id, touch_id, campaign, channel, brand, type, at,
       CASE type WHEN 'click' THEN (ARRAY['decouvrir','commander','rcp','desinscription'])[1 + (h & 1023) %% 4] WHEN 'visit_outcome' THEN 'seen'
                 WHEN 'call_outcome' THEN 'reached' END,
       'token', 'generated', lpad(response_id::text, 11, '0'), at
  FROM (SELECT response_id, customer_id, touch_id, campaign, channel, brand, h,
               CASE channel WHEN 'email' THEN CASE WHEN luck < 55 AND is_tracked THEN 'open' WHEN luck < 72 AND is_tracked THEN 'open_machine'
                                                   WHEN luck < 96 THEN 'click' WHEN luck < 98 THEN 'form' ELSE 'reply' END
                            WHEN 'visit' THEN 'visit_outcome' WHEN 'mailing' THEN CASE WHEN luck < 70 THEN 'coupon' ELSE 'form' END
                            ELSE 'call_outcome' END AS type,
               touched_at + CASE channel WHEN 'email' THEN (60 + drawn(h, 1, 65536) * 3) * interval '1 second'
                                         WHEN 'mailing' THEN interval '2 days' + drawn(h, 1, 65536) * 6 * interval '1 second' ELSE interval '1 hour' END AS at
          FROM (SELECT t.customer_id, t.touch_id, t.campaign, t.channel, t.brand, t.touched_at, m.is_tracked,
                       (t.touch_id - 1) * %(most)s + j AS response_id, h, drawn(h, 2, 100) AS luck
                  FROM (SELECT customer_id, touch_id, campaign, channel, brand, touched_at, j, hashint8extended(touch_id * 64 + j, %(seed)s + 110) AS h
                          FROM touch CROSS JOIN generate_series(1, %(most)s) AS j
                         WHERE outcome IS NULL OR outcome NOT IN ('bounced_hard', 'returned', 'not_done') OFFSET 0) AS t
                  JOIN making.made m ON m.n = t.customer_id
                 WHERE (h & 1073741823) %% 1000000 < %(per_million)s OFFSET 0) AS u OFFSET 0) AS v

-- name: people_numbered
-- Ids were given by number; the next ones come after all that could have been given.
SELECT setval(pg_get_serial_sequence('customer', 'customer_id'), %(customers)s),
       setval(pg_get_serial_sequence('contact_point', 'contact_point_id'), %(customers)s * 4 + 3),
       setval(pg_get_serial_sequence('consent_event', 'consent_event_id'), %(customers)s * 8 + 7),
       setval(pg_get_serial_sequence('rep', 'rep_id'), (SELECT max(rep_id) FROM rep)),
       setval(pg_get_serial_sequence('orders', 'order_id'), %(organisations_n)s * 16 + 15)

-- name: history_numbered
SELECT setval(pg_get_serial_sequence('touch', 'touch_id'), greatest(%(customers)s * %(touches)s, 1)),
       setval(pg_get_serial_sequence('response', 'response_id'), greatest(%(customers)s * %(touches)s * %(most)s, 1))

-- name: counted
SELECT count(*) FILTER (WHERE is_person), (SELECT count(*) FROM orders) FROM making.made
