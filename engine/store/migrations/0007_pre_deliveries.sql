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

CREATE FUNCTION last_day(year text, month text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- The last day of a month, two digits; of digits only.
RETURN CASE WHEN month IN ('04', '06', '09', '11') THEN '30'
            WHEN month = '02' THEN CASE WHEN year::integer % 4 = 0 AND (year::integer % 100 <> 0 OR year::integer % 400 = 0) THEN '29' ELSE '28' END
            WHEN month COLLATE "C" BETWEEN '01' AND '12' THEN '31' ELSE '00' END;

CREATE FUNCTION date_of(t text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- The day at the start of a text, 2026-03-31 or 31/03/2026; NULL where there is none, or none such in the calendar. Its
-- shape is looked at digit by digit: a regular expression costs five times as much, and a million lines have a date each.
RETURN CASE translate(left(t, 11), '123456789', '000000000')
    WHEN '0000-00-00' THEN CASE WHEN left(t, 2) IN ('19', '20', '21') AND substr(t, 9, 2) COLLATE "C" BETWEEN '01' AND last_day(substr(t, 1, 4), substr(t, 6, 2))
                                THEN make_date(substr(t, 1, 4)::integer, substr(t, 6, 2)::integer, substr(t, 9, 2)::integer) END
    WHEN '0000-00-00T' THEN CASE WHEN left(t, 2) IN ('19', '20', '21') AND substr(t, 9, 2) COLLATE "C" BETWEEN '01' AND last_day(substr(t, 1, 4), substr(t, 6, 2))
                                 THEN make_date(substr(t, 1, 4)::integer, substr(t, 6, 2)::integer, substr(t, 9, 2)::integer) END
    WHEN '0000-00-00 ' THEN CASE WHEN left(t, 2) IN ('19', '20', '21') AND substr(t, 9, 2) COLLATE "C" BETWEEN '01' AND last_day(substr(t, 1, 4), substr(t, 6, 2))
                                 THEN make_date(substr(t, 1, 4)::integer, substr(t, 6, 2)::integer, substr(t, 9, 2)::integer) END
    WHEN '00/00/0000' THEN CASE WHEN substr(t, 7, 2) IN ('19', '20', '21') AND left(t, 2) COLLATE "C" BETWEEN '01' AND last_day(substr(t, 7, 4), substr(t, 4, 2))
                                THEN make_date(substr(t, 7, 4)::integer, substr(t, 4, 2)::integer, left(t, 2)::integer) END
    WHEN '00/00/0000 ' THEN CASE WHEN substr(t, 7, 2) IN ('19', '20', '21') AND left(t, 2) COLLATE "C" BETWEEN '01' AND last_day(substr(t, 7, 4), substr(t, 4, 2))
                                 THEN make_date(substr(t, 7, 4)::integer, substr(t, 4, 2)::integer, left(t, 2)::integer) END END;

CREATE FUNCTION moment_of(t text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A day and its time: in Paris, unless it says Z or an offset; noon where it says no time. NULL where it is neither.
-- Every part of it is immutable, so that the planner inlines it: called as a function it costs ten times as much.
RETURN CASE translate(substr(t, 11), ' 123456789', 'T000000000')
    WHEN '' THEN (date_of(t) + interval '12 hours') AT TIME ZONE 'Europe/Paris'
    WHEN 'T00:00' THEN CASE WHEN substr(t, 12, 2) COLLATE "C" <= '23' AND substr(t, 15, 1) COLLATE "C" <= '5'
        THEN (date_of(t) + make_interval(hours => substr(t, 12, 2)::integer, mins => substr(t, 15, 2)::integer)) AT TIME ZONE 'Europe/Paris' END
    WHEN 'T00:00:00' THEN CASE WHEN substr(t, 12, 2) COLLATE "C" <= '23' AND substr(t, 15, 1) COLLATE "C" <= '5' AND substr(t, 18, 1) COLLATE "C" <= '5'
        THEN (date_of(t) + make_interval(hours => substr(t, 12, 2)::integer, mins => substr(t, 15, 2)::integer, secs => substr(t, 18, 2)::integer))
             AT TIME ZONE 'Europe/Paris' END
    ELSE CASE
        WHEN t !~ '^.{10}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):?[0-5]\d)?$' THEN NULL
        WHEN t ~ '(Z|[+-]\d\d:?\d\d)$' THEN
            (date_of(t) + make_interval(hours => substr(t, 12, 2)::integer, mins => substr(t, 15, 2)::integer,
                                        secs => coalesce(substring(t FROM '^.{16}:([0-9.]+)')::double precision, 0))
             - CASE WHEN right(t, 1) = 'Z' THEN interval '0'
                    ELSE make_interval(hours => substring(t FROM '([+-]\d\d):?\d\d$')::integer,
                                       mins => (substring(t FROM '([+-])\d\d:?\d\d$') || right(t, 2))::integer) END) AT TIME ZONE 'UTC'
        ELSE (date_of(t) + make_interval(hours => substr(t, 12, 2)::integer, mins => substr(t, 15, 2)::integer,
                                         secs => substring(t FROM '^.{16}:([0-9.]+)')::double precision)) AT TIME ZONE 'Europe/Paris' END END;

CREATE FUNCTION plain_number(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A number as a spreadsheet shows it, with its point: '1 234,50 €' is 1234.50. Thousands parted by points or commas stay as
-- they are, and are no number: nobody can tell what they mean.
RETURN translate(t, U&',  \00A0\202F\20AC', '.');
