-- 08_rules: how cached rule rows learn of a change.

CREATE FUNCTION kefu.rules_changed() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'kefu_rules_changed';
COMMENT ON FUNCTION kefu.rules_changed() IS
'Statement trigger of every table of rules: tells all sessions to drop what they cached from it (规则变更通知)';

