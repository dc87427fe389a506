#include "proxy/check.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "config/load.hpp"
#include "policy/judge.hpp"
#include "policy/known_relations.hpp"
#include "policy/rules.hpp"
#include "policy/scanner.hpp"
#include "policy/script.hpp"
#include "policy/split.hpp"
#include "proxy/check_catalog.hpp"
#include "proxy/check_django.hpp"
#include "proxy/check_report.hpp"
#include "proxy/wall_clock.hpp"

namespace proxy {
namespace {

// Counts lines while it walks a text forward.
class place {
public:
    explicit place(std::string_view text) noexcept : text_(text) {}

    void go(std::size_t offset, checked_statement& out) {
        for (; at_ < offset; ++at_) {
            units_ += utf16_units(text_[at_]);
            if (text_[at_] != '\n') continue;
            ++line_;
            line_begin_ = at_ + 1;
            units_ = 1;
        }
        out.line = line_;
        out.column = offset - line_begin_ + 1;
        out.units = units_;
        excerpt(offset, out);
    }

private:
    // Bytes to each side of the place. A file may be one line, and have a finding in each of its statements.
    static constexpr std::size_t shown = 200;

    static bool goes_on(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }  // with a character
    static std::size_t utf16_units(char byte) noexcept {
        return goes_on(byte) ? 0 : static_cast<unsigned char>(byte) >= 0xf0 ? 2 : 1;
    }

    void excerpt(std::size_t offset, checked_statement& out) const {
        auto begin = offset - line_begin_ > shown ? offset - shown : line_begin_;
        while (begin < offset && goes_on(text_[begin])) ++begin;
        const auto rest = text_.substr(offset, shown);
        auto end = offset + std::min(rest.find_first_of("\r\n"), rest.size());
        while (end > offset && end < text_.size() && goes_on(text_[end])) --end;
        out.source = text_.substr(begin, end - begin);
        out.source_column = offset - begin + 1;
    }

    std::string_view text_;
    std::size_t at_ = 0, line_ = 1, line_begin_ = 0, units_ = 1;
};

// What is known between the messages of one file.
class session_model {
public:
    session_model(policy::session_facts session, const config::settings& settings, catalog_source* catalog)
        : session_(std::move(session)), settings_(settings), catalog_(catalog) {
        session_.own = &own_;
    }
    session_model(const session_model&) = delete;

    policy::decision judge(const policy::script& text) {
        std::vector<policy::catalog_rows> answers;
        if (catalog_ && !names_changed_) answers = catalog_->ask(text.catalog_queries(session_));
        auto decision = policy::judge(text, session_, answers, settings_);
        for (const auto& s : decision.statements) remember(s.deeds);
        for (const auto& s : text.words().statements) note_names(s);
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
    }

    void note_names(const policy::statement& s) {
        names_changed_ = names_changed_ || policy::changes_names(s);
        if (!policy::changes_schemas(s)) return;
        session_.so_far.forget_plain_names();
        std::erase_if(own_, policy::is_plain);
    }

    void keep_created() {
        const auto& done = session_.so_far;
        for (const auto& d : done.deeds()) {
            if (d.what != policy::deed::kind::created && d.what != policy::deed::kind::gone) continue;
            const auto* last = done.last_made(d.relation, d.name, 0);
            if (!last) continue;  // search_path has changed since
            if (last->what == policy::deed::kind::created) own_.insert(policy::relation_key(d.relation, d.name));
            else own_.erase(policy::relation_key(d.relation, d.name));
        }
    }

    policy::session_facts session_;
    const config::settings& settings_;
    catalog_source* catalog_;
    policy::relation_set own_;  // made by what has committed
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

// Before anything is printed. None is opened: what comes from a pipe can be read once only.
void must_be_readable(const std::vector<std::string>& files) {
    for (const auto& file : files)
        if (file != "-" && (access(file.c_str(), R_OK) != 0 || std::filesystem::is_directory(file)))
            throw config::error(file + ": cannot be read");
}

bool colours() {
    const char* plain = std::getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (plain == nullptr || *plain == '\0');
}

// The place inside the statement to point at: where the parser stopped, else the first word.
std::size_t place_of_trouble(const policy::script& text) {
    const auto& statements = text.words().statements;
    if (statements.empty()) return 0;
    if (const auto* u = std::get_if<policy::unparseable>(&statements.front().what)) return u->position;
    return statements.front().where.offset;
}

void check_in(session_model& model, std::string_view sql, const std::string& file, const checked_sink& each) {
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
        each(checked);
    }
}

// A project's migrations are one session: what an earlier one makes is not in use in a later one.
void check_migrations(const check_options& options, session_model& model, const checked_sink& each) {
    for (const auto& m : unapplied_migrations(options.django, options.python)) check_in(model, m.sql, m.name, each);
}

}  // namespace

void check_text(std::string_view sql, const std::string& file, policy::session_facts session, const config::settings& settings,
                catalog_source* catalog, const checked_sink& each) {
    session_model model(std::move(session), settings, catalog);
    check_in(model, sql, file, each);
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
    must_be_readable(options.files);
    const auto report = make_report(options.format, std::cout, colours());
    bool found = false;
    const checked_sink each = [&](const checked_statement& c) {
        found = found || !c.verdict.findings.empty();
        report->add(c);
    };
    if (!options.django.empty()) {
        session_model model(std::move(session), judged_by, catalog.get());
        check_migrations(options, model, each);
    } else {
        for (const auto& file : options.files)
            check_text(contents(file), file == "-" ? "stdin" : file, session, judged_by, catalog.get(), each);
    }
    report->end();
    return found ? 1 : 0;
} catch (const server_error& problem) {
    std::cerr << "lockkeeper: " << problem.what() << "\n";
    return 3;
}

void explain_sql(std::string_view sql, const config::settings& settings) {
    check_text(sql, "", {}, policy::check_settings(settings), nullptr,
               [](const checked_statement& c) { std::cout << explain_report(c); });
}

}  // namespace proxy
