#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <vector>

#include "config/keys.hpp"
#include "config/load.hpp"

namespace {

// A value for every key that differs from its default, so that a key which is read or printed wrongly is found.
const std::map<std::string, std::string, std::less<>> others{
    {"listen", "'[::1]:7000'"},
    {"reuse_port", "true"},
    {"unix_socket_directory", "'/run/it''s: #odd'"},
    {"tcp_user_timeout", "20s"},
    {"tls.client", "verify-full"},
    {"tls.certificate", "'/etc/c.pem'"},
    {"tls.key", "'/etc/k.pem'"},
    {"tls.ca", "'/etc/a.pem'"},
    {"tls.min_version", "TLSv1.3"},
    {"tls.without_channel_binding", "true"},
    {"auth.mode", "scram"},
    {"auth.file", "'/etc/users.txt'"},
    {"auth.query", "'SELECT a, b FROM f($1)'"},
    {"auth.dsn", "'host=db'"},
    {"upstream.host", "'db1,db2:5433'"},
    {"upstream.target_session_attrs", "read-write"},
    {"upstream.tls", "prefer"},
    {"upstream.tls_ca", "'system'"},
    {"upstream.tls_certificate", "'/etc/c.pem'"},
    {"upstream.tls_key", "'/etc/k.pem'"},
    {"upstream.port", "5433"},
    {"upstream.connect_timeout", "1234ms"},
    {"workers", "3"},
    {"io_uring", "false"},
    {"mode", "observe"},
    {"small_table", "1025"},
    {"unparseable", "reject"},
    {"transactions", "split"},
    {"ledger", "none"},
    {"timeouts.lock", "1h"},
    {"timeouts.statement", "0"},
    {"timeouts.online_lock", "7s"},
    {"timeouts.online_statement", "90s"},
    {"timeouts.catalog", "3s"},
    {"locks.budget", "61s"},
    {"locks.max_hold", "7s"},
    {"locks.old_after", "3s"},
    {"locks.serialize", "true"},
    {"locks.max_queue", "20"},
    {"locks.terminate_blockers", "5s"},
    {"locks.terminate_blockers_user", "'web_*'"},
    {"locks.terminate_blockers_application", "'report, cron *'"},
    {"limits.clients", "12"},
    {"limits.clients_per_user", "5"},
    {"limits.clients_per_database", "6"},
    {"limits.statement", "64KiB"},
    {"limits.held", "1GiB"},
    {"limits.startup", "2min"},
    {"overrides.users", "'dba, admin_*'"},
    {"audit.file", "'/var/log/a b''c.jsonl'"},
    {"audit.stdout", "true"},
    {"audit.syslog", "'/dev/log'"},
    {"audit.rotate_size", "100MiB"},
    {"audit.rotate_every", "24h"},
    {"audit.keep", "14"},
    {"audit.on_failure", "continue"},
    {"admin.listen", "'0.0.0.0:7432'"},
    {"admin.token", "'/etc/lockkeeper/token'"},
    {"admin.tls_certificate", "'/etc/c.pem'"},
    {"admin.tls_key", "'/etc/k.pem'"},
    {"drain.delay", "5s"},
    {"drain.grace", "1min"},
    {"observer.dsn", "'host=db user=lockkeeper'"},
    {"observer.interval", "50ms"},
    {"log.level", "trace"},
};

TEST(print, every_key_is_read_back) {
    for (const auto& k : config::keys()) {
        const auto other = others.find(k.path);
        ASSERT_NE(other, others.end()) << "no other value for " << k.path << " in this test";
        const auto s = config::load_text(std::string(k.path) + ": " + other->second, "c.yaml");
        EXPECT_EQ(k.write(s), other->second) << k.path;
        EXPECT_NE(k.write({}), other->second) << k.path << ": that is its default";
        const auto printed = config::print(s);
        EXPECT_NE(printed, config::print({})) << k.path;
        EXPECT_EQ(config::print(config::load_text(printed, "printed")), printed) << k.path;
    }
}

TEST(print, a_key_changes_its_own_setting_only) {
    for (const auto& k : config::keys()) {
        const auto s = config::load_text(std::string(k.path) + ": " + others.find(k.path)->second, "c.yaml");
        for (const auto& also : config::keys()) {
            if (also.path == k.path) continue;
            EXPECT_EQ(also.write(s), also.write({})) << k.path << " changes " << also.path;
        }
    }
}

TEST(print, a_reload_changes_a_key_or_names_it) {
    for (const auto& k : config::keys()) {
        auto read = config::load_text(std::string(k.path) + ": " + others.find(k.path)->second, "c.yaml");
        const auto kept = config::keep_until_restart(read, {});
        if (k.keep == nullptr) {
            EXPECT_TRUE(kept.empty()) << k.path;
            EXPECT_EQ(k.write(read), others.find(k.path)->second);
        } else {
            EXPECT_EQ(kept, std::vector{k.path});
            EXPECT_EQ(config::print(read), config::print({})) << k.path;
        }
    }
}

TEST(print, rules_are_read_back) {
    config::settings s;
    s.rules = {{"a-rule", config::action::allow}, {"b-rule", config::action::rewrite}, {"c-rule", config::action::reject}};
    s.rule_transactions = {{"b-rule", config::transactions::split}, {"d-rule", config::transactions::reject}};
    const auto read = config::load_text(config::print(s), "printed");
    EXPECT_EQ(read.rules, s.rules);
    EXPECT_EQ(read.rule_transactions, s.rule_transactions);
}

TEST(print, lines_are_not_long) {
    std::istringstream lines(config::print({}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

}  // namespace
