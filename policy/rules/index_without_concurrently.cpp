#include "policy/index_name.hpp"
#include "policy/plans/concurrently.hpp"
#include "policy/plans/leftover_index.hpp"
#include "policy/quote.hpp"
#include "policy/rule.hpp"
#include "policy/wording.hpp"

namespace policy::rules {
namespace {

using namespace plans;

struct chosen_name {
    std::string name;
    in_the_way found = in_the_way::nothing;
};

// The client's name, or the first one that PostgreSQL would make up and that is free, or free once an INVALID index of
// the very same definition is dropped.
chosen_name choose_name(const create_index& index, const context& c) {
    const auto definition = c.own_text();
    const auto found = [&](const std::string& name) {
        return found_under(name, index.table, definition, c.known.catalog());
    };
    if (!index.name.empty()) return {index.name, found(index.name)};
    for (auto& name : index_names(index.table.name, index.name_parts, name_attempts)) {
        const auto there = found(name);
        if (there == in_the_way::nothing || there == in_the_way::leftover) return {std::move(name), there};
    }
    return {{}, in_the_way::something_else};
}

plan plan_of(const create_index& index, const chosen_name& chosen, const relation_facts& table, std::string_view text) {
    plan p;
    p.tag = "CREATE INDEX";
    p.deferrable = true;
    p.relation = readable(table.name);
    p.object = chosen.name;
    if (chosen.found == in_the_way::leftover) p.steps.push_back(drop_of_leftover(table, chosen.name));
    // The keyword is put into the client's own text, so that every option of the index stays as it was written.
    p.steps.push_back(concurrent_build(table, chosen.name,
                                       std::string(text.substr(0, index.keyword_end)) + " CONCURRENTLY" +
                                           (index.name.empty() ? " " + quote_ident(chosen.name) : std::string()) +
                                           std::string(text.substr(index.keyword_end))));
    p.builds = p.steps.back().sql;
    return p;
}

std::string reason_against(const context& c, const chosen_name& chosen) {
    if (!c.alone) return "CONCURRENTLY cannot run together with other statements. Send CREATE INDEX as a message of its own.";
    return plans::reason_against(chosen.found, chosen.name);
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
    if (chosen.found == in_the_way::something_else || chosen.found == in_the_way::same_index) return std::nullopt;
    hazard h;
    h.message = "CREATE INDEX without CONCURRENTLY stops every write to " + readable(table.name) + " until it is built";
    if (const auto* effect = heaviest(c.does)) h.detail = effect_text(*effect);
    if (table.partitioned()) return plans::with(std::move(h), plans::index_on_partitions(*index, chosen.name, c));
    h.cannot = reason_against(c, chosen);
    if (h.cannot.empty()) h.instead = plan_of(*index, chosen, table, c.text);
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
