#include "config/agreement.hpp"

namespace config {

std::optional<std::string> disagreement(const tls& t) {
    if (t.client == client_tls::disable) return std::nullopt;
    if (t.certificate.empty() || t.key.empty())
        return "tls.client is not disable: tls.certificate and tls.key must name the files of a certificate and its key";
    const bool must = t.client == client_tls::verify_ca || t.client == client_tls::verify_full;
    if (must && t.ca.empty()) return "tls.client: verify-ca and verify-full need tls.ca, who signs the certificates of clients";
    return std::nullopt;
}

std::optional<std::string> disagreement(const upstream& u) {
    if (u.tls == server_tls::disable) return std::nullopt;
    if (u.tls_certificate.empty() != u.tls_key.empty())
        return "upstream.tls_certificate and upstream.tls_key belong together: one of them is not set";
    const bool verify = u.tls == server_tls::verify_ca || u.tls == server_tls::verify_full;
    if (verify && u.tls_ca.empty())
        return "upstream.tls: verify-ca and verify-full need upstream.tls_ca, who signs the server's certificate (or system)";
    return std::nullopt;
}

std::optional<std::string> disagreement(const auth& a) {
    if (a.mode == auth_mode::pass) return std::nullopt;
    if (a.file.empty() && a.query.empty())
        return "auth.mode: scram needs auth.file or auth.query: they tell the secrets that clients are verified by";
    if (!a.query.empty() && a.dsn.empty())
        return "auth.query needs auth.dsn: the server that is asked, and a role that may read pg_authid or call a function that does";
    return std::nullopt;
}

std::optional<std::string> disagreement(const admin& a) {
    if (a.tls_certificate.empty() == a.tls_key.empty()) return std::nullopt;
    return "admin.tls_certificate and admin.tls_key belong together: one of them is not set";
}

namespace {

// What is for the observer to do, of the defaults or of a scope.
const char* observers_work(const locks& l) {
    return l.max_queue > 0 ? "locks.max_queue" : l.terminate_blockers.count() > 0 ? "locks.terminate_blockers" : nullptr;
}

std::optional<std::string> without_observer(const settings& s) {
    if (!s.observer.dsn.empty()) return std::nullopt;
    const char* which = observers_work(s.locks);
    for (const auto& scope : s.scopes) which = which != nullptr ? which : observers_work(scope.differs.locks);
    if (which == nullptr) return std::nullopt;
    return std::string(which) + " needs observer.dsn: it is the observer who sees the server's queue";
}

// A statement of the longest length that may be held could never be.
std::optional<std::string> too_little_held(const limits& l) {
    if (l.held == 0 || l.held >= l.statement) return std::nullopt;
    return "limits.held is less than limits.statement: all statements together need as much room as one of them";
}

}  // namespace

std::optional<std::string> disagreement(const settings& s) {
    if (auto wrong = disagreement(s.tls)) return wrong;
    if (auto wrong = disagreement(s.upstream)) return wrong;
    if (auto wrong = disagreement(s.auth)) return wrong;
    if (auto wrong = disagreement(s.admin)) return wrong;
    if (auto wrong = too_little_held(s.limits)) return wrong;
    return without_observer(s);
}

}  // namespace config
