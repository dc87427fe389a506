#include "state.hpp"

#include <array>
#include <cstdlib>
#include <set>

namespace claims {
namespace {

using policy::lock_mode;
using policy::work;

constexpr const char* relations_sql = R"(
SELECT c.oid, CASE WHEN n.nspname IN ('app', 'public') THEN '' ELSE n.nspname || '.' END || c.relname, c.relkind,
       pg_relation_filenode(c.oid), c.relpages, c.reltuples, i.indrelid,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.oid >= 16384 AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%')";

constexpr const char* own_sql = R"(
SELECT c.oid, pg_stat_get_xact_numscans(c.oid), pg_stat_get_xact_tuples_returned(c.oid),
       pg_stat_get_xact_blocks_fetched(c.oid)
FROM pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm', 'i'))";

constexpr const char* total_sql = R"(
SELECT c.oid, pg_stat_get_numscans(c.oid), pg_stat_get_tuples_returned(c.oid), pg_stat_get_blocks_fetched(c.oid)
FROM pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm', 'i'))";

std::string text(const policy::catalog_row& row, std::size_t i) { return row[i].value_or(""); }
double number(const policy::catalog_row& row, std::size_t i) { return row[i] ? std::atof(row[i]->c_str()) : 0; }

lock_mode mode_of(const std::string& name) {
    static constexpr std::array names{"AccessShareLock",   "RowShareLock",         "RowExclusiveLock",
                                      "ShareUpdateExclusiveLock", "ShareLock",     "ShareRowExclusiveLock",
                                      "ExclusiveLock",     "AccessExclusiveLock"};
    for (std::size_t i = 0; i < names.size(); ++i)
        if (name == names[i]) return static_cast<lock_mode>(i + 1);
    return lock_mode::none;  // SIReadLock
}

class comparison {
public:
    comparison(const state& before, const state& after, outcome& out) : before_(before), after_(after), out_(out) {
        for (const auto& [oid, r] : before.relations) {
            names_.insert(r.name);
            if (!r.storage.empty()) storages_.insert(r.storage);
        }
    }

    void run() {
        for (const auto& [oid, r] : before_.relations) {
            if (r.kind == 'r' || r.kind == 'm') table(oid, r);
            if (r.kind == 'i') index(oid, r);
        }
        for (const auto& [oid, r] : after_.relations)
            if ((r.kind == 'i') && !before_.relations.contains(oid) && !names_.contains(r.name)) built(r.table);
    }

private:
    counts read(const std::string& oid) const {
        const auto then = before_.read.find(oid), now = after_.read.find(oid);
        if (now == after_.read.end()) return {};
        const counts zero = then == before_.read.end() ? counts{} : then->second;
        return {now->second.scans - zero.scans, now->second.rows - zero.rows, now->second.blocks - zero.blocks};
    }

    void table(const std::string& oid, const relation_state& old) {
        const auto now = after_.relations.find(oid);
        const bool emptied = now != after_.relations.end() && old.pages > 0 && now->second.size == 0;
        if (now != after_.relations.end() && now->second.storage != old.storage && !emptied)
            out_.add(old.name, lock_mode::none, work::rewrite);
        if (old.pages < 1 || old.rows < 1) return;
        const auto c = read(oid);
        // Read completely: by a scan that returned every row, by asking for every page, or through a whole index.
        bool whole = (c.scans > 0 && c.rows >= old.rows) || (c.blocks >= old.pages && old.pages >= 10);
        for (const auto& [index_oid, i] : before_.relations)
            whole = whole || (i.kind == 'i' && i.table == oid && read(index_oid).rows >= old.rows);
        if (whole) out_.add(old.name, lock_mode::none, work::scan);
    }

    // A type change drops an index and makes it anew, under the same name and maybe with the old storage.
    void index(const std::string& oid, const relation_state& old) {
        const auto same = after_.relations.find(oid);
        if (same != after_.relations.end()) {
            if (storages_.contains(same->second.storage)) return;
            // ALTER INDEX ... SET TABLESPACE leaves the table alone.
            const auto table = before_.relations.find(old.table);
            if (!out_.sampled && table != before_.relations.end() && !out_.relations.contains(table->second.name))
                out_.add(old.name, lock_mode::none, work::rewrite);
            else
                built(old.table);
            return;
        }
        for (const auto& [other, r] : after_.relations)
            if (r.name == old.name && !storages_.contains(r.storage)) built(old.table);
    }

    // An index of an emptied table has nothing to build.
    void built(const std::string& table) {
        const auto old = before_.relations.find(table), now = after_.relations.find(table);
        if (old == before_.relations.end() || now == after_.relations.end() || old->second.kind == 'p') return;
        if (now->second.size == 0 && old->second.pages > 0) return;
        if (old->second.rows < 1) return;
        out_.add(old->second.name, lock_mode::none, work::index_build);
    }

    const state &before_, &after_;
    outcome& out_;
    std::set<std::string> names_, storages_;
};

}  // namespace

state look(live::session& s, bool own) {
    state now;
    for (const auto& row : s.rows(own ? own_sql : total_sql)) now.read[text(row, 0)] = {number(row, 1), number(row, 2), number(row, 3)};
    for (const auto& row : s.rows(relations_sql))
        now.relations[text(row, 0)] = {text(row, 1), text(row, 2)[0], text(row, 3), number(row, 4),
                                       number(row, 5), text(row, 6), number(row, 7)};
    return now;
}

bool lock_log::sample(live::session& observer, int pid) {
    bool waits = false;
    for (const auto& row : observer.rows("SELECT relation, mode, granted FROM pg_locks WHERE locktype = 'relation' AND pid = " +
                                         std::to_string(pid))) {
        auto& best = strongest_[text(row, 0)];
        best = std::max(best, mode_of(text(row, 1)));
        waits = waits || text(row, 2) == "f";
    }
    return waits;
}

void lock_log::write(const state& before, outcome& out) const {
    for (const auto& [oid, r] : before.relations)
        if (const auto table = before.relations.find(r.table); table != before.relations.end()) out.tables[r.name] = table->second.name;
    for (const auto& [oid, mode] : strongest_) {
        const auto found = before.relations.find(oid);
        if (found == before.relations.end()) continue;
        const auto& r = found->second;
        // Whoever looks up a composite type opens its relation.
        if (r.kind == 'c' && mode == lock_mode::access_share) continue;
        out.add(r.name, mode);
    }
}

void compare(const state& before, const state& after, outcome& out) { comparison(before, after, out).run(); }

}  // namespace claims
