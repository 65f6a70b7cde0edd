# KefuFarSide: a small HTTP server that misbehaves on request.
#
# One process a connection, connections kept alive, every request noted in a
# file before it is answered: what reached the far side is read there, not from
# what the worker says.

package KefuFarSide;

use strict;
use warnings;
use IO::Compress::Gzip qw(gzip);
use IO::Socket::IP;
use POSIX qw(_exit :sys_wait_h);

my $gzipped_json;
gzip(\'{"packed":true}', \$gzipped_json);
my $bomb;
gzip(\('0' x 20_000_000), \$bomb);

# path => what is sent; a list is sent as it is and then the connection closed.  A
# function in it sends by itself.
my %answer = (
	'/json' => sub { return reply('{"text":"客服"}') },
	'/empty' => sub { return reply('') },
	'/gzip' => sub { return reply($gzipped_json, 'Content-Encoding: gzip') },
	'/bomb' => sub { return reply($bomb, 'Content-Encoding: gzip') },
	'/no-gzip' => sub { return reply('not packed', 'Content-Encoding: gzip') },
	'/redirect' => sub { return reply('', 'Location: /json', 302) },
	'/busy' => sub { return reply('{"error":"busy"}', 'Retry-After: 7', 503) },
	'/bad-utf8' => sub { return reply("{\"text\":\"\xff\xfe\"}") },
	'/nul' => sub { return reply("a\0b") },
	'/huge' => sub { return reply('x' x 3_000_000) },
	'/headers' => sub { return reply('', 'X-Long: ' . 'x' x 40_000) },
	'/latin1' => sub { return reply('{}', "X-Name: caf\xe9") },
	'/endless' => sub {
		return ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			map { sprintf("%x\r\n%s\r\n", 100_000, 'y' x 100_000) } 1 .. 30);
	},
	'/cut' => sub { return ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", '{"half') },
	'/drop' => sub { return () },
	'/not-http' => sub { return ("220 mail.example.net ESMTP\r\n") },
	'/hang' => sub { sleep 600; return () },
);

sub reply
{
	my ($body, $header, $status) = @_;

	return \join("\r\n", 'HTTP/1.1 ' . ($status // 200) . ' Whatever',
		'Content-Length: ' . length $body, $header // (), '', $body);
}

# Answers of the test's own, by path, may follow the log: they are given method,
# target, headers by lower-case name and body, return what reply() makes, and may
# read the log of what arrived.  "address" among them is where it listens, 127.0.0.1
# unless said.
sub new
{
	my ($class, $log, %more) = @_;
	my $address = delete $more{address} // '127.0.0.1';
	my $listener = IO::Socket::IP->new(
		LocalHost => $address, Listen => 128, ReuseAddr => 1) or die "listen: $@";
	my $self = bless { log => $log, host => $address =~ /:/ ? "[$address]" : $address, port => $listener->sockport }, $class;

	@answer{ keys %more } = values %more;
	open my $file, '>', $log or die "$log: $!";
	close $file;
	$self->{pid} = fork // die "fork: $!";
	if (!$self->{pid})
	{
		setpgrp;
		$SIG{CHLD} = 'IGNORE';
		while (1)
		{
			my $connection = $listener->accept or next;
			next if fork;
			serve($connection, $log);
			_exit(0);
		}
	}
	close $listener;
	return $self;
}

sub serve
{
	my ($connection, $log) = @_;

	binmode $connection;
	open my $file, '>>', $log or _exit(1);
	$file->autoflush(1);
	while (my $line = <$connection>)
	{
		my ($method, $target) = $line =~ /^(\S+) (\S+)/ or last;
		my %header;
		my $body = '';
		while (defined(my $field = <$connection>))
		{
			last if $field =~ /^\r?\n/;
			$header{ lc $1 } = $2 if $field =~ /^([^:]+):\s*(.*?)\r?\n/;
		}
		read $connection, $body, $header{'content-length'} if $header{'content-length'};
		syswrite $file, "$$ $method $target\n";

		my ($path) = $target =~ /^([^?]+)/;
		my @sent =
		    $path eq '/echo' ? echo($method, $target, \%header, $body)
		  : $answer{$path} ? $answer{$path}->($method, $target, \%header, $body)
		  : reply('', undef, 404);
		if (ref $sent[0])
		{
			print $connection ${ $sent[0] };
			$connection->flush;
			next;
		}
		ref $_ ? $_->($connection) : print $connection $_ for @sent;
		last;
	}
	close $connection;
}

sub echo
{
	my ($method, $target, $header, $body) = @_;

	return reply(join "\n", $method, $target,
		(map { "$_: $header->{$_}" } sort grep { $_ ne 'host' } keys %$header), '', $body);
}

sub url
{
	my ($self, $path) = @_;

	return "http://$self->{host}:$self->{port}$path";
}

# The requests that arrived, "PROCESS METHOD TARGET" each.
sub requests
{
	my ($self, $pattern) = @_;

	open my $file, '<', $self->{log} or die "$self->{log}: $!";
	return grep { /$pattern/ } <$file>;
}

sub stop
{
	my ($self) = @_;

	return if !$self->{pid};
	kill 'KILL', -$self->{pid};
	waitpid $self->{pid}, 0;
	delete $self->{pid};
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!, $@);

	$self->stop;
}

1;
