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

}  // namespace

std::vector<std::string> disagreements(const outcome& predicted, const outcome& measured, const std::string& target) {
    std::vector<std::string> out;
    if (predicted.transactional != measured.transactional)
        out.push_back(predicted.transactional ? "weaker: cannot run in a transaction" : "stronger: can run in a transaction");
    if (!measured.known) return out;  // what it would have done nobody knows
    auto all = predicted.relations;
    for (const auto& [name, t] : measured.relations) all.try_emplace(name);
    for (auto& [name, said] : all) {
        const auto found = measured.relations.find(name);
        const touch did = found == measured.relations.end() ? touch{} : found->second;
        if (did.lock > said.lock || (did.lock == lock_mode::none && name != target))
            said.lock = std::max(said.lock, predicted.elsewhere >= did.lock ? did.lock : predicted.elsewhere);
        if (did.work > said.work) said.work = std::max(said.work, std::min(predicted.work_elsewhere, did.work));
        if (did.lock > said.lock && did.lock <= said.unwaited) said.lock = did.lock;
        // What is held for a moment only may have been missed there.
        const bool may_be_missing = measured.sampled && name != target;
        if (!may_be_missing || said.lock < did.lock) tell(out, name, said.lock, did.lock);
        if (measured.counted && (!may_be_missing || said.work < did.work)) tell(out, name, said.work, did.work);
    }
    return out;
}

}  // namespace claims
