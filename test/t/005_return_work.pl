# The clock worker gives back, within its minute, what people hold whose shift
# ended or who are no longer qualified (R7, R71).

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use KefuDesk;
use KefuSim;

my $server = new_server('return');
$server->start;
make_desk($server);
$server->safe_psql('desk', q{
	INSERT INTO kefu.clock_policy (clock, unit, valid_from, target_from, calendar)
		VALUES ('task_due', 'group', '2020-01-01', 'due_at', 'wall'),
		       ('task_expiry', 'group', '2020-01-01', 'expires_at', 'wall') ON CONFLICT DO NOTHING;
	INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en)
		VALUES ('company', 'group', 'contractor', '外包', 'contractor');
	CREATE ROLE return_shift; CREATE ROLE return_lapsed; CREATE ROLE return_stays;
	SELECT kefu.add_staff('return_shift', 'group', '林'), kefu.add_staff('return_stays', 'group', '何'),
		   kefu.add_staff('return_lapsed', 'company', '胡');
	SELECT kefu.grant_role(w.login, 'group', 'operator')
	  FROM (VALUES ('return_shift'), ('return_stays'), ('return_lapsed')) AS w(login);
	SELECT kefu.raise_new('task', 'open', jsonb_build_object('unit', 'group', 'cause', w.login,
			'due_at', now() + interval '1 day'))
	  FROM (VALUES ('return_shift'), ('return_stays'), ('return_lapsed')) AS w(login);
	SELECT kefu.raise_as('event', 'task', k.task_id, 'assign', jsonb_build_object('staff', s.staff_id))
	  FROM kefu.task k JOIN kefu.staff s ON s.login = k.cause;
	INSERT INTO kefu.shift (unit, staff_id, role, during)
	SELECT 'group', s.staff_id, 'operator', tstzrange(now() - interval '8 hours', now() - interval '1 minute')
	  FROM kefu.staff s WHERE s.login = 'return_shift';
	INSERT INTO kefu.qualification_rule (unit, unit_kind, needs, subject)
		VALUES ('group', 'contractor', 'training', 'service');
});
my $held = "SELECT string_agg(s.login, ' ' ORDER BY s.login)"
  . " FROM kefu.held_work w JOIN kefu.staff s ON s.staff_id = w.handler";
is($server->safe_psql('desk', $held), 'return_lapsed return_shift return_stays', 'all three hold a task');

# A look before the worker's role had its grants may have failed; that was then.
my $errors = "SELECT errors_count FROM kefu.stat_worker WHERE worker = 'kefu clock'";
my $before = $server->safe_psql('desk', $errors);

$server->safe_psql('desk', 'SELECT kefu.rehearse()');
ok($server->poll_query_until('desk', "SELECT ($held) = 'return_stays'"),
	'the worker gives back two and leaves who has neither shift nor rule');
is($server->safe_psql('desk', q{
	SELECT string_agg(e.event || ' ' || (e.flags & 4)::text || ' ' || (e.staff_id IS NULL)::text, ', ')
	  FROM kefu.audit_event e WHERE e.object_type = 'task' AND e.event = 'release'}),
	'release 4 true, release 4 true', 'on the authority of the clock, of nobody else');
is($server->safe_psql('desk', $errors), $before, 'without an error');
is($server->safe_psql('desk', 'SELECT count(*) FROM kefu.verify_audit()'), 0, 'the trail is whole');
$server->stop;
done_testing();
