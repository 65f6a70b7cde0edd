# Desk.pm: how the demo's scripts speak to the desk.
package Desk;
use strict;
use warnings;
use utf8;
use Encode;
use Exporter 'import';
use Time::HiRes qw(time sleep);

our @EXPORT = qw(sql wait_for);

# What a statement gives, under this login; dies where it is refused.
sub sql
{
	my ($login, $statement) = @_;

	open my $psql, '-|', 'psql', '-X', '-q', '-At', '-U', $login, '-d', 'desk', '-v', 'ON_ERROR_STOP=1',
	  '-c', encode_utf8($statement) or die "psql: $!\n";
	my $result = decode_utf8(join '', <$psql>);
	close $psql or die "$login was refused: " . encode_utf8($statement) . "\n";
	chomp $result;
	return $result;
}

# Looks up what the desk made of something, until it is there.
sub wait_for
{
	my ($what, $query, $login) = @_;
	my $until = time + 150;

	while (time < $until)
	{
		my $found = sql($login // 'postgres', $query);
		return $found if $found ne '';
		sleep 0.3;
	}
	die encode_utf8("still waiting: $what\n");
}

1;
