# snac.sh: Debian's snac, a server that speaks Mastodon's API, unpacked and not
# installed.
#
#   snac.sh FOLDER     fetches into FOLDER what is not there yet and says, a line
#                      each, how the two releases are called:  trixie PROGRAM...
#                                                              sid PROGRAM...
#
# Sid's runs with sid's own loader and libraries.  What cannot be had is
# said on standard error, and the status is 1.

set -u -o pipefail

me=snac
. "$(dirname "$0")/unpack.sh"

fetch()
{
	local libraries

	apt_of_its_own none trixie sid
	unpack trixie snac2
	# What it would bring along where nothing is installed: of that, what it is linked with.
	libraries=$(apt-get -s install --no-install-recommends -t sid snac2 2> /dev/null |
		sed -n 's/^Inst \(lib[^ ]*\|zlib1g\) .*/\1/p')
	[ -n "$libraries" ] || fail 'apt finds no libraries for it in sid'
	unpack sid snac2 $libraries
	rm -rf deb cache lists
	touch complete
}

mkdir -p "$1" && cd "$1" || exit 1
[ -e complete ] || fetch
loader=$(find "$PWD/sid/usr" -name 'ld-linux*.so.*' | head -n 1)
[ -x "$loader" ] || fail 'sid has no loader here'
echo "trixie $PWD/trixie/usr/bin/snac"
echo "sid $loader --library-path ${loader%/*} $PWD/sid/usr/bin/snac"
