-- What other systems did and heard: touches that went out, responses that came in. The key is the system and its own id.

-- name: incoming
-- A line without an id of its own gets one from what it says; the same line is the same touch next time.
CREATE TEMP TABLE load_incoming ON COMMIT DROP AS
WITH known_brand AS (
    SELECT DISTINCT ON (word) word, brand FROM brand CROSS JOIN LATERAL (VALUES (folded(brand), 1), (folded(name), 2)) AS w(word, rank)
     ORDER BY word, rank, brand)
SELECT line, customer_id, direction, channel, brand, campaign, purpose, at, outcome, rep_id, type, value, label, finess_repaired,
       coalesce(given_source_id, 'auto-' || md5(concat_ws('|', customer_id, channel, direction, type, at, campaign, given_brand, label))) AS source_id,
       nullif(concat_ws(' ', whom_fault, CASE WHEN channel IS NULL THEN 'unknown_channel' END,
           CASE WHEN given_direction IS NOT NULL AND said_direction IS NULL THEN 'unknown_direction' END,
           CASE WHEN at IS NULL THEN 'bad_at'
                WHEN at > %(now)s::timestamptz + interval '1 day' AND coalesce(outcome, '') NOT IN ('planned', 'cancelled') THEN 'future_touch' END,
           CASE WHEN given_type IS NOT NULL AND type IS NULL THEN 'unknown_type'
                WHEN type = 'order' THEN 'order_in_history'
                WHEN direction = 'in' AND type IS NULL THEN 'no_type'
                WHEN direction = 'out' AND type IS NOT NULL THEN 'type_of_out' END), '') AS fault,
       array_remove(ARRAY[CASE WHEN given_brand IS NOT NULL AND brand IS NULL THEN 'brand_left_out' END,
                          CASE WHEN given_purpose IS NOT NULL AND purpose IS NULL THEN 'purpose_left_out' END,
                          CASE WHEN given_outcome IS NOT NULL AND outcome IS NULL THEN 'unknown_outcome' END,
                          CASE WHEN given_value IS NOT NULL AND value IS NULL THEN 'bad_value' END,
                          CASE WHEN given_rep IS NOT NULL AND rep_id IS NULL THEN 'unknown_rep' END], NULL) AS slips
  FROM (SELECT c.*, coalesce(said_direction, CASE WHEN given_type IS NULL THEN 'out' ELSE 'in' END) AS direction
          FROM (SELECT s.line, w.customer_id, w.fault AS whom_fault, w.finess_repaired, tidy(s.source_id) AS given_source_id,
                       nullif(btrim(s.direction), '') AS given_direction,
                       CASE folded(s.direction) WHEN 'OUT' THEN 'out' WHEN 'SORTANT' THEN 'out' WHEN 'IN' THEN 'in' WHEN 'ENTRANT' THEN 'in' END AS said_direction,
                       CASE folded(s.channel) WHEN 'E MAIL' THEN 'email' WHEN 'MAIL' THEN 'email' WHEN 'COURRIEL' THEN 'email' WHEN 'VISITE' THEN 'visit'
                           WHEN 'VISITE A DISTANCE' THEN 'remote_visit' WHEN 'COURRIER' THEN 'mailing' WHEN 'LETTRE' THEN 'mailing' WHEN 'APPEL' THEN 'call'
                           WHEN 'TELEPHONE' THEN 'call' WHEN 'CONGRES' THEN 'congress'
                           ELSE CASE WHEN replace(lower(btrim(s.channel)), ' ', '_') = ANY (%(channels)s) THEN replace(lower(btrim(s.channel)), ' ', '_') END END AS channel,
                       nullif(btrim(s.brand), '') AS given_brand, b.brand, tidy(s.campaign) AS campaign, nullif(btrim(s.purpose), '') AS given_purpose,
                       CASE WHEN lower(btrim(s.purpose)) IN ('promo_rx','promo_otc','commercial','medical_info','safety','event','service','survey','institutional')
                            THEN lower(btrim(s.purpose)) END AS purpose,
                       moment_of(s.at) AS at, nullif(btrim(s.outcome), '') AS given_outcome,
                       CASE folded(s.outcome) WHEN 'DONE' THEN 'done' WHEN 'SEEN' THEN 'done' WHEN 'VU' THEN 'done' WHEN 'FAIT' THEN 'done' WHEN 'REALISEE' THEN 'done'
                           WHEN 'NOT DONE' THEN 'not_done' WHEN 'ABSENT' THEN 'not_done' WHEN 'NON VU' THEN 'not_done' WHEN 'DSN OK' THEN 'dsn_ok'
                           WHEN 'DELIVERED' THEN 'dsn_ok' WHEN 'REMIS' THEN 'dsn_ok' WHEN 'BOUNCED HARD' THEN 'bounced_hard' WHEN 'BOUNCED SOFT' THEN 'bounced_soft'
                           WHEN 'COMPLAINED' THEN 'complained' WHEN 'RETURNED' THEN 'returned' WHEN 'RETOUR' THEN 'returned' WHEN 'NPAI' THEN 'returned'
                           WHEN 'PLANNED' THEN 'planned' WHEN 'PREVU' THEN 'planned' WHEN 'CANCELLED' THEN 'cancelled' WHEN 'ANNULE' THEN 'cancelled' END AS outcome,
                       nullif(btrim(s.rep), '') AS given_rep, r.rep_id, nullif(btrim(s.type), '') AS given_type,
                       CASE WHEN lower(btrim(s.type)) = ANY (%(types)s) THEN lower(btrim(s.type)) END AS type,
                       nullif(plain_number(s.value), '') AS given_value,
                       CASE WHEN plain_number(s.value) ~ '^-?\d{1,10}(\.\d{1,2}0*)?$' THEN plain_number(s.value)::numeric END AS value, tidy(s.label) AS label
                  FROM load_stage s
                  JOIN load_whom w ON w.who = concat(s.ext, E'\x1f', s.rpps, E'\x1f', s.finess, E'\x1f', s.siret)
                  LEFT JOIN known_brand b ON b.word = folded(s.brand)
                  LEFT JOIN rep r ON r.code = btrim(s.rep)
                OFFSET 0) AS c
        OFFSET 0) AS c

-- name: clashes
-- One id cannot be a touch in one delivery and a response in another, nor tell of two customers.
UPDATE load_incoming i SET fault = 'id_of_another'
  FROM (SELECT i.line FROM load_incoming i
          LEFT JOIN touch t ON t.source = %(source)s AND t.source_id = i.source_id LEFT JOIN customer ct ON ct.customer_id = t.customer_id
          LEFT JOIN response r ON r.source = %(source)s AND r.source_id = i.source_id LEFT JOIN customer cr ON cr.customer_id = r.customer_id
         WHERE i.fault IS NULL
           AND (i.direction = 'out' AND r.response_id IS NOT NULL OR i.direction = 'in' AND t.touch_id IS NOT NULL
                OR coalesce(ct.merged_into, ct.customer_id) <> i.customer_id OR coalesce(cr.merged_into, cr.customer_id) <> i.customer_id)
        UNION ALL
        SELECT i.line FROM load_incoming i
          JOIN (SELECT source_id, (array_agg(customer_id ORDER BY line))[1] AS customer_id, (array_agg(direction ORDER BY line))[1] AS direction
                  FROM load_incoming WHERE fault IS NULL GROUP BY source_id
                HAVING min(customer_id) <> max(customer_id) OR min(direction) <> max(direction)) AS f USING (source_id)
         WHERE i.fault IS NULL AND (i.customer_id, i.direction) IS DISTINCT FROM (f.customer_id, f.direction)) AS bad
 WHERE i.line = bad.line

-- name: repeats
DELETE FROM load_incoming i
 USING (SELECT source_id, max(line) AS last FROM load_incoming WHERE fault IS NULL GROUP BY source_id HAVING count(*) > 1) AS r
 WHERE i.fault IS NULL AND i.source_id = r.source_id AND i.line < r.last

-- name: touches
-- What a delivery does not say stays. A visit that was planned in the field counts in the caps from then on.
CREATE TEMP TABLE load_touch ON COMMIT DROP AS
WITH merged AS (
    SELECT i.source_id, i.customer_id, i.channel, coalesce(i.brand, t.brand) AS brand, coalesce(i.campaign, t.campaign) AS campaign,
           coalesce(i.purpose, t.purpose) AS purpose, i.at AS due_at,
           CASE coalesce(i.outcome, CASE WHEN t.state IN ('planned','cancelled') AND i.at > %(now)s THEN t.state END)
                WHEN 'planned' THEN 'planned' WHEN 'cancelled' THEN 'cancelled' ELSE 'accepted' END AS state,
           CASE WHEN i.outcome IN ('planned','cancelled') THEN NULL ELSE coalesce(i.outcome, t.outcome) END AS outcome,
           coalesce(i.rep_id, t.rep_id) AS rep_id, t.touch_id AS found, t.channel AS t_channel, t.brand AS t_brand, t.campaign AS t_campaign,
           t.purpose AS t_purpose, t.due_at AS t_due_at, t.touched_at AS t_touched_at, t.state AS t_state, t.outcome AS t_outcome,
           t.outcome_at AS t_outcome_at, t.rep_id AS t_rep_id
      FROM load_incoming i LEFT JOIN touch t ON t.source = %(source)s AND t.source_id = i.source_id
     WHERE i.fault IS NULL AND i.direction = 'out')
SELECT *, CASE WHEN state = 'accepted' THEN due_at END AS touched_at, CASE WHEN outcome IS NOT NULL THEN due_at END AS outcome_at,
       coalesce(found, nextval(pg_get_serial_sequence('touch', 'touch_id'))) AS touch_id,
       found IS NOT NULL AND (channel, brand, campaign, purpose, due_at, state, outcome, rep_id)
                             IS DISTINCT FROM (t_channel, t_brand, t_campaign, t_purpose, t_due_at, t_state, t_outcome, t_rep_id) AS is_changed
  FROM merged

-- name: touches_before
INSERT INTO import_change (batch_id, what, row_id, customer_id, before, after)
SELECT %(batch)s, 'touch', touch_id, customer_id,
       jsonb_build_object('channel', t_channel, 'brand', t_brand, 'campaign', t_campaign, 'purpose', t_purpose, 'due_at', t_due_at, 'touched_at', t_touched_at,
                          'state', t_state, 'outcome', t_outcome, 'outcome_at', t_outcome_at, 'rep_id', t_rep_id),
       jsonb_build_object('channel', channel, 'brand', brand, 'campaign', campaign, 'purpose', purpose, 'due_at', due_at, 'touched_at', touched_at,
                          'state', state, 'outcome', outcome, 'outcome_at', outcome_at, 'rep_id', rep_id)
  FROM load_touch WHERE is_changed

-- name: touches_updated
UPDATE touch t SET channel = n.channel, brand = n.brand, campaign = n.campaign, purpose = n.purpose, due_at = n.due_at, touched_at = n.touched_at,
                   state = n.state, outcome = n.outcome, outcome_at = n.outcome_at, rep_id = n.rep_id
  FROM load_touch n WHERE n.is_changed AND t.touch_id = n.touch_id

-- name: touches_new
INSERT INTO touch (touch_id, customer_id, campaign, channel, brand, purpose, state, outcome, outcome_at, due_at, touched_at, rep_id, source, source_id)
OVERRIDING SYSTEM VALUE
SELECT touch_id, customer_id, campaign, channel, brand, purpose, state, outcome, outcome_at, due_at, touched_at, rep_id, %(source)s, source_id
  FROM load_touch WHERE found IS NULL ORDER BY touch_id

-- name: responses
CREATE TEMP TABLE load_response ON COMMIT DROP AS
WITH merged AS (
    SELECT i.source_id, i.customer_id, i.channel, coalesce(i.brand, r.brand) AS brand, coalesce(i.campaign, r.campaign) AS campaign, i.type, i.at,
           coalesce(i.value, r.value) AS value, coalesce(i.label, r.label) AS label, r.response_id AS found, r.channel AS r_channel, r.brand AS r_brand,
           r.campaign AS r_campaign, r.type AS r_type, r.at AS r_at, r.value AS r_value, r.label AS r_label
      FROM load_incoming i LEFT JOIN response r ON r.source = %(source)s AND r.source_id = i.source_id
     WHERE i.fault IS NULL AND i.direction = 'in')
SELECT *, coalesce(found, nextval(pg_get_serial_sequence('response', 'response_id'))) AS response_id,
       found IS NOT NULL AND (channel, brand, campaign, type, at, value, label)
                             IS DISTINCT FROM (r_channel, r_brand, r_campaign, r_type, r_at, r_value, r_label) AS is_changed
  FROM merged

-- name: responses_before
INSERT INTO import_change (batch_id, what, row_id, customer_id, before, after)
SELECT %(batch)s, 'response', response_id, customer_id,
       jsonb_build_object('channel', r_channel, 'brand', r_brand, 'campaign', r_campaign, 'type', r_type, 'at', r_at, 'value', r_value, 'label', r_label),
       jsonb_build_object('channel', channel, 'brand', brand, 'campaign', campaign, 'type', type, 'at', at, 'value', value, 'label', label)
  FROM load_response WHERE is_changed

-- name: responses_updated
UPDATE response r SET channel = n.channel, brand = n.brand, campaign = n.campaign, type = n.type, at = n.at, value = n.value, label = n.label
  FROM load_response n WHERE n.is_changed AND r.response_id = n.response_id

-- name: responses_new
INSERT INTO response (response_id, customer_id, campaign, channel, brand, type, at, value, label, attribution, source, source_id)
OVERRIDING SYSTEM VALUE
SELECT response_id, customer_id, campaign, channel, brand, type, at, value, label, 'none', %(source)s, source_id
  FROM load_response WHERE found IS NULL ORDER BY response_id

-- name: noes
-- Who unsubscribed or complained elsewhere said no: to that channel, for everything. It holds from this delivery on.
CREATE TEMP TABLE load_no ON COMMIT DROP AS
WITH said AS (
    INSERT INTO consent_event (customer_id, channel, purpose, opt, opt_out_cause, captured_at, proof_type, proof_ref, source, source_id)
    SELECT customer_id, channel, '*', 'opt_out', CASE type WHEN 'complaint' THEN 'marked_spam' ELSE 'unsubscribed' END, at,
           'import_with_evidence', 'response ' || response_id, %(source)s, 'history:' || source_id
      FROM load_response WHERE type IN ('unsubscribe', 'complaint') AND (found IS NULL OR is_changed)
        ON CONFLICT (source, source_id) DO NOTHING RETURNING customer_id)
SELECT DISTINCT customer_id FROM said

-- name: heard
SELECT customer_id FROM load_no

-- name: made
INSERT INTO import_made (batch_id, what, ids)
SELECT %(batch)s, what, ids
  FROM (SELECT 'touch' AS what, range_agg(int8range(touch_id, touch_id + 1)) AS ids FROM load_touch WHERE found IS NULL
        UNION ALL SELECT 'response', range_agg(int8range(response_id, response_id + 1)) FROM load_response WHERE found IS NULL) AS m
 WHERE ids IS NOT NULL

-- name: counted
SELECT (SELECT count(*) FROM load_touch WHERE found IS NULL) + (SELECT count(*) FROM load_response WHERE found IS NULL) AS created,
       (SELECT count(*) FROM load_touch WHERE is_changed) + (SELECT count(*) FROM load_response WHERE is_changed) AS changed,
       (SELECT count(*) FROM load_touch WHERE found IS NOT NULL AND NOT is_changed)
       + (SELECT count(*) FROM load_response WHERE found IS NOT NULL AND NOT is_changed) AS unchanged,
       (SELECT count(*) FROM load_touch WHERE found IS NULL) AS touches_new,
       (SELECT count(*) FROM load_response WHERE found IS NULL) AS responses_new,
       (SELECT count(*) FROM load_no) AS customers_who_said_no,
       (SELECT count(*) FROM load_incoming WHERE finess_repaired) AS finess_repaired
