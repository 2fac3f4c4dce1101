-- Plans: what was shown, kept, and who has moved since.

-- name: keep_plan
-- The same files, members and places are the same plan; what else a look shows (what would stop it, what does not
-- compose) is that of the latest look, until a run came of it: what was run stays as it was. What a slot planned for
-- itself says less, and takes no better one's place.
INSERT INTO plan (plan_id, campaign, slot, definition_sha, audience_digest, document, made_by)
VALUES (%(plan)s, %(campaign)s, %(slot)s, %(sha)s, %(digest)s, %(document)s, %(by)s)
ON CONFLICT (plan_id) DO UPDATE SET document = CASE WHEN %(renews)s AND NOT EXISTS (SELECT FROM run WHERE run.plan_id = plan.plan_id)
                                                   THEN excluded.document ELSE plan.document END
RETURNING xmax = 0

-- name: keep_part
-- Ids travel as the text of an array: a million of them in a tenth of the time of a million values.
INSERT INTO plan_part (plan_id, part, members) VALUES (%(plan)s, %(part)s, %(members)s::bigint[])

-- name: bind
UPDATE run SET plan_id = %(plan)s WHERE run_id = %(run)s

-- name: plan
SELECT plan_id, campaign, slot, definition_sha, audience_digest, made_by, made_at, document FROM plan WHERE plan_id = %(plan)s

-- name: places
-- Where everybody of a frozen run stands, the excluded with their reasons, and whom its first steps would reach: a customer is in one place, and in as
-- many steps as are due.
SELECT CASE WHEN reason IS NOT NULL THEN 'excluded:' || array_to_string(reasons, ' ') WHEN held_out THEN 'held out'
            ELSE 'cell:' || coalesce(cell, '') END AS part,
       customer_id
  FROM member WHERE run_id = %(run)s
 UNION ALL
SELECT 'step:' || step, customer_id FROM touch WHERE run_id = %(run)s AND state = 'planned'

-- name: parts
SELECT part, array_agg(customer_id ORDER BY customer_id)::text FROM (/*places*/) AS p GROUP BY part ORDER BY part

-- name: kept_parts
SELECT part, members::text FROM plan_part WHERE plan_id = %(plan)s ORDER BY part

-- name: moved
-- Who stands elsewhere than the plan showed. Who was and is excluded never moved, whatever the reason; nor did anybody
-- for whom a step merely came due that the plan showed as a later one.
WITH was AS MATERIALIZED (
    SELECT part, unnest(members) AS customer_id FROM plan_part WHERE plan_id = %(plan)s AND part NOT LIKE 'excluded:%%'),
here AS MATERIALIZED (SELECT part, customer_id FROM (/*places*/) AS p WHERE part NOT LIKE 'excluded:%%' AND part <> ALL (%(later)s::text[]))
SELECT x.customer_id, array_remove(array_agg(x.was ORDER BY x.was), NULL), array_remove(array_agg(x.is_now ORDER BY x.is_now), NULL),
       min(m.reason)
  FROM (SELECT coalesce(w.customer_id, h.customer_id) AS customer_id, w.part AS was, h.part AS is_now
          FROM was w FULL JOIN here h ON h.customer_id = w.customer_id AND h.part = w.part
         WHERE w.part IS NULL OR h.part IS NULL) AS x
  LEFT JOIN member m ON m.run_id = %(run)s AND m.customer_id = x.customer_id
 GROUP BY x.customer_id ORDER BY x.customer_id

-- name: deliveries
-- The latest delivery of each feed that was not taken back, and how many lines it and the one before it had.
SELECT feed, at, lines, before FROM (
    SELECT feed, at, (counts ->> 'lines')::bigint AS lines, lead((counts ->> 'lines')::bigint) OVER newest AS before, row_number() OVER newest AS place
      FROM import_batch WHERE undone_at IS NULL AND feed = ANY (%(feeds)s::text[])
    WINDOW newest AS (PARTITION BY feed ORDER BY batch_id DESC)) AS b
 WHERE place = 1

-- name: facts_delivered
-- When each fact of the company's own came last in a delivery that was not taken back.
SELECT f.fact, max(b.at) FROM import_batch b CROSS JOIN LATERAL jsonb_array_elements_text(b.counts -> 'facts') f(fact)
 WHERE b.undone_at IS NULL AND f.fact = ANY (%(facts)s::text[]) GROUP BY 1

-- name: universe_before
-- How many the campaign's run before this one had in its universe.
SELECT b.universe FROM run b JOIN run r ON r.campaign = b.campaign AND b.slot_at < r.slot_at
 WHERE r.run_id = %(run)s AND b.universe IS NOT NULL ORDER BY b.slot_at DESC LIMIT 1

-- name: excluded_of_step
SELECT reason, count(*) FROM touch WHERE run_id = %(run)s AND step = %(step)s AND state = 'excluded' GROUP BY 1 ORDER BY 2 DESC, 1

-- name: planned_of_step
SELECT count(*) FROM touch WHERE run_id = %(run)s AND step = %(step)s AND state = 'planned'

-- name: reached_by_step
SELECT count(*) FROM touch WHERE run_id = %(run)s AND step = %(step)s
   AND state IN ('planned','ready','claimed','gated','parked','accepted','unknown')

-- name: paused_by_guard
SELECT 1 FROM run JOIN run_switch s USING (run_id)
 WHERE campaign = %(campaign)s AND slot = %(slot)s AND s.state = 'paused' AND s.by = 'engine'

-- name: under_way
-- Enrolled members of a run who have not left it.
SELECT count(*) FROM member WHERE run_id = %(run)s AND reason IS NULL AND NOT held_out AND left_at IS NULL

-- name: cost_by_step
-- What each step of a run has cost, and how many of its touches have still to leave.
SELECT step, sum(cost), count(*) FILTER (WHERE state IN ('planned','ready','claimed','gated','parked'))
  FROM touch WHERE run_id = %(run)s GROUP BY step

-- name: members_as_csv
-- Everybody of the plan's universe: who, where, why not, and what of theirs does not compose. Ids only.
COPY (SELECT m.customer_id, CASE WHEN m.reason IS NOT NULL THEN 'excluded' WHEN m.held_out THEN 'held out' ELSE 'enrolled' END AS part,
             m.cell, array_to_string(m.reasons, ' ') AS reasons, b.does_not_compose
        FROM member m
        LEFT JOIN (SELECT customer_id, string_agg(step || ': ' || because, '; ' ORDER BY step) AS does_not_compose
                     FROM touch WHERE run_id = {run} AND state = 'render_failed' GROUP BY customer_id) AS b USING (customer_id)
       WHERE m.run_id = {run} ORDER BY m.customer_id) TO STDOUT (FORMAT csv, HEADER)

-- name: as_if_sent
-- In a rehearsal that will be rolled back: what was planned went out on the moment it was due. What only might have been
-- planned is a moment to count from, and counts in no cap.
UPDATE touch SET state = %(state)s, touched_at = CASE WHEN %(state)s = 'accepted' THEN due_at END
 WHERE run_id = %(run)s AND step = %(step)s AND state = 'planned'

-- name: last_due
-- The moment at which a step has come due for everybody for whom its time can be known.
SELECT max(m.due_at) FROM (SELECT /*due_at*/ AS due_at FROM member m /*bases*/
                            WHERE m.run_id = %(run)s AND NOT m.held_out AND m.reason IS NULL AND m.left_at IS NULL) AS m
