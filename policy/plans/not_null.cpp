#include <algorithm>

#include "policy/index_name.hpp"
#include "policy/plans/constraint.hpp"
#include "policy/plans/guards.hpp"
#include "policy/plans/proof.hpp"
#include "policy/quote.hpp"

namespace policy::plans {
namespace {

// The message is that of tablecmds.c, ATRewriteTable.
void prove_by_check(draft& d, const std::string& column) {
    const auto name = not_null_proof_name(d.what.relation.name, column);
    const bool parent_alone = d.what.only && !d.table.children.empty();
    const proof p{.head = d.head,
                  .table = d.table,
                  .name = name,
                  .clause = "CHECK (" + quote_ident(column) + " IS NOT NULL)" + (parent_alone ? " NO INHERIT" : ""),
                  .condition = "not_null_violation",
                  .message = "column \"" + column + "\" of relation \"" + d.table.name.name + "\" contains null values",
                  .column = column};
    d.object = name;
    d.cannot = add_proof(d.before, p, found_proof(d.c, d.what.relation, name));
    d.drop_proofs.push_back(name);
}

void validate_not_null(draft& d, const std::string& name) {
    d.object = name;
    d.before.push_back(
        made(d.alter("VALIDATE CONSTRAINT " + quote_ident(name)), timeout_class::online, "reads and writes go on while the rows are looked at"));
}

void prove_by_constraint(draft& d, const std::string& column) {
    const auto there = std::find_if(d.table.constraints.begin(), d.table.constraints.end(), [&](const constraint_facts& k) {
        return k.kind == constraint_kind::not_null && std::find(k.columns.begin(), k.columns.end(), column) != k.columns.end();
    });
    if (there != d.table.constraints.end()) return validate_not_null(d, there->name);
    constraint_words k;
    k.kind = constraint_kind::not_null;
    k.columns = {column};
    const auto chosen = choose_name(d, k);
    if (chosen.name.empty()) {
        d.cannot = "Every name that PostgreSQL would give to the constraint is taken.";
        return;
    }
    auto add = made(d.alter("ADD CONSTRAINT " + quote_ident(chosen.name) + " NOT NULL " + quote_ident(column) + " NOT VALID"),
                    timeout_class::blocking, "from here on no null can come; the rows that are there are not read");
    add.undo_done = d.alter("DROP CONSTRAINT IF EXISTS " + quote_ident(chosen.name));
    add.undo_done_if = has_constraint(d.table, chosen.name, constraint_kind::not_null, validity::any);
    add.undo_timeouts = timeout_class::blocking;
    d.before.push_back(std::move(add));
    validate_not_null(d, chosen.name);
}

}  // namespace

bool prove_not_null(draft& d, const std::string& column) {
    const auto* facts = d.table.column(column);
    const bool added = std::find(d.drop_columns.begin(), d.drop_columns.end(), column) != d.drop_columns.end();
    if (!facts && !added) return true;  // the server says so
    if (facts && facts->not_null) return true;
    // A proof of ours that an earlier run has left behind is used, and dropped in the end.
    const bool left = found_proof(d.c, d.what.relation, not_null_proof_name(d.what.relation.name, column)) != nullptr;
    if (facts && d.table.not_null_proof(column) && !left) return true;
    if (d.c.session.server_version >= named_not_null) {
        prove_by_constraint(d, column);
        return false;
    }
    prove_by_check(d, column);
    return true;
}

}  // namespace policy::plans
