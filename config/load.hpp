#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "config/settings.hpp"

namespace config {

// A configuration that cannot be used: "file:line:column: what is wrong".
struct error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Reads YAML into settings; every key that is missing keeps its default. Throws error at the first key that is unknown,
// said twice, of the wrong type or out of range.
settings load_text(const std::string& text, const std::string& name);
settings load_file(const std::string& path);

// Every setting, as YAML that load_text() reads back to the same settings.
std::string print(const settings& s);

// "host:port", "[::1]:port" or "port"; throws std::invalid_argument.
endpoint parse_endpoint(const std::string& text);


}  // namespace config
