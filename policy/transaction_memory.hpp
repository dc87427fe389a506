#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
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
    };
    kind what = kind::locked;
    std::string relation, name;  // of a savepoint: its name
    lock_mode lock = lock_mode::none;
};

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

    std::span<const deed> deeds() const noexcept { return deeds_; }
    // The last lock of at least that mode; null: none is held.
    const deed* strong_lock(lock_mode least) const noexcept;
    const deed* last(deed::kind what) const noexcept;
    // Has something of that kind been done since `earlier`, one of deeds()?
    bool done_since(const deed& earlier, deed::kind what) const noexcept;

    // Deeds that are kept; what a transaction does beyond them is not remembered.
    static constexpr std::size_t most = 100'000;

private:
    struct mark {
        std::string name;
        std::size_t size;
    };
    void remember(const deed& d);
    void roll_back_to(const std::string& savepoint);
    void release(const std::string& savepoint);

    std::vector<deed> deeds_;
    std::vector<mark> savepoints_;
};

}  // namespace policy
