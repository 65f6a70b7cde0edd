-- similarity: when two texts are alike, and how they are found (R92, R116).

-- What two customers with one problem write differently doesn't count.
SELECT kefu.similarity('@广东电信客服 宽带断网两天了,没人管![怒] http://t.cn/abc',
                       '宽带断网两天了没人管') AS names_and_addresses;
SELECT kefu.similarity('宽带断网2天了没人管', '宽带断网15天了,没人管!!!') AS other_numbers,
       kefu.similarity('4G信号差', '4g信号差') AS width_and_case,
       kefu.similarity('#宽带故障# 又断网', '宽带故障又断网') AS marks;
-- Symmetric, 1 for itself, 0 for what shares nothing; short texts only if equal.
SELECT round(kefu.similarity(a, b)::numeric, 3) AS ab, round(kefu.similarity(b, a)::numeric, 3) AS ba
  FROM (VALUES ('宽带断网两天了没人管', '家里宽带断网三天了也没人管'),
               ('宽带断网两天了没人管', '话费多扣了五十元请解释'),
               ('断网', '断网'), ('断网', '断网了'), ('', ''), ('!!!', '!!!')) AS v(a, b);
SELECT kefu.similarity(NULL, 'x') IS NULL AS unknown, kefu.sketch(NULL) IS NULL AS unknown_sketch;
-- The sketch: 24 numbers, one for a short text, none where nothing is left; alike
-- texts share some, others none.
SELECT cardinality(kefu.sketch('宽带断网两天了没人管')) AS long, cardinality(kefu.sketch('断网')) AS short,
       cardinality(kefu.sketch('[怒]@abc')) AS empty;
SELECT kefu.sketch('家里宽带断网三天了也没人管') && kefu.sketch('宽带断网两天了家里没人管') AS alike,
       kefu.sketch('宽带断网两天了没人管') && kefu.sketch('话费多扣了五十元请解释') AS others,
       kefu.sketch('宽带断网2天,没人管') = kefu.sketch('宽带断网31天没人管!') AS same_form;
SELECT kefu.shared_bands(kefu.sketch('宽带断网两天了没人管'), kefu.sketch('宽带断网两天了没人管呀')) > 5 AS many,
       kefu.shared_bands(kefu.sketch('宽带断网两天了没人管'), kefu.sketch('话费多扣了五十元请解释')) AS none;
SELECT kefu.shared_bands(ARRAY[[1, 2]], ARRAY[1]);
SELECT kefu.shared_bands(ARRAY[NULL::bigint], ARRAY[1]);
-- The format on disk: these numbers stand in tables and may not change unnoticed.
SELECT (kefu.sketch('宽带断网两天了没人管'))[1:3];
-- Three megabytes are taken, and every character of the first plane.
SELECT cardinality(kefu.sketch(repeat('宽带断网两天了没人管', 100000)));
SELECT kefu.similarity(string_agg(chr(i), ''), string_agg(chr(i), '')) FROM generate_series(1, 55295) AS i;
