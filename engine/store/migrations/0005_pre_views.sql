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
SELECT person_id, organisation_id, role, is_primary, practice_mode, sector, cnop_section, weekly_half_days FROM affiliation
 WHERE (valid_from IS NULL OR valid_from <= (SELECT asked_on())) AND (valid_to IS NULL OR valid_to >= (SELECT asked_on()));
COMMENT ON VIEW v_affiliation IS 'who works where, on the day of asking';

CREATE VIEW v_alignment WITH (security_barrier) AS SELECT customer_id, rep_type, territory FROM alignment;
COMMENT ON VIEW v_alignment IS 'which sales territory a customer belongs to, for one kind of representative';

CREATE VIEW v_reachable WITH (security_barrier) AS
SELECT customer_id, type, usage, shared_with FROM contact_point WHERE is_main AND status NOT IN ('invalid','refused','blocked');
COMMENT ON VIEW v_reachable IS 'that a customer has an address or number that works, never which';

CREATE VIEW v_consent WITH (security_barrier) AS
SELECT customer_id, channel, purpose, scope, opt, has_proof, effective_to FROM consent;
COMMENT ON VIEW v_consent IS 'the resolved consent of today, per channel, purpose and scope';

CREATE VIEW v_touch WITH (security_barrier) AS
SELECT touch_id, customer_id, run_id, campaign, step, channel, direction, brand, purpose, cell, state, reason,
       CASE WHEN outcome_at <= (SELECT asked_at()) THEN outcome END AS outcome,
       CASE WHEN outcome_at <= (SELECT asked_at()) THEN outcome_at END AS outcome_at, due_at, touched_at
  FROM touch WHERE coalesce(touched_at, due_at) <= (SELECT asked_at());
COMMENT ON VIEW v_touch IS 'the contact history: every touch, and every touch withheld with its reason; it left where touched_at is not null';

CREATE VIEW v_response WITH (security_barrier) AS
SELECT response_id, customer_id, touch_id, run_id, campaign, step, channel, brand, type, at, value, label, attribution
  FROM response WHERE at <= (SELECT asked_at());
COMMENT ON VIEW v_response IS 'what came back: opens, clicks, orders, forms, visit and call outcomes';

CREATE VIEW v_order WITH (security_barrier) AS
SELECT order_id, customer_id, origin, type, promo_code, ordered_at, status, amount_ht
  FROM orders WHERE ordered_at <= (SELECT asked_at());
COMMENT ON VIEW v_order IS 'orders; those that stand are not draft, rejected, cancelled or returned';

CREATE VIEW v_order_line WITH (security_barrier) AS
SELECT order_id, line_no, cip13, brand, units, free_units, amount_ht FROM order_line;
COMMENT ON VIEW v_order_line IS 'lines of orders: brand, units, amount without tax';

CREATE VIEW v_member WITH (security_barrier) AS
SELECT m.run_id, r.campaign, r.brand, m.customer_id, m.cell, m.held_out, m.reason, m.enrolled_at, m.left_at
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
    REVOKE EXECUTE ON FUNCTION keep_customer_version(), sql_segment_answer(text, timestamptz, boolean),
                               asked_at(), asked_on(), asked_of_the_past() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION asked_at(), asked_on(), asked_of_the_past() TO touchbase_segment;
    FOREACH view_name IN ARRAY ARRAY['v_customer','v_affiliation','v_alignment','v_reachable','v_consent','v_touch','v_response',
                                     'v_order','v_order_line','v_member'] LOOP
        EXECUTE format('GRANT SELECT ON %I TO touchbase_segment', view_name);
    END LOOP;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT touchbase_segment TO %I', current_user);  -- so that the engine may become it
    END IF;
END $$;
