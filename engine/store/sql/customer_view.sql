-- One customer from all sides: what every department knows of them (W20).

-- name: by_number
-- Whoever has this number: as RPPS, FINESS, SIRET or the id of any system, or as our own id.
SELECT coalesce(c.merged_into, c.customer_id) AS customer_id, i.scheme
  FROM identifier i JOIN customer c USING (customer_id)
 WHERE i.value = %(number)s AND (i.scheme IN ('RPPS', 'FINESS', 'SIRET', 'ADELI', 'IDNPS') OR i.scheme = ANY (%(ext_schemes)s))
UNION ALL
SELECT coalesce(merged_into, customer_id), 'id' FROM customer WHERE customer_id = %(id)s
 ORDER BY scheme, customer_id

-- name: by_name
-- Names that begin so, folded: capitals without accents.
SELECT customer_id, coalesce(nullif(concat_ws(' ', title, first_name, last_name), ''), org_name), kinds[1], town
  FROM customer WHERE sort_name LIKE %(start)s AND status NOT IN ('merged', 'erased') ORDER BY sort_name, customer_id LIMIT 21

-- name: identity
SELECT customer_id, of, kinds, status, concat_ws(' ', title, first_name, last_name), org_name, trade_name, language, specialty, specialty_group,
       practice_mode, sector, category, street, postcode, town, department, region, credit_status, do_not_call, restricted_brands, facts, source,
       source_date, changed_at
  FROM customer WHERE customer_id = %(customer)s

-- name: identifiers
SELECT scheme, value, checksum_suspect, source FROM identifier WHERE customer_id = %(customer)s ORDER BY scheme LIKE 'ext:%%', scheme, value

-- name: contact_points
SELECT type, value_norm, usage, status, status_reason, status_at, is_main, shared_with, notice_given_at, source, source_date
  FROM contact_point WHERE customer_id = %(customer)s ORDER BY type, is_main DESC, contact_point_id

-- name: consents
-- What holds today, and the event that decides, with its proof.
SELECT c.channel, c.purpose, c.scope, c.address, c.opt, c.effective_to, c.has_proof, e.captured_at, e.source, e.proof_type, e.proof_ref, e.text_version,
       e.opt_out_cause
  FROM consent c LEFT JOIN consent_event e USING (consent_event_id)
 WHERE c.customer_id = %(customer)s ORDER BY c.channel, c.purpose, c.scope, c.address

-- name: stops
-- What the gate does not let through, whoever asked for it.
SELECT unnest(blocked) FROM contact_guard WHERE customer_id = %(customer)s
UNION ALL
SELECT kind || CASE WHEN brand = '*' THEN '' ELSE ' ' || brand END || ' (' || source || ')' FROM customer_hold
 WHERE customer_id = %(customer)s AND from_at <= %(now)s AND (to_at IS NULL OR to_at > %(now)s)

-- name: affiliations
SELECT a.role, c.customer_id, coalesce(c.org_name, concat_ws(' ', c.title, c.first_name, c.last_name)), c.town, a.is_primary
  FROM affiliation a JOIN customer c ON c.customer_id = CASE WHEN a.person_id = %(customer)s THEN a.organisation_id ELSE a.person_id END
 WHERE (a.person_id = %(customer)s OR a.organisation_id = %(customer)s) AND (a.valid_to IS NULL OR a.valid_to >= %(now)s::date)
 ORDER BY a.is_primary DESC, a.role, c.sort_name LIMIT 20

-- name: field
SELECT a.rep_type, a.territory, t.name, a.reason, r.code, concat_ws(' ', r.first_name, r.last_name), w.role
  FROM alignment a JOIN territory t USING (territory)
  LEFT JOIN rep_assignment w ON w.territory = a.territory AND w.valid_from <= %(now)s::date AND (w.valid_to IS NULL OR w.valid_to >= %(now)s::date)
  LEFT JOIN rep r ON r.rep_id = w.rep_id AND r.active
 WHERE a.customer_id = %(customer)s ORDER BY a.rep_type, array_position(ARRAY['owner','interim','co'], w.role)

-- name: touches
SELECT coalesce(touched_at, due_at), channel, campaign, step, brand, state, reason, outcome, source
  FROM touch WHERE customer_id = %(customer)s ORDER BY coalesce(touched_at, due_at) DESC, touch_id DESC LIMIT 10

-- name: responses
SELECT at, type, channel, campaign, label, value, source FROM response WHERE customer_id = %(customer)s ORDER BY at DESC, response_id DESC LIMIT 10

-- name: orders
SELECT o.ordered_at, o.order_no, o.origin, o.status, o.promo_code, (SELECT string_agg(DISTINCT l.brand, ', ') FROM order_line l WHERE l.order_id = o.order_id), o.amount_ht,
       o.source
  FROM orders o WHERE o.customer_id = %(customer)s ORDER BY o.ordered_at DESC, o.order_id DESC LIMIT 10

-- name: year
-- What was ordered within twelve months, by brand; orders that stand.
SELECT l.brand, sum(l.units), sum(l.amount_ht), count(DISTINCT o.order_id)
  FROM orders o JOIN order_line l USING (order_id)
 WHERE o.customer_id = %(customer)s AND o.ordered_at > %(now)s::timestamptz - interval '12 months' AND o.status <> ALL (%(void)s)
 GROUP BY l.brand ORDER BY 3 DESC

-- name: tasks
SELECT v.task_id, v.type, v.due_on, v.status, r.code FROM visit_task v JOIN rep r USING (rep_id)
 WHERE v.customer_id = %(customer)s AND v.status IN ('open', 'scheduled') ORDER BY v.due_on

-- name: enrol_alone
INSERT INTO member (run_id, customer_id, held_out, enrolled_at) VALUES (%(run)s, %(customer)s, false, %(now)s)

-- name: told
SELECT channel, state, reasons, because FROM touch WHERE run_id = %(run)s AND customer_id = %(customer)s
