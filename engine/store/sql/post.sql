-- Letters that came back.

-- name: pieces
-- The pieces of these codes: whose they are (merged customers lead to whom they were merged into), and whether a scan
-- of them is known.
SELECT p.piece_id, p.touch_id, coalesce(c.merged_into, c.customer_id), p.returned_at IS NOT NULL
  FROM piece p JOIN touch t USING (touch_id) JOIN customer c ON c.customer_id = t.customer_id
 WHERE p.piece_id = ANY (%(ids)s)

-- name: return_pieces
-- Mark the pieces and their touches; the first scan of a piece counts.
WITH scan AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::text[], %(ats)s::timestamptz[], %(reasons)s::text[]) AS s (piece_id, at, reason)),
marked AS (
    UPDATE piece p SET returned_at = s.at, return_reason = s.reason
      FROM scan s WHERE p.piece_id = s.piece_id AND p.returned_at IS NULL
    RETURNING p.touch_id, p.returned_at)
UPDATE touch t SET outcome = 'returned', outcome_at = m.returned_at
  FROM marked m WHERE t.touch_id = m.touch_id
RETURNING t.touch_id

-- name: doubt_addresses
-- What a return says of the postal address it went to. An address that was changed after the letter was sealed is
-- another address: it keeps its status.
UPDATE contact_point p SET status = s.status, status_reason = s.why, status_at = s.at
  FROM unnest(%(touches)s::bigint[], %(customers)s::bigint[], %(statuses)s::text[], %(whys)s::text[], %(ats)s::timestamptz[])
       AS s (touch_id, customer_id, status, why, at)
  JOIN touch t ON t.touch_id = s.touch_id
  JOIN piece e ON e.touch_id = s.touch_id
  JOIN print_batch b ON b.batch_id = e.batch_id
 WHERE p.type = 'postal' AND p.status NOT IN ('refused','blocked')
   AND (p.contact_point_id = t.contact_point_id OR (t.contact_point_id IS NULL AND p.customer_id = s.customer_id AND p.is_main))
   AND (p.status_at IS NULL OR p.status_at <= s.at)
   AND (p.source_date IS NULL OR p.source_date <= b.sealed_at::date OR p.source_date <= t.touched_at::date)
RETURNING p.customer_id

-- name: refuse_mail
-- Who sends a letter back said no to letters: to all of them, with the letter as proof.
INSERT INTO consent_event (customer_id, channel, purpose, opt, opt_out_cause, captured_at, proof_type, proof_ref, source, source_id)
SELECT customer_id, 'mailing', '*', 'opt_out', 'returned_refused', at, 'returned_letter', piece_id, 'returns', piece_id
  FROM unnest(%(customers)s::bigint[], %(ids)s::text[], %(ats)s::timestamptz[]) AS r (customer_id, piece_id, at)
    ON CONFLICT (source, source_id) DO NOTHING

-- name: withdraw_open_letters
-- No letter that has not passed the gate goes to them any more.
WITH open AS (
    SELECT touch_id FROM touch WHERE customer_id = ANY (%(customers)s) AND channel = 'mailing'
       AND state IN ('planned','ready','claimed','parked')
     ORDER BY touch_id FOR UPDATE)
UPDATE touch SET state = 'excluded', reason = 'opted_out', reasons = ARRAY['opted_out'], owner = NULL, lease_until = NULL
  FROM open WHERE touch.touch_id = open.touch_id

-- name: check_life
-- Said to have died: nobody writes to them until somebody has looked. Nobody is declared dead by an envelope.
UPDATE customer SET status = 'unknown', changed_at = %(now)s
 WHERE customer_id = ANY (%(customers)s) AND status = 'active'

-- name: keep_batch
INSERT INTO import_batch (feed, file, sha256, counts) VALUES (%(feed)s, %(file)s, %(sha256)s, %(counts)s) RETURNING batch_id

-- name: keep_rejects
INSERT INTO reject (batch_id, line, column_name, reason, remedy)
SELECT %(batch)s, line, column_name, reason, remedy
  FROM unnest(%(lines)s::integer[], %(columns)s::text[], %(reasons)s::text[], %(remedies)s::text[])
       AS r (line, column_name, reason, remedy)
