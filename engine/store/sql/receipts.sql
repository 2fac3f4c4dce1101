-- Later news of mails that left. Each names its source and its id there: a replay inserts nothing.

-- name: record
-- Keep the news; what is new moves the overlay of its touch (only upward, never its state), settles one of which nobody
-- knew (whoever bounces, complains or replies had the mail: E2, E3), and lets the address follow: hard is invalid, soft is
-- counted, a complaint suppresses. News about us move nothing but the alarm.
WITH news AS (
    SELECT DISTINCT ON (source_id) * FROM unnest(%(touches)s::bigint[], %(kinds)s::text[], %(statuses)s::text[], %(said)s::text[],
                         %(addresses)s::text[], %(ats)s::timestamptz[], %(ids)s::text[])
           AS n (touch_id, kind, status, said, address, at, source_id)),
kept AS (
    INSERT INTO receipt (touch_id, customer_id, run_id, kind, status, said, at, source, source_id)
    SELECT touch_id, t.customer_id, t.run_id, kind, status, said, coalesce(n.at, now()), 'bounces', n.source_id
      FROM news n JOIN touch t USING (touch_id) WHERE t.channel = 'email'
     ORDER BY n.source_id
        ON CONFLICT (source, source_id) DO NOTHING
    RETURNING touch_id, customer_id, run_id, kind, status, at, source_id),
ranked AS (
    SELECT k.*, n.address, CASE k.kind WHEN 'complaint' THEN 4 WHEN 'hard' THEN 3 WHEN 'soft' THEN 2 WHEN 'delivered' THEN 1 ELSE 0 END AS rank
      FROM kept k JOIN news n USING (source_id)),
best AS (SELECT DISTINCT ON (touch_id) * FROM ranked ORDER BY touch_id, rank DESC, source_id),
held AS (
    SELECT touch_id, state AS before, best.rank, best.at FROM touch JOIN best USING (touch_id)
     ORDER BY touch_id FOR UPDATE OF touch),
moved AS (
    UPDATE touch t
       SET state = CASE WHEN t.state = 'unknown' THEN 'accepted' ELSE t.state END,
           touched_at = CASE WHEN t.state = 'unknown' THEN coalesce(t.touched_at, t.gated_at, held.at) ELSE t.touched_at END,
           outcome = CASE WHEN held.rank > coalesce(array_position(ARRAY['dsn_ok','bounced_soft','bounced_hard','complained'], t.outcome), 0)
                          THEN (ARRAY['dsn_ok','bounced_soft','bounced_hard','complained'])[held.rank] ELSE t.outcome END,
           outcome_at = CASE WHEN held.rank > coalesce(array_position(ARRAY['dsn_ok','bounced_soft','bounced_hard','complained'], t.outcome), 0)
                          THEN held.at ELSE t.outcome_at END
      FROM held WHERE t.touch_id = held.touch_id
    RETURNING t.touch_id, t.epoch, held.before),
trail AS (
    INSERT INTO attempt (touch_id, epoch, phase, worker, reply)
    SELECT touch_id, epoch, 'accepted', 'bounce', 'evidence: it came back' FROM moved WHERE before = 'unknown'),
points AS (
    SELECT DISTINCT ON (r.touch_id) p.contact_point_id, p.value_norm, r.kind, r.status, r.at
      FROM ranked r JOIN touch t USING (touch_id)
      JOIN contact_point p ON p.customer_id = r.customer_id AND p.type = 'email'
       AND (p.value_norm = r.address OR p.contact_point_id = t.contact_point_id OR p.is_main)
     WHERE r.rank >= 2
     ORDER BY r.touch_id, r.rank DESC, p.value_norm = r.address DESC, p.contact_point_id = t.contact_point_id DESC NULLS LAST),
doubted AS (
    UPDATE contact_point p
       SET soft_bounces = p.soft_bounces + CASE WHEN x.kind = 'soft' THEN 1 ELSE 0 END,
           status = CASE WHEN x.kind = 'hard' THEN 'invalid'
                         WHEN x.kind = 'soft' AND p.soft_bounces + 1 >= %(limit)s AND p.status IN ('unverified','valid') THEN 'soft_bounce'
                         ELSE p.status END,
           status_reason = CASE WHEN x.kind IN ('hard','soft') THEN coalesce('bounced ' || x.status, 'bounced') ELSE p.status_reason END,
           status_at = CASE WHEN x.kind IN ('hard','soft') THEN x.at ELSE p.status_at END
      FROM points x WHERE p.contact_point_id = x.contact_point_id),
suppressed AS (
    INSERT INTO suppression (fingerprint, scope, reason, source, from_at)
    SELECT DISTINCT fingerprint(%(pepper)s, 'email', value_norm), 'email', 'complaint', 'feedback loop', now() FROM points WHERE kind = 'complaint'
        ON CONFLICT DO NOTHING)
SELECT run_id, count(*) FROM kept GROUP BY run_id

-- name: tallies
-- What the alarm looks at: of the mails of a run that the relay took, how many came back, were complained of, or were not
-- wanted from us.
SELECT r.run_id, r.campaign, r.definition_sha,
       (SELECT count(*) FROM touch t WHERE t.run_id = r.run_id AND t.channel = 'email' AND t.state IN ('accepted', 'unknown')),
       count(*) FILTER (WHERE e.kind = 'hard'), count(*) FILTER (WHERE e.kind = 'complaint'), count(*) FILTER (WHERE e.kind = 'sender')
  FROM run r JOIN run_switch s USING (run_id) JOIN receipt e USING (run_id)
 WHERE r.run_id = ANY (%(runs)s::bigint[]) AND s.state = 'running' AND r.closed_at IS NULL
 GROUP BY r.run_id
