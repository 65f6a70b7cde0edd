# The install script is these files joined in this order.
SQL_FRAGMENTS = \
	sql/00_guard.sql \
	sql/23_seal.sql
