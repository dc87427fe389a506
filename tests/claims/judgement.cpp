#include "judgement.hpp"

#include <array>

namespace claims {
namespace {

using policy::lock_mode;
using policy::work;

std::string name_of(lock_mode m) { return m == lock_mode::none ? "no lock" : std::string(policy::name(m)); }

std::string name_of(work w) {
    static constexpr std::array names{"no work", "scan", "index build", "rewrite"};
    return names.at(static_cast<std::size_t>(w));
}

template <class Measure>
void tell(std::vector<std::string>& out, const std::string& relation, Measure said, Measure did) {
    if (said == did) return;
    out.push_back((said < did ? "weaker: " : "stronger: ") + relation + ": " + name_of(said) + ", measured " + name_of(did));
}

lock_mode lock_on(const outcome& o, const std::string& relation) {
    const auto found = o.relations.find(relation);
    return found == o.relations.end() ? lock_mode::none : found->second.lock;
}

// Whoever works on a table opens its indexes: their locks count where they are stronger than the table's.
void leave_out_indexes(outcome& o, const std::map<std::string, std::string>& tables) {
    for (auto& [name, t] : o.relations)
        if (const auto table = tables.find(name); table != tables.end() && t.lock <= lock_on(o, table->second)) t.lock = lock_mode::none;
}

// What is not named in so many words covers what was measured and is no stronger.
template <class Measure>
Measure covered(Measure did, Measure unnamed) { return std::min(did, unnamed); }

}  // namespace

std::vector<std::string> disagreements(outcome predicted, outcome measured, const std::string& target) {
    std::vector<std::string> out;
    const bool told = measured.known || !measured.transactional;  // after another error nobody knows
    if (told && predicted.transactional != measured.transactional)
        out.push_back(predicted.transactional ? "weaker: cannot run in a transaction" : "stronger: can run in a transaction");
    if (!measured.known) return out;
    leave_out_indexes(predicted, measured.tables);
    leave_out_indexes(measured, measured.tables);
    for (const auto& [name, t] : measured.relations) predicted.relations.try_emplace(name);
    for (const auto& [name, said_of_it] : predicted.relations) {
        auto said = said_of_it;
        const auto found = measured.relations.find(name);
        const touch did = found == measured.relations.end() ? touch{} : found->second;
        const auto unnamed = measured.tables.contains(name) ? std::max(predicted.elsewhere, predicted.elsewhere_on_indexes) : predicted.elsewhere;
        said.lock = std::max(said.lock, covered(did.lock, std::max(unnamed, said.unwaited)));
        said.work = std::max(said.work, covered(did.work, predicted.work_elsewhere));
        // What is held for a moment only may have been missed there.
        const bool may_be_missing = measured.sampled && name != target;
        if (!may_be_missing || said.lock < did.lock) tell(out, name, said.lock, did.lock);
        if (measured.counted && (!may_be_missing || said.work < did.work)) tell(out, name, said.work, did.work);
    }
    return out;
}

}  // namespace claims
