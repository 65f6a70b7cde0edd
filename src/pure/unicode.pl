#!/usr/bin/perl
# unicode.pl: what src/pure takes from the Unicode Character Database.
#
#   unicode.pl grapheme         classes of grapheme cluster breaks (grapheme_table.h)
#   unicode.pl grapheme_test    the standard's own test of them (test/unit/grapheme_vectors.h)
#   unicode.pl fold             the normal form in which words are looked for (fold_table.h)
#
# Sources: Unicode 15.0.0, as Debian's package unicode-data 15.0.0 has it in
# /usr/share/unicode; for Traditional to Simplified the transform Hant-Hans of ICU
# 72.1 (CLDR), by uconv of the package icu-devtools.  The output is kept in the
# tree; a build needs neither the packages nor this script.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Unicode::Normalize qw(NFC);

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

# --- the normal form -------------------------------------------------------------

# Marks that are put over, under or through any letter to hide it.
my @STROKES = ([ 0x0300, 0x036F ], [ 0x1AB0, 0x1AFF ], [ 0x1DC0, 0x1DFF ], [ 0x20D0, 0x20FF ], [ 0xFE20, 0xFE2F ]);

# What Unicode takes for one character of Simplified Chinese.
sub simplified
{
	my (@han, %to);

	for my $range ([ 0x3400, 0x4DBF ], [ 0x4E00, 0x9FFF ], [ 0x20000, 0x2FA1F ], [ 0x30000, 0x323AF ])
	{
		push @han, $range->[0] .. $range->[1];
	}
	open my $out, '>', '/tmp/unicode-han' or die $!;
	print $out chr, "\n" for @han;
	close $out;
	my @hans = split /\n/, `uconv -f utf-8 -t utf-8 -x Hant-Hans /tmp/unicode-han`;
	unlink '/tmp/unicode-han';
	die "uconv gave another number of lines\n" if @hans != @han;
	for my $i (0 .. $#han)
	{
		$to{ $han[$i] } = ord $hans[$i] if length $hans[$i] == 1 && ord $hans[$i] != $han[$i];
	}
	# 苎 and 苧 are each other's: the least of a ring stands for all of it.
	for my $from (keys %to)
	{
		my @path = ($from);
		my %seen = ($from => 1);

		while (defined(my $next = $to{ $path[-1] }))
		{
			last if $next == $path[-1];
			if ($seen{$next}++)
			{
				my ($least) = sort { $a <=> $b } @path[ (grep { $path[$_] == $next } 0 .. $#path)[0] .. $#path ];
				$to{$_} = $least for @path;
				last;
			}
			push @path, $next;
		}
	}
	delete @to{ grep { $to{$_} == $_ } keys %to };
	return \%to;
}

sub folds
{
	my (%decomposition, %case, %ignored, %fold);
	my $simple = simplified();

	for (lines('UnicodeData.txt'))
	{
		my @f = split /;/;
		$decomposition{ hex $f[0] } = [ map { hex } split ' ', $f[5] =~ s/<\w+>//r ] if $f[5] ne '';
	}
	for (lines('CaseFolding.txt'))
	{
		$case{ hex $1 } = [ map { hex } split ' ', $2 ] if /^([0-9A-F]+); [CF]; ([0-9A-F ]+);/;
	}
	each_range('DerivedCoreProperties.txt', sub {
		@ignored{ $_[0] .. $_[1] } = () if $_[2] eq 'Default_Ignorable_Code_Point'; });
	for my $range (@STROKES)
	{
		@ignored{ $range->[0] .. $range->[1] } = ();
	}

	my $decompose;
	$decompose = sub {
		return map { $decomposition{$_} ? $decompose->(@{ $decomposition{$_} }) : $_ } @_; };
	my $once = sub {
		my @points = grep { !exists $ignored{$_} } $decompose->(@_);
		@points = map { ord } split //, NFC(join '', map { chr } @points);
		return map { $simple->{$_} // $_ } map { $case{$_} ? @{ $case{$_} } : $_ } @points;
	};
	for my $point (sort { $a <=> $b } keys %{ { map { $_ => 1 } keys %decomposition, keys %case, keys %ignored, keys %$simple } })
	{
		my @to = ($point);
		my $turns = 0;

		for (my $before = ''; $before ne "@to";)
		{
			$before = "@to";
			@to = $once->(@to);
			die sprintf("U+%04X comes to no rest: %s\n", $point, "@to") if ++$turns > 9;
		}
		$fold{$point} = \@to if "@to" ne $point;
	}
	return \%fold;
}

# Two stages: a block of 128 code points, then an index into the pool, where a
# count stands before its code points; 0 is the code point itself.
sub fold_table
{
	my $fold = folds();
	my (@pool, %place, @blocks, %block, @stage);
	my $longest = 0;

	@pool = (0, 0);			# nothing at 0, "removed" at 1
	$place{''} = 1;
	for my $number (0 .. (0x110000 >> 7) - 1)
	{
		my @values = map {
			my $to = $fold->{$_};
			if (!$to) { 0 }
			else
			{
				$longest = @$to if @$to > $longest;
				if (!defined $place{"@$to"})
				{
					$place{"@$to"} = @pool;
					push @pool, scalar @$to, @$to;
				}
				$place{"@$to"};
			}
		} $number << 7 .. ($number << 7) + 127;
		my $key = "@values";
		if (!defined $block{$key})
		{
			$block{$key} = @blocks;
			push @blocks, \@values;
		}
		push @stage, $block{$key};
	}
	die 'pool of ' . @pool . "\n" if @pool > 0xFFFF || @blocks > 0xFFFF;
	my $rows = sub {
		my ($format, @all) = @_;
		my $text = '';
		$text .= "\t" . join(', ', map { sprintf $format, $_ } splice @all, 0, 12) . ",\n" while @all;
		return $text;
	};
	print head('fold_table.h', 'Code points by their normal form; see fold.c.'),
	  "#define FOLD_LONGEST $longest\n\n",
	  'static const uint16_t fold_stage[', scalar @stage, "] = {\n", $rows->('%d', @stage), "};\n\n",
	  'static const uint16_t fold_block[', scalar @blocks, "][128] = {\n",
	  (map { "\t{\n" . $rows->('%d', @$_) . "\t},\n" } @blocks), "};\n\n",
	  'static const uint32_t fold_pool[', scalar @pool, "] = {\n", $rows->('0x%X', @pool), "};\n";
}

my %makes = (fold => \&fold_table, grapheme => \&grapheme_table, grapheme_test => \&grapheme_test);
my $make = $makes{ $ARGV[0] // '' } or die 'usage: unicode.pl ' . join('|', sort keys %makes) . "\n";
$make->();
