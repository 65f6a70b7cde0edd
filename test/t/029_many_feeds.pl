# Two thousand feeds on one worker: 500 accounts with four feeds each.  Every feed is
# asked as often as the others and none twice in a round, what a customer says to any of
# them is found, and the memory of the worker doesn't grow with the rounds (R86).
#
# How often each was asked is told by the simulator.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuDesk;
use KefuSim;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the far side was tested with another PostgreSQL' if ($ENV{KEFU_FAR_SIDE} // '') eq 'no';

my ($accounts, $rounds) = (500, 3);
my $feeds = 4 * $accounts;
my $sim = KefuSim->new('--seed', 29);
my $server = new_server('feeds', 'kefu.allow_http = on', 'kefu.connections = 16', 'log_statement = none');
$server->start;
my $post = $sim->make_sina_desk($server);

sub run
{
	return $server->safe_psql('desk', $_[0]);
}

# The accounts share the token, so each of their feeds has the same items.
run(qq{
	UPDATE kefu.feed SET is_live = false;
	SELECT kefu.add_account('sina.' || n, 'sina', 'gd', '客服' || n, (20000 + n)::text, 'sina.gd') FROM generate_series(1, $accounts) n;
	SELECT kefu.add_feed('sina.' || n, f, '1 day', now() - interval '1 minute')
	  FROM generate_series(1, $accounts) n, unnest(ARRAY['mentions', 'comments_to_me', 'comments_mentions', 'messages']) f});

sub requests
{
	my $sum = 0;

	$sum += $_->{requests} for @{ $sim->call('truth?part=requests')->{requests}{tokens} };
	return $sum;
}

sub memory_kb
{
	my ($kb) = slurp_file('/proc/' . worker_pid($server, 'kefu net') . '/status') =~ /^RssAnon:\s+(\d+)/m;

	return $kb;
}

my $comment = $sim->comment($post);
my $before = requests();
my $memory;
run('SELECT kefu.go_live()');
for my $round (1 .. $rounds)
{
	# The first time they are due by themselves.
	run(q{BEGIN; UPDATE kefu.feed_state SET next_poll_at = now(); DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT})
	  if $round > 1;
	ok( $server->poll_query_until('desk', qq{SELECT count(*) = $feeds AND min(s.polls_count) = $round
			AND bool_and(s.lease_until IS NULL) FROM kefu.feed_state s JOIN kefu.feed f USING (account, action) WHERE f.is_live}),
		"round $round: every feed was asked");
	is(run(q{SELECT max(polls_count) FROM kefu.feed_state}), $round, "round $round: none twice");
	note(sprintf 'round %d: %d kB', $round, memory_kb());
	$memory //= memory_kb();
}
is(run(q{SELECT string_agg(DISTINCT s.last_class, ' ') FROM kefu.feed_state s JOIN kefu.feed f USING (account, action) WHERE f.is_live}),
	'ok', 'each was read');
is(requests() - $before, $rounds * $feeds, 'and the platform was asked as often, not more');
cmp_ok(memory_kb(), '<', $memory + 16_000, 'memory is where it was after the first round');
is(run("SELECT count(*) FROM kefu.message WHERE native_id = '$comment'"), 1, 'what a customer said is one message');
is(run("SELECT count(DISTINCT s.account) FROM kefu.sighting s JOIN kefu.message g USING (message_id) WHERE g.native_id = '$comment'"),
	$accounts, 'that every account has seen');
$server->stop;
done_testing();
