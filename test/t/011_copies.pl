# A copy never talks: a clone of the database, a base backup brought up on its
# own and a point-in-time recovery neither send what is queued nor fire what is
# due, although all that is needed for it, secrets included, is in them; until
# kefu.take_over() (design "a copy never talks"; R8, R95, R101).  And then they
# ask before they speak: what the original said meanwhile is not said again.
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
my $log = "$PostgreSQL::Test::Utils::tmp_check/far_side.log";

# The far side takes the reply, and lists it from then on as what we have said.
my $ours = '{"id": "700", "text": "您好,套餐可在网上营业厅办理。", "at": "2027-03-02T01:40:00Z",'
  . ' "by": {"id": "901"}, "to": "11", "under": "11"}';
my $far = KefuFarSide->new($log,
	'/comments/11' => sub { return KefuFarSide::reply($ours) },
	'/sent/comments' => sub {
		return KefuFarSide::reply(slurp_file($log) =~ / POST / ? qq({"items": [$ours]}) : '{"items": []}');
	});
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
	is($copy->safe_psql($database, 'SELECT fired, skipped, next_at FROM kefu.tick()'), '0|0|',
		"$what: nor does a tick by hand fire anything");
	is( $copy->safe_psql($database, q{
			SELECT (SELECT count(*) FROM kefu.outbound WHERE state = 'queued' AND attempts = 0
			                                            AND not_before <= kefu.now()),
			       (SELECT count(*) > 0 FROM kefu.clock WHERE next_fire_at <= kefu.now()),
			       (SELECT count(*) FROM kefu.escalation)}),
		'1|t|0', "$what: words are due, clocks are due, nothing was done");
	is(sends(), $sent, "$what: and the far side has heard nothing");
}

# The same copy, told to go on, fires; and it asks before it speaks: only what the
# far side doesn't have yet is sent.
sub goes_on
{
	my ($copy, $database, $what, $expected) = @_;
	my $heard = () = $far->requests(qr/./);

	is($copy->safe_psql($database, q{SELECT sends_uncertain FROM kefu.take_over('drill')}), '1',
		"$what: what was queued is uncertain");
	$copy->append_conf('postgresql.conf', "kefu.test_now = '2027-03-02 09:40+08'");
	$copy->reload;
	ok( $copy->poll_query_until($database, q{
			SELECT (SELECT count(*) FROM kefu.escalation) > 0
			   AND (SELECT count(*) FROM kefu.outbound WHERE state = 'sent') = 1}),
		"$what: goes on after take_over");
	my @requests = $far->requests(qr/./);
	is( join(' ', map { (split)[1] } @requests[ $heard .. $#requests ]), $expected,
		"$what: $expected");
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
goes_on($server, 'clone', 'clone', 'GET POST');
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
goes_on($copy, 'desk', 'base backup', 'GET');
$copy->stop;

# The original has sent since what this one has queued: it is not said again.
my $recovered = PostgreSQL::Test::Cluster->new('recovered');
$recovered->init_from_backup($server, 'base', has_restoring => 1, standby => 0);
$recovered->append_conf('postgresql.conf', join "\n", 'archive_mode = off', "kefu.node = 'recovered'",
	'kefu.enabled = on', "recovery_target_name = 'words_are_queued'",
	q{recovery_target_action = 'promote'}, '');
$recovered->start;
ok($recovered->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()'), 'recovered to that point');
is_silent($recovered, 'desk', 'point in time');
goes_on($recovered, 'desk', 'point in time', 'GET');
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
