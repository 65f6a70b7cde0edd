# However the platform breaks while it is told what we say: each answer reaches its
# customer once (R88, R90, R100), the desk shows what is in doubt and settles it by
# itself when it is over, and what needs a person is with a person (R89, R95).
#
# What was asked for and what was done is told by the simulator, not by the desk.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuFaults;
use PostgreSQL::Test::Utils;
use Test::More;

open_desk('sends');

# --- words -------------------------------------------------------------------

# The last send to a customer.
sub last_send
{
	return "FROM kefu.outbound o WHERE o.recipient_id = '$_[0]' ORDER BY o.outbound_id DESC LIMIT 1";
}

# Waits until it is at rest: state, class and attempts.
sub rests
{
	my ($uid, $what) = @_;
	my $last = last_send($uid);

	becomes("SELECT o.lease_until IS NULL AND (o.not_before > now()"
		  . " OR o.state NOT IN ('queued', 'sending', 'uncertain')) $last", "$what: rests");
	return run("SELECT concat_ws(' ', o.state, o.last_class, o.attempts) $last");
}

# It is due now, as if so much time had passed since it was sent; rests again.
sub hasten
{
	my ($uid, $passed, $what) = @_;

	run("BEGIN; DELETE FROM kefu.call_stop; UPDATE kefu.outbound SET not_before = now(), sending_at = sending_at - interval '$passed'"
		  . ' WHERE outbound_id = (SELECT o.outbound_id ' . last_send($uid) . ');'
		  . q{DO $$ BEGIN PERFORM kefu.wake_worker('net'); END $$; COMMIT});
	return rests($uid, $what);
}

# Somebody asks and is answered while there are faults; where the path of one
# isn't given it is that of the answer.  Returns uid, item, and how it rests.
sub answer_through
{
	my ($what, $kind, @faults) = @_;
	my %question = question($kind);
	my $id = $sim->act(%question);

	is_found($id, $kind, $what);
	my @hits = map { $sim->fault(match => $ways{$kind}[1], %$_) } @faults;
	$sim->answer_all($server);
	return ($question{uid}, $id, rests($question{uid}, $what), @hits);
}

# What we tried to say in answer to an item; posts and comments share numbers.
sub attempts
{
	my ($uid, $id, $kind) = @_;
	my $where = $kind eq 'dm' ? "recipient=$uid" : "parent=$id";

	return grep { $_->{action} eq $ways{$kind}[3] } @{ $sim->call("truth/replies?$where")->{replies} };
}

sub is_answered_once
{
	my ($uid, $id, $kind, $what) = @_;

	is(join(' ', map { $_->{applied} } grep { $_->{applied} } attempts($uid, $id, $kind)), 1,
		"$what: answered once");
}

# The ticket waits again, and somebody has the task to see why.
sub is_left_to_a_person
{
	my ($uid, $what) = @_;

	is(run('SELECT p.outcome, t.state, t.answered_at IS NULL, (SELECT count(*) FROM kefu.task k'
			  . " WHERE k.ticket_id = t.ticket_id AND k.outbound_id = o.outbound_id AND k.state = 'open')"
			  . ' FROM kefu.outbound o JOIN kefu.speech p USING (speech_id) JOIN kefu.ticket t'
			  . " ON t.ticket_id = p.object_id WHERE o.recipient_id = '$uid'"),
		'failed|new|t|1', "$what: back, with a task");
}

sub answer_again
{
	my ($uid) = @_;
	my $ticket = run('SELECT object_id FROM kefu.speech WHERE speech_id = (SELECT o.speech_id '
		  . last_send($uid) . ')');

	$server->safe_psql('desk', "SELECT kefu.answer($ticket, '您好,感谢您的关注,再次答复您,请问您是否满意?')",
		extra_params => [ '-U', 'operator_gd' ]);
}

# So many requests for a reply to this comment have come to their end.
sub arrives
{
	my ($id, $count, $what) = @_;

	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my ($attempt) = attempts(undef, $id, 'comment');

		return pass("$what: $count arrived") if $attempt && $attempt->{requests} == $count;
		select undef, undef, undef, 0.1;
	}
	fail("$what: $count arrived");
}

# --- what becomes of a send --------------------------------------------------------

# How the send rests, and what ends it: it is found among what we said, it is sent
# again after it was looked for long enough, or it waits and is sent again.
my @sends = (
	[ 'cut before', 'uncertain transient 1', 'again', { kind => 'cut_before' } ],
	[ 'cut after', 'uncertain transient 1', 'found', { kind => 'cut_after_apply' } ],
	[ 'no reply', 'uncertain transient 1', 'found', { kind => 'slow', ms => $never }, 1000 ],
	[ 'never done', 'uncertain transient 1', 'again',
		{ kind => 'slow', ms => $never, when => 'before' }, 1000 ],
	[ 'in drops', 'uncertain transient 1', 'found', { kind => 'slow_body', bytes => 1 }, 1000 ],
	[ 'cut short', 'uncertain transient 1', 'found', { kind => 'truncate', bytes => 30 } ],
	[ 'too large', 'uncertain transient 1', 'found', { kind => 'huge', bytes => 9 * 1024 * 1024 } ],
	[ 'broken', 'uncertain ok_no_id 1', 'found', { kind => 'bad_json' } ],
	[ 'a page instead', 'uncertain ok_no_id 1', 'again', { kind => 'status', code => 200, body => $html } ],
	[ 'a bad gateway', 'uncertain transient 1', 'again', { kind => 'status', code => 502, body => $html } ],
	[ 'done all the same', 'uncertain transient 1', 'found',
		{ kind => 'status', code => 502, body => $html, apply => $yes } ],
	[ 'silence', 'uncertain blacklisted 1', 'again', { kind => 'empty200' } ],
	[ 'done in silence', 'uncertain blacklisted 1', 'found', { kind => 'empty200', apply => $yes } ],
	[ 'no id', 'uncertain ok_no_id 1', 'found', { kind => 'success_without_id' } ],
	[ 'too often', 'queued rate 1', 'later', { kind => 'rate' } ],
	[ 'slow', 'sent ok 1', undef, { kind => 'slow', ms => 20 } ],
	[ 'late', 'sent ok 1', undef, { kind => 'slow', ms => 20, when => 'before' } ],
	[ 'large', 'sent ok 1', undef, { kind => 'huge', bytes => 1024 * 1024 } ],
	[ 'in gulps', 'sent ok 1', undef, { kind => 'slow_body', bytes => 1024 * 1024 } ]);
my @kinds = sort keys %ways;
my $sends = 0;

for (@sends)
{
	my ($what, $left, $end, $fault, $patience) = @$_;
	my $kind = $kinds[ $sends++ % @kinds ];

	$what = "$kind, $what";
	set_patience($patience // 30000);
	my ($uid, $id, $rests, $hits) = answer_through($what, $kind, $fault);
	is($rests, $left, "$what: $left");
	is_over($what, $hits);
	if ($end && $end eq 'again')
	{
		is(hasten($uid, '0', "$what, looked"), $left, "$what: not there yet proves nothing");
		is(hasten($uid, '1 hour', "$what, looked again"), 'sent ok 2', "$what: not there at all is sent");
	}
	elsif ($end)
	{
		is(hasten($uid, '0', "$what, over"), $end eq 'found' ? 'sent ok 1' : 'sent ok 2', "$what: $end");
	}
	is_answered_once($uid, $id, $kind, $what);
}

# --- looking for them ---------------------------------------------------------------

# What the account said since is more than a platform lists unasked: the list that
# is looked through has room for it.
{
	my $what = 'found far down';
	my ($uid, $id, $rests, $hits) = answer_through($what, 'dm',
		{ kind => 'cut_after_apply', times => 1 });

	for my $n (1 .. 30)
	{
		my %other = question('dm');
		$sim->say('direct_messages/new', uid => $other{uid}, text => "您好$n");
	}
	is_over($what, $hits);
	is(hasten($uid, '1 hour', $what), 'sent ok 1', $what);
	is_answered_once($uid, $id, 'dm', $what);
}

# A list that can't be had, or not be read, says nothing; health() speaks of it.
for ([ 'unavailable', { kind => 'status', code => 503, body => $html } ],
	[ 'unreadable', { kind => 'status', code => 200, body => $html } ],
	[ 'broken', { kind => 'bad_json' } ], [ 'cut', { kind => 'truncate', bytes => 20 } ])
{
	my ($what, $fault) = ("list $_->[0]", $_->[1]);
	my ($uid, $id, $rests, @hits) = answer_through($what, 'comment',
		{ kind => 'cut_after_apply', times => 1 }, { match => $ways{comment}[2], %$fault });

	is(hasten($uid, '0', $what), 'uncertain transient 1', "$what: goes on");
	is(hasten($uid, '1 hour', "$what, later"), 'uncertain transient 1', "$what: still");
	is(run(q{SELECT count(*) FROM kefu.health() WHERE level = 'error' AND check_name = 'outbound'
		AND message LIKE '1 messages may or may not have been sent%'}), 1, "$what: health() says so");
	is_over($what, @hits);
	is(hasten($uid, '0', "$what, over"), 'sent ok 1', "$what: found");
	is_answered_once($uid, $id, 'comment', $what);
}

# Done long after we stopped waiting, while it is looked for: sent once.
{
	my $what = 'held';
	set_patience(1000);
	my ($uid, $id, $rests, $hits) =
	  answer_through($what, 'comment', { kind => 'slow', ms => 4000, when => 'before', times => 1 });

	is($rests, 'uncertain transient 1', "$what: $rests");
	hasten($uid, '0', "$what, looked");
	arrives($id, 1, $what);
	is_over($what, $hits);
	is(hasten($uid, '1 hour', "$what, looked again"), 'sent ok 1', "$what: asked for once");
	is_answered_once($uid, $id, 'comment', $what);
}

# The limit of it: done later still, it is only the platform's refusal of
# repetitions that keeps it from being said twice.
{
	my $what = 'held for too long';
	set_patience(1000);
	my ($uid, $id, $rests, $hits) =
	  answer_through($what, 'comment', { kind => 'slow', ms => 4000, when => 'before', times => 1 });

	is(hasten($uid, '1 hour', "$what, looked"), 'sent ok 2', "$what: sent again");
	arrives($id, 2, $what);
	is_over($what, $hits);
	is_answered_once($uid, $id, 'comment', $what);
}

# Refused as a repetition. By hand at the platform's own page: found. Of an earlier
# attempt that the list doesn't show: no other words are tried, a person decides.
{
	my %question = question('comment');
	my $id = $sim->act(%question);

	is_found($id, 'comment', 'said by hand');
	run(q{SELECT kefu.stop_desk('by hand')});
	$sim->answer_all($server);
	my $text = run('SELECT text ' . last_send($question{uid}));
	utf8::decode($text);
	$sim->say('comments/reply', id => $post, cid => $id, comment => $text, without_mention => 0);
	run('SELECT kefu.go_live()');
	is(rests($question{uid}, 'said by hand'), 'uncertain duplicate 1', 'said by hand: a repetition');
	is(hasten($question{uid}, '0', 'said by hand, looked'), 'sent ok 1', 'said by hand: found');
	is_answered_once($question{uid}, $id, 'comment', 'said by hand');
}
{
	my $what = 'not shown';
	my ($uid, $id, $rests, @hits) = answer_through($what, 'comment',
		{ kind => 'cut_after_apply', times => 1 },
		{ match => $ways{comment}[2], kind => 'status', code => 200, body => '{"comments":[]}' });

	is(hasten($uid, '1 hour', "$what, looked"), 'uncertain duplicate 2', "$what: a repetition");
	run("UPDATE kefu.outbound SET script = 'praise_thanks', variant = 0, slots = '{}'"
		  . " WHERE recipient_id = '$uid'");
	is(hasten($uid, '1 hour', "$what, looked again"), 'failed duplicate 2', "$what: no other words");
	is_left_to_a_person($uid, $what);
	is_over($what, @hits);
	is_answered_once($uid, $id, 'comment', $what);
}

# --- what a person decides ----------------------------------------------------------

# A refusal for good: another way where one is open, or the ticket is back with a
# task, and answered again it is sent.
{
	my ($uid, $id, $rests, $hits) = answer_through('a wall', 'comment',
		{ kind => 'status', code => 403, body => $html });

	is($rests, 'sent ok 1', 'a wall: by message instead');
	is_answered_once($uid, $id, 'dm', 'a wall');
	is(join(' ', map { $_->{applied} } attempts($uid, $id, 'comment')), 0, 'a wall: and not in public');
	is_over('a wall', $hits);
}
for ([ 'refused', 'failed bad_request 1', { kind => 'status', code => 400, body => $html } ],
	[ 'expired', 'failed auth_expired 1', undef, { expires_at => 1 }, { expires_at => 0 } ],
	[ 'revoked', 'failed auth_revoked 1', undef, { revoked => $yes }, { revoked => $no } ])
{
	my ($what, $left, $fault, $spoiled, $good) = @$_;
	my %question = question('comment');
	my $id = $sim->act(%question);

	is_found($id, 'comment', $what);
	my @hits = $fault ? $sim->fault(match => $ways{comment}[1], %$fault) : ();
	$sim->call('token', { token => 'token-gd', %$spoiled }) if $spoiled;
	$sim->answer_all($server);
	is(rests($question{uid}, $what), $left, "$what: $left");
	is_left_to_a_person($question{uid}, $what);
	$sim->call('token', { token => 'token-gd', %$good }) if $good;
	is_over($what, @hits);
	answer_again($question{uid});
	is(rests($question{uid}, "$what, again"), 'sent ok 1', "$what: answered again");
	is_answered_once($question{uid}, $id, 'comment', $what);
}

# --- shapes -----------------------------------------------------------------------

# Error codes as texts; ids beyond 64 bits, which no number holds.
$sim->call('config', { string_error_codes => $yes });
{
	my ($uid, $id, $rests, $hits) = answer_through('codes as texts', 'dm', { kind => 'rate' });

	is($rests, 'queued rate 1', 'codes as texts: understood');
	is_over('codes as texts', $hits);
	is(hasten($uid, '0', 'codes as texts, over'), 'sent ok 2', 'codes as texts: sent');
	is_answered_once($uid, $id, 'dm', 'codes as texts');
}
for my $ids ('above_int64', 'above_uint64')
{
	$sim->call('config', { ids => $ids });
	for my $kind (@kinds)
	{
		my $what = "$kind, $ids";
		my ($uid, $id, $rests, $hits) = answer_through($what, $kind, { kind => 'cut_after_apply' });

		cmp_ok(length $id, '>', 19, "$what: $id");
		is_over($what, $hits);
		is(hasten($uid, '0', $what), 'sent ok 1', "$what: found");
		is_answered_once($uid, $id, $kind, $what);
		my ($again) = $kind eq 'dm' ? () : $sim->act(question('reply_to_comment'),
			parent => run('SELECT native_id ' . last_send($uid)), uid => $uid);
		is_found($again, 'comment', "$what, asked back") if $again;
	}
}
books_agree();

# --- the platform ends ---------------------------------------------------------------

# Two answers: one is done on the far side and its reply is on its way when the platform
# is closed, the other's request was swallowed and waits. The first is believed when it
# comes, the second fails with the reason; nothing is asked of the platform any more.
{
	my %mute = question('dm');
	$sim->act(%mute);
	my %late = question('comment');
	my $id = $sim->act(%late);
	my ($reply, $silence) = map { $sim->fault(%$_) } { match => 'comments/reply', kind => 'slow', ms => 15000 },
	  { match => 'direct_messages/new', kind => 'slow', ms => $never, when => 'before' };

	everything_came('the end: asked');
	$sim->answer_all($server);
	arrives($id, 1, 'the end');
	becomes("SELECT count(*) = 2 FROM kefu.outbound WHERE state = 'sending'", 'the end: both are under way');
	is(run(q{SELECT count(*) FROM kefu.outbound WHERE state = 'sending'; SELECT kefu.close_platform('sina', now(), '平台停止服务')}),
		"2\n", 'the end: in the middle of both');
	my $asked = sum_of_requests();
	becomes("SELECT o.state = 'sent' AND o.native_id IS NOT NULL " . last_send($late{uid}), 'the end: what was done is believed');
	is_answered_once($late{uid}, $id, 'comment', 'the end');
	is(run("SELECT o.state, o.last_class " . last_send($mute{uid})), 'failed|closed', 'the end: what was not is with a person');
	is(run("SELECT count(*) FROM kefu.task WHERE cause = 'call_customer' AND state = 'open'"),
		run(q{SELECT count(DISTINCT t.ticket_id) FROM kefu.ticket t JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state
			WHERE NOT s.is_final}), 'the end: whoever waits is called');
	my $loops = run(q{SELECT loops_count FROM kefu.stat_worker WHERE worker = 'kefu net'});
	poll_now();
	becomes(qq{SELECT loops_count > $loops + 1 FROM kefu.stat_worker WHERE worker = 'kefu net'}, 'the end: the worker has looked');
	is(sum_of_requests(), $asked, 'the end: nothing is asked there any more');
}

# Requests that the account ever made.
sub sum_of_requests
{
	my ($token) = grep { $_->{name} eq 'token-gd' } @{ $sim->call('truth?part=requests')->{requests}{tokens} };

	return $token->{requests};
}
$server->stop;
done_testing();
