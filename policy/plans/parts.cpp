#include "policy/plans/parts.hpp"

#include <algorithm>
#include <array>

#include "policy/quote.hpp"

namespace policy::plans {
namespace {

// What a key may be made of: types whose text, read again, is the same value. That of a date hangs on DateStyle, but not
// as JSON.
struct key_type {
    std::uint32_t oid;  // pg_type.oid
    std::string_view name;
    bool as_json = false;
};
constexpr std::array<key_type, 14> key_types{{{20, "int8"},
                                              {21, "int2"},
                                              {23, "int4"},
                                              {26, "oid"},
                                              {25, "text"},
                                              {1043, "text"},
                                              {1042, "bpchar"},
                                              {19, "name"},
                                              {18, "\"char\""},
                                              {2950, "uuid"},
                                              {1700, "numeric"},
                                              {1082, "date", true},
                                              {1114, "timestamp", true},
                                              {1184, "timestamptz", true}}};

const key_type* type_of(const column_facts& c) noexcept {
    const auto found = std::find_if(key_types.begin(), key_types.end(), [&](const key_type& t) { return t.oid == c.type; });
    return found == key_types.end() ? nullptr : &*found;
}

bool leads_to_all(const relation_facts& table, const index_facts& i, const std::vector<std::string>& changed) {
    if (!i.unique || !i.valid || i.partial || i.being_built || i.columns.empty()) return false;
    return std::all_of(i.columns.begin(), i.columns.end(), [&](const std::string& name) {
        const auto* column = table.column(name);
        return column && column->not_null && type_of(*column) && std::find(changed.begin(), changed.end(), name) == changed.end();
    });
}

// "a", "b"
std::string listed(const walk& w, std::string_view suffix = "") {
    std::string out;
    for (const auto& c : w.key) ((out += out.empty() ? "" : ", ") += quote_ident(c.name)) += suffix;
    return out;
}

// As text, from which the same value can be read again.
std::string told(const walk& w, const std::string& from) {
    std::string out;
    for (const auto& c : w.key) {
        const auto value = from + "." + quote_ident(c.name);
        out += ", " + (type_of(c)->as_json ? "pg_catalog.to_json(" + value + ") OPERATOR(pg_catalog.#>>) '{}'::pg_catalog.text[]"
                                            : value + "::pg_catalog.text");
    }
    return out;
}

// Parameters from `first` on.
std::string position(const walk& w, std::size_t first) {
    std::string out;
    for (const auto& c : w.key)
        out += (out.empty() ? "ROW($" : ", $") + std::to_string(first++) + "::pg_catalog.text::pg_catalog." + std::string(type_of(c)->name);
    return out + ")";
}

std::string parameters_as_they_are(const walk& w, std::size_t first) {
    std::string out;
    for (std::size_t i = 0; i < w.key.size(); ++i) out += ", $" + std::to_string(first + i) + "::pg_catalog.text";
    return out;
}

std::string compared(const walk& w, std::string_view op, const std::string& with) {
    return "ROW(" + listed(w) + ") OPERATOR(pg_catalog." + std::string(op) + ") " + with;
}

// The rows of a part are told by a scan of the index alone: how many rows it comes to must not hang on what they hold. Nor
// does it say up to where, lest the planner take a table without statistics for one where few rows are in between.
std::string statement(const walk& w, const std::string& change, const std::string& condition, bool first) {
    const std::string table = (w.only ? "ONLY " : "") + quote_ident(w.table);
    const std::size_t ended_at = 2, last_at = 2 + w.key.size();  // among the parameters
    const auto behind = compared(w, ">", position(w, ended_at));
    const auto up_to_last = compared(w, "<=", position(w, last_at));
    const auto backwards = listed(w, " DESC");
    std::string sql = "/* lockkeeper */ WITH ";
    if (first)
        sql += "_lockkeeper_last AS MATERIALIZED (SELECT " + listed(w) + " FROM " + table + " ORDER BY " + backwards + " LIMIT 1), ";
    sql += "_lockkeeper_part AS MATERIALIZED (SELECT " + listed(w) + " FROM " + table +
           (first ? "" : " WHERE " + behind) + " ORDER BY " + listed(w) + " LIMIT $1::pg_catalog.int8), ";
    sql += "_lockkeeper_end AS MATERIALIZED (SELECT * FROM _lockkeeper_part" + (first ? "" : " WHERE " + up_to_last) + " ORDER BY " +
           backwards + " LIMIT 1), ";
    sql += "_lockkeeper_changed AS (" + change + "\nWHERE " + (first ? "" : behind + " AND ") +
           compared(w, "<=", "(SELECT " + listed(w) + " FROM _lockkeeper_end)") + (condition.empty() ? "" : " AND " + condition) +
           " RETURNING 1) ";
    sql += "SELECT (SELECT pg_catalog.count(*) FROM _lockkeeper_changed)" + told(w, "_lockkeeper_end");
    return sql + (first ? told(w, "_lockkeeper_last") + " FROM _lockkeeper_end, _lockkeeper_last"
                        : parameters_as_they_are(w, last_at) + " FROM _lockkeeper_end");
}

}  // namespace

std::optional<walk> walk_along(const relation_facts& table, bool only, const std::vector<std::string>& changed, std::string& why) {
    if (table.kind == 'r' && !table.children.empty() && !only) {
        why = "Other tables inherit from " + readable(table.name) + ", and no index has the rows of them all.";
        return std::nullopt;
    }
    const index_facts* best = nullptr;
    for (const auto& i : table.indexes)
        if (leads_to_all(table, i, changed) && (!best || i.primary)) best = &i;
    if (!best) {
        why = readable(table.name) + " has no primary key, nor a unique index on NOT NULL columns, by which its rows could be taken in parts: "
                                     "of numbers, text, uuid or dates, and none of the columns that are changed.";
        return std::nullopt;
    }
    walk w{.table = table.name, .only = only};
    for (const auto& name : best->columns) w.key.push_back(*table.column(name));
    return w;
}

step in_parts(const walk& w, const std::string& change, const std::string& condition, std::string why) {
    auto s = made(statement(w, change, condition, true), timeout_class::online, std::move(why));
    s.next = statement(w, change, condition, false);
    return s;
}

}  // namespace policy::plans
