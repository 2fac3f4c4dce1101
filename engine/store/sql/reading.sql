-- The questions of a report. Every figure is counted from the facts; there are no counters.

-- name: runs_of_campaign
-- The runs of a campaign, the latest first.
SELECT run.run_id, slot, slot_at, frozen_at, closed_at, definition_sha, coalesce(state, 'running')
  FROM run LEFT JOIN run_switch USING (run_id) WHERE campaign = %(campaign)s ORDER BY slot_at DESC, run_id DESC;

-- name: audience_of_run
-- Everybody in the universe: excluded with the reason, held out, enrolled in a cell.
SELECT reason, held_out, cell, count(*), count(left_at), min(enrolled_at), max(enrolled_at)
  FROM member WHERE run_id = %(run)s GROUP BY reason, held_out, cell;

-- name: touched_of_run
-- How many members were reached by any step, by cell.
SELECT cell, count(*) FROM (
    SELECT DISTINCT cell, customer_id FROM touch
     WHERE run_id = %(run)s AND state IN ('accepted', 'unknown')) AS reached
 GROUP BY cell;

-- name: steps_of_run
-- Each step's touches by what became of them and by day, in one pass over the run.
SELECT step, channel, state, reason, outcome, (touched_at AT TIME ZONE %(zone)s)::date AS day,
       count(*), sum(cost), min(due_at)
  FROM touch WHERE run_id = %(run)s GROUP BY step, channel, state, reason, outcome, day;

-- name: reactions_of_run
-- How many customers reacted to each step and how often. Grouped twice instead of count(DISTINCT),
-- which sorts all rows where this hashes them.
SELECT step, type, label, count(*), sum(hits), sum(value) FROM (
    SELECT step, type,
           CASE WHEN type = 'visit_outcome' THEN label END AS label,
           customer_id, count(*) AS hits, sum(value) AS value
      FROM response WHERE campaign = %(campaign)s AND run_id = %(run)s GROUP BY 1, 2, 3, 4) AS one
 GROUP BY step, type, label;

-- name: orders_attributed
-- Orders that answer the campaign, by how we know.
SELECT attribution, count(*), sum(value) FROM response
 WHERE campaign = %(campaign)s AND run_id = %(run)s AND type = 'order' GROUP BY attribution;

-- name: goal_by_orders
-- Who ordered within the window after enrolment, treated and held out alike: counted from the orders
-- themselves, not from attributed responses, which only the treated can have. By the day of the
-- first order, with sums from which mean and variance follow.
SELECT held_out, cell, day, count(*), sum(value), sum(value * value) FROM (
    SELECT customer_id, held_out, cell, min(day) AS day, sum(value) AS value FROM (
        SELECT member.customer_id, held_out, cell,
               floor(extract(epoch FROM ordered_at - enrolled_at) / 86400)::int AS day,
               CASE WHEN %(brand)s::text IS NULL THEN orders.amount_ht
                    ELSE (SELECT sum(order_line.amount_ht) FROM order_line
                           WHERE order_line.order_id = orders.order_id AND order_line.brand = %(brand)s) END AS value
          FROM member JOIN orders USING (customer_id)
         WHERE run_id = %(run)s AND reason IS NULL AND orders.status <> ALL(%(void)s)
           AND ordered_at >= enrolled_at AND ordered_at < enrolled_at + %(within)s::interval
           AND ordered_at <= %(now)s) AS an_order
     WHERE value IS NOT NULL AND value >= %(at_least)s
     GROUP BY customer_id, held_out, cell) AS a_customer
 GROUP BY held_out, cell, day;

-- name: goal_by_responses
-- The same from responses of another kind: of this run, or, where they name no run, of the brand. A
-- visit counts when the customer was seen.
SELECT held_out, cell, day, count(*), 0::numeric, 0::numeric FROM (
    SELECT member.customer_id, held_out, cell,
           min(floor(extract(epoch FROM at - enrolled_at) / 86400)::int) AS day
      FROM member JOIN response USING (customer_id)
     WHERE member.run_id = %(run)s AND reason IS NULL AND type = %(type)s
       AND (response.run_id = %(run)s OR (response.run_id IS NULL AND (%(brand)s::text IS NULL OR brand = %(brand)s)))
       AND (type <> 'visit_outcome' OR label = 'seen')
       AND at >= enrolled_at AND at < enrolled_at + %(within)s::interval AND at <= %(now)s
     GROUP BY member.customer_id, held_out, cell) AS a_customer
 GROUP BY held_out, cell, day;

-- name: goal_by_own_responses
-- The same where only a touch of this run can be answered (click, open, reply, visit, call): read
-- through the campaign's index, not through every customer's history.
SELECT held_out, cell, day, count(*), 0::numeric, 0::numeric FROM (
    SELECT member.customer_id, held_out, cell,
           min(floor(extract(epoch FROM at - enrolled_at) / 86400)::int) AS day
      FROM response JOIN member ON member.run_id = response.run_id AND member.customer_id = response.customer_id
     WHERE response.campaign = %(campaign)s AND response.run_id = %(run)s AND type = %(type)s AND reason IS NULL
       AND (type <> 'visit_outcome' OR label = 'seen')
       AND at >= enrolled_at AND at < enrolled_at + %(within)s::interval AND at <= %(now)s
     GROUP BY member.customer_id, held_out, cell) AS a_customer
 GROUP BY held_out, cell, day;

-- name: runs_overview
-- The latest runs, with how many touches stand where: the first page of the console.
SELECT run.run_id, run.campaign, brand, slot, slot_at, frozen_at, closed_at, coalesce(run_switch.state, 'running'),
       coalesce(people.universe, 0), coalesce(people.enrolled, 0), coalesce(people.held_out, 0),
       coalesce(work.reached, 0), coalesce(work.open, 0), coalesce(work.unknown, 0)
  FROM (SELECT * FROM run ORDER BY slot_at DESC, run_id DESC LIMIT %(limit)s) AS run
  LEFT JOIN run_switch USING (run_id)
  LEFT JOIN LATERAL (
       SELECT count(*) AS universe, count(*) FILTER (WHERE reason IS NULL AND NOT held_out) AS enrolled,
              count(*) FILTER (WHERE held_out) AS held_out
         FROM member WHERE member.run_id = run.run_id) AS people ON true
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state = 'accepted') AS reached,
              count(*) FILTER (WHERE state IN ('planned', 'ready', 'claimed', 'gated', 'parked')) AS open,
              count(*) FILTER (WHERE state = 'unknown') AS unknown
         FROM touch WHERE touch.run_id = run.run_id) AS work ON true
 ORDER BY slot_at DESC, run.run_id DESC;

-- name: desk
-- What waits for people: open tasks of the reps, sealed print batches.
SELECT (SELECT count(*) FROM visit_task WHERE status IN ('open', 'scheduled')) AS tasks,
       (SELECT count(DISTINCT rep_id) FROM visit_task WHERE status IN ('open', 'scheduled')) AS reps,
       (SELECT count(*) FROM print_batch) AS batches,
       (SELECT coalesce(sum(pieces), 0) FROM print_batch) AS pieces;

-- name: reps_with_tasks
-- Every active rep with the number of open tasks.
SELECT code, first_name, last_name, rep_type,
       count(touch_id) FILTER (WHERE visit_task.status IN ('open', 'scheduled')) AS tasks,
       min(due_on) FILTER (WHERE visit_task.status IN ('open', 'scheduled')) AS next_due
  FROM rep LEFT JOIN visit_task USING (rep_id) WHERE active
 GROUP BY rep_id ORDER BY 5 DESC, code LIMIT %(limit)s;

-- name: tasks_of_rep
-- A rep's inbox: what is open, the most urgent first; at most 500, as field systems do.
SELECT task_id, type, not_before, due_on, priority, visit_task.reason, content, visit_task.status, scheduled_at,
       customer.customer_id,
       CASE WHEN customer.of = 'organisation' THEN customer.org_name
            ELSE concat_ws(' ', CASE customer.title WHEN 'DR' THEN 'Dr' WHEN 'PR' THEN 'Pr' END,
                           customer.first_name, customer.last_name) END AS name,
       customer.street, customer.postcode, customer.town, customer.specialty_group, touch.campaign, touch.brand
  FROM visit_task JOIN rep USING (rep_id) JOIN customer USING (customer_id) JOIN touch USING (touch_id)
 WHERE rep.code = %(rep)s AND (%(task)s::text IS NULL OR task_id = %(task)s)
   AND (%(task)s::text IS NOT NULL OR visit_task.status IN ('open', 'scheduled'))
 ORDER BY due_on, priority DESC, task_id LIMIT 500;

-- name: print_batches
SELECT batch_id, campaign, step, state, pieces, folder, sha256, sealed_at
  FROM print_batch JOIN run USING (run_id) ORDER BY sealed_at DESC LIMIT %(limit)s;
