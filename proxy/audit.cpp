#include "proxy/audit.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <system_error>

#include "proxy/redact.hpp"

namespace proxy {
namespace {

namespace json = boost::json;
using std::chrono::system_clock;

std::string rfc3339(system_clock::time_point when) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
    const auto seconds = static_cast<std::time_t>(micros / 1'000'000);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 40> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 12> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(micros % 1'000'000));
    return std::string(text.data(), length) + fraction.data();
}

void put(json::object& o, std::string_view name, const std::string& value) {
    if (!value.empty()) o[name] = value;
}

json::array relations_of(const audit_record& r) {
    json::array all;
    for (const auto& relation : r.relations) {
        json::object one{{"name", relation.name}, {"lock_mode", relation.lock_mode}};
        if (relation.bytes) one["bytes"] = *relation.bytes;
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace

std::string to_json(const audit_record& r, system_clock::time_point when) {
    json::object o;
    o["time"] = rfc3339(when);
    o["event"] = r.event;
    o["session"] = r.session;
    put(o, "client", r.client);
    put(o, "user", r.user);
    put(o, "database", r.database);
    put(o, "application_name", r.application_name);
    if (r.server_pid != 0) o["server_pid"] = r.server_pid;
    o["protocol"] = r.protocol;
    o["transaction"] = r.transaction;
    o["statement"] = redacted(r.statement);
    put(o, "kind", r.kind);
    if (!r.relations.empty()) o["relations"] = relations_of(r);
    o["class"] = r.timeout_class;
    o["rules"] = json::value_from(r.rules);
    o["action"] = r.action;
    o["mode"] = r.mode;
    if (!r.plan.empty()) {
        json::array steps;
        for (const auto& step : r.plan) steps.push_back(json::string(redacted(step)));
        o["plan"] = std::move(steps);
    }
    if (r.event == "outcome") {
        o["outcome"] = r.outcome;
        if (r.attempts > 0) {
            o["attempts"] = r.attempts;
            o["lock_wait_ms"] = std::round(r.lock_wait_ms * 1000) / 1000;
        }
        o["duration_ms"] = std::round(r.duration_ms * 1000) / 1000;
        put(o, "sqlstate", r.sqlstate);
        put(o, "tag", r.tag);
    }
    return json::serialize(o);
}

audit_log::audit_log(const config::audit& settings) : to_stdout_(settings.to_stdout) {
    if (!settings.file.empty()) {
        file_ = ::open(settings.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (file_ < 0) throw std::system_error(errno, std::generic_category(), "audit log " + settings.file);
    }
    if (file_ >= 0 || to_stdout_) writer_ = std::thread([this] { run(); });
}

audit_log::~audit_log() {
    {
        const std::lock_guard hold(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    if (writer_.joinable()) writer_.join();
    if (file_ >= 0) ::close(file_);
}

void audit_log::write(const audit_record& r) {
    if (!writer_.joinable()) return;
    auto line = to_json(r, system_clock::now()) + "\n";
    std::unique_lock hold(mutex_);
    changed_.wait(hold, [&] { return queued_bytes_ == 0 || queued_bytes_ + line.size() <= most_bytes; });
    queued_bytes_ += line.size();
    queue_.push_back(std::move(line));
    hold.unlock();
    changed_.notify_all();
}

// False: it is to be tried again. What a short write left is continued at once, so that lines stay whole.
bool audit_log::write_line(int descriptor, const std::string& line) {
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto written = ::write(descriptor, rest.data(), rest.size());
        if (written > 0)
            rest.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR && (rest.size() == line.size() || ending_))
            return false;
    }
    return true;
}

void audit_log::run() {
    auto last_complaint = std::chrono::steady_clock::time_point::min();
    int tries_at_the_end = 10;
    for (;;) {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [&] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const auto line = queue_.front();
        hold.unlock();
        if (to_stdout_) (void)write_line(STDOUT_FILENO, line);
        while (file_ >= 0 && !write_line(file_, line)) {
            const int problem = errno;
            const auto now = std::chrono::steady_clock::now();
            if (last_complaint == std::chrono::steady_clock::time_point::min() || now - last_complaint > std::chrono::seconds(10)) {
                spdlog::error("the audit log cannot be written, it is tried again: {}", std::generic_category().message(problem));
                last_complaint = now;
            }
            std::unique_lock waiting(mutex_);
            changed_.wait_for(waiting, std::chrono::milliseconds(100), [&] { return ending_; });
            if (ending_ && --tries_at_the_end == 0) {
                spdlog::error("the audit log ends without its last {} records", queue_.size());
                return;
            }
        }
        hold.lock();
        queued_bytes_ -= line.size();
        queue_.pop_front();
        hold.unlock();
        changed_.notify_all();
    }
}

}  // namespace proxy
