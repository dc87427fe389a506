#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/lock_mode.hpp"

// Our words for SQL statements: what effects and rules are about. They carry what a judgement needs and no parser
// types; policy/parse*.cpp makes them.
namespace policy {

// Bytes of the text.
struct span {
    std::size_t offset = 0, length = 0;
};

// A relation as the statement names it (folded, not quoted). Without a schema search_path decides.
struct relation_name {
    std::string schema, name;
    friend bool operator==(const relation_name&, const relation_name&) = default;
};

// What a DDL statement is about. `other` lives in the catalogs only: no lock on a relation can come of it.
enum class object_kind : std::uint8_t {
    table, index, view, materialized_view, sequence, foreign_table, composite_type,
    column, attribute, constraint, trigger, rule, policy,
    schema, type, domain, domain_constraint, enum_value, function, extension, statistics, publication, database,
    other,
};

// Why a statement names a relation; effects.cpp says which lock that costs.
enum class use : std::uint8_t {
    target,      // what the statement is about
    created,     // does not exist yet
    referenced,  // the other side of a foreign key
    parent,      // INHERITS
    partitioned_parent,  // PARTITION OF
    like,        // LIKE, OWNED BY, a trigger's FROM: only looked at
    like_with_defaults,  // LIKE ... INCLUDING DEFAULTS
    read,        // its rows are read: FROM, a sub-select, the query of a view
    row_locked,  // SELECT ... FOR UPDATE, FOR SHARE
    row_type,    // its row type is named; it may be no relation at all
    written,     // INSERT, UPDATE, DELETE, MERGE, COPY FROM
};

struct relation_use {
    relation_name name;
    use as = use::target;
    bool only = false;  // ONLY: not its partitions and children
};

// A type as the text writes it; the grammar's own words for one are already pg_catalog's (int is int4).
struct type_words {
    std::string schema, name;
    std::vector<std::int32_t> modifiers;  // of varchar(20): 20; of interval: the fields' mask, then the digits
    bool array = false;
    std::string text;  // "varchar(20)", "numeric(10,2)[]", "app.mood"
};

// What can be told of an expression without the catalog.
struct expression_words {
    bool constant = true;                  // literals, and casts and arrays of them
    std::vector<relation_name> functions;  // that it calls by name; CURRENT_TIMESTAMP and the like are none
    std::vector<type_words> casts;
    std::vector<std::string> columns;
    std::vector<relation_name> sequences;  // of nextval('s')
    std::optional<std::string> bare_column;  // it is one column, or a cast of one
};

struct let_through {};

struct unmodelled {
    std::string what;  // the parser's name for it, or what cannot be seen through
};

struct unparseable {
    std::string message;  // the parser's
    std::size_t position = 0;  // byte of the text
};

enum class transaction_verb : std::uint8_t { begin, commit, rollback, savepoint, release, rollback_to, two_phase };

struct transaction_control {
    transaction_verb verb = transaction_verb::begin;
    std::string savepoint;
};

// SET, RESET and SELECT set_config(...). Without a value: reset.
struct setting_change {
    std::string name;
    std::optional<std::string> value;
    bool local = false;
};

struct row_write {
    relation_name table;
    bool deletes = false;
    bool has_where = false;
    bool only = false;  // ONLY
    std::vector<std::string> assigned, read;  // SET: the columns on its left sides, and on its right ones
    std::string not_in_parts;  // why its rows cannot be taken in parts, "it calls a function"; empty: as far as its text tells they can
};

// A function that is called with a literal in front: SELECT brin_summarize_new_values('i').
struct function_call {
    relation_name function;
    std::optional<std::string> argument;
};

// SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, COPY, also inside EXPLAIN and PREPARE.
struct query {
    std::vector<row_write> writes;  // each UPDATE and DELETE, those in WITH included
    std::vector<setting_change> sets;
    std::vector<relation_use> relations;  // every relation named: read, row_locked or written
    std::vector<function_call> calls;
    bool whole_tables = false;  // a SELECT without a condition: all rows of what it reads
};

struct create_index {
    std::string name;  // empty: PostgreSQL makes one up
    relation_name table;
    bool unique = false, concurrently = false, if_not_exists = false;
    bool only = false;                    // ON ONLY: not the partitions
    std::vector<std::string> columns;     // key columns by name; an expression is an empty one
    std::vector<std::string> name_parts;  // of the name that PostgreSQL would make up: one for each column
    std::size_t keyword_end = 0;          // byte of the text behind the word INDEX
};

enum class constraint_kind : std::uint8_t { check, not_null, unique, primary_key, foreign_key, exclusion, other };

struct constraint_words {
    constraint_kind kind = constraint_kind::other;
    std::string name;
    bool not_valid = false;
    bool using_index = false;
    bool deferrable = false;
    bool no_inherit = false;
    std::optional<relation_name> referenced;
    std::vector<std::string> columns;             // of a key or a foreign key, as listed
    std::vector<std::string> referenced_columns;  // empty: the other side's primary key
    std::string index;                            // USING INDEX
    std::optional<expression_words> expression;   // of a CHECK
    std::vector<std::string> including;           // INCLUDE
    // In ALTER TABLE: from CONSTRAINT, or its own first word, to DEFERRABLE and the like. Empty: it could not be told.
    span where;
};

// How much PostgreSQL can know about a DEFAULT when it adds a column.
enum class default_kind : std::uint8_t { none, constant, expression };

struct column_words {
    std::string name, type;  // the type's text: type_parts.text
    type_words type_parts;
    default_kind has_default = default_kind::none;
    expression_words default_expression;      // also of GENERATED ... STORED
    span default_where, not_null_where;       // in ALTER TABLE: DEFAULT ..., [CONSTRAINT n] NOT NULL; empty: there is none
    std::optional<expression_words> using_;   // ALTER COLUMN ... TYPE ... USING
    std::optional<std::string> collation;     // COLLATE
    bool not_null = false;
    bool identity = false;
    bool generated_stored = false;
    bool serial = false;
    std::vector<constraint_words> constraints;
};

enum class alter_action : std::uint8_t {
    add_column, drop_column, set_type, set_default, set_not_null, drop_not_null, set_expression, drop_expression,
    add_identity, set_identity, drop_identity, set_statistics, set_column_options, set_storage, set_compression,
    add_constraint, alter_constraint, validate_constraint, drop_constraint, set_options, set_owner, set_logged,
    set_unlogged, set_tablespace, set_access_method, cluster_on, set_without_cluster, set_without_oids,
    switch_trigger, switch_rule, switch_row_security, set_replica_identity, inherit, no_inherit, of_type, not_of,
    attach_partition, detach_partition, detach_partition_concurrently, detach_partition_finalize, foreign_options,
};

// FOR VALUES ... or DEFAULT.
struct partition_bound {
    bool is_default = false;
    bool range = false;  // over one column, its ends literals, MINVALUE or MAXVALUE: the two are none
    std::optional<std::string> lower, upper;
};

// One action of ALTER TABLE (or ALTER INDEX, VIEW, ...).
struct alter_step {
    alter_action action = alter_action::add_column;
    std::string name;  // of the column, constraint, trigger ...
    bool if_exists = false;  // IF EXISTS, or IF NOT EXISTS for what is added
    bool cascade = false;
    std::optional<column_words> column;
    std::optional<constraint_words> constraint;
    std::optional<relation_name> partner;  // partition, inheritance parent
    std::vector<std::string> options;      // names in SET (...) and RESET (...), `toast.` kept
    std::string value;                     // new owner, tablespace, access method, index to cluster on; triggers:
                                           // "disable all"; row security: "enable"; replica identity: "nothing";
                                           // options: "autovacuum off"
    partition_bound bound;                 // ATTACH PARTITION
    std::optional<expression_words> expression;  // SET DEFAULT, SET EXPRESSION; none: DROP DEFAULT
    span where;                            // without the comma behind it; empty: it could not be told
};

struct alter_table {
    object_kind kind = object_kind::table;
    relation_name relation;
    bool if_exists = false, only = false;
    std::vector<alter_step> steps;
};

// ALTER ... RENAME.
struct renaming {
    object_kind kind = object_kind::table;     // what is renamed
    object_kind of = object_kind::table;       // of a column or attribute: what it belongs to
    relation_name relation;                    // empty where no relation is involved
    std::string old_name, new_name;            // of a table: old_name is relation.name
    bool if_exists = false, cascade = false;
};

enum class verb : std::uint8_t {
    create_table, create_view, replace_view, create_sequence, alter_sequence, create_trigger, create_rule,
    create_policy, alter_policy, create_statistics, drop_relation, drop_index, drop_part, drop_object, truncate, lock,
    reindex, cluster, vacuum, vacuum_full, analyze, refresh, comment, comment_part, publish, set_schema, set_owner,
    move_tablespace, alter_domain_check, create_function, grant, alter_type, catalog_only,
};

// An object that is not a relation, or a part of one: what DROP ... and ALTER TYPE name.
struct object_name {
    object_kind kind = object_kind::other;
    std::string class_name;  // the catalog that holds it: "pg_type", "pg_proc", "pg_trigger"
    std::string schema, name;
    relation_name relation;  // of a trigger, rule, policy, column, constraint: its table; of pg_class: the relation
    int arguments = -1;      // of a function: how many; -1: not said
    friend bool operator==(const object_name&, const object_name&) = default;
};

// Every other statement that changes the schema or locks relations.
struct ddl {
    policy::verb verb = verb::catalog_only;
    object_kind kind = object_kind::other;
    std::vector<relation_use> relations;
    // Relations that the text does not name, in words: "every table of schema app". Empty: none.
    std::string reach;
    bool concurrently = false, cascade = false, if_exists = false, temporary = false;
    bool transactional = true;
    lock_mode mode = lock_mode::none;  // LOCK TABLE
    std::vector<object_name> objects;            // DROP, ALTER TYPE, ALTER DOMAIN: what it is about
    std::vector<column_words> columns;           // CREATE TABLE
    std::vector<constraint_words> constraints;   // CREATE TABLE: those of the table
    std::vector<std::string> options;            // in brackets, in lower case: VACUUM (FULL, "truncate off")
    std::string index;                           // CLUSTER ... USING
    bool with_no_data = false;                   // CREATE TABLE AS, REFRESH
    bool whole_tables = false;                   // CREATE TABLE AS: all rows of what it reads
    bool replaces = false;                       // OR REPLACE
    partition_bound bound;                       // CREATE TABLE ... PARTITION OF
    bool restart_identity = false;               // TRUNCATE
    std::string schema;                          // REINDEX SCHEMA
};

struct statement;

// DO: the statements of its body, in their order, each as if it always ran. A body that cannot be followed (EXECUTE of a
// text that is made up when it runs) is `unmodelled`.
struct block {
    std::vector<statement> body;
    std::vector<std::string> texts;  // that they are part of, one each: their spans are of these
};

using words = std::variant<let_through, unmodelled, unparseable, transaction_control, setting_change, query, create_index,
                           alter_table, renaming, ddl, block>;

struct statement {
    span where;
    std::string kind;  // "CREATE INDEX", "ALTER TABLE", ...
    words what;
    std::vector<std::string> ends_prepared;  // DEALLOCATE
    bool ends_all_prepared = false;
    std::vector<std::string> runs_prepared;  // EXECUTE, also inside EXPLAIN
};

// Nothing in it is for rules or timeouts.
bool harmless(const statement& s) noexcept;

}  // namespace policy
