#include "proxy/admin_wait.hpp"

#include <iostream>
#include <optional>
#include <thread>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "config/load.hpp"
#include "config/values.hpp"

namespace proxy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds between{100}, one_answer{2000};

struct answer {
    bool listening = false;
    std::optional<unsigned> status;
};

// One question. Everything in it is given up after a time.
class question {
public:
    question(const config::endpoint& at, bool tls, std::chrono::milliseconds time) : at_(at), stream_(io_, context_), tls_(tls), time_(time) {}

    answer ask() {
        auto& socket = beast::get_lowest_layer(stream_);
        socket.expires_after(time_);
        error_code problem;
        const auto found = tcp::resolver(io_).resolve(at_.host, std::to_string(at_.port), problem);
        if (problem) return answer_;
        socket.async_connect(found, [this](error_code failed, const tcp::endpoint&) {
            answer_.listening = !failed;
            if (failed) return;
            if (tls_) stream_.async_handshake(asio::ssl::stream_base::client, [this](error_code refused) { if (!refused) say(stream_); });
            else say(beast::get_lowest_layer(stream_));
        });
        io_.run();
        return answer_;
    }

private:
    template <class Stream>
    void say(Stream& to) {
        request_.method(http::verb::get);
        request_.target("/readyz");
        request_.version(11);
        request_.set(http::field::host, "localhost");
        request_.keep_alive(false);
        http::async_write(to, request_, [this, &to](error_code problem, std::size_t) {
            if (problem) return;
            http::async_read(to, buffer_, response_, [this](error_code broken, std::size_t) {
                if (!broken) answer_.status = response_.result_int();
            });
        });
    }

    const config::endpoint at_;
    asio::io_context io_;
    asio::ssl::context context_{asio::ssl::context::tls_client};  // nothing secret is asked or told: any certificate will do
    beast::ssl_stream<beast::tcp_stream> stream_;
    const bool tls_;
    const std::chrono::milliseconds time_;
    http::request<http::empty_body> request_;
    beast::flat_buffer buffer_{16 * 1024};
    http::response<http::string_body> response_;
    answer answer_;
};

}  // namespace

int wait(const wait_options& options, const config::admin& settings) {
    auto at = settings.listen;
    if (at.host.empty()) throw config::error("admin.listen is empty: there is nobody to ask");
    if (at.host == "*" || at.host == "0.0.0.0" || at.host == "::") at.host = at.host == "::" ? "::1" : "127.0.0.1";
    std::chrono::milliseconds time;
    try {
        time = config::parse_duration(options.timeout);
    } catch (const std::invalid_argument& problem) {
        throw config::error(std::string("--timeout: ") + problem.what());
    }
    const bool stopped = options.what == "stopped";
    const auto end = clock::now() + time;
    const auto where = at.host + ":" + std::to_string(at.port);
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now());
        const auto now = question(at, !settings.tls_certificate.empty(), std::clamp(left, between, one_answer)).ask();
        if (stopped ? !now.listening : now.status == 200u) return 0;
        if (clock::now() + between > end) {
            std::cerr << "lockkeeper: " << where << " "
                      << (!now.listening ? "does not answer" : stopped ? "still answers" : "is not ready") << " after " << options.timeout << "\n";
            return now.listening ? 1 : 3;
        }
        std::this_thread::sleep_for(between);
    }
}

}  // namespace proxy
