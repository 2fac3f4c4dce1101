-- From what was said (consent_event, append-only) to the answer of today (consent), and to the guards
-- that the gate asks. Domain §4.9, for a set of customers at once. The one place where this is decided:
-- files, pages, letters that came back and calls write events and ask here (docs/decisions/006).

-- name: answers
-- One answer per question (channel x purpose x scope x exact address):
-- 1. a `never`, or an objection kept by the data protection officer, beats everything, whenever it was said;
-- 2. within one source the latest word counts. A yes that is not confirmed or not proven has no weight:
--    it never takes back a no, and counts only where nothing else was said;
-- 3. across sources, and between two words of one moment, the least permissive;
-- 4. a word that ended is no word any more, so that what was said before it holds again. Only a yes that
--    ran out stays: it took back the no before it, and lets the reason be told.
-- A no counts whatever its date: a clock that is wrong, or set, does not open anything.
CREATE TEMP TABLE answer ON COMMIT DROP AS
WITH said AS (
    SELECT e.*, CASE WHEN opt = 'never' OR opt = 'opt_out' AND opt_out_cause = 'dpo' THEN 0 WHEN opt = 'opt_out' THEN 1
                     WHEN opt = 'opt_in' AND effective_to <= %(now)s THEN 5 WHEN opt = 'opt_in' AND has_proof THEN 2
                     WHEN opt = 'opt_in' THEN 3 ELSE 4 END AS leave,
           opt IN ('opt_out', 'never') OR opt = 'opt_in' AND has_proof AS has_weight
      FROM (SELECT customer_id, channel, purpose, scope, coalesce(address, '') AS address, source, opt, opt_out_cause, captured_at, effective_to,
                   consent_event_id, proof_type IS NOT NULL AND proof_ref IS NOT NULL
                                     AND (text_version IS NOT NULL OR opt IN ('opt_out', 'never')) AS has_proof
              FROM consent_event
             WHERE (%(customers)s::bigint[] IS NULL OR customer_id = ANY (%(customers)s))
               AND (captured_at <= %(now)s OR opt IN ('opt_out', 'never'))
               AND (effective_to IS NULL OR effective_to > %(now)s OR opt = 'opt_in')
               AND NOT EXISTS (SELECT FROM consent_void v WHERE v.consent_event_id = consent_event.consent_event_id)) AS e),
latest AS (
    SELECT DISTINCT ON (customer_id, channel, purpose, scope, address, source) *
      FROM said
     ORDER BY customer_id, channel, purpose, scope, address, source, (leave = 0) DESC, has_weight DESC, captured_at DESC, leave, consent_event_id DESC)
SELECT DISTINCT ON (customer_id, channel, purpose, scope, address)
       customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id
  FROM latest
 ORDER BY customer_id, channel, purpose, scope, address, leave, has_proof DESC, captured_at DESC, consent_event_id DESC

-- name: lifted
-- Noes of yesterday that are none today: what they blocked may open, unless another no blocks it too.
CREATE TEMP TABLE lifted ON COMMIT DROP AS
SELECT c.customer_id, c.channel, c.purpose FROM consent c
 WHERE (%(customers)s::bigint[] IS NULL OR c.customer_id = ANY (%(customers)s)) AND c.scope = 'all' AND c.opt IN ('opt_out', 'never')
   AND NOT EXISTS (SELECT 1 FROM answer a WHERE (a.customer_id, a.channel, a.purpose, a.scope, a.address)
                                             = (c.customer_id, c.channel, c.purpose, c.scope, c.address) AND a.opt IN ('opt_out', 'never'))

-- name: outdated
-- Answers that no event supports any more: a temporary objection that ended.
DELETE FROM consent c
 WHERE (%(customers)s::bigint[] IS NULL OR c.customer_id = ANY (%(customers)s))
   AND NOT EXISTS (SELECT 1 FROM answer a WHERE (a.customer_id, a.channel, a.purpose, a.scope, a.address)
                                             = (c.customer_id, c.channel, c.purpose, c.scope, c.address))

-- name: answered
INSERT INTO consent (customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id)
SELECT customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id FROM answer
    ON CONFLICT (customer_id, channel, purpose, scope, address) DO UPDATE
   SET opt = EXCLUDED.opt, has_proof = EXCLUDED.has_proof, effective_to = EXCLUDED.effective_to, consent_event_id = EXCLUDED.consent_event_id
 WHERE (consent.opt, consent.has_proof, consent.effective_to, consent.consent_event_id)
       IS DISTINCT FROM (EXCLUDED.opt, EXCLUDED.has_proof, EXCLUDED.effective_to, EXCLUDED.consent_event_id)

-- name: answered_first
-- The same into an empty table: nothing to compare with.
INSERT INTO consent (customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id)
SELECT customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id FROM answer

-- name: stops
-- What each customer's noes block: '*', a channel, or channel:purpose; and what the noes blocked that are none any
-- more. A no for one address blocks the channel: whoever objects at one mailbox objects.
CREATE TEMP TABLE stop ON COMMIT DROP AS
SELECT customer_id, coalesce(array_agg(DISTINCT word) FILTER (WHERE is_no), '{}') AS noes,
       coalesce(array_agg(DISTINCT word) FILTER (WHERE NOT is_no), '{}') AS others
  FROM (SELECT customer_id, is_no, CASE WHEN channel = '*' AND purpose = '*' THEN '*' WHEN purpose = '*' THEN c ELSE c || ':' || purpose END AS word
          FROM (SELECT customer_id, channel, purpose, true AS is_no FROM answer WHERE scope = 'all' AND opt IN ('opt_out', 'never')
                UNION ALL SELECT customer_id, channel, purpose, false FROM lifted) AS n
         CROSS JOIN LATERAL unnest(CASE WHEN channel = '*' AND purpose <> '*' THEN ARRAY['email','call','mailing','visit','remote_visit','sms']
                                        ELSE ARRAY[channel] END) AS c) AS w
 GROUP BY customer_id

-- name: guards_made
INSERT INTO contact_guard (customer_id) SELECT customer_id FROM stop
    ON CONFLICT DO NOTHING

-- name: guards_locked
-- In one order, so that two who stop the same customers wait for each other, not in a ring.
SELECT count(*) FROM (SELECT 1 FROM contact_guard JOIN stop USING (customer_id) ORDER BY customer_id FOR UPDATE OF contact_guard) AS g

-- name: guards_set
-- What others blocked (law, erasure) stays: only what a no of the customer's own had blocked may open.
UPDATE contact_guard g SET blocked = n.blocked, version = g.version + 1
  FROM (SELECT g.customer_id,
               ARRAY(SELECT word FROM unnest(g.blocked) AS word WHERE NOT (word = ANY (s.others) AND NOT word = ANY (s.noes))
                     UNION SELECT unnest(s.noes) ORDER BY 1) AS blocked
          FROM contact_guard g JOIN stop s USING (customer_id)
         WHERE NOT g.blocked @> s.noes OR g.blocked && s.others) AS n
 WHERE g.customer_id = n.customer_id AND g.blocked IS DISTINCT FROM n.blocked
