# KefuCopy: a desk with three months of work in it, who analyses it, and what is asked of a
# copy.

package KefuCopy;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use IPC::Run ();
use KefuDesk;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(fill_desk new_told_server rows_of sequences_of colliding_sequences seal_everything
  verifies_export last_seal);

# Fills database "desk" of a server with kefu.test_clock; far is the base
# address of the invented platform.
sub fill_desk
{
	my ($server, $far) = @_;

	make_database($server);
	make_extension($server);
	register_admin($server);
	$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/filled.psql"),
		extra_params => [ '-v', "plaza=$FindBin::Bin/../lib/plaza.psql", '-v', "far=$far" ]);
}

# A server with that desk, without workers, on which the customers have told what nobody
# else is to read, and two analysts, of Group and of the west.
sub new_told_server
{
	my $server = new_server('main', 'kefu.test_clock = on', 'kefu.enabled = off', "timezone = 'Asia/Shanghai'");

	$server->start;
	fill_desk($server, 'https://plaza.example');
	$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/told.psql"));
	$server->safe_psql('desk', q{
		ALTER DATABASE desk SET kefu.test_now = '2027-03-02 12:00+08';
		CREATE ROLE analyst LOGIN IN ROLE kefu_analyst;
		CREATE ROLE far_analyst LOGIN IN ROLE kefu_analyst;
		SELECT kefu.grant_reader('analyst', 'group'), kefu.grant_reader('far_analyst', 'west')});
	return $server;
}

# Every table with the number of its rows and a digest of them, without regard
# to their order: equal exactly if EXCEPT ALL is empty both ways.  What isn't
# dumped on purpose is left out by name.
sub rows_of
{
	my ($server, $database, @without) = @_;
	my $without = join '|', @without, 'none';

	return $server->safe_psql($database, qq{
		SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(t::text, E''\\n'''
		              ' ORDER BY t::text COLLATE "C"), '''')) FROM ONLY kefu.%I AS t',
		              c.relname, c.relname)
		  FROM pg_class c
		 WHERE c.relnamespace = 'kefu'::regnamespace AND c.relkind = 'r'
		   AND c.relname !~ '^($without)\$'
		 ORDER BY c.relname COLLATE "C"
		\\gexec
	});
}

sub sequences_of
{
	my ($server, $database) = @_;

	return $server->safe_psql($database, q{
		SELECT s.sequencename, s.last_value FROM pg_sequences s WHERE s.schemaname = 'kefu'
		 ORDER BY s.sequencename COLLATE "C"});
}

# Sequences whose next number is taken.
sub colliding_sequences
{
	my ($server, $database) = @_;

	return $server->safe_psql($database, q{
		SELECT format('SELECT %L WHERE (SELECT max(%I) FROM kefu.%I) >'
		              ' coalesce((SELECT s.last_value FROM pg_sequences s WHERE s.schemaname = ''kefu'''
		              ' AND s.sequencename = %L), 0)', q.sequence, q.col, q.tab, q.sequence)
		  FROM (SELECT c.relname AS tab, a.attname AS col, d.relname AS sequence
		          FROM pg_depend p
		          JOIN pg_class d ON d.oid = p.objid AND d.relkind = 'S'
		          JOIN pg_class c ON c.oid = p.refobjid
		          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.refobjsubid
		         WHERE p.deptype = 'i' AND c.relnamespace = 'kefu'::regnamespace
		           AND c.relname <> 'incarnation'
		        UNION ALL VALUES ('audit_event', 'event_id', 'audit_event_id_seq'),
		                         ('raw_payload', 'raw_id', 'raw_payload_id_seq')) AS q
		\gexec
	});
}

# Nothing is sealed while an older transaction runs, an autovacuum's included.
sub seal_everything
{
	my ($server, $database) = @_;

	return $server->poll_query_until($database, q{
		WITH made AS MATERIALIZED (SELECT kefu.seal_audit() AS count)
		SELECT m.count = 0 AND (SELECT sum(s.event_count) FROM kefu.seal s)
		                     = (SELECT count(*) FROM kefu.audit_event)
		  FROM made m});
}

sub last_seal
{
	my ($server, $database) = @_;

	return $server->safe_psql($database, q{
		SELECT s.seal_id || '=' || encode(s.hash, 'hex') FROM kefu.seal s
		 ORDER BY s.seal_id DESC LIMIT 1});
}

# What doc/verify_audit.pl says to an export, given seals that were kept.
sub verifies_export
{
	my ($server, $database, @kept) = @_;
	my $export = $server->safe_psql($database, 'SELECT kefu.export_audit()') . "\n";
	my $said = '';

	IPC::Run::run([ $^X, "$FindBin::Bin/../../doc/verify_audit.pl", @kept ],
		'<', \$export, '>', \$said, '2>&1');
	chomp $said;
	return $said;
}

1;
