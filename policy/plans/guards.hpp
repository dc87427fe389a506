#pragma once

#include <string>
#include <string_view>

#include "policy/catalog.hpp"

// Questions of one boolean each, for step.unless and step.undo_if: safe under any search_path, and by oid where the
// catalog was asked, so that another table that has got the name is not meant.
namespace policy::plans {

enum class validity { any, not_valid };

// `kind`: one of check, not_null, foreign_key, unique, primary_key.
std::string has_constraint(const relation_facts& table, std::string_view name, constraint_kind kind, validity wanted);

std::string is_not_null(const relation_facts& table, std::string_view column);

// There is no relation of that oid any more, whatever has its name by now.
std::string is_gone(std::uint32_t oid);

// Never true for a valid index: that is not ours to drop.
std::string has_invalid_index(const relation_facts& table, std::string_view name);

// Valid or not; no constraint stands on it.
std::string has_free_index(const relation_facts& table, std::string_view name);

// Values in a question: pg_catalog."char", and numbers of a type of pg_catalog's.
std::string letter(char one);
std::string number(std::int64_t n, std::string_view type);

std::string negated(const std::string& question);

}  // namespace policy::plans
