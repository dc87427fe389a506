#include "policy/plans/rename.hpp"

#include <algorithm>

#include "policy/hazards.hpp"
#include "policy/plans/draft.hpp"
#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"
#include "policy/rules.hpp"

namespace policy::plans {

constexpr std::string_view stands_in_for = "lockkeeper: stands in for ";

namespace {

// Since then a view can leave it to its reader's own privileges and row security policies.
constexpr int security_invoker = 15;

std::string reason_against(const renaming& r, const relation_facts& table, const context& c) {
    if (!table.known) return "With the catalog at hand (the proxy asks it, `lockkeeper check` does with --dsn) a view would be left under the old name.";
    const auto renamed = c.known.relation({r.relation.schema, r.new_name});
    if (table.kind == 'v' && renamed.exists && std::find(table.reads.begin(), table.reads.end(), renamed.oid) != table.reads.end())
        return readable(table.name) + " is a view on " + readable(renamed.name) +
               ": it is renamed already. When nobody uses the old name any more, run: lockkeeper finish --dsn ...";
    if (table.kind != 'r' && table.kind != 'p') return "Only a table can be stood in for by a view that is written like it.";
    if (!c.only_change) return "The table and its view change places in one transaction. Send ALTER TABLE as a message of its own.";
    if (table.hooks.row_security && c.session.server_version < security_invoker)
        return readable(table.name) + " has row level security, which a view of this server's version would get around.";
    return {};
}

// The owner, and for everybody else what they may do with the table: nothing that default privileges would give them. Who
// may see some columns only could not read a view that leaves it to its reader's own privileges, for those have to be for all.
std::string same_privileges(const relation_facts& table, const std::string& view, bool by_invoker) {
    const auto of = literal(view) + "::pg_catalog.text";
    const auto oid = std::to_string(table.oid) + "::pg_catalog.oid";
    const std::string grantee = "CASE WHEN a.grantee = 0::pg_catalog.oid THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::pg_catalog.text END";
    const std::string granted = ", " + of + ", " + grantee + ", CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)";
    const std::string by_owner =
        by_invoker ? "UNION ALL SELECT pg_catalog.format('ALTER VIEW %s RESET (security_invoker)', " + of + ") FROM pg_catalog.pg_class AS c "
                     "WHERE c.oid = " + oid + " AND NOT c.relrowsecurity AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS k "
                     "WHERE k.attrelid = c.oid AND k.attacl IS NOT NULL) "
                   : "";
    const std::string wanted = " a.privilege_type = ANY ('{SELECT,INSERT,UPDATE,DELETE}'::pg_catalog.text[])";
    return "DO " +
           literal(with_qualified_operators(
               "DECLARE todo pg_catalog.text; BEGIN "
               "FOR todo IN "
               "SELECT pg_catalog.format('ALTER VIEW %s OWNER TO %s', " + of + ", c.relowner::pg_catalog.regrole::pg_catalog.text) "
               "FROM pg_catalog.pg_class AS c WHERE c.oid = " + oid + " LOOP EXECUTE todo; END LOOP; "
               "FOR todo IN "
               "SELECT pg_catalog.format('REVOKE ALL ON %s FROM %s', " + of + ", " + grantee + ") "
               "FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a "
               "WHERE c.oid = " + of + "::pg_catalog.regclass::pg_catalog.oid AND a.grantee <> c.relowner "
               "UNION ALL SELECT pg_catalog.format('GRANT %s ON %s TO %s%s', a.privilege_type" + granted + " "
               "FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a "
               "WHERE c.oid = " + oid + " AND a.grantee <> c.relowner AND" + wanted + " "
               "UNION ALL SELECT pg_catalog.format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, k.attname" + granted + " "
               "FROM pg_catalog.pg_attribute AS k, pg_catalog.aclexplode(k.attacl) AS a "
               "WHERE k.attrelid = " + oid + " AND k.attnum > 0 AND NOT k.attisdropped AND" + wanted + " " + by_owner +
               "LOOP EXECUTE todo; END LOOP; END"));
}

}  // namespace

hazard with_stand_in(hazard h, const renaming& r, const relation_facts& table, const context& c) {
    if (!set_to_rewrite("table-renamed", c.settings)) return h;
    h.cannot = reason_against(r, table, c);
    if (!h.cannot.empty()) return h;
    const auto view = quote_ident(table.name), renamed = quote_ident(relation_name{table.name.schema, r.new_name});
    const bool by_invoker = c.session.server_version >= security_invoker;
    const std::string options = by_invoker ? " WITH (security_invoker = true)" : "";
    auto s = made(std::string(c.own_text()), timeout_class::blocking,
                  "who still uses the old name reads and writes the table through a view, with the privileges of the table");
    s.place = step_place::inside;
    s.and_then = {"CREATE VIEW " + view + options + " AS SELECT * FROM " + renamed,
                  "COMMENT ON VIEW " + view + " IS " +
                      literal(std::string(stands_in_for) + readable(relation_name{table.name.schema, r.new_name}) +
                              "; when nobody uses this name any more, run: lockkeeper finish"),
                  same_privileges(table, view, by_invoker)};
    plan p;
    p.tag = "ALTER TABLE";
    p.steps.push_back(std::move(s));
    h.instead = std::move(p);
    return h;
}

}  // namespace policy::plans
