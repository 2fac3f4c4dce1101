-- What analysts, segments in SQL and reports may read, and what the base knew before.
-- The views show what a question needs and no more: no name, no address, no proof.

CREATE TABLE customer_version (           -- a customer's facts as they were until they changed: answers "as of"
    customer_id     bigint NOT NULL,
    valid_from      timestamptz NOT NULL,
    valid_to        timestamptz NOT NULL,
    of text NOT NULL, kinds text[] NOT NULL, status text NOT NULL, civility text, title text, language text NOT NULL,
    profession text, specialty text, specialty_group text, practice_mode text, sector text, category text,
    postcode text, town text, insee text, department text, region text, country text NOT NULL,
    credit_status text NOT NULL, do_not_call boolean NOT NULL, restricted_brands text[] NOT NULL, facts jsonb NOT NULL
);
CREATE INDEX customer_version_until ON customer_version (valid_to);         -- as of: the few versions that ended since
CREATE INDEX customer_version_of_customer ON customer_version (customer_id); -- erasure, the 360° view

-- Keep what is about to change. It costs nothing where a merge finds nothing new: the WHEN of its trigger
-- compares in C, before any function is called. A change always moves changed_at, else the version
-- before and the one after would both hold at one moment. Who is erased leaves no versions behind.
CREATE FUNCTION keep_customer_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.status = 'erased' THEN
        DELETE FROM customer_version WHERE customer_id = OLD.customer_id;
        DELETE FROM import_change WHERE customer_id = OLD.customer_id;
        DELETE FROM contact_point_version WHERE customer_id = OLD.customer_id;
        DELETE FROM affiliation_version WHERE person_id = OLD.customer_id;
        DELETE FROM alignment_version WHERE customer_id = OLD.customer_id;
        RETURN NEW;
    END IF;
    IF NEW.changed_at <= OLD.changed_at THEN
        NEW.changed_at := greatest(clock_timestamp(), OLD.changed_at + interval '1 microsecond');
    END IF;
    INSERT INTO customer_version VALUES (
        OLD.customer_id, OLD.changed_at, NEW.changed_at, OLD.of, OLD.kinds, OLD.status, OLD.civility, OLD.title, OLD.language,
        OLD.profession, OLD.specialty, OLD.specialty_group, OLD.practice_mode, OLD.sector, OLD.category,
        OLD.postcode, OLD.town, OLD.insee, OLD.department, OLD.region, OLD.country,
        OLD.credit_status, OLD.do_not_call, OLD.restricted_brands, OLD.facts);
    RETURN NEW;
END $$;
CREATE TRIGGER customer_version BEFORE UPDATE ON customer FOR EACH ROW
WHEN ((OLD.of, OLD.kinds, OLD.status, OLD.civility, OLD.title, OLD.language, OLD.profession, OLD.specialty, OLD.specialty_group,
       OLD.practice_mode, OLD.sector, OLD.category, OLD.postcode, OLD.town, OLD.insee, OLD.department, OLD.region, OLD.country,
       OLD.credit_status, OLD.do_not_call, OLD.restricted_brands, OLD.facts)
      IS DISTINCT FROM
      (NEW.of, NEW.kinds, NEW.status, NEW.civility, NEW.title, NEW.language, NEW.profession, NEW.specialty, NEW.specialty_group,
       NEW.practice_mode, NEW.sector, NEW.category, NEW.postcode, NEW.town, NEW.insee, NEW.department, NEW.region, NEW.country,
       NEW.credit_status, NEW.do_not_call, NEW.restricted_brands, NEW.facts))
EXECUTE FUNCTION keep_customer_version();

-- What stood beside the customer, and what had happened, as the base knew it: rows that were changed or deleted since.
-- A row of today holds from its changed_at; a version held from known_from until known_to, which is not in it. A load
-- counts from the beginning of its transaction: what changes twice within one leaves no version between.
CREATE TABLE contact_point_version (
    customer_id bigint NOT NULL, type text NOT NULL, usage text NOT NULL, status text NOT NULL, is_main boolean NOT NULL,
    shared_with integer NOT NULL, known_from timestamptz NOT NULL, known_to timestamptz NOT NULL
);
CREATE TABLE affiliation_version (
    person_id bigint NOT NULL, organisation_id bigint NOT NULL, role text NOT NULL, is_primary boolean NOT NULL, practice_mode text,
    sector text, cnop_section text, weekly_half_days smallint, valid_from date, valid_to date,
    known_from timestamptz NOT NULL, known_to timestamptz NOT NULL
);
CREATE TABLE alignment_version (
    customer_id bigint NOT NULL, rep_type text NOT NULL, territory text NOT NULL,
    known_from timestamptz NOT NULL, known_to timestamptz NOT NULL
);
CREATE TABLE order_version (
    order_id bigint NOT NULL, customer_id bigint NOT NULL, origin text NOT NULL, type text NOT NULL, promo_code text,
    ordered_at timestamptz NOT NULL, status text NOT NULL, amount_ht numeric(12,2) NOT NULL,
    known_from timestamptz NOT NULL, known_to timestamptz NOT NULL
);
CREATE TABLE order_line_version (
    order_id bigint NOT NULL, line_no smallint NOT NULL, cip13 text, brand text, units integer NOT NULL, free_units integer NOT NULL,
    amount_ht numeric(12,2) NOT NULL, known_from timestamptz NOT NULL, known_to timestamptz NOT NULL
);
CREATE TABLE touch_version (
    touch_id bigint NOT NULL, customer_id bigint NOT NULL, run_id bigint, campaign text, step text, channel text NOT NULL,
    direction text NOT NULL, brand text, purpose text, cell text, state text NOT NULL, reason text, outcome text, outcome_at timestamptz,
    due_at timestamptz NOT NULL, touched_at timestamptz, known_from timestamptz NOT NULL, known_to timestamptz NOT NULL
);
CREATE TABLE response_version (
    response_id bigint NOT NULL, customer_id bigint NOT NULL, touch_id bigint, run_id bigint, campaign text, step text, channel text,
    brand text, type text NOT NULL, at timestamptz NOT NULL, value numeric(12,2), label text, attribution text NOT NULL,
    known_from timestamptz NOT NULL, known_to timestamptz NOT NULL
);
CREATE INDEX contact_point_version_of_customer ON contact_point_version (customer_id);  -- as of; erasure
CREATE INDEX affiliation_version_of_person ON affiliation_version (person_id);          -- as of; erasure
CREATE INDEX alignment_version_of_customer ON alignment_version (customer_id);          -- as of; erasure
CREATE INDEX order_version_of_order ON order_version (order_id);                        -- as of: which lines an order had
CREATE INDEX order_version_of_customer ON order_version (customer_id);                  -- as of: `ordered`
CREATE INDEX order_line_version_of_order ON order_line_version (order_id);              -- as of: `ordered` by brand or units
CREATE INDEX touch_version_of_touch ON touch_version (touch_id);                        -- as of: is the touch of today the one of then?
CREATE INDEX response_version_of_response ON response_version (response_id);            -- as of: the same of a response

-- The triggers cost what one comparison in C costs where nothing that a question sees has changed.
CREATE FUNCTION keep_contact_point_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF OLD.changed_at < now() THEN
        INSERT INTO contact_point_version VALUES (
            OLD.customer_id, OLD.type, OLD.usage, OLD.status, OLD.is_main, OLD.shared_with, OLD.changed_at, now());
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    NEW.changed_at := greatest(OLD.changed_at, now());
    RETURN NEW;
END $$;
CREATE TRIGGER contact_point_version BEFORE UPDATE ON contact_point FOR EACH ROW
WHEN ((OLD.customer_id, OLD.type, OLD.usage, OLD.status, OLD.is_main, OLD.shared_with) IS DISTINCT FROM
      (NEW.customer_id, NEW.type, NEW.usage, NEW.status, NEW.is_main, NEW.shared_with))
EXECUTE FUNCTION keep_contact_point_version();
CREATE TRIGGER contact_point_gone BEFORE DELETE ON contact_point FOR EACH ROW EXECUTE FUNCTION keep_contact_point_version();

CREATE FUNCTION keep_affiliation_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF OLD.changed_at < now() THEN
        INSERT INTO affiliation_version VALUES (
            OLD.person_id, OLD.organisation_id, OLD.role, OLD.is_primary, OLD.practice_mode, OLD.sector, OLD.cnop_section,
            OLD.weekly_half_days, OLD.valid_from, OLD.valid_to, OLD.changed_at, now());
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    NEW.changed_at := greatest(OLD.changed_at, now());
    RETURN NEW;
END $$;
CREATE TRIGGER affiliation_version BEFORE UPDATE ON affiliation FOR EACH ROW
WHEN ((OLD.person_id, OLD.organisation_id, OLD.role, OLD.is_primary, OLD.practice_mode, OLD.sector, OLD.cnop_section,
       OLD.weekly_half_days, OLD.valid_from, OLD.valid_to) IS DISTINCT FROM
      (NEW.person_id, NEW.organisation_id, NEW.role, NEW.is_primary, NEW.practice_mode, NEW.sector, NEW.cnop_section,
       NEW.weekly_half_days, NEW.valid_from, NEW.valid_to))
EXECUTE FUNCTION keep_affiliation_version();
CREATE TRIGGER affiliation_gone BEFORE DELETE ON affiliation FOR EACH ROW EXECUTE FUNCTION keep_affiliation_version();

CREATE FUNCTION keep_alignment_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF OLD.changed_at < now() THEN
        INSERT INTO alignment_version VALUES (OLD.customer_id, OLD.rep_type, OLD.territory, OLD.changed_at, now());
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    NEW.changed_at := greatest(OLD.changed_at, now());
    RETURN NEW;
END $$;
CREATE TRIGGER alignment_version BEFORE UPDATE ON alignment FOR EACH ROW
WHEN ((OLD.customer_id, OLD.rep_type, OLD.territory) IS DISTINCT FROM (NEW.customer_id, NEW.rep_type, NEW.territory))
EXECUTE FUNCTION keep_alignment_version();
CREATE TRIGGER alignment_gone BEFORE DELETE ON alignment FOR EACH ROW EXECUTE FUNCTION keep_alignment_version();

CREATE FUNCTION keep_order_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF OLD.changed_at < now() THEN
        INSERT INTO order_version VALUES (
            OLD.order_id, OLD.customer_id, OLD.origin, OLD.type, OLD.promo_code, OLD.ordered_at, OLD.status, OLD.amount_ht,
            OLD.changed_at, now());
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    NEW.changed_at := greatest(OLD.changed_at, now());
    RETURN NEW;
END $$;
CREATE TRIGGER order_version BEFORE UPDATE ON orders FOR EACH ROW
WHEN ((OLD.customer_id, OLD.origin, OLD.type, OLD.promo_code, OLD.ordered_at, OLD.status, OLD.amount_ht) IS DISTINCT FROM
      (NEW.customer_id, NEW.origin, NEW.type, NEW.promo_code, NEW.ordered_at, NEW.status, NEW.amount_ht))
EXECUTE FUNCTION keep_order_version();
CREATE TRIGGER order_gone BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep_order_version();

CREATE FUNCTION keep_order_line_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF OLD.changed_at < now() THEN
        INSERT INTO order_line_version VALUES (
            OLD.order_id, OLD.line_no, OLD.cip13, OLD.brand, OLD.units, OLD.free_units, OLD.amount_ht, OLD.changed_at, now());
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    NEW.changed_at := greatest(OLD.changed_at, now());
    RETURN NEW;
END $$;
CREATE TRIGGER order_line_version BEFORE UPDATE ON order_line FOR EACH ROW
WHEN ((OLD.order_id, OLD.line_no, OLD.cip13, OLD.brand, OLD.units, OLD.free_units, OLD.amount_ht) IS DISTINCT FROM
      (NEW.order_id, NEW.line_no, NEW.cip13, NEW.brand, NEW.units, NEW.free_units, NEW.amount_ht))
EXECUTE FUNCTION keep_order_line_version();
CREATE TRIGGER order_line_gone BEFORE DELETE ON order_line FOR EACH ROW EXECUTE FUNCTION keep_order_line_version();

-- A touch says by its own days when it left and what became of it, so its usual moves need no version. These do: it was
-- withheld after it was planned, the doubt about it was settled, an outcome was corrected, it became somebody else's.
CREATE FUNCTION keep_touch_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    since timestamptz := greatest(OLD.recorded_at, (SELECT max(known_to) FROM touch_version WHERE touch_id = OLD.touch_id));
BEGIN
    IF since < now() THEN
        INSERT INTO touch_version VALUES (
            OLD.touch_id, OLD.customer_id, OLD.run_id, OLD.campaign, OLD.step, OLD.channel, OLD.direction, OLD.brand, OLD.purpose,
            OLD.cell, OLD.state, OLD.reason, OLD.outcome, OLD.outcome_at, OLD.due_at, OLD.touched_at, since, now());
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER touch_version BEFORE UPDATE ON touch FOR EACH ROW
WHEN (NEW.state = 'excluded' AND OLD.state <> 'excluded'
      OR OLD.state = 'unknown' AND NEW.state <> 'unknown'
      OR OLD.state = 'gated' AND OLD.touched_at IS DISTINCT FROM NEW.touched_at AND OLD.touched_at IS NOT NULL
      OR OLD.outcome IS NOT NULL AND (OLD.outcome, OLD.outcome_at) IS DISTINCT FROM (NEW.outcome, NEW.outcome_at)
      OR OLD.customer_id <> NEW.customer_id)
EXECUTE FUNCTION keep_touch_version();
CREATE TRIGGER touch_gone BEFORE DELETE ON touch FOR EACH ROW EXECUTE FUNCTION keep_touch_version();

CREATE FUNCTION keep_response_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    since timestamptz := greatest(OLD.recorded_at, (SELECT max(known_to) FROM response_version WHERE response_id = OLD.response_id));
BEGIN
    IF since < now() THEN
        INSERT INTO response_version VALUES (
            OLD.response_id, OLD.customer_id, OLD.touch_id, OLD.run_id, OLD.campaign, OLD.step, OLD.channel, OLD.brand, OLD.type, OLD.at,
            OLD.value, OLD.label, OLD.attribution, since, now());
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER response_version BEFORE UPDATE ON response FOR EACH ROW
WHEN ((OLD.customer_id, OLD.touch_id, OLD.run_id, OLD.campaign, OLD.step, OLD.channel, OLD.brand, OLD.type, OLD.at, OLD.value, OLD.label, OLD.attribution)
      IS DISTINCT FROM
      (NEW.customer_id, NEW.touch_id, NEW.run_id, NEW.campaign, NEW.step, NEW.channel, NEW.brand, NEW.type, NEW.at, NEW.value, NEW.label, NEW.attribution))
EXECUTE FUNCTION keep_response_version();
CREATE TRIGGER response_gone BEFORE DELETE ON response FOR EACH ROW EXECUTE FUNCTION keep_response_version();

CREATE TABLE restricted_fact (            -- facts that no view shows: individual prescription data, and what is derived from it (C-22)
    fact            text PRIMARY KEY
);

-- The moment for which a segment in SQL is asked; the engine sets it when it connects. Views show nothing later.
CREATE FUNCTION asked_at() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT coalesce(nullif(current_setting('touchbase.asked_at', true), '')::timestamptz, now()) $$;
CREATE FUNCTION asked_of_the_past() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT coalesce(current_setting('touchbase.as_of', true), '') = 'yes' $$;
CREATE FUNCTION asked_on() RETURNS date LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS
$$ SELECT (asked_at() AT TIME ZONE 'Europe/Paris')::date $$;
COMMENT ON FUNCTION asked_at() IS 'the moment of asking; what now() would be, were it the same at every repetition';
COMMENT ON FUNCTION asked_on() IS 'the day of asking, in Paris';

-- (SELECT asked_at()): once a query, not once a row.
CREATE VIEW v_customer WITH (security_barrier) AS
SELECT customer_id, of, kinds, status, civility, title, language, profession, specialty, specialty_group, practice_mode, sector,
       category, postcode, town, insee, department, region, country, credit_status, do_not_call, restricted_brands,
       facts - coalesce((SELECT array_agg(fact) FROM restricted_fact), '{}') AS facts
  FROM (SELECT customer_id, of, kinds, status, civility, title, language, profession, specialty, specialty_group, practice_mode,
               sector, category, postcode, town, insee, department, region, country, credit_status, do_not_call,
               restricted_brands, facts
          FROM customer WHERE NOT (SELECT asked_of_the_past()) OR changed_at <= (SELECT asked_at())
        UNION ALL
        SELECT customer_id, of, kinds, status, civility, title, language, profession, specialty, specialty_group, practice_mode,
               sector, category, postcode, town, insee, department, region, country, credit_status, do_not_call,
               restricted_brands, facts
          FROM customer_version
         WHERE (SELECT asked_of_the_past()) AND valid_from <= (SELECT asked_at()) AND valid_to > (SELECT asked_at())) AS known
 WHERE status NOT IN ('merged','erased');
COMMENT ON VIEW v_customer IS 'one row per person or organisation; facts holds the company''s own (segments/facts.yaml)';

CREATE VIEW v_affiliation WITH (security_barrier) AS
SELECT person_id, organisation_id, role, is_primary, practice_mode, sector, cnop_section, weekly_half_days
  FROM (SELECT person_id, organisation_id, role, is_primary, practice_mode, sector, cnop_section, weekly_half_days, valid_from, valid_to
          FROM affiliation WHERE NOT (SELECT asked_of_the_past()) OR changed_at <= (SELECT asked_at())
        UNION ALL
        SELECT person_id, organisation_id, role, is_primary, practice_mode, sector, cnop_section, weekly_half_days, valid_from, valid_to
          FROM affiliation_version
         WHERE (SELECT asked_of_the_past()) AND known_from <= (SELECT asked_at()) AND known_to > (SELECT asked_at())) AS known
 WHERE (valid_from IS NULL OR valid_from <= (SELECT asked_on())) AND (valid_to IS NULL OR valid_to >= (SELECT asked_on()));
COMMENT ON VIEW v_affiliation IS 'who works where, on the day of asking';

CREATE VIEW v_alignment WITH (security_barrier) AS
SELECT customer_id, rep_type, territory FROM alignment
 WHERE NOT (SELECT asked_of_the_past()) OR changed_at <= (SELECT asked_at())
UNION ALL
SELECT customer_id, rep_type, territory FROM alignment_version
 WHERE (SELECT asked_of_the_past()) AND known_from <= (SELECT asked_at()) AND known_to > (SELECT asked_at());
COMMENT ON VIEW v_alignment IS 'which sales territory a customer belongs to, for one kind of representative';

CREATE VIEW v_reachable WITH (security_barrier) AS
SELECT customer_id, type, usage, shared_with
  FROM (SELECT customer_id, type, usage, shared_with, status, is_main FROM contact_point
         WHERE NOT (SELECT asked_of_the_past()) OR changed_at <= (SELECT asked_at())
        UNION ALL
        SELECT customer_id, type, usage, shared_with, status, is_main FROM contact_point_version
         WHERE (SELECT asked_of_the_past()) AND known_from <= (SELECT asked_at()) AND known_to > (SELECT asked_at())) AS known
 WHERE is_main AND status NOT IN ('invalid','refused','blocked');
COMMENT ON VIEW v_reachable IS 'that a customer has an address or number that works, never which';

-- The resolved consent is of today: what it was can be read from the events, but not asked here.
CREATE FUNCTION only_of_today(what text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF asked_of_the_past() THEN
        RAISE EXCEPTION '% is known as it is today only, not as of a past moment', what;
    END IF;
    RETURN true;
END $$;
CREATE VIEW v_consent WITH (security_barrier) AS
SELECT customer_id, channel, purpose, scope, opt, has_proof, effective_to FROM consent WHERE (SELECT only_of_today('consent'));
COMMENT ON VIEW v_consent IS 'the resolved consent of today, per channel, purpose and scope';

CREATE VIEW v_touch WITH (security_barrier) AS
SELECT touch_id, customer_id, run_id, campaign, step, channel, direction, brand, purpose, cell, state, reason,
       CASE WHEN outcome_at <= (SELECT asked_at()) THEN outcome END AS outcome,
       CASE WHEN outcome_at <= (SELECT asked_at()) THEN outcome_at END AS outcome_at, due_at, touched_at
  FROM (SELECT touch_id, customer_id, run_id, campaign, step, channel, direction, brand, purpose, cell, state, reason, outcome, outcome_at,
               due_at, touched_at
          FROM touch t WHERE NOT (SELECT asked_of_the_past())
            OR recorded_at <= (SELECT asked_at())
               AND NOT EXISTS (SELECT FROM touch_version v WHERE v.touch_id = t.touch_id AND v.known_to > (SELECT asked_at()))
        UNION ALL
        SELECT touch_id, customer_id, run_id, campaign, step, channel, direction, brand, purpose, cell, state, reason, outcome, outcome_at,
               due_at, touched_at
          FROM touch_version
         WHERE (SELECT asked_of_the_past()) AND known_from <= (SELECT asked_at()) AND known_to > (SELECT asked_at())) AS known
 WHERE coalesce(touched_at, due_at) <= (SELECT asked_at());
COMMENT ON VIEW v_touch IS 'the contact history: every touch, and every touch withheld with its reason; it left where touched_at is not null';

CREATE VIEW v_response WITH (security_barrier) AS
SELECT response_id, customer_id, touch_id, run_id, campaign, step, channel, brand, type, at, value, label, attribution
  FROM response r WHERE at <= (SELECT asked_at())
   AND (NOT (SELECT asked_of_the_past())
        OR recorded_at <= (SELECT asked_at())
           AND NOT EXISTS (SELECT FROM response_version v WHERE v.response_id = r.response_id AND v.known_to > (SELECT asked_at())))
UNION ALL
SELECT response_id, customer_id, touch_id, run_id, campaign, step, channel, brand, type, at, value, label, attribution
  FROM response_version
 WHERE (SELECT asked_of_the_past()) AND at <= (SELECT asked_at())
   AND known_from <= (SELECT asked_at()) AND known_to > (SELECT asked_at());
COMMENT ON VIEW v_response IS 'what came back: opens, clicks, orders, forms, visit and call outcomes';

CREATE VIEW v_order WITH (security_barrier) AS
SELECT order_id, customer_id, origin, type, promo_code, ordered_at, status, amount_ht
  FROM orders WHERE ordered_at <= (SELECT asked_at()) AND (NOT (SELECT asked_of_the_past()) OR changed_at <= (SELECT asked_at()))
UNION ALL
SELECT order_id, customer_id, origin, type, promo_code, ordered_at, status, amount_ht FROM order_version
 WHERE (SELECT asked_of_the_past()) AND ordered_at <= (SELECT asked_at())
   AND known_from <= (SELECT asked_at()) AND known_to > (SELECT asked_at());
COMMENT ON VIEW v_order IS 'orders; those that stand are not draft, rejected, cancelled or returned';

CREATE VIEW v_order_line WITH (security_barrier) AS
SELECT order_id, line_no, cip13, brand, units, free_units, amount_ht FROM order_line
 WHERE NOT (SELECT asked_of_the_past()) OR changed_at <= (SELECT asked_at())
UNION ALL
SELECT order_id, line_no, cip13, brand, units, free_units, amount_ht FROM order_line_version
 WHERE (SELECT asked_of_the_past()) AND known_from <= (SELECT asked_at()) AND known_to > (SELECT asked_at());
COMMENT ON VIEW v_order_line IS 'lines of orders: brand, units, amount without tax';

CREATE VIEW v_member WITH (security_barrier) AS
SELECT m.run_id, r.campaign, r.brand, m.customer_id, m.cell, m.held_out, m.reason, m.enrolled_at,
       CASE WHEN m.left_at <= (SELECT asked_at()) THEN m.left_at END AS left_at
  FROM member m JOIN run r USING (run_id) WHERE m.enrolled_at <= (SELECT asked_at());
COMMENT ON VIEW v_member IS 'frozen audiences: enrolled (reason is null and not held_out), held out, or excluded with a reason';

-- Answers of segments in SQL, stored by the engine after the role of its own was asked. Unlogged: they can be asked again.
CREATE UNLOGGED TABLE sql_segment_asked (
    key             text NOT NULL,
    asked_at        timestamptz NOT NULL,
    as_of           boolean NOT NULL,
    stored_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (key, asked_at, as_of)
);
CREATE UNLOGGED TABLE sql_segment_answered (
    key             text NOT NULL,
    asked_at        timestamptz NOT NULL,
    as_of           boolean NOT NULL,
    customer_id     bigint NOT NULL,
    PRIMARY KEY (key, asked_at, as_of, customer_id)
);
-- Raises where nothing was asked: an empty answer would let everybody through an `except`.
CREATE FUNCTION sql_segment_answer(the_key text, at timestamptz, past boolean) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE ROWS 10000 SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM sql_segment_asked a WHERE a.key = the_key AND a.asked_at = at AND a.as_of = past) THEN
        RAISE EXCEPTION 'the SQL segment % was not asked for %', the_key, at;
    END IF;
    RETURN QUERY SELECT a.customer_id FROM sql_segment_answered a WHERE a.key = the_key AND a.asked_at = at AND a.as_of = past;
END $$;

-- The role that runs segments in SQL. Roles belong to the server, so another database may have made it already.
DO $$
BEGIN
    CREATE ROLE touchbase_segment NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 4;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN RAISE NOTICE 'touchbase_segment: the database''s owner must create this role';
END $$;
DO $$
DECLARE
    view_name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'touchbase_segment') THEN
        RETURN;
    END IF;
    REVOKE EXECUTE ON FUNCTION keep_customer_version(), keep_contact_point_version(), keep_affiliation_version(),
                               keep_alignment_version(), keep_order_version(), keep_order_line_version(), keep_touch_version(),
                               keep_response_version(), sql_segment_answer(text, timestamptz, boolean),
                               only_of_today(text), asked_at(), asked_on(), asked_of_the_past() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION only_of_today(text), asked_at(), asked_on(), asked_of_the_past() TO touchbase_segment;
    FOREACH view_name IN ARRAY ARRAY['v_customer','v_affiliation','v_alignment','v_reachable','v_consent','v_touch','v_response',
                                     'v_order','v_order_line','v_member'] LOOP
        EXECUTE format('GRANT SELECT ON %I TO touchbase_segment', view_name);
    END LOOP;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT touchbase_segment TO %I', current_user);  -- so that the engine may become it
    END IF;
END $$;
