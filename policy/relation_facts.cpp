#include <algorithm>

#include "policy/catalog.hpp"

namespace policy {
namespace {

bool has(const std::vector<std::string>& names, std::string_view name) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// What the object is called says which one it is; its kind in the statement does not.
bool same(const object_name& a, const object_name& b) noexcept {
    return a.class_name == b.class_name && a.schema == b.schema && a.name == b.name && a.relation == b.relation &&
           a.arguments == b.arguments;
}

}  // namespace

const column_facts* relation_facts::column(std::string_view column_name) const noexcept {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == column_name; });
    return found == columns.end() ? nullptr : &*found;
}

const constraint_facts* relation_facts::not_null_proof(std::string_view column_name) const noexcept {
    const auto found = std::find_if(constraints.begin(), constraints.end(), [&](const constraint_facts& c) {
        return c.kind == constraint_kind::check && c.valid && has(c.not_null, column_name);
    });
    return found == constraints.end() ? nullptr : &*found;
}

bool relation_facts::indexed(std::string_view column_name) const noexcept {
    return std::any_of(indexes.begin(), indexes.end(), [&](const index_facts& i) {
        return i.valid && !i.columns.empty() && i.columns.front() == column_name;
    });
}

const relation_facts* catalog_facts::relation(std::uint32_t oid) const noexcept {
    const auto found = std::find_if(reached.begin(), reached.end(), [&](const auto& r) { return r.oid == oid; });
    return oid == 0 || found == reached.end() ? nullptr : &*found;
}

const type_facts* catalog_facts::type(const type_words& written) const noexcept {
    const auto found = std::find_if(types.begin(), types.end(), [&](const auto& t) {
        return t.first.name == written.name && t.first.schema == written.schema && t.first.array == written.array;
    });
    return found == types.end() ? nullptr : &found->second;
}

const std::vector<dependent_facts>* catalog_facts::dependents_of(const object_name& o) const noexcept {
    const auto found = std::find_if(dependents.begin(), dependents.end(), [&](const auto& d) { return same(d.first, o); });
    return found == dependents.end() ? nullptr : &found->second;
}

bool catalog_facts::may_be_volatile(const relation_name& function) const noexcept {
    const auto found = std::find_if(functions.begin(), functions.end(), [&](const auto& f) { return f.first == function; });
    return found == functions.end() || found->second;
}

}  // namespace policy
