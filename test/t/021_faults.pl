# However the platform breaks while it is asked for what customers say: each item is
# found once and has one ticket (R85, R86), the desk shows what is wrong and keeps
# what can't be read, and goes on by itself when it is over.  (Sends: 023.)
#
# What was asked and what happened is told by the simulator, not by the desk.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuDesk;
use KefuFaults;
use PostgreSQL::Test::Utils;
use Test::More;

open_desk('fetches');

# --- fetches ------------------------------------------------------------------

my $feed = "FROM kefu.feed_state WHERE action = 'comments_to_me'";

# What the feed is left in while the fault lasts: class and HTTP status.
my @fetches = (
	[ 'cut before', 'transient 0', { kind => 'cut_before' } ],
	[ 'cut after', 'transient 0', { kind => 'cut_after_apply' } ],
	[ 'no reply', 'transient 0', { kind => 'slow', ms => $never }, 1000 ],
	[ 'not even done', 'transient 0', { kind => 'slow', ms => $never, when => 'before' }, 1000 ],
	[ 'in drops', 'transient 200', { kind => 'slow_body', bytes => 1 }, 1000 ],
	[ 'cut short', 'transient 200', { kind => 'truncate', bytes => 30 } ],
	[ 'too large', 'transient 200', { kind => 'huge', bytes => 9 * 1024 * 1024 } ],
	[ 'broken', 'unreadable 200', { kind => 'bad_json' } ],
	[ 'a page instead', 'unreadable 200', { kind => 'status', code => 200, body => $html } ],
	[ 'a bad gateway', 'transient 502', { kind => 'status', code => 502, body => $html } ],
	[ 'a wall', 'forbidden 403', { kind => 'status', code => 403, body => $html } ],
	[ 'too often', 'rate 403', { kind => 'rate' } ],
	[ 'silence', 'blacklisted 200', { kind => 'empty200' } ],
	[ 'slow', 'ok 200', { kind => 'slow', ms => 20 } ],
	[ 'late', 'ok 200', { kind => 'slow', ms => 20, when => 'before' } ],
	[ 'large', 'ok 200', { kind => 'huge', bytes => 1024 * 1024 } ],
	[ 'in gulps', 'ok 200', { kind => 'slow_body', bytes => 1024 * 1024 } ]);

for (@fetches)
{
	my ($what, $left, $fault, $patience) = @$_;

	set_patience($patience // 30000);
	my $hits = $sim->fault(match => 'comments/to_me', %$fault);
	my $id = $sim->act(question('comment'));
	if ($left =~ /^ok/)
	{
		is_found($id, 'comment', $what);
	}
	else
	{
		becomes("SELECT failures > 0 AND lease_until IS NULL $feed", "$what: fails");
		is(run("SELECT last_class || ' ' || last_status $feed"), $left, "$what: $left");
		is(run(q{SELECT state FROM kefu.stat_feed WHERE action = 'comments_to_me'}), 'failing',
			"$what: as can be seen");
	}
	is_over("$what", $hits);
	is_found($id, 'comment', "$what, over");
	becomes("SELECT failures = 0 AND last_class = 'ok' $feed", "$what, over: goes on");
}
is(run(q{SELECT dead_letters_count FROM kefu.stat_feed WHERE action = 'comments_to_me'}), 2,
	'what could not be read was kept');

# The token: expired, then revoked.
for ([ 'auth_expired', { expires_at => 1 }, { expires_at => 0 } ],
	[ 'auth_revoked', { revoked => $yes }, { revoked => $no } ])
{
	my ($class, $spoiled, $good) = @$_;

	$sim->call('token', { token => 'token-gd', %$spoiled });
	my $id = $sim->act(question('comment'));
	becomes("SELECT failures > 0 AND lease_until IS NULL $feed", "$class: fails");
	is(run("SELECT last_class || ' ' || last_status $feed"), "$class 401", "$class: said so");
	for my $failures (2, 3)
	{
		poll_now();
		becomes("SELECT failures >= $failures AND lease_until IS NULL $feed", "$class: again");
	}
	is(run(qq{SELECT count(*) FROM kefu.health() WHERE check_name = 'feed'
		AND message LIKE 'sina.gd/comments\\_to\\_me failed % times in a row: $class, next at %'}), 1,
		"$class: health() says so");
	$sim->call('token', { token => 'token-gd', %$good });
	poll_now();
	is_found($id, 'comment', "$class, over");
}

# --- walks over pages -----------------------------------------------------------

# Ten at once are five pages of three, the oldest item of each coming again on the
# next. Where a later page breaks, or the token expires on the way, the walk stays where
# it was and goes on there; what arrives meanwhile shifts the pages.
run(q{UPDATE kefu.endpoint SET page_size = 3 WHERE platform = 'sina' AND action = 'comments_to_me'});
for ([ 'whole', undef ], [ 'insert_between', { k => 4, times => 1 } ],
	(map { [ $_, { after => 1 } ] } qw(cut_before cut_after_apply bad_json rate)),
	[ 'truncate', { after => 1, bytes => 30 } ], [ 'status', { after => 1, code => 502, body => $html } ],
	# The three other feeds take a request each at most, the walk needs five.
	[ 'token', undef, { expires_after_requests => 4 } ])
{
	my ($what, $fault, $token) = @$_;
	my $breaks = $token || $fault && $fault->{after};

	everything_came("walk, $what: nothing is left of what came before");
	stop_polls("walk, $what: not yet");
	my $ids = $sim->call('act_many', [ map { { question('comment') } } 1 .. 10 ])->{ids};
	my $hits = $fault && $sim->fault(match => 'comments/to_me', kind => $what, %$fault);
	my $mark = run("SELECT high_mark $feed");
	$sim->call('token', { token => 'token-gd', %$token }) if $token;
	poll_now();
	if ($breaks)
	{
		becomes("SELECT failures > 0 AND lease_until IS NULL $feed", "walk, $what: fails");
		is(run("SELECT walk ? 'walk' AND high_mark = '$mark' $feed"), 't', "walk, $what: is kept");
		is(run("SELECT count(*) FROM kefu.message WHERE native_id = '$ids->[0]'"), 0,
			"walk, $what: its end is missing");
		is(run("SELECT last_class $feed"), 'auth_expired', "walk, $what: said so") if $token;
		$sim->call('token', { token => 'token-gd', expires_after_requests => -1 }) if $token;
		is_over("walk, $what", $hits ? $hits : ());
	}
	is_found($ids->[0], 'comment', "walk, $what, oldest");
	is_over("walk, $what", $hits) if $fault && !$breaks;
	becomes("SELECT walk IS NULL AND failures = 0 AND last_class = 'ok' $feed", "walk, $what: closed");
}
run(q{UPDATE kefu.endpoint SET page_size = 200 WHERE platform = 'sina' AND action = 'comments_to_me'});

# --- ids ------------------------------------------------------------------------

# Beyond 64 bits, where no number holds them and no order of theirs is known.
for my $ids ('above_int64', 'above_uint64')
{
	$sim->call('config', { ids => $ids });
	for my $kind (sort keys %ways)
	{
		my $id = $sim->act(question($kind));

		cmp_ok(length $id, '>', 19, "$kind, $ids: $id");
		is_found($id, $kind, "$kind, $ids");
	}
}
# --- what comes cut -------------------------------------------------------------

# Lists show the beginning of a post. The message is there at once, and has all its
# words once the platform has given them, however often it broke before.
sub asked_for_whole
{
	my ($path) = grep { $_->{name} =~ m{statuses/show} }
	  @{ $sim->call('truth?part=requests')->{requests}{paths} };

	return $path ? $path->{requests} : 0;
}

sub words_of
{
	my $text = run("SELECT text FROM kefu.message WHERE native_id = '$_[0]'");

	utf8::decode($text);
	return $text;
}

$sim->call('config', { cut_at => 8 });
for ([ 'whole' ], [ 'cut_after_apply' ], [ 'bad_json' ], [ 'status', { code => 502, body => $html } ], [ 'rate' ])
{
	my ($what, $fault) = @$_;
	my %post = question('post_mention');
	my $cut = substr($post{text}, 0, 8) . '…';
	my $before = asked_for_whole();
	my $hits = $what eq 'whole' ? undef : $sim->fault(match => 'statuses/show', kind => $what, %{ $fault // {} });
	my $id = $sim->act(%post);

	is_found($id, 'post_mention', "cut, $what");
	my $message = "FROM kefu.message m LEFT JOIN kefu.completion c USING (message_id) WHERE m.native_id = '$id'";
	if ($hits)
	{
		becomes("SELECT c.failures > 0 AND c.lease_until IS NULL $message", "cut, $what: fails");
		is(run("SELECT m.is_truncated $message"), 't', "cut, $what: the desk says so");
		is(words_of($id), $cut, "cut, $what: shown as far as it came");
		is(run("SELECT count(*) FROM kefu.ticket t JOIN kefu.message m USING (ticket_id) WHERE m.native_id = '$id'"), 1,
			"cut, $what: has its ticket");
		$before += $hits->();
		is_over("cut, $what", $hits);
		run('UPDATE kefu.completion SET next_at = now()');
		poll_now();
	}
	becomes("SELECT NOT m.is_truncated AND c.message_id IS NULL $message", "cut, $what: completed");
	is(words_of($id), $post{text}, "cut, $what: all its words");
	is(asked_for_whole() - $before, 1, "cut, $what: asked for until it came, and no more");
}
$sim->call('config', { cut_at => 0 });
books_agree();

# --- what is looked for -----------------------------------------------------------

# Words that nobody said to us, on more pages than one (R87, R104): found once each, and
# no ticket before somebody has decided; what has other words isn't found.
{
	my @posts = map { my %post = question('post_mention'); { kind => 'post', uid => $post{uid}, text => "电信断网三天没人管 $_" } } 1 .. 60;
	my $ids = $sim->call('act_many', [ @posts, { kind => 'post', uid => $posts[0]{uid}, text => '今天天气好' } ])->{ids};
	my $found = q{FROM kefu.message m JOIN kefu.sighting s USING (message_id) WHERE s.action = 'search'};

	run(q{SELECT kefu.add_feed('sina.gd', 'search', '1 second', now() - interval '1 hour', '{"keyword": "断网三天"}')});
	poll_now();
	becomes("SELECT count(*) = 60 $found", 'search: all is found');
	poll_now();
	becomes("SELECT polled_at > now() - interval '2 seconds' FROM kefu.feed_state WHERE action = 'search'", 'search: looked for again');
	is(run("SELECT count(*), count(DISTINCT m.native_id), count(m.ticket_id) $found"), '60|60|0', 'search: each once, without a ticket');
	is(run("SELECT count(*) FROM kefu.message WHERE native_id = '$ids->[60]'"), 0, 'search: and nothing else');
}

# Another unit's account, on pages of 20 (R87, R104): each of its posts is found once,
# though a walk is broken off behind its first page; the next walk ends where that began.
{
	run(q{UPDATE kefu.endpoint SET page_size = 20 WHERE platform = 'sina' AND action = 'watched_posts'});
	$sim->call('user', { uid => '61000', screen_name => '邻省客服', province => '35' });
	my $say = sub { $sim->call('act_many', [ map { { kind => 'post', uid => '61000', text => "邻省公告 $_[0]-$_" } } 1 .. 45 ]) };
	my $found = q{FROM kefu.message m JOIN kefu.sighting s USING (message_id) WHERE s.action = 'watched_posts'};
	my $hits = $sim->fault(match => 'statuses/user_timeline', kind => 'cut_after_apply', after => 1, times => 2);

	$say->(1);
	run(q{SELECT kefu.add_feed('sina.gd', 'watched_posts', '1 second', now() - interval '1 hour', '{"watched_id": "61000"}')});
	ok(until_true(sub { poll_now(); return $hits->() >= 2 }), 'watched: the second page was cut off');
	is_over('watched', $hits);
	becomes("SELECT count(*) = 45 $found", 'watched: all is found');
	becomes(q{SELECT walk IS NULL FROM kefu.feed_state WHERE action = 'watched_posts'}, 'watched: the walk is closed');
	$say->(2);
	poll_now();
	becomes("SELECT count(*) >= 90 $found", 'watched: and what came later');
	my @truth = sort map { $_->{id} } grep { $_->{author} eq '61000' } @{ $sim->call('truth')->{inbound} };
	is(run(qq{SELECT string_agg(m.native_id, ' ' ORDER BY m.native_id COLLATE "C") $found}), "@truth", 'watched: each once');
	is(run("SELECT count(m.ticket_id) $found"), 0, 'watched: no ticket before somebody has decided');
	is(run(q{SELECT string_agg(search_kind || ' ' || week_new_count, ' ' ORDER BY search_kind) FROM kefu_bi.searches}), 'search 60 sister 90',
		'both as they are published');
}
$server->stop;
done_testing();
