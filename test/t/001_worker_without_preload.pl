# The library without shared_preload_libraries: every function serves, nothing
# runs, and whoever asks is told what to do.

use strict;
use warnings;
use KefuDesk;
use Test::More;

my $server = new_server('main', "shared_preload_libraries = ''");
$server->start;
make_desk($server);

is( $server->safe_psql('desk',
		'SELECT DISTINCT state, pid IS NULL, loops_count FROM kefu.stat_worker'),
	'not preloaded|t|0', 'kefu.stat_worker says so');
is( $server->safe_psql('desk', q{SELECT level FROM kefu.health() WHERE check_name = 'preload'}),
	'error', 'so does kefu.health()');
is( $server->safe_psql('postgres',
		q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'kefu%'}),
	'0', 'nothing runs');
is($server->safe_psql('desk', 'SELECT kefu.desk_state()'), 'off', 'the desk is off');
$server->safe_psql('desk', 'SELECT kefu.go_live()');
is($server->safe_psql('desk', 'SELECT kefu.desk_state()'), 'live', 'it can go live');
$server->safe_psql('desk', q{SELECT kefu.wake_worker('clock')});
pass('waking nobody is no error');

my ($rc, undef, $stderr) = $server->psql('desk', q{SELECT kefu.wake_worker('other')});
isnt($rc, 0, 'an unknown worker is one');
like($stderr, qr/there is no worker "other"/, 'and is named');

($rc, undef, $stderr) = $server->psql('desk', 'SELECT kefu.now(); SET kefu.test_clock = on');
isnt($rc, 0, 'the test clock is not to be had');

$server->stop;
done_testing();
