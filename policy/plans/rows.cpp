#include "policy/plans/rows.hpp"

#include <algorithm>

#include "policy/hazards.hpp"
#include "policy/plans/parts.hpp"
#include "policy/quote.hpp"
#include "policy/rules.hpp"

namespace policy::plans {
namespace {

std::string reason_against(const row_write& w, const relation_facts& table, const context& c) {
    const auto send = ". Send it as a message of its own, outside of a transaction.";
    if (c.session.in_transaction) return "In parts it would not be undone by a ROLLBACK" + std::string(send);
    if (!c.alone || (c.what.kind != "UPDATE" && c.what.kind != "DELETE")) return "Only a statement that stands alone is done in parts" + std::string(send);
    if (!w.not_in_parts.empty())
        return "It cannot be done in parts, because " + w.not_in_parts + ". Say which rows, and do them in batches that you can tell apart.";
    if (!table.known) return "With the catalog at hand (the proxy asks it, `lockkeeper check` does with --dsn) it would be done in parts.";
    if (table.kind != 'r' && table.kind != 'p') return readable(table.name) + " is not a table, so its rows cannot be taken in parts.";
    const bool plain = std::all_of(w.read.begin(), w.read.end(), [&](const std::string& name) {
        const auto* column = table.column(name);
        return column && !column->generated;
    });
    if (!plain) return "It cannot be done in parts, because it reads whole rows or generated columns, which hang on what it changes.";
    const auto hooked = [&](const relation_facts& r) {
        return r.hooks.rules || (w.deletes ? r.hooks.delete_triggers : r.hooks.update_triggers);
    };
    if (any_of_tree(table, c.known.catalog(), hooked))
        return readable(table.name) + " has triggers or rules for it: they would run for each part, and once more where it is run again.";
    const auto refers_to_itself = [&](const relation_facts& r) {
        return std::find(r.referenced_by.begin(), r.referenced_by.end(), r.oid) != r.referenced_by.end();
    };
    if (w.deletes && any_of_tree(table, c.known.catalog(), refers_to_itself))
        return "Rows of " + readable(table.name) + " refer to each other, so they cannot be removed in parts.";
    return {};
}

std::string text_of(const context& c) {
    std::string text(c.own_text());
    text.erase(text.find_last_not_of("; \t\r\n") + 1);
    return text;
}

}  // namespace

std::optional<hazard> with_parts(hazard h, const row_write& write, std::string_view rule, const context& c) {
    if (!set_to_rewrite(rule, c.settings)) return h;
    const auto table = c.known.relation(write.table);
    if (!is_large(table, c)) return std::nullopt;
    h.cannot = reason_against(write, table, c);
    if (!h.cannot.empty()) return h;
    const auto along = walk_along(table, write.only, write.assigned, h.cannot);
    if (!along) return h;
    plan p;
    p.tag = c.what.kind;
    p.counts_rows = true;
    p.steps.push_back(in_parts(*along, text_of(c), {}, "a few rows at a time, each part committed by itself"));
    h.instead = std::move(p);
    return h;
}

}  // namespace policy::plans
