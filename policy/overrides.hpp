#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/lexer.hpp"
#include "policy/statement.hpp"

namespace policy {

// A comment that asks for a rule to be left out for one statement, before it or inside it:
//   /* lockkeeper: allow table-renamed, column-dropped reason="announced in OPS-12" */
//   -- lockkeeper: allow table-renamed reason="announced in OPS-12"
struct override_words {
    std::vector<std::string> rules;
    std::string reason;
    std::string mistake;      // one sentence; empty: it can be read
    std::size_t offset = 0;   // byte of the text where the comment begins
    std::size_t statement = 0;  // index of the statement that it is about
};

// Only comments are looked at: the same words inside a literal or a name are none.
std::vector<override_words> find_overrides(std::string_view sql, lexing how, std::span<const statement> statements);

}  // namespace policy
