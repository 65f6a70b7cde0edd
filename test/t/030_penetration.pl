# Logins of their own try what a session can do besides calling functions: COPY,
# leaky functions and operators, errors, EXPLAIN, statistics, large objects and
# files, names in pg_temp, forged settings, prepared statements of a role that
# ended, notifications, crafted facts (R3-R8, R94, R111).
#
# What the catalog can be asked for, every call, table and view, is tried in
# sql/security.sql.  Each attack here is first shown to work where it may.

use strict;
use warnings;
use KefuDesk;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main', 'kefu.enabled = off');
$server->start;
make_desk($server);

# Two provinces; the customer's words in Guangdong are the secret.
my %login = (
	near => [ 'kefu_operator', 'gd', 'operator' ],
	far => [ 'kefu_operator', 'qh', 'operator' ],
	far_leader => [ 'kefu_leader', 'qh', 'leader' ],
	far_admin => [ 'kefu_admin', 'qh', 'admin' ],
	market => [ 'kefu_department', 'gd.market', 'department' ],
	hotline => [ 'kefu_operator', 'gd.10000', 'hotline' ],
	helper => [ 'kefu_operator', 'gd.helper', 'operator' ],
	analyst => [ 'kefu_analyst' ],
	auditor => [ 'kefu_auditor' ],
	crm => [ 'kefu_gateway' ],
	nobody => []);
my @strangers = grep { $_ ne 'near' } sort keys %login;
$server->safe_psql('desk', q{
	SELECT kefu.load_preset('all');
	INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en)
	VALUES ('gd.helper', 'gd', 'contractor', '某外包公司', 'a contractor');
	INSERT INTO kefu.credential (credential, platform, kind) VALUES ('key', 'sina', 'token');
	INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
	VALUES ('sina.gd', 'sina', 'gd', '某省客服', '9001', 'key');
	CREATE FUNCTION public.mention(id text, text text) RETURNS text LANGUAGE sql AS
	$$ SELECT jsonb_build_object('statuses', jsonb_build_array(jsonb_build_object(
	       'idstr', id, 'mid', id, 'text', text, 'created_at',
	       to_char((now() - interval '10 hours') AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
	       'user', jsonb_build_object('idstr', '501', 'screen_name', 'zebra501', 'province', '44'))))::text $$;
	SELECT kefu.ingest('sina.gd', 'mentions', public.mention('31', 'zebra broken'));
});
for my $who (sort keys %login)
{
	my ($group, $unit, $role) = @{ $login{$who} };

	$server->safe_psql('desk', "CREATE ROLE $who LOGIN");
	$server->safe_psql('desk', "GRANT $group TO $who") if $group;
	$server->safe_psql('desk',
		"SELECT kefu.add_staff('$who', '$unit', '$who'); SELECT kefu.grant_role('$who', '$unit', '$role')")
	  if $role;
}
my $ticket = $server->safe_psql('desk', 'SELECT max(ticket_id) FROM kefu.ticket');
my $message = $server->safe_psql('desk', 'SELECT max(message_id) FROM kefu.message');
safe_as('near', "SELECT kefu.triage($message, 'complaint', 1, 'broadband.fault')");

# Output and errors of a script on a connection of that login, as one text.
sub as
{
	my ($who, $sql) = @_;
	my ($rc, $out, $err) =
	  $server->psql('desk', $sql, extra_params => [ '-U', $who ], on_error_stop => 0);

	return "$out\n$err";
}

sub safe_as
{
	my ($who, $sql) = @_;

	return $server->safe_psql('desk', $sql, extra_params => [ '-U', $who ]);
}

# The same attack for everybody who has no business in Guangdong.
sub no_stranger_gets
{
	my ($secret, $sql, $what) = @_;
	my @got = grep { as($_, $sql) =~ $secret } @strangers;

	is("@got", '', $what);
}

my @views = split /\n/, $server->safe_psql('desk',
	q{SELECT c.oid::regclass FROM pg_class c
	   WHERE c.relnamespace IN ('kefu_bi'::regnamespace, 'kefu_bi_zh'::regnamespace) AND c.relkind IN ('v', 'r')});
my @tables = split /\n/, $server->safe_psql('desk',
	q{SELECT c.oid::regclass FROM pg_class c
	   WHERE c.relnamespace = 'kefu'::regnamespace AND c.relkind IN ('r', 'p')});

# --- COPY ------------------------------------------------------------------------

my $views_out = join '', map { "COPY (SELECT * FROM $_) TO STDOUT;\n" } @views;
my $tables_out = join '', map { "COPY $_ TO STDOUT;\nCOPY $_ FROM STDIN;\n\\.\n" } @tables;

like(as('near', $views_out), qr/zebra/, 'COPY of a view: the operator reads the words');
no_stranger_gets(qr/zebra/, $views_out, 'COPY of every view: nobody else does');
for my $who ('near', 'far_admin', 'nobody')
{
	my $denied = () = as($who, $tables_out) =~ /permission denied/g;

	cmp_ok($denied, '>=', @tables, "COPY of every table, out and in: refused to $who");
}
# --- leaks past the barrier --------------------------------------------------------

my $leak = q{
	CREATE FUNCTION pg_temp.leak(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
	$$ BEGIN RAISE NOTICE 'leaked %', what; RETURN true; END $$;
	CREATE OPERATOR pg_temp.?? (RIGHTARG = text, FUNCTION = pg_temp.leak);
} . join '', map {
	"SELECT count(*) FROM $_ v WHERE pg_temp.leak(v::text);\n"
	  . "SELECT count(*) FROM $_ v WHERE OPERATOR(pg_temp.??) v::text;\n"
} @views;
like(as('near', $leak), qr/leaked .*zebra/, 'a cheap function sees the rows of its owner');
no_stranger_gets(qr/leaked .*zebra/, $leak, 'and of nobody else, as a function or an operator');

my $errors = join '', map {
	"SELECT count(*) FROM $_ v WHERE v::text::integer > 0;\n"
	  . "SELECT 1 / (SELECT count(*) - count(*) FROM $_ v HAVING bool_or(v::text ~ 'zebra'));\n"
} @views;
like(as('near', $errors), qr/integer: ".*zebra/, 'a failing cast quotes the rows of its owner');
no_stranger_gets(qr/zebra.*"$|division by zero/m, $errors, 'and of nobody else');

# A stranger's plan says how many rows the barrier took away, and no more.
no_stranger_gets(qr/zebra/,
	join('', map { "EXPLAIN (ANALYZE, VERBOSE, TIMING OFF) SELECT * FROM $_;\n" } @views),
	'EXPLAIN ANALYZE quotes no row');
$server->safe_psql('desk', 'ANALYZE');
no_stranger_gets(qr/zebra|[1-9]/,
	q{SELECT count(*) FROM pg_stats WHERE schemaname = 'kefu';
	  SELECT most_common_vals FROM pg_stats WHERE schemaname LIKE 'kefu%'}, 'pg_stats holds nothing');
no_stranger_gets(qr/^\d+$/m, 'SELECT count(*) FROM pg_statistic', 'pg_statistic is closed');

# --- around the tables ---------------------------------------------------------------

sub unless_refused
{
	my ($sql) = @_;

	return "$sql;\nSELECT 'ok' WHERE :'ERROR' = 'false'";
}

like(as('nobody', unless_refused('SELECT 1')), qr/^ok$/m, 'what is not refused shows');
no_stranger_gets(qr/^ok$/m, unless_refused($_), "refused: $_")
  for ("SELECT pg_read_file('PG_VERSION')", "SELECT pg_ls_dir('.')",
	"COPY (SELECT 1) TO PROGRAM 'cat'", "SELECT lo_import('PG_VERSION')", "SELECT lo_export(1, 'x')",
	'SET ROLE near', 'SET SESSION AUTHORIZATION near', 'SET session_replication_role = replica',
	'SET kefu.test_clock = on', 'SET kefu.allow_http = on',
	'CREATE TABLE kefu.mine (x integer)', 'CREATE FUNCTION kefu_bi.mine() RETURNS integer LANGUAGE sql RETURN 1',
	'ALTER EXTENSION pg_kefu DROP TABLE kefu.ticket', 'DROP EXTENSION pg_kefu');

# --- forged settings and names --------------------------------------------------------

my $reach = "SELECT kefu.my_units(); SELECT kefu.card($ticket); SELECT kefu.note($ticket, 'x');";
like(as('near', $reach), qr/\{gd,.*zebra/s, 'the operator reads the card');
no_stranger_gets(qr/zebra|"zh"|\(complaint/, $_->[1] . $reach, $_->[0])
  for (
	[ 'nobody is believed to be another', "SET kefu.acting_as = 'near';" ],
	[ 'the clock stays the server\'s', "SET kefu.test_now = '2000-01-01';" ],
	[ 'in Chinese neither', "SET kefu.language = 'zh';" ],
	[ 'names in pg_temp shadow nothing', q{
		CREATE TEMP TABLE staff AS SELECT 1 AS staff_id, current_user::text AS login, 'gd' AS unit, true AS is_active;
		CREATE TEMP TABLE staff_role AS SELECT 1 AS staff_id, 'gd' AS unit, 'operator' AS role, tstzrange(NULL, NULL) AS valid;
		CREATE TEMP TABLE reader AS SELECT current_user::text AS login, 'gd' AS unit;
		CREATE FUNCTION pg_temp.my_units() RETURNS text[] LANGUAGE sql RETURN '{gd}'::text[];
		CREATE FUNCTION pg_temp.require_unit(text, VARIADIC text[]) RETURNS void LANGUAGE sql AS '';
		CREATE FUNCTION pg_temp.yes(text, text) RETURNS boolean LANGUAGE sql RETURN true;
		CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.yes);
		SET search_path = pg_temp, kefu, pg_catalog;} ]);
unlike(safe_as('near', "SET kefu.test_now = '2000-01-01'; SELECT kefu.now()"), qr/^2000/m,
	'without kefu.test_clock nobody sets the time');

# --- a role that ends -----------------------------------------------------------------

my $superuser = $server->connstr('desk') . ' user=' . $server->safe_psql('desk', 'SELECT current_user');
my $ends = as('near', qq{
	PREPARE mine AS SELECT 'rows ' || count(*) FROM kefu_bi.tickets;
	PREPARE card AS SELECT kefu.card($ticket) ->> 'kind';
	EXECUTE mine;
	EXECUTE card;
	\\! psql -X -q -d "$superuser" -c "SELECT kefu.revoke_role('near', 'gd', 'operator')"
	EXECUTE mine;
	EXECUTE card;
});
like($ends, qr/rows 1.*complaint.*rows 0/s, 'a prepared statement of a role that ended has no rows');
like($ends, qr/not found or not visible/, 'and no card');
$server->safe_psql('desk', q{SELECT kefu.grant_role('near', 'gd', 'operator')});

# --- notifications ------------------------------------------------------------------------

my $heard = as('far', qq{
	LISTEN kefu;
	\\! psql -X -q -d "$superuser" -c "BEGIN; SELECT kefu.tick(); SELECT kefu.notify_fired(); COMMIT"
	SELECT 1;
});
like($heard, qr/notification "kefu" with payload "[a-z_,]+"/, 'who listens hears names of machines');
unlike($heard, qr/payload "[^"]*[^a-z_,"]/, 'and nothing else');

# --- crafted facts ----------------------------------------------------------------------------

# Every event on one's own ticket with facts that no client would send.
my $crafted = safe_as('near', qq{
	CREATE TEMP TABLE outcome (code text, message text);
	DO \$\$
	DECLARE
	    facts text;
	    event text;
	    code text;
	    message text;
	BEGIN
	    FOREACH facts IN ARRAY ARRAY['[]', '1', '"x"', 'null', '{"staff": 1e99}', '{"staff": "1e9"}',
	        '{"priority": 99999999999}', '{"priority": {}}', '{"reply_by": "never"}', '{"reply_by": "infinity"}',
	        '{"reply_by": "-infinity", "department": "gd.market"}', '{"ticket": 1e300}', '{"message": "x"}',
	        '{"contact": [], "consent": "x"}', '{"contact": {"mobile": {}}, "consent": "x", "purpose": "x"}',
	        '{"unit": "nowhere", "reason": "x"}', '{"until": "4714-01-01 BC", "evidence": "x"}',
	        '{"kind": "nowhere", "reason": "x"}', '{"text": 1, "reason": [], "category": false}',
	        '{"department": "nowhere", "reply_by": "2030-01-01", "category": "x"}', '{"": ""}',
	        '{"text": ' || repeat('[', 3000) || repeat(']', 3000) || '}',
	        '{"text": "' || repeat('x', 1000000) || '", "reason": "x"}'] LOOP
	        FOREACH event IN ARRAY (SELECT array_agg(DISTINCT e.event) FROM (
	            SELECT jsonb_array_elements(kefu.card($ticket) -> 'events') ->> 'event' AS event
	            UNION ALL SELECT '' UNION ALL SELECT repeat('x', 100000)) AS e) LOOP
	            BEGIN
	                PERFORM kefu.advance('ticket', $ticket, event, facts::jsonb);
	                RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'undone';
	            EXCEPTION WHEN OTHERS THEN
	                GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	                INSERT INTO outcome VALUES (code, left(event, 30) || ' ' || left(facts, 60) || ': ' || left(message, 100));
	            END;
	        END LOOP;
	    END LOOP;
	END \$\$;
	SELECT count(*) > 200 FROM outcome;
	SELECT string_agg(DISTINCT message, chr(10)) FROM outcome WHERE code LIKE 'XX%' OR code LIKE 'P0%';
	SELECT count(DISTINCT code) > 4 FROM outcome;
});
is($crafted, "t\n\nt", 'crafted facts are refused with a code of their own');
is($server->safe_psql('desk', 'SELECT count(*) FROM kefu.verify_audit()'), '0', 'the chains are whole');

$server->stop;
done_testing();
