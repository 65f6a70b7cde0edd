/*
 * urlform.h
 *		Percent-encoding, forms and path templates.
 *
 * Output goes to a buffer of the caller's; every function returns the length
 * that the whole result has, like snprintf(), so that a call with size 0 tells
 * how much is needed.  What fits is written and always ends in a NUL.
 */
#ifndef KEFU_PURE_URLFORM_H
#define KEFU_PURE_URLFORM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct KefuParam
{
	const char *name;
	const char *value;			/* NULL: not sent */
	bool		pre_encoded;	/* percent-encode the value once more (Sina v1, Sohu) */
	bool		in_path;		/* set by kefu_expand_path() */
} KefuParam;

/*
 * Percent-encodes everything but the unreserved characters of RFC 3986, 2.3,
 * with upper-case digits: also what OAuth 1 asks for (RFC 5849, 3.6).
 */
extern size_t kefu_percent_encode(const char *text, size_t len, char *out, size_t size);

/*
 * name=value&name=value of the parameters that have a value and are not in
 * the path; space is %20.  Fit for a query and for a form's body.
 */
extern size_t kefu_form_encode(const KefuParam *params, int n, char *out, size_t size);

/*
 * Replaces each {name} in a path template with the encoded value of that
 * parameter and marks it as used up.  *missing is the first name without a
 * value, which stays as it is, or NULL; it points into the template and ends
 * at its brace.  Here "" and dots alone are no value: they would make another
 * path of it.
 */
extern size_t kefu_expand_path(const char *path, KefuParam *params, int n,
							   char *out, size_t size, const char **missing);

#endif							/* KEFU_PURE_URLFORM_H */
