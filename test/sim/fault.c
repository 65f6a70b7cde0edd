/*
 * fault.c
 *	  Installing and choosing faults; what they do to an answer is in serve.c
 *	  and http.c.
 *
 * The dice of a fault depend on the seed, its id and how many requests matched
 * it, on nothing else: the same calls meet the same faults.
 */
#include "fault.h"
#include "read.h"

#include <stdlib.h>
#include <string.h>

static const char *const fault_names[FAULTS] = {
	"slow", "cut_before", "cut_after_apply", "status", "rate", "empty200",
	"success_without_id", "insert_between", "bad_json", "truncate", "huge", "slow_body"
};

void
fault_free(struct fault *fault)
{
	free(fault->match);
	free(fault->method);
	free(fault->token);
	free(fault->body);
	free(fault->uid);
	free(fault->text);
	free(fault);
}

static const char *
fault_wrong(const struct fault *fault)
{
	if (fault->p < 0 || fault->p > 1)
		return "p must be between 0 and 1";
	if (fault->kind == FAULT_SLOW && fault->ms <= 0)
		return "slow needs ms";
	if (fault->kind == FAULT_STATUS && (fault->code < 200 || fault->code > 599))
		return "status needs a code between 200 and 599";
	if (fault->kind == FAULT_INSERT_BETWEEN && fault->k <= 0)
		return "insert_between needs k";
	if (fault->kind == FAULT_TRUNCATE && fault->bytes < 0)
		return "truncate needs bytes";
	if ((fault->kind == FAULT_HUGE || fault->kind == FAULT_SLOW_BODY) &&
		fault->bytes <= 0)
		return "this fault needs bytes";
	return NULL;
}

struct fault *
fault_put(struct world *world, struct json_object *spec, const char **error)
{
	struct fault *fault;
	int			kind = name_index(fault_names, FAULTS, read_text(spec, "kind", NULL));

	if (kind < 0)
	{
		*error = "no such kind of fault";
		return NULL;
	}
	fault = sim_alloc(sizeof(*fault));
	fault->kind = kind;
	fault->match = sim_strdup(read_text(spec, "match", ""));
	fault->method = sim_strdup(read_text(spec, "method", ""));
	fault->token = sim_strdup(read_text(spec, "token", ""));
	fault->body = sim_strdup(read_text(spec, "body", ""));
	fault->uid = sim_strdup(read_text(spec, "uid", ""));
	fault->text = sim_strdup(read_text(spec, "text", "插进来的一条"));
	fault->after = read_int(spec, "after", 0);
	fault->p = read_real(spec, "p", 1);
	fault->times = read_int(spec, "times", -1);
	fault->apply = read_bool(spec, "apply", false);
	fault->hold = kind == FAULT_SLOW &&
		strcmp(read_text(spec, "when", "after"), "before") == 0;
	fault->ms = read_int(spec, "ms", 0);
	fault->code = read_int(spec, "code", 0);
	fault->k = read_int(spec, "k", 0);
	fault->bytes = read_int(spec, "bytes", -1);
	*error = fault_wrong(fault);
	if (*error)
	{
		fault_free(fault);
		return NULL;
	}
	fault->id = ++world->next_fault;
	vec_push(&world->faults, fault);
	return fault;
}

long
fault_remove(struct world *world, long id)
{
	size_t		kept = 0;
	long		removed = 0;

	for (size_t i = 0; i < world->faults.n; i++)
	{
		struct fault *fault = world->faults.at[i];

		if (id && fault->id != id)
		{
			world->faults.at[kept++] = fault;
			continue;
		}
		fault_free(fault);
		removed++;
	}
	world->faults.n = kept;
	return removed;
}

static bool
happens(const struct world *world, struct fault *fault)
{
	if (fault->after > 0)
	{
		fault->after--;
		return false;
	}
	if (fault->times == 0)
		return false;
	return sim_chance(world->seed ^ (uint64_t) fault->id << 32, (uint64_t) fault->seen++,
					  fault->p);
}

struct fault *
fault_pick(struct world *world, const char *method, const char *path, const char *token,
		   bool first_page)
{
	for (size_t i = 0; i < world->faults.n; i++)
	{
		struct fault *fault = world->faults.at[i];

		if (!strstr(path, fault->match) ||
			(*fault->method && strcmp(fault->method, method) != 0) ||
			(*fault->token && (!token || strcmp(fault->token, token) != 0)) ||
			(fault->kind == FAULT_INSERT_BETWEEN && !first_page))
			continue;
		if (!happens(world, fault))
			continue;
		if (fault->times > 0)
			fault->times--;
		fault->hits++;
		return fault;
	}
	return NULL;
}

bool
fault_prevents(const struct fault *fault)
{
	switch (fault->kind)
	{
		case FAULT_CUT_BEFORE:
		case FAULT_RATE:
			return true;
		case FAULT_STATUS:
		case FAULT_EMPTY200:
			return !fault->apply;
		default:
			return false;
	}
}

void
fault_list(const struct world *world, struct out *out, const char *key)
{
	out_open(out, key, '[');
	for (size_t i = 0; i < world->faults.n; i++)
	{
		const struct fault *fault = world->faults.at[i];

		out_open(out, NULL, '{');
		out_int(out, "id", fault->id);
		out_text(out, "kind", fault_names[fault->kind]);
		out_text(out, "match", fault->match);
		out_text(out, "method", fault->method);
		out_text(out, "token", fault->token);
		out_int(out, "times_left", fault->times);
		out_int(out, "hits", fault->hits);
		out_close(out, '}');
	}
	out_close(out, ']');
}
