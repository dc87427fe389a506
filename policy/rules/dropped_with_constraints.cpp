#include "policy/hazards.hpp"
#include "policy/plans/drop.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    auto steps = plans::drop_in_steps(c);
    if (!steps) return std::nullopt;
    auto h = described(c.what.kind + " drops constraints and indexes along with it, and keeps all their locks until all is gone", c);
    h.instead = std::move(steps);
    return h;
}

}  // namespace

extern const rule dropped_with_constraints;
constinit const rule dropped_with_constraints{
    .text =
        {
            .id = "dropped-with-constraints",
            .family = family::blocking,
            .summary = "A table or column is dropped together with foreign keys, unique constraints or indexes",
            .fires_when = "the table has foreign keys, or the column is part of a foreign key, a UNIQUE constraint or an "
                          "index; one of the tables is in use and not smaller than small_table. Not in a transaction block, "
                          "unless transactions is split: there every lock is kept until the COMMIT",
            .harm = "A foreign key that goes takes ACCESS EXCLUSIVE on the other table, too, and keeps it until the files of "
                    "what is dropped are gone: reads and writes of both tables wait.",
            .remedy = "Outside a transaction it is done for you: foreign keys, unique constraints and indexes are dropped first, "
                      "one by one, and then the rest.",
            .django = "In Django: set `atomic = False` on the migration.",
            .given = "CREATE TABLE books (id int PRIMARY KEY); CREATE TABLE loans (book int REFERENCES books)",
            .before = "DROP TABLE loans",
            .after = "ALTER TABLE loans DROP CONSTRAINT loans_book_fkey",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
