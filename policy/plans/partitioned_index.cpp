#include <algorithm>
#include <deque>

#include "policy/index_name.hpp"
#include "policy/plans/concurrently.hpp"
#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"

// CREATE INDEX on a partitioned table: an entry ON ONLY each partitioned table of the tree, the leaves' indexes CONCURRENTLY,
// and then each is attached to the one above, the last of which makes the uppermost valid (manual, 5.11.2.2). Names are
// PostgreSQL's own.
namespace policy::plans {
namespace {

// The client's text around what differs from table to table: "CREATE UNIQUE INDEX" ... name, table ... " USING btree (c)".
struct index_text {
    std::string head, tail;
};

// Nullopt: it is written in a way that is not followed (a name in U&"..." with UESCAPE).
std::optional<index_text> text_around_names(const create_index& index, std::string_view sql) {
    scanner scan(sql.substr(index.keyword_end), {});
    token t = scan.next();
    while (!t.is(word("on")) && t.kind != token_kind::end) t = scan.next();
    if (t = scan.next(); t.is(word("only"))) t = scan.next();
    for (;; t = scan.next()) {
        if (t.kind != token_kind::word && t.kind != token_kind::quoted_name) return std::nullopt;
        const auto end = index.keyword_end + t.end;
        if (t = scan.next(); t.is('.')) continue;
        if (t.is(word("uescape")) || t.is('*')) return std::nullopt;
        return index_text{std::string(sql.substr(0, index.keyword_end)), std::string(sql.substr(end))};
    }
}

// One table of the tree.
struct node {
    const relation_facts* table = nullptr;
    const node* above = nullptr;
    std::string index;  // the name of its index

    relation_name index_name() const { return {table->name.schema, index}; }
    std::string is_its_index(const std::string& i) const {
        return "(" + i + ".indrelid = " + std::to_string(table->oid) + "::pg_catalog.oid)";
    }
};

constexpr std::string_view from_index =
    " FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON (c.oid = i.indexrelid) "
    "JOIN pg_catalog.pg_namespace AS n ON (n.oid = c.relnamespace) ";

// What an index is, apart from its names.
std::string definition_of(const std::string& i) {
    return "pg_catalog.substr(pg_catalog.pg_get_indexdef(" + i + ".indexrelid), pg_catalog.strpos(pg_catalog.pg_get_indexdef(" + i +
           ".indexrelid), ' USING '))";
}

class tree_plan {
public:
    tree_plan(const create_index& index, const context& c, index_text text) : index_(index), c_(c), text_(std::move(text)) {}

    // False: nothing can be said of a table below.
    bool grow(const relation_facts& root, const std::string& name) {
        nodes_.push_back({&root, nullptr, name});
        for (std::size_t at = 0; at < nodes_.size(); ++at)
            for (const auto oid : nodes_[at].table->children) {
                const auto* child = c_.known.reached(oid);
                if (!child || nodes_.size() == most_tables) return false;
                nodes_.push_back({child, &nodes_[at], {}});
                nodes_.back().index = free_name(*child);
            }
        return true;
    }

    bool has_foreign_table() const {
        return std::any_of(nodes_.begin(), nodes_.end(), [](const node& n) { return n.table->kind == 'f'; });
    }

    plan steps() const {
        plan p;
        p.tag = "CREATE INDEX";
        p.deferrable = true;
        p.relation = readable(nodes_.front().table->name);
        p.object = nodes_.front().index;
        for (const auto& n : nodes_)
            if (n.table->partitioned()) p.steps.push_back(entry(n));
        for (const auto& n : nodes_)
            if (!n.table->partitioned()) {
                p.steps.push_back(clear(n));
                p.steps.push_back(build(n));
            }
        // From the top down: what hangs together already is taken back by dropping the uppermost.
        for (const auto& n : nodes_)
            if (n.above) p.steps.push_back(attach(n));
        return p;
    }

    static constexpr std::size_t most_tables = 10000;

private:
    // As DefineIndex does for a partition: the name is made up from the partition's and the columns'. One that is taken by
    // an INVALID index of the same columns is left from an earlier run.
    std::string free_name(const relation_facts& table) const {
        constexpr std::size_t attempts = 100;
        auto names = index_names(table.name.name, index_.name_parts, attempts);
        for (const auto& name : names)
            if (!taken(name, table)) return name;
        return names.front();
    }

    bool taken(const std::string& name, const relation_facts& table) const {
        for (const auto& n : nodes_)
            if (n.index == name && n.table->name.schema == table.name.schema && n.table != &table) return true;
        for (const auto& r : c_.known.catalog().reached) {
            if (r.name.schema != table.name.schema) continue;
            if (r.name.name == name) return true;
            for (const auto& i : r.indexes)
                if (i.name == name && (r.oid != table.oid || i.valid || i.columns != index_.columns)) return true;
        }
        return false;
    }

    std::vector<std::uint32_t> there_before() const {
        std::vector<std::uint32_t> out;
        for (const auto& n : nodes_)
            for (const auto& i : n.table->indexes) out.push_back(i.oid);
        return out;
    }

    std::string made_like_parents(const node& n) const {
        const auto root = nodes_.front();
        return " AND i.indisunique = " + std::string(index_.unique ? "true" : "false") + " AND (" + definition_of("i") + " = (SELECT " +
               definition_of("u") + " FROM pg_catalog.pg_index AS u JOIN pg_catalog.pg_class AS v ON (v.oid = u.indexrelid) WHERE " +
               root.is_its_index("u") + " AND (v.relname = " + literal(root.index) + "::pg_catalog.name))) AND " + n.is_its_index("i");
    }

    // Its index that belongs to nobody yet, or to the one above.
    std::string usable(const node& n) const {
        return std::string(from_index) + "WHERE " + (n.table->partitioned() ? "true" : "i.indisvalid") + made_like_parents(n) +
               " AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid AND NOT (h.inhparent = " +
               oid_of(*n.above) + "))";
    }

    static std::string oid_of(const node& n) {
        return "(SELECT u.indexrelid FROM pg_catalog.pg_index AS u JOIN pg_catalog.pg_class AS v ON (v.oid = u.indexrelid) WHERE " +
               n.is_its_index("u") + " AND (v.relname = " + literal(n.index) + "::pg_catalog.name))";
    }

    static std::string named(const node& n) { return "(c.relname = " + literal(n.index) + "::pg_catalog.name) AND " + n.is_its_index("i"); }

    static std::string asks(const std::string& rest) { return with_qualified_operators("SELECT EXISTS (SELECT" + rest + ")"); }

    // INVALID until the last partition's index is attached.
    step entry(const node& n) const {
        step s;
        s.sql = text_.head + " " + quote_ident(n.index) + " ON ONLY " + quote_ident(n.table->name) + text_.tail;
        s.timeouts = s.undo_timeouts = timeout_class::blocking;
        s.locks = {{readable(n.table->name), lock_mode::share}};
        s.why = "the index of a partitioned table is an entry in the catalog; its partitions' indexes come later";
        s.unless = asks(std::string(from_index) + "WHERE " + named(n));
        s.undo = "DROP INDEX " + quote_ident(n.index_name());
        // What hangs below it goes with it: nothing of that may have been there before.
        s.undo_if =
            asks(std::string(from_index) + "WHERE NOT i.indisvalid AND " + named(n) +
                 " AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid)"
                 " AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(i.indexrelid) AS b WHERE b.relid::pg_catalog.oid = ANY (" +
                 oid_array(there_before()) + "))");
        return s;
    }

    step clear(const node& n) const {
        step s;
        s.sql_from = with_qualified_operators("SELECT pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname)" +
                                              std::string(from_index) + "WHERE NOT i.indisvalid AND " + named(n)) +
                     with_qualified_operators(made_like_parents(n));
        s.timeouts = timeout_class::online;
        s.why = "an earlier build of this index failed and left it INVALID";
        return s;
    }

    step build(const node& n) const {
        step s;
        s.sql = text_.head + " CONCURRENTLY " + quote_ident(n.index) + " ON " + quote_ident(n.table->name) + text_.tail;
        s.timeouts = timeout_class::online;
        s.why = "reads and writes go on while the partition's index is built";
        s.unless = asks(usable(n));
        s.undo = "DROP INDEX CONCURRENTLY " + quote_ident(n.index_name());
        s.undo_if = asks(std::string(from_index) + "WHERE " + named(n) +
                         " AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid)");
        return s;
    }

    // An index that fits and is there already serves, whatever its name is: CREATE INDEX takes it as well.
    step attach(const node& n) const {
        step s;
        s.sql_from = with_qualified_operators(
            "SELECT pg_catalog.format('ALTER INDEX %s ATTACH PARTITION %I.%I', " + literal(quote_ident(n.above->index_name())) +
            "::pg_catalog.text, n.nspname, c.relname)" + usable(n) +
            " AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_index AS x ON (x.indexrelid = h.inhrelid) WHERE " +
            n.is_its_index("x") + " AND h.inhparent = " + oid_of(*n.above) + ") ORDER BY " + "c.relname = " + literal(n.index) +
            "::pg_catalog.name" + " DESC LIMIT 1");
        s.timeouts = timeout_class::blocking;
        s.locks = {{readable(n.index_name()), lock_mode::access_exclusive}};
        s.why = "the partition's index becomes a part of its parent's; the last one makes that valid";
        return s;
    }

    const create_index& index_;
    const context& c_;
    index_text text_;
    std::deque<node> nodes_;  // parents before children; pointers to them stay good
};

}  // namespace

proposal index_on_partitions(const create_index& index, const std::string& name, const context& c) {
    if (!c.known.catalog().asked) return {};
    if (auto why = not_alone(c); !why.empty()) return {std::nullopt, std::move(why)};
    auto text = text_around_names(index, c.text);
    const auto* table = c.known.reached(c.known.relation(index.table).oid);
    if (!text || !table) return {std::nullopt, "The statement is written in a way that cannot be followed. Send it without UESCAPE and *."};
    tree_plan tree(index, c, std::move(*text));
    if (!tree.grow(*table, name)) return {std::nullopt, "Not all partitions could be found. Send the statement again."};
    if (tree.has_foreign_table())
        return {std::nullopt, "A partition is a foreign table, and the index of its parent could never be made valid step by step."};
    return {tree.steps(), {}};
}

}  // namespace policy::plans
