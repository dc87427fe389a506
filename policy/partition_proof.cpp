#include "policy/partition_proof.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>

#include "policy/index_name.hpp"
#include "policy/node_tree.hpp"

namespace policy {
namespace {

using std::int64_t;

// pg_type.dat: the oids of built-in types never change.
enum : std::uint32_t { int8_oid = 20, int2_oid = 21, int4_oid = 23, date_oid = 1082, timestamp_oid = 1114 };

// pg_operator.dat, btree operators of a column and a constant.
struct comparison {
    std::uint32_t column;  // type
    int less, less_or_equal, equal, greater_or_equal, greater;
};

constexpr std::array comparisons{
    comparison{int4_oid, 97, 523, 96, 525, 521},     comparison{int2_oid, 95, 522, 94, 524, 520},
    comparison{int8_oid, 412, 414, 410, 415, 413},   comparison{int8_oid, 418, 420, 416, 430, 419},
    comparison{date_oid, 1095, 1096, 1093, 1098, 1097}, comparison{timestamp_oid, 2062, 2063, 2060, 2065, 2064},
};

// [lower, upper) in the numbers that PostgreSQL stores: days and microseconds since 2000-01-01.
struct range {
    std::optional<int64_t> lower, upper;
};

template <class Number>
std::optional<Number> number_of(std::string_view text) noexcept {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "4 [ -48 7 0 0 0 0 0 0 ]", lowest byte first. Of a server that has the highest one first the numbers are nonsense,
// and prove nothing.
std::optional<int64_t> constant_of(const tree_node& n) {
    if (n.type != "CONST" || n.words("constisnull") != "false") return std::nullopt;
    auto words = n.words("constvalue");
    const auto open = words.find("[ "), close = words.find(" ]");
    if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
    words = words.substr(open + 2, close - open - 2);
    std::uint64_t value = 0;
    for (int byte = 0; byte < 8; ++byte) {
        const auto end = std::min(words.find(' '), words.size());
        const auto b = number_of<int>(words.substr(0, end));
        if (!b) return std::nullopt;
        value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(*b)) << (8 * byte);
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return static_cast<int64_t>(value);
}

// predtest.c compares constants only: it does not know that `k > 1` is `k >= 2`, so `>` gives its own constant.
void narrow(const tree_node& n, const column_facts& column, range& to) {
    if (n.type == "BOOLEXPR" && n.words("boolop") == "and")
        for (const auto& a : n.nodes("args")) narrow(a, column, to);
    const auto& arguments = n.nodes("args");
    if (n.type != "OPEXPR" || arguments.size() != 2 || arguments[0].type != "VAR") return;
    if (number_of<int>(arguments[0].words("varattno")) != column.number) return;
    const auto value = constant_of(arguments[1]);
    const auto opno = number_of<int>(n.words("opno")).value_or(0);
    if (!value || *value == std::numeric_limits<int64_t>::max()) return;
    const auto raise = [&](int64_t v) { to.lower = std::max(to.lower.value_or(v), v); };
    const auto reduce = [&](int64_t v) { to.upper = std::min(to.upper.value_or(v), v); };
    for (const auto& c : comparisons) {
        if (c.column != column.type) continue;
        if (opno == c.greater || opno == c.greater_or_equal || opno == c.equal) raise(*value);
        if (opno == c.less) reduce(*value);
        if (opno == c.less_or_equal || opno == c.equal) reduce(*value + 1);
    }
}

// 2024-01-31
std::optional<int64_t> days_of(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto y = number_of<int>(text.substr(0, 4));
    const auto m = number_of<unsigned>(text.substr(5, 2)), d = number_of<unsigned>(text.substr(8, 2));
    if (!y || !m || !d) return std::nullopt;
    using namespace std::chrono;
    const year_month_day date{year(*y), month(*m), day(*d)};
    if (!date.ok()) return std::nullopt;
    return (sys_days(date) - sys_days(year(2000) / 1 / 1)).count();
}

std::optional<int64_t> value_of(const std::string& text, std::uint32_t type) {
    if (type == date_oid) return days_of(text);
    if (type != timestamp_oid) return number_of<int64_t>(text);
    const bool midnight = text.size() == 10 || text.substr(10) == " 00:00:00";
    const auto days = midnight ? days_of(std::string_view(text).substr(0, 10)) : std::nullopt;
    constexpr int64_t microseconds_of_a_day = 86'400'000'000;
    return days ? std::optional(*days * microseconds_of_a_day) : std::nullopt;
}

struct question {
    const column_facts* column = nullptr;  // the partition's
    range asked;  // the bound
    range known;  // what the CHECK constraints say
};

// What a killed run of ours has left does not: what is done in steps takes it up, and drops it in the end.
bool counts(const constraint_facts& k, const relation_facts& partition) {
    return k.kind == constraint_kind::check && k.valid && k.name != partition_proof_name(partition.name.name);
}

// None where the bound cannot be told, or the column may be null.
std::optional<question> question_of(const relation_facts& parent, const partition_bound& bound, const relation_facts& partition) {
    const auto key = std::find_if(parent.columns.begin(), parent.columns.end(),
                                  [&](const auto& c) { return c.number == parent.partition_key; });
    if (!bound.range || parent.partition_key == 0 || key == parent.columns.end()) return std::nullopt;
    const auto* column = partition.column(key->name);
    if (!column || !(column->not_null || partition.not_null_proof(column->name))) return std::nullopt;
    question q{.column = column, .asked = {}, .known = {}};
    if (bound.lower) q.asked.lower = value_of(*bound.lower, column->type);
    if (bound.upper) q.asked.upper = value_of(*bound.upper, column->type);
    if (bound.lower.has_value() != q.asked.lower.has_value() || bound.upper.has_value() != q.asked.upper.has_value())
        return std::nullopt;
    for (const auto& k : partition.constraints)
        if (counts(k, partition)) narrow(read_tree(k.expression), *column, q.known);
    return q;
}

bool apart(const range& known, const range& asked) {
    return (asked.lower && known.upper && *known.upper <= *asked.lower) || (asked.upper && known.lower && *known.lower >= *asked.upper);
}

// Whether what the expression says keeps every row apart from the bound: of an OR each side, of an AND one of them or all
// together.
bool keeps_apart(const tree_node& n, const column_facts& column, const range& asked) {
    if (n.type == "BOOLEXPR" && n.words("boolop") == "or") {
        const auto& sides = n.nodes("args");
        return !sides.empty() && std::all_of(sides.begin(), sides.end(), [&](const auto& s) { return keeps_apart(s, column, asked); });
    }
    if (n.type == "BOOLEXPR" && n.words("boolop") == "and")
        for (const auto& s : n.nodes("args"))
            if (keeps_apart(s, column, asked)) return true;
    range known;
    narrow(n, column, known);
    return apart(known, asked);
}

}  // namespace

bool rows_are_within(const relation_facts& parent, const partition_bound& bound, const relation_facts& partition) {
    const auto q = question_of(parent, bound, partition);
    if (!q) return false;
    return (!q->asked.lower || (q->known.lower && *q->known.lower >= *q->asked.lower)) &&
           (!q->asked.upper || (q->known.upper && *q->known.upper <= *q->asked.upper));
}

bool rows_are_outside(const relation_facts& parent, const partition_bound& bound, const relation_facts& partition) {
    const auto q = question_of(parent, bound, partition);
    if (!q) return false;
    if (apart(q->known, q->asked)) return true;
    return std::any_of(partition.constraints.begin(), partition.constraints.end(), [&](const auto& k) {
        return counts(k, partition) && keeps_apart(read_tree(k.expression), *q->column, q->asked);
    });
}

}  // namespace policy
