#include "proxy/admin_http.hpp"

#include <list>
#include <optional>
#include <system_error>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <spdlog/spdlog.h>

#include "config/agreement.hpp"
#include "proxy/tls.hpp"

namespace proxy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t most_connections = 64;
constexpr std::uint32_t longest_header = 8 * 1024;
constexpr std::uint64_t longest_body = 1024;  // nothing here takes one
constexpr std::chrono::seconds to_read{10}, to_write{10}, idle{30}, next_try{1};

// One client of the admin server, whatever its socket.
class connection {
public:
    virtual ~connection() = default;
    virtual void start() = 0;
    virtual void close() = 0;
    bool waiting = true;  // for a request, or the next one
};

std::string text_of(beast::string_view s) { return {s.data(), s.size()}; }

http_request request_of(const http::request<http::string_body>& r, bool local) {
    const auto field = [&](beast::string_view name) { return text_of(r[name]); };
    const auto target = text_of(r.target());
    const auto question = target.find('?');
    return {.method = text_of(r.method_string()),
            .path = target.substr(0, question),
            .query = question == target.npos ? std::string() : target.substr(question + 1),
            .authorization = field("Authorization"),
            .host = field("Host"),
            .origin = field("Origin"),
            .fetch_site = field("Sec-Fetch-Site"),
            .local = local};
}

unsigned status_of(error_code problem) {
    if (problem == http::error::header_limit) return 431;
    if (problem == http::error::body_limit) return 413;
    return 400;
}

http::response<http::string_body> response_of(http_reply& reply, bool head, bool keep_alive) {
    http::response<http::string_body> out(static_cast<http::status>(reply.status), 11);
    out.set(http::field::content_type, reply.type);
    out.set(http::field::cache_control, "no-store");
    out.set("X-Content-Type-Options", "nosniff");
    out.set("Referrer-Policy", "no-referrer");
    for (const auto& [name, value] : reply.fields) out.set(name, value);
    out.keep_alive(keep_alive);
    out.content_length(reply.body.size());
    if (!head) out.body() = std::move(reply.body);
    return out;
}

template <class Stream>
class connection_on final : public connection, public std::enable_shared_from_this<connection_on<Stream>> {
public:
    template <class... Arguments>
    connection_on(admin_http::handler h, std::function<void(connection*)> gone, bool local, Arguments&&... of_stream)
        : stream_(std::forward<Arguments>(of_stream)...), handler_(std::move(h)), gone_(std::move(gone)), local_(local) {}
    ~connection_on() override { gone_(this); }

    void start() override {
        beast::get_lowest_layer(stream_).expires_after(to_read);
        if constexpr (!std::is_same_v<Stream, beast::tcp_stream>)
            stream_.async_handshake(asio::ssl::stream_base::server, [me = this->shared_from_this()](error_code problem) {
                if (!problem) me->read();
            });
        else
            read();
    }

    void close() override { beast::get_lowest_layer(stream_).close(); }

private:
    void read() {
        this->waiting = true;
        parser_.emplace();
        parser_->header_limit(longest_header);
        parser_->body_limit(longest_body);
        beast::get_lowest_layer(stream_).expires_after(answered_ ? idle : to_read);
        http::async_read(stream_, buffer_, *parser_, [me = this->shared_from_this()](error_code problem, std::size_t) { me->on_read(problem); });
    }

    void on_read(error_code problem) {
        if (problem.category() == http::make_error_code(http::error::header_limit).category() && problem != http::error::end_of_stream) {
            keep_alive_ = false;
            return send({.status = status_of(problem), .body = "This is no request that can be answered here.\n"});
        }
        if (problem) return;
        this->waiting = false;
        beast::get_lowest_layer(stream_).expires_never();
        const auto& request = parser_->get();
        head_ = request.method() == http::verb::head;
        keep_alive_ = request.keep_alive();
        handler_(request_of(request, local_), [me = this->shared_from_this()](http_reply&& reply) { me->send(std::move(reply)); });
    }

    void send(http_reply&& reply) {
        then_ = std::exchange(reply.then, nullptr);
        response_ = response_of(reply, head_, keep_alive_);
        serializer_.emplace(*response_);
        serializer_->split(head_);
        beast::get_lowest_layer(stream_).expires_after(to_write);
        auto done = [me = this->shared_from_this()](error_code problem, std::size_t) { me->on_sent(problem); };
        if (head_) http::async_write_header(stream_, *serializer_, std::move(done));
        else http::async_write(stream_, *serializer_, std::move(done));
    }

    void on_sent(error_code problem) {
        answered_ = true;
        if (const auto then = std::exchange(then_, nullptr)) then();
        if (problem) return;
        if (keep_alive_) return read();
        if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
            error_code ignored;
            stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        } else {
            stream_.async_shutdown([me = this->shared_from_this()](error_code) {});
        }
    }

    Stream stream_;
    beast::flat_buffer buffer_{longest_header + longest_body};
    std::optional<http::request_parser<http::string_body>> parser_;
    std::optional<http::response<http::string_body>> response_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    admin_http::handler handler_;
    std::function<void(connection*)> gone_;
    std::function<void()> then_;
    const bool local_;
    bool head_ = false, keep_alive_ = true, answered_ = false;
};

// A mesh's own proxy in the pod comes from other addresses of 127.0.0.0/8, with requests from anywhere.
bool is_local(const tcp::endpoint& from) {
    const auto a = from.address();
    if (a.is_v4()) return a.to_v4() == asio::ip::address_v4::loopback();
    const auto v6 = a.to_v6();
    return v6.is_loopback() || (v6.is_v4_mapped() && asio::ip::make_address_v4(asio::ip::v4_mapped, v6) == asio::ip::address_v4::loopback());
}

tcp::endpoint endpoint_of(const address& a) {
    tcp::endpoint e;
    std::copy_n(reinterpret_cast<const char*>(a.data()), a.size, reinterpret_cast<char*>(e.data()));
    e.resize(a.size);
    return e;
}

}  // namespace

class admin_http::state : public std::enable_shared_from_this<state> {
public:
    state(asio::io_context& io, const config::admin& settings, handler h) : io_(io), settings_(settings), handler_(std::move(h)) {}

    void read_certificate() {
        if (const auto wrong = config::disagreement(settings_)) throw tls_error(*wrong);
        if (settings_.tls_certificate.empty()) return;
        auto anew = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
        ::SSL_CTX_set_min_proto_version(anew->native_handle(), TLS1_2_VERSION);
        use_own_certificate(anew->native_handle(), "admin.tls_", settings_.tls_certificate, settings_.tls_key);
        tls_ = std::move(anew);
    }

    void listen(const address& at) {
        const auto where = endpoint_of(at);
        auto a = std::make_shared<tcp::acceptor>(io_);
        error_code problem;
        a->open(where.protocol(), problem);
        if (!problem) a->set_option(tcp::acceptor::reuse_address(true), problem);
        if (!problem && where.protocol() == tcp::v6()) a->set_option(asio::ip::v6_only(true), problem);
        if (!problem) a->bind(where, problem);
        if (!problem) a->listen(asio::socket_base::max_listen_connections, problem);
        if (problem == boost::system::errc::address_in_use) return listen_later(at);
        if (problem) throw std::system_error(problem.value(), std::generic_category(), "admin.listen: " + at.text());
        const auto chosen = a->local_endpoint();
        spdlog::info("health, metrics and the admin page are at {}://{}:{}", tls_ ? "https" : "http",
                     chosen.address().is_v6() ? "[" + chosen.address().to_string() + "]" : chosen.address().to_string(), chosen.port());
        acceptors_.push_back(a);
        accept(std::move(a));
    }

    void close() {
        closed_ = true;
        for (auto& a : acceptors_) a->close();
        for (auto& t : later_) t->cancel();
        for (auto* c : connections_) c->close();
    }

private:
    // The copy of Lockkeeper that this one replaces may have it still, and clients are served without it.
    void listen_later(const address& at) {
        if (!complained_) spdlog::warn("admin.listen: {} is taken; it is tried again each second", at.text());
        complained_ = true;
        auto timer = std::make_shared<asio::steady_timer>(io_, next_try);
        later_.push_back(timer);
        timer->async_wait([me = shared_from_this(), timer, at](error_code problem) {
            me->later_.remove(timer);
            if (problem || me->closed_) return;
            try {
                me->listen(at);
            } catch (const std::system_error& trouble) {
                spdlog::error("{}", trouble.what());
            }
        });
    }

    void accept(std::shared_ptr<tcp::acceptor> a) {
        auto& of = *a;
        of.async_accept([me = shared_from_this(), a = std::move(a)](error_code problem, tcp::socket s) mutable {
            if (me->closed_) return;
            if (!problem) me->welcome(std::move(s));
            if (!problem || problem == boost::system::errc::connection_aborted) return me->accept(std::move(a));
            auto timer = std::make_shared<asio::steady_timer>(me->io_, next_try);  // no descriptor is left, most likely
            me->later_.push_back(timer);
            timer->async_wait([me, a, timer](error_code canceled) mutable {
                me->later_.remove(timer);
                if (!canceled && !me->closed_) me->accept(std::move(a));
            });
        });
    }

    void welcome(tcp::socket s) {
        error_code problem;
        const auto from = s.remote_endpoint(problem);
        if (problem) return;
        make_room();
        auto gone = [me = weak_from_this()](connection* c) {
            if (const auto still = me.lock()) still->connections_.remove(c);
        };
        std::shared_ptr<connection> c;
        if (tls_) c = std::make_shared<connection_on<held_tls_stream>>(handler_, gone, is_local(from), std::move(s), tls_);
        else c = std::make_shared<connection_on<beast::tcp_stream>>(handler_, gone, is_local(from), std::move(s));
        connections_.push_back(c.get());
        c->start();
    }

    // Oldest first: nobody keeps others out by opening connections and saying nothing.
    void make_room() {
        if (connections_.size() < most_connections) return;
        for (auto* c : connections_)
            if (c->waiting) {
                connections_.remove(c);
                return c->close();
            }
    }

    // Keeps its context while it lasts: another may have come with SIGHUP.
    struct held_context {
        std::shared_ptr<asio::ssl::context> context;
    };
    struct held_tls_stream : private held_context, public beast::ssl_stream<beast::tcp_stream> {
        held_tls_stream(tcp::socket s, std::shared_ptr<asio::ssl::context> c)
            : held_context{std::move(c)}, beast::ssl_stream<beast::tcp_stream>(std::move(s), *context) {}
    };

    asio::io_context& io_;
    const config::admin settings_;
    handler handler_;
    std::shared_ptr<asio::ssl::context> tls_;
    std::list<std::shared_ptr<tcp::acceptor>> acceptors_;
    std::list<std::shared_ptr<asio::steady_timer>> later_;
    std::list<connection*> connections_;
    bool complained_ = false, closed_ = false;
};

admin_http::admin_http(asio::io_context& io, const config::admin& settings, handler h)
    : state_(std::make_shared<state>(io, settings, std::move(h))) {}
admin_http::~admin_http() { state_->close(); }

void admin_http::listen(const std::vector<address>& at) {
    for (const auto& one : at) state_->listen(one);
}
void admin_http::read_certificate() { state_->read_certificate(); }

}  // namespace proxy
