# A post leaves when it is due and not before, and stands on the platform exactly
# once, whoever is killed and however the platform breaks meanwhile (R38, R39, I6);
# what it refuses is with a person, in its words, and what is withdrawn goes (R76).
#
# As in 020_kills the phase is asked for before the kill, afterwards only time
# passes, and the simulator's truth says what came of it.  Time is the desk's.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use JSON::PP ();
use KefuDesk;
use KefuPosts;
use PostgreSQL::Test::Utils;
use Test::More;

open_posting_desk('posts', 25, 'restart_after_crash = on');

# --- when it is due ----------------------------------------------------------------

{
	my ($post, $text) = plan_post('10 minutes');

	let_pass($server, '9 minutes 59 seconds');
	ok(passing_until('0', q{SELECT count(*) = 0 FROM kefu.clock WHERE next_fire_at <= kefu.now()}),
		'a second before it is due the clocks are all looked at');
	is(attempts($text), '', 'and nothing has left');
	ok(passing_until('1 second', placement_is($post, 'published')), 'it leaves when it is due');
	is(attempts($text), '1 of 1', 'once');
	is($server->safe_psql('desk', "SELECT o.queued_at >= l.planned_at AND o.sending_at >= l.planned_at"
			  . " FROM kefu.placement l JOIN kefu.outbound o ON o.object_id = l.placement_id WHERE l.post_id = $post"),
		't', 'never before its time');
}

# --- who is killed ---------------------------------------------------------------------

sub kill_one
{
	my ($who) = @_;
	my $from = -s $server->logfile;
	my $pid = $server->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE $who");

	kill('KILL', $pid) == 1 or die "nobody to kill: $who";
	return until_true(sub { return seen_in_log($server, qr/terminated by signal 9/, $from)
			  && seen_in_log($server, qr/database system is ready/, $from) });
}

my %kill = (
	'the network worker' => sub { return kill_one(q{backend_type = 'kefu net'}) },
	'the clock worker' => sub { return kill_one(q{backend_type = 'kefu clock'}) },
	'the server' => sub { kill_server($server); return $server->start });

sub move_platform
{
	my ($base) = @_;

	$server->safe_psql('desk', "UPDATE kefu.platform SET base_url = '$base/2' WHERE platform = 'sina'");
}

sub is_leased
{
	my ($post) = @_;

	return says(placement_is($post, 'sending')) && says('SELECT count(*) = 1 FROM kefu.outbound o'
		  . " JOIN kefu.placement l ON l.placement_id = o.object_id WHERE l.post_id = $post"
		  . " AND o.state = 'sending' AND o.lease_until > kefu.now()");
}

# Each returns what is true once the phase is reached, and what lets go.
my %phase = (
	'planned' => sub {
		my ($post) = @_;
		return (sub { return says(placement_is($post, 'planned')) }, sub { });
	},
	# The connection isn't there yet (02 is SYN_SENT): see 020_kills.
	'nothing has left' => sub {
		my ($post) = @_;
		my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!;
		my $port = $listener->sockport;
		my @callers = map {
			IO::Socket::INET->new(Blocking => 0, PeerAddr => '127.0.0.1', PeerPort => $port)
		} 1 .. 4;
		my $dialling = sprintf ' 0100007F:%04X 02 ', $port;

		move_platform("http://127.0.0.1:$port");
		return (
			sub { return is_leased($post) && slurp_file('/proc/net/tcp') =~ /$dialling/ },
			sub { close $_ for $listener, @callers; move_platform($sim->base) });
	},
	'the request is on its way' => sub {
		my ($post, $text) = @_;
		my $hits = $sim->fault(kind => 'slow', when => 'before', ms => 5000, times => 1, match => 'statuses/update');
		return (
			sub { return $hits->() == 1 && is_leased($post) && !is_applied($text) },
			sub { until_true(sub { return is_applied($text) }) });
	},
	'the reply is on its way' => sub {
		my ($post, $text) = @_;
		my $hits = $sim->fault(kind => 'slow', ms => 600_000, times => 1, match => 'statuses/update');
		return (sub { return $hits->() == 1 && is_leased($post) && is_applied($text) }, sub { });
	},
	'nothing is recorded' => sub {
		my ($post, $text) = @_;
		my $holder = $server->background_psql('desk');

		return (
			sub {
				# Once it is on its way, nobody may record it.
				$holder->query_safe("BEGIN; SELECT FROM kefu.post WHERE post_id = $post FOR NO KEY UPDATE")
				  if !$holder->{holds}++ ;
				return is_applied($text)
				  && says(q{SELECT wait_event_type = 'Lock' AND query = 'kefu: record exchanges'
				              FROM pg_stat_activity WHERE backend_type = 'kefu net'});
			},
			sub { eval { $holder->quit } });
	});

for my $phase ('planned', 'nothing has left', 'the request is on its way', 'the reply is on its way',
	'nothing is recorded')
{
	# Nobody but the network worker and the server has to do with a send.
	for my $victim (grep { $phase eq 'planned' || $_ ne 'the clock worker' } sort keys %kill)
	{
		my $what = "$phase, kill -9 of $victim";
		my ($post, $text) = plan_post($phase eq 'planned' ? '20 seconds' : '5 seconds');
		my ($is_reached, $let_go) = $phase{$phase}->($post, $text);

		ok(until_true(sub { let_pass($server, $phase eq 'planned' ? '0' : '1 second'); return $is_reached->() }),
			"$what: in that phase");
		ok($kill{$victim}->(), "$what: the server is back");
		$let_go->();
		$sim->heal;
		let_pass($server, '2 minutes');
		ok(passing_until('1 second', placement_is($post, 'published')), "$what: it stands there");
		is(attempts($text), '1 of 1', "$what: once, and asked for once");
	}
}

# --- how the platform breaks ---------------------------------------------------------------

my $html = '<html><h1>Bad Gateway</h1></html>';

for ([ 'cut before', '1 of 2', { kind => 'cut_before' } ],
	[ 'cut after', '1 of 1', { kind => 'cut_after_apply' } ],
	[ 'a bad gateway', '1 of 2', { kind => 'status', code => 502, body => $html } ],
	[ 'done all the same', '1 of 1', { kind => 'status', code => 502, body => $html, apply => JSON::PP::true } ],
	[ 'no id', '1 of 1', { kind => 'success_without_id' } ],
	[ 'too often', '1 of 2', { kind => 'rate' } ])
{
	my ($what, $asked, $fault) = @$_;
	my ($post, $text) = plan_post('1 second');
	my $hits = $sim->fault(match => 'statuses/update', times => 1, %$fault);

	ok(until_true(sub { let_pass($server, '1 second'); return $hits->() == 1 }), "$what: it was that");
	ok(passing_until('20 seconds', placement_is($post, 'published')), "$what: it stands there");
	is(attempts($text), $asked, "$what: $asked");
}

# A refusal for good: a person has it, with the platform's words; again, and it goes.
{
	my ($post, $text) = plan_post('1 second');
	my $hits = $sim->fault(match => 'statuses/update', times => 1, kind => 'status', code => 400,
		body => '{"error":"contains illegal website","error_code":20018}');

	ok(passing_until('1 second', placement_is($post, 'failed')), 'refused: failed');
	is($server->safe_psql('desk', "SELECT p.state, k.cause, k.note FROM kefu.post p JOIN kefu.placement l USING (post_id)"
			  . " JOIN kefu.task k ON k.object_type = 'placement' AND k.object_id = l.placement_id WHERE p.post_id = $post"),
		'failed|post_failed|sina.gd: content_refused: 20018 contains illegal website', 'refused: in its words');
	as('operator_gd', "SELECT kefu.retry_placement(placement_id) FROM kefu_bi.placements WHERE post_id = $post");
	ok(passing_until('1 second', placement_is($post, 'published')), 'refused, again: it stands there');
	is(attempts($text), '1 of 2', 'refused, again: once');
}

# The same words as the last post: the platform refuses them, and none was ours: a person.
{
	my ($post, $text) = plan_post('1 second');

	ok(passing_until('1 second', placement_is($post, 'published')), 'said once');
	my ($again) = plan_post('1 second', $text);
	ok(passing_until('20 seconds', placement_is($again, 'failed')), 'the same words again: failed');
	like($server->safe_psql('desk', "SELECT reason FROM kefu.placement WHERE post_id = $again"),
		qr/^duplicate/, 'the same words again: and why');
	is(attempts($text), '1 of 2', 'the same words again: said once');
}

# A repost whose reply is lost is found under the original.
{
	$sim->call('account', { uid => '9100', screen_name => '中国电信', token => 'token-hq' });
	my $original = $sim->act(kind => 'post', uid => '9100', text => '天翼新品今日上市');
	my ($post, $text) = plan_post('1 second', '转给大家',
		qq({"repost_platform": "sina", "repost_id": "$original", "repost_source": "中国电信"}));
	my $hits = $sim->fault(match => 'statuses/repost', times => 1, kind => 'cut_after_apply');

	ok(passing_until('10 seconds', placement_is($post, 'published')), 'a repost: it stands there');
	is($hits->(), 1, 'a repost: its reply was lost');
	is(attempts($text), '1 of 1', 'a repost: once, and asked for once');
}

# --- gone ------------------------------------------------------------------------------------

{
	my ($post, $text) = plan_post('1 second');

	ok(passing_until('1 second', placement_is($post, 'published')), 'to be withdrawn: it stands there');
	my $id = $server->safe_psql('desk', "SELECT native_id FROM kefu.placement WHERE post_id = $post");
	my $hits = $sim->fault(match => 'statuses/destroy', times => 1, kind => 'cut_after_apply');
	as('operator_gd', "SELECT kefu.withdraw_post($post, '内容有误')");
	ok(passing_until('10 seconds', placement_is($post, 'deleted')), 'withdrawn: gone, though the reply was lost');
	is($hits->(), 1, 'withdrawn: it was');
	my ($gone) = grep { $_->{id} eq $id } @{ $sim->call('truth?part=writes')->{writes} };
	ok($gone->{deleted}, 'withdrawn: the platform says so');
}

books_are_right('I6', 'I8', 'I13', 'I17', 'I21');
$server->stop;
done_testing();
