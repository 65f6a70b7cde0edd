# KefuPayloads: reading recorded replies twice, by the rows and by hand.

package KefuPayloads;

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Exporter qw(import);
use File::Temp qw(tempfile);
use JSON::PP;
use Test::More;
use Time::Local qw(timegm);

our @EXPORT = qw(slurp sql literal mapped instant utc truth plain compare $json);
our $dir;
our $json = JSON::PP->new->allow_bignum->canonical;

sub slurp
{
	my ($name) = @_;

	open my $file, '<:encoding(UTF-8)', "$dir/$name.json" or die "$dir/$name.json: $!\n";
	local $/;
	return scalar <$file>;
}

# Runs SQL and returns its output; an error is output as well.
sub sql
{
	my ($sql) = @_;
	my ($out, $file) = tempfile(UNLINK => 1);

	binmode $out, ':encoding(UTF-8)';
	print $out "\\set ON_ERROR_STOP on\nSET timezone = 'UTC';\nSET client_min_messages = error;\n$sql";
	close $out;
	my $result = qx(psql -X -q -A -t -v VERBOSITY=terse -f '$file' 2>&1);
	utf8::decode($result) if !utf8::is_utf8($result);
	chomp $result;
	return $result;
}

# A text as a literal; the tag occurs in no reply.
sub literal
{
	return '$payload$' . $_[0] . '$payload$';
}

# Mapped items as hashes without NULLs.
sub mapped
{
	my ($action, $payload, $platform) = @_;
	my $out = sql('SELECT jsonb_strip_nulls(to_jsonb(m))::text FROM kefu.map_payload('
		  . "'" . ($platform // 'sina') . "', '$action', " . literal($payload) . ') AS m ORDER BY m.item_no;');

	return [ map { /^\{/ ? $json->decode($_) : { failed => $_ } } split /\n/, $out ];
}

my %month;
@month{qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec)} = 0 .. 11;

# 'Fri Sep 16 10:55:41 +0800 2011' as jsonb shows an instant in UTC.
sub instant
{
	my ($text) = @_;
	my ($mon, $day, $h, $m, $s, $sign, $zh, $zm, $year) =
	  $text =~ /^\w{3} (\w{3}) (\d\d) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d) (\d{4})$/ or die "date $text";

	return utc(timegm($s, $m, $h, $day, $month{$mon}, $year) - ($sign . 1) * ($zh * 60 + $zm) * 60);
}

# Seconds since 1970 as jsonb shows them in UTC.
sub utc
{
	my @at = gmtime $_[0];

	return sprintf '%04d-%02d-%02dT%02d:%02d:%02d+00:00', $at[5] + 1900, $at[4] + 1, @at[ 3, 2, 1, 0 ];
}

sub truth
{
	my ($value) = @_;

	return undef unless defined $value;
	return "$value" eq '1' || "$value" eq 'true' ? JSON::PP::true : JSON::PP::false;
}

# Without what isn't there, numbers as text: representation is not the question.
sub plain
{
	my ($item) = @_;

	return {
		map {
			my $value = $item->{$_};
			defined $value ? ($_ => ref $value eq 'JSON::PP::Boolean' ? ($value ? 'true' : 'false') : "$value") : ()
		} keys %$item
	};
}

sub compare
{
	my ($what, $got, $expected) = @_;

	is(scalar @$got, scalar @$expected, "$what: " . scalar(@$expected) . ' items');
	is_deeply(plain($got->[$_]), $expected->[$_], "$what: item " . ($_ + 1)) for 0 .. $#$expected;
}

1;
