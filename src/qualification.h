/*
 * qualification.h
 *		What people must have before they are given work.
 */
#ifndef KEFU_QUALIFICATION_H
#define KEFU_QUALIFICATION_H

#include "kefu.h"

/*
 * What the person lacks now to be given work, as kefu.qualification_gap() says
 * it, palloc'd; NULL: nothing.
 */
extern char *kefu_qualification_gap(int32 staff_id);

#endif							/* KEFU_QUALIFICATION_H */
