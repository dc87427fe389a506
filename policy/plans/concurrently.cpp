#include "policy/plans/concurrently.hpp"

#include <algorithm>

namespace policy::plans {

std::string not_alone(const context& c) {
    if (!c.alone)
        return "CONCURRENTLY cannot run together with other statements. Send " + c.what.kind + " as a message of its own.";
    return {};
}

std::string concurrently_behind(keyword which, const context& c) {
    scanner scan(c.text.substr(c.what.where.offset), {});
    for (token t = scan.next(); t.kind != token_kind::end && t.kind != token_kind::unfinished; t = scan.next()) {
        if (!t.is(which)) continue;
        const auto at = c.what.where.offset + t.end;
        return std::string(c.text.substr(0, at)) + " CONCURRENTLY" + std::string(c.text.substr(at));
    }
    return {};
}

bool has_key_of_all_rows(const relation_facts& view) {
    return std::any_of(view.indexes.begin(), view.indexes.end(), [](const index_facts& i) {
        const bool plain = std::none_of(i.columns.begin(), i.columns.end(), [](const auto& name) { return name.empty(); });
        return i.unique && i.valid && !i.partial && plain;
    });
}

std::string array_of(std::span<const std::uint32_t> oids) {
    std::string out = "{";
    for (const auto oid : oids) out += (out.back() == '{' ? "" : ",") + std::to_string(oid);
    return out + "}";
}

std::string oid_array(std::span<const std::uint32_t> oids) { return "'" + array_of(oids) + "'::pg_catalog.oid[]"; }

}  // namespace policy::plans
