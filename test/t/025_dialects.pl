# Other dialects on the other side, by rows alone (R18): Sina's first, with texts encoded
# twice and codes inside the words of an error; Tencent's, with signed parameters, errors with status 200 and pages by time and id; NetEase's, with signed
# headers, signed ids and paging with its names the wrong way round; Sohu's, with texts
# encoded twice, page numbers and no answers to comments.  What customers
# say is found once (R85, R86) while items keep arriving in the middle of walks, and
# what we answer is said once though replies are lost and the worker dies (R89); another
# unit's posts are found as well (R87, R104).
#
# What was asked and what happened is told by the simulator, not by the desk.

use strict;
use warnings;
use utf8;
use Digest::SHA qw(hmac_sha1_base64);
use FindBin;
use HTTP::Tiny;
use JSON::PP;
use lib "$FindBin::Bin/../lib";
use KefuDesk;
use KefuSim;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Where each thing is; what stands before an id in the desk's eyes.
my %dialects = (
	sina_v1 => {
		path => 'sina1', id => '', post => [ 'statuses/update.json', 'status' ], read => 'direct_messages.json', twice => 1,
		comment => 'comments_to_me', post_mention => 'statuses/mentions', dm => 'direct_messages.json',
		reply => 'statuses/reply', answer => 'statuses/comment.json', message => 'direct_messages/new', source => 'desk&key',
		signature => '40107:Oauth Error: signature_invalid!', nonce => '40108:Oauth Error: nonce_used!',
		time => '40109:Oauth Error: timestamp_refused!', said => 'error' },
	tencent => {
		id => '', post => [ 't/add', 'content' ], read => 'private/recv',
		comment => 'mentions_timeline', post_mention => 'mentions_timeline', dm => 'private/recv',
		reply => 't/reply', answer => 't/comment', message => 'private/add',
		signature => 'check sign error', nonce => 'nonce used', time => 'timestamp refused', said => 'msg' },
	sohu => {
		id => '', post => [ 'statuses/update.json', 'status' ], read => 'direct_messages.json', twice => 1,
		comment => 'comments_timeline', post_mention => 'mentions_timeline', dm => 'direct_messages.json',
		reply => 'statuses/comment', answer => 'statuses/comment', message => 'direct_messages/new',
		signature => 'oauth: signature_invalid', nonce => 'oauth: nonce_used', time => 'oauth: timestamp_refused', said => 'error' },
	netease => {
		id => '-', post => [ 'statuses/update.json', 'status' ], read => 'direct_messages.json',
		comment => 'comments_to_me', post_mention => 'statuses/mentions', dm => 'direct_messages.json',
		reply => 'statuses/reply', answer => 'statuses/reply', message => 'direct_messages/new',
		signature => 'invalid signature', nonce => 'nonce used', time => 'invalid timestamp', said => 'error' });
my $json = JSON::PP->new->utf8;
my ($sim, $dialect, $d, $server, $post);

# --- the simulator refuses what isn't signed -------------------------------------

sub encode
{
	my ($text) = @_;

	utf8::encode($text) if utf8::is_utf8($text);
	return $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

sub place
{
	return '/' . ($d->{path} // $dialect);
}

# A signed call, by this test's own reading of RFC 5849; more parameters replace.
sub signed
{
	my ($method, $path, %param) = @_;
	my $url = $sim->base . place() . "/$path";
	my $signature = delete $param{signature};
	my %all = (format => 'json', oauth_consumer_key => 'desk&key', oauth_token => 'token-gd',
		($d->{source} ? (source => $d->{source}) : ()), oauth_signature_method => 'HMAC-SHA1', oauth_timestamp => time, oauth_nonce => rand() . '', %param);
	my $form = join '&', sort map { encode($_) . '=' . encode($all{$_}) } keys %all;
	my $base = join '&', $method, encode($url), encode($form);

	$signature //= hmac_sha1_base64($base, encode('^!()%$') . '&' . encode('secret+of/token-gd')) . '=';
	$all{oauth_signature} = $signature;
	my %headers = ('Content-Type' => 'application/x-www-form-urlencoded');
	if ($dialect ne 'tencent')
	{
		$headers{Authorization} = 'OAuth ' . join ', ', map { "$_=\"" . encode($all{$_}) . '"' } grep { /^oauth_/ } keys %all;
		delete $all{$_} for grep { /^oauth_/ } keys %all;
	}
	$form = join '&', map { encode($_) . '=' . encode($all{$_}) } keys %all;
	my $reply = $method eq 'GET' ? HTTP::Tiny->new->get("$url?$form", { headers => \%headers })
	  : HTTP::Tiny->new->post($url, { content => $form, headers => \%headers });
	return $json->decode($reply->{content});
}

sub check_signatures
{
	my $text = '今天有什么可以帮您? 100%';
	my $made = signed('POST', $d->{post}[0], $d->{post}[1] => $d->{twice} ? encode($text) : $text);

	$post = ($made->{data}{id} // $made->{id}) =~ s/^\Q$d->{id}//r;
	like($post, qr/^\d+$/, "$dialect: a signed request is done");
	my $at = time;
	signed('GET', $d->{read}, oauth_nonce => 'n1', oauth_timestamp => $at);
	is(signed('GET', $d->{read}, oauth_nonce => 'n1', oauth_timestamp => $at)->{$d->{said}}, $d->{nonce}, "$dialect: a nonce used again");
	is(signed('GET', $d->{read}, oauth_timestamp => time - 400)->{$d->{said}}, $d->{time}, "$dialect: too old");
	is(signed('GET', $d->{read}, signature => 'AAAA')->{$d->{said}}, $d->{signature}, "$dialect: a wrong signature");
}

# --- the desk ----------------------------------------------------------------------

sub run
{
	return $server->safe_psql('desk', $_[0]);
}

sub becomes
{
	my ($query, $what) = @_;

	ok($server->poll_query_until('desk', $query), $what)
	  or diag(run('SELECT outbound_id, state, attempts, last_class, last_error, not_before FROM kefu.outbound'),
		run('SELECT action, state, last_class, last_status, failures FROM kefu.stat_feed'),
		run('SELECT reason FROM kefu.dead_letter'));
}

# What waits is due; a lease that nobody ends any more is over.
sub hasten
{
	run(q{BEGIN; DELETE FROM kefu.call_stop; UPDATE kefu.feed_state SET next_poll_at = now() WHERE next_poll_at > now();
		UPDATE kefu.outbound SET not_before = now(), sending_at = sending_at - interval '5 minutes'
		 WHERE state IN ('queued', 'uncertain') AND lease_until IS NULL;
		DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT});
}

sub kill_worker
{
	my $from = -s $server->logfile;

	kill('KILL', run(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'kefu net'})) == 1 or die 'nobody to kill';
	ok(until_true(sub { return seen_in_log($server, qr/database system is ready/, $from) }), "$dialect: back after kill -9");
	run(q{UPDATE kefu.outbound SET lease_until = now() WHERE lease_until IS NOT NULL});
}

my $customers = 0;
sub question
{
	my ($kind) = @_;
	my $uid = 51000 + ++$customers;

	$sim->call('user', { uid => "$uid", screen_name => "客户$customers", province => '44', follows => ['9001'] });
	return { kind => $kind, uid => "$uid", text => "请问第${customers}件事怎么办?",
		$kind eq 'comment' ? (parent => $post) : (account => '9001') };
}

sub everything_came
{
	my ($what) = @_;

	becomes('SELECT count(*) = ' . @{ $sim->call('truth')->{inbound} } . ' FROM kefu.message', $what);
}

# --- found, in pages -----------------------------------------------------------------

# Ten in the same second are four pages; the border of a page runs between two of the
# same time. New ones arrive while the pages are read, the platform is busy now and
# then, and the worker is killed.
sub check_walks
{
	for my $kind (qw(comment post_mention dm))
	{
		check_walk($kind, $_) for { kind => '' }, { kind => 'insert_between', k => 2, times => 3 },
		  { kind => 'rate', after => 1, times => 2 }, { kind => 'cut_after_apply', after => 1, times => 2 },
		  { kind => 'bad_json', after => 1, times => 1 };
	}
	becomes(q{SELECT bool_and(walk IS NULL AND failures = 0 AND last_class = 'ok') FROM kefu.feed_state},
		"$dialect: every walk is closed");
}

sub check_walk
{
	my ($kind, $fault) = @_;
	my $what = "$dialect: $kind, " . ($fault->{kind} || 'whole');
	my $now = time;
	my $hits = $fault->{kind} && $sim->fault(match => $d->{$kind}, %$fault);

	$sim->call('act_many', [ map { { %{ question($kind) }, created_at => $now } } 1 .. 10 ]);
	if ($hits)
	{
		ok(until_true(sub { hasten(); return $hits->() >= ($fault->{times} // 1) }), "$what: it happened");
		$sim->heal;
	}
	kill_worker() if $fault->{kind} eq 'insert_between';
	run(q{UPDATE kefu.feed_state SET next_poll_at = now(), lease_until = NULL, lease_key = NULL});
	hasten();
	everything_came("$what: everything came");
	answer("$what");
}

# Everybody gets an answer; in lots that a page of what was sent can hold, or nothing
# could be proved by it.
sub answer
{
	my ($what) = @_;

	# Whoever came by in the middle of a walk follows us too, or couldn't be answered.
	$sim->call('act', { kind => 'follow', uid => $_, account => '9001' })
	  for grep { /^29/ } map { $_->{author} } @{ $sim->call('truth')->{inbound} };
	$sim->answer_all($server);
	settles($what);
}

sub settles
{
	my ($what) = @_;

	ok( until_true(sub {
			hasten();
			return run(q{SELECT count(*) = 0 FROM kefu.outbound WHERE state NOT IN ('sent', 'failed')}) eq 't';
		}), "$what: all is settled");
}

# --- answered -------------------------------------------------------------------------

# Replies are lost after it was said, the platform is busy, it says yes without an id,
# and the worker dies while a reply is on its way.
sub check_answers
{
	my @faults = (
		$sim->fault(match => $d->{reply}, kind => 'cut_after_apply', times => 3),
		$sim->fault(match => $d->{answer}, kind => 'success_without_id', times => 2),
		$sim->fault(match => $d->{message}, kind => 'rate', times => 2));
	my $slow = $sim->fault(match => $d->{message}, kind => 'slow', ms => 600_000, times => 1);

	$sim->call('act_many', [ map { question($_) } (qw(comment post_mention dm)) x 5 ]);
	everything_came("$dialect: the last ones came");
	$sim->answer_all($server);
	ok(until_true(sub { hasten(); return $slow->() == 1 }), "$dialect: a reply is on its way");
	kill_worker();
	settles($dialect);
	cmp_ok($_->(), '>', 0, "$dialect: it was that") for @faults;
}

sub check_books
{
	my $truth = $sim->call('truth');
	my @said = grep { $_->{action} =~ /^(comment|reply|message)$/ } @{ $truth->{attempts} };

	is(run(q{SELECT state, last_class, last_error FROM kefu.outbound WHERE state <> 'sent'}), '', "$dialect: everything is sent");
	is(scalar @said, run('SELECT count(*) FROM kefu.ticket'), "$dialect: each ticket has an answer");
	is(join(', ', map { "$_->{text}: $_->{applied}" } grep { $_->{applied} != 1 } @said), '', "$dialect: each was said once");
	is(run(q{SELECT string_agg(native_id, ' ' ORDER BY native_id COLLATE "C") FROM kefu.message}),
		join(' ', sort map { "$d->{id}$_->{id}" } @{ $truth->{inbound} }), "$dialect: each was heard once");
	is(run('SELECT count(*) FROM kefu.message WHERE ticket_id IS NULL'), 0, "$dialect: each has a ticket");
	# A poll that was cut off is repeated by the HTTP library, on another connection: that
	# nonce is used, and the next poll has its own.
	is(join(' ', map { $_->{why} } grep { $_->{why} =~ /^(signature|time)$/ } @{ $truth->{refused} }),
		'time signature', "$dialect: no signature of the desk was refused, only this test's");
}

# What a search finds has no user{}, and yet its author (R87); the simulator speaks
# NetEase's.
sub check_search
{
	$sim->call('user', { uid => '5900', screen_name => '路人甲', province => '44' });
	my $id = $sim->act(kind => 'post', uid => '5900', text => '电信断网三天没人管');
	run(qq{SELECT kefu.add_feed('$dialect.gd', 'search', '1 second', now() - interval '1 hour', '{"keyword": "断网三天"}')});
	becomes("SELECT count(*) = 1 FROM kefu.message m JOIN kefu.identity i USING (identity_id) JOIN kefu.sighting s USING (message_id)"
		  . " WHERE s.action = 'search' AND m.native_id = '$d->{id}$id' AND m.ticket_id IS NULL"
		  . " AND i.native_id = '5900' AND i.screen_name = '路人甲' AND i.handle = 'h5900'", "$dialect: found by a search");
}

# Another unit's posts (R87, R104), on pages of three: each is found once, also where a
# page ends among posts of the same second, more arrive while pages are read, and the
# worker dies.  What is published of it is what the simulator says.
sub check_sister
{
	my ($now, $sister) = (time, '5901');
	my $found = "FROM kefu.message m JOIN kefu.sighting s USING (message_id) WHERE s.action = 'watched_posts'";
	my $said = sub {
		return sort map { "$d->{id}$_->{id}" } grep { $_->{author} eq $sister } @{ $sim->call('truth')->{inbound} };
	};
	my $say = sub {
		$sim->call('act_many', [ map { { kind => 'post', uid => $sister, text => "本省公告$_", created_at => $now } } 1 .. 10 ]);
	};

	$sim->call('user', { uid => $sister, screen_name => '邻省客服', province => '35' });
	$say->();
	run(qq{SELECT kefu.add_feed('$dialect.gd', 'watched_posts', '1 second', now() - interval '1 hour', '{"watched_id": "$sister"}')});
	becomes("SELECT count(*) = 10 $found", "$dialect: another unit's posts are found");
	becomes("SELECT walk IS NULL AND polls_count >= 4 FROM kefu.feed_state WHERE action = 'watched_posts'", "$dialect: on four pages");
	my $hits = $sim->fault(match => 'user_timeline', kind => 'insert_between', k => 2, times => 3, uid => $sister);
	$say->();
	ok(until_true(sub { hasten(); return $hits->() >= 3 }), "$dialect: more arrived while pages were read");
	$sim->heal;
	kill_worker();
	run(q{UPDATE kefu.feed_state SET next_poll_at = now(), lease_until = NULL, lease_key = NULL});
	hasten();
	my @ids = $said->();
	becomes('SELECT count(*) >= ' . @ids . " $found", "$dialect: all of another unit's posts");
	is(run(qq{SELECT string_agg(m.native_id, ' ' ORDER BY m.native_id COLLATE "C") $found}), "@ids", "$dialect: each once");
	is(run("SELECT count(*) $found AND NOT m.to_us AND m.ticket_id IS NOT NULL"), 0, "$dialect: no ticket before somebody has decided");
	is(run(q{SELECT week_item_count FROM kefu_bi.searches WHERE feed = 'watched_posts'}), scalar @ids, "$dialect: and so it is published");
}

for (sort keys %dialects)
{
	($dialect, $d) = ($_, $dialects{$_});
	$sim = KefuSim->new('--seed', 25);
	$sim->call('config', { map { $_ => 0 }
		  qw(user_limit ip_limit post_limit comment_limit message_limit follow_limit read_limit) });
	$sim->call('account', { uid => '9001', screen_name => '广东客服', token => 'token-gd', province => '44' });
	check_signatures();
	$server = new_server($dialect, 'kefu.allow_http = on', 'restart_after_crash = on');
	$server->start;
	make_desk($server);
	$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/signed.psql"),
		extra_params => [ '-v', "platform=$dialect", '-v', 'base=' . $sim->base . place() ]);
	check_walks();
	check_answers();
	check_books();
	check_search() if $dialect eq 'netease';
	check_sister();
	$server->stop;
	$sim->stop;
}
done_testing();
