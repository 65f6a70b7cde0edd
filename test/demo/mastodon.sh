# mastodon.sh: the desk on a real server of Mastodon's API (make demo
# PLATFORM=mastodon).  A part of run, which has built everything: starts the server,
# lets people write and the staff answer, and shows both sides.

start_server
kefu_as perl test/demo/mastodon.pl "$work" > "$work/mastodon.log" 2>&1 &
people=$!
if ! wait "$people"; then
	tail -n 20 "$work/mastodon.log" >&2
	fail 'the desk and the server did not come together'
fi
people=
cat "$work/mastodon.log"
heading 'Two of the tickets, with all that was said'
sql postgres -v tickets="$(sql postgres -At -c "SELECT string_agg(t, ',') FROM (SELECT DISTINCT ON (g.item_type) g.ticket_id::text AS t
	FROM kefu.message g WHERE g.item_type IN ('status', 'message') ORDER BY g.item_type, g.message_id) AS x")" -v topic=0 -f test/demo/story.sql ||
	fail 'no timeline'
kefu_say 'done: every word came once, every answer arrived'
