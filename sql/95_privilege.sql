-- 95_privilege: nothing for PUBLIC; who may call what is a list.
--
-- No role is named outside the list: roles belong to the cluster, and a dump
-- must restore where they are missing. kefu.create_roles() applies the list.

CREATE FUNCTION kefu.grant_list()
    RETURNS TABLE (role text, schema_name text, object_name text, what text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
    WITH roles AS (
        SELECT r.role, r.groups
          FROM (VALUES
              ('kefu_operator', ARRAY['anyone', 'desk']),
              ('kefu_reviewer', ARRAY['anyone', 'desk']),
              ('kefu_department', ARRAY['anyone', 'desk']),
              ('kefu_leader', ARRAY['anyone', 'desk', 'leader']),
              ('kefu_gateway', ARRAY['anyone', 'desk', 'ingest']),
              ('kefu_analyst', ARRAY['anyone']),
              ('kefu_auditor', ARRAY['anyone', 'audit']),
              ('kefu_admin', ARRAY['anyone', 'leader', 'audit', 'admin', 'ingest']),
              ('kefu_receiver', ARRAY['push']),
              ('kefu_worker', ARRAY['worker', 'ingest'])) AS r(role, groups)
    ), calls AS (
        SELECT c.grp, n.name
          FROM (VALUES
              ('anyone', 'now me my_units my_tickets desk_units nameless_words has_role caller workflow_diagram mask mask_numbers add_working_time
                          working_time_between add_working_days is_working_time working_periods
                          calendar_is_assumed'),
              ('desk', 'advance create_object triage attach dismiss detach remove_message
                        approve_removal refuse_removal answer defer call_back called call_missed
                        tell_progress object accept satisfied dissatisfied add_need reopen archive
                        urge escalate prioritise ask_contact reclassify amend judge thank
                        merge_ticket drop_ticket take assign release hand_over transfer note
                        contact_given acknowledge refer order_event open_task_for task_done
                        worklist card preview facts setting'),
              ('desk', 'merge_person split_identity consent_given withdraw_consent request_reveal
                        reveal request_erasure hold_erasure resume_erasure refuse_erasure
                        erase_person customer_view'),
              ('admin', 'advance facts set_retention retain request_erasure hold_erasure resume_erasure
                         refuse_erasure erase_person'),
              ('admin', 'add_subscriber set_subscriber set_webhook_template retry_webhook'),
              ('worker', 'claim_webhooks next_webhook_at'),
              ('desk', 'ask_removal no_result report_user convert explain suggest note_spread set_alarm make_statement'),
              ('anyone', 'find_qualification_gap find_uncovered find_patrol_gap find_coverage
                          find_holiday_unset find_searches find_search_gaps'),
              ('desk', 'handover due_while_closed contact_of'),
              ('leader', 'end_shift swap_shift add_qualification add_training waive_qualification
                          set_contact release_unqualified end_shifts'),
              ('desk', 'decide_topic solve_topic waive_topic publish_topic revise_topic close_topic merge_topic
                        draft_topic answer_topic'),
              ('desk', 'record_opinion screen_opinion discard_opinion merge_opinion report_opinion adopt_opinion
                        decline_opinion handle_opinion feedback_opinion close_opinion draft_feedback answer_opinion
                        report_opinions open_survey place_survey close_survey'),
              ('desk', 'open_report refresh_report amend_report submit_report accept_report return_report
                        restate_report cancel_report'),
              ('anyone', 'report_html report_figure_list tickets_as_of rules_as_of replay work_cases work_kpis'),
              ('admin', 'open_reports'),
              ('anyone', 'scores peer_figures'),
              ('leader', 'add_score_entry counter_score_entry'),
              ('admin', 'set_score_rule close_scores close_due_scores count_findings'),
              ('desk', 'plan_day plan_days show_plan edit_plan add_slot drop_slot accept_plan'),
              ('desk', 'add_media request_post accept_request reject_request draft_post edit_post submit_post
                        review_post reject_post approve_urgent back_fill_review revise_post schedule unschedule
                        reschedule retry_placement cancel_placement delete_placement withdraw_post
                        preview_post'),
              ('leader', 'add_posting_exception'),
              ('admin', 'set_posting_rule set_review set_media_rule'),
              ('admin', 'set_patrol set_duty_hours add_mandatory_tag add_festival'),
              ('anyone', 'share my_posting_verdicts my_rules my_rule_units term_zh'),
              ('anyone', 'find_unraised_topic count_opinions my_posting_days find_broken_posts'),
              ('desk', 'affected_by change_notice confirm_notice correct order_takedown report_error verify_error
                        error_unfounded delete_corrected report_dead revoke_correction reissue approve_reissue
                        waive_reissue'),
              ('admin', 'follow_originals'),
              ('anyone', 'find_breakages find_compliance rulebook'),
              ('admin', 'assign_topics collect_opinions'),
              ('anyone', 'kpi bucket percentile percentile_add percentile_combine percentile_save
                          percentile_load percentile_final'),
              ('admin', 'rebuild_kpis find_kpi_misfits'),
              ('anyone', 'text_length length_limit fitting_length normal_form'),
              ('desk', 'check_text override_hit'),
              ('admin', 'set_length_rule set_content_rule add_lexicon load_lexicon compile_lexicon'),
              ('leader', 'add_shift'),
              ('desk', 'note_profile review_profile duty_done add_campaign set_campaign offer_template
                        count_downloads'),
              ('desk', 'show_engagement comment_on repost_task'),
              ('admin', 'set_engage_rule'),
              ('desk', 'propose_follow propose_candidate start_follow refuse_follow follow_done review_follow sort_follow end_follow'),
              ('leader', 'add_follow_target retire_follow_target'),
              ('admin', 'set_follow_quota propose_follows match_follows'),
              ('leader', 'set_account_profile issue_avatar new_service_tag'),
              ('admin', 'note_profile set_profile_rule retire_tag reserve_name plan_themes'),
              ('admin', 'add_matter retire_matter raise_alarms run_jobs check_audit run_cron install_jobs uninstall_jobs'),
              ('worker', 'run_jobs run_cron'),
              ('audit', 'verify_audit audit_proof verify_proof export_audit audit_horizon'),
              ('admin', 'add_staff grant_role revoke_role grant_reader add_gateway
                         set_clock_policy set_legal_limit load_preset go_live rehearse stop_desk take_over
                         add_credential set_secret add_account set_account close_platform add_feed
                         set_feed erase_detail seal_audit make_partition
                         make_partitions tick health'),
              ('ingest', 'ingest'),
              ('push', 'take_push'),
              ('worker', 'now is_foreign_copy desk_state tick seal_some make_partitions make_partition
                          end_shifts release_unqualified claim_exchanges record_exchanges next_exchange_at exchange_failed
                          notify_fired health')) AS c(grp, names),
               regexp_split_to_table(c.names, '\s+') AS n(name)
    )
    SELECT r.role, s.name, NULL, 'USAGE'
      FROM roles r, (VALUES ('kefu'), ('kefu_bi'), ('kefu_bi_zh')) AS s(name)
    UNION ALL
    SELECT DISTINCT r.role, p.pronamespace::regnamespace::text, p.oid::regprocedure::text, 'EXECUTE'
      FROM roles r
      JOIN calls c ON c.grp = ANY (r.groups)
      JOIN pg_proc p ON p.proname = c.name AND p.pronamespace IN ('kefu'::regnamespace, 'kefu_bi'::regnamespace)
    UNION ALL
    SELECT r.role, v.relnamespace::regnamespace::text, v.relname::text, 'SELECT'
      FROM roles r, pg_class v
     WHERE 'anyone' = ANY (r.groups) AND v.relnamespace IN ('kefu_bi'::regnamespace, 'kefu_bi_zh'::regnamespace)
       AND v.relkind IN ('v', 'r')
    UNION ALL
    SELECT r.role, 'kefu', 'scripts', 'SELECT' FROM roles r WHERE 'desk' = ANY (r.groups)
$$;
COMMENT ON FUNCTION kefu.grant_list() IS
'Every grant of the extension: role, schema, object and what; kefu.create_roles() applies it (授权清单)';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kefu FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kefu_bi FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA kefu FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA kefu_bi FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA kefu_bi_zh FROM PUBLIC;

-- The server's own monitoring role reads how the desk runs, never what it holds.
GRANT USAGE ON SCHEMA kefu TO pg_monitor;
GRANT SELECT ON kefu.stat_worker, kefu.stat_clock, kefu.stat_job TO pg_monitor;
GRANT EXECUTE ON FUNCTION kefu.health(), kefu.now(), kefu.worker_stats() TO pg_monitor;

