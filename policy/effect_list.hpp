#pragma once

#include <string>
#include <vector>

#include "policy/effects.hpp"

namespace policy {

struct cost {
    lock_mode lock = lock_mode::none;
    policy::work work = policy::work::none;
};

cost heavier(cost a, cost b) noexcept;

// Gathers what a statement does, each relation once with the strongest lock and the heaviest work.
class effect_list {
public:
    effect_list(const known_relations& known, const session_facts& session, effects& out) noexcept
        : known_(known), session_(session), out_(out) {}

    // A relation that does not exist is left out; one without rows of its own has no work.
    void add(const relation_name& name, cost c) { add(relation(name), c); }
    void add(const relation_facts& facts, cost c);
    void add(std::uint32_t oid, cost c);
    void add_index(const relation_facts& table, const index_facts& index, cost c);
    // With all that inherits from it, or is a partition of it.
    void add_family(const relation_facts& root, cost c);
    // What DROP of the object, or a change of it with CASCADE, reaches.
    void add_dependents(const object_name& object, cost c);
    // Relations that the text does not name, in words.
    void add_reach(const std::string& what, cost c, lock_mode unwaited = lock_mode::none);
    // `unwaited`: taken for a moment, and only where nobody is in the way.
    void add_unwaited(const relation_facts& facts, lock_mode lock);

    relation_facts relation(const relation_name& name) const { return known_.relation(name); }
    const relation_facts* relation(std::uint32_t oid) const noexcept { return known_.reached(oid); }
    // The relation first, then its children, theirs ...; the relation alone where nothing is known of it.
    std::vector<const relation_facts*> family(const relation_facts& root) const;

    const known_relations& known() const noexcept { return known_; }
    const session_facts& session() const noexcept { return session_; }

private:
    relation_effect& entry(std::uint32_t oid, const std::string& name);

    const known_relations& known_;
    const session_facts& session_;
    effects& out_;
    std::vector<std::uint32_t> oids_;  // of out_.relations, one each; 0: not known
};

// One file each: the statements' effects.
void list(const create_index& i, effect_list& out);
void list(const alter_table& a, effect_list& out);
void list(const renaming& r, effect_list& out);
void list(const ddl& d, effect_list& out);
void list(const query& q, effect_list& out);

// The sequences that a default names. Whether one is locked that is only named depends on PostgreSQL's minor release.
void add_default_sequences(const expression_words& words, bool computed, effect_list& out);

// A new partition beside it: its rows may belong there.
void add_default_partition(const relation_facts& parent, const partition_bound& beside, effect_list& out);

// A foreign key's other side, with its partitions.
void add_key_partner(const relation_facts& partner, cost c, effect_list& out);

}  // namespace policy
