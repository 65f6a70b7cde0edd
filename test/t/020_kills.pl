# Killed without warning in every phase of a fetch and of a send, the desk goes
# on by itself, and hears and says everything exactly once (R8: nothing is lost;
# R86: watching goes on; R89: what was agreed reaches the customer, once).
#
# In each phase kill -9 hits the network worker, an operator in the middle of an
# answer, the clock worker, and the whole server.  That the phase was reached is
# asked before: the server who holds a lease or waits for what, the simulator
# what has arrived.  Afterwards only time passes, and the simulator's truth says
# what came of it.  To ask again for what was done already is a failure even where
# the platform refuses to do it twice.
#
# Time is the desk's (kefu.test_now), so leases expire without being waited for.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use KefuCopy;
use KefuDesk;
use KefuSim;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sim = KefuSim->new('--seed', 20);
my $server = new_server('kills', 'kefu.allow_http = on', 'restart_after_crash = on',
	'kefu.test_clock = on');
$server->start;
my $post = $sim->make_sina_desk($server);

# The platform's time is real; the desk's must not overtake it.
set_clock($server, "now() - interval '8 hours'");

# --- asking ----------------------------------------------------------------------

# True if the server is there and says so.
sub says
{
	my ($query) = @_;
	my ($rc, $stdout) = $server->psql('desk', $query);

	return $rc == 0 && $stdout eq 't';
}

sub passing_until
{
	my ($interval, $query) = @_;

	return until_true(sub { let_pass($server, $interval); return says($query) });
}

sub is_fetched
{
	my ($comment) = @_;

	return "SELECT count(*) = 1 FROM kefu.message WHERE native_id = '$comment'";
}

sub is_in_state
{
	my ($comment, $state) = @_;

	return "SELECT count(*) = 1 AND bool_and(state = '$state') FROM kefu.outbound WHERE parent_id = '$comment'";
}

# --- what is at work -------------------------------------------------------------

sub let_work
{
	my ($is_live) = @_;

	$server->safe_psql('desk', "UPDATE kefu.account SET is_live = $is_live");
}

# Work that begins with the next let_work('true'); returns the comment it is about.
my %prepare;
%prepare = (
	fetch => sub {
		let_work('false');
		return $sim->comment($post);
	},
	send => sub {
		my $comment = $sim->comment($post);

		passing_until('1 second', is_fetched($comment)) or die "$comment was not fetched";
		let_work('false');
		$server->safe_psql('desk', $sim->answer_to($server, $comment),
			extra_params => [ '-U', 'operator_gd' ]);
		return $comment;
	},
	# A send whose reply was cut off is looked for a second later.
	verify => sub {
		my $comment = $prepare{send}->();

		$sim->fault(kind => 'cut_after_apply', times => 1, match => 'comments/reply');
		let_work('true');
		passing_until('0', is_in_state($comment, 'uncertain')) or die "$comment is not in doubt";
		let_work('false');
		return $comment;
	});
my %path = (fetch => 'comments/to_me', send => 'comments/reply', verify => 'comments/by_me');

sub is_leased
{
	my ($work, $comment) = @_;
	my $state = $work eq 'send' ? 'sending' : 'uncertain';

	return says($work eq 'fetch'
		? q{SELECT lease_until > kefu.now() FROM kefu.feed_state WHERE action = 'comments_to_me'}
		: is_in_state($comment, $state) . ' AND lease_until > kefu.now()');
}

# The platform has done it: shown the comment, said the answer.
sub is_applied
{
	my ($work, $comment) = @_;

	return $sim->replies_to('parent', $comment) == 1 if $work ne 'fetch';
	my ($item) = grep { $_->{id} eq $comment } @{ $sim->call('truth?part=inbound')->{inbound} };
	return $item->{served} > 0;
}

sub is_done
{
	my ($work, $comment) = @_;

	return $work eq 'fetch' ? is_fetched($comment) : is_in_state($comment, 'sent');
}

# --- how a phase is held ------------------------------------------------------------
#
# Each returns what is true once the phase is reached, and what the kill doesn't
# end by itself.

sub move_platform
{
	my ($base) = @_;

	$server->safe_psql('desk', "UPDATE kefu.platform SET base_url = '$base/2' WHERE platform = 'sina'");
}

# The lease is committed, and not a byte can leave: at this address the queue of
# callers is full, so the connection isn't there yet (02 is SYN_SENT).
sub unreachable
{
	my ($work, $comment) = @_;
	my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!;
	my $port = $listener->sockport;
	my @callers = map {
		IO::Socket::INET->new(Blocking => 0, PeerAddr => '127.0.0.1', PeerPort => $port)
	} 1 .. 4;
	my $dialling = sprintf ' 0100007F:%04X 02 ', $port;

	move_platform("http://127.0.0.1:$port");
	return (
		sub { return is_leased($work, $comment) && slurp_file('/proc/net/tcp') =~ /$dialling/ },
		sub { close $_ for $listener, @callers; move_platform($sim->base) });
}

# The platform has the request, and does it only after the sender is dead.
sub on_its_way
{
	my ($work, $comment) = @_;
	my $hits = $sim->fault(kind => 'slow', when => 'before', ms => 5000, times => 1, match => $path{$work});

	return (
		sub { return $hits->() == 1 && is_leased($work, $comment) && !is_applied($work, $comment) },
		sub { until_true(sub { return is_applied($work, $comment) }) });
}

# The platform has done it, and the reply doesn't come.
sub unanswered
{
	my ($work, $comment) = @_;
	my $hits = $sim->fault(kind => 'slow', ms => 600_000, times => 1, match => $path{$work});

	return (
		sub { return $hits->() == 1 && is_leased($work, $comment) && is_applied($work, $comment) },
		sub { });
}

# The reply is there, and somebody has what is needed to record it.
sub locked
{
	my ($lock) = @_;

	return sub {
		my ($work, $comment) = @_;
		my $holder = $server->background_psql('desk');

		$holder->query_safe("BEGIN; $lock" =~ s/COMMENT/$comment/r);
		return (
			sub {
				return is_leased($work, $comment) && is_applied($work, $comment)
				  && says(q{SELECT wait_event_type = 'Lock' AND query = 'kefu: record exchanges'
				              FROM pg_stat_activity WHERE backend_type = 'kefu net'});
			},
			sub { eval { $holder->quit } });
	};
}

my $ticket_row = q{SELECT FROM kefu.ticket t JOIN kefu.message m USING (ticket_id)
                    WHERE m.native_id = 'COMMENT' FOR UPDATE OF t};
my $clock_rows = q{SELECT FROM kefu.clock c JOIN kefu.message m ON m.ticket_id = c.object_id
                    WHERE m.native_id = 'COMMENT' AND c.object_type = 'ticket' FOR UPDATE OF c};
my @phases = (
	[ fetch => 'nothing has left', \&unreachable ],
	[ fetch => 'the request is on its way', \&on_its_way ],
	[ fetch => 'the reply is on its way', \&unanswered ],
	[ fetch => 'nothing is recorded', locked('LOCK TABLE kefu.raw_payload IN SHARE MODE') ],
	[ fetch => 'half of it is recorded', locked('LOCK TABLE kefu.sighting IN SHARE MODE') ],
	[ send => 'nothing has left', \&unreachable ],
	[ send => 'the request is on its way', \&on_its_way ],
	[ send => 'the reply is on its way', \&unanswered ],
	[ send => 'nothing is recorded', locked($ticket_row) ],
	[ send => 'half of it is recorded', locked($clock_rows) ],
	[ verify => 'nothing has left', \&unreachable ],
	[ verify => 'the reply is on its way', \&unanswered ],
	[ verify => 'nothing is recorded', locked($ticket_row) ],
	[ verify => 'half of it is recorded', locked($clock_rows) ]);

# --- the kill -----------------------------------------------------------------------

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
	'an operator' => sub {
		return kill_one(q{usename = 'operator_gd' AND state = 'idle in transaction'});
	},
	'the server' => sub { kill_server($server); return $server->start });

# One answer is never finished: whoever is killed, its operator is in the middle.
$server->safe_psql('desk', 'SELECT kefu.go_live()');
my $unfinished = $sim->comment($post);
ok(passing_until('1 second', is_fetched($unfinished)), 'the desk is at work');

sub run_phase
{
	my ($work, $phase, $hold, $victim) = @_;
	my $what = "$work, $phase, kill -9 of $victim";
	my $comment = $prepare{$work}->();
	my $operator = $server->background_psql('desk', extra_params => [ '-U', 'operator_gd' ]);

	$operator->query_safe('BEGIN; ' . $sim->answer_to($server, $unfinished));
	my ($is_reached, $let_go) = $hold->($work, $comment);
	let_work('true');
	ok(until_true(sub { let_pass($server, '1 second'); return $is_reached->() }), "$what: in that phase");
	ok($kill{$victim}->(), "$what: the server is back");
	eval { $operator->quit };
	$let_go->();
	$sim->heal;
	my $back_at = $server->safe_psql('desk', 'SELECT kefu.now()');
	let_pass($server, '2 minutes');
	ok( passing_until('1 second', is_done($work, $comment))
		  && passing_until('1 second', "SELECT min(ok_at) > '$back_at' FROM kefu.feed_state"),
		"$what: it is done, and every feed goes on");
	$sim->agrees_with($server, $what);
}

for my $phase (@phases)
{
	run_phase(@$phase, $_) for sort keys %kill;
}

# --- and in the end everybody has an answer ---------------------------------------------

is($sim->replies_to('parent', $unfinished), 0, 'what was never committed was never said');
$sim->answer_all($server);
ok(passing_until('1 second', q{
		SELECT bool_and(state = 'sent') AND count(*) = (SELECT count(*) FROM kefu.message) FROM kefu.outbound}),
	'every comment is answered');
is($sim->agrees_with($server, 'in the end'), 1 + keys(%kill) * @phases, 'each customer has one answer');
ok(seal_everything($server, 'desk'), 'sealing goes on');
is($server->safe_psql('desk', 'SELECT * FROM kefu.verify_audit()'), '', 'and the seals hold');
$server->stop;

done_testing();
