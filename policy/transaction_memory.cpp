#include "policy/transaction_memory.hpp"

#include <algorithm>

namespace policy {
namespace {

bool is_making(const deed& d) noexcept { return d.what == deed::kind::created || d.what == deed::kind::gone; }

}  // namespace

std::string relation_key(std::string_view schema, std::string_view name) {
    std::string key;
    key.reserve(schema.size() + 1 + name.size());
    return key.append(schema).append(1, '\0').append(name);
}

bool in_transaction_after(bool before, std::span<const deed> deeds) noexcept {
    for (const auto& d : deeds) {
        if (d.what == deed::kind::begun) before = true;
        if (d.what == deed::kind::committed || d.what == deed::kind::rolled_back) before = false;
    }
    return before;
}

void transaction_memory::after(std::span<const deed> done) {
    for (const auto& d : done) {
        switch (d.what) {
        case deed::kind::begun: break;
        case deed::kind::committed:
        case deed::kind::rolled_back: clear(); break;
        case deed::kind::savepoint: savepoints_.push_back({d.name, deeds_.size()}); break;
        case deed::kind::released: release(d.name); break;
        case deed::kind::rolled_back_to: roll_back_to(d.name); break;
        default: remember(d);
        }
    }
}

// Changes of rows come in thousands: between two locks one of each relation is enough.
void transaction_memory::remember(const deed& d) {
    if (deeds_.size() >= most) return;
    if (d.what == deed::kind::changed_rows) {
        const auto& locks = at(deed::kind::locked);
        const auto& rows = at(d.what);
        for (auto before = rows.rbegin(); before != rows.rend() && (locks.empty() || *before > locks.back()); ++before)
            if (deeds_[*before].relation == d.relation) return;
    }
    if (is_making(d)) made_[relation_key(d.relation, d.name)].push_back(deeds_.size());
    at(d.what).push_back(deeds_.size());
    deeds_.push_back(d);
}

void transaction_memory::shorten(std::size_t size) {
    for (; deeds_.size() > size; deeds_.pop_back()) {
        at(deeds_.back().what).pop_back();
        if (!is_making(deeds_.back())) continue;
        const auto found = made_.find(relation_key(deeds_.back().relation, deeds_.back().name));
        if (found == made_.end()) continue;  // forgotten before
        found->second.pop_back();
        if (found->second.empty()) made_.erase(found);
    }
}

void transaction_memory::clear() noexcept {
    if (deeds_.empty() && savepoints_.empty()) return;  // each ReadyForQuery comes by here
    deeds_.clear();
    for (auto& positions : of_kind_) positions.clear();
    made_.clear();
    savepoints_.clear();
}

const deed* transaction_memory::strong_lock(lock_mode least) const noexcept {
    const auto& locks = at(deed::kind::locked);
    const auto found = std::find_if(locks.rbegin(), locks.rend(), [&](std::size_t i) { return deeds_[i].lock >= least; });
    return found == locks.rend() ? nullptr : &deeds_[*found];
}

const deed* transaction_memory::last(deed::kind what) const noexcept { return at(what).empty() ? nullptr : &deeds_[at(what).back()]; }

void transaction_memory::forget_plain_names() {
    std::erase_if(made_, [](const auto& entry) { return is_plain(entry.first); });
}

const deed* transaction_memory::last_made(std::string_view schema, std::string_view name, std::size_t from) const {
    if (deeds_.size() <= from) return nullptr;
    const auto found = made_.find(relation_key(schema, name));
    return found == made_.end() || found->second.back() < from ? nullptr : &deeds_[found->second.back()];
}

bool transaction_memory::done_since(const deed& earlier, deed::kind what) const noexcept {
    const auto* latest = last(what);
    return latest != nullptr && latest >= &earlier;
}

bool transaction_memory::put_off(std::string_view relation, std::string_view name) const noexcept {
    const auto all = of(deed::kind::deferred);
    return std::any_of(all.begin(), all.end(), [&](const deed& d) { return d.relation == relation && d.name == name; });
}

std::vector<std::string> transaction_memory::savepoints() const {
    std::vector<std::string> out;
    for (const auto& m : savepoints_) out.push_back(m.name);
    return out;
}

// Savepoints of one name hide each other: the newest counts.
void transaction_memory::roll_back_to(const std::string& savepoint) {
    const auto found = std::find_if(savepoints_.rbegin(), savepoints_.rend(), [&](const mark& m) { return m.name == savepoint; });
    if (found == savepoints_.rend()) return clear();
    shorten(found->size);
    savepoints_.erase(found.base(), savepoints_.end());
}

void transaction_memory::release(const std::string& savepoint) {
    const auto found = std::find_if(savepoints_.rbegin(), savepoints_.rend(), [&](const mark& m) { return m.name == savepoint; });
    if (found != savepoints_.rend()) savepoints_.erase(std::prev(found.base()), savepoints_.end());
}

}  // namespace policy
