#include "proxy/wait_graph.hpp"

#include <algorithm>
#include <set>

namespace proxy {

// Parallel workers count as their leader, who is then named several times.
wait_graph::wait_graph(std::vector<edge> edges) {
    for (const auto& e : edges) {
        if (e.waiter == e.blocker || std::find(edges_.begin(), edges_.end(), e) != edges_.end()) continue;
        edges_.push_back(e);
        before_[e.waiter].push_back(e.blocker);
        if (e.blocker != 0) behind_[e.blocker].push_back(e.waiter);
    }
}

std::vector<wait_graph::pid> wait_graph::blockers_of(pid who) const {
    const auto found = before_.find(who);
    return found == before_.end() ? std::vector<pid>{} : found->second;
}

// Broad first. A deadlock is a ring: nobody is met twice, and nobody behind himself.
std::vector<wait_graph::pid> wait_graph::reached(const neighbours& by, pid from) {
    std::vector<pid> met;
    std::set<pid> known{from};
    const auto meet = [&](pid of) {
        const auto next = by.find(of);
        if (next == by.end()) return;
        for (const auto p : next->second)
            if (known.insert(p).second) met.push_back(p);
    };
    meet(from);
    for (std::size_t i = 0; i < met.size(); ++i) meet(met[i]);
    return met;
}

}  // namespace proxy
