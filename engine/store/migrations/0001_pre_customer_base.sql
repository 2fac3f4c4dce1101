-- The shared customer base: who they are, how they are reached, what they allowed.

CREATE TABLE town (                       -- reference: which town a postcode and a name mean
    insee       text NOT NULL,            -- commune; its first characters give the département
    postcode    text NOT NULL,
    name        text NOT NULL,            -- as printed on a letter
    folded      text NOT NULL,            -- capitals, no accents, one space: what names are joined on
    department  text NOT NULL,            -- 01..19, 2A, 2B, 21..95, 971..988
    cedex       boolean NOT NULL DEFAULT false,  -- a firm's own bag at the post office: known by its code, whatever the town is called
    PRIMARY KEY (postcode, folded, insee)
);

CREATE TABLE customer (
    customer_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    of              text NOT NULL CHECK (of IN ('person', 'organisation')),
    kinds           text[] NOT NULL,      -- prescriber pharmacist pharmacy hospital distributor wholesaler authority expert patient press
    status          text NOT NULL DEFAULT 'active'
                    CHECK (status IN ('active','inactive','retired','deceased','suspended','merged','erased','unknown')),
    merged_into     bigint REFERENCES customer,
    civility        text,                 -- M, MME
    title           text,                 -- DR, PR
    last_name       text,
    first_name      text,
    org_name        text,
    trade_name      text,
    sort_name       text NOT NULL,        -- folded: French sorting without ICU
    language        text NOT NULL DEFAULT 'fr',
    profession      text,                 -- TRE_G15: 10 médecin, 21 pharmacien ...
    specialty       text,                 -- TRE_R38: SM04 ...
    specialty_group text,                 -- GP CARDIO ONCO ENDOC HEMATO PNEUMO PEDIA, or the specialty itself
    practice_mode   text,                 -- L S B
    sector          text,                 -- TRE_R02: SA33 pharmacie d'officine ...
    category        text,                 -- FINESS category, facility type
    street          text,
    postcode        text,
    town            text,
    insee           text,
    department      text,
    region          text,
    country         text NOT NULL DEFAULT 'FR',
    timezone        text NOT NULL DEFAULT 'Europe/Paris',
    latitude        double precision,
    longitude       double precision,
    credit_status   text NOT NULL DEFAULT 'ok' CHECK (credit_status IN ('ok','watch','dunning','blocked')),
    do_not_call     boolean NOT NULL DEFAULT false,
    restricted_brands text[] NOT NULL DEFAULT '{}',
    retention_anchor_at timestamptz,      -- last incoming act; never an open
    facts           jsonb NOT NULL DEFAULT '{}',  -- the company's own, declared in segments/facts.yaml
    source          text NOT NULL,
    source_date     date,
    created_at      timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now(),
    CHECK ((status = 'merged') = (merged_into IS NOT NULL))
);
-- What nobody filters or joins on: its statistics would cost half of every ANALYZE.
ALTER TABLE customer ALTER civility SET STATISTICS 0, ALTER title SET STATISTICS 0, ALTER last_name SET STATISTICS 0, ALTER first_name SET STATISTICS 0,
    ALTER org_name SET STATISTICS 0, ALTER trade_name SET STATISTICS 0, ALTER sort_name SET STATISTICS 0, ALTER street SET STATISTICS 0,
    ALTER town SET STATISTICS 0, ALTER latitude SET STATISTICS 0, ALTER longitude SET STATISTICS 0, ALTER facts SET STATISTICS 0;

CREATE INDEX customer_merged_into ON customer (merged_into) WHERE merged_into IS NOT NULL;  -- taking a customer back: nobody was merged into it

CREATE TABLE identifier (                 -- RPPS FINESS SIRET CIP ..., and each outside system's own id as ext:<system>
    scheme           text COLLATE "C" NOT NULL,     -- compared as bytes: keys have no language, and a sort costs a third
    value            text COLLATE "C" NOT NULL,
    customer_id      bigint NOT NULL REFERENCES customer,
    checksum_suspect boolean NOT NULL DEFAULT false,   -- kept and flagged, never dropped in silence
    source           text NOT NULL,
    PRIMARY KEY (value, scheme)           -- the value first: it tells apart, the scheme repeats
);
CREATE INDEX identifier_of_customer ON identifier (customer_id);  -- the 360° view, merges; +1.8 µs a row (the bare row: 1.2; docs/bench.md)

CREATE TABLE affiliation (                -- person at organisation
    person_id       bigint NOT NULL REFERENCES customer,
    organisation_id bigint NOT NULL REFERENCES customer,
    role            text NOT NULL DEFAULT 'praticien',
    is_primary      boolean NOT NULL DEFAULT false,
    practice_mode   text,
    sector          text,
    cnop_section    text,
    weekly_half_days smallint,
    source          text NOT NULL,
    valid_from      date,
    valid_to        date,
    changed_at      timestamptz NOT NULL DEFAULT now(),   -- since when the base knows it so: answers "as of" (0005)
    PRIMARY KEY (person_id, organisation_id, role)
);
CREATE INDEX affiliation_of_organisation ON affiliation (organisation_id);  -- the titulaire of a pharmacy, the doctors of a site

CREATE TABLE contact_point (
    contact_point_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id     bigint NOT NULL REFERENCES customer,
    type            text COLLATE "C" NOT NULL CHECK (type IN ('email','postal','phone_fixed','phone_mobile','fax','web_id','mss')),
    value_norm      text COLLATE "C" NOT NULL,        -- e-mail with lower-case domain; phone +33...; postal: lines joined by '|', L1..L6
    value_raw       text,
    usage           text NOT NULL DEFAULT 'professional_named'
                    CHECK (usage IN ('professional_named','professional_generic','personal','org')),
    status          text NOT NULL DEFAULT 'unverified'
                    CHECK (status IN ('unverified','valid','soft_bounce','invalid','refused','shared','blocked')),
    status_reason   text,
    status_at       timestamptz,
    is_main         boolean NOT NULL DEFAULT true,  -- the one that is used; at most one per customer and type
    shared_with     integer NOT NULL DEFAULT 1,     -- customers with the same value
    soft_bounces    smallint NOT NULL DEFAULT 0,
    notice_given_at timestamptz,          -- information notice (C-02)
    version         integer NOT NULL DEFAULT 1,     -- rises with each change of value: a frozen address shows its age
    source          text NOT NULL,
    source_date     date,
    changed_at      timestamptz NOT NULL DEFAULT now(),   -- since when the base knows it so: answers "as of" (0005)
    UNIQUE (customer_id, type, value_norm)
);
CREATE UNIQUE INDEX contact_point_main ON contact_point (customer_id, type) WHERE is_main;  -- eligibility, composing: one probe; +4.8 (2.4)
CREATE INDEX contact_point_by_value ON contact_point (value_norm) WHERE type <> 'postal';  -- who else has this mailbox, this telephone; +4.2

CREATE TABLE consent_event (              -- append-only: what was said, when, how it is proven
    consent_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id     bigint NOT NULL REFERENCES customer,
    channel         text NOT NULL,        -- email call mailing visit remote_visit sms web_tracking email_open_tracking
    purpose         text NOT NULL,        -- promo_rx promo_otc commercial ... or *
    scope           text NOT NULL DEFAULT 'all',
    address         text,                 -- the exact contact point value; NULL: whatever the address
    opt             text NOT NULL CHECK (opt IN ('opt_in','opt_in_pending','opt_out','never')),
    opt_out_cause   text,
    captured_at     timestamptz NOT NULL,
    effective_to    timestamptz,
    text_version    text,
    proof_type      text,
    proof_ref       text,
    source          text NOT NULL,
    source_id       text NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT now(),
    CHECK (opt NOT IN ('opt_out','never') OR opt_out_cause IS NOT NULL),
    UNIQUE (source_id, source)
);
CREATE INDEX consent_event_of_customer ON consent_event (customer_id, channel, purpose, captured_at);  -- what was said, in its order; +3.0 (1.8)

CREATE TABLE consent (                    -- the resolved answer of today (domain §4.9), one row per question asked
    customer_id     bigint NOT NULL REFERENCES customer,
    channel         text NOT NULL,
    purpose         text NOT NULL,
    scope           text NOT NULL DEFAULT 'all',
    address         text NOT NULL DEFAULT '',
    opt             text NOT NULL CHECK (opt IN ('opt_in','opt_in_pending','opt_out','never')),
    has_proof       boolean NOT NULL,
    effective_to    timestamptz,
    consent_event_id bigint NOT NULL,     -- the event that decides; the evidence of whatever relies on it
    PRIMARY KEY (customer_id, channel, purpose, scope, address)
);

CREATE TABLE suppression (                -- survives erasure: a keyed fingerprint of the address, or a customer
    fingerprint     bytea NOT NULL,       -- HMAC-SHA256 of type and normalised address
    scope           text NOT NULL DEFAULT '*',       -- '*' or a channel
    reason          text NOT NULL,        -- objection, erasure, legal, finance, complaint ...
    source          text NOT NULL,
    from_at         timestamptz NOT NULL DEFAULT now(),
    to_at           timestamptz,
    PRIMARY KEY (fingerprint, scope, reason)
);

CREATE FUNCTION fingerprint(pepper text, type text, value text) RETURNS bytea   -- the key stands outside the database
    LANGUAGE sql STABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT   -- stable as convert_to is: only so it is inlined, five times as fast
    RETURN sha256(convert_to(pepper || ':' || type || ':' || value, 'UTF8'));

CREATE TABLE customer_hold (              -- a department's stop on one customer, with start and end (finance, logistics, legal)
    customer_id     bigint NOT NULL REFERENCES customer,
    kind            text NOT NULL CHECK (kind IN ('legal','finance','stock','medical','research')),
    brand           text NOT NULL DEFAULT '*',
    from_at         timestamptz NOT NULL,
    to_at           timestamptz,
    source          text NOT NULL,
    PRIMARY KEY (customer_id, kind, brand, from_at)
);

CREATE TABLE contact_guard (              -- locked by the gate (FOR SHARE) and by whatever stops contact (FOR UPDATE)
    customer_id     bigint PRIMARY KEY REFERENCES customer,
    blocked         text[] NOT NULL DEFAULT '{}',    -- '*', a channel, or channel:purpose; a missing row means no send
    version         integer NOT NULL DEFAULT 0
);

CREATE TABLE brand (
    brand           text PRIMARY KEY,     -- HIVERNAX
    name            text NOT NULL,
    atc             text,
    visit_class     text,
    launch_on       date,
    status          text NOT NULL DEFAULT 'active'
);
CREATE TABLE product (
    cis             text PRIMARY KEY,
    brand           text REFERENCES brand,
    denomination    text NOT NULL,
    form            text,
    amm_holder      text,
    rx_status       text,
    reimbursed      boolean
);
CREATE TABLE presentation (
    cip13           text PRIMARY KEY,
    cip7            text,
    cis             text REFERENCES product,
    label           text NOT NULL,
    price_ht        numeric(12,2),
    vat             numeric(5,2),
    max_discount    numeric(5,4),
    stock_status    text NOT NULL DEFAULT 'ok' CHECK (stock_status IN ('ok','low','out'))
);

CREATE TABLE orders (
    order_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          text NOT NULL,
    order_no        text NOT NULL,
    customer_id     bigint NOT NULL REFERENCES customer,
    origin          text NOT NULL CHECK (origin IN ('rep','web','call_center','edi','fax')),
    type            text NOT NULL DEFAULT 'direct' CHECK (type IN ('direct','transfer')),
    promo_code      text,
    rep_id          integer,
    ordered_at      timestamptz NOT NULL,
    status          text NOT NULL DEFAULT 'submitted'
                    CHECK (status IN ('draft','submitted','accepted','rejected','backorder','partially_shipped','shipped','invoiced','cancelled','returned')),
    amount_ht       numeric(12,2) NOT NULL DEFAULT 0,   -- sum of its lines
    recorded_at     timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now(),   -- since when the base knows it so: answers "as of" (0005)
    UNIQUE (order_no, source)             -- an order comes once; +8.2 µs a row (docs/bench.md; the bare row: 1.8)
);
CREATE INDEX orders_of_customer ON orders (customer_id, ordered_at);  -- `ordered` of a few customers: steps, samples, explain; attribution by window; +4.8
CREATE INDEX orders_window ON orders USING brin (ordered_at timestamptz_minmax_multi_ops) WITH (pages_per_range = 32, autosummarize = on);  -- `ordered` within months, of everybody; < +0.1
CREATE INDEX orders_of_code ON orders (promo_code) WHERE promo_code IS NOT NULL;  -- attribution by code
CREATE TABLE order_line (
    order_id        bigint NOT NULL REFERENCES orders,
    line_no         smallint NOT NULL,
    cip13           text,
    brand           text,
    units           integer NOT NULL,
    free_units      integer NOT NULL DEFAULT 0,
    unit_price_ht   numeric(12,4),
    discount        numeric(5,4),
    amount_ht       numeric(12,2) NOT NULL,
    changed_at      timestamptz NOT NULL DEFAULT now(),   -- since when the base knows it so: answers "as of" (0005)
    PRIMARY KEY (order_id, line_no)
);

CREATE TABLE territory (
    territory       text PRIMARY KEY,     -- FR-CV-W-03
    name            text NOT NULL,
    parent          text REFERENCES territory,
    sales_force     text
);
CREATE TABLE rep (
    rep_id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code            text NOT NULL UNIQUE, -- PCR-01; the login
    first_name      text NOT NULL,
    last_name       text NOT NULL,
    email           text NOT NULL,
    phone           text,
    rep_type        text NOT NULL CHECK (rep_type IN ('PCR','HOSP','PHARMA','KAM','MSL','REMOTE')),
    promotional     boolean NOT NULL DEFAULT true,
    brands          text[] NOT NULL DEFAULT '{}',    -- qualified for; empty: all
    daily_capacity  smallint NOT NULL DEFAULT 6,
    holiday_set     text NOT NULL DEFAULT 'FR',
    active          boolean NOT NULL DEFAULT true
);
CREATE TABLE rep_assignment (
    rep_id          integer NOT NULL REFERENCES rep,
    territory       text NOT NULL REFERENCES territory,
    role            text NOT NULL DEFAULT 'owner' CHECK (role IN ('owner','co','interim')),
    valid_from      date NOT NULL DEFAULT '1900-01-01',
    valid_to        date,
    PRIMARY KEY (rep_id, territory, valid_from)
);
CREATE TABLE alignment (                  -- which territory a customer belongs to, for one kind of rep
    customer_id     bigint NOT NULL REFERENCES customer,
    rep_type        text NOT NULL,
    territory       text NOT NULL REFERENCES territory,
    reason          text NOT NULL DEFAULT 'geo' CHECK (reason IN ('geo','explicit','hospital')),
    changed_at      timestamptz NOT NULL DEFAULT now(),   -- since when the base knows it so: answers "as of" (0005)
    PRIMARY KEY (customer_id, rep_type)
);
CREATE TABLE rep_calendar (               -- days off, meetings, and visits planned in the field's own system
    rep_id          integer NOT NULL REFERENCES rep,
    day             date NOT NULL,
    fraction_off    numeric(3,2) NOT NULL DEFAULT 0,
    planned_visits  smallint NOT NULL DEFAULT 0,
    reason          text,
    PRIMARY KEY (rep_id, day)
);

CREATE TABLE import_batch (
    batch_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed            text NOT NULL,
    file            text NOT NULL,        -- the name, not the path
    sha256          text NOT NULL,
    counts          jsonb NOT NULL,       -- lines created changed unchanged rejected repaired ...
    at              timestamptz NOT NULL DEFAULT now(),
    undone_at       timestamptz           -- the last time that it was taken back, as far as that went
);
CREATE TABLE reject (
    batch_id        bigint NOT NULL REFERENCES import_batch,
    line            integer NOT NULL,
    column_name     text,
    reason          text NOT NULL,
    remedy          text NOT NULL
);
CREATE INDEX reject_of_batch ON reject (batch_id);
