-- What a relay's own log says of mails of which nobody knew whether they left.

-- name: settle_by_log
-- The relay's own log shows the mail (E1), or that it refused it in the end. The touch's last epoch keeps its trail whole.
WITH seen AS (SELECT * FROM unnest(%(touches)s::bigint[], %(names)s::text[]) AS s(touch_id, name)),
settled AS (
    UPDATE touch t SET state = %(ending)s, touched_at = coalesce(t.touched_at, t.gated_at),
           reason = CASE WHEN %(ending)s = 'refused' THEN 'mail_refused' ELSE t.reason END
      FROM seen WHERE t.touch_id = seen.touch_id AND t.channel = 'email' AND t.state = 'unknown'
    RETURNING t.touch_id, t.epoch, t.state, seen.name)
INSERT INTO attempt (touch_id, epoch, phase, worker, reply)
SELECT touch_id, epoch, state, 'relay log', 'evidence: the relay has it as ' || name FROM settled

-- name: accepted_but_not_seen
-- What proves a log complete: every mail whose 250 a worker read stands in it. The 250 is what the trail says, not evidence,
-- and nobody read one where a person decided.
SELECT count(*) FROM attempt a JOIN touch t USING (touch_id)
 WHERE a.at BETWEEN %(since)s AND %(until)s AND a.phase = 'accepted' AND t.channel = 'email' AND t.state = 'accepted'
   AND a.worker NOT IN ('relay log', 'web', 'bounce', 'decision') AND t.gated_at >= %(since)s AND NOT t.touch_id = ANY (%(seen)s::bigint[])

-- name: release_unseen
-- The log is complete around these, and does not have them; their connections are closed since (E4).
WITH freed AS (
    UPDATE touch SET state = 'ready', touched_at = NULL, next_try = NULL, owner = NULL, lease_until = NULL
     WHERE channel = 'email' AND state = 'unknown' AND NOT is_over AND gated_at BETWEEN %(since)s AND %(until)s
       AND NOT touch_id = ANY (%(seen)s::bigint[])
    RETURNING touch_id, epoch)
INSERT INTO attempt (touch_id, epoch, phase, worker, reply)
SELECT touch_id, epoch, 'ready', 'relay log', 'evidence: a complete log does not have it' FROM freed RETURNING touch_id

-- name: unknown_mails
SELECT count(*) FROM touch WHERE channel = 'email' AND state = 'unknown' AND NOT is_over AND run_id IS NOT NULL
