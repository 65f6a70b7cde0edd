# The receiver of examples/, between a platform that pushes and the database (R85, R86):
# what is signed arrives once, whatever else comes is turned away, nothing secret is
# said anywhere, and a database that is away for a while costs no message.
#
# The platform is played by hand over the loopback, byte by byte.

use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha1_hex);
use Encode qw(decode_utf8 encode_utf8);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use IPC::Run;
use KefuDesk;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'python3, the language of the receiver, is not here' if system('python3 -c "" 2> /dev/null') != 0;

my $secret = 'zhe-shi-mima';
my $server = new_server('push', 'kefu.enabled = off', 'log_statement = all');
$server->start;
make_desk($server);
$server->safe_psql('desk', qq{
	SET log_statement = 'none';
	SELECT FROM kefu.load_preset('all');
	SELECT kefu.add_credential('sina.gd', 'sina', 'token');
	SELECT kefu.set_secret('sina.gd', '{"app_secret": "$secret"}');
	SELECT kefu.add_account('sina.gd', 'sina', 'gd', '广东客服', '9001', 'sina.gd');
	CREATE ROLE fans LOGIN IN ROLE kefu_receiver;
});

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $log = '';
my $receiver = do
{
	local %ENV = (%ENV, PGHOST => $server->host, PGPORT => $server->port, PGUSER => 'fans', PGDATABASE => 'desk');
	IPC::Run::start([ 'python3', "$FindBin::Bin/../../examples/receiver", "127.0.0.1:$port" ], '<', \undef, '>', \$log, '2>', \$log);
};

sub connected
{
	return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 60);
}

ok(until_true(\&connected), 'the receiver listens');

# --- the platform ------------------------------------------------------------------

# Says these bytes, and no more; returns the status and the body.
sub say_bytes
{
	my ($bytes) = @_;
	my $socket = connected() or return 'no connection';

	print $socket $bytes;
	$socket->shutdown(1);
	my $reply = do { local $/; <$socket> } // '';
	my ($head, $body) = split /\r\n\r\n/, $reply, 2;
	return join ' ', ($head // '') =~ m{^HTTP/1\.1 (\d+)}, ($body // '') =~ /<html/i ? () : length($body // '') ? $body : ();
}

my $nonce = 0;

# The parameters of a request that is signed now.
sub query
{
	my ($time, $key) = (int(time * 1000), $_[0] // $secret);

	$nonce++;
	return "timestamp=$time&nonce=$nonce&signature=" . sha1_hex(join '', sort $key, $time, $nonce);
}

sub text
{
	my ($text, $who) = @_;
	my @now = split / +/, scalar gmtime;

	return encode_utf8(sprintf '{"type": "text", "receiver_id": 9001, "sender_id": %s, "created_at": "%s %s %02d %s +0000 %s", "text": "%s", "data": {}}',
		$who // 501, @now[0 .. 3], $now[4], $text);
}

sub request
{
	my ($body, %how) = @_;
	my $query = $how{query} // query();

	return sprintf("%s %s?%s HTTP/1.1\r\nHost: desk\r\n%s\r\n%s", $how{method} // 'POST', $how{path} // '/push/sina.gd',
		$query, $how{headers} // 'Content-Length: ' . length($body) . "\r\n", $body);
}

sub messages
{
	return $server->safe_psql('desk', q{SELECT count(*) FROM kefu.message});
}

# What is answered to each of these, and that nothing arrives.
sub change_nothing
{
	my (%said) = @_;
	my $before = messages();

	for my $what (sort keys %said)
	{
		my ($status, $bytes) = @{ $said{$what} };

		like(say_bytes($bytes), qr/^$status(?: |$)/, "$what: $status");
	}
	is(messages(), $before, 'and nothing arrived');
}

# --- what is taken --------------------------------------------------------------------

is(say_bytes(request('', method => 'GET', query => query() . '&echostr=a%26b%3Cc%3E')), '200 a&b<c>', 'at set-up the echo is answered');
my ($query, $text) = (query(), text('宽带断了'));
is(say_bytes(request($text, query => $query)), '200', 'a text is taken, with an empty answer') for 1 .. 3;
is(messages(), 1, 'three times brought, it is one message');
is(decode_utf8($server->safe_psql('desk', q{SELECT g.text, t.kind FROM kefu.message g JOIN kefu.ticket t USING (ticket_id)})),
	'宽带断了|complaint', 'with its ticket');
change_nothing(
	'a fourth time' => [ 403, request($text, query => $query) ],
	'another body' => [ 403, request(text('转账'), query => $query) ]);
my $quoted = text(q{o''; DROP TABLE kefu.message; -- \\\\ $1 \\"});
is(say_bytes(request($quoted)), '200', 'quotes are nothing special');
is($server->safe_psql('desk', q{SELECT text FROM kefu.message ORDER BY message_id DESC LIMIT 1}), q{o''; DROP TABLE kefu.message; -- \\ $1 "},
	'they arrive as they are');
is(say_bytes(request(text('一个接一个')) . request(text('再一个'))) =~ /^200/, 1, 'two in one connection');
is(messages(), 4, 'are two messages');

# --- what isn't ------------------------------------------------------------------------

change_nothing(
	'a wrong signature' => [ 403, request(text('假的'), query => query('wrong')) ],
	'no signature' => [ 403, request(text('假的'), query => 'timestamp=1') ],
	'nothing at all' => [ 403, request('', method => 'GET', query => '') ],
	'another account' => [ 403, request(text('假的'), path => '/push/sina.bj') ],
	'an account with quotes' => [ 403, request(text('假的'), path => "/push/'%22;--") ],
	'an account with a NUL' => [ 404, request(text('假的'), path => '/push/sina.gd%00x') ],
	'no account' => [ 404, request(text('假的'), path => '/push/') ],
	'another address' => [ 404, request(text('假的'), path => '/') ],
	'an address that is not UTF-8' => [ 400, request(text('假的'), path => '/push/%ff') ],
	'parameters that are not UTF-8' => [ 400, request(text('假的'), query => query() . '&x=%ff') ],
	'a parameter with a NUL' => [ 400, request(text('假的'), query => query() . '&x=%00') ],
	'a parameter twice' => [ 400, request(text('假的'), query => query() . '&nonce=1') ],
	'many parameters' => [ 400, request(text('假的'), query => query() . '&x' x 100) ],
	'another method' => [ 501, request(text('假的'), method => 'PUT') ],
	'no length' => [ 411, request(text('假的'), headers => '') ],
	'chunks' => [ 411, request("3\r\nabc\r\n0\r\n\r\n", headers => "Transfer-Encoding: chunked\r\n") ],
	'a length below zero' => [ 400, request(text('假的'), headers => "Content-Length: -1\r\n") ],
	'a length that is none' => [ 400, request(text('假的'), headers => "Content-Length: 1e3\r\n") ],
	'two lengths' => [ 400, request(text('假的'), headers => "Content-Length: 5\r\nContent-Length: 6\r\n") ],
	'a body that is cut off' => [ 400, request(text('假的'), headers => "Content-Length: 5000\r\n") ],
	'a length beyond any' => [ 413, request('', headers => 'Content-Length: ' . '9' x 4000 . "\r\n") ],
	'more than 1 MiB' => [ 413, request('x' x 1_048_577) ],
	'more than the platform may' => [ 413, request(text('长' x 50_000)) ],
	'a long address' => [ 414, request('', query => 'x' x 70_000) ],
	# Older Pythons say nothing to it.
	'no HTTP' => [ '(?:400)?', "\x16\x03\x01\r\n\r\n" ],
);

# What is signed, and can't be read, is kept; asking for it again would not help.
change_nothing(
	'a length too short' => [ 200, request(text('短'), headers => "Content-Length: 30\r\n") ],
	'no JSON' => [ 200, request('type=text') ],
	'bytes that are not UTF-8' => [ 200, request(qq({"type": "text", "text": "\xff"})) ],
	'NUL' => [ 200, request("{\"type\": \"text\0\"}") ],
	'depth' => [ 200, request('[' x 60_000) ],
);
is($server->safe_psql('desk', 'SELECT count(*) FROM kefu.dead_letter'), 5, 'each is a dead letter');

# --- without a database -------------------------------------------------------------------

my $late = request(text('数据库停了', 502));
$server->stop('immediate');
like(say_bytes($late), qr/^503/, 'without a database it is not taken');
$server->start;
is(say_bytes($late), '200', 'brought again it is');
is($server->safe_psql('desk', q{SELECT count(*) FROM kefu.message WHERE text = '数据库停了'}), 1, 'once');

# --- what is said of it ----------------------------------------------------------------------

$receiver->pump_nb;
like($log, qr/^sina\.gd 200 taken$/m, 'the receiver says what became of each');
like($log, qr/^sina\.gd 403 unsigned$/m, 'and why it was refused');
unlike($log, qr/signature|Traceback|$secret|[^\x00-\x7f]/, 'but nothing of what it said');
is(seen_in_log($server, $secret), 0, 'nor does the server know its secret by heart');
$receiver->kill_kill;
done_testing();
