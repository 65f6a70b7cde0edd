# server.sh: a private PostgreSQL for tests, demo and benchmarks.
#
# Source it.  It copies the server's small files into a folder of its own and
# links the rest, so that `make install` goes there: nothing is written into
# the system's PostgreSQL, and no existing cluster is touched.  It works
# because the server finds its files relative to its own binary.
#
#   kefu_copy_tree DIR               what git would know of the folder we are in
#   kefu_server_prefix DIR [MAJOR]   makes DIR/usr/..., sets PG_BIN, PG_CONFIG
#   kefu_server_start DIR NAME [CONF-LINES...]  initdb and start; sets PGHOST, PGPORT, PGDATA
#   kefu_server_stop DATA [MODE]
#   kefu_server_stop_all DIR         stops whatever still runs below DIR, however it was started
#
# Every call of the server's programs is bounded by timeout: a test may fail,
# it may not hang.

# Prints what it is about to do, with the time since the script began.
kefu_say()
{
	printf '[%4ds] %s\n' "$SECONDS" "$*"
}

# Without what a build left behind; outside a checkout (a release, a chroot)
# everything is copied.
kefu_copy_tree()
{
	local file

	{
		git -c safe.directory='*' ls-files -co --exclude-standard -z 2> /dev/null ||
			find . -type f -not -path './.git/*' -not -path './build/*' -print0
	} | while IFS= read -r -d '' file; do
		[ ! -e "$file" ] || printf '%s\0' "$file"
	done | tar --null -T - -cf - | tar -C "$1" -xf -
}

# The user the server runs as: PostgreSQL refuses root.
kefu_as()
{
	if [ "$(id -u)" = 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}

kefu_server_prefix()
{
	local to=$1 major=${2:-15} lib share

	lib=/usr/lib/postgresql/$major
	share=/usr/share/postgresql/$major
	rm -rf "$to"
	mkdir -p "$to$lib" "$to$share"
	cp -r "$lib/bin" "$to$lib/"
	cp -rs "$lib/lib" "$to$lib/"
	cp -rs "$share/." "$to$share/"
	# The extension's own files must never be the system's.
	rm -rf "$to$lib"/lib/pg_kefu.so "$to$lib"/lib/bitcode/pg_kefu* \
		"$to$share"/extension/pg_kefu*
	mkdir -p "$to/usr/include"
	ln -s /usr/include/postgresql "$to/usr/include/postgresql"
	chmod -R go+rX "$to"
	PG_BIN=$to$lib/bin
	PG_CONFIG=$PG_BIN/pg_config
	export PG_BIN PG_CONFIG
}

# A port nobody listens on; sockets are in a private folder, so a collision
# only matters where a server also listens on loopback.
kefu_free_port()
{
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)
			or die "no free port: $!\n";
		print $s->sockport, "\n";'
}

kefu_server_start()
{
	local dir=$1 name=$2

	shift 2
	PGDATA=$dir/$name
	PGHOST=$dir
	PGPORT=$(kefu_free_port)
	PGUSER=postgres
	export PGDATA PGHOST PGPORT PGUSER
	kefu_as timeout 120 "$PG_BIN/initdb" -D "$PGDATA" -A trust -U postgres -E UTF8 --locale=C.UTF-8 \
		-N > "$dir/$name.initdb.log"
	{
		echo "unix_socket_directories = '$dir'"
		echo "listen_addresses = ''"
		echo "port = $PGPORT"
		echo "timezone = 'Asia/Shanghai'"
		printf '%s\n' "$@"
	} | kefu_as tee -a "$PGDATA/postgresql.conf" > /dev/null
	kefu_as timeout 90 "$PG_BIN/pg_ctl" -D "$PGDATA" -l "$dir/$name.log" -w -s -t 60 start
}

kefu_server_stop()
{
	kefu_as timeout 90 "$PG_BIN/pg_ctl" -D "$1" -w -s -m "${2:-fast}" stop || true
}

# A postmaster is one of ours if it works in a data folder below DIR; its pid
# file alone could name a process that has long been another.
kefu_server_stop_all()
{
	local file pid

	find "$1" -name postmaster.pid 2> /dev/null | while read -r file; do
		pid=$(head -n 1 "$file" 2> /dev/null)
		[ "$(readlink "/proc/$pid/cwd" 2> /dev/null)" = "${file%/*}" ] || continue
		kefu_server_stop "${file%/*}" immediate > /dev/null 2>&1
	done
}
