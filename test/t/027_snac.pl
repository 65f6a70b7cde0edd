# The desk on servers that nobody here wrote: Debian's snac, which speaks Mastodon's
# API, in the release of trixie and in that of sid, by the rows of the preset alone
# (R18).  What customers say there, in public and in private, and what they repeat is
# found once (R85, R86); what the desk answers arrives at the right one, once (R89),
# though the worker is killed;
# posts are published, withdrawn and re-issued (R38, R73 to R76), and whom the account
# follows is the same on both sides (R29, R70, R84).
#
# What was said is asked of snac, as the customer who reads it.  Everybody speaks to
# it through a proxy (kefu.proxy): see KefuSnac.

use strict;
use warnings;
use utf8;
use Encode qw(decode_utf8);
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuDesk;
use KefuSnac;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the far side was tested with another PostgreSQL' if ($ENV{KEFU_FAR_SIDE} // '') eq 'no';

my %program = eval { KefuSnac::programs($ENV{KEFU_SNAC} // "$PostgreSQL::Test::Utils::tmp_check/snac") };
if ($@)
{
	# Where everything must run, this must.
	die $@ if ($ENV{CI} // '') eq 'true';
	plan skip_all => 'snac cannot be had: ' . ($@ =~ /^(.*)/)[0];
}

my ($release, $snac, $server);

# --- words -----------------------------------------------------------------------

sub run
{
	return decode_utf8($server->safe_psql('desk', $_[0]));
}

sub as
{
	my ($login, $sql) = @_;

	return $server->safe_psql('desk', $sql, extra_params => [ '-U', $login ]);
}

sub becomes
{
	my ($query, $what) = @_;

	ok($server->poll_query_until('desk', $query), "$release: $what")
	  or diag(run('SELECT outbound_id, action, state, attempts, last_class, last_error, not_before FROM kefu.outbound'),
		run('SELECT action, state, last_class, last_status, failures FROM kefu.stat_feed'),
		run('SELECT reason FROM kefu.dead_letter'));
}

# Something comes true at the far side.
sub arrives
{
	my ($question, $what) = @_;

	ok(until_true($question), "$release: $what");
}

# Texts as people read them: without markup and without whom they name.
sub words
{
	my ($status) = @_;

	return $status->{content} =~ s/<[^>]*>//gr =~ s/^(\s*@\S+\s+)+//r =~ s/\s+$//r;
}

# What somebody was told of that is of a kind: texts of statuses, in order, each once.
sub told
{
	my ($name, $type) = @_;
	my %seen;

	return sort grep { !$seen{$_}++ } map { words($_->{status}) }
	  grep { $_->{type} eq $type } @{ $snac->notifications($name) };
}

# --- what customers say -----------------------------------------------------------

# Everybody's words, as the desk must have them.
my @said;

sub says
{
	my ($name, $text, $kind, %more) = @_;
	my $status = $snac->say($name, "\@kefu\@localhost $text", %more);

	push @said, "$kind|$name|$text";
	return $status;
}

# Ours, with what was heard: kind, who, words.
sub heard
{
	return join "\n", sort split /\n/, run(q{
		SELECT g.item_type, i.handle, regexp_replace(g.text, '^(@\S+\s+)+', '')
		  FROM kefu.message g JOIN kefu.identity i USING (identity_id)}) =~ s/\@localhost//gr;
}

sub everything_came
{
	my ($what) = @_;

	becomes('SELECT count(*) >= ' . @said . ' FROM kefu.message', "$what came");
	is(heard(), join("\n", sort @said), "$release: $what came, once each");
}

sub check_inbound
{
	my @fans = qw(alice bob);

	# The older release lets nobody follow whom it has not looked up, nor repeat what has
	# not come to one's own page.
	for my $name (@fans)
	{
		arrives(sub { return eval {
				$snac->call($name, 'GET', '/api/v2/search?resolve=true&type=accounts&q=kefu@localhost');
				$snac->call($name, 'POST', "/api/v1/accounts/$snac->{id}{kefu}/follow") } }, "$name follows the account");
	}
	arrives(sub { return 2 == grep { $_->{type} eq 'follow' } @{ $snac->notifications('kefu') } }, 'which is told');
	my $post = $snac->say('kefu', '今天有什么可以帮您?');

	@said = ();
	says('alice', '宽带断了,10000号打不通', 'status');
	says('alice', '我的手机是18900000000', 'message', visibility => 'direct');
	says('bob', '早上好', 'status', in_reply_to_id => $post->{id});
	for my $name (@fans)
	{
		arrives(sub { return eval { $snac->call($name, 'POST', "/api/v1/statuses/$post->{id}/reblog") } }, "$name repeats it");
		push @said, "comment|$name|转发微博";
	}
	everything_came('mentions, answers, a private message and reposts');
	# More at once than a page has, within a second or two, above what was read.
	says('bob', "第${_}次问", 'status') for 1 .. 7;
	everything_came('many at once');
	is(run('SELECT count(*) FROM kefu.message WHERE ticket_id IS NULL'), 0, "$release: each has a ticket");
}

# An edit changes the id of a post, and delivers it anew: still the same message.
sub check_edit
{
	my $status = says('carol', '话费多扣了', 'status');

	everything_came('another');
	my $id = run(q{SELECT native_id FROM kefu.message WHERE text LIKE '%话费多扣了%'});
	my $before = @{ $snac->notifications('kefu') };
	sleep 1;    # the id has the second of the change
	my $edited = eval {
		$snac->call('carol', 'PUT', "/api/v1/statuses/$status->{id}", status => '@kefu@localhost 话费多扣了 已改') };
	ok($edited, "$release: edited") or diag($@);
	arrives(sub {
			my $now = $snac->notifications('kefu');
			return @$now > $before || grep { $_->{status} && $_->{status}{uri} eq $status->{uri} && $_->{status}{id} ne $id } @$now;
		}, 'the platform tells of it again, or under another id');
	my $polls = run(q{SELECT sum(polls_count) FROM kefu.feed_state});
	becomes("SELECT sum(polls_count) > $polls + 6 FROM kefu.feed_state", 'it was asked for again');
	is(run(q{SELECT count(*) FROM kefu.message g JOIN kefu.identity i USING (identity_id) WHERE i.handle LIKE 'carol%'}), 1,
		"$release: and is one message");
}

# --- what the desk says -------------------------------------------------------------

sub check_answers
{
	$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/answer.psql"), extra_params => [ '-U', 'operator_gd' ]);
	becomes(q{SELECT count(*) > 0 AND bool_and(state IN ('sent', 'failed')) FROM kefu.outbound}, 'everything is said');
	is(run(q{SELECT state, last_class, last_error FROM kefu.outbound WHERE state <> 'sent'}), '', "$release: nothing failed");
	is(run('SELECT count(*) - count(DISTINCT s.object_id) FROM kefu.outbound o JOIN kefu.speech s USING (speech_id)'), 0,
		"$release: one answer a ticket");
	for my $name (qw(alice bob carol))
	{
		my $query = q{SELECT DISTINCT regexp_replace(o.text, '\s+$', '') FROM kefu.outbound o
			JOIN kefu.speech s USING (speech_id) JOIN kefu.message g ON g.ticket_id = s.object_id
			JOIN kefu.identity i USING (identity_id) WHERE i.handle LIKE '} . $name . q{%'};
		my $ours = join "\n", sort split /\n/, run($query);

		isnt($ours, '', "$release: $name has answers");
		arrives(sub { return join("\n", told($name, 'mention')) eq $ours }, "they arrive at $name")
		  or diag("ours\n$ours\ntheirs\n" . join "\n", told($name, 'mention'));
	}
	my %count;
	$count{ words($_) }++ for @{ $snac->posts_of('kefu') };
	is(join(' ', grep { $count{$_} > 1 } sort keys %count), '', "$release: none stands there twice");
}

# The worker is killed at moments that nobody chose, while it reads and while it speaks:
# still each word is heard once, and each answer is there once.
sub kill_worker
{
	my $from = -s $server->logfile;

	select undef, undef, undef, rand 1;
	kill('KILL', run(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'kefu net'})) == 1 or die 'nobody to kill';
	ok(until_true(sub { return seen_in_log($server, qr/database system is ready/, $from) }), "$release: back after kill -9");
	# As if so much time had passed that leases are over.
	run(q{UPDATE kefu.outbound SET lease_until = now() WHERE lease_until IS NOT NULL;
		UPDATE kefu.feed_state SET lease_until = NULL, lease_key = NULL, next_poll_at = now()});
}

sub hasten
{
	run(q{BEGIN; UPDATE kefu.outbound SET not_before = now(), sending_at = sending_at - interval '5 minutes'
		 WHERE state IN ('queued', 'uncertain') AND lease_until IS NULL;
		DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT});
}

# How many statuses of ours with each text came to these.
sub times_told
{
	my (%status, %times);

	for my $name (@_)
	{
		$status{ $_->{status}{uri} } = words($_->{status})
		  for grep { $_->{type} eq 'mention' } @{ $snac->notifications($name) };
	}
	$times{$_}++ for values %status;
	return join "\n", map { "$_|$times{$_}" } sort keys %times;
}

sub check_kills
{
	for my $round (1 .. 3)
	{
		says('bob', "第${round}${_}次再问", 'status') for 1 .. 3;
		says('alice', "私下问第${round}${_}件", 'message', visibility => 'direct') for 1 .. 2;
		kill_worker();
		everything_came("round $round");
		$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/answer.psql"), extra_params => [ '-U', 'operator_gd' ]);
		kill_worker();
		ok(until_true(sub { hasten(); return run(q{SELECT count(*) FROM kefu.outbound WHERE state NOT IN ('sent', 'failed')}) eq '0' }),
			"$release: round $round is settled");
	}
	is(run(q{SELECT state, last_class, last_error FROM kefu.outbound WHERE state <> 'sent'}), '', "$release: nothing failed");
	my $ours = join "\n", sort split /\n/, run(q{SELECT regexp_replace(text, '\s+$', ''), count(*) FROM kefu.outbound
		WHERE action IN ('reply_comment', 'comment', 'message') GROUP BY 1});
	arrives(sub { return times_told(qw(alice bob carol)) eq $ours }, 'each answer is there, as often as it was given')
	  or diag("ours\n$ours\ntheirs\n" . times_told(qw(alice bob carol)));
}

# --- posts --------------------------------------------------------------------------

sub publish
{
	my ($text) = @_;
	my $post = as('operator_gd', "SELECT (kefu.draft_post('gd', 'service', '$text')).id");

	as('operator_gd', "SELECT kefu.submit_post($post)");
	as('reviewer_gd', "SELECT kefu.review_post($post)");
	as('operator_gd', "SELECT kefu.schedule($post, '{mastodon.gd}', kefu.now() + interval '1 second')");
	becomes("SELECT state = 'published' FROM kefu.placement WHERE post_id = $post", 'published');
	return $post;
}

sub stands
{
	my ($text) = @_;

	return scalar grep { words($_) eq $text } @{ $snac->posts_of('kefu') };
}

sub check_posts
{
	my ($text, $wrong) = ('套餐余量可发短信查询', '乐享套餐每月59元');
	my $right = '更正:乐享套餐每月69元。此前的价格有误,给您带来不便深表歉意,敬请谅解';
	my $post = publish($text);
	my $error = publish($wrong);

	is(stands($text), 1, "$release: a post stands there");
	if ($release eq 'trixie')
	{
		# It can't delete, and calls what it should delete gone: it is looked for, and a
		# person does it.
		as('operator_gd', "SELECT kefu.withdraw_post($post, '内容有误')");
		becomes(q{SELECT count(*) = 1 FROM kefu.task WHERE object_type = 'placement'}, 'where it cannot be deleted there is a task');
		is(stands($text), 1, "$release: and it stands");
		is(run(q{SELECT state, last_class FROM kefu.outbound WHERE action = 'delete_post'}), 'failed|unsupported',
			"$release: which it showed, though it had called it gone");
		return;
	}
	as('operator_gd', "SELECT kefu.withdraw_post($post, '内容有误')");
	becomes("SELECT state = 'deleted' FROM kefu.placement WHERE post_id = $post", 'withdrawn');
	is(stands($text), 0, "$release: and gone");
	my $told = run(q{SELECT message_id FROM kefu.message WHERE text LIKE '%话费多扣了%'});
	as('operator_gd', "SELECT kefu.report_error(placement_id, $told) FROM kefu_bi.placements WHERE post_id = $error");
	as('operator_gd', "SELECT kefu.$_ FROM kefu_bi.corrections WHERE post_id = $error")
	  for "verify_error(correction_id, '资费表')", 'delete_corrected(correction_id)';
	becomes("SELECT state = 'deleted' FROM kefu.correction WHERE post_id = $error", 'what is wrong is taken down');
	is(stands($wrong), 0, "$release: and gone");
	my $again = as('operator_gd', "SELECT reissue_post FROM kefu.reissue($error, '$right')");
	as('reviewer_gd', "SELECT kefu.approve_reissue($again, '价格变更')");
	becomes("SELECT state = 'published' FROM kefu.placement WHERE post_id = $again", 're-issued');
	is(stands($right), 1, "$release: and stands there once");
}

# --- whom we follow --------------------------------------------------------------------

sub follows
{
	my ($name) = @_;

	return $snac->call('kefu', 'GET', "/api/v1/accounts/relationships?id[]=$snac->{id}{$name}")->[0]{following};
}

sub check_follows
{
	my $follow = as('operator_gd', "SELECT (kefu.propose_follow('mastodon.gd', '$snac->{id}{bob}', 'telecom_org')).id");

	as('operator_gd', "SELECT kefu.start_follow($follow)");
	becomes("SELECT state = 'following' FROM kefu.follow WHERE follow_id = $follow", 'followed');
	arrives(sub { return follows('bob') }, 'there too');
	arrives(sub { return scalar grep { $_->{type} eq 'follow' } @{ $snac->notifications('bob') } }, 'who is followed is told');
	if ($release ne 'trixie')
	{
		run(q{SELECT kefu.add_feed('mastodon.gd', 'follows', '1 second')});
		becomes(q{SELECT listed_count = 1 FROM kefu.follow_list WHERE closed_at IS NOT NULL ORDER BY closed_at DESC LIMIT 1},
			'its list has the one');
		run('SELECT kefu.match_follows()');
		is(run("SELECT state, lost_at IS NULL FROM kefu.follow WHERE follow_id = $follow"), 'following|t', "$release: as ours");
	}
	as('operator_gd', "SELECT kefu.end_follow($follow, 'out_of_use')");
	becomes("SELECT state = 'unfollowed' FROM kefu.follow WHERE follow_id = $follow", 'unfollowed');
	arrives(sub { return !follows('bob') }, 'there too');
}

# --- both releases ------------------------------------------------------------------------

for (reverse sort keys %program)
{
	$release = $_;
	$snac = KefuSnac->new("$PostgreSQL::Test::Utils::tmp_check/$release", @{ $program{$release} });
	$snac->add_person($_) for qw(kefu alice bob carol);
	$server = new_server($release, 'kefu.allow_http = on', 'restart_after_crash = on', q{kefu.proxy = '} . $snac->proxy . q{'});
	$server->start;
	make_desk($server);
	$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/mastodon.psql"),
		extra_params => [ map { ('-v', $_) } 'base=' . $snac->base, 'handle=kefu', "own=$snac->{id}{kefu}", 'token=' . $snac->token('kefu') ]);
	check_inbound();
	check_edit();
	check_answers();
	check_kills();
	check_posts();
	check_follows();
	is(run('SELECT * FROM kefu.verify_audit(); SELECT reason FROM kefu.dead_letter'), '',
		"$release: the trail is whole and nothing was unreadable");
	$server->stop;
	$snac->stop;
}
done_testing();
