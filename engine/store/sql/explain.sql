-- One person in one campaign.

-- name: members
SELECT r.run_id, r.slot, m.cell, m.held_out, m.reason, m.reasons, m.stratum, m.enrolled_at, m.left_at,
       r.plan_id, r.definition_sha, r.frozen_at, r.closed_at
  FROM run r LEFT JOIN member m ON m.run_id = r.run_id AND m.customer_id = %(customer)s
 WHERE r.campaign = %(campaign)s ORDER BY r.slot_at, r.run_id

-- name: plan_of
-- Where the newest plan of a campaign that has not run yet puts a customer.
SELECT p.plan_id, p.slot, p.made_at, array_remove(array_agg(w.part ORDER BY w.part), NULL)
  FROM plan p LEFT JOIN plan_part w ON w.plan_id = p.plan_id AND %(customer)s = ANY (w.members)
 WHERE p.plan_id = (SELECT plan_id FROM plan WHERE campaign = %(campaign)s ORDER BY made_at DESC, plan_id LIMIT 1)
 GROUP BY p.plan_id

-- name: agreed
-- Who agreed to the plans or the definitions by which a campaign's runs go.
SELECT r.run_id, a.role, a.by, a.at
  FROM run r JOIN approval a ON a.definition_sha = r.definition_sha AND (a.plan_id IS NULL OR a.plan_id = r.plan_id)
 WHERE r.campaign = %(campaign)s AND a.withdrawn_at IS NULL ORDER BY a.at

-- name: waiting
-- Steps that came due when the rep had no room.
SELECT run_id, step, since FROM waiting_for_room WHERE customer_id = %(customer)s

-- name: touches
SELECT t.run_id, t.touch_id, t.step, t.channel, t.state, t.reason, t.reasons, t.because, t.due_at, t.touched_at, t.outcome, t.outcome_at
  FROM touch t WHERE t.customer_id = %(customer)s AND t.campaign = %(campaign)s ORDER BY t.due_at, t.touch_id

-- name: attempts
SELECT a.touch_id, a.phase, a.at, a.reply, a.enhanced
  FROM attempt a JOIN touch t USING (touch_id)
 WHERE t.customer_id = %(customer)s AND t.campaign = %(campaign)s ORDER BY a.at

-- name: responses
SELECT r.run_id, r.type, r.at, r.label, r.value, r.attribution
  FROM response r WHERE r.customer_id = %(customer)s AND r.campaign = %(campaign)s ORDER BY r.at

-- name: customer_is_known
SELECT status FROM customer WHERE customer_id = %(customer)s
