#!/usr/bin/perl
# build.pl: the presets as SQL.
#
#   build.pl DIR PLATFORM-DIR
#
# Reads DIR/NN_<preset>__<table>.csv in the order of their names and
# PLATFORM-DIR/<platform>__<table>.csv, which become the preset
# platform_<platform>, and prints the INSERTs of kefu.preset_row.  A header line
# names the columns; an empty field without quotes is NULL.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

sub records
{
	my ($path) = @_;
	my ($text, @records, @fields);

	open my $file, '<', $path or die "$path: $!\n";
	$text = do { local $/; <$file> };
	close $file;
	while (pos($text) // 0 < length $text)
	{
		if ($text =~ /\G"((?:[^"]|"")*)"/gc)
		{
			push @fields, $1 =~ s/""/"/gr;
		}
		else
		{
			$text =~ /\G([^",\n]*)/gc;
			push @fields, $1 eq '' ? undef : $1;
		}
		next if $text =~ /\G,/gc;
		$text =~ /\G(?:\n|\z)/gc or die "$path: malformed CSV near field '" . ($fields[-1] // '') . "'\n";
		push @records, [@fields];
		@fields = ();
		last if (pos($text) // length $text) >= length $text;
	}
	return @records;
}

sub literal
{
	my ($value) = @_;

	return 'NULL' if !defined $value;
	$value =~ s/'/''/g;
	return $value =~ /\\/ ? "E'" . ($value =~ s/\\/\\\\/gr) . "'" : "'$value'";
}

# Tables in the order their foreign keys ask for; within a platform only.
my @ORDER = qw(platform length_rule endpoint field_map error_map rate_rule rate_field platform_policy push_rule reply_rule);
my %rank = map { $ORDER[$_] => $_ } 0 .. $#ORDER;

sub print_file
{
	my ($preset, $table, $path) = @_;
	my ($header, @rows) = records($path);
	my $number = 0;

	return if !@rows;
	print "INSERT INTO kefu.preset_row (preset, relation, number, columns, row_values) VALUES\n    ",
	  join(",\n    ", map { sprintf("(%s, %s, %d, ARRAY[%s], ARRAY[%s]::text[])",
				literal($preset), literal($table), ++$number,
				join(', ', map { literal($_) } @$header), join(', ', map { literal($_) } @$_)) } @rows),
	  ";\n\n";
}

my ($dir, $platforms) = @ARGV;
die "usage: build.pl DIR PLATFORM-DIR\n" if !defined $platforms;
print "-- The shipped presets, made of sql/preset and sql/platform by sql/preset/build.pl.\n\n";
for my $path (sort glob "$dir/*__*.csv")
{
	my ($preset, $table) = $path =~ m{/\d+_(\w+?)__(\w+)\.csv$} or die "$path: odd name\n";
	print_file($preset, $table, $path);
}
for my $path (sort { ($rank{ $a =~ s/.*__(\w+)\.csv/$1/r } // 99) <=> ($rank{ $b =~ s/.*__(\w+)\.csv/$1/r } // 99) || $a cmp $b }
	glob "$platforms/*__*.csv")
{
	my ($preset, $table) = $path =~ m{/(\w+?)__(\w+)\.csv$} or die "$path: odd name\n";
	print_file("platform_$preset", $table, $path);
}
