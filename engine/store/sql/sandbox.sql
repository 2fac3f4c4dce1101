-- What the role of SQL segments could still do, and how it is kept from it.

-- name: gaps
-- What touchbase_segment may do that it must not, and which of its limits are missing. A read-only role is not read-only: it may sleep, take locks,
-- change settings, write large objects, run SQL from text. Nothing here can come from the parser's mercy.
SELECT p.oid::regprocedure::text
  FROM pg_proc p
 WHERE p.pronamespace = 'pg_catalog'::regnamespace
   AND p.proname ~ '^(set_config|current_setting|pg_show_all_settings|pg_sleep.*|lo_.*|lowrite|loread|pg_(try_)?advisory_.*|pg_notify|.*_to_xml.*|pg_(terminate|cancel)_backend|pg_export_snapshot|pg_logical_emit_message|pg_current_xact_id|txid_current|pg_stat_get_activity|pg_stat_reset.*|setval|nextval|pg_ls_.*|pg_read_.*|pg_stat_file|ts_stat|ts_rewrite)$'
   AND p.proname !~ '^(lo_.*float|pg_current_xact_id_if_assigned)'
   AND has_function_privilege('touchbase_segment', p.oid, 'EXECUTE')
UNION ALL
SELECT p.oid::regprocedure::text
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname !~ '^pg_'
   AND p.proname NOT IN ('asked_at','asked_on','asked_of_the_past','only_of_today')
   AND has_function_privilege('touchbase_segment', p.oid, 'EXECUTE')
UNION ALL
SELECT c.oid::regclass::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r','p','v','m','f','S')
   AND (n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname !~ '^pg_(toast|temp)' AND c.relname <> ALL (%(views)s)
        OR n.nspname = 'pg_catalog' AND c.relname = ANY (ARRAY['pg_settings','pg_file_settings','pg_roles','pg_user','pg_group',
                                                               'pg_stat_activity','pg_db_role_setting','pg_auth_members',
                                                               'pg_largeobject_metadata','pg_prepared_statements']))
   AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege('touchbase_segment', c.oid, 'USAGE, SELECT')
            ELSE has_table_privilege('touchbase_segment', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
                 OR has_any_column_privilege('touchbase_segment', c.oid, 'SELECT') END
UNION ALL
SELECT 'TEMP' WHERE has_database_privilege('touchbase_segment', current_database(), 'TEMP')
UNION ALL
SELECT n.nspname FROM pg_namespace n WHERE n.nspname !~ '^pg_temp' AND has_schema_privilege('touchbase_segment', n.oid, 'CREATE')
UNION ALL
SELECT unnest(array_remove(ARRAY[
           CASE WHEN rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls THEN 'more than a plain role' END,
           CASE WHEN NOT rolcanlogin THEN 'no LOGIN' END,
           CASE WHEN rolconnlimit NOT BETWEEN 1 AND 4 THEN 'no CONNECTION LIMIT' END,
           CASE WHEN EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) THEN 'member of another role' END,
           CASE WHEN NOT EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS c
                                  WHERE s.setrole = r.oid AND s.setdatabase = 0 AND c ~ '^temp_file_limit=[1-9]')
                THEN 'no temp_file_limit' END], NULL))
  FROM pg_roles r WHERE rolname = 'touchbase_segment'

-- name: close
-- Take from everybody what the gaps say, and let the role log in within its limits; the engine keeps it, should it not be a superuser
-- (its tables are its own, whoever runs this for it). Only for this database.
DO $$
DECLARE
    gap record;
    engine text := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'customer'::regclass);
BEGIN
    FOR gap IN SELECT p.oid::regprocedure AS what
                 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE has_function_privilege('touchbase_segment', p.oid, 'EXECUTE')
                  AND (n.nspname = 'pg_catalog'
                       AND p.proname ~ '^(set_config|current_setting|pg_show_all_settings|pg_sleep.*|lo_.*|lowrite|loread|pg_(try_)?advisory_.*|pg_notify|.*_to_xml.*|pg_(terminate|cancel)_backend|pg_export_snapshot|pg_logical_emit_message|pg_current_xact_id|txid_current|pg_stat_get_activity|pg_stat_reset.*|setval|nextval|pg_ls_.*|pg_read_.*|pg_stat_file|ts_stat|ts_rewrite)$'
                       OR n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname !~ '^pg_'
                          AND p.proname NOT IN ('asked_at','asked_on','asked_of_the_past','only_of_today')) LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, touchbase_segment', gap.what);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I, %I', gap.what, current_user, engine);
    END LOOP;
    FOR gap IN SELECT c.oid::regclass AS what
                 FROM pg_class c
                WHERE c.relnamespace = 'pg_catalog'::regnamespace
                  AND c.relname = ANY (ARRAY['pg_settings','pg_file_settings','pg_roles','pg_user','pg_group','pg_stat_activity',
                                             'pg_db_role_setting','pg_auth_members','pg_largeobject_metadata','pg_prepared_statements'])
                  AND has_table_privilege('touchbase_segment', c.oid, 'SELECT') LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', gap.what);  -- pg_settings may be updated, too
        EXECUTE format('GRANT SELECT, UPDATE ON %s TO %I, %I', gap.what, current_user, engine);
    END LOOP;
    -- Roles belong to the server: only what is missing, so that two databases do not change it at the same instant.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'touchbase_segment' AND NOT (rolcanlogin AND rolconnlimit BETWEEN 1 AND 4)) THEN
        ALTER ROLE touchbase_segment LOGIN CONNECTION LIMIT 4;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS c
                    WHERE r.rolname = 'touchbase_segment' AND s.setdatabase = 0 AND c ~ '^temp_file_limit=[1-9]') THEN
        ALTER ROLE touchbase_segment SET temp_file_limit = '1GB';
    END IF;
    EXECUTE format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMP ON DATABASE %I TO %I, %I', current_database(), current_user, engine);
END $$

-- name: restrict_facts
-- Say which facts no view shows. One statement: nobody sees a moment without them.
WITH wanted AS (SELECT unnest(%(facts)s::text[]) AS fact),
gone AS (DELETE FROM restricted_fact WHERE fact NOT IN (SELECT fact FROM wanted))
INSERT INTO restricted_fact SELECT fact FROM wanted ON CONFLICT DO NOTHING

-- name: forget_old_answers
-- An answer is read by whoever asked for it, at once; what is left behind names customers for nothing.
WITH old AS (DELETE FROM sql_segment_asked WHERE stored_at < now() - interval '1 day' RETURNING key, asked_at, as_of)
DELETE FROM sql_segment_answered a USING old WHERE a.key = old.key AND a.asked_at = old.asked_at AND a.as_of = old.as_of

-- name: remember_asked
-- Two that ask the same at once take turns here; the later answer stands, whole.
INSERT INTO sql_segment_asked (key, asked_at, as_of) VALUES (%(key)s, %(at)s, %(past)s)
ON CONFLICT (key, asked_at, as_of) DO UPDATE SET stored_at = now()

-- name: forget_answer
DELETE FROM sql_segment_answered WHERE key = %(key)s AND asked_at = %(at)s AND as_of = %(past)s

-- name: terminate
SELECT pg_terminate_backend(%(pid)s)
