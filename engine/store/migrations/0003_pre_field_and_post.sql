-- What the channels hand over: visit tasks and reports, print batches and pieces.

CREATE TABLE visit_task (
    touch_id        bigint PRIMARY KEY REFERENCES touch,   -- handed over twice, it is one task
    task_id         text NOT NULL UNIQUE,  -- TB-<campaign>-<run>-<step>-<customer>
    rep_id          integer NOT NULL REFERENCES rep,
    customer_id     bigint NOT NULL,
    type            text NOT NULL,
    not_before      date NOT NULL,
    due_on          date NOT NULL,
    priority        smallint NOT NULL,     -- 1..100
    reason          text NOT NULL,         -- one sentence: why this customer now
    content         jsonb NOT NULL,        -- talking points, brands, offer, last touches, place
    status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open','scheduled','done','dismissed','withdrawn','expired')),
    dismissed_because text,
    scheduled_at    timestamptz,
    sequence        integer NOT NULL DEFAULT 0,    -- of the calendar entry: +1 at each change
    changed_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX visit_task_of_rep ON visit_task (rep_id, status, due_on);  -- the inbox
CREATE TABLE visit_report (
    report_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    touch_id        bigint REFERENCES touch,
    rep_id          integer NOT NULL REFERENCES rep,
    customer_id     bigint NOT NULL,
    outcome         text NOT NULL CHECK (outcome IN ('seen','absent','refused','rescheduled','left_site','not_seen_other')),
    visited_at      timestamptz NOT NULL,
    detail          jsonb NOT NULL DEFAULT '{}',
    source          text NOT NULL,
    source_id       text NOT NULL,
    collected_at    timestamptz,                   -- since when the contact history knows it as a response
    UNIQUE (source, source_id)
);
CREATE INDEX visit_report_new ON visit_report (visited_at) WHERE collected_at IS NULL;  -- collect: the few that are not known yet
CREATE INDEX visit_report_of_touch ON visit_report (touch_id) WHERE touch_id IS NOT NULL;  -- what a touch's reports add up to
CREATE TABLE print_batch (
    batch_id        text PRIMARY KEY,      -- MAIL_<campaign>_<run>_<step>_<n>
    run_id          bigint NOT NULL REFERENCES run,
    step            text NOT NULL,
    state           text NOT NULL CHECK (state IN ('sealed','transferred','acknowledged')),
    pieces          integer NOT NULL,
    folder          text NOT NULL,         -- below the project's output folder
    sha256          jsonb NOT NULL,        -- file -> hash
    sealed_at       timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE piece (
    touch_id        bigint PRIMARY KEY REFERENCES touch,
    batch_id        text NOT NULL REFERENCES print_batch,
    piece_id        text NOT NULL UNIQUE,
    page            integer NOT NULL,
    returned_at     timestamptz,
    return_reason   text
);
CREATE INDEX piece_of_batch ON piece (batch_id);
