-- One person in one campaign, as it was known at the moment `until`, which may be infinite.
--
-- A trail stands in the clock of the database, a journey in that of the campaign. They differ where a campaign is rehearsed
-- at another moment: what is between the two when a run opens is added to what its trail says.

-- name: members
SELECT r.run_id, r.slot, m.cell, m.held_out, m.reason, m.reasons, m.stratum, m.enrolled_at,
       CASE WHEN m.left_at <= %(until)s::timestamptz THEN m.left_at END,
       r.plan_id, r.definition_sha, r.frozen_at, CASE WHEN r.closed_at <= %(until)s::timestamptz THEN r.closed_at END
  FROM run r LEFT JOIN member m ON m.run_id = r.run_id AND m.customer_id = %(customer)s
 WHERE r.campaign = %(campaign)s AND (r.frozen_at <= %(until)s::timestamptz OR %(until)s = 'infinity') ORDER BY r.slot_at, r.run_id

-- name: has_runs
SELECT FROM run WHERE campaign = %(campaign)s LIMIT 1

-- name: plan_of
-- Where the newest plan of a campaign that has not run yet puts a customer.
SELECT p.plan_id, p.slot, p.made_at, array_remove(array_agg(w.part ORDER BY w.part), NULL)
  FROM plan p LEFT JOIN plan_part w ON w.plan_id = p.plan_id AND %(customer)s = ANY (w.members)
 WHERE p.plan_id = (SELECT plan_id FROM plan WHERE campaign = %(campaign)s AND made_at <= %(until)s::timestamptz ORDER BY made_at DESC, plan_id LIMIT 1)
 GROUP BY p.plan_id

-- name: agreed
-- Who agreed to the plans or the definitions by which a campaign's runs go.
SELECT r.run_id, a.role, a.by, a.at
  FROM run r JOIN approval a ON a.definition_sha = r.definition_sha AND (a.plan_id IS NULL OR a.plan_id = r.plan_id)
 WHERE r.campaign = %(campaign)s AND a.at <= %(until)s::timestamptz
   AND (a.withdrawn_at IS NULL OR a.withdrawn_at > %(until)s::timestamptz) ORDER BY a.at

-- name: waiting
-- Steps that came due when the rep had no room.
SELECT run_id, step, since FROM waiting_for_room WHERE customer_id = %(customer)s AND since <= %(until)s::timestamptz

-- name: touches
-- A touch is what its trail last said of it by then: one that left, was refused, cancelled or dropped later was still planned.
-- One that was withheld says so from the moment at which it came due: no trail says when.
SELECT t.run_id, t.touch_id, t.step, t.channel, n.state, CASE WHEN n.state = t.state THEN t.reason END,
       CASE WHEN n.state = t.state THEN t.reasons END, CASE WHEN n.state = t.state THEN t.because END, t.due_at,
       CASE WHEN t.touched_at <= %(until)s::timestamptz THEN t.touched_at END,
       CASE WHEN t.outcome_at <= %(until)s::timestamptz THEN t.outcome END,
       CASE WHEN t.outcome_at <= %(until)s::timestamptz THEN t.outcome_at END
  FROM touch t JOIN run r USING (run_id) JOIN run_switch w USING (run_id)
  LEFT JOIN member m ON m.run_id = t.run_id AND m.customer_id = t.customer_id
 CROSS JOIN LATERAL (
       SELECT max(a.at) AS at, (array_agg(a.phase ORDER BY a.at DESC, a.epoch DESC) FILTER (
                  WHERE a.at + (r.frozen_at - r.created_at) <= %(until)s::timestamptz))[1] AS phase
         FROM attempt a WHERE a.touch_id = t.touch_id) AS a
 CROSS JOIN LATERAL (
       SELECT CASE t.state WHEN 'expired' THEN t.not_after
                           WHEN 'cancelled' THEN CASE t.reason WHEN 'left' THEN m.left_at ELSE w.at + (r.frozen_at - r.created_at) END
                           WHEN 'gated' THEN t.gated_at + (r.frozen_at - r.created_at)
                           WHEN 'parked' THEN t.gated_at + (r.frozen_at - r.created_at) END AS at) AS s
 CROSS JOIN LATERAL (
       SELECT CASE WHEN greatest(a.at + (r.frozen_at - r.created_at), t.touched_at, s.at) <= %(until)s::timestamptz IS NOT FALSE THEN t.state
                   WHEN a.phase IS NULL THEN 'planned' WHEN a.phase = 'resend' THEN 'ready' ELSE a.phase END AS state) AS n
 WHERE t.customer_id = %(customer)s AND t.campaign = %(campaign)s AND %(until)s::timestamptz >= t.due_at
 ORDER BY t.due_at, t.touch_id

-- name: attempts
SELECT touch_id, phase, at, reply, enhanced
  FROM (SELECT a.*, a.at + (r.frozen_at - r.created_at) AS told_at
          FROM touch t JOIN run r USING (run_id) JOIN attempt a USING (touch_id)
         WHERE t.customer_id = %(customer)s AND t.campaign = %(campaign)s) AS a
 WHERE told_at <= %(until)s::timestamptz ORDER BY at

-- name: responses
SELECT r.run_id, r.type, r.at, r.label, r.value, r.attribution
  FROM response r WHERE r.customer_id = %(customer)s AND r.campaign = %(campaign)s AND r.at <= %(until)s::timestamptz ORDER BY r.at

-- name: customer_is_known
SELECT status FROM customer WHERE customer_id = %(customer)s
