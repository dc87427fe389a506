#include "policy/plans/attach_partition.hpp"

#include <algorithm>

#include "policy/hazards.hpp"
#include "policy/index_name.hpp"
#include "policy/plans/proof.hpp"
#include "policy/quote.hpp"
#include "policy/scanner.hpp"

namespace policy::plans {
namespace {

// predtest.c (MAX_SAOP_ARRAY_SIZE) takes no longer list for proof.
constexpr int longest_list = 100;

// FOR VALUES IN (1, 2): the list, where all of it are plain constants.
std::optional<std::string> listed_values(const std::string& action) {
    scanner scan(action, {});
    token t = scan.next();
    while (!t.is(word("values")) && t.kind != token_kind::end) t = scan.next();
    if (!scan.next().is(word("in"))) return std::nullopt;
    const auto open = scan.next();
    int values = 1;
    for (t = scan.next(); !t.is(')'); t = scan.next()) {
        const bool plain = t.kind == token_kind::literal || t.kind == token_kind::number || t.is(',') || t.is('-') || t.is('.');
        if (!plain) return std::nullopt;
        values += t.is(',') ? 1 : 0;
    }
    if (values > longest_list) return std::nullopt;
    return action.substr(open.begin, t.end - open.begin);
}

// The bound as a condition on the rows, as partbounds.c (get_qual_for_range, get_qual_for_list) says it. Empty: it cannot.
std::string condition_of(const relation_facts& parent, const partition_bound& bound, const std::string& action) {
    const auto key =
        std::find_if(parent.columns.begin(), parent.columns.end(), [&](const column_facts& c) { return c.number == parent.partition_key; });
    if (parent.partition_key == 0 || key == parent.columns.end() || bound.is_default) return {};
    const auto column = quote_ident(key->name);
    auto out = column + " IS NOT NULL";
    if (!bound.range) {
        const auto values = listed_values(action);
        return values ? out + " AND " + column + " IN " + *values : std::string();
    }
    if (bound.lower) out += " AND " + column + " >= " + literal(*bound.lower);
    if (bound.upper) out += " AND " + column + " < " + literal(*bound.upper);
    return out;
}

bool lacks_key_of(const relation_facts& parent, const relation_facts& partition) {
    return std::any_of(parent.constraints.begin(), parent.constraints.end(), [&](const constraint_facts& k) {
        return k.kind == constraint_kind::foreign_key &&
               std::none_of(partition.constraints.begin(), partition.constraints.end(), [&](const constraint_facts& its) {
                   return its.kind == constraint_kind::foreign_key && its.referenced == k.referenced && its.columns == k.columns;
               });
    });
}

std::string reason_against(const draft& d, const relation_facts& partition, const std::string& condition) {
    if (!partition.known || !partition.exists) return "The partition is not known.";
    if (condition.empty())
        return "Its bound is not plain constants for a single column, so it cannot be said as a CHECK here. Give the partition "
               "a CHECK that says the same as its bound (NOT VALID, then VALIDATE CONSTRAINT), and attach it then.";
    if (work_on(partition, d.c) > work::scan)
        return "It lacks an index that the parent has, which ATTACH would build. Build it CONCURRENTLY on the partition first.";
    if (lacks_key_of(d.table, partition))
        return "It lacks a foreign key that the parent has, which ATTACH would check. Add it to the partition first.";
    return {};
}

std::string head_of(const relation_facts& table) { return "ALTER TABLE " + quote_ident(table.name) + " "; }

}  // namespace

proposal for_attach_partition(const draft& d, const alter_step& step) {
    const auto partition = d.c.known.relation(*step.partner);
    const auto action = d.text_of(step.where);
    const auto condition = condition_of(d.table, step.bound, action);
    if (auto reason = reason_against(d, partition, condition); !reason.empty()) return {std::nullopt, std::move(reason)};

    plan p;
    p.tag = "ALTER TABLE";
    const auto prove = [&](const relation_facts& table, const std::string& clause, const std::string& message,
                           const taken_constraint* found) {
        const proof fits{.head = head_of(table),
                         .table = table,
                         .name = partition_proof_name(table.name.name),
                         .clause = clause,
                         .condition = "check_violation",
                         .message = message,
                         .column = {}};
        return add_proof(p.steps, fits, found);
    };
    std::vector<relation_facts> proved{partition};
    auto cannot = prove(partition, "CHECK (" + condition + ")",
                        "partition constraint of relation \"" + partition.name.name + "\" is violated by some row",
                        found_proof(d.c, *step.partner, partition_proof_name(partition.name.name)));
    const auto* rest = d.c.known.reached(d.table.default_partition);
    if (cannot.empty() && rest && work_on(*rest, d.c) != work::none) {
        proved.push_back(*rest);
        const auto name = partition_proof_name(rest->name.name);
        if (std::any_of(rest->constraints.begin(), rest->constraints.end(), [&](const constraint_facts& k) { return k.name == name; }))
            p.steps.push_back(made(drop_of_proofs(head_of(*rest), {name}), timeout_class::blocking,
                                   "an earlier run was killed; what its CHECK says is not known"));
        cannot =
            prove(*rest, "CHECK (NOT (" + condition + "))",
                  "updated partition constraint for default partition \"" + rest->name.name + "\" would be violated by some row", nullptr);
    }
    if (!cannot.empty()) return {std::nullopt, std::move(cannot)};
    auto attach = made(d.alter(action), timeout_class::blocking, "done at once: what takes time has been done before");
    for (const auto& table : proved) attach.and_then.push_back(drop_of_proofs(head_of(table), {partition_proof_name(table.name.name)}));
    p.steps.push_back(std::move(attach));
    return {std::move(p), {}};
}

}  // namespace policy::plans
