-- Consent events: only ever added. The key is the system's own id, or what was said: customer, channel, purpose, scope, address, moment.
-- What a yes does not say clearly, it does not say; what a no does not say clearly, it says for all.

-- name: incoming
CREATE TEMP TABLE load_incoming ON COMMIT DROP AS
WITH known_brand AS (
    SELECT DISTINCT ON (word) word, brand FROM brand CROSS JOIN LATERAL (VALUES (folded(brand), 1), (folded(name), 2)) AS w(word, rank)
     ORDER BY word, rank, brand)
SELECT line, customer_id, coalesce(channel, '*') AS channel, coalesce(purpose, '*') AS purpose, coalesce(scope, 'all') AS scope, address, opt,
       CASE WHEN is_no THEN coalesce(cause, 'consent_capture') END AS opt_out_cause,
       CASE WHEN is_no THEN least(coalesce(captured_at, %(on)s::timestamptz), %(now)s) ELSE captured_at END AS captured_at, effective_to,
       text_version, proof_type, proof_ref, finess_repaired,
       text_version IS NOT NULL AND proof_type IS NOT NULL AND proof_ref IS NOT NULL AS has_proof,
       -- said in the file's own words, so that a date that we cannot read gives the same key next time
       coalesce(given_source_id, 'auto-' || md5(concat_ws('|', customer_id, coalesce(channel, '*'), coalesce(purpose, '*'), coalesce(scope, 'all'),
                                                          coalesce(address, ''), coalesce(captured_at::text, given_captured_at), opt))) AS source_id,
       nullif(concat_ws(' ', whom_fault, CASE WHEN opt IS NULL THEN 'unknown_opt' END,
           CASE WHEN NOT is_no AND channel IS NULL THEN 'unknown_channel' END,
           CASE WHEN NOT is_no AND purpose IS NULL THEN 'unknown_purpose' END,
           CASE WHEN NOT is_no AND scope IS NULL THEN 'unknown_scope' END,
           CASE WHEN NOT is_no AND given_address IS NOT NULL AND address IS NULL THEN 'bad_address' END,
           CASE WHEN NOT is_no AND captured_at IS NULL THEN 'bad_captured_at' END,
           CASE WHEN NOT is_no AND captured_at > %(now)s::timestamptz + interval '1 day' THEN 'future_consent' END,
           CASE WHEN NOT is_no AND given_effective_to IS NOT NULL AND effective_to IS NULL THEN 'bad_effective_to' END), '') AS fault,
       array_remove(ARRAY[CASE WHEN is_no AND channel IS NULL THEN 'no_for_all_channels' END,
                          CASE WHEN is_no AND purpose IS NULL THEN 'no_for_all_purposes' END,
                          CASE WHEN is_no AND scope IS NULL THEN 'no_for_all_scopes' END,
                          CASE WHEN is_no AND given_address IS NOT NULL AND address IS NULL THEN 'no_for_all_addresses' END,
                          CASE WHEN is_no AND captured_at IS NULL THEN 'no_from_today' END,
                          CASE WHEN is_no AND given_effective_to IS NOT NULL AND effective_to IS NULL THEN 'no_without_end' END,
                          CASE WHEN is_no AND given_cause IS NOT NULL AND cause IS NULL THEN 'cause_left_out' END,
                          CASE WHEN given_proof_type IS NOT NULL AND proof_type IS NULL THEN 'unknown_proof_type' END,
                          CASE WHEN opt = 'opt_in' AND (text_version IS NULL OR proof_type IS NULL OR proof_ref IS NULL) THEN 'yes_without_proof' END], NULL) AS slips
  FROM (SELECT c.*, coalesce(opt IN ('opt_out', 'never'), false) AS is_no,
               CASE WHEN given_address IS NULL THEN NULL
                    WHEN channel IN ('email', 'email_open_tracking', 'web_tracking') OR channel = '*' AND given_address LIKE '%%@%%'
                    THEN CASE WHEN given_address ~ '^[^@ <>"(),;:\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$'
                              THEN split_part(given_address, '@', 1) || '@' || lower(split_part(given_address, '@', 2)) END
                    WHEN channel IN ('call', 'sms') THEN phone_e164(given_address)
                    ELSE given_address END AS address
          FROM (SELECT s.line, w.customer_id, w.fault AS whom_fault, w.finess_repaired, tidy(s.source_id) AS given_source_id,
                       CASE folded(s.channel) WHEN 'E MAIL' THEN 'email' WHEN 'MAIL' THEN 'email' WHEN 'COURRIEL' THEN 'email' WHEN 'VISITE' THEN 'visit'
                           WHEN 'VISITE A DISTANCE' THEN 'remote_visit' WHEN 'COURRIER' THEN 'mailing' WHEN 'APPEL' THEN 'call' WHEN 'TELEPHONE' THEN 'call'
                           WHEN 'TOUS' THEN '*' WHEN 'ALL' THEN '*'
                           ELSE CASE WHEN btrim(s.channel) IN ('email','call','mailing','visit','remote_visit','sms','web_tracking','email_open_tracking','*')
                                     THEN btrim(s.channel) END END AS channel,
                       CASE WHEN folded(s.purpose) IN ('TOUS','TOUTES','ALL') THEN '*'
                            WHEN lower(btrim(s.purpose)) IN ('promo_rx','promo_otc','commercial','medical_info','safety','event','service','survey','institutional','*')
                            THEN lower(btrim(s.purpose)) END AS purpose,
                       CASE WHEN coalesce(folded(s.scope), '') IN ('', 'ALL', 'TOUT', 'TOUS', 'TOUTES') THEN 'all' ELSE b.brand END AS scope,
                       nullif(btrim(s.address), '') AS given_address,
                       CASE folded(s.opt) WHEN 'OPT IN' THEN 'opt_in' WHEN 'OUI' THEN 'opt_in' WHEN 'YES' THEN 'opt_in' WHEN '1' THEN 'opt_in'
                           WHEN 'OPT OUT' THEN 'opt_out' WHEN 'NON' THEN 'opt_out' WHEN 'NO' THEN 'opt_out' WHEN '0' THEN 'opt_out'
                           WHEN 'OPT IN PENDING' THEN 'opt_in_pending' WHEN 'PENDING' THEN 'opt_in_pending' WHEN 'EN ATTENTE' THEN 'opt_in_pending'
                           WHEN 'NEVER' THEN 'never' WHEN 'JAMAIS' THEN 'never' END AS opt,
                       nullif(btrim(s.opt_out_cause), '') AS given_cause,
                       CASE WHEN lower(btrim(s.opt_out_cause)) IN ('consent_capture','unsubscribed','bounced','marked_spam','phone','letter','dpo')
                            THEN lower(btrim(s.opt_out_cause)) END AS cause,
                       btrim(s.captured_at) AS given_captured_at, moment_of(s.captured_at) AS captured_at,
                       nullif(btrim(s.effective_to), '') AS given_effective_to, moment_of(s.effective_to) AS effective_to,
                       tidy(s.text_version) AS text_version, nullif(btrim(s.proof_type), '') AS given_proof_type,
                       CASE WHEN lower(btrim(s.proof_type)) IN ('web_form','signature','paper_id','call_recording','email_reply','import_with_evidence')
                            THEN lower(btrim(s.proof_type)) END AS proof_type, tidy(s.proof_ref) AS proof_ref
                  FROM load_stage s
                  JOIN load_whom w ON w.who = concat(s.ext, E'\x1f', s.rpps, E'\x1f', s.finess, E'\x1f', s.siret)
                  LEFT JOIN known_brand b ON b.word = folded(s.scope)
                OFFSET 0) AS c
        OFFSET 0) AS c

-- name: repeats
-- The same event twice in one file.
DELETE FROM load_incoming i
 USING (SELECT source_id, customer_id, opt, captured_at, max(line) AS last FROM load_incoming WHERE fault IS NULL GROUP BY 1, 2, 3, 4 HAVING count(*) > 1) AS r
 WHERE i.fault IS NULL AND (i.source_id, i.customer_id, i.opt, i.captured_at) = (r.source_id, r.customer_id, r.opt, r.captured_at) AND i.line < r.last

-- name: clashes
-- An event is never changed. Another word under the same id is another event, and needs an id of its own.
UPDATE load_incoming i SET fault = 'other_event'
  FROM (SELECT i.line FROM load_incoming i JOIN consent_event e ON e.source = %(source)s AND e.source_id = i.source_id
          JOIN customer c ON c.customer_id = e.customer_id
         WHERE i.fault IS NULL
           AND (coalesce(c.merged_into, c.customer_id), e.channel, e.purpose, e.scope, e.address, e.opt) IS DISTINCT FROM (i.customer_id, i.channel, i.purpose, i.scope, i.address, i.opt)
        UNION ALL
        SELECT i.line FROM load_incoming i
          JOIN (SELECT source_id, min(line) AS first FROM load_incoming WHERE fault IS NULL GROUP BY source_id HAVING count(*) > 1) AS f USING (source_id)
         WHERE i.fault IS NULL AND i.line > f.first) AS bad
 WHERE i.line = bad.line

-- name: events
CREATE TEMP TABLE load_event ON COMMIT DROP AS
SELECT i.*, e.consent_event_id AS found, coalesce(e.consent_event_id, nextval(pg_get_serial_sequence('consent_event', 'consent_event_id'))) AS consent_event_id
  FROM load_incoming i LEFT JOIN consent_event e ON e.source = %(source)s AND e.source_id = i.source_id
 WHERE i.fault IS NULL

-- name: events_new
INSERT INTO consent_event (consent_event_id, customer_id, channel, purpose, scope, address, opt, opt_out_cause, captured_at, effective_to,
                           text_version, proof_type, proof_ref, source, source_id)
OVERRIDING SYSTEM VALUE
SELECT consent_event_id, customer_id, channel, purpose, scope, address, opt, opt_out_cause, captured_at, effective_to,
       text_version, proof_type, proof_ref, %(source)s, source_id
  FROM load_event WHERE found IS NULL ORDER BY consent_event_id

-- name: again
-- What was taken back by an undo, and is delivered again, counts again.
DELETE FROM consent_void v USING load_event e WHERE e.found = v.consent_event_id

-- name: noes_before
CREATE TEMP TABLE load_no ON COMMIT DROP AS
SELECT c.* FROM consent c WHERE c.opt IN ('opt_out', 'never') AND c.customer_id IN (SELECT customer_id FROM load_event WHERE found IS NULL)

-- name: heard
SELECT DISTINCT customer_id FROM load_event

-- name: made
INSERT INTO import_made (batch_id, what, ids)
SELECT %(batch)s, 'consent_event', ids
  FROM (SELECT range_agg(int8range(consent_event_id, consent_event_id + 1)) AS ids FROM load_event WHERE found IS NULL) AS m WHERE ids IS NOT NULL

-- name: counted
SELECT count(*) FILTER (WHERE found IS NULL) AS created, 0 AS changed, count(*) FILTER (WHERE found IS NOT NULL) AS unchanged,
       count(*) FILTER (WHERE found IS NULL AND opt = 'opt_in') AS yeses, count(*) FILTER (WHERE found IS NULL AND opt IN ('opt_out','never')) AS noes,
       (SELECT count(*) FROM load_no n WHERE EXISTS (
           SELECT FROM consent c WHERE (c.customer_id, c.channel, c.purpose, c.scope, c.address) = (n.customer_id, n.channel, n.purpose, n.scope, n.address)
                                   AND c.opt = 'opt_in')) AS noes_taken_back,
       (SELECT count(*) FROM load_incoming WHERE finess_repaired) AS finess_repaired
  FROM load_event
