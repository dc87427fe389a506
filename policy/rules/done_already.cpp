#include "policy/hazards.hpp"
#include "policy/parse.hpp"
#include "policy/plans/leftover_index.hpp"
#include "policy/quote.hpp"
#include "policy/type_change.hpp"

namespace policy::rules {
namespace {

bool is_there(const column_words& wanted, const relation_facts& table, const context& c) {
    const auto* there = table.column(wanted.name);
    return there && has_type(*there, wanted, c.known.catalog()) && there->not_null >= wanted.not_null;
}

// A valid one that says the same. Of a key the columns are compared, of a CHECK or foreign key its text.
bool is_there(const constraint_words& wanted, const relation_facts& table, const relation_name& written, const context& c) {
    const auto there = std::find_if(table.constraints.begin(), table.constraints.end(), [&](const constraint_facts& k) {
        const bool same_name = wanted.name.empty() ? wanted.kind != constraint_kind::check : k.name == wanted.name;
        return same_name && k.kind == wanted.kind && k.valid && (wanted.columns.empty() || k.columns == wanted.columns);
    });
    if (there == table.constraints.end()) return false;
    if (wanted.kind == constraint_kind::unique || wanted.kind == constraint_kind::primary_key) return true;
    if (wanted.kind == constraint_kind::foreign_key)
        return wanted.referenced && c.known.relation(*wanted.referenced).oid == there->referenced &&
               (wanted.referenced_columns.empty() || wanted.referenced_columns == there->referenced_columns);
    const auto& taken = c.known.catalog().taken_constraints;
    return std::any_of(taken.begin(), taken.end(), [&](const taken_constraint& t) {
        if (t.table != written || t.name != wanted.name || !t.of_table || !t.definition || wanted.where.length == 0) return false;
        const auto text = c.text.substr(wanted.where.offset, wanted.where.length);
        const auto clause = text.find("CHECK");
        const auto said = clause == text.npos ? std::nullopt : constraint_signature(text.substr(clause));
        return said && said == constraint_signature(*t.definition);
    });
}

bool is_done(const alter_step& s, const relation_facts& table, const relation_name& written, const context& c) {
    const auto there = [&](const constraint_words& k) { return is_there(k, table, written, c); };
    switch (s.action) {
    case alter_action::add_column:
        return s.column && is_there(*s.column, table, c) && std::all_of(s.column->constraints.begin(), s.column->constraints.end(), there);
    case alter_action::drop_column: return !table.column(s.name);
    case alter_action::add_constraint: return s.constraint && !s.constraint->using_index && there(*s.constraint);
    case alter_action::drop_constraint:
        return std::none_of(table.constraints.begin(), table.constraints.end(),
                            [&](const constraint_facts& k) { return k.name == s.name; });
    default: return false;
    }
}

std::string done(const alter_table& a, const context& c) {
    const auto table = c.known.relation(a.relation);
    const bool all = table.known && in_use(table) && !table.columns.empty() && a.steps.size() == 1 && !a.steps.front().if_exists &&
                     is_done(a.steps.front(), table, a.relation, c);
    return all ? "ALTER TABLE " + readable(table.name) : "";
}

std::string done(const create_index& i, const context& c) {
    const auto definition = c.own_text();
    const bool there = !i.name.empty() && !i.if_not_exists &&
                       plans::found_under(i.name, i.table, definition, c.known.catalog()) == plans::in_the_way::same_index;
    return there ? "CREATE INDEX " + readable(i.name) : "";
}

bool is_gone(const relation_name& name, const context& c) {
    const auto facts = c.known.relation(name);
    return facts.known && !facts.exists;
}

std::string done(const renaming& r, const context& c) {
    const auto old = c.known.relation(r.relation);
    if (r.kind == object_kind::column)
        return old.known && in_use(old) && !old.column(r.old_name) && old.column(r.new_name) ? "renaming column " + readable(r.old_name)
                                                                                             : "";
    if (r.kind != object_kind::table && r.kind != object_kind::index && r.kind != object_kind::sequence) return "";
    const auto now = c.known.relation({r.relation.schema, r.new_name});
    return is_gone(r.relation, c) && now.known && in_use(now) ? "renaming " + readable(r.relation) : "";
}

std::string done(const ddl& d, const context& c) {
    const auto& all = d.relations;
    if (d.if_exists) return "";
    if ((d.verb == verb::drop_relation || d.verb == verb::drop_index) && !d.concurrently && !all.empty())
        return std::all_of(all.begin(), all.end(), [&](const relation_use& r) { return is_gone(r.name, c); }) ? c.what.kind : "";
    if ((d.verb != verb::create_table && d.verb != verb::create_sequence) || all.empty() || all.front().as != use::created) return "";
    const auto there = c.known.relation(all.front().name);
    if (!there.known || !in_use(there)) return "";
    const bool same =
        d.verb == verb::create_sequence
            ? there.kind == 'S'
            : there.kind == 'r' && !d.columns.empty() && d.columns.size() == there.columns.size() &&
                  std::all_of(d.columns.begin(), d.columns.end(), [&](const column_words& w) { return is_there(w, there, c); });
    return same ? c.what.kind + " " + readable(there.name) : "";
}

std::string done(const auto&, const context&) { return {}; }

std::optional<hazard> check(const context& c) {
    const auto what = std::visit([&](const auto& words) { return done(words, c); }, c.what.what);
    if (what.empty()) return std::nullopt;
    hazard h;
    h.message = what + " has nothing to do: it is so already";
    h.detail = "PostgreSQL would answer with an error.";
    h.instead = not_run(c);
    return h;
}

}  // namespace

extern const rule done_already;
constinit const rule done_already{
    .text =
        {
            .id = "done-already",
            .family = family::advice,
            .summary = "What the statement makes is there already, or what it drops is gone",
            .fires_when = "a column of that type, a valid constraint or index of that definition, a table of those columns or a "
                          "sequence of that name is there already; or what is dropped or renamed is gone. Not with IF EXISTS or "
                          "IF NOT EXISTS",
            .harm = "A migration that was stopped half way cannot be run again: it fails on what it has done already.",
            .remedy = "Undo by hand what was done, or set the action rewrite while the migration is run again: the statement is then "
                      "answered and not run.",
            .django = "In Django: `migrate --fake` takes a migration for done as a whole.",
            .given = "CREATE TABLE notes (id bigint PRIMARY KEY, body text)",
            .before = "ALTER TABLE notes ADD COLUMN body text",
            .after = "ALTER TABLE notes ADD COLUMN author text",
            .action = config::action::allow,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
