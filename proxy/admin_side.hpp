#pragma once

#include "proxy/admin.hpp"
#include "proxy/admin_http.hpp"
#include "proxy/admin_views.hpp"

namespace proxy {

// All of the admin server: HTTP, what it answers, and the questions to the workers.
class admin_side {
public:
    struct server_side {
        std::function<bool()> started, draining;
        std::function<void()> drain;
        std::function<audit_counters()> audit;  // null: nobody counts
        std::function<std::optional<observer_view>()> observer;
        const held_budget* held = nullptr;
    };

    // The references are to last longer; the workers may come later.
    admin_side(boost::asio::io_context& io, std::shared_ptr<const config::settings> settings, const ddl_board& board,
               const std::vector<std::unique_ptr<worker>>& workers, server_side server, std::string upstream);

    // The token and the certificate, from their files. Throws std::runtime_error; then those before stay.
    void read_files();
    // The settings have been read again. What is under `admin:` stays as it was.
    void renew(std::shared_ptr<const config::settings> settings) { settings_ = std::move(settings); }
    // Throws std::system_error. read_files() comes first.
    void listen(const std::vector<address>& at) { http_.listen(at); }

private:
    void add(numbers& n) const;

    std::shared_ptr<const config::settings> begun_with_, settings_;
    const ddl_board& board_;
    server_side server_;
    const double started_;
    admin_views views_;
    admin admin_;
    admin_http http_;
};

}  // namespace proxy
