#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/backend.hpp"
#include "protocol/frame.hpp"
#include "protocol/frontend.hpp"
#include "proxy/guc.hpp"

namespace support {

// As much of a PostgreSQL server as the gate's tests need: it answers message by message, keeps the state of the
// transaction, skips to Sync after an error, and knows lock_timeout and statement_timeout with SET, SET LOCAL and
// rollback. UPDATE 3 says of itself how many rows it changes. A statement that contains FAIL fails with 22012, one that
// starts with "lockkeeper refused" with 42601, as in every PostgreSQL, a message whose strings do not end with 08P01. COPY
// BARRED FROM STDIN fails before it reads anything, another COPY FROM STDIN reads up to its end. `fail_once` names a text
// whose next execution fails with the SQLSTATE beside it, or, behind COMMIT OF, the Sync behind it.
class server_model {
public:
    std::vector<std::string> executed;  // what ran, in order, without our comment
    std::map<std::string, std::string> fail_once;
    std::string stuck;          // a text that waits until it is canceled, and all behind it
    int holders = 0;            // so many questions after lock holders find one
    int turns_of_others = 0;    // so many attempts to take the lock of locks.serialize fail
    static constexpr std::string_view key = "12345678";  // the body of BackendKeyData
    char status = 'I';

    protocol::buffer start() {
        protocol::buffer out = message('R', std::string("\0\0\0\0", 4));
        append(out, message('S', std::string("server_version\0" "15.20\0", 21)));
        append(out, message('K', std::string(key)));
        append(out, protocol::encode_ready('I'));
        return out;
    }

    protocol::buffer answer(const protocol::frame& f) {
        protocol::buffer out;
        if (waits_) behind_.emplace_back(f.whole.begin(), f.whole.end());
        if (waits_) return out;
        if (copying_ != 0) return copy(f);
        if (skipping_ && f.tag != 'S' && f.tag != 'X') return out;
        switch (f.tag) {
        case 'Q': {
            implicit_begin();
            const auto query = protocol::decode_query(f);
            query ? void(run(std::string(query->sql), out)) : void(error("08P01", out, false));
            if (copying_ != 0) copying_ = 'Q';
            else end_query(out);
            break;
        }
        case 'P': {
            implicit_begin();
            if (!protocol::decode_parse(f)) return error("08P01", out, true);
            const auto parse = *protocol::decode_parse(f);
            if (parse.sql.starts_with("lockkeeper refused")) return error("42601", out, true);
            if (!parse.statement.empty() && statements_.contains(parse.statement)) return error("42P05", out, true);
            statements_[std::string(parse.statement)] = parse.sql;
            append(out, message('1', {}));
            break;
        }
        case 'B': {
            const auto bind = *protocol::decode_bind(f);
            const auto found = statements_.find(std::string(bind.statement));
            if (found == statements_.end()) return error("26000", out, true);
            portals_[std::string(bind.portal)] = found->second;
            append(out, message('2', {}));
            break;
        }
        case 'D': append(out, message('n', {})); break;
        case 'C': {
            const auto close = *protocol::decode_close(f);
            (close.what == 'S' ? statements_ : portals_).erase(std::string(close.name));
            append(out, message('3', {}));
            break;
        }
        case 'E': {
            const auto found = portals_.find(std::string(protocol::decode_execute(f)->portal));
            if (found == portals_.end()) return error("34000", out, true);
            if (!run(found->second, out)) skipping_ = true;
            if (copying_ != 0) copying_ = 'E';
            break;
        }
        case 'S':
            if (const auto failing = fail_once.find("COMMIT OF " + (executed.empty() ? "" : executed.back())); failing != fail_once.end()) {
                error(failing->second, out, false);
                fail_once.erase(failing);
            }
            skipping_ = false;
            end_implicit();
            append(out, protocol::encode_ready(status));
            break;
        default: break;
        }
        return out;
    }

    // What is stuck is canceled, and what came behind it answered.
    protocol::buffer cancel() {
        protocol::buffer out;
        if (!std::exchange(waits_, false)) return out;
        stuck.clear();
        error("57014", out, true);
        for (const auto& f : std::exchange(behind_, {})) append(out, answer({static_cast<char>(f[0]), protocol::bytes(f).subspan(protocol::header_size), f}));
        return out;
    }

    std::string setting(const std::string& name) const { return settings_.at(name).back(); }

private:
    static void append(protocol::buffer& out, const protocol::buffer& more) { out.insert(out.end(), more.begin(), more.end()); }
    static protocol::buffer message(char tag, const std::string& body) {
        const auto length = body.size() + 4;
        protocol::buffer out{static_cast<std::uint8_t>(tag)};
        for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(length >> shift));
        out.insert(out.end(), body.begin(), body.end());
        return out;
    }

    protocol::buffer& error(std::string_view sqlstate, protocol::buffer& out, bool extended, std::string text = "the server says no") {
        append(out, protocol::encode_error(protocol::make_error("ERROR", sqlstate, std::move(text))));
        skipping_ = extended;
        failed_ = true;
        if (status == 'T') status = 'E';
        return out;
    }

    static std::string text_of(protocol::bytes body) { return std::string(protocol::as_text(body.first(body.size() - 1))); }

    // While it reads the data of a COPY from the client (manual, 55.2.6).
    protocol::buffer copy(const protocol::frame& f) {
        protocol::buffer out;
        if (f.tag == 'd' || f.tag == 'H' || f.tag == 'S') return out;
        const char asked = std::exchange(copying_, '\0');
        if (f.tag == 'c') append(out, protocol::encode_command_complete("COPY"));
        else if (f.tag == 'f') error("57014", out, asked == 'E', "COPY from stdin failed: " + text_of(f.body));
        else append(out, protocol::encode_error(protocol::make_error("FATAL", "08P01", "protocol synchronization was lost")));
        if (asked == 'Q') end_query(out);
        return out;
    }

    void end_query(protocol::buffer& out) {
        end_implicit();
        append(out, protocol::encode_ready(status));
    }

    void implicit_begin() { failed_ = false; }
    void end_implicit() {
        if (status == 'I') {
            if (failed_) settings_ = committed_;
            local_restore(true);
            portals_.clear();
        }
        failed_ = false;
    }

    void rollback() { settings_ = committed_; }

    bool run(std::string sql, protocol::buffer& out) {
        constexpr std::string_view ours = "/* lockkeeper */ ";
        if (sql.starts_with(ours)) sql.erase(0, ours.size());
        if (sql.find("pg_blocking_pids") != std::string::npos) sql = "WHOSE TURN";
        if (sql.find("pg_try_advisory_lock") != std::string::npos) {
            executed.push_back("TURN");
            append(out, row(turns_of_others > 0 && turns_of_others-- > 0 ? "f" : "t"));
            append(out, protocol::encode_command_complete("SELECT"));
            return true;
        }
        if (sql.find("pg_advisory_unlock") != std::string::npos) sql = "END OF TURN";
        if (sql.find("set_config") != std::string::npos && sql.find("current_setting") == std::string::npos) return limit(sql, out);
        if (sql.find("set_config") != std::string::npos) sql = put_back(sql);
        if (sql.find("pg_locks") != std::string::npos) {
            executed.push_back("LOOK");
            waits_ = stuck == "LOOK";
            if (waits_) return true;
            if (holders > 0 && holders-- > 0) append(out, row("4711"));
            append(out, protocol::encode_command_complete("SELECT"));
            return true;
        }
        executed.push_back(sql);
        waits_ = !stuck.empty() && sql == stuck;
        if (waits_) return true;
        const auto failing = fail_once.find(sql);
        if (status == 'E' && !sql.starts_with("ROLLBACK") && sql != "COMMIT") return error("25P02", out, false), false;
        if (failing != fail_once.end()) {
            const auto sqlstate = failing->second;
            fail_once.erase(failing);
            return error(sqlstate, out, false), false;
        }
        if (sql.starts_with("lockkeeper refused")) return error("42601", out, false), false;
        if (sql.find("FAIL") != std::string::npos) return error("22012", out, false), false;
        if (sql.ends_with(" FROM STDIN")) {
            append(out, message('G', std::string("\0\0\0", 3)));
            if (sql == "COPY BARRED FROM STDIN") return error("P0001", out, false), false;
            copying_ = 'E';
            return true;
        }
        const auto tag = sql.starts_with("UPDATE ") ? sql : sql.substr(0, sql.find(' '));
        if (sql == "BEGIN") {
            committed_ = settings_;
            status = 'T';
        } else if (sql == "ROLLBACK" || sql == "COMMIT") {
            if (sql == "ROLLBACK" || status == 'E') rollback();
            local_restore(sql == "COMMIT");
            status = 'I';
        } else if (sql.starts_with("ROLLBACK TO")) {
            status = 'T';
        } else if (sql.starts_with("SHOW ")) {
            append(out, row(settings_.at(sql.substr(5)).back()));
        } else if (sql.starts_with("SET ")) {
            set(sql);
        } else if (sql.starts_with("SELECT") && sql != "SELECT in vain") {
            append(out, row("t"));
        }
        append(out, protocol::encode_command_complete(tag));
        return true;
    }

    // SELECT set_config('lock_timeout', '20ms', true), set_config('statement_timeout', '5s', true), as two SET LOCAL.
    bool limit(const std::string& sql, protocol::buffer& out) {
        const auto words = constants(sql);
        for (std::size_t at = 0; at + 1 < words.size(); at += 2) {
            const auto value = proxy::parse_time_setting(words[at + 1]).value().count();
            const auto one = "SET LOCAL " + words[at] + " = " + std::to_string(value);
            executed.push_back(one);
            if (const auto failing = fail_once.find(one); failing != fail_once.end()) {
                error(failing->second, out, false);
                fail_once.erase(failing);
                return false;
            }
            set(one);
        }
        append(out, row(""));
        append(out, protocol::encode_command_complete("SELECT"));
        return true;
    }

    static std::vector<std::string> constants(const std::string& sql) {
        std::vector<std::string> out;
        for (std::size_t at = sql.find('\''); at != sql.npos; at = sql.find('\'', at + 1)) {
            const auto end = sql.find('\'', at + 1);
            out.push_back(sql.substr(at + 1, end - at - 1));
            at = end;
        }
        return out;
    }

    // SELECT CASE WHEN current_setting('x') = '20ms' THEN set_config('x', '0', false) END, as the SET that it comes to.
    std::string put_back(const std::string& sql) const {
        const auto words = constants(sql);
        const auto& name = words.at(0);
        if (std::to_string(proxy::parse_time_setting(words.at(1)).value().count()) != settings_.at(name).back()) return "KEEP " + name;
        const auto value = proxy::parse_time_setting(words.at(3)).value().count();
        return (sql.find("true") == sql.npos ? "SET " : "SET LOCAL ") + name + " = " + std::to_string(value);
    }

    void set(const std::string& sql) {
        const bool local = sql.starts_with("SET LOCAL ");
        const auto name = sql.substr(local ? 10 : 4, sql.find(" = ") - (local ? 10 : 4));
        auto& values = settings_.at(name);
        if (local)
            values = {values.front(), sql.substr(sql.find(" = ") + 3)};
        else
            values = {sql.substr(sql.find(" = ") + 3)};
    }
    void local_restore(bool) {
        for (auto& [name, values] : settings_) values.resize(1);
        committed_ = settings_;
    }

    static protocol::buffer row(const std::string& value) {
        std::string body("\0\1", 2);
        for (int shift = 24; shift >= 0; shift -= 8) body.push_back(static_cast<char>(value.size() >> shift));
        return message('D', body + value);
    }

    using settings = std::map<std::string, std::vector<std::string>>;  // the session's value, then the transaction's own
    settings settings_{{"lock_timeout", {"0"}}, {"statement_timeout", {"0"}}};
    settings committed_ = settings_;
    std::map<std::string, std::string, std::less<>> statements_, portals_;
    bool skipping_ = false, failed_ = false, waits_ = false;
    char copying_ = 0;  // the message whose COPY reads its data now: Q, E or none
    std::vector<protocol::buffer> behind_;
};

}  // namespace support
