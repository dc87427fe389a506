#include "proxy/ddl_list.hpp"

#include <condition_variable>
#include <iterator>
#include <mutex>

namespace proxy {
namespace {

constexpr std::chrono::seconds patience{1};

struct gathering {
    std::mutex mutex;
    std::condition_variable more;
    std::size_t heard = 0;
    std::vector<ddl_under_way> all;
};

}  // namespace

ddl_list list_ddl(const std::vector<std::unique_ptr<worker>>& workers) {
    const auto told = std::make_shared<gathering>();  // who answers late finds it still there
    for (const auto& w : workers)
        w->list_ddl([told](std::vector<ddl_under_way>&& some) {
            const std::lock_guard hold(told->mutex);
            std::move(some.begin(), some.end(), std::back_inserter(told->all));
            ++told->heard;
            told->more.notify_one();
        });
    std::unique_lock hold(told->mutex);
    told->more.wait_for(hold, patience, [&] { return told->heard == workers.size(); });
    return {std::move(told->all), told->heard == workers.size()};
}

}  // namespace proxy
