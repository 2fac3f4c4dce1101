-- From what was said (consent_event, append-only) to the answer of today (consent), and to the guards
-- that the gate asks. Domain §4.9, for a set of customers at once.

-- name: answers
-- One answer per question (channel x purpose x scope x address):
-- 1. a `never` that holds beats everything, whenever it was said;
-- 2. within one source the latest word counts;
-- 3. across sources the least permissive;
-- 4. an opt-in that has run out, and 5. one that was never confirmed, say nothing: they stand here only
--    where nothing else was said, so that the reason can be told.
CREATE TEMP TABLE answer ON COMMIT DROP AS
WITH said AS (
    SELECT customer_id, channel, purpose, scope, coalesce(address, '') AS address, source, opt, captured_at, effective_to, consent_event_id,
           text_version IS NOT NULL AND proof_type IS NOT NULL AND proof_ref IS NOT NULL AS has_proof,
           CASE WHEN effective_to <= %(now)s THEN CASE WHEN opt = 'opt_in' THEN 4 ELSE 9 END
                WHEN opt = 'never' THEN 0 WHEN opt = 'opt_out' THEN 1 WHEN opt = 'opt_in' THEN 2 ELSE 3 END AS leave
      FROM consent_event
     WHERE (%(customers)s::bigint[] IS NULL OR customer_id = ANY (%(customers)s)) AND captured_at <= %(now)s),
latest AS (
    SELECT DISTINCT ON (customer_id, channel, purpose, scope, address, source) *
      FROM said
     ORDER BY customer_id, channel, purpose, scope, address, source, (leave = 0) DESC, captured_at DESC, leave, consent_event_id DESC)
SELECT DISTINCT ON (customer_id, channel, purpose, scope, address)
       customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id
  FROM latest WHERE leave < 9
 ORDER BY customer_id, channel, purpose, scope, address, leave, has_proof DESC, captured_at DESC, consent_event_id DESC

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
-- What each customer's noes block: '*', a channel, or channel:purpose; and which words a later yes takes
-- back. A no for one address blocks the channel: whoever objects at one mailbox objects.
CREATE TEMP TABLE stop ON COMMIT DROP AS
SELECT customer_id, coalesce(array_agg(DISTINCT word) FILTER (WHERE is_no), '{}') AS noes,
       coalesce(array_agg(DISTINCT word) FILTER (WHERE NOT is_no), '{}') AS others
  FROM (SELECT customer_id, opt IN ('opt_out', 'never') AS is_no,
               CASE WHEN channel = '*' AND purpose = '*' THEN '*' WHEN purpose = '*' THEN c ELSE c || ':' || purpose END AS word
          FROM answer
         CROSS JOIN LATERAL unnest(CASE WHEN channel = '*' AND purpose <> '*' THEN ARRAY['email','call','mailing','visit','remote_visit','sms']
                                        ELSE ARRAY[channel] END) AS c
         WHERE scope = 'all' AND opt IN ('opt_out', 'never', 'opt_in')) AS w
 GROUP BY customer_id

-- name: guards_made
INSERT INTO contact_guard (customer_id) SELECT customer_id FROM stop
    ON CONFLICT DO NOTHING

-- name: guards_locked
-- In one order, so that two who stop the same customers wait for each other, not in a ring.
SELECT count(*) FROM (SELECT 1 FROM contact_guard JOIN stop USING (customer_id) ORDER BY customer_id FOR UPDATE OF contact_guard) AS g

-- name: guards_set
-- What others blocked (suppression, erasure) stays: only words that the consents themselves speak of may go.
UPDATE contact_guard g SET blocked = n.blocked, version = g.version + 1
  FROM (SELECT g.customer_id,
               ARRAY(SELECT word FROM unnest(g.blocked) AS word WHERE NOT (word = ANY (s.others) AND NOT word = ANY (s.noes))
                     UNION SELECT unnest(s.noes) ORDER BY 1) AS blocked
          FROM contact_guard g JOIN stop s USING (customer_id)
         WHERE NOT g.blocked @> s.noes OR g.blocked && s.others) AS n
 WHERE g.customer_id = n.customer_id AND g.blocked IS DISTINCT FROM n.blocked
