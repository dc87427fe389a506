#include <algorithm>

#include "policy/plans/concurrently.hpp"
#include "policy/plans/draft.hpp"
#include "policy/plans/guards.hpp"
#include "policy/plans/mark.hpp"
#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"

// DROP INDEX a, b: one after the other, each CONCURRENTLY. What a DROP INDEX CONCURRENTLY that was stopped leaves behind is
// an INVALID index, which the next one drops.
namespace policy::plans {
namespace {

std::string reason_against(const relation_name& written, const context& c) {
    const auto index = c.known.relation(written);
    const auto name = readable(index.name);
    if (!index.exists) return {};  // the server says so
    if (index.partitioned()) return "PostgreSQL cannot drop " + name + " CONCURRENTLY, because it is the index of a partitioned table.";
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
        if (auto why = reason_against(r.name, c); !why.empty()) return why;
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

step drop(const relation_name& written, const ddl& d, const context& c) {
    return made(std::string("DROP INDEX CONCURRENTLY ") + (d.if_exists ? "IF EXISTS " : "") + quote_ident(c.known.relation(written).name),
                timeout_class::online, "reads and writes go on until nobody uses the index any more");
}

// A list is dropped as a whole, or not at all: where some of it is gone already, only the mark on what is left tells that a
// run of the same statement was killed halfway. With IF EXISTS that makes no difference.
std::vector<mark> marks_on(const ddl& d, const context& c) {
    std::vector<mark> out;
    if (d.if_exists || d.relations.size() < 2) return out;
    const std::string text(c.own_text());
    for (const auto& r : d.relations)
        if (const auto index = c.known.relation(r.name); index.exists) out.push_back(mark_on_relation("INDEX", index, text));
    return out;
}

// The server says that there is no such index, unless an earlier run has dropped it.
step complaint(const relation_name& missing, const mark& left, const context& c) {
    auto s = made("DROP INDEX CONCURRENTLY " + quote_ident(c.known.relation(missing).name), timeout_class::online,
                  "an index of the list is not there, and no earlier run of this statement has dropped it");
    s.unless = left.left_behind();
    return s;
}

step marking(const std::vector<mark>& marks, const ddl& d, const context& c) {
    auto s =
        made(marks.front().setting(), timeout_class::online, "the indexes go one by one: a run that is killed between them can be told");
    for (auto m = marks.begin() + 1; m != marks.end(); ++m) s.and_then.push_back(m->setting());
    s.unless = marks.front().is_set();
    // As soon as one of them is gone, or only INVALID, there is no way back.
    std::vector<std::uint32_t> oids;
    for (const auto& r : d.relations)
        if (const auto index = c.known.relation(r.name); index.exists) oids.push_back(index.oid);
    const auto all_there =
        with_qualified_operators("(SELECT pg_catalog.count(*) = " + std::to_string(oids.size()) +
                                 " FROM pg_catalog.pg_index AS i WHERE i.indisvalid AND i.indexrelid = ANY (" + oid_array(oids) + "))");
    for (const auto& m : marks) s.undo_from += (s.undo_from.empty() ? "" : " UNION ALL ") + m.removal() + " AND " + all_there;
    return s;
}

}  // namespace

proposal drop_indexes(const ddl& d, const context& c) {
    if (!c.known.catalog().asked) return {};
    if (auto why = reason_against(d, c); !why.empty()) return {std::nullopt, std::move(why)};
    plan p;
    p.tag = "DROP INDEX";
    if (d.relations.size() == 1) say_what_is_dropped(d.relations.front().name, c, p);
    const auto marks = marks_on(d, c);
    if (!marks.empty() && marks.size() < d.relations.size())
        for (const auto& r : d.relations)
            if (!c.known.relation(r.name).exists) p.steps.push_back(complaint(r.name, marks.front(), c));
    if (!marks.empty()) p.steps.push_back(marking(marks, d, c));
    for (const auto& r : d.relations)
        if (marks.empty() || c.known.relation(r.name).exists) {
            p.steps.push_back(drop(r.name, d, c));
            if (p.deferrable) p.steps.back().unless = is_gone(c.known.relation(r.name).oid);
        }
    return {std::move(p), {}};
}

}  // namespace policy::plans
