#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "audit_files.hpp"
#include "proxy/audit_log.hpp"

// A log that cannot be written. RLIMIT_FSIZE stands for a full disk: the write that crosses it is cut short, the next one fails
// (write(2), EFBIG).
namespace {

using namespace std::chrono_literals;
using namespace audit_files;

constexpr std::size_t room = 1u << 20;
const std::string large(room / 8, 'x');  // a pipe holds 64 KiB, less than one of them
constexpr std::uint64_t count = 24;      // so many are more than there is room for

class small_disk {
public:
    small_disk() {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        ::testing::internal::CaptureStdout();
    }
    ~small_disk() {
        grow();
        ::testing::internal::GetCapturedStdout();
    }
    void fill(rlim_t bytes) const {
        auto little = before_;
        little.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &little);
    }
    void grow() const { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

struct audit_on_a_full_disk : testing::Test {
    scratch s;
    small_disk disk;
    config::audit settings{.file = s.path()};
};

TEST_F(audit_on_a_full_disk, what_cannot_be_written_is_not_to_be_run) {
    proxy::audit_log log(settings);
    EXPECT_EQ(log.write(record(1)), "");
    const auto size = std::filesystem::file_size(s.path());
    disk.fill(size + 100);
    EXPECT_EQ(log.write(record(2)), "File too large");
    EXPECT_EQ(log.write(record(3)), "File too large");
    EXPECT_EQ(std::filesystem::file_size(s.path()), size) << "nothing is left of a line that did not fit";
    EXPECT_TRUE(log.counters().failing);
    EXPECT_EQ(log.counters().refused, 2u);
    disk.grow();
    ASSERT_TRUE(comes_true([&] { return !log.counters().failing; }));
    EXPECT_EQ(log.write(record(4)), "");
    const auto lines = all_lines(s.path());
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(event_of(lines[2]), "gap");
    EXPECT_EQ(member(lines[2], "refused"), 2);
    EXPECT_EQ(member(lines[2], "lost"), 0);
    EXPECT_EQ(member(lines[3], "session"), 4);
    EXPECT_EQ(findings({s.path()}), std::vector<std::string>{});
}

TEST_F(audit_on_a_full_disk, what_is_under_way_is_written_later) {
    proxy::audit_log log(settings);
    EXPECT_EQ(log.write(record(1)), "");
    disk.fill(std::filesystem::file_size(s.path()));
    auto outcome = record(1);
    outcome.event = "outcome";
    EXPECT_EQ(log.write(outcome), "");
    EXPECT_EQ(log.write(record(2)), "File too large");
    disk.grow();
    ASSERT_TRUE(comes_true([&] { return all_lines(s.path()).size() == 4; }));
    EXPECT_EQ(event_of(all_lines(s.path())[3]), "outcome");
    EXPECT_EQ(findings({s.path()}), std::vector<std::string>{});
}

TEST_F(audit_on_a_full_disk, other_modes_and_refusals_do_not_wait_for_it) {
    proxy::audit_log log(settings);
    ASSERT_TRUE(comes_true([&] { return all_lines(s.path()).size() == 1; }));
    disk.fill(std::filesystem::file_size(s.path()));
    for (const auto* mode : {"observe", "guard"}) {
        auto r = record(1);
        r.mode = mode;
        EXPECT_EQ(log.write(r), "");
    }
    auto refused = record(2);
    refused.action = "reject";
    EXPECT_EQ(log.write(refused), "");
    ASSERT_TRUE(comes_true([&] { return log.counters().failing; }));
    disk.grow();
    EXPECT_TRUE(comes_true([&] { return all_lines(s.path()).size() == 5; }));
}

TEST_F(audit_on_a_full_disk, it_goes_on_where_it_is_told_to) {
    settings.on_failure = config::audit_failure::go_on;
    proxy::audit_log log(settings, room);
    ASSERT_TRUE(comes_true([&] { return all_lines(s.path()).size() == 1; }));
    disk.fill(std::filesystem::file_size(s.path()));
    for (std::uint64_t i = 0; i < count; ++i) {
        EXPECT_EQ(log.write(record(i, large)), "");
        if (i == 0) {
            ASSERT_TRUE(comes_true([&] { return log.counters().failing; }));
        }
    }
    const auto lost = log.counters().lost;
    EXPECT_GT(lost, 5u);
    EXPECT_LE(log.counters().queued_bytes, room);
    disk.grow();
    ASSERT_TRUE(comes_true([&] { return log.counters().queued == 0; }));
    const auto lines = all_lines(s.path());
    EXPECT_EQ(lines.size(), 2 + count - lost);
    EXPECT_EQ(event_of(lines[1]), "gap");
    EXPECT_EQ(member(lines[1], "lost"), static_cast<std::int64_t>(lost));
    EXPECT_EQ(findings({s.path()}), std::vector<std::string>{});
}

// A pipe that nobody reads stands for a disk that does not answer at all.
struct audit_that_hangs : testing::Test {
    scratch s;
    int reader = -1;
    std::atomic<bool> ended = false;
    std::thread drain;

    audit_that_hangs() {
        ::testing::internal::CaptureStdout();
        ::mkfifo(s.path().c_str(), 0600);
        reader = ::open(s.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    }
    ~audit_that_hangs() override {
        ended = true;
        if (drain.joinable()) drain.join();
        ::close(reader);
        ::testing::internal::GetCapturedStdout();
    }
    void answer() {
        drain = std::thread([this] {
            std::vector<char> piece(1u << 16);
            while (!ended) (void)!::read(reader, piece.data(), piece.size());
        });
    }
};

TEST_F(audit_that_hangs, does_not_hold_up_who_is_to_be_refused_for_longer_than_its_patience) {
    ASSERT_GE(reader, 0);
    proxy::audit_log log(to_file(s.path()));
    auto big = record(1, large);
    big.event = "outcome";
    log.write(big);
    const auto began = std::chrono::steady_clock::now();
    EXPECT_NE(log.write(record(2)), "");
    EXPECT_GE(std::chrono::steady_clock::now() - began, proxy::audit_log::patience);
    const auto second = std::chrono::steady_clock::now();
    EXPECT_NE(log.write(record(3)), "");
    EXPECT_LT(std::chrono::steady_clock::now() - second, proxy::audit_log::patience);
    answer();
    EXPECT_TRUE(comes_true([&] { return !log.counters().failing; }));
    EXPECT_EQ(log.write(record(4)), "");
}

TEST_F(audit_that_hangs, does_not_hold_up_the_other_modes_either) {
    ASSERT_GE(reader, 0);
    proxy::audit_log log(to_file(s.path()), room);
    auto r = record(1, large);
    r.mode = "guard";
    for (std::uint64_t i = 0; i < count; ++i) EXPECT_EQ(log.write(r), "");
    EXPECT_EQ(log.counters().blocked, 1u);
    EXPECT_GT(log.counters().lost, 5u);
    answer();
    EXPECT_TRUE(comes_true([&] { return !log.counters().failing && log.counters().queued == 0; }));
}

TEST(audit_syslog, every_record_is_a_datagram) {
    const scratch s;
    const auto path = s.path("log");
    const int daemon = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    ASSERT_EQ(::bind(daemon, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    std::string got(1u << 22, '\0');
    const auto next = [&] { return got.substr(0, static_cast<std::size_t>(std::max<ssize_t>(0, ::recv(daemon, got.data(), got.size(), 0)))); };
    std::optional<proxy::audit_log> log;
    log.emplace(config::audit{.file = s.path(), .to_stdout = false, .syslog = path});
    EXPECT_NE(next().find("\"event\":\"started\""), std::string::npos);
    EXPECT_EQ(log->write(record(7)), "");
    const auto one = next();
    EXPECT_TRUE(one.starts_with("<86>")) << one;
    EXPECT_NE(one.find("lockkeeper[" + std::to_string(::getpid()) + "]: {\"time\":"), std::string::npos) << one;
    EXPECT_NE(one.find(all_lines(s.path()).at(1)), std::string::npos) << "the line of the file, with its hash";
    EXPECT_EQ(log->write(record(8, std::string(1u << 21, 'x'))), "");
    EXPECT_NE(next().find("\"session\":8"), std::string::npos) << "too long for a datagram: cut";
    log.reset();
    ::close(daemon);
}

}  // namespace
