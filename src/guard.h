/*
 * guard.h
 *		Permits for the trigger that refuses every plain UPDATE and DELETE.
 */
#ifndef KEFU_GUARD_H
#define KEFU_GUARD_H

#include "kefu.h"

/*
 * Opens a frame for one object: until it is closed, columns other than the
 * engine's may change (the effects of a transition).  Frames nest.
 */
extern void kefu_guard_open(Oid relation, int64 id);
extern void kefu_guard_close(int to_depth);
extern int	kefu_guard_depth(void);

/* True inside any frame: the event is raised by another event. */
extern bool kefu_guard_is_nested(void);

/* Lets the next UPDATE of the innermost object change the engine's columns. */
extern void kefu_guard_permit_move(const char *from_state, const char *to_state);

/*
 * Lets a set-wise statement of ours move audit_seq and audit_head, and nothing
 * else, of rows of one table until forbidden again.
 */
extern void kefu_guard_permit_heads(Oid relation);
extern void kefu_guard_forbid_heads(void);

#endif							/* KEFU_GUARD_H */
