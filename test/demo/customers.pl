#!/usr/bin/perl
# customers.pl: the other side of the demo, spoken to over the simulator's
# control interface.
#
#   prepare UNIT...       accounts with a post each, customers, faults; prints
#                         unit, user id, name and token of each account
#   day SECONDS UNIT...   customers write, and thank for answers
#   truth FOLDER          writes what really happened: inbound.tsv, writes.tsv,
#                         posts.tsv, attempts.tsv, and the faults that hit as
#                         faults.tsv
use strict;
use warnings;
use utf8;
use Time::HiRes qw(time sleep);
use FindBin;
use lib $FindBin::Bin;
use Sim;

my $PER_UNIT = 200;
srand(20);
binmode STDOUT, ':utf8';

sub pick { return $_[ int rand @_ ] }

sub prepare
{
	my @units = @_;
	my @accounts = map { "" . account_id($_) } @units;

	call('config', { map { $_ => 0 }
		  qw(user_limit ip_limit post_limit comment_limit message_limit follow_limit read_limit) });
	for my $unit (@units)
	{
		my ($uid, $name, $token) = (account_id($unit), account_name($unit), "token-$unit");

		call('account', { uid => "$uid", screen_name => $name, token => $token,
				province => $place{$unit}[0] });
		publish($unit, '今天有什么可以帮您?');
		print join("\t", $unit, $uid, $name, $token), "\n";
	}
	# Who follows nobody can't be sent a private message: another way is found.
	for my $unit (@units)
	{
		call('user', { uid => "" . customer_id($unit, $_), screen_name => "$place{$unit}[1]的客户$_",
				province => $place{$unit}[0], follows => $_ % 12 ? \@accounts : [] })
		  for 1 .. $PER_UNIT;
	}
	# A reply the platform took but whose answer never came; a platform in trouble.
	call('fault', { kind => 'cut_after_apply', match => 'comments/reply', after => 5, times => 2 });
	call('fault', { kind => 'cut_after_apply', match => 'direct_messages/new', after => 4, times => 1 });
	call('fault', { kind => 'status', code => 503, body => 'busy', match => 'mentions', after => 40, times => 3 });
	call('fault', { kind => 'truncate', bytes => 60, match => 'comments/to_me', after => 60, times => 2 });
}

my @INQUIRIES = ('请问{p}的光纤套餐怎么办理?', '咨询一下,国际漫游如何开通', '请问流量包什么时候到账?',
	'能不能携号转网,要带什么材料?', '请问积分哪里可以兑换');
my @COMPLAINTS = ('家里宽带断网三天了,没人管', '这个月被乱扣费,我要投诉', '小区没有信号,报修一直没人来',
	'{p}营业厅多扣我套餐费,要求退费', '投诉:装机师傅约了三次都没来');

sub one_act
{
	my ($posts, $units) = @_;
	my $unit = pick(@$units);
	my $from = pick(grep { $_ ne 'group' } @$units);
	my $text = rand() < 0.5 ? pick(@INQUIRIES) : pick(@COMPLAINTS);
	my $uid = customer_id($unit eq 'group' ? $from : $unit, 1 + int rand $PER_UNIT);
	my $account = "" . account_id($unit);
	my $way = rand();

	$text =~ s/\{p\}/$place{$unit}[1]/;
	$text .= ' #' . int rand 100000;
	my $act = { uid => "$uid", text => $text };
	return { %$act, kind => 'comment', parent => $posts->{$unit} } if $way < 0.35;
	# Found by two feeds of one account, or by those of two accounts: still one.
	return { %$act, kind => 'comment_mention', account => $account, parent => $posts->{$unit} }
	  if $way < 0.45;
	return { %$act, kind => 'post', text => '@' . account_name($unit) . ' @' . account_name('group') . " $text" }
	  if $way < 0.55;
	return { %$act, kind => 'post_mention', account => $account,
		text => '@' . account_name($unit) . " $text" }
	  if $way < 0.75;
	return { %$act, kind => 'dm', account => $account };
}

# Who got an answer that asks whether it helped mostly says so.
sub thanks
{
	my ($thanked, $unit_of) = @_;
	my @acts;

	for my $w (@{ call('truth?part=writes')->{writes} })
	{
		next unless $unit_of->{ $w->{account} };
		next if $thanked->{"$w->{item} $w->{id}"}++ || $w->{text} !~ /满意/ || $w->{id} % 4 == 0;
		if ($w->{item} eq 'message')
		{
			push @acts, { kind => 'dm', uid => "$w->{recipient}", account => "$w->{account}",
				text => "解决了,谢谢,满意 #$w->{id}" };
		}
		elsif ($w->{item} eq 'comment' && $w->{answers})
		{
			my $asker = $thanked->{author}{ $w->{answers} } or next;
			push @acts, { kind => 'reply_to_comment', uid => $asker, parent => "$w->{id}",
				text => "解决了,谢谢,满意 #$w->{id}" };
		}
	}
	return @acts;
}

sub day
{
	my ($seconds, @units) = @_;
	my $began = time;
	my (%posts, %unit_of, %thanked);

	$unit_of{ account_id($_) } = $_ for @units;
	for my $w (@{ call('truth?part=writes')->{writes} })
	{
		my $unit = $unit_of{ $w->{account} } or next;
		$posts{$unit} //= "$w->{id}" if $w->{item} eq 'post';
	}
	my $total = 0;
	while ((my $passed = time - $began) < $seconds)
	{
		# The morning is quiet, noon is not; nobody begins in the last seconds.
		my $rate = $passed > $seconds * 0.8 ? 0 : $passed > $seconds * 0.3 ? 6 : 3;
		my @acts = map { one_act(\%posts, \@units) } 1 .. $rate;
		my $inbound = call('truth?part=inbound')->{inbound};
		$thanked{author}{ $_->{id} } = "$_->{author}" for @$inbound;
		push @acts, thanks(\%thanked, \%unit_of);
		call('act_many', \@acts) if @acts;
		$total += @acts;
		sleep 1;
	}
	print "$total acts\n";
}

sub truth
{
	my ($folder) = @_;
	my $truth = call('truth');
	my %item = (post => 'status', comment => 'comment', message => 'message');
	my @inbound = grep { @{ $_->{feeds} } && !$_->{deleted} } @{ $truth->{inbound} };

	table("$folder/inbound.tsv", map { [ $item{ $_->{item} }, $_->{id}, scalar @{ $_->{feeds} } ] } @inbound);
	table("$folder/writes.tsv", map { [ $item{ $_->{item} }, $_->{id}, @$_{qw(account sent_text)} ] }
		  grep { $_->{item} ne 'post' } @{ $truth->{writes} });
	table("$folder/posts.tsv", map { [ @$_{qw(id account sent_text)}, $_->{deleted} ? 't' : 'f' ] }
		  grep { $_->{item} eq 'post' } @{ $truth->{writes} });
	table("$folder/attempts.tsv", map { [ @$_{qw(action account requests applied)}, '{' . join(',', @{ $_->{ids} }) . '}', $_->{text} ] }
		  grep { $_->{action} =~ /^(comment|reply|message|post|repost)$/ } @{ $truth->{attempts} });
	table("$folder/faults.tsv", map { [ @$_{qw(kind match hits)} ] } @{ call('fault')->{faults} });
}

my ($what, @rest) = @ARGV;
my %does = (prepare => \&prepare, day => \&day, truth => \&truth);
die "usage: customers.pl prepare|day|truth ...\n" unless $what && $does{$what};
$does{$what}->(@rest);
