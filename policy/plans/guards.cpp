#include "policy/plans/guards.hpp"

#include "policy/quote.hpp"

namespace policy::plans {
namespace {

std::string oid_of(const relation_facts& table) {
    return table.oid != 0 ? number(table.oid, "oid") : literal(quote_ident(table.name)) + "::pg_catalog.regclass";
}

std::string name_of(std::string_view name) { return literal(name) + "::pg_catalog.name"; }

std::string equal(std::string_view left, const std::string& right) {
    return "(" + std::string(left) + " OPERATOR(pg_catalog.=) " + right + ")";
}

// pg_constraint.contype
char letter_of(constraint_kind kind) noexcept {
    switch (kind) {
    case constraint_kind::check: return 'c';
    case constraint_kind::not_null: return 'n';
    case constraint_kind::foreign_key: return 'f';
    case constraint_kind::primary_key: return 'p';
    default: return 'u';
    }
}

std::string index_of(const relation_facts& table, std::string_view name) {
    return "SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON " + equal("c.oid", "i.indexrelid") +
           " WHERE " + equal("i.indrelid", oid_of(table)) + " AND " + equal("c.relname", name_of(name)) + " AND NOT ";
}

}  // namespace

std::string has_constraint(const relation_facts& table, std::string_view name, constraint_kind kind, validity wanted) {
    return "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE " + equal("k.conrelid", oid_of(table)) + " AND " +
           equal("k.conname", name_of(name)) + " AND " + equal("k.contype", letter(letter_of(kind))) +
           (wanted == validity::not_valid ? " AND NOT k.convalidated)" : ")");
}

std::string is_not_null(const relation_facts& table, std::string_view column) {
    return "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE " + equal("a.attrelid", oid_of(table)) + " AND " +
           equal("a.attname", name_of(column)) + " AND a.attnotnull AND NOT a.attisdropped)";
}

std::string is_gone(std::uint32_t oid) {
    return "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE " + equal("c.oid", number(oid, "oid")) + ")";
}

std::string has_invalid_index(const relation_facts& table, std::string_view name) { return index_of(table, name) + "i.indisvalid)"; }

std::string has_free_index(const relation_facts& table, std::string_view name) {
    return index_of(table, name) + "EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE " + equal("k.conindid", "c.oid") + " AND " +
           equal("k.conrelid", "i.indrelid") + "))";
}

std::string letter(char one) { return std::string("'") + one + "'::pg_catalog.\"char\""; }

std::string number(std::int64_t n, std::string_view type) { return std::to_string(n) + "::pg_catalog." + std::string(type); }

std::string negated(const std::string& question) { return "SELECT NOT (" + question + ")"; }

}  // namespace policy::plans
