#include "proxy/secrets.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace {

const std::string keys = "W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
const std::string secret = "SCRAM-SHA-256$4096:" + keys, other_secret = "SCRAM-SHA-256$5000:" + keys;

std::string complaint(const std::string& text) {
    try {
        proxy::parse_secrets(text, "users.txt");
        return "none";
    } catch (const proxy::auth_error& problem) {
        return problem.what();
    }
}

TEST(secrets, are_read_in_the_format_of_pgbouncer) {
    const auto all = proxy::parse_secrets("\"joe\" \"" + secret + "\"\n\n; a comment\n  \"a \"\"b\"\" c\"\t\"" + secret + "\" \"more\"\r\n\"last\" \"" +
                                              secret + "\"", "users.txt");
    EXPECT_EQ(all.size(), 3u);
    for (const auto* user : {"joe", "a \"b\" c", "last"}) EXPECT_EQ(all.count(user), 1u) << user;
    EXPECT_EQ(all.at("joe").iterations, 4096u);
    EXPECT_TRUE(proxy::parse_secrets("", "users.txt").empty());
}

TEST(secrets, of_other_kinds_are_refused_with_the_reason_and_not_shown) {
    const auto md5 = complaint("; one\n\"joe\" \"md5d0b6a1a1b8f3f5d9e0f5c5b5c6d7e8f9\"");
    EXPECT_TRUE(md5.starts_with("auth.file: users.txt:2: user \"joe\": its secret is of MD5")) << md5;
    const auto plain = complaint("\"joe\" \"hush\"");
    EXPECT_TRUE(plain.starts_with("auth.file: users.txt:1: user \"joe\": its secret is none of SCRAM")) << plain;
    EXPECT_EQ(plain.find("hush"), plain.npos);
    EXPECT_TRUE(complaint("\"joe\" \"" + secret.substr(0, 60) + "\"").find("is not SCRAM-SHA-256$iterations") != std::string::npos);
    EXPECT_NE(complaint("\"joe\" \"\""), "none");
}

TEST(secrets, lines_that_are_none_are_told_by_their_number) {
    EXPECT_EQ(complaint("joe secret"), "auth.file: users.txt:1: expected a text in double quotes");
    EXPECT_EQ(complaint("\"joe\""), "auth.file: users.txt:1: expected a text in double quotes");
    EXPECT_EQ(complaint("\n\"joe\" \"x"), "auth.file: users.txt:2: the closing double quote is missing");
    EXPECT_EQ(complaint("\"joe\" \"" + secret + "\"\n\"joe\" \"" + secret + "\""), "auth.file: users.txt:2: this user stands here twice");
}

class users_file {
public:
    users_file() : path_(std::filesystem::temp_directory_path() / ("lockkeeper-users-" + std::to_string(::getpid()))) {}
    ~users_file() { std::filesystem::remove(path_); }
    users_file(const users_file&) = delete;
    users_file& operator=(const users_file&) = delete;
    void write(const std::string& text) const { std::ofstream(path_) << text; }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

TEST(secrets, of_a_file_that_changes_are_read_again_unless_it_is_broken) {
    const users_file file;
    file.write("\"joe\" \"" + secret + "\"");
    proxy::secret_file users(file.path());
    EXPECT_EQ(users.find("joe")->iterations, 4096u);
    EXPECT_FALSE(users.find("ann"));
    file.write("\"joe\" \"" + other_secret + "\"\n\"ann\" \"" + secret + "\"");
    EXPECT_EQ(users.find("joe")->iterations, 5000u);
    EXPECT_TRUE(users.find("ann"));
    file.write("\"joe\" \"hush\"");
    EXPECT_EQ(users.find("joe")->iterations, 5000u);
    std::filesystem::remove(file.path());
    EXPECT_TRUE(users.find("ann"));
    file.write("\"ann\" \"" + secret + "\"");
    EXPECT_FALSE(users.find("joe"));
}

TEST(secrets, settings_that_cannot_work_are_refused) {
    const auto refused = [](config::auth a) -> std::string {
        a.mode = config::auth_mode::scram;
        try {
            proxy::secrets::of(a);
            return "none";
        } catch (const proxy::auth_error& problem) {
            return problem.what();
        }
    };
    EXPECT_EQ(proxy::secrets::of({}), nullptr);
    EXPECT_TRUE(refused({}).starts_with("auth.mode: scram needs auth.file or auth.query"));
    EXPECT_TRUE(refused({.query = "SELECT 1"}).starts_with("auth.query needs auth.dsn"));
    EXPECT_TRUE(refused({.file = "/nonexistent"}).starts_with("auth.file: /nonexistent: cannot be read"));
    EXPECT_TRUE(refused({.file = "/"}).starts_with("auth.file: /: cannot be read"));
}

TEST(secrets, of_nobody_are_mocks) {
    const users_file file;
    file.write("\"joe\" \"" + secret + "\"");
    const auto users = proxy::secrets::of({.mode = config::auth_mode::scram, .file = file.path()});
    std::vector<proxy::secrets::found> all;
    for (const auto* user : {"joe", "ann", "ann"})
        users->find(user, [&](proxy::secrets::found f) { all.push_back(std::move(f)); });
    ASSERT_EQ(all.size(), 3u);
    EXPECT_TRUE(all[0].genuine);
    EXPECT_FALSE(all[1].genuine);
    EXPECT_EQ(all[1].secret.salt, all[2].secret.salt);
}

}  // namespace
