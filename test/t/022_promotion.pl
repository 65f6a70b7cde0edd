# When the primary dies its standby goes on where the tables say: what fell due
# meanwhile fires once, what fired before doesn't fire again, what was being sent
# is looked for on the platform and not said twice, feeds go on without a gap
# (R8: nothing is lost; R86: watching goes on; R88, R90: promises hold), and the
# audit trail is one.
#
# What only the dead primary knew is gone with it; so with a synchronous standby
# nothing is said to a customer that the standby doesn't know of.
#
# Both carry the same kefu.node, as members of one cluster do (002 and 011 have
# what becomes of copies).  Time is the desk's (kefu.test_now).

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuCopy;
use KefuDesk;
use KefuSim;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sim = KefuSim->new('--seed', 22);
my $primary = new_server('primary', 'kefu.allow_http = on', 'kefu.test_clock = on', "kefu.node = 'desk'");
$primary->start;
my $post = $sim->make_sina_desk($primary);

# The platform's time is real; the desk's must not overtake it.
set_clock($primary, "now() - interval '8 hours'");

sub standby_of
{
	my ($server, $name) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);

	$server->backup($name);
	$standby->init_from_backup($server, $name, has_streaming => 1);
	$standby->start;
	return $standby;
}

sub passing_until
{
	my ($server, $interval, $query) = @_;

	return until_true(sub {
		let_pass($server, $interval);
		my ($rc, $stdout) = $server->psql('desk', $query);
		return $rc == 0 && $stdout eq 't';
	});
}

sub answer
{
	my ($server, $comment) = @_;

	$server->safe_psql('desk', $sim->answer_to($server, $comment), extra_params => [ '-U', 'operator_gd' ]);
}

# Answers, and waits until this has become of it, on the platform too.
sub answer_until
{
	my ($server, $comment, $state, $hits) = @_;

	answer($server, $comment);
	return until_true(sub { return $hits->() == 1 })
	  && passing_until($server, '0',
		"SELECT state = '$state' FROM kefu.outbound WHERE parent_id = '$comment'");
}

sub tasks
{
	my ($server, $due) = @_;

	$server->safe_psql('desk', qq{
		SELECT kefu.open_task('gd', '$due', 'R89', kefu.now() + interval '$due') FROM generate_series(1, 3)});
}

# Which levels of the tasks' clocks have fired, when, and what the trail has of it.
sub fired
{
	my ($server, $due) = @_;

	return $server->safe_psql('desk', qq{
		SELECT e.level, e.outcome, e.fired_at, count(*),
		       (SELECT count(*) FROM kefu.audit_event a
		         WHERE a.machine = 'task' AND a.facts ->> 'clock' = 'task_due'
		           AND a.object_id = ANY (array_agg(t.task_id)) AND a.facts ->> 'level' = e.level::text)
		  FROM kefu.escalation e
		  JOIN kefu.clock c USING (clock_id)
		  JOIN kefu.task t ON t.task_id = c.object_id AND c.object_type = 'task' AND t.cause = '$due'
		 WHERE c.clock = 'task_due'
		 GROUP BY e.level, e.outcome, e.fired_at ORDER BY e.level});
}

# --- a primary in the middle of everything -------------------------------------------

my $standby = standby_of($primary, 'standby');
$primary->safe_psql('desk', 'SELECT kefu.go_live()');
my @comments = map { $sim->comment($post) } 1 .. 4;
ok(passing_until($primary, '1 second', 'SELECT count(*) = 4 FROM kefu.message'), 'the primary is at work');
tasks($primary, '1 minute');
tasks($primary, '10 minutes');
let_pass($primary, '2 minutes');
ok( passing_until($primary, '0', q{
		SELECT count(*) = 3 FROM kefu.escalation JOIN kefu.clock USING (clock_id) WHERE clock = 'task_due'}),
	'three clocks fire on the primary');
my $fired = fired($primary, '1 minute');
like($fired, qr/^1\|\w+\|[^|]+\|3\|3$/, 'each of them once, and the trail says so');
ok(seal_everything($primary, 'desk'), 'and its trail is sealed');
my $seal = last_seal($primary, 'desk');

# A page is on its way.  One answer is sent and recorded; of one the reply was cut
# off; one was done and its reply is on the way; one will never arrive.
my $page = $sim->fault(kind => 'slow', ms => 600_000, times => 1, match => 'comments/to_me');
push @comments, $sim->comment($post);
ok( until_true(sub { let_pass($primary, '1 second'); return $page->() == 1 }), 'a page is on its way');
answer($primary, $comments[0]);
ok( passing_until($primary, '0', q{SELECT bool_and(state = 'sent') FROM kefu.outbound}), 'one answer is sent');
ok( answer_until($primary, $comments[1], 'uncertain',
		$sim->fault(kind => 'cut_after_apply', times => 1, match => 'comments/reply')),
	'one is in doubt');
ok( answer_until($primary, $comments[2], 'sending',
		$sim->fault(kind => 'slow', ms => 600_000, times => 1, match => 'comments/reply')),
	'one is said, and its reply on the way');
ok( answer_until($primary, $comments[3], 'sending',
		$sim->fault(kind => 'slow', when => 'before', ms => 600_000, times => 1, match => 'comments/reply')),
	'one is on its way');
is(join(' ', map { $sim->replies_to('parent', $_) } @comments), '1 1 1 0 0', 'so the platform says');

$primary->wait_for_catchup($standby);
kill_server($primary);
is( $standby->safe_psql('desk', q{
		SELECT string_agg(state, ' ' ORDER BY outbound_id) FROM kefu.outbound;
		SELECT string_agg(action, ' ') FROM kefu.feed_state WHERE lease_until > kefu.now()}),
	"sent uncertain sending sending\ncomments_to_me", 'the standby knows of all of them');

# --- nobody is there ---------------------------------------------------------------------

push @comments, map { $sim->comment($post) } 1 .. 2;
set_clock($standby, "kefu.now() + interval '15 minutes'");
ok( $standby->poll_query_until('desk', q{
		SELECT count(*) = 3 FROM kefu.clock c JOIN kefu.task t ON t.task_id = c.object_id
		 WHERE c.object_type = 'task' AND c.clock = 'task_due' AND c.due_at < kefu.now() AND t.cause = '10 minutes'}),
	'three more clocks fall due');
is(fired($standby, '10 minutes'), '', 'and nobody fires them');

# --- the standby goes on --------------------------------------------------------------------

$standby->promote;
worker_is($standby, 'desk', "kefu $_", 'running', "the new primary: $_ runs") for 'clock', 'net';
ok( passing_until($standby, '1 second', q{
		SELECT (SELECT count(*) = 4 AND bool_and(state = 'sent') FROM kefu.outbound)
		   AND (SELECT count(*) = 7 FROM kefu.message)}),
	'everything is sent and fetched');
ok( passing_until($standby, '0', q{
		SELECT count(*) = 6 FROM kefu.escalation JOIN kefu.clock USING (clock_id) WHERE clock = 'task_due'}),
	'what fell due meanwhile fires');
is(fired($standby, '1 minute'), $fired, 'what had fired has not fired again');
like(fired($standby, '10 minutes'), qr/^1\|\w+\|[^|]+\|3\|3$/, 'and each of the others fired once');
is($sim->agrees_with($standby, 'after the failover'), 4, 'four answers were said');
ok(seal_everything($standby, 'desk'), 'sealing goes on');
like(verifies_export($standby, 'desk', $seal), qr/^ok: /, 'and continues what the primary had sealed');
$sim->heal;

# --- a synchronous standby ---------------------------------------------------------------------

my $heir = standby_of($standby, 'heir');
$standby->append_conf('postgresql.conf', "synchronous_standby_names = '*'");
$standby->reload;
$standby->safe_psql('desk', 'UPDATE kefu.account SET is_live = false');
answer($standby, $comments[4]);
$standby->wait_for_catchup($heir);
kill_server($heir);
$standby->safe_psql('desk', q{
	SET synchronous_commit = local;
	UPDATE kefu.account SET is_live = true});
ok( passing_until($standby, '0', q{
		SELECT query = 'kefu: claim exchanges' AND wait_event = 'SyncRep'
		  FROM pg_stat_activity WHERE backend_type = 'kefu net'}),
	'a claimed answer waits for the standby to know of it');
is($sim->replies_to('parent', $comments[4]), 0, 'and is not said before');
kill_server($standby);
$heir->start;
$heir->promote;
$heir->safe_psql('desk', 'UPDATE kefu.account SET is_live = true');
ok(passing_until($heir, '1 second', q{SELECT bool_and(state = 'sent') FROM kefu.outbound}), 'but by the heir');
is($sim->agrees_with($heir, 'after the second failover'), 5, 'five answers were said');
$heir->stop;

done_testing();
