#pragma once

#include <string_view>

namespace policy {

// What the server will do with backslashes in plain literals ('...'): GUC standard_conforming_strings,
// which it reports by ParameterStatus.
struct lexing {
    bool standard_conforming_strings = true;
};

// The cheap first look at a Query or Parse body (design section 4). False only where no statement of the
// text can be one that policy has to judge: DDL, DEALLOCATE and DISCARD (they end prepared statements that
// we remember), LOCK, DO, CALL, UPDATE or DELETE without a WHERE of their own, and so on. Sees through comments,
// parentheses, WITH, EXPLAIN, several statements, dollar quotes. Allocates nothing; never says false on doubt.
bool may_need_judging(std::string_view sql, lexing how) noexcept;

}  // namespace policy
