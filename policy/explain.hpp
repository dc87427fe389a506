#pragma once

#include <string>
#include <string_view>

#include "policy/plan.hpp"
#include "policy/rule.hpp"

// The same words everywhere: error texts, `lockkeeper explain`, `lockkeeper rules`, RULES.md. A rule's own rule_text is
// what the JSON form is made of.
namespace policy {

std::string_view name(config::action action) noexcept;  // "allow", "warn", "rewrite", "reject"

// Lines of at most 100 columns, each behind the indent and with its newline.
std::string wrapped(std::string_view text, std::string_view indent);

// For a terminal: paragraphs with plain headings.
std::string explain_text(const rule& r);

// One section of the rules page, and the whole page.
std::string explain_markdown(const rule& r);
std::string rules_markdown();

// Numbered steps with the reason of each.
std::string explain_text(const plan& p);

}  // namespace policy
