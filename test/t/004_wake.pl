# Whoever starts a clock that is soon due, or says something to a customer,
# wakes the worker that has to act, at commit (R86, R89: deadlines and answers
# don't wait for the worker's next regular look).

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use KefuDesk;
use KefuSim;

my $server = new_server('wake');
$server->start;
make_desk($server);
$server->safe_psql('desk', q{
	INSERT INTO kefu.clock_policy (clock, unit, valid_from, target_from, calendar)
	VALUES ('task_due', 'group', '2020-01-01', 'due_at', 'wall'),
	       ('task_expiry', 'group', '2020-01-01', 'expires_at', 'wall')
	    ON CONFLICT DO NOTHING;
	INSERT INTO kefu.clock_level (clock, unit, valid_from, level, base, offset_by, role)
	SELECT p.clock, p.unit, p.valid_from, 1, 'due', '0 min', 'operator'
	  FROM kefu.clock_policy p WHERE p.clock = 'task_due'
	    ON CONFLICT DO NOTHING;
	SELECT kefu.rehearse();
});
worker_is($server, 'desk', 'kefu clock', 'rehearsing', 'the clock worker is at work');
worker_is($server, 'desk', 'kefu net', 'rehearsing', 'and the net worker');

sub wakeups
{
	my ($worker) = @_;

	return $server->safe_psql('desk',
		"SELECT wakeups_count FROM kefu.stat_worker WHERE worker = 'kefu $worker'");
}

sub woken_once
{
	my ($worker, $before, $why) = @_;

	ok( $server->poll_query_until('desk',
			"SELECT wakeups_count = $before + 1 FROM kefu.stat_worker WHERE worker = 'kefu $worker'"),
		$why);
}

sub open_tasks
{
	my ($due, $count) = @_;

	return "SELECT kefu.open_task('group', 'wake', 'R82', clock_timestamp() + interval '$due')"
	  . " FROM generate_series(1, $count)";
}

# --- clocks ------------------------------------------------------------------

my $before = wakeups('clock');
$server->safe_psql('desk', open_tasks('1 hour', 3));
is(wakeups('clock'), $before, 'a clock that the regular look finds in time wakes nobody');
$server->safe_psql('desk', 'BEGIN; ' . open_tasks('2 s', 1) . '; ROLLBACK');
is(wakeups('clock'), $before, 'nor does one that was rolled back');
$server->safe_psql('desk', open_tasks('2 s', 5));
woken_once('clock', $before, 'five that are soon due wake the clock worker once');
ok( $server->poll_query_until('desk',
		q{SELECT count(*) = 5 FROM kefu.escalation e JOIN kefu.clock USING (clock_id)
		   WHERE clock = 'task_due'}),
	'and all five fire');

$server->stop;

# --- words -------------------------------------------------------------------

# A desk that has nothing left to poll: only an answer gives its net worker work.
my $sim = KefuSim->new;
$server = new_server('speech', 'kefu.allow_http = on');
$server->start;
my $post = $sim->make_sina_desk($server);
$sim->call('user', { uid => '50001', screen_name => '阿明', province => '44' });
my $comment = $sim->act(kind => 'comment', uid => '50001', parent => $post, text => '请问套餐怎么改?');
$server->safe_psql('desk', 'SELECT kefu.go_live()');
ok($server->poll_query_until('desk', 'SELECT count(*) = 1 FROM kefu.message'), 'somebody asks');
$before = wakeups('net');
$server->safe_psql('desk', 'SELECT kefu.set_feed(account, action, false) FROM kefu.feed');
woken_once('net', $before, 'nothing is to be polled any more');
ok($server->poll_query_until('desk', 'SELECT bool_and(lease_until IS NULL) FROM kefu.feed_state'), 'nor is');

# In a session of the operator; NUMBER stands for the column of the only message.
sub operator_says
{
	my ($statement, $column) = @_;
	my $number = $server->safe_psql('desk', "SELECT $column FROM kefu.message");

	$server->safe_psql('desk', $statement =~ s/NUMBER/$number/r, extra_params => [ '-U', 'operator_gd' ]);
}

my $answer = q{SELECT kefu.answer(NUMBER, '您好,感谢您的关注,您的问题已为您办理,请问您是否满意?')};

operator_says(q{SELECT kefu.triage(NUMBER, 'inquiry')}, 'message_id');
$before = wakeups('net');
operator_says("BEGIN; $answer; ROLLBACK", 'ticket_id');
is(wakeups('net'), $before, 'an answer that was rolled back wakes nobody');
operator_says($answer, 'ticket_id');
woken_once('net', $before, 'one that was said wakes the net worker once');
ok($server->poll_query_until('desk', q{SELECT state = 'sent' FROM kefu.outbound}), 'and is sent');
is($sim->replies_to('parent', $comment), 1, 'to the customer');
$server->stop;
done_testing();
