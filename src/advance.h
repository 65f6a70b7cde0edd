/*
 * advance.h
 *		The one thing that changes a state.
 */
#ifndef KEFU_ADVANCE_H
#define KEFU_ADVANCE_H

#include "kefu.h"

#include "utils/jsonb.h"

/* On whose word an event happens. */
typedef enum KefuAuthority
{
	KEFU_BY_CALLER,				/* roles of the caller are checked */
	KEFU_BY_CLOCK,				/* a level fired it */
	KEFU_BY_PLATFORM,			/* a feed or a receipt reported it */
	KEFU_BY_EVENT				/* the effect of another event raised it */
} KefuAuthority;

typedef struct KefuCall
{
	const char *machine;		/* or an object type, such as ticket */
	int64		id;				/* 0 creates */
	const char *event;
	Jsonb	   *args;			/* never NULL */
	KefuAuthority authority;
	bool		has_version;
	int32		version;		/* that the caller read */
	char	   *request_key;	/* or NULL */
} KefuCall;

typedef struct KefuOutcome
{
	const char *machine;
	int64		id;
	const char *state;
	int32		version;
	int64		event_id;
	int64		speech_id;		/* 0: nothing was said */
} KefuOutcome;

extern KefuOutcome kefu_advance(const KefuCall *call);

/* Settles a delivered speech; see kefu.settle_speech(). */
extern void kefu_settle_speech(int64 speech_id, TimestampTz at);

#endif							/* KEFU_ADVANCE_H */
