/*
 * replay.c
 *	  Making the world again from the journal.
 *
 * Each line calls the function that wrote it, with the instant and the id of
 * then.  A last line without its newline is the mark of a kill in the middle of
 * a write: what it said was never answered, so it's cut off.  Any other line
 * that can't be understood is an error.
 */
#include "journal.h"
#include "read.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
replay_user(struct world *world, struct json_object *line)
{
	struct user like = {
		.uid = (char *) read_text(line, "uid", ""),
		.screen_name = (char *) read_text(line, "screen_name", ""),
		.province = (char *) read_text(line, "province", ""),
		.city = (char *) read_text(line, "city", ""),
		.domain = (char *) read_text(line, "domain", ""),
		.description = (char *) read_text(line, "description", ""),
		.followers = read_int(line, "followers", 0),
		.verified = read_bool(line, "verified", false),
		.messages_open = read_bool(line, "messages_open", false),
		.official = read_bool(line, "official", false),
	};

	world_put_user(world, &like);
}

static bool
replay_token(struct world *world, struct json_object *line)
{
	struct token like = {
		.text = (char *) read_text(line, "token", ""),
		.owner = world_user(world, read_text(line, "uid", NULL)),
		.expires_at = read_int(line, "expires_at", 0),
		.requests_left = read_int(line, "requests_left", -1),
		.revoked = read_bool(line, "revoked", false),
		.user_limit = read_int(line, "user_limit", -1),
	};

	if (!like.owner)
		return false;
	world_put_token(world, &like);
	return true;
}

static bool
replay_item(struct world *world, struct json_object *line)
{
	int			kind = name_index(item_names, ITEM_KINDS, read_text(line, "kind", NULL));
	int			act = name_index(act_names, ACTS, read_text(line, "act", NULL));
	struct item_spec spec = {
		.id = read_text(line, "id", NULL),
		.author = world_user(world, read_text(line, "author", NULL)),
		.recipient = world_user(world, read_text(line, "recipient", NULL)),
		.addressed = world_user(world, read_text(line, "addressed", NULL)),
		.parent = world_item(world, ITEM_POST, read_text(line, "parent", NULL)),
		.answers = world_item(world, ITEM_COMMENT, read_text(line, "answers", NULL)),
		.text = read_text(line, "text", ""),
		.sent_text = read_text(line, "sent_text", ""),
		.created_at = read_int(line, "created_at", 0),
	};

	if (kind < 0 || !spec.id || act < 0 || !spec.author ||
		(kind == ITEM_COMMENT && !spec.parent) ||
		(kind == ITEM_MESSAGE && !spec.recipient))
		return false;
	spec.kind = kind;
	spec.act = act;
	world_add_item(world, &spec);
	return true;
}

static bool
replay_delete(struct world *world, struct json_object *line)
{
	int			kind = name_index(item_names, ITEM_KINDS, read_text(line, "kind", NULL));
	struct item *item;

	item = kind < 0 ? NULL : world_item(world, kind, read_text(line, "id", NULL));
	if (item)
		world_delete_item(world, item);
	return item != NULL;
}

static bool
replay_follow(struct world *world, struct json_object *line)
{
	struct user *who = world_user(world, read_text(line, "who", NULL));
	struct user *whom = world_user(world, read_text(line, "whom", NULL));

	if (who && whom)
		world_set_follow(world, who, whom, read_bool(line, "follows", true));
	return who && whom;
}

static void
replay_config(struct world *world, struct json_object *line)
{
	struct config config = {
		.ids = read_int(line, "ids", 0),
		.overlap_ids = read_bool(line, "overlap_ids", false),
		.string_error_codes = read_bool(line, "string_error_codes", false),
		.require_rip = read_bool(line, "require_rip", false),
		.rate_headers = read_bool(line, "rate_headers", false),
		.cut_at = read_int(line, "cut_at", 0),
		.reply_window = read_int(line, "reply_window", 0),
		.replies_per_mention = read_int(line, "replies_per_mention", 0),
		.user_limit = read_int(line, "user_limit", 0),
		.ip_limit = read_int(line, "ip_limit", 0),
		.window = read_int(line, "window", 3600),
	};

	for (int i = 0; i < RATE_CLASSES; i++)
		config.class_limit[i] = read_int(line, class_names[i], 0);
	world_set_config(world, &config);
}

static bool
replay_attempt(struct world *world, struct json_object *line)
{
	int			action;
	int			refusal;
	int			made;
	struct intent intent = {
		.account = world_user(world, read_text(line, "account", NULL)),
		.post = read_text(line, "post", NULL),
		.comment = read_text(line, "comment", NULL),
		.recipient = world_user(world, read_text(line, "recipient", NULL)),
		.text = read_text(line, "text", NULL),
	};

	action = name_index(action_names, ACTIONS, read_text(line, "action", NULL));
	refusal = name_index(refusal_names, REFUSALS, read_text(line, "refusal", NULL));
	made = name_index(item_names, ITEM_KINDS, read_text(line, "made_kind", NULL));
	if (!intent.account || action < 0 || refusal < 0)
		return false;
	intent.action = action;
	world_note_attempt(world, world_attempt(world, &intent),
					   read_bool(line, "cut", false), refusal,
					   made < 0 ? NULL
					   : world_item(world, made, read_text(line, "made", NULL)));
	return true;
}

static bool
replay_request(struct world *world, struct json_object *line)
{
	const char *token = read_text(line, "token", NULL);
	int			rate_class;
	int			refusal;

	rate_class = name_index(class_names, RATE_CLASSES, read_text(line, "class", NULL));
	refusal = name_index(refusal_names, REFUSALS, read_text(line, "refusal", NULL));
	if (rate_class < 0 || refusal < 0)
		return false;
	world_note_request(world, read_text(line, "name", ""), world_token(world, token),
					   token, read_text(line, "address", ""), rate_class,
					   read_bool(line, "charged", false), refusal);
	return true;
}

static bool
replay_push_config(struct world *world, struct json_object *line)
{
	struct user *account = world_user(world, read_text(line, "uid", NULL));
	struct push_config how = {0};

	if (!account || push_read_config(line, &how))
		return false;
	world_set_push(world, account, &how);
	return true;
}

static bool
replay_push(struct world *world, struct json_object *line)
{
	size_t		serial = (size_t) read_int(line, "serial", -1);
	int			answer;

	answer = name_index(push_answer_names, PUSH_ANSWERS, read_text(line, "answer", NULL));
	if (serial >= world->pushes.n || answer < 0)
		return false;
	world_note_push(world, world->pushes.at[serial], read_int(line, "status", 0),
					read_bool(line, "taken", false), answer);
	return true;
}

static bool
replay_line(struct world *world, struct json_object *line)
{
	const char *event = read_text(line, "e", "");

	world->now_ms = read_int(line, "at", 0);
	if (strcmp(event, "user") == 0)
		replay_user(world, line);
	else if (strcmp(event, "config") == 0)
		replay_config(world, line);
	else if (strcmp(event, "reset") == 0)
		world_reset(world);
	else if (strcmp(event, "token") == 0)
		return replay_token(world, line);
	else if (strcmp(event, "item") == 0)
		return replay_item(world, line);
	else if (strcmp(event, "delete") == 0)
		return replay_delete(world, line);
	else if (strcmp(event, "follow") == 0)
		return replay_follow(world, line);
	else if (strcmp(event, "push_config") == 0)
		return replay_push_config(world, line);
	else if (strcmp(event, "push") == 0)
		return replay_push(world, line);
	else if (strcmp(event, "attempt") == 0)
		return replay_attempt(world, line);
	else if (strcmp(event, "request") == 0)
		return replay_request(world, line);
	else
		return false;
	return true;
}

static bool
replay_text(struct world *world, const char *text)
{
	struct json_object *line = json_tokener_parse(text);
	bool		ok = line && replay_line(world, line);

	json_object_put(line);
	return ok;
}

/* Replays the file. *whole: length of what was replayed. */
static bool
replay_file(struct world *world, FILE *file, off_t *whole)
{
	char	   *text = NULL;
	size_t		cap = 0;
	ssize_t		len;
	long		number = 0;
	bool		ok = true;

	*whole = 0;
	while (ok && (len = getline(&text, &cap, file)) > 0 && text[len - 1] == '\n')
	{
		number++;
		ok = replay_text(world, text);
		if (ok)
			*whole += len;
		else
			fprintf(stderr, "kefu-sim: line %ld of the journal makes no sense\n",
					number);
	}
	free(text);
	return ok;
}

bool
journal_open(struct world *world, const char *path)
{
	FILE	   *file = fopen(path, "r");
	off_t		whole = 0;
	bool		ok = true;

	if (file)
	{
		ok = replay_file(world, file, &whole);
		fclose(file);
		if (ok && truncate(path, whole) != 0)
			ok = false;
	}
	if (!ok)
		return false;
	world->journal = fopen(path, "a");
	if (!world->journal)
		perror("kefu-sim: cannot open the journal");
	return world->journal != NULL;
}
