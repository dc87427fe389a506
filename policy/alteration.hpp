#pragma once

#include <string>
#include <vector>

#include "policy/effect_list.hpp"

namespace policy {

// One ALTER TABLE (or ALTER INDEX, VIEW, ...): effects_alter_table.cpp tells what it does to the relation and to those below
// it, alter_partners.cpp what to others.
class alteration {
public:
    alteration(const alter_table& a, effect_list& out)
        : words_(a), out_(out), root_(out.relation(a.relation)), catalog_(out.known().catalog()) {}

    void run();

private:
    lock_mode lock_of(const alter_step& step) const;
    std::vector<const relation_facts*> reached_by(const alter_step& step) const;
    lock_mode lock_on_part(const alter_step& step, const relation_facts& r) const;
    work work_of(const alter_step& step, const relation_facts& r) const;
    static bool valid(const std::string& name, const relation_facts& r);
    static bool virtual_column(const std::string& name, const relation_facts& r);
    bool proved(const std::string& column, const relation_facts& r) const;
    bool added_empty(const std::string& column) const;
    work work_of(const constraint_words& c, const relation_facts& r) const;
    work work_of_key_on(const std::string& index, const relation_facts& r) const;
    bool may_be_volatile(const column_words& c) const;
    work work_of_new(const column_words& c, const alter_step& step, const relation_facts& r) const;
    static bool uses(const index_facts& i, const std::string& column);
    work work_of_type(const column_words& c, const alter_step& step, const relation_facts& r) const;

    void partners(const alter_step& step);
    void partner(const alter_step& step, cost c);
    void sequences(lock_mode lock);
    void sequences_of(const column_facts* column, lock_mode lock);
    void key_partner(const constraint_words& c, bool has_values);
    void validated(const alter_step& step);
    void dropped(const object_name& object, const alter_step& step);
    void retyped(const alter_step& step);
    void attached(const alter_step& step);
    void attached_index(const relation_facts& index);
    static bool has_same(const relation_facts& partition, const index_facts& wanted);
    void detached(const alter_step& step);

    const alter_table& words_;
    effect_list& out_;
    const relation_facts root_;
    const catalog_facts& catalog_;
    lock_mode lock_ = lock_mode::none;  // on the relation
};

}  // namespace policy
