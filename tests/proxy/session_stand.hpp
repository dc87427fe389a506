#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/worker.hpp"

namespace session_stand {

using namespace std::string_literals;

inline std::string number(std::uint32_t n) {
    std::string s;
    for (int shift = 24; shift >= 0; shift -= 8) s.push_back(static_cast<char>(n >> shift));
    return s;
}
inline std::string packet(std::string_view rest) { return number(static_cast<std::uint32_t>(rest.size() + 4)).append(rest); }
inline std::string message(char tag, std::string_view body) { return std::string(1, tag) + packet(body); }

inline const std::string startup = packet(number(3 << 16) + "user\0joe\0database\0shop\0\0"s);
inline const std::string ssl_request = packet(number(80877103));
inline const std::string cancel_request = packet(number(80877102) + number(7) + number(8));
inline const std::string select_1 = message('Q', "select 1\0"s);
inline const std::string terminate = message('X', "");
inline std::string ready(char status = 'I') { return message('Z', std::string(1, status)); }
inline const std::string welcome = message('R', number(0)) + message('K', number(7) + number(8)) + ready();
inline const std::string answer = message('T', "\0\1c\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"s) +
                                  message('D', "\0\1\0\0\0\1"s + "1") + message('C', "SELECT 1\0"s);
inline std::string error(std::string_view severity, std::string_view sqlstate, std::string_view text) {
    std::string body;
    body.append("S").append(severity).append(1, '\0').append("V").append(severity).append(1, '\0');
    body.append("C").append(sqlstate).append(1, '\0').append("M").append(text).append(2, '\0');
    return message('E', body);
}

// A blocking socket of the test's: the client, or the server that the proxy has connected to.
class line {
public:
    explicit line(int descriptor) : descriptor_(descriptor) {
        const timeval patience{10, 0};
        ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    line(line&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    line& operator=(line&&) = delete;
    ~line() { close(); }

    void close() {
        if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    }
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void shutdown() { ::shutdown(descriptor_, SHUT_WR); }
    void say(std::string_view what) const {
        ASSERT_EQ(::send(descriptor_, what.data(), what.size(), MSG_NOSIGNAL), static_cast<ssize_t>(what.size()));
    }
    // As much as goes without waiting.
    std::size_t offer(std::string_view what) const {
        const auto n = ::send(descriptor_, what.data(), what.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    bool takes_more_within(int ms) const {
        pollfd p{descriptor_, POLLOUT, 0};
        return ::poll(&p, 1, ms) == 1;
    }
    bool has_something_within(int ms) const {
        pollfd p{descriptor_, POLLIN, 0};
        return ::poll(&p, 1, ms) == 1;
    }
    std::string hear(std::size_t size) const {
        std::string all(size, '\0');
        std::size_t at = 0;
        while (at < size) {
            const auto n = ::recv(descriptor_, all.data() + at, size - at, 0);
            if (n <= 0) break;
            at += static_cast<std::size_t>(n);
        }
        all.resize(at);
        return all;
    }
    // One message with a tag; empty at the end of input.
    std::string hear_message() const {
        auto head = hear(5);
        if (head.size() < 5) return {};
        std::uint32_t size = 0;
        for (int i = 1; i < 5; ++i) size = size << 8 | static_cast<std::uint8_t>(head[static_cast<std::size_t>(i)]);
        return head + hear(size - 4);
    }
    bool at_end() const {
        char c = 0;
        return ::recv(descriptor_, &c, 1, 0) == 0;
    }

private:
    int descriptor_;
};

// The field of an ErrorResponse.
inline std::string field(const std::string& error, char which) {
    for (std::size_t at = 5; at < error.size() && error[at] != '\0'; at = error.find('\0', at) + 1)
        if (error[at] == which) return error.c_str() + at + 1;
    return {};
}

// A port of the loopback interface that the test listens on.
class place {
public:
    place() : listening_(proxy::listen_shared(proxy::literal("127.0.0.1", 0).front(), 1)->front()) {
        ::fcntl(listening_, F_SETFL, 0);
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() {
        if (listening_ >= 0) ::close(listening_);
    }

    std::uint16_t port() const { return proxy::local_address(listening_).port(); }
    bool somebody_within(int ms) const {
        pollfd p{listening_, POLLIN, 0};
        return ::poll(&p, 1, ms) == 1;
    }
    line accept() const {
        EXPECT_TRUE(somebody_within(10'000)) << "the proxy did not connect";
        return line(::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC));
    }
    int release() { return std::exchange(listening_, -1); }

private:
    int listening_;
};

struct fixed_names final : proxy::resolver {
    std::map<std::string, std::vector<proxy::address>> known;
    std::string silent;                          // of this one nothing is told ...
    std::promise<std::function<void(found)>> asked;  // ... but by whom it was asked for
    void resolve(const std::string& host, std::uint16_t, std::function<void(found)> done) override {
        if (host == silent) return asked.set_value(std::move(done));
        const auto it = known.find(host);
        done(it == known.end() ? found(make_error_code(boost::system::errc::host_unreachable)) : found(it->second));
    }
};

// One worker between the test's clients and the test's server.
class stand {
public:
    explicit stand(config::settings settings = {}) {
        if (settings.upstream.host == "127.0.0.1") settings.upstream.port = server_.port();
        settings.mode = config::mode::observe;
        shared_.settings = std::make_shared<const config::settings>(std::move(settings));
        place front;
        port_ = front.port();
        const int listening = front.release();
        ::fcntl(listening, F_SETFL, O_NONBLOCK);
        worker_ = std::make_unique<proxy::worker>(shared_, std::vector<int>{listening}, [this] {
            const std::lock_guard hold(mutex_);
            drained_ = true;
            changed_.notify_all();
        });
        worker_->start();
    }
    ~stand() {
        worker_->finish();
        worker_->join();
    }

    line client() const {
        const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto to = proxy::literal("127.0.0.1", port_).front();
        EXPECT_EQ(::connect(s, to.data(), to.size), 0);
        return line(s);
    }
    const place& server() const { return server_; }
    proxy::worker& worker() const { return *worker_; }
    fixed_names& names() { return names_; }
    bool drained_within(std::chrono::seconds time) {
        std::unique_lock hold(mutex_);
        return changed_.wait_for(hold, time, [this] { return drained_; });
    }

    // A client that is in, and its server end.
    std::pair<line, line> session() const {
        auto c = client();
        c.say(startup);
        auto s = server_.accept();
        EXPECT_EQ(s.hear(startup.size()), startup);
        s.say(welcome);
        EXPECT_EQ(c.hear(welcome.size()), welcome);
        return {std::move(c), std::move(s)};
    }

private:
    place server_;
    std::uint16_t port_ = 0;
    fixed_names names_;
    proxy::shared_house shared_{nullptr, names_, [](proxy::audit_record&&) { return std::string(); }};
    std::unique_ptr<proxy::worker> worker_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool drained_ = false;
};

}  // namespace session_stand
