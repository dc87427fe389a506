#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "config/settings.hpp"

namespace config {

// The spellings of one kind of value. parse throws std::invalid_argument with what was expected; print writes what parse reads.
std::chrono::milliseconds parse_duration(const std::string& text);  // 0, 500ms, 5s, 2min, 1h
std::string print_duration(std::chrono::milliseconds value);
std::uint64_t parse_size(const std::string& text);                  // 0, 512, 64KiB, 8MiB, 1GiB
std::string print_size(std::uint64_t value);
std::uint64_t parse_count(const std::string& text, std::uint64_t least, std::uint64_t most);
bool parse_bool(const std::string& text);

mode parse_mode(const std::string& text);
std::string print(mode m);
std::string print(action a);
action parse_action(const std::string& text);
std::string print(unparseable u);
unparseable parse_unparseable(const std::string& text);

}  // namespace config
