# What is wrong with what stands on a platform is taken down there and said anew,
# each exactly once, whoever is killed and however the platform breaks meanwhile:
# a change within the ten minutes of its notice (R73, R74, R75, I9), also of what is
# just being sent; a dead link (R78, I18) and a deleted original (R79) that the
# network worker's sweep finds; the reposts of sister accounts (R79).
#
# Time is the desk's, and whether it was in time is what the clock's row says.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuDesk;
use KefuFarSide;
use KefuPosts;
use PostgreSQL::Test::Utils;
use Test::More;

open_posting_desk('corrections', 27, 'restart_after_crash = on');
$server->safe_psql('desk', q{
	SELECT kefu.add_credential('sina.yyt', 'sina', 'token');
	SELECT kefu.set_secret('sina.yyt', '{"access_token": "token-yyt"}');
	SELECT kefu.add_account('sina.yyt', 'sina', 'gd', '广东营业厅', '9002', 'sina.yyt')});
$sim->call('account', { uid => '9002', screen_name => '广东营业厅', token => 'token-yyt', province => '44' });

# --- asking ----------------------------------------------------------------------

sub run
{
	return $server->safe_psql('desk', $_[0]);
}

# A post that stands there: its number, its text, its placement, the platform's id.
sub stand
{
	my ($post, $text) = plan_post('1 second', @_);

	passing_until('1 second', placement_is($post, 'published')) or die "post $post does not stand there";
	return ($post, $text, split /\|/, run("SELECT placement_id, native_id FROM kefu.placement WHERE post_id = $post"));
}

# Is it on the platform, and how often was it taken down there?
sub fate
{
	my ($id) = @_;
	my ($post) = grep { $_->{id} eq $id } @{ $sim->call('truth?part=writes')->{writes} };
	my @deletions = grep { $_->{action} eq 'delete_post' && $_->{parent} eq $id }
	  @{ $sim->call('truth?part=attempts')->{attempts} };

	return join ' ', $post->{deleted} ? 'gone' : 'there', map { "$_->{applied} of $_->{requests}" } @deletions;
}

# The correction of a placement: state, its clock, and what that clock says.
sub correction
{
	return run(qq{SELECT c.cause, c.state, k.clock, k.due_at - c.notice_time, coalesce(k.outcome, 'runs')
		FROM kefu.correction c JOIN kefu.clock k ON k.object_type = 'correction' AND k.object_id = c.correction_id
		WHERE c.placement_id = $_[0]});
}

sub correction_is
{
	return "SELECT count(*) = 1 FROM kefu.correction WHERE placement_id = $_[0] AND state = '$_[1]'";
}

# The notice of a change, and its confirmation for one placement.
sub confirm
{
	my ($placement, $received, $text) = @_;
	my ($notice) = split /\n/, as('operator_gd', "SELECT notice_id FROM kefu.change_notice('gd', '$text', $received, '$text')");
	my $found = run("SELECT count(*) FROM kefu.change_notice n, kefu.placement l WHERE n.notice_id = $notice"
		  . " AND l.placement_id = $placement AND strpos(l.text, n.product) > 0");

	is($found, 1, 'the notice is of that text');
	as('operator_gd', "SELECT placement_id FROM kefu.affected_by($notice)") =~ /^$placement$/m or return 'not proposed';
	return as('operator_gd', "SELECT coalesce(problem, state) FROM kefu.confirm_notice($notice, ARRAY[$placement])");
}

# What stands in its stead, written and approved: its text and its post.
sub reissue
{
	my ($post) = @_;
	my $text = "更正第${post}条:资费已调整。给您带来不便深表歉意,敬请谅解";
	my $new = as('operator_gd', "SELECT reissue_post FROM kefu.reissue($post, '$text')");

	as('reviewer_gd', "SELECT kefu.approve_reissue($new, '资费调整')");
	return ($text, $new);
}

# --- a change ------------------------------------------------------------------------

my $html = '<html><h1>Bad Gateway</h1></html>';
my $turn = 0;

for ([ 'nothing breaks', '1 of 1', '1 of 1' ],
	[ 'cut before', '1 of 2', '1 of 2', { kind => 'cut_before' } ],
	[ 'cut after', '1 of 1', '1 of 1', { kind => 'cut_after_apply' } ],
	[ 'a bad gateway', '1 of 2', '1 of 2', { kind => 'status', code => 502, body => $html } ])
{
	my ($what, $deletions, $sends, $fault) = @$_;
	my $product = '乐享' . ++$turn . '号套餐';
	my ($post, undef, $placement, $id) = stand("${product}每月59元,营业厅可办理");

	# Received two minutes before somebody notes it.
	let_pass($server, '2 minutes');
	$sim->fault(match => 'statuses/destroy', times => 1, %$fault) if $fault;
	is(confirm($placement, "kefu.now() - interval '2 minutes'", $product), 'deleting', "$what: it is taken down");
	ok(passing_until('1 second', correction_is($placement, 'deleted')), "$what: it is gone");
	like(fate($id), qr/^gone /, "$what: the platform says so");
	is(run("SELECT deleted_at BETWEEN notice_time AND kefu.now() FROM kefu.correction WHERE placement_id = $placement"),
		't', "$what: after its notice");
	is($server->safe_psql('desk', "SELECT state FROM kefu.post WHERE post_id = $post"), 'withdrawn', "$what: withdrawn");

	$sim->fault(match => 'statuses/update', times => 1, %$fault) if $fault;
	my ($text, $new) = reissue($post);
	ok(passing_until('1 second', correction_is($placement, 'done')), "$what: the re-issue stands there");
	is(attempts($text), $sends, "$what: once");
	is(correction($placement), 'change|done|correction|00:10:00|kept', "$what: within its ten minutes");
	my $new_id = run("SELECT native_id FROM kefu.placement WHERE post_id = $new");
	is(fate($new_id), 'there', "$what: and is what the platform shows");
	is(fate($id), "gone $deletions", "$what: and nothing else") if !$fault || $fault->{kind} ne 'cut_after_apply';
}

# Nobody writes the re-issue: late, and found.
{
	my ($post, undef, $placement, $id) = stand('长途优惠每月9元,营业厅可办理');

	confirm($placement, 'kefu.now()', '长途优惠');
	ok(passing_until('1 second', correction_is($placement, 'deleted')), 'late: it is gone');
	ok(passing_until('1 minute', q{SELECT count(*) = 1 FROM kefu_bi.invariants WHERE invariant = 'I9'}),
		'late: it is found');
	my ($text) = reissue($post);
	ok(passing_until('1 second', correction_is($placement, 'done')), 'late: the re-issue stands there');
	is(attempts($text), '1 of 1', 'late: once');
	is(correction($placement), 'change|done|correction|00:10:00|late', 'late: and its clock says so');
}

# The workers die while it is taken down.
{
	my ($post, undef, $placement, $id) = stand('国际漫游每天99元,营业厅可办理');
	my $hits = $sim->fault(kind => 'slow', ms => 600_000, times => 1, match => 'statuses/destroy');

	confirm($placement, 'kefu.now()', '国际漫游');
	ok(until_true(sub { let_pass($server, '1 second'); return $hits->() == 1 && fate($id) =~ /^gone/ }),
		'a dead server: it is gone, and nobody heard of it');
	kill_server($server);
	$server->start;
	$sim->heal;
	ok(passing_until('10 seconds', correction_is($placement, 'deleted')), 'a dead server: taken down');
	like(fate($id), qr/^gone 1 of /, 'a dead server: once');
	let_pass($server, '1 second');
	my ($text) = reissue($post);
	ok(passing_until('1 second', correction_is($placement, 'done')), 'a dead server: the re-issue stands there');
	is(attempts($text), '1 of 1', 'a dead server: once');
}

# What is just being sent stands there first, and then no longer.
{
	my ($post, $text) = plan_post('1 second', '来电提醒每月3元,营业厅可办理');
	my $hits = $sim->fault(kind => 'slow', ms => 2000, times => 1, match => 'statuses/update');

	ok(until_true(sub { let_pass($server, '1 second');
			return $hits->() == 1 && says(placement_is($post, 'sending')) }), 'being sent: it is');
	my $placement = run("SELECT placement_id FROM kefu.placement WHERE post_id = $post");
	is(confirm($placement, 'kefu.now()', '来电提醒'), 'deleting', 'being sent: to be taken down');
	ok(passing_until('1 second', correction_is($placement, 'deleted')), 'being sent: it is gone');
	is(fate(run("SELECT native_id FROM kefu.placement WHERE post_id = $post")), 'gone 1 of 1', 'being sent: it was there');
	is(attempts($text), '1 of 1', 'being sent: once');
	my ($anew) = reissue($post);
	ok(passing_until('1 second', correction_is($placement, 'done')), 'being sent: the re-issue stands there');
	is(attempts($anew), '1 of 1', 'being sent: and that once');
}

# An original of ours is withdrawn: what a sister account made of it goes too.
{
	my ($post, undef, $placement, $id) = stand('营业厅今日店庆');
	my (undef, undef, $sister, $sister_id) = stand('广东客服说得好',
		qq({"repost_platform": "sina", "repost_id": "$id", "repost_source": "广东客服"}), 'sina.yyt');
	my (undef, undef, undef, $other_id) = stand('营业厅明日照常', undef, 'sina.yyt');

	as('operator_gd', "SELECT kefu.withdraw_post($post, '活动取消')");
	ok(passing_until('10 seconds', correction_is($sister, 'done')), 'a sister account: its repost is taken down');
	is(fate($_), 'gone 1 of 1', 'a sister account: the platform says so') for $id, $sister_id;
	is(fate($other_id), 'there', 'a sister account: nothing else of it is');
	is(correction($sister), 'original_gone|done|correction_error|00:30:00|kept', 'a sister account: in time');
}

# --- the sweep ---------------------------------------------------------------------------

# Like passing_until(), but no time passes while a look for this placement is under way:
# its lease would end, and the far side be asked once more.
sub passing_looks_until
{
	my ($placement, $interval, $query) = @_;

	return until_true(sub {
		let_pass($server, $interval);
		until_true(sub { return says(qq{SELECT NOT EXISTS (SELECT FROM kefu.due_sweep d JOIN kefu.sweep s USING (sweep_id)
			WHERE s.placement_id = $placement AND (s.next_at <= kefu.now() OR s.lease_key IS NOT NULL))}) })
		  or die 'a look does not end';
		return says($query) });
}

my $folder = PostgreSQL::Test::Utils::tempdir;
my $shop = KefuFarSide->new("$folder/asked",
	'/offer' => sub { return KefuFarSide::reply(-e "$folder/closed" ? 'gone' : 'here', undef, -e "$folder/closed" ? 404 : 200) },
	'/ill' => sub { return KefuFarSide::reply('ill', undef, 503) });
# An address of this machine whose host is a name with a dot.
my $address = $shop->url('') =~ s/127\.0\.0\.1/shop.localhost/r;

sub looks
{
	my ($placement) = @_;

	return run("SELECT last_outcome, dead_count FROM kefu.sweep WHERE placement_id = $placement");
}

{
	my (undef, undef, $placement, $id) = stand("新品详情见 $address/offer");
	my (undef, undef, $ill, $ill_id) = stand("积分商城见 $address/ill");

	ok(passing_looks_until($placement, '1 hour', "SELECT count(*) = 1 FROM kefu.sweep WHERE placement_id = $placement AND last_outcome = 'there'"),
		'a link: looked at, and there');
	my $before = $shop->requests('/offer');
	append_to_file("$folder/closed", '');
	ok(passing_looks_until($placement, '1 hour', correction_is($placement, 'noticed')), 'a dead link: found');
	is(looks($placement), 'dead|3', 'a dead link: looked at three times');
	is($shop->requests('/offer') - $before, 3, 'a dead link: three looks reached the shop');
	is(fate($id), 'there', 'a dead link: nobody takes it down but a person');
	as('operator_gd', "SELECT kefu.delete_corrected(correction_id, '打开为404') FROM kefu_bi.corrections WHERE placement_id = $placement");
	ok(passing_until('1 second', correction_is($placement, 'done')), 'a dead link: taken down');
	is(fate($id), 'gone 1 of 1', 'a dead link: the platform says so');
	my $asked = $shop->requests('/offer');
	ok(passing_looks_until($ill, '1 hour', "SELECT count(*) = 1 FROM kefu.sweep WHERE placement_id = $ill AND last_outcome = 'unclear'"),
		'a shop that is ill: looked at');
	let_pass($server, '7 hours');
	ok(passing_until('0', q{SELECT bool_and(next_at > kefu.now()) FROM kefu.sweep}), 'the looks that were due are done');
	is(looks($ill), 'unclear|0', 'a shop that is ill: that says nothing');
	is(scalar $shop->requests('/offer'), $asked, 'what no longer stands there is no longer looked at');
	cmp_ok(scalar $shop->requests('/ill'), '>=', 2, 'what stands there is');
	is(fate($ill_id), 'there', 'a shop that is ill: it stands');
}

# How often the platform was asked for a post that is not there.
sub missed
{
	return scalar grep { $_->{name} =~ m{statuses/show} } @{ $sim->call('truth?part=refused')->{refused} };
}

# An original is deleted by somebody who isn't ours.
{
	$sim->call('user', { uid => '9500', screen_name => '公益组织', province => '44' });
	my $original = $sim->act(kind => 'post', uid => '9500', text => '本周末植树');
	my (undef, undef, $placement, $id) = stand('一起去植树',
		qq({"repost_platform": "sina", "repost_id": "$original", "repost_source": "公益组织"}));

	ok(passing_looks_until($placement, '1 hour', "SELECT count(*) = 1 FROM kefu.sweep WHERE placement_id = $placement AND last_outcome = 'there'"),
		'an original: looked at, and there');
	my $missed = missed();
	$sim->act(kind => 'delete', id => $original);
	ok(passing_looks_until($placement, '10 minutes', correction_is($placement, 'done')), 'a deleted original: the repost is taken down');
	is(missed() - $missed, 2, 'a deleted original: looked at twice');
	is(fate($id), 'gone 1 of 1', 'a deleted original: the platform says so');
	is(correction($placement), 'original_gone|done|correction_error|00:30:00|kept', 'a deleted original: in time');
}

# What the platform shows of ours is what the desk says stands there, but for what the
# account said by itself before.
my @standing = map { $_->{id} }
  grep { !$_->{deleted} && $_->{kind} =~ /^(post|repost)$/ && $_->{sent_text} ne '今天有什么可以帮您?' }
  @{ $sim->call('truth?part=writes')->{writes} };
is(run(q{SELECT string_agg(native_id, ' ' ORDER BY native_id COLLATE "C") FROM kefu.placement WHERE state = 'published'}),
	join(' ', sort @standing), 'what stands on the platform is what the desk has there');
books_are_right('I6', 'I8', 'I9', 'I13', 'I17', 'I18', 'I21');
$shop->stop;
$server->stop;
done_testing();
