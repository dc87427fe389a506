#include "policy/plain_addition.hpp"

#include <algorithm>

#include "policy/catalog_sql.hpp"
#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"

namespace policy {
namespace {

constexpr std::size_t most_types = 8;  // each is a parameter

// Types are named as to_regtype reads them. Under a schema of the client's own it might fail for want of USAGE.
bool add_type(const type_words& t, std::vector<std::string>& out) {
    if (t.name.empty() || (!t.schema.empty() && t.schema != "pg_catalog")) return false;
    const auto name = quote_ident(relation_name{t.schema, t.name});
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    return out.size() <= most_types;
}

// It adds nothing but itself, and what it holds in the rows that are there is the same in all of them and known.
bool adds_no_work(const column_words& c) noexcept {
    if (!c.constraints.empty() || c.identity || c.serial || c.generated_stored || c.using_) return false;
    if (c.has_default == default_kind::none) return !c.not_null;
    return c.has_default == default_kind::constant && c.default_expression.constant;
}

struct addition {
    relation_name table;
    std::vector<std::string> columns, types;
    bool if_not_exists = false;
};

std::optional<addition> addition_in(const script::parsed& text) {
    if (text.unreadable || text.statements.size() != 1 || !text.other_reading.empty()) return std::nullopt;
    const auto* a = std::get_if<alter_table>(&text.statements.front().what);
    if (!a || a->kind != object_kind::table || a->relation.name.empty() || a->relation.schema == "pg_temp") return std::nullopt;
    addition out{.table = a->relation};
    for (const auto& step : a->steps) {
        if (step.action != alter_action::add_column || !step.column || step.constraint || !adds_no_work(*step.column)) return std::nullopt;
        out.columns.push_back(step.column->name);
        out.if_not_exists = out.if_not_exists || step.if_exists;
        if (!add_type(step.column->type_parts, out.types)) return std::nullopt;
        for (const auto& cast : step.column->default_expression.casts)
            if (!add_type(cast, out.types)) return std::nullopt;
    }
    return out;
}

// Functions wherever there is one: each sub-select costs as much to plan as all the rest.
//  - pg_table_size would wait where somebody holds or awaits ACCESS EXCLUSIVE; of all modes that one sorts first.
//  - A prepared transaction has no pid.
//  - relhassubclass is true of every table that has children, and of some that had.
constexpr std::string_view plain_table = R"(SELECT 'plain', $1::pg_catalog.text, $2::pg_catalog.text, c.oid,
       c.relnamespace::pg_catalog.regnamespace, c.relname, c.relpersistence, l.mode IS NULL,
       CASE WHEN l.mode = 'AccessExclusiveLock' THEN NULL ELSE pg_catalog.pg_table_size(c.oid::pg_catalog.regclass) END,
       pg_catalog.current_setting('lock_timeout'), pg_catalog.current_setting('statement_timeout')
FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_lock_status() AS l
     ON (l.relation = c.oid AND (COALESCE(l.pid, 0) <> pg_catalog.pg_backend_pid()))
WHERE c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relispartition)";

constexpr std::string_view by_search_path = R"(
  AND c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident($2))::pg_catalog.oid)";

constexpr std::string_view by_schema = R"(
  AND c.relname = $2::pg_catalog.name
  AND c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = $1::pg_catalog.name))";

constexpr std::string_view without_columns = R"(
  AND (SELECT true FROM pg_catalog.pg_attribute AS a
       WHERE a.attrelid = c.oid AND a.attname = ANY ($3::pg_catalog.name[]) LIMIT 1) IS NULL)";

// Where the column may be there already (IF NOT EXISTS), or a rule asks for that which says nothing as it comes.
bool columns_count(const addition& a, const config::settings& settings) {
    const auto asks = [](const config::scoped_settings& s) { return s.rules.contains("done-already"); };
    return a.if_not_exists || asks(settings) ||
           std::any_of(settings.scopes.begin(), settings.scopes.end(), [&](const config::scope& s) { return asks(s.differs); });
}

// Not created in this transaction, which catalog_sql.cpp explains: the table is older than it.
std::string from_before() {
    return "\n  AND (pg_catalog.pg_current_xact_id_if_assigned() IS NULL OR (\n      SELECT " +
           catalog_sql::whole_xid("a.xmin::pg_catalog.text::pg_catalog.int8") +
           " < me.xid\n      FROM pg_catalog.pg_attribute AS a, (" + std::string(catalog_sql::own_transaction) +
           ") AS me\n      WHERE a.attrelid = c.oid AND a.attnum = -1))";
}

// Of the types that come with the server none is a domain; those with an oid below 10000 have it from PostgreSQL's own list
// (access/transam.h).
std::string is_built_in(std::size_t parameter) {
    return "\n  AND pg_catalog.to_regtype($" + std::to_string(parameter) + ")::pg_catalog.oid < 10000::pg_catalog.oid";
}

}  // namespace

std::optional<catalog_query> plain_addition(const script::parsed& text, const session_facts& session, const config::settings& settings) {
    const auto added = addition_in(text);
    if (!added) return std::nullopt;
    std::vector<std::optional<std::string>> parameters{added->table.schema, added->table.name};
    std::string sql(plain_table);
    sql += added->table.schema.empty() ? by_search_path : by_schema;
    if (columns_count(*added, settings)) {
        parameters.emplace_back(array_literal(added->columns));
        sql += without_columns;
    }
    for (const auto& type : added->types) {
        parameters.emplace_back(type);
        sql += is_built_in(parameters.size());
    }
    if (session.in_transaction) sql += from_before();
    sql += "\nORDER BY l.mode LIMIT 1";
    return our_query(sql, std::move(parameters));
}

}  // namespace policy
