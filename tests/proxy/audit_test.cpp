#include "audit_files.hpp"
#include "proxy/audit_log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace audit_files;
namespace json = boost::json;

// What is about the log itself is left out.
bool of_a_session(const std::string& line) { return line.find("\"session\":") != line.npos; }

std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        if (of_a_session(line)) lines.push_back(line);
    return lines;
}

std::uint64_t session_of(const std::string& line) { return json::parse(line).at("session").to_number<std::uint64_t>(); }

const auto noon = std::chrono::system_clock::time_point(std::chrono::seconds(1'800'000'000) + 1234us);

TEST(audit_json, a_decision) {
    auto r = record(7);
    r.user = "app";
    r.server_pid = 42;
    r.relations = {{"public.t", "ACCESS EXCLUSIVE", 8192}, {"public.u", "SHARE", std::nullopt}};
    r.rules = {"table-dropped"};
    r.plan = {"SELECT 1", "SELECT 2"};
    EXPECT_EQ(proxy::to_json(r, noon),
              R"({"time":"2027-01-15T08:00:00.001234Z","event":"decision","session":7,"user":"app","server_pid":42,)"
              R"("protocol":"simple","transaction":false,"statement":"DROP TABLE t","relations":[)"
              R"({"name":"public.t","lock_mode":"ACCESS EXCLUSIVE","bytes":8192},{"name":"public.u","lock_mode":"SHARE"}],)"
              R"("class":"blocking","rules":["table-dropped"],"action":"allow","mode":"enforce","plan":["SELECT 1","SELECT 2"]})");
}

TEST(audit_json, an_outcome_tells_what_was_executed) {
    auto r = record(1, "ALTER ROLE a PASSWORD 'hunter2'");
    r.event = "outcome";
    const auto executed = [&] { return json::serialize(json::parse(proxy::to_json(r, noon)).at("executed")); };
    EXPECT_EQ(executed(), "[]");
    r.sent = true;
    EXPECT_EQ(executed(), R"(["ALTER ROLE a PASSWORD '***'"])");
    r.sent = false;
    r.steps = {{"SELECT 1", "done", false, 3}, {"ALTER ROLE a PASSWORD 'hunter2'", "done", false, 0}};
    EXPECT_EQ(executed(), R"(["SELECT 1","ALTER ROLE a PASSWORD '***'"])");
    r.hold_ms = 1.5;
    EXPECT_NE(proxy::to_json(r, noon).find("\"hold_ms\":1.500,"), std::string::npos);
}

TEST(audit_json, a_release_tells_what_was_held) {
    auto r = record(3);
    r.event = "released";
    r.user = "app";
    r.outcome = "committed";
    r.relations = {{"public.t", "SHARE", std::nullopt, 12.3456}};
    r.hold_ms = 12.3456;
    EXPECT_EQ(proxy::to_json(r, noon),
              R"({"time":"2027-01-15T08:00:00.001234Z","event":"released","session":3,"user":"app",)"
              R"("relations":[{"name":"public.t","lock_mode":"SHARE","hold_ms":12.346}],"mode":"enforce","outcome":"committed","hold_ms":12.346})");
}

TEST(audit_json, a_termination_tells_of_whom) {
    auto r = record(3);
    r.event = "terminated";
    r.user = "app";
    r.blockers = {{.pid = 7, .user = "web", .application_name = "cron", .state = "idle in transaction", .query = "ALTER ROLE a PASSWORD 'hunter2'",
                   .seconds = 12.3456, .idle_seconds = 10}};
    EXPECT_EQ(proxy::to_json(r, noon),
              R"({"time":"2027-01-15T08:00:00.001234Z","event":"terminated","session":3,"user":"app","blockers":[{"pid":7,"user":"web",)"
              R"("application_name":"cron","state":"idle in transaction","seconds":12.346,"idle_seconds":10.000,"query":"ALTER ROLE a PASSWORD '***'"}]})");
}

TEST(audit_json, an_outcome_tells_what_the_observer_has_seen) {
    auto r = record(3);
    r.event = "outcome";
    EXPECT_EQ(proxy::to_json(r, noon).find("queued"), std::string::npos);
    r.gave_way = 2;
    r.queued = 5;
    r.blockers = {{.pid = 7, .user = "web", .seconds = 1}};
    EXPECT_NE(proxy::to_json(r, noon).find(R"("gave_way":2,"queued":5,"blockers":[{"pid":7,"user":"web","seconds":1.000}])"), std::string::npos);
}

TEST(audit_json, an_outcome_tells_its_times_in_milliseconds_with_three_decimals) {
    auto r = record(1);
    r.event = "outcome";
    r.outcome = "done";
    r.attempts = 2;
    for (const auto& [ms, text] : std::initializer_list<std::pair<double, std::string>>{
             {0, "0.000"}, {1.2264, "1.226"}, {0.0004, "0.000"}, {1e7, "10000000.000"}, {123.4, "123.400"}}) {
        r.duration_ms = r.lock_wait_ms = ms;
        const auto line = proxy::to_json(r, noon);
        EXPECT_NE(line.find("\"duration_ms\":" + text), line.npos) << line;
        EXPECT_NE(line.find("\"lock_wait_ms\":" + text), line.npos) << line;
        EXPECT_NO_THROW(json::parse(line));
    }
}

TEST(audit_json, an_outcome_tells_what_came_of_each_statement_of_a_plan) {
    auto r = record(1);
    r.steps = {{"SELECT 1", "done", false, 3}, {"SELECT 2", "57014", true, 0}};
    EXPECT_EQ(proxy::to_json(r, noon).find("steps"), std::string::npos);  // of a decision nothing has run yet
    r.event = "outcome";
    EXPECT_NE(proxy::to_json(r, noon).find(R"("steps":[{"sql":"SELECT 1","outcome":"done","ms":3},)"
                                           R"({"sql":"SELECT 2","outcome":"57014","ms":0,"undo":true}])"),
              std::string::npos);
}

TEST(audit_json, is_one_line_of_valid_json_whatever_the_statement) {
    std::string every_byte;
    for (int c = 1; c < 256; ++c) every_byte += static_cast<char>(c);
    for (const auto& text : {every_byte, std::string("a\nb\r\n\"c\"\\"), std::string("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x94\x92"), std::string("caf\xe9"),
                             std::string("\xed\xa0\x80 \xf4\x90\x80\x80 \xc0\x80 \xe0\x80\x80"), std::string("cut\xe2\x82"), std::string()}) {
        auto r = record(1, text);
        r.user = text;
        const auto line = proxy::to_json(r, noon);
        EXPECT_EQ(line.find('\n'), line.npos);
        boost::system::error_code problem;
        json::parse(line, problem);
        EXPECT_FALSE(problem) << problem.message() << ": " << line;
    }
    const auto statement = [](std::string text) { return json::parse(proxy::to_json(record(1, std::move(text)), noon)).at("statement"); };
    EXPECT_EQ(statement("\xc3\xa4 \xf0\x9f\x94\x92"), "\xc3\xa4 \xf0\x9f\x94\x92");
    EXPECT_EQ(statement("caf\xe9!"), "caf\xef\xbf\xbd!");
}

TEST(audit_json, holds_no_secrets) {
    auto r = record(1, "ALTER ROLE a PASSWORD 'hunter2'");
    r.plan = {"ALTER ROLE a PASSWORD 'hunter2'"};
    EXPECT_EQ(proxy::to_json(r, noon).find("hunter2"), std::string::npos);
    r = record(1, "ALTER ROLE a WITH SECRET OF ANY ('kind', 'hunter2')");
    r.understood = false;
    EXPECT_EQ(proxy::to_json(r, noon).find("hunter2"), std::string::npos);
}

TEST(audit_log, writes_every_record_as_a_whole_line_from_many_threads) {
    const scratch s;
    constexpr int threads = 4, each = 500;
    {
        proxy::audit_log log(to_file(s.path()));
        std::vector<std::thread> writers;
        for (int t = 0; t < threads; ++t)
            writers.emplace_back([&log, t] {
                for (int i = 0; i < each; ++i)
                    log.write(record(static_cast<std::uint64_t>(t * each + i), std::string(static_cast<std::size_t>(i), 'x')));
            });
        for (auto& w : writers) w.join();
    }  // all is written when the log ends
    std::vector<int> next(threads);
    const auto lines = lines_of(s.path());
    ASSERT_EQ(lines.size(), std::size_t{threads * each});
    for (const auto& line : lines) {
        const auto session = static_cast<int>(session_of(line));
        EXPECT_EQ(session % each, next[static_cast<std::size_t>(session / each)]++) << "the order of a thread";
    }
}

TEST(audit_log, appends_to_a_file_and_keeps_it_from_others) {
    const scratch s;
    for (std::uint64_t i = 0; i < 3; ++i) proxy::audit_log(to_file(s.path())).write(record(i));
    const auto lines = lines_of(s.path());
    ASSERT_EQ(lines.size(), 3u);
    for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(session_of(lines[i]), i);
    struct stat is {};
    ASSERT_EQ(::stat(s.path().c_str(), &is), 0);
    EXPECT_EQ(is.st_mode & 0777, 0600u);
}

TEST(audit_log, makes_a_file_anew_that_was_moved_away) {
    const scratch s;
    proxy::audit_log log(to_file(s.path()));
    log.write(record(1));
    ASSERT_TRUE(comes_true([&] { return lines_of(s.path()).size() == 1; }));
    std::filesystem::rename(s.path(), s.path("audit.1"));
    log.write(record(2));
    ASSERT_TRUE(comes_true([&] { return lines_of(s.path()).size() == 1; }));
    EXPECT_EQ(session_of(lines_of(s.path())[0]), 2u);
    EXPECT_EQ(lines_of(s.path("audit.1")).size(), 1u);
}

TEST(audit_log, says_why_it_cannot_start) {
    const scratch s;
    const auto complaint = [](const std::string& path) {
        try {
            const proxy::audit_log log(to_file(path));
        } catch (const std::system_error& problem) {
            return std::string(problem.what());
        }
        return std::string("none");
    };
    EXPECT_EQ(complaint(s.path("missing/audit.jsonl")), "audit log " + s.path("missing/audit.jsonl") + ": No such file or directory");
    EXPECT_EQ(complaint(s.directory.string()), "audit log " + s.directory.string() + ": Is a directory");
}

TEST(audit_log, without_a_place_writes_nothing) {
    proxy::audit_log log(config::audit{});
    log.write(record(1));
}

// A pipe stands for a disk that takes nothing: the queue fills up to its bound, then those who write wait.
TEST(audit_log, a_full_queue_makes_writers_wait_and_drops_nothing) {
    const scratch s;
    ASSERT_EQ(::mkfifo(s.path().c_str(), 0600), 0);
    const int reader = ::open(s.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    constexpr std::size_t count = 24, size = 1u << 20;
    std::atomic<std::size_t> written = 0;
    std::thread writer([&] {
        proxy::audit_log log(to_file(s.path()));
        for (std::uint64_t i = 0; i < count; ++i) {
            auto r = record(i, std::string(size, 'x'));
            r.event = "outcome";
            log.write(r);
            ++written;
        }
    });
    constexpr auto fits = proxy::audit_log::most_bytes / size - 1;  // a line is a little longer than its statement
    EXPECT_TRUE(comes_true([&] { return written >= fits; }));
    std::string all;
    std::vector<char> piece(1u << 16);
    for (std::size_t lines = 0; lines < count + 2;) {  // `started` and `stopped` too
        EXPECT_LE(written * size, all.size() + proxy::audit_log::most_bytes + piece.size() + size) << "more was accepted than may be held";
        const auto got = ::read(reader, piece.data(), piece.size());
        ASSERT_NE(got, 0) << "the log ended before its last line";
        if (got < 0) continue;
        all.append(piece.data(), static_cast<std::size_t>(got));
        lines += static_cast<std::size_t>(std::count(piece.begin(), piece.begin() + got, '\n'));
    }
    writer.join();
    ::close(reader);
    std::istringstream lines(all);
    std::uint64_t next = 0;
    for (std::string line; std::getline(lines, line);)
        if (of_a_session(line)) {
            EXPECT_EQ(session_of(line), next++);
        }
    EXPECT_EQ(next, count);
}

TEST(audit_log, gives_up_in_the_end_where_nothing_can_be_written) {
    ::testing::internal::CaptureStdout();
    const auto began = std::chrono::steady_clock::now();
    { proxy::audit_log(to_file("/dev/full")).write(record(1)); }
    const auto took = std::chrono::steady_clock::now() - began;
    ::testing::internal::GetCapturedStdout();
    EXPECT_GE(took, 800ms);
    EXPECT_LE(took, 10s);
}

}  // namespace
