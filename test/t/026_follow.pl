# However the platform breaks and whoever is killed while we follow and unfollow,
# in the end its list and ours are the same (R70), nothing that the desk asked for
# is lost (R29 to R37, R84), and what people change on the platform itself is found
# (R30, R31).
#
# Whom the account really follows is told by the simulator, not by the desk.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuDesk;
use KefuFaults;
use PostgreSQL::Test::Utils;
use Test::More;

open_desk('follows', 'restart_after_crash = on');
$sim->call('user', { uid => "$_", screen_name => "单位$_" }) for 60001 .. 60030;
run(q{UPDATE kefu.endpoint SET page_size = 3 WHERE platform = 'sina' AND action = 'follows'});

# --- words -------------------------------------------------------------------

sub operator
{
	return $server->safe_psql('desk', $_[0], extra_params => [ '-U', 'operator_gd' ]);
}

sub follow_of
{
	return "(SELECT max(f.follow_id) FROM kefu.follow_now f WHERE f.account = 'sina.gd' AND f.target = '$_[0]')";
}

sub start
{
	my ($uid) = @_;
	my $id = operator("SELECT (kefu.propose_follow('sina.gd', '$uid', 'telecom_org')).id");

	operator("SELECT (kefu.start_follow($id)).state");
}

sub finish
{
	my ($uid) = @_;

	operator("SELECT (kefu.end_follow(" . run('SELECT ' . follow_of($uid)) . ", 'out_of_use')).state");
}

# Whom the account follows, as the platform has it and as we have it.
sub truth
{
	my ($own) = grep { $_->{uid} eq '9001' } @{ $sim->call('truth?part=users')->{users} };

	return join ' ', sort @{ $own->{follows} };
}

sub ours
{
	return run(q{SELECT string_agg(f.target, ' ' ORDER BY f.target COLLATE "C") FROM kefu.follow_now f
		WHERE f.account = 'sina.gd' AND f.state = 'following'});
}

# A test of its own: every send is over, whatever had to be waited for.
sub settles
{
	my ($what) = @_;

	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my $open = run(q{SELECT count(*) FROM kefu.outbound WHERE state IN ('queued', 'sending', 'uncertain')});

		return pass("$what: settled") if $open eq '0';
		run(q{BEGIN; DELETE FROM kefu.call_stop; UPDATE kefu.outbound SET not_before = now() WHERE state IN ('queued', 'uncertain') AND not_before > now();
			DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT});
		select undef, undef, undef, 0.1;
	}
	fail("$what: settled");
	diag(run(q{SELECT outbound_id, action, state, attempts, last_class, last_error FROM kefu.outbound WHERE state <> 'sent'}));
}

sub lists_agree
{
	my ($what) = @_;

	is(ours(), truth(), "$what: the same on both sides");
}

# --- following and unfollowing through faults -----------------------------------

my @faults = (
	[ 'cut before', { kind => 'cut_before', times => 1 } ],
	[ 'cut after', { kind => 'cut_after_apply', times => 1 } ],
	[ 'done and cut twice', { kind => 'cut_after_apply', times => 2 } ],
	[ 'broken', { kind => 'bad_json', times => 1 } ],
	[ 'a bad gateway', { kind => 'status', code => 502, body => $html, times => 1 } ],
	[ 'done all the same', { kind => 'status', code => 502, body => $html, apply => $yes, times => 1 } ],
	[ 'silence', { kind => 'empty200', times => 1 } ],
	[ 'too often', { kind => 'rate', times => 1 } ],
	[ 'no fault', undef ]);
my $uid = 60000;
for (@faults)
{
	my ($what, $fault) = @$_;
	my $one = ++$uid;

	my $hit = $fault && $sim->fault(match => 'friendships/create', %$fault);
	start($one);
	settles("follow, $what");
	cmp_ok($hit->(), '>', 0, "follow, $what: it was that") if $hit;
	like(' ' . truth() . ' ', qr/ $one /, "follow, $what: followed there");
	is(run('SELECT state FROM kefu.follow WHERE follow_id = ' . follow_of($one)), 'following', "follow, $what: and here");
	$sim->heal;

	next if $what eq 'no fault';
	$hit = $sim->fault(match => 'friendships/destroy', %$fault);
	finish($one);
	settles("unfollow, $what");
	cmp_ok($hit->(), '>', 0, "unfollow, $what: it was that");
	unlike(' ' . truth() . ' ', qr/ $one /, "unfollow, $what: gone there");
	is(run('SELECT state FROM kefu.follow WHERE follow_id = ' . follow_of($one)), 'unfollowed', "unfollow, $what: and here");
	$sim->heal;
}
lists_agree('after the faults');

# --- kills ------------------------------------------------------------------------

# The request is under way when the worker, or all of the server, is killed.
for my $kill ('worker', 'server')
{
	my $one = ++$uid;
	my $hit = $sim->fault(match => 'friendships/create', kind => 'slow', ms => 3_600_000, times => 1);

	start($one);
	becomes("SELECT state = 'sending' FROM kefu.outbound WHERE object_type = 'follow' AND object_id = " . follow_of($one),
		"$kill killed: the request is under way");
	until_true(sub { return $hit->() > 0 }) or die 'it never arrived';
	if ($kill eq 'worker')
	{
		kill 'KILL', worker_pid($server, 'kefu net');
		until_true(sub { return ($server->psql('desk', 'SELECT 1'))[0] == 0 }) or die 'the server does not come back';
	}
	else
	{
		kill_server($server);
		$server->start;
	}
	$sim->heal;
	# Nobody holds the lease any more, and time has passed.
	run(q{UPDATE kefu.outbound SET lease_until = now() WHERE state = 'sending'});
	settles("$kill killed");
	is(run('SELECT state FROM kefu.follow WHERE follow_id = ' . follow_of($one)), 'following', "$kill killed: followed");
}
lists_agree('after the kills');

# --- what people do on the platform ------------------------------------------------

start($_) for 60020 .. 60025;
settles('six more');
$sim->say('friendships/create', uid => '60030');
$sim->say('friendships/destroy', uid => '60021');
isnt(ours(), truth(), 'people changed it on the platform');
# The second page doesn't come: what was read is no list.
my $cut = $sim->fault(match => 'friends/ids', kind => 'status', code => 502, body => $html, after => 1, times => 1);
run(q{SELECT kefu.add_feed('sina.gd', 'follows', '1 hour')});
becomes(q{SELECT failures > 0 FROM kefu.feed_state WHERE action = 'follows'}, 'a page did not come');
cmp_ok($cut->(), '>', 0, 'it was that');
is(run(q{SELECT count(*) FROM kefu.follow_list WHERE closed_at IS NOT NULL}), 0, 'no list yet');
$sim->heal;
poll_now();
becomes(q{SELECT closed_at IS NOT NULL FROM kefu.follow_list}, 'read to its end');
is(run(q{SELECT listed_count FROM kefu.follow_list}), scalar(split ' ', truth()), 'all of it');
becomes(q{SELECT kefu.match_follows() >= 0 AND matched_at = closed_at FROM kefu.follow_list}, 'compared');
lists_agree('after the reading');
is(run('SELECT state, lost_at IS NOT NULL FROM kefu.follow WHERE follow_id = ' . follow_of(60021)), 'proposed|t',
	'who is missing there is lost');
is(run('SELECT state, category, cause FROM kefu.follow WHERE follow_id = ' . follow_of(60030)), 'following|unsorted|found',
	'who is new there is to be sorted');
is(run(q{SELECT * FROM kefu.verify_audit()}), '', 'the trail is whole');

# --- what the account shows ----------------------------------------------------------

$sim->call('account', { uid => '9001', screen_name => '广东客服', token => 'token-gd', province => '44',
		domain => 'gdtelecom', description => '官方', messages_open => $no });
run(q{SELECT kefu.add_feed('sina.gd', 'profile', '1 hour')});
becomes(q{SELECT count(*) = 1 FROM kefu.account_profile_seen}, 'the platform tells the profile');
is(run(q{SELECT name = '广东客服', domain, intro = '官方', is_verified, dm_open FROM kefu.account_profile_seen}),
	't|gdtelecom|t|t|f', 'as it is there (R26 to R28)');

$sim->stop;
done_testing();
