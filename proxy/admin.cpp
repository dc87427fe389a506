#include "proxy/admin.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <stdexcept>

namespace proxy {
namespace {

constexpr std::size_t shortest_token = 16;

struct route {
    std::string_view method, path;
    admin_need need;
};
constexpr std::array routes{
    route{"GET", "/healthz", admin_need::nothing},        // the process answers
    route{"GET", "/readyz", admin_need::nothing},         // it takes clients; the database is not asked
    route{"GET", "/startupz", admin_need::nothing},       // it has begun to
    route{"GET", "/metrics", admin_need::numbers},
    route{"GET", "/", admin_need::data},
    route{"GET", "/api/state", admin_need::data},
    route{"POST", "/quitquitquit", admin_need::power},    // as SIGTERM; what the main container of a Job calls in the end
};

http_reply text(unsigned status, std::string body) { return {.status = status, .body = std::move(body) + "\n"}; }

http_reply refusal(admin_verdict why) {
    switch (why) {
    case admin_verdict::no_token: {
        auto r = text(401, "This needs the token of admin.token: as `Authorization: Bearer TOKEN`, or as the password of any user.");
        r.fields.push_back({"WWW-Authenticate", "Basic realm=\"lockkeeper\", charset=\"UTF-8\""});
        return r;
    }
    case admin_verdict::not_from_there:
        return text(403, "Without admin.token this is for requests from 127.0.0.1 and ::1 only. Set admin.token to ask from elsewhere.");
    case admin_verdict::wrong_host:
        return text(403, "The Host of the request is not this machine's: use localhost, its address or the name in admin.listen, or set admin.token.");
    case admin_verdict::wrong_origin: return text(403, "The request was sent by a page from elsewhere.");
    case admin_verdict::yes: break;
    }
    return text(500, "");
}

std::uint64_t seen_of(std::string_view query) {
    std::uint64_t seen = 0;
    if (query.starts_with("seen=")) std::from_chars(query.data() + 5, query.data() + query.size(), seen);
    return seen;
}

}  // namespace

admin::admin(const config::admin& settings, access_to to) : settings_(settings), to_(std::move(to)) {}

void admin::read_token() {
    if (settings_.token.empty()) return;
    std::ifstream file(settings_.token);
    std::string line;
    std::getline(file, line);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.size() < shortest_token)
        throw std::runtime_error("admin.token: " + settings_.token + ": " +
                                 (file.is_open() ? "its first line is no token of at least " + std::to_string(shortest_token) + " characters"
                                                 : "it cannot be read"));
    token_ = std::move(line);
}

void admin::answer(http_request&& r, std::function<void(http_reply&&)> done) const {
    const auto method = r.method == "HEAD" ? std::string("GET") : r.method;
    const auto at = [&](const route& one) { return one.path == r.path; };
    const auto known = std::find_if(routes.begin(), routes.end(), at);
    if (known == routes.end()) return done(text(404, "There is nothing here. There are /, /metrics, /healthz, /readyz, /startupz and POST /quitquitquit."));
    if (known->method != method) {
        auto no = text(405, "This path takes " + std::string(known->method) + ".");
        no.fields.push_back({"Allow", known->method == "GET" ? "GET, HEAD" : std::string(known->method)});
        return done(std::move(no));
    }
    if (const auto verdict = may(r, known->need, token_, settings_.listen.host); verdict != admin_verdict::yes) return done(refusal(verdict));
    answer_path(r, std::move(done));
}

void admin::answer_path(const http_request& r, std::function<void(http_reply&&)> done) const {
    if (r.path == "/healthz") return done(text(200, "ok"));
    if (r.path == "/startupz") return done(to_.started() ? text(200, "started") : text(503, "starting"));
    if (r.path == "/readyz") return done(to_.draining() ? text(503, "draining") : to_.started() ? text(200, "ready") : text(503, "starting"));
    if (r.path == "/") return done(admin_page());
    if (r.path == "/quitquitquit") {
        auto yes = text(200, "draining");
        yes.then = to_.drain;
        return done(std::move(yes));
    }
    if (r.path == "/metrics")
        return to_.look([done](const house_view& v) {
            done({.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text(v.numbers)});
        });
    to_.look([this, done, seen = seen_of(r.query)](const house_view& v) {
        done({.type = "application/json", .body = state_json(v, *to_.board, seen, to_.upstream)});
    });
}

}  // namespace proxy
