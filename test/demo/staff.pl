#!/usr/bin/perl
# staff.pl UNIT...: the people of the desk, one login each, a turn about every
# second until TERM.  Each turn is a psql session that runs a script of the
# public API; a session that a crash cuts off is simply begun again.
use strict;
use warnings;

my $going = 1;
$SIG{TERM} = $SIG{INT} = sub { $going = 0 };

sub turn
{
	my ($login, $script, $unit) = @_;

	system('timeout', '20', 'psql', '-X', '-q', '-At', '-U', $login, '-d', 'desk', '-v', "unit=$unit",
		'-v', 'VERBOSITY=verbose', '-f', "test/demo/$script.sql");
}

while ($going)
{
	for my $unit (@ARGV)
	{
		last unless $going;
		turn("${unit}_operator", 'operator', $unit);
		next if $unit eq 'group';	# answers by itself
		turn("${unit}_network", 'department', "$unit.network");
		turn("${unit}_hotline", 'hotline', $unit);
		turn('group_reviewer', 'reviewer', $unit);
	}
	select undef, undef, undef, 0.3;
}
