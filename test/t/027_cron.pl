# Deadlines, seals and jobs by the real pg_cron, without a worker: installed
# twice is installed once, an outage is caught up with, two never run the same
# jobs, its log is pruned, and what is taken out is ours alone (R8, R90).

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use KefuDesk;

my $pkglib = qx($ENV{PG_CONFIG} --pkglibdir) || die 'no pg_config';
chomp $pkglib;
plan skip_all => "pg_cron is not installed in $pkglib" unless -e "$pkglib/pg_cron.so";

my $server = new_server('cron', "kefu.enabled = off", "cron.database_name = 'desk'");
$server->start;
make_desk($server);

# A query of one value.
sub value { return $server->safe_psql('desk', $_[0]); }

# The error of what must fail.
sub error_of
{
	my ($status, $out, $error) = $server->psql('desk', $_[0]);
	return $status ? $error : "no error: $out";
}

# --- without it ---------------------------------------------------------------
like(error_of('SELECT * FROM kefu.install_jobs()'), qr/pg_cron is not in this database.*HINT:.*shared_preload_libraries/s,
	'without pg_cron the error says what to do');
like(error_of('SELECT * FROM kefu.uninstall_jobs()'), qr/pg_cron is not in this database/, 'and so for the way back');
is(value(q{SELECT kefu.forget_cron_log(10)}), 0, 'nothing to forget');

# --- as a client it can't come in ------------------------------------------------
$server->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron,pg_kefu'\n");
$server->restart;
value('CREATE EXTENSION pg_cron');
like(error_of('SELECT * FROM kefu.install_jobs()'), qr/can't connect as "kefu_worker".*cron.use_background_workers/s,
	'as a client pg_cron can\'t be the worker\'s role');
$server->append_conf('postgresql.conf', "cron.use_background_workers = on\n");
$server->restart;

# --- installed ------------------------------------------------------------------
value(q{SELECT cron.schedule('theirs', '0 0 1 1 *', 'SELECT 1')});
my $install = q{SELECT string_agg(jobname || ' ' || username || ' ' || change, ', ' ORDER BY jobname) FROM kefu.install_jobs()};
is(value($install),
	join(', ', map { "kefu_$_ kefu_worker added" } qw(minute night seal tick)), 'four calls, as the worker\'s role');
is(value($install), join(', ', map { "kefu_$_ kefu_worker kept" } qw(minute night seal tick)), 'again: nothing changes');
is(value(q{SELECT count(*) FROM cron.job}), 5, 'and there are no more of them');
value(q{SELECT cron.alter_job(jobid, schedule := '0 0 * * *') FROM cron.job WHERE jobname = 'kefu_tick'});
like(value($install), qr/kefu_seal kefu_worker kept, kefu_tick kefu_worker replaced/, 'what somebody changed is put right');

value(q{SELECT cron.alter_job(jobid, schedule := '* * * * *') FROM cron.job WHERE jobname = 'kefu_night'});

# A promise that is due, and a day of which nobody ran the jobs.
value(q{
	INSERT INTO kefu.clock_policy (clock, unit, valid_from, target_from, calendar)
		VALUES ('task_due', 'group', '2020-01-01', 'due_at', 'wall'),
			('task_expiry', 'group', '2020-01-01', 'expires_at', 'wall') ON CONFLICT DO NOTHING;
	INSERT INTO kefu.clock_level (clock, unit, valid_from, level, base, offset_by, role)
	SELECT 'task_due', 'group', max(valid_from), 1, 'due', interval '0', 'operator' FROM kefu.clock_policy
	 WHERE clock = 'task_due' AND unit = 'group' ON CONFLICT DO NOTHING;
	SELECT kefu.raise_new('task', 'open', jsonb_build_object('unit', 'group', 'cause', 'cron',
			'due_at', now() + interval '1 second'));
	INSERT INTO kefu.job_state (job, next_at, ran_at) VALUES ('check_audit', now() - interval '9 days', now() - interval '10 days')});
ok($server->poll_query_until('desk', q{SELECT count(DISTINCT command) = 4 FROM cron.job_run_details
	WHERE status = 'succeeded'}), 'pg_cron runs all four while the desk is off')
  or diag(value('SELECT * FROM cron.job_run_details'));
is(value('SELECT count(*) FROM kefu.escalation') . value('SELECT count(*) FROM kefu.job_state WHERE ok_at IS NOT NULL'),
	'00', 'and nothing is done');

value('SELECT kefu.rehearse()');
ok($server->poll_query_until('desk', 'SELECT count(*) = 1 FROM kefu.escalation'), 'the promise is fired');
ok($server->poll_query_until('desk', 'SELECT count(*) > 0 FROM kefu.seal'), 'events are sealed');
ok($server->poll_query_until('desk', q{SELECT bool_and(j.ok_at IS NOT NULL) AND count(*) > 5 FROM kefu.stat_job j
	WHERE j.lane = 'minute'}), 'the jobs of the minute ran')
  or diag(value('SELECT * FROM kefu.stat_job'));
ok($server->poll_query_until('desk', q{SELECT count(*) = 1 FROM kefu.audit_check WHERE misfits_count = 0 AND from_at IS NULL}),
	'nine missed nights are one verification, of everything');
is(value(q{SELECT next_at > now() AND (next_at AT TIME ZONE 'Asia/Shanghai')::time = '03:10' FROM kefu.job_state
	WHERE job = 'check_audit'}), 't', 'and the next one is at its time');
is(value(q{SELECT count(*) FROM kefu.health() WHERE check_name IN ('job', 'audit')}), 0, 'nothing is wrong');

# --- two at a time ----------------------------------------------------------------
my $other = $server->background_psql('desk');
$other->query_safe('BEGIN');
$other->query_safe('SELECT ran FROM kefu.run_jobs()');
is(value(q{SELECT kefu.run_cron('minute')}), 'busy', 'who comes while another runs the jobs goes home');
isnt(value(q{SELECT kefu.run_cron('night')}), 'busy', 'of that lane only');
$other->query_safe('ROLLBACK');
$other->quit;
like(value(q{SELECT kefu.run_cron('minute')}), qr/^ran \d+, failed 0$/, 'and afterwards it runs');

# --- the log ----------------------------------------------------------------------
value(q{
	INSERT INTO cron.job_run_details (jobid, runid, database, username, command, status, end_time)
	SELECT j.jobid, -row_number() OVER (), j.database, j.username, j.command, 'succeeded', now() - interval '8 days'
	  FROM cron.job j;
	UPDATE kefu.job_state SET next_at = now() WHERE job = 'forget_cron_log'});
value(q{SELECT kefu.run_jobs('night')});
is(value(q{SELECT string_agg(command, ', ') FROM cron.job_run_details WHERE runid < 0}), 'SELECT 1',
	'what is old of ours is forgotten, others\' is not');

# --- what the night finds, health says -------------------------------------------------
value(q{SET session_replication_role = replica;
	UPDATE kefu.task SET state = 'done' WHERE cause = 'cron';
	UPDATE kefu.job_state SET next_at = now() WHERE job = 'check_audit'});
value(q{SELECT kefu.run_jobs('night')});
like(value(q{SELECT level || ' ' || message FROM kefu.health() WHERE check_name = 'audit'}),
	qr/^error 1 misfits in the audit trail at .*: state of task \d+$/, 'a misfit is an error for whoever watches');

# --- a copy, and the way out -------------------------------------------------------------
value(q{UPDATE kefu.desk_mode SET node = 'elsewhere'});
is(value(q{SELECT kefu.run_cron('tick')}), 'foreign', 'a copy does nothing');
is(value(q{SELECT string_agg(j, ' ') FROM kefu.uninstall_jobs() AS j}), 'kefu_minute kefu_night kefu_seal kefu_tick', 'ours are taken out');
is(value(q{SELECT string_agg(jobname, ' ') FROM cron.job}), 'theirs', 'others\' stay');
is(value(q{SELECT count(*) FROM kefu.uninstall_jobs()}), 0, 'again: nothing is left to take out');
$server->stop;
done_testing();
