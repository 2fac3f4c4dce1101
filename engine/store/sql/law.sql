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
