#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <random>
#include <utility>

#include "config/load.hpp"
#include "policy/judge.hpp"
#include "policy/rules.hpp"
#include "policy/script.hpp"
#include "sql_mutator.hpp"

// Any SQL, judged under any settings with any answers of the catalog. The first bytes of the input choose the session, the
// settings and the answers; the rest is the text. What must hold: the first look never passes what policy would judge, what
// cannot be understood gets its configured answer, places lie inside the text, the same input gets the same answer.

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

struct choices {
    std::uint8_t session = 0, settings = 0, answers = 0, seed = 0;

    bool operator[](unsigned bit) const noexcept { return (session >> bit & 1) != 0; }
};
constexpr std::size_t head = sizeof(choices);

const sql_mutator& mutator() {
    static const sql_mutator m(seed_statements());
    return m;
}

const config::settings& settings_of(std::uint8_t choice) {
    static const auto all = [] {
        std::vector<config::settings> list(4);
        list[1] = policy::check_settings({});
        list[2].unparseable = config::unparseable::reject;
        list[2].overrides.users = "";
        list[3] = config::load_text("small_table: 0\n"
                                    "scopes:\n"
                                    "  - {match: {relation: 'app.*, public.t'}, mode: guard, rules: {unparseable: allow}}\n"
                                    "  - {match: {larger_than: 1MiB}, mode: observe, timeouts: {lock: 1s}}\n"
                                    "  - {match: {server_version: '>=14', days: mon-fri}, unparseable: reject}\n",
                                    "scopes");
        return list;
    }();
    return all[choice % all.size()];
}

// Rows of every kind that the queries return, with values that fit often enough: names of the text, a few oids that point to
// each other, letters of the catalogs. A row may lack columns.
class made_up_catalog {
public:
    made_up_catalog(std::uint32_t seed, std::string_view text) : dice_(seed), words_(words_of(text)) {}

    std::vector<policy::catalog_rows> answers(std::size_t queries) {
        std::vector<policy::catalog_rows> out(queries);
        for (auto& rows : out)
            for (auto count = dice_() % 12; count > 0; --count) rows.push_back(row());
        return out;
    }

private:
    static std::vector<std::string> words_of(std::string_view text) {
        std::vector<std::string> out{"", "public"};
        std::string word;
        for (const char c : text) {
            if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
                word += c;
            } else if (!word.empty()) {
                out.push_back(std::exchange(word, {}));
            }
        }
        return out;
    }

    policy::catalog_row row() {
        static constexpr const char* kinds[] = {"name",  "relation", "tie",  "column",   "index",    "constraint",
                                                "taken", "type",     "cast", "function", "dependent", ""};
        policy::catalog_row r{kinds[dice_() % std::size(kinds)]};
        for (auto columns = dice_() % 26; columns > 0; --columns) r.push_back(value());
        return r;
    }

    std::optional<std::string> value() {
        static constexpr const char* letters[] = {"t", "f", "r", "p", "i", "v", "m", "S", "c", "n", "u", "x", "d", "b", "parent"};
        switch (dice_() % 8) {
        case 0: return std::nullopt;
        case 1: return std::to_string(dice_());
        case 2:
        case 3: return std::to_string(dice_() % 6);
        case 4:
        case 5: return words_[dice_() % words_.size()];
        default: return letters[dice_() % std::size(letters)];
        }
    }

    std::minstd_rand dice_;
    std::vector<std::string> words_;
};

policy::session_facts session_of(const choices& c) {
    policy::session_facts s;
    s.in_transaction = c[0];
    s.server_version = 13 + (c.session >> 5) % 6;
    s.user = c[1] ? "postgres" : "";
    s.time_zone = c[2] ? "UTC" : "Europe/Berlin";
    if (c[3]) s.now = policy::moment{std::chrono::seconds(c.seed * 40'000), {}};
    return s;
}

bool is_doubt(const policy::statement& s) noexcept {
    return std::holds_alternative<policy::unparseable>(s.what) || std::holds_alternative<policy::unmodelled>(s.what);
}

void check_places(const policy::decision& d, std::size_t size) {
    for (const auto& s : d.statements) {
        must(s.offset <= size && s.length <= size - s.offset);
        for (const auto& f : s.findings) must(!f.message.empty() && policy::find_rule(f.rule) != nullptr);
        for (const auto& r : s.relations) must(!r.relation.empty());
    }
}

void check_doubts(const policy::script& text, const policy::decision& d, const config::settings& settings) {
    const auto& statements = text.words().statements;
    if (std::none_of(statements.begin(), statements.end(), is_doubt) || !settings.scopes.empty()) return;
    must(d.timeouts == policy::timeout_class::blocking);
    if (settings.unparseable == config::unparseable::reject) must(d.action == config::action::reject);
}

void check_first_look(std::string_view sql, policy::lexing how, const policy::script& text) {
    if (policy::may_need_judging(sql, how)) return;
    const auto& p = text.words();
    for (const auto* list : {&p.statements, &p.other_reading})
        for (const auto& s : *list) must(policy::harmless(s) || std::holds_alternative<policy::unparseable>(s.what));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < head) return 0;
    choices c;
    std::memcpy(&c, data, head);
    const std::string_view sql(reinterpret_cast<const char*>(data) + head, size - head);
    const policy::lexing how{.standard_conforming_strings = c[4]};
    const auto text = policy::read_script(sql, how);
    check_first_look(sql, how, text);

    const auto session = session_of(c);
    const auto& settings = settings_of(c.settings);
    const auto queries = text.catalog_queries(session);
    std::vector<policy::catalog_rows> rows;
    if (c.answers % 4 != 0) rows = made_up_catalog(c.seed, sql).answers(queries.size());
    const auto d = policy::judge(text, session, rows, settings);
    check_places(d, sql.size());
    check_doubts(text, d, settings);
    must(d.action == policy::judge(text, session, rows, settings).action);
    must(d.replacement.has_value() == (d.action == config::action::rewrite));
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    if (size < head || seed % 8 == 0) {
        size = LLVMFuzzerMutate(data, size, most);
        if (size >= head || most < head) return size;
        std::memset(data + size, 0, head - size);
        size = head;
    }
    if (seed % 4 == 1) LLVMFuzzerMutate(data, head, head);
    const std::string_view sql(reinterpret_cast<const char*>(data) + head, size - head);
    const auto changed = mutator().mutate(sql, seed);
    const auto length = std::min(changed.size(), most - head);
    std::memcpy(data + head, changed.data(), length);
    return head + length;
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size, const std::uint8_t* b, std::size_t b_size,
                                                 std::uint8_t* out, std::size_t most, unsigned seed) {
    if (a_size < head || b_size < head || most < head) return 0;
    const std::string_view left(reinterpret_cast<const char*>(a) + head, a_size - head);
    const std::string_view right(reinterpret_cast<const char*>(b) + head, b_size - head);
    const auto crossed = mutator().cross(left, right, seed);
    const auto length = std::min(crossed.size(), most - head);
    std::memcpy(out, a, head);
    std::memcpy(out + head, crossed.data(), length);
    return head + length;
}
