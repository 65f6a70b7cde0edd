# What the fan service (粉丝服务平台) brings, three times, twice, forged, out of order
# and while the receiver or the whole server is being killed, is heard once each, and
# what it gave up is found by asking; each answer is said once, and one that it takes
# no longer goes to 10000 (R85, R86, R88, R122, R129).
#
# The platform is the simulator, which says what it brought, what was acknowledged and
# what it was told; t/024_push.pl says what becomes of requests that aren't Sina's.

use strict;
use warnings;
use utf8;
use Encode qw(decode_utf8);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use IPC::Run;
use KefuDesk;
use KefuFaults;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

plan skip_all => 'python3, the language of the receiver, is not here' if system('python3 -c "" 2> /dev/null') != 0;

srand 24;
open_desk('fans', 'restart_after_crash = on');
run(qq{UPDATE kefu.feed SET is_live = false;
	UPDATE kefu.endpoint SET base_url = '@{[ $sim->base ]}/2' WHERE action = 'answer_message';
	SELECT kefu.set_secret('sina.gd', '{"access_token": "token-gd", "app_secret": "zhe-shi-mima"}');
	CREATE ROLE fans LOGIN IN ROLE kefu_receiver});

# --- the receiver --------------------------------------------------------------

my $port = PostgreSQL::Test::Cluster::get_free_port();
my ($receiver, $log) = (undef, '');

sub start_receiver
{
	local %ENV = (%ENV, PGHOST => $server->host, PGPORT => $server->port, PGUSER => 'fans', PGDATABASE => 'desk');

	$receiver = IPC::Run::start([ 'python3', "$FindBin::Bin/../../examples/receiver", "127.0.0.1:$port" ],
		'<', \undef, '>', \$log, '2>', \$log);
	until_true(sub { return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) })
	  or die "no receiver: $log";
}

my %kill = (
	receiver => sub { $receiver->kill_kill(grace => 0); start_receiver() },
	server => sub { kill_server($server); $server->start },
);

# --- the platform -----------------------------------------------------------------

my $customers = 60000;

# Something that a customer who is new does; returns the act.
sub says
{
	my ($kind, $text) = @_;
	my $uid = '' . ++$customers;

	$sim->call('user', { uid => $uid, screen_name => "粉丝$uid", province => '44', follows => ['9001'] });
	return { kind => $kind, uid => $uid, account => '9001', text => "$text$uid" };
}

sub pushes
{
	return grep { $_->{kind} ne 'setup' } @{ $sim->call('truth?part=pushes')->{pushes} };
}

sub all_over
{
	my ($what) = @_;

	ok(until_true(sub { return !grep { $_->{state} =~ /waiting|under_way/ } pushes() }), $what);
}

# How often the desk has heard each text.
sub heard
{
	return { map { /^(.*)\|(\d+)$/ ? ($1 => $2) : () }
		  split /\n/, decode_utf8(run('SELECT text, count(*) FROM kefu.message GROUP BY text')) };
}

start_receiver();
$sim->call('push', { account => '9001', url => "http://127.0.0.1:$port/push/sina.gd", app_secret => 'zhe-shi-mima',
		pause_ms => 700, shuffle => 8, again => 0.3, hang_up => 0.15, forged => 0.2, odd => 0.2 });
ok(until_true(sub { return $sim->call('truth?part=pushes')->{pushes}[0]{state} eq 'done' }), 'the receiver has echoed');

# --- what is brought -------------------------------------------------------------

for my $victim (qw(receiver server nobody receiver server))
{
	$sim->call('act_many', [ (map { says(dm => '断网了') } 1 .. 8), (map { says(post_mention => '@广东客服 请问') } 1 .. 3),
			says(comment_mention => '@广东客服 谢谢'), map { says(dm => '话费不对') } 1 .. 4 ]);
	usleep(rand 400_000);
	$kill{$victim}->() if $kill{$victim};
	usleep(300_000);
}
all_over('everything was brought, or given up');

my $heard = heard();
my @items = grep { $_->{kind} eq 'item' } pushes();
my @taken = grep { $_->{acknowledged} > 0 } @items;
note(scalar(@taken) . ' of ' . @items . ' acknowledged, ' . grep({ $_->{acknowledged} > 1 } @taken) . ' of them twice, '
	  . grep({ $_->{tries} > $_->{acknowledged} } @taken) . ' not at once');
is(scalar(grep { $_->{tries} > 1 } @items) > 0, 1, 'some came more than once');
is(join(' ', map { $_->{text} } grep { ($heard->{ $_->{text} } // 0) != 1 } @taken), '', 'what was acknowledged was heard once');
is(join(' ', map { $_->{text} } grep { ($heard->{ $_->{text} } // 0) > 1 } @items), '', 'nothing was heard twice');
my %said = map { $_->{text} => 1 } @items;
is(join(' ', grep { !$said{$_} } sort keys %$heard), '', 'nothing was heard that nobody said');
is(join(' ', map { "$_->{acknowledged} $_->{last_status}" } grep { $_->{kind} eq 'forged' && ($_->{acknowledged} || $_->{refused} && $_->{last_status} !~ /403|503/) } pushes()),
	'', 'what was forged was never taken');

# What was given up is found by asking, and what was brought is found again as the same.
run('UPDATE kefu.feed SET is_live = true');
poll_now();
ok(until_true(sub { my $now = heard(); return !grep { ($now->{ $_->{text} } // 0) != 1 } @items }), 'asked for, everything was heard once');
poll_now();
becomes("SELECT min(polled_at) > now() - interval '5 seconds' FROM kefu.feed_state", 'asked once more');
is(run('SELECT count(*), count(DISTINCT ticket_id) FROM kefu.message'), @items . '|' . @items, 'one message and one ticket each');

# Brought and asked for at once.
$sim->call('act_many', [ map { says(dm => '同时') } 1 .. 20 ]);
all_over('brought while asked for');
ok(until_true(sub { return 20 == grep { /^同时/ } keys %{ heard() } }), 'all are heard');
$heard = heard();
is(join(' ', grep { $heard->{$_} != 1 } sort keys %$heard), '', 'once');

# --- what is answered --------------------------------------------------------------

my %private = map { $_->{author} => 1 } grep { $_->{item} eq 'message' } @{ $sim->call('truth?part=inbound')->{inbound} };

# What customers got from us in private: times by uid.
sub told
{
	my %told = map { $_ => 0 } keys %private;

	$told{ $_->{recipient} } += $_->{applied} for grep { $_->{action} =~ /^(?:answer|message)$/ } @{ $sim->call('truth?part=attempts')->{attempts} };
	return \%told;
}

run('UPDATE kefu.account SET is_live = false');
$sim->answer_all($server);
run(q{UPDATE kefu.account SET is_live = true; DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$});
ok(until_true(sub { return grep { $_ } values %{ told() } }), 'answers are on their way');
$kill{server}->();
# A send that was under way is in doubt once its lease is over.
ok(until_true(sub {
		run(q{UPDATE kefu.outbound SET lease_until = now() WHERE lease_until > now() AND sending_at < now() - interval '5 seconds';
			DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$});
		return run("SELECT count(*) FROM kefu.outbound WHERE channel = 'private' AND state IN ('queued', 'sending', 'uncertain')") == 0;
	}), 'nothing private is left on its way')
  or diag(run("SELECT action, state, attempts, last_class, lease_until, not_before FROM kefu.outbound WHERE state <> 'sent'"));
my $told = told();
is(join(' ', grep { $told->{$_} > 1 } sort keys %$told), '', 'nobody was told twice');
my %person = map { $_ => 1 } split /\n/, run(q{SELECT DISTINCT o.recipient_id FROM kefu.outbound o JOIN kefu.task k USING (outbound_id) WHERE k.state = 'open'});
is(join(' ', grep { !$told->{$_} && !$person{$_} } sort keys %$told), '', 'who was told nothing is with a person');
is(scalar(grep { $told->{$_} } keys %$told) > 20, 1, 'nearly all were told');
is(run(q{SELECT count(*) FROM kefu.outbound WHERE action = 'answer_message' AND state = 'sent'}) > 10, 1, 'by the fan service');

# --- what it takes no longer -----------------------------------------------------------

# Who was found by asking would be answered by a private message, which has no window.
run('UPDATE kefu.feed SET is_live = false');
$sim->call('config', { reply_window => 1 });
my $late = says(dm => '太晚了');
$sim->call('act', $late);
ok(until_true(sub { return heard()->{ $late->{text} } }), 'somebody asks');
usleep(2_100_000);
$sim->answer_all($server);
becomes(qq{SELECT count(*) = 1 FROM kefu.task k JOIN kefu.message g USING (ticket_id)
	WHERE g.text = '$late->{text}' AND k.cause = 'call_customer' AND k.state = 'open'}, 'the platform takes no answer: 10000 calls');
is(join(' ', map { "$_->{action} $_->{applied} $_->{refused}" } grep { ($_->{recipient} // '') eq $late->{uid} } @{ $sim->call('truth?part=attempts')->{attempts} }),
	'answer 0 1', 'it was asked once');

$receiver->kill_kill(grace => 0);
unlike($log, qr/signature|Traceback|zhe-shi-mima/, 'the receiver says nothing secret');
is(run('SELECT * FROM kefu.verify_audit()'), '', 'the trail is whole');
done_testing();
