# The network worker against a far side that misbehaves: every reply and every
# failure is recorded as what it was, nothing is sent twice, and one bad reply
# never takes others with it.  Then the way there: names that are slow or lost, IPv6, a
# proxy, certificates and versions of TLS.
#
# The functions between the worker and the desk's tables are the test's own, so
# that this is about the worker alone.

use strict;
use warnings;
use FindBin;
use IO::Socket::INET;
use KefuDesk;
use KefuFarSide;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $far = KefuFarSide->new("$PostgreSQL::Test::Utils::tmp_check/far_side.log",
	'http://no-such-host.invalid/json' => sub { return KefuFarSide::reply('"through"') });
my $server = new_server('main', 'kefu.allow_http = on', 'kefu.connections = 8',
	'kefu.connect_timeout = 2s', q{log_line_prefix = '%m [%p] %b '});
# Names that the test knows, where a library can be made: looked up slowly, or not at all.
my $has_names = make_names($PostgreSQL::Test::Utils::tmp_check);
{
	local $ENV{LD_PRELOAD} = $has_names ? "$PostgreSQL::Test::Utils::tmp_check/names.so" : '';
	$server->start;
}
make_desk($server);
$server->safe_psql('desk', q{
	CREATE SCHEMA trial;
	CREATE TABLE trial.request (
		key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		kind text NOT NULL DEFAULT 'feed', url text, method text NOT NULL DEFAULT 'GET',
		headers text[], body bytea, content_type text, timeout_ms integer DEFAULT 5000,
		max_bytes integer DEFAULT 1000000, allows_http boolean DEFAULT true,
		claimed boolean NOT NULL DEFAULT false);
	CREATE INDEX ON trial.request (key) WHERE NOT claimed;
	CREATE TABLE trial.result (
		key integer PRIMARY KEY, http_status integer, error text, bytes_sent boolean, body text,
		reply_headers text, started_at timestamptz, finished_at timestamptz, xid xid8);
	CREATE TABLE trial.failure (key integer PRIMARY KEY, reason text);
	CREATE SEQUENCE trial.attempts;
	CREATE FUNCTION trial.ask(url text, method text DEFAULT 'GET', kind text DEFAULT 'feed')
	RETURNS integer LANGUAGE sql AS $$
		INSERT INTO trial.request (url, method, kind) VALUES (url, method, kind) RETURNING key $$;
});
replace_function($server, 'claim_exchanges(integer)', q{
	CREATE FUNCTION kefu.claim_exchanges(max integer)
	RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[],
		body bytea, content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
	LANGUAGE sql SECURITY DEFINER AS $$
		UPDATE trial.request r SET claimed = true
		 WHERE r.key IN (SELECT q.key FROM trial.request q WHERE NOT q.claimed ORDER BY q.key LIMIT max)
		RETURNING r.kind, r.key::text, gen_random_uuid(), r.method, r.url, r.headers, r.body,
			r.content_type, r.timeout_ms, r.max_bytes, r.allows_http $$
});
replace_function($server, 'next_exchange_at()', q{
	CREATE FUNCTION kefu.next_exchange_at() RETURNS timestamptz
	LANGUAGE sql STABLE SECURITY DEFINER AS $$
		SELECT CASE WHEN EXISTS (SELECT FROM trial.request WHERE NOT claimed) THEN now() END $$
});
replace_function($server,
	'record_exchanges(text[], text[], uuid[], integer[], text[], boolean[], text[], text[], timestamptz[],'
	  . ' timestamptz[])', q{
	CREATE FUNCTION kefu.record_exchanges(kinds text[], keys text[], lease_keys uuid[], http_statuses integer[],
		errors text[], bytes_sent boolean[], bodies text[], reply_headers text[], started_at timestamptz[],
		finished_at timestamptz[]) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER AS $$
	BEGIN
		FOR i IN 1 .. cardinality(kinds) LOOP
			IF kinds[i] = 'feed' AND bodies[i] = '{"packed":true}' THEN
				RAISE EXCEPTION 'poison' USING ERRCODE = 'data_exception';
			ELSIF kinds[i] = 'verify' AND nextval('trial.attempts') < 4 THEN
				RAISE EXCEPTION 'passing' USING ERRCODE = 'lock_not_available';
			END IF;
			INSERT INTO trial.result VALUES (keys[i]::integer, http_statuses[i], errors[i], bytes_sent[i],
				bodies[i], reply_headers[i], started_at[i], finished_at[i], pg_current_xact_id());
		END LOOP;
	END $$
});
replace_function($server, 'exchange_failed(text, text, uuid, text)', q{
	CREATE FUNCTION kefu.exchange_failed(kind text, key text, lease_key uuid, reason text)
	RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
		INSERT INTO trial.failure VALUES (key::integer, reason) $$
});
$server->safe_psql('desk', 'SELECT kefu.go_live()');
worker_is($server, 'desk', 'kefu net', 'running');

# Asks and returns the key; more columns of the request may follow.
sub ask
{
	my ($url, %more) = @_;
	my @columns = sort keys %more;
	my $columns = join ', ', 'url', @columns;
	my $values = join ', ', "'$url'", map { $more{$_} } @columns;

	return $server->safe_psql('desk', qq{
		BEGIN;
		INSERT INTO trial.request ($columns) VALUES ($values) RETURNING key;
		DO \$\$ BEGIN PERFORM kefu.wake_worker('net'); END \$\$;
		COMMIT});
}

sub result
{
	my ($key, $columns) = @_;

	$server->poll_query_until('desk',
		"SELECT EXISTS (SELECT FROM trial.result WHERE key = $key)"
		  . " OR EXISTS (SELECT FROM trial.failure WHERE key = $key)")
	  or diag("no result of $key");
	return $server->safe_psql('desk', "SELECT $columns FROM trial.result WHERE key = $key");
}

# One request and what must come of it: status|error|bytes sent|body.
sub gives
{
	my ($what, $url, $expected, %more) = @_;

	is(result(ask($url, %more), q{http_status, coalesce(error, ''), bytes_sent, coalesce(body, '-')}),
		$expected, $what);
}

# --- replies -----------------------------------------------------------------

gives('a reply', $far->url('/json'), '200||t|{"text":"客服"}');
gives('an empty reply is a text', $far->url('/empty'), '200||t|');
gives('a redirect is not followed', $far->url('/redirect'), '302||t|');
gives('an error of the far side is a reply', $far->url('/busy'), '503||t|{"error":"busy"}');
gives('a reply in gzip', $far->url('/gzip'), '200||t|{"packed":true}', kind => "'other'");
gives('a broken gzip', $far->url('/no-gzip'), '200|invalid compression|t|-');
gives('bytes that are no UTF-8', $far->url('/bad-utf8'), '200|invalid UTF-8|t|-');
gives('a NUL', $far->url('/nul'), '200|invalid UTF-8|t|-');
gives('a large reply that says so', $far->url('/huge'), '200|reply too large|t|-');
gives('one that does not', $far->url('/endless'), '200|reply too large|t|-');
gives('one that hides it in gzip', $far->url('/bomb'), '200|reply too large|t|-');
gives('a large reply where it may be', $far->url('/huge') . '?ok', '200||t|' . 'x' x 3_000_000,
	max_bytes => 3_000_000);
gives('large headers', $far->url('/headers'), '200|reply headers too large|t|-');
gives('a reply cut short', $far->url('/cut'), '200|connection cut|t|-');
gives('no reply', $far->url('/drop'), '0|connection cut|t|-');
gives('something else than HTTP', $far->url('/not-http'), '0|not an HTTP reply|t|-');
gives('a reply that does not come', $far->url('/hang'), '0|timed out waiting for the reply|t|-',
	timeout_ms => 500);
like(result(ask($far->url('/busy')), 'reply_headers'), qr/^HTTP\/1.1 503.*Retry-After: 7/s,
	'headers are recorded');
like(result(ask($far->url('/latin1')), 'reply_headers'), qr/X-Name: caf\?/,
	'what is no ASCII in them is masked');
is(result(ask($far->url('/json')), 'finished_at >= started_at'), 't', 'with both instants');

# --- requests ----------------------------------------------------------------

my $echo = result(
	ask($far->url('/echo') . '?q=1', method => "'POST'", kind => "'send'",
		headers => q{ARRAY['X-Token: abc']}, body => q{convert_to('status=您好', 'UTF8')},
		content_type => q{'application/x-www-form-urlencoded'}),
	'body');
like($echo, qr/^POST\n\/echo\?q=1\n/, 'method and address');
like($echo, qr/^x-token: abc$/m, 'header');
like($echo, qr/^content-type: application\/x-www-form-urlencoded$/m, 'content type');
like($echo, qr/^user-agent: pg_kefu\/[\d.]+$/m, 'user agent');
unlike($echo, qr/^expect:/m, 'no leave is asked');
like($echo, qr/\n\nstatus=您好\z/, 'body');
like(result(ask($far->url('/echo'), method => "'DELETE'", kind => "'send'"), 'body'),
	qr/^DELETE\n/, 'DELETE');

# --- refused before a byte is sent --------------------------------------------

gives('https unless the row allows http', $far->url('/json') . '?a',
	'0|plain http not allowed|f|-', allows_http => 'false');
gives('another scheme', "ftp://127.0.0.1:$far->{port}/json", '0|scheme not allowed|f|-');
gives('a file', 'file:///etc/hostname', '0|invalid URL|f|-');
gives('a name in the address', "http://user:secret\@127.0.0.1:$far->{port}/json",
	'0|invalid URL|f|-');
gives('no address', 'no address', '0|invalid URL|f|-');
gives('a header with a line break', $far->url('/json') . '?b', '0|invalid request headers|f|-',
	headers => q{ARRAY[E'X-A: 1\r\nX-B: 2']});
gives('a method that is none', $far->url('/json') . '?c', '0|method not supported|f|-',
	method => "'TRACE'");
{
	my $closed = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
	my $port = $closed->sockport;
	close $closed;
	gives('nobody listens', "http://127.0.0.1:$port/", '0|could not connect|f|-');
}
gives('a host that does not exist', 'http://no-such-host.invalid/',
	'0|could not resolve the host|f|-');
$server->append_conf('postgresql.conf', "kefu.allowed_hosts = 'api.example.com, 127.0.0.1'");
$server->reload;
gives('a listed host', $far->url('/json') . '?d', '200||t|{"text":"客服"}');
gives('one that is not', "http://localhost:$far->{port}/json", '0|host not allowed|f|-');
gives('nor is a part of a name', "http://example.com:$far->{port}/json", '0|host not allowed|f|-');
is(scalar $far->requests(qr/json\?[abc]/), 0, 'none of the refused ones arrived');
is(seen_in_log($server, qr/kefu net .*(secret|127\.0\.0\.1)/), 0,
	'the worker logs no part of an address');

# --- once ---------------------------------------------------------------------

# The connection is kept from the GET.  A library that repeated the POST on a
# fresh one would say the same words twice.
gives('a kept connection', $far->url('/json') . '?kept', '200||t|{"text":"客服"}');
gives('a post that is taken and not answered', $far->url('/drop') . '?once',
	'0|connection cut|t|-', method => "'POST'", kind => "'send'");
is(scalar $far->requests(qr/once/), 1, 'arrived once');

# --- recording ----------------------------------------------------------------

my $keys = $server->safe_psql('desk', sprintf q{
	BEGIN;
	SELECT string_agg(trial.ask(u)::text, ',') FROM unnest(ARRAY['%s', '%s', '%s']) u;
	DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$;
	COMMIT}, $far->url('/json'), $far->url('/gzip'), $far->url('/busy'));
my @keys = split /,/, $keys;
is(result($keys[0], 'http_status'), '200', 'a reply beside a bad one is recorded');
is(result($keys[2], 'http_status'), '503', 'so is the other');
is(result($keys[1], 'http_status'), '', 'the bad one is not');
is($server->safe_psql('desk', "SELECT reason FROM trial.failure WHERE key = $keys[1]"),
	'22000: poison', 'but becomes a dead letter with the reason');
gives('a reply that cannot be recorded for a moment', $far->url('/json'),
	'200||t|{"text":"客服"}', kind => "'verify'");
is($server->safe_psql('desk', 'SELECT last_value >= 4 FROM trial.attempts'), 't',
	'was tried again');
worker_is($server, 'desk', 'kefu net', 'running', 'none of it stopped the worker');

# --- no transaction while waiting, no sending while rehearsing -----------------

my $hanging = ask($far->url('/hang') . '?open', timeout_ms => 600_000);
ok($far->requests(qr/open/) || do
	{
		my $tries = 0;
		while (!$far->requests(qr/open/) && $tries++ < 1800) { select undef, undef, undef, 0.1 }
		scalar $far->requests(qr/open/);
	}, 'a request is under way');
ok( $server->poll_query_until('desk', q{
		SELECT xact_start IS NULL AND backend_xmin IS NULL AND state = 'idle'
		  FROM pg_stat_activity WHERE backend_type = 'kefu net'}),
	'without a transaction');
$server->safe_psql('desk', 'SELECT kefu.rehearse()');
worker_is($server, 'desk', 'kefu net', 'rehearsing');
gives('a rehearsing desk fetches', $far->url('/json') . '?rehearse', '200||t|{"text":"客服"}');
gives('but does not speak', $far->url('/echo') . '?speak', q{0|the desk isn't live|f|-},
	method => "'POST'", kind => "'send'");
is(scalar $far->requests(qr/speak/), 0, 'indeed');
$server->safe_psql('desk', q{SELECT kefu.stop_desk('drill')});
worker_is($server, 'desk', 'kefu net', 'waiting go_live');
my $left = ask($far->url('/json') . '?stopped');
$server->safe_psql('desk', 'SELECT pg_sleep(1.5)');
is($server->safe_psql('desk', "SELECT claimed FROM trial.request WHERE key = $left"), 'f',
	'a stopped desk claims nothing');
$server->safe_psql('desk', 'SELECT kefu.go_live()');
is(result($left, 'http_status'), '200', 'until it is live again');

# --- the way there ---------------------------------------------------------------

# A name server of the worker's own: getaddrinfo() of this library.
sub make_names
{
	my ($folder) = @_;

	open my $source, '>', "$folder/names.c" or die $!;
	print $source <<'END';
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int (*Lookup) (const char *, const char *, const struct addrinfo *, struct addrinfo **);

int
getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
	Lookup		lookup = (Lookup) dlsym(RTLD_NEXT, "getaddrinfo");

	if (name == NULL || strstr(name, ".kefu.test") == NULL)
		return lookup(name, port, hints, found);
	if (strncmp(name, "slow.", 5) == 0)
		sleep(1);
	if (strncmp(name, "silent.", 7) == 0)
		sleep(3600);
	if (strncmp(name, "failing.", 8) == 0)
		return EAI_AGAIN;
	return lookup("127.0.0.1", port, hints, found);
}
END
	close $source;
	return system("cc -shared -fPIC -o $folder/names.so $folder/names.c -ldl") == 0;
}

$server->append_conf('postgresql.conf', q{kefu.allowed_hosts = ''});
$server->reload;

SKIP:
{
	skip 'no library of names could be made', 6 if !$has_names;
	gives('a name that is looked up slowly', "http://slow.kefu.test:$far->{port}/json?slow", '200||t|{"text":"客服"}');
	gives('a name server that fails', "http://failing.kefu.test:$far->{port}/json", '0|could not resolve the host|f|-');
	# More than there are connections: each is given up in time, and nobody waits for the
	# look-ups that go on.
	my @silent = map { ask("http://silent.kefu.test:$far->{port}/json?$_") } 1 .. 12;
	gives('beside names that are never found', $far->url('/json') . '?beside', '200||t|{"text":"客服"}');
	is(join(' ', map { result($_, q{error, bytes_sent}) } @silent), join(' ', ('timed out resolving the host|f') x 12),
		'names that are never found are given up');
	gives('after names that were never found', $far->url('/json') . '?after', '200||t|{"text":"客服"}');
	worker_is($server, 'desk', 'kefu net', 'running', 'and the worker goes on');
}

SKIP:
{
	my $six = eval { KefuFarSide->new("$PostgreSQL::Test::Utils::tmp_check/far_side_6.log", address => '::1') };

	skip 'no IPv6 on the loopback', 3 if !$six;
	gives('an address of IPv6', $six->url('/json'), '200||t|{"text":"客服"}');
	$server->append_conf('postgresql.conf', "kefu.allowed_hosts = '127.0.0.1'");
	$server->reload;
	gives('one that is not allowed', $six->url('/json'), '0|host not allowed|f|-');
	$server->append_conf('postgresql.conf', "kefu.allowed_hosts = '127.0.0.1, [::1]'");
	$server->reload;
	gives('one that is', $six->url('/json'), '200||t|{"text":"客服"}');
}

# Through a proxy nothing is looked up here, and the address arrives whole.
$server->append_conf('postgresql.conf', qq{kefu.allowed_hosts = ''\nkefu.proxy = 'http://127.0.0.1:$far->{port}'});
$server->reload;
gives('through a proxy', 'http://no-such-host.invalid/json?proxy', '200||t|"through"');
is(scalar $far->requests(qr{ GET http://no-such-host\.invalid/json\?proxy$}), 1, 'it is asked for the whole address');
gives('a proxy that will not connect', 'https://no-such-host.invalid/json', '0|could not use the proxy|f|-');
{
	my $closed = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
	my $port = $closed->sockport;
	close $closed;
	$server->append_conf('postgresql.conf', "kefu.proxy = 'http://127.0.0.1:$port'");
	$server->reload;
	gives('a proxy that is not there', 'http://no-such-host.invalid/json', '0|could not connect|f|-');
}
$server->append_conf('postgresql.conf', "kefu.proxy = ''");
$server->reload;

# --- certificates --------------------------------------------------------------

SKIP:
{
	skip 'no openssl program', 6 if system('openssl version > /dev/null 2>&1') != 0;
	my $dir = PostgreSQL::Test::Utils::tempdir;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	system_or_bail('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
		'-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
		'-keyout', "$dir/key.pem", '-out', "$dir/cert.pem");
	my $tls = serve_tls($dir, $port);
	$server->append_conf('postgresql.conf', q{kefu.allowed_hosts = ''});
	$server->reload;
	gives('a certificate of nobody we trust', "https://localhost:$port/",
		'0|certificate not trusted|f|-');
	$server->append_conf('postgresql.conf', "kefu.ca_file = '$dir/cert.pem'");
	$server->reload;
	is(result(ask("https://localhost:$port/"), 'http_status'), '200', 'one we trust');
	gives('but not under another name', "https://127.0.0.1:$port/",
		'0|certificate not trusted|f|-');
	$server->append_conf('postgresql.conf', "kefu.ca_file = '$dir/missing.pem'");
	$server->reload;
	gives('a missing file of authorities', "https://localhost:$port/",
		'0|could not read kefu.ca_file|f|-');
	kill 'KILL', $tls;
	waitpid $tls, 0;
	$server->append_conf('postgresql.conf', "kefu.ca_file = '$dir/cert.pem'");
	$server->reload;
	$tls = serve_tls($dir, $port, '-tls1_2');
	is(result(ask("https://localhost:$port/?old"), 'http_status'), '200', 'TLS 1.2 will do');
	$server->append_conf('postgresql.conf', "kefu.tls_min_version = '1.3'");
	$server->reload;
	gives('unless it is to be 1.3', "https://localhost:$port/", '0|TLS handshake failed|f|-');
	kill 'KILL', $tls;
	waitpid $tls, 0;
}

sub serve_tls
{
	my ($dir, $port, @more) = @_;
	my $pid = fork // die "fork: $!";

	if (!$pid)
	{
		open STDOUT, '>', '/dev/null';
		open STDERR, '>&', \*STDOUT;
		exec 'openssl', 's_server', '-quiet', '-accept', "127.0.0.1:$port", '-www', '-cert',
		  "$dir/cert.pem", '-key', "$dir/key.pem", @more;
	}
	for (1 .. 100)
	{
		last if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
		select undef, undef, undef, 0.1;
	}
	return $pid;
}

# --- many ----------------------------------------------------------------------

sub resident_kb
{
	my $pid = worker_pid($server, 'kefu net');
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m;

	return $kb;
}

# Printed, not judged: the machine may be busy.
my $most = $ENV{KEFU_FETCHES} || 3000;
my $done = 0;
note(sprintf '%6d fetches: %d kB resident', $done, resident_kb());
for (1 .. 3)
{
	my $count = int($most / 3);
	my $began = time;
	my $from = $server->safe_psql('desk', 'SELECT max(key) FROM trial.request');
	$server->safe_psql('desk', sprintf q{
		BEGIN;
		SELECT count(trial.ask('%s')) FROM generate_series(1, %d);
		DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$;
		COMMIT}, $far->url('/json'), $count);
	$server->poll_query_until('desk',
		"SELECT count(*) = $count FROM trial.result WHERE key > $from AND http_status = 200");
	$done += $count;
	note(sprintf '%6d fetches: %d kB resident, about %d s for the last %d', $done,
		resident_kb(), time - $began, $count);
}
is($server->safe_psql('desk', q{
		SELECT count(*) - count(r.key) - count(f.key) FROM trial.request q
		  LEFT JOIN trial.result r USING (key) LEFT JOIN trial.failure f USING (key)
		 WHERE q.key <> } . $hanging),
	'0', 'each request has its result, none is lost');
my %connections = map { (split)[0] => 1 } $far->requests(qr/GET \/json$/);
cmp_ok(scalar keys %connections, '<', $most / 10, 'connections are kept');

# --- the end -------------------------------------------------------------------

# The far side still holds a request for which the worker waits ten minutes.
$server->stop('fast');
pass('a fast shutdown does not wait for a reply');
$far->stop;

done_testing();
