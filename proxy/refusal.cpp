#include "proxy/refusal.hpp"

#include "protocol/sqlstate.hpp"

namespace proxy {
namespace {

constexpr std::string_view successful_completion = "00000";  // that of every NOTICE

protocol::error_fields fields_of(std::string_view severity, std::string_view sqlstate, const policy::finding& f) {
    auto error = protocol::make_error(severity, sqlstate, f.message);
    if (!f.detail.empty()) error.set('D', f.detail);
    if (!f.hint.empty()) error.set('H', f.hint);
    error.set('R', "lockkeeper");
    return error;
}

}  // namespace

std::string poison(const policy::finding& f) { return "lockkeeper refused this statement: " + f.rule; }

protocol::error_fields error_of(const policy::finding& f) { return fields_of("ERROR", f.sqlstate, f); }

protocol::error_fields notice_of(const policy::finding& f) {
    return fields_of("WARNING", protocol::sqlstate::warning, f);
}

protocol::error_fields notice_of_unrun(const policy::finding& f) {
    auto notice = protocol::make_error("NOTICE", successful_completion, "answered without being run: " + f.message);
    notice.set('D', "The rule " + f.rule + " is set to rewrite.");
    notice.set('R', "lockkeeper");
    return notice;
}

protocol::error_fields notice_of_progress(const std::string& message, const std::string& detail) {
    auto notice = protocol::make_error("NOTICE", successful_completion, "lockkeeper: " + message);
    if (!detail.empty()) notice.set('D', detail);
    notice.set('R', "lockkeeper");
    return notice;
}

protocol::error_fields without_position(protocol::error_fields error) {
    for (const char position : {'P', 'p', 'q'}) error.remove(position);
    return error;
}

protocol::error_fields canceled_by_user() {
    return protocol::make_error("ERROR", protocol::sqlstate::query_canceled, "canceling statement due to user request");
}

policy::finding finding_of(const protocol::error_fields& error, std::string_view rule) {
    return {.rule = std::string(rule),
            .action = config::action::reject,
            .message = std::string(error.get('M')),
            .detail = std::string(error.get('D')),
            .hint = std::string(error.get('H')),
            .sqlstate = std::string(error.get('C'))};
}

policy::finding not_audited(const std::string& why) {
    return {.rule = "not-audited",
            .action = config::action::reject,
            .message = "the statement was not run because it cannot be written to the audit log",
            .detail = "Lockkeeper cannot write its audit log: " + why + ".",
            .hint = "Mend that where Lockkeeper runs (make room on the disk, for example) and send the statement again: it goes on by "
                    "itself as soon as it can write. To have schema changes go on without: audit.on_failure: continue.",
            .sqlstate = std::string(protocol::sqlstate::lockkeeper_not_audited)};
}

protocol::buffer notices_of(const policy::decision& d) {
    const auto most = d.conduct.mode == config::mode::guard ? config::action::reject : config::action::warn;
    protocol::buffer out;
    for (const auto& s : d.statements) {
        for (const auto& f : s.findings) {
            if (f.action == config::action::allow || f.action > most) continue;
            const auto notice = protocol::encode_notice(notice_of(f));
            out.insert(out.end(), notice.begin(), notice.end());
        }
    }
    return out;
}

}  // namespace proxy
