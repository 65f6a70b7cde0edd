/*
 * sina2_out.c
 *	  The objects of Sina Weibo's API, version 2.
 *
 * Shapes and types follow recorded replies: ids as a number and as idstr and mid,
 * dates like 'Mon Jul 16 18:09:20 +0800 2012', source as HTML, user{}, status{},
 * reply_comment{} only where a comment is answered, a deleted parent as a stump
 * without its user.
 */
#include "sina2.h"

#include <stdlib.h>
#include <time.h>

/* Not strftime(): that looks at the time zone's file on every call. */
void
sina_out_date(struct out *out, const char *key, int64_t seconds)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t		shifted = (time_t) (seconds + 8 * 3600);
	struct tm	tm;
	char		text[64];

	gmtime_r(&shifted, &tm);
	snprintf(text, sizeof(text), "%s %s %02d %02d:%02d:%02d +0800 %d", days[tm.tm_wday],
			 months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			 tm.tm_year + 1900);
	out_text(out, key, text);
}

static void
out_source(struct out *out, const struct item *item)
{
	out_text(out, "source", item->act == ACT_API
			 ? "<a href=\"http://app.example/desk\" rel=\"nofollow\">客服工作台</a>"
			 : "<a href=\"http://app.example/web\" rel=\"nofollow\">微博网页版</a>");
}

static void
out_ids(struct out *out, const char *id)
{
	out_digits(out, "id", id);
	out_text(out, "idstr", id);
	out_text(out, "mid", id);
}

void
sina_out_user(struct out *out, const char *key, const struct user *user,
		 const struct user *viewer)
{
	out_open(out, key, '{');
	out_digits(out, "id", user->uid);
	out_text(out, "idstr", user->uid);
	out_text(out, "screen_name", user->screen_name);
	out_text(out, "name", user->screen_name);
	out_text(out, "province", user->province);
	out_text(out, "city", user->city);
	out_text(out, "location", "");
	out_text(out, "description", user->description);
	out_text(out, "url", "");
	out_text(out, "profile_image_url", "http://image.example/50/1");
	out_text(out, "avatar_large", "http://image.example/180/1");
	out_text(out, "domain", user->domain);
	out_text(out, "gender", user->serial % 2 ? "m" : "f");
	out_int(out, "followers_count", user->followers);
	out_int(out, "friends_count", user->friends);
	out_int(out, "statuses_count", (long long) user->feed[FEED_POSTS].n);
	out_int(out, "favourites_count", 0);
	sina_out_date(out, "created_at", 1250000000 + (int64_t) user->serial * 86400);
	out_bool(out, "following", map_get(&viewer->follows, user->uid) != NULL);
	out_bool(out, "allow_all_act_msg", user->messages_open);
	out_bool(out, "geo_enabled", true);
	out_bool(out, "verified", user->verified);
	out_int(out, "verified_type", !user->verified ? -1 : user->official ? 2 : 0);
	out_text(out, "verified_reason", user->verified ? user->screen_name : "");
	out_bool(out, "allow_all_comment", true);
	out_bool(out, "follow_me", map_get(&user->follows, viewer->uid) != NULL);
	out_int(out, "online_status", 0);
	out_int(out, "bi_followers_count", 0);
	out_close(out, '}');
}

/* What is left of a post once its author took it away. */
static void
out_deleted_post(struct out *out, const char *key, const struct item *post)
{
	out_open(out, key, '{');
	sina_out_date(out, "created_at", post->created_at);
	out_ids(out, post->id);
	out_text(out, "text", "此微博已被原作者删除。");
	out_text(out, "source", "");
	out_bool(out, "favorited", false);
	out_bool(out, "truncated", false);
	out_text(out, "in_reply_to_status_id", "");
	out_text(out, "in_reply_to_user_id", "");
	out_text(out, "in_reply_to_screen_name", "");
	out_null(out, "geo");
	out_text(out, "deleted", "1");
	out_close(out, '}');
}

/* The beginning of a text, in characters; true if there is more of it. */
static bool
out_beginning(struct out *out, const char *key, const char *text, long characters)
{
	const char *end = text;
	char	   *shown;

	for (long n = 0; *end && (characters == 0 || n < characters); n++)
		for (end++; ((unsigned char) *end & 0xC0) == 0x80;)
			end++;
	shown = sim_format(*end ? "%.*s…" : "%.*s", (int) (end - text), text);
	out_text(out, key, shown);
	free(shown);
	return *end != '\0';
}

static void
out_post(struct out *out, const char *key, const struct item *post,
		 const struct user *viewer, long cut_at)
{
	bool		is_cut;

	if (post->deleted)
	{
		out_deleted_post(out, key, post);
		return;
	}
	out_open(out, key, '{');
	sina_out_date(out, "created_at", post->created_at);
	out_ids(out, post->id);
	is_cut = out_beginning(out, "text", post->text, cut_at);
	out_source(out, post);
	out_bool(out, "favorited", false);
	out_bool(out, "truncated", is_cut);
	out_text(out, "in_reply_to_status_id", "");
	out_text(out, "in_reply_to_user_id", "");
	out_text(out, "in_reply_to_screen_name", "");
	out_null(out, "geo");
	sina_out_user(out, "user", post->author, viewer);
	if (post->parent)
		out_post(out, "retweeted_status", post->parent, viewer, cut_at);
	out_int(out, "reposts_count", 0);
	out_int(out, "comments_count", post->standing);
	out_int(out, "attitudes_count", 0);
	out_int(out, "mlevel", 0);
	out_open(out, "visible", '{');
	out_int(out, "type", 0);
	out_int(out, "list_id", 0);
	out_close(out, '}');
	out_close(out, '}');
}

/* Ends before the closing brace: what is beside the comment differs. */
static void
out_comment_head(struct out *out, const char *key, const struct item *comment,
				 const struct user *viewer)
{
	out_open(out, key, '{');
	sina_out_date(out, "created_at", comment->created_at);
	out_ids(out, comment->id);
	out_text(out, "text", comment->deleted ? "此评论已被删除。" : comment->text);
	out_source(out, comment);
	if (comment->deleted)
		out_text(out, "deleted", "1");
	else
		sina_out_user(out, "user", comment->author, viewer);
}

static void
out_comment(struct out *out, const char *key, const struct item *comment,
			const struct user *viewer, long cut_at)
{
	out_comment_head(out, key, comment, viewer);
	out_post(out, "status", comment->parent, viewer, cut_at);
	if (comment->answers)
	{
		out_comment_head(out, "reply_comment", comment->answers, viewer);
		out_close(out, '}');
	}
	out_close(out, '}');
}

static void
out_message(struct out *out, const char *key, const struct item *message,
			const struct user *viewer)
{
	out_open(out, key, '{');
	out_digits(out, "id", message->id);
	out_text(out, "idstr", message->id);
	sina_out_date(out, "created_at", message->created_at);
	out_text(out, "text", message->text);
	out_digits(out, "sender_id", message->author->uid);
	out_digits(out, "recipient_id", message->recipient->uid);
	out_text(out, "sender_screen_name", message->author->screen_name);
	out_text(out, "recipient_screen_name", message->recipient->screen_name);
	sina_out_user(out, "sender", message->author, viewer);
	sina_out_user(out, "recipient", message->recipient, viewer);
	out_text(out, "mid", message->id);
	out_int(out, "status_id", 0);
	out_null(out, "geo");
	out_close(out, '}');
}

void
sina_out_item(struct out *out, const char *key, struct item *item,
			  const struct user *viewer, long cut_at)
{
	item->served++;
	switch (item->kind)
	{
		case ITEM_POST:
			out_post(out, key, item, viewer, cut_at);
			break;
		case ITEM_COMMENT:
			out_comment(out, key, item, viewer, cut_at);
			break;
		default:
			out_message(out, key, item, viewer);
	}
}
