# The install script is these files joined in this order.
SQL_FRAGMENTS = \
	sql/00_guard.sql \
	sql/08_rules.sql \
	sql/12_calendar.sql \
	sql/10_unit.sql \
	sql/14_platform.sql \
	sql/20_machine.sql \
	sql/22_audit.sql \
	sql/23_seal.sql \
	sql/24_clock.sql \
	sql/30_person.sql \
	sql/32_desk.sql \
	sql/36_outbound.sql \
	sql/37_guards.sql \
	sql/38_ticket_effects.sql \
	sql/38_message_effects.sql \
	sql/38_order_effects.sql \
	sql/39_rows.sql \
	build/machines.sql \
	sql/40_engine.sql \
	sql/42_speech.sql \
	sql/44_desk.sql \
	sql/46_admin.sql \
	sql/48_crm.sql \
	sql/50_tick.sql \
	sql/52_ingest.sql \
	sql/54_exchange.sql \
	sql/55_send.sql \
	sql/56_account.sql \
	sql/60_preset.sql \
	build/presets.sql \
	sql/70_bi.sql \
	sql/72_bi_clock.sql \
	sql/74_bi_proof.sql \
	sql/80_worker.sql \
	sql/90_dump.sql \
	sql/95_privilege.sql
