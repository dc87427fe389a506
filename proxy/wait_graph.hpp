#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace proxy {

// Who waits for whom in the server, by process: what pg_blocking_pids says of all who wait. Pure.
class wait_graph {
public:
    using pid = std::uint32_t;
    struct edge {
        pid waiter = 0, blocker = 0;  // 0: a prepared transaction
        bool operator==(const edge&) const = default;
    };

    explicit wait_graph(std::vector<edge> edges);

    bool waits(pid who) const { return before_.count(who) != 0; }
    // Whom it waits for, those who hold the lock and those who have asked for it before.
    std::vector<pid> blockers_of(pid who) const;
    // Those, whom they wait for in turn, and so on.
    std::vector<pid> all_before(pid who) const { return reached(before_, who); }
    // Who waits for it, directly or behind others who do: the nearest first.
    std::vector<pid> queue_behind(pid who) const { return reached(behind_, who); }

    const std::vector<edge>& edges() const noexcept { return edges_; }

private:
    using neighbours = std::map<pid, std::vector<pid>>;
    static std::vector<pid> reached(const neighbours& by, pid from);

    std::vector<edge> edges_;
    neighbours before_, behind_;
};

}  // namespace proxy
