#pragma once

#include <filesystem>
#include <string>

namespace support {

// A throw-away PostgreSQL: made in a temporary directory, reached by a Unix socket only, removed when it ends.
// A server cannot run as root, so there it runs as user postgres.
class cluster {
public:
    // `settings`: lines for postgresql.conf.
    explicit cluster(const std::string& settings = {});
    ~cluster();
    cluster(const cluster&) = delete;
    cluster& operator=(const cluster&) = delete;

    // Where its socket is, .s.PGSQL.5432; the superuser is postgres, and nobody is asked for a password.
    const std::filesystem::path& directory() const noexcept { return directory_; }

private:
    std::filesystem::path directory_;
};

}  // namespace support
