-- The frozen audience: everybody in the segment gets one row, once.

-- name: one_at_a_time
-- Two who freeze one run take turns: the second finds the first one's members, and adds none.
SELECT FROM run WHERE run_id = %(run)s FOR NO KEY UPDATE

-- name: begun
-- Whether a run has members. Asked when its turn has come, in a statement that sees what the one before committed.
SELECT EXISTS (SELECT FROM member WHERE run_id = %(run)s)

-- name: freeze
-- Give every member of the universe its row: enrolled in a cell, held out, or excluded with its reasons in the
-- order of precedence. The holdout is drawn before any channel is asked, else the groups could not be compared.
-- Draws are text comparisons of one MD5 a customer (rules/allocation.py): casting to numbers cost as much again.
-- The universe is kept with all that decides about a customer: joining the customers to it again cost more than finding
-- it. Who had no row that the gate can lock gets one on the way: without it nothing is sent.
-- OFFSET 0 keeps the planner from writing what a name stands for wherever it is named: the reasons were judged eight
-- times a customer, and the digest taken four times, which was more than all the rest. Who has a row already is left
-- out by an anti-join (`not_yet`), where the run has rows at all: ON CONFLICT asks the index once more for each row.
WITH universe AS MATERIALIZED (
    SELECT c.customer_id, c.status, c.kinds, c.restricted_brands, c.credit_status,
           /*stratum*/ AS stratum, /*single*/ AS single, /*rank*/ AS rank
      FROM (/*universe*/) AS c),
excepted AS MATERIALIZED (/*excepted*/),
before AS MATERIALIZED (
    SELECT m.customer_id, bool_or(m.held_out) AS was_held_out,
           bool_or(m.reason IS NULL AND (%(reentry)s::interval IS NULL OR m.enrolled_at > %(now)s::timestamptz - %(reentry)s::interval)) AS came
      FROM member m JOIN run r USING (run_id)
     WHERE r.campaign = %(campaign)s AND r.run_id <> %(run)s
     GROUP BY m.customer_id),
held AS MATERIALIZED (
    SELECT customer_id, bool_or(kind = 'legal') AS legal, bool_or(kind = 'finance') AS finance
      FROM customer_hold
     WHERE kind IN ('legal','finance') AND brand IN ('*', coalesce(%(brand)s, '*'))
       AND from_at <= %(now)s AND (to_at IS NULL OR to_at > %(now)s)
     GROUP BY customer_id),
judged AS (
    SELECT c.customer_id, md5(%(key)s || ':' || c.customer_id) COLLATE "C" AS digits, c.stratum, c.single, c.rank,
           coalesce(b.was_held_out, false) AS was_held_out,
           nullif(array_remove(ARRAY[
               CASE WHEN c.status = 'merged' THEN 'merged' END,
               CASE WHEN c.status IN ('inactive','retired','suspended') THEN 'inactive' END,
               CASE WHEN c.status = 'deceased' THEN 'deceased' END,
               CASE WHEN c.status = 'erased' THEN 'erased' END,
               CASE WHEN NOT c.kinds && %(kinds)s::text[] THEN 'kind_not_allowed' END,
               CASE WHEN h.legal AND %(purpose)s <> 'safety' THEN 'suppressed_legal' END,
               CASE WHEN %(brand)s = ANY (c.restricted_brands) AND %(purpose)s <> 'safety' THEN 'restricted_brand' END,
               CASE WHEN %(purpose)s = 'commercial' AND (c.credit_status IN ('dunning','blocked') OR h.finance) THEN 'finance_hold' END,
               CASE WHEN x.customer_id IS NOT NULL THEN 'in_excepted_segment' END,
               CASE WHEN NOT %(always)s AND b.came THEN 'not_again' END,
               CASE WHEN %(universal_edge)s <> '' AND md5(%(universal_key)s || ':' || c.customer_id) COLLATE "C" < %(universal_edge)s
                    THEN 'holdout_global' END], NULL), '{}') AS reasons
      FROM universe c
      LEFT JOIN excepted x ON x.customer_id = c.customer_id
      LEFT JOIN before b ON b.customer_id = c.customer_id
      LEFT JOIN held h ON h.customer_id = c.customer_id
     /*not_yet*/
    OFFSET 0),
sampled AS (/*sampled*/),
chosen AS (/*chosen*/),
drawn AS (/*drawn*/),
counted AS (UPDATE run SET universe = (SELECT count(*) FROM universe) WHERE run_id = %(run)s),
guarded AS (
    INSERT INTO contact_guard (customer_id)
    SELECT customer_id FROM universe u WHERE NOT EXISTS (SELECT FROM contact_guard g WHERE g.customer_id = u.customer_id)
    ON CONFLICT DO NOTHING)
INSERT INTO member (run_id, customer_id, cell, held_out, reason, reasons, stratum, enrolled_at)
SELECT %(run)s, customer_id,
       CASE WHEN reasons IS NULL THEN /*cell*/ END,
       reasons IS NULL AND held_out,
       reasons[1], reasons, stratum, %(now)s
  FROM drawn

-- name: not_yet
WHERE NOT EXISTS (SELECT FROM member m WHERE m.run_id = %(run)s AND m.customer_id = c.customer_id)

-- name: sampled_all
SELECT * FROM judged

-- name: sampled_some
-- A sample is drawn by other digits than the holdout and the cells.
SELECT j.customer_id, digits, stratum, single, rank, was_held_out,
       CASE WHEN reasons IS NULL AND substr(digits, 17, 8) >= %(sample_edge)s
            THEN ARRAY['not_sampled'] ELSE reasons END AS reasons
  FROM judged j
OFFSET 0

-- name: chosen_all
-- Nobody stands for another, and there is no cut.
SELECT * FROM sampled

-- name: chosen_some
-- One customer per mailbox, site or household, and the highest of those that are left; ties by the draw.
SELECT customer_id, digits, stratum, was_held_out,
       CASE WHEN reasons IS NULL AND %(top)s::integer IS NOT NULL
             AND row_number() OVER (PARTITION BY reasons IS NULL ORDER BY rank DESC NULLS LAST, substr(digits, 25), customer_id) > %(top)s::integer
            THEN ARRAY['not_among_top'] ELSE reasons END AS reasons
  FROM (SELECT customer_id, digits, stratum, rank, was_held_out,
               CASE WHEN reasons IS NULL AND single IS NOT NULL
                     AND row_number() OVER (PARTITION BY single, reasons IS NULL ORDER BY rank DESC NULLS LAST, substr(digits, 25), customer_id) > 1
                    THEN ARRAY['one_per'] ELSE reasons END AS reasons
          FROM sampled) AS one

-- name: drawn_simply
-- The holdout by draw alone. Who was held out in an earlier run of the campaign stays so.
SELECT *, was_held_out OR digits < %(holdout_edge)s AS held_out FROM chosen

-- name: drawn_in_strata
-- The same share of each stratum, to one customer: the lowest draws of each. What a stratum's share leaves
-- over is rounded by a draw of the stratum itself, so that many small strata do not all round one way.
SELECT *, was_held_out OR (reasons IS NULL AND row_number() OVER (PARTITION BY stratum, reasons IS NULL ORDER BY digits, customer_id)
              <= floor(count(*) OVER (PARTITION BY stratum, reasons IS NULL) * %(holdout)s::float8
                       + ('x' || substr(md5(%(key)s || coalesce(stratum, '')), 1, 8))::bit(32)::bigint / 4294967296.0)) AS held_out
  FROM chosen

-- name: universal_share
SELECT share FROM universal_holdout WHERE period = %(period)s

-- name: raise_universal_share
-- A share that rises adds customers to those whom it held out before; one that falls takes nobody back in.
INSERT INTO universal_holdout (period, share) VALUES (%(period)s, %(share)s)
ON CONFLICT (period) DO UPDATE SET share = greatest(universal_holdout.share, excluded.share)
RETURNING share

-- name: waterfall
-- How many of the universe were excluded, by primary reason; held out; enrolled, by cell.
SELECT CASE WHEN reason IS NOT NULL THEN 'excluded' WHEN held_out THEN 'held_out' ELSE 'enrolled' END AS part,
       CASE WHEN reason IS NOT NULL THEN reason ELSE cell END AS word, count(*)
  FROM member WHERE run_id = %(run)s
 GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2

-- name: digest
-- One hash over who is what: two plans with the same digest reach the same people in the same cells.
SELECT md5(coalesce(string_agg(md5(customer_id || ':' || coalesce(reason, '') || ':' || held_out || ':' || coalesce(cell, '')), '' ORDER BY customer_id), ''))
  FROM member WHERE run_id = %(run)s
