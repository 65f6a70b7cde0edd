/*
 * html.h
 *		Reading text out of HTML.
 */
#ifndef KEFU_PURE_HTML_H
#define KEFU_PURE_HTML_H

#include <stddef.h>

#include "arena.h"

/*
 * The text of an HTML fragment, as a reader would see it: tags gone, <br> a
 * line, paragraphs two lines apart, entities decoded, script and style left
 * out with their content, leading and trailing space removed.  Anything
 * malformed is kept as text.  NUL-terminated in the arena, *out_len without
 * the NUL; NULL without memory.  Not a sanitiser: the result is text and must
 * be escaped like any other text if it is ever shown as HTML.
 */
extern const char *kefu_html_text(KefuArena *arena, const char *html, size_t len,
								  size_t *out_len);

/* The same in one line: every run of white space is one space. */
extern const char *kefu_html_label(KefuArena *arena, const char *html, size_t len,
								   size_t *out_len);

#endif							/* KEFU_PURE_HTML_H */
