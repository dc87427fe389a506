// libpg_query 17-6.1.0 forgets one byte of a DO block that PL/pgSQL cannot read: pg_query_parse_plpgsql returns without
// freeing the empty stderr buffer of pg_query_raw_parse. Every other leak counts.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:pg_query_raw_parse\n"; }
