-- The conservation law: everybody in the universe of a run is accounted for, once.

-- name: broken
-- Every way in which a run breaks the law: which law, at which step, what was expected, what was found. No row: it
-- holds. `universe` and `due` are control totals, written by the statement that found the members and not by the one
-- that counts the rows, so that a row lost or doubled on the way shows.
WITH members AS (
    SELECT count(*) AS all_of_them,
           count(*) FILTER (WHERE reason IS NOT NULL) AS excluded,
           count(*) FILTER (WHERE reason IS NULL AND held_out) AS held_out,
           count(*) FILTER (WHERE reason IS NULL AND NOT held_out) AS enrolled,
           count(*) FILTER (WHERE reason IS DISTINCT FROM reasons[1]) AS without_one_primary_reason
      FROM member WHERE run_id = %(run)s),
steps AS (
    SELECT t.step, count(*) AS all_of_them,
           count(*) FILTER (WHERE t.state IN ('accepted','unknown')) AS touched,
           count(*) FILTER (WHERE t.state IN ('refused','render_failed')) AS refused,
           count(*) FILTER (WHERE t.state = 'excluded') AS excluded,
           count(*) FILTER (WHERE t.state = 'expired') AS expired,
           count(*) FILTER (WHERE t.state = 'cancelled') AS cancelled,
           count(*) FILTER (WHERE t.state IN ('planned','ready','claimed','gated','parked')) AS waiting,
           count(*) FILTER (WHERE m.customer_id IS NULL) AS of_nobody_enrolled,
           count(*) FILTER (WHERE t.state = 'excluded' AND t.reason IS DISTINCT FROM t.reasons[1]) AS without_one_primary_reason
      FROM touch t
      LEFT JOIN member m ON m.run_id = t.run_id AND m.customer_id = t.customer_id AND NOT m.held_out AND m.reason IS NULL
     WHERE t.run_id = %(run)s
     GROUP BY t.step),
progress AS (SELECT step, due FROM step_progress WHERE run_id = %(run)s)
SELECT law, step, expected, found FROM (
    SELECT 'universe = enrolled + held out + excluded' AS law, NULL AS step, r.universe AS expected,
           m.enrolled + m.held_out + m.excluded AS found
      FROM run r, members m WHERE r.run_id = %(run)s AND r.universe IS NOT NULL
    UNION ALL SELECT 'every exclusion has one primary reason', NULL, 0, without_one_primary_reason FROM members
    UNION ALL
    SELECT 'due = touched + refused + excluded + expired + cancelled + waiting', coalesce(p.step, s.step), coalesce(p.due, 0),
           coalesce(s.touched + s.refused + s.excluded + s.expired + s.cancelled + s.waiting, 0)
      FROM progress p FULL JOIN steps s USING (step)
    UNION ALL SELECT 'only the enrolled are touched', step, 0, of_nobody_enrolled FROM steps
    UNION ALL SELECT 'every withheld touch has one primary reason', step, 0, without_one_primary_reason FROM steps
    ) AS laws
 WHERE expected <> found
 ORDER BY law, step
