#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "policy/decision.hpp"
#include "policy/facts.hpp"
#include "policy/lexer.hpp"

namespace policy {

// A Query or Parse text, parsed once and judged when it is to run. The steps, in order:
//
//   script s = read_script(sql, how);
//   if (s.harmless()) forward;                           // nothing in it is ours to judge
//   rows[i] = run(s.catalog_queries(session)[i]) ...     // on the client's own connection
//   decision d = judge(s, session, rows, settings);
//
// Immutable and self-contained: it owns a copy of the text, so it may outlive the frame that it came from.
class script {
public:
    struct parsed;  // our words for the statements (policy/statement.hpp), hidden from the callers of this page

    explicit script(std::shared_ptr<const parsed> p) noexcept : parsed_(std::move(p)) {}

    const std::string& text() const noexcept;

    // Every statement is one that is let through without a look (SELECT, INSERT, SET, BEGIN ...).
    bool harmless() const noexcept;

    // Prepared statements that running this text ends: names, or all of them (DEALLOCATE ALL, DISCARD ALL / PLANS does not).
    bool ends_all_prepared() const noexcept;
    std::span<const std::string> ends_prepared() const noexcept;

    // Prepared statements that it runs by name (EXECUTE, also inside EXPLAIN): they are what is to be judged.
    std::span<const std::string> runs_prepared() const noexcept;
    // One statement and no more, in every reading.
    bool single() const noexcept;

    // The same for texts that differ in blanks, comments and constants only; empty where it cannot be told. Parses once more.
    std::string fingerprint() const;

    // The facts that a judgement needs, as one batch; empty where none are. May be asked again later:
    // the queries depend on the text and the session only.
    std::vector<catalog_query> catalog_queries(const session_facts& session) const;
    // One that may do instead, where the text is simple: it does if it returns a row. That ends with lock_timeout and
    // statement_timeout, as SHOW prints them.
    std::optional<catalog_query> short_question(const session_facts& session, const config::settings& settings) const;

    const parsed& words() const noexcept { return *parsed_; }

private:
    std::shared_ptr<const parsed> parsed_;
};

script read_script(std::string_view sql, lexing how);

// How a message of this session is carried out of which nothing is known yet: scopes of relations are left aside.
config::conduct conduct_for(const session_facts& session, const config::settings& settings);

// `answers` holds the rows of each catalog query, in order, or those of the short question. An empty span means that the
// catalog could not be asked (check without --dsn): every relation is then taken to exist, to be large and to be visible.
decision judge(const script& s, const session_facts& session, std::span<const catalog_rows> answers,
               const config::settings& settings);

}  // namespace policy
