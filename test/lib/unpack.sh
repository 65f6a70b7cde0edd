# unpack.sh: Debian packages that tests use without installing them.
#
# Source it with me set to a name for messages, in the folder that everything goes to.
#
#   apt_of_its_own STATUS SUITE...   apt with lists and locks in this folder, for the archive
#                                    that this machine's own suite comes from; STATUS says what
#                                    is installed: dpkg's file, or none
#   unpack SUITE PACKAGE...          unpacks packages of a suite into the folder of its name
#
# No right of root is needed.  What cannot be had is said on standard error, and the script
# ends with status 1.

fail()
{
	echo "$me: $*" >&2
	exit 1
}

kefu_codename()
{
	(. /etc/os-release && echo "${VERSION_CODENAME:-}")
}

# Where apt has this machine's own suite.
kefu_mirror()
{
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 2> /dev/null |
		sed -n "s/^$(kefu_codename) //p" | head -n 1
}

apt_of_its_own()
{
	local mirror status=$1 key=/usr/share/keyrings/debian-archive-keyring.gpg

	shift
	mirror=$(kefu_mirror)
	[ -n "$mirror" ] || fail "apt names no archive for this machine's own suite"
	mkdir -p lists/partial cache/archives/partial || fail "nothing can be written in $PWD"
	if [ "$status" = none ]; then
		status=$PWD/status
		: > status
	fi
	printf "deb [signed-by=$key] $mirror %s main\n" "$@" > sources.list
	cat > apt.conf <<-END
		Dir::Etc::sourcelist "$PWD/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::State::Lists "$PWD/lists";
		Dir::State::status "$status";
		Dir::Cache "$PWD/cache";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
	END
	export APT_CONFIG=$PWD/apt.conf
	timeout 200 apt-get -q update > apt.log 2>&1 || fail "apt-get update: $(tail -n 1 apt.log)"
}

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
