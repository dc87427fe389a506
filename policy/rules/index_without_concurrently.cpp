#include <algorithm>

#include "policy/index_name.hpp"
#include "policy/parse.hpp"
#include "policy/quote.hpp"
#include "policy/rule.hpp"
#include "policy/wording.hpp"

namespace policy::rules {
namespace {

// What stands in the way of the index under one name.
enum class in_the_way { nothing, leftover, something_else, busy_leftover, other_leftover };

in_the_way found_under(const std::string& name, const create_index& index, const context& c) {
    const auto& taken = c.known.catalog().taken;
    const auto found = std::find_if(taken.begin(), taken.end(), [&](const taken_name& t) {
        return t.table == index.table && t.name == name;
    });
    if (found == taken.end()) return in_the_way::nothing;
    if (!found->index_of_table || found->valid) return in_the_way::something_else;
    if (found->being_built) return in_the_way::busy_leftover;
    const auto wanted = index_signature(c.text.substr(c.what.where.offset, c.what.where.length));
    const auto there = found->definition ? index_signature(*found->definition) : std::nullopt;
    return wanted && wanted == there ? in_the_way::leftover : in_the_way::other_leftover;
}

struct chosen_name {
    std::string name;
    in_the_way found = in_the_way::nothing;
};

// The client's name, or the first one that PostgreSQL would make up and that is free, or free once an INVALID index of
// the very same definition is dropped (then an earlier run of the same statement failed).
chosen_name choose_name(const create_index& index, const context& c) {
    if (!index.name.empty()) return {index.name, found_under(index.name, index, c)};
    constexpr std::size_t attempts = 20;
    for (auto& name : index_names(index.table.name, index.name_parts, attempts)) {
        const auto found = found_under(name, index, c);
        if (found == in_the_way::nothing || found == in_the_way::leftover) return {std::move(name), found};
    }
    return {{}, in_the_way::something_else};
}

// One boolean: does the table have an INVALID index of that name? Never true for a valid one: that is not ours to drop.
std::string is_invalid(const std::string& name, const relation_facts& table) {
    const auto oid = table.oid != 0 ? std::to_string(table.oid) + "::pg_catalog.oid"
                                    : literal(quoted(table.name)) + "::pg_catalog.regclass";
    return "SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON (c.oid "
           "OPERATOR(pg_catalog.=) i.indexrelid) WHERE (i.indrelid OPERATOR(pg_catalog.=) " +
           oid + ") AND (c.relname OPERATOR(pg_catalog.=) " + literal(name) + "::pg_catalog.name) AND NOT i.indisvalid)";
}

plan concurrent_build(const create_index& index, const chosen_name& chosen, const relation_facts& table, std::string_view text) {
    const auto drop = "DROP INDEX CONCURRENTLY IF EXISTS " + quoted(relation_name{table.name.schema, chosen.name});
    const auto invalid = is_invalid(chosen.name, table);
    plan p;
    p.tag = "CREATE INDEX";
    if (chosen.found == in_the_way::leftover) {
        step clear;
        clear.sql = drop;
        clear.timeouts = timeout_class::online;
        clear.why = "an earlier build of this index failed and left it INVALID";
        clear.unless = "SELECT NOT (" + invalid + ")";
        p.steps.push_back(std::move(clear));
    }
    // The keyword is put into the client's own text, so that every option of the index stays as it was written.
    step build;
    build.sql = std::string(text.substr(0, index.keyword_end)) + " CONCURRENTLY" +
                (index.name.empty() ? " " + quoted(chosen.name) : std::string()) + std::string(text.substr(index.keyword_end));
    build.timeouts = timeout_class::online;
    build.why = "reads and writes go on while the index is built";
    build.undo = drop;
    build.undo_if = invalid;
    p.steps.push_back(std::move(build));
    return p;
}

std::string reason_against(const context& c, const relation_facts& table, const chosen_name& chosen) {
    if (table.partitioned())
        return "PostgreSQL cannot build an index CONCURRENTLY on a partitioned table. Create it ON ONLY the parent, then "
               "CONCURRENTLY on each partition, and attach those with ALTER INDEX ... ATTACH PARTITION.";
    if (c.session.in_transaction)
        return "CONCURRENTLY cannot run in a transaction. Send the statement outside of one.";
    if (!c.alone) return "CONCURRENTLY cannot run together with other statements. Send CREATE INDEX as a message of its own.";
    if (chosen.found == in_the_way::busy_leftover)
        return "There is an INVALID index of this name, and another session is at work on the table: it may be building "
               "it. Try again when that is done.";
    if (chosen.found == in_the_way::other_leftover)
        return "There is an INVALID index " + readable(chosen.name) +
               " on the table that is not known to be the same. Drop it with DROP INDEX CONCURRENTLY first.";
    return {};
}

bool can_be_indexed(const relation_facts& table) noexcept {
    return !table.known || table.kind == '\0' || table.kind == 'r' || table.kind == 'm' || table.kind == 'p';
}

std::optional<hazard> check(const context& c) {
    const auto* index = std::get_if<create_index>(&c.what.what);
    if (!index || index->concurrently) return std::nullopt;
    const auto table = c.known.relation(index->table);
    if (!table.exists || !table.visible() || !can_be_indexed(table)) return std::nullopt;
    if (table.size && *table.size < c.settings.small_table) return std::nullopt;
    if (index->only && table.partitioned()) return std::nullopt;  // an entry in the catalog; nothing is built
    const auto chosen = choose_name(*index, c);
    // The name is taken: PostgreSQL says so at once, or, with IF NOT EXISTS, does nothing.
    if (chosen.found == in_the_way::something_else) return std::nullopt;
    hazard h;
    h.message = "CREATE INDEX without CONCURRENTLY stops every write to " + readable(table.name) + " until it is built";
    if (const auto* effect = heaviest(c.does)) h.detail = effect_text(*effect);
    h.cannot = reason_against(c, table, chosen);
    if (h.cannot.empty()) h.instead = concurrent_build(*index, chosen, table, c.text);
    return h;
}

}  // namespace

extern const rule index_without_concurrently;
constinit const rule index_without_concurrently{
    .text =
        {
            .id = "index-without-concurrently",
            .family = family::blocking,
            .summary = "CREATE INDEX without CONCURRENTLY on a table that is in use",
            .fires_when = "the table exists, was not made in this transaction, is not temporary and not smaller than "
                          "small_table, and CONCURRENTLY is absent",
            .harm = "CREATE INDEX holds a SHARE lock on the table: every INSERT, UPDATE and DELETE waits until the index "
                    "is built.",
            .remedy = "Outside a transaction the index is built with CREATE INDEX CONCURRENTLY instead; what a failed "
                      "build leaves behind is dropped.",
            .django = "In Django: set `atomic = False` on the migration, or use AddIndexConcurrently from "
                      "django.contrib.postgres.operations.",
            .before = "CREATE INDEX orders_status ON orders (status)",
            .after = "CREATE INDEX CONCURRENTLY orders_status ON orders (status)",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
