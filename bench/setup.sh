# setup.sh - from a bare Debian 12 to a built tree. Sourced by bench/demo, tests/run and .ci/run; runs nothing by itself.
#
# install_missing GROUP... installs by apt those packages that dpkg does not have yet, and nothing else: where nothing is
# missing it needs no network, no rights and no time. It never asks; it needs root, or a sudo that wants no password.
# build_configure and build_targets work silently and leave their logs in the build folder.

INSTALL_BUILD="build-essential cmake ninja-build pkg-config python3
	libzmq3-dev libcbor-dev libjansson-dev libyaml-dev libhdf5-dev libpng-dev libtiff-dev libmd-dev libcurl4-openssl-dev libwebsockets-dev libnuma-dev liblz4-dev"
INSTALL_TEST="pocl-opencl-icd oclgrind libcmocka-dev clang-14 llvm-14 libclang-rt-14-dev util-linux gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
	python3-zmq python3-cbor2 python3-numpy python3-lz4 python3-h5py python3-hdf5plugin python3-pil python3-yaml openssl hdf5-filter-plugin bitshuffle hdf5-tools
	nodejs npm chromium prometheus verilator yosys tcl"
INSTALL_JUDGES="dials python3-pyfai python3-silx" # heavy; where they are absent the tests that want them are skipped, by name

# Prints those of the packages named that are not installed.
install_absent()
{
	local have package

	have=" $(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' ')"
	for package in "$@"; do
		case $have in
		*" $package "*) ;;
		*) [ "$package" = npm ] && command -v npm >/dev/null || echo "$package" ;; # npm comes with some builds of nodejs
		esac
	done
}

install_as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

install_apt_get()
{
	install_as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "$@" </dev/null
}

# The lists of packages are fetched only where they are absent, or too old for what they promise still to be there.
install_by_apt()
{
	local package

	for package in "$@"; do
		if [ -z "$(apt-cache show --no-all-versions "$package" 2>/dev/null)" ]; then
			install_apt_get update || return
			break
		fi
	done
	install_apt_get install --no-install-recommends "$@" && return
	install_apt_get update && install_apt_get install --no-install-recommends "$@"
}

# install_missing GROUP...   groups: build, test, judges. Returns 1, with a reason on standard error, where it cannot.
install_missing()
{
	local group wanted="" absent log status

	for group in "$@"; do
		case $group in
		build) wanted="$wanted $INSTALL_BUILD" ;;
		test) wanted="$wanted $INSTALL_TEST" ;;
		judges) wanted="$wanted $INSTALL_JUDGES" ;;
		esac
	done
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "This is not Debian, so nothing is installed; needed is the like of:" $wanted >&2
		return 0
	fi
	absent=$(install_absent $wanted | tr '\n' ' ')
	[ -z "$absent" ] && return 0
	if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
		echo "These packages are missing: $absent" >&2
		echo "Installing them needs root, or a sudo that asks for no password (run 'sudo -v' first). By hand: apt-get install $absent" >&2
		return 1
	fi
	echo "Installing $(echo $absent | wc -w) packages and what they need, which takes some minutes: $absent"
	log=$(mktemp)
	install_by_apt $absent >"$log" 2>&1
	status=$?
	[ $status = 0 ] || { cat "$log"; echo "apt-get could not install: $absent"; } >&2
	rm -f "$log"
	return $((status != 0))
}

# build_configure FOLDER [CMAKE OPTION...]   in the checkout's top folder. What another checkout or generator has configured is
# configured afresh. The log stays in FOLDER/configure.log.
build_configure()
{
	local folder=$1 cache=$1/CMakeCache.txt fresh=""

	shift
	if [ -e "$cache" ] && ! { grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache" && grep -qx 'CMAKE_GENERATOR:INTERNAL=Ninja' "$cache"; }; then
		fresh=--fresh
	fi
	mkdir -p "$folder" && cmake $fresh -G Ninja -S . -B "$folder" "$@" >"$folder/configure.log" 2>&1
}

# build_targets FOLDER TARGET...   The log stays in FOLDER/build.log.
build_targets()
{
	local folder=$1

	shift
	cmake --build "$folder" -j "$(nproc)" --target "$@" >"$folder/build.log" 2>&1
}

# build_complaints FOLDER   what a failed build said, without its progress.
build_complaints()
{
	grep -v '^\[[0-9]*/[0-9]*\] [A-Z][a-z]*ing ' "$1/build.log"
}
