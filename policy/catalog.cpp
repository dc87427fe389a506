#include "policy/catalog.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "policy/catalog_sql.hpp"
#include "policy/index_name.hpp"
#include "policy/quote.hpp"

namespace policy {
namespace {

// Names that are wanted for what is to be made on a table.
struct new_names {
    std::vector<std::string> schemas, tables, names;

    void add(const relation_name& table, const std::string& name) {
        schemas.push_back(table.schema);
        tables.push_back(table.name);
        names.push_back(name);
    }
    std::vector<std::optional<std::string>> parameters() const {
        return {array_literal(schemas), array_literal(tables), array_literal(names)};
    }
};

// Everything that the statements of a text ask of the catalog.
class question {
public:
    void about(const statement& s) {
        if (const auto* i = std::get_if<create_index>(&s.what)) about(*i);
        if (const auto* a = std::get_if<alter_table>(&s.what)) about(*a);
        if (const auto* r = std::get_if<renaming>(&s.what)) about(*r);
        if (const auto* d = std::get_if<ddl>(&s.what)) about(*d);
        if (const auto* q = std::get_if<query>(&s.what)) about(*q);
        if (const auto* b = std::get_if<block>(&s.what))
            for (const auto& inner : b->body) about(inner);
    }

    std::vector<catalog_query> queries() const {
        std::vector<catalog_query> out;
        if (!schemas_.empty()) {
            const std::string keys = all_keys_ ? "t" : "f";
            out.push_back({catalog_sql::relations_named(), {array_literal(schemas_), array_literal(names_), keys}, "relations"});
        }
        if (!new_indexes_.names.empty()) out.push_back({catalog_sql::index_names(), new_indexes_.parameters(), "index_names"});
        if (!new_constraints_.names.empty())
            out.push_back({catalog_sql::constraint_names(), new_constraints_.parameters(), "constraint_names"});
        if (!types_.empty()) add_types(out);
        if (!functions_.empty()) add_functions(out);
        if (!objects_.empty()) add_objects(out);
        return out;
    }

private:
    void about(const ddl& d) {
        // LOCK TABLE is not asked about: in a REPEATABLE READ transaction it comes before the snapshot is taken, on
        // purpose, and a query of ours would take it.
        // GRANT locks nothing that matters.
        if (d.verb == verb::lock || d.verb == verb::grant) return;
        all_keys_ = all_keys_ || (d.cascade && d.verb == verb::truncate);
        for (const auto& r : d.relations) about(r.name);
        for (const auto& o : d.objects) about(o);
        for (const auto& c : d.columns) about(c);
    }

    void about(const renaming& r) {
        about(r.relation);
        if (r.kind == object_kind::table || r.kind == object_kind::index || r.kind == object_kind::sequence)
            about(relation_name{r.relation.schema, r.new_name});
        if (r.kind == object_kind::attribute)
            about(object_name{object_kind::type, "pg_type", r.relation.schema, r.relation.name, {}});
    }

    void about(const query& q) {
        for (const auto& w : q.writes) about(w.table);
        for (const auto& r : q.relations) about(r.name);
        for (const auto& c : q.calls)
            if (c.argument) about(name_in(*c.argument));
    }

    void about(const create_index& i) {
        about(i.table);
        const auto names = i.name.empty() ? index_names(i.table.name, i.name_parts, name_attempts) : std::vector{i.name};
        for (const auto& name : names) new_indexes_.add(i.table, name);
    }

    // Constraints that a plan may add before it validates them, or put on an index that was built before.
    void about_new(const constraint_words& k, const alter_table& a) {
        const bool on_index = k.kind == constraint_kind::unique || k.kind == constraint_kind::primary_key;
        if (k.not_valid || k.using_index || k.kind == constraint_kind::exclusion || k.kind == constraint_kind::other) return;
        for (const auto& name : constraint_names(a.relation.name, k, name_attempts)) {
            new_constraints_.add(a.relation, name);
            if (on_index) new_indexes_.add(a.relation, name);
        }
        // Its columns become NOT NULL first.
        if (k.kind == constraint_kind::primary_key)
            for (const auto& column : k.columns) about_not_null(column, a);
    }

    void about_not_null(const std::string& column, const alter_table& a) {
        for (const auto& name : not_null_names(a.relation.name, column)) new_constraints_.add(a.relation, name);
    }

    void about(const alter_table& a) {
        about(a.relation);
        for (const auto& step : a.steps) {
            if (step.partner) about(*step.partner);
            if (step.partner && step.action == alter_action::attach_partition)
                new_constraints_.add(*step.partner, partition_proof_name(step.partner->name));
            if (step.constraint && step.constraint->referenced) about(*step.constraint->referenced);
            if (step.constraint && step.constraint->expression) about(*step.constraint->expression);
            if (step.constraint) about_new(*step.constraint, a);
            type_changed_ = type_changed_ || step.action == alter_action::set_type;
            if (step.action == alter_action::set_not_null) about_not_null(step.name, a);
            if (step.column) about(*step.column);
            if (step.action == alter_action::add_column && step.column)
                for (const auto& k : step.column->constraints) about_new(k, a);
            if (step.action == alter_action::add_column && step.column && step.column->not_null) about_not_null(step.name, a);
            if (step.expression) about(*step.expression);
            if (step.action == alter_action::drop_column)
                about(object_name{object_kind::column, "pg_attribute", {}, step.name, a.relation});
            if (step.action == alter_action::drop_constraint)
                about(object_name{object_kind::constraint, "pg_constraint", {}, step.name, a.relation});
            if (a.kind == object_kind::composite_type)
                about(object_name{object_kind::type, "pg_type", a.relation.schema, a.relation.name, {}});
        }
    }

    void about(const column_words& c) {
        for (const auto& constraint : c.constraints)
            if (constraint.referenced) about(*constraint.referenced);
        about(c.default_expression);
        if (c.using_) about(*c.using_);
        if (!c.type_parts.name.empty()) about(c.type_parts);
    }

    void about(const expression_words& e) {
        for (const auto& f : e.functions) functions_.emplace(f.schema, f.name);
        for (const auto& s : e.sequences) about(s);
        for (const auto& t : e.casts) about(t);
    }

    void about(const type_words& t) { types_.emplace(t.schema, t.name, t.array); }

    void about(const object_name& o) {
        objects_.push_back(o);
        if (!o.relation.name.empty()) about(o.relation);
    }

    void about(const relation_name& r) {
        if (r.name.empty()) return;
        for (std::size_t i = 0; i < names_.size(); ++i)
            if (names_[i] == r.name && schemas_[i] == r.schema) return;
        schemas_.push_back(r.schema);
        names_.push_back(r.name);
    }

    void add_types(std::vector<catalog_query>& out) const {
        std::vector<std::string> schemas, names, arrays;
        for (const auto& [schema, name, array] : types_) {
            schemas.push_back(schema);
            names.push_back(name);
            arrays.emplace_back(array ? "t" : "f");
        }
        const std::vector<std::optional<std::string>> which{array_literal(schemas), array_literal(names), array_literal(arrays)};
        out.push_back({catalog_sql::types(), which, "types"});
        if (type_changed_) out.push_back({catalog_sql::casts(), which, "casts"});
    }

    void add_functions(std::vector<catalog_query>& out) const {
        std::vector<std::string> schemas, names;
        for (const auto& [schema, name] : functions_) {
            schemas.push_back(schema);
            names.push_back(name);
        }
        out.push_back({catalog_sql::functions(), {array_literal(schemas), array_literal(names)}, "functions"});
    }

    void add_objects(std::vector<catalog_query>& out) const {
        std::vector<std::string> columns[6];
        for (const auto& o : objects_) {
            columns[0].push_back(o.class_name);
            columns[1].push_back(o.schema);
            columns[2].push_back(o.name);
            columns[3].push_back(o.relation.schema);
            columns[4].push_back(o.relation.name);
            columns[5].push_back(std::to_string(o.arguments));
        }
        catalog_query query{catalog_sql::dependents(), {}, "dependents"};
        for (const auto& c : columns) query.parameters.push_back(array_literal(c));
        out.push_back(std::move(query));
    }

    std::vector<std::string> schemas_, names_;
    new_names new_indexes_, new_constraints_;
    // Once each, however many columns are of that type: the server joins them with one another.
    std::set<std::tuple<std::string, std::string, bool>> types_;
    std::set<std::pair<std::string, std::string>> functions_;
    std::vector<object_name> objects_;
    bool all_keys_ = false;
    bool type_changed_ = false;
};

}  // namespace

relation_name name_in(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return {{}, std::string(text)};
    return {std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

std::vector<catalog_query> catalog_queries(const script::parsed& text, const session_facts&) {
    if (text.unreadable) return {};
    question q;
    for (const auto& s : text.statements) q.about(s);
    for (const auto& s : text.other_reading) q.about(s);
    return q.queries();
}

}  // namespace policy
