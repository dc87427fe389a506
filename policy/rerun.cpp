#include "policy/rerun.hpp"

#include <algorithm>

#include "policy/parse.hpp"
#include "policy/plans/guards.hpp"
#include "policy/qualified_sql.hpp"

namespace policy {
namespace {

// Who builds an index CONCURRENTLY holds SHARE UPDATE EXCLUSIVE on its table from begin to end.
constexpr std::string_view question = R"(
SELECT COALESCE(i.indrelid = t.oid, false), COALESCE(i.indisvalid, true), pg_catalog.pg_get_indexdef(i.indexrelid),
       EXISTS (SELECT FROM pg_catalog.pg_locks AS l
               WHERE (l.relation = t.oid) AND (l.mode = 'ShareUpdateExclusiveLock') AND l.granted
                 AND (l.pid <> pg_catalog.pg_backend_pid())
                 AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()))
FROM pg_catalog.pg_class AS t
JOIN pg_catalog.pg_class AS c ON ((c.relnamespace = t.relnamespace) AND (c.relname = $2::pg_catalog.name))
LEFT JOIN pg_catalog.pg_index AS i ON (i.indexrelid = c.oid)
WHERE t.oid = pg_catalog.to_regclass($1)::pg_catalog.oid)";

bool is(const catalog_row& row, std::size_t column) { return column < row.size() && row[column] == "t"; }

step drop_of(const step& build) {
    step drop;
    drop.sql = build.undo;
    drop.timeouts = timeout_class::online;
    drop.why = "an earlier build of this index was cut off and left it INVALID";
    drop.unless = plans::negated(build.undo_if);
    return drop;
}

}  // namespace

std::optional<catalog_query> rerun_question(const plan& p) {
    if (p.builds.empty()) return std::nullopt;
    return our_query(question, {p.relation, p.object});
}

std::string prepare_rerun(plan& p, const catalog_rows& there) {
    if (there.empty()) return {};
    const auto& found = there.front();
    const auto wanted = index_signature(p.builds);
    const bool same = is(found, 0) && wanted && found.size() > 2 && found[2] && wanted == index_signature(*found[2]);
    if (!same) return "another relation than the index that was wanted has its name by now: " + p.object;
    const auto build = std::find_if(p.steps.begin(), p.steps.end(), [&](const step& s) { return s.sql == p.builds; });
    if (is(found, 1)) {
        if (build != p.steps.end()) p.steps.erase(build);
        return {};
    }
    if (is(found, 3)) return "the index is INVALID, and another session that is at work on the table may be building it";
    if (build != p.steps.end()) p.steps.insert(p.steps.begin(), drop_of(*build));
    return {};
}

}  // namespace policy
