# KefuFaults: a desk of the simulator (KefuSim) whose platform is about to break,
# and the words in which the tests of faults speak of it.
#
# Waits are minutes to hours: when a fault is over, what waits is made due.

package KefuFaults;

use strict;
use warnings;
use utf8;
use Exporter 'import';
use JSON::PP ();
use KefuDesk;
use KefuSim;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw($sim $server $post %ways $yes $no $never $html open_desk run becomes
  set_patience poll_now stop_polls is_over question is_found everything_came books_agree);

our ($yes, $no) = (JSON::PP::true, JSON::PP::false);
our $never = 3_600_000;    # milliseconds that no request waits
our $html = '<html><h1>Bad Gateway</h1></html>';
our ($sim, $server, $post);

# Numbers of comments and messages meet from the beginning.
sub open_desk
{
	my ($name, @conf) = @_;

	$sim = KefuSim->new('--seed', 21);
	$sim->call('config', { overlap_ids => $yes });
	$server = new_server($name, 'kefu.allow_http = on', @conf);
	$server->start;
	$post = $sim->make_sina_desk($server);
	run(q{UPDATE kefu.endpoint SET verify_after = '20 minutes' WHERE verify_action IS NOT NULL});
	run('SELECT kefu.go_live()');
}

sub run
{
	return $server->safe_psql('desk', $_[0]);
}

# A test of its own: this comes true.
sub becomes
{
	my ($query, $what) = @_;

	ok($server->poll_query_until('desk', $query), $what)
	  or diag(run('SELECT outbound_id, state, attempts, last_class, last_error, not_before'
			. " FROM kefu.outbound WHERE state <> 'sent'"),
		run('SELECT action, state, last_class, last_status, failures FROM kefu.stat_feed'));
}

# Milliseconds the desk waits for a reply.
sub set_patience
{
	run("UPDATE kefu.platform SET total_timeout_ms = $_[0] WHERE platform = 'sina'");
}

# Everything that waits is due.
sub poll_now
{
	run(q{BEGIN; DELETE FROM kefu.call_stop; UPDATE kefu.feed_state SET next_poll_at = now();
		DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT});
}

# A test of its own: no feed is being asked, and none is before poll_now(). A lease
# and this lock the same row, so that no poll can slip in between.
sub stop_polls
{
	becomes(q{WITH stopped AS (UPDATE kefu.feed_state SET next_poll_at = 'infinity'
		WHERE lease_until IS NULL RETURNING 1)
		SELECT (SELECT count(*) FROM stopped) = (SELECT count(*) FROM kefu.feed_state)}, $_[0]);
}

# The faults did happen, and are over.
sub is_over
{
	my ($what, @hits) = @_;

	cmp_ok($_->(), '>', 0, "$what: it was that") for @hits;
	$sim->heal;
	set_patience(30000);
	poll_now();
}

# How customers speak to us: the item's type, what answers it, where what answers
# is listed, and what the simulator calls that.
our %ways = (
	comment => [ 'comment', 'comments/reply', 'comments/by_me', 'reply' ],
	post_mention => [ 'status', 'comments/create', 'comments/by_me', 'comment' ],
	dm => [ 'message', 'direct_messages/new', 'direct_messages/sent', 'message' ]);
my $customers = 0;

# A question of somebody new.
sub question
{
	my ($kind) = @_;
	my $uid = 51000 + ++$customers;

	$sim->call('user', { uid => "$uid", screen_name => "客户$customers", province => '44',
			follows => ['9001'] });
	return (kind => $kind, uid => "$uid", text => "请问第${customers}件事怎么办?",
		$kind eq 'comment' ? (parent => $post) : (account => '9001'));
}

sub is_found
{
	my ($id, $kind, $what) = @_;

	becomes("SELECT count(*) = 1 FROM kefu.message WHERE native_id = '$id'"
		  . " AND item_type = '$ways{$kind}[0]'", "$what: found");
}

# A test of its own: as many messages as customers ever sent.
sub everything_came
{
	my ($what) = @_;

	becomes('SELECT count(*) = ' . @{ $sim->call('truth')->{inbound} }
		  . q{ FROM kefu.message WHERE platform = 'sina'}, $what);
}

# Tests of its own: everything that customers ever said, inserted in the middle of
# a walk or not, came once; nothing was said twice, and nothing is left.
sub books_agree
{
	my $truth = $sim->call('truth');
	my %types = (post => 'status', comment => 'comment', message => 'message');
	my $said = join "\n", sort map { "$types{$_->{item}} $_->{id}" } @{ $truth->{inbound} };

	everything_came('everything came, and nothing else');
	is(run(q{SELECT concat_ws(' ', item_type, native_id) FROM kefu.message
		WHERE platform = 'sina' ORDER BY concat_ws(' ', item_type, native_id) COLLATE "C"}), $said, 'each once');
	is(run(q{SELECT count(*) FROM kefu.message m WHERE m.platform = 'sina' AND 1 <> (
		SELECT count(*) FROM kefu.ticket t WHERE t.ticket_id = m.ticket_id OR t.message_id = m.message_id)}), 0,
		'each with one ticket');
	is(join(', ', map { $_->{text} } grep { $_->{applied} > 1 } @{ $truth->{attempts} }), '',
		'nothing was said twice');
	is(run(q{SELECT string_agg(state || ' ' || sends_count, ', ' ORDER BY state) FROM kefu.stat_outbound
		WHERE account = 'sina.gd' AND sends_count > 0 AND state NOT IN ('sent', 'failed')}), '',
		'and nothing is left');
}

1;
