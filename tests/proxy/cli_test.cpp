#include "proxy/cli.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "config/load.hpp"
#include "policy/explain.hpp"
#include "policy/rules.hpp"

// What the commands print and how they end; starting `serve` is the integration tests' (test_command_line.py).
namespace {

struct result {
    int status;
    std::string out, err;
};

result run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "lockkeeper");
    std::vector<char*> words;
    for (auto& a : arguments) words.push_back(a.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int status = proxy::run_command(static_cast<int>(words.size()), words.data());
    auto out = ::testing::internal::GetCapturedStdout();
    return {status, std::move(out), ::testing::internal::GetCapturedStderr()};
}

class cli : public ::testing::Test {
protected:
    cli() {
        ::unsetenv("PGHOST");
        ::unsetenv("PGPORT");
        auto name = (std::filesystem::temp_directory_path() / "cli-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory_ = name;
    }
    ~cli() override {
        ::unsetenv("PGHOST");
        ::unsetenv("PGPORT");
        std::filesystem::remove_all(directory_);
    }
    std::string file(const std::string& text) const {
        const auto path = (directory_ / "c.yaml").string();
        std::ofstream(path) << text;
        return path;
    }

private:
    std::filesystem::path directory_;
};

TEST_F(cli, version) {
    const auto r = run({"version"});
    EXPECT_EQ(r.status, 0);
    EXPECT_TRUE(r.out.starts_with("lockkeeper ")) << r.out;
    EXPECT_EQ(r.err, "");
}

TEST_F(cli, every_command_tells_what_it_is_for) {
    const auto all = run({"--help"});
    EXPECT_EQ(all.status, 0);
    for (const auto* command : {"serve", "config", "rules", "explain", "version"}) {
        EXPECT_NE(all.out.find(std::string("\n  ") + command + " "), std::string::npos) << all.out;
        const auto help = run({command, "--help"});
        EXPECT_EQ(help.status, 0) << command;
        EXPECT_NE(help.out.find("Usage: "), std::string::npos) << help.out;
        EXPECT_EQ(help.err, "") << command;
    }
    for (const auto* part : {"check", "print"}) {
        const auto help = run({"config", part, "--help"});
        EXPECT_EQ(help.status, 0) << part;
        EXPECT_NE(help.out.find("--config"), std::string::npos) << help.out;
    }
}

TEST_F(cli, help_of_serve_names_its_flags_and_defaults) {
    const auto help = run({"serve", "--help"}).out;
    for (const auto* word : {"--config", "--listen", "--upstream", "--mode", "127.0.0.1:6432", "PGHOST", "observe, guard or enforce"})
        EXPECT_NE(help.find(word), std::string::npos) << word << " in " << help;
}

TEST_F(cli, wrong_usage_ends_with_2_and_points_at_help) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {}, {"frobnicate"}, {"config"}, {"config", "frobnicate"}, {"explain"}, {"serve", "--frobnicate"}, {"serve", "--mode"}, {"version", "x"}}) {
        const auto r = run(arguments);
        EXPECT_EQ(r.status, 2);
        EXPECT_EQ(r.out, "");
        EXPECT_NE(r.err.find("--help"), std::string::npos) << r.err;
    }
}

TEST_F(cli, rules_lists_every_rule) {
    const auto r = run({"rules"});
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.out, policy::rules_markdown());
    for (const auto* rule : policy::all_rules()) EXPECT_NE(r.out.find(rule->text.id), std::string::npos) << rule->text.id;
}

TEST_F(cli, explain_tells_about_every_rule) {
    for (const auto* rule : policy::all_rules()) {
        const auto r = run({"explain", std::string(rule->text.id)});
        EXPECT_EQ(r.status, 0);
        EXPECT_NE(r.out.find(rule->text.id), std::string::npos) << r.out;
    }
}

TEST_F(cli, explain_of_an_unknown_rule_names_the_nearest) {
    const auto r = run({"explain", "index-without-concurently"});
    EXPECT_EQ(r.status, 2);
    EXPECT_EQ(r.err, "lockkeeper: unknown rule 'index-without-concurently', did you mean 'index-without-concurrently'?\n");
}

TEST_F(cli, config_check_says_nothing_where_all_is_well) {
    const auto r = run({"config", "check", "--config", file("mode: guard\n")});
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.out + r.err, "");
    EXPECT_EQ(run({"config", "check"}).status, 0);
    EXPECT_EQ(run({"config", "check", "--config", SOURCE_DIR "/config/example.yaml"}).status, 0);
}

TEST_F(cli, config_check_names_the_place_of_what_is_wrong) {
    const auto path = file("mode: guard\nrules:\n  index-without-concurently: warn\n");
    const auto r = run({"config", "check", "--config", path});
    EXPECT_EQ(r.status, 2);
    EXPECT_EQ(r.err, path + ":3:3: unknown rule 'index-without-concurently', did you mean 'index-without-concurrently'?\n");
    EXPECT_EQ(run({"config", "check", "--config", path + ".missing"}).status, 2);
}

TEST_F(cli, config_print_is_read_back) {
    const auto path = file("mode: guard\nrules: {table-renamed: reject}\nlisten: '[::1]:7000'\n");
    const auto printed = run({"config", "print", "--config", path});
    EXPECT_EQ(printed.status, 0);
    EXPECT_EQ(printed.out, config::print(config::load_file(path)));
    EXPECT_EQ(run({"config", "print", "--config", file(printed.out)}).out, printed.out);
}

TEST_F(cli, the_environment_names_the_server_where_the_file_does_not) {
    ::setenv("PGHOST", "db.example.com", 1);
    ::setenv("PGPORT", "5433", 1);
    const auto in_force = [&](const std::string& text) {
        return config::load_text(run({"config", "print", "--config", file(text)}).out, "printed").upstream;
    };
    EXPECT_EQ(in_force("").host, "db.example.com");
    EXPECT_EQ(in_force("").port, 5433);
    EXPECT_EQ(in_force("upstream: {port: 1}").host, "db.example.com");
    EXPECT_EQ(in_force("upstream: {port: 1}").port, 1);
    EXPECT_EQ(in_force("upstream: {host: other}").host, "other");
    ::setenv("PGPORT", "many", 1);
    const auto r = run({"config", "print"});
    EXPECT_EQ(r.status, 2);
    EXPECT_EQ(r.err, "PGPORT: expected a number from 1 to 65535, not 'many'\n");
}

TEST_F(cli, wrong_flags_of_serve_are_named) {
    const auto complaint = [](std::vector<std::string> flags) {
        flags.insert(flags.begin(), "serve");
        const auto r = run(std::move(flags));
        EXPECT_EQ(r.status, 2);
        return r.err;
    };
    EXPECT_EQ(complaint({"--mode", "strict"}), "--mode: expected one of observe, guard, enforce, not 'strict'\n");
    EXPECT_EQ(complaint({"--listen", "127.0.0.1:99999"}), "--listen: expected a number from 0 to 65535, not '99999'\n");
    EXPECT_EQ(complaint({"--listen", "::1:5432"}), "--listen: expected host:port, not '::1:5432'\n");
    EXPECT_EQ(complaint({"--upstream", "db:0"}), "--upstream: expected a number from 1 to 65535, not '0'\n");
}

}  // namespace
