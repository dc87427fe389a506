#pragma once

#include <optional>
#include <string>

#include "config/settings.hpp"

namespace config {

// Keys that are each as they should be, and not together: one sentence; nothing where all is well. No file is looked at.
std::optional<std::string> disagreement(const tls& t);
std::optional<std::string> disagreement(const upstream& u);
std::optional<std::string> disagreement(const auth& a);
std::optional<std::string> disagreement(const admin& a);
std::optional<std::string> disagreement(const settings& s);

}  // namespace config
