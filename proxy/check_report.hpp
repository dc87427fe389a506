#pragma once

#include <span>
#include <string>

#include "proxy/check.hpp"

// The reports of `check`, as text to be printed. Pure.
namespace proxy {

std::string text_report(std::span<const checked_statement> checked, bool colours);
std::string json_report(std::span<const checked_statement> checked);
std::string sarif_report(std::span<const checked_statement> checked);   // SARIF 2.1.0
std::string github_report(std::span<const checked_statement> checked);  // workflow commands of GitHub Actions

// What one statement does and what is said to it; no findings: says so.
std::string explain_report(const checked_statement& statement);

// The list of rules, for `lockkeeper rules`.
std::string rules_text();
std::string rules_json();

}  // namespace proxy
