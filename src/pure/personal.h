/*
 * personal.h
 *		Telephone, identity-card and bank-card numbers in a text.
 */
#ifndef KEFU_PURE_PERSONAL_H
#define KEFU_PURE_PERSONAL_H

#include <stddef.h>

typedef enum KefuPersonal
{
	KEFU_NOT_PERSONAL,
	KEFU_MOBILE,
	KEFU_LANDLINE,
	KEFU_IDENTITY_CARD,
	KEFU_BANK_CARD
} KefuPersonal;

/*
 * What the first such number in UTF-8 text is; KEFU_NOT_PERSONAL if there is
 * none.  Bytes that are no UTF-8 separate words like any other character.
 */
extern KefuPersonal kefu_find_personal(const char *text, size_t len);

#endif							/* KEFU_PURE_PERSONAL_H */
