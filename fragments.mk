# The install script is these files joined in this order.
SQL_FRAGMENTS = \
	sql/00_guard.sql \
	sql/08_rules.sql \
	sql/14_platform.sql
