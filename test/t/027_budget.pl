# A platform whose limit is far below what the desk asks for (R86, R88): it never has
# to refuse a call, every question is found and answered all the same, and answers
# don't wait behind polls.  Then its limit is cut, and raised, and at last it is far
# below what our rows say: what the platform tells of it is followed.
#
# What was asked, and refused, is told by the simulator, not by the desk.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuFaults;
use PostgreSQL::Test::Utils;
use Test::More;

my $window = 8;    # seconds

open_desk('budget');

sub set_ours
{
	run("UPDATE kefu.rate_rule SET calls = $_[0], reserve_pct = 25, per = '$window seconds'"
		. " WHERE platform = 'sina' AND tier = 'standard' AND scope = 'user' AND action_class = 'any'");
}

sub set_theirs
{
	$sim->call('config', { window => $window, user_limit => $_[0] });
}

# What was called before a limit came down counts there as well, until it is over.
sub come_to_rest
{
	becomes("SELECT spent_calls <= $_[0] FROM kefu.stat_budget WHERE holder = 'sina.gd' AND action_class = 'any'",
		"$_[0] calls: the desk has come to rest");
}

sub refused
{
	return scalar @{ $sim->call('truth?part=refused')->{refused} };
}

# How often a comment was really answered, and asked for.
sub said_to
{
	my ($id) = @_;

	return join(' ', map { "$_->{applied} of $_->{requests}" }
		  grep { $_->{action} eq 'reply' && $_->{answers} eq $id } @{ $sim->call('truth?part=attempts')->{attempts} });
}

sub answers_come
{
	my ($what, $count) = @_;
	my @ids = map { $sim->act(question('comment')) } 1 .. $count;

	is_found($_, 'comment', "$what, question") for @ids;
	$sim->answer_all($server);
	for my $id (@ids)
	{
		my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
		sleep 1 while !said_to($id) && time < $deadline;
		is(said_to($id), '1 of 1', "$what: answered once, and asked for once");
	}
}

set_patience(2000);
set_theirs(0);
set_ours(20);
# What went before that was counted in windows of an hour.
sleep $window + 3;
come_to_rest(20);
set_theirs(20);
my $before = refused();
answers_come('within the limit', 6);
is(refused(), $before, 'within the limit: nothing was refused');
is(run(q{SELECT bool_and(spent_calls <= calls) FROM kefu.stat_budget}), 't', 'the books say so as well');
like(run(q{SELECT broken_promise IS NULL, planned_polls = 15 FROM kefu.stat_budget WHERE holder = 'sina.gd' AND action_class = 'any'}),
	qr/^t\|t$/, 'the polls are fewer than asked for, and still what was promised');

# Cut to a half: what is spent already is more than that.
set_ours(10);
come_to_rest(10);
set_theirs(10);
$before = refused();
answers_come('cut', 3);
is(refused(), $before, 'cut: nothing was refused');

set_theirs(40);
set_ours(40);
answers_come('raised', 6);
is(refused(), $before, 'raised: nothing was refused');

# What the platform tells is left, in the reply that the shipped rows ask for, or in the
# headers of which the other dialect's rows speak: polls stop at the reserve, unasked,
# and what is left for answers is what is left there.
sub spent_there
{
	return (grep { $_->{name} eq 'token-gd' } @{ $sim->call('truth?part=requests')->{requests}{tokens} })[0]{in_window};
}

sub follows_what_is_told
{
	my ($how, %config) = @_;
	my $refused = refused();
	my $limit = spent_there() + 30;
	my $told = q{FROM kefu.stat_budget WHERE holder = 'sina.gd' AND action_class = 'any'};

	$sim->call('config', { window => 3600, user_limit => $limit, %config });
	run('UPDATE kefu.rate_bucket SET told_left = NULL, told_until = NULL');
	becomes("SELECT told_left <= 10 AND left_polls = 0 AND told_until > now() + interval '50 minutes' $told",
		"$how: polls stop at the reserve");
	my $spent = spent_there();
	cmp_ok($limit - $spent, '>', 0, "$how: there something is left");
	becomes("SELECT left_calls = $limit - $spent $told", "$how: as much as the books say");
	sleep 2;
	is(spent_there(), $spent, "$how: nothing more is asked");
	is(refused(), $refused, "$how: nothing was refused");
}

set_ours(40);
run(q{SELECT kefu.add_feed('sina.gd', 'rate_status', '1 second')});
follows_what_is_told('in a reply');
run(q{SELECT kefu.set_feed('sina.gd', 'rate_status', false);
	DELETE FROM kefu.rate_field WHERE platform = 'sina';
	INSERT INTO kefu.rate_field SELECT (jsonb_populate_record(f, '{"platform": "sina"}')).*
	  FROM kefu.rate_field f WHERE f.platform = 'mastodon'});
follows_what_is_told('in headers', rate_headers => $yes);

is(run('SELECT count(*) FROM kefu.outbound WHERE attempts > 1'), 0, 'nothing was sent in vain');
done_testing();
