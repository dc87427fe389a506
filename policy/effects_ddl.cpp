#include <algorithm>
#include <array>

#include "policy/effect_list.hpp"
#include "policy/version_differences.hpp"

namespace policy {
namespace {

using enum lock_mode;

struct ddl_cost {
    policy::verb verb;
    cost plain, concurrently;
    bool family;  // the partitions and children, too
};

constexpr std::array ddl_costs{
    ddl_cost{verb::create_table, {}, {}, false},
    ddl_cost{verb::create_view, {}, {}, false},
    ddl_cost{verb::replace_view, {access_exclusive}, {}, false},
    ddl_cost{verb::create_sequence, {}, {}, false},
    ddl_cost{verb::alter_sequence, {share_row_exclusive}, {}, false},
    ddl_cost{verb::create_trigger, {share_row_exclusive}, {}, false},
    ddl_cost{verb::create_rule, {access_exclusive}, {}, false},
    ddl_cost{verb::create_policy, {access_exclusive}, {}, false},
    ddl_cost{verb::alter_policy, {access_exclusive}, {}, false},
    ddl_cost{verb::create_statistics, {share_update_exclusive}, {}, false},
    ddl_cost{verb::drop_relation, {access_exclusive}, {}, false},
    ddl_cost{verb::drop_index, {access_exclusive}, {share_update_exclusive}, false},
    ddl_cost{verb::drop_part, {access_exclusive}, {}, false},
    ddl_cost{verb::drop_object, {access_exclusive}, {}, false},
    ddl_cost{verb::truncate, {access_exclusive}, {}, true},
    ddl_cost{verb::lock, {}, {}, true},
    ddl_cost{verb::reindex, {share, work::index_build}, {share_update_exclusive, work::index_build}, true},
    ddl_cost{verb::cluster, {access_exclusive, work::rewrite}, {}, true},
    ddl_cost{verb::vacuum, {share_update_exclusive, work::scan}, {}, true},
    ddl_cost{verb::vacuum_full, {access_exclusive, work::rewrite}, {}, true},
    ddl_cost{verb::analyze, {share_update_exclusive, work::scan}, {}, true},
    ddl_cost{verb::refresh, {access_exclusive, work::rewrite}, {exclusive, work::scan}, false},
    ddl_cost{verb::comment, {share_update_exclusive}, {}, false},
    ddl_cost{verb::comment_part, {access_share}, {}, false},
    ddl_cost{verb::publish, {share_update_exclusive}, {}, false},
    ddl_cost{verb::set_schema, {access_exclusive}, {}, false},
    ddl_cost{verb::set_owner, {access_exclusive}, {}, false},
    ddl_cost{verb::move_tablespace, {access_exclusive, work::rewrite}, {}, false},
    ddl_cost{verb::alter_domain_check, {share, work::scan}, {}, false},
    ddl_cost{verb::create_function, {}, {}, false},
    ddl_cost{verb::grant, {}, {}, false},
    ddl_cost{verb::alter_type, {access_exclusive}, {}, false},
    ddl_cost{verb::catalog_only, {}, {}, false},
};

const ddl_cost& row_of(verb v) noexcept {
    return *std::find_if(ddl_costs.begin(), ddl_costs.end(), [&](const auto& c) { return c.verb == v; });
}

cost cost_of(const ddl& d, const session_facts& session) noexcept {
    if (d.verb == verb::lock) return {d.mode};
    if (d.verb == verb::grant) return {lock_on(difference::privilege_on_relation, session.server_version)};
    if (d.verb == verb::refresh && d.with_no_data) return {access_exclusive};
    const auto& row = row_of(d.verb);
    return d.concurrently ? row.concurrently : row.plain;
}

bool has_option(const ddl& d, std::string_view option) noexcept {
    return std::find(d.options.begin(), d.options.end(), option) != d.options.end();
}

// An index, its partitions, and their tables: what readers and writers wait for is the table.
void list_index(const relation_facts& index, cost of_table, effect_list& out) {
    out.add(index, {access_exclusive});
    const auto* table = out.relation(index.table);
    if (!table) return;
    out.add(*table, of_table);
    std::vector<std::uint32_t> tree{index.oid};
    for (const auto* part : out.family(*table))
        for (const auto& i : part->indexes) {
            if (std::find(tree.begin(), tree.end(), i.parent) == tree.end()) continue;
            tree.push_back(i.oid);
            out.add(*part, of_table);
            out.add_index(*part, i, {access_exclusive});
        }
}

// CONCURRENTLY skips the indexes of exclusion constraints.
bool built_anew(const index_facts& i, const ddl& d) noexcept { return !(d.concurrently && i.exclusion); }

void reindex(const relation_facts& table, const ddl& d, cost c, effect_list& out) {
    const auto partitions = lock_on(difference::reindexed_partitions, out.session().server_version);
    for (const auto* part : out.family(table)) {
        // The children of a plain table are not its parts.
        if (part != &table && (!table.partitioned() || partitions == none)) continue;
        const bool nothing = part->known && !part->partitioned() &&
                             std::none_of(part->indexes.begin(), part->indexes.end(), [&](const auto& i) { return built_anew(i, d); });
        const bool leaf = part != &table;
        out.add(*part, {leaf && d.concurrently ? share : c.lock, nothing ? work::none : c.work});
        for (const auto& i : part->indexes)
            if (!part->partitioned() && built_anew(i, d)) out.add_index(*part, i, {access_exclusive});
    }
}

// DROP of a partition: its parent's other partitions have to be looked at anew.
void add_parents(const relation_facts& partition, effect_list& out) {
    if (!partition.is_partition) return;
    for (const auto oid : partition.parents) {
        out.add(oid, {access_exclusive});
        if (const auto* parent = out.relation(oid)) out.add(parent->default_partition, {access_exclusive});
    }
}

// Whoever has a foreign key to it, and whoever has one to those.
void add_referencing(const relation_facts& table, effect_list& out, std::vector<std::uint32_t>& seen) {
    for (const auto* part : out.family(table))
        for (const auto oid : part->referenced_by) {
            if (std::find(seen.begin(), seen.end(), oid) != seen.end()) continue;
            seen.push_back(oid);
            const auto* other = out.relation(oid);
            if (!other) continue;
            out.add_family(*other, {access_exclusive});
            add_referencing(*other, out, seen);
        }
}

void truncate(const relation_use& r, const ddl& d, cost c, effect_list& out) {
    const auto facts = out.relation(r.name);
    if (r.only) out.add(facts, c);
    else out.add_family(facts, c);
    if (facts.is_partition)
        for (const auto oid : facts.parents)
            out.add(oid, {lock_on(difference::truncated_partition, out.session().server_version)});
    for (const auto* part : out.family(facts))
        if (d.restart_identity)
            for (const auto& sequence : part->sequences) out.add(sequence.oid, c);
    std::vector<std::uint32_t> seen;
    if (d.cascade) add_referencing(facts, out, seen);
}

// ANALYZE reads a sample: all of it only of a table that is not larger.
work sampled(const relation_facts& r, const effect_list& out) noexcept {
    return !r.known || r.pages <= out.known().catalog().sample_pages ? work::scan : work::none;
}

void analyze(const relation_use& r, effect_list& out) {
    const auto facts = out.relation(r.name);
    for (const auto* part : out.family(facts)) {
        const bool inherited = part != &facts && !facts.partitioned();
        const auto lock = inherited || (r.only && part != &facts)
                              ? lock_on(difference::inherited_sample, out.session().server_version)
                              : share_update_exclusive;
        out.add(*part, {r.only && part != &facts ? access_share : lock, sampled(*part, out)});
    }
}

// It cuts off empty pages at the end of a table where nobody is in the way.
lock_mode truncating(const ddl& d) noexcept {
    return d.verb == verb::vacuum && !has_option(d, "no truncate") ? access_exclusive : none;
}

void vacuum(const relation_use& r, const ddl& d, cost c, effect_list& out) {
    const auto facts = out.relation(r.name);
    for (const auto* part : out.family(facts)) {
        // The children of a plain table are not its parts.
        if (part != &facts && !facts.partitioned()) continue;
        out.add(*part, c);
        if (!part->partitioned()) out.add_unwaited(*part, truncating(d));
    }
}

// What a view or materialized view reads, down to the tables.
void add_reads(const relation_facts& view, cost c, effect_list& out) {
    for (const auto oid : view.reads) {
        out.add(oid, c);
        if (const auto* r = out.relation(oid); r && r->kind == 'v') add_reads(*r, c, out);
    }
}

void create_trigger(const relation_facts& table, cost c, effect_list& out) {
    if (table.partitioned()) out.add_family(table, c);
    else out.add(table, c);
}

void list_target(const relation_use& r, const ddl& d, cost c, effect_list& out) {
    const auto facts = out.relation(r.name);
    switch (d.verb) {
    case verb::truncate: return truncate(r, d, c, out);
    case verb::analyze: return analyze(r, out);
    case verb::vacuum:
    case verb::vacuum_full: return vacuum(r, d, c, out);
    case verb::create_trigger: return create_trigger(facts, c, out);
    case verb::reindex:
        if (d.kind == object_kind::index) return list_index(facts, c, out);
        return reindex(facts, d, c, out);
    case verb::drop_index:
        list_index(facts, c, out);
        break;
    case verb::drop_relation: add_parents(facts, out); break;
    case verb::drop_part:
        // IF EXISTS that finds no such part only looks at the table.
        if (out.known().catalog().asked && !d.objects.empty() && !out.known().catalog().dependents_of(d.objects.front()))
            return out.add(facts, {access_share});
        if (facts.partitioned() && d.kind == object_kind::trigger) out.add_family(facts, c);
        break;
    case verb::refresh:
        if (!d.with_no_data) add_reads(facts, {access_share, work::scan}, out);
        break;
    case verb::set_schema:
    case verb::set_owner:
        if (d.kind == object_kind::trigger) return out.add(facts, {access_share});
        for (const auto& sequence : facts.sequences) out.add(sequence.oid, c);
        break;
    case verb::cluster: {
        for (const auto* part : out.family(facts))
            if (part == &facts || facts.partitioned()) out.add(*part, c);
        return;
    }
    case verb::lock:
        out.add(facts, c);
        // Its facts are never asked for.
        if (!r.only) out.add_reach("partitions, children and a view's tables of " + r.name.name, c);
        return;
    default: break;
    }
    out.add(facts, c);
}

// A new partition: the default partition may hold its rows, and the parent's foreign keys are made for it, too.
void list_partition_of(const relation_facts& parent, const ddl& d, effect_list& out) {
    out.add(parent, {access_exclusive});
    if (!d.bound.is_default) add_default_partition(parent, d.bound, out);
    for (const auto& k : parent.constraints)
        if (k.kind == constraint_kind::foreign_key) out.add(k.referenced, {share_row_exclusive});
    for (const auto oid : parent.referenced_by)
        out.add(oid, {lock_on(difference::key_to_partitioned_table, out.session().server_version)});
}

void list_side(const relation_use& r, const ddl& d, effect_list& out) {
    const auto facts = out.relation(r.name);
    const bool reads_all = d.verb == verb::create_table && d.whole_tables && !d.with_no_data;
    switch (r.as) {
    case use::target:
    case use::created: return;
    case use::referenced: return add_key_partner(facts, {share_row_exclusive}, out);
    case use::parent: return out.add(facts, {share_update_exclusive});
    case use::partitioned_parent: return list_partition_of(facts, d, out);
    case use::like_with_defaults:
        if (std::any_of(facts.columns.begin(), facts.columns.end(), [](const auto& c) { return c.has_default; }))
            out.add_reach("sequences of the defaults of " + r.name.name, {access_share});
        return out.add(facts, {access_share});
    case use::like: return out.add(facts, {access_share});
    case use::read:
        out.add(facts, {access_share, reads_all ? work::scan : work::none});
        if (facts.kind == 'v' && reads_all) add_reads(facts, {access_share, work::scan}, out);
        return;
    case use::row_locked: return out.add(facts, {row_share});
    case use::row_type:
        if (facts.known || !out.known().catalog().asked) out.add(facts, {access_share});
        return;
    case use::written: return out.add(facts, {row_exclusive});
    }
}

bool already_there(const ddl& d, effect_list& out) {
    if (!d.if_exists || (d.verb != verb::create_table && d.verb != verb::create_sequence)) return false;
    return std::any_of(d.relations.begin(), d.relations.end(), [&](const relation_use& r) {
        const auto facts = out.relation(r.name);
        return r.as == use::created && facts.known && facts.exists;
    });
}

void list_objects(const ddl& d, cost c, effect_list& out) {
    for (const auto& o : d.objects) {
        if (d.concurrently) continue;
        out.add_dependents(o, c);
    }
    for (const auto& column : d.columns) add_default_sequences(column.default_expression, false, out);
}

}  // namespace

void list(const ddl& d, effect_list& out) {
    if (already_there(d, out)) return;
    const cost c = cost_of(d, out.session());
    for (const auto& r : d.relations)
        if (r.as == use::target) list_target(r, d, c, out);
    for (const auto& r : d.relations) list_side(r, d, out);
    list_objects(d, c, out);
    const bool named = out.known().catalog().asked && !d.objects.empty();
    if (!named) out.add_reach(d.reach, c, truncating(d));
    if (d.verb == verb::reindex && !d.reach.empty()) out.add_reach("indexes of " + d.reach, {access_exclusive});
}

}  // namespace policy
