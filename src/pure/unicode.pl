#!/usr/bin/perl
# unicode.pl: what src/pure takes from the Unicode Character Database.
#
#   unicode.pl grapheme         classes of grapheme cluster breaks (grapheme_table.h)
#   unicode.pl grapheme_test    the standard's own test of them (test/unit/grapheme_vectors.h)
#
# Sources: Unicode 15.0.0, as Debian's package unicode-data 15.0.0 has it in
# /usr/share/unicode.  The output is kept in the tree; a build needs neither the
# package nor this script.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

my $DATA = $ENV{UNICODE_DATA} // '/usr/share/unicode';

sub lines
{
	my ($path) = @_;

	open my $file, '<:encoding(UTF-8)', "$DATA/$path" or die "$DATA/$path: $!\n";
	my @lines = <$file>;
	close $file;
	return @lines;
}

# Calls for each range of a property file: first, last, value.
sub each_range
{
	my ($path, $call) = @_;

	for (lines($path))
	{
		$call->(hex $1, hex($2 // $1), $3) if /^([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)/;
	}
}

sub head
{
	my ($name, $what) = @_;

	return "/*\n * $name\n *\t\t$what\n *\n * Made by src/pure/unicode.pl from Unicode 15.0.0; don't edit.\n */\n";
}

# --- grapheme clusters -----------------------------------------------------------

# Hangul syllables are computed, see grapheme.c.
sub grapheme_table
{
	my %name = (
		CR => 'CR', LF => 'LF', Control => 'CONTROL', Extend => 'EXTEND', ZWJ => 'ZWJ',
		Regional_Indicator => 'REGIONAL', Prepend => 'PREPEND', SpacingMark => 'SPACING',
		L => 'JAMO_L', V => 'JAMO_V', T => 'JAMO_T', Extended_Pictographic => 'PICTOGRAPHIC');
	my (@ranges, @joined);

	each_range('auxiliary/GraphemeBreakProperty.txt', sub {
		push @ranges, [ $_[0], $_[1], $name{ $_[2] } // die $_[2] ] if $_[2] !~ /^LVT?$/; });
	each_range('emoji/emoji-data.txt', sub {
		push @ranges, [ $_[0], $_[1], $name{ $_[2] } ] if $_[2] eq 'Extended_Pictographic'; });
	for my $range (sort { $a->[0] <=> $b->[0] } @ranges)
	{
		die sprintf("%X is in two classes\n", $range->[0]) if @joined && $range->[0] <= $joined[-1][1];
		if (@joined && $joined[-1][2] eq $range->[2] && $joined[-1][1] + 1 == $range->[0])
		{
			$joined[-1][1] = $range->[1];
		}
		else
		{
			push @joined, [@$range];
		}
	}
	print head('grapheme_table.h', 'Classes of UAX #29 by range of code points, in ascending order.'),
	  "static const GraphemeRange grapheme_ranges[] = {\n",
	  (map { sprintf("\t{0x%04X, 0x%04X, %s},\n", @$_) } @joined), "};\n";
}

sub grapheme_test
{
	my @cases;

	for (lines('auxiliary/GraphemeBreakTest.txt'))
	{
		s/\s*#.*//s;
		next if !/\S/;
		push @cases, '{' . join(', ', map { /÷/ ? -1 : /×/ ? () : "0x$_" } split ' ') . ', -2}';
	}
	print head('grapheme_vectors.h', 'GraphemeBreakTest: code points, -1 where a cluster begins or ends, -2 at the end.'),
	  "static const int32_t grapheme_vectors[][24] = {\n", (map { "\t$_,\n" } @cases), "};\n";
}

my %makes = (grapheme => \&grapheme_table, grapheme_test => \&grapheme_test);
my $make = $makes{ $ARGV[0] // '' } or die 'usage: unicode.pl ' . join('|', sort keys %makes) . "\n";
$make->();
