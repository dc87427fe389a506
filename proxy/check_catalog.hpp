#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "proxy/check.hpp"

struct pg_conn;

namespace proxy {

// libpq's words for a connection that cannot be made, or is lost.
struct catalog_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The catalog of a live server, by way of libpq. It reads in a transaction of its own that is READ ONLY.
class server_catalog : public catalog_source {
public:
    // Throws catalog_error where there is no connection; so does ask().
    explicit server_catalog(const std::string& dsn);
    ~server_catalog() override;

    std::vector<policy::catalog_rows> ask(const std::vector<policy::catalog_query>& queries) override;

    // What the server says about itself and the session.
    void describe(policy::session_facts& session) const;

private:
    policy::catalog_rows run(const policy::catalog_query& query);

    struct close {
        void operator()(pg_conn* connection) const noexcept;
    };
    std::unique_ptr<pg_conn, close> connection_;
};

}  // namespace proxy
