/*
 * refuse.c
 *		The desk's refusals: one place for their words, in both languages.
 *
 * The message says what is refused, the detail the state and what it allows,
 * the hint what to do.  Codes (states, events, facts) stay as they are, so that
 * a program can read them.  KF008 says the same whether a row is missing or
 * hidden: it must not be an oracle.
 */
#include "kefu.h"

#include "guc.h"
#include "refuse.h"

#define SAY(zh, en) (kefu_language == KEFU_LANGUAGE_ZH ? (zh) : (en))

static char *
state_of(KefuMachine *machine, const char *state)
{
	KefuState  *s = kefu_state(machine->machine, state);

	return psprintf("%s %s (%s)", machine->machine, state,
					s ? s->label[kefu_language] : SAY("新建", "being created"));
}

void
kefu_refuse_transition(KefuMachine *machine, const char *state, const char *event,
					   bool guarded)
{
	char	   *now = state_of(machine, state);
	char	   *allowed = kefu_allowed_events(machine->machine, state);

	ereport(ERROR,
			(errcode(ERRCODE_KEFU_NO_TRANSITION),
			 errmsg(SAY("现在不允许 %s(%s)", "event %s (%s) is not allowed now"),
					event, kefu_event_label(event)),
			 errdetail(SAY("当前状态:%s;允许:%s。", "State: %s. Allowed: %s."), now,
					   allowed[0] ? allowed : SAY("无", "nothing")),
			 errhint("%s", guarded ?
					 SAY("此状态下该事件的前提条件不成立,见 kefu.transition 的 note。",
						 "The event exists in this state, but its condition doesn't hold; see "
						 "note in kefu.transition.") :
					 SAY("请重新读取 kefu.card(),选用其中允许的事件。",
						 "Read kefu.card() again and choose one of the allowed events."))));
}

void
kefu_refuse_missing(KefuMachine *machine, const char *state, const char *event,
					const char *fact)
{
	KefuFact   *known = kefu_fact(fact);

	ereport(ERROR,
			(errcode(ERRCODE_KEFU_FACT_MISSING),
			 errmsg(SAY("%s(%s)缺少必备事实:%s", "event %s (%s) lacks the required fact %s"),
					event, kefu_event_label(event), fact),
			 errdetail(SAY("当前状态:%s;%s 是“%s”。", "State: %s. %s is \"%s\"."),
					   state_of(machine, state), fact,
					   known ? known->label[kefu_language] : fact),
			 errhint("%s", known && known->record_column ?
					 SAY("随事件一并给出,或先记录在案。", "Give it with the event, or record it first.") :
					 SAY("随事件一并给出。", "Give it with the event."))));
}

void
kefu_refuse_role(KefuMachine *machine, const char *state, const char *event,
				 char **roles, const char *unit)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; roles[i]; i++)
		appendStringInfo(&list, "%s%s", i ? ", " : "", roles[i]);
	ereport(ERROR,
			(errcode(ERRCODE_KEFU_ROLE),
			 errmsg(SAY("您的角色不能执行 %s(%s)", "your roles do not allow event %s (%s)"),
					event, kefu_event_label(event)),
			 errdetail(SAY("当前状态:%s;需要机构 %s 的角色:%s。",
						   "State: %s. It takes one of these roles in unit %s: %s."),
					   state_of(machine, state), unit, list.data),
			 errhint("%s", SAY("请由有此角色的人员执行,或请管理员授予角色。",
							   "Have somebody with the role do it, or have an administrator grant it."))));
}

void
kefu_refuse_handler(KefuMachine *machine, const char *state, const char *event,
					int32 handler)
{
	ereport(ERROR,
			(errcode(ERRCODE_KEFU_HANDLER),
			 errmsg(SAY("您不是当前处理人,不能执行 %s(%s)",
						"you are not the current handler and can't do %s (%s)"),
					event, kefu_event_label(event)),
			 errdetail(SAY("当前状态:%s;处理人编号 %d。", "State: %s. Handler: staff number %d."),
					   state_of(machine, state), handler),
			 errhint("%s", SAY("请处理人释放或移交,或请值班长改派。",
							   "Have the handler release it or hand it over, or a leader assign it."))));
}

void
kefu_refuse_assignee(int32 staff_id, const char *unit)
{
	ereport(ERROR,
			(errcode(ERRCODE_KEFU_NOT_QUALIFIED),
			 errmsg(SAY("人员 %d 不能处理机构 %s 的事务", "person %d can't handle work of unit %s"),
					staff_id, unit),
			 errdetail(SAY("没有这样一位在职且在该机构或其上级有角色的人员。",
						   "There is nobody active with this number who has a role at the unit "
						   "or above it.")),
			 errhint(SAY("kefu.grant_role() 授予角色。", "kefu.grant_role() grants roles."))));
}

/* gap: what is missing since when, in the language of the session. */
void
kefu_refuse_unqualified(int32 staff_id, const char *gap)
{
	ereport(ERROR,
			(errcode(ERRCODE_KEFU_NOT_QUALIFIED),
			 errmsg(SAY("人员 %d 的资质或培训不满足要求", "person %d is not qualified"), staff_id),
			 errdetail_internal("%s", gap),
			 errhint("%s", SAY("上级机构登记 kefu.add_qualification() 或 kefu.add_training(),"
							   "或由值班长用 kefu.waive_qualification() 豁免至多 7 天。",
							   "The unit above records it with kefu.add_qualification() or "
							   "kefu.add_training(), or its leader waives it for at most 7 days "
							   "with kefu.waive_qualification()."))));
}

void
kefu_refuse_stale(KefuMachine *machine, const char *state, int32 given, int32 actual)
{
	ereport(ERROR,
			(errcode(ERRCODE_KEFU_STALE),
			 errmsg(SAY("所依据的版本 %d 已过时", "version %d is out of date"), given),
			 errdetail(SAY("当前版本 %d,状态:%s。", "It is version %d now, state: %s."), actual,
					   state_of(machine, state)),
			 errhint("%s", SAY("请重新读取后再决定。", "Read it again before you decide."))));
}

void
kefu_refuse_not_visible(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_KEFU_NOT_VISIBLE),
			 errmsg("%s", SAY("未找到或不可见", "not found or not visible")),
			 errdetail("%s", SAY("没有这一行,或它属于您不可见的机构。",
								 "There is no such row, or it belongs to a unit you may not see.")),
			 errhint("%s", SAY("SELECT kefu.my_units() 列出您可见的机构。",
							   "SELECT kefu.my_units() lists what you may see."))));
}
