#!/usr/bin/perl
# payloads_dialects.pl DIR: the recorded replies of every platform but Sina's second
# version, in the folders of DIR, against the shipped rows.
#
# What is expected comes from reading the file here, by what is documented of
# the platform; the rows under test have no part in it.

use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use KefuPayloads;
use Test::More;
use Time::Local qw(timegm);

my $root = shift or die "usage: payloads_dialects.pl DIR\n";
my $false = JSON::PP::false;

my $setup = sql(<<'SQL');
SELECT count(*) > 0 FROM unnest('{sina_v1,tencent,sohu,netease,mastodon}'::text[]) AS p, kefu.load_preset('platform_' || p);
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, body_kind, item_kind, result_kind, items_paths)
    VALUES ('tencent', 'user', 'step', 'GET', '/user/other_info', 'none', 'user', 'object', '{data}'),
           ('mastodon', 'user', 'step', 'GET', '/api/v1/accounts/lookup', 'none', 'user', 'object', '{$}');
SQL
is($setup, 't', 'the rows are there') or BAIL_OUT($setup);

sub folder
{
	$KefuPayloads::dir = "$root/$_[0]";
}

sub classed
{
	my ($platform, $status, $body) = @_;

	return sql("SELECT class, code, message FROM kefu.classify_reply('$platform', $status, " . literal($body) . ');');
}

# An item with what every item has.
sub item
{
	my ($no, $type, $id, %more) = @_;

	return plain(
		{
			item_no => $no,
			item_type => $type,
			( map { $_ => $id } qw(native_id dedupe_key cursor) ),
			is_deleted => $false,
			is_truncated => $false,
			%more
		});
}

# --- Sina's first version -----------------------------------------------------

sub sina_v1
{
	my ($s, $no) = @_;
	my $user = $s->{user};

	return item($no, 'status', "$s->{id}",
		text => $s->{text},
		posted_at => instant($s->{created_at}),
		source_label => $s->{source} =~ s/<[^>]*>//gr,
		author_id => "$user->{id}",
		author_name => $user->{screen_name},
		(length($user->{domain} // '') ? (author_handle => $user->{domain}) : ()),
		author_province => $user->{province},
		author_city => $user->{city},
		author_verified => truth($user->{verified}),
		author_followers => $user->{followers_count},
		is_truncated => truth($s->{truncated}),
		media => $s->{original_pic},
		map { my $r = $s->{retweeted_status};
			(parent_id => $r->{id}, root_id => $r->{id}, repost_of_id => $r->{id}, repost_text => $r->{text},
				parent_type => 'status', parent_author_id => $r->{user}{id}) } grep { $_ } $s->{retweeted_status});
}

folder('sina');
{
	my $list = slurp('v1_public_timeline');
	my $n = 0;

	compare('sina_v1 public_timeline', mapped('mentions', $list, 'sina_v1'),
		[ map { sina_v1($_, ++$n) } @{ $json->decode($list) } ]);
	compare('sina_v1 update', mapped('post', slurp('v1_update'), 'sina_v1'), [ sina_v1($json->decode(slurp('v1_update')), 1) ]);
}

# --- Tencent --------------------------------------------------------------------

sub tencent
{
	my ($s, $no, $cursor) = @_;

	return item($no, 'status', $s->{id},
		cursor => $cursor // $s->{id},
		author_id => $s->{name},
		author_name => $s->{nick},
		author_province => $s->{province_code},
		author_city => $s->{city_code},
		author_verified => truth($s->{isvip}),
		text => $s->{origtext},
		posted_at => utc($s->{timestamp}),
		source_label => $s->{from},
		media => $s->{image} && join("\n", map { "$_/460" } @{ $s->{image} }),
		url => "http://t.qq.com/p/t/$s->{id}");
}

folder('tencent');
{
	my $found = $json->decode(slurp('search_t'))->{data}{info}[0];
	my $shown = $json->decode(slurp('t_show__data'));
	my $added = $json->decode(slurp('t_add'))->{data};
	my $info = $json->decode(slurp('user_other_info__data'));

	compare('tencent search', mapped('search', slurp('search_t'), 'tencent'), [ tencent($found, 1) ]);
	compare('tencent search, empty', mapped('search', slurp('search_t__empty'), 'tencent'), []);
	compare('tencent mentions, empty', mapped('mentions', slurp('search_t__empty'), 'tencent'), []);
	compare('tencent show, paged by time and id',
		mapped('mentions', '{"ret": 0, "data": {"info": [' . slurp('t_show__data') . ']}}', 'tencent'),
		[ tencent($shown, 1, "$shown->{timestamp},$shown->{id}") ]);
	compare('tencent add', mapped('post', slurp('t_add'), 'tencent'),
		[ item(1, 'status', $added->{id}, cursor => $added->{id}, posted_at => utc($added->{time})) ]);
	compare('tencent user', mapped('user', '{"data": ' . slurp('user_other_info__data') . '}', 'tencent'),
		[
			item(1, 'user', $info->{name},
				author_id => $info->{name},
				author_name => $info->{nick},
				author_province => $info->{province_code},
				author_city => $info->{city_code},
				author_verified => truth($info->{isvip}),
				author_followers => $info->{fansnum})
		]);
	is(classed('tencent', 200, slurp('error_check_sign')), 'auth_revoked|3.36|check sign error', 'tencent: signature refused');
	is(classed('tencent', 200, slurp('error_server')), 'transient|4.111|server error', 'tencent: server error, with status 200');
	is(classed('tencent', 200, slurp('auth_revoke_auth')), 'ok|0.0|ok', 'tencent: done');
	is(classed('tencent', 200, '{"ret": 5, "errcode": 0, "msg": "have no tweet"}'), 'empty|5.0|have no tweet', 'tencent: nothing, like an error');
}

# --- Sohu -----------------------------------------------------------------------

sub sohu
{
	my ($s, $no) = @_;
	my $user = $s->{user};

	return item($no, 'status', $s->{id},
		text => $s->{text},
		posted_at => instant($s->{created_at}),
		source_label => $s->{source},
		author_id => $user->{id},
		author_name => $user->{screen_name},
		author_verified => truth($user->{verified}),
		author_followers => $user->{followers_count},
		is_truncated => truth($s->{truncated}));
}

folder('sohu');
{
	my $list = slurp('statuses_friends_timeline_2010');
	my $n = 0;

	compare('sohu timeline', mapped('mentions', $list, 'sohu'), [ map { sohu($_, ++$n) } @{ $json->decode($list) } ]);
	compare('sohu update', mapped('post', slurp('statuses_update'), 'sohu'), [ sohu($json->decode(slurp('statuses_update')), 1) ]);
	like(classed('sohu', 400, slurp('error_same_status')), qr/^duplicate\|400\|Same status/, 'sohu: the same text again');
	like(classed('sohu', 400, slurp('oauth2_error')), qr/^bad_request\|\|/, 'sohu: OAuth 2 error');
	is( sql("SELECT kefu.reply_value(r, 'access_token'), kefu.reply_value(r, 'expires_in') FROM kefu.reply_object('json', "
			  . literal(slurp('oauth2_access_token')) . ') AS r;'),
		join('|', @{ $json->decode(slurp('oauth2_access_token')) }{qw(access_token expires_in)}),
		'sohu: a token');
}

# --- NetEase ----------------------------------------------------------------------

folder('netease');
{
	# Only a fragment is public: the rest of the item is invented, in the shape that clients read.
	my $fragment = $json->decode(slurp('comment_to_me__fragment'));
	my $whole = { %$fragment, id => '-77', cursor_id => '-99', text => '谢谢', created_at => 'Tue May 31 17:46:55 +0800 2011',
		source => '网易微博', user => { id => '-5', name => '小满', screen_name => 'xiaoman' } };

	compare('netease comment', mapped('comments_to_me', $json->encode([$whole]), 'netease'),
		[
			item(1, 'comment', '-77',
				cursor => '-99',
				text => '谢谢',
				source_label => '网易微博',
				posted_at => '2011-05-31T09:46:55+00:00',
				author_id => '-5',
				author_name => '小满',
				author_handle => 'xiaoman',
				parent_id => $fragment->{in_reply_to_status_id},
				parent_author_id => $fragment->{in_reply_to_user_id},
				root_id => $fragment->{in_reply_to_status_id})
		]);
}

# --- Mastodon, and snac ---------------------------------------------------------------

# The text of the little HTML that is recorded.
sub text_of
{
	my ($html) = @_;

	$html =~ s{</p>\s*<p>}{\n\n}g;
	$html =~ s{<br\s*/?>}{\n}g;
	$html =~ s{<[^>]+>}{}g;
	$html =~ s/^\s+|\s+$//g;
	return $html;
}

sub iso
{
	my ($y, $mo, $d, $h, $mi, $s, $ms) = $_[0] =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?Z$/ or die $_[0];
	my $whole = utc(timegm($s, $mi, $h, $d, $mo - 1, $y));

	$ms = ($ms // '') =~ s/0+$//r;
	$whole =~ s/\+00:00$/.$ms+00:00/ if length $ms;
	return $whole;
}

sub mastodon
{
	my ($s, $no, %more) = @_;
	my $by = $s->{account};
	my $media = join "\n", map { $_->{url} } @{ $s->{media_attachments} // [] };
	my ($name) = grep { length($_ // '') } $by->{display_name}, $by->{username};

	return item($no, 'status', $s->{id},
		dedupe_key => $s->{uri} // $s->{id},
		text => text_of($s->{content}),
		posted_at => iso($s->{created_at}),
		author_id => $by->{id},
		author_name => $name,
		author_handle => $by->{acct},
		author_followers => $by->{followers_count},
		parent_id => $s->{in_reply_to_id},
		parent_author_id => $s->{in_reply_to_account_id},
		url => $s->{url} // $s->{uri},
		(length $media ? (media => $media) : ()),
		source_label => $s->{application} && $s->{application}{name},
		($s->{reblog} ? (repost_of_id => $s->{reblog}{id}, repost_of_key => $s->{reblog}{uri}, repost_text => defined $s->{reblog}{content} ? text_of($s->{reblog}{content}) : undef) : ()),
		%more);
}

# Mentions among notifications, those that are private or those that aren't.
sub notified
{
	my ($list, $private) = @_;
	my $n = 0;
	my @found;

	for my $notification (@$list)
	{
		my $status = $notification->{status};
		my $is_private = ($status->{visibility} // '') =~ /^(direct|private)$/ ? 1 : 0;

		$n++;
		next if $notification->{type} ne 'mention' || $is_private != $private;
		push @found, mastodon($status, $n, cursor => $notification->{id},
			($private ? (item_type => 'message', thread_id => $status->{account}{id},
				recipient_id => $status->{mentions}[0]{id}) : ()));
	}
	return \@found;
}

folder('mastodon');
{
	my $list = slurp('notifications_get_all_notifications__200');
	my $shown = slurp('statuses_view_a_single_status__200');

	compare('mastodon notifications', mapped('mentions', $list, 'mastodon'), notified($json->decode($list), 0));
	compare('mastodon notifications, private', mapped('messages', $list, 'mastodon'), notified($json->decode($list), 1));
	compare('mastodon notification',
		mapped('mentions', '[' . slurp('notifications_get_a_single_notification__200') . ']', 'mastodon'),
		notified([ $json->decode(slurp('notifications_get_a_single_notification__200')) ], 0));
	compare('mastodon status', mapped('own_posts', "[$shown]", 'mastodon'), [ mastodon($json->decode($shown), 1) ]);
	for my $name (qw(statuses_post_a_new_status__200 statuses_boost_a_status__200))
	{
		my $made = $json->decode(slurp($name));

		compare("mastodon $name", mapped('post', slurp($name), 'mastodon'),
			[ item(1, 'status', $made->{id}, posted_at => iso($made->{created_at})) ]);
	}
	# The documentation leaves members out: what is required and isn't there is said.
	for my $name (qw(accounts_get_account_s_statuses__200))
	{
		is_deeply([ map { $_->{error} } @{ mapped('own_posts', slurp($name), 'mastodon') } ],
			[ map { 'author_id is missing' } @{ $json->decode(slurp($name)) } ], "mastodon $name: elided");
	}
	is_deeply([ map { $_->{error} } @{ mapped('search', slurp('search_perform_a_search__200'), 'mastodon') } ],
		[ map { 'author_id is missing' } @{ $json->decode(slurp('search_perform_a_search__200'))->{statuses} } ],
		'mastodon search: elided');
	for my $name (qw(accounts_verify_account_credentials__200 accounts_lookup_account_id_from_webfinger_address__200))
	{
		my $user = $json->decode(slurp($name));

		compare("mastodon $name", mapped('user', slurp($name), 'mastodon'),
			[
				item(1, 'user', $user->{id},
					author_id => $user->{id},
					author_name => (grep { length($_ // '') } @$user{qw(display_name username)})[0],
					author_handle => $user->{acct},
					author_followers => $user->{followers_count})
			]);
	}
	is(classed('mastodon', 401, slurp('notifications_get_all_notifications__401')), 'auth_revoked||The access token is invalid', 'mastodon: 401');
	is(classed('mastodon', 401, slurp('statuses_post_a_new_status__401')), 'auth_revoked||The access token is invalid', 'mastodon: 401 of a post');
	is(classed('mastodon', 422, slurp('statuses_post_a_new_status__422')), "bad_request||Validation failed: Text can't be blank", 'mastodon: 422');

	# A picture is ready where it has an address.
	my %ready = (media_upload_media_as_an_attachment_async__200 => 't', media_upload_media_as_an_attachment_async__202 => 'f',
		media_get_media_attachment__200 => 't');
	for my $name (sort keys %ready)
	{
		is( sql("SELECT kefu.reply_fits(" . literal(slurp($name)) . "::jsonb, e.then_when) FROM kefu.endpoint e"
				  . " WHERE e.platform = 'mastodon' AND e.action = 'media_state';"), $ready{$name}, "mastodon $name: ready");
	}
	# What is no list of notifications is an error, or has none of them.
	for my $name (qw(apps_create_an_application__200 oauth_obtain_a_token__200 reports_file_a_report__200
		accounts_follow_account__200 accounts_unfollow_account__200 statuses_get_parent_and_child_statuses_in_context__200
		statuses_delete_a_status__200 statuses_edit_a_status__200 statuses_undo_boost_of_a_status__200
		conversations_mark_a_conversation_as_read__200))
	{
		like(mapped('mentions', slurp($name), 'mastodon')->[0]{failed} // 'nothing', qr/reply has no list of items/, "mastodon $name: not a feed");
	}
	is_deeply(mapped('mentions', slurp('conversations_view_all_conversations__200'), 'mastodon'), [], 'mastodon conversations: no notification');
}

folder('snac');
{
	my $list = slurp('notifications');
	my $found = slurp('search_v2_statuses');
	my $user = $json->decode(slurp('account_lookup'));
	my ($public, $n) = (slurp('status_public'), 0);

	compare('snac notifications', mapped('mentions', $list, 'mastodon'), notified($json->decode($list), 0));
	compare('snac notifications, private', mapped('messages', $list, 'mastodon'), notified($json->decode($list), 1));
	for my $name (qw(search_v2_statuses search_v2_accounts))
	{
		$n = 0;
		compare("snac $name", mapped('search', slurp($name), 'mastodon'), [ map { mastodon($_, ++$n) } @{ $json->decode(slurp($name))->{statuses} } ]);
	}
	for my $name (qw(status_public status_direct status_reply status_agent_reply status_reblog))
	{
		compare("snac $name", mapped('own_posts', '[' . slurp($name) . ']', 'mastodon'), [ mastodon($json->decode(slurp($name)), 1) ]);
	}
	compare('snac account', mapped('user', slurp('account_lookup'), 'mastodon'),
		[
			item(1, 'user', $user->{id},
				author_id => $user->{id},
				author_name => $user->{display_name},
				author_handle => $user->{acct},
				author_followers => $user->{followers_count})
		]);
	# An edit gives another id to the same post.
	my $edited = $json->decode($public);
	$edited->{id} =~ s/^\d{10}/1795461999/;
	is_deeply([ map { $_->{dedupe_key} } @{ mapped('own_posts', "[$public," . $json->encode($edited) . ']', 'mastodon') } ],
		[ ($edited->{uri}) x 2 ], 'snac: an edited post is the same post');
	is( sql("SELECT kefu.reply_fits(" . literal(slurp('media_v2')) . "::jsonb, e.then_when) FROM kefu.endpoint e"
			  . " WHERE e.platform = 'mastodon' AND e.action = 'post_picture';"), 't', 'snac: a picture is ready at once');
	is(classed('mastodon', 404, '<h1>404 Not Found (snac/2.96)</h1>'), 'gone||', 'snac: errors are no JSON');
	for my $name (qw(apps instance oauth_token relationship))
	{
		like(mapped('mentions', slurp($name), 'mastodon')->[0]{failed} // 'nothing', qr/reply has no list of items/, "snac $name: not a feed");
	}
}

done_testing();
