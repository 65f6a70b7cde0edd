#!/usr/bin/perl
# The tests behind selftest.sh: a client that knows nothing of the simulator's code,
# made of sockets, so that cut and crippled answers are seen as they are.
use strict;
use warnings;
use utf8;

use Digest::SHA qw(hmac_sha1_base64 sha1_hex);
use Encode qw(encode_utf8 decode_utf8);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw(time);

binmode STDOUT, ':utf8';
binmode STDERR, ':utf8';

my $program = shift or die "usage: selftest.pl PROGRAM\n";
my $dir = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->canonical->allow_nonref;
my ($passed, $failed) = (0, 0);
my ($pid, $port);

# --- counting ---------------------------------------------------------------

sub ok
{
	my ($good, $name, $seen) = @_;

	if ($good) { $passed++; return 1; }
	$failed++;
	print "FAILED: $name", defined $seen ? " (seen: $seen)" : '', "\n";
	return 0;
}

sub is
{
	my ($seen, $wanted, $name) = @_;

	ok(defined $seen && $seen eq $wanted, "$name: wanted $wanted", $seen // 'nothing');
}

sub is_list
{
	my ($seen, $wanted, $name) = @_;

	is(join(' ', @$seen), join(' ', @$wanted), $name);
}

# --- the process ------------------------------------------------------------

sub start
{
	my @command = (split(' ', $ENV{SIM_RUN} // ''), $program, '--port', 0,
		'--pidfile', "$dir/pid", @_);

	$pid = open(my $from, '-|', @command) or die "cannot start $program: $!\n";
	my $line = <$from> // '';
	$line =~ /^port (\d+)$/ or die "no port line from $program, but '$line'\n";
	$port = $1;
	return $from;
}

# Who dies here leaves no simulator behind.
END { local $?; kill 'KILL', $pid if $pid; }

# Returns the exit status.
sub stop
{
	my ($from, $signal) = @_;

	kill $signal, $pid;
	close $from;
	return $?;
}

# --- a client ---------------------------------------------------------------

sub form
{
	my (%param) = @_;

	return join '&', map {
		my $value = encode_utf8($param{$_});
		$value =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;
		"$_=$value";
	} sort keys %param;
}

sub connected
{
	return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
		// die "cannot connect: $!\n";
}

sub send_request
{
	my ($method, $path, $body, $type, @headers) = @_;
	my $socket = connected();

	$body //= '';
	push @headers, "Content-Type: $type" if defined $type;
	print $socket join("\r\n", "$method $path HTTP/1.1", 'Host: 127.0.0.1',
		'Connection: close', 'Content-Length: ' . length($body), @headers, '', $body);
	$socket->flush;
	return $socket;
}

# What came: status (0: nothing came), body, data (decoded, undef: no JSON), and
# whether all the announced bytes came.
sub read_reply
{
	my ($socket) = @_;
	my $all = '';

	1 while sysread $socket, $all, 65536, length $all;
	my ($head, $body) = split /\r\n\r\n/, $all, 2;
	my ($status) = ($head // '') =~ /^HTTP\/1\.1 (\d+)/;
	my ($length) = ($head // '') =~ /^Content-Length: (\d+)/mi;
	return {
		status => $status // 0,
		body => $body // '',
		data => scalar eval { $json->decode(decode_utf8($body)) },
		whole => defined $length && $length == length($body // ''),
	};
}

sub request { return read_reply(send_request(@_)); }

sub get
{
	my ($path, %param) = @_;
	my $token = delete $param{token} // 'tok-a';

	return request('GET', "/2/$path?" . form(access_token => $token, %param));
}

my $form_type = 'application/x-www-form-urlencoded';

sub post
{
	my ($path, %param) = @_;
	my $token = delete $param{token} // 'tok-a';

	return request('POST', "/2/$path", form(access_token => $token, %param), $form_type);
}

sub sim
{
	my ($method, $path, $body) = @_;

	return request($method, "/_sim/$path",
		defined $body ? encode_utf8($json->encode($body)) : '', 'application/json');
}

sub act { return sim('POST', 'act', {@_})->{data}{id}; }
sub fault { sim('DELETE', 'fault'); return sim('POST', 'fault', {@_})->{data}{id}; }
sub truth { return sim('GET', 'truth?part=' . $_[0])->{data}{$_[0]}; }
sub ids { return [map { $_->{idstr} } @{$_[0]->{data}{$_[1]}}]; }

sub hits
{
	my ($id) = @_;

	return (grep { $_->{id} == $id } @{sim('GET', 'fault')->{data}{faults}})[0]{hits};
}

# The one attempt with this text.
sub attempt
{
	my ($text) = @_;

	return (grep { ($_->{text} // '') eq $text } @{truth('attempts')})[0];
}

sub refused
{
	my ($reply, $status, $code, $name) = @_;

	is($reply->{status}, $status, "$name, status");
	is($reply->{data}{error_code}, $code, "$name, error_code");
}

# --- the stage --------------------------------------------------------------

# Two accounts (701 广东客服, 702 北京客服) and two customers (801 follows 701).
sub furnish
{
	sim('POST', 'reset');
	sim('POST', 'account', {uid => '701', screen_name => '广东客服', token => 'tok-a'});
	sim('POST', 'account', {uid => '702', screen_name => '北京客服', token => 'tok-b',
		province => '11'});
	sim('POST', 'user', {uid => '801', screen_name => '阿明', province => '44',
		city => '3', followers => 12, verified => JSON::PP::true, follows => ['701']});
	sim('POST', 'user', {uid => '802', screen_name => '小红'});
}

my $date = qr/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\ [A-Z][a-z]{2}\ \d\d
	\ \d\d:\d\d:\d\d\ \+0800\ \d{4}$/x;

# --- tests ------------------------------------------------------------------

sub test_control
{
	my $health = sim('GET', 'health')->{data};

	is($health->{ok}, 1, 'health');
	is($health->{accounts}, 2, 'accounts');
	is($health->{users}, 4, 'users');
	is(sim('POST', 'act', {kind => 'dm', uid => '999', account => '701', text => 'x'})
		->{status}, 400, 'unknown actor refused');
	is(sim('POST', 'act', {kind => 'wave', uid => '801'})->{status}, 400,
		'unknown act refused');
	is(sim('POST', 'act', {kind => 'dm', uid => '801', account => '701'})->{status}, 400,
		'act without text refused');
	is(sim('POST', 'act', {kind => 'comment', uid => '801', parent => '1', text => 'x'})
		->{status}, 400, 'comment under nothing refused');
	is(sim('POST', 'fault', {kind => 'gremlin'})->{status}, 400, 'unknown fault refused');
	is(sim('POST', 'fault', {kind => 'slow'})->{status}, 400, 'slow without ms refused');
	is(sim('POST', 'nowhere', {})->{status}, 400, 'unknown control path refused');
	is(request('POST', '/_sim/act', '{"kind":', 'application/json')->{status}, 400,
		'broken JSON refused');
	is(request('POST', '/_sim/user', "{\"uid\":\"5\",\"screen_name\":\"\xff\"}",
			'application/json')->{status}, 400, 'broken UTF-8 refused');
	is(request('GET', '/elsewhere')->{status}, 400, 'a path of nobody');
	my $many = sim('POST', 'act_many', [
		{kind => 'post', uid => '801', text => 'a'},
		{kind => 'post', uid => '999', text => 'b'},
		{kind => 'post', uid => '801', text => 'c'}]);
	is($many->{status}, 400, 'act_many with a bad entry');
	is($many->{data}{done}, 1, 'what stood before it is done');
	is(scalar @{truth('inbound')}, 1, 'and nothing after it');
}

sub test_tokens
{
	refused(request('GET', '/2/statuses/mentions.json'), 400, 10006, 'no token');
	refused(get('statuses/mentions', token => 'nonsense'), 401, 21332, 'bad token');
	is(request('GET', '/2/statuses/mentions.json', '', undef,
			'Authorization: OAuth2 tok-a')->{status}, 200, 'token in the header');
	sim('POST', 'token', {token => 'tok-a', expires_after_requests => 1});
	is(get('statuses/mentions')->{status}, 200, 'last request of a token');
	refused(get('statuses/mentions'), 401, 21327, 'worn-out token');
	sim('POST', 'token', {token => 'tok-a', expires_after_requests => -1,
		expires_at => 1});
	refused(get('statuses/mentions'), 401, 21327, 'expired token');
	sim('POST', 'token', {token => 'tok-a', expires_at => 0, revoked => JSON::PP::true});
	refused(get('statuses/mentions'), 401, 21332, 'revoked token');
	sim('POST', 'token', {token => 'tok-a2', uid => '701'});
	is(get('statuses/mentions', token => 'tok-a2')->{status}, 200, 'a second token');
	is(sim('POST', 'token', {token => 'tok-x'})->{status}, 400, 'token of nobody');
}

sub test_shapes
{
	my $when = 1342433360;    # Mon Jul 16 18:09:20 +0800 2012
	my $id = act(kind => 'post_mention', uid => '801', account => '701',
		text => qq{\@广东客服 宽带"断"了\n第二行 \\}, created_at => $when);
	my $reply = get('statuses/mentions.json');
	my $status = $reply->{data}{statuses}[0];

	ok($id =~ /^\d{16}$/, '16-digit id', $id);
	is($reply->{status}, 200, 'mentions');
	ok($reply->{body} =~ /"id":$id,"idstr":"$id","mid":"$id"/, 'id in three shapes');
	is($status->{text}, qq{\@广东客服 宽带"断"了\n第二行 \\}, 'text unharmed');
	is($status->{created_at}, 'Mon Jul 16 18:09:20 +0800 2012', 'created_at');
	ok($status->{source} =~ /^<a href="[^"]+" rel="nofollow">.+<\/a>$/, 'source is HTML');
	ok(exists $status->{geo} && !defined $status->{geo}, 'geo is null');
	is($status->{in_reply_to_status_id}, '', 'in_reply_to is an empty string');
	is($status->{visible}{type}, 0, 'visible');
	is($status->{user}{idstr}, '801', 'user idstr');
	ok($reply->{body} =~ /"user":\{"id":801,"idstr":"801"/, 'user id is a number');
	is($status->{user}{screen_name}, '阿明', 'user screen_name');
	is($status->{user}{province}, '44', 'province');
	ok($reply->{body} =~ /"province":"44","city":"3"/, 'province and city are strings');
	is($status->{user}{followers_count}, 12, 'followers_count');
	ok($reply->{body} =~ /"verified":true/, 'verified is a boolean');
	ok($status->{user}{created_at} =~ $date, 'user created_at');
	is($status->{user}{follow_me}, 1, 'follow_me');
	for my $key (qw(hasvisible previous_cursor next_cursor total_number))
	{
		ok(exists $reply->{data}{$key}, "envelope has $key");
	}

	my $dm = act(kind => 'dm', uid => '801', account => '701', text => '我的号码');
	$reply = get('direct_messages');
	$status = $reply->{data}{direct_messages}[0];
	is($status->{idstr}, $dm, 'message id');
	ok($reply->{body} =~ /"sender_id":801,"recipient_id":701,/, 'message ids are numbers');
	is($status->{sender_screen_name}, '阿明', 'message sender name');
	is($status->{recipient}{screen_name}, '广东客服', 'message recipient');
	is($status->{status_id}, 0, 'message status_id');
	is(get('direct_messages', token => 'tok-b')->{data}{total_number}, 0,
		'messages are the recipient\'s');
}

sub test_own_reposts
{
	my $ours = post('statuses/update', status => '原文')->{data}{idstr};
	my $again = post('statuses/repost', id => $ours, status => '转给大家')->{data};

	is($again->{retweeted_status}{idstr}, $ours, 'a repost carries the original');
	is(post('statuses/repost', id => $ours, status => '转给大家')->{data}{error_code}, 20019,
		'the same repost again is refused');
	my $bare = post('statuses/repost', id => $again->{idstr})->{data};
	is($bare->{text}, '转发微博', 'a repost without words says so');
	is($bare->{retweeted_status}{idstr}, $ours, 'a repost of a repost hangs on the original');
	post('statuses/destroy', id => $ours);
	is(post('statuses/repost', id => $ours, status => '迟了')->{data}{error_code}, 20101,
		'what is gone is not reposted');
}

sub test_comments
{
	my $ours = post('statuses/update', status => '公告')->{data}{idstr};
	my $first = act(kind => 'comment', uid => '801', account => '701', parent => $ours,
		text => '不满意');
	my $item = get('comments/to_me')->{data}{comments}[0];

	is($item->{idstr}, $first, 'comment to me');
	is($item->{status}{idstr}, $ours, 'comment carries status');
	ok(!exists $item->{reply_comment}, 'no reply_comment on a plain comment');
	is(get('statuses/show', id => $ours)->{data}{comments_count}, 1, 'comments_count');

	my $reply = post('comments/reply', id => $ours, cid => $first, comment => '请私信')
		->{data};
	is($reply->{text}, '回复@阿明:请私信', 'the platform names whom a reply answers');
	is($reply->{reply_comment}{idstr}, $first, 'reply carries reply_comment');
	is(post('comments/reply', id => $ours, cid => $first, comment => '已受理',
			without_mention => 1)->{data}{text}, '已受理', 'without_mention');
	my $again = act(kind => 'reply_to_comment', uid => '801', parent => $reply->{idstr},
		text => '好的');
	$item = get('comments/to_me')->{data}{comments}[0];
	is($item->{idstr}, $again, 'reply to our comment');
	is($item->{reply_comment}{idstr}, $reply->{idstr}, 'it carries our comment');
	is_list(ids(get('comments/show', id => $ours), 'comments'),
		[reverse $first, $reply->{idstr},
			get('comments/by_me')->{data}{comments}[0]{idstr}, $again],
		'comments/show newest first');

	my $elsewhere = act(kind => 'post', uid => '802', text => '随便说说');
	my $named = act(kind => 'comment_mention', uid => '801', account => '701',
		parent => $elsewhere, text => '@广东客服 看看这个');
	is_list(ids(get('comments/mentions'), 'comments'), [$named], 'comments/mentions');
	my $both = act(kind => 'comment_mention', uid => '802', account => '702',
		parent => $ours, text => '@广东客服 @北京客服 谁管');
	is(get('comments/to_me')->{data}{comments}[0]{idstr}, $both, 'both: to_me');
	is(get('comments/mentions', token => 'tok-b')->{data}{comments}[0]{idstr}, $both,
		'both: mentions of the other account');
	my ($fact) = grep { $_->{id} eq $both } @{truth('inbound')};
	is_list([sort map { "$_->{account}/$_->{feed}" } @{$fact->{feeds}}],
		[qw(701/comment_mentions 701/comments_to_me 702/comment_mentions)],
		'truth knows the feeds');

	act(kind => 'delete', id => $elsewhere);
	$item = get('comments/mentions')->{data}{comments}[1];
	is($item->{status}{deleted}, '1', 'deleted parent is marked');
	ok(!exists $item->{status}{user}, 'deleted parent has no user');
	is($item->{status}{text}, '此微博已被原作者删除。', 'deleted parent text');
	refused(get('statuses/show', id => $elsewhere), 400, 20101, 'deleted post');
	refused(post('comments/create', id => $elsewhere, comment => 'x'), 400, 20101,
		'comment on a deleted post');
	act(kind => 'delete', id => $first);
	ok(!grep({ $_ eq $first } @{ids(get('comments/to_me'), 'comments')}),
		'a deleted comment leaves the feed');
	refused(post('comments/reply', id => $ours, cid => $first, comment => 'x'), 400,
		20201, 'reply to a deleted comment');
	refused(get('comments/show', id => '17'), 400, 20101, 'comments of no post');
}

sub test_reposts
{
	my $origin = act(kind => 'post', uid => '802', text => '原文');
	my $repost = act(kind => 'repost', uid => '801', account => '701',
		parent => $origin, text => '转发 @广东客服');
	my $item = get('statuses/mentions')->{data}{statuses}[0];

	is($item->{idstr}, $repost, 'a repost that names us');
	is($item->{retweeted_status}{idstr}, $origin, 'retweeted_status');
	act(kind => 'delete', id => $origin);
	$item = get('statuses/mentions')->{data}{statuses}[0];
	is($item->{retweeted_status}{deleted}, '1', 'deleted inside a repost');
	ok(!exists $item->{retweeted_status}{user}, 'and without user');
}

sub test_mentions_by_text
{
	act(kind => 'post', uid => '801', text => '@广东客服号 别的号');
	is(get('statuses/mentions')->{data}{total_number}, 0, 'a longer name is another');
	act(kind => 'post', uid => '801', text => '请@广东客服, 看一下');
	is(get('statuses/mentions')->{data}{total_number}, 1, 'a name in the text is enough');
	act(kind => 'post', uid => '801', text => '@广东客服，谢谢');
	is(get('statuses/mentions')->{data}{total_number}, 2, 'Chinese punctuation ends it');
}

sub test_paging
{
	my $made = sim('POST', 'act_many', [map {
		{kind => 'post_mention', uid => '801', account => '701', text => "第 $_ 条"}
	} 1 .. 250])->{data}{ids};
	my @newest = reverse @$made;

	is(scalar @{ids(get('statuses/mentions'), 'statuses')}, 20, 'count defaults to 20');
	is(scalar @{ids(get('statuses/mentions', count => 9999), 'statuses')}, 200,
		'count stops at 200');
	is_list(ids(get('statuses/mentions', count => 3), 'statuses'), [@newest[0 .. 2]],
		'newest first');
	is_list(ids(get('statuses/mentions', count => 3, max_id => $newest[2]), 'statuses'),
		[@newest[2 .. 4]], 'max_id is inclusive');
	is_list(ids(get('statuses/mentions', since_id => $newest[2]), 'statuses'),
		[@newest[0 .. 1]], 'since_id is exclusive');
	is_list(ids(get('statuses/mentions', since_id => $newest[5], max_id => $newest[3]),
			'statuses'), [@newest[3 .. 4]], 'both');
	is_list(ids(get('statuses/mentions', count => 4, page => 3), 'statuses'),
		[@newest[8 .. 11]], 'page');
	is_list(ids(get('statuses/mentions', since_id => $newest[0]), 'statuses'), [],
		'nothing new');
	is_list(ids(get('statuses/mentions', max_id => $newest[249]), 'statuses'),
		[$newest[249]], 'the oldest');
	is(get('statuses/mentions', count => 1)->{data}{next_cursor}, 0,
		'next_cursor is silent');
	act(kind => 'delete', id => $newest[1]);
	is_list(ids(get('statuses/mentions', count => 2), 'statuses'), [@newest[0, 2]],
		'deleted ones leave the page');

	my (%seen, $max);
	while (1)
	{
		my $page = ids(get('statuses/mentions', count => 50,
				defined $max ? (max_id => $max) : ()), 'statuses');
		my @new = grep { !$seen{$_}++ } @$page;

		last unless @new;
		$max = $page->[-1];
	}
	is(scalar keys %seen, 249, 'a walk by max_id sees all');
	is((grep { $_->{id} eq $newest[0] } @{truth('inbound')})[0]{served} > 0, 1,
		'truth counts what was served');
}

sub test_writes
{
	my $status = post('statuses/update', status => '早上好')->{data};

	is($status->{text}, '早上好', 'update answers the object');
	is($status->{user}{idstr}, '701', 'with its user');
	is_list(ids(get('statuses/user_timeline'), 'statuses'), [$status->{idstr}],
		'user_timeline');
	is_list(ids(get('statuses/user_timeline', token => 'tok-b', uid => '701'),
			'statuses'), [$status->{idstr}], 'user_timeline of another');
	refused(post('statuses/update', status => '早上好'), 400, 20019, 'the same again');
	is(post('statuses/update', status => '中午好')->{status}, 200, 'another text');
	is(post('statuses/update', status => '早上好')->{status}, 200,
		'the same, but not running');
	is(post('statuses/update', status => '字' x 140)->{status}, 200, '140 characters');
	refused(post('statuses/update', status => '字' x 141), 400, 20012, '141 characters');
	is(post('statuses/update', status => 'a' x 280)->{status}, 200, '280 ASCII');
	refused(post('statuses/update', status => 'a' x 281), 400, 20012, '281 ASCII');
	refused(post('statuses/update'), 400, 10016, 'no status');
	refused(request('POST', '/2/statuses/update', 'access_token=tok-a&status=%ff',
			$form_type), 400, 10017, 'status is not UTF-8');
	refused(request('POST', '/2/statuses/update?access_token=tok-a', '{"status":"x"}',
			'application/json'), 400, 10016, 'a JSON body is no form');
	refused(get('statuses/update', status => 'x'), 405, 10021, 'write by GET');
	refused(post('statuses/mentions'), 405, 10021, 'read by POST');
	refused(get('statuses/nowhere'), 404, 10020, 'no such path');
	refused(post('statuses/destroy', id => $status->{idstr}, token => 'tok-b'), 403,
		20102, 'not your own');
	is(post('statuses/destroy', id => $status->{idstr})->{data}{text}, '早上好',
		'destroy answers the object');
	refused(post('statuses/destroy', id => $status->{idstr}), 400, 20101, 'twice');

	my $theirs = act(kind => 'post_mention', uid => '801', account => '701', text => '喂');
	my $comment = post('comments/create', id => $theirs, comment => '您好')->{data};
	is($comment->{status}{idstr}, $theirs, 'comment answers the object');
	refused(post('comments/create', id => $theirs, comment => '您好'), 400, 20019,
		'the same comment again');
	is(post('comments/create', id => $theirs, comment => '您好', token => 'tok-b')
		->{status}, 200, 'the same from another account');
	refused(post('comments/create', id => '12', comment => '您好'), 400, 20101,
		'comment on nothing');
	refused(post('comments/destroy', cid => $comment->{idstr}, token => 'tok-b'), 403,
		20203, 'not your own comment');
	is(post('comments/destroy', cid => $comment->{idstr})->{status}, 200,
		'comments/destroy');
	refused(post('comments/destroy', cid => $comment->{idstr}), 400, 20201, 'twice');
	is(post('comments/create', id => $theirs, comment => '您好')->{status}, 200,
		'what was deleted may be said again');

	my $fact = attempt('早上好');
	is_list([@$fact{qw(requests applied refused cut)}], [3, 2, 1, 0], 'attempts counted');
}

sub test_messages
{
	my $message = post('direct_messages/new', uid => '801', text => '请说')->{data};

	is($message->{text}, '请说', 'message answers the object');
	is($message->{recipient}{idstr}, '801', 'with its recipient');
	is_list(ids(get('direct_messages/sent'), 'direct_messages'), [$message->{idstr}],
		'sent list');
	is(post('direct_messages/new', screen_name => '阿明', text => '再说')->{status}, 200,
		'by screen_name');
	refused(post('direct_messages/new', uid => '801', text => '再说'), 400, 20019,
		'the same message again');
	refused(post('direct_messages/new', uid => '802', text => '请说'), 403, 20306,
		'not a follower');
	refused(post('direct_messages/new', uid => '12', text => '请说'), 400, 20003,
		'nobody');
	refused(post('direct_messages/new', text => '请说'), 400, 10016, 'to nobody named');
	is(post('direct_messages/new', uid => '801', text => '字' x 300)->{status}, 200,
		'300');
	refused(post('direct_messages/new', uid => '801', text => '字' x 301), 400, 20012,
		'301');
	act(kind => 'unfollow', uid => '801', account => '701');
	refused(post('direct_messages/new', uid => '801', text => '还在吗'), 403, 20306,
		'no longer a follower');
	my $replies = sim('GET', 'truth/replies?recipient=801')->{data};
	is($replies->{applied}, 3, 'truth of a recipient');
}

sub test_friends
{
	is(post('friendships/create', uid => '802')->{data}{following}, 1, 'follow');
	refused(post('friendships/create', uid => '802'), 400, 20506, 'already');
	is_list(get('friends/ids', uid => '701')->{data}{ids}, ['802'], 'friends/ids');
	post('friendships/create', uid => '801');
	my $first = get('friends/ids', uid => '701', count => 1)->{data};
	is_list([ @{ $first->{ids} }, $first->{total_number} ], [ '801', 2 ], 'friends/ids, page 1');
	my $second = get('friends/ids', uid => '701', count => 1, cursor => $first->{next_cursor})->{data};
	is_list([ @{ $second->{ids} }, $second->{next_cursor} ], [ '802', 0 ], 'friends/ids, page 2');
	post('friendships/destroy', uid => '801');
	sim('POST', 'account', {uid => '701', screen_name => '广东客服', token => 'tok-a', domain => 'ct10000gd',
		description => '官方微博', messages_open => JSON::PP::true});
	my $shown = get('users/show', uid => '701')->{data};
	is_list([ @$shown{qw(domain description allow_all_act_msg)} ], [ 'ct10000gd', '官方微博', 1 ], 'profile');
	is(get('users/show', screen_name => '小红')->{data}{idstr}, '802', 'users/show');
	is(get('users/show', uid => '701')->{data}{friends_count}, 1, 'friends_count');
	is(post('friendships/destroy', uid => '802')->{data}{following}, 0, 'unfollow');
	refused(post('friendships/destroy', uid => '802'), 400, 20522, 'not followed');
	refused(post('friendships/create', uid => '9'), 400, 20003, 'nobody');
	my ($fact) = grep { $_->{action} eq 'follow' && ($_->{recipient} // '') eq '802' }
		@{truth('attempts')};
	is_list([@$fact{qw(requests applied refused)}], [2, 1, 1], 'follows counted');
}

sub test_rates
{
	sim('POST', 'config', {user_limit => 5, post_limit => 2, window => 3600});
	is(get('statuses/mentions')->{status}, 200, 'request 1');
	is(post('statuses/update', status => 'a')->{status}, 200, 'request 2');
	is(post('statuses/update', status => 'b')->{status}, 200, 'request 3');
	refused(post('statuses/update', status => 'c'), 403, 10024, 'third post');
	my $left = get('account/rate_limit_status')->{data};
	is($left->{user_limit}, 5, 'user_limit');
	is($left->{remaining_user_hits}, 2, 'remaining_user_hits');
	ok($left->{reset_time_in_seconds} > 0 && $left->{reset_time_in_seconds} <= 3600,
		'reset_time_in_seconds', $left->{reset_time_in_seconds});
	ok($left->{reset_time} =~ $date, 'reset_time');
	is((grep { $_->{api} eq '/statuses/update' } @{$left->{api_rate_limits}})[0]
		{remaining_hits}, 0, 'remaining posts');
	is(get('comments/to_me')->{status}, 200, 'request 4');
	is(get('comments/to_me')->{status}, 200, 'request 5');
	refused(get('comments/to_me'), 403, 10023, 'request 6');
	is(get('comments/to_me', token => 'tok-b')->{status}, 200, 'the other token is free');
	is(get('account/rate_limit_status')->{data}{remaining_user_hits}, 0,
		'the status is free of charge');
	is(attempt('c')->{refused}, 1, 'the refused post is known');
	is(scalar(grep { $_->{why} eq 'rate_user' } @{truth('refused')}), 1,
		'refused ones are listed');
	my ($token) = grep { $_->{name} eq 'tok-a' } @{truth('requests')->{tokens}};
	is_list([@$token{qw(requests refused in_window)}], [9, 2, 5], 'counts of a token');
	my ($path) = grep { $_->{name} eq 'GET /2/comments/to_me' }
		@{truth('requests')->{paths}};
	is($path->{requests}, 4, 'counts of a path');

	furnish();
	sim('POST', 'config', {ip_limit => 2});
	get('statuses/mentions');
	get('statuses/mentions', token => 'tok-b');
	refused(get('statuses/mentions'), 403, 10022, 'per address');
	sim('POST', 'config', {ip_limit => 0});
	sim('POST', 'token', {token => 'tok-a', user_limit => 1});
	refused(get('statuses/mentions'), 403, 10023, 'a limit of one token');

	# A window that is over is empty again.
	furnish();
	sim('POST', 'config', {user_limit => 1, window => 1});
	get('statuses/mentions');
	select undef, undef, undef, 1.1;
	is(get('statuses/mentions')->{status}, 200, 'the next window');
}

sub test_switches
{
	sim('POST', 'config', {string_error_codes => JSON::PP::true});
	ok(get('statuses/show', id => 1)->{body} =~ /"error_code":"20101"/,
		'error_code as a string');
	my $long = act(kind => 'post_mention', uid => '801', account => '701', text => '从上周三开始断网');
	sim('POST', 'config', {cut_at => 3});
	my $cut = get('statuses/mentions')->{data}{statuses}[0];
	is($cut->{text}, '从上周…', 'lists show the beginning of a post');
	ok($cut->{truncated}, 'and say that more follows');
	my $whole = get('statuses/show', id => $long)->{data};
	is($whole->{text}, '从上周三开始断网', 'alone it is whole');
	ok(!$whole->{truncated}, 'and says so');
	sim('POST', 'config', {cut_at => 0});
	is(get('statuses/mentions')->{data}{statuses}[0]{text}, '从上周三开始断网', 'whole again');
	sim('POST', 'config', {require_rip => JSON::PP::true});
	refused(post('statuses/update', status => 'x'), 400, 10016, 'rip required');
	is(post('statuses/update', status => 'x', rip => '192.0.2.1')->{status}, 200,
		'rip given');

	furnish();
	my $plain = act(kind => 'dm', uid => '801', account => '701', text => '1');
	sim('POST', 'config', {ids => 'above_int64'});
	my $big = act(kind => 'dm', uid => '801', account => '701', text => '2');
	sim('POST', 'config', {ids => 'above_uint64'});
	my $huge = act(kind => 'dm', uid => '801', account => '701', text => '3');
	ok(length $big == 20 && $big gt '09223372036854775807', 'id above 2^63', $big);
	ok(length $huge == 21, 'id above 2^64', $huge);
	my $body = get('direct_messages')->{body};
	ok($body =~ /"id":$huge,"idstr":"$huge"/ && $body =~ /"id":$big,"idstr":"$big"/,
		'as bare numbers');
	is_list(ids(get('direct_messages', max_id => $big), 'direct_messages'),
		[$big, $plain], 'max_id with big ids');
	is_list(ids(get('direct_messages', since_id => $big), 'direct_messages'), [$huge],
		'since_id with big ids');
	is(sim('POST', 'config', {ids => 'plain'})->{status}, 400, 'ids never shrink');

	furnish();
	sim('POST', 'config', {overlap_ids => JSON::PP::true});
	my $status = act(kind => 'post', uid => '801', text => '1');
	is(act(kind => 'dm', uid => '801', account => '701', text => '2'), $status,
		'ids that meet across kinds');
}

sub test_cuts
{
	my $id = fault(match => 'statuses/update', kind => 'cut_before', times => 1);

	is(post('statuses/update', status => '甲')->{status}, 0, 'cut_before: no reply');
	is_list([@{attempt('甲')}{qw(requests applied cut)}], [1, 0, 1],
		'cut_before: not done');
	is(post('statuses/update', status => '甲')->{status}, 200, 'times is over');
	is(hits($id), 1, 'hits');

	fault(match => 'statuses/update', kind => 'cut_after_apply', times => 1);
	is(post('statuses/update', status => '乙')->{status}, 0, 'cut_after_apply: no reply');
	is(get('statuses/user_timeline')->{data}{statuses}[0]{text}, '乙',
		'cut_after_apply: done');
	refused(post('statuses/update', status => '乙'), 400, 20019, 'sent again');
	my $fact = attempt('乙');
	is_list([@$fact{qw(requests applied refused cut)}], [2, 1, 1, 0], 'in the truth');
	my ($write) = grep { $_->{text} eq '乙' } @{truth('writes')};
	is($write->{requests}, 2, 'requests of a write');
	is($write->{id}, $fact->{ids}[0], 'id of an attempt');
}

sub test_refusing_faults
{
	fault(match => '/2/', kind => 'status', code => 502, body => '<h1>Bad Gateway</h1>',
		times => 1);
	my $reply = post('statuses/update', status => '丙');
	is($reply->{status}, 502, 'status');
	is($reply->{body}, '<h1>Bad Gateway</h1>', 'status body');
	is(attempt('丙')->{applied}, 0, 'status: not done');

	fault(match => '/2/', kind => 'status', code => 500, apply => JSON::PP::true,
		times => 1);
	is(post('statuses/update', status => '丁')->{status}, 500, 'status with apply');
	is(attempt('丁')->{applied}, 1, 'status with apply: done');

	fault(match => '/2/', kind => 'rate', times => 1);
	refused(post('statuses/update', status => '戊'), 403, 10023, 'rate');
	is(attempt('戊')->{refused}, 1, 'rate: not done');

	fault(match => '/2/', kind => 'empty200', times => 1);
	$reply = get('statuses/user_timeline');
	is($reply->{status}, 200, 'empty200');
	is($reply->{body}, '', 'empty200: nothing in it');

	fault(match => 'comments', kind => 'success_without_id', times => 1);
	my $theirs = act(kind => 'post', uid => '801', text => '喂');
	refused(post('comments/create', id => $theirs, comment => '您好'), 400, 20031,
		'success_without_id');
	is(sim('GET', "truth/replies?parent=$theirs")->{data}{replies}[0]{applied}, 1,
		'success_without_id: done');
	fault(match => 'comments', kind => 'success_without_id', times => 1);
	refused(post('comments/create', id => $theirs, comment => '您好'), 400, 20019,
		'success_without_id keeps a true refusal');

	fault(match => '/2/', method => 'GET', kind => 'rate');
	is(post('statuses/update', status => '己')->{status}, 200, 'method is looked at');
	fault(match => '/2/', token => 'tok-b', kind => 'rate');
	is(get('statuses/mentions')->{status}, 200, 'token is looked at');
	fault(match => '/2/', kind => 'rate', after => 1, times => 1);
	is_list([map { get('statuses/mentions')->{status} } 1 .. 3], [200, 403, 200],
		'after');
	my $id = fault(match => '/2/', kind => 'rate', p => 0.5);
	my @dice = map { get('statuses/mentions')->{status} } 1 .. 40;
	my $hit = grep { $_ == 403 } @dice;
	ok($hit > 5 && $hit < 35, 'p', $hit);
	is(hits($id), $hit, 'hits under p');
	is(sim('DELETE', 'fault')->{data}{removed}, 1, 'faults removed');
	is(get('statuses/mentions')->{status}, 200, 'and gone');
}

sub test_spoiling_faults
{
	act(kind => 'post_mention', uid => '801', account => '701', text => '甲');
	my $good = get('statuses/mentions')->{body};

	fault(match => 'mentions', kind => 'bad_json', times => 1);
	my $reply = get('statuses/mentions');
	ok($reply->{status} == 200 && !defined $reply->{data} && length $reply->{body},
		'bad_json');

	fault(match => 'mentions', kind => 'truncate', bytes => 100, times => 1);
	$reply = get('statuses/mentions');
	is($reply->{status}, 200, 'truncate');
	ok(!$reply->{whole}, 'truncate: fewer bytes than announced');
	is($reply->{body}, substr($good, 0, 100), 'truncate: the first ones');

	fault(match => 'mentions', kind => 'huge', bytes => 3_000_000, times => 1);
	$reply = get('statuses/mentions');
	is(length $reply->{body}, 3_000_000, 'huge');
	is(scalar @{$reply->{data}{statuses}}, 1, 'huge is still JSON');

	fault(match => 'mentions', kind => 'slow_body', bytes => 4 * length $good,
		times => 1);
	my $began = time;
	$reply = get('statuses/mentions');
	is($reply->{body}, $good, 'slow_body is whole');
	ok(time - $began >= 0.2, 'slow_body takes its time', time - $began);

	fault(match => 'mentions', kind => 'insert_between', k => 3, times => 1);
	sim('POST', 'act_many', [map {
		{kind => 'post_mention', uid => '801', account => '701', text => "丙$_"}
	} 1 .. 10]);
	my $first = ids(get('statuses/mentions', count => 4), 'statuses');
	my $second = ids(get('statuses/mentions', count => 4, page => 2), 'statuses');
	is(scalar(grep { my $id = $_; grep { $_ eq $id } @$first } @$second), 3,
		'insert_between moves the pages by k');
	is(scalar(grep { $_->{kind} eq 'inserted' } @{truth('inbound')}), 3,
		'inserted items are in the truth');
	my $old = ids(get('statuses/mentions', count => 4, max_id => $first->[-1]),
		'statuses');
	is($old->[0], $first->[-1], 'but max_id holds');
}

sub test_slow
{
	# Ten minutes: whoever had to wait for this one would meet the alarm.
	fault(match => 'statuses/update', kind => 'slow', ms => 600_000, times => 1);
	my $slow = send_request('POST', '/2/statuses/update',
		form(access_token => 'tok-a', status => '慢'), $form_type);
	1 until attempt('慢');
	is(get('statuses/user_timeline')->{data}{statuses}[0]{text}, '慢',
		'slow: done first, and holds up nobody');
	ok(!IO::Select->new($slow)->can_read(0), 'slow: not answered yet');
	close $slow;

	fault(match => 'statuses/update', kind => 'slow', ms => 200, times => 1);
	my $began = time;
	is(post('statuses/update', status => '不太慢')->{data}{text}, '不太慢',
		'slow: answered in the end');
	ok(time - $began >= 0.2, 'slow takes its time', time - $began);

	# Given up by the client, done all the same.
	my $id = fault(match => 'statuses/update', kind => 'slow', ms => 300,
		when => 'before', times => 1);
	$slow = send_request('POST', '/2/statuses/update',
		form(access_token => 'tok-a', status => '更慢'), $form_type);
	1 until hits($id);
	close $slow;
	my $fact;
	for (1 .. 600)
	{
		last if $fact = attempt('更慢');
		select undef, undef, undef, 0.1;
	}
	is($fact->{applied}, 1, 'slow before: done after the client left');
}

sub test_keepalive
{
	my $socket = connected();
	my $n = 0;
	my $all = '';

	for (1 .. 50)
	{
		print $socket "GET /2/direct_messages?access_token=tok-a HTTP/1.1\r\n"
			. "Host: 127.0.0.1\r\n\r\n";
		$socket->flush;
		while ($all !~ s/^HTTP\/1\.1 200 .*?"total_number":0\}//s)
		{
			sysread($socket, $all, 65536, length $all) or last;
		}
		$n++;
	}
	is($n, 50, 'many requests on one connection');
	close $socket;
}

sub comparable
{
	my $truth = sim('GET', 'truth')->{data};

	# What was served is not worth a line in the journal.
	delete $_->{served} for @{$truth->{inbound}}, @{$truth->{writes}};
	return $json->encode($truth);
}

sub test_restart
{
	my ($from) = @_;
	my ($before, $next);

	sim('POST', 'config', {user_limit => 50, ids => 'above_int64'});
	my $ours = post('statuses/update', status => '公告')->{data}{idstr};
	my $theirs = act(kind => 'comment', uid => '801', parent => $ours, text => '嗯');
	act(kind => 'dm', uid => '802', account => '702', text => '在吗');
	act(kind => 'post_mention', uid => '802', account => '702', text => '没写名字');
	post('comments/reply', id => $ours, cid => $theirs, comment => '您好');
	post('comments/reply', id => $ours, cid => $theirs, comment => '您好');
	post('friendships/create', uid => '802');
	act(kind => 'delete', id => $theirs);
	fault(match => 'update', kind => 'cut_before', times => 1);
	post('statuses/update', status => '丢了');
	subscribe(again => 1);
	act(kind => 'dm', uid => '802', account => '701', text => '请问');
	acknowledge(pushed(), 200) for 1 .. 2;
	pushes_over(1);
	answer(802, '请说');
	$before = comparable();
	stop($from, 'KILL');

	# A line torn by the kill was never answered, so it never happened.
	open(my $journal, '>>', "$dir/journal") or die "journal: $!\n";
	print $journal '{"e":"item","at":12';
	close $journal;
	$from = start('--state', "$dir/journal");
	is(comparable(), $before, 'the truth outlives a kill');
	is(get('account/rate_limit_status')->{data}{remaining_user_hits}, 45,
		'and so do the windows');
	$next = post('statuses/update', status => '续')->{data}{idstr};
	ok($next gt $ours, 'ids go on', "$ours, $next");
	refused(post('comments/create', id => $ours, comment => '续', token => 'tok-x'), 401,
		21332, 'tokens are as before');
	is(get('statuses/mentions', token => 'tok-b')->{data}{total_number}, 1,
		'feeds are as before');
	$before = comparable();
	is(stop($from, 'TERM'), 0, 'a clean end');
	ok(!-e "$dir/pid", 'the pid file is gone');
	$from = start('--state', "$dir/journal");
	is(comparable(), $before, 'and a second time');

	# A clean end also while replies are waiting, and what was held back is not done.
	my @held = map {
		fault(match => 'user_timeline', kind => $_->[0], times => 1, @{$_->[1]});
		my $socket = send_request('GET',
			'/2/statuses/user_timeline?access_token=tok-a');
		sim('GET', 'health');
		$socket;
	} [slow => [ms => 600_000]], [slow_body => [bytes => 1]],
		[slow => [ms => 600_000, when => 'before']];
	close $held[1];
	is(stop($from, 'TERM'), 0, 'a clean end with replies waiting');

	open($journal, '>>', "$dir/journal") or die "journal: $!\n";
	print $journal "{\"e\":\"dance\"}\n";
	close $journal;
	system("$program --state $dir/journal 2>$dir/error");
	is($? >> 8, 1, 'a journal that makes no sense is refused');
	system("$program --port http 2>$dir/error");
	is($? >> 8, 2, 'a port that is none is refused');
}

sub test_search
{
	my @ids = map { act(kind => 'post', uid => '801', text => "断网 $_") } 1 .. 3;
	act(kind => 'post', uid => '801', text => '别的');
	act(kind => 'delete', id => $ids[0]);
	is_list(ids(get('search/topics', q => '断网'), 'statuses'), [ @ids[ 2, 1 ] ], 'search');
	is_list(ids(get('search/topics', q => '断网', count => 1, page => 2), 'statuses'), [ $ids[1] ], 'search, page 2');
	refused(get('search/topics'), 400, 10016, 'search for nothing');
	my $page = signed('netease', 'GET', '1/statuses/search.json', q => '断网')->{data};
	is_list([ map { join ' ', @{$_}{qw(id from_user_id from_user from_user_name)} } @$page ],
		[ map { "-$_ 801 h801 阿明" } @ids[ 2, 1 ] ], 'netease: search');
	ok(!grep({ $_->{user} } @$page), 'netease: what is found has no user');
}

sub test_others_posts
{
	my @ids = map { act(kind => 'post', uid => '802', text => "公告 $_") } 1 .. 3;
	my @page = ('GET', 'statuses/user_timeline', format => 'json', reqnum => 2);
	my $data = signed('tencent', @page, name => '802')->{data}{data}{info};

	is_list([ map { $_->{id} } @$data ], [ @ids[ 2, 1 ] ], "tencent: somebody's posts");
	$data = signed('tencent', @page, name => '802', pageflag => 1, pagetime => $data->[1]{timestamp}, lastid => $ids[1])->{data}{data}{info};
	is($data->[0]{id}, $ids[0], "tencent: somebody's posts, older");
	is(signed('tencent', @page, name => '17')->{data}{ret}, 1, "tencent: nobody's posts");
	is_list([ map { $_->{id} } @{ signed('sohu', 'GET', 'statuses/user_timeline/802.json', count => 2)->{data} } ],
		[ @ids[ 2, 1 ] ], "sohu: somebody's posts");
	is(signed('sohu', 'GET', 'statuses/user_timeline/802.json', count => 2, page => 2)->{data}[0]{id}, $ids[0],
		"sohu: somebody's posts, page 2");
	refused_by_words(signed('sohu', 'GET', 'statuses/user_timeline/17.json'), 400, 'The user does not exist.', "sohu: nobody's posts");
}

# A request of a signed dialect, with this file's own reading of RFC 5849; named
# oauth_ parameters replace the usual ones, of which an undefined one is left out.
my $nonces = 0;
sub signed
{
	my ($dialect, $method, $path, %param) = @_;
	my %all = (oauth_consumer_key => 'desk&key', oauth_token => 'tok-a', oauth_signature_method => 'HMAC-SHA1',
		oauth_timestamp => int(time), oauth_nonce => 'n' . ++$nonces, %param);
	delete $all{$_} for grep { !defined $all{$_} } keys %all;
	my $signature = delete $all{oauth_signature};
	my $base = join '&', $method, substr(form(x => "http://127.0.0.1/$dialect/$path"), 2),
	  substr(form(x => join '&', sort split /&/, form(%all)), 2);
	$base = encode_utf8($base);
	$all{oauth_signature} = $signature // hmac_sha1_base64($base, '%5E%21%28%29%25%24&secret%2Bof%2Ftok-a') . '=';
	my @headers;
	if ($dialect ne 'tencent')
	{
		my %oauth = map { $_ => delete $all{$_} } grep { /^oauth_/ } keys %all;
		@headers = 'Authorization: OAuth realm="x", ' . form(%oauth) =~ s/=([^&]*)(&|$)/="$1"$2/gr =~ s/&/, /gr;
	}
	return $method eq 'GET' ? request('GET', "/$dialect/$path?" . form(%all), undef, undef, @headers)
		: request('POST', "/$dialect/$path", form(%all), $form_type, @headers);
}

sub test_tencent
{
	my $said = sub { return signed('tencent', @_, format => 'json')->{data} };
	my @ids = map { act(kind => 'post_mention', uid => '801', account => '701', text => "问$_", created_at => 1700000000) } 1 .. 5;
	my @mentions = ('GET', 'statuses/mentions_timeline', type => 59);
	my $page = $said->(@mentions, reqnum => 2);

	is($page->{ret}, 0, 'tencent: signed');
	is_list([ map { $_->{id} } @{ $page->{data}{info} } ], [ @ids[ 4, 3 ] ], 'tencent: newest first');
	is($page->{data}{hasnext}, 0, 'tencent: hasnext means no');
	is($page->{data}{info}[0]{name}, '801', 'tencent: flat users');
	$page = $said->(@mentions, reqnum => 2, pageflag => 1, pagetime => 1700000000, lastid => $ids[3]);
	is_list([ map { $_->{id} } @{ $page->{data}{info} } ], [ @ids[ 2, 1 ] ], 'tencent: older, within one second');
	is_list([ map { $said->('GET', 'private/recv')->{msg} } 1 .. 2 ], [ 'result is empty', 'have no tweet' ], 'tencent: nothing, twice');
	my $made = $said->('POST', 't/comment', reid => $ids[0], content => '好 & 100%');
	is_list([ sort keys %{ $made->{data} } ], [qw(id time)], 'tencent: id and time alone');
	is(attempt('好 & 100%')->{applied}, 1, 'tencent: said');
	is($said->('POST', 't/comment', reid => $ids[0], content => '好 & 100%')->{errcode}, 13, 'tencent: the same again');
	is($said->('POST', 't/reply', reid => $made->{data}{id}, content => '再答')->{ret}, 0, 'tencent: an answer to a comment');
	is(attempt('再答')->{answers}, $made->{data}{id}, 'tencent: to that one');
	is($said->(@mentions, oauth_nonce => 'n1', oauth_timestamp => int(time) - 60)->{ret}, 0, 'tencent: another time, the same nonce');
	is(signed('tencent', @mentions)->{data}{ret}, 1, 'tencent: format is asked for');
	my $at = int(time);
	$said->(@mentions, oauth_nonce => 'once', oauth_timestamp => $at);
	is($said->(@mentions, oauth_nonce => 'once', oauth_timestamp => $at)->{msg}, 'nonce used', 'tencent: a nonce twice');
	is($said->(@mentions, oauth_timestamp => int(time) - 301)->{msg}, 'timestamp refused', 'tencent: late');
	is($said->(@mentions, oauth_signature => 'AAAA')->{errcode}, 36, 'tencent: wrongly signed');
	is($said->(@mentions, oauth_consumer_key => 'other')->{errcode}, 36, 'tencent: another application');
	is($said->(@mentions, oauth_token => undef)->{ret}, 3, 'tencent: no token');
	sim('POST', 'fault', { kind => 'success_without_id', times => 1 });
	$made = $said->('POST', 't/add', content => '公告');
	is($made->{ret}, 0, 'tencent: yes');
	ok(!defined $made->{data}, 'tencent: without an id');
	sim('DELETE', 'fault');
}

sub test_netease
{
	my @ids = map { act(kind => 'dm', uid => '801', account => '701', text => "问$_") } 1 .. 4;
	my $list = sub { return [ map { $_->{id} } @{ signed('netease', 'GET', 'direct_messages.json', @_)->{data} } ] };

	is_list($list->(count => 2), [ map { "-$_" } @ids[ 3, 2 ] ], 'netease: newest first, signed ids');
	is_list($list->(since_id => "-8$ids[2]"), [ map { "-$_" } @ids[ 1, 0 ] ], 'netease: since_id is older, without');
	is_list($list->(max_id => "-8$ids[2]"), [ map { "-$_" } @ids[ 3, 2 ] ], 'netease: max_id is newer, with');
	refused(signed('netease', 'GET', 'direct_messages.json', since_id => "-$ids[2]"), 400, '40002', 'netease: an id is no cursor');
	my $made = signed('netease', 'POST', 'direct_messages/new.json', user => 'h801', text => '您好')->{data};
	is($made->{sender}{screen_name}, 'h701', 'netease: the handle');
	is($made->{sender}{name}, '广东客服', 'netease: the name');
	refused(signed('netease', 'POST', 'direct_messages/new.json', user => '801', text => '您好'), 404, '40413', 'netease: an id is no handle');
	my $post = act(kind => 'post_mention', uid => '801', account => '701', text => '在吗');
	$made = signed('netease', 'POST', 'statuses/reply.json', id => "-$post", status => '在的')->{data};
	is($made->{in_reply_to_status_id}, "-$post", 'netease: what it answers');
	refused(signed('netease', 'GET', 'direct_messages.json', oauth_signature => 'AAAA'), 401, '40107', 'netease: wrongly signed');
}

sub test_sohu
{
	my $twice = sub { return substr(form(x => $_[0]), 2) };
	my $post = signed('sohu', 'POST', 'statuses/update.json', status => $twice->('今天 100%'))->{data};
	is($post->{text}, '今天 100%', 'sohu: a text encoded twice');
	refused_by_words(signed('sohu', 'POST', 'statuses/update.json', status => '今天'), 400, 'Wrong parameter.', 'sohu: a text encoded once');
	my @ids = map { act(kind => 'comment', uid => '801', parent => $post->{id}, text => "评$_") } 1 .. 3;
	my $page = signed('sohu', 'GET', 'statuses/comments_timeline.json', count => 2)->{data};
	is_list([ map { $_->{id} } @{ $page->{comments} } ], [ @ids[ 2, 1 ] ], 'sohu: comments in an envelope');
	is($page->{cursor_id}, $ids[1], 'sohu: with a cursor');
	$page = signed('sohu', 'GET', 'statuses/comments_timeline.json', count => 2, cursor_id => $page->{cursor_id})->{data};
	is_list([ map { $_->{id} } @{ $page->{comments} } ], [ $ids[0] ], 'sohu: behind it');
	is($page->{cursor_id}, '0', 'sohu: the end');
	is_list([ map { $_->{id} } @{ signed('sohu', 'GET', "statuses/comments/$post->{id}.json", count => 2, page => 2)->{data} } ],
		[ $ids[0] ], 'sohu: pages by number');
	is(signed('sohu', 'POST', 'statuses/comment.json', id => $post->{id}, comment => $twice->('谢谢'))->{data}{in_reply_to_status_id},
		$post->{id}, 'sohu: a comment');
	refused_by_words(signed('sohu', 'POST', 'statuses/comment.json', id => $post->{id}, comment => $twice->('谢谢')), 400,
		'Same status is not acceptable within 5 minutes.', 'sohu: the same again');
	refused_by_words(signed('sohu', 'POST', 'direct_messages/new.json', user => '802', text => $twice->('您好')), 403,
		"can't send direct message to user who is not your follower!", 'sohu: no follower');
	refused_by_words(signed('sohu', 'GET', 'direct_messages.json', oauth_signature => 'AAAA'), 401, 'oauth: signature_invalid', 'sohu: wrongly signed');
}

sub refused_by_words
{
	my ($reply, $status, $words, $name) = @_;

	is($reply->{status}, $status, "$name, status");
	is($reply->{data}{error}, $words, "$name, words");
}

# --- what is pushed -------------------------------------------------------------

my $receiver = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 50) or die "cannot listen: $!\n";
my $push_secret = 'xyz123xyz';

# The next push: method, query, data (its body), and the socket that waits; undef: none
# comes within that many seconds.
sub pushed
{
	my ($seconds) = @_;

	return undef if !IO::Select->new($receiver)->can_read($seconds // 20);
	my $socket = $receiver->accept;
	my $all = '';
	until ($all =~ /\r\n\r\n/) { sysread($socket, $all, 65536, length $all) or return undef; }
	my ($head, $body) = split /\r\n\r\n/, $all, 2;
	my ($length) = $head =~ /^Content-Length: (\d+)/mi;
	while (length $body < ($length // 0)) { sysread($socket, $body, 65536, length $body) or return undef; }
	my ($method, $query) = $head =~ m{^([A-Z]+) /push/a\?(\S+) HTTP};
	return {
		socket => $socket,
		method => $method,
		query => { map { split /=/, $_, 2 } split /&/, $query // '' },
		data => scalar eval { $json->decode(decode_utf8($body)) },
	};
}

# Answers it; without status there is none.
sub acknowledge
{
	my ($push, $status, $body) = @_;

	$body = encode_utf8($body // '');
	print { $push->{socket} } "HTTP/1.1 $status X\r\nContent-Length: " . length($body) . "\r\n\r\n$body" if $status;
	close $push->{socket};
}

sub is_signed
{
	my ($push) = @_;
	my $query = $push->{query};

	return $query->{signature} eq sha1_hex(join '', sort $push_secret, $query->{timestamp}, $query->{nonce});
}

# Subscribes 701, with a receiver that echoes.
sub subscribe
{
	my (%how) = @_;

	sim('POST', 'push', {account => '701', url => 'http://127.0.0.1:' . $receiver->sockport . '/push/a',
		app_secret => $push_secret, pause_ms => 10, patience_ms => 20_000, at_once => 1, %how});
	my $setup = pushed();
	acknowledge($setup, 200, $setup->{query}{echostr});
	return $setup;
}

# The pushes but the set-up, once n of them are over.
sub pushes_over
{
	my ($n) = @_;

	for (1 .. 400)
	{
		my @over = grep { $_->{kind} ne 'setup' && $_->{state} =~ /done|given_up/ } @{truth('pushes')};
		return @over if @over >= $n;
		select undef, undef, undef, 0.05;
	}
	return ();
}

sub counts { return join ' ', map { "$_=$_[0]{$_}" } grep { $_[0]{$_} } qw(tries acknowledged refused unanswered answers answers_refused); }

sub test_push
{
	is(sim('POST', 'push', {account => '701', url => 'http://example.com/', app_secret => 'x'})->{status}, 400,
		'nothing is pushed to the world');
	is(sim('POST', 'push', {account => '801', url => 'http://127.0.0.1:1/'})->{status}, 400, 'nor for a customer');

	# Who doesn't echo gets nothing.
	my $setup = subscribe();
	is($setup->{method}, 'GET', 'set-up asks');
	ok(is_signed($setup), 'and is signed');
	my $id = act(kind => 'dm', uid => '801', account => '701', text => '断网了', created_at => 1342433360);
	my $push = pushed();
	ok(is_signed($push), 'a push is signed');
	is($json->encode($push->{data}), '{"created_at":"Mon Jul 16 18:09:20 +0800 2012","data":{},"receiver_id":701,"sender_id":801,"text":"断网了","type":"text"}',
		'a message, which has no id');
	acknowledge($push, 200);
	my ($over) = pushes_over(1);
	is("$over->{state} $over->{id} " . counts($over), "done $id tries=1 acknowledged=1", 'it is taken');

	# Three times at most, the same request; anything but nothing is no acknowledgement.
	act(kind => 'dm', uid => '801', account => '701', text => '喂');
	my @tries = map { my $try = pushed(); acknowledge($try, @$_); $try } [503], [200, 'ok'], [];
	is(scalar(grep { $_->{query}{nonce} eq $tries[0]{query}{nonce} } @tries), 3, 'a try is repeated as it was');
	(undef, $over) = pushes_over(2);
	is("$over->{state} $over->{last_status} " . counts($over), 'given_up 0 tries=3 refused=2 unanswered=1', 'three tries');
	sim('POST', 'push', {account => '701', sign_anew => JSON::PP::true, tries => 2});
	act(kind => 'dm', uid => '801', account => '701', text => '在吗');
	@tries = map { my $try = pushed(); acknowledge($try, @$_); $try } [500], [200];
	ok($tries[0]{query}{nonce} ne $tries[1]{query}{nonce} && is_signed($tries[1]), 'or is signed anew');
	ok(!pushed(0.2), 'and no more');

	# Mentions name what mentions; who follows is an event; who is impatient hangs up.
	my $mention = act(kind => 'post_mention', uid => '802', account => '701', text => '@广东客服 慢');
	$push = pushed();
	is($json->encode($push->{data}{data}), qq({"key":"$mention","subtype":"status"}), 'a mention');
	acknowledge($push, 200);
	act(kind => 'follow', uid => '802', account => '701');
	$push = pushed();
	is("$push->{data}{type} $push->{data}{data}{subtype}", 'event follow', 'a follower');
	acknowledge($push, 200);
	sim('POST', 'push', {account => '701', keyless => 1, patience_ms => 100});
	act(kind => 'comment_mention', uid => '802', account => '701', text => '慢');
	$push = pushed();
	is($json->encode($push->{data}{data}), '{"subtype":"comment"}', 'without a key');
	my $again = pushed();
	acknowledge($again, 200);
	($over) = (pushes_over(6))[-1];
	is(counts($over), 'tries=2 acknowledged=1 unanswered=1', 'patience has an end');
}

# What isn't the platform's, isn't known, comes twice, or in another order.
sub test_push_badly
{
	subscribe(forged => 1, odd => 1, again => 1);
	act(kind => 'dm', uid => '801', account => '701', text => '断网了');
	my %seen;
	for (1 .. 5)
	{
		my $push = pushed();
		$seen{ is_signed($push) ? "$push->{data}{type} $push->{data}{text}" : 'forged' }++;
		acknowledge($push, is_signed($push) ? 200 : 403);
	}
	ok(!pushed(0.2), 'no more than that');
	is(join(' | ', map { "$_: $seen{$_}" } sort grep { !/^(event|sticker)/ } keys %seen), 'forged: 1 | text 断网了: 2', 'forged, and again');
	is(join(' | ', map { "$_->{kind} $_->{state} " . counts($_) } pushes_over(3)),
		'forged given_up tries=1 refused=1 | odd done tries=2 acknowledged=2 | item done tries=2 acknowledged=2', 'all of it in the books');

	furnish();
	subscribe(shuffle => 20);
	sim('POST', 'act_many', [ map { {kind => 'dm', uid => '801', account => '701', text => "第$_"} } 10 .. 29 ]);
	my @came = map { my $push = pushed(); acknowledge($push, 200); $push->{data}{text} } 1 .. 20;
	is(join(' ', sort @came), join(' ', map { "第$_" } 10 .. 29), 'shuffled, all come');
	ok(join(' ', @came) ne join(' ', sort @came), 'in another order');

	furnish();
	subscribe(hang_up => 1, tries => 2);
	act(kind => 'dm', uid => '801', account => '701', text => '急');
	acknowledge(pushed(), 200) for 1 .. 2;
	is(counts((pushes_over(1))[0]), 'tries=2 unanswered=2', 'who hangs up learns nothing');
}

sub answer { return post('messages/reply', type => 'text', receiver_id => $_[0], data => $json->encode({ text => $_[1] })); }

# How long and how often an answer is taken.
sub test_answers
{
	my $now = int time;

	refused(answer(801, '您好'), 403, 10014, 'nothing was asked');
	act(kind => 'dm', uid => '801', account => '701', text => '旧', created_at => $now - 48 * 3600 - 1);
	refused(answer(801, '您好'), 403, 10014, 'behind 48 hours');
	act(kind => 'dm', uid => '801', account => '701', text => '新', created_at => $now - 48 * 3600 + 60);
	is(answer(801, '您好')->{data}{result}, 1, 'within 48 hours');
	is(answer(801, '您好')->{status}, 200, 'any number');
	is(attempt('您好')->{applied} . ' ' . attempt('您好')->{refused}, '2 2', 'all counted');
	is(sim('GET', 'truth/replies?recipient=801')->{data}{applied}, 2, 'as replies');
	refused(answer(801, '字' x 301), 400, 20012, '301');
	refused(post('messages/reply', receiver_id => 801, data => '{"articles": []}'), 400, 10016, 'no words');
	act(kind => 'unfollow', uid => '801', account => '701');
	refused(answer(801, '还在吗'), 403, 20306, 'who left');
	act(kind => 'follow', uid => '801', account => '701');
	is(answer(801, '回来了')->{status}, 200, 'who came back');

	act(kind => 'post_mention', uid => '802', account => '701', text => '@广东客服 慢');
	is(answer(802, '一')->{status}, 200, 'a mention, without following');
	refused(answer(802, '二'), 403, 10014, 'is answered once');
	act(kind => 'comment_mention', uid => '802', account => '701', text => '还慢');
	is(answer(802, '三')->{status}, 200, 'another, once more');
	sim('POST', 'config', {replies_per_mention => 0, reply_window => 1});
	is(answer(802, '四')->{status}, 200, 'or any number');
	select undef, undef, undef, 2;
	refused(answer(802, '五'), 403, 10014, 'within another window');

	# Within the acknowledgement: one to each stimulus, however often that comes.
	subscribe(again => 1);
	sim('POST', 'config', {reply_window => 0});
	my $reply = $json->encode({ result => JSON::PP::true, receiver_id => 801, sender_id => 701, type => 'text',
		data => join '', map { sprintf '%%%02X', ord } split //, encode_utf8('{"text":"请稍候"}') });
	act(kind => 'dm', uid => '801', account => '701', text => '喂');
	acknowledge(pushed(), 200, $reply) for 1 .. 2;
	is(counts((pushes_over(1))[0]), 'tries=2 acknowledged=2 answers=1 answers_refused=1', 'one answer on the way');
	is(attempt('请稍候')->{applied} . ' ' . attempt('请稍候')->{refused}, '1 1', 'which is said once');
	act(kind => 'dm', uid => '802', account => '701', text => '喂');
	acknowledge(pushed(), 200, $reply) for 1 .. 2;
	is(attempt('请稍候')->{applied}, 1, 'and to nobody else');
}

# --- the run ----------------------------------------------------------------

alarm 600;
my $from = start('--seed', 7, '--state', "$dir/journal");

ok(-s "$dir/pid", 'the pid file is there');
for my $test (\&test_control, \&test_tokens, \&test_shapes, \&test_own_reposts, \&test_comments,
	\&test_reposts, \&test_mentions_by_text, \&test_paging, \&test_writes,
	\&test_messages, \&test_friends, \&test_rates, \&test_switches, \&test_cuts,
	\&test_refusing_faults, \&test_spoiling_faults, \&test_slow, \&test_keepalive, \&test_tencent,
	\&test_netease, \&test_sohu, \&test_search, \&test_others_posts, \&test_push, \&test_push_badly, \&test_answers)
{
	furnish();
	$test->();
}
furnish();
test_restart($from);
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);
