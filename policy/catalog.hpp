#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/facts.hpp"
#include "policy/script.hpp"

namespace policy {

struct column_facts {
    std::string name;
    std::uint32_t type = 0;      // pg_type.oid; of a domain: its base type
    std::int32_t modifier = -1;  // pg_attribute.atttypmod, or the domain's
    std::uint32_t declared = 0;  // pg_type.oid, a domain's too
    std::string type_text;       // format_type: "character varying(20)"
    std::uint32_t collation = 0;
    std::int32_t number = 0;     // attnum
    bool not_null = false, has_default = false, generated = false, identity = false, inherited = false;
    bool is_virtual = false;     // GENERATED ... VIRTUAL
    std::string mark;            // that a plan has left on it (policy/plans/mark.hpp); empty: none
};

struct index_facts {
    std::uint32_t oid = 0;
    std::string name;
    std::vector<std::string> columns;  // of the key; an expression is an empty one
    std::vector<std::string> uses;     // columns in expressions and the predicate
    bool unique = false, primary = false, exclusion = false;
    bool valid = true;
    bool being_built = false;          // not ready yet: another session is at work on it, or was
    bool partial = false;
    std::string constraint;            // that it stands behind; empty: none
    std::uint32_t parent = 0;          // the partitioned index that it belongs to
};

struct constraint_facts {
    std::uint32_t oid = 0;
    std::string name;
    constraint_kind kind = constraint_kind::other;
    bool valid = true;
    bool inherited = false;
    std::vector<std::string> columns;
    std::uint32_t referenced = 0;      // table that a foreign key points to
    std::uint32_t index = 0;           // that it stands on; of a foreign key: the other side's
    std::vector<std::string> not_null; // of a CHECK: columns that it proves to be not null
    std::vector<std::string> referenced_columns;
    std::string expression;            // of a CHECK: pg_constraint.conbin, PostgreSQL's own tree of it
};

// That a column owns: SERIAL and identity have one.
struct owned_sequence {
    std::uint32_t oid = 0;
    std::int32_t column = 0;  // attnum
};

// A type that the text names.
struct type_facts {
    std::uint32_t oid = 0, base = 0;  // base: of a domain; else the same
    std::int32_t modifier = -1;       // that a domain gives to its base
    bool constrained = false;         // a domain with a CHECK or NOT NULL
    std::uint32_t collation = 0;
};

// A relation that is locked when an object is dropped, or changed with CASCADE.
struct dependent_facts {
    std::uint32_t oid = 0;
    relation_name name;
    char kind = '\0';
    lock_mode lock = lock_mode::access_exclusive;
    bool by_column = false;  // a column of it depends on the object (its type is the domain)
};

// What the catalog says about one relation. As it stands (the catalog was not asked): it exists, is large, is visible.
struct relation_facts {
    bool known = false;
    bool exists = true;
    std::uint32_t oid = 0;
    relation_name name;          // schema-qualified where known
    char kind = '\0';            // pg_class.relkind
    bool temporary = false, unlogged = false;
    bool unlocked = false;       // nobody else had or awaited a lock on it when it was asked; false: not known
    bool created_here = false;   // in the transaction in hand: nobody else can see it
    std::optional<std::uint64_t> size;  // bytes by pg_table_size, over partitions and children; nullopt: unknown, so large
    std::optional<double> rows;         // pg_class.reltuples; nullopt: never analyzed
    std::vector<std::uint32_t> parents, children;  // direct ones: partitions and inheritance
    bool is_partition = false;
    std::uint32_t default_partition = 0;
    std::int32_t partition_key = 0;     // attnum of the only column that it is partitioned by, in ranges or lists; 0: no such one
    std::uint32_t table = 0;            // of an index; of a sequence: the table that owns it
    std::vector<std::uint32_t> referenced_by;      // tables with a foreign key to it
    std::vector<owned_sequence> sequences;
    std::vector<std::uint32_t> views;              // that use it, directly
    std::vector<std::uint32_t> reads;              // of a view: what it uses
    std::vector<column_facts> columns;
    std::vector<index_facts> indexes;
    std::vector<constraint_facts> constraints;
    bool published = false;
    bool populated = true;                         // a materialized view that has been filled
    struct {
        bool update_triggers = false;      // of users, not disabled
        bool any_update_triggers = false;  // ... for an UPDATE of whatever column
        bool delete_triggers = false;
        bool rules = false;                // ON UPDATE or ON DELETE
        bool row_security = false, forced_row_security = false;
    } hooks;                                       // what else happens when its rows are changed
    double pages = 0;                   // pg_class.relpages
    std::string access_method, tablespace, owner;
    char replica_identity = 'd';        // pg_class.relreplident

    const column_facts* column(std::string_view column_name) const noexcept;
    // A valid CHECK that proves the column to be not null.
    const constraint_facts* not_null_proof(std::string_view column_name) const noexcept;
    bool indexed(std::string_view column_name) const noexcept;  // first column of a valid index

    bool visible() const noexcept { return !temporary && !created_here; }
    bool partitioned() const noexcept { return kind == 'p' || kind == 'I'; }
};

// A relation as a statement names it, and what that name stands for in the client's session.
struct named_relation {
    relation_name written;
    relation_facts facts;
    std::optional<relation_facts> table;  // of an index: the table
};

// A relation that already has a name that CREATE INDEX wants (or would make up).
struct taken_name {
    relation_name table;              // as the CREATE INDEX names it
    std::string name;
    bool index_of_table = false;      // it is an index, and of that very table
    bool valid = true;
    bool being_built = false;         // another session is at work on it
    std::optional<std::string> definition;  // pg_get_indexdef; nullopt: could not be asked without waiting
};

// A constraint that already has a name that ALTER TABLE wants (or would make up), in the schema of the table.
struct taken_constraint {
    relation_name table;              // as the ALTER TABLE names it
    std::string name;
    bool of_table = false;            // of that very table
    std::uint32_t relation = 0;       // of this one, otherwise
    constraint_kind kind = constraint_kind::other;
    bool valid = true;
    std::optional<std::string> definition;  // pg_get_constraintdef; nullopt: could not be asked without waiting
    std::string mark{};               // that a plan has left on it (policy/plans/mark.hpp); empty: none
};

// All that is asked of the catalog for one text.
struct catalog_facts {
    bool asked = false;
    double sample_pages = 30000;          // that ANALYZE reads of a table: 300 * default_statistics_target
    std::vector<named_relation> relations;
    std::vector<std::pair<type_words, type_facts>> types;
    std::vector<std::pair<relation_name, bool>> functions;  // is one of that name volatile?
    std::vector<std::array<std::uint32_t, 2>> free_casts;   // source and target are stored alike
    std::vector<std::array<std::uint32_t, 2>> any_casts;
    std::vector<std::pair<object_name, std::vector<dependent_facts>>> dependents;
    std::vector<relation_facts> reached;  // those and what they are tied to, each once
    std::vector<taken_name> taken;
    std::vector<taken_constraint> taken_constraints;

    const relation_facts* relation(std::uint32_t oid) const noexcept;  // null: not among the reached
    const type_facts* type(const type_words& written) const noexcept;
    // Null: the object does not exist, or was not asked about.
    const std::vector<dependent_facts>* dependents_of(const object_name& object) const noexcept;
    // False only where every function of that name is known not to be.
    bool may_be_volatile(const relation_name& function) const noexcept;
};

// A relation named in a literal: 'app.t'. Quoted names are not taken apart.
relation_name name_in(std::string_view text);

// The queries for the text's facts, and their answers read back. No lock is waited for, no transaction id assigned.
std::vector<catalog_query> catalog_queries(const script::parsed& text, const session_facts& session);
catalog_facts read_catalog(std::span<const catalog_rows> answers);

}  // namespace policy
