-- Plans: what was shown, kept.

-- name: keep_plan
INSERT INTO plan (plan_id, campaign, slot, definition_sha, audience_digest, document, made_by)
VALUES (%(plan)s, %(campaign)s, %(slot)s, %(sha)s, %(digest)s, %(document)s, %(by)s)
ON CONFLICT (plan_id) DO NOTHING

-- name: plan
SELECT campaign, slot, definition_sha, audience_digest FROM plan WHERE plan_id = %(plan)s

-- name: excluded_of_step
SELECT reason, count(*) FROM touch WHERE run_id = %(run)s AND step = %(step)s AND state = 'excluded' GROUP BY 1 ORDER BY 2 DESC, 1
