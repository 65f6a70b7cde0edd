# One module a line; src/pure has no postgres.h and is shared with the host
# tests and the fuzzers.
MODULES_C = \
	init \
	guc \
	spi \
	shmem \
	wake \
	http \
	launcher \
	worker \
	net \
	rules \
	calendar \
	calendar_rows \
	canon \
	audit \
	who \
	workflow \
	guard \
	lock \
	refuse \
	clock \
	object \
	request \
	facts \
	advance \
	api \
	tick \
	mapping \
	personal \
	similarity \
	rows \
	ingest \
	ingest_read \
	ingest_person \
	ingest_ticket \
	ingest_write \
	scan \
	ledger \
	seal \
	evidence \
	hmac \
	oauth \
	exchange
PURE_C = \
	calendar \
	calendar_block \
	arena \
	json_path \
	json_sieve \
	json \
	dates \
	html \
	itemmap_compile \
	itemmap_value \
	itemmap \
	personal \
	similarity \
	replyclass \
	backoff \
	urlform \
	oauth \
	paging_compile \
	paging \
	merkle
