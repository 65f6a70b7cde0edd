-- 59_score: how a unit appraises those directly below it, month by month.
--
-- Group appraises provinces, a province its departments, its hotline and its
-- contractors, both the teams, which are the people a province employs itself:
-- a card a unit, made of lines, one a KPI with a weight, and of bonus and
-- penalty points with reasons.  kefu.scores() computes the cards of any month
-- from the rollups, from what people did (59_work) and from the rules that
-- were set before the month began.  kefu.close_scores() keeps them with all they were made of: what is
-- done to rules, tickets or points later changes nothing of a closed month
-- until somebody closes it again, with a reason, as another edition.
--
-- Who is appraised sets no rule and gives no points (R3).

CREATE TABLE kefu.score_rule (
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    kind text COLLATE "C" NOT NULL CONSTRAINT score_rule_kind CHECK
        (kind IN ('province', 'department', 'hotline', 'contractor', 'team')),
    kpi text COLLATE "C" NOT NULL,
    from_month date NOT NULL CONSTRAINT score_rule_from_month CHECK (extract(day FROM from_month) = 1),
    set_at timestamptz NOT NULL,
    weight numeric NOT NULL CONSTRAINT score_rule_weight CHECK (weight BETWEEN 0 AND 1000),
    full_at numeric NOT NULL,
    zero_at numeric NOT NULL,
    PRIMARY KEY (unit, kind, kpi, from_month, set_at)
);
COMMENT ON TABLE kefu.score_rule IS 'What units are appraised by, from a month on: KPI, weight, target (考核规则; R3, R4, R6, R7)';
COMMENT ON COLUMN kefu.score_rule.unit IS 'unit that appraises, and all below it; the nearest one up the tree wins, KPI by KPI (考核机构)';
COMMENT ON COLUMN kefu.score_rule.kind IS 'kind of unit that is appraised: province, department, hotline, contractor; team: a province''s own people (被考核机构类型)';
COMMENT ON COLUMN kefu.score_rule.kpi IS 'KPI of kefu_bi.kpi_definitions or work_definitions; no foreign key: engine rows are never dumped (指标)';
COMMENT ON COLUMN kefu.score_rule.from_month IS 'first day of the first month it holds for; the latest wins (起始月份)';
COMMENT ON COLUMN kefu.score_rule.set_at IS 'when it was set; of two for one month the later one wins (设定时间)';
COMMENT ON COLUMN kefu.score_rule.weight IS 'weight among the KPIs of its kind, whatever their sum; 0 takes the KPI out (权重)';
COMMENT ON COLUMN kefu.score_rule.full_at IS 'figure that gets 100 points: pct 0 to 100, seconds of the median, or a mean (满分值)';
COMMENT ON COLUMN kefu.score_rule.zero_at IS 'figure that gets 0, in proportion between them; the same as full_at: 100 where it is reached, else 0 (零分值)';

CREATE TABLE kefu.score_entry (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    kind text COLLATE "C" NOT NULL,
    local_month date NOT NULL CONSTRAINT score_entry_month CHECK (extract(day FROM local_month) = 1),
    points numeric(4,2) NOT NULL CONSTRAINT score_entry_points CHECK (points <> 0 AND abs(points) <= 20),
    reason text NOT NULL CONSTRAINT score_entry_reason CHECK (btrim(reason) <> ''),
    rulebook text COLLATE "C" NOT NULL CONSTRAINT score_entry_rulebook CHECK (rulebook ~ '^(R[0-9]{1,3}|house)$'),
    counters bigint UNIQUE REFERENCES kefu.score_entry,
    made_at timestamptz NOT NULL,
    made_by integer REFERENCES kefu.staff
);
CREATE INDEX score_entry_month ON kefu.score_entry (local_month, unit);
COMMENT ON TABLE kefu.score_entry IS 'Bonus and penalty points with their reasons; append-only, a wrong one is countered (加减分台账; R4, R6, R7)';
COMMENT ON COLUMN kefu.score_entry.entry_id IS 'number (加减分编号)';
COMMENT ON COLUMN kefu.score_entry.unit IS 'unit that is appraised (被考核机构)';
COMMENT ON COLUMN kefu.score_entry.kind IS 'card it counts on: kind of the unit, or team (考核对象类型)';
COMMENT ON COLUMN kefu.score_entry.local_month IS 'first day of the month it counts in, in Beijing (考核月份)';
COMMENT ON COLUMN kefu.score_entry.points IS 'bonus, or penalty below 0; at most 20 either way (分值)';
COMMENT ON COLUMN kefu.score_entry.reason IS 'why, without personal data (事由)';
COMMENT ON COLUMN kefu.score_entry.rulebook IS 'R number it rests on, or house (依据)';
COMMENT ON COLUMN kefu.score_entry.counters IS 'entry that it takes back; NULL none (冲销)';
COMMENT ON COLUMN kefu.score_entry.made_at IS 'when (登记时间)';
COMMENT ON COLUMN kefu.score_entry.made_by IS 'who; NULL a superuser (登记人)';

CREATE TABLE kefu.score_close (
    close_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    local_month date NOT NULL,
    edition smallint NOT NULL CONSTRAINT score_close_edition CHECK (edition > 0),
    reason text,
    last_entry bigint NOT NULL,
    counted_to timestamptz NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by integer REFERENCES kefu.staff,
    UNIQUE (unit, local_month, edition),
    CONSTRAINT score_close_reason CHECK (edition = 1 OR btrim(reason) <> '')
);
COMMENT ON TABLE kefu.score_close IS 'Months whose scores were closed, each edition; the latest stands (考核结账; R4, R6)';
COMMENT ON COLUMN kefu.score_close.close_id IS 'number (结账编号)';
COMMENT ON COLUMN kefu.score_close.unit IS 'unit that appraises (考核机构)';
COMMENT ON COLUMN kefu.score_close.local_month IS 'first day of the month, in Beijing (考核月份)';
COMMENT ON COLUMN kefu.score_close.edition IS 'first 1, each restatement one more (版次)';
COMMENT ON COLUMN kefu.score_close.reason IS 'why it was restated; NULL for the first (更正理由)';
COMMENT ON COLUMN kefu.score_close.last_entry IS 'bonus and penalty points up to this number are in it; 0 none (截至加减分编号)';
COMMENT ON COLUMN kefu.score_close.counted_to IS 'the KPIs were counted up to then (指标计至)';
COMMENT ON COLUMN kefu.score_close.closed_at IS 'when (结账时间)';
COMMENT ON COLUMN kefu.score_close.closed_by IS 'who; NULL the nightly job or a superuser (结账人)';

CREATE TABLE kefu.score_line (
    close_id bigint NOT NULL REFERENCES kefu.score_close,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    kind text COLLATE "C" NOT NULL,
    kpi text COLLATE "C" NOT NULL,
    weight numeric NOT NULL,
    full_at numeric NOT NULL,
    zero_at numeric NOT NULL,
    case_count bigint NOT NULL,
    hit_count bigint,
    figure numeric,
    points numeric,
    PRIMARY KEY (close_id, unit, kind, kpi)
);
COMMENT ON TABLE kefu.score_line IS 'What closed scores were made of: the figure of each KPI and the rule it was measured by (考核明细)';
COMMENT ON COLUMN kefu.score_line.close_id IS 'edition it belongs to (结账)';
COMMENT ON COLUMN kefu.score_line.unit IS 'unit that is appraised (被考核机构)';
COMMENT ON COLUMN kefu.score_line.kind IS 'its kind then, or team (机构类型)';
COMMENT ON COLUMN kefu.score_line.kpi IS 'KPI (指标)';
COMMENT ON COLUMN kefu.score_line.weight IS 'weight of the rule (权重)';
COMMENT ON COLUMN kefu.score_line.full_at IS 'figure that gets 100 points (满分值)';
COMMENT ON COLUMN kefu.score_line.zero_at IS 'figure that gets 0 (零分值)';
COMMENT ON COLUMN kefu.score_line.case_count IS 'cases of the unit and all below it; 0 none (基数)';
COMMENT ON COLUMN kefu.score_line.hit_count IS 'hits; NULL where the KPI is no share (命中数)';
COMMENT ON COLUMN kefu.score_line.figure IS 'pct 0 to 100, median seconds, or mean; NULL without a case (指标值)';
COMMENT ON COLUMN kefu.score_line.points IS '0 to 100; NULL: fewer than 10 cases, the KPI is left out and the others weigh more (得分; ruling 24)';

CREATE TABLE kefu.score_card (
    close_id bigint NOT NULL REFERENCES kefu.score_close,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    kind text COLLATE "C" NOT NULL,
    full_weight numeric NOT NULL,
    scored_weight numeric NOT NULL,
    base_score numeric,
    bonus_points numeric NOT NULL,
    penalty_points numeric NOT NULL,
    score numeric,
    is_small boolean NOT NULL,
    is_ranked boolean NOT NULL,
    rank integer,
    ranked_count integer NOT NULL,
    PRIMARY KEY (close_id, unit, kind)
);
COMMENT ON TABLE kefu.score_card IS 'Closed scores of units (考核成绩; R4, R6, R7)';
COMMENT ON COLUMN kefu.score_card.close_id IS 'edition it belongs to (结账)';
COMMENT ON COLUMN kefu.score_card.unit IS 'unit that is appraised (被考核机构)';
COMMENT ON COLUMN kefu.score_card.kind IS 'its kind: only units of one kind are ranked together (机构类型)';
COMMENT ON COLUMN kefu.score_card.full_weight IS 'sum of all weights (权重合计)';
COMMENT ON COLUMN kefu.score_card.scored_weight IS 'sum of those whose KPI got points; 0 none (已计分权重)';
COMMENT ON COLUMN kefu.score_card.base_score IS 'points by weight, 0 to 100; NULL where no KPI got any (基础得分)';
COMMENT ON COLUMN kefu.score_card.bonus_points IS 'bonus points that stand; 0 none (加分)';
COMMENT ON COLUMN kefu.score_card.penalty_points IS 'penalty points that stand, not above 0 (减分)';
COMMENT ON COLUMN kefu.score_card.score IS 'all three together; NULL where base_score is (综合得分)';
COMMENT ON COLUMN kefu.score_card.is_small IS 'a KPI in it has fewer than 30 cases (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu.score_card.is_ranked IS 'at least half of the weight got points (是否参与排名)';
COMMENT ON COLUMN kefu.score_card.rank IS 'place among those of its kind, equal scores sharing it; NULL not ranked (排名)';
COMMENT ON COLUMN kefu.score_card.ranked_count IS 'how many of its kind are ranked; 0 none (参与排名数)';

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.score_rule
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.score_entry
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.score_close
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.score_line
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.score_card
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.score_rule
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.score_entry
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.score_close
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.score_line
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.score_card
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();

-- --- figures ----------------------------------------------------------------------

CREATE FUNCTION kefu.month_figures(units text[], from_month date, until_month date)
    RETURNS TABLE (unit text, local_month date, kpi text, case_count bigint, hit_count bigint, figure numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    WITH covered AS MATERIALIZED (
        SELECT p.unit AS top, u.unit
          FROM kefu.unit u CROSS JOIN LATERAL kefu.unit_path(u.unit) AS p(unit)
         WHERE p.unit = ANY (units)
    ), cell AS (
        SELECT v.top, c.local_date, c.kpi, sum(c.case_count)::bigint AS cases, sum(c.hit_count)::bigint AS hits, sum(c.value_sum) AS total
          FROM kefu_bi.kpi_cells c JOIN covered v ON v.unit = c.unit
         WHERE c.grain = 'month' AND c.local_date >= from_month AND c.local_date < until_month
         GROUP BY v.top, c.local_date, c.kpi
    ), spread AS (
        SELECT v.top, b.local_date, b.kpi, kefu.percentile(b.bucket, b.case_count, 0.5) AS median
          FROM kefu_bi.kpi_buckets b JOIN covered v ON v.unit = b.unit
         WHERE b.grain = 'month' AND b.local_date >= from_month AND b.local_date < until_month
         GROUP BY v.top, b.local_date, b.kpi
    )
    SELECT c.top, c.local_date, c.kpi, c.cases, CASE WHEN d.measure = 'pct' THEN c.hits END,
           CASE d.measure WHEN 'pct' THEN round(100.0 * c.hits / c.cases, 2)
                          WHEN 'mean' THEN round(c.total / c.cases, 2)
                          WHEN 'seconds' THEN s.median END
      FROM cell c
      JOIN kefu_bi.kpi_definitions d ON d.kpi = c.kpi
      LEFT JOIN spread s ON s.top = c.top AND s.local_date = c.local_date AND s.kpi = c.kpi
     WHERE c.cases > 0 AND d.measure IN ('pct', 'mean', 'seconds');
END;
COMMENT ON FUNCTION kefu.month_figures(text[], date, date) IS
'Figures of each of these units and all below it, by month, from the rollups: pct 0 to 100, mean, or median seconds; none without a case. For the owner''s functions only (内部: 月度指标; ruling 24)';

CREATE FUNCTION kefu.score_rules_of(unit text, month date) RETURNS SETOF kefu.score_rule
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    SELECT (r.rule).*
      FROM (SELECT DISTINCT ON (s.kind, s.kpi) s AS rule
              FROM kefu.unit_path(score_rules_of.unit) WITH ORDINALITY AS p(unit, far)
              JOIN kefu.score_rule s ON s.unit = p.unit
             WHERE s.from_month <= score_rules_of.month
             ORDER BY s.kind, s.kpi, p.far, s.from_month DESC, s.set_at DESC) AS r
     WHERE (r.rule).weight > 0;
END;
COMMENT ON FUNCTION kefu.score_rules_of(text, date) IS 'Rules by which a unit appraises in a month (内部: 当月考核规则)';

CREATE FUNCTION kefu.score_points(figure numeric, full_at numeric, zero_at numeric, is_higher_better boolean) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT CASE WHEN full_at <> zero_at
                THEN round(100 * least(1, greatest(0, (figure - zero_at) / (full_at - zero_at))), 2)
                WHEN CASE WHEN is_higher_better THEN figure >= full_at ELSE figure <= full_at END THEN 100
                ELSE 0 END;
END;
COMMENT ON FUNCTION kefu.score_points(numeric, numeric, numeric, boolean) IS
'Points of a figure, 0 to 100: in proportion between the figure that gets none and the one that gets all, or all or nothing where they are the same; NULL for NULL (内部: 指标得分)';

CREATE FUNCTION kefu.score_targets(unit text) RETURNS TABLE (unit text, kind text, is_live boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 60
BEGIN ATOMIC
    SELECT u.unit, u.kind, u.is_live FROM kefu.unit u WHERE u.parent = score_targets.unit
    UNION ALL
    -- The team of a province is appraised by Group and by the province (R4, R6).
    SELECT u.unit, 'team', u.is_live FROM kefu.unit u
     WHERE u.kind = 'province' AND score_targets.unit IN (u.parent, u.unit);
END;
COMMENT ON FUNCTION kefu.score_targets(text) IS 'Whom a unit appraises, and as what (内部: 考核对象; R4, R6, R7)';

CREATE FUNCTION kefu.work_figures(by_unit text, month date)
    RETURNS TABLE (unit text, kind text, kpi text, case_count bigint, hit_count bigint, figure numeric)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 300 AS
$$ BEGIN
    RETURN QUERY
    WITH covered AS MATERIALIZED (
        -- A team is the unit's own people alone, others with all below them.
        SELECT t.unit AS top, t.kind, u.unit
          FROM kefu.score_targets(by_unit) AS t
          JOIN kefu.unit u ON CASE WHEN t.kind = 'team' THEN u.unit = t.unit ELSE t.unit IN (SELECT kefu.unit_path(u.unit)) END
    )
    SELECT v.top, v.kind, c.kpi, sum(c.case_count)::bigint, CASE WHEN d.measure = 'pct' THEN sum(c.hit_count)::bigint END,
           CASE d.measure WHEN 'pct' THEN round(100.0 * sum(c.hit_count) / sum(c.case_count), 2)
                          ELSE kefu.percentile(kefu.bucket(c.value), c.case_count, 0.5)::numeric END
      FROM kefu.work_cases_of(by_unit, work_figures.month) AS c
      JOIN covered v ON v.unit = c.unit
      JOIN kefu_bi.work_definitions d ON d.kpi = c.kpi
     GROUP BY v.top, v.kind, c.kpi, d.measure;
END $$;
COMMENT ON FUNCTION kefu.work_figures(text, date) IS
'What the people of those whom a unit appraises did in a month: pct 0 to 100, or median seconds; none without a case. For the owner''s functions only (内部: 月度承办指标; R7)';

CREATE FUNCTION kefu.score_lines_of(unit text, month date, kinds text[] DEFAULT NULL) RETURNS SETOF kefu.score_line
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 200 AS
$$
DECLARE
    rules kefu.score_rule[] := ARRAY(SELECT r FROM kefu.score_rules_of(score_lines_of.unit, score_lines_of.month) AS r
                                      WHERE kinds IS NULL OR r.kind = ANY (kinds));
BEGIN
    -- A line a rule, also without a case. A unit that was shut since keeps the months it worked in.
    RETURN QUERY
    WITH target AS MATERIALIZED (
        SELECT t.* FROM kefu.score_targets(score_lines_of.unit) AS t
    ), figure AS MATERIALIZED (
        SELECT f.unit, t.kind, f.kpi, f.case_count, f.hit_count, f.figure
          FROM kefu.month_figures(ARRAY(SELECT x.unit FROM target x WHERE x.kind <> 'team'),
                                  score_lines_of.month, (score_lines_of.month + interval '1 month')::date) AS f
          JOIN target t ON t.unit = f.unit AND t.kind <> 'team'
        UNION ALL
        -- What nobody is appraised by isn't looked for.
        SELECT w.unit, w.kind, w.kpi, w.case_count, w.hit_count, w.figure
          FROM (SELECT WHERE EXISTS (SELECT FROM unnest(rules) AS r JOIN kefu_bi.work_definitions d ON d.kpi = r.kpi
                                      WHERE r.kind IN (SELECT x.kind FROM target x))) AS needed
         CROSS JOIN LATERAL kefu.work_figures(score_lines_of.unit, score_lines_of.month) AS w
    )
    SELECT NULL::bigint, t.unit, t.kind, r.kpi, r.weight, r.full_at, r.zero_at,
           coalesce(f.case_count, 0), CASE WHEN d.measure = 'pct' THEN coalesce(f.hit_count, 0) END, f.figure,
           CASE WHEN f.case_count >= 10 THEN kefu.score_points(f.figure, r.full_at, r.zero_at, d.is_higher_better) END
      FROM target t
      JOIN unnest(rules) AS r ON r.kind = t.kind
      JOIN kefu.score_kpi d ON d.kpi = r.kpi
      LEFT JOIN figure f ON f.unit = t.unit AND f.kind = t.kind AND f.kpi = r.kpi
     WHERE t.is_live OR EXISTS (SELECT FROM figure x WHERE x.unit = t.unit);
END $$;
COMMENT ON FUNCTION kefu.score_lines_of(text, date, text[]) IS
'Lines of the units that a unit appraises, of these kinds or all, of a month as it is counted now; close_id is NULL (内部: 考核明细计算; R4, R6)';

CREATE FUNCTION kefu.score_cards_of(lines kefu.score_line[], month date, last_entry bigint) RETURNS SETOF kefu.score_card
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 40
BEGIN ATOMIC
    WITH base AS (
        SELECT l.close_id, l.unit, l.kind, sum(l.weight) AS full_weight,
               coalesce(sum(l.weight) FILTER (WHERE l.points IS NOT NULL), 0) AS scored_weight,
               round(sum(l.weight * l.points) / sum(l.weight) FILTER (WHERE l.points IS NOT NULL), 2) AS base_score,
               coalesce(bool_or(l.case_count < 30) FILTER (WHERE l.points IS NOT NULL), false) AS is_small
          FROM unnest(lines) AS l
         GROUP BY l.close_id, l.unit, l.kind
    ), standing AS (
        SELECT e.unit, e.kind, coalesce(sum(e.points) FILTER (WHERE e.points > 0), 0) AS bonus,
               coalesce(sum(e.points) FILTER (WHERE e.points < 0), 0) AS penalty
          FROM kefu.score_entry e
         WHERE e.local_month = score_cards_of.month AND e.entry_id <= score_cards_of.last_entry AND e.counters IS NULL
           AND NOT EXISTS (SELECT FROM kefu.score_entry x
                            WHERE x.counters = e.entry_id AND x.entry_id <= score_cards_of.last_entry)
         GROUP BY e.unit, e.kind
    ), card AS (
        SELECT b.*, coalesce(s.bonus, 0) AS bonus, coalesce(s.penalty, 0) AS penalty,
               b.base_score + coalesce(s.bonus, 0) + coalesce(s.penalty, 0) AS score,
               2 * b.scored_weight >= b.full_weight AS is_ranked
          FROM base b LEFT JOIN standing s USING (unit, kind)
    )
    SELECT c.close_id, c.unit, c.kind, c.full_weight, c.scored_weight, c.base_score, c.bonus, c.penalty, c.score,
           c.is_small, c.is_ranked,
           CASE WHEN c.is_ranked THEN rank() OVER (PARTITION BY c.kind, c.is_ranked ORDER BY c.score DESC) END::integer,
           (count(*) FILTER (WHERE c.is_ranked) OVER (PARTITION BY c.kind))::integer
      FROM card c;
END;
COMMENT ON FUNCTION kefu.score_cards_of(kefu.score_line[], date, bigint) IS
'Cards made of lines and of the bonus and penalty points of the month up to an entry: the one way, for what is computed now and for what was closed (内部: 考核成绩计算)';

CREATE FUNCTION kefu.scores(by_unit text, month date)
    RETURNS TABLE (unit text, kind text, full_weight numeric, scored_weight numeric, base_score numeric,
                   bonus_points numeric, penalty_points numeric, score numeric, is_small boolean, is_ranked boolean,
                   rank integer, ranked_count integer)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 40
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    lines kefu.score_line[] := ARRAY(SELECT l FROM kefu.score_lines_of(scores.by_unit, date_trunc('month', scores.month)::date) AS l);
BEGIN
    RETURN QUERY
    SELECT c.unit, c.kind, c.full_weight, c.scored_weight, c.base_score, c.bonus_points, c.penalty_points, c.score,
           c.is_small, c.is_ranked, c.rank, c.ranked_count
      FROM kefu.score_cards_of(lines, date_trunc('month', scores.month)::date, 9223372036854775807) AS c
     WHERE c.unit = ANY (kefu.my_units())
     ORDER BY c.kind, c.rank, c.unit;
END $$;
COMMENT ON FUNCTION kefu.scores(text, date) IS
'Scores of the units that a unit appraises, of the month of a date, as they would be if it were closed now; only those of the caller''s units, with their rank among all. By the rules set before the month began and the KPIs as last refreshed. kefu_bi.scorecards has what was closed (试算考核成绩; R4, R6)';

-- --- who appraises ------------------------------------------------------------------

CREATE FUNCTION kefu.require_appraiser(unit text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    above text := (SELECT u.parent FROM kefu.unit u WHERE u.unit = require_appraiser.unit);
BEGIN
    IF (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = kefu.caller()) THEN
        RETURN;
    END IF;
    PERFORM kefu.require_unit(unit);
    IF (kefu.has_role('leader', above) OR kefu.has_role('admin', above)) IS NOT TRUE THEN
        RAISE EXCEPTION 'unit "%" is appraised by the one above it', unit
            USING ERRCODE = 'KF003', HINT = 'A leader or administrator there gives and takes points.';
    ELSIF EXISTS (SELECT FROM kefu.staff_role r
                   WHERE r.staff_id = kefu.me() AND r.valid @> kefu.now() AND kefu.is_below(r.unit, require_appraiser.unit)) THEN
        RAISE EXCEPTION 'who works in unit "%" doesn''t appraise it', unit
            USING ERRCODE = 'KF003', DETAIL = 'Rules, supervision and appraisal are kept apart from operation (R3).';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_appraiser(text) IS
'Raises KF008 unless the caller sees the unit, KF003 unless the caller is leader or administrator of the unit above it and has no role in it or below it; a superuser passes (内部: 校验考核人; R3, R4, R6)';

CREATE FUNCTION kefu.set_score_rule(unit text, kind text, kpi text, weight numeric, full_at numeric, zero_at numeric DEFAULT NULL,
                                    from_month date DEFAULT NULL) RETURNS date
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    coming date := (date_trunc('month', kefu.local_day(kefu.now())) + interval '1 month')::date;
    since date := coalesce(set_score_rule.from_month, coming);
    none_at numeric := coalesce(set_score_rule.zero_at, set_score_rule.full_at);
    d kefu.score_kpi;
BEGIN
    PERFORM kefu.require_admin(unit);
    SELECT x.* INTO d FROM kefu.score_kpi x WHERE x.kpi = set_score_rule.kpi;
    IF d.kpi IS NULL THEN
        RAISE EXCEPTION 'nobody is appraised by "%"', kpi
            USING ERRCODE = 'undefined_object',
                  HINT = 'kefu_bi.kpi_definitions and work_definitions list them: those of which more, or less, is better.';
    ELSIF kind = 'team' AND NOT d.is_work THEN
        RAISE EXCEPTION 'a team is appraised by what its people did, not by "%"', kpi
            USING ERRCODE = 'invalid_parameter_value', HINT = 'kefu_bi.work_definitions lists that.';
    ELSIF (since >= coming AND extract(day FROM since) = 1) IS NOT TRUE THEN
        RAISE EXCEPTION 'a rule begins with a month that has not begun'
            USING ERRCODE = 'invalid_parameter_value', HINT = format('The next one begins on %s.', coming);
    ELSIF (CASE WHEN d.is_higher_better THEN none_at <= full_at ELSE none_at >= full_at END) IS NOT TRUE THEN
        RAISE EXCEPTION 'the figure without points is better than the one with all of them'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = CASE WHEN d.is_higher_better THEN format('Of "%s" more is better.', kpi)
                              ELSE format('Of "%s" less is better.', kpi) END;
    END IF;
    INSERT INTO kefu.score_rule (unit, kind, kpi, from_month, set_at, weight, full_at, zero_at)
    VALUES (set_score_rule.unit, set_score_rule.kind, d.kpi, since, kefu.now(), set_score_rule.weight,
            set_score_rule.full_at, none_at);
    PERFORM kefu.append_ledger('rules', 'set_score_rule', jsonb_build_object(
        'unit', unit, 'kind', kind, 'kpi', kpi, 'from', since, 'weight', weight::text, 'full_at', full_at::text,
        'zero_at', none_at::text));
    RETURN since;
END $$;
COMMENT ON FUNCTION kefu.set_score_rule(text, text, text, numeric, numeric, numeric, date) IS
'A new version of what a unit and all below it appraise units of a kind by: the weight of a KPI, the figure that gets 100 points and the one that gets none (left out: all or nothing), from a month that hasn''t begun (default the next). Weight 0 takes the KPI out. Returns that month. For an administrator of the unit (设定考核规则; R3, R4, R6, R7)';

CREATE FUNCTION kefu.add_score_entry(unit text, month date, points numeric, reason text, rulebook text DEFAULT 'house',
                                     team boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    new_id bigint;
BEGIN
    PERFORM kefu.require_appraiser(unit);
    IF team AND NOT EXISTS (SELECT FROM kefu.unit u WHERE u.unit = add_score_entry.unit AND u.kind = 'province') THEN
        RAISE EXCEPTION 'unit "%" has no team', unit
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Teams are the people that provinces employ themselves.';
    ELSIF (month <= kefu.local_day(kefu.now())) IS NOT TRUE THEN
        RAISE EXCEPTION 'points are for a month that has begun'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the month by any day of it.';
    ELSIF kefu.has_personal_data(reason) THEN
        RAISE EXCEPTION 'a reason must not contain personal data'
            USING ERRCODE = 'KF004', HINT = 'Name the ticket instead.';
    END IF;
    INSERT INTO kefu.score_entry (unit, kind, local_month, points, reason, rulebook, made_at, made_by)
    VALUES (add_score_entry.unit, CASE WHEN team THEN 'team' ELSE (SELECT u.kind FROM kefu.unit u WHERE u.unit = add_score_entry.unit) END, date_trunc('month', add_score_entry.month)::date, add_score_entry.points, add_score_entry.reason,
            add_score_entry.rulebook, kefu.now(), kefu.me())
    RETURNING entry_id INTO new_id;
    PERFORM kefu.append_ledger('rules', 'add_score_entry', jsonb_build_object(
        'entry', new_id, 'unit', unit, 'month', date_trunc('month', month)::date, 'points', points::text, 'rulebook', rulebook)
        || CASE WHEN team THEN jsonb_build_object('team', true) ELSE '{}' END,
        jsonb_build_object('reason', reason));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.add_score_entry(text, date, numeric, text, text, boolean) IS
'Gives a unit, or the team of a province, bonus points, or penalty points below 0, for the month of a date, with a reason and the R number it rests on; returns the entry. A closed month takes them up only when it is closed again. For a leader or administrator of the unit above, who has no role in the unit; KF003 for others (登记加减分; R3, R4, R6, R7)';

CREATE FUNCTION kefu.counter_score_entry(entry bigint, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    wrong kefu.score_entry;
    new_id bigint;
BEGIN
    SELECT e.* INTO wrong FROM kefu.score_entry e WHERE e.entry_id = counter_score_entry.entry;
    IF wrong.unit IS NULL THEN
        PERFORM kefu.require_unit(NULL);
    END IF;
    PERFORM kefu.require_appraiser(wrong.unit);
    IF wrong.counters IS NOT NULL OR EXISTS (SELECT FROM kefu.score_entry x WHERE x.counters = wrong.entry_id) THEN
        RAISE EXCEPTION 'entry % is taken back, or takes one back', entry
            USING ERRCODE = 'KF004', HINT = 'Give the points anew with kefu.add_score_entry().';
    ELSIF kefu.has_personal_data(reason) THEN
        RAISE EXCEPTION 'a reason must not contain personal data'
            USING ERRCODE = 'KF004', HINT = 'Name the ticket instead.';
    END IF;
    INSERT INTO kefu.score_entry (unit, kind, local_month, points, reason, rulebook, counters, made_at, made_by)
    VALUES (wrong.unit, wrong.kind, wrong.local_month, -wrong.points, counter_score_entry.reason, wrong.rulebook, wrong.entry_id,
            kefu.now(), kefu.me())
    RETURNING entry_id INTO new_id;
    PERFORM kefu.append_ledger('rules', 'counter_score_entry',
        jsonb_build_object('entry', new_id, 'counters', wrong.entry_id, 'unit', wrong.unit), jsonb_build_object('reason', reason));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.counter_score_entry(bigint, text) IS
'Takes an entry back by its opposite, with a reason: neither counts from then on, both stay. Returns the new entry. KF004 for one that was taken back, KF008 and KF003 as for kefu.add_score_entry() (冲销加减分)';

-- --- closing a month -----------------------------------------------------------------

CREATE FUNCTION kefu.close_scores(unit text, month date, reason text DEFAULT NULL) RETURNS smallint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    closing kefu.score_close;
    counted timestamptz := (SELECT s.counted_to FROM kefu.kpi_state s WHERE s.fill_type IS NULL);
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin(unit);
    END IF;
    closing.local_month := date_trunc('month', month)::date;
    IF (kefu.local_instant((closing.local_month + interval '1 month')::date, '00:00') <= counted) IS NOT TRUE THEN
        RAISE EXCEPTION 'the month is not over, or not counted to its end'
            USING ERRCODE = 'KF004', HINT = 'kefu_bi.kpi_freshness says up to when everything is counted.';
    END IF;
    -- One at a time, and no points meanwhile: what has a lower number is in it. An older snapshot would miss some.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a month is closed in a transaction that is read committed' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    LOCK TABLE kefu.score_close IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE kefu.score_entry IN SHARE MODE;
    SELECT coalesce(max(c.edition), 0) + 1 INTO closing.edition
      FROM kefu.score_close c WHERE c.unit = close_scores.unit AND c.local_month = closing.local_month;
    IF closing.edition > 1 AND coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'the month is closed' USING ERRCODE = 'KF002', HINT = 'Another edition needs a reason.';
    END IF;
    INSERT INTO kefu.score_close (unit, local_month, edition, reason, last_entry, counted_to, closed_at, closed_by)
    VALUES (close_scores.unit, closing.local_month, closing.edition, CASE WHEN closing.edition > 1 THEN close_scores.reason END,
            (SELECT coalesce(max(e.entry_id), 0) FROM kefu.score_entry e), counted, kefu.now(), kefu.me())
    RETURNING close_id, last_entry INTO closing.close_id, closing.last_entry;
    INSERT INTO kefu.score_line
    SELECT closing.close_id, l.unit, l.kind, l.kpi, l.weight, l.full_at, l.zero_at, l.case_count, l.hit_count, l.figure, l.points
      FROM kefu.score_lines_of(close_scores.unit, closing.local_month) AS l;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unit "%" appraises nobody', unit
            USING ERRCODE = 'undefined_object', HINT = 'kefu_bi.score_rules lists the rules; kefu.load_preset(''scores'') brings the shipped ones.';
    END IF;
    INSERT INTO kefu.score_card
    SELECT c.* FROM kefu.score_cards_of(ARRAY(SELECT l FROM kefu.score_line l WHERE l.close_id = closing.close_id),
                                        closing.local_month, closing.last_entry) AS c;
    PERFORM kefu.append_ledger('rules', 'close_scores', jsonb_build_object(
        'close', closing.close_id, 'unit', unit, 'month', closing.local_month, 'edition', closing.edition,
        'last_entry', closing.last_entry), CASE WHEN closing.edition > 1 THEN jsonb_build_object('reason', reason) END);
    RETURN closing.edition;
END $$;
COMMENT ON FUNCTION kefu.close_scores(text, date, text) IS
'Keeps the scores of the units that a unit appraises, of the month of a date, with all they were made of; again with a reason: another edition, which stands from then on. Returns the edition. KF004 before the month is over and counted, KF002 without a reason where one is needed. For an administrator of the unit; the nightly job closes the last month (考核结账; R4, R6)';

CREATE FUNCTION kefu.close_due_scores(max_units integer DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    this date := date_trunc('month', kefu.local_day(kefu.now()))::date;
    last date := (this - interval '1 month')::date;
    due text;
    did integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    IF (SELECT s.fill_type IS NULL AND s.counted_to >= kefu.local_instant(this, '00:00') FROM kefu.kpi_state s) IS NOT TRUE THEN
        RETURN 0;
    END IF;
    -- The last month alone, when the monthly report is due; older ones are closed by hand.
    FOR due IN SELECT u.unit FROM kefu.unit u
                WHERE EXISTS (SELECT FROM kefu.unit c WHERE c.parent = u.unit)
                  AND NOT EXISTS (SELECT FROM kefu.score_close k WHERE k.unit = u.unit AND k.local_month = last)
                  AND now >= kefu.local_instant(this, '00:00')
                             + coalesce((kefu.report_rule(u.unit, 'monthly', now)).file_after, interval '5 days')
                  -- Who had nothing to do isn't appraised.
                  AND EXISTS (SELECT FROM kefu.score_lines_of(u.unit, last) AS l WHERE l.case_count > 0)
                ORDER BY u.unit LIMIT max_units LOOP
        PERFORM kefu.close_scores(due, last);
        did := did + 1;
    END LOOP;
    RETURN did;
END $$;
COMMENT ON FUNCTION kefu.close_due_scores(integer) IS
'Closes the scores of the last month where the monthly report is due and it isn''t closed, of at most so many units that appraise; returns how many. A job of the night (月度考核结账; R4, R6)';

-- --- what a province learns of the others ------------------------------------------------

CREATE FUNCTION kefu.peer_figures()
    RETURNS TABLE (local_month date, unit text, kpi text, case_count bigint, hit_count bigint, figure numeric,
                   rank bigint, ranked_count bigint, national_median numeric)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 300
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    mine text[] := kefu.my_units();
    this date := date_trunc('month', kefu.local_day(kefu.now()))::date;
BEGIN
    -- Months that are over: of a running one each refresh would tell what the last hour added.
    RETURN QUERY
    WITH province AS (
        SELECT f.*, d.measure, d.is_higher_better, f.case_count >= 10 AS is_ranked
          FROM kefu.month_figures(ARRAY(SELECT u.unit FROM kefu.unit u WHERE u.kind = 'province'),
                                  (this - interval '13 months')::date, this) AS f
          JOIN kefu_bi.kpi_definitions d ON d.kpi = f.kpi AND d.is_higher_better IS NOT NULL
    ), national AS (
        SELECT p.local_month, p.kpi, count(*) AS n, count(*) FILTER (WHERE p.unit <> ALL (mine)) AS hidden,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY p.figure::float8)::numeric AS median
          FROM province p WHERE p.is_ranked
         GROUP BY p.local_month, p.kpi
    ), placed AS (
        SELECT p.*, rank() OVER (PARTITION BY p.local_month, p.kpi, p.is_ranked
                                 ORDER BY CASE WHEN p.is_higher_better THEN -p.figure ELSE p.figure END) AS place
          FROM province p
    )
    SELECT p.local_month, p.unit, p.kpi, p.case_count, p.hit_count, p.figure,
           CASE WHEN p.is_ranked AND s.is_told THEN p.place END, CASE WHEN s.is_told THEN n.n END,
           -- Coarser than anybody's figure, which it might be.
           CASE WHEN s.is_told THEN CASE p.measure WHEN 'pct' THEN round(n.median)
                                                   WHEN 'seconds' THEN 60 * round(n.median / 60)
                                                   ELSE round(n.median, 1) END END
      FROM placed p
      LEFT JOIN national n ON n.local_month = p.local_month AND n.kpi = p.kpi
     CROSS JOIN LATERAL (SELECT n.hidden = 0 OR n.hidden >= 5 AS is_told) AS s
     WHERE p.unit = ANY (mine);
END $$;
COMMENT ON FUNCTION kefu.peer_figures() IS
'Figures of the caller''s provinces by month, of the last 13 that are over, with their rank and the national median, as kefu_bi.peer_kpis says (内部: 同级对标; ruling 24)';

-- --- what a monthly report tells ---------------------------------------------------------

CREATE FUNCTION kefu.score_edition(by_unit text, month date, kinds text[],
                                   OUT edition smallint, OUT lines kefu.score_line[], OUT cards kefu.score_card[], OUT entries bigint[])
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    k kefu.score_close;
BEGIN
    SELECT c.* INTO k FROM kefu.score_close c
     WHERE c.unit = by_unit AND c.local_month = month ORDER BY c.edition DESC LIMIT 1;
    edition := k.edition;
    IF k.close_id IS NULL THEN
        lines := ARRAY(SELECT l FROM kefu.score_lines_of(by_unit, month, kinds) AS l);
        cards := ARRAY(SELECT c FROM kefu.score_cards_of(lines, month, 9223372036854775807) AS c);
    ELSE
        lines := ARRAY(SELECT l FROM kefu.score_line l WHERE l.close_id = k.close_id AND l.kind = ANY (kinds));
        cards := ARRAY(SELECT c FROM kefu.score_card c WHERE c.close_id = k.close_id AND c.kind = ANY (kinds));
    END IF;
    entries := ARRAY(SELECT e.entry_id FROM kefu.score_entry e
                      WHERE e.local_month = month AND e.kind = ANY (kinds) AND e.counters IS NULL
                        AND e.entry_id <= coalesce(k.last_entry, e.entry_id)
                        AND NOT EXISTS (SELECT FROM kefu.score_entry x
                                         WHERE x.counters = e.entry_id AND x.entry_id <= coalesce(k.last_entry, x.entry_id)));
END $$;
COMMENT ON FUNCTION kefu.score_edition(text, date, text[]) IS
'Lines, cards and the entries that stand, of a month as it was closed last; edition NULL: as it is counted now, since it was not closed. For the owner''s functions only (内部: 考核版本)';

CREATE FUNCTION kefu.report_scores(unit text, month date) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    u kefu.unit;
    before date := (month - interval '1 month')::date;
    kinds text[];
    now record;
    last record;
    made jsonb := '{}'::jsonb;
BEGIN
    SELECT x.* INTO u FROM kefu.unit x WHERE x.unit = report_scores.unit;
    IF u.parent IS NOT NULL THEN
        now := kefu.score_edition(u.parent, month, ARRAY[u.kind]);
        last := kefu.score_edition(u.parent, before, ARRAY[u.kind]);
        made := made || jsonb_build_object('by', u.parent, 'edition', now.edition, 'card', (
            SELECT to_jsonb(c) - '{close_id,unit}'::text[] || jsonb_build_object('previous_score', p.score, 'previous_rank', p.rank)
              FROM unnest(now.cards) AS c LEFT JOIN unnest(last.cards) AS p ON p.unit = c.unit WHERE c.unit = u.unit))
            || jsonb_build_object('lines', (
            SELECT jsonb_agg(to_jsonb(l) - '{close_id,unit,kind}'::text[]
                             || jsonb_build_object('previous_figure', p.figure, 'previous_points', p.points) ORDER BY l.weight DESC, l.kpi)
              FROM unnest(now.lines) AS l LEFT JOIN unnest(last.lines) AS p ON p.unit = l.unit AND p.kpi = l.kpi WHERE l.unit = u.unit))
            || jsonb_build_object('entries', (
            SELECT jsonb_agg(e.entry_id ORDER BY e.entry_id) FROM kefu.score_entry e WHERE e.entry_id = ANY (now.entries) AND e.unit = u.unit));
    END IF;
    -- All teams of the country are looked at when the month is closed, not for a page.
    kinds := ARRAY(SELECT DISTINCT t.kind FROM kefu.score_targets(u.unit) AS t WHERE t.kind <> 'team' OR t.unit = u.unit OR EXISTS (
                       SELECT FROM kefu.score_close c WHERE c.unit = u.unit AND c.local_month = month));
    now := kefu.score_edition(u.unit, month, kinds);
    last := kefu.score_edition(u.unit, before, kinds);
    RETURN jsonb_strip_nulls(made || jsonb_build_object('below_edition', now.edition, 'below', (
        SELECT jsonb_agg(to_jsonb(c) - 'close_id' || jsonb_build_object('previous_score', p.score, 'previous_rank', p.rank) ORDER BY c.kind, c.rank, c.unit)
          FROM unnest(now.cards) AS c LEFT JOIN unnest(last.cards) AS p ON p.unit = c.unit AND p.kind = c.kind)));
END $$;
COMMENT ON FUNCTION kefu.report_scores(text, date) IS
'What the monthly report of a unit tells of appraisals: its own card with all it is made of, and the cards of those it appraises, each beside the month before; as closed, or where it is not closed as counted now. For the owner''s functions only (内部: 月报考核; R4, R6)';
