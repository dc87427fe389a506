#include "proxy/server.hpp"

#include "proxy/audit.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "config/values.hpp"
#include "proxy/admin_side.hpp"
#include "proxy/tls_check.hpp"
#include "proxy/worker.hpp"

namespace proxy {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds drain_time{30};  // what sessions in a transaction get after the first signal
constexpr std::chrono::seconds last_words{1};   // and all of them to close in the end

template <class Results>
std::vector<address> addresses_of(const Results& results) {
    std::vector<address> all;
    for (const auto& entry : results) {
        address a;
        const auto endpoint = entry.endpoint();
        a.size = static_cast<socklen_t>(endpoint.size());
        std::copy_n(reinterpret_cast<const char*>(endpoint.data()), endpoint.size(), reinterpret_cast<char*>(&a.storage));
        all.push_back(a);
    }
    return all;
}

// Asio runs getaddrinfo in a thread of its own.
class asio_resolver final : public resolver {
public:
    explicit asio_resolver(asio::io_context& io) : io_(io) {}

    void resolve(const std::string& host, std::uint16_t port, std::function<void(found)> done) override {
        asio::post(io_, [this, host, port, done = std::move(done)] {
            auto query = std::make_shared<asio::ip::tcp::resolver>(io_);
            query->async_resolve(host, std::to_string(port), [query, done](boost::system::error_code problem, auto results) {
                done(problem ? found(problem) : found(addresses_of(results)));
            });
        });
    }

private:
    asio::io_context& io_;
};

// What `listen` names. Empty with a log line where it names nothing.
std::vector<address> listen_addresses(const config::endpoint& at, asio::io_context& io) {
    if (at.host == "*" || at.host.empty()) {
        auto both = literal("0.0.0.0", at.port);
        both.push_back(literal("::", at.port).front());
        return both;
    }
    if (auto one = literal(at.host, at.port); !one.empty() && one.front().family() != AF_UNIX) return one;
    boost::system::error_code problem;
    asio::ip::tcp::resolver names(io);
    const auto results = names.resolve(at.host, std::to_string(at.port), asio::ip::resolver_base::passive, problem);
    if (problem) spdlog::error("cannot listen on {}:{}: {}", at.host, at.port, problem.message());
    auto all = addresses_of(results);
    return all;
}

std::string upstream_text(const config::upstream& to) {
    std::string all;
    for (const auto& host : config::hosts_of(to)) {
        const auto known = literal(host.host, host.port);
        all += (all.empty() ? "" : ", ") + (known.empty() ? host.host + ":" + std::to_string(host.port) : known.front().text());
    }
    return all;
}

const char* text(config::mode m) {
    switch (m) {
    case config::mode::observe: return "observe";
    case config::mode::guard: return "guard";
    case config::mode::enforce: return "enforce";
    }
    return "";
}

// Two descriptors a session: as many as the system lets us have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// A long statement's or a slow reader's buffer goes back to the system when it is freed. By default glibc raises this
// threshold with the first big buffer and keeps all later ones (mallopt(3), M_MMAP_THRESHOLD).
void give_big_buffers_back() { ::mallopt(M_MMAP_THRESHOLD, 128 * 1024); }

// The control thread's part: signals, names, the end.
class server {
public:
    explicit server(const config::settings& settings)
        : audit_(settings.audit), names_(io_), signals_(io_), deadline_(io_),
          shared_{std::make_shared<const config::settings>(settings), names_, [this](audit_record&& r) {
                      if (admin_) board_.note(r);
                      audit_.write(r);
                  },
                  [this](const std::string& key, cancel_stage stage) {
                      for (auto& w : workers_) w->note_cancel(key, stage);
                  }} {}

    int run() {
        std::signal(SIGPIPE, SIG_IGN);
        raise_descriptor_limit();
        give_big_buffers_back();
        signals_.add(SIGTERM);
        signals_.add(SIGINT);
        signals_.add(SIGHUP);
        auto tls = read_tls(*shared_.settings);
        check_certificates(*shared_.settings, tls);
        shared_.tls = std::move(tls);
        users_ = secrets::of(shared_.settings->auth);
        shared_.users = users_.get();
        prepare_admin();
        if (!listen()) return 2;
        for (auto& w : workers_) w->start();
        const auto& s = *shared_.settings;
        spdlog::info("listening on {}, forwarding to {}, mode {}", where_, upstream_text(s.upstream), text(s.mode));
        await_signal();
        started_ = true;
        io_.run();
        for (auto& w : workers_) w->finish();
        for (auto& w : workers_) w->join();
        if (!socket_file_.empty()) ::unlink(socket_file_.c_str());
        spdlog::info("stopped");
        return 0;
    }

private:
    bool listen() {
        const auto& s = *shared_.settings;
        const auto count = s.workers > 0 ? s.workers : std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
        sockets_.resize(count);
        const bool all = listen_on_network(s.listen) && listen_on_path(s.unix_socket_directory);
        if (!all) {
            for (auto& some : sockets_)
                for (const int d : some) ::close(d);
            return false;
        }
        for (auto& listeners : sockets_)
            workers_.push_back(std::make_unique<worker>(shared_, std::move(listeners),
                                                        [this] { asio::post(io_, [this] { on_drained(); }); }));
        return true;
    }

    bool listen_on_network(const config::endpoint& at) {
        for (auto where : listen_addresses(at, io_)) {
            // Port 0: the first address gets a free one, the others the same.
            if (chosen_port_) where.set_port(*chosen_port_);
            const auto opened = listen_shared(where, static_cast<unsigned>(sockets_.size()));
            if (!opened && opened.error() == boost::system::errc::address_family_not_supported && at.host == "*") continue;
            if (!take(where, opened)) return false;
            chosen_port_ = local_address(opened->front()).port();
        }
        return !where_.empty();
    }

    bool listen_on_path(const std::string& directory) {
        if (directory.empty()) return true;
        const auto where = directory.front() == '/' ? literal(directory, *chosen_port_) : std::vector<address>{};
        if (where.empty()) {
            spdlog::error("unix_socket_directory: '{}' is not a path from / on of at most 90 bytes", directory);
            return false;
        }
        if (!take(where.front(), listen_at_path(where.front(), static_cast<unsigned>(sockets_.size())))) return false;
        socket_file_ = where.front().text();
        return true;
    }

    bool take(const address& where, const boost::system::result<std::vector<int>>& opened) {
        if (!opened) {
            spdlog::error("cannot listen on {}: {}", where.text(), opened.error().message());
            return false;
        }
        for (std::size_t i = 0; i < sockets_.size(); ++i) sockets_[i].push_back((*opened)[i]);
        where_ += (where_.empty() ? "" : " and ") + local_address(opened->front()).text();
        return true;
    }

    void prepare_admin() {
        const auto& at = shared_.settings->admin.listen;
        if (at.host.empty()) return;
        admin_ = std::make_unique<admin_side>(io_, shared_.settings, board_, workers_,
                                              admin_side::server_side{[this] { return started_; }, [this] { return draining_; },
                                                                      [this] { drain("/quitquitquit"); }},
                                              upstream_text(shared_.settings->upstream));
        admin_->read_files();
        admin_->listen(listen_addresses(at, io_));
    }

    // Certificates expire, and their files are replaced in place. Sessions that are there keep what they have.
    void reload_tls() {
        try {
            if (admin_) admin_->read_files();
            shared_.tls = read_tls(*shared_.settings);
            spdlog::info("SIGHUP: the TLS files were read again");
        } catch (const std::runtime_error& problem) {
            spdlog::error("SIGHUP: the TLS files stay as they were: {}", problem.what());
        }
    }

    void await_signal() {
        signals_.async_wait([this](boost::system::error_code problem, int number) {
            if (problem) return;
            if (number == SIGHUP) {
                reload_tls();
                return await_signal();
            }
            if (draining_) {
                spdlog::info("second signal: ending all sessions");
                return end_sessions();
            }
            drain(number == SIGINT ? "SIGINT" : "SIGTERM");
            await_signal();
        });
    }

    void drain(const char* why) {
        if (std::exchange(draining_, true)) return;
        spdlog::info("{}: no more clients; sessions in a transaction have {} s", why, drain_time.count());
        for (auto& w : workers_) w->drain();
        await(drain_time, [this] { end_sessions(); });
    }

    void end_sessions() {
        for (auto& w : workers_) w->stop_sessions();
        await(last_words, [this] { io_.stop(); });
    }

    void on_drained() {
        if (++drained_ == workers_.size()) io_.stop();
    }

    void await(std::chrono::seconds time, std::function<void()> then) {
        deadline_.expires_after(time);
        deadline_.async_wait([then = std::move(then)](boost::system::error_code problem) {
            if (!problem) then();
        });
    }

    audit_log audit_;  // first: it outlives every session, and ends when all is written
    asio::io_context io_;
    asio_resolver names_;
    asio::signal_set signals_;
    asio::steady_timer deadline_;
    shared_house shared_;
    std::string where_;
    std::optional<std::uint16_t> chosen_port_;
    std::string socket_file_;
    std::vector<std::vector<int>> sockets_;  // of each worker, until it is made
    std::vector<std::unique_ptr<worker>> workers_;
    std::size_t drained_ = 0;
    bool started_ = false, draining_ = false;
    ddl_board board_;
    std::unique_ptr<admin_side> admin_;      // null: nobody asks
    std::unique_ptr<secrets> users_;  // last: its thread hands its answers to the workers
};

}  // namespace

int serve(const config::settings& settings) {
    try {
        return server(settings).run();
    } catch (const std::runtime_error& problem) {  // std::system_error, tls_error
        spdlog::error("{}", problem.what());
        return 2;
    }
}

}  // namespace proxy
