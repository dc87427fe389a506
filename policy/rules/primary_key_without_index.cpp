#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step =
        added_constraint(c, [](const constraint_words& k) { return k.kind == constraint_kind::primary_key && !k.using_index; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return plans::with_plan(
        described("adding a primary key to " + readable(table->name) + " stops every read and write until its index is built", c), c);
}

}  // namespace

extern const rule primary_key_without_index;
constinit const rule primary_key_without_index{
    .text =
        {
            .id = "primary-key-without-index",
            .family = family::blocking,
            .summary = "A primary key is added and its index built under its lock",
            .fires_when = "PRIMARY KEY is added without USING INDEX, the table exists, is seen by other sessions and "
                          "is not smaller than small_table",
            .harm = "ADD PRIMARY KEY holds ACCESS EXCLUSIVE while it builds the index, and while it looks for nulls "
                    "in columns that may have some: every query on the table waits.",
            .remedy = "Outside a transaction it is done for you in steps: its columns are proved to be NOT NULL, the index is "
                      "built with CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... PRIMARY KEY USING INDEX puts "
                      "the constraint on it at once.",
            .django = "In Django: set `atomic = False` on the migration.",
            .before = "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id)",
            .after = "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_id_idx",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
