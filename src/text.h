/*
 * text.h
 *		Text arguments as src/pure reads them.
 */
#ifndef KEFU_TEXT_H
#define KEFU_TEXT_H

#include "kefu.h"

/* Characters of a text in UTF-8, in place or palloc'd, without NUL; *len bytes. */
extern const char *kefu_utf8_of(const text *given, size_t *len);

/*
 * names has an entry an argument, NULL where the argument may be NULL; raises
 * 22004 for the first other one that is.
 */
extern void kefu_require_args(FunctionCallInfo fcinfo, const char *const *names);

#endif							/* KEFU_TEXT_H */
