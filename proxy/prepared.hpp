#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "policy/judge.hpp"
#include "protocol/bytes.hpp"

namespace proxy {

// The prepared statements of a session that have to be judged when they are executed, and the portals bound to them.
// Usually empty; then Bind, Describe, Execute and Close pass by their headers alone.
class prepared_statements {
public:
    using script = std::shared_ptr<const policy::script>;
    struct portal {
        script text;
        protocol::buffer bind;  // the client's own Bind message, to bind the portal anew after a Sync of ours
    };

    // How many judged statements one session may keep; beyond it a Parse is refused (memory is bounded).
    static constexpr std::size_t most = 1000;

    bool empty() const noexcept { return statements_.empty() && portals_.empty(); }
    bool full() const noexcept { return statements_.size() >= most; }
    bool portals_full() const noexcept { return portals_.size() >= most; }
    bool knows(std::string_view name) const noexcept { return statements_.contains(name); }

    void remember(std::string_view name, script text) { statements_.insert_or_assign(std::string(name), std::move(text)); }
    void forget(std::string_view name) {
        if (const auto found = statements_.find(name); found != statements_.end()) statements_.erase(found);
    }
    void forget_all() noexcept { statements_.clear(); }
    script find(std::string_view name) const {
        const auto found = statements_.find(name);
        return found == statements_.end() ? nullptr : found->second;
    }

    void bind(std::string_view portal_name, script text, protocol::bytes message) {
        if (!text) return unbind(portal_name);
        portals_.insert_or_assign(std::string(portal_name), portal{std::move(text), {message.begin(), message.end()}});
    }
    void unbind(std::string_view portal_name) {
        if (const auto found = portals_.find(portal_name); found != portals_.end()) portals_.erase(found);
    }
    void unbind_all() noexcept { portals_.clear(); }  // the transaction has ended
    const portal* find_portal(std::string_view portal_name) const {
        const auto found = portals_.find(portal_name);
        return found == portals_.end() ? nullptr : &found->second;
    }

private:
    std::map<std::string, script, std::less<>> statements_;
    std::map<std::string, portal, std::less<>> portals_;
};

}  // namespace proxy
