#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "policy/decision.hpp"
#include "policy/facts.hpp"

// `lockkeeper check`: what the proxy would say to the statements of a file, each sent as a message of its own.
namespace proxy {

struct check_options {
    std::vector<std::string> files;  // "-" is standard input
    std::string format = "text";     // text, json, sarif, github
    std::string django;              // a project whose migrations are the files; empty: none
    std::string python = "python3";  // that runs its manage.py
    std::string dsn;                 // empty: judged by the text alone
    int server_version = 0;          // 0: the server's where there is a dsn, else the default
    bool in_transaction = false;
};

// One statement of a file and the verdict on it.
struct checked_statement {
    std::string file;
    std::size_t line = 1, column = 1;        // where the statement begins, or where it cannot be understood; bytes
    std::size_t units = 1;                   // the column in UTF-16 code units, as editors count
    std::string source;                      // the line of the file; of a long one, what is around the place
    std::size_t source_column = 1;           // the place in it
    std::string sql;                         // from its first word on
    policy::decision decision;
    policy::statement_decision verdict;      // the only one of the decision
};

// Answers the catalog queries of a text; without an answer the text is judged by itself.
class catalog_source {
public:
    virtual ~catalog_source() = default;
    virtual std::vector<policy::catalog_rows> ask(const std::vector<policy::catalog_query>& queries) = 0;
};

// The statements of one text in their order, each as soon as it is judged. What one creates, locks and changes is known to
// the next ones.
using checked_sink = std::function<void(const checked_statement&)>;
void check_text(std::string_view sql, const std::string& file, policy::session_facts session, const config::settings& settings,
                catalog_source* catalog, const checked_sink& each);

// The whole command. Exit status: 0 fine, 1 findings, 2 usage, 3 could not connect.
int check(const check_options& options, const config::settings& settings);

// `lockkeeper explain SQL`
void explain_sql(std::string_view sql, const config::settings& settings);

}  // namespace proxy
