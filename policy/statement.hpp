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
};

struct relation_use {
    relation_name name;
    use as = use::target;
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
};

// SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, also inside EXPLAIN ANALYZE and PREPARE.
struct query {
    std::vector<row_write> writes;  // each UPDATE and DELETE, those in WITH included
    std::vector<setting_change> sets;
};

struct create_index {
    std::string name;  // empty: PostgreSQL makes one up
    relation_name table;
    bool unique = false, concurrently = false, if_not_exists = false;
    bool only = false;                    // ON ONLY: not the partitions
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
    std::optional<relation_name> referenced;
};

// How much PostgreSQL can know about a DEFAULT when it adds a column.
enum class default_kind : std::uint8_t { none, constant, expression };

struct column_words {
    std::string name, type;
    default_kind has_default = default_kind::none;
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
    move_tablespace, alter_domain_check, catalog_only,
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
};

using words = std::variant<let_through, unmodelled, unparseable, transaction_control, setting_change, query, create_index,
                           alter_table, renaming, ddl>;

struct statement {
    span where;
    std::string kind;  // "CREATE INDEX", "ALTER TABLE", ...
    words what;
    std::vector<std::string> ends_prepared;  // DEALLOCATE
    bool ends_all_prepared = false;
};

// Nothing in it is for rules or timeouts.
bool harmless(const statement& s) noexcept;

}  // namespace policy
