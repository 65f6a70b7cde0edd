-- 90_dump: what pg_dump takes along, and what it must not.
--
-- All desk rows and all work, without filters: edited shipped rows behind a
-- filter would come back as shipped. Engine rows come with the version.
-- credential_secret is left out on purpose: a dump must not carry secrets.
-- Partitions made by kefu.make_partitions() are ordinary tables and need no
-- mark. One mark a statement: two in one would lose the first.

SELECT pg_catalog.pg_extension_config_dump('kefu.account', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.alarm_level', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.alarm_rule', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.audit_detail', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.audit_event', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.audit_event_default', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.calendar', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.calendar_exception', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.calendar_week', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.clock', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.clock_clock_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.clock_level', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.clock_policy', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.clock_policy_policy_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.credential', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.dead_letter', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.dead_letter_dead_letter_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.desk_mode', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.digest', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.digest_digest_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.endpoint', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.error_map', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.escalation', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.escalation_escalation_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.feed', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.feed_state', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.field_map', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.gateway', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.gateway_gateway_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.holiday', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.holiday_cover', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.holiday_table', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.identity', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.identity_identity_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.incarnation', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.incarnation_incarnation_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.job_state', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.kind_rule', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.ledger', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.matter', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.message', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.message_message_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.outbound', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.outbound_outbound_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.outbound_way', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.patrol', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.patrol_patrol_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.person', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.person_person_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.personal_data', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.platform', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.platform_policy', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.rate_rule', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.raw_payload', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.raw_payload_default', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.reader', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.request', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.round', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.script', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.script_rule', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.seal', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.seen_item', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.shift', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.shift_shift_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.sighting', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.speech', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.speech_speech_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.spread', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.staff', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.staff_staff_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.staff_role', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.subscriber', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.subscriber_state', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.task', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.task_task_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.ticket', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.ticket_ticket_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.unit', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.webhook', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.webhook_template', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.webhook_webhook_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.work_order', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.work_order_order_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.audit_event_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.preset_row_sort_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kefu.raw_payload_id_seq', '');

