#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/facts.hpp"
#include "policy/script.hpp"

namespace policy {

// What the catalog says about one relation. As it stands (the catalog was not asked): it exists, is large, is visible.
struct relation_facts {
    bool known = false;
    bool exists = true;
    std::uint32_t oid = 0;
    relation_name name;          // schema-qualified where known
    char kind = '\0';            // pg_class.relkind
    bool temporary = false;
    bool created_here = false;   // in the transaction in hand: nobody else can see it
    std::optional<std::uint64_t> size;  // bytes by pg_table_size, over partitions and children; nullopt: unknown, so large

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

// All that is asked of the catalog for one text.
struct catalog_facts {
    bool asked = false;
    std::vector<named_relation> relations;
    std::vector<taken_name> taken;
};

// The queries for the text's facts, and their answers read back. No lock is waited for, no transaction id assigned.
std::vector<catalog_query> catalog_queries(const script::parsed& text, const session_facts& session);
catalog_facts read_catalog(std::span<const catalog_rows> answers);

}  // namespace policy
