-- similar: messages to find those of the same matter among, and pg_trgm, which
-- comes with the server, doing the same.  Variables: texts, sample.
--
-- The messages are inserted, not ingested: what is measured is the look-up.
-- They are of one unit and one week, so nothing narrows it but the texts.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION pg_trgm;

CREATE TABLE bench.similar (message_id bigint PRIMARY KEY, unit text NOT NULL,
    category text NOT NULL, posted_at timestamptz NOT NULL, text text NOT NULL);
INSERT INTO bench.similar
SELECT 10000000 + n, 'gd', s.category,
       now() - interval '7 days' + n * interval '7 days' / :texts, s.text
  FROM generate_series(1, :texts) AS n, bench.said(n) AS s;
INSERT INTO kefu.ticket (ticket_id, kind, first_kind, state, unit, received_unit, category, posted_at,
                         round_posted_at, opened_at) OVERRIDING SYSTEM VALUE
SELECT message_id, 'complaint', 'complaint', 'recorded', unit, unit, category, posted_at, posted_at, posted_at
  FROM bench.similar;
INSERT INTO kefu.message (message_id, state, unit, platform, account, action, item_type, native_id, text,
                          posted_at, seen_at, is_live, to_us, ticket_id) OVERRIDING SYSTEM VALUE
SELECT message_id, 'ticketed', unit, 'sina', 'sina.gd', 'mentions', 'status', message_id, text,
       posted_at, posted_at, true, true, message_id
  FROM bench.similar;
INSERT INTO kefu.message_sketch (message_id, unit, category, posted_at, sketch)
SELECT message_id, unit, category, posted_at, kefu.sketch(text) FROM bench.similar;
CREATE INDEX similar_trgm ON bench.similar USING gin (text gin_trgm_ops) WITH (fastupdate = off);
VACUUM ANALYZE kefu.ticket, kefu.message, kefu.message_sketch, bench.similar;

CREATE TABLE bench.sample AS
SELECT row_number() OVER (ORDER BY hashint8extended(message_id, 99)) AS n, message_id
  FROM bench.similar ORDER BY 1 LIMIT :sample;

-- What kefu.most_like() does, by trigrams.
CREATE FUNCTION bench.most_like(message bigint, OUT like_message bigint, OUT likeness real)
    LANGUAGE plpgsql STABLE AS
$$
DECLARE
    g record;
BEGIN
    SELECT s.* INTO g FROM bench.similar s WHERE s.message_id = message;
    SELECT c.message_id, c.likeness INTO like_message, likeness
      FROM (SELECT s.message_id, similarity(s.text, g.text) AS likeness, s.posted_at FROM bench.similar s
             WHERE s.text % g.text AND s.unit = g.unit AND s.message_id <> message
               AND s.posted_at BETWEEN g.posted_at - interval '168 hours' AND g.posted_at + interval '168 hours'
             ORDER BY 2 DESC, s.posted_at DESC LIMIT 200) AS c
     ORDER BY c.likeness DESC, c.posted_at, c.message_id LIMIT 1;
END $$;

-- Against every message: how often the two found what is most alike by their own
-- measure, where that is alike enough to be looked for.
CREATE FUNCTION bench.recall(asked integer) RETURNS text
    LANGUAGE plpgsql AS
$$ BEGIN
    RETURN (
        WITH q AS MATERIALIZED (
            SELECT s.* FROM bench.sample x JOIN bench.similar s USING (message_id) ORDER BY x.n LIMIT asked
        ), exact AS MATERIALIZED (
            SELECT q.message_id, max(round(kefu.similarity(q.text, s.text)::numeric, 3)) AS ours,
                   max(similarity(q.text, s.text)) AS theirs,
                   max(round(kefu.similarity(q.text, s.text)::numeric, 3)) FILTER (WHERE s.category = q.category) AS of_category
              FROM q JOIN bench.similar s ON s.message_id <> q.message_id GROUP BY q.message_id
        )
        SELECT format('most alike found for %s of %s at 0.5 and %s of %s of one category at 0.25; pg_trgm %s of %s at its 0.3',
                   count(*) FILTER (WHERE e.ours >= 0.5 AND o.similarity = e.ours), count(*) FILTER (WHERE e.ours >= 0.5),
                   count(*) FILTER (WHERE e.ours < 0.5 AND e.of_category >= 0.25 AND o.similarity = e.of_category),
                   count(*) FILTER (WHERE e.ours < 0.5 AND e.of_category >= 0.25),
                   count(*) FILTER (WHERE e.theirs >= 0.3 AND t.likeness = e.theirs), count(*) FILTER (WHERE e.theirs >= 0.3))
          FROM exact e CROSS JOIN LATERAL kefu.most_like(e.message_id, now()) AS o
         CROSS JOIN LATERAL bench.most_like(e.message_id) AS t);
END $$;
