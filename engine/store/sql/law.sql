-- The law of the contact policy, where planning and gate say the same of a customer: put into their statements where they
-- ask for it (`statements.py`). c is the customer, p the address, h what holds them back, k what they allowed, s a suppression.

-- name: standing
CASE WHEN c.status = 'merged' THEN 'merged' END,
CASE WHEN c.status IN ('inactive','retired','suspended') THEN 'inactive' END,
CASE WHEN c.status = 'deceased' THEN 'deceased' END,
CASE WHEN c.status = 'erased' THEN 'erased' END,
CASE WHEN NOT c.kinds && %(kinds)s::text[] THEN 'kind_not_allowed' END,
CASE WHEN NOT %(safety)s AND h.legal THEN 'suppressed_legal' END

-- name: refused
k.refused OR s.is_suppressed OR (%(channel)s IN ('call','visit') AND c.do_not_call)

-- name: consents
CASE WHEN %(none_means)s = 'yes_with_notice' AND k.proven IS NOT TRUE AND p.contact_point_id IS NOT NULL
      AND p.notice_given_at IS NULL AND NOT (p.usage = 'personal' AND %(personal_needs_opt_in)s) THEN 'no_notice' END,
CASE WHEN k.given IS NOT TRUE AND (%(none_means)s = 'no' OR (p.usage = 'personal' AND %(personal_needs_opt_in)s)) THEN 'no_consent' END,
CASE WHEN k.given AND NOT k.current AND (%(none_means)s = 'no' OR (p.usage = 'personal' AND %(personal_needs_opt_in)s)
      OR (%(none_means)s = 'yes_with_notice' AND p.notice_given_at IS NULL AND p.contact_point_id IS NOT NULL)) THEN 'consent_expired' END,
CASE WHEN k.given AND k.current AND NOT k.proven AND (%(none_means)s = 'no' OR (p.usage = 'personal' AND %(personal_needs_opt_in)s)
      OR (%(none_means)s = 'yes_with_notice' AND p.notice_given_at IS NULL AND p.contact_point_id IS NOT NULL)) THEN 'consent_no_proof' END,
CASE WHEN NOT (c.kinds && coalesce(%(material_kinds)s::text[], c.kinds)
               AND c.country = ANY (coalesce(%(material_countries)s::text[], ARRAY[c.country]))
               AND coalesce(c.specialty_group = ANY (%(material_specialties)s::text[]), %(material_specialties)s::text[] IS NULL))
     THEN 'audience_mismatch' END

-- name: withdrawn
CASE WHEN EXISTS (SELECT FROM withdrawal WHERE reference = ANY (%(material_references)s::text[])) THEN 'material_withdrawn' END

-- name: holds
CASE WHEN NOT %(safety)s AND %(brand)s = ANY (c.restricted_brands) THEN 'restricted_brand' END,
CASE WHEN %(purpose)s = 'commercial' AND (c.credit_status IN ('dunning','blocked') OR h.finance) THEN 'finance_hold' END

-- name: reach
CASE WHEN %(contact_point)s::text IS NOT NULL AND p.contact_point_id IS NULL THEN 'no_contact_point' END,
CASE WHEN p.status IN ('invalid','refused','blocked') THEN 'invalid_contact_point' END,
CASE WHEN %(contact_point)s = 'email' AND p.value_norm LIKE '%%.mssante.fr' THEN 'mss_address' END,
CASE WHEN %(contact_point)s = 'email' AND p.usage = 'professional_generic' AND %(purpose)s = 'promo_rx' THEN 'shared_mailbox' END

-- name: held
bool_or(kind = 'legal') AS legal, bool_or(kind = 'finance') AS finance, bool_or(kind = 'stock') AS stock

-- name: allowed
bool_or(k.opt IN ('opt_out','never')) AS refused, bool_or(k.opt = 'opt_in') AS given,
bool_or(k.opt = 'opt_in' AND (k.effective_to IS NULL OR k.effective_to > %(now)s)) AS current,
bool_or(k.opt = 'opt_in' AND k.has_proof AND (k.effective_to IS NULL OR k.effective_to > %(now)s)) AS proven

-- name: kept_for
coalesce(f.because[1], n.because[1]) || coalesce(' (' || nullif(coalesce(f.because[2], n.because[2]), '') || coalesce(', priority ' || w.priority, '') || ')', '')

-- name: rules
CASE WHEN f.because IS NOT NULL AND NOT %(safety)s THEN CASE WHEN %(channel)s = 'visit' THEN 'visit_cap' ELSE 'frequency_cap' END END,
CASE WHEN n.because IS NOT NULL AND NOT %(safety)s THEN 'min_gap' END

-- name: settled_contact
-- What the rules ask of a contact t beside d, who is due (at the earliest now): when it was, when it happened, and how much later it may be.
t.customer_id, t.channel, t.campaign, t.brand, t.purpose, greatest(d.due_at, %(now)s) AS due_at,
coalesce(t.touched_at, t.due_at) AS at,
coalesce(CASE WHEN t.outcome IS DISTINCT FROM 'not_done' OR EXISTS (SELECT FROM visit_report v WHERE v.touch_id = t.touch_id) THEN t.outcome_at END,
         t.touched_at, t.due_at) AS happened_at, interval '0' AS later

-- name: is_settled
t.state = 'accepted' AND (t.touched_at > %(history_since)s OR coalesce(t.outcome_at, t.touched_at) > %(history_since)s)
AND t.direction = 'out' AND t.outcome IS DISTINCT FROM 'withdrawn' AND t.channel = ANY (%(counted_channels)s::text[])

-- name: open_contact
-- What waits cannot leave in the past: it is reserved for now, or for when it is due if that is later; and it may leave
-- a little after that without being asked again. What the field has planned for itself stands where it was planned.
t.customer_id, t.channel, t.campaign, t.brand, t.purpose, greatest(d.due_at, %(now)s) AS due_at,
CASE WHEN t.state = 'unknown' OR t.run_id IS NULL THEN coalesce(t.touched_at, t.due_at) ELSE greatest(t.due_at, %(now)s) END AS at,
CASE WHEN t.state = 'unknown' OR t.run_id IS NULL THEN coalesce(t.touched_at, t.due_at) ELSE greatest(t.due_at, %(now)s) END AS happened_at, %(on_time)s::interval AS later

-- name: is_open
NOT t.is_over AND (t.run_id IS NULL OR t.state NOT IN ('planned','ready','claimed','parked') OR t.not_after IS NULL OR t.not_after > %(now)s)
AND t.direction = 'out' AND t.outcome IS DISTINCT FROM 'withdrawn' AND t.channel = ANY (%(counted_channels)s::text[])

-- name: held_back
-- Whom caps and gaps hold back, of the contacts in `recent`. Days are those of the customer's own clock; as a day is 23 to
-- 25 hours long, only what lies near the end of a window (`shift`) is asked about by that clock. Hours have no such doubt.
cap AS MATERIALIZED (
    SELECT * FROM ROWS FROM (jsonb_to_recordset(%(caps)s) AS (name text, max integer, per interval, shift interval, channels text[], purposes text[], same_brand boolean))
             WITH ORDINALITY AS cap(name, max, per, shift, channels, purposes, same_brand, cap)),
counted_for AS (
    SELECT t.customer_id, t.campaign, t.at, cap.cap, cap.name, cap.max
      FROM recent t
      JOIN cap ON t.channel = ANY (cap.channels) AND (cap.purposes IS NULL OR t.purpose = ANY (cap.purposes))
       AND (NOT cap.same_brand OR t.brand IS NOT DISTINCT FROM %(brand)s)
     WHERE t.at + t.later > t.due_at - cap.per - cap.shift AND t.at < t.due_at + cap.per + t.later + cap.shift
       AND (t.at + t.later > t.due_at - cap.per + cap.shift AND t.at < t.due_at + cap.per + t.later - cap.shift
            OR EXISTS (SELECT FROM (SELECT CASE WHEN c.timezone = 'Europe/Paris' THEN coalesce((%(overseas_zones)s::text[])[array_position(%(overseas)s::text[], c.department)], c.timezone) ELSE c.timezone END AS zone FROM customer c WHERE c.customer_id = t.customer_id OFFSET 0) AS z
                        WHERE ((t.at + t.later) AT TIME ZONE z.zone) - (t.due_at AT TIME ZONE z.zone) > -cap.per
                          AND (t.at AT TIME ZONE z.zone) - (t.due_at AT TIME ZONE z.zone) < cap.per + t.later))),
capped AS (SELECT customer_id, cap FROM counted_for GROUP BY customer_id, cap HAVING count(*) >= min(max)),
full_up AS (
    SELECT DISTINCT ON (t.customer_id) t.customer_id, ARRAY[t.name, coalesce(t.campaign, '')] AS because
      FROM counted_for t JOIN capped x USING (customer_id, cap)
     ORDER BY t.customer_id, t.name, t.at DESC, t.campaign),
too_near AS (
    SELECT t.customer_id, min(ARRAY[gap.name, coalesce(t.campaign, '')]) AS because
      FROM recent t
      JOIN jsonb_to_recordset(%(gaps)s) AS gap(name text, after text, within interval, shift interval, purposes text[])
        ON t.channel = gap.after AND (gap.purposes IS NULL OR t.purpose = ANY (gap.purposes))
     CROSS JOIN LATERAL (SELECT t.later + CASE WHEN gap.after = %(channel)s THEN gap.within ELSE interval '0' END AS ahead) AS a
     WHERE t.happened_at + t.later > t.due_at - gap.within - gap.shift AND t.happened_at <= t.due_at + a.ahead + gap.shift
       AND (t.happened_at + t.later > t.due_at - gap.within + gap.shift AND t.happened_at <= t.due_at + a.ahead - gap.shift
            OR EXISTS (SELECT FROM (SELECT CASE WHEN c.timezone = 'Europe/Paris' THEN coalesce((%(overseas_zones)s::text[])[array_position(%(overseas)s::text[], c.department)], c.timezone) ELSE c.timezone END AS zone FROM customer c WHERE c.customer_id = t.customer_id OFFSET 0) AS z
                        WHERE ((t.happened_at + t.later) AT TIME ZONE z.zone) - (t.due_at AT TIME ZONE z.zone) > -gap.within
                          AND (t.happened_at AT TIME ZONE z.zone) - (t.due_at AT TIME ZONE z.zone) <= a.ahead))
     GROUP BY t.customer_id)
