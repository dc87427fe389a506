#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace proxy {

// How many there are of each name, over all workers. Asked when a session begins and when it ends, never in between.
class crowd {
public:
    // One more of that name; false: there are `most` already (0: no limit), and nothing has changed.
    bool enter(const std::string& name, std::size_t most) {
        const std::lock_guard hold(mutex_);
        auto& count = counts_[name];
        if (most > 0 && count >= most) return false;
        ++count;
        return true;
    }
    void leave(const std::string& name) {
        const std::lock_guard hold(mutex_);
        const auto found = counts_.find(name);
        if (found != counts_.end() && --found->second == 0) counts_.erase(found);
    }

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace proxy
