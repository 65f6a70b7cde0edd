# The life of the launcher and the workers: what they wait for, what ends them,
# and that nothing but a crash of theirs disturbs the server.

use strict;
use warnings;
use KefuDesk;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @workers = ('kefu clock', 'kefu net');
my $server = new_server('main', 'restart_after_crash = on');

sub all_are
{
	my ($database, $state, $what) = @_;

	worker_is($server, $database, $_, $state, "$_: $what") for @workers;
}

# --- waiting -----------------------------------------------------------------

# The view is part of the extension, so it is read in another database.
$server->start;
$server->safe_psql('postgres', 'CREATE EXTENSION pg_kefu');
all_are('postgres', 'waiting database', 'waits for the database');
make_database($server);
all_are('postgres', 'waiting role', 'waits for the role');
$server->safe_psql('postgres', 'CREATE ROLE kefu_worker NOLOGIN');
$server->safe_psql('postgres', 'SELECT pg_sleep(2.5)');    # one look of the launcher
all_are('postgres', 'waiting role', 'a role that cannot log in will not do');
$server->safe_psql('postgres', 'ALTER ROLE kefu_worker LOGIN CONNECTION LIMIT 0');
all_are('postgres', 'waiting extension', 'waits for the extension');
make_extension($server);
register_admin($server);
all_are('desk', 'waiting go_live', 'waits for kefu.go_live()');
is(seen_in_log($server, qr/kefu launcher: waiting for database/), 1, 'each wait is logged once');
is(seen_in_log($server, qr/kefu launcher: waiting for role/), 1, 'also that for the role');
is(seen_in_log($server, qr/kefu net: waiting for extension/), 1, 'and for the extension');
is(seen_in_log($server, qr/FATAL/), 0, 'no process died while waiting');

# --- modes -------------------------------------------------------------------

$server->safe_psql('desk', 'SELECT kefu.rehearse()');
all_are('desk', 'rehearsing', 'rehearses');
$server->safe_psql('desk', 'SELECT kefu.go_live()');
all_are('desk', 'running', 'runs');
$server->safe_psql('desk', q{SELECT kefu.stop_desk('drill')});
all_are('desk', 'waiting go_live', 'stops');
$server->safe_psql('desk', 'SELECT kefu.go_live()');
all_are('desk', 'running', 'runs again');
is( $server->safe_psql('desk', q{
		SELECT string_agg(event, ' ' ORDER BY seq) FROM kefu.audit_event WHERE machine = 'desk'}),
	'rehearsed went_live stopped went_live', 'the ledger has all of it');
my ($rc, undef, $stderr) = $server->psql('desk', q{SELECT kefu.stop_desk(' ')},
	extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($stderr, qr/KF002/, 'stopping takes a reason');
like( ($server->psql('desk', q{SELECT kefu.go_live('elsewhere')}))[2],
	qr/not node "elsewhere"/, 'going live elsewhere is refused');

# --- a copy ------------------------------------------------------------------

$server->append_conf('postgresql.conf', "kefu.node = 'copy'");
my $from = -s $server->logfile;
$server->reload;
all_are('desk', 'foreign copy', 'a copy is noticed');
is(seen_in_log($server, qr/kefu clock: this is a foreign copy/, $from), 1, 'one log line');
like(($server->psql('desk', 'SELECT kefu.go_live()'))[2],
	qr/went live elsewhere/, 'a copy does not go live');
is($server->safe_psql('desk', q{SELECT feeds_released FROM kefu.take_over('the other is gone')}),
	'0', 'but it can take over');
all_are('desk', 'running', 'and then runs');

# --- switched off and on -----------------------------------------------------

$server->append_conf('postgresql.conf', 'kefu.enabled = off');
$server->reload;
all_are('desk', 'disabled', 'switched off');
is( $server->safe_psql('postgres',
		q{SELECT count(*) FROM pg_stat_activity WHERE backend_type IN ('kefu clock', 'kefu net')}),
	'0', 'nobody is left in the database');
$server->safe_psql('postgres', 'ALTER DATABASE desk RENAME TO elsewhere');
$server->safe_psql('postgres', 'ALTER DATABASE elsewhere RENAME TO desk');
pass('so the database can be renamed');
$server->append_conf('postgresql.conf', 'kefu.enabled = on');
$server->reload;
all_are('desk', 'running', 'switched on');

# --- a worker that is ended comes back ----------------------------------------

for my $worker (@workers)
{
	my $pid = worker_pid($server, $worker);

	$server->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	ok( $server->poll_query_until('desk',
			"SELECT pid <> $pid AND restarts_count = 1 FROM kefu.stat_worker WHERE worker = '$worker'"),
		"$worker: terminated, comes back");
}
my $launcher = worker_pid($server, 'kefu launcher');
$server->safe_psql('postgres', "SELECT pg_terminate_backend($launcher)");
ok( $server->poll_query_until('desk',
		"SELECT pid <> $launcher FROM kefu.stat_worker WHERE worker = 'kefu launcher'"),
	'kefu launcher: terminated, comes back');
all_are('desk', 'running', 'runs under the new launcher');
is( $server->safe_psql('postgres',
		q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'kefu %'}),
	'3', 'nobody is there twice');

# --- the extension goes ------------------------------------------------------

$server->safe_psql('desk', 'DROP EXTENSION pg_kefu');
all_are('postgres', 'waiting extension', 'the extension was dropped');
make_extension($server);
register_admin($server);
$server->safe_psql('desk', 'SELECT kefu.go_live()');
all_are('desk', 'running', 'runs in the new one');

# --- the database goes -------------------------------------------------------

$server->safe_psql('postgres', 'DROP DATABASE desk WITH (FORCE)');
all_are('postgres', 'waiting database', 'the database was dropped');
make_database($server);
make_extension($server);
register_admin($server);
$server->safe_psql('desk', 'SELECT kefu.go_live()');
all_are('desk', 'running', 'runs in the new one');
is(seen_in_log($server, qr/PANIC|terminated by signal/), 0, 'nothing crashed');

# --- a commit wakes, a rollback doesn't --------------------------------------

sub wakeups
{
	return $server->safe_psql('desk',
		q{SELECT wakeups_count FROM kefu.stat_worker WHERE worker = 'kefu clock'});
}
my $before = wakeups();
$server->safe_psql('desk', q{
	BEGIN; SELECT kefu.wake_worker('clock'); ROLLBACK;
	BEGIN; SAVEPOINT a; SELECT kefu.wake_worker('clock'); ROLLBACK TO a; COMMIT;
	BEGIN; SAVEPOINT a; SAVEPOINT b; SELECT kefu.wake_worker('clock'); RELEASE b; ROLLBACK TO a; COMMIT;
});
is(wakeups(), $before, 'neither a rolled back transaction nor subtransaction wakes');
$server->safe_psql('desk', q{
	BEGIN; SAVEPOINT a; SELECT kefu.wake_worker('clock') FROM generate_series(1, 1000); RELEASE a; COMMIT;
});
ok( $server->poll_query_until('desk',
		"SELECT wakeups_count = $before + 1 FROM kefu.stat_worker WHERE worker = 'kefu clock'"),
	'a thousand wishes of one commit are one wake');

# --- a crash -----------------------------------------------------------------

my $began = $server->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
$from = -s $server->logfile;
kill 'KILL', worker_pid($server, 'kefu clock');
# The view is gone for a moment, with every session.
$server->poll_query_until('postgres',
	q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'kefu clock'});
is(seen_in_log($server, qr/reinitializing/, $from), 1, 'a killed worker restarts the server');
is($server->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $began,
	'which stays the same server');
all_are('desk', 'running', 'runs after a crash of the clock worker');
is($server->safe_psql('desk', 'SELECT max(restarts_count) FROM kefu.stat_worker'),
	'0', 'in shared memory that was made anew');

# --- standby and promotion ----------------------------------------------------

$server->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($server, 'base', has_streaming => 1);
$standby->start;
$server->wait_for_catchup($standby);
is( $standby->safe_psql('desk',
		'SELECT DISTINCT state, waits_for FROM kefu.stat_worker'),
	'absent|promotion', 'a standby has no workers and says why');
is( $standby->safe_psql('desk', q{
		SELECT count(*) FROM kefu.health() WHERE check_name IN ('worker', 'preload')}),
	'0', 'which is nothing to complain about');
$server->stop('fast');
pass('a fast shutdown ends');
$standby->promote;
worker_is($standby, 'desk', $_, 'running', "$_: runs after promotion") for @workers;
$standby->stop('fast');

done_testing();
