-- Materials that must not go out any more, and what of them is still in our hands.

-- name: keep
INSERT INTO withdrawal (reference, by, because, at) VALUES (%(reference)s, %(by)s, %(because)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING reference

-- name: withdrawn
SELECT reference FROM withdrawal WHERE reference = ANY (%(references)s::text[]) ORDER BY reference LIMIT 1

-- name: hold_switches
-- A gate holds its run's switch until its commit: once we hold it, no gate of these runs is under way, and the next one
-- sees the withdrawal.
SELECT run_id FROM run_switch WHERE run_id = ANY (%(runs)s::bigint[]) ORDER BY run_id FOR UPDATE

-- name: withhold
-- What has not left of a step never will.
UPDATE touch SET state = 'excluded', reason = %(reason)s, reasons = ARRAY[%(reason)s], because = %(because)s
 WHERE run_id = %(run)s AND step = %(step)s AND NOT is_over AND state IN ('planned','ready','parked')

-- name: recall_tasks
-- Tasks that reps have not done are taken back from their inboxes.
WITH recalled AS (
    UPDATE visit_task v SET status = 'withdrawn', sequence = v.sequence + 1, changed_at = now()
      FROM touch t
     WHERE t.touch_id = v.touch_id AND t.run_id = %(run)s AND t.step = %(step)s AND v.status IN ('open','scheduled')
    RETURNING v.touch_id)
UPDATE touch t SET outcome = 'withdrawn', outcome_at = %(now)s, because = %(because)s
  FROM recalled WHERE t.touch_id = recalled.touch_id
