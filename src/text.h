/*
 * text.h
 *		Text arguments as src/pure reads them.
 */
#ifndef KEFU_TEXT_H
#define KEFU_TEXT_H

#include "kefu.h"

/* Characters of a text in UTF-8, in place or palloc'd, without NUL; *len bytes. */
extern const char *kefu_utf8_of(const text *given, size_t *len);

#endif							/* KEFU_TEXT_H */
