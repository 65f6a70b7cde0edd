# One module a line; src/pure has no postgres.h and is shared with the host
# tests and the fuzzers.
MODULES_C = \
	init \
	guc \
	spi \
	scan \
	rules \
	calendar \
	calendar_rows \
	canon \
	audit \
	ledger \
	seal \
	evidence \
	who \
	workflow \
	guard \
	refuse \
	clock \
	advance \
	api \
	mapping
PURE_C = \
	calendar \
	calendar_block \
	merkle \
	arena \
	json_path \
	json_sieve \
	json \
	dates \
	html \
	itemmap_compile \
	itemmap_value \
	itemmap \
	replyclass \
	backoff \
	urlform \
	paging_compile \
	paging
