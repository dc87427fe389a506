#include "policy/rule.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* text = std::get_if<policy::unparseable>(&c.what.what);
    if (!text) return std::nullopt;
    hazard h;
    h.message = "a statement that may change the schema could not be understood";
    h.detail = "The parser says: " + text->message + " (at byte " + std::to_string(text->position + 1) +
               "). It is a mistake in the SQL, or syntax that is newer than the parser.";
    h.sqlstate = "LK004";
    return h;
}

}  // namespace

extern const rule unparseable;
constinit const rule unparseable{
    .text =
        {
            .id = "unparseable",
            .family = family::opaque,
            .summary = "SQL that cannot be parsed and may change the schema",
            .fires_when = "the parser does not know the syntax, and a keyword of the text may begin a schema change",
            .harm = "What the statement locks and for how long is not known, so it cannot be called safe.",
            .remedy = "Check the spelling. If the syntax is newer than Lockkeeper's parser, send the statement straight "
                      "to PostgreSQL in a quiet hour, or allow it by an override with its reason.",
            .django = "",
            .before = "ALTER TABLE orders FROBNICATE COLUMN status",
            .after = "ALTER TABLE orders ALTER COLUMN status SET STATISTICS 500",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
