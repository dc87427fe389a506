#include <algorithm>

#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

// The statement names an index or a constraint like that.
bool names(const statement& s, std::string_view object) {
    if (const auto* index = std::get_if<create_index>(&s.what)) return index->name == object;
    if (const auto* r = std::get_if<renaming>(&s.what)) return r->relation.name == object || r->old_name == object || r->new_name == object;
    if (const auto* d = std::get_if<ddl>(&s.what)) {
        const auto same = [&](const auto& one) { return one.name.name == object; };
        return d->index == object || std::any_of(d->relations.begin(), d->relations.end(), same) ||
               std::any_of(d->objects.begin(), d->objects.end(), [&](const object_name& o) { return o.name == object; });
    }
    const auto* a = std::get_if<alter_table>(&s.what);
    return a && (a->relation.name == object || std::any_of(a->steps.begin(), a->steps.end(), [&](const alter_step& step) {
                     return step.name == object || step.value == object ||
                            (step.constraint && (step.constraint->index == object || step.constraint->name == object));
                 }));
}

// It drops or renames the relation, or a part of it, or gives it another type: what was put off may not fit any more.
bool reshapes(const statement& s, const std::string& relation, const known_relations& known) {
    const auto meant = [&](const relation_name& n) { return readable(known.relation(n).name) == relation; };
    if (const auto* r = std::get_if<renaming>(&s.what)) return meant(r->relation);
    if (const auto* d = std::get_if<ddl>(&s.what))
        return (d->verb == verb::drop_relation || d->verb == verb::set_schema) &&
               std::any_of(d->relations.begin(), d->relations.end(), [&](const relation_use& u) { return meant(u.name); });
    const auto* a = std::get_if<alter_table>(&s.what);
    return a && meant(a->relation) && std::any_of(a->steps.begin(), a->steps.end(), [](const alter_step& step) {
               return step.action == alter_action::drop_column || step.action == alter_action::set_type;
           });
}

bool has_key(const relation_facts& table, const std::vector<std::string>& columns) {
    return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const index_facts& i) {
        if (!i.unique || !i.valid || i.partial) return false;
        return columns.empty() ? i.primary : std::is_permutation(i.columns.begin(), i.columns.end(), columns.begin(), columns.end());
    });
}

// A foreign key to columns of the relation whose uniqueness is not there yet.
bool refers_to(const std::vector<constraint_words>& all, const std::string& relation, const known_relations& known) {
    return std::any_of(all.begin(), all.end(), [&](const constraint_words& k) {
        if (k.kind != constraint_kind::foreign_key || !k.referenced) return false;
        const auto table = known.relation(*k.referenced);
        return table.known && readable(table.name) == relation && !has_key(table, k.referenced_columns);
    });
}

bool refers_to(const statement& s, const std::string& relation, const known_relations& known) {
    const auto by_column = [&](const column_words& c) { return refers_to(c.constraints, relation, known); };
    if (const auto* d = std::get_if<ddl>(&s.what))
        return refers_to(d->constraints, relation, known) || std::any_of(d->columns.begin(), d->columns.end(), by_column);
    const auto* a = std::get_if<alter_table>(&s.what);
    return a && std::any_of(a->steps.begin(), a->steps.end(), [&](const alter_step& step) {
               return (step.constraint && refers_to({*step.constraint}, relation, known)) || (step.column && by_column(*step.column));
           });
}

bool two_phase(const statement& s) {
    const auto* t = std::get_if<transaction_control>(&s.what);
    return t && t->verb == transaction_verb::two_phase;
}

std::optional<hazard> check(const context& c) {
    for (const auto& d : c.session.so_far.of(deed::kind::deferred)) {
        const bool counts_on_it = names(c.what, d.name) || reshapes(c.what, d.relation, c.known) || refers_to(c.what, d.relation, c.known);
        if (!two_phase(c.what) && !counts_on_it) continue;
        auto h = described(c.what.kind + " is about " + d.name + " on " + d.relation + ", which is put off until the COMMIT", c);
        if (two_phase(c.what)) h.message = "PREPARE TRANSACTION in a transaction that has put off " + d.name + " on " + d.relation;
        return h;
    }
    return std::nullopt;
}

}  // namespace

extern const rule deferred_work_named;
constinit const rule deferred_work_named{
    .text =
        {
            .id = "deferred-work-named",
            .family = family::transaction,
            .summary = "A statement counts on work that is put off until the COMMIT",
            .fires_when = "transactions is defer, an index or the validation of a constraint is put off in this transaction, "
                          "and the statement names it, drops, renames or reshapes its table, is a foreign key to columns of that table "
                          "that are not unique yet, or is PREPARE TRANSACTION",
            .harm = "What is put off is not there yet: the statement would fail, or be undone by what comes later.",
            .remedy = "Commit first, and send the statement in a transaction of its own.",
            .django = "In Django: put the operation into a migration of its own, or set `atomic = False`.",
            .given = "BEGIN; CREATE INDEX orders_status ON orders (status)",
            .before = "ALTER INDEX orders_status RENAME TO by_status",
            .after = "COMMIT",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
