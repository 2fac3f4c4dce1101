-- What comes back, in sets. Each row names its source and its id there: a replay inserts nothing.

-- name: record_hits
-- Keep the clicks and opens of the public pages. The token says the touch, the touch says the rest.
-- Clicks and opens in the first seconds after the mail left are those of scanners in front of the mailbox.
WITH hit AS (
    SELECT * FROM unnest(%(touches)s::bigint[], %(customers)s::bigint[], %(types)s::text[], %(labels)s::text[],
                         %(ats)s::timestamptz[], %(ids)s::text[])
           AS hit (touch_id, customer_id, type, label, at, source_id))
INSERT INTO response (customer_id, touch_id, run_id, campaign, step, channel, brand, type, at, label,
                      attribution, source, source_id)
SELECT touch.customer_id, touch_id, run_id, campaign, step, channel, brand,
       CASE WHEN type IN ('click','open') AND channel = 'email' AND at BETWEEN touched_at AND touched_at + interval '5 seconds'
            THEN CASE type WHEN 'click' THEN 'click_suspect' ELSE 'open_machine' END ELSE type END,
       at, label, 'token', 'web', hit.source_id
  FROM hit JOIN touch USING (touch_id)
 WHERE touch.customer_id = hit.customer_id
 ORDER BY hit.source_id      -- two writers of the same hits wait for each other in one order, not in a ring
    ON CONFLICT (source, source_id) DO NOTHING;

-- name: settle_by_evidence
-- A link of the touch itself came back: whatever we did not read then, the mail had arrived (E3).
WITH proven AS (
    SELECT touch_id FROM touch WHERE touch_id = ANY(%(touches)s) AND state = 'unknown'
     ORDER BY touch_id FOR UPDATE),
settled AS (
    UPDATE touch SET state = 'accepted', touched_at = coalesce(touched_at, gated_at, %(now)s)
      FROM proven WHERE touch.touch_id = proven.touch_id AND state = 'unknown'
 RETURNING touch.touch_id, epoch)
INSERT INTO attempt (touch_id, epoch, phase, worker, reply)
SELECT touch_id, epoch, 'accepted', 'web', 'evidence: a link of this touch was used' FROM settled;

-- name: touches_of_tokens
-- What the pages need to know of the touches behind links: no name, no address.
SELECT touch_id, touch.customer_id, run_id, touch.campaign, step, channel, touch.purpose, definition_sha, cell
  FROM unnest(%(touches)s::bigint[], %(customers)s::bigint[]) AS token (touch_id, customer_id)
  JOIN touch USING (touch_id) LEFT JOIN run USING (run_id)
 WHERE touch.customer_id = token.customer_id;

-- name: touch_by_id
SELECT touch_id, touch.customer_id, run_id, touch.campaign, step, channel, touch.purpose, definition_sha, cell
  FROM touch LEFT JOIN run USING (run_id) WHERE touch_id = %(touch)s AND state IN ('accepted', 'unknown');

-- name: lock_guard
-- Take the row that the gate shares; from here on no gate of this customer commits until we do. A
-- missing row is made: whoever says no has a no, also before the first run.
INSERT INTO contact_guard (customer_id) VALUES (%(customer)s)
    ON CONFLICT (customer_id) DO UPDATE SET version = contact_guard.version
RETURNING blocked;

-- name: own_words
-- What the customer said last on our pages, per purpose; an import cannot speak in its place.
SELECT DISTINCT ON (purpose) purpose, opt FROM consent_event
 WHERE customer_id = %(customer)s AND channel = %(channel)s AND source = 'web'
 ORDER BY purpose, captured_at DESC, consent_event_id DESC;

-- name: add_consent_events
-- Keep what was said, with its proof. `address` stays open: a no holds for every address.
INSERT INTO consent_event (customer_id, channel, purpose, address, opt, opt_out_cause, captured_at, text_version,
                           proof_type, proof_ref, source, source_id)
SELECT %(customer)s, %(channel)s, purpose, %(address)s, %(opt)s, %(cause)s, %(at)s, %(text_version)s, 'web_form',
       %(proof)s, 'web', %(source_id)s || ':' || purpose
  FROM unnest(%(purposes)s::text[]) AS purpose
    ON CONFLICT (source, source_id) DO NOTHING;

-- name: exclude_open_touches
-- Whatever has not passed the gate does not leave any more.
WITH open AS (
    SELECT touch_id FROM touch
     WHERE customer_id = %(customer)s AND channel = %(channel)s AND purpose = ANY(%(purposes)s)
       AND state IN ('planned', 'ready', 'claimed', 'parked')
     ORDER BY touch_id FOR UPDATE)
UPDATE touch SET state = 'excluded', reason = 'opted_out', reasons = ARRAY['opted_out'], owner = NULL, lease_until = NULL
  FROM open WHERE touch.touch_id = open.touch_id;

-- name: record_answer
-- Keep one response of a person to one touch, whatever its kind.
INSERT INTO response (customer_id, touch_id, run_id, campaign, step, channel, brand, type, at, label,
                      attribution, source, source_id)
SELECT customer_id, touch_id, run_id, campaign, step, channel, brand, %(type)s, %(at)s, %(label)s, 'token', 'web',
       %(source_id)s
  FROM touch WHERE touch_id = %(touch)s
    ON CONFLICT (source, source_id) DO NOTHING;

-- name: measured_runs
-- Runs whose responses may still come: not longer ago than the longest window of any goal.
SELECT run_id, campaign, definition_sha FROM run
 WHERE coalesce(frozen_at, slot_at) BETWEEN %(now)s - %(window)s::interval AND %(now)s
 ORDER BY run_id;

-- name: attribute_orders
-- Give each order that came in to the campaign it answers: by its code, else by a touch not long
-- before. An order answers one campaign: the first rule that fits, then the latest touch. Orders
-- without either stay orders; they are nobody's response. A code used by somebody who was not
-- touched is kept too: offers travel.
WITH rule AS (
    SELECT * FROM unnest(%(runs)s::bigint[], %(ranks)s::int[], %(codes)s::text[], %(brands)s::text[],
                         %(withins)s::interval[]) AS rule (run_id, rank, code, brand, within)),
fitting AS (
    SELECT orders.order_id, rule.run_id, rule.rank, rule.brand, 'direct_code' AS attribution,
           last.touch_id, last.step, last.channel, last.touched_at
      FROM rule JOIN run USING (run_id)
      JOIN orders ON orders.promo_code = rule.code
       AND orders.ordered_at BETWEEN coalesce(run.frozen_at, run.slot_at)
                                 AND coalesce(run.frozen_at, run.slot_at) + rule.within
      LEFT JOIN LATERAL (
           SELECT touch_id, step, channel, touched_at FROM touch
            WHERE touch.customer_id = orders.customer_id AND touch.run_id = rule.run_id
              AND state IN ('accepted', 'unknown') AND touched_at <= orders.ordered_at
            ORDER BY touched_at DESC LIMIT 1) last ON true
     WHERE rule.code IS NOT NULL AND orders.status <> ALL(%(void)s) AND orders.ordered_at <= %(now)s
    UNION ALL
    SELECT orders.order_id, rule.run_id, rule.rank, rule.brand, 'window',
           touch.touch_id, touch.step, touch.channel, touch.touched_at
      FROM rule JOIN touch ON touch.run_id = rule.run_id AND touch.state IN ('accepted', 'unknown')
      JOIN orders ON orders.customer_id = touch.customer_id
       AND orders.ordered_at >= touch.touched_at AND orders.ordered_at < touch.touched_at + rule.within
     WHERE rule.code IS NULL AND orders.status <> ALL(%(void)s) AND orders.ordered_at <= %(now)s
       AND EXISTS (SELECT FROM order_line WHERE order_line.order_id = orders.order_id
                      AND (rule.brand IS NULL OR order_line.brand = rule.brand))),
best AS (
    SELECT DISTINCT ON (order_id) * FROM fitting ORDER BY order_id, rank, touched_at DESC NULLS LAST, run_id)
INSERT INTO response (customer_id, touch_id, run_id, campaign, step, channel, brand, type, at, value, label,
                      attribution, source, source_id)
SELECT orders.customer_id, best.touch_id, best.run_id, run.campaign, best.step, best.channel, best.brand, 'order',
       orders.ordered_at,
       coalesce((SELECT sum(amount_ht) FROM order_line WHERE order_line.order_id = best.order_id
                    AND (best.brand IS NULL OR order_line.brand = best.brand)), orders.amount_ht),
       orders.promo_code, best.attribution, 'orders', best.order_id::text
  FROM best JOIN orders USING (order_id) JOIN run ON run.run_id = best.run_id
    ON CONFLICT (source, source_id) DO NOTHING;

-- name: follow_orders
-- A cancelled order is no response any more, a corrected one is worth what it is worth now. The row
-- stays and says so (`order_cancelled`): that it once counted can still be seen.
WITH today AS (
    SELECT response_id,
           CASE WHEN orders.status = ANY(%(void)s) THEN 'order_cancelled' ELSE 'order' END AS type,
           coalesce((SELECT sum(amount_ht) FROM order_line WHERE order_line.order_id = orders.order_id
                        AND (response.brand IS NULL OR order_line.brand = response.brand)), orders.amount_ht) AS value
      FROM response JOIN orders ON orders.order_id = response.source_id::bigint
     WHERE response.source = 'orders' AND response.run_id = ANY(%(runs)s)
       AND response.campaign = ANY(%(campaigns)s) AND response.type IN ('order', 'order_cancelled'))
UPDATE response SET type = today.type, value = today.value
  FROM today WHERE response.response_id = today.response_id
   AND (response.type, response.value) IS DISTINCT FROM (today.type, today.value);

-- name: collect_visit_reports
-- What the reps reported since the last time, as responses of the touches that asked for the visit.
WITH told AS (
    UPDATE visit_report SET collected_at = %(now)s WHERE collected_at IS NULL AND visited_at <= %(now)s
 RETURNING report_id, customer_id, touch_id, visited_at, outcome)
INSERT INTO response (customer_id, touch_id, run_id, campaign, step, channel, brand, type, at, label,
                      attribution, source, source_id)
SELECT told.customer_id, touch_id, run_id, campaign, step, channel, brand, 'visit_outcome', visited_at,
       told.outcome, CASE WHEN touch_id IS NULL THEN 'none' ELSE 'token' END,
       'visit_report', report_id::text
  FROM told LEFT JOIN LATERAL (SELECT * FROM touch WHERE touch.touch_id = told.touch_id OFFSET 0) AS t USING (touch_id)
    ON CONFLICT (source, source_id) DO NOTHING;

-- name: record_bounces
-- A mail came back: its touch says so, and its address is not written to again.
WITH bounced AS (
    SELECT * FROM unnest(%(touches)s::bigint[], %(ats)s::timestamptz[]) AS b (touch_id, at)),
told AS (
    UPDATE touch SET outcome = 'bounced_hard', outcome_at = bounced.at
      FROM bounced WHERE touch.touch_id = bounced.touch_id AND outcome IS DISTINCT FROM 'bounced_hard'
 RETURNING touch.touch_id, customer_id, contact_point_id, outcome_at),
doubted AS (
    UPDATE contact_point SET status = 'invalid', status_reason = 'bounced_hard', status_at = outcome_at
      FROM told WHERE type = 'email' AND contact_point.customer_id = told.customer_id
       AND (contact_point.contact_point_id = told.contact_point_id OR (told.contact_point_id IS NULL AND is_main)))
SELECT count(*) FROM told;
