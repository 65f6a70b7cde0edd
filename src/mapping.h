/*
 * mapping.h
 *		Reading platforms' replies by the rows of kefu.platform, kefu.endpoint,
 *		kefu.field_map and kefu.error_map.
 *
 * Text is UTF-8 on both sides, whatever the database's encoding.
 */
#ifndef KEFU_MAPPING_H
#define KEFU_MAPPING_H

#include "kefu.h"

#include "pure/itemmap.h"
#include "pure/paging.h"
#include "pure/replyclass.h"

/*
 * Maps a reply of len bytes to items.  own_id is the native id of the account
 * it was fetched for, or NULL.  The page lives as long as the current memory
 * context; page->error tells why a reply can't be used.  Errors:
 * undefined_object if there is no such endpoint, invalid_parameter_value if
 * its rules contradict themselves.  Reads the rows by SPI if they aren't
 * cached, and so needs an active snapshot; must not be called inside an SPI
 * connection whose memory is the current context, as it would go with it.
 */
extern const KefuPage *kefu_map_page(const char *platform, const char *action,
									 const char *body, Size len, const char *own_id);

/* The item's posted_at and other instants: micros since 1970 to the server's. */
extern TimestampTz kefu_unix_micros_to_timestamptz(int64 micros);
extern int64 kefu_timestamptz_to_unix_micros(TimestampTz at);

/* Paging rules of an endpoint; lifetime and errors as above. */
extern const KefuPaging *kefu_endpoint_paging(const char *platform, const char *action);

/*
 * Classes a reply; strings of *reply live as long as the current memory
 * context.  Errors as above, undefined_object meaning the platform.
 */
extern void kefu_classify(const char *platform, int http_status,
						  const char *body, Size len, const char *retry_after,
						  KefuReply *reply);

#endif							/* KEFU_MAPPING_H */
