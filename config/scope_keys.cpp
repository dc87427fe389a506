#include <array>

#include "config/keys.hpp"
#include "config/scope_values.hpp"
#include "config/values.hpp"

namespace config {
namespace {

#define PATTERNS(field) \
    [](scope_match& m, const std::string& t) { m.field = parse_patterns(t); }, \
        [](const scope_match& m) { return m.field.empty() ? std::string() : print_text(m.field); }
#define HOURS(field, parse, print)                                        \
    [](scope_match& m, const std::string& t) { m.hours.field = parse(t); }, [](const scope_match& m) { \
        return m.hours.field == hours{}.field ? std::string() : print(m.hours.field);                  \
    }

constexpr std::array list{
    match_key{"user", "Who is connected: names divided by commas, with * for any characters.", "'deploy, migrator_*'", PATTERNS(user)},
    match_key{"database", "Names likewise.", "'shop'", PATTERNS(database)},
    match_key{"application_name", "Names likewise, as the client calls itself at that moment.", "'django*'", PATTERNS(application_name)},
    match_key{"relation",
              "A table, view or sequence that the statement is about (of an index: its table), with its schema; one that is new or "
              "not known to the server counts as in public. Where a statement is about several, the strictest of what they get "
              "counts; one that it only locks on the way (the far side of a foreign key) can make it stricter, never milder.",
              "'public.audit_*'", PATTERNS(relation)},
    match_key{"larger_than", "Such a relation, of more bytes than this (pg_table_size), or of a size that is not known.", "10GiB",
              [](scope_match& m, const std::string& t) { m.larger_than = parse_size(t); },
              [](const scope_match& m) { return m.larger_than ? print_size(*m.larger_than) : std::string(); }},
    match_key{"server_version", "The server's major version, with >=, >, <=, < or nothing before it.", "'>=14'",
              [](scope_match& m, const std::string& t) { m.server_version = parse_versions(t); },
              [](const scope_match& m) { return m.server_version ? print_versions(*m.server_version) : std::string(); }},
    match_key{"days", "Days of the week. Hours that reach over midnight belong to the day on which they begin.", "mon-fri",
              HOURS(days, parse_days, print_days)},
    match_key{"from", "The first minute of the day.", "'08:30'", HOURS(from, parse_time_of_day, print_time_of_day)},
    match_key{"to", "The first minute after it. It may be earlier in the day than `from`.", "'18:00'",
              HOURS(to, parse_time_of_day, print_time_of_day)},
    match_key{"zone", "The clock for them: UTC, a distance from UTC such as '+05:30', or local, the zone that TZ names for Lockkeeper.",
              "local",
              [](scope_match& m, const std::string& t) { m.hours.zone = parse_zone(t); },
              [](const scope_match& m) {
                  const auto zone = print_zone(m.hours.zone);
                  return zone == "UTC" ? std::string() : zone;
              }},
};

}  // namespace

std::span<const match_key> match_keys() { return list; }

}  // namespace config
