#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/check.hpp"

namespace proxy {

// What `check` prints, statement by statement: nothing is kept, so that a long file takes no more memory than a short one.
class check_report {
public:
    virtual ~check_report() = default;
    virtual void add(const checked_statement& statement) = 0;
    virtual void end() = 0;
};

// text, json, sarif (SARIF 2.1.0) or github (workflow commands of GitHub Actions). The stream must outlive it.
std::unique_ptr<check_report> make_report(std::string_view format, std::ostream& out, bool colours);
std::unique_ptr<check_report> make_text_report(std::ostream& out, bool colours);
std::unique_ptr<check_report> make_json_report(std::ostream& out);
std::unique_ptr<check_report> make_sarif_report(std::ostream& out);
std::unique_ptr<check_report> make_github_report(std::ostream& out);

// What one statement does and what is said to it; no findings: says so.
std::string explain_report(const checked_statement& statement);

// The list of rules, for `lockkeeper rules`.
std::string rules_text();
std::string rules_json();

}  // namespace proxy
