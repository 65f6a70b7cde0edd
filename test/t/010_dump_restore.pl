# Dump and restore: nothing of the desk is lost, nothing is doubled, nothing
# that a dump must not carry is in it, and the restored desk goes on only where
# somebody says so (R8, R94, R101, R123; rulings 19, 21; design "a copy never
# talks").
#
# Plain and custom format, one process and four, into the same cluster and into
# one whose transaction numbers are lower.

use strict;
use warnings;
use FindBin;
use KefuCopy;
use KefuDesk;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main', 'kefu.test_clock = on', 'kefu.enabled = off');
$server->start;

# So many transactions lie behind the original that a fresh cluster is below it.
$server->safe_psql('postgres', q{
	DO $$ BEGIN FOR i IN 1 .. 20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$});
fill_desk($server, 'https://plaza.example');
# Going live makes the partitions of the months to come: not of the year that has none.
$server->safe_psql('desk', q{
	SET kefu.test_now = '2026-04-06 10:00+08';
	SELECT kefu.go_live();
	SELECT FROM kefu.load_preset('webhooks');
	SELECT kefu.add_credential('hook', NULL, 'webhook');
	SELECT kefu.set_secret('hook', '{"secret": "not for a dump"}');
	SELECT kefu.add_subscriber('crm', 'group', 'https://hook.example/', 'json', '{state_change}', 'hook', 'kefu');
	INSERT INTO kefu.webhook (incarnation, subscriber, event_id, what, slots, queued_at, not_before, give_up_at)
	SELECT incarnation, 'crm', event_id, 'state_change', '{"id": "1"}', at, at, at
	  FROM kefu.audit_event ORDER BY event_id LIMIT 1});

# --- what is dumped -------------------------------------------------------------

my @not_dumped = ('credential_secret');
my $rows = rows_of($server, 'desk', @not_dumped);
my $sequences = sequences_of($server, 'desk');
my $kept = last_seal($server, 'desk');
my $ticket = $server->safe_psql('desk',
	q{SELECT ticket_id FROM kefu.message WHERE native_id = '20'});
my $dumps = $server->basedir;

like($rows, qr/^audit_event_$_\|[1-9]/m, "partition $_ has events") for qw(202603 202604 default);
like($rows, qr/^$_\|[1-9]/m, "$_ has rows")
  for qw(raw_payload_202603 raw_payload_202604 seal outbound dead_letter clock desk_mode subscriber webhook opinion post);
is( $server->safe_psql('desk', q{
		SELECT count(*) FILTER (WHERE erased_by IS NULL) > 0, count(erased_by) FROM kefu.audit_detail}),
	't|1', 'one detail is erased, others are there');
is( $server->safe_psql('desk', q{
		SELECT string_agg(DISTINCT outcome, ' ') FROM kefu.load_preset('scripts') WHERE outcome = 'differs'}),
	'differs', 'a shipped row was changed');
# That call is an event too; what is compared is the state after it.
my $last_event = $server->safe_psql('desk', 'SELECT max(event_id) FROM kefu.audit_event');
$rows = rows_of($server, 'desk', @not_dumped);
$sequences = sequences_of($server, 'desk');

my @connection = ('-h', $server->host, '-p', $server->port);
command_ok([ 'pg_dump', @connection, '-f', "$dumps/desk.sql", 'desk' ], 'plain dump');
command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dumps/desk.dump", 'desk' ], 'custom dump');
command_ok([ 'pg_dump', @connection, '-Fc', '-x', '-f', "$dumps/bare.dump", 'desk' ],
	'custom dump without privileges');
command_ok([ 'pg_dumpall', @connection, '--roles-only', '-f', "$dumps/roles.sql" ], 'the roles');
unlike(slurp_file("$dumps/desk.sql"), qr/not for a dump/, 'no secret is in it');
is(rows_of($server, 'desk', @not_dumped), $rows, 'nothing moved meanwhile');

# --- what is restored -----------------------------------------------------------

# A database that was just restored is the desk, and is silent.
sub is_the_desk
{
	my ($copy, $database, $what) = @_;

	$copy->safe_psql($database, 'SELECT FROM kefu.create_roles()');
	is(rows_of($copy, $database, @not_dumped), $rows, "$what: every row");
	is(sequences_of($copy, $database), $sequences, "$what: every sequence");
	is($copy->safe_psql($database, 'SELECT count(*) FROM kefu.credential_secret'), '0',
		"$what: no secret");
	is($copy->safe_psql($database, 'SELECT * FROM kefu.verify_audit()'), '',
		"$what: the trail is whole");
	like(verifies_export($copy, $database, $kept), qr/^ok: \d+ events, \d+ seals$/,
		"$what: and anybody can tell");
	is( $copy->safe_psql($database, q{
			SELECT kefu.is_foreign_copy(), kefu.desk_state(),
			       (SELECT count(*) FROM kefu.claim_exchanges(10)), kefu.next_exchange_at() IS NULL,
			       (SELECT count(*) FROM kefu.claim_webhooks(10)), kefu.next_webhook_at() IS NULL}),
		't|foreign|0|t|0|t', "$what: a copy that claims nothing");
	like(($copy->psql($database, 'SELECT kefu.go_live()'))[2], qr/went live elsewhere/,
		"$what: and can't simply go live");
	# The invented operator's word, and a customer's; an old post is still known.
	is( $copy->safe_psql($database, qq{
			BEGIN;
			SET LOCAL kefu.test_now = '2026-04-06 10:00+08';
			SET LOCAL ROLE plaza_operator;
			SELECT state FROM kefu.take($ticket);
			RESET ROLE;
			SELECT new_messages, tickets FROM kefu.ingest('plaza.east', 'comments_to_me', '{"items": [
			    {"id": "20", "at": "2026-04-06T00:50:00Z", "by": {"id": "81"}, "to": "5", "under": "5", "text": "x"},
			    {"id": "90", "at": "2026-04-06T01:50:00Z", "by": {"id": "88"}, "to": "5", "under": "5", "text": "请问"}]}');
			SELECT kefu.append_ledger('rules', 'drill', '{}') > 0;
			COMMIT}),
		"new\n1|1\nt", "$what: work goes on");
	is(colliding_sequences($copy, $database), '', "$what: no number is given twice");
	ok(seal_everything($copy, $database), "$what: sealing goes on");
	is( $copy->safe_psql($database, qq{
			SELECT count(DISTINCT incarnation),
			       bool_and(incarnation = CASE WHEN event_id > $last_event THEN 2 ELSE 1 END)
			  FROM kefu.audit_event}),
		'2|t', "$what: in an incarnation of its own");
	is($copy->safe_psql($database, 'SELECT * FROM kefu.verify_audit()'), '',
		"$what: the longer trail is whole");
	like(verifies_export($copy, $database, $kept, last_seal($copy, $database)),
		qr/^ok: \d+ events, \d+ seals$/, "$what: and under the seal that was kept");
}

# How each is restored: strictly, into an empty database.  Four processes don't
# know the order of the extension's tables, so keys wait (doc/operations.md).
sub restore
{
	my ($copy, $database, $dump, @jobs) = @_;
	my @to = ('-h', $copy->host, '-p', $copy->port, '-d', $database);

	$copy->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
	local $ENV{PGOPTIONS} = '-c session_replication_role=replica' if @jobs && $jobs[0] eq '-j4';
	command_ok(
		@jobs
		? [ 'pg_restore', '--exit-on-error', @jobs, @to, "$dumps/$dump" ]
		: [ 'psql', '-XqAt', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', @to, '-f', "$dumps/$dump" ],
		"$database: restored from $dump @jobs");
}

my @ways = (
	[ 'plain', 'desk.sql' ],
	[ 'single', 'desk.dump', '-j1' ],
	[ 'parallel', 'desk.dump', '-j4' ]);
for my $way (@ways)
{
	my ($name, $dump, @jobs) = @$way;

	restore($server, $name, $dump, @jobs);
	is_the_desk($server, $name, "same cluster, $name");
}
is(rows_of($server, 'desk', @not_dumped), $rows, 'the original is as it was');

my $other = new_server('other', 'kefu.test_clock = on', 'kefu.enabled = off');
$other->start;
command_ok([ 'psql', '-XqAt', '-o', '/dev/null', '-d', 'postgres', '-h', $other->host,
		'-p', $other->port, '-f', "$dumps/roles.sql" ], 'the roles come first');
for my $way (@ways)
{
	my ($name, $dump, @jobs) = @$way;

	restore($other, $name, $dump, @jobs);
	is($other->safe_psql($name,
			'SELECT pg_current_xact_id()::text::bigint < (SELECT min(xid) FROM kefu.audit_event)'),
		't', "$name: transaction numbers are below the original's");
	is_the_desk($other, $name, "other cluster, $name");
}

# --- the workers keep still until told ------------------------------------------

$other->safe_psql('postgres', 'ALTER DATABASE plain RENAME TO desk');
my $before = rows_of($other, 'desk', 'seal');
my $from = -s $other->logfile;
$other->append_conf('postgresql.conf', "kefu.enabled = on\nkefu.test_now = '2027-03-02 10:00+08'");
$other->reload;
worker_is($other, 'desk', $_, 'foreign copy', "$_ sees a copy") for 'kefu clock', 'kefu net';
is(seen_in_log($other, qr/this is a foreign copy/, $from), 2, 'and says so once each');
is(rows_of($other, 'desk', 'seal'), $before, 'nothing was done');
$other->safe_psql('desk', q{SELECT kefu.take_over('the other cluster is gone')});
worker_is($other, 'desk', $_, 'running', "$_ goes on after take_over") for 'kefu clock', 'kefu net';
ok($other->poll_query_until('desk', 'SELECT count(*) > 0 FROM kefu.escalation'),
	'what was overdue fires');
is($other->safe_psql('desk', 'SELECT * FROM kefu.verify_audit()'), '', 'the trail is whole');
$other->stop;

# --- a cluster where the roles are missing ----------------------------------------

my $bare = new_server('bare', 'kefu.test_clock = on', 'kefu.enabled = off');
$bare->start;
restore($bare, 'plain', 'bare.dump', '-j1');
$bare->safe_psql('plain', 'SELECT FROM kefu.create_roles(); CREATE ROLE plaza_operator IN ROLE kefu_operator');
is_the_desk($bare, 'plain', 'without privileges, then create_roles()');

done_testing();
