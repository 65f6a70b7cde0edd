#!/usr/bin/perl
# build.pl: the KPIs as SQL, made of one row a KPI.
#
#   build.pl KPIS.CSV
#
# Prints the rows of kefu_bi.kpi_definitions, the views of the rollups by day,
# week and month, and the wide view with columns for each KPI.  What a KPI
# means is written once, in the CSV, and becomes row and column comments.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

my %ZERO = (
	count => '0 none',
	pct => 'a share of nothing is NULL, never 0 or 100',
	seconds => 'NULL without a case',
	mean => 'NULL without a case',
	flow => '0 no change');

# One line of CSV as a list of fields; quotes are doubled inside quotes.
sub fields
{
	my ($line) = @_;
	my @fields;

	while ($line =~ /\G(?:"((?:[^"]|"")*)"|([^",]*))(,|\z)/g)
	{
		push @fields, defined $1 ? $1 =~ s/""/"/gr : $2;
		last if $3 eq '';
	}
	return @fields;
}

sub literal
{
	my ($value) = @_;

	return $value eq '' ? 'NULL' : "'" . ($value =~ s/'/''/gr) . "'";
}

my ($path) = @ARGV;
die "usage: build.pl KPIS.CSV\n" if !defined $path;
open my $file, '<', $path or die "$path: $!\n";
chomp(my @lines = <$file>);
my @names = fields(shift @lines);
my @kpis;
for my $line (@lines)
{
	my @fields = fields($line);
	die "malformed: $line\n" if @fields != @names;
	my %kpi;
	@kpi{@names} = @fields;
	die "unknown measure: $line\n" if !exists $ZERO{ $kpi{measure} };
	push @kpis, \%kpi;
}

print "-- The KPIs, made of sql/kpi by sql/kpi/build.pl.\n\n",
  "INSERT INTO kefu_bi.kpi_definitions (sort, kpi, measure, is_higher_better, label_zh, label_en,\n",
  "    population, clock, period_rule, exclusions, zero_rule, definition_zh, rulebook)\nVALUES\n    ",
  join(",\n    ",
	map {
		my $k = $_;
		'(' . join(', ', $k->{sort}, literal($k->{kpi}), literal($k->{measure}),
			{ '' => 'NULL', higher => 'true', lower => 'false' }->{ $k->{better} },
			map { literal($_) } @$k{qw(label_zh label_en population clock period_rule exclusions)},
			$ZERO{ $k->{measure} }, @$k{qw(definition_zh rulebook)}) . ')'
	} @kpis), ";\n";

# --- long views: one row a KPI ------------------------------------------------

my @COLUMNS = (
	[kpi => 'KPI (指标)'],
	[kpi_label_zh => 'Chinese label of kpi (指标标签)'],
	[kpi_label_en => 'English label of kpi (指标英文标签)'],
	[measure => 'count, pct, seconds, mean or flow: which columns hold it (度量方式)'],
	[unit => 'handling unit; of work orders the department (处理机构; ruling 24)'],
	[unit_label_zh => 'Chinese label of unit (处理机构标签)'],
	[unit_label_en => 'English label of unit (处理机构英文标签)'],
	[platform => 'platform; none where none (平台)'],
	[platform_label_zh => 'Chinese label of platform (平台标签)'],
	[platform_label_en => 'English label of platform (平台英文标签)'],
	[kind => 'kind of ticket, or what else it is about (类型)'],
	[kind_label_zh => 'Chinese label of kind (类型标签)'],
	[kind_label_en => 'English label of kind (类型英文标签)'],
	[case_count => 'cases: the denominator of a share or mean (计数基数)'],
	[hit_count => 'of them those that count as hits, for a share; NULL for other measures (命中数)'],
	[value_sum => 'sum of seconds, of values or of changes; NULL for a share (合计值)'],
	[pct => 'hit_count of case_count, 0 to 100; NULL for other measures and where that is 0 (比率)'],
	[mean_value => 'value_sum by case_count; NULL for a share (均值)'],
	[is_small => 'fewer than 30 cases: the figure says little (是否小样本; ruling 24)'],
	[is_ranked => 'at least 10 cases: may stand in a ranking (是否参与排名; ruling 24)']);
my @GRAINS = (
	[day => 'Beijing day', '日'],
	[week => 'Monday of the week', '周'],
	[month => 'first day of the month', '月']);

for my $grain (@GRAINS)
{
	my ($name, $date, $zh) = @$grain;
	my $view = "kefu_bi.kpi_${name}s";

	print <<"SQL";

CREATE VIEW $view WITH (security_barrier) AS
SELECT c.local_date,
       c.kpi,
       d.label_zh AS kpi_label_zh,
       d.label_en AS kpi_label_en,
       d.measure,
       c.unit,
       u.label_zh AS unit_label_zh,
       u.label_en AS unit_label_en,
       c.platform,
       p.label_zh AS platform_label_zh,
       p.label_en AS platform_label_en,
       c.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       c.case_count,
       CASE WHEN d.measure = 'pct' THEN c.hit_count END AS hit_count,
       CASE WHEN d.measure <> 'pct' THEN c.value_sum END AS value_sum,
       CASE WHEN d.measure = 'pct' THEN round(100.0 * c.hit_count / nullif(c.case_count, 0), 2) END AS pct,
       CASE WHEN d.measure IN ('seconds', 'mean') THEN round(c.value_sum::numeric / nullif(c.case_count, 0), 2) END AS mean_value,
       c.case_count < 30 AS is_small,
       c.case_count >= 10 AS is_ranked
  FROM kefu_bi.kpi_cells c
  JOIN kefu_bi.kpi_definitions d ON d.kpi = c.kpi
  JOIN kefu_bi.dim_unit u ON u.unit = c.unit
  JOIN kefu_bi.dim_platform p ON p.platform = c.platform
  JOIN kefu_bi.dim_kind k ON k.kind = c.kind
 WHERE c.grain = '$name' AND c.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW $view IS
'KPIs a $name, unit, platform and kind, from the rollup; kefu_bi.kpi_definitions says what each counts. Counts may be added up and shares made of the sums; shares may not be averaged. Zero rule: that of each KPI; a share or mean of nothing is NULL (指标（按$zh）; R1, R4, rulings 1, 24)';
COMMENT ON COLUMN $view.local_date IS '$date (日期)';
SQL
	printf "COMMENT ON COLUMN %s.%s IS '%s';\n", $view, @$_ for @COLUMNS;
}

# --- the wide view: columns for each KPI --------------------------------------

# What follows the KPI's label in the Chinese name of a column; a count and a
# share go by the label alone.
my %TERM = (
	count => '',
	case_count => '基数',
	hit_count => '命中数',
	pct => '',
	mean_value => '均值',
	avg_seconds => '平均秒数',
	median_seconds => '中位秒数',
	p90_seconds => '九十分位秒数',
	is_small => '是否小样本');

my (@select, @comments);

sub column
{
	my ($kpi, $suffix, $sql, $what) = @_;
	my $about = "population: $kpi->{population}; clock: $kpi->{clock}; window: $kpi->{period_rule}; "
	  . "left out: $kpi->{exclusions}; zero: $ZERO{$kpi->{measure}}";

	push @select, "       $sql AS $kpi->{kpi}_$suffix";
	push @comments, [ "$kpi->{kpi}_$suffix", "$what - $about ($kpi->{label_zh}$TERM{$suffix}; $kpi->{rulebook})" =~ s/'/''/gr ];
}

for my $kpi (grep { $_->{measure} ne 'flow' } @kpis)
{
	my $of = "FILTER (WHERE c.kpi = '$kpi->{kpi}')";
	my $cases = "coalesce(sum(c.case_count) $of, 0)::bigint";
	my $value = "sum(c.value_sum) $of";

	if ($kpi->{measure} eq 'count')
	{
		column($kpi, 'count', $cases, "$kpi->{label_en}");
		next;
	}
	column($kpi, 'case_count', $cases, "$kpi->{label_en}: cases");
	if ($kpi->{measure} eq 'pct')
	{
		column($kpi, 'hit_count', "coalesce(sum(c.hit_count) $of, 0)::bigint", "$kpi->{label_en}: hits");
		column($kpi, 'pct', "round(100.0 * sum(c.hit_count) $of / nullif(sum(c.case_count) $of, 0), 2)",
			"$kpi->{label_en}: share, 0 to 100");
	}
	elsif ($kpi->{measure} eq 'mean')
	{
		column($kpi, 'mean_value', "round($value / nullif(sum(c.case_count) $of, 0), 2)", "$kpi->{label_en}: mean");
	}
	else
	{
		column($kpi, 'avg_seconds', "round($value / nullif(sum(c.case_count) $of, 0))::bigint",
			"$kpi->{label_en}: mean in seconds");
		column($kpi, 'median_seconds', "kefu.percentile(c.bucket, c.case_count, 0.5) $of",
			"$kpi->{label_en}: median in seconds, to 1 in 64");
		column($kpi, 'p90_seconds', "kefu.percentile(c.bucket, c.case_count, 0.9) $of",
			"$kpi->{label_en}: ninth decile in seconds, to 1 in 64");
	}
	column($kpi, 'is_small', "coalesce(sum(c.case_count) $of, 0) < 30",
		"$kpi->{label_en}: fewer than 30 cases, it says little");
}

my $columns = join ",\n", @select;
print <<"SQL";

CREATE VIEW kefu_bi.unit_kpis WITH (security_barrier) AS
SELECT c.grain,
       c.local_date,
       c.unit,
       u.label_zh AS unit_label_zh,
       u.label_en AS unit_label_en,
$columns
  FROM (SELECT c.grain, c.local_date, c.unit, c.kpi, NULL::integer AS bucket, c.case_count, c.hit_count, c.value_sum
          FROM kefu_bi.kpi_cells c JOIN kefu_bi.kpi_definitions d ON d.kpi = c.kpi
         WHERE c.unit = ANY ((SELECT kefu.my_units())::text[]) AND d.measure NOT IN ('seconds', 'flow')
        UNION ALL
        -- The buckets of a duration count what its cells do; their sum goes with the first.
        SELECT b.grain, b.local_date, b.unit, b.kpi, b.bucket, b.case_count, NULL, b.value_sum
          FROM kefu_bi.kpi_buckets b
         WHERE b.unit = ANY ((SELECT kefu.my_units())::text[])) AS c
  JOIN kefu_bi.dim_unit u ON u.unit = c.unit
 GROUP BY c.grain, c.local_date, c.unit, u.label_zh, u.label_en;
COMMENT ON VIEW kefu_bi.unit_kpis IS
'Every KPI as columns, one row a handling unit and day, week or month in which it has any case; units are alone, without those below them. Zero rule: a count of nothing is 0, a share, mean or time of nothing NULL (机构指标宽表; R1, R4, rulings 1, 24)';
COMMENT ON COLUMN kefu_bi.unit_kpis.grain IS 'day, week or month (统计周期)';
COMMENT ON COLUMN kefu_bi.unit_kpis.local_date IS 'the day, the Monday of the week, the first of the month, in Beijing (日期)';
COMMENT ON COLUMN kefu_bi.unit_kpis.unit IS 'handling unit; of work orders the department (处理机构)';
COMMENT ON COLUMN kefu_bi.unit_kpis.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.unit_kpis.unit_label_en IS 'English label of unit (处理机构英文标签)';
SQL
printf "COMMENT ON COLUMN kefu_bi.unit_kpis.%s IS '%s';\n", @$_ for @comments;
