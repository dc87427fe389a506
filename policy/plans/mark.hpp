#pragma once

#include <string>
#include <string_view>

#include "policy/catalog.hpp"

// Proof that something is left from a run of ours that was killed. Its name and its looks prove nothing: somebody else may
// have made the same. So a plan gives a COMMENT to what it makes, or to what it is about to drop, with the client's
// statement and the server process that runs it; the plan's last step takes that away, in its own transaction.
//
//     lockkeeper:<pid>:<what the plan has to remember>:<statement><line feed><the comment that was there>
namespace policy::plans {

struct mark {
    std::string object;        // as COMMENT ON takes it: COLUMN "public"."t"."c"
    std::string address;       // the same as pg_description has it: classoid, objoid and objsubid
    std::string text;          // the client's statement
    std::string remembered{};  // without a colon

    std::string setting() const;   // puts it before the comment that is there
    std::string removal() const;   // a query for the statement that leaves the rest; no row: it is not set
    std::string recalled() const;  // a query for what is remembered

    // One boolean each.
    std::string is_set() const;       // by whomever, for this statement
    std::string left_behind() const;  // ... and no other session is at work that has the number of the one that set it
    std::string set_here() const;     // by this session
};

mark mark_on_column(const relation_facts& table, const std::string& column, std::string text);
mark mark_on_constraint(const relation_facts& table, const std::string& name, std::string text);
mark mark_on_relation(std::string_view kind, const relation_facts& relation, std::string text);

// Is that comment a mark of this statement?
bool says(std::string_view comment, std::string_view text);

}  // namespace policy::plans
