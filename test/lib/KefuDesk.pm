# KefuDesk: a desk to try the workers on.
#
# A thin layer over PostgreSQL::Test::Cluster: a server with the library
# preloaded, the extension in database "desk", somebody who may run it, and
# waiting for what the workers show.  Nothing here sleeps for a guessed time.

package KefuDesk;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(new_server make_database make_worker_role make_extension
  register_admin make_desk worker_is worker_pid seen_in_log replace_function);

# A server that isn't started; the lines are added to its configuration.
sub new_server
{
	my ($name, @conf) = @_;
	my $server = PostgreSQL::Test::Cluster->new($name);

	$server->init(allows_streaming => 1, extra => [ '-E', 'UTF8', '--locale=C.UTF-8' ]);
	$server->append_conf('postgresql.conf', join "\n",
		"shared_preload_libraries = 'pg_kefu'",
		"kefu.database = 'desk'",
		'max_worker_processes = 16',
		# DROP EXTENSION locks each object of it, and this server has few connections.
		'max_locks_per_transaction = 512',
		@conf, '');
	return $server;
}

sub make_database
{
	my ($server) = @_;

	$server->safe_psql('postgres', 'CREATE DATABASE desk TEMPLATE template0');
}

sub make_worker_role
{
	my ($server) = @_;

	$server->safe_psql('postgres', 'CREATE ROLE kefu_worker LOGIN CONNECTION LIMIT 0');
}

# The extension with what its worker role may call, whoever made that role.
sub make_extension
{
	my ($server) = @_;

	$server->safe_psql('desk', q{
		CREATE EXTENSION pg_kefu;
		SELECT kefu.create_roles();
	});
}

# Makes the login of the tests an administrator of Group.
sub register_admin
{
	my ($server) = @_;

	$server->safe_psql('desk', q{
		INSERT INTO kefu.unit (unit, kind, name_zh, name_en)
		SELECT 'group', 'group', '集团', 'Group'
		 WHERE NOT EXISTS (SELECT FROM kefu.unit WHERE unit = 'group');
		WITH s AS (INSERT INTO kefu.staff (login, unit, name)
		           VALUES (current_user, 'group', '赵一') RETURNING staff_id)
		INSERT INTO kefu.staff_role (staff_id, unit, role)
		SELECT staff_id, 'group', 'admin' FROM s;
	});
}

# All of it on a running server.
sub make_desk
{
	my ($server) = @_;

	make_database($server);
	make_worker_role($server);
	make_extension($server);
	register_admin($server);
}

# A test of its own: the worker comes into this state ("waiting role", where it
# waits for something).
sub worker_is
{
	my ($server, $database, $worker, $state, $what) = @_;

	ok( $server->poll_query_until($database,
			"SELECT concat_ws(' ', state, waits_for) = '$state'"
			  . " FROM kefu.stat_worker WHERE worker = '$worker'"),
		$what // "$worker: $state")
	  or diag($server->safe_psql($database, 'SELECT * FROM kefu.stat_worker'));
}

sub worker_pid
{
	my ($server, $worker) = @_;

	return $server->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = '$worker'");
}

# How often the log has had this since a place in it.
sub seen_in_log
{
	my ($server, $pattern, $from) = @_;
	my $log = substr slurp_file($server->logfile), $from // 0;

	return scalar(() = $log =~ /$pattern/g);
}

# Puts a function of the test in the place of one of the extension's.
sub replace_function
{
	my ($server, $signature, $definition) = @_;

	$server->safe_psql('desk', qq{
		ALTER EXTENSION pg_kefu DROP FUNCTION kefu.$signature;
		DROP FUNCTION kefu.$signature;
		$definition;
		GRANT EXECUTE ON FUNCTION kefu.$signature TO kefu_worker;
	});
}

# --- time and death ------------------------------------------------------------

push @EXPORT, qw(until_true set_clock let_pass kill_server);

# Asks until the answer is true, and returns it; false if it never was.
sub until_true
{
	my ($question) = @_;

	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my $answer = $question->();

		return $answer if $answer;
		usleep(100_000);
	}
	return 0;
}

# Sets the clock of a server with kefu.test_clock to what an expression says; the
# network worker looks what is due.  A server that is away just now is no error.
sub set_clock
{
	my ($server, $instant) = @_;

	return $server->psql('desk', qq{
		SELECT format('ALTER SYSTEM SET kefu.test_now = %L', $instant)
		\\gexec
		SELECT pg_reload_conf();
		SELECT kefu.wake_worker('net')});
}

sub let_pass
{
	my ($server, $interval) = @_;

	return set_clock($server, "kefu.now() + interval '$interval'");
}

# Like a power cut: kill -9 for all of it, and nobody left when this returns.
sub kill_server
{
	my ($server) = @_;
	my ($postmaster) = split /\n/, slurp_file($server->data_dir . '/postmaster.pid');
	my @pids = ($postmaster,
		split /\n/, $server->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity'));

	$server->kill9;
	kill 'KILL', @pids;
	until_true(sub { return !kill 0, @pids }) or die 'a process does not die';
}

1;
