#!/usr/bin/perl
# verify_audit.pl: verifies an export of the audit trail without pg_kefu.
#
#   psql -XAtc "SELECT kefu.export_audit('2026-01-01', '2026-02-01')" DATABASE |
#       perl verify_audit.pl [SEAL_ID=HASH ...]
#
# It needs no module but those that come with Perl, and shares no code with the
# extension: it was written from doc/audit.md.  Every SEAL_ID=HASH is a seal
# that you kept yourself (hexadecimal, as in kefu.seal.hash); the export must
# contain it and agree.
#
# Prints "ok: N events, M seals" and exits 0, or prints the first misfit and
# exits 1.  What it can't see: objects that changed without an event (that is
# kefu.verify_audit()'s), and what was rewritten since the last seal you kept.

use strict;
use warnings;
use Digest::SHA qw(sha256);
use JSON::PP;

use constant ZEROES => "\0" x 32;
my %VALUE_TYPE = (null => 0, string => 1, number => 2, boolean => 3, array => 4, object => 4);

sub misfit
{
	my ($what, @arguments) = @_;

	printf "misfit: $what\n", @arguments;
	exit 1;
}

# --- the binary form -----------------------------------------------------------

sub octets
{
	my ($bytes) = @_;

	return pack('N', 0xFFFFFFFF) unless defined $bytes;
	return pack('N/a*', $bytes);
}

sub text
{
	my ($text) = @_;

	utf8::encode($text) if defined $text;
	return octets($text);
}

# Triples of name, JSON type and text, in the order of the names' bytes.
sub pairs
{
	my ($triples) = @_;
	my %form;

	return pack('N', 0xFFFFFFFF) unless defined $triples;
	for my $triple (@$triples)
	{
		my ($key, $type, $value) = @$triple;

		die "unknown JSON type $type\n" unless defined $VALUE_TYPE{$type};
		utf8::encode($key);
		$form{$key} = octets($key) . pack('C', $VALUE_TYPE{$type}) . text($value);
	}
	return pack('N', scalar keys %form) . join '', map { $form{$_} } sort keys %form;
}

sub bytes
{
	my ($hex) = @_;

	return defined $hex ? pack('H*', $hex) : undef;
}

sub event_form
{
	my ($e) = @_;

	return join '',
	  pack('C q>', $e->{form}, $e->{event_id}),
	  text($e->{object_type}),
	  pack('q> l> q>', $e->{object_id}, $e->{seq}, $e->{at}),
	  (map { text($e->{$_}) } qw(machine event from_state to_state)),
	  pack('l> l> l>', $e->{version}, $e->{staff_id} // 0, $e->{gateway_id} // 0),
	  text($e->{unit}),
	  pack('s> l> q>', $e->{flags}, $e->{incarnation}, $e->{xid}),
	  pairs($e->{facts}),
	  octets(bytes($e->{digest}));
}

sub seal_form
{
	my ($s) = @_;

	return pack('C q> l> q> q> q> a32 q>',
		1, @$s{qw(seal_id incarnation xid_from xid_to event_count)},
		bytes($s->{root}), $s->{sealed_at});
}

# Merkle tree hash of RFC 6962, section 2.1, over hashed leaves.
sub root
{
	my @level = @_;

	return ZEROES unless @level;
	while (@level > 1)
	{
		my @next;

		while (@level > 1)
		{
			my ($left, $right) = splice @level, 0, 2;
			push @next, sha256("\x01" . $left . $right);
		}
		@level = (@next, @level);
	}
	return $level[0];
}

# --- the lines -----------------------------------------------------------------

my %head;			# chain: [seq, hash] of its last event so far
my %erasure;		# events of ledger access that account for an erasure
my @erased;			# [event, event that erased it]
my %exported;		# event numbers
my %sealable;		# incarnation: [xid, event_id, leaf]
my %sorted;			# the same in order, less what a seal has taken
my %kept;			# seals that the caller holds
my ($events, $seals) = (0, 0);
my ($has_end, $has_start);	# whether nothing is left out there
my $last_seal;		# [seal_id, hash]
my %covered;		# incarnation: where its next seal must begin

sub keep_leaf
{
	my ($e) = @_;

	push @{ $sealable{ $e->{incarnation} } },
	  [ $e->{xid}, $e->{event_id},
		sha256("\0" . bytes($e->{hash}) . pack('l> q>', $e->{incarnation}, $e->{xid})) ];
}

sub name_of
{
	my ($e) = @_;

	return "event $e->{event_id} ($e->{object_type} $e->{object_id}, number $e->{seq})";
}

sub check_event
{
	my ($e) = @_;
	my $chain = "$e->{object_type} $e->{object_id}";
	my ($seq, $hash) = @{ $head{$chain} // [ 0, ZEROES ] };

	misfit('%s has the unknown form %s', name_of($e), $e->{form}) if $e->{form} != 1;
	if (defined $e->{previous})
	{
		misfit('%s has two predecessors', name_of($e)) if $seq == $e->{seq} - 1;
		($seq, $hash) = ($e->{seq} - 1, bytes($e->{previous}));
	}
	misfit('%s follows number %d', name_of($e), $seq) if $e->{seq} != $seq + 1;
	misfit('%s is no creation', name_of($e))
	  if $seq == 0 && $e->{object_type} ne 'ledger' && ($e->{from_state} // '') ne '*new';
	for my $column (qw(staff_id gateway_id))
	{
		misfit("%s has 0 as $column", name_of($e)) if defined $e->{$column} && $e->{$column} == 0;
	}
	misfit("%s doesn't match its hash", name_of($e))
	  if sha256($hash . event_form($e)) ne bytes($e->{hash});
	$head{$chain} = [ $e->{seq}, bytes($e->{hash}) ];

	check_detail($e);
	$exported{ $e->{event_id} } = 1;
	if ($e->{object_type} eq 'ledger' && $e->{event} eq 'erase_detail')
	{
		$erasure{ $e->{event_id} } = $_->[2]
		  for grep { $_->[0] eq 'event_id' } @{ $e->{facts} // [] };
	}
	keep_leaf($e);
	$events++;
}

sub check_detail
{
	my ($e) = @_;

	if (!defined $e->{digest})
	{
		misfit('%s has a detail that it does not cover', name_of($e))
		  if defined $e->{detail} || defined $e->{erased_by};
	}
	elsif (defined $e->{erased_by})
	{
		push @erased, [ $e, $e->{erased_by} ];
	}
	else
	{
		misfit('the detail of %s is gone', name_of($e))
		  unless defined $e->{detail} && defined $e->{salt};
		misfit("%s has a detail that doesn't match its digest", name_of($e))
		  if length(bytes($e->{salt})) != 16
		  || sha256(bytes($e->{salt}) . pairs($e->{detail})) ne bytes($e->{digest});
	}
}

# Takes the leaves of a seal's range; the ranges of an incarnation come in order.
sub leaves_of
{
	my ($s) = @_;
	my $waiting = $sorted{ $s->{incarnation} } //= [
		sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] }
		  @{ $sealable{ $s->{incarnation} } // [] } ];
	my @leaves;

	misfit('event %d is under no seal, later ones are', $waiting->[0][1])
	  if @$waiting && $waiting->[0][0] < $s->{xid_from};
	push @leaves, (shift @$waiting)->[2] while @$waiting && $waiting->[0][0] < $s->{xid_to};
	return @leaves;
}

sub check_seal
{
	my ($s) = @_;
	my ($id, $hash) = defined $last_seal ? @$last_seal : (0, ZEROES);

	($id, $hash) = ($s->{seal_id} - 1, bytes($s->{previous}))
	  if !defined $last_seal && defined $s->{previous};
	misfit('seal %d follows seal %d', $s->{seal_id}, $id) if $s->{seal_id} != $id + 1;
	misfit("seal %d doesn't match its hash", $s->{seal_id})
	  if sha256($hash . seal_form($s)) ne bytes($s->{hash});
	my $begin = $covered{ $s->{incarnation} } // ($id == 0 ? 0 : $s->{xid_from});
	misfit("seal %d doesn't begin at transaction %s", $s->{seal_id}, $begin)
	  if $s->{xid_from} != $begin;
	$covered{ $s->{incarnation} } = $s->{xid_to};

	my @leaves = leaves_of($s);
	misfit('seal %d was made over %d events, there are %d', $s->{seal_id},
		$s->{event_count}, scalar @leaves) if @leaves != $s->{event_count};
	misfit('seal %d was made over other events', $s->{seal_id})
	  if root(@leaves) ne bytes($s->{root});
	misfit("seal %d isn't the one that you kept", $s->{seal_id})
	  if defined $kept{ $s->{seal_id} } && lc $kept{ $s->{seal_id} } ne $s->{hash};
	delete $kept{ $s->{seal_id} };
	$last_seal = [ $s->{seal_id}, bytes($s->{hash}) ];
	$seals++;
}

sub check_ledger
{
	my ($l) = @_;
	my $last = $head{"ledger $l->{object_id}"};

	return unless $last || $has_start && $has_end;
	$last //= [ 0, ZEROES ];
	misfit('ledger %s ends at number %d, its head at %d', $l->{ledger}, $last->[0], $l->{seq})
	  if $last->[0] > $l->{seq} || $has_end && $last->[0] != $l->{seq};
	misfit("ledger %s doesn't end with its head", $l->{ledger})
	  if $last->[0] == $l->{seq} && $last->[1] ne bytes($l->{head});
}

sub check_erasures
{
	for my $erased (@erased)
	{
		my ($e, $by) = @$erased;

		# Later erasures may be outside what was exported.
		misfit('the detail of %s is erased without account', name_of($e))
		  if $exported{$by} ? ($erasure{$by} // '') ne $e->{event_id} : $has_end;
	}
}

# --- the run -------------------------------------------------------------------

for my $argument (@ARGV)
{
	$argument =~ /^(\d+)=([0-9a-fA-F]{64})$/ or die "not SEAL_ID=HASH: $argument\n";
	$kept{$1} = $2;
}

my %check = (
	export => sub {
		my ($x) = @_;
		misfit('the export has the unknown form %s', $x->{form}) if $x->{form} != 1;
		$has_start = $x->{from} eq '-infinity';
		$has_end = $x->{to} eq 'infinity';
	},
	event => \&check_event,
	leaf => \&keep_leaf,
	seal => \&check_seal,
	ledger => \&check_ledger);
my $json = JSON::PP->new->utf8;
my $is_export = 0;

while (my $line = <STDIN>)
{
	my $row = $json->decode($line);

	$is_export ||= $row->{line} eq 'export';
	die "not an export of the audit trail\n" unless $is_export && $check{ $row->{line} };
	$check{ $row->{line} }->($row);
}
die "nothing to verify\n" unless $is_export;
check_erasures();
misfit('seal %d that you kept is not there', $_) for sort { $a <=> $b } keys %kept;
printf "ok: %d events, %d seals\n", $events, $seals;
