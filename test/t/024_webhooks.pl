# What a subscriber is told by the real worker: each new ticket, once, signed, in
# the end; whatever the receiver does, and whoever dies, under one number. And a
# receiver that hangs holds up nobody.
#
# The receiver is not the extension's: it checks the signature by itself and notes
# every request before it answers, so what arrived is read there.

use strict;
use warnings;
use utf8;
use Digest::SHA qw(hmac_sha256_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use KefuDesk;
use KefuFarSide;
use KefuSim;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $secret = 's3cret of the hook';
my $tmp = $PostgreSQL::Test::Utils::tmp_check;
my $json = JSON::PP->new->utf8->canonical;

# --- the receiver ----------------------------------------------------------------

# How it behaves is in a file by its name: a status, or drop, hang or hold, which
# is to hang until the file says something else.
sub behaves
{
	my ($name, $how) = @_;

	open my $file, '>', "$tmp/how_$name.new" or die $!;
	print $file $how;
	close $file;
	rename "$tmp/how_$name.new", "$tmp/how_$name" or die $!;
}

sub receive
{
	my ($name, $header, $body) = @_;
	my $stamp = $header->{'x-kefu-timestamp'};
	my $signature = 'sha256=' . hmac_sha256_hex(($stamp // '') . '.' . $body, $secret);
	my $how = slurp_file("$tmp/how_$name");

	open my $file, '>>', "$tmp/came_$name" or die $!;
	syswrite $file, $json->encode({
			delivery => $header->{'x-kefu-delivery'}, type => $header->{'content-type'},
			event => $header->{'x-kefu-event'}, how => $how, body => $body,
			is_signed => defined $stamp && $signature eq $header->{'x-kefu-signature'} ? 1 : 0,
			is_fresh => defined $stamp && abs(time - $stamp) < 300 ? 1 : 0 }) . "\n";
	close $file;
	return () if $how eq 'drop';
	sleep 600 if $how eq 'hang';
	if ($how eq 'hold')
	{
		select undef, undef, undef, 0.05 while slurp_file("$tmp/how_$name") eq 'hold';
		return ();
	}
	return KefuFarSide::reply('{"errcode":0}', $how eq '302' ? 'Location: /elsewhere' : undef, $how);
}

my %paths = map { my $name = $_; ("/$name" => sub { return receive($name, @_[ 2, 3 ]) }) }
	qw(desk robot slow elsewhere);
my $far = KefuFarSide->new("$tmp/far_side.log", %paths);
for (qw(desk robot slow elsewhere))
{
	open my $file, '>', "$tmp/came_$_" or die $!;
	behaves($_, 200);
}

sub came
{
	my ($name) = @_;

	return map { $json->decode($_) } split /\n/, slurp_file("$tmp/came_$name");
}

# --- the desk ----------------------------------------------------------------------

my $sim = KefuSim->new('--seed', 24);
my $server = new_server('webhooks', 'kefu.allow_http = on', 'restart_after_crash = on');
$server->start;
my $post = $sim->make_sina_desk($server);

sub run
{
	return $server->safe_psql('desk', $_[0]);
}

sub becomes
{
	my ($query, $what) = @_;

	ok($server->poll_query_until('desk', $query), $what)
	  or diag(run('SELECT * FROM kefu.stat_webhook'), run('SELECT * FROM kefu.webhook'),
		run('SELECT * FROM kefu.stat_worker'));
}

sub arrives
{
	my ($name, $count, $what) = @_;

	ok(until_true(sub { return came($name) >= $count }), $what)
	  or diag(run('SELECT * FROM kefu.stat_webhook'));
}

# What waits is due now.
sub hasten
{
	run(q{BEGIN;
		UPDATE kefu.subscriber_state SET next_at = now(),
			lease_until = CASE WHEN lease_key IS NOT NULL THEN now() END;
		UPDATE kefu.webhook SET not_before = now() WHERE state = 'queued';
		DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT});
}

# A new ticket by way of the platform.
sub ticket
{
	my $comment = $sim->comment($post);

	run(q{BEGIN; UPDATE kefu.feed_state SET next_poll_at = now();
		DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT});
	$server->poll_query_until('desk',
		"SELECT count(*) = 1 FROM kefu.message WHERE native_id = '$comment'") or die "$comment was not found";
	return run("SELECT ticket_id FROM kefu.message WHERE native_id = '$comment'");
}

# What a subscriber's webhook about a ticket is, and that it was told, once.
sub state_of
{
	my ($name, $ticket) = @_;

	return "FROM kefu.webhook w WHERE w.subscriber = '$name' AND w.slots ->> 'id' = '$ticket'";
}

sub is_told
{
	my ($name, $ticket, $requests, $what) = @_;

	becomes("SELECT count(*) = 1 AND bool_and(state = 'delivered') " . state_of($name, $ticket), "$what: told");
	my @all = grep { $json->decode($_->{body})->{id} eq $ticket } came($name);
	my %numbers = map { $_->{delivery} => 1 } @all;

	is(scalar(@all), $requests, "$what: asked $requests times");
	is(join(' ', keys %numbers), run("SELECT incarnation || '-' || webhook_id " . state_of($name, $ticket)),
		"$what: under its number");
	is(join('', map { $_->{is_signed} . $_->{is_fresh} } @all), '11' x $requests, "$what: signed");
}

sub subscribe
{
	my ($name, $more) = @_;

	run("SELECT kefu.add_subscriber('$name', 'gd', '" . $far->url("/$name")
		  . "', 'json', '{ticket_opened}' $more, allows_http => true)");
}

run(q{SELECT kefu.add_credential('hook', NULL, 'webhook')});
run(qq{SELECT kefu.set_secret('hook', '{"secret": "$secret"}')});
subscribe('desk', q{, 'hook', 'kefu'});
run('SELECT kefu.go_live()');

# --- told, once ---------------------------------------------------------------------

my $ticket = ticket();
is_told('desk', $ticket, 1, 'a ticket');
my ($first) = came('desk');
is($first->{type}, 'application/json; charset=utf-8', 'as JSON');
is($first->{event}, 'ticket_opened', 'with its event');
my $body = $json->decode($first->{body});
is("$body->{what} $body->{object_type} $body->{unit} $body->{delivery}",
	"ticket_opened ticket gd $first->{delivery}", 'the body says what');
is(join("\n", grep { /s3cret/ && !/set_secret/ } split /\n/, slurp_file($server->logfile)), '',
	'its secret is not in the log, but where it was set');
is(run(q{SELECT count(*) FROM kefu.audit_event WHERE facts::text LIKE '%s3cret%'}), 0, 'nor in the trail');

# --- whatever the receiver does --------------------------------------------------------

for ([ 'an error', 500, 'transient 500' ], [ 'no reply', 'hang', 'transient 0' ],
	[ 'a cut', 'drop', 'transient 0' ], [ 'a redirect', 302, 'refused 302' ],
	[ 'a refusal', 404, 'refused 404' ], [ 'too often', 429, 'rate 429' ])
{
	my ($what, $how, $class) = @$_;

	behaves('desk', $how);
	run(q{UPDATE kefu.subscriber SET timeout_ms = 500}) if $how eq 'hang';
	my $number = ticket();
	becomes("SELECT failures = 1 AND last_class || ' ' || last_status = '$class' " . state_of('desk', $number),
		"$what: $class");
	behaves('desk', 200);
	run(q{UPDATE kefu.subscriber SET timeout_ms = 10000});
	hasten();
	is_told('desk', $number, 2, $what);
}
is(scalar(came('elsewhere')), 0, 'a redirect is not followed');

# --- and who hangs holds up nobody -------------------------------------------------------

behaves('slow', 'hold');
subscribe('slow', '');
run(q{UPDATE kefu.subscriber SET timeout_ms = 30000 WHERE subscriber = 'slow'});
subscribe('robot', q{, 'hook', 'kefu'});
my @during = (ticket());
arrives('slow', 1, 'one hangs');
push @during, ticket(), ticket();
is_told($_->[0], $_->[1], 1, "meanwhile $_->[0]") for map { my $t = $_; ([ 'desk', $t ], [ 'robot', $t ]) } @during;
is(run(q{SELECT lease_until > now() AND last_class IS NULL FROM kefu.subscriber_state WHERE subscriber = 'slow'}), 't',
	'it hangs all the while');
is(scalar(came('slow')), 1, 'and was asked once');
run(q{SELECT kefu.set_subscriber('slow', is_live => false)});
behaves('slow', 200);

# --- given up, and gone ------------------------------------------------------------------

run(q{UPDATE kefu.subscriber SET max_tries = 2});
behaves('robot', 500);
my $given_up = ticket();
becomes('SELECT failures = 1 ' . state_of('robot', $given_up), 'given up: the first failure');
hasten();
becomes("SELECT state = 'dead' " . state_of('robot', $given_up), 'given up: dead');
like(run('SELECT message FROM kefu.health()'), qr/subscriber "robot" has 1 dead webhooks/, 'given up: health() says so');
behaves('robot', 200);
run('SELECT kefu.retry_webhook(' . run('SELECT webhook_id ' . state_of('robot', $given_up)) . ')');
hasten();
is_told('robot', $given_up, 3, 'given up, and tried again by hand');

behaves('robot', 410);
my $last = ticket();
becomes(q{SELECT NOT is_live FROM kefu.subscriber WHERE subscriber = 'robot'}, 'gone: switched off');
is(run(q{SELECT count(*) FROM kefu.audit_event WHERE event = 'subscriber_gone' AND facts ->> 'subscriber' = 'robot'}),
	1, 'gone: on the ledger');
is_told('desk', $last, 1, 'gone: the others are told');

# --- nothing is lost, nothing said twice ----------------------------------------------------

# What commits late is told when it does, and so is what ran beside it; what is
# rolled back never happened.
{
	my $reply = sub {
		return $json->encode({ comments => [ { idstr => "$_[0]", text => '请问怎么办?',
					created_at => POSIX::strftime('%a %b %d %H:%M:%S +0000 %Y', gmtime),
					user => { idstr => "77$_[0]", screen_name => "n$_[0]", province => '44' },
					status => { idstr => $post, user => { idstr => '9001' } } } ] });
	};
	my $ingest = sub {
		my $text = $reply->($_[0]);

		# In ASCII: newer servers' helpers note a query on a handle of bytes.
		utf8::decode($text);
		$text =~ s/([^\x00-\x7f])/sprintf '\\u%04x', ord $1/ge;
		return "SELECT tickets FROM kefu.ingest('sina.gd', 'comments_to_me', \$j\$$text\$j\$)";
	};
	run(q{UPDATE kefu.feed SET is_live = false});
	my $id = sub {
		return run("SELECT ticket_id FROM kefu.message WHERE native_id = '$_[0]'");
	};
	my $beside = $server->background_psql('desk');

	$beside->query_safe('BEGIN');
	$beside->query_safe($ingest->('900001'));
	run($ingest->('900002'));
	my $early = $id->('900002');
	is(run('SELECT kefu.queue_webhooks(1000)'), 0, 'beside one that runs: waits');
	$beside->query_safe('COMMIT');
	is_told('desk', $id->('900001'), 1, 'committed late');
	is_told('desk', $early, 1, 'beside it');
	$beside->query_safe('BEGIN');
	$beside->query_safe($ingest->('900003'));
	$beside->query_safe('ROLLBACK');
	run($ingest->('900004'));
	is_told('desk', $id->('900004'), 1, 'after one that was rolled back');
	$beside->quit;
	run(q{UPDATE kefu.feed SET is_live = true});
}

# Killed between the request and its record: told again, under its number.
{
	behaves('desk', 'hold');
	my $before = came('desk');
	my $told_again = ticket();

	arrives('desk', $before + 1, 'killed: the receiver has it');
	my $pid = worker_pid($server, 'kefu net');
	kill 'KILL', $pid;
	ok(until_true(sub {
			my ($rc, $out) = $server->psql('desk', "SELECT pid <> $pid FROM kefu.stat_worker WHERE worker = 'kefu net'");
			return $rc == 0 && $out eq 't';
		}), 'killed: a new worker');
	is(run("SELECT state || ' ' || attempts " . state_of('desk', $told_again)), 'queued 1', 'killed: nobody knows');
	behaves('desk', 200);
	run('UPDATE kefu.feed_state SET lease_until = NULL, lease_key = NULL');
	hasten();
	is_told('desk', $told_again, 2, 'killed');
}

# A desk that rehearses queues and sends nothing.
{
	run('SELECT kefu.rehearse()');
	my $before = came('desk');
	my $rehearsed = ticket();

	becomes("SELECT state = 'queued' AND attempts = 0 " . state_of('desk', $rehearsed), 'rehearsed: queued');
	is(scalar(came('desk')), $before, 'rehearsed: not sent');
	run('SELECT kefu.go_live()');
	is_told('desk', $rehearsed, 1, 'rehearsed, then live');
}
is(run(q{SELECT count(*) FROM kefu.webhook WHERE subscriber = 'desk' AND state <> 'delivered'}), 0, 'nothing is left');
is(run(q{SELECT count(*) FROM kefu.ticket t WHERE 1 <> (SELECT count(*) FROM kefu.webhook w
	WHERE w.subscriber = 'desk' AND w.slots ->> 'id' = t.ticket_id::text)}), 0, 'each ticket was told once');
$server->stop;
$far->stop;
done_testing();
