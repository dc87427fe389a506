#pragma once

#include <string>
#include <string_view>

#include "policy/plan.hpp"
#include "policy/rule.hpp"

// Indexes that are built CONCURRENTLY: a build that fails leaves an INVALID one behind, which never heals.
namespace policy::plans {

// What stands in the way of an index under one name.
enum class in_the_way {
    nothing,
    leftover,        // INVALID, and of the very same definition: an earlier run of the same statement failed
    busy_leftover,   // INVALID, but another session is at work on the table
    other_leftover,  // INVALID, and not known to be the same
    same_index,      // valid, and of the very same definition
    something_else,
};

// `definition`: the CREATE INDEX that is wanted.
in_the_way found_under(const std::string& name, const relation_name& table, std::string_view definition, const catalog_facts& catalog);

// Why an index of that name cannot be built; empty where it can.
std::string reason_against(in_the_way found, const std::string& name);

std::string dropped_concurrently(const relation_facts& table, const std::string& name);

// Drops a leftover; undoes a build.
step drop_of_leftover(const relation_facts& table, const std::string& name);
step concurrent_build(const relation_facts& table, const std::string& name, std::string sql);

}  // namespace policy::plans
