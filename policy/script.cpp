#include "policy/script.hpp"

#include <algorithm>

#include "policy/catalog.hpp"
#include "policy/parse.hpp"

namespace policy {
namespace {

bool same_shape(const std::vector<statement>& a, const std::vector<statement>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const statement& x, const statement& y) {
        return x.where.offset == y.where.offset && x.where.length == y.where.length && x.kind == y.kind;
    });
}

void take(script::parsed& p, const std::vector<statement>& statements) {
    for (const auto& s : statements) {
        p.harmless = p.harmless && harmless(s);
        p.ends_all_prepared = p.ends_all_prepared || s.ends_all_prepared;
        p.ends_prepared.insert(p.ends_prepared.end(), s.ends_prepared.begin(), s.ends_prepared.end());
    }
}

}  // namespace

const std::string& script::text() const noexcept { return parsed_->text; }
bool script::harmless() const noexcept { return parsed_->harmless; }
bool script::ends_all_prepared() const noexcept { return parsed_->ends_all_prepared; }
std::span<const std::string> script::ends_prepared() const noexcept { return parsed_->ends_prepared; }

std::vector<catalog_query> script::catalog_queries(const session_facts& session) const {
    return policy::catalog_queries(*parsed_, session);
}

script read_script(std::string_view sql, lexing how) {
    auto p = std::make_shared<script::parsed>();
    p->text = sql;
    p->statements = parse(sql, how.standard_conforming_strings);
    if (!how.standard_conforming_strings && sql.find('\\') != std::string_view::npos) {
        p->other_reading = parse(sql, true);
        if (same_shape(p->statements, p->other_reading)) p->other_reading.clear();
    }
    take(*p, p->statements);
    take(*p, p->other_reading);
    return script(std::move(p));
}

}  // namespace policy
