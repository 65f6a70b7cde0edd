# Sim.pm: what the demo's scripts know of the simulator and its people.
package Sim;
use strict;
use warnings;
use utf8;
use HTTP::Tiny;
use JSON::PP;
use Exporter 'import';

our @EXPORT = qw(call publish number_of account_id account_name customer_id table %place);

my $http = HTTP::Tiny->new(timeout => 20);
my $json = JSON::PP->new->utf8->canonical;
our %place = (
	bj => ['11', '北京'], sh => ['31', '上海'], gd => ['44', '广东'],
	sc => ['51', '四川'], hb => ['42', '湖北'], zj => ['33', '浙江'], group => ['11', '集团']);

sub address { return $ENV{SIM} || die "SIM is not set\n" }

# The control interface; dies if it refuses.
sub call
{
	my ($path, $body) = @_;
	my $reply = defined $body
	  ? $http->post(address() . "/_sim/$path", { content => $json->encode($body) })
	  : $http->get(address() . "/_sim/$path");

	die "$path: $reply->{status} $reply->{content}\n" unless $reply->{success};
	return $json->decode($reply->{content});
}

# A post of the unit's account, made on the platform itself; its id.
sub publish
{
	my ($unit, $text) = @_;
	my $reply = $http->post_form(address() . "/2/statuses/update.json",
		{ access_token => "token-$unit", status => $text });

	die "no post: $reply->{content}\n" unless $reply->{success};
	return $json->decode($reply->{content})->{idstr};
}

sub number_of { my $unit = shift; my %n; @n{ sort keys %place } = 1 .. 9; return $n{$unit} }
sub account_id { return 9000 + number_of(shift) }
sub account_name { return "小翼" . $place{ $_[0] }[1] . "客服" }
sub customer_id { my ($unit, $n) = @_; return 500000 + 1000 * number_of($unit) + $n }

# Writes rows for COPY, fields between tabs.
sub table
{
	my ($file, @rows) = @_;

	open my $out, '>:utf8', $file or die "$file: $!\n";
	for my $row (@rows)
	{
		print $out join("\t", map { my $v = defined $_ ? "$_" : '\N'; $v =~ s/[\t\n]/ /g; $v =~ s/\\(?!N$)/\\\\/g; $v } @$row), "\n";
	}
	close $out or die "$file: $!\n";
}

1;
