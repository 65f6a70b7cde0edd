# What stands outside the extension and reads it: the dashboards, the shortcuts for psql, the
# Chinese views; and that nobody reads a customer's data there (R1, R94, R111).
#
# Every query of dashboards/ and doc/psqlrc is taken out of its file and run by a login that
# has nothing but its group role.  The macros of the tools are replaced by what their
# documentation says they become.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Encode qw(decode encode);
use File::Basename qw(basename);
use FindBin;
use JSON::PP;
use KefuCopy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = "$FindBin::Bin/../..";
my $server = new_told_server();
$server->safe_psql('desk', q{
	CREATE ROLE unregistered LOGIN IN ROLE kefu_analyst;
	ALTER ROLE plaza_operator LOGIN});

# Output and errors of a script on a connection of that login.
sub as
{
	my ($who, $sql) = @_;
	my ($rc, $out, $err) =
	  $server->psql('desk', encode('UTF-8', $sql), extra_params => [ '-U', $who ], on_error_stop => 0);

	return (decode('UTF-8', $out), decode('UTF-8', $err));
}

sub slurp
{
	my ($path) = @_;

	return decode('UTF-8', slurp_file("$tree/$path"));
}

# --- the dashboards --------------------------------------------------------------

# A query as its tool would send it.
sub of_grafana
{
	my ($sql) = @_;
	my ($from, $to) = ("'2026-02-01T00:00:00Z'", "'2027-04-01T00:00:00Z'");

	$sql =~ s/\$__timeFilter\(([^)]*)\)/$1 BETWEEN $from AND $to/g;
	$sql =~ s/\$__timeFrom\(\)/$from/g;
	$sql =~ s/\$__timeTo\(\)/$to/g;
	$sql =~ s/\$\{unit:sqlstring\}/'group','east','west','east.net','east.10000'/g;
	return $sql;
}

my %variable = (unit => "'east'", kpi => "'response_in_time'", section => "'4.2'", from_date => "DATE '2026-03-01'");

# Once as nobody has chosen anything, once with every variable set.
sub of_metabase
{
	my ($sql, $is_set) = @_;

	$sql =~ s/\[\[(.*?)\]\]/$is_set ? $1 : ''/ges;
	$sql =~ s/\{\{(\w+)\}\}/$variable{$1} \/\/ "no variable $1"/ge;
	return $sql;
}

# Asked as the analyst: "column type, column type ... N rows".
my %answer;
my $script = '';
sub ask
{
	my ($name, $sql) = @_;

	die "$name twice" if exists $answer{$name};
	$answer{$name} = '';
	$script .= "\\echo == $name\n$sql\n\\gdesc\nSELECT 'rows', count(*) FROM (\n$sql\n) AS x;\n";
}

sub answers
{
	my ($out, $err) = as('analyst', $script);
	my $name = 'before the first';

	is($err, '', 'every query runs');
	for my $line (split /\n/, $out)
	{
		if ($line =~ /^== (.*)/) { $name = $1 }
		elsif ($line =~ /^(\w+)\|(.*)/) { $answer{$name} .= "$1 $2, " }
	}
}

my %panel;
for my $path (sort glob "$tree/dashboards/grafana/*.json")
{
	my $file = basename($path);
	my $dashboard = eval { JSON::PP->new->utf8->decode(scalar slurp_file($path)) };
	my (%id, %at, @wrong);

	ok($dashboard, "$file is JSON") or next;
	unlike(slurp("dashboards/grafana/$file"), qr/password|user"|"url"|localhost|\d+\.\d+\.\d+\.\d+/i,
		"$file has no address and no password");
	my ($datasource) = grep { $_->{type} eq 'datasource' } @{ $dashboard->{templating}{list} };
	is($datasource->{query}, 'grafana-postgresql-datasource', "$file: the data source is a variable");
	like($dashboard->{$_}, qr/./, "$file has a $_") for qw(uid title schemaVersion);
	for my $variable (grep { $_->{type} eq 'query' } @{ $dashboard->{templating}{list} })
	{
		ask("$file variable $variable->{name}", of_grafana($variable->{query}));
	}
	for my $panel (@{ $dashboard->{panels} })
	{
		my ($title, $grid) = @$panel{qw(title gridPos)};
		my $name = "$file $title";

		push @wrong, "$title: one language" if $title !~ /\p{Han}.* [A-Z][ A-Za-z]+$/;
		push @wrong, "$title: no description" if ($panel->{description} // '') eq '';
		push @wrong, "$title: id twice" if $id{ $panel->{id} }++;
		push @wrong, "$title: wider than the page" if $grid->{x} + $grid->{w} > 24;
		for my $x ($grid->{x} .. $grid->{x} + $grid->{w} - 1)
		{
			for my $y ($grid->{y} .. $grid->{y} + $grid->{h} - 1)
			{
				push @wrong, "$title: lies on $at{$x, $y}" if $at{ $x, $y };
				$at{ $x, $y } = $title;
			}
		}
		push @wrong, "$title: not the variable's data source"
		  if grep { $_->{datasource}{uid} ne '${datasource}' } $panel, @{ $panel->{targets} };
		push @wrong, "$title: not one query" if @{ $panel->{targets} } != 1;
		$panel{$name} = $panel;
		ask($name, of_grafana($panel->{targets}[0]{rawSql}));
	}
	is("@wrong", '', "$file: its panels");
}
my %starter;
for my $tool (qw(metabase superset))
{
	for my $path (sort glob "$tree/dashboards/$tool/*.sql")
	{
		my $file = "$tool/" . basename($path);
		my $sql = slurp("dashboards/$file");

		$starter{$file} = 1;
		like($sql, qr/^-- .*\p{Han}.* [A-Z].*\n(-- .*\n)+SELECT /, "$file begins with its titles and what it is for");
		like(slurp('dashboards/README.md'), qr{`$file`}, "the README lists $file");
		ask($file, of_metabase($sql, 0));
		ask("$file, variables set", of_metabase($sql, 1)) if $sql =~ /\{\{/;
	}
}
cmp_ok(scalar keys %panel, '>', 15, 'there are panels');
cmp_ok(scalar keys %starter, '>', 8, 'there are starters');
unlike($script, qr/\$_|\$\{|\{\{|\[\[|\{%/, 'no macro is left');
answers();
is(join("\n", grep { $answer{$_} !~ /, rows [1-9]/ && !/variables set/ } sort keys %answer), '', 'each query brings rows');
for my $name (sort keys %panel)
{
	my $columns = $answer{$name} =~ s/rows \d+, $//r;
	# Names of tests are ASCII: newer servers' test harness takes no other.
	my $label = $name =~ s/[^ -~]+ ?//gr;
	my %is_column = map { (split / /)[0] => 1 } split /, /, $columns;

	like($columns, qr/^time timestamp with time zone, (metric text, )?(\w+ (bigint|numeric|integer)(, )?)+$/,
		"$label: instants, perhaps a name, numbers")
	  if $panel{$name}{targets}[0]{format} eq 'time_series';
	is(join(' ', grep { !$is_column{$_} } map { $_->{matcher}{options} } @{ $panel{$name}{fieldConfig}{overrides} }),
		'', "$label: what it renames is there");
	is(join(' ', grep { !/^time(?:stamp)?$/ && $columns =~ /\b$_ (?:json|interval|.*\[\])/ } keys %is_column), '', "$label: flat");
}
like($answer{"$_ variable unit"}, qr/^__value text, __text text, rows [1-9]/, "$_: the variable offers values and words")
  for qw(desk.json kpi.json rules.json);
like($answer{'superset/tickets.sql'}, qr/^ticket_id bigint, posted_at timestamp with time zone, /, 'Superset finds its temporal column');
like($answer{'superset/kpi_days.sql'}, qr/^local_date date, kpi text, /, 'and a date');

# --- the shortcuts ---------------------------------------------------------------

my $psqlrc = slurp('doc/psqlrc');
my $ticket = $server->safe_psql('desk', q{SELECT ticket_id FROM kefu.message WHERE native_id = '40'});
my @shortcuts = grep { !/^(ticket|unit|word|shortcuts)$/ } $psqlrc =~ /^\\set (\w+) /gm;
my ($for_all, $for_desk) = split /^-- For people at the desk\.$/m, $psqlrc;
my %at_desk = map { $_ => 1 } $for_desk =~ /^\\set (\w+) /gm;

sub run_shortcuts
{
	my ($who, @names) = @_;
	my ($out, $err) = as($who, "$psqlrc\n\\set ticket $ticket\n\\set unit east\n\\set word 及时\n"
		  . join '', map { "\\echo == $_\n:$_\n" } @names);
	my %got = $out =~ /^== (\w+)\n(.*?)(?=^== |\z)/gms;

	is($err, '', "the shortcuts run as $who");
	is(join(' ', grep { ($got{$_} // '') eq '' } @names), '', "and bring something");
	return \%got;
}

my $got = run_shortcuts('analyst', grep { !$at_desk{$_} } @shortcuts);
like($got->{whoami}, qr/^analyst\|/, ':whoami');
like($got->{words}, qr/^kpi_definitions\||^response_kpis\|/m, ':words finds a word of the comments');
$got = run_shortcuts('plaza_operator', grep { $_ ne 'shortcuts' } @shortcuts);
like($got->{explain}, qr/complaint $ticket, round 1/, ':explain is about the chosen ticket');
like($got->{work}, qr/^work_order\|/m, ':work lists the order');
my ($listed) = as('analyst', "$psqlrc\n:shortcuts\n");
is(join(' ', sort $listed =~ /(\w+) \p{Han}/g), join(' ', sort @shortcuts), ':shortcuts lists them all');

# --- the Chinese views -----------------------------------------------------------

# Rows and digest of each pair, and which differ; the columns are the same in their order.
my $pairs = q{
	SELECT format('SELECT %L, (SELECT count(*) || md5(coalesce(string_agg(v::text, E''\n'' ORDER BY v::text COLLATE "C"), ''''))'
	              ' FROM kefu_bi.%I v), (SELECT count(*) || md5(coalesce(string_agg(v::text, E''\n'' ORDER BY v::text COLLATE "C"), ''''))'
	              ' FROM kefu_bi_zh.%I v), (SELECT count(*) FROM kefu_bi.%1$I)', d.relation_name, d.relation_name, lower(d.relation_term_zh))
	  FROM (SELECT DISTINCT relation_name, relation_term_zh FROM kefu_bi.data_dictionary) d
	\gexec
};
my %rows;
for my $who (qw(analyst far_analyst unregistered))
{
	my ($out, $err) = as($who, "BEGIN ISOLATION LEVEL REPEATABLE READ;\n$pairs");
	my @pairs = map { [ split /\|/ ] } split /\n/, $out;

	is($err, '', "$who reads both schemas");
	is(join(' ', map { $_->[0] } grep { $_->[1] ne $_->[2] && $_->[0] ne 'whoami' } @pairs), '',
		"$who: each Chinese view has the rows of its original");
	$rows{$who} = { map { $_->[0] => $_->[3] } @pairs };
}
is_deeply([ map { $rows{$_}{dim_account} } qw(analyst far_analyst unregistered) ], [ 2, 1, 0 ],
	'row security of a published table holds');
is_deeply([ map { $rows{$_}{tickets} } qw(far_analyst unregistered) ], [ 0, 0 ], 'a stranger sees no ticket');
cmp_ok($rows{analyst}{tickets}, '>', 5, 'the reader of Group sees them');

# --- nothing of a customer's -----------------------------------------------------

# A number of a telephone, however it is written; hexadecimal digits of a key are none.
my %secret = (
	'a telephone number' => '(^|[^0-9a-f-])(1[3-9][0-9]([ -]?[0-9]){8}|0[0-9]{2,3}[ -]?[0-9]{7,8})($|[^0-9a-f-])',
	"a customer's name" => '小[乙丙丁]|访客|\mn(7[7-9]|8[0-4])\M',
	"a customer's address" => '某路',
	"a customer's id on the platform" => '77000012[0-9]{2}',
	'a name of our staff' => '[东西]甲|赵一');

# What each pattern finds as this login sees the published relations of that name, each read
# once: by pattern, a list of relations.
sub sweep
{
	my ($who, $name) = @_;
	my $patterns = join ', ', map { sprintf "('%s', '%s')", map { s/'/''/gr } $_, $secret{$_} } sort keys %secret;
	my ($out, $err) = as($who, qq{
		SELECT format('SELECT p.what, %L FROM (SELECT string_agg(v::text, chr(10)) AS rows FROM %s v) x,'
		              ' (VALUES %s) AS p(what, pattern) WHERE x.rows ~ p.pattern',
		              c.relname, c.oid::regclass, \$patterns\$$patterns\$patterns\$)
		  FROM pg_class c
		 WHERE c.relnamespace IN ('kefu_bi'::regnamespace, 'kefu_bi_zh'::regnamespace)
		   AND c.relkind IN ('v', 'r') AND c.relname LIKE '$name'
		\\gexec
	});
	my %found = map { $_ => [] } keys %secret;

	is($err, '', "$who looks into every view like $name");
	push @{ $found{$_->[0]} }, $_->[1] for map { [ split /\|/ ] } split /\n/, $out;
	return \%found;
}

my %chinese = map { split /\|/ } split /\n/, decode('UTF-8', $server->safe_psql('desk',
	q{SELECT DISTINCT relation_name, relation_term_zh FROM kefu_bi.data_dictionary}));
my $found = sweep('analyst', '%');
for my $what (sort keys %secret)
{
	is(join(' ', @{ $found->{$what} }), '', "the analyst finds $what nowhere");
}
# It would have been found: the desk holds it all, a view that showed it would be seen, and
# who works on the ticket reads it.
my $planted = q{
	CREATE VIEW kefu_bi.planted AS
	SELECT m.text, (SELECT string_agg(i.native_id || ' ' || i.screen_name, ' ') FROM kefu.identity i) AS persons,
	       (SELECT string_agg(s.name, ' ') FROM kefu.staff s) AS staff
	  FROM kefu.message m;
	GRANT SELECT ON kefu_bi.planted TO kefu_analyst};
$server->safe_psql('desk', $planted);
$found = sweep('analyst', 'planted');
is(join("\n", grep { " @{ $found->{$_} } " !~ / planted / } sort keys %secret), '',
	'a view that shows it is found by each pattern');
$server->safe_psql('desk', 'DROP VIEW kefu_bi.planted');
my ($read) = as('plaza_operator', "SELECT kefu.card($ticket); SELECT * FROM kefu.worklist('east');");
like($read, qr/13912345678/, 'an operator reads the number in the post');
like($read, qr/访客陈小乙/, "and the customer's screen name");
# Who works at the desk reads in the same views what an analyst doesn't: the log that R112
# prescribes with the id on the platform; its leader who answers for what was done.
$found = sweep('plaza_operator', 'complaint_log');
is(join(' ', @{ $found->{"a customer's id on the platform"} }), 'complaint_log', 'an operator reads the microblog id in the log');
$found = sweep('plaza_operator', 'deletions');
is(join(' ', @{ $found->{'a name of our staff'} }), 'deletions', 'and who asked for a deletion');

done_testing();
