#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "policy/rule.hpp"

// The questions that rules ask of a statement, and the answer that they give.
namespace policy {

// It exists, and other sessions can see it.
bool in_use(const relation_facts& r) noexcept;

// In use, and not known to be below small_table: work that grows with it takes long.
bool is_large(const relation_facts& r, const context& c) noexcept;

// The relation of an ALTER TABLE; nullopt for every other statement and where the question is answered no.
std::optional<relation_facts> altered_table_in_use(const context& c);
std::optional<relation_facts> large_altered_table(const context& c);

// The first action of an ALTER TABLE of which the predicate is true; null where there is none.
template <class Predicate>
const alter_step* altered_by(const context& c, Predicate is) {
    const auto* a = std::get_if<alter_table>(&c.what.what);
    if (!a) return nullptr;
    const auto found = std::find_if(a->steps.begin(), a->steps.end(), is);
    return found == a->steps.end() ? nullptr : &*found;
}

// The first ADD CONSTRAINT of an ALTER TABLE of which the predicate on its constraint is true.
template <class Predicate>
const alter_step* added_constraint(const context& c, Predicate is) {
    return altered_by(c, [&](const alter_step& s) {
        return s.action == alter_action::add_constraint && s.constraint && is(*s.constraint);
    });
}

// The first column that a CREATE TABLE or an ADD COLUMN defines and of which the predicate is true; null: none.
template <class Predicate>
const column_words* defined_column(const context& c, Predicate is) {
    if (const auto* d = std::get_if<ddl>(&c.what.what)) {
        const auto found = std::find_if(d->columns.begin(), d->columns.end(), is);
        return d->verb != verb::create_table || found == d->columns.end() ? nullptr : &*found;
    }
    const auto* step = altered_by(c, [&](const alter_step& s) {
        return s.action == alter_action::add_column && s.column && is(*s.column);
    });
    return step ? &*step->column : nullptr;
}

// What the statement does to one relation's rows.
work work_on(const relation_facts& r, const context& c);

// PostgreSQL reads or writes rows for the statement; where it does not, it is done as soon as it has its lock.
bool works_on_rows(const context& c) noexcept;

// For people, the first target of the statement that is in use, or large; of an index the table's size counts. Where the
// text names no relation: which ones are meant.
std::optional<std::string> target_in_use(const ddl& d, const context& c);
std::optional<std::string> large_target(const ddl& d, const context& c);

// The plan of a statement that needs not run: it is answered, alone. Nullopt beside others, which are not to be cut out.
std::optional<plan> not_run(const context& c);

// A hazard with the message, and the statement's heaviest effect as its detail.
hazard described(std::string message, const context& c);

}  // namespace policy
