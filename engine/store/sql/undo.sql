-- A delivery taken back, kind by kind: what stands as the delivery left it, and bears nothing, goes or gets its old
-- values; everything else stays, with the reason. A no never goes.

-- name: items
-- Everything that the batch made or changed and that was not taken back before.
CREATE TEMP TABLE undo_item ON COMMIT DROP AS
SELECT what, row_id, key, before, after, NULL::text AS why, NULL::bigint AS by FROM import_change WHERE batch_id = %(batch)s
UNION ALL
SELECT m.what, x.id, '', NULL, '{}', NULL, NULL
  FROM import_made m CROSS JOIN LATERAL unnest(m.ids) AS r CROSS JOIN LATERAL generate_series(lower(r), upper(r) - 1) AS x(id)
 WHERE m.batch_id = %(batch)s

-- name: indexed
CREATE INDEX ON undo_item (what, row_id)

-- name: later
-- What a later delivery changed again is its to take back first. A customer is meant by whatever tells about it.
UPDATE undo_item u SET why = 'changed_since', by = c.batch_id
  FROM (SELECT what, row_id, key, min(batch_id) AS batch_id FROM import_change WHERE batch_id > %(batch)s GROUP BY 1, 2, 3
        UNION ALL SELECT 'customer', customer_id, '', min(batch_id) FROM import_change WHERE batch_id > %(batch)s AND customer_id IS NOT NULL GROUP BY 2
        UNION ALL SELECT 'orders', row_id, '', min(batch_id) FROM import_change WHERE batch_id > %(batch)s AND what = 'order_line' GROUP BY 2) AS c
 WHERE u.what = c.what AND u.row_id = c.row_id AND u.key = c.key AND u.before IS NULL

-- name: alignment
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN a.customer_id IS NULL THEN 'gone' WHEN NOT to_jsonb(a) @> u.after THEN 'changed_since' ELSE u.why END
      FROM undo_item i LEFT JOIN alignment a ON a.customer_id = i.row_id AND a.rep_type = i.key
     WHERE i.what = 'alignment' AND u.what = 'alignment' AND u.row_id = i.row_id AND u.key = i.key
 RETURNING u.row_id, u.key, u.before, u.why),
restored AS (
    UPDATE alignment a SET (territory, reason) = (SELECT r.territory, r.reason FROM jsonb_populate_record(a, j.before) AS r)
      FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND a.customer_id = j.row_id AND a.rep_type = j.key)
DELETE FROM alignment a USING judged j WHERE j.why IS NULL AND j.before IS NULL AND a.customer_id = j.row_id AND a.rep_type = j.key

-- name: rep_assignment
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN a.rep_id IS NULL THEN 'gone' WHEN NOT to_jsonb(a) @> u.after THEN 'changed_since' ELSE u.why END
      FROM undo_item i LEFT JOIN rep_assignment a ON a.rep_id = i.row_id AND a.territory || '|' || a.valid_from = i.key
     WHERE i.what = 'rep_assignment' AND u.what = 'rep_assignment' AND u.row_id = i.row_id AND u.key = i.key
 RETURNING u.row_id, u.key, u.before, u.why),
restored AS (
    UPDATE rep_assignment a SET (role, valid_to) = (SELECT r.role, r.valid_to FROM jsonb_populate_record(a, j.before) AS r)
      FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND a.rep_id = j.row_id AND a.territory || '|' || a.valid_from = j.key)
DELETE FROM rep_assignment a USING judged j WHERE j.why IS NULL AND j.before IS NULL AND a.rep_id = j.row_id AND a.territory || '|' || a.valid_from = j.key

-- name: order_line
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN l.order_id IS NULL THEN 'gone' WHEN NOT to_jsonb(l) @> u.after THEN 'changed_since'
                                      WHEN EXISTS (SELECT FROM response r WHERE r.source = 'orders' AND r.source_id = u.row_id::text) THEN 'is_a_response' ELSE u.why END
      FROM undo_item i LEFT JOIN order_line l ON l.order_id = i.row_id AND l.line_no::text = i.key
     WHERE i.what = 'order_line' AND u.what = 'order_line' AND u.row_id = i.row_id AND u.key = i.key
 RETURNING u.row_id, u.key, u.before, u.why),
restored AS (
    UPDATE order_line l SET (cip13, brand, units, free_units, unit_price_ht, discount, amount_ht) =
           (SELECT r.cip13, r.brand, r.units, r.free_units, r.unit_price_ht, r.discount, r.amount_ht FROM jsonb_populate_record(l, j.before) AS r)
      FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND l.order_id = j.row_id AND l.line_no::text = j.key)
DELETE FROM order_line l USING judged j WHERE j.why IS NULL AND j.before IS NULL AND l.order_id = j.row_id AND l.line_no::text = j.key

-- name: orders
-- An order that answered a campaign stays: the campaign's report stands on it.
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN o.order_id IS NULL THEN 'gone' WHEN u.before IS NOT NULL AND NOT to_jsonb(o) @> u.after THEN 'changed_since'
                                      WHEN u.before IS NULL AND EXISTS (SELECT FROM response r WHERE r.source = 'orders' AND r.source_id = u.row_id::text) THEN 'is_a_response'
                                      ELSE u.why END
      FROM undo_item i LEFT JOIN orders o ON o.order_id = i.row_id
     WHERE i.what = 'orders' AND u.what = 'orders' AND u.row_id = i.row_id AND (u.before IS NULL) = (i.before IS NULL)
 RETURNING u.row_id, u.before, u.why)
UPDATE orders o SET (origin, type, promo_code, rep_id, ordered_at, status) =
       (SELECT r.origin, r.type, r.promo_code, r.rep_id, r.ordered_at, r.status FROM jsonb_populate_record(o, j.before) AS r)
  FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND o.order_id = j.row_id

-- name: lines_of_orders
DELETE FROM order_line l USING undo_item u WHERE u.what = 'orders' AND u.why IS NULL AND u.before IS NULL AND l.order_id = u.row_id

-- name: orders_gone
DELETE FROM orders o USING undo_item u WHERE u.what = 'orders' AND u.why IS NULL AND u.before IS NULL AND o.order_id = u.row_id

-- name: sums
UPDATE orders o SET amount_ht = l.amount_ht
  FROM (SELECT order_id, sum(amount_ht) AS amount_ht FROM order_line
         WHERE order_id IN (SELECT row_id FROM undo_item WHERE what = 'order_line' AND why IS NULL) GROUP BY order_id) AS l
 WHERE o.order_id = l.order_id AND o.amount_ht <> l.amount_ht

-- name: response
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN r.response_id IS NULL THEN 'gone' WHEN u.before IS NOT NULL AND NOT to_jsonb(r) @> u.after THEN 'changed_since' ELSE u.why END
      FROM undo_item i LEFT JOIN response r ON r.response_id = i.row_id
     WHERE i.what = 'response' AND u.what = 'response' AND u.row_id = i.row_id AND (u.before IS NULL) = (i.before IS NULL)
 RETURNING u.row_id, u.before, u.why),
restored AS (
    UPDATE response t SET (channel, brand, campaign, type, at, value, label) =
           (SELECT r.channel, r.brand, r.campaign, r.type, r.at, r.value, r.label FROM jsonb_populate_record(t, j.before) AS r)
      FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND t.response_id = j.row_id)
DELETE FROM response r USING judged j WHERE j.why IS NULL AND j.before IS NULL AND r.response_id = j.row_id

-- name: touch
-- A touch that something answered, or that a rep reported on, stays.
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN t.touch_id IS NULL THEN 'gone' WHEN u.before IS NOT NULL AND NOT to_jsonb(t) @> u.after THEN 'changed_since'
                                      WHEN u.before IS NULL AND (EXISTS (SELECT FROM response r WHERE r.customer_id = t.customer_id AND r.touch_id = t.touch_id)
                                                                 OR EXISTS (SELECT FROM visit_report v WHERE v.touch_id = t.touch_id)) THEN 'was_answered'
                                      ELSE u.why END
      FROM undo_item i LEFT JOIN touch t ON t.touch_id = i.row_id
     WHERE i.what = 'touch' AND u.what = 'touch' AND u.row_id = i.row_id AND (u.before IS NULL) = (i.before IS NULL)
 RETURNING u.row_id, u.before, u.why),
restored AS (
    UPDATE touch t SET (channel, brand, campaign, purpose, due_at, touched_at, state, outcome, outcome_at, rep_id) =
           (SELECT r.channel, r.brand, r.campaign, r.purpose, r.due_at, r.touched_at, r.state, r.outcome, r.outcome_at, r.rep_id
              FROM jsonb_populate_record(t, j.before) AS r)
      FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND t.touch_id = j.row_id)
DELETE FROM touch t USING judged j WHERE j.why IS NULL AND j.before IS NULL AND t.touch_id = j.row_id

-- name: consent_event
-- Events are not deleted: a yes is marked as void, a no stays a no.
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN e.consent_event_id IS NULL OR v.consent_event_id IS NOT NULL THEN 'gone' WHEN e.opt IN ('opt_out', 'never') THEN 'is_a_no' END
      FROM undo_item i LEFT JOIN consent_event e ON e.consent_event_id = i.row_id LEFT JOIN consent_void v ON v.consent_event_id = i.row_id
     WHERE i.what = 'consent_event' AND u.what = 'consent_event' AND u.row_id = i.row_id
 RETURNING u.row_id, u.why)
INSERT INTO consent_void (consent_event_id, batch_id, at) SELECT row_id, %(batch)s, %(now)s FROM judged WHERE why IS NULL

-- name: heard
SELECT DISTINCT e.customer_id FROM consent_event e JOIN undo_item u ON u.row_id = e.consent_event_id WHERE u.what = 'consent_event' AND u.why IS NULL

-- name: contact_point
-- An address that was written to, about which something was learned, or for which somebody gave consent, stays; so does a refusal.
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN p.contact_point_id IS NULL THEN 'gone'
                                      WHEN u.before IS NOT NULL AND NOT to_jsonb(p) @> u.after THEN 'changed_since'
                                      WHEN u.before IS NOT NULL AND p.status IN ('refused', 'blocked') AND u.before ->> 'status' <> p.status THEN 'is_a_no'
                                      WHEN u.before IS NULL AND EXISTS (SELECT FROM touch t WHERE t.customer_id = p.customer_id AND t.contact_point_id = p.contact_point_id) THEN 'was_written_to'
                                      WHEN u.before IS NULL AND (p.soft_bounces > 0 OR p.status_reason ~ '^(bounced|return:)' OR p.status IN ('refused', 'blocked')) THEN 'was_learned'
                                      WHEN u.before IS NULL AND EXISTS (SELECT FROM consent_event e WHERE e.customer_id = p.customer_id AND e.address = p.value_norm) THEN 'has_consents'
                                      ELSE u.why END
      FROM undo_item i LEFT JOIN contact_point p ON p.contact_point_id = i.row_id
     WHERE i.what = 'contact_point' AND u.what = 'contact_point' AND u.row_id = i.row_id AND (u.before IS NULL) = (i.before IS NULL)
 RETURNING u.row_id, u.before, u.why),
restored AS (
    UPDATE contact_point p SET (usage, status, status_reason, status_at, notice_given_at) =
           (SELECT r.usage, r.status, r.status_reason, r.status_at, r.notice_given_at FROM jsonb_populate_record(p, j.before) AS r)
      FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND p.contact_point_id = j.row_id
    RETURNING p.customer_id, p.type, p.value_norm),
gone AS (
    DELETE FROM contact_point p USING judged j WHERE j.why IS NULL AND j.before IS NULL AND p.contact_point_id = j.row_id
    RETURNING p.customer_id, p.type, p.value_norm),
remembered AS (SELECT * FROM restored UNION SELECT * FROM gone)
INSERT INTO undo_point SELECT * FROM remembered

-- name: points
CREATE TEMP TABLE undo_point (customer_id bigint, type text, value_norm text) ON COMMIT DROP

-- name: mains
-- Of what is left, the best is the main one again.
WITH best AS (
    SELECT DISTINCT ON (customer_id, type) customer_id, type, contact_point_id
      FROM contact_point WHERE (customer_id, type) IN (SELECT customer_id, type FROM undo_point)
     ORDER BY customer_id, type, (status IN ('invalid', 'refused', 'blocked')), status <> 'valid', source_date DESC NULLS LAST, contact_point_id DESC)
SELECT contact_point_id FROM best

-- name: mains_off
UPDATE contact_point p SET is_main = false
 WHERE p.is_main AND (customer_id, type) IN (SELECT customer_id, type FROM undo_point) AND NOT contact_point_id = ANY (%(mains)s)

-- name: mains_on
UPDATE contact_point SET is_main = true WHERE contact_point_id = ANY (%(mains)s) AND NOT is_main

-- name: sharing
UPDATE contact_point p SET shared_with = s.customers
  FROM (SELECT type, value_norm, count(*) AS customers FROM contact_point
         WHERE (type, value_norm) IN (SELECT type, value_norm FROM undo_point WHERE type <> 'postal') GROUP BY type, value_norm) AS s
 WHERE p.type = s.type AND p.value_norm = s.value_norm AND p.shared_with <> s.customers

-- name: identifier
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN n.value IS NULL THEN 'gone' END
      FROM undo_item i LEFT JOIN identifier n ON n.scheme || '|' || n.value = i.key AND n.scheme = split_part(i.key, '|', 1)
     WHERE i.what = 'identifier' AND u.what = 'identifier' AND u.key = i.key
 RETURNING u.key, u.why)
DELETE FROM identifier n USING judged j WHERE j.why IS NULL AND n.scheme = split_part(j.key, '|', 1) AND n.value = substr(j.key, strpos(j.key, '|') + 1)

-- name: customer
-- A customer whom anything tells about stays. Old values come back, a stop on visits and calls does not go.
WITH judged AS (
    UPDATE undo_item u SET why = CASE
               WHEN c.customer_id IS NULL THEN 'gone'
               WHEN u.before IS NOT NULL THEN CASE WHEN NOT to_jsonb(c) @> u.after OR c.status IN ('merged', 'erased') THEN 'changed_since' ELSE u.why END
               WHEN u.why IS NOT NULL THEN u.why
               WHEN c.status IN ('merged', 'erased') OR EXISTS (SELECT FROM customer m WHERE m.merged_into = c.customer_id) THEN 'was_merged'
               WHEN EXISTS (SELECT FROM member m WHERE m.customer_id = c.customer_id) THEN 'was_in_a_run'
               WHEN EXISTS (SELECT FROM touch t WHERE t.customer_id = c.customer_id) THEN 'has_touches'
               WHEN EXISTS (SELECT FROM response r WHERE r.customer_id = c.customer_id) THEN 'has_responses'
               WHEN EXISTS (SELECT FROM orders o WHERE o.customer_id = c.customer_id) THEN 'has_orders'
               WHEN EXISTS (SELECT FROM consent_event e WHERE e.customer_id = c.customer_id) THEN 'has_consents'
               WHEN EXISTS (SELECT FROM alignment a WHERE a.customer_id = c.customer_id) THEN 'is_aligned'
               WHEN EXISTS (SELECT FROM affiliation a WHERE a.person_id = c.customer_id) OR EXISTS (SELECT FROM affiliation a WHERE a.organisation_id = c.customer_id) THEN 'is_affiliated'
               WHEN EXISTS (SELECT FROM customer_hold h WHERE h.customer_id = c.customer_id) THEN 'has_a_hold'
               WHEN EXISTS (SELECT FROM customer_version v WHERE v.customer_id = c.customer_id) THEN 'changed_since'
               WHEN EXISTS (SELECT FROM contact_point p JOIN import_made m ON m.what = 'contact_point' AND m.ids @> p.contact_point_id
                             WHERE p.customer_id = c.customer_id) THEN 'has_contacts' END
      FROM undo_item i LEFT JOIN customer c ON c.customer_id = i.row_id
     WHERE i.what = 'customer' AND u.what = 'customer' AND u.row_id = i.row_id AND (u.before IS NULL) = (i.before IS NULL)
 RETURNING u.row_id, u.before, u.why)
UPDATE customer c SET (status, civility, title, last_name, first_name, org_name, trade_name, language, profession, specialty, specialty_group, practice_mode, sector,
                       category, street, postcode, town, insee, department, region, timezone, latitude, longitude, credit_status, do_not_call, facts,
                       sort_name, changed_at) =
       (SELECT r.status, r.civility, r.title, r.last_name, r.first_name, r.org_name, r.trade_name, r.language, r.profession, r.specialty, r.specialty_group,
               r.practice_mode, r.sector, r.category, r.street, r.postcode, r.town, r.insee, r.department, r.region, r.timezone, r.latitude, r.longitude,
               r.credit_status, r.do_not_call OR c.do_not_call, r.facts,
               folded(CASE WHEN r.last_name IS NULL THEN r.org_name WHEN r.first_name IS NULL THEN r.last_name ELSE r.last_name || ' ' || r.first_name END),
               clock_timestamp()
          FROM jsonb_populate_record(c, j.before) AS r)
  FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND c.customer_id = j.row_id

-- name: points_of_customers
WITH gone AS (
    DELETE FROM contact_point p USING undo_item u WHERE u.what = 'customer' AND u.why IS NULL AND u.before IS NULL AND p.customer_id = u.row_id
    RETURNING p.customer_id, p.type, p.value_norm)
INSERT INTO undo_point SELECT * FROM gone

-- name: identifiers_of_customers
DELETE FROM identifier n USING undo_item u WHERE u.what = 'customer' AND u.why IS NULL AND u.before IS NULL AND n.customer_id = u.row_id

-- name: guards_of_customers
DELETE FROM contact_guard g USING undo_item u WHERE u.what = 'customer' AND u.why IS NULL AND u.before IS NULL AND g.customer_id = u.row_id

-- name: customers_gone
DELETE FROM customer c USING undo_item u WHERE u.what = 'customer' AND u.why IS NULL AND u.before IS NULL AND c.customer_id = u.row_id

-- name: rep
WITH used AS (
    SELECT rep_id FROM rep_assignment UNION SELECT rep_id FROM rep_calendar UNION SELECT rep_id FROM visit_task UNION SELECT rep_id FROM visit_report
    UNION SELECT rep_id FROM touch WHERE rep_id IS NOT NULL UNION SELECT rep_id FROM orders WHERE rep_id IS NOT NULL),
judged AS (
    UPDATE undo_item u SET why = CASE WHEN r.rep_id IS NULL THEN 'gone' WHEN u.before IS NOT NULL AND NOT to_jsonb(r) @> u.after THEN 'changed_since'
                                      WHEN u.before IS NULL AND r.rep_id IN (SELECT rep_id FROM used) THEN 'is_in_use' ELSE u.why END
      FROM undo_item i LEFT JOIN rep r ON r.rep_id = i.row_id
     WHERE i.what = 'rep' AND u.what = 'rep' AND u.row_id = i.row_id AND (u.before IS NULL) = (i.before IS NULL)
 RETURNING u.row_id, u.before, u.why),
restored AS (
    UPDATE rep t SET (first_name, last_name, email, phone, rep_type, promotional, brands, daily_capacity, holiday_set, active) =
           (SELECT r.first_name, r.last_name, r.email, r.phone, r.rep_type, r.promotional, r.brands, r.daily_capacity, r.holiday_set, r.active
              FROM jsonb_populate_record(t, j.before) AS r)
      FROM judged j WHERE j.why IS NULL AND j.before IS NOT NULL AND t.rep_id = j.row_id)
DELETE FROM rep r USING judged j WHERE j.why IS NULL AND j.before IS NULL AND r.rep_id = j.row_id

-- name: territory
WITH judged AS (
    UPDATE undo_item u SET why = CASE WHEN t.territory IS NULL THEN 'gone'
                                      WHEN EXISTS (SELECT FROM rep_assignment a WHERE a.territory = t.territory) OR EXISTS (SELECT FROM alignment a WHERE a.territory = t.territory)
                                        OR EXISTS (SELECT FROM territory below WHERE below.parent = t.territory) THEN 'is_in_use' END
      FROM undo_item i LEFT JOIN territory t ON t.territory = i.key
     WHERE i.what = 'territory' AND u.what = 'territory' AND u.key = i.key
 RETURNING u.key, u.why)
DELETE FROM territory t USING judged j WHERE j.why IS NULL AND t.territory = j.key

-- name: forget
-- What was taken back is no longer the batch's; what stays can be tried again.
DELETE FROM import_change c USING undo_item u
 WHERE c.batch_id = %(batch)s AND c.what = u.what AND c.row_id = u.row_id AND c.key = u.key AND (u.why IS NULL OR u.why = 'gone')

-- name: forget_made
UPDATE import_made m SET ids = n.ids
  FROM (SELECT what, coalesce(range_agg(int8range(row_id, row_id + 1)), '{}') AS ids FROM undo_item
         WHERE before IS NULL AND why IS NOT NULL AND why <> 'gone' AND (what, row_id, key) NOT IN (SELECT what, row_id, key FROM import_change WHERE batch_id = %(batch)s)
         GROUP BY what
        UNION ALL SELECT DISTINCT what, '{}'::int8multirange FROM undo_item u WHERE NOT EXISTS (
            SELECT FROM undo_item k WHERE k.what = u.what AND k.before IS NULL AND k.why IS NOT NULL AND k.why <> 'gone')) AS n
 WHERE m.batch_id = %(batch)s AND m.what = n.what

-- name: undone
UPDATE import_batch SET undone_at = %(now)s WHERE batch_id = %(batch)s

-- name: counted
SELECT what, count(*) FILTER (WHERE why IS NULL AND before IS NULL), count(*) FILTER (WHERE why IS NULL AND before IS NOT NULL)
  FROM undo_item GROUP BY what ORDER BY what

-- name: kept
SELECT what, row_id, key, why, by FROM undo_item WHERE why IS NOT NULL AND why <> 'gone' ORDER BY what, row_id, key

-- name: batch
SELECT feed, file, at, undone_at FROM import_batch WHERE batch_id = %(batch)s

-- name: batches
-- The newest deliveries, and how much of each could be taken back.
SELECT batch_id, feed, file, at, coalesce((counts ->> 'created')::bigint, 0), coalesce((counts ->> 'changed')::bigint, 0), undone_at
  FROM import_batch ORDER BY batch_id DESC LIMIT 20
