# One module a line; src/pure has no postgres.h and is shared with the host
# tests and the fuzzers.
MODULES_C = \
	init \
	guc \
	spi \
	canon \
	audit \
	ledger \
	scan \
	seal \
	evidence
PURE_C = \
	merkle
