#include <algorithm>

#include "policy/plans/concurrently.hpp"
#include "policy/plans/draft.hpp"
#include "policy/plans/mark.hpp"
#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"

// DETACH PARTITION ... CONCURRENTLY works in two transactions. After the first the parent does not read the partition any
// more; stopped there, the partition waits for FINALIZE (manual, ALTER TABLE). It also gives the partition a CHECK of its
// bounds, which a plain DETACH does not: that is dropped, so that the result is the same.
namespace policy::plans {
namespace {

std::string reason_against(const relation_facts& parent, const context& c) {
    if (c.session.server_version < 14) return "DETACH PARTITION ... CONCURRENTLY needs PostgreSQL 14 or later.";
    if (parent.default_partition != 0)
        return "PostgreSQL cannot detach CONCURRENTLY from " + readable(parent.name) +
               ", because it has a DEFAULT partition. Detach that first.";
    return not_alone(c);
}

// The row of pg_inherits that makes it a partition.
std::string tie(const relation_facts& partition, const relation_facts& parent, std::string_view and_also) {
    return with_qualified_operators("SELECT FROM pg_catalog.pg_inherits AS h WHERE (h.inhrelid = " + std::to_string(partition.oid) +
                                    "::pg_catalog.oid) AND (h.inhparent = " + std::to_string(parent.oid) + "::pg_catalog.oid)" +
                                    std::string(and_also));
}

// `turn`: a number, for what comes first.
std::string drops_of_checks(const relation_facts& partition, std::string_view turn, const std::string& which) {
    const auto oid = std::to_string(partition.oid) + "::pg_catalog.oid";
    return with_qualified_operators("SELECT " + std::string(turn) + "pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', " + oid +
                                    "::pg_catalog.regclass, k.conname) FROM pg_catalog.pg_constraint AS k WHERE (k.conrelid = " + oid +
                                    ") AND (k.contype = 'c') AND " + which);
}

// Where a run was stopped: FINALIZE. If it was none of ours, the CHECK goes then: which one that is can only be told before,
// while the bounds are still known, and it can only be dropped after.
std::string finish_of_stopped(const relation_facts& partition, const relation_facts& parent, const std::string& finalize,
                              const mark& ours) {
    const auto waits = tie(partition, parent, " AND h.inhdetachpending");
    return "SELECT s.sql FROM (SELECT 1, " + literal(finalize) + "::pg_catalog.text WHERE EXISTS (" + waits + ") UNION ALL " +
           drops_of_checks(partition, "2, ",
                           "NOT (" + ours.is_set() + ") AND EXISTS (" + waits +
                               ") AND (pg_catalog.pg_get_expr(k.conbin, k.conrelid) = "
                               "pg_catalog.pg_get_partition_constraintdef(k.conrelid))") +
           ") AS s(turn, sql) ORDER BY s.turn";
}

// As it is remembered while the mark is there.
std::vector<std::uint32_t> constraints_of(const relation_facts& partition) {
    std::vector<std::uint32_t> out;
    for (const auto& k : partition.constraints) out.push_back(k.oid);
    return out;
}

std::string drops_of_new_check(const relation_facts& partition, const relation_facts& parent, const mark& ours) {
    const auto before = "COALESCE((" + ours.recalled() + ")::pg_catalog.oid[], " + oid_array(constraints_of(partition)) + ")";
    return drops_of_checks(partition, "", "NOT (k.oid = ANY (" + before + ")) AND NOT EXISTS (" + tie(partition, parent, "") + ")");
}

step on_the_partition(const relation_facts& partition, std::string why) {
    step s;
    s.timeouts = timeout_class::blocking;
    s.locks = {{readable(partition.name), lock_mode::access_exclusive}};
    s.why = std::move(why);
    return s;
}

}  // namespace

proposal detach_partition(const alter_table& a, const alter_step& detach, const context& c) {
    if (!c.known.catalog().asked) return {};
    const auto parent = c.known.relation(a.relation), partition = c.known.relation(*detach.partner);
    if (!partition.exists) return {std::nullopt, "There is no table " + readable(partition.name) + "."};
    if (auto why = reason_against(parent, c); !why.empty()) return {std::nullopt, std::move(why)};

    const auto head = "ALTER TABLE " + quote_ident(parent.name) + " DETACH PARTITION " + quote_ident(partition.name);
    auto ours = mark_on_relation("TABLE", partition, std::string(c.own_text()));
    ours.remembered = array_of(constraints_of(partition));
    const auto tied = "EXISTS (" + tie(partition, parent, " AND NOT h.inhdetachpending") + ")";

    auto remember = made(ours.setting(), timeout_class::online, "should this be killed, the next run knows which CHECK is new");
    remember.unless = "SELECT NOT " + tied + " OR (" + ours.is_set() + ")";
    remember.undo_from = "SELECT s.sql FROM (" + ours.removal() + ") AS s(sql) WHERE " + tied;

    auto take_off =
        made(head + " CONCURRENTLY", timeout_class::online, "reads and writes go on until nobody uses the partition through its parent");
    take_off.unless = "SELECT EXISTS (" + tie(partition, parent, " AND h.inhdetachpending") + ") OR (NOT EXISTS (" +
                      tie(partition, parent, "") + ") AND (" + ours.left_behind() + "))";

    auto finish = on_the_partition(partition, "an earlier run was stopped, and the partition waits to be detached");
    finish.sql_from = finish_of_stopped(partition, parent, head + " FINALIZE", ours);

    auto new_check = on_the_partition(partition, "DETACH without CONCURRENTLY adds no CHECK of the bounds");
    new_check.sql_from = drops_of_new_check(partition, parent, ours);

    step forget;
    forget.sql_from = ours.removal();
    forget.timeouts = timeout_class::online;
    forget.why = "everything is done";

    plan p;
    p.tag = "ALTER TABLE";
    for (auto* s : {&remember, &take_off, &finish, &new_check, &forget}) p.steps.push_back(std::move(*s));
    return {std::move(p), {}};
}

}  // namespace policy::plans
