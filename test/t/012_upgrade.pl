# Upgrade: an updated extension is the same as a freshly installed one, object
# for object (upgrade/fingerprint.sql), and the desk's rows and its trail live
# through it (R8, R101).
#
# Each script in upgrade/released is installed and updated.  While nothing has
# been released the way is walked with a version made here: the current script
# with its objects put back to something older, and the update that mends it.
# The comparison is believed only because each kind of difference is made once
# and found.

use strict;
use warnings;
use File::Basename qw(basename);
use File::Copy qw(copy);
use File::Path qw(make_path);
use FindBin;
use KefuCopy;
use KefuDesk;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = "$FindBin::Bin/../..";
chomp(my $share = `$ENV{PG_CONFIG} --sharedir`);
my $extensions = "$share/extension";
my ($version) = slurp_file("$tree/pg_kefu.control") =~ /^default_version = '(.*)'$/m
  or die 'no default_version';
my $shipped = slurp_file("$extensions/pg_kefu--$version.sql");
my $fingerprint = slurp_file("$tree/upgrade/fingerprint.sql");

# Scripts of this test, beside the shipped ones and gone at the end.
my @written;
sub write_script
{
	my ($name, $text) = @_;
	my $path = "$extensions/pg_kefu--$name.sql";

	die "$path is there" if -e $path;
	push @written, $path;
	append_to_file($path, $text);
}
END
{
	unlink @written;
}

plan skip_all => 'the installed extension is not ours to add scripts to' if !-w $extensions;

my $server = new_server('main', 'kefu.test_clock = on');
$server->start;

# A database with this version of the extension, or the default one.
sub install
{
	my ($database, $of) = @_;

	$server->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
	$server->safe_psql($database, 'CREATE EXTENSION pg_kefu' . ($of ? " VERSION '$of'" : ''));
}

sub fingerprint
{
	my ($database, $alter) = @_;

	return $server->safe_psql($database, join "\n", 'BEGIN;', $alter // '', $fingerprint, 'ROLLBACK;');
}

# Lines that only one of two fingerprints has, with < or > before them.
sub differences
{
	my ($left, $right) = @_;
	my %seen;

	$seen{$_}-- for split /\n/, $left;
	$seen{$_}++ for split /\n/, $right;
	my @differences = sort map { ($seen{$_} < 0 ? '< ' : '> ') . substr $_, 0, 200 } grep { $seen{$_} } keys %seen;
	return @differences;
}

sub is_same
{
	my ($left, $right, $what) = @_;
	my @differences = differences($left, $right);

	ok(!@differences, $what) or diag(join "\n", @differences[0 .. ($#differences > 19 ? 19 : $#differences)]);
}

# --- the fingerprint can fail -------------------------------------------------------

install('fresh');
install('again');
my $fresh = fingerprint('fresh');
cmp_ok(scalar(() = $fresh =~ /^\Q$_\E\t/mg), '>', 5, "the fingerprint has lines of $_")
  for qw(object relation column definition right comment dumped rows), 'initial right';
is_same($fresh, fingerprint('again'), 'two fresh installations are the same');

my %alteration = (
	'a comment' => q{COMMENT ON FUNCTION kefu.now() IS 'the time'},
	'the comment of a column' => q{COMMENT ON COLUMN kefu.seal.root IS 'of trees'},
	'a comment less' => q{COMMENT ON TABLE kefu.seal IS NULL},
	'a default' => q{ALTER TABLE kefu.ticket ALTER state SET DEFAULT 'new'},
	'a type' => q{ALTER TABLE kefu.ledger ALTER ledger_id TYPE integer},
	'a column more' => q{ALTER TABLE kefu.digest ADD more text},
	'a column that may be null' => q{ALTER TABLE kefu.digest ALTER opened_at DROP NOT NULL},
	'an index less' => q{DROP INDEX kefu.outbound_native},
	'a constraint less' => q{ALTER TABLE kefu.outbound DROP CONSTRAINT outbound_state},
	'a storage parameter' => q{ALTER TABLE kefu.outbound SET (fillfactor = 70)},
	'a trigger that is off' => q{ALTER TABLE kefu.audit_event DISABLE TRIGGER refuse_change},
	'a body' => q{CREATE OR REPLACE FUNCTION kefu.epoch_us(at timestamptz) RETURNS bigint
		LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT RETURN 0::bigint},
	'volatility' => q{ALTER FUNCTION kefu.tick(integer, integer) STABLE},
	'a search path' => q{ALTER FUNCTION kefu.go_live(text) RESET search_path},
	'a definer' => q{ALTER FUNCTION kefu.go_live(text) SECURITY INVOKER},
	'a right more' => q{GRANT EXECUTE ON FUNCTION kefu.now() TO PUBLIC},
	'a right less' => q{REVOKE EXECUTE ON FUNCTION kefu.health() FROM pg_monitor},
	'a view' => q{CREATE OR REPLACE VIEW kefu.stat_worker AS SELECT * FROM kefu.worker_stats() LIMIT 1},
	'an option of a view' => q{ALTER VIEW kefu.stat_clock RESET (security_barrier)},
	'a sequence' => q{ALTER SEQUENCE kefu.audit_event_id_seq INCREMENT 2},
	'a member less' => q{ALTER EXTENSION pg_kefu DROP FUNCTION kefu.now()},
	'a dump mark less' => q{UPDATE pg_extension SET extconfig = extconfig[2:], extcondition = extcondition[2:]
		WHERE extname = 'pg_kefu'},
	'a filter on a dump' => q{UPDATE pg_extension SET extcondition[1] = 'WHERE false' WHERE extname = 'pg_kefu'},
	'a row of the engine' => q{SET LOCAL session_replication_role = replica;
		DELETE FROM kefu.transition WHERE ctid = (SELECT min(ctid) FROM kefu.transition)});
ok(scalar differences($fresh, fingerprint('again', "$alteration{$_};")), "it sees $_")
  for sort keys %alteration;
is_same($fresh, fingerprint('again'), 'and they are the same again');

# --- what was released -----------------------------------------------------------

my %kept = map { basename($_, '.sql') =~ s/^pg_kefu--//r => $_ } glob "$tree/upgrade/released/pg_kefu--*.sql";
my ($heading) = slurp_file("$tree/CHANGELOG.md") =~ /^## (.*)$/m;

# A version is either kept or called unreleased: nobody can meet two of one name.
is($heading, $kept{$version} ? $version : "$version (unreleased)", 'CHANGELOG says what is released');
for my $of (sort keys %kept)
{
	my $database = 'from_' . $of =~ s/\W/_/gr;

	write_script("kept.$of", slurp_file($kept{$of}));
	install($database, "kept.$of");
	if ($of eq $version)
	{
		is_same(fingerprint($database), $fresh, "$of is what was released")
		  or diag("$of is released: raise default_version in pg_kefu.control");
		next;
	}
	write_script($of, slurp_file($kept{$of})) if !-e "$extensions/pg_kefu--$of.sql";
	$server->safe_psql($database, 'DROP EXTENSION pg_kefu');
	$server->safe_psql($database, "CREATE EXTENSION pg_kefu VERSION '$of'; ALTER EXTENSION pg_kefu UPDATE");
	is_same(fingerprint($database), $fresh, "$of updated is the same as $version");
}

# --- the way, walked ------------------------------------------------------------

my ($audit_index) = $shipped =~ /^(CREATE INDEX audit_event_default_id\b.*?;)/ms or die 'no such index';
my $older = $shipped . q{
DROP INDEX kefu.audit_event_default_id;
ALTER TABLE kefu.digest ADD COLUMN bygone text;
COMMENT ON TABLE kefu.seal IS 'what it was called once';
CREATE FUNCTION kefu.bygone() RETURNS integer LANGUAGE sql RETURN 1;
SELECT pg_catalog.pg_extension_config_dump('kefu.machine', '');
};
my ($seal_comment) = $shipped =~ /^(COMMENT ON TABLE kefu\.seal IS .*?;)$/m or die 'no such comment';
my $update = qq{
\\echo Use "ALTER EXTENSION pg_kefu UPDATE" to load this file. \\quit
$audit_index
ALTER TABLE kefu.digest DROP COLUMN bygone;
DROP FUNCTION kefu.bygone();
UPDATE pg_catalog.pg_extension e
   SET extconfig = (SELECT pg_catalog.array_agg(m.r ORDER BY m.n)
                      FROM pg_catalog.unnest(e.extconfig) WITH ORDINALITY AS m(r, n)
                     WHERE m.r OPERATOR(pg_catalog.<>) 'kefu.machine'::pg_catalog.regclass),
       extcondition = e.extcondition[2:]
 WHERE e.extname OPERATOR(pg_catalog.=) 'pg_kefu';
};
write_script('drill', $older);
write_script("drill--$version", $update . $seal_comment);
write_script('drill--forgetful', $update);

install('forgetful', 'drill');
is(scalar(grep { /^> / } differences($fresh, fingerprint('forgetful'))) > 4, 1, 'an older version is another one');
$server->safe_psql('forgetful', q{ALTER EXTENSION pg_kefu UPDATE TO 'forgetful'});
is_deeply(
	[ map { /^(. \w+)/ } differences($fresh, fingerprint('forgetful')) ],
	[ '< comment', '> comment' ],
	'an update that forgets one comment is found out');

# A desk at work under the older version; the worker waits until it is updated.
my $make_extension = q{CREATE EXTENSION pg_kefu VERSION 'drill'};
make_database($server);
$server->safe_psql('desk', $make_extension);
register_admin($server);
$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/filled.psql"),
	extra_params => [ '-v', "plaza=$FindBin::Bin/../lib/plaza.psql", '-v', 'far=https://plaza.example' ]);
worker_is($server, 'desk', $_, 'version mismatch', "$_ waits for the update") for 'kefu clock', 'kefu net';
my $rows = rows_of($server, 'desk');
my $kept_seal = last_seal($server, 'desk');

$server->safe_psql('desk', 'ALTER EXTENSION pg_kefu UPDATE');
worker_is($server, 'desk', $_, 'waiting go_live', "$_ goes on after it") for 'kefu clock', 'kefu net';
is(rows_of($server, 'desk', 'seal'), join("\n", grep { !/^seal\|/ } split /\n/, $rows), 'no row was touched');
is($server->safe_psql('desk', 'SELECT * FROM kefu.verify_audit()'), '', 'the trail is whole');
like(verifies_export($server, 'desk', $kept_seal), qr/^ok: /, 'and under the seal that was kept');
$server->safe_psql('fresh', 'SELECT FROM kefu.create_roles()');
is_same(fingerprint('desk') =~ s/^right\t.*\n//mgr, fingerprint('fresh') =~ s/^right\t.*\n//mgr,
	'the updated desk has the same extension as a fresh one');
$server->safe_psql('desk', 'SELECT FROM kefu.create_roles()');
is_same(fingerprint('desk'), fingerprint('fresh'), 'and after create_roles() the same rights');
$server->stop;

# --- keeping a release ------------------------------------------------------------

my $copy = PostgreSQL::Test::Utils::tempdir();
system_or_bail('cp', '-r', (map { "$tree/$_" } qw(Makefile objects.mk fragments.mk pg_kefu.control sql doc)), $copy);
make_path("$copy/upgrade");
copy("$tree/upgrade/release", "$copy/upgrade/release");
append_to_file("$copy/CHANGELOG.md", "# Changes\n\n## $version (unreleased)\n");
my @release = ('sh', "$copy/upgrade/release");
command_fails_like(\@release, qr/may still say unreleased/, 'what is unreleased is not kept');
append_to_file("$copy/CHANGELOG.md", "## $version\n");
command_like(\@release, qr/^kept /, 'a release is kept');
is(slurp_file("$copy/upgrade/released/pg_kefu--$version.sql"), $shipped, 'as it is installed');
command_fails_like(\@release, qr/is released: raise/, 'but not twice');

done_testing();
