#!/usr/bin/perl
# stories.pl UNIT FOLDER: three matters at the desk of UNIT from beginning to
# end, each step by the person whose it is, through the public API only:
#
#   a complaint that a department bounces, another one answers too thinly, and
#   that ends with a satisfied customer (R113, R115, R120);
#   two negative comments: one names its cause when asked and becomes a complaint,
#   the other stays a grumble (R127 to R129);
#   three customers with one matter: decided, solved, published, and all who
#   asked are told (R116).
#
# Leaves stories.tsv (name, number, text) for compare.sql and the timelines, and
# explain.txt: what kefu.explain() says while the department works.  Ends with an
# error at the first step that is refused.
use strict;
use warnings;
use utf8;
use Encode;
use FindBin;
use lib $FindBin::Bin;
use Desk;
use Sim;

my ($unit, $folder) = @ARGV;
die "usage: stories.pl UNIT FOLDER\n" unless $folder;
my ($operator, $leader) = ("${unit}_operator", "${unit}_leader");
my $account = "" . account_id($unit);

sub says { my ($n, $act) = @_; return call('act', { %$act, uid => "" . customer_id($unit, $n) }) }

# The nth message of a customer.
sub message_of
{
	my ($n, $nth) = @_;
	my $uid = customer_id($unit, $n);
	my $skipped = $nth - 1;

	return wait_for("message $nth of $uid", "SELECT g.message_id FROM kefu.message g
		JOIN kefu.identity i USING (identity_id)
		WHERE i.native_id = '$uid' AND g.ticket_id IS NOT NULL OR i.native_id = '$uid' AND $nth > 1
		ORDER BY g.message_id OFFSET $skipped LIMIT 1");
}

sub ticket_of { return sql('postgres', "SELECT ticket_id FROM kefu.message WHERE message_id = $_[0]") }

# Until the platform has taken all that was said in a ticket.
sub taken
{
	my ($ticket, $at_least) = @_;

	wait_for("what was said in ticket $ticket", "SELECT 1 FROM kefu.outbound o JOIN kefu.speech s USING (speech_id)
		WHERE s.object_type = 'ticket' AND s.object_id = $ticket
		HAVING count(*) FILTER (WHERE o.state = 'sent') >= $at_least
		   AND count(*) FILTER (WHERE o.state IN ('queued', 'sending', 'uncertain')) = 0");
}

sub order { my ($login, $order, $event, $args) = @_; sql($login, "SELECT kefu.order_event($order, '$event', '" . ($args // '{}') . "')") }

my @kept;
sub keep { my ($name, $number, $text) = @_; push @kept, [ $name, $number, $text ] }

# --- all begin at once ------------------------------------------------------------

says(1, { kind => 'dm', account => $account, text => '停机保号期间还被乱扣费30元,营业厅不给退,我要投诉' });
says(2, { kind => 'post_mention', account => $account, text => '@' . account_name($unit) . ' 真是垃圾,坑人' });
says(3, { kind => 'post_mention', account => $account, text => '@' . account_name($unit) . ' 太烂了,不想多说' });
my @same = ('西湖区文三路宽带今天又断网了,报修了一直没人管', '文三路这边宽带今天又断网了,报修一直没人管啊', '西湖区文三路宽带断网,今天又报修了,一直没人管!');
says(5 + $_, { kind => 'post_mention', account => $account, text => '@' . account_name($unit) . ' ' . $same[$_] }) for 0 .. 2;

# --- a complaint through a department ------------------------------------------------

my $m1 = message_of(1, 1);
my $t1 = ticket_of($m1);
sql($operator, "SELECT kefu.triage($m1, 'complaint', category => 'fee.overcharge')");
sql($operator, "SELECT kefu.refer($t1, '$unit.network', 'fee.overcharge')");
my $order = sql('postgres', "SELECT order_id FROM kefu.ticket WHERE ticket_id = $t1");
order('group_reviewer', $order, 'review');
order('group_reviewer', $order, 'dispatch', qq({"department": "$unit.network"}));
order("${unit}_network", $order, 'receive');
order("${unit}_network", $order, 'bounce', '{"reason": "not_ours"}');
order('group_reviewer', $order, 'dispatch', qq({"department": "$unit.market"}));
order("${unit}_market", $order, 'receive');
order("${unit}_market", $order, 'accept');
taken($t1, 1);
my $explained = sql($operator, "SELECT kefu.explain($t1, 'en')");
order("${unit}_market", $order, 'return', '{"solution": "请客户再观察", "result": "已答复"}');
order('group_reviewer', $order, 'review_result');
order('group_reviewer', $order, 'unqualified', '{"reason": "没有说明扣费原因,也没有退费"}');
order("${unit}_market", $order, 'return', '{"solution": "系统误收停机保号月租,30元已退回话费", "result": "已退费"}');
order('group_reviewer', $order, 'review_result');
order('group_reviewer', $order, 'qualified');
sql($operator, "SELECT kefu.answer($t1, '您好,停机保号期间误收的30元已退回您的话费账户,请问您是否满意?')");
taken($t1, 2);
says(1, { kind => 'dm', account => $account, text => '收到退费了,满意,谢谢' });

# --- negative comments ---------------------------------------------------------------

my ($m2, $m3) = (message_of(2, 1), message_of(3, 1));
my ($t2, $t3) = (ticket_of($m2), ticket_of($m3));
sql($operator, "SELECT kefu.triage($_, 'negative')") for $m2, $m3;
sql($operator, "SELECT kefu.judge($_, 'vague')") for $t2, $t3;
taken($_, 2) for $t2, $t3;
says(2, { kind => 'dm', account => $account, text => '装宽带等了半个月,师傅约了三次都没来' });
my $cause = message_of(2, 2);
sql($operator, "SELECT kefu.attach($cause, $t2, 'cause')");
sql($operator, "SELECT kefu.answer($t2, '您好,给您带来不便深表歉意,感谢您告知原因,装维师傅今天18点前上门,请问您是否满意?')");
sql($operator, "SELECT kefu.no_result($t3, '公开和私信询问后只说不想多谈')");
taken($t2, 3);
taken($t3, 3);

# --- one matter, three customers --------------------------------------------------------

my @asked = map { message_of(5 + $_, 1) } 0 .. 2;
sql($operator, "SELECT kefu.triage($_, 'complaint', category => 'broadband.fault')") for @asked;
# The clock worker's job does this each minute; an administrator may as well.
my $topic = wait_for('the topic', "SELECT kefu.assign_topics(); SELECT topic_id FROM kefu_bi.topics
	WHERE unit = '$unit' AND reached_by = 'complaint_persons'", 'admin_shen') =~ s/.*\n//r;
sql($leader, "SELECT kefu.decide_topic($topic, 'announce')");
sql($operator, "SELECT kefu.solve_topic($topic, '文三路光缆被施工挖断,已于今天修复,受影响用户减免三天费用。')");
my $draft = sql($operator, "SELECT kefu.draft_topic($topic)");
my $post = publish($unit, $draft);
sql($operator, "SELECT kefu.publish_topic($topic, 'sina.$unit', '$post', 'https://weibo.example/$unit/$post')");
my $problems = sql($operator, "SELECT problem FROM kefu.answer_topic($topic) WHERE problem IS NOT NULL");
die encode_utf8("not told: $problems\n") if $problems ne '';
taken(ticket_of($_), 1) for @asked;

# --- the first customer again ----------------------------------------------------------------

my $content = message_of(1, 2);
sql($operator, "SELECT kefu.attach($content, $t1, 'acceptance')");

keep('complaint', $t1);
keep('cause', $t2);
keep('grumble', $t3);
keep('topic', $topic, $draft);
table("$folder/stories.tsv", @kept);
open my $out, '>:utf8', "$folder/explain.txt" or die "$folder/explain.txt: $!\n";
print $out "$explained\n";
close $out or die "$folder/explain.txt: $!\n";
