# packages.sh: what building and testing need, from Debian's own archive.
#
# Source it.
#
#   kefu_major            sets KEFU_MAJOR, the PostgreSQL to use: the caller's
#                         choice, else one that is installed, else what apt offers
#   kefu_packages [MORE]  installs what is missing (as root; else says what to
#                         run and returns 1), MORE besides
#
# Nothing is ever removed, and no cluster is started or touched.  Installing
# Debian's server package may create that package's own cluster; the tests
# never use it.

KEFU_MAJORS='15 16 17 18'

kefu_apt()
{
	DEBIAN_FRONTEND=noninteractive timeout "${KEFU_APT_SECONDS:-900}" \
		apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

# Package lists are fetched once a run, and only when something is missing.
kefu_apt_update()
{
	[ -z "${KEFU_APT_UPDATED:-}" ] || return 0
	[ "$(id -u)" = 0 ] || return 0
	echo 'apt-get update'
	kefu_apt update > /dev/null ||
		echo 'apt-get update failed; going on with the lists that are here' >&2
	KEFU_APT_UPDATED=1
}

kefu_is_installed()
{
	dpkg-query -W -f '${Status}' "$1" 2> /dev/null | grep -q '^install ok installed'
}

kefu_is_offered()
{
	apt-cache policy "$1" 2> /dev/null | grep -q 'Candidate: [0-9]'
}

kefu_major()
{
	local major

	[ -z "${KEFU_MAJOR:-}" ] || return 0
	for major in $KEFU_MAJORS; do
		if kefu_is_installed "postgresql-server-dev-$major"; then
			KEFU_MAJOR=$major
			return 0
		fi
	done
	kefu_apt_update
	for major in $KEFU_MAJORS; do
		if kefu_is_offered "postgresql-server-dev-$major"; then
			KEFU_MAJOR=$major
			return 0
		fi
	done
	echo "no PostgreSQL of $KEFU_MAJORS is installed or offered by apt" >&2
	return 1
}

# The names, one a line.  The server's bitcode is made by one version of clang;
# the fuzzers and sanitizers take the same.
kefu_package_names()
{
	local clang

	clang=$(apt-cache depends "postgresql-server-dev-$KEFU_MAJOR" 2> /dev/null |
		sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
	printf '%s\n' "postgresql-$KEFU_MAJOR" "postgresql-client-$KEFU_MAJOR" \
		"postgresql-server-dev-$KEFU_MAJOR" "postgresql-$KEFU_MAJOR-cron" \
		"postgresql-$KEFU_MAJOR-plpgsql-check" \
		libcurl4-openssl-dev libjson-c-dev libmicrohttpd-dev ca-certificates \
		gcc make perl libipc-run-perl python3 curl \
		${clang:+"clang-$clang" "libclang-rt-$clang-dev"}
}

# Those of the names that are not here.  pg_cron and plpgsql_check may be
# missing from a suite in motion; the tests say so where they need them.
kefu_missing_packages()
{
	local name

	for name in $(kefu_package_names) "$@"; do
		kefu_is_installed "$name" && continue
		case $name in
			*-cron | *-plpgsql-check)
				kefu_is_offered "$name" || continue ;;
		esac
		echo "$name"
	done
}

kefu_packages()
{
	local missing log

	if ! command -v apt-get > /dev/null; then
		echo 'This needs Debian: there is no apt-get here.' >&2
		return 1
	fi
	kefu_major || return 1
	missing=$(kefu_missing_packages "$@")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		{
			echo 'Some packages are missing. As root, run:'
			echo '  apt-get update && apt-get install -y --no-install-recommends' $missing
		} >&2
		return 1
	fi
	kefu_apt_update
	missing=$(kefu_missing_packages "$@")
	echo 'installing' $missing
	log=$(mktemp)
	if ! kefu_apt install -y --no-install-recommends $missing > "$log" 2>&1; then
		tail -n 40 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
