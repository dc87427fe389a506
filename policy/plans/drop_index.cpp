#include <algorithm>

#include "policy/plans/concurrently.hpp"
#include "policy/plans/guards.hpp"
#include "policy/quote.hpp"

// DROP INDEX a, b: one after the other, each CONCURRENTLY. What a DROP INDEX CONCURRENTLY that was stopped leaves behind is
// an INVALID index, which the next one drops.
namespace policy::plans {
namespace {

std::string reason_against(const relation_name& written, const ddl& d, const context& c) {
    const auto index = c.known.relation(written);
    const auto name = readable(index.name);
    if (!index.exists) return d.if_exists ? "" : "There is no index " + name + ", so that only some of them would be dropped.";
    if (index.partitioned())
        return "PostgreSQL cannot drop " + name + " CONCURRENTLY, because it is the index of a partitioned table.";
    const auto table = c.known.table_of_index(written);
    if (!table) return name + " is no index.";
    const auto facts = std::find_if(table->indexes.begin(), table->indexes.end(), [&](const auto& i) { return i.oid == index.oid; });
    if (facts == table->indexes.end()) return "Index " + name + " has changed meanwhile. Send the statement again.";
    if (!facts->constraint.empty())
        return "The constraint " + readable(facts->constraint) + " stands on " + name + ". Drop it with ALTER TABLE ... DROP CONSTRAINT.";
    if (facts->parent != 0) return name + " belongs to the index of a partitioned table. That one has to be dropped.";
    return {};
}

std::string reason_against(const ddl& d, const context& c) {
    if (d.cascade) return "PostgreSQL cannot drop what depends on an index (CASCADE) CONCURRENTLY. Drop that first.";
    for (const auto& r : d.relations)
        if (auto why = reason_against(r.name, d, c); !why.empty()) return why;
    return not_alone(c);
}

// As long as it is there, a unique index forbids rows, which the server says where it happens.
void say_what_is_dropped(const relation_name& written, const context& c, plan& p) {
    const auto index = c.known.relation(written);
    const auto table = c.known.table_of_index(written);
    if (!table) return;
    p.deferrable = true;
    p.relation = readable(table->name);
    p.object = index.name.name;
}

}  // namespace

proposal drop_indexes(const ddl& d, const context& c) {
    if (!c.known.catalog().asked) return {};
    if (auto why = reason_against(d, c); !why.empty()) return {std::nullopt, std::move(why)};
    plan p;
    p.tag = "DROP INDEX";
    if (d.relations.size() == 1) say_what_is_dropped(d.relations.front().name, c, p);
    for (const auto& r : d.relations) {
        step drop;
        drop.sql = std::string("DROP INDEX CONCURRENTLY ") + (d.if_exists ? "IF EXISTS " : "") + quoted(c.known.relation(r.name).name);
        drop.timeouts = timeout_class::online;
        if (p.deferrable) drop.unless = is_gone(c.known.relation(r.name).oid);
        drop.why = "reads and writes go on until nobody uses the index any more";
        p.steps.push_back(std::move(drop));
    }
    return {std::move(p), {}};
}

}  // namespace policy::plans
