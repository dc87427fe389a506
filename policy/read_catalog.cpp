#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "policy/catalog.hpp"
#include "policy/not_null_proof.hpp"
#include "policy/record.hpp"

// The answers to the catalog's queries; each row says in its first column what it is, and holds its values in those behind
// it, or as one record.
namespace policy {
namespace {

class row_reader {
public:
    explicit row_reader(const catalog_row& row) noexcept : row_(row) {}

    const std::string& text(std::size_t column) const {
        static const std::string empty;
        return column < row_.size() && row_[column] ? *row_[column] : empty;
    }
    bool is_null(std::size_t column) const { return column >= row_.size() || !row_[column]; }
    bool flag(std::size_t column) const { return text(column) == "t"; }
    char letter(std::size_t column) const { return text(column).empty() ? '\0' : text(column).front(); }

    template <class Number>
    std::optional<Number> number(std::size_t column) const {
        const auto& t = text(column);
        Number value{};
        const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), value);
        if (t.empty() || error != std::errc() || end != t.data() + t.size()) return std::nullopt;
        return value;
    }
    std::uint32_t oid(std::size_t column) const { return number<std::uint32_t>(column).value_or(0); }
    std::int32_t integer(std::size_t column) const { return number<std::int32_t>(column).value_or(-1); }

private:
    const catalog_row& row_;
};

relation_facts relation_of(const row_reader& r) {
    relation_facts f;
    f.known = true;
    f.oid = r.oid(1);
    f.name = {r.text(2), r.text(3)};
    f.kind = r.letter(4);
    f.temporary = r.text(5) == "t";
    f.created_here = r.flag(6);
    f.size = r.number<std::uint64_t>(7);
    if (!r.is_null(8)) f.rows = std::atof(r.text(8).c_str());
    f.is_partition = r.flag(9);
    f.default_partition = r.oid(10);
    f.table = r.oid(11);
    f.replica_identity = r.letter(12);
    f.published = r.flag(13);
    f.pages = std::atof(r.text(14).c_str());
    f.access_method = r.text(15);
    f.tablespace = r.text(16);
    f.owner = r.text(17);
    f.partition_key = r.is_null(19) ? 0 : r.integer(19);
    f.populated = r.is_null(20) || r.flag(20);
    f.unlogged = r.text(5) == "u";
    const auto has = [&](char letter) { return r.text(21).find(letter) != std::string::npos; };
    f.hooks = {.update_triggers = has('u'), .any_update_triggers = has('a'), .delete_triggers = has('d'), .rules = has('r'),
               .row_security = has('s'), .forced_row_security = has('f')};
    return f;
}

// A name as regnamespace prints it: in double quotes where it has to be.
std::string unquoted(std::string_view printed) {
    if (!printed.starts_with('"')) return std::string(printed);
    std::string out;
    for (std::size_t i = 1; i + 1 < printed.size(); ++i) {
        out += printed[i];
        if (printed[i] == '"') ++i;
    }
    return out;
}

constraint_kind kind_of(char contype) noexcept {
    switch (contype) {
    case 'c': return constraint_kind::check;
    case 'n': return constraint_kind::not_null;
    case 'u': return constraint_kind::unique;
    case 'p': return constraint_kind::primary_key;
    case 'f': return constraint_kind::foreign_key;
    case 'x': return constraint_kind::exclusion;
    default: return constraint_kind::other;
    }
}

class answers {
public:
    explicit answers(catalog_facts& facts) noexcept : facts_(facts) {}

    void read(const catalog_row& row) {
        if (row.size() == 2 && row[0] && row[1]) return read(unpacked(row));
        const row_reader r(row);
        const auto& what = r.text(0);
        if (what == "name") names_.push_back({{r.text(1), r.text(2)}, r.oid(3), r.oid(4)});
        else if (what == "relation") relation(r);
        else if (what == "plain") plain_table(r);
        else if (what == "tie") tie(r);
        else if (what == "column") column(r);
        else if (what == "index") index(r);
        else if (what == "constraint") constraint(r);
        else if (what == "taken") taken(r, row);
        else if (what == "taken constraint") taken_constraint_of(r, row);
        else if (what == "type") type(r);
        else if (what == "cast") (r.text(3) == "b" ? facts_.free_casts : facts_.any_casts).push_back({r.oid(1), r.oid(2)});
        else if (what == "function") facts_.functions.push_back({{r.text(1), r.text(2)}, r.flag(3)});
        else if (what == "dependent") dependent(r);
    }

    void finish() {
        for (auto& relation : facts_.reached) {
            prove(relation);
            for (const auto& k : relation.constraints)
                if (auto* other = find(k.referenced)) add(other->referenced_by, relation.oid);
        }
        for (const auto& n : names_) {
            named_relation named{n.written, {}, std::nullopt};
            if (const auto* found = find(n.oid)) named.facts = *found;
            else named.facts.known = true;
            // The name is found where the row is not: the snapshot is older than the relation.
            named.facts.exists = n.oid != 0;
            named.facts.oid = n.oid;
            if (const auto* table = find(n.table)) named.table = *table;
            facts_.relations.push_back(std::move(named));
        }
    }

private:
    struct name {
        relation_name written;
        std::uint32_t oid = 0, table = 0;
    };

    static catalog_row unpacked(const catalog_row& row) {
        auto values = record_values(*row[1]);
        values.insert(values.begin(), row[0]);
        return values;
    }

    relation_facts* find(std::uint32_t oid) {
        const auto found = std::find_if(facts_.reached.begin(), facts_.reached.end(), [&](const auto& r) { return r.oid == oid; });
        return oid == 0 || found == facts_.reached.end() ? nullptr : &*found;
    }

    static void add(std::vector<std::uint32_t>& to, std::uint32_t oid) {
        if (std::find(to.begin(), to.end(), oid) == to.end()) to.push_back(oid);
    }

    void relation(const row_reader& r) {
        facts_.reached.push_back(relation_of(r));
        facts_.sample_pages = 300 * std::atof(r.text(18).c_str());
    }

    // Of plain_addition.
    void plain_table(const row_reader& r) {
        names_.push_back({{r.text(1), r.text(2)}, r.oid(3), 0});
        relation_facts f;
        f.known = true;
        f.oid = r.oid(3);
        f.name = {unquoted(r.text(4)), r.text(5)};
        f.kind = 'r';
        f.temporary = r.text(6) == "t";
        f.unlogged = r.text(6) == "u";
        f.unlocked = r.flag(7);
        f.size = r.number<std::uint64_t>(8);
        facts_.reached.push_back(std::move(f));
    }

    void tie(const row_reader& r) {
        auto *from = find(r.oid(1)), *to = find(r.oid(3));
        const auto& what = r.text(2);
        if (what == "child") {
            if (from) add(from->children, r.oid(3));
            if (to) add(to->parents, r.oid(1));
        } else if (what == "view") {
            if (from) add(from->views, r.oid(3));
            if (to) add(to->reads, r.oid(1));
        } else {
            if (from) from->sequences.push_back({r.oid(3), r.integer(4)});
            if (to) to->table = r.oid(1);
        }
    }

    void column(const row_reader& r) {
        auto* relation = find(r.oid(1));
        if (!relation) return;
        column_facts c;
        c.name = r.text(2);
        c.declared = r.oid(3);
        c.type_text = r.text(5);
        c.collation = r.oid(6);
        c.not_null = r.flag(7);
        c.has_default = r.flag(8);
        c.generated = r.flag(9);
        c.identity = r.flag(10);
        c.inherited = r.flag(11);
        c.type = r.oid(12);
        c.modifier = r.integer(13);
        c.number = r.integer(14);
        c.is_virtual = r.flag(15);
        c.mark = r.text(16);
        relation->columns.push_back(std::move(c));
    }

    // A row for each column: of the key in its order, then those in expressions and the predicate.
    void index(const row_reader& r) {
        auto* relation = find(r.oid(1));
        if (!relation) return;
        auto& all = relation->indexes;
        if (all.empty() || all.back().oid != r.oid(2)) {
            index_facts i;
            i.oid = r.oid(2);
            i.name = r.text(3);
            i.unique = r.flag(4);
            i.primary = r.flag(5);
            i.exclusion = r.flag(6);
            i.valid = r.flag(7);
            i.being_built = !r.flag(8);
            i.partial = r.flag(9);
            i.constraint = r.text(10);
            i.parent = r.oid(11);
            all.push_back(std::move(i));
        }
        if (r.flag(12)) all.back().columns.push_back(r.text(13));
        else all.back().uses.push_back(r.text(13));
    }

    void constraint(const row_reader& r) {
        auto* relation = find(r.oid(1));
        if (!relation) return;
        auto& all = relation->constraints;
        if (all.empty() || all.back().oid != r.oid(2)) {
            constraint_facts k;
            k.oid = r.oid(2);
            k.name = r.text(3);
            k.kind = kind_of(r.letter(4));
            k.valid = r.flag(5);
            k.inherited = r.flag(6);
            k.referenced = r.oid(7);
            k.index = r.oid(8);
            k.expression = r.text(11);
            all.push_back(std::move(k));
        }
        if (!r.text(10).empty()) all.back().columns.push_back(r.text(10));
        if (!r.text(12).empty()) all.back().referenced_columns.push_back(r.text(12));
    }

    static void prove(relation_facts& relation) {
        for (auto& k : relation.constraints) {
            if (k.kind != constraint_kind::check) continue;
            for (const int number : columns_proved_not_null(k.expression))
                for (const auto& c : relation.columns)
                    if (c.number == number) k.not_null.push_back(c.name);
        }
    }

    void taken(const row_reader& r, const catalog_row& row) {
        taken_name t{{r.text(1), r.text(2)}, r.text(3), r.flag(4), r.flag(5), r.flag(6), std::nullopt};
        if (row.size() > 7) t.definition = row[7];
        facts_.taken.push_back(std::move(t));
    }

    void taken_constraint_of(const row_reader& r, const catalog_row& row) {
        taken_constraint t{{r.text(1), r.text(2)}, r.text(3), r.flag(4), r.oid(8), kind_of(r.letter(5)), r.flag(6), std::nullopt, r.text(9)};
        if (row.size() > 7) t.definition = row[7];
        facts_.taken_constraints.push_back(std::move(t));
    }

    void type(const row_reader& r) {
        type_words written;
        written.schema = r.text(1);
        written.name = r.text(2);
        written.array = r.flag(3);
        facts_.types.push_back({std::move(written), {r.oid(4), r.oid(5), r.integer(6), r.flag(7), r.oid(8)}});
    }

    void dependent(const row_reader& r) {
        object_name object{object_kind::other, r.text(1), r.text(2), r.text(3), {r.text(4), r.text(5)}, r.integer(6)};
        auto& all = facts_.dependents;
        const auto found = std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.first == object; });
        auto& of_object = found == all.end() ? all.emplace_back(std::move(object), std::vector<dependent_facts>{}) : *found;
        if (r.is_null(7)) return;
        of_object.second.push_back({r.oid(7), {r.text(8), r.text(9)}, r.letter(10),
                                 r.text(11) == "u" ? lock_mode::share_update_exclusive : lock_mode::access_exclusive, r.flag(12)});
    }

    catalog_facts& facts_;
    std::vector<name> names_;
};

}  // namespace

catalog_facts read_catalog(std::span<const catalog_rows> rows) {
    catalog_facts facts;
    facts.asked = !rows.empty();
    answers a(facts);
    for (const auto& answer : rows)
        for (const auto& row : answer) a.read(row);
    a.finish();
    return facts;
}

}  // namespace policy
