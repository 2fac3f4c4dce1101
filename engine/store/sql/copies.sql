-- Mails to ourselves: proofs and seeds. They stand beside the contact history, never in it.

-- name: open
-- Written before it is sent, in the transaction that holds switch and permit; a seed that stands there already is not sent again.
INSERT INTO own_copy (kind, run_id, campaign, step, cell, address, definition_sha, by)
SELECT %(kind)s, %(run)s, %(campaign)s, %(step)s, c.cell, a.address, %(sha)s, %(by)s
  FROM unnest(%(cells)s::text[]) AS c(cell) CROSS JOIN unnest(%(addresses)s::text[]) AS a(address)
 ORDER BY c.cell, a.address
    ON CONFLICT (run_id, step, cell, address) WHERE kind = 'seed' DO NOTHING
RETURNING copy_id, cell, address

-- name: told
-- What the relay said of them.
UPDATE own_copy SET ending = t.ending, reply = t.reply
  FROM unnest(%(copies)s::bigint[], %(endings)s::text[], %(replies)s::text[]) AS t(copy_id, ending, reply)
 WHERE own_copy.copy_id = t.copy_id
