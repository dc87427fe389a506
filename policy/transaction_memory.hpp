#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/lock_mode.hpp"

namespace policy {

// One thing that a statement leaves behind in its transaction and that a later statement may have to be judged by.
struct deed {
    enum class kind : std::uint8_t {
        begun, committed, rolled_back,  // the transaction block
        savepoint, released, rolled_back_to,
        created,                 // relation: schema, name: the relation's; by a rename, too, of one that was created
        gone,                    // what was created under that name: dropped, or renamed
        locked,                  // a relation that others see, in SHARE mode or a stronger one
        changed_rows,            // UPDATE or DELETE of a relation that others see
        added_not_valid,         // constraint `name` of the relation
        added_default,           // column `name` of the relation, with a default
        deferred,                // index or constraint `name` of the relation: finished behind the COMMIT
    };
    static constexpr auto kinds = static_cast<std::size_t>(kind::deferred) + 1;
    kind what = kind::locked;
    std::string relation, name;  // of a savepoint: its name
    lock_mode lock = lock_mode::none;
};

// A relation's name as a key: an identifier holds no NUL.
std::string relation_key(std::string_view schema, std::string_view name);
using relation_set = std::unordered_set<std::string>;  // of relation_keys
inline bool is_plain(std::string_view key) noexcept { return key.starts_with('\0'); }  // without a schema

// Is a transaction block open after these deeds, where it was (or was not) before?
bool in_transaction_after(bool before, std::span<const deed> deeds) noexcept;

// What the transaction in hand has done so far. It is fed with the deeds of every statement that succeeded, in order,
// from the first one that is worth remembering on; ROLLBACK TO takes back what was done since its savepoint. One that is
// not known is older than the first deed, so everything is taken back.
class transaction_memory {
public:
    bool empty() const noexcept { return deeds_.empty(); }
    std::size_t size() const noexcept { return deeds_.size(); }
    void after(std::span<const deed> done);
    void clear() noexcept;  // the transaction is over
    // Names without a schema may stand for something else from now on: what was made by one is not found by it.
    void forget_plain_names();

    std::span<const deed> deeds() const noexcept { return deeds_; }
    // Those of one kind, oldest first: a dump makes tens of thousands of relations in one transaction, and every statement of it
    // is judged by what few there is of the other kinds.
    auto of(deed::kind what) const noexcept {
        return at(what) | std::views::transform([this](std::size_t i) -> const deed& { return deeds_[i]; });
    }
    // The last lock of at least that mode; null: none is held.
    const deed* strong_lock(lock_mode least) const noexcept;
    const deed* last(deed::kind what) const noexcept;
    // The last time, from the deed of that number on, that a relation was created under this name, or was gone from it;
    // null: neither.
    const deed* last_made(std::string_view schema, std::string_view name, std::size_t from) const;
    // The index or constraint of that name of the relation is put off until the COMMIT.
    bool put_off(std::string_view relation, std::string_view name) const noexcept;
    // Savepoints that are open, oldest first.
    std::vector<std::string> savepoints() const;
    // Has something of that kind been done since `earlier`, one of deeds()?
    bool done_since(const deed& earlier, deed::kind what) const noexcept;

    // Deeds that are kept; what a transaction does beyond them is not remembered.
    static constexpr std::size_t most = 100'000;

private:
    struct mark {
        std::string name;
        std::size_t size;
    };
    const std::vector<std::size_t>& at(deed::kind what) const noexcept { return of_kind_[static_cast<std::size_t>(what)]; }
    std::vector<std::size_t>& at(deed::kind what) noexcept { return of_kind_[static_cast<std::size_t>(what)]; }
    void remember(const deed& d);
    void shorten(std::size_t size);
    void roll_back_to(const std::string& savepoint);
    void release(const std::string& savepoint);

    std::vector<deed> deeds_;
    std::array<std::vector<std::size_t>, deed::kinds> of_kind_;  // where they stand in deeds_
    std::unordered_map<std::string, std::vector<std::size_t>> made_;  // created and gone, by relation_key
    std::vector<mark> savepoints_;
};

}  // namespace policy
