#include "policy/plans/mark.hpp"

#include <algorithm>

#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"

namespace policy::plans {
namespace {

constexpr std::string_view prefix = "lockkeeper:";
constexpr std::string_view own_process = "pg_catalog.pg_backend_pid()";

std::string part(int which) { return "pg_catalog.split_part(d.description, ':', " + std::to_string(which) + ")"; }

std::string composed(const mark& m, std::string_view process, const std::string& remembered) {
    return "pg_catalog.concat(" + literal(prefix) + "::pg_catalog.text, " + std::string(process) + ", ':'::pg_catalog.text, " + remembered +
           ", " + literal(":" + m.text + "\n") + "::pg_catalog.text)";
}

std::string from_comment(const mark& m) { return " FROM pg_catalog.pg_description AS d WHERE " + m.address; }

// Set by `process`.
std::string from_mark(const mark& m, std::string_view process) {
    return from_comment(m) + " AND pg_catalog.starts_with(d.description, " + composed(m, process, part(3)) + ")";
}

std::string in_catalog(std::string_view name) { return "d.classoid = 'pg_catalog." + std::string(name) + "'::pg_catalog.regclass AND "; }

std::string asks(const std::string& rest) { return with_qualified_operators("SELECT EXISTS (SELECT" + rest + ")"); }

}  // namespace

std::string mark::setting() const {
    return "DO " + literal(with_qualified_operators("BEGIN EXECUTE pg_catalog.format('COMMENT ON %s IS %L', " + literal(object) +
                                                    "::pg_catalog.text, pg_catalog.concat(" +
                                                    composed(*this, own_process, literal(remembered) + "::pg_catalog.text") +
                                                    ", (SELECT d.description" + from_comment(*this) + "))); END"));
}

std::string mark::removal() const {
    const auto rest = "pg_catalog.substr(d.description, pg_catalog.length(" + composed(*this, part(2), part(3)) + ") + 1)";
    return with_qualified_operators("SELECT pg_catalog.format('COMMENT ON %s IS %L', " + literal(object) + "::pg_catalog.text, NULLIF(" +
                                    rest + ", ''))" + from_mark(*this, part(2)));
}

std::string mark::recalled() const { return with_qualified_operators("SELECT " + part(3) + from_mark(*this, part(2))); }

std::string mark::is_set() const { return asks(from_mark(*this, part(2))); }

std::string mark::left_behind() const {
    return asks(from_mark(*this, part(2)) +
                " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS s WHERE s.pid::pg_catalog.text = " + part(2) +
                " AND s.pid <> " + std::string(own_process) + ")");
}

std::string mark::set_here() const { return asks(from_mark(*this, own_process)); }

mark mark_on_column(const relation_facts& table, const std::string& column, std::string text) {
    const auto oid = std::to_string(table.oid) + "::pg_catalog.oid";
    return {.object = "COLUMN " + quote_ident(table.name) + "." + quote_ident(column),
            .address = in_catalog("pg_class") + "d.objoid = " + oid +
                       " AND d.objsubid = (SELECT a.attnum FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = " + oid +
                       " AND a.attname = " + literal(column) + "::pg_catalog.name)",
            .text = std::move(text)};
}

mark mark_on_constraint(const relation_facts& table, const std::string& name, std::string text) {
    return {.object = "CONSTRAINT " + quote_ident(name) + " ON " + quote_ident(table.name),
            .address = in_catalog("pg_constraint") +
                       "d.objsubid = 0 AND d.objoid = (SELECT k.oid FROM pg_catalog.pg_constraint AS k WHERE "
                       "k.conrelid = " +
                       std::to_string(table.oid) + "::pg_catalog.oid AND k.conname = " + literal(name) + "::pg_catalog.name)",
            .text = std::move(text)};
}

mark mark_on_relation(std::string_view kind, const relation_facts& relation, std::string text) {
    return {.object = std::string(kind) + " " + quote_ident(relation.name),
            .address = in_catalog("pg_class") + "d.objoid = " + std::to_string(relation.oid) + "::pg_catalog.oid AND d.objsubid = 0",
            .text = std::move(text)};
}

bool says(std::string_view comment, std::string_view text) {
    if (!comment.starts_with(prefix)) return false;
    const auto process = comment.find(':', prefix.size());
    const auto statement = process == std::string_view::npos ? process : comment.find(':', process + 1);
    return statement != std::string_view::npos && comment.substr(statement + 1).starts_with(std::string(text) + "\n");
}

}  // namespace policy::plans
