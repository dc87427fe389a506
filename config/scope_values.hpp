#pragma once

#include <string>

#include "config/settings.hpp"

namespace config {

// The spellings of what a scope matches. parse throws std::invalid_argument with what was expected; print writes what
// parse reads back to the same value.

// "dba, deploy_*"
std::string parse_patterns(const std::string& text);

// ">=14", "<= 16", "15"
version_range parse_versions(const std::string& text);
std::string print_versions(version_range v);

// "mon-fri, sun"
std::uint8_t parse_days(const std::string& text);
std::string print_days(std::uint8_t days);

// "00:00" to "24:00"
std::chrono::minutes parse_time_of_day(const std::string& text);
std::string print_time_of_day(std::chrono::minutes after_midnight);

// "UTC", "+05:30", "local"
clock_zone parse_zone(const std::string& text);
std::string print_zone(clock_zone zone);

}  // namespace config
