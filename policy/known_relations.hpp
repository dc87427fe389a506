#pragma once

#include "policy/catalog.hpp"
#include "policy/statement.hpp"
#include "policy/transaction_memory.hpp"

namespace policy {

// After it a name may stand for another relation: a rename, a move, a change of search_path.
bool changes_names(const statement& s) noexcept;
// Of those, what may give another schema to a name without one: a move, a change of search_path.
bool changes_schemas(const statement& s) noexcept;

// What is known about relations at one place of a text: the catalog's answer, and what was created since it answered (or,
// where it was not asked, in the whole transaction). All must outlive it.
class known_relations {
public:
    // `own`: relations that nobody else uses yet, where the catalog was not asked.
    known_relations(const catalog_facts& catalog, const transaction_memory& so_far, const relation_set* own = nullptr) noexcept
        : catalog_(&catalog), so_far_(&so_far), own_(catalog.asked ? nullptr : own), answered_at_(catalog.asked ? so_far.size() : 0) {}

    relation_facts relation(const relation_name& written) const;
    // The table of an index; as unknown as it gets where the catalog was not asked.
    std::optional<relation_facts> table_of_index(const relation_name& index) const;

    // What the catalog ties to a relation; null where it was not asked, or where names are in doubt.
    const relation_facts* reached(std::uint32_t oid) const noexcept;

    const catalog_facts& catalog() const noexcept { return *catalog_; }

    // The statement has run: after a rename or a change of search_path names may stand for something else than the
    // catalog said. What it created is in the memory.
    void after(const statement& s);

private:
    bool created(const relation_name& name) const;
    const named_relation* find(const relation_name& name) const noexcept;

    const catalog_facts* catalog_;
    const transaction_memory* so_far_;
    const relation_set* own_;
    std::size_t answered_at_;
    std::size_t renamed_at_ = 0;  // deeds before the last change of search_path or move to another schema
    bool names_in_doubt_ = false;
};

}  // namespace policy
