# libreoffice.sh: Debian's LibreOffice Base and Calc with the driver for PostgreSQL,
# unpacked and not installed.
#
#   libreoffice.sh FOLDER   fetches into FOLDER what is not there yet and says where its
#                           root is
#
# What cannot be had is said on standard error, and the status is 1.

set -u -o pipefail

me=libreoffice
. "$(dirname "$0")/unpack.sh"

fetch()
{
	local packages

	suite=$(kefu_codename)
	apt_of_its_own /var/lib/dpkg/status "$suite"
	packages=$(apt-get -s install --no-install-recommends libreoffice-base-nogui libreoffice-calc-nogui \
		libreoffice-sdbc-postgresql python3-uno 2> /dev/null | sed -n 's/^Inst \([^ ]*\) .*/\1/p')
	[ -n "$packages" ] || fail 'apt finds no LibreOffice, or it is installed'
	unpack "$suite" $packages
	relocate "$PWD/$suite"
	rm -rf deb cache lists
	echo "$PWD/$suite" > complete
}

# What an installation would find at the root of the machine is found below ROOT, and the
# registry where the package keeps it, not where its installation would copy it to.
relocate() # ROOT
{
	local root=$1 program=$1/usr/lib/libreoffice/program link target

	find "$root" -type l -lname '/*' | while read -r link; do
		target=$root$(readlink "$link")
		[ ! -e "$target" ] || ln -sfr "$target" "$link"
	done
	sed -i -e "s|file:///usr/lib/|file://$root/usr/lib/|g" \
		-e "s|file:///etc/libreoffice/registry|file://$root/usr/lib/libreoffice/share/.registry|g" \
		-e "s|file:///etc/|file://$root/etc/|g" "$program/fundamentalrc" "$program/sofficerc"
	sed -i "s|/usr/lib/libreoffice|$root/usr/lib/libreoffice|g" "$root/usr/lib/python3/dist-packages/uno.py"
}

mkdir -p "$1" && cd "$1" || exit 1
[ "$(cat complete 2> /dev/null)" = "$PWD/$(kefu_codename)" ] || fetch
cat complete
