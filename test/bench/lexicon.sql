-- lexicon: 50,000 words and 20,000 posts of 140 characters for the figure of that
-- name, and the reference: an index over the first two characters of each word,
-- joined with the pairs of a post's characters.
--
-- Characters are drawn as Chinese text has them, few of them often and most
-- seldom: number 3000 * random() ^ 3 of 3,000.  Every tenth post has a word in it.

\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SELECT setseed(0.47);

CREATE FUNCTION bench.some_text(length integer) RETURNS text
    LANGUAGE sql VOLATILE AS
$$ SELECT string_agg(chr(19968 + floor(3000 * random() ^ 3)::integer), '') FROM generate_series(1, length) $$;

CREATE TABLE bench.word AS
    SELECT DISTINCT ON (w.pattern) w.pattern, left(w.pattern, 2) AS gram
      FROM (SELECT kefu.normal_form(bench.some_text(3 + n % 4)) AS pattern FROM generate_series(1, 52000) AS n) AS w
     LIMIT 50000;
CREATE INDEX word_gram ON bench.word (gram) INCLUDE (pattern);
CREATE TABLE bench.written AS
    SELECT n, CASE WHEN n % 10 = 0 THEN left(t.text, 70) || w.pattern || substr(t.text, 71 + char_length(w.pattern), 70)
                   ELSE t.text END AS text
      FROM (SELECT n, kefu.normal_form(bench.some_text(140)) AS text FROM generate_series(1, 20000) AS n) AS t
      JOIN (SELECT row_number() OVER () AS r, pattern FROM bench.word) AS w ON w.r = 1 + t.n % 50000;
VACUUM ANALYZE bench.word, bench.written;

CREATE FUNCTION bench.find_by_grams(text text) RETURNS bigint
    LANGUAGE plpgsql STABLE AS
$$ BEGIN
    RETURN (SELECT count(*)
              FROM (SELECT DISTINCT substr(find_by_grams.text, n, 2) AS gram
                      FROM generate_series(1, char_length(find_by_grams.text) - 1) AS n) AS g
              JOIN bench.word w USING (gram)
             WHERE strpos(find_by_grams.text, w.pattern) > 0);
END $$;

SELECT kefu.add_lexicon('bench', 'group', 'sensitive', '压测词库', 'words of the benchmark');
SELECT FROM kefu.load_lexicon('bench', (SELECT array_agg(pattern) FROM bench.word));
-- Both find the same, or the figure means nothing.
DO $$ BEGIN
    ASSERT (SELECT count(DISTINCT (p.n, f.word_number)) FROM bench.written p, kefu.find_words(p.text) AS f WHERE p.n <= 500)
         = (SELECT sum(bench.find_by_grams(p.text)) FROM bench.written p WHERE p.n <= 500), 'the two find different words';
END $$;
