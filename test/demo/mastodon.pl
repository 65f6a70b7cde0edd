# mastodon.pl FOLDER: people on Debian's snac and a desk of Guangdong that answers
# them; tells what each side saw.  The server of the desk is the environment's.  Ends
# with an error unless every word came once and every answer arrived.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use FindBin;
use lib "$FindBin::Bin/../lib";
use KefuSnac;

my ($folder) = @ARGV;
my @psql = qw(psql -X -q -At -v ON_ERROR_STOP=1 -d desk);

sub sql
{
	my ($login, @arguments) = @_;

	open my $out, '-|', @psql, '-U', $login, @arguments or die "psql: $!";
	my $said = do { local $/; <$out> // '' };
	close $out or die "psql: @arguments\n";
	return $said =~ s/\n\z//r;
}

sub wait_for
{
	my ($what, $question) = @_;

	for (1 .. 300)
	{
		return print "$what\n" if $question->();
		select undef, undef, undef, 0.3;
	}
	die "still waiting: $what\n";
}

my %program = KefuSnac::programs("$folder/snac");
my $snac = KefuSnac->new("$folder/people", @{ $program{sid} });
$snac->add_person($_) for qw(kefu alice bob);
sql('postgres', '-c', $_)
  for q{ALTER SYSTEM SET kefu.proxy = '} . $snac->proxy . q{'}, q{ALTER SYSTEM SET kefu.allowed_hosts = 'localhost'},
  'SELECT pg_reload_conf()', 'CREATE EXTENSION pg_kefu', 'SELECT kefu.create_roles()', q{SELECT kefu.load_preset('all')},
  q{SELECT kefu.add_staff('postgres', 'group', '赵一'), kefu.grant_role('postgres', 'group', 'admin')};
sql('postgres', (map { ('-v', $_) } 'base=' . $snac->base, 'handle=kefu', "own=$snac->{id}{kefu}", 'token=' . $snac->token('kefu')),
	'-f', "$FindBin::Bin/../lib/mastodon.psql");

my $post = $snac->say('kefu', '今天有什么可以帮您?');
$snac->say('alice', '@kefu@localhost 宽带断了,10000号打不通');
$snac->say('alice', '@kefu@localhost 我的手机是18900000000', visibility => 'direct');
$snac->say('bob', '@kefu@localhost 请问套餐怎么改', in_reply_to_id => $post->{id});
$snac->call('bob', 'POST', "/api/v1/statuses/$post->{id}/reblog");
wait_for('four things were said to the account, and are four messages',
	sub { return sql('postgres', '-c', 'SELECT count(*) FROM kefu.message') == 4 });
print sql('postgres', '-c', q{SELECT format('  ticket %s: %s, %s: %s', g.ticket_id, i.handle, g.item_type, g.text)
	FROM kefu.message g JOIN kefu.identity i USING (identity_id) ORDER BY g.message_id}), "\n";
sql('operator_gd', '-f', "$FindBin::Bin/../lib/answer.psql");
wait_for('the desk has answered each', sub {
		return sql('postgres', '-c', q{SELECT count(*) FROM kefu.outbound WHERE state = 'sent'})
		  == sql('postgres', '-c', 'SELECT count(DISTINCT ticket_id) FROM kefu.message') });
for my $name (qw(alice bob))
{
	my $ours = sql('postgres', '-c', qq{SELECT count(*) FROM kefu.outbound o JOIN kefu.speech s USING (speech_id)
		JOIN kefu.ticket t ON t.ticket_id = s.object_id JOIN kefu.identity i USING (person_id) WHERE i.handle LIKE '$name%'});
	my @told;

	wait_for("$name was told of as many answers as were given", sub {
			@told = grep { $_->{type} eq 'mention' } @{ $snac->notifications($name) };
			return @told == $ours;
		});
	print map { "  $_->{status}{visibility}: " . ($_->{status}{content} =~ s/<[^>]*>//gr) . "\n" } @told;
}
$snac->stop;
