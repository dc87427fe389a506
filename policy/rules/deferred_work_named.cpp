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
        return step.name == object || step.value == object || (step.constraint && (step.constraint->index == object || step.constraint->name == object));
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

bool two_phase(const statement& s) {
    const auto* t = std::get_if<transaction_control>(&s.what);
    return t && t->verb == transaction_verb::two_phase;
}

std::optional<hazard> check(const context& c) {
    for (const auto& d : c.session.so_far.deeds()) {
        if (d.what != deed::kind::deferred) continue;
        if (!two_phase(c.what) && !names(c.what, d.name) && !reshapes(c.what, d.relation, c.known)) continue;
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
                          "and the statement names it, drops, renames or reshapes its table, or is PREPARE TRANSACTION",
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
