#pragma once

#include <span>
#include <string>
#include <string_view>

#include "policy/plans/proposal.hpp"
#include "policy/rule.hpp"
#include "policy/scanner.hpp"

// Statements that PostgreSQL can also run CONCURRENTLY. Each needs transactions of its own, so it has to stand alone.
namespace policy::plans {

proposal drop_indexes(const ddl& d, const context& c);
proposal reindex(const ddl& d, const context& c);
proposal refresh(const ddl& d, const context& c);
proposal detach_partition(const alter_table& a, const alter_step& detach, const context& c);
// `name`: of the parent's index.
proposal index_on_partitions(const create_index& index, const std::string& name, const context& c);

// Why CONCURRENTLY cannot run where the statement stands; empty: it can.
std::string not_alone(const context& c);

// The client's text with CONCURRENTLY behind the first word of the statement that is this one.
std::string concurrently_behind(keyword which, const context& c);

// A unique index that says of every row of a materialized view which one it is: REFRESH ... CONCURRENTLY needs one.
bool has_key_of_all_rows(const relation_facts& view);

// {1,2}, and '{1,2}'::pg_catalog.oid[]
std::string array_of(std::span<const std::uint32_t> oids);
std::string oid_array(std::span<const std::uint32_t> oids);

}  // namespace policy::plans
