/*
 * replyclass.c
 *		What a platform's reply means, by rows.
 *
 * The document's members:
 *	code_paths		texts that make up the code, those present joined by a dot
 *	code_form		"digits": of each only the digits it begins with
 *	message_paths	where the text is; the first with one wins
 *	rows			[{status, codes, text, body, class, scope, retry_after_s,
 *					retry_after_path}, ...]
 * A row fits if everything it names does: status "429", "4xx" or "xxx"; one of
 * the codes, exactly or, if it ends in %, by its beginning; the text by a POSIX
 * extended regular expression without regard to case; the body, which is
 * "empty", "json" or "other".
 */
#include "replyclass.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "json.h"

typedef enum BodyKind
{
	BODY_ANY,
	BODY_EMPTY,
	BODY_JSON,
	BODY_OTHER
} BodyKind;

typedef struct Row
{
	const char *status;			/* NULL: any */
	KefuJson   *codes;			/* NULL: any */
	bool		has_text;
	regex_t		text;
	BodyKind	body;
	const char *class;
	const char *scope;
	int64_t		retry_after;	/* -1: none */
	bool		has_retry_path;
	KefuPath	retry_path;
} Row;

struct KefuReplyMap
{
	KefuArena	arena;
	KefuJson   *spec;			/* strings are borrowed from it */
	bool		digits_only;
	int			n_code_paths;
	KefuPath   *code_paths;
	int			n_message_paths;
	KefuPath   *message_paths;
	int			n_rows;
	Row		   *rows;
	KefuWant	want;
};

/* --- compiling ---------------------------------------------------------- */

/* All compile functions return what is wrong, NULL if nothing is. */

static const char *
compile_path(KefuReplyMap *map, KefuJson *value, KefuPath *path)
{
	const char *text = kefu_json_text(value, NULL);
	const char *reason = "a path is not text";

	if (text == NULL || !kefu_path_compile(&map->arena, text, path, &reason))
		return reason;
	return kefu_want_add(&map->arena, &map->want, path) == NULL ? "out of memory" : NULL;
}

static const char *
compile_paths(KefuReplyMap *map, const char *name, int *n, KefuPath **paths)
{
	KefuJson   *list = kefu_json_member(map->spec, name);
	size_t		length = kefu_json_length(list);
	const char *wrong = NULL;

	*paths = kefu_arena_alloc(&map->arena, length * sizeof(KefuPath));
	if (*paths == NULL)
		return "out of memory";
	for (size_t i = 0; i < length && wrong == NULL; i++)
	{
		wrong = compile_path(map, kefu_json_element(list, i), &(*paths)[i]);
		(*n)++;
	}
	return wrong;
}

static const char *
compile_body(const char *text, BodyKind *body)
{
	if (text == NULL)
		*body = BODY_ANY;
	else if (strcmp(text, "empty") == 0)
		*body = BODY_EMPTY;
	else if (strcmp(text, "json") == 0)
		*body = BODY_JSON;
	else if (strcmp(text, "other") == 0)
		*body = BODY_OTHER;
	else
		return "body is not empty, json or other";
	return NULL;
}

/* The row is counted first, so that freeing finds its regular expression. */
static const char *
compile_row(KefuReplyMap *map, KefuJson *value)
{
	Row		   *row = &map->rows[map->n_rows++];
	const char *text = kefu_json_text(kefu_json_member(value, "text"), NULL);
	const char *seconds = kefu_json_text(kefu_json_member(value, "retry_after_s"), NULL);
	KefuJson   *path = kefu_json_member(value, "retry_after_path");
	const char *wrong;

	row->status = kefu_json_text(kefu_json_member(value, "status"), NULL);
	row->codes = kefu_json_member(value, "codes");
	row->class = kefu_json_text(kefu_json_member(value, "class"), NULL);
	row->scope = kefu_json_text(kefu_json_member(value, "scope"), NULL);
	row->retry_after = seconds != NULL ? kefu_retry_after_s(seconds, 0) : -1;
	if (row->class == NULL)
		return "no class";
	if (row->status != NULL && strlen(row->status) != 3)
		return "a status pattern has three characters";
	wrong = compile_body(kefu_json_text(kefu_json_member(value, "body"), NULL), &row->body);
	if (wrong == NULL && path != NULL)
	{
		row->has_retry_path = true;
		wrong = compile_path(map, path, &row->retry_path);
	}
	if (wrong == NULL && text != NULL)
	{
		if (regcomp(&row->text, text, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
			return "text is not a regular expression";
		row->has_text = true;
	}
	return wrong;
}

static const char *
compile_map(KefuReplyMap *map, int *row_no)
{
	KefuJson   *rows = kefu_json_member(map->spec, "rows");
	size_t		length = kefu_json_length(rows);
	const char *form = kefu_json_text(kefu_json_member(map->spec, "code_form"), NULL);
	const char *wrong;

	map->digits_only = form != NULL && strcmp(form, "digits") == 0;
	wrong = compile_paths(map, "code_paths", &map->n_code_paths, &map->code_paths);
	if (wrong == NULL)
		wrong = compile_paths(map, "message_paths", &map->n_message_paths,
							  &map->message_paths);
	if (wrong != NULL)
		return wrong;
	map->rows = kefu_arena_alloc(&map->arena, length * sizeof(Row));
	if (map->rows == NULL)
		return "out of memory";
	for (size_t i = 0; i < length && wrong == NULL; i++)
	{
		*row_no = (int) i + 1;
		wrong = compile_row(map, kefu_json_element(rows, i));
	}
	return wrong;
}

KefuReplyMap *
kefu_replymap_compile(const char *spec, size_t len, char *error, size_t error_size)
{
	KefuReplyMap *map = calloc(1, sizeof(KefuReplyMap));
	KefuJsonError json_error;
	const char *wrong = "out of memory";
	int			row_no = 0;

	if (map != NULL)
	{
		if (!kefu_json_parse(spec, len, NULL, 0, 0, &map->spec, &json_error))
			wrong = json_error.reason;
		else
			wrong = compile_map(map, &row_no);
	}
	if (wrong == NULL)
		return map;
	if (row_no > 0)
		snprintf(error, error_size, "row %d: %s", row_no, wrong);
	else
		snprintf(error, error_size, "%s", wrong);
	kefu_replymap_free(map);
	return NULL;
}

void
kefu_replymap_free(KefuReplyMap *map)
{
	if (map == NULL)
		return;
	for (int i = 0; i < map->n_rows; i++)
	{
		if (map->rows[i].has_text)
			regfree(&map->rows[i].text);
	}
	kefu_json_free(map->spec);
	kefu_arena_free(&map->arena);
	free(map);
}

/* --- classing ----------------------------------------------------------- */

const char *
kefu_status_class(int status)
{
	if (status >= 200 && status <= 299)
		return "ok";
	switch (status)
	{
		case 401:
			return "auth_expired";
		case 403:
		case 451:
			return "forbidden";
		case 404:
		case 410:
			return "gone";
		case 413:
			return "too_long";
		case 429:
			return "rate";
		case 0:					/* no reply */
		case 408:
		case 425:
			return "transient";
		default:
			break;
	}
	if (status >= 400 && status <= 499)
		return "bad_request";
	if (status >= 500 && status <= 599)
		return "transient";
	return "unknown";
}

static BodyKind
read_body(const KefuReplyMap *map, const char *body, size_t len, KefuJson **root)
{
	KefuJsonError error;

	*root = NULL;
	if (kefu_json_parse(body, len, &map->want, 0, 0, root, &error))
		return BODY_JSON;
	return strcmp(error.reason, "empty") == 0 ? BODY_EMPTY : BODY_OTHER;
}

/* Joins the parts of the code with dots; what doesn't fit is left out. */
static void
read_code(const KefuReplyMap *map, KefuJson *root, char *code)
{
	size_t		used = 0;

	for (int i = 0; i < map->n_code_paths; i++)
	{
		size_t		len;
		const char *text = kefu_json_text(kefu_json_get(root, &map->code_paths[i]), &len);

		if (text == NULL)
			continue;
		if (map->digits_only)
			len = strspn(text, "0123456789");
		if (len == 0 || used + len + 2 > KEFU_CODE_BYTES)
			continue;
		if (used > 0)
			code[used++] = '.';
		memcpy(code + used, text, len);
		used += len;
	}
	code[used] = '\0';
}

static void
read_message(const KefuReplyMap *map, KefuJson *root, char *message)
{
	for (int i = 0; i < map->n_message_paths; i++)
	{
		size_t		len;
		const char *text = kefu_json_text(kefu_json_get(root, &map->message_paths[i]), &len);

		if (text == NULL || len == 0)
			continue;
		len = kefu_utf8_clip(text, len, KEFU_MESSAGE_BYTES - 1);
		memcpy(message, text, len);
		message[len] = '\0';
		return;
	}
}

static bool
status_fits(const char *pattern, int status)
{
	char		digits[16];

	snprintf(digits, sizeof(digits), "%03d", status);
	for (int i = 0; i < 3; i++)
	{
		if (pattern[i] != 'x' && pattern[i] != digits[i])
			return false;
	}
	return digits[3] == '\0';
}

static bool
code_fits(KefuJson *codes, const char *code)
{
	size_t		length = kefu_json_length(codes);

	if (code[0] == '\0')
		return false;
	for (size_t i = 0; i < length; i++)
	{
		size_t		len;
		const char *pattern = kefu_json_text(kefu_json_element(codes, i), &len);

		if (pattern == NULL)
			continue;
		if (len > 0 && pattern[len - 1] == '%'
			? strncmp(pattern, code, len - 1) == 0 : strcmp(pattern, code) == 0)
			return true;
	}
	return false;
}

static bool
row_fits(const Row *row, int status, BodyKind body, const KefuReply *reply)
{
	return (row->status == NULL || status_fits(row->status, status)) &&
		(row->body == BODY_ANY || row->body == body) &&
		(row->codes == NULL || code_fits(row->codes, reply->code)) &&
		(!row->has_text || regexec(&row->text, reply->message, 0, NULL, 0) == 0);
}

/* The header is the platform's last word, then the body, then the row. */
static int64_t
read_retry_after(const Row *row, KefuJson *root, const char *header, int64_t now)
{
	int64_t		seconds = -1;

	if (header != NULL)
		seconds = kefu_retry_after_s(header, now);
	if (seconds < 0 && row != NULL && row->has_retry_path)
	{
		const char *text = kefu_json_text(kefu_json_get(root, &row->retry_path), NULL);

		if (text != NULL)
			seconds = kefu_retry_after_s(text, now);
	}
	if (seconds < 0 && row != NULL)
		seconds = row->retry_after;
	return seconds;
}

void
kefu_reply_classify(const KefuReplyMap *map, int status, const char *body, size_t len,
					const char *retry_after_header, int64_t now, KefuReply *reply)
{
	const Row  *row = NULL;
	KefuJson   *root = NULL;
	BodyKind	kind;

	memset(reply, 0, sizeof(*reply));
	reply->class = kefu_status_class(status);
	if (map != NULL)
	{
		kind = read_body(map, body, len, &root);
		read_code(map, root, reply->code);
		read_message(map, root, reply->message);
		for (int i = 0; i < map->n_rows && row == NULL; i++)
		{
			if (row_fits(&map->rows[i], status, kind, reply))
				row = &map->rows[i];
		}
	}
	if (row != NULL)
	{
		reply->class = row->class;
		reply->scope = row->scope;
	}
	else if (reply->code[0] != '\0' && strcmp(reply->class, "ok") == 0)
		reply->class = "unknown";
	reply->retry_after = read_retry_after(row, root, retry_after_header, now);
	kefu_json_free(root);
}
