-- How many mails left in the current window of each throttle.

-- name: hold
-- Make the windows that begin now, and hold them in one order: two gates wait for each other, never in a ring.
WITH asked AS (
    SELECT name, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / extract(epoch FROM per)) * extract(epoch FROM per)) AS since
      FROM unnest(%(names)s::text[], %(windows)s::interval[]) AS a(name, per)),
held AS (
    INSERT INTO pace (name, since) SELECT name, since FROM asked ORDER BY name
        ON CONFLICT (name, since) DO UPDATE SET used = pace.used
    RETURNING name, used)
SELECT name, used FROM held

-- name: use
UPDATE pace SET used = pace.used + a.count
  FROM unnest(%(names)s::text[], %(counts)s::integer[]) AS a(name, count)
 WHERE pace.name = a.name
   AND pace.since = (SELECT max(since) FROM pace AS latest WHERE latest.name = a.name)  -- the one that `hold` holds
