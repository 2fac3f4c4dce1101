-- Runs, their frozen audiences, and the one contact history.

CREATE TABLE definition (                 -- content-addressed: what a run was told to do, for ever
    sha             text PRIMARY KEY,     -- SHA-256 over campaign, segments, policy, templates, material cards
    campaign        text NOT NULL,
    files           jsonb NOT NULL,       -- path -> text
    at              timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE plan (
    plan_id         text PRIMARY KEY,     -- first characters of the hash of all below
    campaign        text NOT NULL,
    slot            text NOT NULL,
    definition_sha  text NOT NULL REFERENCES definition,
    audience_digest text NOT NULL,        -- over (customer, cell, holdout, exclusion) of every member
    document        jsonb NOT NULL,       -- waterfall, cells, power, costs, samples: what was shown
    made_by         text NOT NULL,
    made_at         timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE plan_part (                  -- who was where when the plan was shown: what `run PLAN` is held against
    plan_id         text NOT NULL REFERENCES plan,
    part            text NOT NULL,        -- 'cell:discount', 'held out', 'excluded'; 'step:announce': whom a first step would reach
    members         bigint[] NOT NULL,    -- ascending: neighbours differ little, so they compress well
    PRIMARY KEY (plan_id, part)
);
CREATE TABLE approval (                   -- one person's signature, in one role, under exactly these bytes
    approval_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    definition_sha  text NOT NULL REFERENCES definition,
    plan_id         text REFERENCES plan, -- NULL: any slot of the campaign, within its guards
    plan_sha        text,                 -- SHA-256 of the whole plan, its members included
    role            text NOT NULL,
    by              text NOT NULL,
    comment         text,
    at              timestamptz NOT NULL, -- whole seconds: it is part of what was signed
    signature       bytea NOT NULL,       -- Ed25519
    withdrawn_at    timestamptz
);
CREATE TABLE withdrawal (                 -- a material that must not go out any more, whatever its card says (C-37)
    reference       text PRIMARY KEY,     -- as printed on it, all versions
    by              text NOT NULL,
    because         text,
    at              timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE run (                        -- one campaign x one logical slot, once
    run_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign        text NOT NULL,
    program         text,
    brand           text,
    purpose         text NOT NULL,
    slot            text NOT NULL,        -- nominal local time and zone: 2026-11-21T09:00[Europe/Paris]
    slot_at         timestamptz NOT NULL,
    definition_sha  text NOT NULL REFERENCES definition,
    plan_id         text REFERENCES plan,
    created_at      timestamptz NOT NULL DEFAULT now(),
    frozen_at       timestamptz,          -- the audience stands; in the clock of the campaign
    closed_at       timestamptz,          -- nothing is open any more
    priority        smallint NOT NULL DEFAULT 50,   -- in arbitration, as its policy said when it opened
    universe        bigint,               -- control total: customers that its segment named; the members add up to it
    UNIQUE (campaign, slot)
);
CREATE TABLE run_switch (                 -- pause and cancel lock it FOR UPDATE, the gate FOR SHARE
    run_id          bigint PRIMARY KEY REFERENCES run,
    state           text NOT NULL DEFAULT 'running' CHECK (state IN ('running','paused','cancelled')),
    because         text,
    by              text,
    at              timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE planning_turn (              -- one row: whoever plans touches holds it, so that caps are reserved, not estimated
    one             boolean PRIMARY KEY DEFAULT true CHECK (one)
);
INSERT INTO planning_turn DEFAULT VALUES;

CREATE TABLE universal_holdout (          -- the largest share that a period ever had: within it nobody comes back out
    period          text PRIMARY KEY,     -- 2026-Q1
    share           numeric(5,4) NOT NULL
);

CREATE TABLE step_progress (              -- up to when a step of a run was evaluated: what came too late shows as expired, once
    run_id          bigint NOT NULL REFERENCES run,
    step            text NOT NULL,
    evaluated_at    timestamptz NOT NULL, -- in the clock of the campaign
    due             bigint NOT NULL DEFAULT 0,      -- control total: for how many it came due; the touches add up to it
    PRIMARY KEY (run_id, step)
);

CREATE TABLE waiting_for_room (           -- for whom a step came due when the rep had no room; who still has no touch when it ends is withheld
    run_id          bigint NOT NULL REFERENCES run,
    step            text NOT NULL,
    customer_id     bigint NOT NULL,
    rep_id          integer NOT NULL,
    since           timestamptz NOT NULL, -- in the clock of the campaign
    PRIMARY KEY (run_id, step, customer_id)
);

CREATE TABLE member (                     -- everybody in the universe, once: enrolled, held out or excluded
    run_id          bigint NOT NULL REFERENCES run,
    customer_id     bigint NOT NULL,
    cell            text,                 -- enrolled members and the held out have the cell they were drawn for
    held_out        boolean NOT NULL,
    reason          text,                 -- primary reason of an exclusion at enrolment
    reasons         text[],
    stratum         text,
    enrolled_at     timestamptz NOT NULL, -- in the clock of the campaign
    left_at         timestamptz,          -- an exit held
    PRIMARY KEY (run_id, customer_id),    -- one row a member; +3.2 µs a row (docs/bench.md; the bare row: 0.8)
    CHECK (reason IS NULL OR NOT held_out)
);
CREATE INDEX member_of_customer ON member (customer_id);  -- re-entry, `enrolled`/`excluded` in segments, explain; +3.8

-- The contact history: every touch, every touch withheld with its reason, and contacts made elsewhere.
--
--   planned --> ready --> claimed --> gated --> accepted
--                 ^          |          |-----> refused
--                 +----------+          +-----> unknown    the dot is written, no reply was read
--   planned/ready/claimed may also end: excluded, expired, cancelled; planned: render_failed; ready: parked
--
-- Beside each index: what it costs an insert, in microseconds of the server's processor a row (docs/bench.md; the bare row: 2.6, the key: +1.4).
CREATE TABLE touch (
    touch_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id     bigint NOT NULL,
    run_id          bigint REFERENCES run,          -- NULL: a contact made outside campaigns
    campaign        text,
    step            text,
    channel         text NOT NULL,        -- email visit mailing call, and what others report: sms web congress ...
    direction       text NOT NULL DEFAULT 'out' CHECK (direction IN ('out','in')),
    brand           text,
    purpose         text,
    cell            text,
    state           text NOT NULL CHECK (state IN ('planned','ready','claimed','gated','accepted','refused','unknown',
                                                   'excluded','expired','cancelled','render_failed','parked')),
    reason          text,                 -- of an exclusion, refusal, failure
    reasons         text[],
    because         text,                 -- the rule that held it back, and the campaign that was there first
    outcome         text,                 -- later news: dsn_ok bounced_soft bounced_hard complained done not_done returned withdrawn
    outcome_at      timestamptz,
    due_at          timestamptz NOT NULL, -- when the step came due, in the clock of the campaign
    not_after       timestamptz,
    touched_at      timestamptz,          -- accepted (or gated and unknown), in the clock of the campaign
    rep_id          integer,
    contact_point_id bigint,
    cost            numeric(12,4) NOT NULL DEFAULT 0,
    owner           text,                 -- the worker that holds it
    epoch           integer NOT NULL DEFAULT 0,     -- rises at every claim; a stale one is refused
    attempt         smallint NOT NULL DEFAULT 0,
    lease_until     timestamptz,          -- database clock
    next_try        timestamptz,          -- database clock
    gated_at        timestamptz,          -- database clock
    source          text,
    source_id       text,                 -- of contacts made elsewhere
    recorded_at     timestamptz NOT NULL DEFAULT now(),   -- database clock: an imported contact is known from then on, not before
    is_over         boolean NOT NULL GENERATED ALWAYS AS (state IN ('accepted','refused','excluded','expired','cancelled','render_failed')) STORED,
    CHECK ((run_id IS NULL) = (step IS NULL)),
    CHECK (state <> 'accepted' OR touched_at IS NOT NULL),
    CHECK (state NOT IN ('excluded','refused','render_failed') OR reason IS NOT NULL)
) WITH (fillfactor = 50);                 -- a claim stays on its page and touches no index: none of them knows `state`
CREATE UNIQUE INDEX touch_source ON touch (source_id, source)
    WHERE source_id IS NOT NULL;          -- what we plan ourselves has none; in this order keys differ in their first column, which sorts faster; +1.6 of those elsewhere
CREATE UNIQUE INDEX touch_once ON touch (run_id, step, channel, customer_id)
    WHERE run_id IS NOT NULL;             -- nobody is touched twice by a step; years of history elsewhere need no place in it; +3.8
CREATE INDEX touch_of_customer ON touch (customer_id, channel, due_at);  -- history of a few customers, caps, journeys, the 360° view; +7.4
-- Windows in segments ("touched within 60 days", "visited within 180 days"): touches lie on disk in the order in which they
-- came, so a BRIN finds the months of a window as partitions would, and the key of touch_once needs no month. A B-tree
-- on touched_at would make every settled touch leave its page; for BRIN it stays (from PostgreSQL 16 on). +0.6
CREATE INDEX touch_window ON touch USING brin (touched_at timestamptz_minmax_multi_ops, (coalesce(outcome_at, touched_at)) timestamptz_minmax_multi_ops)
    WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX touch_open ON touch (run_id, step, touch_id)
    WHERE NOT is_over;                    -- claim, reap, close; +2.0; `state` here would make every claim enter all indexes anew

CREATE TABLE attempt (                    -- append-only: what was tried, what was answered
    touch_id        bigint NOT NULL,
    epoch           integer NOT NULL,
    phase           text NOT NULL,        -- the state it led to, or what happened
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    worker          text,
    reply           text,
    enhanced        text,                 -- 5.1.1
    content_sha     bytea
);
CREATE INDEX attempt_of_touch ON attempt (touch_id);  -- explain, evidence

CREATE TABLE pace (                       -- reservations of the policy's throttles, taken together with a gate
    name            text NOT NULL,
    since           timestamptz NOT NULL, -- start of a window, database clock
    used            integer NOT NULL DEFAULT 0,
    PRIMARY KEY (name, since)
);

CREATE TABLE own_copy (                   -- mails to ourselves: proofs before a run, seeds with it. Never a touch, so no figure, cap or report can count one
    copy_id         bigint GENERATED ALWAYS AS IDENTITY (START WITH 4611686018427387904) PRIMARY KEY,  -- above every touch: its links lead to nobody
    kind            text NOT NULL CHECK (kind IN ('proof','seed')),
    run_id          bigint REFERENCES run,          -- of a seed
    campaign        text NOT NULL,
    step            text NOT NULL,
    cell            text NOT NULL DEFAULT '',
    address         text NOT NULL,        -- one of the policy's own: a colleague, never a customer
    definition_sha  text NOT NULL,        -- a proof needs no run, and keeps no definition
    by              text NOT NULL,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    ending          text,                 -- NULL: nobody knows; it is not sent again
    reply           text,
    CHECK ((kind = 'seed') = (run_id IS NOT NULL))
);
CREATE UNIQUE INDEX own_copy_once ON own_copy (run_id, step, cell, address) WHERE kind = 'seed';  -- a seed per run, step and cell, once

CREATE TABLE send_permit (                -- one row; a system that is not armed sends nothing
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),   -- a single row
    system_identifier text NOT NULL,
    timeline        integer NOT NULL,
    armed_by        text,
    armed_at        timestamptz
);

CREATE TABLE audit (
    audit_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor           text NOT NULL,
    act             text NOT NULL,
    about           text NOT NULL,        -- ids only
    detail          jsonb NOT NULL DEFAULT '{}',
    previous        text,                 -- hash of the row before: deletion and change show
    hash            text NOT NULL
);
