#!/usr/bin/perl
# build.pl: the requirements of the rulebook as SQL.
#
#   build.pl REQUIREMENT.CSV RULEBOOK.MD
#
# What each one says comes from the CSV, what answers for it from the table of
# doc/rulebook.md, so that nobody has to write it down twice; test/check_docs
# holds the two against each other.  Prints the INSERT of kefu.requirement.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

my $LATER = 'not yet';

sub lines
{
	my ($path) = @_;

	open my $file, '<', $path or die "$path: $!\n";
	chomp(my @lines = <$file>);
	return @lines;
}

sub fields
{
	my ($line) = @_;
	my @fields;

	push @fields, defined $1 ? $1 =~ s/""/"/gr : $2
	  while $line =~ /\G(?:"((?:[^"]|"")*)"|([^",]*))(?:,|\z)/g && pos($line) <= length $line && @fields < 5;
	die "malformed: $line\n" if @fields != 5;
	return @fields;
}

sub literal
{
	my ($value) = @_;

	return defined $value ? "'" . ($value =~ s/'/''/gr) . "'" : 'NULL';
}

my ($csv, $document) = @ARGV;
die "usage: build.pl REQUIREMENT.CSV RULEBOOK.MD\n" if !defined $document;

# The fourth column of a row of the table: names in backquotes.
my %answers;
for my $line (grep { /^\| R\d/ } lines($document))
{
	my (undef, $r, undef, undef, $objects) = split /\s*\|\s*/, $line;
	$answers{ $r =~ s/^R//r } = $objects eq $LATER ? undef : join(', ', $objects =~ /`([^`]+)`/g);
}

my (undef, @rows) = lines($csv);
print "-- The requirements, made of sql/rulebook and doc/rulebook.md by sql/rulebook/build.pl.\n\n",
  "INSERT INTO kefu.requirement (requirement, section, binding, phrase_zh, what_en, answered_by) VALUES\n    ",
  join(",\n    ",
	map { my @row = fields($_); '(' . join(', ', $row[0], map { literal($_) } @row[1 .. 4], $answers{ $row[0] }) . ')' }
	  @rows), ";\n";
