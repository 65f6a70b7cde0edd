/*
 * json.h
 *		Reading JSON documents.
 *
 * Built on json-c, behind the strict first pass of json_sieve.h.  Numbers are
 * text: 12 and "12" are the same value to every reader, because platforms mix
 * them up, and no id ever passes through a machine number.  A member whose
 * value is null is the same as one that isn't there.  Of members with the same
 * name the last one counts.
 *
 * Values are borrowed from the document and live until it is freed.
 */
#ifndef KEFU_PURE_JSON_H
#define KEFU_PURE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "json_path.h"
#include "json_sieve.h"

/* A value; NULL is null.  The tag is json-c's, its header is not needed. */
typedef struct json_object KefuJson;

typedef enum KefuJsonKind
{
	KEFU_JSON_NULL,
	KEFU_JSON_BOOL,
	KEFU_JSON_TEXT,				/* a string or a number */
	KEFU_JSON_ARRAY,
	KEFU_JSON_OBJECT
} KefuJsonKind;

/*
 * Reads a document; limits as for kefu_json_sieve().  True with *root to be
 * given to kefu_json_free(), or false with *error.
 */
extern bool kefu_json_parse(const char *data, size_t len, const KefuWant *want,
							int max_depth, size_t max_bytes,
							KefuJson **root, KefuJsonError *error);
extern void kefu_json_free(KefuJson *root);

extern KefuJsonKind kefu_json_kind(const KefuJson *value);

/*
 * The characters of a string, a number's lexeme, "true" or "false"; NULL for
 * everything else.  NUL-terminated UTF-8; len may be NULL.
 */
extern const char *kefu_json_text(KefuJson *value, size_t *len);

/* Elements of an array, 0 for everything else. */
extern size_t kefu_json_length(KefuJson *value);
extern KefuJson *kefu_json_element(KefuJson *value, size_t number);

/* Member of an object, NULL if there is none or value isn't an object. */
extern KefuJson *kefu_json_member(KefuJson *value, const char *name);

/* Calls visit for each member, in order, until it returns false. */
typedef bool (*KefuJsonVisit) (void *state, const char *name, KefuJson *value);
extern void kefu_json_members(KefuJson *value, KefuJsonVisit visit, void *state);

/* First value that is not null at the path, or NULL. */
extern KefuJson *kefu_json_get(KefuJson *value, const KefuPath *path);

/*
 * Finds the values of all paths of a tree in one walk: slots[node->slot] is
 * set to the first that is not null.  The caller has cleared slots.
 */
extern void kefu_json_collect(KefuJson *value, const KefuWant *node, KefuJson **slots);

/*
 * Calls visit (name is NULL) for each value that is not null at a path with
 * *, in order, until it returns false.
 */
extern void kefu_json_each(KefuJson *value, const KefuPath *path,
						   KefuJsonVisit visit, void *state);

#endif							/* KEFU_PURE_JSON_H */
