#include "policy/parse_nodes.hpp"

// Statements about objects of many kinds: DROP, RENAME, COMMENT, OWNER, SET SCHEMA, DOMAIN, PUBLICATION.
namespace policy::nodes {

ddl on(verb v, object_kind kind, relation_name target) {
    ddl words;
    words.verb = v;
    words.kind = kind;
    words.relations.push_back({std::move(target), use::target});
    return words;
}

ddl on(verb v, object_kind kind, const PgQuery__RangeVar* target) { return on(v, kind, name_of(target)); }

ddl in_the_catalogs(object_kind kind) {
    ddl words;
    words.kind = kind;
    return words;
}

namespace {

bool has_relation(object_kind kind) noexcept { return kind <= object_kind::composite_type; }

// A part of a table is named by the table's names and its own: {"schema", "table", "trigger"}.
relation_name owner_of_part(const PgQuery__Node* object) {
    auto names = names_of(object);
    if (!names.empty()) names.pop_back();
    return relation_of(names);
}

bool is_part(object_kind kind) noexcept {
    return kind == object_kind::trigger || kind == object_kind::rule || kind == object_kind::policy ||
           kind == object_kind::constraint || kind == object_kind::column;
}

std::string in_words(const PgQuery__Node* object) {
    std::string out;
    for (const auto& part : names_of(object)) out += (out.empty() ? "" : ".") + part;
    return out;
}

}  // namespace

namespace {

const char* class_of(PgQuery__ObjectType type) noexcept {
    switch (type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN: return "pg_type";
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE: return "pg_proc";
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER: return "pg_trigger";
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE: return "pg_rewrite";
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY: return "pg_policy";
    case PG_QUERY__OBJECT_TYPE__OBJECT_STATISTIC_EXT: return "pg_statistic_ext";
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION: return "pg_collation";
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA: return "pg_namespace";
    case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION: return "pg_extension";
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_SERVER: return "pg_foreign_server";
    case PG_QUERY__OBJECT_TYPE__OBJECT_FDW: return "pg_foreign_data_wrapper";
    case PG_QUERY__OBJECT_TYPE__OBJECT_LANGUAGE: return "pg_language";
    case PG_QUERY__OBJECT_TYPE__OBJECT_ACCESS_METHOD: return "pg_am";
    default: return "pg_class";
    }
}

object_name object_of(PgQuery__ObjectType type, const PgQuery__Node* n) {
    object_name object{kind_of(type), class_of(type), {}, {}, {}, -1};
    auto names = names_of(n);
    if (n && n->node_case == PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS) {
        const auto& f = *n->object_with_args;
        names = strings(list(f.objname, f.n_objname));
        if (!f.args_unspecified) object.arguments = static_cast<int>(f.n_objargs);
    }
    if (object.class_name == "pg_class") {
        object.relation = relation_of(names);
    } else if (is_part(object.kind)) {
        object.name = names.empty() ? std::string() : names.back();
        object.relation = owner_of_part(n);
    } else {
        const auto name = relation_of(names);
        object.schema = name.schema;
        object.name = name.name;
    }
    return object;
}

}  // namespace

ddl drop_of(const PgQuery__DropStmt& s) {
    ddl words;
    words.kind = kind_of(s.remove_type);
    words.cascade = s.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    words.if_exists = s.missing_ok;
    words.concurrently = s.concurrent;
    words.transactional = !s.concurrent;
    words.verb = verb::drop_object;
    if (has_relation(words.kind)) words.verb = words.kind == object_kind::index ? verb::drop_index : verb::drop_relation;
    if (is_part(words.kind)) words.verb = verb::drop_part;
    for (const auto* n : list(s.objects, s.n_objects)) {
        words.objects.push_back(object_of(s.remove_type, n));
        if (words.verb == verb::drop_part)
            words.relations.push_back({owner_of_part(n), use::target});
        else if (words.verb != verb::drop_object)
            words.relations.push_back({relation_of(names_of(n)), use::target});
        else if (words.cascade)
            words.reach = "what depends on " + in_words(n);
    }
    return words;
}

ddl publication_of(std::span<PgQuery__Node* const> objects, const std::optional<std::string>& replaced) {
    ddl words;
    words.verb = verb::publish;
    words.kind = object_kind::publication;
    for (const auto* n : objects)
        if (n->node_case == PG_QUERY__NODE__NODE_PUBLICATION_OBJ_SPEC && n->publication_obj_spec->pubtable)
            words.relations.push_back({name_of(n->publication_obj_spec->pubtable->relation), use::target});
    // What was published before and is not any more is locked, too.
    if (replaced) words.objects.push_back({object_kind::publication, "pg_publication", {}, *replaced, {}, -1});
    return words;
}

ddl remark_of(PgQuery__ObjectType type, const PgQuery__Node* object) {
    const auto kind = kind_of(type);
    if (kind == object_kind::column || is_part(kind))
        return on(kind == object_kind::column ? verb::comment : verb::comment_part, kind, owner_of_part(object));
    if (has_relation(kind)) return on(verb::comment, kind, relation_of(names_of(object)));
    return in_the_catalogs(kind);
}

ddl moved(verb v, PgQuery__ObjectType type, const PgQuery__RangeVar* relation) {
    const auto kind = kind_of(type);
    return relation ? on(v, kind, relation) : in_the_catalogs(kind);
}

words rename_of(const PgQuery__RenameStmt& s) {
    renaming words;
    words.kind = kind_of(s.rename_type);
    words.of = s.relation_type == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE_UNDEFINED ? words.kind : kind_of(s.relation_type);
    words.relation = name_of(s.relation);
    words.old_name = text(s.subname);
    if (words.old_name.empty()) words.old_name = words.relation.name;
    words.new_name = text(s.newname);
    words.if_exists = s.missing_ok;
    words.cascade = s.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    return words;
}

ddl domain_of(const PgQuery__AlterDomainStmt& s) {
    auto words = in_the_catalogs(object_kind::domain);
    // T default, N drop not null, O set not null, C add constraint, X drop constraint, V validate constraint
    const auto what = text(s.subtype);
    const bool unchecked = what == "C" && s.def && s.def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
                           s.def->constraint->skip_validation;
    if (what != "O" && what != "V" && (what != "C" || unchecked)) return words;
    words.verb = verb::alter_domain_check;
    const auto domain = relation_of(strings(list(s.type_name, s.n_type_name)));
    words.objects.push_back({object_kind::domain, "pg_type", domain.schema, domain.name, {}, -1});
    std::string name;
    for (const auto* n : list(s.type_name, s.n_type_name)) name += (name.empty() ? "" : ".") + string_of(n);
    words.reach = "every table with a column of domain " + name;
    return words;
}

}  // namespace policy::nodes
