#include "policy/walsender.hpp"

#include <algorithm>
#include <array>

namespace policy {
namespace {

constexpr std::array<std::string_view, 10> commands{
    "IDENTIFY_SYSTEM",       "SHOW",                  "TIMELINE_HISTORY",     "CREATE_REPLICATION_SLOT", "ALTER_REPLICATION_SLOT",
    "DROP_REPLICATION_SLOT", "READ_REPLICATION_SLOT", "START_REPLICATION",    "BASE_BACKUP",             "UPLOAD_MANIFEST"};

constexpr bool may_go_on(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || (c & 0x80) != 0;
}

}  // namespace

bool walsender_command(std::string_view text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n\r\f\v"), text.size()));
    const auto ends = std::find_if_not(text.begin(), text.end(), may_go_on);
    const auto first = text.substr(0, static_cast<std::size_t>(ends - text.begin()));
    return std::find(commands.begin(), commands.end(), first) != commands.end();
}

}  // namespace policy
