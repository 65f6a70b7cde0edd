-- 60_preset: shipped desk rows, inserted on request and never overwritten.

CREATE TABLE kefu.preset_row (
    preset text COLLATE "C" NOT NULL,
    relation text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    columns text[] NOT NULL,
    row_values text[] NOT NULL,
    sort integer GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (preset, relation, number)
);
COMMENT ON TABLE kefu.preset_row IS 'Engine rows: the desk rows that come with this version (预置数据)';
COMMENT ON COLUMN kefu.preset_row.preset IS 'name for kefu.load_preset() (预置集)';
COMMENT ON COLUMN kefu.preset_row.relation IS 'table in schema kefu (表)';
COMMENT ON COLUMN kefu.preset_row.number IS 'row (行号)';
COMMENT ON COLUMN kefu.preset_row.columns IS 'columns given (列)';
COMMENT ON COLUMN kefu.preset_row.row_values IS 'their values as text (值)';
COMMENT ON COLUMN kefu.preset_row.sort IS 'order of insertion (次序)';

CREATE FUNCTION kefu.load_preset(name text)
    RETURNS TABLE (relation text, number integer, outcome text, shipped jsonb, present jsonb)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    p kefu.preset_row;
    keys text[];
    inserted integer;
    total integer := 0;
BEGIN
    PERFORM kefu.require_admin('group');
    IF NOT EXISTS (SELECT FROM kefu.preset_row r WHERE r.preset = name OR name = 'all') THEN
        RAISE EXCEPTION 'there is no preset "%"', name
            USING ERRCODE = 'undefined_object',
                  HINT = (SELECT 'There are: ' || string_agg(DISTINCT r.preset, ', ') || ', and all.'
                            FROM kefu.preset_row r);
    END IF;
    -- The rows are the extension's own, quoted all the same.
    FOR p IN SELECT * FROM kefu.preset_row r WHERE r.preset = name OR name = 'all' ORDER BY r.sort LOOP
        SELECT array_agg(format('%I IS NOT DISTINCT FROM %L', a.attname,
                                p.row_values[array_position(p.columns, a.attname::text)]))
          INTO keys
          FROM pg_index i
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
         WHERE i.indrelid = format('kefu.%I', p.relation)::regclass AND i.indisprimary;
        EXECUTE format('INSERT INTO kefu.%I (%s) SELECT %s WHERE NOT EXISTS (SELECT FROM kefu.%I WHERE %s)',
                       p.relation,
                       (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.n)
                          FROM unnest(p.columns) WITH ORDINALITY AS c(name, n)),
                       (SELECT string_agg(format('CAST(%L AS %s)', p.row_values[c.n],
                                                 format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY c.n)
                          FROM unnest(p.columns) WITH ORDINALITY AS c(name, n)
                          JOIN pg_attribute a ON a.attrelid = format('kefu.%I', p.relation)::regclass
                                             AND a.attname = c.name),
                       p.relation, array_to_string(keys, ' AND '));
        GET DIAGNOSTICS inserted = ROW_COUNT;
        total := total + inserted;
        CONTINUE WHEN inserted = 1;
        EXECUTE format('SELECT to_jsonb(s), to_jsonb(t) FROM (SELECT %s) AS s, '
                       '(SELECT %s FROM kefu.%I WHERE %s) AS t WHERE to_jsonb(s) <> to_jsonb(t)',
                       (SELECT string_agg(format('CAST(%L AS %s) AS %I', p.row_values[c.n],
                                                 format_type(a.atttypid, a.atttypmod), c.name), ', ' ORDER BY c.n)
                          FROM unnest(p.columns) WITH ORDINALITY AS c(name, n)
                          JOIN pg_attribute a ON a.attrelid = format('kefu.%I', p.relation)::regclass
                                             AND a.attname = c.name),
                       (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.n)
                          FROM unnest(p.columns) WITH ORDINALITY AS c(name, n)),
                       p.relation, array_to_string(keys, ' AND '))
           INTO shipped, present;
        IF shipped IS NOT NULL THEN
            relation := p.relation; number := p.number; outcome := 'differs';
            RETURN NEXT;
        END IF;
    END LOOP;
    UPDATE kefu.lexicon_version v SET automaton = kefu.build_automaton(v.lexicon, v.version) WHERE v.automaton IS NULL;
    relation := NULL; number := total; outcome := 'inserted'; shipped := NULL; present := NULL;
    PERFORM kefu.append_ledger('rules', 'load_preset', jsonb_build_object('preset', name, 'count', total));
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION kefu.load_preset(text) IS
'Inserts the shipped rows of a preset that are missing, overwrites none, and lists those that differ from the shipped text; the last row counts what was inserted. all loads every preset. Lexicons without an automaton get theirs. For an administrator of Group or a superuser (加载预置数据; R2)';

