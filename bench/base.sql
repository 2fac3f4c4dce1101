-- The big base of the bench, made by the database itself. Ten touches and twenty responses a customer, over two years,
-- in the order in which they happened: that is how they lie on disk in a live system.
-- draw(seed, n, below) is chance that is the same every time. The parameters: customers, now.

-- name: reference
INSERT INTO brand (brand, name) VALUES ('HIVERNAX', 'Hivernax'), ('DERMAPHARM', 'Dermapharm'), ('CARDIANE', 'Cardiane');
INSERT INTO territory (territory, name, sales_force)
SELECT 'FR-' || lpad(n::text, 3, '0'), 'Secteur ' || n, 'PCR' FROM generate_series(1, 100) AS n;
INSERT INTO rep (code, first_name, last_name, email, rep_type)
SELECT 'PCR-' || lpad(n::text, 3, '0'), 'Julie', 'Lefèvre', 'pcr' || n || '@armorial.example.org', 'PCR' FROM generate_series(1, 100) AS n;
INSERT INTO rep_assignment (rep_id, territory) SELECT rep_id, 'FR-' || lpad(rep_id::text, 3, '0') FROM rep;
INSERT INTO definition (sha, campaign, files) VALUES ('base', 'base', '{}');

-- name: customers
INSERT INTO customer (of, kinds, status, civility, last_name, first_name, org_name, sort_name, profession, specialty_group, practice_mode,
                      category, postcode, town, department, region, credit_status, do_not_call, facts, source, source_date, created_at, changed_at)
SELECT CASE WHEN organisation THEN 'organisation' ELSE 'person' END, ARRAY[kind],
       CASE WHEN draw(2, n, 1000) < 940 THEN 'active' WHEN draw(2, n, 1000) < 985 THEN 'inactive' WHEN draw(2, n, 1000) < 998 THEN 'retired' ELSE 'erased' END,
       CASE WHEN NOT organisation THEN CASE draw(3, n, 2) WHEN 0 THEN 'M' ELSE 'MME' END END,
       CASE WHEN NOT organisation THEN 'Morel ' || n END, CASE WHEN NOT organisation THEN 'Claire' END,
       CASE WHEN organisation THEN 'Pharmacie de la Halle ' || n END, 'MOREL ' || n,
       CASE kind WHEN 'prescriber' THEN '10' WHEN 'pharmacist' THEN '21' WHEN 'paramedical' THEN '60' END,
       CASE WHEN kind = 'prescriber' THEN (ARRAY['GP','GP','GP','GP','CARDIO','PEDIA','ONCO','ENDOC','PNEUMO','SM20'])[1 + draw(4, n, 10)] END,
       CASE WHEN NOT organisation AND draw(5, n, 100) < 97 THEN (ARRAY['L','L','L','S','S','B'])[1 + draw(6, n, 6)] END,
       CASE kind WHEN 'pharmacy' THEN '620' WHEN 'hospital' THEN '355' END,
       lpad((1000 + draw(7, n, 95000))::text, 5, '0'), 'COMMUNE ' || draw(7, n, 20000), department, region,
       CASE WHEN organisation THEN (ARRAY['ok','ok','ok','ok','ok','ok','ok','watch','dunning','blocked'])[1 + draw(8, n, 10)] ELSE 'ok' END,
       draw(9, n, 100) < 4,
       CASE WHEN draw(10, n, 100) < 80 THEN jsonb_build_object('potential', 1 + least(draw(11, n, 5), draw(12, n, 5))) ELSE '{}' END
       || CASE WHEN kind = 'pharmacy' THEN jsonb_build_object('rfm_tier', 1 + draw(13, n, 4)) ELSE '{}' END,
       'bench', '2026-01-05', '2024-01-01', timestamptz '2024-01-01' + draw(14, n, 700) * interval '1 day'
  FROM (SELECT n, draw(1, n, 100) >= 80 AS organisation,
               CASE WHEN draw(1, n, 100) < 56 THEN 'prescriber' WHEN draw(1, n, 100) < 72 THEN 'pharmacist' WHEN draw(1, n, 100) < 80 THEN 'paramedical'
                    WHEN draw(1, n, 100) < 95 THEN 'pharmacy' ELSE 'hospital' END AS kind,
               CASE WHEN draw(15, n, 100) < 97 THEN least(draw(16, n, 102), draw(17, n, 102)) END AS place
          FROM generate_series(1, %(customers)s) AS n) AS drawn
  LEFT JOIN (SELECT row_number() OVER (ORDER BY department) - 1 AS place, department, region FROM department) AS d USING (place)
 ORDER BY n;

-- name: contact points, consents, territories
INSERT INTO contact_point (customer_id, type, value_norm, usage, status, is_main, source)
SELECT n, 'email', CASE WHEN draw(21, n, 100) < 3 THEN 'accueil' || n / 50 ELSE 'claire.morel.' || n END || '@example.org',
       CASE WHEN draw(1, n, 100) >= 80 THEN 'org' ELSE 'professional_named' END,
       CASE WHEN draw(22, n, 100) < 4 THEN 'invalid' ELSE 'valid' END, true, 'bench'
  FROM generate_series(1, %(customers)s) AS n WHERE draw(20, n, 100) < 72;
INSERT INTO contact_point (customer_id, type, value_norm, usage, status, is_main, source)
SELECT n, 'postal', 'DR CLAIRE MOREL|' || 1 + draw(24, n, 200) || ' RUE DE LA HALLE|44000 NANTES', 'professional_named', 'valid', true, 'bench'
  FROM generate_series(1, %(customers)s) AS n WHERE draw(23, n, 100) < 95;
INSERT INTO consent (customer_id, channel, purpose, opt, has_proof, consent_event_id)
SELECT n, 'email', 'promo_otc', CASE WHEN draw(26, n, 100) < 90 THEN 'opt_in' ELSE 'opt_out' END, true, n
  FROM generate_series(1, %(customers)s) AS n WHERE draw(25, n, 100) < 60;
INSERT INTO contact_guard (customer_id) SELECT n FROM generate_series(1, %(customers)s) AS n;
INSERT INTO alignment (customer_id, rep_type, territory)
SELECT n, 'PCR', 'FR-' || lpad((1 + draw(27, n, 100))::text, 3, '0') FROM generate_series(1, %(customers)s) AS n WHERE draw(1, n, 100) < 95;

-- name: runs
INSERT INTO run (campaign, brand, purpose, slot, slot_at, definition_sha, frozen_at, closed_at)
SELECT (ARRAY['hivernax','dermapharm','cardiane'])[1 + n %% 3] || '-' || extract(year FROM at)::text, (ARRAY['HIVERNAX','DERMAPHARM','CARDIANE'])[1 + n %% 3],
       'promo_otc', to_char(at, 'YYYY-MM-DD"T"HH24:MI') || '[Europe/Paris]', at, 'base', at, at + interval '30 days'
  FROM (SELECT n, %(now)s::timestamptz - interval '730 days' + n * interval '6 days' AS at FROM generate_series(0, 119) AS n) AS slot;
INSERT INTO run_switch (run_id) SELECT run_id FROM run;

-- name: touches
-- A fifth of the customers was never touched, a tenth three or four times as often as most: 10 a customer.
INSERT INTO touch (customer_id, run_id, campaign, step, channel, brand, purpose, state, reason, reasons, outcome, outcome_at, due_at, touched_at,
                   source, source_id)
SELECT customer_id, CASE WHEN NOT elsewhere THEN run_id END, CASE WHEN NOT elsewhere THEN campaign END, CASE WHEN NOT elsewhere THEN 'announce' END,
       channel, brand, 'promo_otc', state,
       CASE WHEN state = 'excluded' THEN (ARRAY['no_consent','opted_out','no_contact_point','frequency_cap'])[1 + draw(34, key, 4)] WHEN state = 'refused' THEN 'mailbox_unknown' END,
       CASE WHEN state = 'excluded' THEN ARRAY['no_consent'] END,
       CASE WHEN state = 'accepted' AND channel IN ('visit','call') THEN CASE WHEN draw(35, key, 10) < 7 THEN 'done' ELSE 'not_done' END END,
       CASE WHEN state = 'accepted' AND channel IN ('visit','call') THEN at + interval '6 hours' END,
       at, CASE WHEN state = 'accepted' THEN at + interval '5 minutes' END,
       CASE WHEN elsewhere THEN 'crm' END, CASE WHEN elsewhere THEN key::text END
  FROM (SELECT customer_id, r.run_id, r.campaign, r.brand, key, draw(31, key, 100) < 10 AS elsewhere,
               CASE WHEN draw(31, key, 100) < 10 THEN 'visit' ELSE (ARRAY['email','email','email','email','email','email','email','mailing','visit','call'])[1 + r.run_id %% 10] END AS channel,
               CASE WHEN draw(31, key, 100) < 10 THEN 'accepted' WHEN draw(32, key, 100) < 88 THEN 'accepted' WHEN draw(32, key, 100) < 96 THEN 'excluded'
                    WHEN draw(32, key, 100) < 98 THEN 'refused' ELSE 'expired' END AS state,
               r.slot_at + draw(33, key, 360000) * interval '1 second' AS at
          FROM (SELECT customer_id, turn, customer_id * 128 + (draw(28, customer_id, 120) + turn * 7) %% 120 AS key
                  FROM (SELECT n AS customer_id, CASE WHEN draw(30, n, 10) < 2 THEN 0 WHEN draw(30, n, 10) < 6 THEN 4 WHEN draw(30, n, 10) < 9 THEN 16 ELSE 36 END AS touches
                          FROM generate_series(1, %(customers)s::bigint) AS n) AS c
                 CROSS JOIN LATERAL generate_series(1, c.touches) AS turn) AS t
          JOIN run r ON r.run_id = 1 + key %% 128) AS happened
 ORDER BY at;

-- name: responses
-- Most come within days, and half of the opens are a machine's.
INSERT INTO response (customer_id, touch_id, run_id, campaign, step, channel, brand, type, at, value, label, attribution, source, source_id, recorded_at)
SELECT customer_id, touch_id, run_id, campaign, step, channel, brand,
       CASE WHEN channel = 'visit' THEN 'visit_outcome' WHEN channel = 'call' THEN 'call_outcome' WHEN channel = 'mailing' THEN 'coupon'
            ELSE (ARRAY['open_machine','open_machine','open_machine','open_machine','open','open','open','open','click','click_suspect'])[1 + draw(42, key, 10)] END,
       at, CASE WHEN channel = 'mailing' THEN 5 + draw(43, key, 40) END, CASE WHEN channel = 'email' THEN 'link' || draw(44, key, 5) END,
       CASE WHEN run_id IS NULL THEN 'none' ELSE 'token' END, 'web', key::text, at
  FROM (SELECT t.*, t.touch_id * 64 + turn AS key, t.touched_at + (draw(41, t.touch_id * 64 + turn, 1000) ^ 3 / 2000) * interval '1 second' AS at
          FROM touch t
         CROSS JOIN LATERAL generate_series(1, CASE WHEN t.channel = 'email' THEN draw(40, t.touch_id, 7) ELSE draw(40, t.touch_id, 3) END) AS turn
         WHERE t.state = 'accepted') AS came
 WHERE at < %(now)s
 ORDER BY at;

-- name: members
-- Whoever was to be touched was a member; three more runs a customer held them out or left them out.
INSERT INTO member (run_id, customer_id, cell, held_out, reason, reasons, enrolled_at)
SELECT r.run_id, n, CASE WHEN part < 2 THEN 'a' END, part = 1, CASE WHEN part = 2 THEN 'not_again' END, CASE WHEN part = 2 THEN ARRAY['not_again'] END, r.slot_at
  FROM (SELECT n, n * 128 + (draw(28, n, 120) + turn * 7) %% 120 AS key,
               CASE WHEN turn <= touches THEN 0 ELSE 1 + draw(51, n * 128 + turn, 2) END AS part
          FROM (SELECT n, CASE WHEN draw(30, n, 10) < 2 THEN 0 WHEN draw(30, n, 10) < 6 THEN 4 WHEN draw(30, n, 10) < 9 THEN 16 ELSE 36 END AS touches
                  FROM generate_series(1, %(customers)s::bigint) AS n) AS c
         CROSS JOIN LATERAL generate_series(1, c.touches + 3) AS turn) AS m
  JOIN run r ON r.run_id = 1 + key %% 128
 ORDER BY 1, 2;

-- name: orders
-- Twenty at most for an organisation, none for a person; one to three lines each.
CREATE TEMP TABLE drawn_order AS
SELECT row_number() OVER (ORDER BY ordered_at) AS order_id, *
  FROM (SELECT customer_id, key, %(now)s::timestamptz - draw(62, key, 63000000) * interval '1 second' AS ordered_at
          FROM (SELECT n AS customer_id, n * 64 + turn AS key FROM generate_series(1, %(customers)s::bigint) AS n
                 CROSS JOIN LATERAL generate_series(1, CASE WHEN draw(1, n, 100) >= 80 THEN draw(60, n, 20) ELSE 0 END) AS turn) AS o) AS o;
INSERT INTO order_line (order_id, line_no, brand, units, amount_ht)
SELECT order_id, line_no, (ARRAY['HIVERNAX','DERMAPHARM','CARDIANE'])[1 + (draw(64, order_id, 3) + line_no) %% 3], 1 + draw(65, order_id * 4 + line_no, 40),
       20 + draw(66, order_id * 4 + line_no, 400)
  FROM drawn_order CROSS JOIN LATERAL generate_series(1, 1 + draw(67, order_id, 3)) AS line_no
 ORDER BY 1, 2;
INSERT INTO orders (source, order_no, customer_id, origin, ordered_at, status, amount_ht)
SELECT 'erp', key::text, customer_id, (ARRAY['rep','web','web','edi'])[1 + draw(61, key, 4)], ordered_at,
       CASE WHEN draw(63, key, 100) < 5 THEN 'cancelled' WHEN draw(63, key, 100) < 10 THEN 'submitted' ELSE 'invoiced' END, amount
  FROM drawn_order JOIN (SELECT order_id, sum(amount_ht) AS amount FROM order_line GROUP BY order_id) AS l USING (order_id)
 ORDER BY order_id;
