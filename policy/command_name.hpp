#pragma once

#include <string>
#include <string_view>

namespace policy {

// What a statement is called, from its first words and close to PostgreSQL's command tags: "CREATE INDEX" for
// CREATE UNIQUE INDEX, "CREATE VIEW" for CREATE OR REPLACE VIEW. Also for text that cannot be parsed.
std::string command_name(std::string_view statement);

}  // namespace policy
