-- What is done about touches of which nobody knows whether they left, where no evidence came.

-- name: waiting
-- Steps of runs that have some, and how many.
SELECT r.run_id, r.campaign, r.definition_sha, t.step, count(*)
  FROM touch t JOIN run r USING (run_id) JOIN run_switch s USING (run_id)
 WHERE t.state = 'unknown' AND NOT t.is_over AND s.state <> 'cancelled'
 GROUP BY r.run_id, r.campaign, r.definition_sha, t.step ORDER BY r.run_id, t.step

-- name: resend
-- Send again, once, what nobody knows of after all that time; only within the touch's own window, and never a second time:
-- the trail says so. The same number, so the same Message-ID and date. The run opens again, or nobody would look at it.
WITH held AS MATERIALIZED (   -- a cancel that comes now waits, and then finds what is ready
    SELECT FROM run_switch WHERE run_id = %(run)s AND state <> 'cancelled' FOR SHARE),
due AS (
    SELECT touch_id FROM touch t
     WHERE EXISTS (SELECT FROM held) AND run_id = %(run)s AND step = %(step)s AND state = 'unknown' AND NOT is_over
       AND gated_at < clock_timestamp() - %(after)s::interval AND (not_after IS NULL OR not_after > %(now)s)
       AND NOT EXISTS (SELECT FROM attempt a WHERE a.touch_id = t.touch_id AND a.phase = 'resend')
     ORDER BY touch_id FOR UPDATE),
moved AS (
    UPDATE touch t SET state = 'ready', touched_at = NULL, next_try = NULL, owner = NULL, lease_until = NULL
      FROM due WHERE t.touch_id = due.touch_id AND t.state = 'unknown'
    RETURNING t.touch_id, t.epoch),
reopened AS (
    UPDATE run SET closed_at = NULL WHERE run_id = %(run)s AND EXISTS (SELECT FROM moved)),
trail AS (
    INSERT INTO attempt (touch_id, epoch, phase, worker, reply)
    SELECT touch_id, epoch, 'resend', 'policy', 'declared policy: resend_once' FROM moved)
SELECT touch_id FROM moved

-- name: one
SELECT t.run_id, r.campaign, r.definition_sha, t.step, t.state, s.state = 'cancelled'
  FROM touch t JOIN run r USING (run_id) JOIN run_switch s USING (run_id) WHERE t.touch_id = %(touch)s

-- name: decide
-- Somebody found out, or takes the risk; once. The trail says that it was a person, the audit who: a log of the relay is
-- asked for what workers read, never for what somebody decided. Nothing of a cancelled run is made ready.
WITH held AS MATERIALIZED (
    SELECT s.run_id FROM run_switch s JOIN touch t USING (run_id)
     WHERE t.touch_id = %(touch)s AND s.state <> 'cancelled' FOR SHARE OF s),
moved AS (
    UPDATE touch SET state = %(state)s, owner = NULL, lease_until = NULL, next_try = NULL,
           touched_at = CASE WHEN %(state)s = 'accepted' THEN coalesce(touched_at, gated_at) END,
           reason = CASE WHEN %(state)s = 'refused' THEN 'mail_refused' ELSE reason END
      FROM held WHERE touch.touch_id = %(touch)s AND touch.run_id = held.run_id AND state = 'unknown'
    RETURNING touch_id, epoch, touch.run_id, state),
reopened AS (
    UPDATE run SET closed_at = NULL FROM moved WHERE run.run_id = moved.run_id AND moved.state = 'ready'),
trail AS (
    INSERT INTO attempt (touch_id, epoch, phase, worker, reply)
    SELECT touch_id, epoch, CASE state WHEN 'ready' THEN 'resend' ELSE state END, 'decision', %(because)s FROM moved)
SELECT touch_id FROM moved
