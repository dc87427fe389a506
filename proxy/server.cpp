#include "proxy/server.hpp"

#include "proxy/audit_log.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/values.hpp"
#include "proxy/admin_side.hpp"
#include "proxy/ddl_list.hpp"
#include "proxy/listeners.hpp"
#include "proxy/log.hpp"
#include "proxy/observer.hpp"
#include "proxy/systemd.hpp"
#include "proxy/tls_check.hpp"
#include "proxy/worker.hpp"

namespace proxy {
namespace {

// A later start may succeed: an address that is taken, a file that cannot be used. A wrong configuration is 2
// (cli.cpp), after which systemd does not try again (config/lockkeeper.service).
constexpr int could_not_begin = 4;

namespace asio = boost::asio;

constexpr unsigned most_workers = 4;                      // where the settings leave it to us
constexpr std::chrono::milliseconds last_arrivals{500};   // that a client may be on its way to a door that is to be closed
constexpr std::chrono::milliseconds just_served{1000};    // that the next query of a client may be on its way
constexpr std::chrono::seconds last_words{1};             // for all sessions to close in the end

template <class Results>
std::vector<address> addresses_of(const Results& results) {
    std::vector<address> all;
    for (const auto& entry : results) {
        const auto endpoint = entry.endpoint();
        all.push_back(address_of(*endpoint.data(), endpoint.size()));
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

std::string upstream_text(const config::upstream& to) {
    std::string all;
    for (const auto& host : config::hosts_of(to)) {
        const auto known = literal(host.host, host.port);
        all += (all.empty() ? "" : ", ") + (known.empty() ? host.host + ":" + std::to_string(host.port) : known.front().text());
    }
    return all;
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
    explicit server(settings_source read)
        : read_(std::move(read)), settings_(read_()), audit_(settings_.audit), names_(io_), signals_(io_), deadline_(io_), watchdog_(io_),
          shared_{std::make_shared<const config::settings>(settings_), names_, [this](audit_record&& r) {
                      observer_.note(r);
                      if (admin_) board_.note(r);
                      return audit_.write(r);
                  },
                  [this](const std::string& key, cancel_stage stage) {
                      for (auto& w : workers_) w->note_cancel(key, stage);
                  }},
          observer_({}, {.sessions = [this] { return list_ddl(workers_); },
                         .end_attempt = [this](std::uint64_t session, std::uint64_t attempt, std::size_t queue) {
                             for (auto& w : workers_) w->end_attempt(session, attempt, queue);
                         },
                         .audit = [this](audit_record&& r) { shared_.audit(std::move(r)); }}) {}

    int run() {
        std::signal(SIGPIPE, SIG_IGN);
        if (::getpid() == 1) std::signal(SIGCHLD, SIG_IGN);  // in a container orphans become ours: the kernel buries them
        raise_descriptor_limit();
        give_big_buffers_back();
        for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
        auto tls = read_tls(settings_);
        check_certificates(settings_, tls);
        shared_.tls = std::move(tls);
        shared_.held.set_limit(settings_.limits.held);
        users_ = secrets::of(settings_.auth);
        shared_.users = users_.get();
        prepare_admin();
        listeners doors(worker_count());
        if (!doors.open(settings_)) return could_not_begin;
        for (unsigned i = 0; i < worker_count(); ++i)
            workers_.push_back(std::make_unique<worker>(shared_, doors.take(i), [this] { asio::post(io_, [this] { on_drained(); }); }));
        for (auto& w : workers_) w->start();
        observer_.renew(settings_.observer);
        spdlog::info("listening on {}, forwarding to {}, mode {}", doors.where(), upstream_text(settings_.upstream), config::print(settings_.mode));
        systemd::notify("READY=1");
        await_signal();
        started_ = true;
        show_life();
        io_.run();
        observer_.stop();
        for (auto& w : workers_) w->finish();
        for (auto& w : workers_) w->join();
        doors.remove_socket_file();
        spdlog::info("stopped");
        return 0;
    }

private:
    unsigned worker_count() const {
        return settings_.workers > 0 ? settings_.workers : std::clamp(std::thread::hardware_concurrency() / 2, 1u, most_workers);
    }

    void prepare_admin() {
        const auto& at = settings_.admin.listen;
        if (at.host.empty()) return;
        admin_ = std::make_unique<admin_side>(io_, shared_.settings, board_, workers_,
                                              admin_side::server_side{[this] { return started_; }, [this] { return draining_; },
                                                                      [this] {
                                                                          if (!draining_) drain("/quitquitquit");
                                                                      },
                                                                      [this] { return audit_.counters(); },
                                                                      [this] { return observer_.view(); }, &shared_.held},
                                              upstream_text(settings_.upstream));
        admin_->read_files();
        admin_->listen(listen_addresses(at));
    }

    // A file that cannot be used changes nothing, and neither do certificates that cannot.
    void reload() {
        systemd::notify("RELOADING=1");
        audit_.reopen();
        try {
            auto fresh = read_();
            const auto kept = config::keep_until_restart(fresh, settings_);
            auto tls = read_tls(fresh);
            check_certificates(fresh, tls);
            if (admin_) admin_->read_files();
            take_over(std::move(fresh), std::move(tls));
            for (const auto key : kept) spdlog::warn("SIGHUP: {} is changed by a restart only; it stays as it was", key);
        } catch (const std::runtime_error& problem) {  // config::error, tls_error
            spdlog::error("SIGHUP: everything stays as it was: {}", problem.what());
            systemd::notify("READY=1");
        }
    }

    void take_over(config::settings fresh, std::shared_ptr<const tls_contexts> tls) {
        settings_ = std::move(fresh);
        shared_.held.set_limit(settings_.limits.held);
        shared_.settings = std::make_shared<const config::settings>(settings_);
        shared_.tls = std::move(tls);
        set_log_level(settings_.log);
        if (admin_) admin_->renew(shared_.settings);
        observer_.renew(settings_.observer);
        const auto left = std::make_shared<std::size_t>(workers_.size());
        const auto taken = [this, left, mode = settings_.mode] {
            if (--*left == 0) on_taken_over(mode);
        };
        for (auto& w : workers_) w->renew(shared_.settings, [this, taken] { asio::post(io_, taken); });
    }

    // Not before each session has them: who waits for these words counts on it (test_reload).
    void on_taken_over(config::mode mode) {
        spdlog::info("SIGHUP: the configuration and the TLS files were read again, mode {}", config::print(mode));
        systemd::notify("READY=1");
    }

    void await_signal() {
        signals_.async_wait([this](boost::system::error_code problem, int number) {
            if (problem) return;
            if (number == SIGHUP) reload();
            else if (!draining_) drain(number == SIGINT ? "SIGINT" : "SIGTERM");
            else {
                spdlog::info("second signal: ending all sessions");
                end_sessions();
            }
            await_signal();
        });
    }

    // Clients come in for drain.delay; those who would come while the doors close go to the Lockkeeper beside us.
    void drain(const char* why) {
        spdlog::info("{}: in {} no more clients; sessions in a transaction have {} then", why, config::print_duration(settings_.drain.delay),
                     config::print_duration(settings_.drain.grace));
        draining_ = true;
        systemd::notify("STOPPING=1");
        await(settings_.drain.delay, [this] {
            if (!settings_.reuse_port) return close_doors();
            for (auto& w : workers_) w->give_way(static_cast<unsigned>(workers_.size()));
            await(last_arrivals, [this] { close_doors(); });
        });
    }

    // Those who are busy all the time are let finish by themselves for the first half; in the second each transaction's end
    // is theirs. Schema changes are canceled in the last quarter: taking them back needs time, too.
    void close_doors() {
        const auto half = settings_.drain.grace / 2;
        for (auto& w : workers_) w->drain(std::min<std::chrono::milliseconds>(just_served, half));
        await(half, [this, half] {
            for (auto& w : workers_) w->drain();
            await(half / 2, [this, half] {
                for (auto& w : workers_) w->give_up();
                await(half / 2, [this] { end_sessions(); });
            });
        });
    }

    void end_sessions() {
        for (auto& w : workers_) w->drain();
        for (auto& w : workers_) w->stop_sessions();
        await(last_words, [this] { io_.stop(); });
    }

    void on_drained() {
        if (++drained_ == workers_.size()) io_.stop();
    }

    void await(std::chrono::milliseconds time, std::function<void()> then) {
        deadline_.expires_after(time);
        deadline_.async_wait([then = std::move(then)](boost::system::error_code problem) {
            if (!problem) then();
        });
    }

    void show_life() {
        const auto interval = systemd::watchdog();
        if (!interval) return;
        systemd::notify("WATCHDOG=1");
        watchdog_.expires_after(*interval);
        watchdog_.async_wait([this](boost::system::error_code problem) {
            if (!problem) show_life();
        });
    }

    settings_source read_;
    config::settings settings_;
    audit_log audit_;  // it outlives every session, and ends when all is written
    asio::io_context io_;
    asio_resolver names_;
    asio::signal_set signals_;
    asio::steady_timer deadline_, watchdog_;
    shared_house shared_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::size_t drained_ = 0;
    bool started_ = false, draining_ = false;
    ddl_board board_;
    observer observer_;                 // before the workers end it is stopped
    std::unique_ptr<admin_side> admin_;      // null: nobody asks
    std::unique_ptr<secrets> users_;  // last: its thread hands its answers to the workers
};

}  // namespace

int serve(settings_source read) {
    try {
        return server(std::move(read)).run();
    } catch (const config::error&) {
        throw;
    } catch (const std::runtime_error& problem) {  // std::system_error, tls_error
        spdlog::error("{}", problem.what());
        return could_not_begin;
    }
}

}  // namespace proxy
