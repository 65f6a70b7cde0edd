-- desk.sql: sets up the desk of the demo.  sim: the platform's base address;
-- accounts: file with unit, user id, name and token of each account.

CREATE EXTENSION pg_kefu;
SELECT count(*) FROM kefu.create_roles();
SELECT count(*) FROM kefu.load_preset('all');

-- The platform is the simulator, over plain http and without its daily quota;
-- what is uncertain is looked for after seconds, not minutes.
UPDATE kefu.platform SET base_url = :'sim', allows_http = true WHERE platform = 'sina';
UPDATE kefu.rate_rule SET calls = 1000000 WHERE platform = 'sina';
UPDATE kefu.endpoint SET verify_after = '5 seconds' WHERE platform = 'sina' AND verify_action IS NOT NULL;

-- The first administrator is set up by the superuser, all else by her.
CREATE ROLE admin_shen LOGIN IN ROLE kefu_admin, kefu_auditor;
CREATE ROLE analyst_lu LOGIN IN ROLE kefu_analyst;
SELECT kefu.add_staff('admin_shen', 'group', '沈晓');
SELECT kefu.grant_role('admin_shen', 'group', 'admin');

CREATE TEMP TABLE our_account (unit text, native_id text, handle text, token text);
\set copy '\\copy our_account FROM ' :accounts
:copy

SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', a.unit || '_' || r.login, r.member)
  FROM our_account a,
       (VALUES ('operator', 'kefu_operator'), ('network', 'kefu_department'), ('market', 'kefu_department'),
               ('hotline', 'kefu_operator'), ('leader', 'kefu_leader'),
               ('reviewer', 'kefu_reviewer')) AS r(login, member)
\gexec

CREATE TEMP TABLE day AS
SELECT d.clock, d.target, p.target AS shipped
  FROM (VALUES ('seen', interval '20 s'), ('inquiry_ack', '30 s'), ('complaint_ack', '20 s'),
               ('answer', '60 s'), ('call_back', '40 s'), ('after_call', '30 s'), ('silence', '40 s'),
               ('archive', '20 s'), ('order_review', '10 s'), ('order_dispatch', '10 s'),
               ('order_accept', '10 s'), ('order_handle', '20 s'), ('order_result', '10 s'),
               ('order_limit', '50 s')) AS d(clock, target)
  JOIN kefu.clock_policy p ON p.clock = d.clock AND p.unit = 'group';

GRANT SELECT ON our_account, day TO admin_shen;
SET ROLE admin_shen;

SELECT kefu.add_credential('sina.' || unit, 'sina', 'token') FROM our_account;
SELECT kefu.set_secret('sina.' || unit, jsonb_build_object('access_token', token)) FROM our_account;
SELECT kefu.add_account('sina.' || unit, 'sina', unit, handle, native_id, 'sina.' || unit) FROM our_account;
SELECT kefu.add_feed('sina.' || unit, f, '2 seconds', now() - interval '1 minute')
  FROM our_account, unnest(ARRAY['mentions', 'comments_to_me', 'comments_mentions', 'messages']) AS f;

SELECT kefu.add_staff(a.unit || '_' || r.login, CASE WHEN r.login IN ('network', 'market') THEN a.unit || '.' || r.login ELSE a.unit END,
                      r.name || a.unit)
  FROM our_account a,
       (VALUES ('operator', '林'), ('network', '王'), ('market', '孙'), ('hotline', '何'), ('leader', '赵'), ('reviewer', '陈'))
       AS r(login, name);
SELECT kefu.grant_role(a.unit || '_' || r.login, CASE r.role WHEN 'department' THEN a.unit || '.' || r.login ELSE a.unit END,
                       r.role)
  FROM our_account a,
       (VALUES ('operator', 'operator'), ('network', 'department'), ('market', 'department'), ('hotline', 'hotline'),
               ('leader', 'leader'), ('reviewer', 'reviewer')) AS r(login, role);

-- Sichuan has no leader on shift: who should be told there is found further up.
SELECT kefu.add_shift(a.unit || '_' || r.login, CASE r.role WHEN 'department' THEN a.unit || '.' || r.login ELSE a.unit END, r.role, now() - interval '1 hour', now() + interval '11 hours')
  FROM our_account a,
       (VALUES ('operator', 'operator'), ('hotline', 'hotline'), ('leader', 'leader'),
               ('reviewer', 'reviewer'), ('network', 'department'), ('market', 'department')) AS r(login, role)
 WHERE (a.unit, r.role) <> ('sc', 'leader');

-- A day in a minute: new versions of the promises, levels in proportion.  Zhejiang,
-- where three matters are told in full, keeps the shipped ones.
SELECT kefu.set_clock_policy(clock, 'zj', shipped) FROM day;
SELECT kefu.set_clock_policy(clock, 'group', target) FROM day;
SELECT kefu.grant_reader('analyst_lu', 'group');
RESET ROLE;
