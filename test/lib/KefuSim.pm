# KefuSim: the platform simulator in a test.
#
# Starts build/sim/kefu-sim, speaks to its control interface and reads its truth.
# Nothing here knows the extension: what the desk did is compared with what
# really arrived (test/sim/README.md says what can be asked).

package KefuSim;

use strict;
use warnings;
use utf8;
use FindBin;
use HTTP::Tiny;
use IO::Select;
use JSON::PP;
use KefuDesk;
use PostgreSQL::Test::Utils;
use Test::More;

my $program = "$FindBin::Bin/../../build/sim/kefu-sim";
my $json = JSON::PP->new->utf8->canonical;

# More arguments are the program's: --seed N, --state FILE.
sub new
{
	my ($class, @arguments) = @_;
	my $self = bless { http => HTTP::Tiny->new(timeout => 30) }, $class;

	-x $program or die "$program is not built: make -C test/sim\n";
	$self->{pid} = open $self->{out}, '-|', $program, @arguments or die "$program: $!";
	IO::Select->new($self->{out})->can_read(30) or die "$program says nothing\n";
	my $line = readline $self->{out};
	$line =~ /^port (\d+)$/ or die "$program said: $line\n";
	$self->{base} = "http://127.0.0.1:$1";
	return $self;
}

# Base address of the platform.
sub base
{
	my ($self) = @_;

	return $self->{base};
}

# Calls /_sim/PATH: GET, or POST with a body. Returns what it answers.
sub call
{
	my ($self, $path, $body) = @_;
	my $url = "$self->{base}/_sim/$path";
	my $reply = $body ? $self->{http}->post($url, { content => $json->encode($body) })
	                  : $self->{http}->get($url);

	die "$path: $reply->{status} $reply->{content}\n" if !$reply->{success};
	return $json->decode($reply->{content});
}

# A customer does something; returns the id of what came of it.
sub act
{
	my ($self, %act) = @_;

	return $self->call('act', \%act)->{id};
}

# Installs a fault; returns a function that tells how often it has happened.
sub fault
{
	my ($self, %fault) = @_;
	my $id = $self->call('fault', \%fault)->{id};

	return sub {
		my ($one) = grep { $_->{id} eq $id } @{ $self->call('fault')->{faults} };
		return $one->{hits};
	};
}

# Takes all faults away.
sub heal
{
	my ($self) = @_;
	my $reply = $self->{http}->delete("$self->{base}/_sim/fault");

	die "fault: $reply->{status}\n" if !$reply->{success};
}

# Makes the desk of sina.psql on a running server, and its account and a post of
# that here; returns the post's id. Nothing is polled before go_live().
sub make_sina_desk
{
	my ($self, $server) = @_;

	$self->call('config', { map { $_ => 0 }
		  qw(user_limit ip_limit post_limit comment_limit message_limit follow_limit read_limit) });
	$self->call('account', { uid => '9001', screen_name => '广东客服', token => 'token-gd', province => '44' });
	my $post = $self->say('statuses/update', status => '今天有什么可以帮您?');
	make_desk($server);
	$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/sina.psql"),
		extra_params => [ '-v', "base=$self->{base}/2" ]);
	return $post;
}

# The account itself says something, as from the platform's own page; returns
# the id of what came of it.
sub say
{
	my ($self, $path, %form) = @_;
	my $reply = $self->{http}->post_form("$self->{base}/2/$path.json",
		{ access_token => 'token-gd', %form });

	die "$path: $reply->{content}\n" if !$reply->{success};
	return $json->decode($reply->{content})->{idstr};
}

# The operator answers every ticket that waits for it.
sub answer_all
{
	my ($self, $server) = @_;

	$server->safe_psql('desk', slurp_file("$FindBin::Bin/../lib/answer.psql"),
		extra_params => [ '-U', 'operator_gd' ]);
}

# A comment of a customer who is new, under that post.
sub comment
{
	my ($self, $post) = @_;
	my $uid = 50000 + ++$self->{customers};

	$self->call('user', { uid => "$uid", screen_name => "客户$uid", province => '44' });
	return $self->act(kind => 'comment', uid => "$uid", parent => $post,
		text => "请问套餐${uid}怎么改?");
}

# What an operator does about it: SQL for a session of operator_gd.
sub answer_to
{
	my ($self, $server, $comment) = @_;

	return $server->safe_psql('desk', qq{
		SELECT format('SELECT kefu.triage(%s, ''inquiry''); SELECT kefu.answer(%s, %L)', m.message_id,
		              m.ticket_id, '您好,您的问题已为您办理,请问您是否满意?(' || m.native_id || ')')
		  FROM kefu.message m WHERE m.native_id = '$comment'});
}

# Tests of its own, for a desk at which only comment()s arrive: what the platform
# knows and what the desk knows agree.  Returns how many answers were said.
sub agrees_with
{
	my ($self, $server, $what) = @_;
	my $truth = $self->call('truth');
	my @replies = grep { $_->{action} eq 'reply' } @{ $truth->{attempts} };

	is( $server->safe_psql('desk', q{
			SELECT string_agg(m.native_id, ' ' ORDER BY m.native_id) FROM kefu.message m JOIN kefu.ticket USING (ticket_id);
			SELECT count(*) - count(DISTINCT ticket_id) FROM kefu.message}),
		join(' ', sort map { $_->{id} } @{ $truth->{inbound} }) . "\n0",
		"$what: every comment was heard once, and has a ticket of its own");
	is( join(' ', map { "$_->{answers}: $_->{applied} of $_->{requests}" }
			  grep { $_->{applied} != 1 || $_->{requests} != 1 } @replies),
		'', "$what: every answer was said once, and asked for once");
	is( $server->safe_psql('desk', q{
			SELECT * FROM kefu.verify_audit();
			SELECT state, last_class FROM kefu.outbound WHERE state <> 'sent';
			SELECT reason FROM kefu.dead_letter}),
		'', "$what: the trail is whole and nothing is left undone");
	return scalar @replies;
}

# How many replies a post, a comment or a user really got.
sub replies_to
{
	my ($self, $what, $id) = @_;

	return $self->call("truth/replies?$what=$id")->{applied};
}

sub stop
{
	my ($self) = @_;

	return if !$self->{pid};
	kill 'TERM', $self->{pid};
	close $self->{out};
	delete $self->{pid};
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!, $@);

	$self->stop;
}

1;
