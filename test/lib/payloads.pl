#!/usr/bin/perl
# payloads.pl DIR: the checks of test/payloads, in the database of the
# environment.
#
# What is expected comes from reading the file here, by what is documented of
# the platform; the rows under test have no part in it.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use FindBin;
use lib $FindBin::Bin;
use Encode qw(encode_utf8);
use JSON::PP;
use KefuPayloads;
use Math::BigInt;
use Test::More;

$KefuPayloads::dir = shift or die "usage: payloads.pl DIR\n";

# --- what is documented ------------------------------------------------------

sub id_of
{
	my ($object) = @_;

	return undef unless ref $object eq 'HASH';
	return defined $object->{idstr} ? "$object->{idstr}" : defined $object->{id} ? "$object->{id}" : undef;
}

sub author
{
	my ($item, $user) = @_;

	$item->{author_id} = id_of($user);
	$item->{author_name} = $user->{screen_name};
	$item->{author_handle} = $user->{domain} if length($user->{domain} // '');
	$item->{author_province} = $user->{province};
	$item->{author_city} = $user->{city};
	$item->{author_verified} = truth($user->{verified});
	$item->{author_followers} = $user->{followers_count};
}

sub status
{
	my ($s, $no) = @_;
	my $label = ($s->{source} // '') =~ s/<[^>]*>//gr;
	my %item = (
		item_no => $no,
		item_type => 'status',
		native_id => id_of($s),
		dedupe_key => id_of($s),
		cursor => id_of($s),
		text => $s->{text},
		posted_at => instant($s->{created_at}),
		source_label => $label,
		is_deleted => truth($s->{deleted}) // JSON::PP::false,
		is_truncated => truth($s->{truncated}) // JSON::PP::false,
		media => $s->{original_pic},
		url => 'https://api.weibo.com/2/statuses/go?uid=' . id_of($s->{user}) . '&id=' . id_of($s),
	);

	author(\%item, $s->{user});
	if (my $r = $s->{retweeted_status})
	{
		$item{$_} = id_of($r) for qw(repost_of_id root_id parent_id);
		$item{parent_type} = 'status';
		$item{parent_author_id} = id_of($r->{user});
		$item{repost_text} = $r->{text};
	}
	return plain(\%item);
}

# --- the checks --------------------------------------------------------------

my $setup = sql(<<'SQL');
CREATE EXTENSION pg_kefu;
SELECT count(*) > 0 FROM kefu.load_preset('platform_sina_v2');
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, body_kind, item_kind, result_kind, items_paths)
    VALUES ('sina', 'reposts', 'feed', 'GET', '/statuses/repost_timeline.json', 'none', 'status', 'list', '{reposts}'),
           ('sina', 'user', 'step', 'GET', '/users/show.json', 'none', 'user', 'object', '{$}');
-- The lists of ids are a dialect of their own.
INSERT INTO kefu.platform (platform, name_zh, name_en, base_url, auth_kind, auth_placement, auth_name, timezone)
    VALUES ('ids', '编号', 'ids', 'https://ids.example', 'none', 'header', '', 'Asia/Shanghai');
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, body_kind, item_kind, result_kind, items_paths, item_filter)
    VALUES ('ids', 'mentions', 'feed', 'GET', '/', 'none', 'status', 'list', '{statuses}', '[]');
INSERT INTO kefu.field_map (platform, item_kind, field, paths, transform, arg, is_required) VALUES
    ('ids', 'status', 'native_id', '{$}', 'id', NULL, true);
SQL
is($setup, 't', 'the rows are there') or BAIL_OUT($setup);

for my $name (qw(statuses v1_public_timeline))
{
	my $list = slurp($name);
	my $n = 0;

	compare($name, mapped('mentions', "{\"statuses\": $list}"),
		[ map { status($_, ++$n) } @{ $json->decode($list) } ]);
}

compare('v1_update', mapped('post', slurp('v1_update')), [ status($json->decode(slurp('v1_update')), 1) ]);

my ($dm) = @{ $json->decode(slurp('direct_messages__item_head'))->{direct_messages} };
compare('direct_messages__item_head', mapped('messages', slurp('direct_messages__item_head')),
	[
		plain(
			{
				item_no => 1,
				item_type => 'message',
				( map { $_ => $dm->{idstr} } qw(native_id cursor) ),
				# As the same message has it where it is pushed.
				dedupe_key => "$dm->{sender_id}\@$dm->{created_at}#" . digest($dm->{text}),
				text => $dm->{text},
				posted_at => instant($dm->{created_at}),
				author_id => $dm->{sender_id},
				author_name => $dm->{sender_screen_name},
				recipient_id => $dm->{recipient_id},
				thread_id => $dm->{sender_id},
				is_deleted => JSON::PP::false,
				is_truncated => JSON::PP::false,
			})
	]);

for my $name (qw(users user2))
{
	my $user = $json->decode(slurp($name));
	my %item = (
		item_no => 1,
		item_type => 'user',
		( map { $_ => id_of($user) } qw(native_id dedupe_key cursor) ),
		is_deleted => JSON::PP::false,
		is_truncated => JSON::PP::false,
	);

	author(\%item, $user);
	compare($name, mapped('user', slurp($name)), [ plain(\%item) ]);
}

compare('empty_repost_timeline', mapped('reposts', slurp('empty_repost_timeline')), []);

for my $name (qw(mentions_ids__trimmed timeline_ids))
{
	my $got = mapped('mentions', slurp($name), 'ids');

	is_deeply([ map { $_->{native_id} } @$got ], $json->decode(slurp($name))->{statuses}, "$name: ids");
}

# What stands for a text in the key of a push, which has no id.
sub digest
{
	my $hash = Math::BigInt->new('14695981039346656037');

	$hash = $hash->bxor(ord)->bmul('1099511628211')->bmod(Math::BigInt->new(2)->bpow(64))
	  for split //, encode_utf8($_[0]);
	return sprintf '%016s', $hash->to_hex;
}

for my $name (qw(fans_push__text fans_push__position fans_push__event_follow fans_push__event_generic
	fans_push__event_subscribe))
{
	my $push = $json->decode(slurp($name));
	my $expected = [
		plain(
			{
				item_no => 1,
				item_type => 'message',
				( map { $_ => "$push->{sender_id}\@$push->{created_at}#" . digest($push->{text}) } qw(native_id dedupe_key cursor) ),
				author_id => $push->{sender_id},
				thread_id => $push->{sender_id},
				recipient_id => $push->{receiver_id},
				text => $push->{text},
				posted_at => instant($push->{created_at}),
				is_deleted => JSON::PP::false,
				is_truncated => JSON::PP::false,
			})
	];
	my %is = (pushed_messages => $push->{type} ne 'event', pushed_joined => scalar($name =~ /follow/), pushed_left => 0);

	compare("$name: $_", mapped($_, slurp($name), 'sina'), $is{$_} ? $expected : []) for sort keys %is;
}

for my $name (qw(error error_string_code))
{
	my $error = $json->decode(slurp($name));

	is( sql("SELECT class, code, message FROM kefu.classify_reply('sina', 403, " . literal(slurp($name)) . ');'),
		"forbidden|$error->{error_code}|$error->{error}", "$name: code and text, class by status");
	is( sql("SELECT class FROM kefu.classify_reply('sina', 200, " . literal(slurp($name)) . ');'),
		'unknown', "$name: never a success");
}

# What is no list of posts is an error, never "nothing new".
for my $name (qw(account_uid fans_reply__data_text friendship notification_result oauth2_access_token tags
	token_info trend_status error empty_repost_timeline))
{
	my $got = mapped('mentions', slurp($name));

	like($got->[0]{failed} // 'nothing', qr/reply has no list of items/, "$name: not a feed");
}

done_testing();
