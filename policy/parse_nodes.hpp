#pragma once

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/scanner.hpp"
#include "policy/statement.hpp"

// Shared by policy/parse*.cpp only: small readers of libpg_query's protobuf nodes.
namespace policy::nodes {

inline std::string text(const char* s) { return s ? std::string(s) : std::string(); }

template <class Element>
std::span<Element* const> list(Element** first, std::size_t count) noexcept {
    return {first, count};
}

inline relation_name name_of(const PgQuery__RangeVar* r) {
    return r ? relation_name{text(r->schemaname), text(r->relname)} : relation_name{};
}

inline bool temporary(const PgQuery__RangeVar& r) noexcept {
    return (r.relpersistence && r.relpersistence[0] == 't') || (r.schemaname && std::string_view(r.schemaname) == "pg_temp");
}

inline const PgQuery__RangeVar* range_var(const PgQuery__Node* n) noexcept {
    return n && n->node_case == PG_QUERY__NODE__NODE_RANGE_VAR ? n->range_var : nullptr;
}

inline std::string string_of(const PgQuery__Node* n) {
    return n && n->node_case == PG_QUERY__NODE__NODE_STRING ? text(n->string->sval) : std::string();
}

// The names of a List node, or of a single String: {"schema", "name"}.
std::vector<std::string> names_of(const PgQuery__Node* n);

// The texts of String nodes.
std::vector<std::string> strings(std::span<PgQuery__Node* const> nodes);

// A relation from the last two of its names; a database before them is left out.
relation_name relation_of(std::span<const std::string> names);

// The constant's text: 'abc', 5, on, 1.5; nullopt for what is not a constant.
std::optional<std::string> constant(const PgQuery__Node* n);

// Is the option given, and not as `false`?
bool option_is_on(std::span<PgQuery__Node* const> options, std::string_view name);

object_kind kind_of(PgQuery__ObjectType type) noexcept;

// Every node below the message, itself included, from the top down. A RangeVar that is not behind a Node (the target
// of UPDATE) is not among them.
void visit(const ProtobufCMessage* message, const std::function<void(const PgQuery__Node&)>& look);
inline void visit(const PgQuery__Node* n, const std::function<void(const PgQuery__Node&)>& look) {
    if (n) visit(&n->base, look);
}

type_words type_of(const PgQuery__TypeName* t);
expression_words expression_of(const PgQuery__Node* n);
relation_name function_of(const PgQuery__FuncCall& f);

// What a statement is about; ONLY kept.
inline relation_use target_of(const PgQuery__RangeVar* r) { return {name_of(r), use::target, r && !r->inh}; }
constraint_words constraint_of(const PgQuery__Constraint& c);
column_words column_of(const PgQuery__ColumnDef& c);
partition_bound bound_of(const PgQuery__PartitionBoundSpec& s);

// One file each.
create_index index_of(const PgQuery__IndexStmt& s, std::string_view sql, std::size_t offset);
words alter_table_of(const PgQuery__AlterTableStmt& s, std::string_view sql);
// Where the actions of an ALTER TABLE stand; empty where that is in doubt. `from`: the name of the table.
std::vector<span> action_spans(std::string_view sql, std::size_t from, std::size_t actions);
// Where the column's constraints stand in an ADD COLUMN.
void place_constraints(const PgQuery__ColumnDef& c, std::string_view sql, span action, column_words& column);
// From the first token at `from` to the last one before `to`.
span tokens_between(std::string_view sql, std::size_t from, std::size_t to);
// SELECT, INSERT, UPDATE, DELETE, MERGE; SELECT INTO is not among them.
query query_of(const PgQuery__Node& n);
// What it sets, and whether that may be done in parts.
void describe(const PgQuery__UpdateStmt& s, row_write& w);
void describe(const PgQuery__DeleteStmt& s, row_write& w);
query copy_of(const PgQuery__CopyStmt& s);
// What stands below the node, whatever it is: the query of a view, the expression of a policy.
void add_relations(const PgQuery__Node& n, query& out);
// DO: its body's statements.
words block_of(const PgQuery__DoStmt& s);
// Everything that changes the schema or locks; unmodelled where the node is on no list.
words ddl_of(const PgQuery__Node& n);
// CREATE TABLE, CREATE FOREIGN TABLE, CREATE TABLE AS, SELECT INTO, CREATE SCHEMA with its elements.
ddl create_table_of(const PgQuery__CreateStmt& s);
ddl create_table_as_of(const PgQuery__IntoClause& into, const PgQuery__Node* query, bool if_not_exists);
// The relations that a query names, as read by the statement.
void add_reads(const PgQuery__Node* query, ddl& words);
ddl create_schema_of(const PgQuery__CreateSchemaStmt& s);
// A statement about one relation; one that writes catalogs only.
ddl on(verb v, object_kind kind, relation_name target);
ddl on(verb v, object_kind kind, const PgQuery__RangeVar* target);
ddl in_the_catalogs(object_kind kind = object_kind::other);
// Statements that empty tables, lock them, or keep them in shape.
ddl truncate_of(const PgQuery__TruncateStmt& s);
ddl lock_of(const PgQuery__LockStmt& s);
words reindex_of(const PgQuery__ReindexStmt& s);
ddl vacuum_of(const PgQuery__VacuumStmt& s);
ddl cluster_of(const PgQuery__ClusterStmt& s);
ddl refresh_of(const PgQuery__RefreshMatViewStmt& s);
// Statements about objects of many kinds.
ddl drop_of(const PgQuery__DropStmt& s);
// `replaced`: the publication whose tables are replaced by them.
ddl publication_of(std::span<PgQuery__Node* const> objects, const std::optional<std::string>& replaced);
ddl remark_of(PgQuery__ObjectType type, const PgQuery__Node* object);
ddl moved(verb v, PgQuery__ObjectType type, const PgQuery__RangeVar* relation);
words rename_of(const PgQuery__RenameStmt& s);
ddl domain_of(const PgQuery__AlterDomainStmt& s);
// Any statement. `offset`: where it begins in the text.
words words_of(const PgQuery__Node& n, std::string_view sql, std::size_t offset);
// See policy/parse.hpp.
std::optional<std::string> signature_of(const PgQuery__IndexStmt& s);
std::optional<std::string> signature_of(const PgQuery__Constraint& c);

}  // namespace policy::nodes
