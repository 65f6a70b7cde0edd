# KefuPosts: a desk of the simulator (KefuSim) that posts, with somebody who writes
# and somebody who reviews, and the words in which the tests of posting speak of it.
#
# Time is the desk's and stands still but for what a test lets pass.

package KefuPosts;

use strict;
use warnings;
use utf8;
use Exporter 'import';
use KefuDesk;
use KefuSim;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw($sim $server open_posting_desk says passing_until as plan_post placement_is
  attempts is_applied books_are_right);

our ($sim, $server);

# The desk of sina.psql, eight hours behind; the lines are added to the server's
# configuration.
sub open_posting_desk
{
	my ($name, $seed, @conf) = @_;

	$sim = KefuSim->new('--seed', $seed);
	$server = new_server($name, 'kefu.allow_http = on', 'kefu.test_clock = on', @conf);
	$server->start;
	$sim->make_sina_desk($server);
	set_clock($server, "now() - interval '8 hours'");
	$server->safe_psql('desk', q{
		CREATE ROLE reviewer_gd LOGIN IN ROLE kefu_reviewer;
		SELECT kefu.add_staff('reviewer_gd', 'gd', '周丁');
		SELECT kefu.grant_role('reviewer_gd', 'gd', 'reviewer');
		SELECT kefu.go_live()});
}

# --- asking ----------------------------------------------------------------------

sub says
{
	my ($query) = @_;
	my ($rc, $stdout) = $server->psql('desk', $query);

	return $rc == 0 && $stdout eq 't';
}

sub passing_until
{
	my ($interval, $query) = @_;

	return until_true(sub { let_pass($server, $interval); return says($query) });
}

sub as
{
	my ($login, $sql) = @_;

	return $server->safe_psql('desk', $sql, extra_params => [ '-U', $login ]);
}

# An approved post, due in so long, on an account of Guangdong; its number and text.
my $posts = 0;

sub plan_post
{
	my ($wait, $text, $more, $account) = @_;
	$text //= '今日第' . ++$posts . '条:套餐余量可发短信查询';
	$more //= '{}';
	$account //= 'sina.gd';
	my $post = as('operator_gd', "SELECT (kefu.draft_post('gd', 'service', '$text', '$more')).id");

	as('operator_gd', "SELECT kefu.submit_post($post)");
	as('reviewer_gd', "SELECT kefu.review_post($post)");
	as('operator_gd', "SELECT kefu.schedule($post, '{$account}', kefu.now() + interval '$wait')");
	return ($post, $text);
}

sub placement_is
{
	my ($post, $state) = @_;

	return "SELECT count(*) = 1 FROM kefu.placement WHERE post_id = $post AND state = '$state'";
}

# What the platform was asked for a text: effects and requests.
sub attempts
{
	my ($text) = @_;
	my @found = grep { ($_->{text} // '') eq $text && $_->{action} =~ /^(post|repost)$/ }
	  @{ $sim->call('truth?part=attempts')->{attempts} };

	return join ', ', map { "$_->{applied} of $_->{requests}" } @found;
}

sub is_applied
{
	return attempts($_[0]) =~ /^1 /;
}

# A test of its own: the trail is whole, these invariants hold, nothing is left undone.
sub books_are_right
{
	my $invariants = join ', ', map { "'$_'" } @_;

	is($server->safe_psql('desk', qq{
			SELECT * FROM kefu.verify_audit();
			SELECT invariant, detail FROM kefu_bi.invariants WHERE invariant IN ($invariants);
			SELECT state, last_class FROM kefu.outbound WHERE state NOT IN ('sent', 'failed', 'cancelled')}),
		'', 'the trail is whole and nothing is left undone');
}

1;
