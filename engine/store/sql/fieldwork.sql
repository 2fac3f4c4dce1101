-- Tasks of the reps, and what the reps report.

-- name: hold_files
-- Whoever writes the reps' files holds this until they are written: the second comer then reads what is true by then.
SELECT pg_advisory_xact_lock(hashtext('touchbase visit files'))

-- name: tasks_for_export
-- Every task a rep's files and calendar show: what is open, and for a while what was taken back, so that a calendar
-- learns of it.
SELECT r.code, r.first_name, r.last_name, v.task_id, v.type, v.not_before, v.due_on, v.priority, v.reason, v.content,
       v.status, v.scheduled_at, v.sequence, v.changed_at, t.campaign, t.brand
  FROM visit_task v JOIN rep r USING (rep_id) JOIN touch t USING (touch_id)
 WHERE v.status IN ('open','scheduled')
    OR (v.status IN ('withdrawn','expired','dismissed') AND v.changed_at >= %(since)s)
 ORDER BY r.code, v.due_on, v.priority DESC, v.task_id

-- name: expire_tasks
-- Late tasks stay in the rep's list for a while, for who comes late; then they are over, and make room. The day is over
-- once it is over everywhere on earth. A report that comes later still counts.
WITH gone AS (
    UPDATE visit_task SET status = 'expired', sequence = sequence + 1, changed_at = %(now)s
     WHERE status IN ('open','scheduled') AND due_on + %(patience)s::integer < (%(now)s AT TIME ZONE 'Etc/GMT+12')::date
    RETURNING touch_id)
UPDATE touch t SET outcome = 'not_done', outcome_at = %(now)s
  FROM gone g WHERE t.touch_id = g.touch_id AND t.outcome IS NULL

-- name: recognise
-- Whom each report is about: by its task, or by a number of the customer; and which rep made it.
SELECT g.place, r.rep_id, v.touch_id,
       CASE WHEN c.status = 'merged' THEN c.merged_into ELSE coalesce(v.customer_id, c.customer_id) END,
       EXISTS (SELECT FROM visit_report o WHERE o.source = %(source)s AND o.source_id = g.source_id)
  FROM unnest(%(places)s::integer[], %(source_ids)s::text[], %(tasks)s::text[], %(reps)s::text[],
              %(schemes)s::text[], %(values)s::text[]) AS g (place, source_id, task_id, rep, scheme, value)
  LEFT JOIN rep r ON r.code = g.rep
  LEFT JOIN visit_task v ON v.task_id = g.task_id
  LEFT JOIN identifier i ON i.scheme = g.scheme AND i.value = g.value
  LEFT JOIN customer c ON c.customer_id = coalesce(v.customer_id, i.customer_id)
 ORDER BY g.place

-- name: add_reports
-- Keep the reports; a second delivery of the same one keeps nothing. A visit that nobody asked for and that took
-- place is a touch of its own, so that caps and history count it.
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%(source_ids)s::text[], %(touches)s::bigint[], %(reps)s::integer[], %(customers)s::bigint[],
                         %(outcomes)s::text[], %(ats)s::timestamptz[], %(details)s::jsonb[])
        AS g (source_id, touch_id, rep_id, customer_id, outcome, visited_at, detail)),
kept AS (
    INSERT INTO visit_report (touch_id, rep_id, customer_id, outcome, visited_at, detail, source, source_id)
    SELECT touch_id, rep_id, customer_id, outcome, visited_at, detail, %(source)s, source_id FROM given ORDER BY source_id
        ON CONFLICT (source, source_id) DO NOTHING
    RETURNING touch_id, rep_id, customer_id, outcome, visited_at, source_id),
own AS (
    INSERT INTO touch (customer_id, channel, brand, state, outcome, outcome_at, due_at, touched_at, rep_id, source, source_id)
    SELECT k.customer_id, 'visit', g.detail ->> 'brand', 'accepted', 'done', k.visited_at, k.visited_at, k.visited_at,
           k.rep_id, 'visit_report:' || %(source)s, k.source_id
      FROM kept k JOIN given g USING (source_id)
     WHERE k.touch_id IS NULL AND k.outcome = 'seen'
        ON CONFLICT (source, source_id) WHERE source_id IS NOT NULL DO NOTHING)
SELECT count(*) FROM kept

-- name: settle_visits
-- The touches and tasks of these reports follow the whole of what was reported on them: seen at last is done; absent
-- or put off leaves the task open; anything else is not done. A correction that says less undoes nothing.
WITH said AS MATERIALIZED (
    SELECT touch_id, bool_or(outcome = 'seen') AS seen,
           (array_agg(outcome ORDER BY visited_at DESC, report_id DESC))[1] AS last,
           max(visited_at) FILTER (WHERE outcome = 'seen') AS seen_at, max(visited_at) AS last_at
      FROM visit_report WHERE touch_id = ANY (%(touches)s) GROUP BY touch_id),
verdict AS (
    SELECT touch_id, CASE WHEN seen THEN 'done' ELSE 'not_done' END AS outcome, last, coalesce(seen_at, last_at) AS at
      FROM said WHERE seen OR last NOT IN ('absent','rescheduled')),
history AS (
    UPDATE touch t SET outcome = v.outcome, outcome_at = v.at
      FROM verdict v WHERE t.touch_id = v.touch_id AND (t.outcome, t.outcome_at) IS DISTINCT FROM (v.outcome, v.at)),
put_off AS (
    UPDATE visit_task k SET status = 'scheduled', sequence = k.sequence + 1, changed_at = %(now)s
      FROM said s
     WHERE s.touch_id = k.touch_id AND NOT s.seen AND s.last = 'rescheduled' AND k.status = 'open')
UPDATE visit_task k
   SET status = CASE v.outcome WHEN 'done' THEN 'done' ELSE 'dismissed' END,
       dismissed_because = CASE v.outcome WHEN 'done' THEN NULL ELSE v.last END,
       sequence = k.sequence + 1, changed_at = %(now)s
  FROM verdict v
 WHERE v.touch_id = k.touch_id
   AND k.status <> CASE v.outcome WHEN 'done' THEN 'done' ELSE 'dismissed' END
