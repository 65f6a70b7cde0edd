/*
 * personal.c
 *		Telephone, identity-card and bank-card numbers in a text.
 *
 * People write numbers in groups, with spaces or dashes between them, and in
 * full-width digits.  The text is cut into groups of digits; groups that only
 * one such separator keeps apart are read as one number if each has three
 * digits or more, so that dates and times never join.  A number counts only as
 * a whole: eleven digits out of a longer order number are no mobile.
 *
 * What it takes for one:
 *   mobile         1, 3 to 9, nine more; 86 or 0086 may stand before it
 *   landline       area code (010, 02x, or 0 and three digits) and 7 or 8 digits
 *   identity card  GB 11643: known province, plausible date of birth, 18 digits
 *                  or 17 and X.  The check digit is not asked for: a number
 *                  with a slip of the pen gives its owner away all the same.
 *   bank card      62 and 16 to 19 digits, or 16 digits from 35, 4, 51 to 55;
 *                  ISO/IEC 7812 check digit (Luhn), so that order numbers pass
 *
 * It does not find numbers in words (一三八…), names or addresses.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "personal.h"

#define LONGEST 23				/* 0086 and a bank card's 19 */
#define SHORTEST_PART 3

typedef struct Reader
{
	const unsigned char *at;
	const unsigned char *end;
} Reader;

/* A character: its digit 0 to 9, or one of these. */
enum
{
	SEPARATOR = 10,
	LETTER_X,
	LETTER,
	OTHER,
	END
};

static uint32_t
next_code(Reader *reader)
{
	uint32_t	code = *reader->at++;
	int			more = code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : code >= 0xC0 ? 1 : 0;

	if (code < 0x80)
		return code;
	code &= 0x3F >> more;
	while (more-- > 0 && reader->at < reader->end && (*reader->at & 0xC0) == 0x80)
		code = code << 6 | (*reader->at++ & 0x3F);
	return code;
}

static bool
is_separator(uint32_t code)
{
	return code == ' ' || code == '-' || code == 0xA0 || code == 0x3000 ||
		code == 0xFF0D || (code >= 0x2010 && code <= 0x2015);
}

static int
next_kind(Reader *reader)
{
	uint32_t	code;

	if (reader->at >= reader->end)
		return END;
	code = next_code(reader);
	if (code >= 0xFF10 && code <= 0xFF5A)
		code -= 0xFEE0;			/* full-width forms */
	if (code >= '0' && code <= '9')
		return (int) (code - '0');
	if (code == 'x' || code == 'X')
		return LETTER_X;
	if ((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || code == '_')
		return LETTER;
	return is_separator(code) ? SEPARATOR : OTHER;
}

/* --- what a whole number may be ---------------------------------------------- */

static int
number_at(const char *digits, int count)
{
	int			value = 0;

	for (int i = 0; i < count; i++)
		value = value * 10 + (digits[i] - '0');
	return value;
}

static bool
is_mobile(const char *digits, int count)
{
	return count == 11 && digits[0] == '1' && digits[1] >= '3';
}

static bool
is_landline(const char *digits, int count)
{
	int			area = digits[1] == '1' || digits[1] == '2' ? 3 : 4;

	return digits[0] == '0' && count >= area + 7 && count <= area + 8 &&
		digits[1] != '0' && digits[area] >= '1' &&
		(digits[1] != '1' || digits[2] == '0');
}

static bool
is_province(int code)
{
	return (code >= 11 && code <= 15) || (code >= 21 && code <= 23) ||
		(code >= 31 && code <= 37) || (code >= 41 && code <= 46) ||
		(code >= 50 && code <= 54) || (code >= 61 && code <= 65) ||
		code == 71 || (code >= 81 && code <= 83) || code == 91;
}

/* The first 17 digits of an identity card, whatever the last place is. */
static bool
is_identity(const char *digits)
{
	int			year = number_at(digits + 6, 4);
	int			month = number_at(digits + 10, 2);
	int			day = number_at(digits + 12, 2);

	return is_province(number_at(digits, 2)) && year >= 1900 && year < 2100 &&
		month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool
passes_luhn(const char *digits, int count)
{
	int			sum = 0;

	for (int i = 0; i < count; i++)
	{
		int			digit = digits[count - 1 - i] - '0';

		if (i % 2 == 1)
			digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
		sum += digit;
	}
	return sum % 10 == 0;
}

static bool
is_bank_card(const char *digits, int count)
{
	bool		union_pay = digits[0] == '6' && digits[1] == '2' &&
		count >= 16 && count <= 19;
	bool		other = count == 16 &&
		(digits[0] == '4' || (digits[0] == '5' && digits[1] >= '1' && digits[1] <= '5') ||
		 (digits[0] == '3' && digits[1] == '5'));

	return (union_pay || other) && passes_luhn(digits, count);
}

static KefuPersonal
classify(const char *digits, int count, bool has_x)
{
	if (has_x)
		return count == 17 && is_identity(digits) ? KEFU_IDENTITY_CARD : KEFU_NOT_PERSONAL;
	if (is_mobile(digits, count))
		return KEFU_MOBILE;
	if ((count == 13 && strncmp(digits, "86", 2) == 0 && is_mobile(digits + 2, 11)) ||
		(count == 15 && strncmp(digits, "0086", 4) == 0 && is_mobile(digits + 4, 11)))
		return KEFU_MOBILE;
	if (count >= 10 && count <= 12 && is_landline(digits, count))
		return KEFU_LANDLINE;
	if (count == 18 && is_identity(digits))
		return KEFU_IDENTITY_CARD;
	return count >= 16 && is_bank_card(digits, count) ? KEFU_BANK_CARD : KEFU_NOT_PERSONAL;
}

/* --- groups --------------------------------------------------------------------- */

typedef struct Number
{
	char		digits[LONGEST + 1];
	int			count;
	bool		too_long;
} Number;

static void
append(Number *number, int digit)
{
	if (number->count < LONGEST)
		number->digits[number->count++] = (char) ('0' + digit);
	else
		number->too_long = true;
}

/*
 * The number that starts where reader stands and takes in the given number of
 * groups at most; returns what it is, and how many groups there were.
 */
static KefuPersonal
read_number(Reader reader, int kind, int groups, int *taken)
{
	Number		number = {.count = 0};
	bool		has_x = false;

	for (*taken = 0; *taken < groups;)
	{
		int			before = number.count;
		int			part;

		for (; kind < SEPARATOR; kind = next_kind(&reader))
			append(&number, kind);
		part = number.count - before;
		(*taken)++;
		if (part < SHORTEST_PART && groups > 1 && !number.too_long)
			return KEFU_NOT_PERSONAL;
		if (kind == LETTER_X)
		{
			has_x = true;
			kind = next_kind(&reader);
			break;
		}
		if (kind != SEPARATOR || *taken == groups)
			break;
		kind = next_kind(&reader);
		if (kind >= SEPARATOR)
			break;
	}
	if (number.too_long || *taken < groups || kind == LETTER || kind == LETTER_X ||
		(has_x && kind < SEPARATOR))
		return KEFU_NOT_PERSONAL;
	return classify(number.digits, number.count, has_x);
}

/*
 * Every group of digits begins a number of one group, of two, and so on; the
 * longest that can matter has LONGEST / SHORTEST_PART.
 */
KefuPersonal
kefu_find_personal(const char *text, size_t len)
{
	Reader		reader = {(const unsigned char *) text, (const unsigned char *) text + len};
	int			last = OTHER;

	for (;;)
	{
		int			kind = next_kind(&reader);

		if (kind == END)
			return KEFU_NOT_PERSONAL;
		if (kind < SEPARATOR && last >= SEPARATOR && last != LETTER && last != LETTER_X)
		{
			int			taken = 0;

			for (int groups = 1; groups <= LONGEST / SHORTEST_PART; groups++)
			{
				KefuPersonal found = read_number(reader, kind, groups, &taken);

				if (found != KEFU_NOT_PERSONAL)
					return found;
				if (taken < groups)
					break;
			}
		}
		last = kind;
	}
}
