#include "policy/rule.hpp"
#include "policy/scanner.hpp"

namespace policy::rules {
namespace {

// NAMEDATALEN - 1: PostgreSQL's own limit, in bytes.
constexpr std::size_t longest = 63;

// Without the quotes around it; a quote inside counts twice, which is too much by one.
std::string_view too_long(std::string_view statement) {
    scanner tokens(statement, {});
    for (auto t = tokens.next(); t.kind != token_kind::end && t.kind != token_kind::broken; t = tokens.next()) {
        auto name = statement.substr(t.begin, t.end - t.begin);
        if (t.kind == token_kind::quoted_name && name.size() > 2) name = name.substr(1, name.size() - 2);
        else if (t.kind != token_kind::word) continue;
        if (name.size() > longest) return name;
    }
    return {};
}

std::optional<hazard> check(const context& c) {
    if (harmless(c.what) || std::holds_alternative<block>(c.what.what)) return std::nullopt;
    if (c.what.where.length <= longest) return std::nullopt;
    const auto name = too_long(c.own_text());
    if (name.empty()) return std::nullopt;
    hazard h;
    h.message = "the name " + std::string(name) + " is longer than 63 bytes, and PostgreSQL cuts it";
    return h;
}

}  // namespace

extern const rule identifier_truncated;
constinit const rule identifier_truncated{
    .text =
        {
            .id = "identifier-truncated",
            .family = family::advice,
            .summary = "A name is longer than PostgreSQL keeps",
            .fires_when = "a name in a schema change has more than 63 bytes",
            .harm = "PostgreSQL cuts the name with no more than a notice. Two long names that begin alike become "
                    "one, so the second object cannot be made; and tools that look for the whole name do not find "
                    "it.",
            .remedy = "Choose a name of at most 63 bytes.",
            .django = "In Django: set `name` of the index or constraint, or Meta.db_table.",
            .before = "CREATE VIEW orders_of_customers_whose_parcel_is_late_by_more_than_a_whole_week AS SELECT 1",
            .after = "CREATE VIEW late_orders AS SELECT 1",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
