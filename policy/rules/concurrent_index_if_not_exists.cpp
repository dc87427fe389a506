#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* index = std::get_if<create_index>(&c.what.what);
    if (!index || !index->concurrently || !index->if_not_exists) return std::nullopt;
    return described("IF NOT EXISTS would take an INVALID index that an earlier build left for a good one", c);
}

}  // namespace

extern const rule concurrent_index_if_not_exists;
constinit const rule concurrent_index_if_not_exists{
    .text =
        {
            .id = "concurrent-index-if-not-exists",
            .family = family::advice,
            .summary = "CREATE INDEX CONCURRENTLY IF NOT EXISTS takes an INVALID index for a good one",
            .fires_when = "CONCURRENTLY and IF NOT EXISTS stand together",
            .harm = "A build that failed leaves an INVALID index behind. The next run finds the name taken, says only "
                    "NOTICE, and succeeds: the index is never used, but every write maintains it.",
            .remedy = "Leave IF NOT EXISTS out and drop an INVALID leftover with DROP INDEX CONCURRENTLY first. "
                      "CREATE INDEX without CONCURRENTLY, sent outside a transaction, makes Lockkeeper do both.",
            .before = "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_status ON orders (status)",
            .after = "CREATE INDEX CONCURRENTLY orders_status ON orders (status)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
