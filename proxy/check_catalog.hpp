#pragma once

#include "proxy/check.hpp"
#include "proxy/server_connection.hpp"

namespace proxy {

// The catalog of a live server. It reads in a transaction of its own that is READ ONLY.
class server_catalog : public catalog_source {
public:
    // Throws connection_error where there is no connection; so does ask().
    explicit server_catalog(const std::string& dsn);

    std::vector<policy::catalog_rows> ask(const std::vector<policy::catalog_query>& queries) override;

    // What the server says about itself and the session.
    void describe(policy::session_facts& session) const;

private:
    server_connection connection_;
};

}  // namespace proxy
