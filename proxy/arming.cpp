#include <algorithm>

#include "policy/qualified_sql.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/guc.hpp"

// lock_timeout and statement_timeout around a statement: what they are, ours, and back.
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {

using policy::timeout_class;
using std::chrono::milliseconds;

namespace {

constexpr int restore_attempts = 5;

std::string set_config(const std::string& setting, milliseconds value, bool local) {
    return "pg_catalog.set_config('" + setting + "', '" + time_setting(value) + "', " + (local ? "true" : "false") + ")";
}

std::string show(std::string_view setting) { return "/* lockkeeper */ SHOW " + std::string(setting); }

std::string set(std::string_view setting, milliseconds value, bool local) {
    return "/* lockkeeper */ SET " + std::string(local ? "LOCAL " : "") + std::string(setting) + " = " +
           std::to_string(value.count());
}

milliseconds setting_in(const std::optional<std::string>& shown) {
    return shown ? parse_time_setting(*shown).value_or(milliseconds::zero()) : milliseconds::zero();
}

milliseconds first_setting(const policy::catalog_rows& rows) {
    return rows.empty() || rows[0].empty() ? milliseconds::zero() : setting_in(rows[0][0]);
}

}  // namespace

policy::catalog_query setting(const armed_timeouts& a) {
    std::string all;
    for (const auto& [name, value] : a.values) all += (all.empty() ? "SELECT " : ", ") + set_config(name, value.ours, a.local);
    return policy::our_query(all);
}

std::vector<policy::catalog_query> setting_back(const armed_timeouts& a) {
    std::vector<policy::catalog_query> out;
    for (const auto& [name, value] : a.values)
        if (value.ours != value.before)
            out.push_back(policy::our_query("SELECT CASE WHEN pg_catalog.current_setting('" + name + "') = '" + time_setting(value.ours) +
                                            "' THEN " + set_config(name, value.before, a.local) + " END"));
    return out;
}

std::vector<policy::catalog_query> timeout_questions() {
    return {{show("lock_timeout"), {}}, {show("statement_timeout"), {}}};
}

void note_timeouts(judged_message& m, const batch_reply& shown) {
    m.lock_timeout = first_setting(shown.rows[0]);
    m.statement_timeout = first_setting(shown.rows[1]);
}

void note_timeouts(judged_message& m, const policy::catalog_row& last_two) {
    if (last_two.size() < 2) return;
    m.lock_timeout = setting_in(last_two[last_two.size() - 2]);
    m.statement_timeout = setting_in(last_two.back());
}

// Puts the class's timeouts in force. The client's own stand where they are stricter, unless `exactly`: the statement is
// then one of ours, and a limit that was meant for the client's would only leave it half done.
//
// `first` is asked in the same exchange, and the reply is that to it.
task<batch_reply> gate::arm(const judged_message& m, timeout_class wanted, bool exactly, std::optional<milliseconds> lock,
                            std::vector<policy::catalog_query> first) {
    const auto& t = conduct_.timeouts;
    const bool online = wanted == timeout_class::online;
    auto next = armed_.value_or(armed_timeouts{.values = {{"lock_timeout", {m.lock_timeout, m.lock_timeout}},
                                                          {"statement_timeout", {m.statement_timeout, m.statement_timeout}}},
                                               .local = status() == 'T'});
    const auto asked = first.size();
    auto queries = std::move(first);
    for (auto& [name, value] : next.values) {
        const auto limit = name == "lock_timeout" ? lock.value_or(online ? t.online_lock : t.lock)
                                                  : (online ? t.online_statement : t.statement);
        const auto ours = exactly ? limit : stricter(value.before, limit);
        if (ours != value.ours) queries.push_back({set(name, ours, next.local), {}});
        value.ours = ours;
    }
    const auto end = m.unsynced ? batch_end::flush : batch_end::sync;
    batch_reply reply;
    if (asked > 0) reply = co_await ask_in_time(std::move(queries), end);
    else if (!queries.empty()) reply = co_await ask_safely(std::move(queries), end);
    if (reply.ok()) {
        reply.rows.resize(asked);
        const bool changed = std::any_of(next.values.begin(), next.values.end(),
                                         [](const auto& v) { return v.second.ours != v.second.before; });
        if (changed || armed_) armed_ = std::move(next);
    }
    co_return reply;
}

// Whether what was armed is to be restored now that the server is in `status`; forgets what the server has undone itself.
bool gate::restore_due(char status) {
    if (!armed_) return false;
    if (armed_->local && status != 'T') armed_.reset();  // SET LOCAL went with the transaction or its failed part
    if (!armed_ || status == 'E') return false;
    return status == 'I' || !armed_->restored;
}

// lock_timeout and statement_timeout. A cancel that comes late may hit this batch, so it is tried again.
task<void> gate::restore(char status) {
    if (!restore_due(status)) co_return;
    const auto changed = setting_back(*armed_);
    for (int attempt = 0; attempt < restore_attempts; ++attempt) {
        batch_reply done;
        if (!changed.empty()) done = co_await ask_safely(changed, batch_end::sync);
        if (!done.ok()) continue;
        // Begun in the client's own text (BEGIN; ALTER ...): a ROLLBACK would bring ours back, so once more after its end.
        if (!armed_->local && status == 'T')
            armed_->restored = true;
        else
            armed_.reset();
        co_return;
    }
    if (this->status() == 'E') co_return;
    die(protocol::sqlstate::connection_failure, "lockkeeper could not restore lock_timeout and statement_timeout");
}

task<void> gate::clear_up_then_ready() {
    co_await clear_up();
    to_client_->add(protocol::encode_ready(status()));
}

}  // namespace proxy
