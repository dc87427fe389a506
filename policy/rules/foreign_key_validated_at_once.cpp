#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step =
        added_constraint(c, [](const constraint_words& k) { return k.kind == constraint_kind::foreign_key && !k.not_valid; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return plans::with_plan(
        described("adding a foreign key to " + readable(table->name) + " stops every write to both tables until all rows are checked", c),
        c);
}

}  // namespace

extern const rule foreign_key_validated_at_once;
constinit const rule foreign_key_validated_at_once{
    .text =
        {
            .id = "foreign-key-validated-at-once",
            .family = family::blocking,
            .summary = "A foreign key is added and every row checked in the same statement",
            .fires_when = "a FOREIGN KEY is added without NOT VALID, the table exists, is seen by other sessions and "
                          "is not smaller than small_table",
            .harm = "ADD FOREIGN KEY holds SHARE ROW EXCLUSIVE on both tables while each row of the referencing one "
                    "is looked up: every INSERT, UPDATE and DELETE on either waits.",
            .remedy = "Outside a transaction it is done for you in two steps: the constraint is added NOT VALID, which checks "
                      "new rows only, and validated in a transaction of its own, which lets reads and writes go on.",
            .django = "In Django: set `atomic = False` on the migration.",
            .before = "ALTER TABLE orders ADD CONSTRAINT buyer FOREIGN KEY (buyer_id) REFERENCES people (id)",
            .after = "ALTER TABLE orders ADD CONSTRAINT buyer FOREIGN KEY (buyer_id) REFERENCES people (id) NOT VALID",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
