/*
 * request.h
 *		Request keys: a call that is made again gets its first result.
 */
#ifndef KEFU_REQUEST_H
#define KEFU_REQUEST_H

#include "kefu.h"

#include "advance.h"

/* Waits for whoever is working on the same key, to the end of the transaction. */
extern void kefu_request_lock(int32 staff_id, const char *request_key);

/* The outcome that the key of this call had; false if it is new.  SPI. */
extern bool kefu_request_find(const KefuCall *call, int32 staff_id, KefuOutcome *outcome);

/* Keeps the outcome under the key of this call.  SPI. */
extern void kefu_request_keep(const KefuCall *call, int32 staff_id,
							  const KefuOutcome *outcome);

#endif							/* KEFU_REQUEST_H */
