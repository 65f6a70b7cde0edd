# A copy never talks: a clone of the database, a base backup brought up on its
# own and a point-in-time recovery neither send what is queued nor fire what is
# due, although all that is needed for it, secrets included, is in them; until
# kefu.take_over() (design "a copy never talks"; R8, R95, R101).
#
# What was sent is read on the far side, what was fired in kefu.escalation.  The
# last part holds what doc/operations.md says: nothing but kefu.node tells a
# physical copy from its original.

use strict;
use warnings;
use KefuCopy;
use KefuDesk;
use KefuFarSide;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @workers = ('kefu clock', 'kefu net');
my $far = KefuFarSide->new("$PostgreSQL::Test::Utils::tmp_check/far_side.log");
my $server = new_server('main', 'kefu.test_clock = on', 'kefu.allow_http = on',
	"kefu.node = 'main'", 'kefu.enabled = off');
$server->enable_archiving;
$server->start;
fill_desk($server, $far->url(''));
$server->safe_psql('desk', 'SELECT kefu.go_live()');

# From here on it is half past nine for everybody.
$server->append_conf('postgresql.conf', "kefu.test_now = '2027-03-02 09:30+08'");
$server->reload;

sub sends
{
	return scalar $far->requests(qr/ POST /);
}

# The copy is woken and looks about; then as much has been sent and fired as
# before: nothing.
sub is_silent
{
	my ($copy, $database, $what) = @_;
	my $sent = sends();

	worker_is($copy, $database, $_, 'foreign copy', "$what: $_ sees it") for @workers;
	for my $worker ('clock', 'net')
	{
		my $loops = $copy->safe_psql($database,
			"SELECT loops_count FROM kefu.stat_worker WHERE worker = 'kefu $worker'");

		# One turn may have begun before it was woken.
		ok( $copy->poll_query_until($database, qq{
				SELECT s.loops_count > $loops + 1
				  FROM kefu.stat_worker s, LATERAL (SELECT kefu.wake_worker('$worker')) AS w
				 WHERE s.worker = 'kefu $worker'}),
			"$what: $worker is awake");
	}
	is( $copy->safe_psql($database, q{
			SELECT (SELECT count(*) FROM kefu.outbound WHERE state = 'queued' AND attempts = 0
			                                            AND not_before <= kefu.now()),
			       (SELECT count(*) > 0 FROM kefu.clock WHERE next_fire_at <= kefu.now()),
			       (SELECT count(*) FROM kefu.escalation)}),
		'1|t|0', "$what: words are due, clocks are due, nothing was done");
	is(sends(), $sent, "$what: and the far side has heard nothing");
}

# The same copy, told to go on, speaks and fires.
sub goes_on
{
	my ($copy, $database, $what) = @_;
	my $sent = sends();

	$copy->safe_psql($database, q{SELECT kefu.take_over('drill')});
	ok( $copy->poll_query_until($database, q{
			SELECT (SELECT count(*) FROM kefu.escalation) > 0
			   AND (SELECT count(*) FROM kefu.outbound WHERE attempts > 0 AND state <> 'sending') = 1}),
		"$what: goes on after take_over");
	cmp_ok(sends(), '>', $sent, "$what: and the far side hears it");
	is( $copy->safe_psql($database, q{
			SELECT facts ->> 'former_node' FROM kefu.audit_event WHERE event = 'taken_over'}),
		'main', "$what: the ledger says whose place was taken");
	ok(seal_everything($copy, $database), "$what: sealing goes on");
	is($copy->safe_psql($database, 'SELECT * FROM kefu.verify_audit()'), '',
		"$what: the trail is whole");
}

# --- three copies of one moment ---------------------------------------------------

$server->backup('base');
$server->safe_psql('desk', q{SELECT pg_create_restore_point('words_are_queued')});
$server->safe_psql('postgres', 'CREATE DATABASE clone TEMPLATE desk');

$server->append_conf('postgresql.conf', "kefu.database = 'clone'\nkefu.enabled = on");
$server->reload;
is_silent($server, 'clone', 'clone');
like(($server->psql('clone', 'SELECT kefu.go_live()'))[2], qr/went live elsewhere/,
	'clone: does not simply go live');
goes_on($server, 'clone', 'clone');
is($server->safe_psql('clone', 'SELECT max(incarnation) FROM kefu.audit_event'), '2',
	'clone: in an incarnation of its own');

# The original meanwhile says what it has to say.
my $sent = sends();
$server->append_conf('postgresql.conf', "kefu.database = 'desk'");
$server->reload;
worker_is($server, 'desk', $_, 'running', "$_: the original runs") for @workers;
ok( $server->poll_query_until('desk', q{
		SELECT (SELECT count(*) FROM kefu.escalation) > 0
		   AND (SELECT count(*) FROM kefu.outbound WHERE attempts > 0 AND state <> 'sending') = 1}),
	'the original sends and fires');
cmp_ok(sends(), '>', $sent, 'and the far side hears it');
$server->safe_psql('desk', 'SELECT pg_switch_wal()');
$server->stop;

my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init_from_backup($server, 'base');
$copy->append_conf('postgresql.conf', "archive_mode = off\nkefu.node = 'copy'\nkefu.enabled = on");
$copy->start;
is_silent($copy, 'desk', 'base backup');
goes_on($copy, 'desk', 'base backup');
$copy->stop;

# The original has sent what this one, an hour of its life back, has queued.
my $recovered = PostgreSQL::Test::Cluster->new('recovered');
$recovered->init_from_backup($server, 'base', has_restoring => 1, standby => 0);
$recovered->append_conf('postgresql.conf', join "\n", 'archive_mode = off', "kefu.node = 'recovered'",
	'kefu.enabled = on', "recovery_target_name = 'words_are_queued'",
	q{recovery_target_action = 'promote'}, '');
$recovered->start;
ok($recovered->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()'), 'recovered to that point');
is_silent($recovered, 'desk', 'point in time');
goes_on($recovered, 'desk', 'point in time');
$recovered->stop;

# --- what tells a copy ------------------------------------------------------------

my $twin = PostgreSQL::Test::Cluster->new('twin');
$twin->init_from_backup($server, 'base');
$twin->append_conf('postgresql.conf', 'archive_mode = off');
$twin->start;
is($twin->safe_psql('desk', 'SELECT kefu.desk_state()'), 'live',
	'under the same kefu.node a physical copy takes itself for the original');
$twin->append_conf('postgresql.conf', "kefu.node = 'twin'");
$twin->reload;
ok($twin->poll_query_until('desk', q{SELECT kefu.desk_state() = 'foreign'}), 'only kefu.node tells');
$twin->stop;
$far->stop;

done_testing();
