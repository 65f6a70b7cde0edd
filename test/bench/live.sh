# live.sh: a desk with both workers against the simulator, for bench and soak.
#
# Source it after server.sh; $work/src holds the sources and $work/pg the
# installed library.
#
#   live_start TICKETS FEEDS CONNECTIONS   sets SIM, sim (its pid), PGDATABASE
#   live_stop
#   live_counts                            fetches and levels fired since the start
#   live_requests                          requests that the simulator has seen
#   live_posts                             id and arrival (ms) of each write that it has
#   live_wait SECONDS QUERY                until QUERY gives t; 1 if it never does
#   live_memory WORKER                     its private memory, kB
#   live_cpu WORKER                        its processor time, seconds
#
# Four feeds an account.  Clocks are moved and feeds made due by UPDATE, which
# only a superuser can: what is measured is the workers.

sim=

live_sql()
{
	psql -XAtq -v ON_ERROR_STOP=1 "$@"
}

live_wait()
{
	local until=$((SECONDS + $1))

	until [ "$(live_sql -c "$2")" = t ]; do
		[ $SECONDS -lt $until ] || { echo "still waiting after $1 s: $2" >&2; return 1; }
		sleep 0.2
	done
}

live_start()
{
	local tickets=$1 feeds=$2 connections=$3

	make -s -C "$work/src/test/sim" > "$work/sim.build.log" 2>&1 ||
		{ tail -n 30 "$work/sim.build.log" >&2; return 1; }
	"$work/src/build/sim/kefu-sim" --seed 7 > "$work/sim.out" 2> "$work/sim.err" < /dev/null &
	sim=$!
	for _ in $(seq 50); do
		grep -q '^port ' "$work/sim.out" && break
		sleep 0.1
	done
	SIM=http://127.0.0.1:$(sed -n 's/^port //p' "$work/sim.out")
	curl -sSf -o /dev/null "$SIM/_sim/config" -d '{"user_limit":0,"ip_limit":0,"read_limit":0}'
	curl -sSf -o /dev/null "$SIM/_sim/account" -d '{"uid":"9001","screen_name":"小翼客服","token":"bench"}'

	mkdir -p "$work/live"
	[ "$(id -u)" != 0 ] || chown postgres: "$work/live"
	unset PGDATABASE
	kefu_server_start "$work/live" data "shared_preload_libraries = 'pg_kefu'" \
		"kefu.database = 'bench'" 'kefu.allow_http = on' "kefu.allowed_hosts = '127.0.0.1'" \
		"kefu.connections = $connections" 'shared_buffers = 256MB' 'max_wal_size = 8GB' \
		'checkpoint_timeout = 1h' 'synchronous_commit = off' 'track_commit_timestamp = on' \
		'log_min_messages = warning'
	createdb bench
	export PGDATABASE=bench
	psql -X -v tickets="$tickets" -f test/bench/setup.sql
	psql -X -v sim="$SIM/2" -v accounts=$((feeds / 4)) -f test/bench/live.sql
	live_wait 60 "SELECT count(*) = 2 FROM kefu.stat_worker
		WHERE worker IN ('kefu clock', 'kefu net') AND state = 'running'"
}

live_stop()
{
	kefu_server_stop "$work/live/data"
	[ -z "$sim" ] || kill "$sim" 2> /dev/null || true
	sim=
}

live_counts()
{
	live_sql -F ' ' -c "SELECT sum(fetches_count), sum(fired_count) FROM kefu.stat_worker"
}

live_requests()
{
	curl -sSf "$SIM/_sim/truth?part=requests" | perl -MJSON::PP -0777 -ne '
		my $n = 0;
		$n += $_->{requests} for @{ decode_json($_)->{requests}{tokens} };
		print "$n\n"'
}

live_posts()
{
	curl -sSf "$SIM/_sim/truth?part=writes" | perl -MJSON::PP -0777 -ne '
		print "$_->{id}\t$_->{at}\n" for @{ decode_json($_)->{writes} }'
}

live_pid()
{
	live_sql -c "SELECT pid FROM kefu.stat_worker WHERE worker = 'kefu $1'"
}

live_memory()
{
	awk '/^RssAnon:/ { print $2 }' "/proc/$(live_pid "$1")/status"
}

# User and system time, which stand behind the name in brackets.
live_cpu()
{
	sed 's/.*) //' "/proc/$(live_pid "$1")/stat" |
		awk -v ticks="$(getconf CLK_TCK)" '{ print ($12 + $13) / ticks }'
}
