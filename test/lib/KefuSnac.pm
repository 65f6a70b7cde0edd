# KefuSnac: a real server of Mastodon's API, Debian's snac, in a test.
#
# It listens on a free port of the loopback and calls itself plain "localhost",
# because a name with a port breaks its mentions.  So whoever speaks to it, itself
# included, goes through a small proxy that takes "http://localhost/" to that port.
# Its people act through its API, as from a telephone.  Nothing here knows the
# extension.

package KefuSnac;

use strict;
use warnings;
use utf8;
use FindBin;
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX qw(_exit);

my $json = JSON::PP->new->utf8->canonical;

# The programs by release; dies with the reason where they can't be had.
sub programs
{
	my ($folder) = @_;
	my $found = qx{bash $FindBin::Bin/../lib/snac.sh '$folder' 2>&1};

	die $found if $?;
	return map { my ($release, @program) = split; ($release => \@program) } split /\n/, $found;
}

# A new, empty server in a folder; the program is a list.
sub new
{
	my ($class, $folder, @program) = @_;
	my $self = bless {
		data => "$folder/data", program => \@program, port => free_port() }, $class;

	mkdir $folder;
	$self->run_program("127.0.0.1\n$self->{port}\nlocalhost\n\n\n", 'init', $self->{data});
	my $settings = $json->decode(slurp("$self->{data}/server.json"));
	# Of itself it delivers to itself on four threads, which wait for each other.
	@$settings{qw(protocol num_threads shared_inboxes disable_inbox_collection queue_timeout queue_retry_minutes)} =
	  ('http', 16, JSON::PP::false, JSON::PP::true, 3, 1);
	open my $file, '>', "$self->{data}/server.json" or die $!;
	print $file $json->encode($settings);
	close $file;
	$self->start_proxy;
	# Its proxy's address replaces what the environment says.
	local @ENV{qw(http_proxy no_proxy NO_PROXY)} = ($self->proxy, '', '');
	$self->{pid} = fork // die "fork: $!";
	if (!$self->{pid})
	{
		open STDOUT, '>', "$folder/log";
		open STDERR, '>&', \*STDOUT;
		exec @program, 'httpd', $self->{data} or _exit(1);
	}
	$self->{http} = HTTP::Tiny->new(timeout => 30, http_proxy => $self->proxy, no_proxy => undef);
	for (1 .. 300)
	{
		return $self if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port});
		select undef, undef, undef, 0.1;
	}
	die "snac does not start: " . slurp("$folder/log");
}

sub free_port
{
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "listen: $!";

	return $listener->sockport;
}

sub slurp
{
	my ($path) = @_;

	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar <$file>;
}

# Runs the program with a command, and what it wants to read; returns what it says.
sub run_program
{
	my ($self, $input, @arguments) = @_;
	my $pid = open my $out, '-|';

	if (!$pid)
	{
		open my $in, '-|', 'printf', '%s', $input or _exit(1);
		open STDIN, '<&', $in;
		open STDERR, '>&', \*STDOUT;
		exec @{ $self->{program} }, @arguments or _exit(1);
	}
	my $said = do { local $/; <$out> };
	close $out or die "snac $arguments[0]: $said\n";
	return $said;
}

sub base
{
	return 'http://localhost';
}

# --- the proxy ---------------------------------------------------------------

sub proxy
{
	my ($self) = @_;

	return "http://127.0.0.1:$self->{proxy_port}";
}

sub start_proxy
{
	my ($self) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 128) or die "listen: $!";

	$self->{proxy_port} = $listener->sockport;
	$self->{proxy_pid} = fork // die "fork: $!";
	return if $self->{proxy_pid};
	$SIG{CHLD} = 'IGNORE';
	while (1)
	{
		my $client = $listener->accept or next;
		next if fork;
		pass_on($client, IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) // _exit(0));
		_exit(0);
	}
}

# One request, its address made local, and whatever comes back.
sub pass_on
{
	my ($client, $server) = @_;
	my $head = '';

	while ($head !~ /\r\n\r\n/)
	{
		sysread($client, $head, 65536, length $head) or return;
	}
	$head =~ s{^(\S+) http://localhost(?=/)}{$1 };
	$head =~ s{\r\n(proxy-)?connection:[^\r]*}{}ig;
	$head =~ s{\r\n}{\r\nConnection: close\r\n};
	syswrite $server, $head;
	my $both = IO::Select->new($client, $server);
	while (1)
	{
		for my $from ($both->can_read)
		{
			sysread($from, my $some, 65536) or return;
			syswrite $from == $client ? $server : $client, $some;
		}
	}
}

# --- people ------------------------------------------------------------------

# A call of the API as somebody, or as nobody; GET without a form, JSON decoded.
sub call
{
	my ($self, $who, $method, $path, %form) = @_;
	my %options = $who ? (headers => { Authorization => "Bearer $self->{token}{$who}" }) : ();

	if (%form)
	{
		$options{content} = $self->{http}->www_form_urlencode(\%form);
		$options{headers}{'Content-Type'} = 'application/x-www-form-urlencoded';
	}
	my $reply = $self->{http}->request($method, base() . $path, \%options);
	die "$method $path: $reply->{status} $reply->{content}\n" if !$reply->{success};
	return $reply->{content} =~ /^\s*[\[{]/ ? $json->decode($reply->{content}) : $reply->{content};
}

# Somebody new, with a token; returns the id.
sub add_person
{
	my ($self, $name) = @_;
	my ($password) = $self->run_program('', 'adduser', $self->{data}, $name) =~ /password is (\S+)/
	  or die 'snac makes nobody';
	my $here = 'urn:ietf:wg:oauth:2.0:oob';
	my $app = $self->call('', 'POST', '/api/v1/apps', client_name => 'test', redirect_uris => $here,
		scopes => 'read write follow');
	my $code = $self->call('', 'POST', '/oauth/x-snac-login', login => $name, passwd => $password,
		redir => $here, cid => $app->{client_id}, state => '');

	$code =~ s/\s//g;
	$self->{token}{$name} = $self->call('', 'POST', '/oauth/token', grant_type => 'authorization_code',
		client_id => $app->{client_id}, client_secret => $app->{client_secret},
		redirect_uri => $here, code => $code)->{access_token};
	return $self->{id}{$name} = $self->call($name, 'GET', '/api/v1/accounts/verify_credentials')->{id};
}

sub token
{
	my ($self, $name) = @_;

	return $self->{token}{$name};
}

# Somebody says something; more parameters of the API may follow.  Returns the status.
sub say
{
	my ($self, $name, $text, %more) = @_;

	return $self->call($name, 'POST', '/api/v1/statuses', status => $text, visibility => 'public', %more);
}

# The post with an address, as somebody sees it.
sub seen_by
{
	my ($self, $name, $uri) = @_;
	my ($found) = grep { $_->{uri} eq $uri } @{ $self->call($name, 'GET', '/api/v1/timelines/home?limit=100') },
	  grep { $_ } map { $_->{status} } @{ $self->notifications($name) };

	return $found;
}

# What somebody was told of, newest first; without a limit the newer snac gives one.
sub notifications
{
	my ($self, $name) = @_;

	return $self->call($name, 'GET', '/api/v1/notifications?limit=100');
}

# What stands on somebody's page.
sub posts_of
{
	my ($self, $name) = @_;

	return $self->call($name, 'GET', "/api/v1/accounts/$self->{id}{$name}/statuses?limit=100");
}

sub stop
{
	my ($self) = @_;

	for (grep { defined } delete @$self{qw(proxy_pid pid)})
	{
		kill 'KILL', $_;
		waitpid $_, 0;
	}
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!, $@);

	$self->stop;
}

1;
