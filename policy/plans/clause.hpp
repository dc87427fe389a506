#pragma once

#include <string>
#include <string_view>

namespace policy::plans {

// A constraint's text, as one of a table or of a column, without CONSTRAINT name. Empty: it is written in a way that is
// not followed (a name in U&"..." with UESCAPE).
std::string_view without_name(std::string_view constraint);

// What a UNIQUE or PRIMARY KEY says besides its columns, each as it is written.
struct key_clause {
    std::string nulls;       // NULLS [NOT] DISTINCT
    std::string with;        // (fillfactor = 70)
    std::string tablespace;  // a name
    std::string attributes;  // DEFERRABLE ...
};
key_clause key_clause_of(std::string_view constraint);

}  // namespace policy::plans
