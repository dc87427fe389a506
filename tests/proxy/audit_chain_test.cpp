#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "audit_files.hpp"
#include "proxy/audit_chain.hpp"

// The hash chain over lines and files, and what shows when somebody has been at them.
namespace {

using namespace audit_files;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(audit_chain, a_line_says_what_it_follows) {
    EXPECT_EQ(proxy::sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, B.1
    proxy::audit_link last;
    const auto first = proxy::chained(R"({"a":1})", last);
    EXPECT_EQ(first, R"({"a":1,"seq":1,"prev":")" + std::string(64, '0') + R"(","hash":")" + last.hash + "\"}\n");
    EXPECT_EQ(last.hash, proxy::sha256(first.substr(0, first.find(",\"hash\":"))));
    const auto before = last;
    const auto second = proxy::chained(R"({"b":",\"seq\":9,\"prev\":\""})", last);
    const auto read = proxy::read_link(std::string_view(second).substr(0, second.size() - 1));
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->intact);
    EXPECT_EQ(read->link, last);
    EXPECT_EQ(read->prev, before.hash);
    EXPECT_EQ(read->link.seq, 2u);
}

TEST(audit_chain, no_byte_of_a_line_can_be_another_one) {
    proxy::audit_link last;
    auto line = proxy::chained(R"({"statement":"DROP TABLE t"})", last);
    line.pop_back();
    for (std::size_t i = 0; i < line.size(); ++i) {
        auto other = line;
        other[i] = static_cast<char>(other[i] ^ 1);
        const auto read = proxy::read_link(other);
        EXPECT_FALSE(read && read->intact) << other;
    }
}

// Ten records of sessions in one file; its first is `started`, its last `stopped`.
struct audit_verify : testing::Test {
    scratch s;
    std::vector<std::string> lines;
    audit_verify() {
        {
            proxy::audit_log log(to_file(s.path()));
            for (std::uint64_t i = 0; i < 10; ++i) log.write(record(i));
        }
        lines = all_lines(s.path());
    }
    std::vector<std::string> found() {
        write_lines(s.path(), lines);
        return findings({s.path()});
    }
};

TEST_F(audit_verify, a_log_that_nobody_has_touched_is_fine) {
    ASSERT_EQ(lines.size(), 12u);
    EXPECT_THAT(found(), IsEmpty());
    const auto v = verdict_on({s.path()});
    EXPECT_EQ(v.records, 12u);
    EXPECT_EQ(v.last.seq, 12u);
    EXPECT_THAT(texts(v.notes), IsEmpty());
}

TEST_F(audit_verify, finds_each_byte_that_was_changed_and_names_the_line) {
    const auto whole = lines[4];
    for (std::size_t i = 0; i < whole.size(); i += 7) {
        lines[4] = whole;
        lines[4][i] = lines[4][i] == '7' ? '8' : '7';
        ASSERT_THAT(found(), testing::SizeIs(1)) << lines[4];
        EXPECT_THAT(found().front(), StartsWith("audit.jsonl:5: ")) << lines[4];
    }
}

TEST_F(audit_verify, finds_a_record_that_was_removed) {
    lines.erase(lines.begin() + 4);
    EXPECT_THAT(found(), ElementsAre("audit.jsonl:5: record 5 is missing before record 6"));
}

TEST_F(audit_verify, finds_several_that_were_removed) {
    lines.erase(lines.begin() + 4, lines.begin() + 7);
    EXPECT_THAT(found(), ElementsAre("audit.jsonl:5: records 5 to 7 are missing before record 8"));
}

TEST_F(audit_verify, finds_two_that_were_swapped) {
    std::swap(lines[4], lines[5]);
    EXPECT_THAT(found().front(), StartsWith("audit.jsonl:5: "));
}

TEST_F(audit_verify, finds_a_line_that_was_put_in) {
    lines.insert(lines.begin() + 4, R"({"time":"2026-11-22T07:00:00Z","event":"decision"})");
    EXPECT_THAT(found(), ElementsAre("audit.jsonl:5: this is no record of the audit log: it was changed, or put there by somebody else"));
}

TEST_F(audit_verify, finds_a_record_that_was_written_anew_with_a_hash_that_fits) {
    proxy::audit_link last{4, proxy::read_link(lines[3])->link.hash};
    lines[4] = proxy::chained(R"({"event":"decision"})", last);
    lines[4].pop_back();
    EXPECT_THAT(found(), ElementsAre("audit.jsonl:6: record 6 does not follow the record before it: one of them was put in place of another"));
}

TEST_F(audit_verify, finds_a_file_that_was_cut_within_a_line) {
    const auto text = lines.back();
    lines.pop_back();
    write_lines(s.path(), lines);
    std::ofstream(s.path(), std::ios::app) << text.substr(0, text.size() / 2);
    EXPECT_THAT(findings({s.path()}), ElementsAre(StartsWith("audit.jsonl:12: the record is cut off: ")));
}

TEST_F(audit_verify, finds_a_file_that_was_cut_between_two_lines_only_with_a_hash_kept_elsewhere) {
    const auto kept = verdict_on({s.path()}).last.hash;
    EXPECT_THAT(findings({s.path()}, kept), IsEmpty());
    lines.resize(8);
    EXPECT_THAT(found(), IsEmpty());
    EXPECT_THAT(texts(verdict_on({s.path()}).notes), ElementsAre(HasSubstr("begins a run")));
    EXPECT_THAT(findings({s.path()}, kept), ElementsAre(HasSubstr("--expect is not here")));
}

TEST_F(audit_verify, an_anchor_holds_when_the_log_has_grown) {
    const auto kept = verdict_on({s.path()}).last.hash;
    proxy::audit_log(to_file(s.path())).write(record(11));
    EXPECT_THAT(findings({s.path()}, kept), IsEmpty());
}

TEST_F(audit_verify, finds_that_the_beginning_is_missing) {
    const auto before = proxy::read_link(lines[2])->link.hash;
    lines.erase(lines.begin(), lines.begin() + 3);
    EXPECT_THAT(found(), ElementsAre(HasSubstr("record 4 is the first: what came before it is missing")));
    EXPECT_THAT(findings({s.path()}, {}, before), IsEmpty());
    EXPECT_THAT(findings({s.path()}, {}, std::string(64, 'a')), ElementsAre(HasSubstr("does not follow the one that --after names")));
}

TEST_F(audit_verify, goes_on_where_the_run_before_has_stopped) {
    for (std::uint64_t i = 20; i < 23; ++i) proxy::audit_log(to_file(s.path())).write(record(i));
    EXPECT_THAT(findings({s.path()}), IsEmpty());
    EXPECT_EQ(verdict_on({s.path()}).records, 12u + 9u);
}

TEST_F(audit_verify, a_record_that_a_crash_has_cut_is_named_and_no_finding) {
    std::ofstream(s.path(), std::ios::app) << R"({"time":"2026-11)";
    proxy::audit_log(to_file(s.path())).write(record(20));
    const auto v = verdict_on({s.path()});
    EXPECT_THAT(texts(v.findings), IsEmpty());
    EXPECT_THAT(texts(v.notes), ElementsAre("audit.jsonl:13: the beginning of a record, cut off by a crash or a kill; record 13 says so"));
    EXPECT_EQ(event_of(all_lines(s.path()).at(13)), "mended");
    lines = all_lines(s.path());
    lines[12] += "x";
    EXPECT_THAT(found(), ElementsAre(StartsWith("audit.jsonl:13: this is no record")));
}

TEST_F(audit_verify, several_processes_may_write_to_one_file) {
    proxy::audit_log one(to_file(s.path())), two(to_file(s.path()));
    std::thread beside([&] {
        for (std::uint64_t i = 0; i < 200; ++i) one.write(record(i));
    });
    for (std::uint64_t i = 0; i < 200; ++i) two.write(record(i));
    beside.join();
    const auto v = verdict_on({s.path()});
    EXPECT_THAT(texts(v.findings), IsEmpty());
    EXPECT_EQ(v.records, 12u + 402u);
}

struct audit_rotation : testing::Test {
    scratch s;
    config::audit settings{.file = s.path(), .to_stdout = false, .syslog = {}, .rotate_size = 2048};

    void write(std::uint64_t count) {
        proxy::audit_log log(settings);
        for (std::uint64_t i = 0; i < count; ++i) log.write(record(i));
    }
};

TEST_F(audit_rotation, no_file_is_longer_than_it_may_be_and_the_chain_goes_on) {
    write(20);
    write(20);
    const auto files = files_of(s);
    EXPECT_GT(files.size(), 5u);
    for (const auto& file : files) EXPECT_LE(std::filesystem::file_size(file), 2048u);
    EXPECT_THAT(findings(files), IsEmpty());
    EXPECT_EQ(event_of(all_lines(files.back()).front()), "rotated");
}

TEST_F(audit_rotation, finds_a_file_that_is_missing) {
    write(30);
    auto files = files_of(s);
    ASSERT_GT(files.size(), 4u);
    files.erase(files.begin() + 2);
    EXPECT_THAT(findings(files), ElementsAre(AllOf(HasSubstr(":1: records "), HasSubstr("a file between this one and the one before it is not here"))));
}

TEST_F(audit_rotation, finds_that_the_oldest_file_is_missing) {
    write(30);
    auto files = files_of(s);
    files.erase(files.begin());
    EXPECT_THAT(findings(files), ElementsAre(HasSubstr("what came before it is missing")));
}

TEST_F(audit_rotation, what_it_has_deleted_itself_is_not_missing) {
    settings.keep = 3;
    write(40);
    std::ofstream(s.path("audit.jsonl.mine")) << "not Lockkeeper's to delete";
    write(10);
    std::filesystem::remove(s.path("audit.jsonl.mine"));
    const auto files = files_of(s);
    EXPECT_EQ(files.size(), 4u);
    const auto v = verdict_on(files);
    EXPECT_THAT(texts(v.findings), IsEmpty());
    EXPECT_THAT(texts(v.notes), testing::Contains(HasSubstr("deleted by rotation")));
}

TEST_F(audit_rotation, a_span_of_time_has_a_file_of_its_own) {
    settings.rotate_size = 0;
    settings.rotate_every = std::chrono::milliseconds(1);
    {
        proxy::audit_log log(settings);
        for (std::uint64_t i = 0; i < 5; ++i) {
            log.write(record(i));
            std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the next span
        }
    }
    const auto files = files_of(s);
    EXPECT_GE(files.size(), 5u);
    EXPECT_THAT(findings(files), IsEmpty());
}

TEST_F(audit_rotation, a_file_that_others_have_moved_away_goes_on_in_the_next) {
    settings.rotate_size = 0;
    {
        proxy::audit_log log(settings);
        log.write(record(1));
        std::filesystem::rename(s.path(), s.path("audit.jsonl.1"));
        log.reopen();
        EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(s.path()); })) << "also where there is nothing to write";
        log.write(record(2));
    }
    std::filesystem::rename(s.path(), s.path("audit.jsonl.2"));
    write(1);  // the next run begins with a file that is not there
    EXPECT_THAT(findings({s.path("audit.jsonl.1"), s.path("audit.jsonl.2"), s.path()}), IsEmpty());
}

// It was overtaken: two files were moved away, of which it had read the end of the first only, and the third is still empty.
TEST_F(audit_rotation, who_comes_late_to_an_empty_file_continues_from_the_last_that_was_moved_away) {
    settings.rotate_size = 0;
    {
        proxy::audit_log late(settings);
        late.write(record(1));
        ASSERT_TRUE(comes_true([&] { return all_lines(s.path()).size() == 2; }));
        for (const char* moved_to : {"audit.jsonl.1", "audit.jsonl.2"}) {
            write(2);
            std::filesystem::rename(s.path(), s.path(moved_to));
        }
        std::ofstream(s.path()).flush();
        late.write(record(1));
    }
    EXPECT_THAT(findings({s.path("audit.jsonl.1"), s.path("audit.jsonl.2"), s.path()}), IsEmpty());
}

TEST_F(audit_rotation, two_processes_rotate_one_file) {
    {
        proxy::audit_log one(settings), two(settings);
        std::thread beside([&] {
            for (std::uint64_t i = 0; i < 100; ++i) one.write(record(i));
        });
        for (std::uint64_t i = 0; i < 100; ++i) two.write(record(i));
        beside.join();
    }
    const auto files = files_of(s);
    EXPECT_THAT(findings(files), IsEmpty());
    EXPECT_GE(verdict_on(files).records, 204u);
}

}  // namespace
