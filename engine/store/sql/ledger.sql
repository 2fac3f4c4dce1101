-- Runs and touches: each move is a WHERE, each statement may be issued again.

-- name: keep_definition
INSERT INTO definition (sha, campaign, files) VALUES (%(sha)s, %(campaign)s, %(files)s) ON CONFLICT DO NOTHING

-- name: definition
SELECT files FROM definition WHERE sha = %(sha)s

-- name: open_run
-- One campaign x one slot, once: the second comer gets no row and works on the first one's run.
INSERT INTO run (campaign, program, brand, purpose, slot, slot_at, definition_sha, plan_id, priority)
VALUES (%(campaign)s, %(program)s, %(brand)s, %(purpose)s, %(slot)s, %(slot_at)s, %(sha)s, %(plan)s, %(priority)s)
ON CONFLICT (campaign, slot) DO NOTHING
RETURNING run_id

-- name: open_switch
INSERT INTO run_switch (run_id) VALUES (%(run)s) ON CONFLICT DO NOTHING

-- name: lock_run
-- Whoever freezes or advances a run holds it; a second process waits and then finds the work done.
SELECT r.run_id, r.campaign, r.slot, r.slot_at, r.definition_sha, r.frozen_at, r.closed_at, s.state, s.because
  FROM run r JOIN run_switch s USING (run_id)
 WHERE r.run_id = %(run)s FOR UPDATE OF r

-- name: one_run
-- The same without holding it: a worker that falls asleep must not stop the others.
SELECT r.run_id, r.campaign, r.slot, r.slot_at, r.definition_sha, r.frozen_at, r.closed_at, s.state, s.because
  FROM run r JOIN run_switch s USING (run_id)
 WHERE r.run_id = %(run)s

-- name: run_of_slot
SELECT run_id FROM run WHERE campaign = %(campaign)s AND slot = %(slot)s

-- name: runs_of_campaign
SELECT run_id, campaign, slot, slot_at, definition_sha, frozen_at, closed_at, s.state, s.because
  FROM run JOIN run_switch s USING (run_id)
 WHERE campaign = coalesce(%(campaign)s, campaign)
 ORDER BY slot_at, run_id

-- name: open_runs
SELECT r.run_id FROM run r JOIN run_switch s USING (run_id)
 WHERE r.frozen_at IS NOT NULL AND r.closed_at IS NULL
 ORDER BY r.slot_at, r.run_id

-- name: last_slot
SELECT max(slot_at) FROM run WHERE campaign = %(campaign)s

-- name: frozen
UPDATE run SET frozen_at = %(now)s WHERE run_id = %(run)s AND frozen_at IS NULL

-- name: switch
-- Pause, resume, cancel. The gate holds this row FOR SHARE: after this commits, no further gate does.
UPDATE run_switch SET state = %(state)s, because = %(because)s, by = %(by)s, at = now()
 WHERE run_id = %(run)s AND state = ANY (%(from)s::text[])

-- name: cancel_open
UPDATE touch SET state = 'cancelled', reason = 'run_cancelled'
 WHERE run_id = %(run)s AND NOT is_over AND state IN ('planned','ready','claimed','parked')

-- name: cancel_put_back
-- What was put back as ready after its run was cancelled: it leaves no more, and makes room in the caps.
UPDATE touch t SET state = 'cancelled', reason = 'run_cancelled', next_try = NULL
  FROM run_switch s
 WHERE t.touch_id = ANY (%(touches)s::bigint[]) AND t.state = 'ready' AND s.run_id = t.run_id AND s.state = 'cancelled'

-- name: hold_switch
-- Held by a gate until its commit. A commit that does not wait for the disk would be forgotten by a database that is
-- killed, and the touch sent again: such a connection gates nothing. A worker that sleeps in the middle of its gate holds
-- what a pause waits for: after two seconds the server ends it. The lock is for `wait_for_gate`.
SELECT state, current_setting('synchronous_commit') IN ('on', 'remote_apply', 'remote_write'),
       set_config('idle_in_transaction_session_timeout', '2s', true),
       pg_advisory_xact_lock_shared(hashtextextended(%(worker)s, 0))
  FROM run_switch WHERE run_id = %(run)s FOR SHARE OF run_switch

-- name: may_go_on
-- Asked every second while a group leaves, so that a pause does not wait for a slow relay.
SELECT EXISTS (SELECT FROM run_switch WHERE run_id = %(run)s AND state = 'running')
   AND (NOT %(permit)s OR EXISTS (SELECT FROM send_permit WHERE armed_at IS NOT NULL))

-- name: wait_for_gate
-- Nobody waits here for one who sleeps: the other comes to its end within these times, or is ended.
SELECT set_config('idle_in_transaction_session_timeout', '2s', true), set_config('lock_timeout', '1s', true),
       pg_advisory_xact_lock(hashtextextended(%(worker)s, 0))

-- name: hold_permit
-- Held by a gate until its commit. No row: not armed, or another system than the one that was armed.
SELECT 1 FROM send_permit, pg_control_system() AS here
 WHERE send_permit.system_identifier = here.system_identifier::text AND armed_at IS NOT NULL
   AND timeline = (SELECT timeline_id FROM pg_control_checkpoint())
   FOR SHARE OF send_permit

-- name: gate
-- Claim and gate a group in one move. Touches and their guards are taken only where nobody else holds them: an
-- unsubscribe that is under way keeps its guard, its touch is passed over now and meets the block next time; so
-- nobody waits here and no ring of waits can form. The epoch makes a worker that wakes up late harmless.
-- Of what was judged when the step was planned, that which may have changed since is asked again of exactly these
-- customers, each table probed by key (`OFFSET 0`: else a base of some ten thousand is read from end to end): a death, a hold, a refusal, a consent that ran out or is none of
-- this address, a suppression, a material that was withdrawn or whose visa ended, an address that bounced or is another one.
-- The step stands between itself and itself, so that only touch_open has the order asked for: by the primary key each
-- group would pass over all that left before it.
-- Where it is night by now, or the season is over, the touch waits for its place to open, within its window.
WITH next AS MATERIALIZED (
    SELECT t.touch_id, t.customer_id, t.epoch, t.cell, t.due_at, t.not_after, t.rep_id, t.contact_point_id, g.blocked && %(stops)s::text[] AS is_blocked
      FROM touch t JOIN contact_guard g ON g.customer_id = t.customer_id
     WHERE t.run_id = %(run)s AND t.step >= %(step)s AND t.step <= %(step)s AND t.state = 'ready' AND NOT t.is_over
       AND (t.next_try IS NULL OR t.next_try <= clock_timestamp())
       AND t.due_at <= %(now)s AND (t.not_after IS NULL OR t.not_after > %(now)s)
       AND (cardinality(%(full)s::text[]) = 0 OR NOT EXISTS (
            SELECT FROM contact_point d WHERE d.customer_id = t.customer_id AND d.type = %(contact_point)s AND d.is_main
                AND lower(split_part(d.value_norm, '@', 2)) = ANY (%(full)s::text[])))
     ORDER BY t.step, t.touch_id LIMIT %(limit)s
       FOR UPDATE OF t SKIP LOCKED FOR SHARE OF g SKIP LOCKED),
judged AS MATERIALIZED (
    SELECT n.*, %(has_rules)s AND n.due_at < %(now)s::timestamptz - %(on_time)s AS is_late, %(pace)s::jsonb -> lower(split_part(p.value_norm, '@', 2)) AS pace,
           CASE WHEN %(has_hours)s AND (o.opens IS NULL OR o.opens > %(now)s) THEN coalesce(o.opens, %(now)s + interval '1 hour') END AS opens,
           array_remove(ARRAY[
               /*law: standing*/,
               CASE WHEN NOT %(safety)s AND (n.is_blocked OR /*law: refused*/)
                    THEN 'opted_out' END,
               /*law: consents*/,
               CASE WHEN NOT (%(today)s::date BETWEEN coalesce(%(material_from)s::date, '-infinity') AND coalesce(%(material_to)s::date, 'infinity'))
                    THEN 'material_expired' END,
               /*law: withdrawn*/,
               /*law: holds*/,
               CASE WHEN NOT %(safety)s AND (h.stock OR (SELECT bool_and(s.stock_status = 'out') FROM product o JOIN presentation s USING (cis)
                                                          WHERE o.brand = %(brand)s)) THEN 'stock_hold' END,
               CASE WHEN o.place IS NOT NULL AND (o.season_opens IS NULL OR o.season_opens >= n.not_after) THEN 'calendar_gate' END,
               /*law: reach*/], NULL) AS reasons
      FROM next n
     CROSS JOIN LATERAL (SELECT * FROM customer WHERE customer_id = n.customer_id OFFSET 0) AS c
      LEFT JOIN LATERAL (
           SELECT * FROM contact_point WHERE customer_id = n.customer_id AND type = %(contact_point)s AND is_main OFFSET 0) AS p ON true
     CROSS JOIN LATERAL (SELECT c.timezone, c.department) AS z
     CROSS JOIN LATERAL (/*opens*/) AS o
     CROSS JOIN LATERAL (
           SELECT /*law: held*/
             FROM customer_hold
            WHERE customer_id = n.customer_id AND brand IN ('*', coalesce(%(brand)s, '*'))
              AND from_at <= %(now)s AND (to_at IS NULL OR to_at > %(now)s)) AS h
     CROSS JOIN LATERAL (
           SELECT count(*) > 0 AS is_suppressed FROM suppression
            WHERE fingerprint = fingerprint(%(pepper)s, p.type, p.value_norm) AND scope IN ('*', %(channel)s)
              AND from_at <= %(now)s AND (to_at IS NULL OR to_at > %(now)s)) AS s
     CROSS JOIN LATERAL (
           SELECT /*law: allowed*/
             FROM consent k
            WHERE k.customer_id = n.customer_id AND k.channel = %(channel)s AND k.purpose IN (%(purpose)s, '*')
              AND k.scope IN ('all', %(brand)s) AND k.address IN ('', coalesce(p.value_norm, ''))) AS k),
-- Of one throttle no more leave than it has room for; the others wait where they are, for its next window.
paced AS (
    SELECT touch_id, is_late, pace IS NULL OR row_number() OVER (PARTITION BY pace ->> 'name' ORDER BY touch_id) <= (pace ->> 'left')::int AS has_room
      FROM judged WHERE cardinality(reasons) = 0 AND opens IS NULL),
stopped AS (
    UPDATE touch SET state = 'excluded', reason = judged.reasons[1], reasons = judged.reasons
      FROM judged WHERE touch.touch_id = judged.touch_id AND cardinality(judged.reasons) > 0),
postponed AS (
    UPDATE touch SET due_at = judged.opens
      FROM judged WHERE touch.touch_id = judged.touch_id AND cardinality(judged.reasons) = 0 AND judged.opens IS NOT NULL AND NOT %(has_rules)s),
moved AS (/*move*/),
gated AS (
    SELECT * FROM moved
     UNION ALL
    SELECT j.touch_id, j.customer_id, j.epoch, j.cell, coalesce(j.opens, j.due_at), j.not_after, j.rep_id, j.contact_point_id,
           CASE WHEN j.opens IS NULL THEN 'late' ELSE 'closed' END
      FROM judged j LEFT JOIN paced p USING (touch_id)
     WHERE cardinality(j.reasons) = 0 AND ((p.is_late AND p.has_room) OR (%(has_rules)s AND j.opens IS NOT NULL)))
/*addressees*/

-- name: move
UPDATE touch SET state = CASE WHEN touch.attempt >= %(most)s THEN 'parked' ELSE 'gated' END,
       owner = %(worker)s, epoch = touch.epoch + 1, attempt = touch.attempt + 1, gated_at = clock_timestamp(),
       lease_until = clock_timestamp() + %(lease)s::interval
  FROM paced WHERE touch.touch_id = paced.touch_id AND paced.has_room AND NOT paced.is_late
RETURNING touch.touch_id, touch.customer_id, touch.epoch, touch.cell, touch.due_at, touch.not_after, touch.rep_id,
          touch.contact_point_id, touch.state

-- name: take_late_turn
-- One gate at a time asks about late touches, until its commit: the next one sees what it has gated. Nobody who holds this
-- waits for anybody, and passing over instead would leave two runs that are late for the same customers both with nothing.
SELECT pg_advisory_xact_lock(hashtext('touchbase late'))

-- name: gate_late
-- Caps and gaps were reserved for the moment at which a touch came due. What leaves much later, or must wait for its place
-- to open, is asked again, beside what was planned or has left since. Other late touches do not count: each is asked
-- itself when it leaves, in a statement of its own, so that it sees what was gated before.
WITH due AS MATERIALIZED (
    SELECT a.touch_id, t.customer_id, a.opens, coalesce(a.opens, %(now)s) AS due_at
      FROM unnest(%(touches)s::bigint[], %(opens)s::timestamptz[]) AS a(touch_id, opens)
     CROSS JOIN LATERAL (SELECT customer_id FROM touch WHERE touch_id = a.touch_id OFFSET 0) AS t),
recent AS MATERIALIZED (
    SELECT r.* FROM due d CROSS JOIN LATERAL (
        SELECT /*law: settled_contact*/
          FROM touch t WHERE t.customer_id = d.customer_id AND /*law: is_settled*/
         UNION ALL
        SELECT /*law: open_contact*/
          FROM touch t WHERE t.customer_id = d.customer_id AND t.touch_id <> d.touch_id AND /*law: is_open*/
           AND NOT (t.run_id IS NOT NULL AND t.state IN ('planned','ready','claimed','parked') AND t.due_at < %(now)s::timestamptz - %(on_time)s)
        OFFSET 0) AS r),
/*law: held_back*/,
judged AS MATERIALIZED (
    SELECT d.touch_id, d.opens, /*law: kept_for*/ AS because, array_remove(ARRAY[/*law: rules*/], NULL) AS reasons
      FROM due d
      LEFT JOIN full_up f ON f.customer_id = d.customer_id
      LEFT JOIN too_near n ON n.customer_id = d.customer_id
      LEFT JOIN (SELECT campaign, max(priority) AS priority FROM run GROUP BY campaign) AS w ON w.campaign = coalesce(f.because[2], n.because[2])),
paced AS (SELECT touch_id, true AS has_room, false AS is_late FROM judged WHERE cardinality(reasons) = 0 AND opens IS NULL),
stopped AS (
    UPDATE touch SET state = 'excluded', reason = judged.reasons[1], reasons = judged.reasons, because = judged.because
      FROM judged WHERE touch.touch_id = judged.touch_id AND cardinality(judged.reasons) > 0),
postponed AS (
    UPDATE touch SET due_at = judged.opens
      FROM judged WHERE touch.touch_id = judged.touch_id AND cardinality(judged.reasons) = 0 AND judged.opens IS NOT NULL),
gated AS (/*move*/)
/*addressees*/

-- name: addressees
-- What a channel may know of whom it writes to, fetched with the group that was just gated.
SELECT t.touch_id, t.epoch, t.cell, t.due_at, t.not_after, c.customer_id, c.of, c.kinds, c.civility, c.title, c.last_name,
       c.first_name, c.org_name, c.language, p.value_norm, c.street, c.postcode, c.town, c.country, c.department,
       c.specialty_group, f.value_norm AS phone, nullif(c.facts, '{}') AS facts, r.rep_id, r.code, r.first_name, r.last_name, r.email, r.phone,
       k.clicks, k.opens,
       t.state
  FROM gated t
  JOIN customer c ON c.customer_id = t.customer_id
  LEFT JOIN contact_point p ON p.customer_id = t.customer_id AND p.type = %(contact_point)s AND p.is_main
  LEFT JOIN contact_point f ON f.customer_id = t.customer_id AND f.type = 'phone_fixed' AND f.is_main AND %(wants_phone)s
  LEFT JOIN rep r ON r.rep_id = t.rep_id
 CROSS JOIN LATERAL (   -- who agreed to be recognised; a picture that tells of opens needs a yes to exactly that (C-08)
       SELECT count(*) > 0 AS clicks, count(*) FILTER (WHERE channel = 'email_open_tracking') > 0 AS opens FROM consent
        WHERE customer_id = t.customer_id AND channel IN ('web_tracking','email_open_tracking') AND %(contact_point)s = 'email'
          AND opt = 'opt_in' AND (effective_to IS NULL OR effective_to > %(now)s)) AS k
 ORDER BY t.touch_id

-- name: to_compose
-- The same, of planned touches, without taking them: everything is composed once before anything leaves.
WITH gated AS MATERIALIZED (
    SELECT touch_id, customer_id, epoch, cell, due_at, not_after, rep_id, contact_point_id, state FROM touch
     WHERE run_id = %(run)s AND step = %(step)s AND state = 'planned' AND NOT is_over AND touch_id > %(after)s
     ORDER BY touch_id LIMIT %(limit)s)
/*addressees*/

-- name: to_show
-- The same, of one touch that has left: to look at again what it said.
WITH gated AS MATERIALIZED (
    SELECT touch_id, customer_id, epoch, cell, due_at, not_after, rep_id, contact_point_id, state FROM touch
     WHERE touch_id = %(touch)s AND state IN ('accepted', 'unknown'))
/*addressees*/

-- name: last_touches
-- The ten last contacts of each customer of a group, newest first: what a rep should know before knocking.
SELECT x.customer_id, h.at, h.channel, h.campaign, h.step, h.outcome
  FROM unnest(%(customers)s::bigint[]) AS x(customer_id)
 CROSS JOIN LATERAL (
    SELECT coalesce(t.touched_at, t.due_at) AS at, t.channel, t.campaign, t.step, t.outcome
      FROM touch t WHERE t.customer_id = x.customer_id AND t.state IN ('accepted','unknown')
       AND coalesce(t.touched_at, t.due_at) <= %(now)s
     ORDER BY 1 DESC LIMIT 10) AS h

-- name: last_responses
SELECT x.customer_id, h.at, h.type, h.campaign, h.step
  FROM unnest(%(customers)s::bigint[]) AS x(customer_id)
 CROSS JOIN LATERAL (
    SELECT r.at, r.type, r.campaign, r.step FROM response r
     WHERE r.customer_id = x.customer_id AND r.at <= %(now)s AND r.type IN ('click','form','order','visit_outcome','reply','registration')
     ORDER BY r.at DESC LIMIT 5) AS h

-- name: settle
-- Record what became of a group: the move and its trail in one statement. A late worker settles `unknown` with the
-- reply it read; anybody with a stale epoch moves nothing. One text of JSON
-- is read in a fifth of the time of eight arrays (the client's). A 4xx doubles the waiting time each time, up to 32 times, a
-- little apart from the others: who was told no together must not come back together.
WITH said AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(said)s::json)
        AS s(touch_id bigint, epoch integer, ending text, reason text, reply text, enhanced text, seconds float8, cost numeric)),
moved AS (
    UPDATE touch t
       SET state = s.ending, reason = coalesce(s.reason, t.reason), cost = s.cost, owner = NULL, lease_until = NULL,
           touched_at = CASE WHEN s.ending IN ('accepted','unknown') THEN coalesce(t.touched_at, %(now)s) ELSE t.touched_at END,
           next_try = CASE WHEN s.ending = 'ready' THEN clock_timestamp() + s.seconds * interval '1 s' * least(32, power(2, (
               SELECT count(*) FROM attempt a WHERE a.touch_id = t.touch_id AND a.phase = 'ready' AND left(a.reply, 1) = '4')))
               * (0.9 + 0.2 * abs(hashtext(t.touch_id::text || ':' || t.epoch)) / 2147483648.0) END,
           attempt = CASE WHEN s.ending = 'ready' THEN 0 ELSE t.attempt END
      FROM said s
     WHERE t.touch_id = s.touch_id AND t.epoch = s.epoch AND t.state IN ('gated','unknown')
    RETURNING t.touch_id, t.epoch, t.state)
INSERT INTO attempt (touch_id, epoch, phase, worker, reply, enhanced)
SELECT m.touch_id, m.epoch, m.state, %(worker)s, s.reply, s.enhanced FROM moved m JOIN said s USING (touch_id)

-- name: held_by
-- What a worker still holds: gated, and nothing told of it.
SELECT touch_id, epoch FROM touch WHERE state = 'gated' AND NOT is_over AND owner = %(worker)s

-- name: release
-- Touches of which it is proven that nothing left: their worker is gone and its journal says so. They count as not
-- tried, or three kills would park a whole group that did nothing wrong.
WITH freed AS (
    UPDATE touch t SET state = 'ready', owner = NULL, lease_until = NULL, touched_at = NULL, attempt = greatest(t.attempt - 1, 0)
      FROM unnest(%(touch)s::bigint[], %(epoch)s::integer[]) AS f(touch_id, epoch)
     WHERE t.touch_id = f.touch_id AND t.epoch = f.epoch AND t.state IN ('gated','unknown')
    RETURNING t.touch_id, t.epoch)
INSERT INTO attempt (touch_id, epoch, phase, worker, reply)
SELECT touch_id, epoch, 'ready', %(worker)s, 'the journal shows that nothing left' FROM freed RETURNING touch_id

-- name: reap
-- Touches whose worker is gone: where a repeat is safe they are ready again, else nobody knows.
UPDATE touch SET state = CASE WHEN channel = ANY (%(safe)s::text[]) THEN 'ready' ELSE 'unknown' END,
       touched_at = CASE WHEN channel = ANY (%(safe)s::text[]) THEN touched_at ELSE %(now)s END,
       owner = NULL, lease_until = NULL
 WHERE state = 'gated' AND NOT is_over AND lease_until < clock_timestamp()
   AND run_id = coalesce(%(run)s, run_id)
RETURNING touch_id

-- name: counts
-- Every touch of a run, by step and state.
SELECT step, channel, state, count(*) FROM touch WHERE run_id = %(run)s GROUP BY 1, 2, 3 ORDER BY 1, 3

-- name: waiting
-- How many touches could leave now, and whether some wait for a later try.
SELECT count(*) FILTER (WHERE (next_try IS NULL OR next_try <= clock_timestamp()) AND due_at <= %(now)s), count(*) FROM touch
 WHERE run_id = %(run)s AND step = %(step)s AND state = 'ready' AND NOT is_over

-- name: close
UPDATE run SET closed_at = %(now)s
 WHERE run_id = %(run)s AND closed_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM touch t WHERE t.run_id = run.run_id AND NOT t.is_over AND t.state IN ('planned','ready','claimed','gated','parked'))

-- name: permit
SELECT p.system_identifier = here.system_identifier::text AND p.timeline = c.timeline_id AND p.armed_at IS NOT NULL,
       here.system_identifier::text, c.timeline_id
  FROM pg_control_system() AS here CROSS JOIN pg_control_checkpoint() AS c LEFT JOIN send_permit p ON true

-- name: arm
INSERT INTO send_permit (one, system_identifier, timeline, armed_by, armed_at)
SELECT true, here.system_identifier::text, c.timeline_id, %(by)s, now() FROM pg_control_system() AS here, pg_control_checkpoint() AS c
ON CONFLICT (one) DO UPDATE SET system_identifier = excluded.system_identifier, timeline = excluded.timeline,
    armed_by = excluded.armed_by, armed_at = excluded.armed_at

-- name: disarm
UPDATE send_permit SET armed_at = NULL, armed_by = %(by)s

-- name: audit
INSERT INTO audit (actor, act, about, detail, previous, hash)
SELECT %(actor)s, %(act)s, %(about)s, %(detail)s::jsonb, last.hash,
       encode(sha256(convert_to(coalesce(last.hash, '') || %(actor)s || %(act)s || %(about)s || %(detail)s::jsonb::text, 'UTF8')), 'hex')
  FROM (SELECT 1) AS one LEFT JOIN LATERAL (SELECT hash FROM audit ORDER BY audit_id DESC LIMIT 1) AS last ON true
