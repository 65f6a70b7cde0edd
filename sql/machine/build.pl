#!/usr/bin/perl
# build.pl: the state machines as SQL.
#
#   build.pl DIR                    the INSERTs of the engine rows
#   build.pl --names DIR            which guards, effects and facts the rows use
#   build.pl --rows DIR             the expanded rows, tab separated, for the checker
#   build.pl --policies DIR PRESET  writes the clock presets into the folder PRESET
#
# DIR holds states.csv, clocks.csv and one CSV of transitions for each machine
# (ticket.csv serves the four kinds of ticket). What the short forms mean:
#
#   a row of ticket   stands for each kind that has the state and no own row
#                     for the event
#   *open             every state that is not final and has no own row for the
#                     event
#   '<'               the state before a speech that was not delivered: one row
#                     for each state that can speak into this one
#   '='               stays where it is
#
# It trusts the files: test/machines/check.py is what finds faults in them, and
# compares its own expansion with this one.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

my @TICKET_KINDS = qw(inquiry complaint negative praise);

# --- reading -----------------------------------------------------------------

# One line of CSV as a list of fields; quotes are doubled inside quotes, and a
# field never goes on in the next line.
sub csv_fields
{
	my ($line, $where) = @_;
	my @fields;

	while (1)
	{
		if ($line =~ /\G"((?:[^"]|"")*)"/gc)
		{
			push @fields, $1 =~ s/""/"/gr;
		}
		else
		{
			$line =~ /\G([^",]*)/gc;
			push @fields, $1;
		}
		next if $line =~ /\G,/gc;
		last if pos($line) == length $line;
		die "$where: malformed CSV\n";
	}
	return @fields;
}

# The rows of a file as hashes keyed by its header.
sub csv_rows
{
	my ($path) = @_;
	my ($head, @rows);

	open my $file, '<', $path or die "$path: $!\n";
	while (my $line = <$file>)
	{
		chomp $line;
		my @fields = csv_fields($line, "$path line $.");
		if (!$head)
		{
			$head = \@fields;
			next;
		}
		die "$path line $.: " . @fields . " fields, not " . @$head . "\n"
		  if @fields != @$head;
		my %row;
		@row{@$head} = @fields;
		push @rows, \%row;
	}
	close $file;
	return @rows;
}

# --- expanding ---------------------------------------------------------------

sub key
{
	return join ' ', @_;
}

# The state rows by machine and name, and the machines in the order of the file.
sub index_states
{
	my (%state, @machines);

	for my $row (@_)
	{
		push @machines, $row->{machine} if !$state{ $row->{machine} };
		$state{ $row->{machine} }{ $row->{state} } = $row;
	}
	return (\%state, @machines);
}

sub own_rows
{
	return map { key(@$_{qw(machine from_state event)}) => 1 } @_;
}

# Rows of ticket, copied to the kinds they serve.
sub unfold_ticket
{
	my ($state, @rows) = @_;
	my %own = own_rows(@rows);
	my @flat;

	for my $row (@rows)
	{
		if ($row->{machine} ne 'ticket')
		{
			push @flat, $row;
			next;
		}
		for my $kind (@TICKET_KINDS)
		{
			next if $row->{from_state} ne '*open' && !$state->{$kind}{ $row->{from_state} };
			next if $own{ key($kind, @$row{qw(from_state event)}) };
			push @flat, { %$row, machine => $kind };
		}
	}
	return @flat;
}

# '<' spelled out, and seq counted anew where that made one row several.
sub unfold_delivery
{
	my (@rows) = @_;
	my (%origins, %seen, %seq, @flat);

	for my $row (@rows)
	{
		my ($machine, $from, $to) = @$row{qw(machine from_state to_state)};
		next if $row->{speaks} eq '' || $from =~ /^\*/ || $to eq $from || $to eq '=';
		push @{ $origins{ key($machine, $to) } }, $from
		  if !$seen{ key($machine, $from, $to) }++;
	}
	for my $row (@rows)
	{
		my $into = key(@$row{qw(machine from_state)});
		my @copies = $row;

		if ($row->{to_state} eq '<')
		{
			die "nothing speaks into $into\n" if !$origins{$into};
			@copies = map { { %$row, guard => "spoke_from_$_", to_state => $_ } }
			  @{ $origins{$into} };
		}
		push @flat, map { { %$_, seq => ++$seq{"$into $row->{event}"} } } @copies;
	}
	return @flat;
}

# *open spelled out over the states it stands for, targets resolved.
sub unfold_open
{
	my ($state, @rows) = @_;
	my %own = own_rows(@rows);
	my @flat;

	for my $row (@rows)
	{
		my $machine = $row->{machine};
		my @from = ($row->{from_state});

		if ($row->{from_state} eq '*open')
		{
			@from = grep { $state->{$machine}{$_}{is_final} eq 'f' && !$own{ key($machine, $_, $row->{event}) } }
			  sort { $state->{$machine}{$a}{sort} <=> $state->{$machine}{$b}{sort} }
			  keys %{ $state->{$machine} };
		}
		for my $from (@from)
		{
			my $to = $row->{to_state} eq '=' ? $from : $row->{to_state};
			my $to_machine = $to =~ s/^(\w+)://r eq $to ? $machine : $1;

			$to =~ s/^\w+://;
			push @flat, { %$row, from_state => $from, to_machine => $to_machine, to_state => $to };
		}
	}
	return @flat;
}

sub expand
{
	my ($state, $machines, @rows) = @_;
	my @flat = unfold_open($state, unfold_delivery(unfold_ticket($state, @rows)));
	my %place;

	@place{@$machines} = 0 .. $#$machines;
	for my $row (@flat)
	{
		($row->{guard}, $row->{guard_arg}) = ('spoke_from', $1)
		  if $row->{guard} =~ /^spoke_from_(.*)/;
		$row->{guard_arg} //= '';
	}
	# Perl's sort is stable: within a machine the order of the files stays.
	return sort { $place{ $a->{machine} } <=> $place{ $b->{machine} } } @flat;
}

# --- writing SQL -------------------------------------------------------------

sub literal
{
	my ($text) = @_;

	return 'NULL' if $text eq '';
	return "'" . ($text =~ s/'/''/gr) . "'";
}

# Names separated by spaces as an array literal; names need no quotes in it.
sub name_array
{
	my ($text) = @_;

	return "'{" . join(',', split ' ', $text) . "}'";
}

# What the engine writes with the move itself, instead of calling a function.
my %HANDLER = (set_handler => 'given', clear_handler => 'nobody');

# A guard or an effect of the one signature there is.
sub procedure
{
	my ($kind, $name) = @_;

	return 'NULL' if $name eq '' || $HANDLER{$name};
	return "'kefu.${kind}_$name(kefu.move)'::pg_catalog.regprocedure";
}

sub print_insert
{
	my ($table, $columns, @tuples) = @_;

	print "INSERT INTO $table\n    ($columns)\nVALUES\n    ",
	  join(",\n    ", map { '(' . (join(', ', @$_) =~ s/, \n/,\n/gr) . ')' } @tuples), ";\n\n";
}

sub print_sql
{
	my ($machines, $states, $clocks, $rows) = @_;

	print "-- The engine rows, made of sql/machine/*.csv by sql/machine/build.pl.\n\n";
	print_insert('kefu.state',
		'machine, state, is_initial, is_final, sort, label_zh, label_en',
		map {
			[
				literal($_->{machine}), literal($_->{state}),
				$_->{is_initial} eq 't' ? 'true' : 'false',
				$_->{is_final} eq 't' ? 'true' : 'false',
				$_->{sort}, literal($_->{label_zh}), literal($_->{label_en})
			]
		} @$states);
	print_insert('kefu.clock_kind',
		'clock, starts_from, calendar, target_fact, kept_by, rulebook, note',
		map {
			[
				literal($_->{clock}), literal($_->{starts_from}), literal($_->{calendar}),
				literal($_->{target_fact}),
				$_->{kept_by} eq '' ? 'NULL' : name_array($_->{kept_by}),
				name_array($_->{rulebook}), literal($_->{note})
			]
		} @$clocks);
	for my $machine (@$machines)
	{
		print "-- $machine\n";
		print_insert('kefu.transition',
			'machine, from_state, event, seq, guard, guard_arg, to_machine, to_state, roles, requires,'
			  . "\n     speaks, clock_ops, handler, effect, rulebook, note",
			map {
				[
					literal($_->{machine}), literal($_->{from_state}), literal($_->{event}),
					$_->{seq}, procedure('guard', $_->{guard}), literal($_->{guard_arg}),
					literal($_->{to_machine}), literal($_->{to_state}), name_array($_->{roles}),
					name_array($_->{requires}), "\n     " . literal($_->{speaks}),
					name_array($_->{clocks}), literal($HANDLER{ $_->{effect} } // ''),
					procedure('effect', $_->{effect}),
					name_array($_->{rulebook}), literal($_->{note})
				]
			} grep { $_->{machine} eq $machine } @$rows);
	}
}

# --- writing the rest --------------------------------------------------------

sub distinct
{
	my %seen;

	return sort grep { $_ ne '' && !$seen{$_}++ } @_;
}

sub print_names
{
	my (@rows) = @_;
	my %names = (
		guard => [ map { $_->{guard} } @rows ],
		effect => [ map { $_->{effect} } @rows ],
		fact => [ map { split ' ', $_->{requires} } @rows ]);

	for my $kind (sort keys %names)
	{
		print "$kind $_\n" for distinct(@{ $names{$kind} });
	}
}

sub print_rows
{
	my (@rows) = @_;

	print join("\t",
		@$_{qw(machine from_state event seq guard guard_arg to_machine to_state
			   roles requires speaks clocks effect rulebook note)}), "\n"
	  for @rows;
}

my %UNIT = (m => 'min', min => 'min', h => 'h', d => 'd');

# 'due-30m:operator' as (base, offset, role, event).
sub level_fields
{
	my ($level) = @_;
	my ($offset, $unit, $role, $event) =
	  $level =~ /^due(?:([+-]\d+)([mhd]))?(?::(\w+))?(?:!(\w+))?$/
	  or die "clock level $level\n";

	$offset = defined $offset ? ($offset =~ s/^\+//r) . " $UNIT{$unit}" : '0 min';
	return ('due', $offset, $role // '', $event // '');
}

sub write_policies
{
	my ($folder, @clocks) = @_;
	my ($unit, $valid_from) = ('group', '2010-01-01 00:00+08');

	open my $policy, '>', "$folder/20_policies__clock_policy.csv" or die "$folder: $!\n";
	open my $level, '>', "$folder/21_policies__clock_level.csv" or die "$folder: $!\n";
	print $policy "clock,unit,valid_from,target,target_from,calendar\n";
	print $level "clock,unit,valid_from,level,base,offset_by,role,event\n";
	for my $clock (@clocks)
	{
		my $target = $clock->{target};
		my @target = $target =~ /^\d/ ? ($target, '') : ('', $target);
		my $number = 0;

		print $policy join(',', $clock->{clock}, $unit, $valid_from, @target, $clock->{calendar}), "\n";
		print $level
		  join(',', $clock->{clock}, $unit, $valid_from, ++$number, level_fields($_)), "\n"
		  for split ' ', $clock->{levels};
	}
	close $policy or die "$folder: $!\n";
	close $level or die "$folder: $!\n";
}

# --- what was asked for ------------------------------------------------------

my $mode = @ARGV && $ARGV[0] =~ /^--(names|rows|policies)$/ ? (shift, $1)[1] : 'sql';
my $dir = shift // die "usage: build.pl [--names | --rows | --policies] DIR [PRESET]\n";

my @states = csv_rows("$dir/states.csv");
my @clocks = csv_rows("$dir/clocks.csv");
my ($state, @machines) = index_states(@states);
my %count;
$_->{sort} = ++$count{ $_->{machine} } for @states;
my @rows = expand($state, \@machines, map { csv_rows("$dir/$_.csv") } 'ticket', @machines);

print_sql(\@machines, \@states, \@clocks, \@rows) if $mode eq 'sql';
print_names(@rows) if $mode eq 'names';
print_rows(@rows) if $mode eq 'rows';
write_policies(shift // die("usage: build.pl --policies DIR PRESET\n"), @clocks)
  if $mode eq 'policies';
