-- Orders and their lines. The key is the order's number within its system, and the number of the line.

-- name: incoming
CREATE TEMP TABLE load_incoming ON COMMIT DROP AS
WITH known_brand AS (
    SELECT DISTINCT ON (word) word, brand FROM brand CROSS JOIN LATERAL (VALUES (folded(brand), 1), (folded(name), 2)) AS w(word, rank)
     ORDER BY word, rank, brand),
product_brand AS (
    SELECT p.cip13, d.brand FROM presentation p LEFT JOIN product d USING (cis))
SELECT line, customer_id, order_no, coalesce(line_no, (coalesce(max(line_no) OVER (PARTITION BY order_no), 0)
           + row_number() OVER (PARTITION BY order_no, line_no IS NULL ORDER BY line))::integer) AS line_no,
       origin, type, promo_code, rep_id, ordered_at, status, cip13, brand, units, coalesce(free_units, 0) AS free_units,
       unit_price_ht, discount, coalesce(amount_ht, round(units * unit_price_ht * (1 - coalesce(discount, 0)), 2)) AS amount_ht,
       finess_repaired, cip_completed,
       nullif(concat_ws(' ', CASE WHEN order_no IS NULL THEN 'no_order_no' END, whom_fault,
           CASE WHEN ordered_at IS NULL THEN 'bad_ordered_at'
                WHEN ordered_at > %(now)s::timestamptz + interval '1 day' THEN 'future_order' END,
           CASE WHEN given_line_no IS NOT NULL AND line_no IS NULL THEN 'bad_line_no' END,
           CASE WHEN given_origin IS NOT NULL AND origin IS NULL THEN 'unknown_origin' END,
           CASE WHEN given_type IS NOT NULL AND type IS NULL THEN 'unknown_order_type' END,
           CASE WHEN given_status IS NOT NULL AND status IS NULL THEN 'unknown_status' END,
           CASE WHEN units IS NULL THEN 'bad_units' END,
           -- what the order is of: of these the first only, the others follow from it
           CASE WHEN cip13 IS NOT NULL AND NOT key_holds('CIP13', cip13) THEN 'bad_cip13'
                WHEN given_brand IS NOT NULL AND said_brand IS NULL THEN 'unknown_brand'
                WHEN said_brand <> product_brand THEN 'other_brand'
                WHEN brand IS NULL AND cip13 IS NULL THEN 'no_product'
                WHEN brand IS NULL THEN 'unknown_product' END,
           CASE WHEN given_amount IS NOT NULL AND amount_ht IS NULL THEN 'bad_amount'
                WHEN units IS NOT NULL AND coalesce(amount_ht, units * unit_price_ht) IS NULL THEN 'no_amount' END), '') AS fault,
       array_remove(ARRAY[CASE WHEN given_free_units IS NOT NULL AND free_units IS NULL THEN 'bad_free_units' END,
                          CASE WHEN given_price IS NOT NULL AND unit_price_ht IS NULL THEN 'bad_price' END,
                          CASE WHEN given_discount IS NOT NULL AND discount IS NULL THEN 'bad_discount' END,
                          CASE WHEN given_rep IS NOT NULL AND rep_id IS NULL THEN 'unknown_rep' END], NULL) AS slips
  FROM (SELECT c.*, coalesce(c.said_brand, c.product_brand) AS brand,
               CASE WHEN given_units ~ '^-?\d{1,7}(\.0+)?$' THEN given_units::numeric::integer END AS units,
               CASE WHEN given_free_units ~ '^-?\d{1,7}(\.0+)?$' THEN given_free_units::numeric::integer END AS free_units,
               CASE WHEN given_price ~ '^\d{1,8}(\.\d{1,4}0*)?$' THEN given_price::numeric END AS unit_price_ht,
               CASE WHEN given_amount ~ '^-?\d{1,10}(\.\d{1,2}0*)?$' THEN given_amount::numeric END AS amount_ht,
               CASE WHEN given_discount ~ '^(100|\d{1,2})(\.\d{1,2})?%%$' THEN left(given_discount, -1)::numeric / 100
                    WHEN given_discount ~ '^(0(\.\d{1,4})?|1(\.0+)?)$' THEN given_discount::numeric END AS discount
          FROM (SELECT s.line, w.customer_id, w.fault AS whom_fault, w.finess_repaired, tidy(s.order_no) AS order_no,
                       nullif(btrim(s.line_no), '') AS given_line_no, CASE WHEN btrim(s.line_no) ~ '^[1-9]\d{0,3}$' THEN s.line_no::integer END AS line_no,
                       nullif(btrim(s.origin), '') AS given_origin,
                       CASE folded(s.origin) WHEN 'REP' THEN 'rep' WHEN 'DELEGUE' THEN 'rep' WHEN 'VISITE' THEN 'rep' WHEN 'WEB' THEN 'web' WHEN 'INTERNET' THEN 'web'
                           WHEN 'CALL CENTER' THEN 'call_center' WHEN 'TELEPHONE' THEN 'call_center' WHEN 'EDI' THEN 'edi' WHEN 'FAX' THEN 'fax' END AS origin,
                       nullif(btrim(s.type), '') AS given_type,
                       CASE folded(s.type) WHEN 'DIRECT' THEN 'direct' WHEN 'DIRECTE' THEN 'direct' WHEN 'TRANSFER' THEN 'transfer' WHEN 'TRANSFERT' THEN 'transfer'
                           WHEN 'GROSSISTE' THEN 'transfer' END AS type,
                       nullif(upper(btrim(s.promo_code)), '') AS promo_code, nullif(btrim(s.rep), '') AS given_rep, r.rep_id,
                       moment_of(s.ordered_at) AS ordered_at, nullif(btrim(s.status), '') AS given_status,
                       CASE folded(s.status) WHEN 'DRAFT' THEN 'draft' WHEN 'BROUILLON' THEN 'draft' WHEN 'SUBMITTED' THEN 'submitted' WHEN 'SOUMISE' THEN 'submitted'
                           WHEN 'ENVOYEE' THEN 'submitted' WHEN 'ACCEPTED' THEN 'accepted' WHEN 'ACCEPTEE' THEN 'accepted' WHEN 'REJECTED' THEN 'rejected'
                           WHEN 'REFUSEE' THEN 'rejected' WHEN 'BACKORDER' THEN 'backorder' WHEN 'RELIQUAT' THEN 'backorder'
                           WHEN 'PARTIALLY SHIPPED' THEN 'partially_shipped' WHEN 'EXPEDIEE EN PARTIE' THEN 'partially_shipped' WHEN 'SHIPPED' THEN 'shipped'
                           WHEN 'EXPEDIEE' THEN 'shipped' WHEN 'LIVREE' THEN 'shipped' WHEN 'INVOICED' THEN 'invoiced' WHEN 'FACTUREE' THEN 'invoiced'
                           WHEN 'CANCELLED' THEN 'cancelled' WHEN 'ANNULEE' THEN 'cancelled' WHEN 'RETURNED' THEN 'returned' WHEN 'RETOURNEE' THEN 'returned' END AS status,
                       cip.cip13, coalesce(cip.cip13 <> nullif(replace(s.cip13, ' ', ''), ''), false) AS cip_completed,
                       nullif(btrim(s.brand), '') AS given_brand, b.brand AS said_brand, p.brand AS product_brand,
                       nullif(plain_number(s.units), '') AS given_units, nullif(plain_number(s.free_units), '') AS given_free_units,
                       nullif(plain_number(s.unit_price_ht), '') AS given_price, nullif(plain_number(s.discount), '') AS given_discount,
                       nullif(plain_number(s.amount_ht), '') AS given_amount
                  FROM load_stage s
                  JOIN load_whom w ON w.who = concat(s.ext, E'\x1f', s.rpps, E'\x1f', s.finess, E'\x1f', s.siret)
                 -- a CIP7 becomes the CIP13 that it stands in, with its key
                 CROSS JOIN LATERAL (SELECT CASE WHEN is_digits(btrim(s.cip13), 7)
                                                 THEN '34009' || btrim(s.cip13) || (10 - ean_rest('34009' || btrim(s.cip13) || '0')) %% 10
                                                 ELSE nullif(replace(s.cip13, ' ', ''), '') END AS cip13) AS cip
                  LEFT JOIN product_brand p ON p.cip13 = cip.cip13
                  LEFT JOIN known_brand b ON b.word = folded(s.brand)
                  LEFT JOIN rep r ON r.code = btrim(s.rep)
                OFFSET 0) AS c
        OFFSET 0) AS c

-- name: clashes
-- Lines of one order that name two customers or two codes: the first is believed, the others are told.
UPDATE load_incoming i SET fault = 'order_of_two'
  FROM (SELECT order_no, (array_agg(customer_id ORDER BY line))[1] AS customer_id, (array_agg(promo_code ORDER BY line) FILTER (WHERE promo_code IS NOT NULL))[1] AS code
          FROM load_incoming WHERE fault IS NULL GROUP BY order_no
        HAVING min(customer_id) <> max(customer_id) OR min(promo_code) <> max(promo_code)) AS f
 WHERE i.fault IS NULL AND i.order_no = f.order_no AND (i.customer_id <> f.customer_id OR i.promo_code <> f.code)

-- name: of_another
UPDATE load_incoming i SET fault = 'order_of_another'
  FROM orders o JOIN customer c USING (customer_id)
 WHERE i.fault IS NULL AND o.source = %(source)s AND o.order_no = i.order_no AND coalesce(c.merged_into, c.customer_id) <> i.customer_id

-- name: repeats
-- The same line twice in one file: the last one counts.
DELETE FROM load_incoming i
 USING (SELECT order_no, line_no, max(line) AS last FROM load_incoming WHERE fault IS NULL GROUP BY 1, 2 HAVING count(*) > 1) AS r
 WHERE i.fault IS NULL AND i.order_no = r.order_no AND i.line_no = r.line_no AND i.line < r.last

-- name: heads
-- One row an order. A status only moves forward: an older file that comes late does not take an order back.
CREATE TEMP TABLE load_head ON COMMIT DROP AS
WITH moves(status, rank) AS (VALUES ('draft', 0), ('submitted', 1), ('accepted', 2), ('backorder', 3), ('partially_shipped', 4), ('shipped', 5),
                                    ('invoiced', 6), ('returned', 7), ('rejected', 8), ('cancelled', 9)),
said AS (
    SELECT i.order_no, min(i.customer_id) AS customer_id, max(i.origin) AS origin, max(i.type) AS type, max(i.promo_code) AS promo_code,
           max(i.rep_id) AS rep_id, min(i.ordered_at) AS ordered_at, max(m.rank) AS furthest, sum(i.amount_ht) AS amount_ht
      FROM load_incoming i LEFT JOIN moves m USING (status) WHERE i.fault IS NULL GROUP BY i.order_no),
merged AS (
    SELECT o.order_id AS found, s.order_no, s.customer_id, coalesce(s.origin, o.origin, 'edi') AS origin, coalesce(s.type, o.type, 'direct') AS type,
           coalesce(s.promo_code, o.promo_code) AS promo_code, coalesce(s.rep_id, o.rep_id) AS rep_id, s.ordered_at,
           CASE WHEN s.furthest > was.rank OR o.order_id IS NULL THEN coalesce(will.status, 'submitted') ELSE o.status END AS status,
           coalesce(s.furthest < was.rank, false) AS goes_back, s.amount_ht, o.origin AS o_origin, o.type AS o_type, o.promo_code AS o_promo_code,
           o.rep_id AS o_rep_id, o.ordered_at AS o_ordered_at, o.status AS o_status
      FROM said s
      LEFT JOIN orders o ON o.source = %(source)s AND o.order_no = s.order_no
      LEFT JOIN moves will ON will.rank = s.furthest
      LEFT JOIN moves was ON was.status = o.status)
SELECT *, coalesce(found, nextval(pg_get_serial_sequence('orders', 'order_id'))) AS order_id,
       found IS NOT NULL AND (origin, type, promo_code, rep_id, ordered_at, status)
                             IS DISTINCT FROM (o_origin, o_type, o_promo_code, o_rep_id, o_ordered_at, o_status) AS is_changed
  FROM merged

-- name: heads_before
INSERT INTO import_change (batch_id, what, row_id, customer_id, before, after)
SELECT %(batch)s, 'orders', order_id, customer_id,
       jsonb_build_object('origin', o_origin, 'type', o_type, 'promo_code', o_promo_code, 'rep_id', o_rep_id, 'ordered_at', o_ordered_at, 'status', o_status),
       jsonb_build_object('origin', origin, 'type', type, 'promo_code', promo_code, 'rep_id', rep_id, 'ordered_at', ordered_at, 'status', status)
  FROM load_head WHERE is_changed

-- name: heads_updated
UPDATE orders o SET origin = h.origin, type = h.type, promo_code = h.promo_code, rep_id = h.rep_id, ordered_at = h.ordered_at, status = h.status
  FROM load_head h WHERE h.is_changed AND o.order_id = h.order_id

-- name: heads_new
INSERT INTO orders (order_id, source, order_no, customer_id, origin, type, promo_code, rep_id, ordered_at, status, amount_ht)
OVERRIDING SYSTEM VALUE
SELECT order_id, %(source)s, order_no, customer_id, origin, type, promo_code, rep_id, ordered_at, status, amount_ht
  FROM load_head WHERE found IS NULL ORDER BY order_id

-- name: lines
CREATE TEMP TABLE load_line ON COMMIT DROP AS
SELECT h.order_id, h.found IS NULL AS is_of_new, h.is_changed AS head_changed, h.customer_id, i.line_no, coalesce(i.cip13, l.cip13) AS cip13, i.brand, i.units,
       i.free_units, coalesce(i.unit_price_ht, l.unit_price_ht) AS unit_price_ht, coalesce(i.discount, l.discount) AS discount, i.amount_ht,
       l.order_id IS NOT NULL AS is_known,
       l.order_id IS NOT NULL AND (coalesce(i.cip13, l.cip13), i.brand, i.units, i.free_units, coalesce(i.unit_price_ht, l.unit_price_ht),
                                   coalesce(i.discount, l.discount), i.amount_ht)
                                  IS DISTINCT FROM (l.cip13, l.brand, l.units, l.free_units, l.unit_price_ht, l.discount, l.amount_ht) AS is_changed
  FROM load_incoming i JOIN load_head h USING (order_no)
  LEFT JOIN order_line l ON l.order_id = h.found AND l.line_no = i.line_no
 WHERE i.fault IS NULL

-- name: lines_before
INSERT INTO import_change (batch_id, what, row_id, key, customer_id, before, after)
SELECT %(batch)s, 'order_line', n.order_id, n.line_no::text, n.customer_id, to_jsonb(l) - ARRAY['order_id', 'line_no'],
       jsonb_build_object('cip13', n.cip13, 'brand', n.brand, 'units', n.units, 'free_units', n.free_units, 'unit_price_ht', n.unit_price_ht,
                          'discount', n.discount, 'amount_ht', n.amount_ht)
  FROM load_line n LEFT JOIN order_line l ON l.order_id = n.order_id AND l.line_no = n.line_no
 WHERE n.is_changed OR NOT n.is_known AND NOT n.is_of_new

-- name: lines_updated
UPDATE order_line o SET cip13 = l.cip13, brand = l.brand, units = l.units, free_units = l.free_units, unit_price_ht = l.unit_price_ht,
                        discount = l.discount, amount_ht = l.amount_ht
  FROM load_line l WHERE l.is_changed AND o.order_id = l.order_id AND o.line_no = l.line_no

-- name: lines_new
INSERT INTO order_line (order_id, line_no, cip13, brand, units, free_units, unit_price_ht, discount, amount_ht)
SELECT order_id, line_no, cip13, brand, units, free_units, unit_price_ht, discount, amount_ht FROM load_line WHERE NOT is_known
 ORDER BY order_id, line_no

-- name: amounts
UPDATE orders o SET amount_ht = l.amount_ht
  FROM (SELECT order_id, sum(amount_ht) AS amount_ht FROM order_line
         WHERE order_id IN (SELECT order_id FROM load_line WHERE NOT is_of_new AND (is_changed OR NOT is_known)) GROUP BY order_id) AS l
 WHERE o.order_id = l.order_id AND o.amount_ht <> l.amount_ht

-- name: made
INSERT INTO import_made (batch_id, what, ids)
SELECT %(batch)s, 'orders', ids FROM (SELECT range_agg(int8range(order_id, order_id + 1)) AS ids FROM load_head WHERE found IS NULL) AS m WHERE ids IS NOT NULL

-- name: counted
SELECT count(*) FILTER (WHERE NOT is_known) AS created,
       count(*) FILTER (WHERE is_known AND (is_changed OR head_changed)) AS changed,
       count(*) FILTER (WHERE is_known AND NOT is_changed AND NOT head_changed) AS unchanged,
       (SELECT count(*) FROM load_head WHERE found IS NULL) AS orders_new,
       (SELECT count(*) FROM load_head WHERE is_changed) AS orders_changed,
       (SELECT count(*) FROM load_head WHERE goes_back) AS kept_status,
       (SELECT count(*) FROM load_incoming WHERE cip_completed) AS cips_completed,
       (SELECT count(*) FROM load_incoming WHERE finess_repaired) AS finess_repaired
  FROM load_line
