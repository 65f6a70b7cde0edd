#!/usr/bin/perl
# posts.pl plan|correct UNIT FOLDER: what the desk of UNIT posts, each step by the
# person whose it is, through the public API only.
#
#   plan     Approved material, then the plan of tomorrow (R38 to R40, R48 to R53,
#            R61, R62), accepted as it is proposed; then the day is drawn together:
#            its posts are moved, in their order, to every third second from now
#            on.  Leaves plan.txt, what kefu.show_plan() says, and plan.tsv.
#   correct  The price in one of those posts changes: it is taken down, and said
#            anew with an apology (R73 to R75).  Leaves correction.tsv.
#
# Ends with an error at the first step that is refused.
use strict;
use warnings;
use utf8;
use Encode;
use FindBin;
use lib $FindBin::Bin;
use Desk;
use Sim;

my ($what, $unit, $folder) = @ARGV;
my %does = (plan => \&plan, correct => \&correct);
die "usage: posts.pl plan|correct UNIT FOLDER\n" unless $folder && $does{$what};
my ($operator, $reviewer) = ("${unit}_operator", "${unit}_reviewer");
my $product = '新春乐享套餐';
$does{$what}->();

# Approved posts of a kind; more is JSON.
sub write_posts
{
	my ($kind, $more, @texts) = @_;

	for my $text (@texts)
	{
		my $post = sql($operator, "SELECT (kefu.draft_post('$unit', '$kind', '$text', '$more')).id");

		sql($operator, "SELECT kefu.submit_post($post)");
		sql($reviewer, "SELECT kefu.review_post($post)");
	}
}

sub plan
{
	my $original = call('act', { kind => 'post', uid => "" . customer_id($unit, 20),
			text => '通信博览会今日开幕,各家带来新终端' })->{id};

	write_posts('morning', '{}', '早安!今天小翼继续陪您');
	write_posts('evening', '{}', '晚上好,忙了一天,听首歌歇一歇吧');
	# Goes out of date first, so it is planned.
	write_posts('service', qq({"valid_until": "@{[ sql('postgres', "SELECT kefu.now() + interval '2 days'") ]}"}),
		"${product}每月59元,含2GB流量,营业厅和网上均可办理");
	write_posts('service', '{}', '发送短信即可查询套餐余量', '网上营业厅可以打印账单', '宽带报修请拨客服热线或发私信',
		'积分可以兑换话费和流量', '出国前请先开通国际漫游', '换卡请带身份证到营业厅');
	write_posts('industry', qq({"repost_platform": "sina", "repost_id": "$original", "repost_source": "$_"}),
		"看看展会:$_") for '现场报道', '终端专区', '网络专区', '论坛摘要';
	write_posts('leisure', '{}', '慢下来,才看得见路边的花', '读一页书,给心情放个假');

	my $plan = sql($operator, "SELECT kefu.plan_day('sina.$unit', (kefu.now() AT TIME ZONE 'Asia/Shanghai')::date + 1)");
	my $shown = sql($operator, "SELECT kefu.show_plan($plan, 'zh')");
	my $refused = sql($operator, "SELECT problem FROM kefu.accept_plan($plan) WHERE problem IS NOT NULL");
	die encode_utf8("not accepted: $refused\n") if $refused ne '';
	my @slots = map { [ split /\|/ ] } split /\n/, sql('postgres',
		"SELECT s.slot, s.post_id, s.send_at, l.placement_id FROM kefu.day_plan_slot s
		   JOIN kefu.placement l ON l.post_id = s.post_id WHERE s.plan_id = $plan ORDER BY s.send_at");
	sql($operator, "SELECT kefu.reschedule(x.placement, kefu.now() + x.n * interval '3 seconds')
		FROM unnest('{@{[ join ',', map { $_->[3] } @slots ]}}'::bigint[]) WITH ORDINALITY AS x(placement, n)");
	table("$folder/plan.tsv", @slots);
	open my $out, '>:utf8', "$folder/plan.txt" or die "$folder/plan.txt: $!\n";
	print $out "$shown\n";
	close $out or die "$folder/plan.txt: $!\n";
}

sub correct
{
	my $placed = wait_for('the post stands there', "SELECT l.placement_id || ' ' || l.post_id FROM kefu.placement l
		WHERE l.account = 'sina.$unit' AND l.state = 'published' AND l.text LIKE '$product%'");
	my ($placement, $post) = split / /, $placed;
	my ($notice) = split /\n/, sql($operator, "SELECT notice_id FROM kefu.change_notice('$unit', '$product',
		kefu.now() - interval '20 seconds', '${product}每月59元调整为每月69元')");
	my $problem = sql($operator, "SELECT problem FROM kefu.confirm_notice($notice,
		ARRAY(SELECT a.placement_id FROM kefu.affected_by($notice) AS a)) WHERE problem IS NOT NULL");

	die encode_utf8("not confirmed: $problem\n") if $problem ne '';
	wait_for('it is taken down', "SELECT 1 FROM kefu.correction WHERE placement_id = $placement AND state = 'deleted'");
	my $text = "更正:${product}每月69元,含2GB流量。此前的价格有误,给您带来不便深表歉意,敬请谅解";
	my $new = sql($operator, "SELECT reissue_post FROM kefu.reissue($post, '$text')");
	sql($reviewer, "SELECT kefu.approve_reissue($new, '价格调整')");
	wait_for('it is said anew', "SELECT 1 FROM kefu.correction WHERE placement_id = $placement AND state = 'done'");
	table("$folder/correction.tsv", [ $placement, $text ]);
}
