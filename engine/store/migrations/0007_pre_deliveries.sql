-- What a delivery did to the base, so that it can be taken back; and how its dates and numbers are read.

-- The many rows that a batch made, by their ids: neighbours, so that a million of them are one range.
CREATE TABLE import_made (
    batch_id        bigint NOT NULL REFERENCES import_batch,
    what            text NOT NULL CHECK (what IN ('customer','contact_point','consent_event','orders','touch','response','rep')),
    ids             int8multirange NOT NULL,
    PRIMARY KEY (batch_id, what)
);
-- Single rows that a batch made (`before` is NULL) or changed: what stood there, what it wrote. Only the columns it wrote.
CREATE TABLE import_change (
    batch_id        bigint NOT NULL REFERENCES import_batch,
    what            text NOT NULL CHECK (what IN ('customer','identifier','contact_point','orders','order_line','touch','response','rep',
                                                  'rep_assignment','territory','alignment')),
    row_id          bigint NOT NULL DEFAULT 0,      -- its id, where it has one
    key             text NOT NULL DEFAULT '',       -- the rest of its key
    customer_id     bigint,                         -- whom it tells about: erasure takes it away
    before          jsonb,
    after           jsonb NOT NULL,
    PRIMARY KEY (batch_id, what, row_id, key)
);
CREATE INDEX import_change_of_row ON import_change (what, row_id);          -- undo: did a later delivery build on it?
CREATE INDEX import_change_of_customer ON import_change (customer_id) WHERE customer_id IS NOT NULL;  -- erasure

-- Consent events are never deleted. One that a wrong delivery brought is marked: it stands as evidence of
-- the mistake and says nothing any more. A no is never marked so.
CREATE TABLE consent_void (
    consent_event_id bigint PRIMARY KEY REFERENCES consent_event,
    batch_id        bigint NOT NULL REFERENCES import_batch,
    at              timestamptz NOT NULL
);

CREATE FUNCTION date_of(t text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- The day at the start of a text, 2026-03-31 or 31/03/2026; NULL where there is none, or none such in the calendar.
RETURN CASE
    WHEN t ~ '^((19|20|21)\d\d-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))|((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29)(\D|$)'
        THEN make_date(substr(t, 1, 4)::integer, substr(t, 6, 2)::integer, substr(t, 9, 2)::integer)
    WHEN t ~ '^(((0[1-9]|[12]\d|3[01])/(0[13578]|1[02])|(0[1-9]|[12]\d|30)/(0[469]|11)|(0[1-9]|1\d|2[0-8])/02)/(19|20|21)\d\d|29/02/((19|20|21)(0[48]|[2468][048]|[13579][26])|2000))(\D|$)'
        THEN make_date(substr(t, 7, 4)::integer, substr(t, 4, 2)::integer, substr(t, 1, 2)::integer) END;

CREATE FUNCTION moment_of(t text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A day and its time: in Paris, unless it says Z or an offset; noon where it says no time. NULL where it is neither.
RETURN CASE
    WHEN t IS NULL THEN NULL
    WHEN length(t) = 10 THEN (date_of(t) + interval '12 hours') AT TIME ZONE 'Europe/Paris'
    WHEN t !~ '^.{10}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):?[0-5]\d)?$' THEN NULL
    WHEN t ~ '(Z|[+-]\d\d:?\d\d)$' THEN
        (date_of(t) + make_interval(hours => substr(t, 12, 2)::integer, mins => substr(t, 15, 2)::integer,
                                    secs => coalesce(substring(t FROM '^.{16}:([0-9.]+)')::double precision, 0))) AT TIME ZONE 'UTC'
        - CASE WHEN right(t, 1) = 'Z' THEN interval '0'
               ELSE make_interval(hours => substring(t FROM '([+-]\d\d):?\d\d$')::integer,
                                  mins => (substring(t FROM '([+-])\d\d:?\d\d$') || right(t, 2))::integer) END
    ELSE (date_of(t) + make_interval(hours => substr(t, 12, 2)::integer, mins => substr(t, 15, 2)::integer,
                                     secs => coalesce(substring(t FROM '^.{16}:([0-9.]+)')::double precision, 0))) AT TIME ZONE 'Europe/Paris' END;

CREATE FUNCTION plain_number(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A number as a spreadsheet shows it, with its point: '1 234,50 €' is 1234.50. Thousands parted by points or commas stay as
-- they are, and are no number: nobody can tell what they mean.
RETURN translate(t, U&',  \00A0\202F\20AC', '.');
