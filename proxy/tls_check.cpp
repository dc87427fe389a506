#include "proxy/tls_check.hpp"

#include <netdb.h>
#include <unistd.h>

#include <algorithm>

#include <spdlog/spdlog.h>

#include "proxy/upstream.hpp"

namespace proxy {
namespace {

// Before the workers start there is nobody who could be kept waiting.
class waiting_resolver final : public resolver {
public:
    void resolve(const std::string& host, std::uint16_t port, std::function<void(found)> done) override {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* first = nullptr;
        if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first) != 0)
            return done(make_error_code(boost::system::errc::host_unreachable));
        std::vector<address> all;
        for (const auto* a = first; a != nullptr; a = a->ai_next) {
            auto& entry = all.emplace_back();
            entry.size = a->ai_addrlen;
            std::copy_n(reinterpret_cast<const char*>(a->ai_addr), entry.size, reinterpret_cast<char*>(&entry.storage));
        }
        ::freeaddrinfo(first);
        done(std::move(all));
    }
};

}  // namespace

void check_certificates(const config::settings& settings, const std::shared_ptr<const tls_contexts>& tls) {
    const bool passes = settings.auth.mode == config::auth_mode::pass;
    if (!tls->clients || !tls->server || !passes || settings.tls.without_channel_binding) return;
    event_loop loop;
    waiting_resolver names;
    connection server;
    upstream dial(loop, names, {.where = settings.upstream, .tls = tls}, [&](connection&& made) {
        server = std::move(made);
        loop.stop();
    });
    loop.run();
    if (server.descriptor < 0)
        return spdlog::warn("cannot compare the certificates yet: cannot connect to the server at {}: {}", server.name, server.problem);
    const bool differ = server.tls && !same_certificate(::SSL_CTX_get0_certificate(tls->clients.get()), server.tls->peer_certificate().get());
    server.tls.reset();
    ::close(server.descriptor);
    if (!differ) return;
    throw tls_error("tls.certificate is not the certificate of the server at " + server.name +
                    ": clients could not log in with SCRAM, whose channel binding would find two certificates on its way. Use the "
                    "server's certificate and key (tls.certificate, tls.key), or let Lockkeeper verify clients (auth.mode: scram), "
                    "or leave one of the connections without TLS (tls.client: disable on this machine, or upstream.tls: disable), "
                    "or set tls.without_channel_binding: true, with clients that say channel_binding=disable");
}

}  // namespace proxy
