-- The journey of a run's members: the contact history is its only state; each statement moves all of them at once.

-- name: take_turn
-- Whoever plans touches holds this row until the end of the transaction. The next statement sees every touch that
-- was planned before, so a cap is reserved by the touch itself and fifty campaigns at once cannot pass it.
SELECT one FROM planning_turn FOR UPDATE

-- name: leave
-- Members for whom an exit holds leave, before any step is asked.
UPDATE member SET left_at = %(now)s
 WHERE run_id = %(run)s AND NOT held_out AND reason IS NULL AND left_at IS NULL
   AND customer_id IN (/*matching*/)

-- name: cancel_of_the_left
-- What was planned for members who left is cancelled; what is already out is withdrawn where it can be (visit tasks).
UPDATE touch t SET state = 'cancelled', reason = 'left'
  FROM member m
 WHERE t.run_id = %(run)s AND NOT t.is_over AND t.state IN ('planned','ready','parked')
   AND m.run_id = t.run_id AND m.customer_id = t.customer_id AND m.left_at IS NOT NULL

-- name: withdraw_tasks
-- Open visit tasks of members who left, or of a cancelled run, are taken back from the rep's inbox.
UPDATE visit_task v SET status = 'withdrawn', sequence = v.sequence + 1, changed_at = now()
  FROM touch t
  LEFT JOIN member m ON m.run_id = t.run_id AND m.customer_id = t.customer_id
 WHERE t.touch_id = v.touch_id AND t.run_id = %(run)s AND v.status IN ('open','scheduled')
   AND (m.left_at IS NOT NULL OR EXISTS (SELECT 1 FROM run_switch s WHERE s.run_id = t.run_id AND s.state = 'cancelled'))

-- name: withdrawn_outcomes
UPDATE touch t SET outcome = 'withdrawn', outcome_at = %(now)s
  FROM visit_task v
 WHERE v.touch_id = t.touch_id AND t.run_id = %(run)s AND v.status = 'withdrawn' AND t.outcome IS NULL

-- name: due
-- For whom a step is due now, in a table of its own that is analysed before it is asked about: its rows are in no
-- statistics, and whoever takes a hundred thousand for two compares each with each.
CREATE TEMP TABLE due (customer_id bigint, cell text, due_at timestamptz, not_after timestamptz, out_of_season boolean)

-- name: fill_due
-- Every enrolled member whose time has come, whose window did not close before the step was last evaluated, and who has no
-- touch of it yet (looked up by key, member by member: `OFFSET 0`, for the reason above).
-- What comes due outside the hours or before the season of the customer's place is due when they open: the cap is
-- reserved for the moment at which it will leave.
INSERT INTO due
SELECT m.customer_id, m.cell, /*opens_at*/, m.not_after, /*out_of_season*/
  FROM (SELECT m.customer_id, m.cell, /*due_at*/ AS due_at, /*not_after*/ AS not_after
          FROM member m /*bases*/
         WHERE m.run_id = %(run)s AND NOT m.held_out AND m.reason IS NULL AND m.left_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM touch t WHERE t.run_id = m.run_id AND t.step = %(step)s
                              AND t.channel = %(channel)s AND t.customer_id = m.customer_id OFFSET 0)) AS m /*opening*/
 WHERE m.due_at <= %(now)s AND m.not_after > %(evaluated)s

-- name: keep_matching
-- Of those, whom the step's `if` means.
DELETE FROM due WHERE NOT EXISTS (
    SELECT FROM (SELECT d.customer_id FROM due d WHERE d.customer_id IN (/*matching*/)) AS m WHERE m.customer_id = due.customer_id)

-- name: nothing_due
-- Nobody is judged, and no history read; that the step was looked at is remembered.
INSERT INTO step_progress (run_id, step, evaluated_at, due) VALUES (%(run)s, %(step)s, %(now)s, 0)
    ON CONFLICT (run_id, step) DO UPDATE SET evaluated_at = greatest(step_progress.evaluated_at, excluded.evaluated_at)

-- name: come_due
-- Plan a step for all in `due`: planned, or excluded with all reasons in the order of precedence, or expired where its
-- window closed since the step was last evaluated.
WITH reasoned AS (/*judged*/),
judged AS (/*one_per_mailbox*/),
placed AS (/*placed*/),
counted AS (
    INSERT INTO step_progress (run_id, step, evaluated_at, due) SELECT %(run)s, %(step)s, %(now)s, count(*) FROM placed WHERE NOT waits
    ON CONFLICT (run_id, step) DO UPDATE SET evaluated_at = greatest(step_progress.evaluated_at, excluded.evaluated_at),
                                             due = step_progress.due + excluded.due),
new AS (
    INSERT INTO touch (customer_id, run_id, campaign, step, channel, brand, purpose, cell, state, reason, reasons, because,
                       due_at, not_after, rep_id, contact_point_id, cost)
    SELECT customer_id, %(run)s, %(campaign)s, %(step)s, %(channel)s, %(brand)s, %(purpose)s, cell,
           CASE WHEN not_after <= %(now)s AND NOT has_waited THEN 'expired' WHEN cardinality(reasons) > 0 THEN 'excluded'
                WHEN not_after <= due_at THEN 'expired' ELSE 'planned' END,
           CASE WHEN not_after > %(now)s OR has_waited THEN reasons[1] END,
           CASE WHEN (not_after > %(now)s OR has_waited) AND cardinality(reasons) > 0 THEN reasons END,
           because, due_at, not_after, rep_id, contact_point_id, 0
      FROM placed WHERE NOT waits
    ON CONFLICT DO NOTHING
    RETURNING state)/*remembered*/
SELECT state, count(*) FROM new GROUP BY state/*lacking*/

-- name: one_per_mailbox
-- A mailbox that several share belongs to the first of those whom nothing else holds back, once a step: whoever came first
-- and may not be written to keeps it from nobody.
SELECT j.customer_id, j.cell, j.due_at, j.not_after, j.contact_point_id, j.rep_id, j.because,
       CASE WHEN cardinality(j.reasons) = 0 AND m.first <> j.customer_id THEN ARRAY['shared_mailbox'] ELSE j.reasons END AS reasons
  FROM reasoned j
  LEFT JOIN (SELECT r.mailbox, CASE WHEN EXISTS (
                        SELECT FROM contact_point p JOIN touch t ON t.customer_id = p.customer_id
                         WHERE p.value_norm = r.mailbox AND p.type = 'email' AND p.is_main AND t.run_id = %(run)s AND t.step = %(step)s AND t.channel = %(channel)s
                           AND t.state NOT IN ('excluded','expired','cancelled','refused','render_failed'))
                    THEN 0 ELSE min(r.customer_id) END AS first
               FROM reasoned r
              WHERE r.mailbox IS NOT NULL AND cardinality(r.reasons) = 0 AND (r.not_after IS NULL OR r.not_after > greatest(r.due_at, %(now)s))
              GROUP BY r.mailbox) AS m ON m.mailbox = j.mailbox

-- name: lacking
-- For how many a colleague is still to be looked for.
 UNION ALL SELECT NULL, count(*) FROM placed WHERE lacks_room

-- name: placed_all
-- A step that asks nothing of reps has room for all.
SELECT judged.*, false AS waits, false AS has_waited FROM judged

-- name: placed_with_room
-- Whom the reps have room for, the most important first. A rep's room by a day is what they can do by then (their own
-- holidays, days off and meetings taken out, and what the field has planned for itself), less their open tasks that are
-- due by then; and never more than leaves room for what is due later. Who finds no room waits where the step defers,
-- and is withheld when its window ends. Where the step reassigns, those with room are placed first, rep by rep
-- (`only_with_room`), so that the last look finds only those for whom nobody has room.
SELECT customer_id, cell, due_at, not_after, contact_point_id, rep_id, because,
       CASE WHEN cardinality(reasons) = 0 AND has_waited AND not_after <= %(now)s THEN ARRAY['capacity']
            WHEN cardinality(reasons) = 0 AND place > room THEN ARRAY['capacity'] ELSE reasons END AS reasons,
       CASE WHEN %(only_with_room)s THEN cardinality(reasons) > 0 OR place > room OR not_after <= %(now)s
            ELSE cardinality(reasons) = 0 AND place > room AND not_after > %(now)s AND %(defers)s END AS waits, has_waited,
       cardinality(reasons) = 0 AND place > room AND not_after > %(now)s AS lacks_room
  FROM (SELECT j.*, w.customer_id IS NOT NULL AS has_waited, coalesce(s.room, 0) AS room,
               row_number() OVER (PARTITION BY j.rep_id, cardinality(j.reasons) = 0 ORDER BY /*importance*/ DESC NULLS LAST, j.not_after, j.customer_id) AS place
          FROM judged j
          JOIN customer c ON c.customer_id = j.customer_id
          LEFT JOIN waiting_for_room w ON w.run_id = %(run)s AND w.step = %(step)s AND w.customer_id = j.customer_id
          LEFT JOIN (/*room*/) AS s ON s.rep_id = j.rep_id AND s.day = least((j.not_after AT TIME ZONE %(work_zone)s)::date, %(work_last)s::date)) AS p

-- name: room
-- For each rep and day: how many more tasks that are due by that day the rep can take.
-- (From the last day backwards: forwards, the smallest of what follows would be looked for anew for each day.)
SELECT rep_id, day, floor(min(slack) OVER (PARTITION BY rep_id ORDER BY day DESC)) AS room
  FROM (SELECT r.rep_id, d.day,
               sum(CASE WHEN d.works THEN greatest(r.daily_capacity * (1 - coalesce(k.fraction_off, 0)) - coalesce(k.planned_visits, 0), 0) ELSE 0 END
                   - coalesce(o.tasks, 0)) OVER (PARTITION BY r.rep_id ORDER BY d.day) AS slack
          FROM rep r
          JOIN unnest(%(work_days)s::date[], %(work_regions)s::text[], %(works)s::boolean[]) AS d(day, region, works) ON d.region = r.holiday_set
          LEFT JOIN rep_calendar k ON k.rep_id = r.rep_id AND k.day = d.day
          LEFT JOIN (SELECT rep_id, greatest(due_on, %(work_first)s::date) AS day, count(*) AS tasks
                       FROM (SELECT rep_id, due_on FROM visit_task WHERE status IN ('open','scheduled')
                              UNION ALL
                             SELECT rep_id, (not_after AT TIME ZONE %(work_zone)s)::date FROM touch
                              WHERE NOT is_over AND channel = 'visit' AND state IN ('planned','ready','claimed','gated','parked')
                                AND rep_id IS NOT NULL) AS open
                      GROUP BY 1, 2) AS o ON o.rep_id = r.rep_id AND o.day = d.day
         WHERE r.rep_id = ANY (%(reps)s::integer[]) OR %(reps)s::integer[] IS NULL) AS days

-- name: wait_for_room
-- Remember who finds no room yet.
INSERT INTO waiting_for_room (run_id, step, customer_id, rep_id, since)
SELECT %(run)s, %(step)s, customer_id, rep_id, %(now)s FROM placed WHERE waits
ON CONFLICT DO NOTHING

-- name: rep_load
-- What a step asks of each rep, beside what the rep can do within its window and has to do already.
WITH asked AS MATERIALIZED (
    SELECT rep_id, count(*) AS asked, count(*) FILTER (WHERE finds_room) AS taken FROM (
        SELECT rep_id, state <> 'excluded' AS finds_room FROM touch
         WHERE run_id = %(run)s AND step = %(step)s AND rep_id IS NOT NULL
           AND (state IN ('planned','ready','claimed','gated','parked','accepted') OR (state = 'excluded' AND reason = 'capacity'))
        UNION ALL
        SELECT w.rep_id, false FROM waiting_for_room w WHERE w.run_id = %(run)s AND w.step = %(step)s
           AND NOT EXISTS (SELECT FROM touch t WHERE t.run_id = w.run_id AND t.step = w.step AND t.customer_id = w.customer_id OFFSET 0)) AS x
     GROUP BY rep_id)
SELECT r.code, a.asked, a.taken, d.capacity, d.planned + coalesce(o.tasks, 0)
  FROM asked a
  JOIN rep r USING (rep_id)
 CROSS JOIN LATERAL (
       SELECT coalesce(floor(sum(r.daily_capacity * (1 - coalesce(k.fraction_off, 0)))), 0) AS capacity, coalesce(sum(k.planned_visits), 0) AS planned
         FROM unnest(%(work_days)s::date[], %(work_regions)s::text[], %(works)s::boolean[]) AS d(day, region, works)
         LEFT JOIN rep_calendar k ON k.rep_id = r.rep_id AND k.day = d.day
        WHERE d.region = r.holiday_set AND d.works AND d.day <= %(work_last)s::date) AS d
  LEFT JOIN (SELECT rep_id, count(*) AS tasks FROM visit_task WHERE status IN ('open','scheduled') AND due_on <= %(work_last)s::date GROUP BY 1) AS o
       ON o.rep_id = r.rep_id
 ORDER BY a.asked DESC, r.code

-- name: opening
-- When each customer's place opens: worked out beforehand, place by place, and taken from a list; joined with the list,
-- each member would read all of it.
LEFT JOIN customer z ON z.customer_id = m.customer_id
CROSS JOIN LATERAL (/*opens*/) AS o

-- name: opens
SELECT n AS place, (%(opens)s::timestamptz[])[n] AS opens, (%(season_opens)s::timestamptz[])[n] AS season_opens
  FROM (SELECT array_position(%(open_places)s::text[], z.timezone || '/' || coalesce(z.department, '')) AS n OFFSET 0) AS listed

-- name: places_of_members
SELECT DISTINCT c.timezone, coalesce(c.department, '') FROM member m JOIN customer c USING (customer_id)
 WHERE m.run_id = %(run)s AND NOT m.held_out AND m.reason IS NULL

-- name: places_of_ready
SELECT DISTINCT c.timezone, coalesce(c.department, '') FROM touch t JOIN customer c USING (customer_id)
 WHERE t.run_id = %(run)s AND t.step = %(step)s AND t.state = 'ready' AND NOT t.is_over

-- name: is_out_of_stock
-- A brand of which every presentation has run out.
SELECT coalesce(bool_and(s.stock_status = 'out'), false)
  FROM product p JOIN presentation s USING (cis) WHERE p.brand = %(brand)s

-- name: judged
-- What the contact policy says of each customer in `due` (customer_id, cell, due_at, not_after, out_of_season) for one channel,
-- purpose and brand: reasons in the order of precedence, the address, the rep, and which rule held them back.
-- The history is read once for caps and gaps together, of the rules' channels, and no further back than their longest window
-- before the earliest of the due: what is settled by the months in which it lies on disk, what is open by the index of
-- what is open, and both by customer where few are due (a join of each, for a join with their union is never made by
-- customer: 1,200 reads of the whole history). Caps are counted first; who was there before is looked up for the losers alone.
-- A visit happened when the rep was there; a task that nobody came to before it expired happened when it was given, and starts no new gap.
WITH recent AS MATERIALIZED (
    SELECT /*law: settled_contact*/
      FROM due d JOIN touch t ON t.customer_id = d.customer_id
     WHERE /*law: is_settled*/
     UNION ALL
    SELECT /*law: open_contact*/
      FROM due d JOIN touch t ON t.customer_id = d.customer_id
     WHERE /*law: is_open*/),
/*law: held_back*/
SELECT d.customer_id, d.cell, d.due_at, d.not_after, p.contact_point_id, r.rep_id,
       CASE WHEN %(contact_point)s = 'email' AND p.shared_with > 1 THEN p.value_norm END AS mailbox,
       /*law: kept_for*/ AS because,
       array_remove(ARRAY[
           /*law: standing*/,
           CASE WHEN NOT %(safety)s AND (g.blocked && %(stops)s::text[] OR /*law: refused*/)
                THEN 'opted_out' END,
           CASE WHEN g.customer_id IS NULL THEN 'suppressed_legal' END,
           /*law: consents*/,
           CASE WHEN greatest(d.due_at, %(now)s) < coalesce(%(material_from)s::date::timestamp AT TIME ZONE %(zone)s, '-infinity')
                  OR greatest(d.due_at, %(now)s) >= coalesce((%(material_to)s::date + 1)::timestamp AT TIME ZONE %(zone)s, 'infinity')
                THEN 'material_expired' END,
           /*law: withdrawn*/,
           CASE WHEN NOT %(material_approved)s THEN 'material_not_approved' END,
           /*law: holds*/,
           CASE WHEN (h.stock OR %(out_of_stock)s) AND NOT %(safety)s THEN 'stock_hold' END,
           CASE WHEN d.out_of_season THEN 'calendar_gate' END,
           /*law: reach*/,
           CASE WHEN %(rep_type)s::text IS NOT NULL AND r.rep_id IS NULL THEN 'no_rep' END,
           /*law: rules*/,
           CASE WHEN %(universal_edge)s <> '' AND md5(%(universal_key)s || ':' || d.customer_id) COLLATE "C" < %(universal_edge)s
                THEN 'holdout_global' END], NULL) AS reasons
  FROM due d
  JOIN customer c ON c.customer_id = d.customer_id
  LEFT JOIN contact_guard g ON g.customer_id = d.customer_id
  LEFT JOIN contact_point p ON p.customer_id = d.customer_id AND p.type = %(contact_point)s AND p.is_main
  LEFT JOIN (SELECT fingerprint, true AS is_suppressed FROM suppression
              WHERE scope IN ('*', %(channel)s) AND from_at <= %(now)s AND (to_at IS NULL OR to_at > %(now)s)
              GROUP BY fingerprint) AS s ON s.fingerprint = fingerprint(%(pepper)s, p.type, p.value_norm)
  LEFT JOIN (SELECT customer_id, /*law: held*/
               FROM customer_hold WHERE brand IN ('*', coalesce(%(brand)s, '*')) AND from_at <= %(now)s AND (to_at IS NULL OR to_at > %(now)s)
              GROUP BY customer_id) AS h ON h.customer_id = d.customer_id
  LEFT JOIN (SELECT k.customer_id, /*law: allowed*/
               FROM due d JOIN consent k ON k.customer_id = d.customer_id
              WHERE k.channel = %(channel)s AND k.purpose IN (%(purpose)s, '*') AND k.scope IN ('all', %(brand)s)
                AND (k.address = '' OR EXISTS (SELECT FROM contact_point p WHERE p.customer_id = k.customer_id AND p.type = %(contact_point)s
                                                  AND p.is_main AND p.value_norm = k.address))
              GROUP BY k.customer_id) AS k ON k.customer_id = d.customer_id
  LEFT JOIN (/*rep*/) AS r ON r.customer_id = d.customer_id
  LEFT JOIN full_up f ON f.customer_id = d.customer_id
  LEFT JOIN too_near n ON n.customer_id = d.customer_id
  LEFT JOIN (SELECT campaign, max(priority) AS priority FROM run GROUP BY campaign) AS w ON w.campaign = coalesce(f.because[2], n.because[2])

-- name: rep_of_each
-- Who goes to each of the due: the rep of their territory, or who stands in where there is none.
SELECT DISTINCT ON (customer_id) customer_id, rep_id FROM (/*reps*/) AS rep_of ORDER BY customer_id, place

-- name: colleague_of_each
-- The rep who comes so many places after the first: who stands in for them, then who shares their territory.
SELECT customer_id, rep_id FROM (
    SELECT customer_id, rep_id, row_number() OVER (PARTITION BY customer_id ORDER BY place) AS turn
      FROM (SELECT DISTINCT ON (customer_id, rep_id) customer_id, rep_id, place FROM (/*reps*/) AS rep_of ORDER BY customer_id, rep_id, place) AS each) AS next
 WHERE turn = 1 + %(colleague)s

-- name: reps
-- All who may go to each of the due, the first in place before the others: at work, allowed to promote, taught the brand.
SELECT a.customer_id, w.rep_id, ROW(a.rep_type, array_position(ARRAY['owner','interim','co'], w.role), w.rep_id) AS place
  FROM due d JOIN alignment a ON a.customer_id = d.customer_id
  JOIN rep_assignment w ON w.territory = a.territory AND w.valid_from <= %(now)s::date AND (w.valid_to IS NULL OR w.valid_to >= %(now)s::date)
  JOIN rep ON rep.rep_id = w.rep_id AND rep.active AND (rep.promotional OR NOT %(promotional)s)
          AND (rep.brands = '{}' OR %(brand)s IS NULL OR %(brand)s = ANY (rep.brands))
 WHERE %(rep_type)s::text IS NULL OR a.rep_type = %(rep_type)s

-- name: colleagues
-- How many reps the busiest territory has, of those who could go.
SELECT coalesce(max(reps), 0) FROM (
    SELECT count(DISTINCT rep_id) AS reps FROM rep_assignment JOIN rep USING (rep_id)
     WHERE active AND valid_from <= %(now)s::date AND (valid_to IS NULL OR valid_to >= %(now)s::date)
     GROUP BY territory) AS t

-- name: expire
-- What is not out by the end of its window is expired, never late.
UPDATE touch SET state = 'expired'
 WHERE run_id = %(run)s AND NOT is_over AND state IN ('planned','ready','parked') AND not_after <= %(now)s

-- name: fail
-- What it fails at, without the customer's data, stands beside the reason.
UPDATE touch t SET state = 'render_failed', reason = 'render_failed', because = f.because
  FROM unnest(%(touches)s::bigint[], %(because)s::text[]) AS f(touch_id, because)
 WHERE t.touch_id = f.touch_id AND t.state = 'planned'

-- name: make_ready
UPDATE touch SET state = 'ready' WHERE run_id = %(run)s AND step = %(step)s AND state = 'planned' AND NOT is_over AND touch_id <= %(last)s
