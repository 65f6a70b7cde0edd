/*
 * read.h
 *	  Reading members of a JSON object with a default for what is absent.
 *
 * Texts live as long as the object.  Numbers are accepted as strings and the
 * other way round: ids come both ways.
 */
#ifndef SIM_READ_H
#define SIM_READ_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

static inline struct json_object *
read_member(struct json_object *from, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(from, json_type_object) ||
		!json_object_object_get_ex(from, name, &value))
		return NULL;
	return value;
}

static inline const char *
read_text(struct json_object *from, const char *name, const char *otherwise)
{
	struct json_object *value = read_member(from, name);

	return value ? json_object_get_string(value) : otherwise;
}

static inline int64_t
read_int(struct json_object *from, const char *name, int64_t otherwise)
{
	struct json_object *value = read_member(from, name);

	return value ? json_object_get_int64(value) : otherwise;
}

static inline double
read_real(struct json_object *from, const char *name, double otherwise)
{
	struct json_object *value = read_member(from, name);

	return value ? json_object_get_double(value) : otherwise;
}

static inline bool
read_bool(struct json_object *from, const char *name, bool otherwise)
{
	struct json_object *value = read_member(from, name);

	return value ? json_object_get_boolean(value) : otherwise;
}

#endif
