# LibreOffice reads the desk as an analyst does: Base over its driver for PostgreSQL, a login with
# nothing but kefu_analyst, Chinese views imported into a spreadsheet; what stands in the stored
# file is what psql shows, cell by cell and type by type (R1, R94, R111).
#
# KEFU_LIBREOFFICE names the folder that test/lib/libreoffice.sh filled.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Encode qw(decode encode);
use FindBin;
use JSON::PP;
use KefuCopy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $LIMIT = 240;	# seconds for one session of LibreOffice; then its whole group is killed
my $root = eval { slurp_file(($ENV{KEFU_LIBREOFFICE} // '') . '/complete') };
plan skip_all => 'KEFU_LIBREOFFICE names no folder with LibreOffice' if !defined $root;
chomp $root;

my $server = new_told_server();

# The answer as characters; the login is the superuser unless it is named.
sub answer
{
	my ($sql, @login) = @_;

	return decode('UTF-8', $server->safe_psql('desk', encode('UTF-8', $sql),
		extra_params => [ map { ('-U', $_) } @login ]));
}

# What LibreOffice got as this login.
sub open_office
{
	my ($login, @relations) = @_;
	my $work = PostgreSQL::Test::Utils::tempdir($login);
	my $program = "$root/usr/lib/libreoffice/program";
	my ($host, $port) = ($server->host, $server->port);
	local $ENV{HOME} = $work;
	local $ENV{LD_LIBRARY_PATH} = "$program:$root/usr/lib/x86_64-linux-gnu:$root/usr/lib/lp_solve";
	local $ENV{PYTHONPATH} = "$root/usr/lib/python3/dist-packages:$program";
	my @command = ('timeout', '-k', 10, $LIMIT, '/usr/bin/python3', "$FindBin::Bin/libreoffice.py",
		$root, $work, "sdbc:postgresql:host=$host port=$port dbname=desk", $login,
		map { encode('UTF-8', $_) } @relations);
	my ($out, $err) = ('', '');

	ok(IPC::Run::run(\@command, '>', \$out, '2>', \$err), "$login: LibreOffice did it") or diag($err);
	return JSON::PP->new->utf8->decode($out);
}

# The rows as a spreadsheet should hold them: numbers, dates, logical values, the rest as words.
sub expected
{
	my ($login, $relation) = @_;
	my $columns = answer(qq{
		SELECT string_agg(format('CASE WHEN %1\$I IS NOT NULL THEN jsonb_build_array(%2\$L, %1\$I::text) END', attname,
		           CASE WHEN atttypid IN ('int4'::regtype, 'int8'::regtype, 'int2'::regtype, 'numeric'::regtype) THEN 'float'
		                WHEN atttypid = 'date'::regtype THEN 'date'
		                WHEN atttypid = 'bool'::regtype THEN 'boolean' ELSE 'string' END), ', ' ORDER BY attnum)
		  FROM pg_attribute WHERE attrelid = '$relation'::regclass AND attnum > 0});
	my $rows = answer("SELECT coalesce(jsonb_agg(jsonb_build_array($columns)), '[]') FROM $relation", $login);
	my $names = answer(qq{
		SELECT jsonb_agg(jsonb_build_array('string', attname) ORDER BY attnum)
		  FROM pg_attribute WHERE attrelid = '$relation'::regclass AND attnum > 0});

	return map { JSON::PP->new->decode($_) } $names, $rows;
}

# A row as one line, with numbers written in one way and empty cells at the end left out.
sub line
{
	my ($row) = @_;
	my @cells = map { !defined $_ ? '' : $_->[0] eq 'float' ? 'float ' . $_->[1] * 1 : "$_->[0] $_->[1]" } @$row;

	pop @cells while @cells && $cells[-1] eq '';
	return join '|', @cells;
}

my @relations = qw(kefu_bi_zh.工单 kefu_bi_zh.时限 kefu_bi_zh.指标（按日） kefu_bi_zh.机构维度
	kefu_bi_zh.投诉记录表 kefu_bi_zh.账号维度 kefu_bi.tickets);

sub check_session
{
	my ($login) = @_;
	my $got = open_office($login, @relations);
	my $published = answer(q{
		SELECT string_agg(c.oid::regclass::text, E'\n' ORDER BY c.oid::regclass::text COLLATE "C") FROM pg_class c
		 WHERE c.relnamespace IN ('kefu_bi'::regnamespace, 'kefu_bi_zh'::regnamespace) AND c.relkind IN ('r', 'v')});

	like("$got->{product} by $got->{driver}", qr/^PostgreSQL by postgresql-sdbc/, "$login: over the driver for PostgreSQL");
	is(join("\n", sort @{ $got->{offered} }), $published =~ s/"//gr,
		"$login: Base offers every published relation");
	for my $relation (@relations)
	{
		my $sheet = $got->{sheets}{ $relation =~ s/\./ /r };
		my ($names, $rows) = expected($login, $relation);

		is(line(shift @$sheet), line($names), "$login: $relation has its columns");
		is(join("\n", sort map { line($_) } @$sheet), join("\n", sort map { line($_) } @$rows), "$login: and its rows");
	}
	return $got->{sheets};
}

my $sheets = check_session('analyst');
cmp_ok(scalar @{ $sheets->{'kefu_bi_zh 工单'} }, '>', 5, 'there are tickets');
my ($first) = grep { /^float 1\|/ } map { line($_) } @{ $sheets->{'kefu_bi_zh 工单'} };
like($first, qr/\|string 投诉\|/, 'labels are Chinese');
like($first, qr/\|string 2026-03-02 09:00:00\+08\|date 2026-03-02\|float 9\|/, "instants are Beijing's, with date and hour beside them");
my $all = JSON::PP->new->encode($sheets);
like($all, qr/139\*\*\*\*5678/, 'the number in the complaint is masked');
unlike($all, qr/1[3-9][0-9]{9}\b|小乙|某路8号/, 'nobody is named, no number is whole');

$sheets = check_session('far_analyst');
is(scalar @{ $sheets->{'kefu_bi_zh 工单'} }, 0, 'the reader of another unit sees no ticket');
is(scalar @{ $sheets->{'kefu_bi_zh 账号维度'} }, 1, 'and only the account of that unit');

done_testing();
