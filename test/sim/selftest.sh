#!/bin/sh
# Proves the simulator against what README.md says of it; prints 'N passed, N failed'
# and fails when anything did.  SIM_RUN may name a wrapper, such as valgrind.
cd "$(dirname "$0")" || exit 1
[ -x ../../build/sim/kefu-sim ] || make -s || exit 1
exec perl selftest.pl ../../build/sim/kefu-sim
