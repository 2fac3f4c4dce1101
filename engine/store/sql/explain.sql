-- One person in one campaign.

-- name: members
SELECT r.run_id, r.slot, m.cell, m.held_out, m.reason, m.reasons, m.stratum, m.enrolled_at, m.left_at
  FROM run r LEFT JOIN member m ON m.run_id = r.run_id AND m.customer_id = %(customer)s
 WHERE r.campaign = %(campaign)s ORDER BY r.slot_at, r.run_id

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
