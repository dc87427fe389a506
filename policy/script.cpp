#include "policy/script.hpp"

#include <algorithm>

#include "policy/catalog.hpp"
#include "policy/parse.hpp"
#include "policy/plain_addition.hpp"

namespace policy {
namespace {

// A text that can be parsed one way only is two things, even where both begin with the same word.
bool same_shape(const std::vector<statement>& a, const std::vector<statement>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const statement& x, const statement& y) {
        return x.where.offset == y.where.offset && x.where.length == y.where.length && x.kind == y.kind && x.what.index() == y.what.index();
    });
}

// Where the actions of an ALTER TABLE stand was read as if a backslash were a plain character in '...'.
void forget_places(std::vector<statement>& statements) {
    for (auto& s : statements)
        if (auto* a = std::get_if<alter_table>(&s.what))
            for (auto& step : a->steps) step.where = {};
}

void take(script::parsed& p, const std::vector<statement>& statements) {
    const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    for (const auto& s : statements) {
        p.harmless = p.harmless && harmless(s);
        p.ends_all_prepared = p.ends_all_prepared || s.ends_all_prepared;
        add(p.ends_prepared, s.ends_prepared);
        add(p.runs_prepared, s.runs_prepared);
    }
}

// Where the encoding is in doubt: whether the text may be something else under one with wide characters.
bool harmful_elsewhere(std::string_view sql, lexing how) {
    using enum wide_characters;
    how.in_doubt = false;
    for (const auto w : {sjis, two_bytes, johab, gb18030}) {
        how.characters = w;
        const auto text = masked(sql, w);
        if (text == sql || !may_need_judging(sql, how)) continue;
        for (const bool conforming : {true, false}) {
            const auto statements = parse(text, conforming);
            if (!std::all_of(statements.begin(), statements.end(), harmless)) return true;
        }
    }
    return false;
}

}  // namespace

const std::string& script::text() const noexcept { return parsed_->text; }
bool script::harmless() const noexcept { return parsed_->harmless; }
bool script::ends_all_prepared() const noexcept { return parsed_->ends_all_prepared; }
std::span<const std::string> script::ends_prepared() const noexcept { return parsed_->ends_prepared; }
std::span<const std::string> script::runs_prepared() const noexcept { return parsed_->runs_prepared; }
bool script::single() const noexcept { return parsed_->statements.size() < 2 && parsed_->other_reading.size() < 2; }

std::string script::fingerprint() const {
    return parsed_->unreadable ? std::string() : policy::fingerprint(parsed_->text, parsed_->standard_conforming_strings);
}

std::vector<catalog_query> script::catalog_queries(const session_facts& session) const {
    if (parsed_->harmless) return {};
    return policy::catalog_queries(*parsed_, session);
}

std::optional<catalog_query> script::short_question(const session_facts& session, const config::settings& settings) const {
    return plain_addition(*parsed_, session, settings);
}

script read_script(std::string_view sql, lexing how) {
    auto p = std::make_shared<script::parsed>();
    p->text = sql;
    p->standard_conforming_strings = how.standard_conforming_strings;
    const auto readable = masked(sql, how.characters);
    p->statements = parse(readable, how.standard_conforming_strings);
    if ((how.in_doubt || !how.standard_conforming_strings) && sql.find('\\') != std::string_view::npos) {
        p->other_reading = parse(readable, !how.standard_conforming_strings);
        forget_places(p->statements);
        if (same_shape(p->statements, p->other_reading)) p->other_reading.clear();
    }
    take(*p, p->statements);
    take(*p, p->other_reading);
    p->unreadable = (readable != sql && !p->harmless) || (how.in_doubt && harmful_elsewhere(sql, how));
    if (p->unreadable) p->harmless = false;
    return script(std::move(p));
}

}  // namespace policy
