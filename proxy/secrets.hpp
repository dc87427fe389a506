#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "config/settings.hpp"
#include "proxy/scram_secret.hpp"

namespace proxy {

// What is wrong with auth.*; names the setting, the file and the line, never what stands there.
struct auth_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using secret_map = std::unordered_map<std::string, scram_secret>;

// The secrets of a file in the format of PgBouncer's auth_file: "user" "secret", a line for each user. A double quote is
// written twice; what stands behind the secret is not read; lines that begin with ; are comments. Throws auth_error.
secret_map parse_secrets(const std::string& text, const std::string& name);

// auth.file, read again when it has changed. Any thread may ask.
class secret_file {
public:
    explicit secret_file(std::string path);  // throws auth_error

    // As the file is now. Where it cannot be used now, as it was before: the log tells so, once for each change.
    std::optional<scram_secret> find(const std::string& user);

private:
    struct stamp {
        std::int64_t seconds = 0, nanoseconds = 0;  // of the last change, by whatever way (st_ctim)
        std::int64_t size = 0;
        std::uint64_t device = 0, number = 0;
        bool operator==(const stamp&) const = default;
    };
    stamp look() const noexcept;
    secret_map read() const;

    const std::string path_;
    std::mutex mutex_;
    stamp seen_;
    secret_map secrets_;
};

class secret_query;

// Who may log in under auth.mode: scram, by auth.file and, for those who do not stand there, auth.query.
class secrets {
public:
    // Nullptr where auth.mode is pass. Throws auth_error where the settings or the file cannot be used.
    static std::unique_ptr<secrets> of(const config::auth& settings);
    ~secrets();  // whoever waits for an answer gets none

    struct found {
        scram_secret secret;   // a mock where nobody can log in as this user
        bool genuine = false;
        std::string problem;   // not empty: it could not be found out, and why
    };
    // `done` is called once, now or later, in any thread. From any thread.
    void find(const std::string& user, std::function<void(found)> done);

private:
    explicit secrets(const config::auth& settings);

    const scram_key seed_;
    std::unique_ptr<secret_file> file_;
    std::unique_ptr<secret_query> query_;
};

}  // namespace proxy
