#include <algorithm>

#include "policy/walsender.hpp"
#include "protocol/frontend.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/refusal.hpp"

// Which way a message of the client's goes that is looked at: to the server, or into a task that judges it. What is too
// long to be held stands in long_message.cpp.

namespace proxy {
namespace {

bool ends_prepared(const policy::script& s) noexcept { return s.ends_all_prepared() || !s.ends_prepared().empty(); }

bool rolls_back(const policy::decision& d) {
    return std::any_of(d.statements.begin(), d.statements.end(), [](const auto& s) {
        return std::any_of(s.deeds.begin(), s.deeds.end(), [](const auto& one) { return one.what == policy::deed::kind::rolled_back; });
    });
}

}  // namespace

// Needs no exchange of ours with the server before it goes there.
bool gate::lightly_judged(const policy::script& s) noexcept {
    return s.harmless() && !ends_prepared(s) && s.runs_prepared().empty();
}

// `here` is what there is of the message of `size` bytes.
gate::route_to gate::route(char tag, protocol::bytes here, std::uint64_t size) {
    const auto body = here.subspan(protocol::header_size);
    const bool text = tag == 'Q' || tag == 'P', counts = here.size() > held_budget::uncounted;
    if (text && (size > settings_->limits.statement || (counts && !hold(tag, body)))) return route_long_text(tag, body, size);
    if (tag == 'B' && (counts || here.size() < size)) return route_long_bind(here, size);
    return here.size() == size ? route_whole({tag, body, here}) : route_to::wait;
}

gate::route_to gate::route_whole(const protocol::frame& f) {
    switch (f.tag) {
    case 'Q': return route_query(f);
    case 'P': return route_parse(f);
    case 'B': return route_bind(f);
    case 'E': return route_execute(f);
    default: return route_close(f);
    }
}

gate::route_to gate::route_query(const protocol::frame& f) {
    const auto query = protocol::decode_query(f);
    // Malformed: the server says so, in its own words, and executes nothing.
    const auto how = lexing();
    if (query && known_.replication && policy::walsender_command(query->sql)) {
        pass('Q');
        return route_to::server;
    }
    if (query && (policy::may_need_judging(query->sql, how) || watching())) {
        if (hangs_on_replies(query->sql)) return look_again();
        auto text = std::make_shared<const policy::script>(policy::read_script(query->sql, how));
        if (lightly_judged(*text) && watching()) return judge_at_once(with_share(std::move(text), holding_), true);
        if (!lightly_judged(*text)) {
            take_out();
            start(judge_message({.text = with_share(std::move(text), holding_), .message = {f.whole.begin(), f.whole.end()}, .query = true}));
            return route_to::nowhere;
        }
    }
    pass('Q');
    return route_to::server;
}

gate::route_to gate::route_parse(const protocol::frame& f) {
    const auto parse = protocol::decode_parse(f);
    std::shared_ptr<const policy::script> text;
    const auto how = lexing();
    // What has a name may run in a transaction that is watched.
    const bool kept = parse && (watching() || (!parse->statement.empty() && policy::moves_savepoints(parse->sql, how)));
    if (parse && (policy::may_need_judging(parse->sql, how) || kept)) {
        if (hangs_on_replies(parse->sql)) return look_again();
        text = std::make_shared<const policy::script>(policy::read_script(parse->sql, how));
        if (lightly_judged(*text) && (!kept || prepared_.full())) text = nullptr;
    }
    if (text && prepared_.full()) {
        take_out();
        refuse_parse();
        return route_to::nowhere;
    }
    const bool remembered = parse && (prepared_.knows(parse->statement) || names_noted(parse->statement));
    if (!text && !remembered) {
        pass('P');
        return route_to::server;
    }
    noted_.push_back({.kind = note::parse, .name = std::string(parse->statement), .script = with_share(std::move(text), holding_)});
    pass('P', note::parse);
    return route_to::server;
}

// What the server will know under this name when the message after it is executed.
std::shared_ptr<const policy::script> gate::script_named(std::string_view name) const {
    for (auto n = noted_.rbegin(); n != noted_.rend(); ++n)
        if (n->kind == note::parse && n->name == name) return n->script;
    return prepared_.find(name);
}

bool gate::names_noted(std::string_view name) const {
    return std::any_of(noted_.begin(), noted_.end(),
                       [&](const noted& n) { return n.kind == note::parse && n.name == name; });
}

gate::route_to gate::route_bind(const protocol::frame& f) {
    if (const auto bind = protocol::decode_bind(f)) {
        if (ambiguous(bind->statement)) return look_again();
        // A portal bound to a judged statement keeps the message: it is small, such statements take no parameters.
        auto text = script_named(bind->statement);
        if (text && prepared_.portals_full()) {
            die(protocol::sqlstate::program_limit_exceeded, "too many portals of schema-changing statements are open");
            return route_to::nowhere;
        }
        const auto kept = text && !lightly_judged(*text) ? f.whole : protocol::bytes{};
        if (!kept.empty()) text = with_share(std::move(text), holding_);
        if (text || !prepared_.empty()) prepared_.bind(bind->portal, std::move(text), kept);
    }
    pass('B');
    return route_to::server;
}

gate::route_to gate::route_execute(const protocol::frame& f) {
    const auto execute = protocol::decode_execute(f);
    const auto* portal = execute ? prepared_.find_portal(execute->portal) : nullptr;
    if (portal == nullptr || (lightly_judged(*portal->text) && !watching())) {
        pass('E');
        return route_to::server;
    }
    if (lightly_judged(*portal->text)) return judge_at_once(portal->text, false);
    take_out();
    start(judge_message({.text = portal->text, .message = {f.whole.begin(), f.whole.end()}, .bind = portal->bind}));
    return route_to::nowhere;
}

gate::route_to gate::route_close(const protocol::frame& f) {
    const auto close = protocol::decode_close(f);
    if (close && close->what == 'S' && (prepared_.knows(close->name) || names_noted(close->name))) {
        noted_.push_back({.kind = note::close, .name = std::string(close->name)});
        pass('C', note::close);
    } else {
        if (close && close->what == 'P') prepared_.unbind(close->name);
        pass('C');
    }
    return route_to::server;
}

// The transaction in hand has done, or is about to do, what a harmless statement may have to be judged by.
bool gate::watching() const noexcept {
    return splits_ || !so_far_.empty() || std::any_of(noted_.begin(), noted_.end(), [](const noted& n) {
        return std::any_of(n.deeds.begin(), n.deeds.end(), [](const auto& of_one) { return !of_one.empty(); });
    });
}

// A harmless text in a transaction that is watched: judged by its words and the transaction's memory alone, so that neither
// a pipeline nor a loop over rows waits for exchanges of ours.
gate::route_to gate::judge_at_once(std::shared_ptr<const policy::script> text, bool query) {
    judged_message m{.text = std::move(text), .message = {}, .bind = {}, .query = query};
    const auto d = policy::judge(*m.text, facts_of_session(m), {}, *settings_);
    conduct_ = d.conduct;
    if (hold_ && hold_->since && now_ >= *hold_->since + hold_->cap && status() == 'T' && !rolls_back(d)) {
        take_out();
        refuse(m, held_too_long(), nullptr);
        note_held_too_long();
        return route_to::nowhere;
    }
    noted n{.kind = note::statement, .script = m.text, .sent = now_, .deeds = deeds_of(d)};
    if (d.action != config::action::allow) {
        n.record = audit_decision(m, d);
        const auto& unwritten = n.record->unwritten;
        if (!unwritten.empty() || (conduct_.mode == config::mode::enforce && d.action == config::action::reject)) {
            take_out();
            refuse(m, unwritten.empty() ? *policy::leading_finding(d) : not_audited(unwritten), unwritten.empty() ? n.record : nullptr);
            return route_to::nowhere;
        }
        n.record->sent = true;
        n.record->asked = now_;
        if (conduct_.mode != config::mode::observe) n.notices = notices_of(d);
    }
    noted_.push_back(std::move(n));
    pass(query ? 'Q' : 'E', note::statement);
    return route_to::server;
}

}  // namespace proxy
