-- What made-up customers do, where nobody is there to do it. Chance is a salted hash of the
-- touch or customer, so the same base, run and seed give the same answers, however often it is asked
-- and whatever has passed by then; each answer carries the moment at which it comes.

-- name: made_up_mails
-- Who reacts to the mails of a run, and when: a click where the mail's links may be personal, a
-- scanner's click at once, a bounce, an unsubscription. One in two clicks within the first eight hours.
WITH sent AS (
    SELECT touch_id, customer_id, touched_at, definition_sha, touch.campaign, step, touch.purpose, run_id,
           abs(hashtextextended('mail:' || touch_id, %(seed)s) %% 1000000) / 1e6 AS luck,
           abs(hashtextextended('when:' || touch_id, %(seed)s) %% 1000000) / 1e6 AS delay,
           EXISTS (SELECT FROM consent WHERE consent.customer_id = touch.customer_id AND channel IN ('web_tracking', 'email_open_tracking')
                      AND opt = 'opt_in') AS is_tracked
      FROM touch JOIN run USING (run_id)
     WHERE run_id = %(run)s AND channel = 'email' AND state IN ('accepted', 'unknown') AND touched_at <= %(now)s),
reacting AS (
    SELECT *, CASE WHEN luck < 0.020 THEN 'bounced_hard'
                   WHEN luck < 0.025 THEN 'unsubscribe'
                   WHEN luck < 0.075 AND is_tracked THEN 'click_suspect'
                   WHEN luck < 0.330 AND is_tracked THEN 'click' END AS kind
      FROM sent)
SELECT touch_id, customer_id, run_id, campaign, step, 'email', purpose, definition_sha, kind,
       touched_at + CASE WHEN kind IN ('bounced_hard', 'click_suspect') THEN interval '2 seconds'
                         ELSE interval '2 minutes' + interval '11 hours' * -ln(1 - delay) END AS at
  FROM reacting WHERE kind IS NOT NULL
 ORDER BY touch_id;

-- name: made_up_visits
-- How the visits of a run end: most customers are seen within the task's window, some tasks are never reported on.
SELECT task_id, code,
       CASE WHEN luck < 0.66 THEN 'seen' WHEN luck < 0.80 THEN 'absent' WHEN luck < 0.85 THEN 'rescheduled'
            ELSE 'refused' END AS outcome,
       (not_before + floor((due_on - not_before) * delay)::int + time '09:00' + interval '8 hours' * delay2)
           AT TIME ZONE 'Europe/Paris' AS at
  FROM (SELECT visit_task.*, code,
               abs(hashtextextended('visit:' || task_id, %(seed)s) %% 1000000) / 1e6 AS luck,
               abs(hashtextextended('day:' || task_id, %(seed)s) %% 1000000) / 1e6 AS delay,
               abs(hashtextextended('hour:' || task_id, %(seed)s) %% 1000000) / 1e6 AS delay2
          FROM visit_task JOIN touch USING (touch_id) JOIN rep ON rep.rep_id = visit_task.rep_id
         WHERE run_id = %(run)s) AS task
 WHERE luck < 0.90
 ORDER BY task_id;

-- name: made_up_returns
-- Which letters of a run come back, nine to twenty days after they were handed over.
SELECT piece_id, (touched_at + interval '9 days' + interval '11 days' * delay)::date AS on_day,
       CASE WHEN kind < 0.70 THEN 'NPAI' WHEN kind < 0.88 THEN 'ADRESSE_INSUFFISANTE' ELSE 'REFUSE' END AS reason
  FROM (SELECT piece_id, touched_at,
               abs(hashtextextended('return:' || piece.touch_id, %(seed)s) %% 1000000) / 1e6 AS luck,
               abs(hashtextextended('delay:' || piece.touch_id, %(seed)s) %% 1000000) / 1e6 AS delay,
               abs(hashtextextended('kind:' || piece.touch_id, %(seed)s) %% 1000000) / 1e6 AS kind
          FROM piece JOIN touch USING (touch_id) WHERE run_id = %(run)s AND touched_at IS NOT NULL) AS letter
 WHERE luck < 0.018
 ORDER BY piece_id;

-- name: made_up_orders
-- Orders of a brand by the members of a run, into the table where the order feed puts them. Everybody
-- may order of their own accord, held out or not: `base` of them within sixty days of enrolment. On top
-- of that a touch makes some order: that is the true effect, which the report should find again. Of
-- those, six in ten name the offer's code.
WITH cause AS (
    SELECT customer_id, 'own' AS why, NULL::text AS code, %(base)s::float AS chance,
           enrolled_at AS from_at, interval '60 days' AS over, false AS is_soon
      FROM member WHERE run_id = %(run)s AND reason IS NULL
    UNION ALL
    SELECT touch.customer_id, touch.step, offer.code,
           CASE touch.channel WHEN 'email' THEN %(by_email)s::float WHEN 'mailing' THEN %(by_mailing)s::float
                              WHEN 'visit' THEN %(by_visit)s::float ELSE 0 END,
           coalesce(touch.outcome_at, touch.touched_at), interval '6 days', true
      FROM touch LEFT JOIN unnest(%(cells)s::text[], %(codes)s::text[]) AS offer (cell, code) USING (cell)
     WHERE run_id = %(run)s AND state = 'accepted' AND touched_at <= %(now)s
       AND (touch.channel <> 'visit' OR touch.outcome = 'done')
       AND coalesce(touch.outcome, '') NOT IN ('bounced_hard', 'returned')),
drawn AS (
    SELECT *, abs(hashtextextended(concat_ws(':', 'order', %(run)s, customer_id, why), %(seed)s) %% 1000000) / 1e6 AS luck,
           abs(hashtextextended(concat_ws(':', 'when', %(run)s, customer_id, why), %(seed)s) %% 1000000) / 1e6 AS delay,
           abs(hashtextextended(concat_ws(':', 'units', %(run)s, customer_id, why), %(seed)s) %% 1000000) / 1e6 AS size,
           abs(hashtextextended(concat_ws(':', 'code', %(run)s, customer_id, why), %(seed)s) %% 1000000) / 1e6 AS names_code
      FROM cause),
coming AS (
    SELECT concat_ws('-', 'R' || %(run)s, customer_id, why) AS order_no, customer_id,
           CASE WHEN names_code < 0.6 THEN code END AS code,
           date_trunc('minute', from_at + interval '3 hours'
                      + CASE WHEN is_soon THEN over * -ln(1 - delay) ELSE over * delay END) AS at,
           10 + floor(90 * size * size)::int AS units
      FROM drawn WHERE luck < chance),
priced AS (
    SELECT coming.*, pack.cip13, coalesce(pack.price_ht, 9.80) AS price
      FROM coming LEFT JOIN (
           SELECT cip13, price_ht FROM presentation JOIN product USING (cis)
            WHERE product.brand = %(brand)s ORDER BY cip13 LIMIT 1) AS pack ON true
     WHERE at <= %(now)s),
placed AS (
    INSERT INTO orders (source, order_no, customer_id, origin, promo_code, ordered_at, status, amount_ht)
    SELECT 'demo', order_no, customer_id, 'web', code, at, 'invoiced', round(units * price, 2)
      FROM priced ORDER BY order_no
        ON CONFLICT (source, order_no) DO NOTHING
    RETURNING order_id, order_no)
INSERT INTO order_line (order_id, line_no, cip13, brand, units, unit_price_ht, amount_ht)
SELECT order_id, 1, cip13, %(brand)s, units, price, round(units * price, 2)
  FROM placed JOIN priced USING (order_no);
