-- Approvals: who agreed to exactly what; only ever added, and taken back by a mark.

-- name: keep
INSERT INTO approval (definition_sha, plan_id, plan_sha, role, by, comment, at, signature)
VALUES (%(sha)s, %(plan)s, %(plan_sha)s, %(role)s, %(by)s, %(comment)s, %(at)s, %(signature)s)
RETURNING approval_id

-- name: of_campaign
-- Every approval of a campaign, whatever its files said then; newest first.
SELECT a.approval_id, d.campaign, a.definition_sha, a.plan_sha, a.role, a.by, a.at, a.comment, a.plan_id, a.signature, a.withdrawn_at
  FROM approval a JOIN definition d ON d.sha = a.definition_sha
 WHERE d.campaign = coalesce(%(campaign)s, d.campaign)
 ORDER BY a.at DESC, a.approval_id DESC

-- name: plan_of_slot
-- The plans of a slot that somebody has agreed to, made of these very files; newest first.
SELECT DISTINCT p.plan_id, p.made_at FROM plan p JOIN approval a USING (plan_id)
 WHERE p.campaign = %(campaign)s AND p.slot = %(slot)s AND p.definition_sha = %(sha)s
 ORDER BY p.made_at DESC, p.plan_id

-- name: take_back
UPDATE approval a SET withdrawn_at = %(now)s
 WHERE a.by = %(by)s AND a.withdrawn_at IS NULL AND a.definition_sha = %(sha)s AND a.plan_id IS NOT DISTINCT FROM %(plan)s
