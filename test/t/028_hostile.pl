# A server that means harm: bodies that drip, that are a gigabyte long or become one
# when unpacked, nested a hundred thousand deep, shorter or longer than they say, in no
# character set; floods of headers; redirects into the private network; a member named
# twice, a number no machine can hold.  Whatever of it can be read is found as it was
# written; whatever can't is refused; and through all of it the worker lives, its
# memory stays where it was, and what customers say elsewhere is found and answered
# (R85, R86, R89).

use strict;
use warnings;
use utf8;
use Encode qw(decode_utf8);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Compress::Gzip;
use KefuDesk;
use KefuFarSide;
use KefuSim;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the far side was tested with another PostgreSQL' if ($ENV{KEFU_FAR_SIDE} // '') eq 'no';

my $mega = 1_000_000;

# --- the server -----------------------------------------------------------------

# A gigabyte of blanks, packed; memory needs none of it.
my $bomb = '';
{
	my $blanks = ' ' x $mega;
	my $packer = IO::Compress::Gzip->new(\$bomb, -Level => 1);
	$packer->print($blanks) for 1 .. 1000;
	$packer->close;
}

# One item that can be read, some of it given.
sub item
{
	my (%is) = @_;
	my %all = (id => '5001', text => '好', more => '', %is);

	return qq({"id": $all{id}, "text": "$all{text}", "created_at": "Tue Mar 02 08:16:00 +0800 2027",)
	  . qq( "user": {"id": 7, "screen_name": "谷雨"}$all{more}});
}

sub page
{
	my $text = '{"statuses": [' . join(', ', @_) . ']}';

	utf8::encode($text);
	return $text;
}

sub plain
{
	return KefuFarSide::reply(@_);
}

my $head = "HTTP/1.1 200 OK\r\n";
sub drips
{
	my ($connection) = @_;

	$connection->autoflush(1);
	# Each byte in time for any clock that only waits for the next one.
	while (print $connection ' ') { sleep 1 }
}

sub floods
{
	my ($connection) = @_;
	my $some = ' ' x $mega;

	for (1 .. 1000) { print $connection $some or return }
}

# What is done to the worker, and what must come of it: the class with which the poll
# ends and how many messages are found.
my %harm = (
	'slow_body' => [ 'transient', 0, sub { ("${head}Content-Length: 1000000\r\n\r\n", \&drips) } ],
	'slow_head' => [ 'transient', 0, sub { ('HTTP/1.1 200 OK', \&drips) } ],
	'gigabyte' => [ 'transient', 0, sub { ("${head}Content-Length: 1000000000\r\n\r\n", \&floods) } ],
	'gigabyte_unsaid' => [ 'transient', 0, sub { ("${head}Connection: close\r\n\r\n", \&floods) } ],
	'gigabyte_head' => [ 'transient', 0, sub { ("${head}X-Long: ", \&floods) } ],
	'bomb' => [ 'transient', 0, sub { plain($bomb, 'Content-Encoding: gzip') } ],
	'bomb_no_gzip' => [ 'transient', 0, sub { plain(page(item()), 'Content-Encoding: gzip') } ],
	'deep_list' => [ 'unreadable', 0, sub { plain('[' x 100_000) } ],
	'deep_object' => [ 'unreadable', 0, sub { plain('{"a":' x 100_000 . '1' . '}' x 100_000) } ],
	'deep_item' => [ 'unreadable', 0, sub { plain(page(item(more => ', "x": ' . '[' x 70 . ']' x 70))) } ],
	'many' => [ 'ok', 1, sub { plain(page(item(id => 5100, more => ', "x": [' . join(',', (0) x 400_000) . ']'))) } ],
	'too_short' => [ 'transient', 0, sub { ("${head}Content-Length: 100000\r\n\r\n", page(item())) } ],
	'too_long' => [ 'unreadable', 0, sub { ("${head}Content-Length: 10\r\n\r\n", page(item())) } ],
	'negative' => [ 'transient', 0, sub { ("${head}Content-Length: -1\r\n\r\n", page(item())) } ],
	'beyond' => [ 'transient', 0, sub { ("${head}Content-Length: 18446744073709551616\r\n\r\n", page(item())) } ],
	'two_lengths' => [ 'unreadable', 0, sub { ("${head}Content-Length: 5\r\nContent-Length: 9\r\n\r\n", page(item())) } ],
	'bad_chunk' => [ 'transient', 0, sub { ("${head}Transfer-Encoding: chunked\r\n\r\n", "fffffffffffffffff\r\n", page(item())) } ],
	'headers' => [ 'transient', 0, sub { ($head, (map { "X-$_: $_\r\n" } 1 .. 20_000), "\r\n", page(item())) } ],
	'headers_some' => [ 'ok', 1, sub { plain(page(item(id => 5200)), map { join "\r\n", map { "X-$_: $_" } 1 .. 200 } 1) } ],
	'redirect' => [ 'unknown', 0, sub { plain('', 'Location: /inside', 302) } ],
	'redirect_private' => [ 'unknown', 0, sub { plain('', 'Location: http://10.0.0.1/inside', 301) } ],
	'redirect_file' => [ 'unknown', 0, sub { plain('', 'Location: file:///etc/hostname', 307) } ],
	'utf8' => [ 'transient', 0, sub { plain("{\"statuses\": [], \"x\": \"\xff\xfe\"}") } ],
	'surrogate' => [ 'ok', 1, sub { plain(page(item(id => 5300, text => '\\ud800半个'))) } ],
	'nul' => [ 'transient', 0, sub { plain("{\"statuses\": [], \"x\": \"a\0b\"}") } ],
	'nul_escaped' => [ 'ok', 1, sub { plain(page(item(id => 5400, text => '上\\u0000下'))) } ],
	'twice' => [ 'ok', 1, sub { plain(page(item(id => 5500, text => '先', more => ', "text": "后"'))) } ],
	'big_id' => [ 'ok', 2, sub { plain(page(map { item(id => $_) } '92233720368547758079223372036854775807', '"-9223372036854775809"')) } ],
	'big_number' => [ 'ok', 1, sub { plain(page(item(id => 5600, more => ', "reposts_count": 1e999999999, "x": -' . '9' x 5000))) } ],
	'html' => [ 'unreadable', 0, sub { plain('<html><h1>login</h1></html>', 'Content-Type: text/html') } ],
	'nothing' => [ 'transient', 0, sub { () } ],
	'inside' => undef);

my $far = KefuFarSide->new("$PostgreSQL::Test::Utils::tmp_check/hostile.log",
	map { my $name = $_; ("/$name" => $harm{$name} ? $harm{$name}[2] : sub { plain(page(item(id => 6666))) }) } keys %harm);
delete $harm{inside};

# --- the desk --------------------------------------------------------------------

my $sim = KefuSim->new('--seed', 28);
my $server = new_server('hostile', 'kefu.allow_http = on', 'kefu.connections = 16', q{log_line_prefix = '%m [%p] %b '});
$server->start;
my $post = $sim->make_sina_desk($server);

sub run
{
	return decode_utf8($server->safe_psql('desk', $_[0]));
}

# The same dialect at the hostile address: a feed for each harm, each with a platform
# of its own, so that none is spared by what another was taken for.
sub make_hostile
{
	my ($name) = @_;
	my $base = $far->url('');
	# Who drips is cut off soon; all else may take its time on a busy machine.
	my $patience = $name =~ /^slow/ ? 3000 : 30_000;

	run(qq{
		INSERT INTO kefu.platform SELECT (jsonb_populate_record(p, jsonb_build_object('platform', '$name', 'base_url', '$base',
			'total_timeout_ms', $patience))).* FROM kefu.platform p WHERE platform = 'sina';
		INSERT INTO kefu.endpoint SELECT (jsonb_populate_record(e, '{"platform": "$name", "path": "/$name", "complete_action": null}')).*
			FROM kefu.endpoint e WHERE platform = 'sina' AND action = 'mentions';
		INSERT INTO kefu.field_map SELECT (jsonb_populate_record(f, '{"platform": "$name"}')).*
			FROM kefu.field_map f WHERE platform = 'sina' AND item_kind = 'status';
		SELECT kefu.add_credential('$name.gd', '$name', 'token');
		SELECT kefu.set_secret('$name.gd', '{"access_token": "token-gd"}');
		SELECT kefu.add_account('$name.gd', '$name', 'gd', '广东客服', '9001', '$name.gd');
		SELECT kefu.add_feed('$name.gd', 'mentions', '1 second', now() - interval '1 day')});
}

make_hostile($_) for sort keys %harm;

# Everything is due again, whatever it was taken for.
sub hasten
{
	run(q{BEGIN; UPDATE kefu.feed_state SET next_poll_at = now() WHERE lease_until IS NULL AND next_poll_at > now();
		DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT});
}

# Until every feed has been asked so often; customers go on meanwhile.
my $comments = 0;
sub ask_until
{
	my ($polls, $what) = @_;

	ok( until_true(sub {
				hasten();
				$sim->comment($post);
				$comments++;
				# What comes in the middle of an answering is answered the next time.
				eval { $sim->answer_all($server) };
				return run("SELECT min(polls_count) >= $polls FROM kefu.feed_state") eq 't';
			}), $what)
	  or diag(run('SELECT account, state, last_class, polls_count FROM kefu.stat_feed ORDER BY polls_count'));
}

# What failed in the worker itself; before it was live it had no right yet.
sub errors
{
	return run(q{SELECT errors_count FROM kefu.stat_worker WHERE worker = 'kefu net'});
}

sub memory_kb
{
	my ($what) = @_;
	my ($kb) = slurp_file('/proc/' . worker_pid($server, 'kefu net') . '/status') =~ /^$what:\s+(\d+)/m;

	return $kb;
}

run('SELECT kefu.go_live()');
my $errors = errors();
my $worker = worker_pid($server, 'kefu net');
ask_until(2, 'every harm was done, twice');
my $before = memory_kb('VmRSS');
ask_until(6, 'and again and again');
my $after = memory_kb('VmRSS');
note("$before kB resident, then $after kB; at most " . memory_kb('VmHWM'));

# --- what came of it ---------------------------------------------------------------

cmp_ok($after, '<', $before + 16_000, 'memory is where it was');
cmp_ok(memory_kb('VmHWM'), '<', 400_000, 'and was never far from it');
is(worker_pid($server, 'kefu net'), $worker, 'the worker is the same');
worker_is($server, 'desk', 'kefu net', 'running');
is(errors(), $errors, 'and never failed');
for my $name (sort keys %harm)
{
	my ($class, $messages) = @{ $harm{$name} };

	cmp_ok(scalar $far->requests(qr{ /$name\?}), '>=', 5, "$name: was done");
	is(run("SELECT last_class FROM kefu.stat_feed WHERE account = '$name.gd'")
		  . ', ' . run("SELECT count(*) FROM kefu.message WHERE account = '$name.gd'"), "$class, $messages", "$name: what came of it");
}
is(scalar $far->requests(qr{/inside}), 0, 'no redirect was followed');
is(run(q{SELECT string_agg(native_id, ' ' ORDER BY native_id COLLATE "C") FROM kefu.message WHERE account = 'big_id.gd'}),
	'-9223372036854775809 92233720368547758079223372036854775807', 'an id is what it is, however long');
is(run(q{SELECT string_agg(text, ' ' ORDER BY account) FROM kefu.message WHERE account IN ('nul_escaped.gd', 'surrogate.gd', 'twice.gd')}),
	"上\x{fffd}下 \x{fffd}半个 后", 'what has no character is marked, and of two members the last is meant');

# --- and everything else ------------------------------------------------------------

ok( until_true(sub {
			hasten();
			$sim->answer_all($server);
			return run(q{SELECT count(*) = (SELECT count(*) FROM kefu.message WHERE account = 'sina.gd') AND bool_and(state = 'sent') AND count(*) = }
				  . $comments . q{ FROM kefu.outbound WHERE account = 'sina.gd'}) eq 't';
		}), 'every customer elsewhere has an answer');
is(scalar @{ $sim->call('truth?part=inbound')->{inbound} }, $comments, 'all of them');
my @replies = grep { $_->{action} eq 'reply' } @{ $sim->call('truth?part=attempts')->{attempts} };
is(join(' ', grep { $_ ne '1 of 1' } map { "$_->{applied} of $_->{requests}" } @replies), '', 'once');
is(run('SELECT * FROM kefu.verify_audit()'), '', 'the trail is whole');
is(seen_in_log($server, qr/kefu net .*(PANIC|terminated|token-gd|127\.0\.0\.1)/), 0, 'and the log quiet');
$server->stop;
done_testing();
