# snac.sh: Debian's snac, a server that speaks Mastodon's API, unpacked and not
# installed.
#
#   snac.sh FOLDER     fetches into FOLDER what is not there yet and says, a line
#                      each, how the two releases are called:  trixie PROGRAM...
#                                                              sid PROGRAM...
#
# The packages come from the archive that this machine's own suite comes from, with
# lists and locks of their own, so no right of root is needed and nothing is
# installed.  Sid's runs with sid's own loader and libraries.  What cannot be had is
# said on standard error, and the status is 1.

set -u -o pipefail

# Where apt has this machine's own suite.
kefu_mirror()
{
	local codename

	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 2> /dev/null |
		sed -n "s/^$codename //p" | head -n 1
}

fail()
{
	echo "snac: $*" >&2
	exit 1
}

apt_of_its_own()
{
	local mirror key=/usr/share/keyrings/debian-archive-keyring.gpg

	mirror=$(kefu_mirror)
	[ -n "$mirror" ] || fail "apt names no archive for this machine's own suite"
	mkdir -p lists/partial cache/archives/partial || fail "nothing can be written in $PWD"
	: > status
	printf "deb [signed-by=$key] $mirror %s main\n" trixie sid > sources.list
	cat > apt.conf <<-END
		Dir::Etc::sourcelist "$PWD/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::State::Lists "$PWD/lists";
		Dir::State::status "$PWD/status";
		Dir::Cache "$PWD/cache";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
	END
	export APT_CONFIG=$PWD/apt.conf
	timeout 200 apt-get -q update > apt.log 2>&1 || fail "apt-get update: $(tail -n 1 apt.log)"
}

# Unpacks packages of a suite into the folder of its name.
unpack() # SUITE PACKAGE...
{
	local suite=$1 file

	shift
	rm -rf "$suite" deb
	mkdir "$suite" deb
	(cd deb && timeout 200 apt-get -q download "${@/%//$suite}" > ../apt.log 2>&1) ||
		fail "apt-get download: $(tail -n 1 apt.log)"
	for file in deb/*.deb; do
		dpkg-deb -x "$file" "$suite" || fail "$file can't be unpacked"
	done
}

fetch()
{
	local libraries

	apt_of_its_own
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
