-- Questions to the past and between campaigns, asked before anything is decided.

-- name: touches_of_period
-- What went out, each with what came back to it, customer by customer.
SELECT t.customer_id, coalesce(t.touched_at, t.due_at) AS at, t.channel, t.purpose, t.brand, t.campaign, coalesce(r.responses, 0), coalesce(r.value, 0)
  FROM touch t
  LEFT JOIN (SELECT touch_id, count(*) AS responses, sum(value) AS value FROM response
              WHERE touch_id IS NOT NULL AND type IN ('click','reply','form','registration','attendance','order','coupon')
              GROUP BY touch_id) AS r USING (touch_id)
 WHERE t.direction = 'out' AND t.state IN ('accepted','unknown') AND t.outcome IS DISTINCT FROM 'withdrawn'
   AND coalesce(t.touched_at, t.due_at) > %(since)s AND coalesce(t.touched_at, t.due_at) <= %(until)s
 ORDER BY t.customer_id, at, t.touch_id

-- name: overlap
-- Customers whom several campaigns want, by which ones.
SELECT campaigns, count(*) FROM (
    SELECT customer_id, array_agg(campaign ORDER BY campaign) AS campaigns FROM (/*wanted*/) AS w
     GROUP BY customer_id HAVING count(*) > 1) AS several
 GROUP BY campaigns ORDER BY 2 DESC, 1

-- name: moved_between_plans
-- Who stands elsewhere in one plan than in another, and where; who is excluded in both never moved.
WITH was AS MATERIALIZED (
    SELECT CASE WHEN part LIKE 'excluded:%%' THEN 'excluded' ELSE part END AS part, unnest(members) AS customer_id FROM plan_part WHERE plan_id = %(before)s AND part NOT LIKE 'step:%%'),
here AS MATERIALIZED (
    SELECT CASE WHEN part LIKE 'excluded:%%' THEN 'excluded' ELSE part END AS part, unnest(members) AS customer_id FROM plan_part WHERE plan_id = %(after)s AND part NOT LIKE 'step:%%')
SELECT coalesce(w.part, '') AS was, coalesce(h.part, '') AS is_now, count(*)
  FROM was w FULL JOIN here h USING (customer_id)
 WHERE w.part IS DISTINCT FROM h.part
 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
