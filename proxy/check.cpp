#include "proxy/check.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <span>

#include "config/load.hpp"
#include "policy/judge.hpp"
#include "policy/known_relations.hpp"
#include "policy/rules.hpp"
#include "policy/scanner.hpp"
#include "policy/script.hpp"
#include "policy/split.hpp"
#include "proxy/check_catalog.hpp"
#include "proxy/check_report.hpp"
#include "proxy/wall_clock.hpp"

namespace proxy {
namespace {

// Counts lines while it walks a text forward.
class place {
public:
    explicit place(std::string_view text) noexcept : text_(text) {}

    void go(std::size_t offset, checked_statement& out) noexcept {
        for (; at_ < offset; ++at_) {
            if (text_[at_] != '\n') continue;
            ++line_;
            line_begin_ = at_ + 1;
        }
        out.line = line_;
        out.column = offset - line_begin_ + 1;
        out.source = text_.substr(line_begin_, text_.find_first_of("\r\n", line_begin_) - line_begin_);
    }

private:
    std::string_view text_;
    std::size_t at_ = 0, line_ = 1, line_begin_ = 0;
};

// What is known between the messages of one file.
class session_model {
public:
    session_model(policy::session_facts session, const config::settings& settings, catalog_source* catalog)
        : session_(std::move(session)), settings_(settings), catalog_(catalog) {}

    policy::decision judge(const policy::script& text) {
        std::vector<policy::catalog_rows> answers;
        if (catalog_ && !names_changed_) answers = catalog_->ask(text.catalog_queries(session_));
        auto decision = policy::judge(text, session_, answers, settings_);
        for (const auto& s : decision.statements) remember(s.deeds);
        for (const auto& s : text.words().statements) names_changed_ = names_changed_ || policy::changes_names(s);
        return decision;
    }

private:
    // Outside a transaction block each message commits. What the file has created stays its own: nobody uses it yet.
    void remember(std::span<const policy::deed> deeds) {
        for (const auto& d : deeds) {
            if (d.what == policy::deed::kind::committed) keep_created();
            session_.so_far.after({&d, 1});
        }
        session_.in_transaction = policy::in_transaction_after(session_.in_transaction, deeds);
        if (session_.in_transaction || deeds.empty()) return;
        keep_created();
        session_.so_far.clear();
        session_.so_far.after(created_);
    }

    void keep_created() {
        std::vector<policy::deed> kept;
        for (const auto& d : session_.so_far.deeds())
            if (d.what == policy::deed::kind::created || d.what == policy::deed::kind::gone) kept.push_back(d);
        if (!kept.empty()) created_ = std::move(kept);
    }

    policy::session_facts session_;
    const config::settings& settings_;
    catalog_source* catalog_;
    std::vector<policy::deed> created_;  // by what has committed
    bool names_changed_ = false;
};

policy::session_facts session_of(const check_options& options) {
    policy::session_facts session;
    session.in_transaction = options.in_transaction;
    session.now = wall_clock();
    if (options.server_version != 0) session.server_version = options.server_version;
    return session;
}

std::string contents(const std::string& file) {
    if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
    std::ifstream in(file, std::ios::binary);
    if (!in) throw config::error(file + ": cannot be read");
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string report(const std::vector<checked_statement>& checked, const std::string& format) {
    if (format == "json") return json_report(checked);
    if (format == "sarif") return sarif_report(checked);
    if (format == "github") return github_report(checked);
    const char* plain = std::getenv("NO_COLOR");
    return text_report(checked, isatty(STDOUT_FILENO) != 0 && (plain == nullptr || *plain == '\0'));
}

// The place inside the statement to point at: where the parser stopped, else the first word.
std::size_t place_of_trouble(const policy::script& text) {
    const auto& statements = text.words().statements;
    if (statements.empty()) return 0;
    if (const auto* u = std::get_if<policy::unparseable>(&statements.front().what)) return u->position;
    return statements.front().where.offset;
}

}  // namespace

std::vector<checked_statement> check_text(std::string_view sql, const std::string& file, policy::session_facts session,
                                          const config::settings& settings, catalog_source* catalog) {
    std::vector<checked_statement> out;
    session_model model(std::move(session), settings, catalog);
    place where(sql);
    for (const auto piece : policy::split(sql, {})) {
        const auto text = policy::read_script(piece, {});
        checked_statement checked{.file = file};
        checked.decision = model.judge(text);
        if (checked.decision.statements.empty()) continue;
        checked.verdict = checked.decision.statements.front();
        const auto begin = static_cast<std::size_t>(piece.data() - sql.data());
        const auto first = policy::scanner(piece, {}).next().begin;
        checked.sql = piece.substr(first, piece.find_last_not_of(" \t\r\n\f\v") + 1 - first);
        where.go(begin + std::max(first, std::min(place_of_trouble(text), piece.size())), checked);
        out.push_back(std::move(checked));
    }
    return out;
}

int check(const check_options& options, const config::settings& settings) try {
    auto session = session_of(options);
    std::unique_ptr<server_catalog> catalog;
    if (!options.dsn.empty()) {
        catalog = std::make_unique<server_catalog>(options.dsn);
        catalog->describe(session);
        if (options.server_version != 0) session.server_version = options.server_version;
    }
    const auto judged_by = policy::check_settings(settings);
    std::vector<checked_statement> all;
    for (const auto& file : options.files) {
        auto checked = check_text(contents(file), file == "-" ? "stdin" : file, session, judged_by, catalog.get());
        std::move(checked.begin(), checked.end(), std::back_inserter(all));
    }
    std::cout << report(all, options.format);
    const bool found = std::any_of(all.begin(), all.end(), [](const auto& c) { return !c.verdict.findings.empty(); });
    return found ? 1 : 0;
} catch (const catalog_error& problem) {
    std::cerr << "lockkeeper: " << problem.what() << "\n";
    return 3;
}

void explain_sql(std::string_view sql, const config::settings& settings) {
    for (const auto& checked : check_text(sql, "", {}, policy::check_settings(settings), nullptr))
        std::cout << explain_report(checked);
}

}  // namespace proxy
