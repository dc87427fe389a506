#pragma once

#include <vector>

#include "policy/catalog.hpp"
#include "policy/statement.hpp"

namespace policy {

// What is known about relations at one place of a text: the catalog's answer, and what the statements before did to it.
class known_relations {
public:
    explicit known_relations(const catalog_facts& catalog) noexcept : catalog_(&catalog) {}

    relation_facts relation(const relation_name& written) const;
    // The table of an index; as unknown as it gets where the catalog was not asked.
    std::optional<relation_facts> table_of_index(const relation_name& index) const;

    // What the catalog ties to a relation; null where it was not asked, or where names are in doubt.
    const relation_facts* reached(std::uint32_t oid) const noexcept;

    const catalog_facts& catalog() const noexcept { return *catalog_; }

    // The statement has run: what it creates is ours alone; after a rename or a change of search_path names may stand
    // for something else than the catalog said.
    void after(const statement& s);

private:
    bool created(const relation_name& name) const noexcept;
    const named_relation* find(const relation_name& name) const noexcept;

    const catalog_facts* catalog_;
    std::vector<relation_name> created_;
    bool names_in_doubt_ = false;
};

}  // namespace policy
