-- What came back.
CREATE TABLE receipt (                    -- later news of a mail that left: bounces, complaints, confirmations
    receipt_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    touch_id        bigint NOT NULL,
    customer_id     bigint NOT NULL,
    run_id          bigint,
    kind            text NOT NULL,         -- hard soft sender complaint delivered reply none
    status          text,                  -- 5.1.1: with the words, enough to judge it again
    said            text,                  -- without addresses
    at              timestamptz NOT NULL,
    source          text NOT NULL,
    source_id       text NOT NULL,
    UNIQUE (source, source_id)             -- a replay inserts nothing
);
CREATE INDEX receipt_of_run ON receipt (run_id, kind);    -- the alarm

-- Beside each key and index: what it costs an insert, in microseconds of the server's processor a row (docs/bench.md; the bare row: 2.4).
CREATE TABLE response (
    response_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,   -- +0.6
    customer_id     bigint NOT NULL,
    touch_id        bigint,
    run_id          bigint,
    campaign        text,
    step            text,
    channel         text,
    brand           text,
    type            text NOT NULL,         -- open open_machine click click_suspect unsubscribe complaint reply form registration attendance
                                           -- order visit_outcome call_outcome info_request coupon
    at              timestamptz NOT NULL,
    value           numeric(12,2),
    label           text,                  -- which link, form, code
    attribution     text NOT NULL CHECK (attribution IN ('direct_code','token','window','none')),
    source          text NOT NULL,
    source_id       text NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source_id, source)             -- a replay inserts nothing; +6.8
);
CREATE INDEX response_of_customer ON response (customer_id, type, at);   -- `responded` of a few customers: steps, samples, explain; +5.6
CREATE INDEX response_of_type ON response (type, at, customer_id);       -- "opened twice in 90 days" asked of everybody, from the index alone; +2.6
-- Reports; and `no_response: {to: ...}` asked of everybody, from the index alone: without the customer in it each of 150,000 was looked up
-- with all their responses, two thirds of the whole question's time. +4.8 (+2.6 without)
CREATE INDEX response_of_campaign ON response (campaign, type, at, customer_id);
